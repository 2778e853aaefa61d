#include "api/exchange.h"

#include "api/answer.h"
#include "api/host_header.h"
#include "api/route.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    SMALL_ANSWER = 65536,       /* what an answer without an estimate counts */
    BODY_DISCARD_MAX = 1048576, /* of a body whose length was not told; then the connection ends */
};

struct qn_api_exchange {
    /* The list of those that wait, under the API's mutex. */
    struct qn_api_exchange *before;
    struct qn_api_exchange *after;
    bool is_waiting;
    struct qn_api *api;
    struct MHD_Connection *connection;
    struct qn_api_connection *place;
    struct qn_api_call *call;
    bool is_posted;
    bool is_answered; /* a response is queued */
    size_t body_max;
    size_t body_capacity;
    size_t body_seen;    /* discarded bytes included */
    size_t answer_bytes; /* our part of the API's budget */
};

/* ---- the answer ---- */

static void hold_budget(struct qn_api_exchange *x, size_t bytes)
{
    x->api->answer_bytes += bytes;
    x->api->answer_bytes -= x->answer_bytes;
    x->answer_bytes = bytes;
}

static bool add_headers(struct MHD_Response *response, const struct qn_api_answer *answer,
                        const char *allow, bool closes)
{
    return MHD_add_response_header(response, "Content-Type", answer->content_type) == MHD_YES &&
           MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES &&
           MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") == MHD_YES &&
           (answer->status != 503 ||
            MHD_add_response_header(response, "Retry-After", "1") == MHD_YES) &&
           (allow == NULL || MHD_add_response_header(response, "Allow", allow) == MHD_YES) &&
           (!closes || MHD_add_response_header(response, "Connection", "close") == MHD_YES);
}

static enum MHD_Result send_answer(struct qn_api_exchange *x, const struct qn_api_answer *answer,
                                   const char *allow, bool closes)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(answer->body_len, answer->body, MHD_RESPMEM_MUST_FREE);
    QN_ASSERT(response != NULL);
    enum MHD_Result result = MHD_NO;
    hold_budget(x, answer->body_len);
    if (add_headers(response, answer, allow, closes)) {
        qn_api_connection_enter(x->place, QN_API_SENDING, qn_api_now_ms());
        qn_api_stats_answered(&x->api->stats, answer->status);
        x->is_answered = true;
        result = MHD_queue_response(x->connection, answer->status, response);
    }
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_problem(struct qn_api_exchange *x, const struct qn_api_problem *problem,
                                    const char *allow, bool closes)
{
    struct qn_api_answer answer;
    qn_api_answer_problem(&answer, problem);
    return send_answer(x, &answer, allow, closes);
}

/* Before the body was read: the library ends the connection then, so that a body is never taken for the
 * next request. */
static enum MHD_Result refuse(struct qn_api_exchange *x, const struct qn_api_problem *problem,
                              const char *allow)
{
    return send_problem(x, problem, allow, false);
}

/* ---- the head ---- */

static const char *header(struct qn_api_exchange *x, const char *name)
{
    return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

struct parameters {
    const struct qn_api_route *route;
    struct qn_api_request *request;
    struct qn_api_problem *problem;
};

static enum MHD_Result on_parameter(void *context, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
    struct parameters *parameters = context;
    (void)kind;
    return qn_api_route_parameter(parameters->route, parameters->request, parameters->problem, name,
                                  value)
               ? MHD_YES
               : MHD_NO;
}

/* The type of a body that we take, static; NULL: another. */
static const char *body_type(const char *content_type)
{
    static const char *const types[] = {"application/octet-stream", "application/json"};

    for (size_t i = 0; content_type != NULL && i < QN_ARRAY_COUNT(types); i++) {
        size_t len = strlen(types[i]);
        if (strncasecmp(content_type, types[i], len) == 0) {
            char next = content_type[len];
            if (next == '\0' || next == ';' || next == ' ') {
                return types[i];
            }
        }
    }
    return NULL;
}

/* Content-Length as a number, cut at body_max + 1; 0 if there is none. The library has checked its
 * form. */
static size_t announced_len(struct qn_api_exchange *x)
{
    const char *text = header(x, "Content-Length");
    size_t number = 0;

    for (; text != NULL && *text >= '0' && *text <= '9' && number <= x->body_max; text++) {
        number = number * 10 + (size_t)(*text - '0');
    }
    return number;
}

static bool check_head(struct qn_api_exchange *x, struct qn_api_problem *problem, const char *url)
{
    if (strlen(url) > QN_API_PATH_LEN_MAX) {
        qn_api_problem_set(problem, 414, "too_big", "a path has at most %d characters",
                           QN_API_PATH_LEN_MAX);
    } else if (!qn_api_host_is_allowed(header(x, "Host"), &x->api->listen)) {
        qn_api_problem_set(problem, 403, "host_not_allowed",
                           "the Host header names neither this machine nor the listening address");
    }
    return problem->status == 0;
}

/* Does the client run on this machine? */
static bool is_from_here(struct qn_api_exchange *x)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    char host[INET6_ADDRSTRLEN];
    const struct sockaddr *address = info->client_addr;
    socklen_t len =
        address->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    if (getnameinfo(address, len, host, sizeof host, NULL, 0, NI_NUMERICHOST) != 0) {
        return false;
    }
    const char *v4 = strncmp(host, "::ffff:", 7) == 0 ? host + 7 : host;
    return qn_api_host_is_loopback(v4);
}

static bool check_body_head(struct qn_api_exchange *x, struct qn_api_problem *problem,
                            const struct qn_api_route *route)
{
    x->body_max = route->method == QN_API_POST ? QN_API_BODY_LEN_MAX : 0;
    if (route->method == QN_API_POST) {
        x->call->request.body_type = body_type(header(x, "Content-Type"));
        if (x->call->request.body_type == NULL) {
            qn_api_problem_set(problem, 415, "unsupported_media_type",
                               "the body is application/octet-stream or application/json");
            return false;
        }
    }
    if (announced_len(x) > x->body_max) {
        qn_api_problem_set(problem, 413, qn_err_name(QN_ERR_TOO_BIG), "the body is over %zu bytes",
                           x->body_max);
        return false;
    }
    return true;
}

static enum MHD_Result on_head(struct qn_api_exchange *x, const char *url, const char *method)
{
    struct qn_api_problem problem = {0};
    struct qn_api_request request = {0};
    const char *allow = NULL;

    if (!check_head(x, &problem, url)) {
        return refuse(x, &problem, NULL);
    }
    const struct qn_api_route *route = qn_api_route_find(&request, &problem, &allow, method, url);
    if (route == NULL) {
        return refuse(x, &problem, allow);
    }
    if (route->is_local && !is_from_here(x)) {
        qn_api_problem_set(&problem, 403, "not_local",
                           "this is answered on the node's own machine only");
        return refuse(x, &problem, NULL);
    }
    struct parameters parameters = {route, &request, &problem};
    (void)MHD_get_connection_values(x->connection, MHD_GET_ARGUMENT_KIND, on_parameter,
                                    &parameters);
    if (problem.status != 0) {
        return refuse(x, &problem, NULL);
    }
    x->call = qn_api_call_new(route->handler, &x->api->host);
    x->call->request = request;
    x->call->software = x->api->software;
    x->call->stats = &x->api->stats;
    return check_body_head(x, &problem, route) ? MHD_YES : refuse(x, &problem, NULL);
}

/* ---- the body ---- */

static void grow_body(struct qn_api_exchange *x, size_t needed)
{
    struct qn_api_request *request = &x->call->request;
    if (needed <= x->body_capacity) {
        return;
    }
    size_t capacity = x->body_capacity == 0 ? announced_len(x) : 2 * x->body_capacity;
    capacity = capacity < needed ? needed : capacity;
    capacity = capacity > x->body_max ? x->body_max : capacity;
    uint8_t *body = realloc(request->body, capacity);
    QN_ASSERT(body != NULL);
    request->body = body;
    x->body_capacity = capacity;
}

/* Too long a body (its length was not told, else the head was refused) is read and dropped, since an
 * answer goes out behind it only; but not for ever. */
static enum MHD_Result on_body(struct qn_api_exchange *x, const char *upload, size_t *upload_len)
{
    struct qn_api_request *request = &x->call->request;
    size_t len = *upload_len;

    *upload_len = 0;
    x->body_seen += len;
    if (x->body_seen > BODY_DISCARD_MAX) {
        return MHD_NO;
    }
    if (x->body_seen <= x->body_max) {
        grow_body(x, x->body_seen);
        memcpy(request->body + request->body_len, upload, len);
        request->body_len += len;
    }
    return MHD_YES;
}

/* ---- to the loop and back ---- */

/* Any thread. The library has no wake-up call of its own in this mode. */
static void wake(void *waiter)
{
    struct qn_api_exchange *x = waiter;
    MHD_resume_connection(x->connection);
    qn_api_wake(x->api);
}

/* Suspends the connection, unless the API closes: from then on nobody would resume it. */
static bool begin_wait(struct qn_api_exchange *x)
{
    struct qn_api *api = x->api;

    pthread_mutex_lock(&api->mutex);
    bool may_wait = !api->is_closing;
    if (may_wait) {
        x->is_waiting = true;
        x->after = api->waiting;
        if (x->after != NULL) {
            x->after->before = x;
        }
        api->waiting = x;
        MHD_suspend_connection(x->connection);
    }
    pthread_mutex_unlock(&api->mutex);
    return may_wait;
}

static void end_wait(struct qn_api_exchange *x)
{
    struct qn_api *api = x->api;

    pthread_mutex_lock(&api->mutex);
    if (x->is_waiting) {
        if (x->before != NULL) {
            x->before->after = x->after;
        } else {
            api->waiting = x->after;
        }
        if (x->after != NULL) {
            x->after->before = x->before;
        }
        x->is_waiting = false;
    }
    pthread_mutex_unlock(&api->mutex);
}

void qn_api_exchange_abandon_all(struct qn_api_exchange *first)
{
    for (struct qn_api_exchange *x = first; x != NULL; x = x->after) {
        qn_api_call_abandon(x->call);
    }
}

static enum MHD_Result send_closing(struct qn_api_exchange *x)
{
    struct qn_api_problem problem;
    qn_api_problem_set(&problem, 503, qn_err_name(QN_ERR_CLOSED), "this node is stopping");
    return send_problem(x, &problem, NULL, true);
}

static bool reserve_budget(struct qn_api_exchange *x)
{
    const struct qn_api_call *call = x->call;
    size_t cost = call->handler->cost == NULL ? SMALL_ANSWER : call->handler->cost(&call->request);
    if (cost > x->api->limits.answer_bytes - x->api->answer_bytes) {
        return false;
    }
    hold_budget(x, cost);
    return true;
}

static enum MHD_Result post(struct qn_api_exchange *x)
{
    struct qn_api_call *call = x->call;

    if (x->body_seen > x->body_max) {
        qn_api_problem_set(&call->problem, 413, qn_err_name(QN_ERR_TOO_BIG),
                           "the body is over %zu bytes", x->body_max);
    } else if (call->handler->parse != NULL) {
        call->handler->parse(call);
    }
    if (call->problem.status == 0 && !reserve_budget(x)) {
        qn_api_problem_set(&call->problem, 503, qn_err_name(QN_ERR_BUSY),
                           "too many large answers are under way");
    }
    if (call->problem.status != 0) {
        return send_problem(x, &call->problem, NULL, false);
    }
    qn_api_connection_enter(x->place, QN_API_WAITING, qn_api_now_ms());
    call->wake = wake;
    call->waiter = x;
    x->is_posted = true;
    if (!begin_wait(x)) {
        return send_closing(x);
    }
    if (!qn_api_call_post(call)) {
        qn_api_call_abandon(call);
    }
    return MHD_YES;
}

/* The connection was resumed. */
static enum MHD_Result on_result(struct qn_api_exchange *x)
{
    struct qn_api_answer answer;

    end_wait(x);
    if (!qn_api_call_is_answered(x->call)) {
        return send_closing(x);
    }
    qn_api_call_render(&answer, x->call);
    return send_answer(x, &answer, NULL, false);
}

/* ---- libmicrohttpd's callbacks ---- */

enum MHD_Result qn_api_exchange_on_request(void *context, struct MHD_Connection *connection,
                                           const char *url, const char *method, const char *version,
                                           const char *upload, size_t *upload_len,
                                           void **request_context)
{
    struct qn_api_exchange *x = *request_context;
    (void)version;

    if (x == NULL) {
        x = qn_api_alloc(1, sizeof *x);
        x->api = context;
        x->connection = connection;
        x->place =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
        *request_context = x;
        return on_head(x, url, method);
    }
    if (x->is_answered) {
        *upload_len = 0;
        return MHD_YES;
    }
    if (*upload_len > 0) {
        return on_body(x, upload, upload_len);
    }
    return x->is_posted ? on_result(x) : post(x);
}

void qn_api_exchange_on_completed(void *context, struct MHD_Connection *connection,
                                  void **request_context, enum MHD_RequestTerminationCode code)
{
    struct qn_api_exchange *x = *request_context;
    (void)context;
    (void)connection;
    (void)code;

    if (x == NULL) {
        return;
    }
    end_wait(x);
    hold_budget(x, 0);
    if (x->call != NULL) {
        qn_api_call_drop(x->call);
    }
    /* A kept connection may ask again: its next request has the whole time. */
    qn_api_connection_enter(x->place, QN_API_RECEIVING, qn_api_now_ms());
    free(x);
    *request_context = NULL;
}
