#include "api/call.h"

#include "api/answer.h"
#include "api/json.h"

#include <stdlib.h>

struct qn_api_call *qn_api_call_new(const struct qn_api_handler *handler,
                                    const struct qn_api_host *host)
{
    struct qn_api_call *call = qn_api_alloc(1, sizeof *call);
    QN_ASSERT(pthread_mutex_init(&call->mutex, NULL) == 0);
    call->references = 1;
    call->state = QN_API_CALL_WAITING;
    call->handler = handler;
    call->host = *host;
    return call;
}

void qn_api_call_drop(struct qn_api_call *call)
{
    pthread_mutex_lock(&call->mutex);
    QN_ASSERT(call->references > 0);
    bool is_last = --call->references == 0;
    pthread_mutex_unlock(&call->mutex);
    if (is_last) {
        pthread_mutex_destroy(&call->mutex);
        free(call->request.body);
        free(call->data);
        free(call);
    }
}

/* Ends the wait, if nobody has yet. */
static void end_wait(struct qn_api_call *call, enum qn_api_call_state state)
{
    pthread_mutex_lock(&call->mutex);
    if (call->state == QN_API_CALL_WAITING) {
        call->state = state;
        call->wake(call->waiter);
    }
    pthread_mutex_unlock(&call->mutex);
}

void qn_api_call_finish(struct qn_api_call *call)
{
    end_wait(call, QN_API_CALL_ANSWERED);
    qn_api_call_drop(call);
}

void qn_api_call_abandon(struct qn_api_call *call)
{
    end_wait(call, QN_API_CALL_ABANDONED);
}

static enum qn_api_call_state state_of(struct qn_api_call *call)
{
    pthread_mutex_lock(&call->mutex);
    enum qn_api_call_state state = call->state;
    pthread_mutex_unlock(&call->mutex);
    return state;
}

bool qn_api_call_is_answered(struct qn_api_call *call)
{
    return state_of(call) == QN_API_CALL_ANSWERED;
}

static void on_loop(void *argument)
{
    struct qn_api_call *call = argument;
    if (state_of(call) == QN_API_CALL_ABANDONED ||
        call->handler->read(call, call->host.node(call->host.context)) == QN_API_DONE) {
        qn_api_call_finish(call);
    }
}

bool qn_api_call_post(struct qn_api_call *call)
{
    pthread_mutex_lock(&call->mutex);
    call->references++;
    pthread_mutex_unlock(&call->mutex);
    if (call->host.post(call->host.context, on_loop, call)) {
        return true;
    }
    qn_api_call_drop(call);
    return false;
}

void qn_api_call_render(struct qn_api_answer *answer, const struct qn_api_call *call)
{
    if (call->problem.status != 0) {
        qn_api_answer_problem(answer, &call->problem);
    } else {
        call->handler->render(answer, call);
    }
}
