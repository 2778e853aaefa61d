/* What workers do for the core beside signing and writing. */
#ifndef QN_VERIFY_JOB_H
#define QN_VERIFY_JOB_H

#include "crypto/key.h"
#include "wire/transaction.h"

/* A signature to verify, or a ticket of work to check or to look for: heap, owned by whoever holds the
 * pointer; goes out with the VERIFY action and comes back, with ok set, in the VERIFIED event. A worker thread
 * touches nothing else. */
struct qn_verify_job {
    struct qn_verify_job *next; /* the node's free list */
    uint64_t cookie;            /* the node's */
    uint32_t owner;             /* the node's: which part of it asked */
    uint16_t generation;        /* the node's: of that part */
    struct qn_public_key key;
    enum qn_sign_kind kind;
    struct qn_hash digest;
    struct qn_signature signature;
    bool is_ticket; /* ticket instead of key, kind, digest and signature */
    struct qn_ticket ticket;
    unsigned tries; /* of a search for a ticket, which comes back changed; 0: it is only checked */
    bool ok;        /* set by the runtime, from qn_verify_job_holds */
    uint32_t elapsed_us; /* measured by the runtime around it; 0 in the simulator */
};
/* Verifies, or searches, what the job asks for; touches nothing else. */
bool qn_verify_job_holds(struct qn_verify_job *job);
/* What one that came back says of its transaction. */
enum qn_err qn_verify_job_verdict(const struct qn_verify_job *job);

#endif
