#include "api/answer.h"
#include "api/resources.h"

#include <stdlib.h>
#include <string.h>

enum { ENTRY_LEN_MAX = 400, BAN_SECONDS_MAX = 315360000 }; /* ten years */

/* ---- GET: the list ---- */

struct list {
    bool durable;
    size_t count;
    struct qn_ban bans[QN_BANS_LIST_MAX];
};

static bool is_durable(const struct qn_node *node, qn_time_us now)
{
    struct qn_node_status status;
    qn_node_status(node, &status, now);
    return status.durable;
}

static enum qn_api_progress read_bans(struct qn_api_call *call, const struct qn_node *node)
{
    struct list *list = qn_api_alloc(1, sizeof *list);
    qn_time_us now = call->host.now();
    call->data = list;
    list->durable = is_durable(node, now);
    list->count = qn_node_bans(node, list->bans, QN_BANS_LIST_MAX, now, call->host.unix_ms());
    return QN_API_DONE;
}

static json_t *ban_json(const struct qn_ban *ban)
{
    char target[QN_BAN_TARGET_TEXT_SIZE];
    json_t *json = json_object();
    qn_json_set_text(json, "target", qn_ban_target_format(target, &ban->target));
    qn_json_set_text(json, "by", ban->by_operator ? "operator" : "faults");
    qn_json_set_text(json, "applies_to", ban->strangers_only ? "unregistered" : "everybody");
    qn_json_set_u64(json, "since_ms", ban->since_ms);
    qn_json_set_u64_if(json, "until_ms", ban->until_ms != QN_BAN_FOR_GOOD, ban->until_ms);
    qn_json_set_text(json, "reason", ban->reason);
    return json;
}

static void render_bans(struct qn_api_answer *answer, const struct qn_api_call *call)
{
    const struct list *list = call->data;
    json_t *bans = json_array();
    for (size_t i = 0; i < list->count; i++) {
        qn_json_append(bans, ban_json(&list->bans[i]));
    }
    json_t *json = json_object();
    qn_json_set_bool(json, "durable", list->durable);
    qn_json_set(json, "bans", bans);
    qn_api_answer_json(answer, 200, json);
}

static size_t cost_bans(const struct qn_api_request *request)
{
    (void)request;
    return (size_t)QN_BANS_LIST_MAX * ENTRY_LEN_MAX;
}

const struct qn_api_handler qn_api_bans = {
    .read = read_bans, .render = render_bans, .cost = cost_bans};

/* ---- POST and DELETE: changes ---- */

struct change {
    struct qn_ban ban; /* of DELETE the target only */
    uint64_t seconds;  /* 0: for good */
    bool durable;
    struct qn_submit_result result;
};

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < ' ' || *text > '~') {
            return false;
        }
    }
    return true;
}

static bool parse_target(struct qn_api_call *call, struct change *change, const char *target)
{
    if (target == NULL || qn_ban_target_parse(&change->ban.target, target) != QN_OK) {
        qn_api_problem_set(&call->problem, 400, "invalid",
                           "target is a node id of 64 hex digits, an address, or an address "
                           "prefix such as 192.0.2.0/24 or 2001:db8::/32");
        return false;
    }
    return true;
}

static bool parse_seconds(struct qn_api_call *call, struct change *change, const json_t *seconds)
{
    json_int_t value = json_integer_value(seconds);
    if (seconds != NULL && (!json_is_integer(seconds) || value < 1 || value > BAN_SECONDS_MAX)) {
        qn_api_problem_set(&call->problem, 400, "invalid",
                           "seconds is from 1 to %d, or lacks: for good", BAN_SECONDS_MAX);
        return false;
    }
    change->seconds = seconds != NULL ? (uint64_t)value : 0;
    return true;
}

static bool parse_reason(struct qn_api_call *call, struct change *change, const json_t *reason)
{
    const char *text = reason == NULL ? "" : json_string_value(reason);
    if (text == NULL || strlen(text) > QN_BAN_REASON_LEN_MAX || !is_printable(text)) {
        qn_api_problem_set(&call->problem, 400, "invalid",
                           "reason has at most %d printable ASCII characters",
                           QN_BAN_REASON_LEN_MAX);
        return false;
    }
    memcpy(change->ban.reason, text, strlen(text) + 1);
    return true;
}

static void parse_fields(struct qn_api_call *call, struct change *change, json_t *json)
{
    const char *key;
    json_t *value;
    json_object_foreach(json, key, value)
    {
        if (strcmp(key, "target") != 0 && strcmp(key, "seconds") != 0 &&
            strcmp(key, "reason") != 0) {
            qn_api_problem_set(&call->problem, 400, "malformed",
                               "a ban has the members target, seconds and reason");
            return;
        }
    }
    (void)(parse_target(call, change, json_string_value(json_object_get(json, "target"))) &&
           parse_seconds(call, change, json_object_get(json, "seconds")) &&
           parse_reason(call, change, json_object_get(json, "reason")));
}

static void parse_ban(struct qn_api_call *call)
{
    const struct qn_api_request *request = &call->request;
    json_error_t error;
    struct change *change = qn_api_alloc(1, sizeof *change);
    call->data = change;
    if (strcmp(request->body_type, "application/json") != 0) {
        qn_api_problem_set(&call->problem, 415, "unsupported_media_type",
                           "the body is application/json");
        return;
    }
    json_t *json =
        json_loadb((const char *)request->body, request->body_len, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(json)) {
        qn_api_problem_set(&call->problem, 400, "malformed", "the body is no JSON object");
    } else {
        parse_fields(call, change, json);
    }
    json_decref(json);
}

static void parse_unban(struct qn_api_call *call)
{
    struct change *change = qn_api_alloc(1, sizeof *change);
    call->data = change;
    (void)parse_target(call, change, call->request.target);
}

static void on_done(void *context, const struct qn_submit_result *result)
{
    struct qn_api_call *call = context;
    struct change *change = call->data;
    change->result = *result;
    qn_api_call_finish(call);
}

static enum qn_api_progress read_ban(struct qn_api_call *call, const struct qn_node *node)
{
    struct change *change = call->data;
    struct qn_ban *ban = &change->ban;
    change->durable = is_durable(node, call->host.now());
    ban->by_operator = true;
    ban->since_ms = call->host.unix_ms();
    ban->until_ms = change->seconds == 0 ? QN_BAN_FOR_GOOD : ban->since_ms + change->seconds * 1000;
    struct qn_buf *bytes = qn_ban_encode(ban);
    call->host.request(call->host.context, QN_REQUEST_BAN, qn_buf_span(bytes), on_done, call);
    qn_buf_drop(bytes);
    return QN_API_LATER;
}

static enum qn_api_progress read_unban(struct qn_api_call *call, const struct qn_node *node)
{
    struct change *change = call->data;
    char target[QN_BAN_TARGET_TEXT_SIZE];
    (void)node;
    qn_ban_target_format(target, &change->ban.target);
    struct qn_span span = {(const uint8_t *)target, strlen(target)};
    call->host.request(call->host.context, QN_REQUEST_UNBAN, span, on_done, call);
    return QN_API_LATER;
}

static unsigned refusal_status(enum qn_err code)
{
    switch (code) {
    case QN_ERR_INVALID:
        return 400;
    case QN_ERR_NOT_FOUND:
        return 404;
    case QN_ERR_FULL:
        return 409;
    default: /* the node is busy, or stops */
        return 503;
    }
}

static bool is_refused(struct qn_api_answer *answer, const struct change *change)
{
    const struct qn_submit_result *result = &change->result;
    struct qn_api_problem problem;
    if (result->code == QN_OK) {
        return false;
    }
    qn_api_problem_set(&problem, refusal_status(result->code), qn_err_name(result->code), "%s",
                       result->text[0] != '\0' ? result->text : qn_err_text(result->code));
    qn_api_answer_problem(answer, &problem);
    return true;
}

static void render_ban(struct qn_api_answer *answer, const struct qn_api_call *call)
{
    const struct change *change = call->data;
    if (!is_refused(answer, change)) {
        json_t *json = ban_json(&change->ban);
        qn_json_set_bool(json, "durable", change->durable);
        qn_api_answer_json(answer, 200, json);
    }
}

static void render_unban(struct qn_api_answer *answer, const struct qn_api_call *call)
{
    const struct change *change = call->data;
    char target[QN_BAN_TARGET_TEXT_SIZE];
    if (!is_refused(answer, change)) {
        json_t *json = json_object();
        qn_json_set_text(json, "target", qn_ban_target_format(target, &change->ban.target));
        qn_api_answer_json(answer, 200, json);
    }
}

const struct qn_api_handler qn_api_ban = {
    .parse = parse_ban, .read = read_ban, .render = render_ban};
const struct qn_api_handler qn_api_unban = {
    .parse = parse_unban, .read = read_unban, .render = render_unban};
