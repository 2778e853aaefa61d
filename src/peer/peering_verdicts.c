/* Links to peers whose region is not verified: at most a tenth of a region's places, where verdicts are demanded. */
#include "peer/peering_verdicts.h"

#include "peer/peering_state.h"

enum { UNVERIFIED_ONE_IN = 10 };

bool qn_peering_is_unverified(const struct qn_peering_link *link)
{
    bool is_temporary = link->is_feeler || link->for_landmark; /* by them verdicts come about */
    return !link->privileged && link->standing != QN_STANDING_UNREGISTERED && !is_temporary &&
           link->verdict != QN_REGION_VERIFIED;
}

size_t qn_peering_unverified_max(const struct qn_peering *peering, size_t region)
{
    size_t tenth = peering->region_max / UNVERIFIED_ONE_IN;
    tenth = tenth > 0 ? tenth : 1;
    return peering->verdicts_demanded[region] ? tenth : SIZE_MAX;
}

uint64_t qn_peering_refuted(const struct qn_peering *peering, enum qn_region region)
{
    const struct qn_peering_link *youngest = NULL;
    for (size_t i = 0; i < peering->place_end; i++) {
        const struct qn_peering_link *link = &peering->links[i];
        bool counts = link->link != 0 && link->state != QN_PEERING_HALF_OPEN &&
                      link->region == region && link->verdict == QN_REGION_REFUTED &&
                      qn_peering_is_unverified(link);
        if (counts && (youngest == NULL || link->since_us > youngest->since_us)) {
            youngest = link;
        }
    }
    return youngest != NULL ? youngest->link : 0;
}

void qn_peering_demand_verdicts(struct qn_peering *peering, enum qn_region region, bool demanded)
{
    peering->verdicts_demanded[region] = demanded;
    qn_peering_allow_excess(peering);
}

void qn_peering_set_verdict(struct qn_peering *peering, uint64_t number,
                            enum qn_region_verdict verdict)
{
    struct qn_peering_link *link = qn_peering_find(peering, number);
    if (link == NULL || link->state == QN_PEERING_HALF_OPEN) {
        return;
    }
    qn_peering_count(&peering->counts, link, false);
    link->verdict = verdict;
    qn_peering_count(&peering->counts, link, true);
    qn_peering_allow_excess(peering);
}
