/* The inside of qn_follower, shared by follower*.c only. */
#ifndef QN_FOLLOWER_STATE_H
#define QN_FOLLOWER_STATE_H

#include "consensus/follower.h"

#define QN_FOLLOWER_TIMEOUT QN_SECONDS(5)
#define QN_FOLLOWER_RETRY_MIN QN_SECONDS(1)
#define QN_FOLLOWER_RETRY_MAX QN_SECONDS(64)
#define QN_FOLLOWER_NEVER UINT64_MAX

struct qn_source {
    bool used;
    qn_follower_source id;
    uint64_t height;      /* as it says */
    unsigned failures;    /* since it last gave something good */
    qn_time_us retry_at;  /* not before */
    uint64_t asked_count; /* of the follower's requests, when it was last asked */
};

/* One block of a reply. */
struct qn_follower_item {
    struct qn_block *block;
    struct qn_buf *cert; /* NULL: proved by a later one */
    uint64_t view;
    bool verified; /* its own certificate, if any */
    bool checked;
};

/* The next blocks, asked for while those before them are being executed. */
struct qn_prefetch {
    enum qn_prefetch_state { QN_PREFETCH_NONE, QN_PREFETCH_ASKED, QN_PREFETCH_HERE } state;
    qn_follower_source source;
    uint64_t from_height;
    qn_time_us deadline;
    struct qn_buf *bytes; /* HERE: the reply, undecoded */
};

enum qn_follower_stage {
    QN_FOLLOWER_IDLE,
    QN_FOLLOWER_ASKING,  /* a request is under way */
    QN_FOLLOWER_PROVING, /* the last certificate of a reply is being verified */
    QN_FOLLOWER_TAKING,  /* blocks are executed and committed one by one */
};

struct qn_follower {
    qn_time_us now;
    struct qn_follower_actions *out;

    struct qn_network_id network;
    uint64_t epoch;
    const struct qn_validator_set *validators;
    const struct qn_log *log;

    uint64_t final_height;
    struct qn_hash final_id;

    bool rests;
    enum qn_follower_stage stage;
    qn_follower_source source; /* asked, or whose reply is being taken */
    uint64_t from_height;      /* asked for */
    qn_time_us deadline;
    uint64_t asked_count;

    struct qn_prefetch ahead;

    size_t item_count;
    size_t item_next; /* the first one not committed */
    struct qn_follower_item items[QN_BLOCKS_PER_REPLY_MAX];
    uint64_t generation;      /* of items; stale answers carry an older one */
    struct qn_buf *path_cert; /* proves the last item from above; NULL: its own certificate does */
    bool path_proved;
    size_t verifying; /* item whose certificate is being verified; item_count: the path's */
    size_t pending_count;
    bool pending[QN_VALIDATORS_MAX]; /* signatures of that certificate, by position */

    size_t source_count;
    uint64_t highest; /* no source claims more */
    struct qn_source sources[QN_FOLLOWER_SOURCES_MAX];

    uint64_t blocks;
    uint64_t failures;
    uint64_t faults;
};

/* ---- follower_actions.c ---- */
struct qn_follower_action *qn_follower_emit(struct qn_follower *f,
                                            enum qn_follower_action_kind kind);

/* ---- follower_source.c: whom to ask ---- */
struct qn_source *qn_source_find(struct qn_follower *f, qn_follower_source id);
/* Finds or adds; NULL if the table is full. */
struct qn_source *qn_source_get(struct qn_follower *f, qn_follower_source id);
void qn_source_remove(struct qn_follower *f, qn_follower_source id);
/* The best source that claims more than this height and may be asked now; NULL if there is none. */
struct qn_source *qn_source_pick(struct qn_follower *f, uint64_t above);
/* It gave nothing useful: not asked again for a while, longer each time. */
void qn_source_failed(struct qn_follower *f, qn_follower_source id);
void qn_source_succeeded(struct qn_follower *f, qn_follower_source id);

/* ---- follower_take.c: from reply to commits ---- */
/* Decodes and links a reply; on success its items are held and the last certificate is verified. */
QN_MUST_USE enum qn_err qn_follower_take(struct qn_follower *f, const struct qn_blocks *blocks);
/* Items up to the final height are not needed any more. */
void qn_follower_skip(struct qn_follower *f);
void qn_follower_drop_items(struct qn_follower *f);

/* ---- follower_verify.c ---- */
/* Starts verifying the certificate of this item; item_count: the one that proves the last. */
void qn_follower_verify(struct qn_follower *f, size_t item);
/* Goes on with the items as far as possible. */
void qn_follower_advance(struct qn_follower *f);

/* ---- follower.c ---- */
void qn_follower_begin(struct qn_follower *f, struct qn_follower_actions *out, qn_time_us now);
/* Nothing is under way: asks the next source. */
void qn_follower_ask(struct qn_follower *f);
/* A reply is being taken: asks for what comes after it. */
void qn_follower_ask_ahead(struct qn_follower *f);
/* The source is at fault or useless: drops its reply and asks another. */
void qn_follower_give_up(struct qn_follower *f, bool fault, enum qn_err err);

#endif
