/* Block sync: keeps a node at the head by fetching blocks with certificates from any peer and verifying
 * all of it (followers always; validators when they fell behind).
 *
 * Pure state machine. One GET_BLOCKS is under way at a time and goes to one source; a source that fails
 * to answer, has nothing, or lies is not asked again for a while and the next one is. */
#ifndef QN_FOLLOWER_H
#define QN_FOLLOWER_H

#include "base/log.h"
#include "base/metrics.h"
#include "wire/vote.h"

typedef uint64_t qn_follower_source; /* a link, in the owner's terms */

enum qn_follower_action_kind {
    QN_FOLLOWER_REQUEST, /* GET_BLOCKS to source; the answer comes as on_blocks */
    QN_FOLLOWER_VERIFY,  /* a validator's signature in a certificate; answer on_verified(cookie) */
    QN_FOLLOWER_CHECK,  /* verify transactions' signatures and execute; answer on_checked(cookie) */
    QN_FOLLOWER_COMMIT, /* this block is final; ascending heights, no gap */
    QN_FOLLOWER_FAULT,  /* the source sent something no honest peer sends */
};

struct qn_follower_action {
    enum qn_follower_action_kind kind;
    uint64_t cookie;
    qn_follower_source source;
    struct qn_get_blocks request;
    int validator;                 /* VERIFY */
    enum qn_sign_kind sign_kind;   /* VERIFY */
    struct qn_hash digest;         /* VERIFY */
    struct qn_signature signature; /* VERIFY */
    struct qn_block *block;        /* CHECK, COMMIT: one reference, the receiver's */
    struct qn_buf *cert;           /* COMMIT: its certificate or NULL; one reference */
    uint64_t view;                 /* COMMIT: view of the certificate, 0 without one */
    enum qn_err err;               /* FAULT */
};

enum { QN_FOLLOWER_ACTIONS_MAX = 512, QN_FOLLOWER_SOURCES_MAX = 1024 };
struct qn_follower_actions {
    size_t head;
    size_t count;
    struct qn_follower_action *items;
};
void qn_follower_actions_init(struct qn_follower_actions *actions);
void qn_follower_actions_fini(struct qn_follower_actions *actions);
bool qn_follower_actions_pop(struct qn_follower_actions *actions,
                             struct qn_follower_action *action);

struct qn_follower_config {
    struct qn_network_id network;
    uint64_t epoch;
    const struct qn_validator_set *validators; /* outlives the object */
    const struct qn_log *log;
    uint64_t final_height;
    struct qn_hash final_id;
};
struct qn_follower;
struct qn_follower *qn_follower_new(const struct qn_follower_config *config);
void qn_follower_free(struct qn_follower *f);

/* This source says (HEAD, HELLO, STATUS, or proof by certificate) that its head is at height. */
void qn_follower_on_head(struct qn_follower *f, struct qn_follower_actions *out,
                         qn_follower_source source, uint64_t height, qn_time_us now);
/* The source's link closed. */
void qn_follower_on_gone(struct qn_follower *f, struct qn_follower_actions *out,
                         qn_follower_source source, qn_time_us now);
/* BLOCKS, undecoded; or an empty span: the source answered BUSY. Errors are the source's fault. */
QN_MUST_USE enum qn_err qn_follower_on_blocks(struct qn_follower *f,
                                              struct qn_follower_actions *out,
                                              qn_follower_source source, struct qn_span bytes,
                                              qn_time_us now);
void qn_follower_on_verified(struct qn_follower *f, struct qn_follower_actions *out,
                             uint64_t cookie, bool ok, qn_time_us now);
void qn_follower_on_checked(struct qn_follower *f, struct qn_follower_actions *out, uint64_t cookie,
                            enum qn_err verdict, qn_time_us now);
/* Consensus committed this block by itself: nothing up to it is needed any more. */
void qn_follower_on_committed(struct qn_follower *f, struct qn_follower_actions *out,
                              uint64_t height, const struct qn_hash *block_id, qn_time_us now);
/* While it rests nothing is asked for; what is under way is ended. */
void qn_follower_rest(struct qn_follower *f, struct qn_follower_actions *out, bool rests,
                      qn_time_us now);
void qn_follower_poll(struct qn_follower *f, struct qn_follower_actions *out, qn_time_us now);
qn_time_us qn_follower_deadline(const struct qn_follower *f);

/* Highest head that any live source claims; own height if none is higher. Not proved. */
uint64_t qn_follower_target(const struct qn_follower *f);
uint64_t qn_follower_height(const struct qn_follower *f);

#endif
