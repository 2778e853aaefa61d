/* The inside of the harness. */
#ifndef QN_CONSENSUS_HARNESS_STATE_H
#define QN_CONSENSUS_HARNESS_STATE_H

#include "consensus/state.h"
#include "consensus/testing/harness.h"
#include "consensus/testing/harness_disk.h"

enum harness_event_kind {
    EVENT_MESSAGE,
    EVENT_SIGNED,
    EVENT_VERIFIED,
    EVENT_PERSISTED,
    EVENT_BUILD,
    EVENT_CHECK,
    EVENT_TX,
    EVENT_SYNC,
    EVENT_LINK,
};

struct harness_event {
    qn_time_us at;
    uint64_t seq;
    enum harness_event_kind kind;
    int node;
    int from; /* validator */
    enum qn_message_kind message_kind;
    struct qn_buf *bytes;
    uint64_t cookie;
    bool ok; /* VERIFIED: verdict; LINK: up */
    enum qn_sign_kind sign_kind;
    struct qn_hash digest;
    struct qn_block *block;
    struct harness_write *write; /* PERSISTED */
    unsigned tx;
};

/* State after a block: which transactions the chain up to it contains. */
struct harness_executed {
    struct qn_block *block;
    uint64_t txs;
};

struct harness_node {
    bool used;
    bool alive;
    bool paused;
    int validator;
    enum harness_fault fault;
    unsigned recipients;
    struct qn_consensus *c;
    struct qn_consensus_actions actions;

    uint64_t mempool;
    uint64_t final_txs;
    bool committed; /* since on_pending was last told */
    size_t executed_count;
    struct harness_executed *executed;
    size_t block_count; /* committed, genesis included */
    struct harness_final *blocks;
    struct harness_disk *disk;
    struct harness_disk *copy; /* an old copy of it; NULL: none */
    qn_time_us written_at;     /* when the last write under way ends */
    uint64_t floor;            /* of the commits so far */
    unsigned starts;
    bool cannot_build; /* BUILD fails */
    unsigned builds;
    bool excused; /* rolled back: what it votes twice is held against nobody */

    uint64_t last_view;
    uint64_t last_final_view;
    struct harness_event *deferred; /* while paused */
    size_t deferred_count;
};

struct harness_own {
    bool cast[QN_CONSENSUS_KINDS];
    bool durable[QN_CONSENSUS_KINDS];
    struct qn_hash digest[QN_CONSENSUS_KINDS];
};

struct harness_view {
    bool notarized;
    bool nullified;
    bool finalized;
    struct qn_hash notarized_p;
    struct qn_hash finalized_p;
    struct harness_own own[HARNESS_VALIDATORS_MAX];
};

enum { HARNESS_LABELS_MAX = 4096, HARNESS_REPLAYS = 64 };

struct harness_label {
    struct qn_hash hash;
    char text[12];
};

struct harness {
    struct harness_config config;
    struct qn_rng rng;
    qn_time_us now;
    uint64_t seq;
    uint64_t trace;
    char failure[HARNESS_TEXT_MAX];

    struct qn_network_id network;
    struct qn_validator_set validators;
    struct qn_key *keys[HARNESS_VALIDATORS_MAX]; /* real signatures only */
    struct qn_block *genesis;

    unsigned node_count;
    struct harness_node nodes[HARNESS_NODES_MAX];
    size_t event_count;
    size_t event_capacity;
    struct harness_event *events; /* heap by time, then sequence */

    bool linked[HARNESS_VALIDATORS_MAX][HARNESS_VALIDATORS_MAX];
    bool blocked[HARNESS_VALIDATORS_MAX][HARNESS_VALIDATORS_MAX];
    unsigned lost_kind[HARNESS_VALIDATORS_MAX][HARNESS_VALIDATORS_MAX]; /* kind, or 1: any */

    unsigned tx_count;
    struct harness_view *views;
    struct qn_hash chain[HARNESS_HEIGHTS_MAX]; /* what the first honest node committed there */
    uint64_t chain_count;
    unsigned faults[HARNESS_VALIDATORS_MAX];
    unsigned convicted[HARNESS_VALIDATORS_MAX];
    uint64_t sent;
    uint64_t syncs;
    size_t actions_max;
    unsigned polls_at_now;

    struct qn_buf *replays[HARNESS_REPLAYS]; /* what a forger saw */
    enum qn_message_kind replay_kinds[HARNESS_REPLAYS];
    size_t replay_next;

    size_t label_count;
    unsigned block_labels;
    struct harness_label *labels;
    size_t text_len;
    size_t text_capacity;
    char *text;
};

void harness_fail(struct harness *h, const char *format, ...) QN_PRINTF(2, 3);

/* ---- harness.c ---- */
void harness_boot(struct harness *h, struct harness_node *node, enum qn_memory memory);
void harness_event_drop(struct harness_event *event);
/* The owner's part: acts on everything, and after commits says what is left to propose. */
void harness_drain(struct harness *h, struct harness_node *node);

/* ---- harness_network.c ---- */
void harness_push(struct harness *h, struct harness_event event);
/* Hands a message of this node to the network. Takes over the reference of bytes. */
void harness_transmit(struct harness *h, struct harness_node *node, int to,
                      enum qn_message_kind kind, struct qn_buf *bytes);
qn_time_us harness_delay(struct harness *h);

/* ---- harness_forger.c ---- */
void harness_forge(struct harness *h, struct harness_node *node, int to, enum qn_message_kind kind,
                   struct qn_buf *bytes);
void harness_strip(struct harness *h, struct harness_node *node, int to, enum qn_message_kind kind,
                   struct qn_buf *bytes);
void harness_remember(struct harness *h, enum qn_message_kind kind, struct qn_buf *bytes);

/* ---- harness_sign.c ---- */
void harness_keys_init(struct harness *h);
void harness_keys_fini(struct harness *h);
bool harness_verify(const struct harness *h, int validator, enum qn_sign_kind kind,
                    const struct qn_hash *digest, struct qn_span signature);

/* ---- harness_ledger.c ---- */
void harness_ledger_init(struct harness *h, struct harness_node *node);
void harness_ledger_fini(struct harness_node *node);
struct qn_block *harness_ledger_genesis(const struct harness *h);
/* NULL if the parent is unknown. */
struct qn_block *harness_ledger_build(struct harness *h, struct harness_node *node,
                                      const struct qn_hash *parent);
enum qn_err harness_ledger_execute(struct harness *h, struct harness_node *node,
                                   struct qn_block *block);
void harness_ledger_commit(struct harness *h, struct harness_node *node, struct qn_block *block,
                           struct qn_buf *cert, uint64_t view);
/* Only so many blocks are left, and of them everything follows. */
void harness_ledger_truncate(struct harness_node *node, size_t block_count);

/* ---- harness_check.c ---- */
void harness_check_send(struct harness *h, const struct harness_node *node,
                        enum qn_message_kind kind, const struct qn_buf *bytes);
void harness_check_node(struct harness *h, struct harness_node *node);

/* ---- harness_text.c ---- */
void harness_say(struct harness *h, const struct harness_node *node, const char *format, ...)
    QN_PRINTF(3, 4);
/* Text of a message, block or digest; from a small ring of static buffers. */
const char *harness_message_text(struct harness *h, enum qn_message_kind kind,
                                 const struct qn_buf *bytes);
const char *harness_label(struct harness *h, const struct qn_hash *hash);
void harness_label_block(struct harness *h, const struct qn_block *block);

#endif
