/* The node's inside: its state, by the file that works on each part. Shared by the files of this folder
 * only; node/parts.h has what they call of each other. */
#ifndef QN_NODE_STATE_H
#define QN_NODE_STATE_H

#include "base/deadlines.h"
#include "base/map.h"
#include "base/metrics.h"
#include "base/rng.h"
#include "consensus/consensus.h"
#include "consensus/follower.h"
#include "gossip/announcer.h"
#include "ledger/ledger.h"
#include "ledger/mempool.h"
#include "node/alarms.h"
#include "node/book.h"
#include "node/faults.h"
#include "node/link.h"
#include "node/measuring.h"
#include "node/motions.h"
#include "node/node.h"
#include "node/own.h"
#include "node/peers.h"
#include "node/reach.h"
#include "node/registration.h"
#include "node/snapshot.h"
#include "node/view.h"
#include "node/vote_log.h"
#include "peer/redirects.h"

enum {
    QN_NODE_TICK_US = 100000,                /* how often links and dials are looked at */
    QN_BLOCK_CHECKS_MAX = 64,                /* blocks whose transactions are being verified */
    QN_PENDING_TXS_MAX = QN_MEMPOOL_TXS_MAX, /* transactions whose signatures are being verified */
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
    QN_OWNER_OWN,      /* our other transactions; number: the place */
    QN_OWNER_SNAPSHOT, /* a checkpoint's certificate; staged chunks and their install */
    QN_OWNER_BANS,     /* number: who waits */
    QN_OWNER_BOOK,     /* pages of the address book */
};

/* ---- check.c ---- */
struct qn_block_check {
    struct qn_block *block; /* NULL: free slot */
    enum qn_owner owner;    /* QN_OWNER_CONSENSUS or QN_OWNER_FOLLOWER */
    bool certified;         /* by a quorum: its time is history, whatever our clock says */
    bool waits;             /* for storage; nothing of it is begun */
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
    enum qn_err verdict;
    bool told; /* by another validator, which told all others as well */
};

/* Somebody who waits for a transaction to become final. */
enum qn_submission_origin { QN_ORIGIN_FREE, QN_ORIGIN_REQUEST, QN_ORIGIN_LINK, QN_ORIGIN_OWN };
struct qn_submission {
    enum qn_submission_origin origin;
    qn_request_token token; /* REQUEST */
    qn_link_id link;        /* LINK */
    uint32_t request_id;    /* LINK: the asker's number */
    size_t own;             /* OWN: which one (node/own.h) */
    struct qn_hash tx_id;
    struct qn_buf *bytes;
    uint8_t hops;
    qn_link_id relay_link; /* asked for us; 0: we are the validator */
    uint32_t relay_request;
    unsigned relay_tries;
    qn_time_us started_us;
};

/* ---- commit.c ---- */
/* A commit whose batch is not durable yet: answers wait for it. */
struct qn_pending_commit {
    struct qn_pending_commit *next;
    uint64_t cookie;
    struct qn_ledger_commit commit;
};

/* ---- halt.c ---- */
/* Why this node takes no further part. */
struct qn_halt {
    const struct qn_storage *storage; /* the given one, whose reads are watched */
    enum qn_err err;                  /* QN_OK: none */
    bool told;                        /* HALT went out; every later event is ignored */
    char text[QN_TEXT_LEN_MAX + 1];
};

struct qn_node_counters {
    uint64_t messages_unexpected;
    uint64_t messages_excess; /* for want of tokens */
    uint64_t messages_unpaid; /* not sent to strangers */
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
    qn_unix_ms born_unix_ms;
    qn_time_us next_tick_us;
    qn_time_us next_second_us;
    struct qn_actions *actions; /* of the step under way */
    uint64_t next_cookie;
    bool shutting_down;
    struct qn_halt halt;
    struct qn_storage storage; /* what the ledger reads: the given one behind halt.c */

    struct qn_link *links; /* links_capacity slots */
    size_t links_capacity;
    uint32_t *free_links; /* slots */
    size_t free_link_count;
    struct qn_map link_index;           /* link id, padded -> slot */
    struct qn_deadlines link_deadlines; /* by slot: the next ping, or the end of its patience */
    qn_unix_ms expiry_ms;               /* when the first of them expires, or was to */
    qn_link_id validator_links[QN_VALIDATORS_MAX]; /* per validator index; 0: none */
    struct qn_node_measuring measuring;
    struct qn_faults faults;
    struct qn_peering *peering;
    struct qn_node_alarms alarms;
    struct qn_redirects redirects;
    struct qn_node_reach reach;
    struct qn_peers peers;
    struct qn_book_keeping book;
    struct qn_announcer announcer;
    struct qn_buf *own_record; /* encoded envelope; NULL until signed */
    struct qn_record own_record_fields;
    bool own_record_signing;
    uint32_t next_request_id;
    uint64_t head_claimed;   /* the highest head that any peer ever spoke of */
    uint32_t blocks_request; /* of the follower, under way or the last; 0: none */

    struct qn_ledger *ledger;
    struct qn_validator_set committee; /* a copy: consensus and follower look at it */
    uint64_t epoch;                    /* of the committee */
    bool epoch_ended;                  /* by a commit of this step: another committee votes next */
    uint16_t generation;               /* of consensus and follower, in their cookies */
    struct qn_mempool *mempool;
    bool mempool_was_pending;       /* last told to consensus */
    int validator;                  /* own index, -1 */
    struct qn_consensus *consensus; /* validators only */
    struct qn_consensus_actions consensus_actions;
    bool draining_consensus;
    enum qn_memory memory; /* of own votes: of the object that is made next */
    struct qn_vote_log vote_log;
    struct qn_follower *follower;
    struct qn_follower_actions follower_actions;
    bool draining_follower;

    struct qn_snapshot_sync *snapshot;
    struct qn_block_check checks[QN_BLOCK_CHECKS_MAX];
    struct qn_pending_tx *pending_txs; /* QN_PENDING_TXS_MAX */
    struct qn_submission *submissions; /* QN_PENDING_REQUESTS_MAX */
    struct qn_registration registration;
    struct qn_own_tx own[QN_OWN_COUNT];
    struct qn_motions motions;
    struct qn_pending_commit *commits_first;
    struct qn_pending_commit **commits_last;
    struct qn_pending_commit *commits_free;
    struct qn_verify_job *jobs_free;
    struct qn_tickets *tickets; /* NULL unless the policy is work */
    struct qn_samples samples[QN_TIMING_COUNT];
    struct qn_node_counters counters;
};

#endif
