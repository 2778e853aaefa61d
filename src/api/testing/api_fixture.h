/* What the API's tests share: a fake node behind a real server, and answers as JSON. */
#ifndef QN_API_TESTING_API_FIXTURE_H
#define QN_API_TESTING_API_FIXTURE_H

#include "api/client.h"
#include "api/json.h"
#include "api/testing/fake_host.h"

struct qn_api_fixture {
    struct qn_fake_host *host;
    struct qn_node *node;
    struct qn_api *api;
    const struct qn_endpoint *server;
};

/* Limits that no test meets by accident. */
extern const struct qn_api_limits qn_api_test_limits;

/* limits NULL: those above. */
void qn_api_fixture_init(struct qn_api_fixture *fixture, size_t entry_count, size_t peer_count,
                         const struct qn_api_limits *limits);
void qn_api_fixture_fini(struct qn_api_fixture *fixture);

/* Asks and parses (duplicates rejected); the answer must have this status and the type that goes with
 * it, or the test fails. */
json_t *qn_api_fixture_get(const struct qn_api_fixture *fixture, const char *path, unsigned status);
json_t *qn_api_fixture_post(const struct qn_api_fixture *fixture, const char *type,
                            struct qn_span body, unsigned status);

/* Fails the test unless the member is there with this value. Paths: "consensus.view",
 * "items.0.id". */
const json_t *qn_json_at(const json_t *json, const char *path);
void qn_json_expect_text(const json_t *json, const char *path, const char *value);
void qn_json_expect_u64(const json_t *json, const char *path, uint64_t value);
void qn_json_expect_bool(const json_t *json, const char *path, bool value);
void qn_json_expect_null(const json_t *json, const char *path);
void qn_json_expect_hex(const json_t *json, const char *path, const uint8_t bytes[QN_HASH_LEN]);
void qn_json_expect_bytes(const json_t *json, const char *path, struct qn_span bytes);

/* Group set-up and tear-down of cmocka: the cryptographic library. */
int qn_api_tests_begin(void **state);
int qn_api_tests_end(void **state);

#endif
