/* The node's inside, shared by the files of this folder only. Each section names its file. */
#ifndef QN_NODE_STATE_H
#define QN_NODE_STATE_H

#include "base/map.h"
#include "base/metrics.h"
#include "base/rng.h"
#include "consensus/consensus.h"
#include "consensus/follower.h"
#include "gossip/announcer.h"
#include "ledger/ledger.h"
#include "ledger/mempool.h"
#include "node/node.h"
#include "node/view.h"
#include "peer/admission.h"
#include "peer/dialer.h"
#include "peer/liveness.h"
#include "peer/peer_table.h"
#include "peer/token_bucket.h"
#include "wire/control.h"

enum {
    QN_NODE_TICK_US = 100000,                /* how often links and dials are looked at */
    QN_BLOCK_CHECKS_MAX = 64,                /* blocks whose transactions are being verified */
    QN_PENDING_TXS_MAX = QN_MEMPOOL_TXS_MAX, /* transactions whose signatures are being verified */
    QN_RECORDS_ON_LINK_UP_MAX = 128, /* known records told to a new link: half of a P1 queue */
    QN_VOTE_RECORDS_MAX = 1024,      /* ring of own vote records in storage */
};

/* Who asked for a signature, a verification or a write; the upper byte of a cookie. */
enum qn_owner {
    QN_OWNER_CONSENSUS = 1,
    QN_OWNER_FOLLOWER,
    QN_OWNER_CHECK,        /* transactions of a block */
    QN_OWNER_TX,           /* a transaction on its way into the mempool */
    QN_OWNER_RECORD,       /* a peer's record; as signer: our own */
    QN_OWNER_CODE,         /* our registration: the activation code's signature */
    QN_OWNER_REGISTRATION, /* our registration itself */
    QN_OWNER_COMMIT,
};

/* ---- links.c ---- */
struct qn_link {
    qn_link_id id; /* 0: free slot */
    bool live;     /* HELLO taken, standing good */
    bool outbound;
    qn_dial_id dial;
    struct qn_public_key key;
    struct qn_node_id peer;
    enum qn_standing standing;
    int validator; /* index in the committee, -1: none */
    struct qn_endpoint remote;
    struct qn_hello hello; /* valid when live */
    uint64_t head_height;
    struct qn_liveness liveness;
    struct qn_token_bucket requests;
    qn_time_us up_us;
};

/* ---- check.c ---- */
struct qn_block_check {
    struct qn_block *block; /* NULL: free slot */
    enum qn_owner owner;    /* QN_OWNER_CONSENSUS or QN_OWNER_FOLLOWER */
    uint64_t cookie;
    uint32_t generation; /* so that late answers for an earlier user of the slot are known */
    size_t jobs_left;
    enum qn_err verdict;
};

/* ---- submit.c ---- */
/* A transaction whose signatures are being verified. */
struct qn_pending_tx {
    struct qn_buf *bytes; /* NULL: free slot */
    struct qn_hash id;
    struct qn_tx *tx;
    uint32_t generation;
    size_t jobs_left;
    bool failed;
};

/* Somebody who waits for a transaction to become final. */
enum qn_submission_origin { QN_ORIGIN_FREE, QN_ORIGIN_REQUEST, QN_ORIGIN_LINK, QN_ORIGIN_OWN };
struct qn_submission {
    enum qn_submission_origin origin;
    qn_request_token token; /* REQUEST */
    qn_link_id link;        /* LINK */
    uint32_t request_id;    /* LINK: the asker's number */
    struct qn_hash tx_id;
    struct qn_buf *bytes;
    uint8_t hops;
    qn_link_id relay_link; /* asked for us; 0: we are the validator */
    uint32_t relay_request;
    unsigned relay_tries;
    qn_time_us started_us;
};

/* ---- registration.c ---- */
enum qn_registration_state {
    QN_REGISTRATION_IDLE,
    QN_REGISTRATION_SIGNING_CODE,
    QN_REGISTRATION_SIGNING,
    QN_REGISTRATION_SUBMITTED,
    QN_REGISTRATION_DONE,
    QN_REGISTRATION_REFUSED, /* for good: trying again cannot help */
};
struct qn_registration {
    enum qn_registration_state state;
    struct qn_tx tx;
    qn_time_us next_try_us;
    unsigned failures;
    char refusal[QN_TEXT_LEN_MAX + 1];
};

/* ---- commit.c ---- */
/* A commit whose batch is not durable yet: answers wait for it. */
struct qn_pending_commit {
    struct qn_pending_commit *next;
    uint64_t cookie;
    struct qn_ledger_commit commit;
};

struct qn_node_counters {
    uint64_t messages_unexpected;
    uint64_t records_verified;
    uint64_t records_bad;
    uint64_t txs_accepted;
    uint64_t txs_refused;
    uint64_t blocks_committed;
    uint64_t txs_committed;
    uint64_t closes[QN_CLOSE_COUNT];
};

struct qn_node {
    struct qn_node_config config;
    struct qn_node_id id;
    const struct qn_genesis *genesis;
    const struct qn_log *log;
    struct qn_rng rng;
    qn_time_us now; /* of the event being handled */
    qn_unix_ms unix_ms;
    qn_time_us born_us;
    qn_time_us next_tick_us;
    qn_time_us next_second_us;
    struct qn_actions *actions; /* of the step under way */
    uint64_t next_cookie;
    bool shutting_down;

    struct qn_link *links; /* links_capacity slots */
    size_t links_capacity;
    size_t link_count;
    struct qn_map link_index;    /* link id, padded -> slot */
    qn_link_id *validator_links; /* per validator index; 0: none */
    struct qn_dialer dialer;
    struct qn_peer_table peers;
    struct qn_announcer announcer;
    struct qn_buf *own_record; /* encoded envelope; NULL until signed */
    struct qn_record own_record_fields;
    bool own_record_signing;
    uint32_t next_request_id;

    struct qn_ledger *ledger;
    struct qn_mempool *mempool;
    bool mempool_was_pending;       /* last told to consensus */
    int validator;                  /* own index, -1 */
    struct qn_consensus *consensus; /* validators only */
    struct qn_consensus_actions consensus_actions;
    bool draining_consensus;
    uint64_t next_vote_record;
    struct qn_follower *follower;
    struct qn_follower_actions follower_actions;
    bool draining_follower;

    struct qn_block_check checks[QN_BLOCK_CHECKS_MAX];
    struct qn_pending_tx *pending_txs; /* QN_PENDING_TXS_MAX */
    struct qn_submission *submissions; /* QN_PENDING_REQUESTS_MAX */
    struct qn_registration registration;
    struct qn_pending_commit *commits_first;
    struct qn_pending_commit **commits_last;
    struct qn_pending_commit *commits_free;
    struct qn_verify_job *jobs_free;

    struct qn_samples samples[QN_TIMING_COUNT];
    struct qn_node_counters counters;
};

/* ---- node.c ---- */
/* A cleared job of this owner; the caller fills it and hands it to qn_node_verify. */
struct qn_verify_job *qn_node_job(struct qn_node *node, enum qn_owner owner, uint64_t cookie);
void qn_node_verify(struct qn_node *node, struct qn_verify_job *job);
void qn_node_sign(struct qn_node *node, enum qn_owner owner, uint64_t number, enum qn_signer signer,
                  enum qn_sign_kind kind, const struct qn_hash *digest);
void qn_node_persist(struct qn_node *node, enum qn_owner owner, uint64_t number,
                     struct qn_batch *batch);
/* Sends to one link; takes over the reference of bytes. */
void qn_node_send(struct qn_node *node, const struct qn_link *link, enum qn_message_kind kind,
                  uint32_t request_id, struct qn_buf *bytes);

/* ---- links.c ---- */
void qn_node_links_init(struct qn_node *node);
void qn_node_links_fini(struct qn_node *node);
struct qn_link *qn_node_link(const struct qn_node *node, qn_link_id id);
/* The live link to this peer, or NULL. */
struct qn_link *qn_node_link_to(const struct qn_node *node, const struct qn_node_id *peer);
void qn_node_on_link_up(struct qn_node *node, const struct qn_event *event);
void qn_node_on_link_down(struct qn_node *node, const struct qn_event *event);
void qn_node_on_hello(struct qn_node *node, struct qn_link *link, struct qn_span bytes);
/* GOODBYE with the reason, then CLOSE; the link is forgotten at once. text may be NULL. */
void qn_node_close(struct qn_node *node, struct qn_link *link, enum qn_close_reason reason,
                   const char *text);
/* Judges every link again by the registry as it is now. */
void qn_node_recheck_links(struct qn_node *node);
/* Pings and time-outs of all links. */
void qn_node_poll_links(struct qn_node *node);
size_t qn_node_live_count(const struct qn_node *node);
/* What a key is worth now; *entry (may be NULL) gets the registry entry where there is one. */
enum qn_standing qn_node_standing(const struct qn_node *node, const struct qn_node_id *id,
                                  struct qn_registry_entry *entry);

/* ---- dialing.c ---- */
void qn_node_dialing_init(struct qn_node *node);
void qn_node_on_dial_failed(struct qn_node *node, const struct qn_event *event);
void qn_node_poll_dials(struct qn_node *node);
/* A verified record: a place to dial. */
void qn_node_learn_endpoints(struct qn_node *node, const struct qn_record *record);

/* ---- messages.c ---- */
void qn_node_on_frame(struct qn_node *node, const struct qn_event *event);

/* ---- records.c ---- */
/* Makes and signs a new record of ours, and announces it when signed. */
void qn_node_make_record(struct qn_node *node);
void qn_node_on_record_signed(struct qn_node *node, const struct qn_event *event);
void qn_node_on_announce(struct qn_node *node, struct qn_link *link, struct qn_span bytes);
void qn_node_on_record_verified(struct qn_node *node, struct qn_verify_job *job);
/* A link became live: tell it our record and those we hold. */
void qn_node_tell_records(struct qn_node *node, struct qn_link *link);
/* The registry changed this identity. */
void qn_node_records_on_change(struct qn_node *node, const struct qn_ledger_change *change);

/* ---- committee.c ---- */
void qn_node_committee_init(struct qn_node *node);
/* Performs what consensus asked for until nothing is left. */
void qn_node_drain_consensus(struct qn_node *node);
void qn_node_committee_link(struct qn_node *node, const struct qn_link *link, bool up);
/* Opens the start gate when enough genesis nodes hold links. */
void qn_node_poll_gate(struct qn_node *node);
/* Validators with a live link, self included if one. */
unsigned qn_node_validators_live(const struct qn_node *node);
unsigned qn_node_gate_needed(const struct qn_node *node);
/* Tells consensus whether transactions wait. */
void qn_node_tell_pending(struct qn_node *node);

/* ---- sync.c ---- */
void qn_node_drain_follower(struct qn_node *node);
void qn_node_on_get_blocks(struct qn_node *node, struct qn_link *link, uint32_t request_id,
                           struct qn_span bytes);
/* A linked peer claims this head. */
void qn_node_on_peer_height(struct qn_node *node, struct qn_link *link, uint64_t height);

/* ---- check.c ---- */
void qn_node_check_block(struct qn_node *node, struct qn_block *block, enum qn_owner owner,
                         uint64_t cookie);
void qn_node_on_check_verified(struct qn_node *node, struct qn_verify_job *job);

/* ---- commit.c ---- */
/* Makes this block the tip; the next of the tip, final. Executes it if nobody did. */
void qn_node_commit(struct qn_node *node, struct qn_block *block, struct qn_buf *cert);
void qn_node_on_commit_persisted(struct qn_node *node, uint64_t cookie);

/* ---- submit.c ---- */
void qn_node_submit_request(struct qn_node *node, const struct qn_event *event);
void qn_node_on_submit(struct qn_node *node, struct qn_link *link, uint32_t request_id,
                       struct qn_span bytes);
void qn_node_on_submit_result(struct qn_node *node, struct qn_link *link, uint32_t request_id,
                              struct qn_span bytes);
/* The relay answered BUSY: try another one. */
void qn_node_on_relay_busy(struct qn_node *node, struct qn_link *link, uint32_t request_id);
void qn_node_on_tx(struct qn_node *node, struct qn_link *link, struct qn_span bytes);
/* Our own registration. */
void qn_node_submit_own(struct qn_node *node, struct qn_buf *tx_bytes);
void qn_node_on_tx_verified(struct qn_node *node, struct qn_verify_job *job);
void qn_node_submissions_on_link_down(struct qn_node *node, qn_link_id link);
void qn_node_submissions_on_commit(struct qn_node *node, const struct qn_ledger_commit *commit);
/* Drops from the mempool what no longer can be committed; time-outs. */
void qn_node_poll_submissions(struct qn_node *node);

/* ---- registration.c ---- */
void qn_node_poll_registration(struct qn_node *node);
void qn_node_on_registration_signed(struct qn_node *node, enum qn_owner owner,
                                    const struct qn_event *event);
void qn_node_on_registration_result(struct qn_node *node, const struct qn_submit_result *result,
                                    qn_time_us started_us);
/* The own entry is in the registry and usable. */
bool qn_node_is_registered(const struct qn_node *node, struct qn_registry_entry *entry);

#endif
