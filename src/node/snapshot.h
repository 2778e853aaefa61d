/* Snapshot sync: a node far behind takes the state of a checkpoint from several peers at once instead of
 * executing every block up to it. A part of the node's state (node/state.h); snapshot*.c work on it.
 *
 * First one peer's MANIFEST is proved, through all epochs up to it if there are any; then chunks are asked
 * of everybody who holds that checkpoint, checked and staged in storage as they come; when all are there,
 * they replace the ledger. Spec: docs/protocol.md section 6. */
#ifndef QN_NODE_SNAPSHOT_H
#define QN_NODE_SNAPSHOT_H

#include "ledger/snapshot_store.h"
#include "node/event.h"

enum {
    QN_SNAPSHOT_THRESHOLD = 2048,   /* blocks behind, from which on it is worth it */
    QN_SNAPSHOT_REQUESTS_MAX = 16,  /* under way at a time */
    QN_SNAPSHOT_PER_SOURCE_MAX = 4, /* of them with one peer */
    QN_SNAPSHOT_ACCUSED_MAX = 64,   /* peers remembered that sent something wrong */
    QN_SNAPSHOT_SPLITS_MAX = 16384, /* chunks too large for one reply; more are somebody's joke */
    QN_SNAPSHOT_LOOKS_MAX = 32,     /* staged chunks read again in one step */
};
#define QN_SNAPSHOT_TIMEOUT QN_SECONDS(10)
#define QN_SNAPSHOT_RETRY_MIN QN_SECONDS(1)
#define QN_SNAPSHOT_RETRY_MAX QN_SECONDS(64)
#define QN_SNAPSHOT_PAUSE QN_SECONDS(30) /* after nobody had one */

enum qn_snapshot_phase {
    QN_SNAPSHOT_OFF,
    QN_SNAPSHOT_ASKING,     /* for a manifest */
    QN_SNAPSHOT_PROVING,    /* its epochs and its certificate */
    QN_SNAPSHOT_CHUNKS,     /* the state's leaves are on their way; block sync rests from here on */
    QN_SNAPSHOT_INSTALLING, /* they are being put into the ledger's place */
    QN_SNAPSHOT_CLEANING,   /* the ledger is the new one; staged chunks are being deleted */
};

/* What a link is worth as a source. */
struct qn_snapshot_source {
    unsigned in_flight;
    unsigned failures;    /* since its last good answer */
    qn_time_us retry_at;  /* not before */
    uint64_t tried;       /* round in which it was asked for a manifest */
    uint64_t lacks;       /* height of a checkpoint that it does not hold */
    uint64_t asked_count; /* when it was last asked, in requests */
};

struct qn_snapshot_request {
    qn_link_id link; /* 0: free */
    uint32_t request_id;
    qn_time_us deadline;
    size_t task; /* CHUNKS */
};

enum qn_chunk_state { QN_CHUNK_WANTED, QN_CHUNK_ASKED, QN_CHUNK_HERE };
struct qn_chunk_task {
    struct qn_prefix prefix;
    enum qn_chunk_state state;
    bool looked;                  /* for what is staged */
    bool has_held;                /* subtree is of an earlier checkpoint, or was not proved again */
    struct qn_tree_node *subtree; /* one reference */
};

struct qn_snapshot_sync {
    enum qn_snapshot_phase phase;
    qn_time_us retry_at;
    uint64_t round;     /* of asking for manifests */
    uint64_t preferred; /* checkpoint asked for; 0: the newest */
    uint64_t asked_count;
    struct qn_snapshot_request requests[QN_SNAPSHOT_REQUESTS_MAX];
    struct qn_snapshot *reply; /* being looked at: too large for the stack */
    size_t accused_count;
    struct qn_node_id accused[QN_SNAPSHOT_ACCUSED_MAX];

    /* ---- snapshot_prove.c ---- */
    qn_link_id prover; /* who sent the manifest */
    struct qn_node_id prover_id;
    struct qn_buf *manifest_bytes;
    struct qn_manifest manifest;        /* block NULL: none yet */
    uint64_t epoch;                     /* proved so far */
    struct qn_validator_set validators; /* its committee */
    struct qn_buf *steps;               /* EPOCHS being proved; NULL: none */
    size_t step;
    struct qn_validator_set next; /* committee after that step */
    size_t pending;               /* signatures under verification */
    uint64_t proof;               /* number of the certificate under verification */

    /* ---- snapshot_chunks.c ---- */
    size_t task_count;
    size_t task_capacity;
    struct qn_chunk_task *tasks; /* in the order of the keys below them */
    size_t task_next;            /* none before it is wanted */
    size_t here_count;
    size_t split_count;
    uint8_t depth; /* that the tasks began with */
    bool staging_is_bad;
    uint64_t bytes; /* received in chunks */
    size_t fetched; /* chunks received, not found staged */

    /* ---- snapshot_switch.c ---- */
    struct qn_install *install;
    struct qn_tree_node *tree;
    bool head_under_way;
};

#endif
