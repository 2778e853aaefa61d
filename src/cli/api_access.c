#include "cli/api_access.h"

#include "base/log.h"
#include "cli/config.h"
#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum qn_err fail(struct qn_api_result *result, enum qn_err err, const char *why)
{
    (void)snprintf(result->code, sizeof result->code, "%s", qn_err_name(err));
    (void)snprintf(result->why, sizeof result->why, "%s", why[0] != '\0' ? why : qn_err_text(err));
    return err;
}

/* Takes code and detail out of problem JSON (RFC 9457), or at least the status. */
static enum qn_err fail_by_problem(struct qn_api_result *result)
{
    const char *code = qn_json_text(result->json, "code");
    const char *detail = qn_json_text(result->json, "detail");
    const char *title = qn_json_text(result->json, "title");
    const char *text = detail[0] != '\0' ? detail : title;
    (void)snprintf(result->code, sizeof result->code, "%s", code[0] != '\0' ? code : "refused");
    if (text[0] == '\0') {
        (void)snprintf(result->why, sizeof result->why, "the API answered with status %u",
                       result->status);
    } else {
        (void)qn_log_escape(result->why, sizeof result->why, text, strlen(text));
    }
    return QN_ERR_REFUSED;
}

/* Takes over what the client brought. */
static enum qn_err take_answer(struct qn_api_result *result, struct qn_api_client_answer *answer)
{
    json_error_t error;
    result->status = answer->status;
    result->json = json_loadb(answer->body, answer->body_len, JSON_REJECT_DUPLICATES, &error);
    qn_api_client_answer_fini(answer);
    if (result->status != 200) {
        return fail_by_problem(result);
    }
    if (!json_is_object(result->json)) {
        return fail(result, QN_ERR_MALFORMED, "the answer is no JSON object: is this QNet's API?");
    }
    return QN_OK;
}

enum qn_err qn_api_ask(struct qn_api_result *result, const struct qn_endpoint *server,
                       const char *path, unsigned timeout_ms)
{
    char why[QN_TEXT_LEN_MAX + 1] = "";
    struct qn_api_client_answer answer = {0};
    *result = (struct qn_api_result){0};
    enum qn_err err = qn_api_client_get(&answer, server, path, timeout_ms, why);
    return err == QN_OK ? take_answer(result, &answer) : fail(result, err, why);
}

enum qn_err qn_api_fetch(struct qn_api_result *result, struct qn_api_client_answer *answer,
                         const struct qn_endpoint *server, const char *path, unsigned timeout_ms)
{
    char why[QN_TEXT_LEN_MAX + 1] = "";
    struct qn_api_client_answer got = {0};
    *result = (struct qn_api_result){0};
    enum qn_err err = qn_api_client_get(&got, server, path, timeout_ms, why);
    if (err != QN_OK) {
        return fail(result, err, why);
    }
    if (got.status != 200) {
        return take_answer(result, &got);
    }
    result->status = got.status;
    *answer = got;
    return QN_OK;
}

enum qn_err qn_api_access_submit(struct qn_api_result *result, const struct qn_endpoint *server,
                                 struct qn_span tx)
{
    char why[QN_TEXT_LEN_MAX + 1] = "";
    struct qn_api_client_answer answer = {0};
    *result = (struct qn_api_result){0};
    enum qn_err err =
        qn_api_client_post(&answer, server, "/v1/registry", "application/octet-stream", tx,
                           QN_API_SUBMIT_TIMEOUT_MS, why);
    return err == QN_OK ? take_answer(result, &answer) : fail(result, err, why);
}

enum qn_err qn_api_access_post(struct qn_api_result *result, const struct qn_endpoint *server,
                               const char *path, json_t *body)
{
    char why[QN_TEXT_LEN_MAX + 1] = "";
    struct qn_api_client_answer answer = {0};
    char *text = json_dumps(body, JSON_COMPACT);
    QN_ASSERT(text != NULL);
    *result = (struct qn_api_result){0};
    enum qn_err err = qn_api_client_post(&answer, server, path, "application/json",
                                         (struct qn_span){(const uint8_t *)text, strlen(text)},
                                         QN_API_TIMEOUT_MS, why);
    free(text);
    json_decref(body);
    return err == QN_OK ? take_answer(result, &answer) : fail(result, err, why);
}

enum qn_err qn_api_access_delete(struct qn_api_result *result, const struct qn_endpoint *server,
                                 const char *path)
{
    char why[QN_TEXT_LEN_MAX + 1] = "";
    struct qn_api_client_answer answer = {0};
    *result = (struct qn_api_result){0};
    enum qn_err err = qn_api_client_delete(&answer, server, path, QN_API_TIMEOUT_MS, why);
    return err == QN_OK ? take_answer(result, &answer) : fail(result, err, why);
}

void qn_api_result_fini(struct qn_api_result *result)
{
    json_decref(result->json);
    *result = (struct qn_api_result){0};
}

enum qn_exit qn_api_show(const struct qn_cli *cli, const char *path,
                         void (*show)(const json_t *object))
{
    struct qn_config config;
    struct qn_api_result result;
    enum qn_exit status = QN_EXIT_OK;
    if (!qn_config_load_or_report(&config, cli, 0)) {
        return QN_EXIT_CONFIG;
    }
    if (qn_api_ask(&result, &config.api_url, path, QN_API_TIMEOUT_MS) != QN_OK) {
        status = qn_output_fail(cli, QN_EXIT_RUNTIME, result.code, "%s", result.why);
    } else if (cli->arguments.json) {
        qn_output_json(json_incref(result.json));
    } else {
        show(result.json);
    }
    qn_api_result_fini(&result);
    qn_config_fini(&config);
    return status;
}

const char *qn_json_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

uint64_t qn_json_number(const json_t *object, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(object, name));
    return value > 0 ? (uint64_t)value : 0;
}

bool qn_json_flag(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

bool qn_json_hash(uint8_t out[QN_HASH_LEN], const json_t *object, const char *name)
{
    return qn_hex_decode(out, QN_HASH_LEN, qn_json_text(object, name)) == QN_OK;
}

const char *qn_json_printable(char *out, size_t size, const json_t *object, const char *name)
{
    const char *text = qn_json_text(object, name);
    return qn_log_escape(out, size, text, strlen(text));
}
