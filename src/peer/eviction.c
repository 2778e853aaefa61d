#include "peer/eviction.h"

#include "base/siphash.h"

#include <stdlib.h>

static int compare(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

/* Comparisons put whoever is to be protected last; the number decides between equals. */

static int by_rtt(const void *a, const void *b)
{
    const struct qn_eviction_candidate *x = a;
    const struct qn_eviction_candidate *y = b;
    uint32_t x_rtt = x->rtt_min_us == 0 ? UINT32_MAX : x->rtt_min_us;
    uint32_t y_rtt = y->rtt_min_us == 0 ? UINT32_MAX : y->rtt_min_us;
    int order = compare(y_rtt, x_rtt);
    return order != 0 ? order : compare(x->link, y->link);
}

static int by_delivery(const void *a, const void *b)
{
    const struct qn_eviction_candidate *x = a;
    const struct qn_eviction_candidate *y = b;
    int order = compare(x->deliveries, y->deliveries);
    order = order != 0 ? order : compare(x->delivered_us, y->delivered_us);
    return order != 0 ? order : compare(x->link, y->link);
}

static int by_age(const void *a, const void *b)
{
    const struct qn_eviction_candidate *x = a;
    const struct qn_eviction_candidate *y = b;
    int order = compare(y->since_us, x->since_us);
    return order != 0 ? order : compare(y->link, x->link);
}

/* Groups in the order that the secret gives them, the oldest link of each first. */
static int by_group(const void *a, const void *b)
{
    const struct qn_eviction_candidate *x = a;
    const struct qn_eviction_candidate *y = b;
    int order = compare(x->group, y->group);
    return order != 0 ? order : -by_age(a, b);
}

static void sort(struct qn_eviction_candidate *candidates, size_t count,
                 int (*order)(const void *, const void *))
{
    qsort(candidates, count, sizeof candidates[0], order);
}

/* How many remain after the last `most` in this order are protected. What shows nothing to protect it for does not
 * count: an unmeasured link, one that never delivered. */
static size_t protect_last(struct qn_eviction_candidate *candidates, size_t count, size_t most,
                           int (*order)(const void *, const void *))
{
    sort(candidates, count, order);
    while (count > 0 && most > 0) {
        const struct qn_eviction_candidate *last = &candidates[count - 1];
        bool has_merit = order == by_rtt        ? last->rtt_min_us != 0
                         : order == by_delivery ? last->deliveries != 0
                                                : true;
        if (!has_merit) {
            break;
        }
        count -= 1;
        most -= 1;
    }
    return count;
}

/* Takes out the candidates at which `is_first` of the sorted list is true, up to most of them. */
static size_t protect_groups(struct qn_eviction_candidate *candidates, size_t count, size_t most)
{
    sort(candidates, count, by_group);
    size_t kept = 0;
    uint64_t last = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_first = i == 0 || candidates[i].group != last;
        last = candidates[i].group;
        if (is_first && most > 0) {
            most -= 1;
        } else {
            candidates[kept] = candidates[i];
            kept += 1;
        }
    }
    return kept;
}

/* The oldest of each region. */
static size_t protect_regions(struct qn_eviction_candidate *candidates, size_t count)
{
    bool seen[QN_REGION_COUNT] = {false};
    sort(candidates, count, by_age);
    size_t end = count;
    for (size_t i = count; i > 0; i--) { /* from the oldest on; those that stay gather at the end */
        struct qn_eviction_candidate candidate = candidates[i - 1];
        if (seen[candidate.region]) {
            end -= 1;
            candidates[end] = candidate;
        }
        seen[candidate.region] = true;
    }
    for (size_t i = end; i < count; i++) {
        candidates[i - end] = candidates[i];
    }
    return count - end;
}

/* The youngest of the group that most links are of, protected ones counted. */
static const struct qn_eviction_candidate *
youngest_of_largest(const struct qn_eviction_candidate *candidates, size_t count)
{
    const struct qn_eviction_candidate *chosen = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct qn_eviction_candidate *candidate = &candidates[i];
        bool better = chosen == NULL || candidate->of_group > chosen->of_group ||
                      (candidate->of_group == chosen->of_group && by_age(candidate, chosen) < 0);
        chosen = better ? candidate : chosen;
    }
    return chosen;
}

static uint64_t group_of(const struct qn_net_address *address, const uint64_t key[2])
{
    uint64_t group = qn_net_group(address);
    return qn_siphash(key, (struct qn_span){(const uint8_t *)&group, sizeof group});
}

/* Groups of all candidates and their sizes; returns the size of the newcomer's. */
static size_t count_groups(struct qn_eviction_candidate *candidates, size_t count,
                           const uint64_t key[2], const struct qn_net_address *newcomer)
{
    bool counts = newcomer != NULL && qn_net_scope(newcomer) == QN_NET_GLOBAL;
    uint64_t own_group = counts ? group_of(newcomer, key) : 0;
    size_t own = 0;
    for (size_t i = 0; i < count; i++) {
        candidates[i].group = group_of(&candidates[i].address, key);
        own += counts && candidates[i].group == own_group;
    }
    sort(candidates, count, by_group);
    for (size_t first = 0; first < count;) {
        size_t end = first;
        while (end < count && candidates[end].group == candidates[first].group) {
            end += 1;
        }
        for (size_t i = first; i < end; i++) {
            candidates[i].of_group = end - first;
        }
        first = end;
    }
    return own;
}

static size_t share(size_t count, size_t most)
{
    size_t part = count / QN_EVICTION_PROTECT_SHARE;
    part = part == 0 ? 1 : part;
    return part < most ? part : most;
}

uint64_t qn_eviction_choose(struct qn_eviction_candidate *candidates, size_t count,
                            const uint64_t key[2], const struct qn_net_address *newcomer,
                            bool *diversifies)
{
    size_t all = count;
    size_t own = count_groups(candidates, count, key, newcomer);
    count = protect_last(candidates, count, share(all, QN_EVICTION_PROTECT_RTT), by_rtt);
    count = protect_last(candidates, count, share(all, QN_EVICTION_PROTECT_FIRST), by_delivery);
    count = protect_groups(candidates, count, share(all, QN_EVICTION_PROTECT_GROUPS));
    count = protect_regions(candidates, count);
    count = protect_last(candidates, count, count / 2, by_age);
    const struct qn_eviction_candidate *chosen = youngest_of_largest(candidates, count);
    *diversifies = chosen != NULL && own + 1 < chosen->of_group;
    return chosen == NULL ? 0 : chosen->link;
}
