/* A network of light nodes with a few whole ones in it: those run qn_peering, the very object that the
 * daemon runs, under virtual time. Links exist only where a whole node is at one end at least.
 *
 * Light nodes have no will of their own: they do what whole nodes do. Whenever a whole node dials a light
 * one, some light node of the same region dials a whole one of the region dialled, and likewise when it
 * gives such a link up; so whole nodes meet, in the mean, what they would meet among as many of their kind.
 * One seed decides everything. Single-threaded. */
#ifndef QN_PEERS_WORLD_H
#define QN_PEERS_WORLD_H

#include "peer/peering.h"
#include "peer/peering_alarm.h"
#include "peer/peering_balance.h"
#include "sim/peers/crowd.h"
#include "sim/peers/report.h"
#include "sim/peers/timeline.h"

enum {
    QN_PEERS_GENESIS = 5,         /* node numbers below: pinned, in the committee */
    QN_PEERS_LINKS_MAX = 1 << 20, /* at any one time */
    QN_PEERS_LIGHT = -1,
};
#define QN_PEERS_STEP QN_MS(100)

struct qn_peers_host {
    uint32_t node;
    struct qn_peering *peering; /* NULL: it does not run */
    uint32_t life;              /* counts its starts: what was meant for an earlier one is void */
    qn_time_us started;
    size_t link_count;
    size_t link_capacity;
    uint32_t *links; /* slots */
    uint64_t dials;
    uint64_t handshakes; /* in which this node did its part, whatever became of the link */
    uint64_t alarms;     /* of this life, as counted below */
    bool touched;        /* in this step */
};

struct qn_peers_link {
    uint64_t id;          /* 0: free */
    uint64_t dial;        /* of the whole node that dialled */
    uint32_t node[2];     /* who dialled, who answered */
    int32_t host[2];      /* QN_PEERS_LIGHT */
    uint32_t life[2];     /* of the hosts, when it began */
    uint32_t position[2]; /* among its host's */
    uint32_t rtt_us;      /* the shortest */
    bool stalls;          /* who dialled says nothing */
    bool silent;          /* no packet passes any more; the ends have yet to notice */
    bool probed[2];       /* this end has asked since */
    bool open[2];         /* held at this end */
    bool live[2];         /* HELLO is done */
    bool doomed[2];       /* that it is over is on its way there */
    bool is_full;         /* the one that answered has no place for it, and says so */
    bool over[2];         /* nothing happens at this end any more */
};

/* Kinds of events in the timeline. */
enum qn_peers_event {
    QN_PEERS_ARRIVES, /* a dial, at the other end */
    QN_PEERS_REFUSED, /* it came to nothing */
    QN_PEERS_UP,      /* the key is known at this end */
    QN_PEERS_LIVE,
    QN_PEERS_DOWN,
    QN_PEERS_ANSWERS, /* a ping */
    QN_PEERS_LIGHT_DIALS,
    QN_PEERS_STARTS,
};

struct qn_peers_world;
/* What a scenario changes about the world; each may be NULL. */
struct qn_peers_rules {
    void *context;
    /* Can packets go from one to the other? */
    bool (*reachable)(void *context, uint32_t from, uint32_t to);
    /* Whose key answers at the address of this node. */
    uint32_t (*answers)(void *context, uint32_t node);
    /* Whom this peer names when it is asked for news. */
    uint32_t (*named)(void *context, struct qn_peers_world *world, uint32_t by);
    /* What a host is told of its links each second: fills in queued_bytes and bytes of one, and returns the share of
     * a core that its loop takes, in percent. NULL: it is told nothing. */
    uint32_t (*load)(void *context, struct qn_peers_world *world, size_t host,
                     struct qn_link_load *link);
    /* After each step. */
    void (*after_step)(void *context, struct qn_peers_world *world);
};

struct qn_peers_plan {
    struct qn_crowd_plan crowd;
    size_t hosts;     /* whole nodes: spread evenly over the honest numbers */
    size_t links_max; /* of each */
    bool alone;       /* light nodes do nothing of themselves: the scenario does it for them */
};

struct qn_peers_world {
    struct qn_peers_plan plan;
    struct qn_crowd crowd;
    uint64_t registered[QN_REGION_COUNT]; /* as nodes declare */
    struct qn_peers_rules rules;
    struct qn_rng rng;
    qn_time_us now;
    struct qn_timeline timeline;
    struct qn_peers_host *hosts;
    size_t host_count;
    int32_t *host_of; /* of a node; QN_PEERS_LIGHT */
    struct qn_peers_link *links;
    size_t link_capacity;
    uint32_t *free_slots;
    size_t free_count;
    uint64_t serial;
    struct qn_peering_actions actions; /* of one poll */
    struct qn_link_load *loads;        /* of one host */
    size_t load_capacity;
    uint64_t dials;          /* by whole nodes */
    uint64_t key_mismatches; /* dials at which another key answered than the one expected */
    uint64_t redirects;      /* links that whole nodes sent elsewhere */
    uint64_t news;           /* addresses told to whole nodes */
    uint64_t alarms;         /* regions that whole nodes missed */
    uint32_t asked; /* links that light nodes asked for lately, and how many were refused */
    uint32_t refused;
    const char *broken; /* the first invariant that did not hold; static */
};

void qn_peers_world_init(struct qn_peers_world *world, const struct qn_peers_plan *plan,
                         const struct qn_peers_rules *rules);
void qn_peers_world_fini(struct qn_peers_world *world);

/* The process starts, knowing the genesis nodes and nobody else. */
void qn_peers_start(struct qn_peers_world *world, size_t host);
/* All of them, at moments spread over so long. */
void qn_peers_start_all(struct qn_peers_world *world, qn_time_us spread);
/* The process ends; the other ends learn it half a round trip later. */
void qn_peers_stop(struct qn_peers_world *world, size_t host);
/* A light node goes or comes back. Its links fall silent, and end after three missed pings. */
void qn_peers_set_up(struct qn_peers_world *world, uint32_t node, bool up);
void qn_peers_run_for(struct qn_peers_world *world, qn_time_us duration);
/* A light node dials a whole one. */
/* Genesis, registered, or neither. */
enum qn_standing qn_peers_standing(uint32_t node);
void qn_peers_light_dials(struct qn_peers_world *world, uint32_t node, size_t host);
/* It connects and then says nothing. */
void qn_peers_light_stalls(struct qn_peers_world *world, uint32_t node, size_t host);
/* The live link of a host with a node; NULL: none. */
const struct qn_peers_link *qn_peers_link_between(const struct qn_peers_world *world, size_t host,
                                                  uint32_t node);
/* Links that rules.reachable forbids now fall silent, and end at both ends after three missed pings. */
void qn_peers_cut(struct qn_peers_world *world);

/* Every limit held, after every step. */
void qn_peers_claim_sound(const struct qn_peers_world *world, struct qn_peers_report *report);
/* And nobody missed a region: for runs in which none is missing. */
void qn_peers_claim_calm(const struct qn_peers_world *world, struct qn_peers_report *report);

/* Live links of a host, by where the other end is. */
struct qn_peers_degree {
    size_t in;
    size_t out;
    size_t hostile;
    size_t hostile_in;
    size_t region[QN_REGION_COUNT];
};
void qn_peers_degree(const struct qn_peers_world *world, size_t host,
                     struct qn_peers_degree *degree);

/* ---- wire.c: links ---- */
void qn_peers_dial(struct qn_peers_world *world, size_t host,
                   const struct qn_peering_action *action);
void qn_peers_close(struct qn_peers_world *world, struct qn_peers_link *link, size_t end);
/* NULL: gone. */
struct qn_peers_link *qn_peers_link_find(const struct qn_peers_world *world, uint64_t id);
void qn_peers_wire_event(struct qn_peers_world *world, const struct qn_timeline_event *event);
/* No packet passes: both ends lose it when their pings have been missed. */
void qn_peers_starve(struct qn_peers_world *world, struct qn_peers_link *link);
/* This end pings it out of turn. */
void qn_peers_probe(struct qn_peers_world *world, struct qn_peers_link *link, size_t end);

/* A whole node sends the other end of an inbound link elsewhere. */
void qn_peers_redirect(struct qn_peers_world *world, struct qn_peers_link *link);

/* ---- mirror.c: light nodes do what whole ones do ---- */
/* A whole node dials a light one. */
void qn_peers_mirror_dial(struct qn_peers_world *world, const struct qn_peers_link *link);
/* A whole node ended a link with a light one, at this end. */
void qn_peers_mirror_close(struct qn_peers_world *world, const struct qn_peers_link *link,
                           size_t end);
/* A whole node was asked for a link by a light one. */
void qn_peers_mirror_answer(struct qn_peers_world *world, bool refused);
/* Does a light node refuse this time? */
bool qn_peers_mirror_refuses(struct qn_peers_world *world);
void qn_peers_mirror_event(struct qn_peers_world *world, const struct qn_timeline_event *event);

/* ---- talk.c: what runs over links each second ---- */
void qn_peers_talk(struct qn_peers_world *world, size_t host);
/* What a new neighbour tells this end of the link at once. */
void qn_peers_introduce(struct qn_peers_world *world, size_t host, const struct qn_peers_link *link,
                        size_t end);

#endif
