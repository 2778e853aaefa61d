#include "api/answer.h"
#include "api/resources.h"

#include <stdlib.h>
#include <string.h>

/* {"transaction": base64url} in place of the raw bytes. */
static void parse_json(struct qn_api_call *call)
{
    struct qn_api_request *request = &call->request;
    json_error_t error;
    json_t *json =
        json_loadb((const char *)request->body, request->body_len, JSON_REJECT_DUPLICATES, &error);
    const char *text = json_string_value(json_object_get(json, "transaction"));

    if (json == NULL) {
        qn_api_problem_set(&call->problem, 400, "malformed", "not JSON: %s (byte %d)", error.text,
                           error.position);
    } else if (text == NULL || json_object_size(json) != 1) {
        qn_api_problem_set(&call->problem, 400, "malformed",
                           "the JSON body is {\"transaction\": base64url} and nothing else");
    } else {
        uint8_t *bytes = qn_api_alloc(QN_TX_LEN_MAX, 1);
        size_t len = 0;
        enum qn_err err = qn_base64url_decode(bytes, QN_TX_LEN_MAX, &len, text);
        free(request->body);
        request->body = bytes;
        request->body_len = len;
        if (err != QN_OK) {
            qn_api_problem_set(&call->problem, err == QN_ERR_TOO_BIG ? 413 : 400, qn_err_name(err),
                               "transaction: %s", qn_err_text(err));
        }
    }
    json_decref(json);
}

static void parse_submit(struct qn_api_call *call)
{
    if (strcmp(call->request.body_type, "application/json") == 0) {
        parse_json(call);
    }
    if (call->problem.status != 0) {
        return;
    }
    if (call->request.body_len > QN_TX_LEN_MAX) {
        qn_api_problem_set(&call->problem, 413, qn_err_name(QN_ERR_TOO_BIG),
                           "a transaction has at most %d bytes", QN_TX_LEN_MAX);
    } else if (call->request.body_len == 0) {
        qn_api_problem_set(&call->problem, 400, qn_err_name(QN_ERR_MALFORMED),
                           "the body is a signed transaction; it was empty");
    }
}

static void on_done(void *context, const struct qn_submit_result *result)
{
    struct qn_api_call *call = context;
    struct qn_submit_result *copy = qn_api_alloc(1, sizeof *copy);
    *copy = *result;
    call->data = copy;
    qn_api_call_finish(call);
}

static enum qn_api_progress read_submit(struct qn_api_call *call, const struct qn_node *node)
{
    (void)node;
    struct qn_span tx = {call->request.body, call->request.body_len};
    call->host.request(call->host.context, QN_REQUEST_SUBMIT, tx, on_done, call);
    return QN_API_LATER;
}

static unsigned refusal_status(enum qn_err code)
{
    switch (code) {
    case QN_ERR_ALREADY_REGISTERED:
    case QN_ERR_CODE_USED:
    case QN_ERR_DUPLICATE:
    case QN_ERR_WRONG_SEQUENCE:
    case QN_ERR_REVOKED:
        return 409;
    case QN_ERR_MALFORMED:
        return 400;
    case QN_ERR_TOO_BIG:
        return 413;
    case QN_ERR_BUSY:
    case QN_ERR_FULL:
    case QN_ERR_NOT_READY:
    case QN_ERR_CLOSED:
        return 503;
    case QN_ERR_TIMEOUT:
        return 504;
    default: /* every other refusal is of what the transaction says */
        return 422;
    }
}

static json_t *hash_json(const struct qn_hash *hash)
{
    char text[QN_ID_TEXT_SIZE];
    qn_hex_encode(text, hash->bytes, sizeof hash->bytes);
    return json_string(text);
}

static void render_submit(struct qn_api_answer *answer, const struct qn_api_call *call)
{
    const struct qn_submit_result *result = call->data;
    if (result->code != QN_OK) {
        struct qn_api_problem problem;
        qn_api_problem_set(&problem, refusal_status(result->code), qn_err_name(result->code), "%s",
                           result->text[0] != '\0' ? result->text : qn_err_text(result->code));
        qn_api_answer_problem_with(answer, &problem, "id", hash_json(&result->tx_id));
        return;
    }
    json_t *json = json_object();
    qn_json_set_text(json, "code", qn_err_name(QN_OK));
    qn_json_set(json, "id", hash_json(&result->tx_id));
    qn_json_set_u64(json, "height", result->height);
    qn_json_set_u64(json, "index", result->index);
    qn_api_answer_json(answer, 200, json);
}

const struct qn_api_handler qn_api_submit = {
    .parse = parse_submit, .read = read_submit, .render = render_submit};
