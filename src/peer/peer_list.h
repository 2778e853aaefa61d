/* Peer list: the bounded set of peers that this node knows well enough to use, by region, each cold (known),
 * warm (a TLS session is kept, no socket) or hot (a live link). What is only heard of is in the address book.
 *
 * Pure state; memory follows from the limit per region and changes only with it. Who asks for a place in a
 * region that is at its limit gets one only if a cold peer that is worse gives way; hot ones never do. Members
 * of the committee, reserved peers and anchors have places of their own: no limit counts them.
 * Spec: DESIGN section 9, docs/peers.md. */
#ifndef QN_PEER_LIST_H
#define QN_PEER_LIST_H

#include "base/buf.h"
#include "crypto/hash.h"
#include "peer/coordinates.h"
#include "peer/net_address.h"
#include "peer/region_check.h"

enum qn_peer_state { QN_PEER_COLD, QN_PEER_WARM, QN_PEER_HOT, QN_PEER_STATE_COUNT };
/* "cold", "warm", "hot"; static. */
const char *qn_peer_state_name(enum qn_peer_state state);

enum qn_peer_flag {
    QN_PEER_INBOUND = 1U << 0,     /* the link was made by the peer; hot ones only */
    QN_PEER_DISCOURAGED = 1U << 1, /* by its faults: gives way first */
    QN_PEER_RESERVED = 1U << 2,    /* configured */
    QN_PEER_ANCHOR = 1U << 3,
    QN_PEER_COMMITTEE = 1U << 4,
    QN_PEER_HAS_ADDRESS_PLACE = 1U << 15, /* the list's own: found by its address */
};
enum { QN_PEER_EXEMPT = QN_PEER_RESERVED | QN_PEER_ANCHOR | QN_PEER_COMMITTEE };

#define QN_PEER_INDEX_UNKNOWN UINT64_MAX

/* The upper part is changed by the list's functions only; the owner writes the lower one as it measures. */
struct qn_peer_entry {
    struct qn_node_id id;
    struct qn_net_address address; /* port 0: none that is no DNS name */
    uint8_t region;                /* enum qn_region, declared */
    uint8_t state;                 /* enum qn_peer_state; COUNT: the slot is free */
    uint8_t verdict;               /* enum qn_region_verdict */
    uint8_t hops;                  /* that the record's announcement had passed */
    uint16_t flags;
    uint16_t next, previous;  /* of the same region and state; slot + 1, 0: none */
    uint32_t moved_s;         /* when it was last told to go, seconds; 0: never. The owner's. */
    struct qn_buf *record;    /* encoded signed record, a reference of the list's; NULL: none */
    uint64_t record_sequence; /* 0: no record */
    qn_time_us record_us;     /* when it was accepted */
    qn_time_us first_seen_us;
    qn_time_us state_us;  /* since when it is in its state */
    qn_time_us proven_us; /* when it last answered with its key at its address; 0: never */
    uint64_t link;        /* hot: its number, else 0 */

    uint64_t registry_index; /* QN_PEER_INDEX_UNKNOWN */
    qn_time_us heard_us;     /* last sign of life or news of it */
    uint32_t rtt_us;         /* smoothed; 0: not measured */
    uint32_t rtt_min_us;
    uint32_t rtt_jitter_us;
    uint32_t deliveries; /* announcements, and those of them that nobody had brought before; ... */
    uint32_t deliveries_first;         /* ... the owner lets them fade */
    struct qn_coordinates coordinates; /* as it says; error 0: none */
};
enum { QN_PEER_ENTRY_LEN_MAX = 200 };
_Static_assert(sizeof(struct qn_peer_entry) <= QN_PEER_ENTRY_LEN_MAX, "DESIGN section 12");

struct qn_peer_chain {
    uint16_t first, last; /* slot + 1; 0: empty */
};
struct qn_peer_index {
    uint16_t *cells; /* slot + 1; 0: free */
    size_t cell_count;
    uint64_t hash_key[2];
};

/* Owned by the caller; the fields belong to peer_list.c. */
struct qn_peer_list {
    size_t limit;    /* per region */
    size_t capacity; /* slots */
    size_t count;
    size_t exempt;
    size_t record_count;
    size_t record_bytes;
    bool verdicts_demanded[QN_REGION_COUNT];
    uint16_t free_first; /* slot + 1 */
    struct qn_peer_entry *entries;
    struct qn_peer_index by_id;
    struct qn_peer_index by_address;
    struct qn_peer_chain chains[QN_REGION_COUNT][QN_PEER_STATE_COUNT];
    size_t counts[QN_REGION_COUNT][QN_PEER_STATE_COUNT]; /* exempt ones among them */
    size_t counted[QN_REGION_COUNT];                     /* against the limit */
    size_t unverified[QN_REGION_COUNT];                  /* of counted: not VERIFIED */
};

/* How long a warm peer is: as a TLS session can be resumed. */
#define QN_PEER_WARM_LIFETIME QN_SECONDS(7200)

/* Begins with the smallest limit (peer_limits.h). The key hides where an id or address is kept. */
void qn_peer_list_init(struct qn_peer_list *list, uint64_t hash_key0, uint64_t hash_key1);
void qn_peer_list_fini(struct qn_peer_list *list);
/* 1..QN_PEERS_PER_REGION_MAX. Takes or gives back memory; entries move. Lowered, the worst cold peers go, then warm
 * ones; hot ones stay until their owner closes them and trims. */
void qn_peer_list_set_limit(struct qn_peer_list *list, size_t per_region, qn_time_us now);
/* While true, peers whose region is not VERIFIED hold at most a tenth of this region's places (one at least). Not
 * demanded of any at first. */
void qn_peer_list_demand_verdicts(struct qn_peer_list *list, enum qn_region region, bool demanded,
                                  qn_time_us now);
/* Lets those go that limits have no place for, worst first, never hot or exempt ones. To be called after links
 * ended and verdicts fell. Returns how many went. */
size_t qn_peer_list_trim(struct qn_peer_list *list, qn_time_us now);

/* What is learned of a peer. */
struct qn_peer_facts {
    struct qn_node_id id;
    enum qn_region region;
    enum qn_region_verdict verdict; /* UNKNOWN: what is held stays, unless the region changes */
    struct qn_net_address address;  /* port 0: unknown; what is held stays */
    uint64_t registry_index;        /* QN_PEER_INDEX_UNKNOWN: what is held stays */
    uint16_t flags;                 /* those of QN_PEER_EXEMPT are set as given, others ignored */
    uint64_t link;         /* a live link to it: it is hot; 0: none that was not known before */
    bool inbound;          /* of link */
    struct qn_buf *record; /* verified; NULL: none. The list takes a reference. */
    uint64_t record_sequence;
    uint8_t hops;
};
/* Adds a peer, or brings what is known of it up to date; *entry is it (NULL allowed).
 * QN_ERR_STALE  the record is not newer than the one held.
 * QN_ERR_FULL   no place: its region is at a limit and nobody there is worth less. Whoever has a link is worth more
 *               than all who have none.
 * On error the list is as before and *entry untouched. */
QN_MUST_USE enum qn_err qn_peer_list_put(struct qn_peer_list *list, struct qn_peer_entry **entry,
                                         const struct qn_peer_facts *facts, qn_time_us now);
/* NULL if unknown. Valid until the next put, remove, trim or change of a limit. */
struct qn_peer_entry *qn_peer_list_find(const struct qn_peer_list *list,
                                        const struct qn_node_id *id);
/* Who is at this address: of several that say so, who was proven there last, else who said so first. */
struct qn_peer_entry *qn_peer_list_find_address(const struct qn_peer_list *list,
                                                const struct qn_net_address *address);
/* True if it was there. */
bool qn_peer_list_remove(struct qn_peer_list *list, const struct qn_node_id *id);

/* link and inbound as in facts: for HOT only. */
void qn_peer_list_set_state(struct qn_peer_list *list, struct qn_peer_entry *entry,
                            enum qn_peer_state state, uint64_t link, bool inbound, qn_time_us now);
void qn_peer_list_set_verdict(struct qn_peer_list *list, struct qn_peer_entry *entry,
                              enum qn_region_verdict verdict);
/* Sets and clears flags. QN_ERR_FULL: no more than QN_PEERS_EXEMPT_MAX are exempt; nothing changed. */
QN_MUST_USE enum qn_err qn_peer_list_set_flags(struct qn_peer_list *list,
                                               struct qn_peer_entry *entry, uint16_t set,
                                               uint16_t clear);
/* It was dialled at this address and answered with its key. */
void qn_peer_list_set_proven(struct qn_peer_list *list, struct qn_peer_entry *entry,
                             const struct qn_net_address *address, qn_time_us now);

/* ---- reading ---- */
/* Those of one region and state, in the order in which they came into it; NULL: no more. */
struct qn_peer_entry *qn_peer_list_first(const struct qn_peer_list *list, enum qn_region region,
                                         enum qn_peer_state state);
struct qn_peer_entry *qn_peer_list_next(const struct qn_peer_list *list,
                                        const struct qn_peer_entry *entry);
/* Any: by slot, 0 to list->capacity - 1; NULL: a free one. */
struct qn_peer_entry *qn_peer_list_at(const struct qn_peer_list *list, size_t slot);
size_t qn_peer_list_count(const struct qn_peer_list *list, enum qn_region region,
                          enum qn_peer_state state);
/* Places of a region that peers without a verified region may hold. */
size_t qn_peer_list_unverified_max(const struct qn_peer_list *list);
/* Bytes taken: entries and both indexes. Records are shared buffers and not in it. */
size_t qn_peer_list_memory(const struct qn_peer_list *list);
/* The same of a list with this limit. */
size_t qn_peer_list_memory_of(size_t per_region);
/* Nothing is above a limit but what is hot, and all counts are what a recount gives. NULL, or what does not hold
 * (static text). Looks at everything: for tests and simulators. */
const char *qn_peer_list_invariant(const struct qn_peer_list *list);

#endif
