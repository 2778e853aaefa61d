/* The rules, by the files that hold them. Private to this folder. */
#ifndef QN_CONSENSUS_RULES_H
#define QN_CONSENSUS_RULES_H

#include "consensus/state.h"

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
