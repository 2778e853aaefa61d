/* Where an address is, by somebody's database: given by the runtime where there is one. It is often wrong and never a
 * proof; the same address always has the same answer. */
#ifndef QN_LOCATOR_H
#define QN_LOCATOR_H

#include "peer/net_address.h"

struct qn_locator {
    /* False: nobody knows; *region untouched. NULL: nobody ever does. */
    bool (*region)(void *context, enum qn_region *region, const struct qn_net_address *address);
    void *context;
};

static inline bool qn_locate(const struct qn_locator *locator, enum qn_region *region,
                             const struct qn_net_address *address)
{
    return locator->region != NULL && locator->region(locator->context, region, address);
}

#endif
