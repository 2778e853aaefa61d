/* The inside of qn_consensus, shared by the files of this folder only: one protocol rule per file,
 * all of them working on this one struct (docs/consensus.md names the file of each rule).
 *
 * now and out are those of the event under way; no function here outlives it. */
#ifndef QN_CONSENSUS_STATE_H
#define QN_CONSENSUS_STATE_H

#include "base/map.h"
#include "consensus/consensus.h"
#include "consensus/mutant.h"

enum {
    /* Views above the final one that can be entered. Timeouts double every
     * QN_CONSENSUS_BACKOFF_VIEWS views without finality, so that a network whose messages arrive at
     * all gets a block through long before the last; the last one is not given up. */
    QN_CONSENSUS_WINDOW = 128,
    QN_CONSENSUS_HISTORY = 32, /* views below, kept to serve those who lag a little */
    QN_CONSENSUS_RING = QN_CONSENSUS_WINDOW + QN_CONSENSUS_HISTORY,
    QN_CONSENSUS_BACKOFF_VIEWS = 16,
    QN_CONSENSUS_BACKOFF_MAX = 7, /* doublings */

    QN_CONSENSUS_KINDS = 3,
    QN_CONSENSUS_VOTE_VIEWS = 4,       /* two before the current view, itself, one beyond */
    QN_CONSENSUS_CERT_JOBS = 64,       /* foreign certificates under verification */
    QN_CONSENSUS_CERT_JOBS_EACH = 24,  /* of one sender */
    QN_CONSENSUS_CACHE = 8192,         /* signatures known to be good */
    QN_CONSENSUS_OWN_VOTES_RESENT = 3, /* views whose own votes are repeated */
    QN_CONSENSUS_HELP_VIEWS = 8,       /* views whose certificates a lagging peer is sent at once */
    QN_CONSENSUS_GAP_PER_ANSWER = 16,  /* nullifications beside an answer */
    QN_CONSENSUS_WANTS = 16,           /* views asked for at a time */
    QN_CONSENSUS_ANSWERS = 32,         /* requests of one peer answered per resend_min */
    QN_CONSENSUS_REQUESTS_TO_SYNC = 2, /* unanswered requests before block sync is asked for */
    QN_CONSENSUS_CARRY_VIEWS = 3,      /* a joiner is carried at most so far ahead, at most... */
    QN_CONSENSUS_CARRY_PAUSE_US = 10000000, /* ...so often */
    QN_CONSENSUS_EVIDENCE = 8,              /* proofs of equivocation kept, the first ones */
    QN_CONSENSUS_RECORD_LEN_MAX = 80,       /* bytes of a durable vote record */
};
_Static_assert(QN_CONSENSUS_OWN_VOTES_RESENT < QN_CONSENSUS_VOTE_VIEWS,
               "what is repeated can still be counted");
_Static_assert(QN_CONSENSUS_WINDOW + 4 * QN_VALIDATORS_MAX + 128 < QN_CONSENSUS_ACTIONS_MAX,
               "commits, verifications and answers of one event fit in the queue");

#define QN_TIME_NEVER UINT64_MAX

enum qn_check_state { QN_CHECK_NONE, QN_CHECK_RUNNING, QN_CHECK_VALID, QN_CHECK_INVALID };

/* A block as proposed in a view. */
struct qn_body {
    struct qn_block *block; /* NULL: none */
    uint64_t parent_view;
    struct qn_hash p;
    struct qn_buf *signature; /* the leader's, only to pass the proposal on */
    enum qn_check_state check;
    bool check_certified; /* the check that runs or ran knew that a quorum vouches for the block */
    uint64_t check_cookie;
};

/* An own vote of one view and kind. From cast on it binds this validator, sent or not. */
struct qn_own_vote {
    bool cast;
    bool persisted;
    bool is_signed;
    bool failed; /* could not be signed: stays silent */
    struct qn_hash digest;
    uint64_t parent_view;
    struct qn_hash block_id;
    struct qn_signature *signature; /* between signing and sending */
    struct qn_buf *message;         /* complete: signed, durable, sent */
    enum qn_message_kind message_kind;
};

struct qn_view_cert {
    struct qn_buf *bytes; /* NULL: none */
    uint64_t parent_view;
    struct qn_hash block_id;
    struct qn_hash p;
    int from; /* validator who sent it, or -1: assembled here */
};

struct qn_view_slot {
    uint64_t view;                                 /* 0: free */
    struct qn_view_cert certs[QN_CONSENSUS_KINDS]; /* verified; by kind - 1 */
    struct qn_body proposed;                       /* the leader's first proposal on its own link */
    struct qn_body other; /* the certified block, where that is not the proposed one */
    struct qn_own_vote own[QN_CONSENSUS_KINDS];
    qn_time_us request_at; /* 0: nothing was wanted yet */
    qn_time_us request_interval;
    unsigned requests; /* sent */
};

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
    enum qn_vote_kind kind;
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
};

struct qn_validator_state {
    bool linked;
    bool told;          /* a STATUS came since we started */
    uint64_t told_view; /* of the first one */
    uint64_t view;      /* as it last said */
    uint64_t final_height;
    uint64_t ceiling;     /* carried past this view: it casts no vote up to it */
    qn_time_us carry_at;  /* not before: believing another ceiling */
    qn_time_us help_at;   /* not before: certificates to one who lags */
    qn_time_us status_at; /* not before: our status to one who is ahead */
    qn_time_us answers_at;
    unsigned answers;
};

/* Two votes of one validator that no honest one casts both. */
struct qn_vote_proof {
    int validator;
    struct qn_vote first;
    struct qn_vote second;
};

enum qn_arm_reason {
    QN_ARM_PENDING = 1U << 0,
    QN_ARM_SEEN = 1U << 1,
    QN_ARM_HEARTBEAT = 1U << 2,
    QN_ARM_SETTLE = 1U << 3, /* a notarized block is not final yet */
    QN_ARM_OWN = 1U << 4,    /* an own vote was cast in this view */
    QN_ARM_CARRY = 1U << 5,  /* a linked validator waits for the views to pass its ceiling */
};

struct qn_consensus {
    /* Of the event under way. */
    qn_time_us now;
    struct qn_consensus_actions *out;

    struct qn_network_id network;
    uint64_t epoch;
    const struct qn_validator_set *validators;
    int self;
    unsigned n;
    unsigned q;
    qn_time_us delta;
    qn_time_us heartbeat;
    qn_time_us first_block;
    qn_time_us resend_min;
    qn_time_us resend_max;
    const struct qn_log *log;

    bool started;
    bool joins;   /* see qn_consensus_config */
    bool joining; /* not enough others have said where they are */
    uint64_t view;
    uint64_t ceiling;        /* no vote in views up to this one; for restarts */
    uint64_t certified_view; /* highest view with a certificate: view - 1, or more at the window */

    struct qn_block *final_block;
    uint64_t final_view;
    uint64_t settled_view; /* highest view whose finalization certificate is held */

    bool pending;       /* as the owner last said */
    bool fresh;         /* something pending is in no proposal seen so far */
    bool fresh_recheck; /* a commit or nullification may have left something pending */
    uint64_t seen_view; /* highest view of a vote or proposal seen, at most view + 1 */
    unsigned armed;     /* reasons; 0: not armed */
    qn_time_us leader_at;
    qn_time_us abstain_at;
    qn_time_us settle_at; /* an empty block may be proposed to settle the chain */
    qn_time_us heartbeat_at;
    qn_time_us resend_at;
    qn_time_us resend_interval;
    qn_time_us request_at;

    uint64_t build_cookie; /* 0: no build under way */
    uint64_t build_parent_view;
    uint64_t cookie; /* of the last BUILD or CHECK */

    struct qn_view_slot slots[QN_CONSENSUS_RING];
    struct qn_vote_view votes[QN_CONSENSUS_VOTE_VIEWS];
    struct qn_cert_job cert_jobs[QN_CONSENSUS_CERT_JOBS];
    struct qn_verify verify;
    struct qn_validator_state *peers; /* n */

    size_t proof_count;
    struct qn_vote_proof proofs[QN_CONSENSUS_EVIDENCE];

    uint64_t nullified_views;
    uint64_t timeouts;
    uint64_t equivocations;
    uint64_t bad_signatures;
    uint64_t verifications;
    uint64_t verifications_saved;
    uint64_t commits;
    uint64_t resends;
    uint64_t requests;
    bool stalled; /* at the window's end */
};

/* ---- consensus.c: around every event ---- */
void qn_consensus_begin(struct qn_consensus *c, struct qn_consensus_actions *out, qn_time_us now);
/* Settles what is certified, enters the view that the certificates allow, does whatever can be done in
 * it, and asks for what lacks. All of it follows from the state, whichever event changed that. */
void qn_consensus_end(struct qn_consensus *c);

/* ---- actions.c: what goes out ---- */
struct qn_consensus_action *qn_consensus_emit(struct qn_consensus *c,
                                              enum qn_consensus_action_kind kind);
/* Takes over the caller's reference of bytes. */
void qn_consensus_send(struct qn_consensus *c, int to, enum qn_message_kind kind,
                       struct qn_buf *bytes);
void qn_consensus_fault(struct qn_consensus *c, int validator, enum qn_err err);

/* ---- slot.c: the window of views ---- */
/* Validator index of the leader: the epoch's permutation, for now the order of the set. */
int qn_view_leader(const struct qn_consensus *c, uint64_t view);
struct qn_view_slot *qn_slot_find(struct qn_consensus *c, uint64_t view);
/* Makes it if need be; NULL outside (final view, final view + window]. */
struct qn_view_slot *qn_slot_get(struct qn_consensus *c, uint64_t view);
void qn_slot_clear(struct qn_view_slot *slot);
void qn_body_clear(struct qn_body *body);
/* Takes references of its own. */
void qn_body_set(const struct qn_consensus *c, struct qn_body *body, uint64_t view,
                 uint64_t parent_view, struct qn_block *block, struct qn_buf *signature);
/* The certificate that says which block is notarized in this view: a notarization or, as good, a
 * finalization. NULL if neither is held. */
const struct qn_view_cert *qn_slot_notarized(const struct qn_view_slot *slot);
bool qn_slot_nullified(const struct qn_view_slot *slot);
/* The certified block's body, or NULL. */
struct qn_body *qn_slot_body(struct qn_view_slot *slot);
/* A body of this view and id, certified or not; NULL if not held. */
struct qn_body *qn_slot_body_of(struct qn_view_slot *slot, const struct qn_hash *block_id);
/* The same over the whole window. */
struct qn_body *qn_window_body(struct qn_consensus *c, const struct qn_hash *block_id);
bool qn_slot_own_any(const struct qn_view_slot *slot);

/* ---- join.c: from when on to vote ---- */
void qn_join_begin(struct qn_consensus *c);
/* Ends the waiting if enough validators have answered. */
void qn_join_try(struct qn_consensus *c);

/* ---- view.c: rules 1 and 2 ---- */
/* Enters the view after the highest certified one, if that is above the current. */
void qn_view_catch_up(struct qn_consensus *c);
/* Evaluates the reasons to be armed and sets the timers accordingly. */
void qn_view_arm(struct qn_consensus *c);
/* Whatever the current view allows now: arm, propose, vote, time out. */
void qn_view_step(struct qn_consensus *c);
/* A vote or proposal for this view was seen. */
void qn_view_seen(struct qn_consensus *c, uint64_t view);
/* D, doubled for each QN_CONSENSUS_BACKOFF_VIEWS views without finality. */
qn_time_us qn_view_delta(const struct qn_consensus *c);

/* ---- propose.c: rule 3 ---- */
void qn_propose_try(struct qn_consensus *c);
/* The view to build on, or the one whose certificate or body is missing. */
struct qn_parent {
    bool found;
    uint64_t view;
    struct qn_hash id;
    uint64_t missing_view; /* 0 if nothing is missing */
};
struct qn_parent qn_propose_parent(struct qn_consensus *c);

/* ---- on_propose.c, notarize.c, check.c: rule 4 ---- */
enum qn_err qn_on_propose(struct qn_consensus *c, int validator, struct qn_span bytes);
void qn_notarize_try(struct qn_consensus *c);
/* Starts the execution of this body if its parent is executed. */
void qn_check_try(struct qn_consensus *c, struct qn_view_slot *slot, struct qn_body *body);
bool qn_block_executed(struct qn_consensus *c, const struct qn_hash *block_id);

/* ---- vote.c: casting ---- */
void qn_vote_cast(struct qn_consensus *c, struct qn_view_slot *slot, enum qn_vote_kind kind,
                  uint64_t parent_view, const struct qn_hash *block_id);
void qn_own_vote_clear(struct qn_own_vote *own);
enum qn_message_kind qn_vote_message_kind(enum qn_vote_kind kind);

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
void qn_votes_put_own(struct qn_consensus *c, const struct qn_view_slot *slot,
                      enum qn_vote_kind kind);
void qn_quorum_try(struct qn_consensus *c, uint64_t view, enum qn_vote_kind kind,
                   const struct qn_hash *digest);
void qn_quorum_verified(struct qn_consensus *c, const struct qn_verify_job *job, bool ok);

/* ---- verify.c: no signature twice ---- */
enum qn_verify_answer { QN_VERIFY_KNOWN, QN_VERIFY_STARTED, QN_VERIFY_FULL };
void qn_verify_init(struct qn_verify *verify, size_t capacity, uint64_t seed);
void qn_verify_fini(struct qn_verify *verify);
struct qn_hash qn_verify_key(int validator, enum qn_vote_kind kind, const struct qn_hash *digest,
                             struct qn_span signature);
enum qn_verify_answer qn_verify_start(struct qn_consensus *c, const struct qn_verify_job *what,
                                      const struct qn_hash *digest, struct qn_span signature);

/* ---- on_certificate.c, certificate.c: rules 1, 5, 10 ---- */
enum qn_err qn_on_certificate(struct qn_consensus *c, int validator, struct qn_span bytes);
void qn_cert_jobs_verified(struct qn_consensus *c, const struct qn_hash *key, bool ok);
void qn_cert_job_clear(struct qn_cert_job *job);
/* The job that verifies a notarization or finalization of this block in this view; NULL if none. */
struct qn_cert_job *qn_cert_job_of(struct qn_consensus *c, uint64_t view,
                                   const struct qn_hash *block_id);
/* A certificate is complete and verified. Takes over the caller's reference of bytes. */
void qn_certificate_adopt(struct qn_consensus *c, const struct qn_cert *cert, struct qn_buf *bytes,
                          int from);

/* ---- finalize.c: rules 5 and 7 ---- */
/* Executes, finalizes and commits whatever is certified and can be. */
void qn_settle(struct qn_consensus *c);
/* Moves the base of the window. */
void qn_final_set(struct qn_consensus *c, struct qn_block *block, uint64_t view);
static inline uint64_t qn_final_height(const struct qn_consensus *c)
{
    return c->final_block->header.height;
}

/* ---- timeout.c: rule 6 ---- */
void qn_timeout_try(struct qn_consensus *c);
void qn_nullify(struct qn_consensus *c, uint64_t view);
unsigned qn_live_count(const struct qn_consensus *c);

/* ---- resend.c ---- */
void qn_resend(struct qn_consensus *c, int to);
/* The finalization certificate of the highest view that has one; NULL if none is held. */
struct qn_buf *qn_latest_finalization(struct qn_consensus *c);

/* ---- request.c, answer.c ---- */
/* Asks for what is missing, as far as it is time to; sets the time of the next look. */
void qn_request_update(struct qn_consensus *c);
enum qn_err qn_on_request(struct qn_consensus *c, int validator, struct qn_span bytes);
void qn_answer_view(struct qn_consensus *c, int to, struct qn_view_slot *slot);
void qn_behind(struct qn_consensus *c, int validator);

/* ---- status.c ---- */
enum qn_err qn_on_status(struct qn_consensus *c, int validator, struct qn_span bytes);
void qn_status_send(struct qn_consensus *c, int to);
/* This validator showed to be ahead of us: it is told where we are, now and then. */
void qn_status_lagging(struct qn_consensus *c, int validator);
/* This validator showed to be behind: it gets what helps it on, now and then. */
void qn_status_help(struct qn_consensus *c, int validator);

#endif
