/* The inside of peering, shared by the files peering*.c only. */
#ifndef QN_PEERING_STATE_H
#define QN_PEERING_STATE_H

#include "base/limits.h"
#include "peer/eviction.h"
#include "peer/peering.h"
#include "peer/peering_alarm_state.h"
#include "peer/peering_balance.h"
#include "peer/peering_lan.h"
#include "peer/peering_own.h"
#include "peer/region_check.h"

/* Up to this size a network is one neighbourhood: everybody dials the genesis nodes. Beyond it only who holds
 * fewer links than that. */
enum { QN_SMALL_NETWORK = 100, QN_BOOTSTRAP_BELOW = 4 };

enum qn_peering_link_state { QN_PEERING_HALF_OPEN, QN_PEERING_UP, QN_PEERING_LIVE };

struct qn_peering_link {
    uint64_t link; /* 0: free place */
    enum qn_peering_link_state state;
    bool outbound;
    bool for_landmark; /* dialled as one: closed after QN_LANDMARK_LINK if nothing else wants it */
    bool privileged;   /* of the committee, a genesis node or reserved: no limit counts it */
    bool has_address;
    bool from_hint; /* dialled at an address of which no identity was known */
    bool is_feeler; /* only to see whether the address is good: closed when it is live */
    bool leaves;    /* it ends by somebody's will */
    enum qn_standing standing;
    enum qn_region region;
    enum qn_region_verdict verdict; /* on that region */
    uint32_t rtt_min_us;            /* 0: not measured */
    uint32_t deliveries;            /* announcements that it brought first */
    qn_time_us since_us;            /* of its state HALF_OPEN, or since the key is known */
    qn_time_us delivered_us;        /* the last first delivery; 0: none */
    struct qn_peering_measured measured;
    uint64_t origin; /* who told of it (peering_book.c); 0: nobody but itself */
    struct qn_net_address address;
    struct qn_node_id id;
};

/* An address of a source that the cold start has not come to. */
struct qn_peering_hint {
    enum qn_heard_from from;
    bool has_id;
    uint8_t endpoint_count;
    enum qn_region region;
    qn_time_us wait_us;
    struct qn_node_id id;
    struct qn_endpoint endpoints[QN_ENDPOINTS_MAX];
};
enum { QN_PEERING_HINTS_MAX = 256 };

/* ---- peering_book.c ---- */
struct qn_peering_memory {
    struct qn_book book;
    struct qn_sources sources;
    unsigned open;                 /* sources, one bit each */
    struct qn_peering_hint *hints; /* QN_PEERING_HINTS_MAX */
    size_t hint_count;
    qn_time_us next_us;
    qn_time_us next_anchors_us;
    qn_time_us next_feeler_us;
    qn_time_us next_lookup_us;
    unsigned next_seed;
    unsigned lookup_rounds;
};

struct qn_peering {
    struct qn_peering_config config;
    struct qn_peer_hint *reserved;
    struct qn_rng rng;
    uint64_t group_key[2];
    struct qn_admission admission;
    struct qn_dialer dialer;
    struct qn_peering_memory memory;
    struct qn_peering_lan lan;
    struct qn_peering_alarm alarm;

    struct qn_peering_link *links; /* capacity places */
    size_t capacity;
    size_t place_end; /* no place from here on was ever used */
    uint32_t *free_places;
    size_t free_count;
    struct qn_map by_link;                /* number, padded -> place */
    struct qn_map by_id;                  /* of live links: id -> place */
    uint32_t half_open[QN_HALF_OPEN_MAX]; /* places, in no order */
    struct qn_peering_counts counts;
    size_t links_allowed; /* what limits allow, or more right after they fell: */
    size_t unverified_allowed[QN_REGION_COUNT];
    bool verdicts_demanded[QN_REGION_COUNT];
    size_t region_allowed[QN_REGION_COUNT]; /* poll brings the links down to it */
    struct qn_rate evictions;
    struct qn_rate turnover; /* of them, those that make the networks we know no more diverse */
    qn_time_us landmarks_us; /* when links to landmarks are looked at next */
    /* Scratch of one call: capacity places, each for this or a qn_balance_peer. */
    struct qn_eviction_candidate *candidates;
    struct qn_peering_balance balance;

    uint64_t active; /* size of the network */
    struct qn_peer_limits limits;
    size_t links_max;                     /* by them, privileged links not counted */
    size_t region_max;                    /* the same of one region */
    uint64_t registered[QN_REGION_COUNT]; /* active entries; all 0: not told */
    uint16_t luck[QN_REGION_COUNT];
    struct qn_link_targets targets;
    qn_time_us full_until_us[QN_REGION_COUNT]; /* all known there were full: no link is wanted */
    size_t committee_count;
    struct qn_node_id committee[QN_VALIDATORS_MAX];
    bool is_member; /* of the committee, ourselves */
    struct qn_own_endpoints own;
};

/* ---- peering.c ---- */
/* Heard, and its source is open. */
void qn_peering_heard_now(struct qn_peering *peering, const struct qn_heard *heard, qn_time_us now);

/* ---- peering_book.c ---- */
void qn_peering_book_init(struct qn_peering *peering, qn_time_us now);
void qn_peering_book_fini(struct qn_peering *peering);
/* True: kept until its source is open. */
bool qn_peering_book_parks(struct qn_peering *peering, const struct qn_heard *heard);
/* True: the book has it, and gives it to the dialer when it is wanted. */
bool qn_peering_book_takes(struct qn_peering *peering, const struct qn_heard *heard,
                           qn_time_us now);
void qn_peering_book_on_dial(struct qn_peering *peering, const struct qn_dial_target *target,
                             qn_time_us now);
/* Before the dialer hears of it. */
void qn_peering_book_on_dial_failed(struct qn_peering *peering, uint64_t dial, qn_time_us now);
/* target: of the dial that led to it, before its id was known; NULL: inbound. */
void qn_peering_book_on_up(struct qn_peering_link *link, const struct qn_dial_target *target);
const struct qn_dial_target *qn_peering_under_way(const struct qn_peering *peering, uint64_t dial);
void qn_peering_book_on_live(struct qn_peering *peering, struct qn_peering_link *link,
                             qn_time_us now);
/* What its key is worth, or may, has changed. */
void qn_peering_book_on_standing(const struct qn_peering *peering, struct qn_peering_link *link);
/* wanted: as for the dialer. */
void qn_peering_book_poll(struct qn_peering *peering, unsigned wanted, qn_time_us now);

/* ---- peering_links.c ---- */
struct qn_peering_link *qn_peering_find(const struct qn_peering *peering, uint64_t link);
/* Adds it to the counts, or takes it off, as it is now: around every change of what it counts as. */
void qn_peering_count(struct qn_peering_counts *counts, const struct qn_peering_link *link,
                      bool add);
/* Of the committee. */
bool qn_peering_is_member(const struct qn_peering *peering, const struct qn_node_id *id);
bool qn_peering_is_privileged(const struct qn_peering *peering, const struct qn_node_id *id,
                              enum qn_standing standing);
/* The privileges, or limits, changed: what is above them now is allowed until poll has closed it. */
void qn_peering_allow_excess(struct qn_peering *peering);
bool qn_peering_is_banned(const struct qn_peering *peering, const struct qn_node_id *id,
                          const struct qn_endpoint *address, bool outbound);
/* Links not privileged, all states but HALF_OPEN. */
size_t qn_peering_limited(const struct qn_peering *peering);

/* ---- peering_verdicts.c ---- */
bool qn_peering_is_unverified(const struct qn_peering_link *link);
size_t qn_peering_unverified_max(const struct qn_peering *peering, size_t region);
/* The youngest link that counts as unverified to a peer that is not where it says; 0: none. */
uint64_t qn_peering_refuted(const struct qn_peering *peering, enum qn_region region);

/* ---- peering_poll.c ---- */
/* Is there a place for one more link that we dial? */
bool qn_peering_has_room(const struct qn_peering *peering);
/* Links that the dialer may make in a region, those under way among them. */
size_t qn_peering_missing(const struct qn_peering *peering, size_t region);
/* NULL: actions is full. */
struct qn_peering_action *qn_peering_act(struct qn_peering_actions *actions,
                                         enum qn_peering_action_kind kind);

/* ---- peering_landmark.c ---- */
bool qn_peering_is_wanted_landmark(const struct qn_peering *peering,
                                   const struct qn_peering_up *up);
void qn_peering_end_landmarks(struct qn_peering *peering, struct qn_peering_actions *actions,
                              qn_time_us now);

#endif
