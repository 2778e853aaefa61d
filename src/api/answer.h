/* Bodies of answers. */
#ifndef QN_API_ANSWER_H
#define QN_API_ANSWER_H

#include "api/call.h"
#include "api/json.h"

/* Takes the JSON over. */
void qn_api_answer_json(struct qn_api_answer *answer, unsigned status, json_t *json);
/* A copy of the text. */
void qn_api_answer_text(struct qn_api_answer *answer, unsigned status, const char *content_type,
                        const char *text);
/* Takes over the bytes (heap). */
void qn_api_answer_bytes(struct qn_api_answer *answer, unsigned status, const char *content_type,
                         uint8_t *bytes, size_t len);
/* RFC 9457; the problem has a status. */
void qn_api_answer_problem(struct qn_api_answer *answer, const struct qn_api_problem *problem);
/* The same with a member of its own, which is taken over. */
void qn_api_answer_problem_with(struct qn_api_answer *answer, const struct qn_api_problem *problem,
                                const char *key, json_t *value);

#endif
