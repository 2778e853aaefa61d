/* Votes and certificates on their way to being verified. Private to this folder. */
#ifndef QN_CONSENSUS_VOTES_H
#define QN_CONSENSUS_VOTES_H

#include "base/map.h"
#include "consensus/slots.h"

enum qn_entry_state {
    QN_ENTRY_EMPTY,
    QN_ENTRY_BUFFERED,
    QN_ENTRY_VERIFYING,
    QN_ENTRY_VERIFIED,
    QN_ENTRY_BAD, /* removed; this sender has no second try in this view and kind */
};

/* First-seen vote of a sender in a view and kind. */
struct qn_vote_entry {
    enum qn_entry_state state;
    uint64_t parent_view;
    struct qn_hash block_id;
    struct qn_hash digest;
    struct qn_hash key; /* of the verification, once started */
    struct qn_signature signature;
};

struct qn_vote_view {
    uint64_t view;                 /* 0: free */
    struct qn_vote_entry *entries; /* [kind - 1][validator] */
};

struct qn_verify_job {
    uint64_t serial; /* 0: free */
    struct qn_hash key;
    uint64_t view;
    enum qn_sign_kind sign_kind;
    enum qn_vote_kind kind; /* 0: no vote */
    int validator;
};

struct qn_verify {
    size_t capacity;
    size_t free_count;
    uint64_t serial;
    struct qn_verify_job *jobs;
    uint32_t *free_jobs;
    struct qn_map in_flight; /* key -> job */
    struct qn_map known;     /* key -> index in ring */
    struct qn_hash *ring;    /* QN_CONSENSUS_CACHE keys, the oldest replaced first */
    size_t ring_count;
    size_t ring_next;
};

/* A certificate of somebody else under verification. */
struct qn_cert_job {
    struct qn_buf *bytes; /* NULL: free */
    int from;
    enum qn_vote_kind kind;
    uint64_t view;
    uint64_t parent_view;
    struct qn_hash block_id;
    size_t pending_count;
    size_t signature_count;
    bool pending[QN_VALIDATORS_MAX];
    struct qn_hash keys[QN_VALIDATORS_MAX];
    struct qn_block *parked; /* body that came with it, waiting for the verdict */
    uint64_t parked_parent_view;
    struct qn_buf *parked_signature;
    int parked_from;
};

/* Two votes of one validator that no honest one casts both, being verified. */
struct qn_vote_proof {
    bool used;
    int validator;
    struct qn_vote votes[2];
    bool pending[2];
    struct qn_hash keys[2];
};

/* ---- on_vote.c, quorum.c: rules 8 and 9 ---- */
enum qn_err qn_on_vote(struct qn_consensus *c, int validator, enum qn_vote_kind kind,
                       struct qn_span bytes);
/* Keeps a vote of a view inside the vote window. True if it is the sender's first. */
bool qn_votes_put(struct qn_consensus *c, int validator, const struct qn_vote *vote,
                  const struct qn_hash *digest);
/* NULL outside the vote window. */
struct qn_vote_view *qn_votes_at(struct qn_consensus *c, uint64_t view);
struct qn_vote_entry *qn_votes_entry(const struct qn_consensus *c, struct qn_vote_view *votes,
                                     enum qn_vote_kind kind, int validator);
/* The vote that an entry holds. */
void qn_entry_vote(struct qn_vote *vote, const struct qn_vote_entry *entry, enum qn_vote_kind kind,
                   uint64_t epoch, uint64_t view);
void qn_votes_put_own(struct qn_consensus *c, const struct qn_view_slot *slot,
                      enum qn_vote_kind kind);
/* Fills in what p of a FINALIZE is made of, parent view and block id. False: it is not known here. */
bool qn_vote_resolve(struct qn_consensus *c, struct qn_vote *vote);
void qn_quorum_try(struct qn_consensus *c, uint64_t view, enum qn_vote_kind kind,
                   const struct qn_hash *digest);
void qn_quorum_verified(struct qn_consensus *c, const struct qn_verify_job *job, bool ok);

/* ---- verify.c: no signature twice ---- */
enum qn_verify_answer { QN_VERIFY_KNOWN, QN_VERIFY_STARTED, QN_VERIFY_FULL };
void qn_verify_init(struct qn_verify *verify, size_t capacity, uint64_t seed);
void qn_verify_fini(struct qn_verify *verify);
struct qn_hash qn_verify_key(int validator, enum qn_sign_kind kind, const struct qn_hash *digest,
                             struct qn_span signature);
/* A job for a vote of this validator. */
struct qn_verify_job qn_verify_vote(uint64_t view, enum qn_vote_kind kind, int validator,
                                    const struct qn_hash *digest, struct qn_span signature);
enum qn_verify_answer qn_verify_start(struct qn_consensus *c, const struct qn_verify_job *what,
                                      const struct qn_hash *digest, struct qn_span signature);

/* ---- on_certificate.c, certificate.c: rules 1, 5, 10 ---- */
enum qn_err qn_on_certificate(struct qn_consensus *c, int validator, struct qn_span bytes);
void qn_cert_jobs_verified(struct qn_consensus *c, const struct qn_hash *key, bool ok);
void qn_cert_job_clear(struct qn_cert_job *job);
/* The job that verifies a notarization or finalization of this block in this view; NULL if none. */
struct qn_cert_job *qn_cert_job_of(struct qn_consensus *c, uint64_t view,
                                   const struct qn_hash *block_id);
/* Puts a certificate into its slot, whose place for it is empty. Takes over the reference of bytes. */
void qn_certificate_store(struct qn_consensus *c, struct qn_view_slot *slot,
                          const struct qn_cert *cert, struct qn_buf *bytes, int from);
/* A certificate is complete and verified. Takes over the caller's reference of bytes. */
void qn_certificate_adopt(struct qn_consensus *c, const struct qn_cert *cert, struct qn_buf *bytes,
                          int from);

#endif
