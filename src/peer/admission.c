#include "peer/admission.h"

#include "base/limits.h"

const char *qn_standing_name(enum qn_standing standing)
{
    switch (standing) {
    case QN_STANDING_UNREGISTERED:
        return "unregistered";
    case QN_STANDING_REGISTERED:
        return "registered";
    case QN_STANDING_GENESIS:
        return "genesis";
    case QN_STANDING_REVOKED:
        return "revoked";
    case QN_STANDING_EXPIRED:
        return "expired";
    }
    return "unknown";
}

enum qn_close_reason qn_admission_decide(const struct qn_admission_counts *counts,
                                         enum qn_standing standing, bool outbound)
{
    switch (standing) {
    case QN_STANDING_REVOKED:
        return QN_CLOSE_REVOKED;
    case QN_STANDING_EXPIRED:
        return QN_CLOSE_EXPIRED;
    case QN_STANDING_GENESIS:
        return QN_CLOSE_NORMAL;
    case QN_STANDING_UNREGISTERED:
        if (!outbound && counts->unregistered >= QN_UNREGISTERED_LINKS_MAX) {
            return QN_CLOSE_FULL;
        }
        break;
    case QN_STANDING_REGISTERED:
        break;
    }
    return counts->links < counts->links_max ? QN_CLOSE_NORMAL : QN_CLOSE_FULL;
}
