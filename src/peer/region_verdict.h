/* What measured round trips say of the region that a peer declares (DESIGN section 9). */
#ifndef QN_REGION_VERDICT_H
#define QN_REGION_VERDICT_H

enum qn_region_verdict {
    QN_REGION_UNKNOWN, /* nothing measured yet that decides it */
    QN_REGION_VERIFIED,
    QN_REGION_REFUTED,
};
/* "unknown", "verified", "refuted"; static. */
const char *qn_region_verdict_name(enum qn_region_verdict verdict);

#endif
