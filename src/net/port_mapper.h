/* Port mapping on the loop: the state machine of port_map.h over UDP to the gateway, which is the default router
 * unless another one is named. Loop thread only. */
#ifndef QN_PORT_MAPPER_H
#define QN_PORT_MAPPER_H

#include "base/log.h"
#include "base/metrics.h"
#include "peer/net_address.h"

#include <uv.h>

struct qn_port_mapper_settings {
    uint16_t port; /* the one listened on (TCP) */
    bool has_gateway;
    struct qn_net_address gateway; /* with its port */
    const struct qn_log *log;      /* outlives it; may be NULL */
    /* Where the port is reached from outside now; port 0: nowhere any more. Not called after stop. */
    void (*mapped)(void *context, const struct qn_endpoint *external);
    void *context;
};

struct qn_port_mapper;

/* Heap; settings are copied. Begins with the next turn of the loop. */
struct qn_port_mapper *qn_port_mapper_new(uv_loop_t *loop,
                                          const struct qn_port_mapper_settings *settings);
void qn_port_mapper_collect(const struct qn_port_mapper *mapper, const struct qn_metric_sink *sink);
/* Asks the gateway once to forget the mapping, and frees it as soon as the loop has closed its handles. NULL is
 * allowed. */
void qn_port_mapper_stop(struct qn_port_mapper *mapper);

#endif
