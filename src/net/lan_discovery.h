/* Discovery in the local network, on the loop: multicast sockets on the interfaces that are there, looked for again
 * each minute, and beacons as peer/lan_discovery.h says. Loop thread only. */
#ifndef QN_NET_LAN_DISCOVERY_H
#define QN_NET_LAN_DISCOVERY_H

#include "base/log.h"
#include "base/metrics.h"
#include "crypto/hash.h"
#include "net/lan_interfaces.h"

#include <uv.h>

struct qn_lan_settings {
    struct qn_network_id network;
    struct qn_node_id id;
    struct qn_lan_choice choice; /* its listen: where the node really listens */
    uint64_t seed;
    const struct qn_log *log; /* outlives it; may be NULL */
    /* Somebody of this network says where he is; hearsay. */
    void (*heard)(void *context, const struct qn_node_id *id, const struct qn_endpoint *endpoint);
    void *context;
};

struct qn_lan;

/* Heap; settings are copied. Opens the sockets and says nothing yet. why (QN_TEXT_LEN_MAX + 1) gets the reason for
 * people. */
QN_MUST_USE enum qn_err qn_lan_open(struct qn_lan **lan, uv_loop_t *loop,
                                    const struct qn_lan_settings *settings, char *why);
/* Begins to speak and to listen. */
void qn_lan_start(struct qn_lan *lan);
/* Links are missing: asks who is there. */
void qn_lan_ask(struct qn_lan *lan);
void qn_lan_collect(const struct qn_lan *lan, const struct qn_metric_sink *sink);
/* Frees it, as soon as the loop has closed its handles. NULL is allowed. */
void qn_lan_stop(struct qn_lan *lan);

#endif
