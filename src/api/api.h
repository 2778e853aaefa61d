/* HTTP API on port 8001 (DESIGN section 11; docs/api.md gives every route and field).
 *
 * HTTP runs on a thread of its own (libmicrohttpd); everything that reads the node runs on the loop's
 * thread through host.post, so handlers never race with a step. */
#ifndef QN_API_H
#define QN_API_H

#include "base/log.h"
#include "base/metrics.h"
#include "node/view.h"

/* What the API needs of the process it lives in; src/cli/daemon.c fills it from net/runtime.h. */
struct qn_api_host {
    void *context;
    /* Runs fn(argument) on the loop's thread; false: stopping, never called. */
    bool (*post)(void *context, void (*fn)(void *argument), void *argument);
    /* Loop thread only; done is called exactly once, on the loop thread. */
    void (*request)(void *context, enum qn_request_kind kind, struct qn_span request,
                    void (*done)(void *done_context, const struct qn_submit_result *result),
                    void *done_context);
    /* Loop thread only. */
    const struct qn_node *(*node)(void *context);
    void (*collect)(void *context, const struct qn_metric_sink *sink);
    /* Loop thread only: the folder of the node's data and its size; NULL: memory. */
    const char *(*storage)(void *context, uint64_t *bytes);
    qn_time_us (*now)(void);
    qn_unix_ms (*unix_ms)(void);
};

struct qn_api_config {
    struct qn_endpoint listen; /* port 0: any free one */
    struct qn_api_host host;
    const struct qn_log *log;
    const char *software; /* "qnet/0.1.0" */
};

struct qn_api;
/* Listens and serves until close. why (QN_TEXT_LEN_MAX + 1): the reason for people. */
QN_MUST_USE enum qn_err qn_api_open(struct qn_api **api, const struct qn_api_config *config,
                                    char *why);
const struct qn_endpoint *qn_api_listen(const struct qn_api *api);
/* Stops accepting, answers what is under way with 503, joins the thread. The loop must still be able
 * to run posted work, or have refused it, until this returns. NULL is allowed. */
void qn_api_close(struct qn_api *api);

#endif
