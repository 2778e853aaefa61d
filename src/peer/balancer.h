/* Load balancer: once a second, which hot peers give way and where one more is wanted.
 *
 * The rule (DESIGN section 9): a region that is full, or a busy processor, above 85 % for 3 ticks sheds;
 * a region with both below 50 % for 10 ticks grows. A tick moves at most 2 % of the hot peers (rounded up, so
 * at least one), and whoever was moved rests for 300 s; a region that shed grows no sooner either. 4 hot peers
 * a region stay where they exist, no region gets more than 40 % of the places. Anchors, reserved peers, the
 * committee and the best deliverers stay.
 *
 * Pure; no fini: holds nothing but its own bytes. The caller ticks it once a second and does what it says. */
#ifndef QN_BALANCER_H
#define QN_BALANCER_H

#include "crypto/hash.h"
#include "wire/types.h"

enum {
    QN_BALANCE_HIGH_PERCENT = 85,
    QN_BALANCE_HIGH_TICKS = 3,
    QN_BALANCE_LOW_PERCENT = 50,
    QN_BALANCE_LOW_TICKS = 10,
    QN_BALANCE_MOVE_PERCENT = 2,    /* of the hot peers, a tick */
    QN_BALANCE_MOVES_MAX = 64,      /* a tick, whatever the percentage gives */
    QN_BALANCE_REGION_HOT_MIN = 4,  /* hot peers of a region, where they exist */
    QN_BALANCE_REGION_PERCENT = 40, /* of the node's places, in one region */
    QN_BALANCE_BEST_STAY = 4,       /* best deliverers of a region */
    QN_BALANCE_HISTORY = 64,        /* last moves that are kept */
    QN_MOVE_TEXT_SIZE = 160,
};
#define QN_BALANCE_TICK QN_SECONDS(1)
#define QN_BALANCE_COOL_DOWN QN_SECONDS(300)

/* One hot peer, as measured. */
struct qn_balance_peer {
    const struct qn_node_id *id; /* valid during the tick */
    uint64_t link;
    enum qn_region region;
    bool outbound;
    bool stays; /* anchor, reserved or committee: never moved, takes no place of its region */
    qn_time_us moved_us; /* when the balancer last moved it, hot or not; 0: never */
    uint32_t rtt_min_us;
    uint32_t rtt_us; /* smoothed; 0: not measured yet */
    uint32_t jitter_us;
    uint32_t queued_bytes;    /* waiting to be sent to it */
    uint32_t goodput;         /* bytes a second, both ways */
    uint32_t delivered_first; /* announcements a minute that it was the first to bring */
};

struct qn_balance_region {
    uint32_t places;     /* hot peers it may have, as qn_balance_places gives them */
    uint32_t candidates; /* known, not hot, not resting: could be dialled */
    uint32_t coming;     /* dials under way */
    uint32_t
        cpu_percent; /* of one core, spent on its links: all regions together are the loop's share */
};

struct qn_balance_input {
    struct qn_balance_peer *peers; /* whoever is moved gets moved_us = now */
    size_t peer_count;
    struct qn_balance_region regions[QN_REGION_COUNT];
};

enum qn_move_kind {
    QN_MOVE_REST,     /* an outbound peer becomes warm: its link closes, its session is kept */
    QN_MOVE_REDIRECT, /* an inbound peer is told of others and let go */
    QN_MOVE_WANT,     /* one more peer of this region is wanted hot; no peer is named */
    QN_MOVE_KIND_COUNT,
};
enum qn_move_reason {
    QN_MOVE_REGION_FULL, /* more than 85 % of the region's places are taken */
    QN_MOVE_BUSY,        /* the loop takes more than 85 % of a core */
    QN_MOVE_REGION_LOW,  /* less than 50 % of them, and the loop has time */
    QN_MOVE_REGION_MIN,  /* fewer than 4 hot peers in it */
    QN_MOVE_REASON_COUNT,
};
/* "redirect", "region_full"; static. */
const char *qn_move_kind_name(enum qn_move_kind kind);
const char *qn_move_reason_name(enum qn_move_reason reason);

struct qn_move {
    qn_time_us at_us;
    enum qn_move_kind kind;
    enum qn_move_reason reason;
    enum qn_region region;
    uint64_t link;        /* not of a WANT */
    struct qn_node_id id; /* not of a WANT */
    uint32_t percent;     /* the load that was the reason */
    uint32_t rtt_us;
    uint32_t queued_bytes;
};
/* One sentence for people; text holds QN_MOVE_TEXT_SIZE. Returns text. */
const char *qn_move_text(char *text, const struct qn_move *move);

/* What one tick decided. */
struct qn_moves {
    size_t count;
    struct qn_move items[QN_BALANCE_MOVES_MAX];
};

/* How long a load has been too high or too low. */
struct qn_balance_watch {
    uint32_t percent; /* at the last tick */
    unsigned high;    /* ticks in a row above 85 % */
    unsigned low;     /* ticks in a row below 50 % */
};

struct qn_balancer {
    struct qn_balance_watch fill[QN_REGION_COUNT]; /* low: of fill and busy, the larger one */
    struct qn_balance_watch busy;
    uint32_t hot[QN_REGION_COUNT];       /* at the last tick, those included that stay */
    qn_time_us shed_us[QN_REGION_COUNT]; /* when it last gave a peer up; 0: never */
    uint64_t counters[QN_MOVE_KIND_COUNT][QN_MOVE_REASON_COUNT];
    uint64_t history_count; /* moves ever; the last QN_BALANCE_HISTORY of them are held */
    struct qn_move history[QN_BALANCE_HISTORY];
};

void qn_balancer_init(struct qn_balancer *balancer);
/* To be called once a second. Replaces *moves. */
void qn_balancer_tick(struct qn_balancer *balancer, struct qn_moves *moves,
                      struct qn_balance_input *input, qn_time_us now);
/* The move before the last `back` ones (0: the last one); NULL if it is not held. */
const struct qn_move *qn_balancer_last(const struct qn_balancer *balancer, size_t back);

/* Places of a region: its limit, but at most 40 % of all places of the node, which are at least 4. */
uint32_t qn_balance_places(uint32_t region_limit, uint32_t node_places);
/* Was the peer moved so recently that it may not be moved again, nor dialled for a WANT? */
bool qn_balance_is_resting(qn_time_us moved_us, qn_time_us now);

#endif
