#include "peer/region_verdict.h"

const char *qn_region_verdict_name(enum qn_region_verdict verdict)
{
    switch (verdict) {
    case QN_REGION_UNKNOWN:
        return "unknown";
    case QN_REGION_VERIFIED:
        return "verified";
    case QN_REGION_REFUTED:
        break;
    }
    return "refuted";
}
