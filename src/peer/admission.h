/* Admission: the one place that decides which link may be held, and names the limit that refused.
 *
 * Pure; the owner tells the counts. Spec: DESIGN sections 4 and 9. */
#ifndef QN_ADMISSION_H
#define QN_ADMISSION_H

#include "base/base.h"
#include "wire/types.h"

/* What a key is worth, by the genesis pins and the registry. */
enum qn_standing {
    QN_STANDING_UNREGISTERED, /* may register and fetch genesis data, nothing else */
    QN_STANDING_REGISTERED,
    QN_STANDING_GENESIS,
    QN_STANDING_REVOKED,
    QN_STANDING_EXPIRED,
};
const char *qn_standing_name(enum qn_standing standing);

struct qn_admission_counts {
    size_t links; /* held, in whatever state, the new one not counted */
    size_t links_max;
    size_t unregistered; /* inbound ones among them */
};

/* QN_CLOSE_NORMAL: admitted. Otherwise the reason to close with. Genesis nodes are refused by no limit:
 * there are at most QN_VALIDATORS_MAX of them. */
enum qn_close_reason qn_admission_decide(const struct qn_admission_counts *counts,
                                         enum qn_standing standing, bool outbound);

#endif
