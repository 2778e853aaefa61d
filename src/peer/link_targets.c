#include "peer/link_targets.h"

#include "peer/balancer.h"

enum { ONE = 1 << 16 }; /* a link, in the fixed point that shares are counted in */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t half(size_t links)
{
    return (links + 1) / 2;
}

/* What is left of a place when the share is a broken number goes to whoever drew low. */
static size_t by_luck(uint64_t share, uint16_t luck)
{
    return (size_t)(share / ONE) + (share % ONE > luck ? 1 : 0);
}

/* What a node may count on in a region, in parts of ONE: the nodes of the larger of two regions share what those of
 * the smaller one have left when they have dialled themselves. Where nobody is registered whoever comes is welcome:
 * our registry may be behind. */
static uint64_t share_of(const struct qn_link_targets_ask *ask, size_t region, size_t most)
{
    uint64_t here = ask->registered[ask->region] > 0 ? ask->registered[ask->region] : 1;
    uint64_t there = ask->registered[region];
    if (region == (size_t)ask->region || there >= here || there == 0) {
        return (uint64_t)most * ONE;
    }
    size_t dialled = half(least(QN_HOT_OTHER_REGION, most));
    return (uint64_t)(most - dialled) * ONE * there / here;
}

/* Nodes of a region other than this one; no more than counts. */
static size_t others_in(const struct qn_link_targets_ask *ask, size_t region, size_t most)
{
    uint64_t there = ask->registered[region];
    there -= region == (size_t)ask->region && there > 0 ? 1 : 0;
    return there < most ? (size_t)there : most;
}

/* One link more where there are nodes for it: in the own region, else in the one that has most to give. */
static bool add_one(struct qn_link_targets *targets, const struct qn_link_targets_ask *ask)
{
    size_t best = QN_REGION_COUNT;
    size_t best_spare = 0;
    for (size_t i = 0; i < QN_REGION_COUNT; i++) {
        size_t there = others_in(ask, i, targets->most[i]);
        size_t spare = there > targets->hot[i] ? there - targets->hot[i] : 0;
        bool is_first = i == (size_t)ask->region && spare > 0;
        if (is_first || (spare > best_spare && best != (size_t)ask->region)) {
            best = i;
            best_spare = spare;
        }
    }
    if (best < QN_REGION_COUNT) {
        targets->hot[best] += 1;
    }
    return best < QN_REGION_COUNT;
}

void qn_link_targets_set(struct qn_link_targets *targets, const struct qn_link_targets_ask *ask)
{
    size_t most = ask->places * QN_BALANCE_HIGH_PERCENT / 100;
    most = most > 0 ? most : 1;
    size_t missing = 0;
    bool is_known = false;
    for (size_t i = 0; i < QN_REGION_COUNT; i++) {
        bool is_own = i == (size_t)ask->region;
        size_t wanted = least(is_own ? QN_HOT_OWN_REGION : QN_HOT_OTHER_REGION, most);
        targets->most[i] = by_luck(share_of(ask, i, most), ask->luck[i]);
        targets->hot[i] = least(wanted, targets->most[i]);
        size_t there = others_in(ask, i, targets->hot[i]);
        missing += ask->registered[i] > 0 ? wanted - there : 0;
        is_known = is_known || ask->registered[i] > 0;
    }
    while (missing > 0 && add_one(targets, ask)) {
        missing -= 1;
    }
    targets->total = 0;
    for (size_t i = 0; i < QN_REGION_COUNT; i++) {
        size_t dialled = by_luck(share_of(ask, i, most) / 2, ask->luck[i]);
        targets->own[i] = least(half(targets->hot[i]), dialled);
        targets->total += is_known ? others_in(ask, i, targets->hot[i]) : targets->hot[i];
    }
}
