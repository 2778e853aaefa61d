/* Large sites of the six regions, for tests that need plausible distances. Positions are the cities' own, in
 * km from the centre of the Earth. */
#ifndef QN_SITES_H
#define QN_SITES_H

#include "wire/types.h"

struct qn_site {
    const char *name;
    enum qn_region region;
    int x_km, y_km, z_km;
};

enum { QN_SITES_COUNT = 94 };
extern const struct qn_site qn_sites[QN_SITES_COUNT]; /* in the order of the regions */

/* Along the surface, km; too short by up to a fifth for opposite ends of the Earth. */
unsigned qn_site_distance_km(const struct qn_site *a, const struct qn_site *b);

#endif
