/* Requests of the API and the command line, until the core answers. */
#include "net/runtime_internal.h"

#include <stdio.h>

static void refuse(void (*done)(void *context, const struct qn_submit_result *result),
                   void *context, enum qn_err code)
{
    struct qn_submit_result result = {.code = code};

    (void)snprintf(result.text, sizeof result.text, "%s",
                   code == QN_ERR_CLOSED ? "the node is stopping" : qn_err_text(code));
    done(context, &result);
}

static struct qn_pending_submit *find(struct qn_runtime *runtime, qn_request_token token)
{
    for (size_t i = 0; i < QN_ARRAY_COUNT(runtime->submits); i++) {
        if (runtime->submits[i].token == token) {
            return &runtime->submits[i];
        }
    }
    return NULL;
}

void qn_runtime_request(struct qn_runtime *runtime, enum qn_request_kind kind,
                        struct qn_span request,
                        void (*done)(void *context, const struct qn_submit_result *result),
                        void *context)
{
    if (runtime->is_stopping || runtime->core.step == NULL) {
        refuse(done, context, QN_ERR_CLOSED);
        return;
    }
    struct qn_pending_submit *pending = find(runtime, 0);
    if (pending == NULL) {
        refuse(done, context, QN_ERR_BUSY);
        return;
    }
    runtime->tokens += 1;
    *pending = (struct qn_pending_submit){runtime->tokens, done, context};
    struct qn_buf *bytes = qn_buf_copy(request);
    struct qn_event event = {.kind = QN_EVENT_REQUEST};
    event.request.token = pending->token;
    event.request.kind = kind;
    event.request.bytes = qn_buf_span(bytes);
    qn_runtime_deliver(runtime, &event, bytes);
}

void qn_runtime_reply(struct qn_runtime *runtime, qn_request_token token,
                      const struct qn_submit_result *result)
{
    struct qn_pending_submit *pending = token != 0 ? find(runtime, token) : NULL;

    if (pending != NULL) {
        struct qn_pending_submit taken = *pending;
        *pending = (struct qn_pending_submit){0};
        taken.done(taken.context, result);
    }
}

void qn_runtime_fail_submits(struct qn_runtime *runtime)
{
    for (size_t i = 0; i < QN_ARRAY_COUNT(runtime->submits); i++) {
        struct qn_pending_submit taken = runtime->submits[i];
        runtime->submits[i] = (struct qn_pending_submit){0};
        if (taken.token != 0) {
            refuse(taken.done, taken.context, QN_ERR_CLOSED);
        }
    }
}
