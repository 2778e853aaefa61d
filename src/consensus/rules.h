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

/* ---- recover.c, recover_answer.c: from when on to vote ---- */
void qn_recover_begin(struct qn_consensus *c);
/* Asks again when it is time to, and ends the waiting if that is allowed now: true if it did. */
bool qn_recover_try(struct qn_consensus *c);
/* A link came up: whoever has not answered is asked. */
void qn_recover_link(struct qn_consensus *c, int validator);
enum qn_err qn_on_recover(struct qn_consensus *c, int validator, struct qn_span bytes);
enum qn_err qn_on_recover_reply(struct qn_consensus *c, int validator, struct qn_span bytes);
/* The signature of our answer to this validator. */
void qn_recover_signed(struct qn_consensus *c, uint64_t cookie,
                       const struct qn_signature *signature);
void qn_recover_verified(struct qn_consensus *c, const struct qn_hash *key, bool ok);
enum qn_recover_state qn_recover_state(const struct qn_consensus *c);
/* Answers of others that have to be there before a vote. */
unsigned qn_recover_needed(const struct qn_consensus *c);
/* While it waits: validators without memory, and answers that count. */
unsigned qn_recover_lost(const struct qn_consensus *c);
unsigned qn_recover_answers(const struct qn_consensus *c);
void qn_recover_clear(struct qn_validator_state *peer);
void qn_recover_answers_clear(struct qn_validator_state *peer);
qn_time_us qn_recover_deadline(const struct qn_consensus *c);

/* ---- durable.c, restore.c: what outlives the process ---- */
/* Emits PERSIST: an own vote (NULL: none) and everything not kept so far that votes may rest on. */
void qn_durable_persist(struct qn_consensus *c, uint64_t cookie, const struct qn_own_record *own);
/* False: the records are not what this program writes. */
bool qn_restore(struct qn_consensus *c, const struct qn_consensus_config *config);
/* The certificate of the final block that was started from: to help others on. */
void qn_restore_final(struct qn_consensus *c, struct qn_buf *cert);
/* Signs restored votes of the last views anew, so that they are sent. */
void qn_restore_resume(struct qn_consensus *c);

/* ---- evidence.c ---- */
/* Two votes of one validator that contradict each other: verified, then told. */
void qn_evidence_begin(struct qn_consensus *c, int validator, const struct qn_vote *first,
                       const struct qn_vote *second);
void qn_evidence_verified(struct qn_consensus *c, const struct qn_hash *key, bool ok);

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
/* Emits SIGN for an own vote that was cast. */
void qn_vote_sign(struct qn_consensus *c, const struct qn_view_slot *slot, enum qn_vote_kind kind);
void qn_own_vote_clear(struct qn_own_vote *own);
/* What a vote signs. */
struct qn_hash qn_vote_digest(const struct qn_consensus *c, const struct qn_vote *vote);
enum qn_message_kind qn_vote_message_kind(enum qn_vote_kind kind);

/* ---- finalize.c: rules 5 and 7 ---- */
/* Executes, finalizes and commits whatever is certified and can be. */
void qn_settle(struct qn_consensus *c);
/* A block that is final in this view: does it show that a recovered memory lacks nothing of the next epoch? */
void qn_final_note_life(struct qn_consensus *c, const struct qn_block *block, uint64_t view);
/* Moves the base of the window. */
void qn_final_set(struct qn_consensus *c, struct qn_block *block, uint64_t view);
static inline uint64_t qn_final_height(const struct qn_consensus *c)
{
    return c->final_block->header.height;
}

static inline bool qn_is_voting(const struct qn_consensus *c)
{
    return c->started && !c->ended;
}
/* The last block of its epoch: it gets no child, but is proposed again until it is final. */
static inline bool qn_ends_epoch(const struct qn_block *block)
{
    return (block->header.flags & QN_HEADER_EPOCH_END) != 0;
}

/* ---- timeout.c: rule 6 ---- */
void qn_timeout_try(struct qn_consensus *c);
void qn_nullify(struct qn_consensus *c, uint64_t view);
unsigned qn_live_count(const struct qn_consensus *c);

/* ---- resend.c ---- */
void qn_resend(struct qn_consensus *c, int to);
/* The finalization certificate of the highest view that has one; NULL if none is held. */
struct qn_buf *qn_latest_finalization(struct qn_consensus *c);
/* The certificate with which the current view was entered; NULL if none is held. */
struct qn_buf *qn_entry_certificate(struct qn_consensus *c);

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
