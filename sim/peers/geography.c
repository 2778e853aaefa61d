#include "sim/peers/geography.h"

#include "sim/peers/mix.h"

enum { JITTER_SHARE = 50, SPIKE_ONE_IN = 64, SPIKE_US = 20000 };

/* Typical round trips over fibre between well-connected cities, milliseconds. */
static const uint16_t base_ms[QN_REGION_COUNT][QN_REGION_COUNT] = {
    [QN_REGION_NORTH_AMERICA] = {4, 110, 75, 110, 150, 140},
    [QN_REGION_SOUTH_AMERICA] = {110, 6, 170, 260, 200, 240},
    [QN_REGION_EUROPE] = {75, 170, 4, 120, 90, 230},
    [QN_REGION_ASIA] = {110, 260, 120, 8, 180, 100},
    [QN_REGION_AFRICA] = {150, 200, 90, 180, 8, 250},
    [QN_REGION_OCEANIA] = {140, 240, 230, 100, 250, 6},
};

/* How far from the region's exchanges a node may be, milliseconds of round trip. */
static const uint16_t spread_ms[QN_REGION_COUNT] = {
    [QN_REGION_NORTH_AMERICA] = 28, [QN_REGION_SOUTH_AMERICA] = 30, [QN_REGION_EUROPE] = 18,
    [QN_REGION_ASIA] = 40,          [QN_REGION_AFRICA] = 40,        [QN_REGION_OCEANIA] = 22,
};

uint32_t qn_geography_base_us(enum qn_region a, enum qn_region b)
{
    return base_ms[a][b] * 1000U;
}

uint32_t qn_geography_access_us(uint64_t seed, uint32_t node, enum qn_region region)
{
    return 300U +
           (uint32_t)(qn_mix(seed, QN_MIX_ACCESS, node) % ((uint64_t)spread_ms[region] * 1000));
}

uint32_t qn_geography_sample_us(struct qn_rng *rng, uint32_t shortest_us)
{
    uint64_t jitter = qn_rng_below(rng, shortest_us / JITTER_SHARE + 1);

    if (qn_rng_below(rng, SPIKE_ONE_IN) == 0) {
        jitter += qn_rng_below(rng, SPIKE_US);
    }
    return shortest_us + (uint32_t)jitter;
}
