/* Asking a node's API for JSON, with the errors of both sides in one form. */
#ifndef QN_API_ACCESS_H
#define QN_API_ACCESS_H

#include "api/client.h"
#include "cli/cli.h"
#include "wire/types.h"

#include <jansson.h>

enum { QN_API_TIMEOUT_MS = 10000, QN_API_SUBMIT_TIMEOUT_MS = 35000, QN_API_WHY_SIZE = 512 };

/* What an API answered. */
struct qn_api_result {
    unsigned status;           /* HTTP; 0: no answer */
    json_t *json;              /* the object, owned; NULL if there is none */
    char code[64];             /* of an error: qn_err_name, or the API's own word */
    char why[QN_API_WHY_SIZE]; /* of an error, for people */
};

/* QN_OK only with status 200 and a JSON object; else result->code and ->why say what went wrong:
 * QN_ERR_REFUSED for an answer of another status, else what qn_api_client_get says. Fini in any case. */
QN_MUST_USE enum qn_err qn_api_ask(struct qn_api_result *result, const struct qn_endpoint *server,
                                   const char *path, unsigned timeout_ms);
/* The same for an answer that is not JSON: QN_OK only with status 200, and then *answer is the caller's to
 * free. */
QN_MUST_USE enum qn_err qn_api_fetch(struct qn_api_result *result,
                                     struct qn_api_client_answer *answer,
                                     const struct qn_endpoint *server, const char *path,
                                     unsigned timeout_ms);
/* POST /v1/registry with these bytes; waits until the transaction is final or refused. */
QN_MUST_USE enum qn_err qn_api_access_submit(struct qn_api_result *result,
                                             const struct qn_endpoint *server, struct qn_span tx);
/* POST of JSON, which is taken over, and DELETE. */
QN_MUST_USE enum qn_err qn_api_access_post(struct qn_api_result *result,
                                           const struct qn_endpoint *server, const char *path,
                                           json_t *body);
QN_MUST_USE enum qn_err qn_api_access_delete(struct qn_api_result *result,
                                             const struct qn_endpoint *server, const char *path);
void qn_api_result_fini(struct qn_api_result *result);

/* The whole of a command that shows one object of the configured API: with -o json as it came, else
 * through show. */
enum qn_exit qn_api_show(const struct qn_cli *cli, const char *path,
                         void (*show)(const json_t *object));

/* ---- reading members that a careful server always sends ---- */

/* "" if it is missing or no string. */
const char *qn_json_text(const json_t *object, const char *name);
/* 0 if it is missing, null or no integer. */
uint64_t qn_json_number(const json_t *object, const char *name);
bool qn_json_flag(const json_t *object, const char *name);
/* 64 hex digits into 32 bytes; false if it is something else. */
bool qn_json_hash(uint8_t out[QN_HASH_LEN], const json_t *object, const char *name);
/* Text that a peer chose, with control characters escaped; out holds size. Returns out. */
const char *qn_json_printable(char *out, size_t size, const json_t *object, const char *name);

#endif
