/* Simplex: the voting part of a validator (CONSENSUS.md, rules 1 to 10; docs/protocol.md, consensus).
 *
 * Pure state machine. Everything slow comes back as an event: SIGN -> on_signed, VERIFY -> on_verified,
 * PERSIST -> on_persisted, BUILD -> on_built, CHECK -> on_checked. A vote leaves (SEND) only after both
 * its signature and its durable record are there. Single-threaded; the owner serialises calls and
 * drains the action queue after each. Validators are named by their index in the set. */
#ifndef QN_CONSENSUS_H
#define QN_CONSENSUS_H

#include "base/log.h"
#include "base/metrics.h"
#include "consensus/record.h"
#include "wire/frame.h"
#include "wire/vote.h"

enum { QN_CONSENSUS_ALL = -1 }; /* "to every other validator" */

enum qn_consensus_action_kind {
    QN_CONSENSUS_SEND,     /* message to one validator or to all */
    QN_CONSENSUS_SIGN,     /* sign digest with the node's own key; answer on_signed(cookie) */
    QN_CONSENSUS_VERIFY,   /* verify a validator's signature; answer on_verified(cookie) */
    QN_CONSENSUS_PERSIST,  /* make own vote record durable; answer on_persisted(cookie) */
    QN_CONSENSUS_BUILD,    /* make a block on this parent; answer on_built(cookie) */
    QN_CONSENSUS_CHECK,    /* verify and execute this block; answer on_checked(cookie) */
    QN_CONSENSUS_COMMIT,   /* this block is final; ascending heights, no gap */
    QN_CONSENSUS_FAULT,    /* a validator sent what no honest one sends: its link must be closed */
    QN_CONSENSUS_BEHIND,   /* a peer proved that the chain is ahead of us: catch up by block sync */
    QN_CONSENSUS_EVIDENCE, /* two verified votes of one validator that contradict each other */
};

/* How much a validator that starts knows of its own votes of this epoch. */
enum qn_memory {
    QN_MEMORY_TRUSTED, /* all: the process lived through it. It need not ask */
    QN_MEMORY_INTACT, /* all, if the log that was read does not lie: it asks, and waits 5 s at most */
    QN_MEMORY_LOST,   /* not all: it asks, and votes above what the others have seen */
};

/* Of one action; what is more goes with several PERSIST, the first ones without a cookie. */
enum { QN_CONSENSUS_RECORDS_MAX = 4 };
struct qn_consensus_action {
    enum qn_consensus_action_kind kind;
    uint64_t cookie; /* SIGN, VERIFY, PERSIST, BUILD, CHECK: given back with the answer. PERSIST: 0
                        wants none; writes become durable in their order */
    int validator;   /* SEND: receiver or QN_CONSENSUS_ALL; VERIFY: whose key; FAULT, BEHIND,
                      EVIDENCE: who */
    enum qn_message_kind message_kind; /* SEND */
    struct qn_buf *bytes; /* SEND: message; COMMIT: certificate or NULL. One reference, the
                                     receiver's of the action. */
    /* PERSIST: to be kept, perhaps none; EVIDENCE: two votes, as qn_tx_vote_encode does. The references are the
     * receiver's of the action. */
    size_t record_count;
    struct qn_consensus_record records[QN_CONSENSUS_RECORDS_MAX];
    struct qn_consensus_head head; /* PERSIST: as of these records */
    enum qn_sign_kind sign_kind;   /* SIGN, VERIFY */
    struct qn_hash digest;         /* SIGN, VERIFY; BUILD: id of the parent block */
    struct qn_signature signature; /* VERIFY */
    struct qn_block *block;        /* CHECK, COMMIT: one reference, the receiver's of the action */
    enum qn_err err;               /* FAULT: why */
    uint64_t height;               /* BEHIND: at least so high */
    uint64_t
        view; /* COMMIT: records of views up to this one are needed no more, once it is durable */
    bool certified; /* CHECK: a quorum vouches for this block, so the clock is not to be asked */
};

/* Bounded queue, first in first out; heap, reserved once. One event adds at most
 * QN_CONSENSUS_ACTIONS_MAX. */
enum { QN_CONSENSUS_ACTIONS_MAX = 1024 };
struct qn_consensus_actions {
    size_t head;
    size_t count;
    struct qn_consensus_action *items; /* QN_CONSENSUS_ACTIONS_MAX of them */
};
void qn_consensus_actions_init(struct qn_consensus_actions *actions);
/* Drops what is still queued. */
void qn_consensus_actions_fini(struct qn_consensus_actions *actions);
/* False if empty. The references of *action pass to the caller. */
bool qn_consensus_actions_pop(struct qn_consensus_actions *actions,
                              struct qn_consensus_action *action);
/* Drops the references of one action. */
void qn_consensus_action_drop(struct qn_consensus_action *action);

struct qn_consensus_config {
    struct qn_network_id network;
    uint64_t epoch;
    const struct qn_validator_set *validators; /* outlives the object */
    int self;                                  /* own index */
    qn_time_us delta;     /* D: assumed bound on message delay; leader timeout 2D, abstain 3D */
    qn_time_us heartbeat; /* QN_HEARTBEAT_INTERVAL */
    qn_time_us
        first_block; /* a new network makes block 1 so long after start; 0: after heartbeat */
    enum qn_memory memory;
    struct qn_consensus_head head; /* as read from the log; zero: there is none to be believed */
    /* INTACT: records of this epoch, as read from the log; read by qn_consensus_new only. */
    const struct qn_consensus_record *records;
    size_t record_count;
    qn_time_us resend_min; /* resend interval: starts here, doubles to resend_max */
    qn_time_us resend_max; /* 5 s */
    uint64_t seed;         /* jitter, nonces: another one for each start */
    const struct qn_log *log;
    /* The final block to start from; the genesis block for a new network. */
    struct qn_block *final_block;
    uint64_t final_view; /* view in which it was finalized; 0 if that was in an earlier epoch */
    struct qn_buf *final_cert; /* its finalization, to help others on; may be NULL */
};
/* D of the daemon. */
#define QN_CONSENSUS_DELTA QN_MS(300)

struct qn_consensus;
/* Heap, reserved for the bounds of limits.h. Does nothing until start. */
struct qn_consensus *qn_consensus_new(const struct qn_consensus_config *config, qn_time_us now);
void qn_consensus_free(struct qn_consensus *consensus);

/* ---- events. Every one may add actions. ---- */

/* The start gate is open (at height 0), or there is nothing to wait for. Idempotent. */
void qn_consensus_start(struct qn_consensus *c, struct qn_consensus_actions *out, qn_time_us now);
/* A verified link to this validator came up or went down. On coming up it gets our STATUS and whatever
 * helps it on (own votes, best certificates). */
void qn_consensus_on_link(struct qn_consensus *c, struct qn_consensus_actions *out, int validator,
                          bool up, qn_time_us now);
/* Is there at least one valid transaction to put into a block? To be called with true whenever one was
 * added, and after each COMMIT with what is left. */
void qn_consensus_on_pending(struct qn_consensus *c, struct qn_consensus_actions *out, bool pending,
                             qn_time_us now);
/* A consensus message (kinds QN_PROPOSE .. QN_RECOVER_REPLY) of this validator, undecoded.
 * Errors are the sender's fault (malformed, impossible); the caller closes its link. Late or
 * unneeded messages are QN_OK. */
QN_MUST_USE enum qn_err qn_consensus_on_message(struct qn_consensus *c,
                                                struct qn_consensus_actions *out, int validator,
                                                enum qn_message_kind kind, struct qn_span bytes,
                                                qn_time_us now);
/* signature NULL: signing failed; the node stays silent in that vote and says so. */
void qn_consensus_on_signed(struct qn_consensus *c, struct qn_consensus_actions *out,
                            uint64_t cookie, const struct qn_signature *signature, qn_time_us now);
void qn_consensus_on_verified(struct qn_consensus *c, struct qn_consensus_actions *out,
                              uint64_t cookie, bool ok, qn_time_us now);
void qn_consensus_on_persisted(struct qn_consensus *c, struct qn_consensus_actions *out,
                               uint64_t cookie, qn_time_us now);
/* block NULL: none could be built (the parent is unknown to the ledger). Keeps a reference of its own. */
void qn_consensus_on_built(struct qn_consensus *c, struct qn_consensus_actions *out,
                           uint64_t cookie, struct qn_block *block, qn_time_us now);
/* QN_OK: valid, executed. Any other: invalid, NULLIFY. */
void qn_consensus_on_checked(struct qn_consensus *c, struct qn_consensus_actions *out,
                             uint64_t cookie, enum qn_err verdict, qn_time_us now);
/* Block sync (consensus/follower.h) committed up to this block, final in this view: drop all before. */
void qn_consensus_on_synced(struct qn_consensus *c, struct qn_consensus_actions *out,
                            struct qn_block *final_block, uint64_t final_view, qn_time_us now);
/* Timers. Call at or after the deadline; calling early is harmless. */
void qn_consensus_poll(struct qn_consensus *c, struct qn_consensus_actions *out, qn_time_us now);
/* When poll must run next; UINT64_MAX: never. */
qn_time_us qn_consensus_deadline(const struct qn_consensus *c);

/* ---- reading ---- */
struct qn_consensus_info {
    bool started;
    bool ended;       /* the last block of the epoch is committed: it answers, and votes no more */
    bool joining;     /* started, but too few others have said where they are: no vote yet */
    unsigned lost;    /* while joining: validators known to have lost their memory, self included */
    unsigned answers; /* while joining: of those whose answer counts... */
    unsigned answers_needed;    /* ...that there must be */
    uint64_t ceiling;           /* no vote in views up to this one; 0: none barred */
    enum qn_memory next_memory; /* what may be said of the memory of the next epoch's object, made
                                   when this one is at its end */
    uint64_t epoch;
    uint64_t view;
    uint64_t final_view;
    uint64_t final_height;
    int leader; /* of the current view */
    unsigned validator_count;
    unsigned quorum;
    unsigned live; /* linked validators, self included */
    uint64_t nullified_views;
    uint64_t timeouts;
};
void qn_consensus_info(const struct qn_consensus *c, struct qn_consensus_info *info);
void qn_consensus_collect(const struct qn_consensus *c, const struct qn_metric_sink *sink);

#endif
