/* What a run is: drawn from its seed, or set by a scenario. */
#ifndef QN_SIM_PLAN_H
#define QN_SIM_PLAN_H

#include "base/base.h"

enum qn_sim_byzantine {
    QN_SIM_HONEST,
    QN_SIM_TWINS,         /* two copies of one identity with overlapping recipients */
    QN_SIM_MUTATOR,       /* changes, forges, replays, invents */
    QN_SIM_SILENT,        /* says HELLO and PING and nothing of consensus */
    QN_SIM_SILENT_LEADER, /* honest but when it leads */
    QN_SIM_WITHHOLDER,    /* keeps certificates, blocks and half of its votes to itself */
    QN_SIM_LIAR,          /* STATUS and HEAD of fantasy, votes of the far future */
    QN_SIM_FALSE_ROOT,    /* proposes blocks with a false state root */
    QN_SIM_FALSE_BODY,    /* sends some a block's header over other transactions */
    QN_SIM_BYZANTINE_COUNT,
};
const char *qn_sim_byzantine_name(enum qn_sim_byzantine byzantine);

/* What the network does to messages during chaos. */
struct qn_sim_weather {
    qn_time_us delay_min;
    qn_time_us delay_max;
    unsigned heavy_permille; /* of messages whose delay is many times longer */
    unsigned heavy_factor;
    unsigned
        break_permille; /* of messages that break their link, as loss and damage do under TLS */
    unsigned dial_failure_permille;
    /* As if TLS were not there, on consensus messages only or on all kinds. */
    bool all_kinds;
    unsigned drop_permille;
    unsigned duplicate_permille;
    unsigned reorder_permille;
    unsigned flip_permille;
    unsigned truncate_permille;
};

/* What chaos does to hosts; how often is drawn as a weight for each. */
enum qn_sim_act {
    QN_SIM_ACT_NOTHING,
    QN_SIM_ACT_PARTITION,
    QN_SIM_ACT_CLOG,
    QN_SIM_ACT_CRASH,
    QN_SIM_ACT_CRASH_SOON, /* between two of the next actions */
    QN_SIM_ACT_PAUSE,
    QN_SIM_ACT_CLOCK,
    QN_SIM_ACT_AMNESIA,  /* crash, and the disk is empty */
    QN_SIM_ACT_ROLLBACK, /* crash, and the disk is as it once was */
    QN_SIM_ACT_DAMAGE, /* crash, and a write was lost, torn or misdirected, or a read is corrupt */
    QN_SIM_ACT_DISK_ERROR, /* fsync error or full disk: the node stops */
    QN_SIM_ACT_SUBMIT,
    QN_SIM_ACT_MOTION, /* the committee is to change */
    QN_SIM_ACT_COUNT,
};

enum {
    QN_SIM_PLAN_MEMBERS_MAX = 16,
    /* Own votes are read back after a crash; until they are, every crash is amnesia. */
    QN_SIM_VOTES_ARE_DURABLE = 1,
};

struct qn_sim_plan {
    uint64_t seed;
    unsigned n;
    unsigned followers;
    bool real_signatures;
    bool calm_start; /* trouble only after the first block: a new network of 4 needs all 4 */
    bool durable;    /* else every crash is amnesia, as in the daemon's memory mode */
    enum qn_sim_byzantine byzantine[QN_SIM_PLAN_MEMBERS_MAX];
    unsigned fault_budget; /* f less the Byzantine: hosts that may lose their memory at a time */
    bool
        split_world; /* first copies and even validators hear of consensus only from each other, and so do
                         second copies and odd ones */
    unsigned twin_recipients[2]; /* as bits of hosts; 0: drawn */
    qn_time_us delta;
    qn_time_us heartbeat;
    qn_time_us chaos_us; /* how long */
    qn_time_us step_max; /* between two acts of chaos: up to so much */
    unsigned weights[QN_SIM_ACT_COUNT];
    struct qn_sim_weather weather;
    qn_time_us work_max;    /* signing, verifying, writing: up to so much */
    unsigned drift_ppm_max; /* of monotonic clocks, either way */
};

/* n 0: drawn as well. */
void qn_sim_plan_draw(struct qn_sim_plan *plan, uint64_t seed, unsigned n);

#endif
