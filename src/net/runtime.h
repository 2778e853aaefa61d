/* The runtime of the daemon: a libuv loop that drives one qn_node with real links, clocks and workers.
 *
 * Two steps, since the node must know its port: open binds the listener, run drives the node until
 * stop. All node calls happen on the thread that calls run. */
#ifndef QN_RUNTIME_H
#define QN_RUNTIME_H

#include "base/log.h"
#include "base/metrics.h"
#include "net/lan_interfaces.h"
#include "node/node.h"

struct qn_runtime_config {
    const struct qn_key *key;            /* identity: TLS and SIGN; outlives the runtime */
    const struct qn_key *activation_key; /* may be NULL */
    struct qn_endpoint listen;           /* host and port as asked; port 0: any free one */
    bool listens;                        /* false: outbound only */
    size_t links_max;
    bool maps_port; /* asks the gateway to forward it (port_mapper.h) */
    bool has_gateway;
    struct qn_net_address gateway; /* instead of the default router; with its port */
    bool has_lan;                  /* discovery in the local network */
    struct qn_network_id network;  /* of which it speaks there */
    struct qn_lan_choice lan;      /* where; what it says of listening is filled in */
    const struct qn_log *log;
    struct qn_storage *storage; /* where PERSIST goes; outlives the runtime */
};

struct qn_runtime;

/* Binds and listens (but accepts nothing before run). why (QN_TEXT_LEN_MAX + 1) gets the reason for
 * people: "cannot listen on 127.0.0.1:9876: address already in use". */
QN_MUST_USE enum qn_err qn_runtime_open(struct qn_runtime **runtime,
                                        const struct qn_runtime_config *config, char *why);
/* What was really bound, as text address and port. */
const struct qn_endpoint *qn_runtime_listen(const struct qn_runtime *runtime);
/* Monotonic clock and wall clock as the runtime stamps events with. */
qn_time_us qn_runtime_now(void);
qn_unix_ms qn_runtime_unix_ms(void);
/* Runs the loop until stop; sends SHUTDOWN to the node then and flushes at most 2 s. The node is the
 * caller's, and read only on this thread. QN_OK after an orderly stop; the node's error if it halted
 * (qn_node_halted says why). */
QN_MUST_USE enum qn_err qn_runtime_run(struct qn_runtime *runtime, struct qn_node *node);
/* Async-signal-safe, any thread. */
void qn_runtime_stop(struct qn_runtime *runtime);
/* Any thread: fn(context) runs soon on the loop's thread. False once the runtime is stopping: fn will
 * not be called. */
bool qn_runtime_post(struct qn_runtime *runtime, void (*fn)(void *context), void *context);
/* Loop thread only: a request to the node, a copy of whose bytes is made; done is called exactly once, on
 * the loop thread, also when the runtime stops (QN_ERR_CLOSED). */
void qn_runtime_request(struct qn_runtime *runtime, enum qn_request_kind kind,
                        struct qn_span request,
                        void (*done)(void *context, const struct qn_submit_result *result),
                        void *context);
void qn_runtime_collect(const struct qn_runtime *runtime, const struct qn_metric_sink *sink);
/* After run returned. NULL is allowed. */
void qn_runtime_close(struct qn_runtime *runtime);

#endif
