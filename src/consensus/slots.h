/* The window of views: what is held of each, and the bounds of all of it. Private to this folder. */
#ifndef QN_CONSENSUS_SLOTS_H
#define QN_CONSENSUS_SLOTS_H

#include "consensus/consensus.h"

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
    QN_CONSENSUS_REQUESTS_TO_SYNC = 3, /* resend_min for requests before block sync is asked for */
    QN_CONSENSUS_CARRY_VIEWS = 3,      /* a joiner is carried at most so far ahead, at most... */
    QN_CONSENSUS_CARRY_PAUSE_US = 10000000, /* ...so often */
    QN_CONSENSUS_PROOFS = 8,                /* pairs of contradicting votes being verified */
};
_Static_assert(QN_CONSENSUS_OWN_VOTES_RESENT < QN_CONSENSUS_VOTE_VIEWS,
               "what is repeated can still be counted");
_Static_assert(QN_CONSENSUS_WINDOW + 4 * QN_VALIDATORS_MAX + 128 < QN_CONSENSUS_ACTIONS_MAX,
               "commits, verifications and answers of one event fit in the queue");

/* A validator that restarts with an intact log hears the others for so long at most. */
#define QN_CONSENSUS_RECOVER_WAIT QN_SECONDS(5)
#define QN_TIME_NEVER UINT64_MAX

enum qn_check_state { QN_CHECK_NONE, QN_CHECK_RUNNING, QN_CHECK_VALID, QN_CHECK_INVALID };

/* A block as proposed in a view. */
struct qn_body {
    struct qn_block *block; /* NULL: none */
    uint64_t parent_view;
    struct qn_hash p;
    struct qn_buf *signature; /* the leader's, only to pass the proposal on */
    int from;                 /* validator who sent it */
    bool kept;                /* on its way into the log, or in it */
    bool useless; /* its transactions are not those of the header that the id stands for */
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
    int from;  /* validator who sent it, or -1: assembled here */
    bool kept; /* on its way into the log, or in it */
};

struct qn_view_slot {
    uint64_t view;                                 /* 0: free */
    struct qn_view_cert certs[QN_CONSENSUS_KINDS]; /* verified; by kind - 1 */
    struct qn_body proposed;                       /* the leader's first proposal on its own link */
    struct qn_body other; /* the certified block, where that is not the proposed one */
    struct qn_own_vote own[QN_CONSENSUS_KINDS];
    qn_time_us request_at; /* 0: nothing was wanted yet */
    qn_time_us request_interval;
};

/* ---- slot.c: the window of views ---- */
/* Validator index of the leader: the epoch's permutation, for now the order of the set. */
int qn_view_leader(const struct qn_consensus *c, uint64_t view);
struct qn_view_slot *qn_slot_find(struct qn_consensus *c, uint64_t view);
/* Makes it if need be; NULL outside (final view, final view + window]. */
struct qn_view_slot *qn_slot_get(struct qn_consensus *c, uint64_t view);
void qn_slot_clear(struct qn_view_slot *slot);
void qn_body_clear(struct qn_body *body);
/* Takes references of its own. A block that was executed is taken from where it was, whatever comes
 * under its id now. */
void qn_body_set(struct qn_consensus *c, struct qn_body *body, uint64_t view, uint64_t parent_view,
                 struct qn_block *block, struct qn_buf *signature, int from);
/* The certificate that says which block is notarized in this view: a notarization or, as good, a
 * finalization. NULL if neither is held. */
const struct qn_view_cert *qn_slot_notarized(const struct qn_view_slot *slot);
bool qn_slot_nullified(const struct qn_view_slot *slot);
/* The certified block's body, or NULL. */
struct qn_body *qn_slot_body(struct qn_view_slot *slot);
/* A body of this view and id, certified or not; NULL if not held. */
struct qn_body *qn_slot_body_of(struct qn_view_slot *slot, const struct qn_hash *block_id);
/* The executed one of this id, of any view above the final one; NULL if there is none. */
const struct qn_body *qn_window_executed(struct qn_consensus *c, const struct qn_hash *block_id);
bool qn_slot_own_any(const struct qn_view_slot *slot);

#endif
