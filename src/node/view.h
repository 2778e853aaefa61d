/* Reading a node between steps: what the API, the metrics and the tests show. Nothing here changes it. */
#ifndef QN_NODE_VIEW_H
#define QN_NODE_VIEW_H

#include "base/metrics.h"
#include "ledger/ledger.h"
#include "node/node.h"
#include "node/reach.h"
#include "peer/balancer.h"
#include "peer/bans.h"
#include "peer/peer_limits.h"
#include "peer/peer_worth.h"

/* How far this node is with catching up. */
struct qn_node_sync {
    enum qn_sync_phase { QN_SYNC_DONE, QN_SYNC_BLOCKS, QN_SYNC_SNAPSHOT } phase;
    uint64_t height;      /* that the phase began from: the ledger's */
    uint64_t target;      /* that it ends at: the checkpoint's, or the highest that a peer claims */
    uint64_t chunks_done; /* SNAPSHOT, else 0; all of them: the ledger is being replaced */
    uint64_t chunks_total;
    uint64_t bytes;   /* received in chunks */
    unsigned sources; /* linked peers that it may be had from */
};

struct qn_node_status {
    struct qn_node_id id;
    struct qn_network_id network;
    char network_name[QN_NETWORK_NAME_LEN_MAX + 1];
    char activation_policy[QN_ACTIVATION_POLICY_TEXT_SIZE];
    unsigned bootstrap_id; /* 0: none */
    enum qn_region region;
    uint32_t roles;
    bool registered;         /* own entry is in the registry and usable */
    uint64_t registry_index; /* valid if registered */
    uint64_t height;
    struct qn_hash head_id;
    struct qn_hash state_root;
    qn_unix_ms head_time_ms;
    struct qn_node_sync sync;
    uint64_t target_height; /* highest head that a linked peer claims */
    uint64_t registry_entries;
    uint64_t registry_active;
    size_t links; /* live, HELLO done */
    size_t links_unregistered;
    size_t peers_known;                    /* peer records held, own not counted */
    qn_time_us silent_us[QN_REGION_COUNT]; /* regions that are missed, since when; 0: not */
    bool cut_off;                          /* this node, from every other region */
    size_t mempool;
    bool durable;
    bool is_validator;
    bool consensus_started;
    uint64_t epoch; /* of the committee that votes on the next block */
    uint64_t view;  /* validators only, else 0 */
    unsigned validators;
    unsigned validators_live; /* linked, self included if a validator */
    unsigned quorum;
    qn_time_us uptime_us;
    struct qn_reach reach;                   /* what others are told */
    struct qn_own_host seen[QN_IP_FAMILIES]; /* by peers */
};
void qn_node_status(const struct qn_node *node, struct qn_node_status *status, qn_time_us now);

/* What is missing before the node is ready, one precise line each ("consensus halted: 3 of 5 validators
 * live, 4 needed"). Returns how many lines; 0 = ready. */
enum { QN_READY_LINES_MAX = 9 };
struct qn_ready_line {
    char name[32]; /* "quorum", "links", "sync", "registration", "start_gate", "halted" */
    char text[QN_TEXT_LEN_MAX + 1];
};
size_t qn_node_missing(const struct qn_node *node, struct qn_ready_line lines[QN_READY_LINES_MAX],
                       qn_time_us now, qn_unix_ms unix_ms);

/* Why this node takes no further part, for people; NULL: it does. */
const char *qn_node_halted(const struct qn_node *node);

/* A peer: somebody of the peer list, or who is linked, or both. */
struct qn_node_peer {
    struct qn_node_id id;
    enum qn_peer_state state;
    enum qn_region_verdict verdict;
    bool has_region_hint; /* a database of addresses places it: */
    enum qn_region region_hint;
    qn_time_us first_seen_us;
    unsigned held_for; /* bits of enum qn_peer_reason */
    bool has_record;
    uint64_t record_sequence;
    uint8_t endpoint_count;
    struct qn_endpoint endpoints[QN_ENDPOINTS_MAX];
    enum qn_region region;
    uint32_t roles;
    char software[QN_SOFTWARE_LEN_MAX + 1];
    qn_time_us learned_us; /* monotonic: when the record that is held was accepted */
    uint8_t hops;          /* that its announcement had passed */
    bool linked;
    bool outbound;
    bool registered; /* of a link: verified against the registry or a genesis pin */
    bool genesis;
    uint32_t version; /* of the protocol on this link */
    struct qn_endpoint remote;
    uint64_t head_height; /* last told by the peer */
    uint32_t rtt_us;      /* smoothed; 0: not measured yet */
    uint32_t rtt_min_us;
    qn_time_us linked_since_us;
};
enum { QN_NODE_PEERS_MAX = QN_KNOWN_PEERS_MAX + QN_LINKS_MAX }; /* that are shown */
/* How many there are. */
size_t qn_node_peer_count(const struct qn_node *node);
/* All of them, capacity at most; those of the list first. Returns how many. */
size_t qn_node_peers(const struct qn_node *node, struct qn_node_peer *peers, size_t capacity);

/* What limits the peers of this node, and what there is of them. */
struct qn_node_limits {
    struct qn_peer_limits limits;
    size_t counts[QN_REGION_COUNT][QN_PEER_STATE_COUNT];
    size_t counted[QN_REGION_COUNT]; /* of them, against the limit of the region */
    size_t exempt;
    size_t list_bytes;
    size_t record_bytes;
    size_t links; /* live */
};
void qn_node_limits(const struct qn_node *node, struct qn_node_limits *limits);

/* The encoded signed record (wire/announce.h) held of this id, own included; empty if none. Valid until
 * the next step. */
struct qn_span qn_node_record(const struct qn_node *node, const struct qn_node_id *id);

struct qn_node_region {
    size_t registered; /* active registry entries that declare it */
    size_t known;      /* peers of the list */
    size_t verified;   /* of them, by measured round trips */
    size_t linked;
    uint32_t rtt_us_min; /* over linked peers; 0: none */
    uint32_t rtt_us_median;
    /* The balancer's, as of its last second. */
    uint32_t places;
    uint32_t fill_percent; /* of them taken; those who always stay take none */
    uint32_t cpu_percent;
    uint64_t queued_bytes;
    unsigned ticks_high; /* seconds above, and below, what is acted upon */
    unsigned ticks_low;
    bool alarm; /* linked before, and silent now */
};
void qn_node_regions(const struct qn_node *node, struct qn_node_region regions[QN_REGION_COUNT]);

struct qn_node_balance {
    uint32_t cpu_percent;
    uint64_t moved; /* ever; moves holds the last, newest first */
    size_t move_count;
    struct qn_move moves[QN_BALANCE_HISTORY];
};
void qn_node_balance(const struct qn_node *node, struct qn_node_balance *balance);

/* The bans that run, an operator's first; QN_BANS_LIST_MAX are all. Returns how many were written. */
size_t qn_node_bans(const struct qn_node *node, struct qn_ban *bans, size_t bans_max,
                    qn_time_us now, qn_unix_ms unix_ms);

/* The committee that votes on the next block; valid until the next step. */
const struct qn_validator_set *qn_node_committee(const struct qn_node *node);

/* A motion (wire/transaction.h) of this epoch that is neither in effect nor expired, as far as this node has
 * seen the blocks that brought it. */
struct qn_node_motion {
    struct qn_hash id;     /* qn_tx_motion_hash */
    uint64_t height;       /* of the block that brought it first */
    qn_unix_ms expires_ms; /* not approved until then: it is void */
    struct qn_span tx;     /* its first transaction; valid until the next step */
    size_t approval_count;
    uint8_t
        approvals[(QN_VALIDATORS_MAX + 7) / 8]; /* bit i, from the least significant of byte 0 on:
                                                       validator i of the committee */
};
enum { QN_NODE_MOTIONS_MAX = 128 };
size_t qn_node_motion_count(const struct qn_node *node);
/* index below the count. */
void qn_node_motion_at(const struct qn_node *node, size_t index, struct qn_node_motion *motion);

const struct qn_ledger *qn_node_ledger(const struct qn_node *node);

/* Durations this node measured itself; see qn_samples. */
enum qn_node_timing {
    QN_TIMING_VERIFY,        /* peer verification, us: signature of its record + registry look-up */
    QN_TIMING_HANDSHAKE,     /* TLS handshake, wall us */
    QN_TIMING_HANDSHAKE_CPU, /* own side's CPU in it, us */
    QN_TIMING_REGISTER,      /* own registration, submit to final, us */
    QN_TIMING_SUBMIT,        /* transactions handed to this node: submit to final, us */
    QN_TIMING_COUNT,
};
const char *qn_node_timing_name(enum qn_node_timing timing); /* "verify_us" */
const struct qn_samples *qn_node_samples(const struct qn_node *node, enum qn_node_timing timing);

/* The peer layer: valid until the next step. */
const struct qn_peering *qn_node_peering(const struct qn_node *node);

void qn_node_collect(const struct qn_node *node, const struct qn_metric_sink *sink);

#endif
