/* The router that this machine sends to by default, as the kernel tells it (IPv4). */
#ifndef QN_DEFAULT_GATEWAY_H
#define QN_DEFAULT_GATEWAY_H

#include "peer/net_address.h"

/* From the text of /proc/net/route; of several default routes the one with the least metric. False: there is none;
 * *gateway untouched. Its port is 0. */
bool qn_default_gateway_parse(struct qn_net_address *gateway, const char *text);
/* Of this machine, in this network namespace, now. */
bool qn_default_gateway(struct qn_net_address *gateway);

#endif
