/* Peering: the whole peer layer as one object. It decides whom to dial, which links to hold and which to give up;
 * the daemon's core (node/) and the peer simulator (sim/peers) drive the very same code.
 *
 * Events come in by qn_peering_on_*, what is to be done comes out of them as verdicts and of qn_peering_poll as actions.
 * Pure, single-threaded; memory follows from the limits in the configuration. Spec: DESIGN section 9, docs/peers.md. */
#ifndef QN_PEERING_H
#define QN_PEERING_H

#include "base/metrics.h"
#include "peer/address_book.h"
#include "peer/admission.h"
#include "peer/dialer.h"
#include "peer/heard.h"
#include "peer/link_targets.h"
#include "peer/locator.h"
#include "peer/peer_limits.h"
#include "peer/sources.h"

struct qn_peering;

/* An address of somebody; without an id, whoever answers there. */
struct qn_peer_hint {
    bool has_id;
    struct qn_node_id id;
    struct qn_endpoint endpoint;
};

struct qn_peering_config {
    struct qn_node_id id; /* own */
    enum qn_region region;
    uint64_t seed; /* all chance and hash keys */
    struct qn_peer_budgets budgets;
    size_t reserved_count; /* peers that are always dialled, never evicted, and counted apart */
    const struct qn_peer_hint *reserved; /* copied; each with an id */
    bool has_ledger; /* the caller tells endpoints of the registry, once that source is open */
    bool unbalanced; /* no link is moved away, however many there are: for benchmarks */
    size_t dns_seed_count;     /* names that the caller can look up */
    bool has_lan;              /* the caller hears neighbours in the local network */
    struct qn_locator locator; /* whom it places elsewhere than they say is dialled after others */
    /* What a key is worth by the registry now. Asked during qn_peering_poll and on_*; never kept. */
    void *context;
    enum qn_standing (*standing)(void *context, const struct qn_node_id *id);
    /* May be NULL: nobody is. id NULL: not known yet. */
    bool (*is_banned)(void *context, const struct qn_node_id *id, const struct qn_endpoint *address,
                      bool outbound);
};

/* Heap. Owned by the caller. */
struct qn_peering *qn_peering_new(const struct qn_peering_config *config, qn_time_us now);
void qn_peering_free(struct qn_peering *peering);

/* Active entries of the registry: the size of the network, from which limits follow (peer_limits.h); to be told
 * once a second at least. True: the limit of a region changed. Links above a limit that fell are closed, the
 * youngest first. */
bool qn_peering_set_size(struct qn_peering *peering, uint64_t active, qn_time_us now);
/* The same by region, as far as the caller knows: what each region can give is shared by all (link_targets.h). */
void qn_peering_set_registered(struct qn_peering *peering,
                               const uint64_t registered[QN_REGION_COUNT]);
/* All bytes sent and received on links so far; once a second. The budget of bandwidth follows what links take. */
void qn_peering_on_traffic(struct qn_peering *peering, uint64_t bytes, qn_time_us now);
const struct qn_peer_limits *qn_peering_limits(const struct qn_peering *peering);
/* Live links wanted. */
const struct qn_link_targets *qn_peering_targets(const struct qn_peering *peering);
/* Members of the committee, own id among them or not; validators dial and hold all of them. */
void qn_peering_set_committee(struct qn_peering *peering, const struct qn_node_id *ids,
                              size_t count);

/* ---- what is known ---- */
/* Where somebody may be reached. Borrowed during the call. */
void qn_peering_heard(struct qn_peering *peering, const struct qn_heard *heard, qn_time_us now);
/* A link to this registered node is wanted for QN_LANDMARK_LINK: it measures us, or is asked. Limits hold for it
 * as for any other; if its region wants no more links by then it is closed. */
void qn_peering_want_landmark(struct qn_peering *peering, const struct qn_node_id *id,
                              enum qn_region region, const struct qn_endpoint *endpoint,
                              qn_time_us now);
/* Revoked, expired, replaced: dialled no more. */
void qn_peering_forget(struct qn_peering *peering, const struct qn_node_id *id);

/* The address book within, to be stored and restored. */
struct qn_book *qn_peering_book(struct qn_peering *peering);
/* Whom to dial first after a restart; done each minute, and to be done before the links are closed. */
void qn_peering_choose_anchors(struct qn_peering *peering, qn_time_us now);
/* Has the cold start come to this source? */
bool qn_peering_may_dial(const struct qn_peering *peering, enum qn_peer_source source);
/* True: this DNS seed is to be looked up now; what is found is heard as DNS. */
bool qn_peering_wants_lookup(struct qn_peering *peering, unsigned *seed, qn_time_us now);
/* True: the local network is to be asked now; who answers is heard as LAN. */
bool qn_peering_wants_neighbours(struct qn_peering *peering, qn_time_us now);
/* Independent sources that the live links come from, and how many a node in this network needs. */
size_t qn_peering_origins(const struct qn_peering *peering);
size_t qn_peering_origins_needed(const struct qn_peering *peering);

/* ---- links: numbers are the caller's, never 0, never reused ---- */
struct qn_peering_verdict {
    enum qn_admission_limit limit; /* NONE: admitted */
    uint64_t evict;                /* this link is to be closed to make place (FULL); 0: none */
};
/* Somebody connected: before any work for it. If admitted it is half-open until on_up or on_down. */
struct qn_peering_verdict qn_peering_on_inbound(struct qn_peering *peering, uint64_t link,
                                                const struct qn_endpoint *remote, qn_time_us now);
struct qn_peering_up {
    uint64_t link;
    uint64_t dial; /* 0: inbound */
    struct qn_node_id id;
    struct qn_endpoint remote;
    enum qn_standing standing;
    enum qn_region region; /* as the registry has it; the own one if it does not */
};
/* The key is known. If refused the link is forgotten here. */
struct qn_peering_verdict qn_peering_on_up(struct qn_peering *peering,
                                           const struct qn_peering_up *up, qn_time_us now);
/* HELLO is done and no twin of the link stays: it is hot from now on. */
void qn_peering_on_live(struct qn_peering *peering, uint64_t link, qn_time_us now);
/* The other end says that it has no place for us (no_free_slot); on_down follows. */
void qn_peering_on_full(struct qn_peering *peering, uint64_t link);
/* Whoever closed it, in whatever state; unknown links are ignored. */
void qn_peering_on_down(struct qn_peering *peering, uint64_t link, qn_time_us now);
void qn_peering_on_dial_failed(struct qn_peering *peering, uint64_t dial, qn_time_us now);
/* The registry judged its key anew, or it moved. */
void qn_peering_set_standing(struct qn_peering *peering, uint64_t link, enum qn_standing standing,
                             enum qn_region region);

/* ---- what was measured; and the load of links: peering_balance.h ---- */
void qn_peering_on_rtt(struct qn_peering *peering, uint64_t link, uint32_t rtt_us, qn_time_us now);
/* It delivered an announcement; first: nobody had before. */
void qn_peering_on_delivery(struct qn_peering *peering, uint64_t link, bool first, qn_time_us now);

/* ---- what is to be done ---- */
enum qn_peering_action_kind {
    QN_PEERING_DIAL,
    QN_PEERING_CLOSE,    /* on_down follows from the caller */
    QN_PEERING_REDIRECT, /* likewise, but first its peer is told of others (CLOSE_FULL) */
    QN_PEERING_PROBE,    /* ping it now, and closely until it answers (peering_alarm.h) */
};
struct qn_peering_action {
    enum qn_peering_action_kind kind;
    union {
        struct {
            uint64_t dial; /* on_up or on_dial_failed follows */
            enum qn_dial_purpose purpose;
            struct qn_endpoint endpoint;
            bool has_id;
            struct qn_node_id id;
        } dial;
        struct {
            uint64_t link;
            enum qn_close_reason reason;
        } close;
        struct {
            uint64_t link;
            enum qn_region region; /* of its peer */
        } redirect;
        struct {
            uint64_t link;
        } probe;
    };
};
enum { QN_PEERING_ACTIONS_MAX = 64 };
struct qn_peering_actions {
    size_t count;
    struct qn_peering_action items[QN_PEERING_ACTIONS_MAX];
};
/* To be called at least every 100 ms; replaces what actions held. What finds no place comes with the next. */
void qn_peering_poll(struct qn_peering *peering, struct qn_peering_actions *actions,
                     qn_time_us now);

/* ---- reading ---- */
struct qn_peering_counts {
    size_t links;      /* held, half-open ones not counted */
    size_t live;       /* HELLO done */
    size_t half_open;  /* inbound, key not known */
    size_t privileged; /* of links: committee, genesis, reserved; limits do not count them */
    size_t unregistered;
    size_t region[QN_REGION_COUNT];     /* of links, privileged and unregistered ones not counted */
    size_t hot[QN_REGION_COUNT];        /* live ones, all but unregistered inbound ones */
    size_t outbound[QN_REGION_COUNT];   /* of region: those that we dialled */
    size_t unverified[QN_REGION_COUNT]; /* of region: without a verdict that they are there */
    uint64_t refused[QN_ADMISSION_COUNT];
    uint64_t evicted;
    uint64_t dials;
};
const struct qn_peering_counts *qn_peering_counts(const struct qn_peering *peering);
/* The live link to this peer; 0: none. */
uint64_t qn_peering_link_to(const struct qn_peering *peering, const struct qn_node_id *id);
/* Links it has places for with this links_max: privileged and half-open ones come on top of it. */
size_t qn_peering_capacity(size_t links_max);
void qn_peering_collect(const struct qn_peering *peering, const struct qn_metric_sink *sink);
/* NULL, or which limit is passed or count wrong (static text). Looks at all: for tests and simulators. */
const char *qn_peering_invariant(const struct qn_peering *peering);

#endif
