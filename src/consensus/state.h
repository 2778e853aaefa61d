/* The inside of qn_consensus, shared by the files of this folder only: one protocol rule per file,
 * all of them working on this one struct (docs/consensus.md names the file of each rule).
 *
 * now and out are those of the event under way; no function here outlives it. */
#ifndef QN_CONSENSUS_STATE_H
#define QN_CONSENSUS_STATE_H

#include "consensus/mutant.h"
#include "consensus/slots.h"
#include "consensus/votes.h"

struct qn_validator_state {
    bool linked;
    uint64_t view; /* as it last said */
    uint64_t final_height;
    uint64_t ceiling;     /* carried past this view: it casts no vote up to it */
    qn_time_us carry_at;  /* not before: believing another ceiling */
    qn_time_us help_at;   /* not before: certificates to one who lags */
    qn_time_us status_at; /* not before: our status to one who is ahead */
    qn_time_us answers_at;
    unsigned answers;
    bool convicted; /* evidence of its equivocation was told */

    /* Its answer to our RECOVER, its signature verified. The first one of a validator that kept its
     * memory stays: later claims would only make us wait for what came after it. */
    enum qn_recover_state recover_state; /* 0: none yet */
    uint64_t recover_view;
    bool recover_knows;                     /* an earlier life of ours */
    struct qn_recover_check *recover_check; /* being verified; NULL: none */
    /* Its RECOVER to us. */
    bool recover_asked;
    uint64_t recover_nonce;                 /* of its first one */
    qn_time_us recover_at;                  /* not before: answering again */
    struct qn_recover_draft *recover_draft; /* the answer being signed; NULL: none */
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
    bool ended;            /* the last block of the epoch is final: nothing is voted on any more */
    enum qn_memory memory; /* what was said at the start, or LOST since the log proved to lie */
    bool joining;          /* not enough others have said where they are */
    bool asking;           /* sends RECOVER to those who have not answered */
    bool lied;             /* the log lacked a vote of ours */
    bool recovered;        /* see qn_consensus_head */
    uint64_t recover_ceiling; /* where it is set */
    bool too_many_lost;       /* said in the log */
    uint64_t nonce;
    qn_time_us ask_at;
    qn_time_us ask_interval;
    qn_time_us wait_until; /* INTACT: votes from then on, whoever has answered */
    uint64_t log_view;     /* newest of the log at the start, or the final view then */
    uint64_t log_ceiling;  /* as the log said */
    uint64_t voted_view;   /* newest in which this object cast a vote */
    uint64_t recover_serial;
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
    qn_time_us sync_at; /* 0: nothing final is missing */
    qn_time_us sync_interval;

    uint64_t build_cookie; /* 0: no build under way */
    uint64_t build_parent_view;
    qn_time_us build_at; /* not before that: the last one failed */
    uint64_t cookie;     /* of the last BUILD or CHECK */

    struct qn_view_slot slots[QN_CONSENSUS_RING];
    struct qn_vote_view votes[QN_CONSENSUS_VOTE_VIEWS];
    struct qn_cert_job cert_jobs[QN_CONSENSUS_CERT_JOBS];
    struct qn_verify verify;
    struct qn_validator_state *peers; /* n */

    struct qn_vote_proof proofs[QN_CONSENSUS_PROOFS];

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

#include "consensus/rules.h"

#endif
