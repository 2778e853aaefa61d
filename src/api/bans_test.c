#include "api/resources.h"

#include "api/testing/api_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int set_up(void **state)
{
    static struct qn_api_fixture fixture;
    qn_api_fixture_init(&fixture, 1, 0, NULL);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    qn_api_fixture_fini(*state);
    return 0;
}

/* body NULL: DELETE. */
static json_t *change(const struct qn_api_fixture *fixture, const char *path, const char *type,
                      const char *body, unsigned status)
{
    char why[QN_TEXT_LEN_MAX + 1] = "";
    struct qn_api_client_answer answer = {0};
    enum qn_err err = QN_OK;
    if (body != NULL) {
        struct qn_span span = {(const uint8_t *)body, strlen(body)};
        err = qn_api_client_post(&answer, fixture->server, path, type, span, 10000, why);
    } else {
        err = qn_api_client_delete(&answer, fixture->server, path, 10000, why);
    }
    assert_int_equal(err, QN_OK);
    assert_int_equal(answer.status, status);
    json_t *json = json_loads(answer.body, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    qn_api_client_answer_fini(&answer);
    return json;
}

static json_t *post(const struct qn_api_fixture *fixture, const char *body, unsigned status)
{
    return change(fixture, "/v1/bans", "application/json", body, status);
}

static void the_list_has_every_ban_with_who_made_it(void **state)
{
    json_t *json = qn_api_fixture_get(*state, "/v1/bans", 200);
    assert_int_equal(json_array_size(qn_json_at(json, "bans")), 2);
    qn_json_expect_text(json, "bans.0.target", "192.0.2.0/24");
    qn_json_expect_text(json, "bans.0.by", "operator");
    qn_json_expect_text(json, "bans.0.applies_to", "everybody");
    qn_json_expect_null(json, "bans.0.until_ms");
    qn_json_expect_text(json, "bans.0.reason", "spam");
    qn_json_expect_text(json, "bans.1.target", "2001:db8::/64");
    qn_json_expect_text(json, "bans.1.by", "faults");
    qn_json_expect_text(json, "bans.1.applies_to", "unregistered");
    qn_json_expect_u64(json, "bans.1.until_ms", QN_FAKE_UNIX_MS + 540000);
    json_decref(json);
}

static void a_ban_is_answered_in_its_one_form(void **state)
{
    json_t *json =
        post(*state, "{\"target\":\"192.0.2.77/24\",\"seconds\":60,\"reason\":\"spam\"}", 200);
    qn_json_expect_text(json, "target", "192.0.2.0/24");
    qn_json_expect_u64(json, "since_ms", QN_FAKE_UNIX_MS);
    qn_json_expect_u64(json, "until_ms", QN_FAKE_UNIX_MS + 60000);
    json_decref(json);
    json = post(*state, "{\"target\":\"2001:DB8::1\"}", 200);
    qn_json_expect_text(json, "target", "2001:db8::1");
    qn_json_expect_null(json, "until_ms");
    json_decref(json);
    json = change(*state, "/v1/bans?target=192.0.2.77/24", NULL, NULL, 200);
    qn_json_expect_text(json, "target", "192.0.2.0/24");
    json_decref(json);
}

static void what_is_no_ban_is_refused_before_the_node_hears_of_it(void **state)
{
    static const char *const bodies[] = {
        "",
        "[]",
        "{}",
        "{\"target\":5}",
        "{\"target\":\"nobody\"}",
        "{\"target\":\"192.0.2.1\",\"seconds\":0}",
        "{\"target\":\"192.0.2.1\",\"seconds\":-1}",
        "{\"target\":\"192.0.2.1\",\"seconds\":\"60\"}",
        "{\"target\":\"192.0.2.1\",\"seconds\":1e300}",
        "{\"target\":\"192.0.2.1\",\"reason\":\"a\\nb\"}",
        "{\"target\":\"192.0.2.1\",\"reason\":7}",
        "{\"target\":\"192.0.2.1\",\"until\":7}",
        "{\"target\":\"192.0.2.1\",\"target\":\"192.0.2.2\"}",
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(bodies); i++) {
        json_decref(post(*state, bodies[i], 400));
    }
    json_decref(change(*state, "/v1/bans", "application/octet-stream", "{}", 415));
    json_decref(change(*state, "/v1/bans", NULL, NULL, 400));
    json_decref(change(*state, "/v1/bans?target=nobody", NULL, NULL, 400));
    json_decref(change(*state, "/v1/bans?from=1", NULL, NULL, 400));
}

static void the_nodes_refusals_have_their_status(void **state)
{
    struct qn_api_fixture *fixture = *state;
    static const struct {
        enum qn_err code;
        unsigned status;
    } rows[] = {{QN_ERR_FULL, 409}, {QN_ERR_INVALID, 400}, {QN_ERR_BUSY, 503}};
    for (size_t i = 0; i < QN_ARRAY_COUNT(rows); i++) {
        qn_fake_host_set_result(fixture->host, rows[i].code, "why", 0, 0);
        json_t *json = post(fixture, "{\"target\":\"192.0.2.1\"}", rows[i].status);
        qn_json_expect_text(json, "detail", "why");
        json_decref(json);
    }
    qn_fake_host_set_result(fixture->host, QN_ERR_NOT_FOUND, "", 0, 0);
    json_decref(change(fixture, "/v1/bans?target=192.0.2.1", NULL, NULL, 404));
}

static void another_method_is_told_which_there_are(void **state)
{
    json_decref(change(*state, "/v1/status", NULL, NULL, 405));
    json_decref(change(*state, "/v1/registry", NULL, NULL, 405));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_list_has_every_ban_with_who_made_it),
        TEST(a_ban_is_answered_in_its_one_form),
        TEST(what_is_no_ban_is_refused_before_the_node_hears_of_it),
        TEST(the_nodes_refusals_have_their_status),
        TEST(another_method_is_told_which_there_are),
    };
    return cmocka_run_group_tests(tests, qn_api_tests_begin, qn_api_tests_end);
}
