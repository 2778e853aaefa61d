#include "api/answer.h"

#include <stdlib.h>
#include <string.h>

/* The names of RFC 9110; those that the API uses. */
static const char *title(unsigned status)
{
    static const struct {
        unsigned status;
        const char *title;
    } titles[] = {
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(titles); i++) {
        if (titles[i].status == status) {
            return titles[i].title;
        }
    }
    return "Error";
}

static void answer_dumped(struct qn_api_answer *answer, unsigned status, const char *content_type,
                          json_t *json)
{
    char *body = json_dumps(json, JSON_COMPACT);
    QN_ASSERT(body != NULL);
    json_decref(json);
    *answer = (struct qn_api_answer){
        .status = status, .content_type = content_type, .body = body, .body_len = strlen(body)};
}

void qn_api_answer_json(struct qn_api_answer *answer, unsigned status, json_t *json)
{
    answer_dumped(answer, status, "application/json", json);
}

void qn_api_answer_text(struct qn_api_answer *answer, unsigned status, const char *content_type,
                        const char *text)
{
    size_t len = strlen(text);
    char *body = qn_api_alloc(len + 1, 1);
    memcpy(body, text, len);
    *answer = (struct qn_api_answer){
        .status = status, .content_type = content_type, .body = body, .body_len = len};
}

void qn_api_answer_bytes(struct qn_api_answer *answer, unsigned status, const char *content_type,
                         uint8_t *bytes, size_t len)
{
    *answer = (struct qn_api_answer){
        .status = status, .content_type = content_type, .body = (char *)bytes, .body_len = len};
}

void qn_api_answer_problem_with(struct qn_api_answer *answer, const struct qn_api_problem *problem,
                                const char *key, json_t *value)
{
    QN_ASSERT(problem->status != 0);
    json_t *json = json_object();
    qn_json_set_text(json, "type", "about:blank");
    qn_json_set_text(json, "title", title(problem->status));
    qn_json_set_u64(json, "status", problem->status);
    qn_json_set_text(json, "detail", problem->detail);
    qn_json_set_text(json, "code", problem->code);
    if (key != NULL) {
        qn_json_set(json, key, value);
    }
    answer_dumped(answer, problem->status, "application/problem+json", json);
}

void qn_api_answer_problem(struct qn_api_answer *answer, const struct qn_api_problem *problem)
{
    qn_api_answer_problem_with(answer, problem, NULL, NULL);
}
