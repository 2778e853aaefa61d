/* The simulated world: whole nodes (node/node.h, the core of the daemon) in one process under a virtual
 * clock, network, disks and signer. One seed decides everything. docs/simulator.md is the guide.
 *
 * This header is the inside, shared by the files of this folder; run.h is what a program calls. */
#ifndef QN_SIM_H
#define QN_SIM_H

#include "base/rng.h"
#include "node/node.h"
#include "node/view.h"
#include "sim/coverage.h"
#include "sim/disk.h"
#include "sim/identity.h"
#include "sim/plan.h"
#include "sim/queue.h"

#include <stdio.h>

enum {
    QN_SIM_HOSTS_MAX = 24, /* validators, their twins, followers, late members */
    QN_SIM_LINKS_MAX = 1024,
    QN_SIM_REPLAYS = 64,
    QN_SIM_FAILURE_LEN_MAX = 600,
};

/* One process on one machine. A twin is a second host with the identity of the first: both hear
 * everything that comes to it, each talks to some. */
struct qn_sim_host {
    size_t index;
    const struct qn_sim_identity *identity;
    unsigned bootstrap_id; /* 0: no genesis node */
    struct qn_node *node;  /* NULL: down */
    uint32_t incarnation;
    struct qn_sim_host *twin; /* its other copy, or NULL */
    bool is_second;           /* of twins: does not dial and sends votes only */
    uint32_t recipients;      /* twins: hosts that hear its consensus messages, as bits */
    enum qn_sim_byzantine byzantine;
    bool
        lied; /* its disk lost what it had called durable: no promise of its votes holds any more */
    bool must_halt; /* its storage failed: it is to stop now */
    bool member;    /* of the committee */
    bool doomed;    /* will crash or halt soon */
    bool voted;     /* durably, in this life and epoch: its recovery is then behind it */
    bool forgot;    /* its votes, and does not vote again yet */

    struct qn_sim_disk disk;
    qn_time_us load_us;  /* when it is told of its links next */
    qn_time_us timer_us; /* global time of the scheduled TICK; 0: none */
    qn_time_us paused_until;
    qn_time_us restart_us; /* when down: when it comes back; 0: not by itself */
    int crash_countdown;   /* it dies when so many more actions are performed; -1: it lives */
    bool dying;
    int64_t drift_ppm; /* of its monotonic clock */
    qn_time_us boot_global;
    qn_time_us boot_local;
    int64_t wall_offset_ms;

    uint64_t height_seen; /* last looked at by the checker */
    uint64_t view_seen;
    uint64_t epoch_seen;
    uint64_t requests_sent; /* of consensus, in the current second */
    qn_time_us requests_second;
};

struct qn_sim_link {
    qn_link_id id;                         /* 0: free */
    size_t ends[2];                        /* host indices; of twins the first */
    uint64_t bytes;                        /* both ways */
    bool up[2];                            /* this end still counts on it */
    qn_time_us last_us[2][QN_CLASS_COUNT]; /* last delivery towards each end: keeps the order */
    qn_time_us down_us[2];                 /* when this end was or will be told that it is over */
};

struct qn_sim_network {
    struct qn_sim_link links[QN_SIM_LINKS_MAX];
    qn_link_id last_link;
    struct qn_sim_weather weather;
    /* Until then what one sends arrives nowhere; it comes later, in order, unless the link dies. */
    qn_time_us clogged_until[QN_SIM_HOSTS_MAX][QN_SIM_HOSTS_MAX];
};

struct qn_sim_checker;
struct qn_sim_clients;

struct qn_sim {
    struct qn_sim_plan plan;
    struct qn_rng rng;
    qn_time_us now;
    struct qn_sim_queue queue;
    const struct qn_sim_world_keys *keys;
    size_t host_count;
    struct qn_sim_host hosts[QN_SIM_HOSTS_MAX];
    struct qn_sim_network network;
    struct qn_sim_checker *checker;
    struct qn_sim_clients *clients;
    struct qn_sim_coverage *coverage;
    struct qn_actions actions;
    struct qn_log log;
    struct {
        enum qn_message_kind kind;
        struct qn_buf *bytes;
    } replays[QN_SIM_REPLAYS]; /* what Byzantine hosts remember */
    size_t replay_next;
    FILE *trace_file; /* NULL: no transcript */
    uint64_t trace;   /* hash over every event delivered and every action performed */
    uint64_t steps;
    qn_time_us newcomer_until; /* until then a new member may come in, which counts as forgetful */
    bool chaos;
    bool treason; /* Byzantine hosts act as such */
    char failure[QN_SIM_FAILURE_LEN_MAX];
};

/* Keeps the first broken invariant; the run ends with it. */
void qn_sim_fail(struct qn_sim *sim, const char *invariant, const char *format, ...)
    QN_PRINTF(3, 4);
static inline bool qn_sim_has_failed(const struct qn_sim *sim)
{
    return sim->failure[0] != '\0';
}
/* True in one of `of` cases. */
bool qn_sim_chance(struct qn_sim *sim, uint64_t permille);

/* ---- clock.c ---- */
qn_time_us qn_sim_local_time(const struct qn_sim *sim, const struct qn_sim_host *host);
qn_unix_ms qn_sim_wall_time(const struct qn_sim *sim, const struct qn_sim_host *host);
/* Global time at which the host's monotonic clock shows this. */
qn_time_us qn_sim_global_time(const struct qn_sim_host *host, qn_time_us local);

/* ---- host.c ---- */
struct qn_sim_host *qn_sim_host_add(struct qn_sim *sim, const struct qn_sim_identity *identity,
                                    unsigned bootstrap_id);
bool qn_sim_host_start(struct qn_sim *sim, struct qn_sim_host *host);
/* Like SIGKILL or a power cut: links break, what was not durable may be lost. */
void qn_sim_host_crash(struct qn_sim *sim, struct qn_sim_host *host);
/* Hands one event to the node and performs what it answers. */
void qn_sim_host_step(struct qn_sim *sim, struct qn_sim_host *host, struct qn_event *event);
static inline bool qn_sim_host_is_honest(const struct qn_sim_host *host)
{
    return host->byzantine == QN_SIM_HONEST && !host->lied && !host->is_second;
}
/* Is it in the current committee, and does it not vote yet since it forgot what it voted? */
bool qn_sim_host_is_recovering(const struct qn_sim_host *host);

/* Is a crash with an intact disk amnesia? */
bool qn_sim_crash_forgets(const struct qn_sim *sim);

/* ---- network.c ---- */
void qn_sim_dial(struct qn_sim *sim, struct qn_sim_host *from, const struct qn_action *action);
/* Takes over the reference of bytes. */
void qn_sim_transmit(struct qn_sim *sim, struct qn_sim_host *from, qn_link_id link,
                     enum qn_message_kind kind, uint32_t request_id, struct qn_buf *bytes);
void qn_sim_close(struct qn_sim *sim, struct qn_sim_host *by, qn_link_id link);
/* All links of a host that died. */
void qn_sim_links_break(struct qn_sim *sim, const struct qn_sim_host *host);
struct qn_sim_link *qn_sim_link_find(struct qn_sim *sim, qn_link_id id);
/* Host at the other end, or NULL. */
struct qn_sim_host *qn_sim_link_other(struct qn_sim *sim, const struct qn_sim_host *host,
                                      qn_link_id id);
/* 0 or 1: which end of the link is the host's. */
size_t qn_sim_link_end(const struct qn_sim_link *link, const struct qn_sim_host *host);

/* All links of a host that goes on. */
void qn_sim_links_reset(struct qn_sim *sim, const struct qn_sim_host *host);

/* ---- world.c ---- */
/* Has every honest member that is up a first block? Of a network that has not begun, a restart cannot be
 * told from a start. */
bool qn_sim_has_begun(const struct qn_sim *sim);

/* ---- deliver.c ---- */
/* Takes the next event of the queue to whom it concerns; false if none is due until end. */
bool qn_sim_next(struct qn_sim *sim, qn_time_us end);
void qn_sim_run_for(struct qn_sim *sim, qn_time_us duration);

/* ---- chaos.c ---- */
/* It is started again so much later. */
void qn_sim_come_back(struct qn_sim *sim, struct qn_sim_host *host, qn_time_us after);

/* ---- adversary.c ---- */
/* What a Byzantine host makes of a message its honest core wants to send. Takes over bytes. */
void qn_sim_adversary_send(struct qn_sim *sim, struct qn_sim_host *host, qn_link_id link,
                           enum qn_message_kind kind, uint32_t request_id, struct qn_buf *bytes);

/* ---- transcript.c ---- */
/* Into the trace hash, and as a line if a transcript is written. */
void qn_sim_trace_event(struct qn_sim *sim, const struct qn_sim_host *host,
                        const struct qn_event *event);
void qn_sim_trace_action(struct qn_sim *sim, const struct qn_sim_host *host,
                         const struct qn_action *action);
/* Something the simulator does to the world. */
void qn_sim_say(struct qn_sim *sim, const struct qn_sim_host *host, const char *format, ...)
    QN_PRINTF(3, 4);

#endif
