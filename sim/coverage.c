#include "sim/coverage.h"

const char *qn_sim_cover_name(enum qn_sim_cover cover)
{
    static const char *const names[] = {
#define QN_SIM_COVERAGE_NAME(name, text) text,
        QN_SIM_COVERAGE_LIST(QN_SIM_COVERAGE_NAME)
#undef QN_SIM_COVERAGE_NAME
    };

    return names[cover];
}

void qn_sim_coverage_add(struct qn_sim_coverage *sum, const struct qn_sim_coverage *more)
{
    for (size_t i = 0; i < QN_SIM_COVER_COUNT; i++) {
        sum->counts[i] += more->counts[i];
    }
}

size_t qn_sim_coverage_seen(const struct qn_sim_coverage *coverage)
{
    size_t seen = 0;

    for (size_t i = 0; i < QN_SIM_COVER_COUNT; i++) {
        seen += coverage->counts[i] > 0;
    }
    return seen;
}
