/* The inside of the checker. */
#ifndef QN_SIM_CHECKER_STATE_H
#define QN_SIM_CHECKER_STATE_H

#include "base/map.h"
#include "sim/checker.h"
#include "wire/vote.h"

enum {
    QN_SIM_HEIGHTS_MAX = 4096,
    QN_SIM_VOTE_VIEWS_MAX = 8192, /* (epoch, view) pairs that votes were seen of */
    QN_SIM_EPOCHS_MAX = 128,
    QN_SIM_ACKNOWLEDGED_MAX = 1024,
    QN_SIM_DIGESTS_MAX = 4, /* different blocks voted for in one view */
    QN_SIM_KINDS = 3,
};

/* What one member has voted in a view. */
struct qn_sim_member_votes {
    bool cast[QN_SIM_KINDS];
    bool durable[QN_SIM_KINDS];
    struct qn_hash digest[QN_SIM_KINDS];
    struct qn_hash durable_digest[QN_SIM_KINDS];
};

/* One view of one epoch. */
struct qn_sim_view_votes {
    uint64_t epoch;
    uint64_t view;
    struct qn_sim_member_votes members[QN_SIM_NODES_MAX]; /* by identity */
    /* Who voted for what, Byzantine ones included, as bits of identities. */
    uint32_t nullified;
    size_t digest_count;
    struct qn_hash digests[QN_SIM_DIGESTS_MAX];
    uint32_t notarized[QN_SIM_DIGESTS_MAX];
    uint32_t finalized[QN_SIM_DIGESTS_MAX];
};

struct qn_sim_acknowledged {
    struct qn_hash tx_id;
    uint64_t height;
};

struct qn_sim_checker {
    uint64_t height; /* of the chain */
    struct qn_buf *blocks[QN_SIM_HEIGHTS_MAX];
    struct qn_hash ids[QN_SIM_HEIGHTS_MAX];
    uint64_t epochs[QN_SIM_HEIGHTS_MAX]; /* of the block's own view */
    struct qn_storage reference_storage;
    struct qn_ledger *reference; /* executes every committed block by itself */

    uint64_t epoch; /* of the next block */
    struct qn_validator_set committees[QN_SIM_EPOCHS_MAX];

    struct qn_map view_index;
    size_t view_count;
    struct qn_sim_view_votes *views[QN_SIM_VOTE_VIEWS_MAX];

    size_t acknowledged_count;
    struct qn_sim_acknowledged acknowledged[QN_SIM_ACKNOWLEDGED_MAX];
    uint64_t nullifications;
};

/* ---- check_votes.c ---- */
/* The vote in a message; false if it carries none that its sender casts. */
struct qn_sim_vote {
    enum qn_vote_kind kind;
    uint64_t epoch;
    uint64_t view;
    struct qn_hash digest;
};
void qn_sim_check_vote(struct qn_sim *sim, struct qn_sim_host *host,
                       const struct qn_sim_vote *vote);
void qn_sim_count_vote(struct qn_sim *sim, const struct qn_sim_host *host,
                       const struct qn_sim_vote *vote);
bool qn_sim_vote_of(const struct qn_sim *sim, const struct qn_sim_host *host,
                    struct qn_sim_vote *vote, enum qn_message_kind kind, struct qn_span bytes);
/* Members that voted twice where one vote is allowed, as text for a failure. */
void qn_sim_culprits(const struct qn_sim *sim, char *text, size_t size, unsigned *count);

/* ---- check_chain.c ---- */
void qn_sim_check_chain(struct qn_sim *sim, struct qn_sim_host *host);

/* NULL: no honest node has come to that epoch yet. */
const struct qn_validator_set *qn_sim_committee(const struct qn_sim *sim, uint64_t epoch);

/* ---- check_light.c ---- */
void qn_sim_check_light_clients(struct qn_sim *sim, const struct qn_sim_host *host);

/* ---- check_cert.c ---- */
/* NULL, or what is wrong with it as a certificate of that committee. */
const char *qn_sim_cert_problem(const struct qn_sim *sim, struct qn_cert *cert,
                                struct qn_span bytes);

#endif
