#include "peer/region_check.h"

enum {
    /* Light in glass needs 4.9 us for a km, there and back 9.8; we allow for a tenth of error in where sites
     * are. Nothing that carries traffic between continents is faster. */
    FLOOR_US_PER_KM = 9,
};

/* Great-circle distance between the nearest large sites of two regions, km, rounded down:
 * Panama - Bogota, Halifax - Reykjavik, Anchorage - Tokyo, Halifax - Casablanca, Honolulu - Suva;
 * Fortaleza - Lisbon, Fortaleza - Tel Aviv, Fortaleza - Dakar, Santiago - Wellington;
 * Istanbul - Tel Aviv, Palermo - Tunis, Moscow - Guam; Tel Aviv - Cairo, Tokyo - Guam; Port Louis - Perth. */
static const uint16_t nearest_km[QN_REGION_COUNT][QN_REGION_COUNT] = {
    [QN_REGION_NORTH_AMERICA] = {0, 760, 3360, 5560, 4880, 5080},
    [QN_REGION_SOUTH_AMERICA] = {760, 0, 5590, 8660, 3080, 9340},
    [QN_REGION_EUROPE] = {3360, 5590, 0, 1110, 310, 9800},
    [QN_REGION_ASIA] = {5560, 8660, 1110, 0, 410, 2520},
    [QN_REGION_AFRICA] = {4880, 3080, 310, 410, 0, 5900},
    [QN_REGION_OCEANIA] = {5080, 9340, 9800, 2520, 5900, 0},
};

/* About the way from a region's middle to its edge and back, over cables half as long again as the straight
 * line. Wider would take in the neighbours, narrower would leave out honest nodes at the edge. */
static const uint32_t reach_us[QN_REGION_COUNT] = {
    [QN_REGION_NORTH_AMERICA] = 60000, [QN_REGION_SOUTH_AMERICA] = 50000,
    [QN_REGION_EUROPE] = 40000,        [QN_REGION_ASIA] = 65000,
    [QN_REGION_AFRICA] = 60000,        [QN_REGION_OCEANIA] = 50000,
};

const char *qn_region_verdict_name(enum qn_region_verdict verdict)
{
    switch (verdict) {
    case QN_REGION_UNKNOWN:
        return "unknown";
    case QN_REGION_VERIFIED:
        return "verified";
    case QN_REGION_REFUTED:
        return "refuted";
    }
    return "unknown";
}

uint32_t qn_region_floor_us(enum qn_region a, enum qn_region b)
{
    return (uint32_t)nearest_km[a][b] * FLOOR_US_PER_KM;
}

uint32_t qn_region_reach_us(enum qn_region region)
{
    return reach_us[region];
}

/* Measured, and of a group that had no say before. */
static bool counts(const struct qn_region_evidence *evidence, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (evidence[i].rtt_us != 0 && evidence[i].group == evidence[index].group) {
            return false;
        }
    }
    return evidence[index].rtt_us != 0;
}

enum qn_region_verdict qn_region_check(enum qn_region declared,
                                       const struct qn_region_evidence *evidence, size_t count)
{
    size_t groups = 0;
    size_t near = 0;
    size_t impossible = 0;
    for (size_t i = 0; i < count; i++) {
        const struct qn_region_evidence *one = &evidence[i];
        if (!counts(evidence, i)) {
            continue;
        }
        groups += 1;
        near += one->region == declared && one->rtt_us <= qn_region_reach_us(declared);
        impossible += one->rtt_us < qn_region_floor_us(one->region, declared);
    }
    if (groups < QN_REGION_EVIDENCE_MIN) {
        return QN_REGION_UNKNOWN;
    }
    bool fits = near >= QN_REGION_AGREEING_MIN;
    bool cannot_be = impossible >= QN_REGION_AGREEING_MIN;
    if (fits == cannot_be) { /* neither, or somebody lies */
        return QN_REGION_UNKNOWN;
    }
    return fits ? QN_REGION_VERIFIED : QN_REGION_REFUTED;
}
