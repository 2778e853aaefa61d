#include "peer/peering_own.h"

#include "peer/peering_state.h"

#include <string.h>

void qn_peering_set_own(struct qn_peering *peering, const struct qn_endpoint *endpoints,
                        size_t count, bool is_sure)
{
    QN_ASSERT(count <= QN_ENDPOINTS_MAX);
    peering->own.count = count;
    memcpy(peering->own.items, endpoints, count * sizeof endpoints[0]);
    peering->own.is_sure = is_sure;
}

/* One address has many texts in IPv6. */
static bool is_same(const struct qn_endpoint *a, const struct qn_endpoint *b)
{
    struct qn_net_address address_a;
    struct qn_net_address address_b;
    if (qn_net_address_parse(&address_a, a) && qn_net_address_parse(&address_b, b)) {
        return qn_net_address_equal(&address_a, &address_b);
    }
    return qn_endpoint_equal(a, b);
}

bool qn_own_endpoints_have(const struct qn_own_endpoints *own, bool has_id,
                           const struct qn_endpoint *endpoint)
{
    for (size_t i = 0; i < own->count && (own->is_sure || !has_id); i++) {
        if (is_same(&own->items[i], endpoint)) {
            return true;
        }
    }
    return false;
}
