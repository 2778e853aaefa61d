/* Where this node itself is reached: peering dials nobody there, whoever names it. */
#ifndef QN_PEERING_OWN_H
#define QN_PEERING_OWN_H

#include "base/limits.h"
#include "wire/types.h"

struct qn_own_endpoints {
    size_t count;
    struct qn_endpoint items[QN_ENDPOINTS_MAX];
    bool is_sure;
};

struct qn_peering;
/* At most QN_ENDPOINTS_MAX, copied. is_sure false: another node may be reached there as well, and only addresses
 * without an id are taken for our own. */
void qn_peering_set_own(struct qn_peering *peering, const struct qn_endpoint *endpoints,
                        size_t count, bool is_sure);
/* Is this one of them? has_id: somebody is said to be there. */
bool qn_own_endpoints_have(const struct qn_own_endpoints *own, bool has_id,
                           const struct qn_endpoint *endpoint);

#endif
