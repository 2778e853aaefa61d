#include "peer/peer_limits.h"

#include "peer/peer_list.h"

const struct qn_peer_limit_step qn_peer_limit_steps[QN_PEER_LIMIT_STEPS] = {
    {0, QN_PEERS_PER_REGION_MIN}, {100, 50}, {1000, 100}, {100000, QN_PEERS_PER_REGION_MAX}};

enum {
    DOWN_PERCENT = 80,
    RATE_SHARE = 64, /* a measurement's share of the smoothed rate: one of so many */
};
#define RATE_INTERVAL QN_SECONDS(1)

const char *qn_peer_bound_name(enum qn_peer_bound bound)
{
    switch (bound) {
    case QN_BOUND_SIZE:
        return "network-size";
    case QN_BOUND_LINKS:
        return "max-links";
    case QN_BOUND_MEMORY:
        return "max-memory";
    case QN_BOUND_BANDWIDTH:
        return "max-bandwidth";
    case QN_BOUND_COUNT:
        break;
    }
    return "unknown";
}

void qn_peer_limits_init(struct qn_peer_limits *limits, const struct qn_peer_budgets *budgets)
{
    *limits = (struct qn_peer_limits){.budgets = *budgets};
    for (size_t step = 0; step < QN_PEER_LIMIT_STEPS; step++) {
        limits->below_since_us[step] = UINT64_MAX;
    }
}

static void note_below(struct qn_peer_limits *limits, unsigned step, qn_time_us now)
{
    qn_time_us *since = &limits->below_since_us[step];
    bool is_below = limits->active * 100 < qn_peer_limit_steps[step].above * DOWN_PERCENT;
    if (!is_below) {
        *since = UINT64_MAX;
    } else if (*since == UINT64_MAX) {
        *since = now;
    }
}

static bool is_left(const struct qn_peer_limits *limits, unsigned step, qn_time_us now)
{
    qn_time_us since = limits->below_since_us[step];
    return since != UINT64_MAX && now - since >= QN_PEER_LIMIT_DOWN_AFTER;
}

unsigned qn_peer_limit_step(uint64_t active)
{
    unsigned step = 0;
    while (step + 1 < QN_PEER_LIMIT_STEPS && active > qn_peer_limit_steps[step + 1].above) {
        step += 1;
    }
    return step;
}

bool qn_peer_limits_set_size(struct qn_peer_limits *limits, uint64_t active, qn_time_us now)
{
    QN_ASSERT(active <= UINT64_MAX / 100);
    unsigned before = limits->step;
    limits->active = active;
    for (unsigned step = 1; step < QN_PEER_LIMIT_STEPS; step++) {
        note_below(limits, step, now);
    }
    limits->step =
        qn_peer_limit_step(active) > limits->step ? qn_peer_limit_step(active) : limits->step;
    while (limits->step > 0 && is_left(limits, limits->step, now)) {
        limits->step -= 1;
    }
    limits->changes += limits->step != before;
    return limits->step != before;
}

void qn_peer_limits_on_traffic(struct qn_peer_limits *limits, uint64_t bytes, size_t links,
                               qn_time_us now)
{
    if (limits->rate_known && now - limits->rate_us < RATE_INTERVAL) {
        return;
    }
    if (limits->rate_known && links > 0 && bytes >= limits->rate_bytes) {
        uint64_t elapsed_ms = (now - limits->rate_us) / 1000;
        uint64_t rate = (bytes - limits->rate_bytes) * 1000 / elapsed_ms / links;
        uint64_t held = limits->link_rate;
        limits->link_rate = held == 0 ? rate : (held * (RATE_SHARE - 1) + rate) / RATE_SHARE;
    }
    /* Limits that moved with each measurement would close links for nothing. */
    uint64_t off = limits->link_rate > limits->rate_held ? limits->link_rate - limits->rate_held
                                                         : limits->rate_held - limits->link_rate;
    limits->rate_held = off > limits->rate_held / 4 ? limits->link_rate : limits->rate_held;
    limits->rate_known = true;
    limits->rate_bytes = bytes;
    limits->rate_us = now;
}

size_t qn_peer_limits_per_region(const struct qn_peer_limits *limits)
{
    return qn_peer_limit_steps[limits->step].per_region;
}

qn_time_us qn_peer_limits_down_at(const struct qn_peer_limits *limits)
{
    qn_time_us since = limits->step > 0 ? limits->below_since_us[limits->step] : UINT64_MAX;
    return since == UINT64_MAX ? UINT64_MAX : since + QN_PEER_LIMIT_DOWN_AFTER;
}

static size_t by_memory(const struct qn_peer_limits *limits)
{
    size_t list = qn_peer_list_memory_of(qn_peer_limits_per_region(limits));
    uint64_t max = limits->budgets.memory_max;
    return max > list ? (size_t)((max - list) / QN_LINK_MEMORY_LEN) : 0;
}

size_t qn_peer_limits_bound(const struct qn_peer_limits *limits, enum qn_peer_bound bound)
{
    uint64_t rate = limits->rate_held == 0 ? QN_LINK_RATE_ASSUMED : limits->rate_held;
    switch (bound) {
    case QN_BOUND_SIZE:
        return qn_peer_limits_per_region(limits) * QN_REGION_COUNT;
    case QN_BOUND_LINKS:
        return limits->budgets.links_max;
    case QN_BOUND_MEMORY:
        return limits->budgets.memory_max == 0 ? SIZE_MAX : by_memory(limits);
    case QN_BOUND_BANDWIDTH:
        return limits->budgets.bandwidth_max == 0 ? SIZE_MAX
                                                  : (size_t)(limits->budgets.bandwidth_max / rate);
    case QN_BOUND_COUNT:
        break;
    }
    return SIZE_MAX;
}

static enum qn_peer_bound least_from(const struct qn_peer_limits *limits, enum qn_peer_bound first)
{
    enum qn_peer_bound least = first;
    for (int i = (int)first + 1; i < QN_BOUND_COUNT; i++) {
        enum qn_peer_bound bound = (enum qn_peer_bound)i;
        if (qn_peer_limits_bound(limits, bound) < qn_peer_limits_bound(limits, least)) {
            least = bound;
        }
    }
    return least;
}

/* A small budget of memory or bandwidth still leaves a network; --max-links is never exceeded. */
static size_t at_least_some(const struct qn_peer_limits *limits, size_t links)
{
    size_t max = limits->budgets.links_max;
    size_t least = max < QN_LINKS_HOT_MIN ? max : QN_LINKS_HOT_MIN;
    return links > least ? links : least;
}

size_t qn_peer_limits_links(const struct qn_peer_limits *limits)
{
    return at_least_some(limits, qn_peer_limits_bound(limits, least_from(limits, QN_BOUND_LINKS)));
}

size_t qn_peer_limits_hot(const struct qn_peer_limits *limits, enum qn_peer_bound *binds)
{
    enum qn_peer_bound least = least_from(limits, QN_BOUND_SIZE);
    if (binds != NULL) {
        *binds = least;
    }
    return at_least_some(limits, qn_peer_limits_bound(limits, least));
}
