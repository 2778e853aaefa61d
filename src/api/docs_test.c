/* Holds docs/api.md to what the server answers: every member that is documented occurs, and the reverse;
 * examples have exactly the documented members; every route has its section. */
#include "api/route.h"

#include "api/testing/api_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NAMES_MAX = 128, NAME_SIZE = 64, DOCUMENT_SIZE = 131072 };

/* A set of member paths: "network.id", "peers[].rtt_us". */
struct names {
    size_t count;
    char at[NAMES_MAX][NAME_SIZE];
};

static bool has(const struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->at[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void add(struct names *names, const char *prefix, const char *name, size_t name_len)
{
    char path[NAME_SIZE];
    int len = snprintf(path, sizeof path, "%s%.*s", prefix, (int)name_len, name);

    assert_true(len > 0 && (size_t)len < sizeof path);
    if (!has(names, path)) {
        assert_true(names->count < NAMES_MAX);
        memcpy(names->at[names->count++], path, sizeof path);
    }
}

static void expect_same(const char *where, const struct names *documented,
                        const struct names *found)
{
    for (size_t i = 0; i < documented->count; i++) {
        if (!has(found, documented->at[i])) {
            fail_msg("%s: %s is in the table and nowhere else", where, documented->at[i]);
        }
    }
    for (size_t i = 0; i < found->count; i++) {
        if (!has(documented, found->at[i])) {
            fail_msg("%s: %s is not in the table", where, found->at[i]);
        }
    }
}

/* The paths of all members below json. What stands under each timing is the same. */
static void add_members(struct names *names, const char *prefix, const json_t *json)
{
    const char *key;
    json_t *value;
    void *position = json_object_iter((json_t *)(uintptr_t)json);

    for (; position != NULL;
         position = json_object_iter_next((json_t *)(uintptr_t)json, position)) {
        char below[NAME_SIZE];
        key = json_object_iter_key(position);
        value = json_object_iter_value(position);
        add(names, prefix, key, strlen(key));
        if (json_is_object(value)) {
            bool is_timing = strcmp(prefix, "timings.") == 0;
            snprintf(below, sizeof below, "%s%s.", prefix, is_timing ? "*" : key);
            add_members(names, below, value);
        }
        for (size_t i = 0; i < json_array_size(value); i++) {
            snprintf(below, sizeof below, "%s%s[].", prefix, key);
            if (json_is_object(json_array_get(value, i))) {
                add_members(names, below, json_array_get(value, i));
            }
        }
    }
}

static char document[DOCUMENT_SIZE];

static int read_document(void **state)
{
    FILE *file = fopen("docs/api.md", "r");
    if (file == NULL) {
        print_error("docs/api.md: run this from the project's root\n");
        return -1;
    }
    size_t len = fread(document, 1, sizeof document - 1, file);
    document[len] = '\0';
    fclose(file);
    return len < sizeof document - 1 ? qn_api_tests_begin(state) : -1;
}

/* The line behind this heading, or NULL. */
static const char *section(const char *heading)
{
    size_t len = strlen(heading);
    for (const char *at = document; (at = strstr(at, heading)) != NULL; at += len) {
        if (at[len] == '\n' && at > document && at[-1] == '\n') {
            return at + len + 1;
        }
    }
    return NULL;
}

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end == NULL ? line + strlen(line) : end + 1;
}

/* The first column of the section's first table whose header is "member". */
static void add_documented(struct names *names, const char *prefix, const char *heading)
{
    const char *line = section(heading);
    if (line == NULL) {
        fail_msg("docs/api.md has no section %s", heading);
    }
    bool in_table = false;
    for (; line != NULL && *line != '\0' && *line != '#'; line = next_line(line)) {
        if (strncmp(line, "| member |", 10) == 0) {
            in_table = true;
        } else if (*line != '|') {
            in_table = false;
        } else if (in_table && strncmp(line, "| `", 3) == 0) {
            add(names, prefix, line + 3, strcspn(line + 3, "`"));
        }
    }
}

/* The section's example; an entry's section has none of its own. */
static json_t *example(const char *heading)
{
    const char *begin = strstr(section(heading), "```json\n");
    json_error_t error;

    assert_non_null(begin);
    begin += strlen("```json\n");
    const char *end = strstr(begin, "```");
    json_t *json = json_loadb(begin, (size_t)(end - begin), JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        fail_msg("example of %s: %s (line %d)", heading, error.text, error.line);
    }
    return json;
}

/* One documented answer. */
struct resource {
    const char *heading;
    const char *path; /* NULL: a POST */
    unsigned status;
    const char *entry_prefix; /* where members of an entry are, or NULL */
};

static void check(const struct qn_api_fixture *fixture, const struct resource *resource)
{
    struct names documented = {0};
    struct names answered = {0};
    struct names shown = {0};
    const uint8_t tx[] = "transaction";

    add_documented(&documented, "", resource->heading);
    if (resource->entry_prefix != NULL) {
        add_documented(&documented, resource->entry_prefix, "### Entry");
    }
    json_t *json = resource->path != NULL
                       ? qn_api_fixture_get(fixture, resource->path, resource->status)
                       : qn_api_fixture_post(fixture, "application/octet-stream",
                                             (struct qn_span){tx, sizeof tx}, resource->status);
    add_members(&answered, "", json);
    json_decref(json);
    expect_same(resource->heading, &documented, &answered);
    json = example(resource->heading);
    add_members(&shown, "", json);
    json_decref(json);
    expect_same(resource->heading, &documented, &shown);
}

static void tables_examples_and_answers_agree(void **state)
{
    struct qn_api_fixture fixture;
    char entry[128] = "/v1/registry/";
    char proof[160];

    (void)state;
    qn_api_fixture_init(&fixture, 5, 3, NULL);
    fixture.node->missing_count = 1;
    snprintf(fixture.node->missing[0].name, sizeof fixture.node->missing[0].name, "links");
    snprintf(fixture.node->missing[0].text, sizeof fixture.node->missing[0].text, "none");
    qn_hex_encode(entry + strlen(entry), fixture.node->ledger.entries[0].id.bytes, QN_HASH_LEN);
    snprintf(proof, sizeof proof, "%s/proof", entry);
    const struct resource resources[] = {
        {"## Errors", "/nowhere", 404, NULL},
        {"## GET /v1/status", "/v1/status", 200, NULL},
        {"## GET /v1/timings", "/v1/timings", 200, NULL},
        {"## GET /v1/peers", "/v1/peers", 200, NULL},
        {"## GET /v1/peers/limits", "/v1/peers/limits", 200, NULL},
        {"## GET /v1/bans", "/v1/bans", 200, NULL},
        {"## GET /v1/regions", "/v1/regions", 200, NULL},
        {"## GET /v1/committee", "/v1/committee", 200, NULL},
        {"## GET /v1/registry", "/v1/registry", 200, "items[]."},
        {"## GET /v1/registry/{id}", entry, 200, ""},
        {"## GET /v1/registry/{id}/proof", proof, 200, NULL},
        {"## GET /v1/blocks/{height}", "/v1/blocks/head", 200, NULL},
        {"## GET /readyz", "/readyz", 503, NULL},
        {"## POST /v1/registry", NULL, 200, NULL},
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(resources); i++) {
        check(&fixture, &resources[i]);
    }
    qn_fake_host_set_result(fixture.host, QN_ERR_DUPLICATE, "twice", 0, 0);
    check(&fixture, &(struct resource){"### Refused", NULL, 409, NULL});
    qn_api_fixture_fini(&fixture);
}

static void every_route_has_its_section_and_the_reverse(void **state)
{
    size_t count = 0;
    const struct qn_api_route *routes = qn_api_routes(&count);
    size_t sections = 0;

    (void)state;
    static const char *const methods[] = {
        [QN_API_GET] = "GET", [QN_API_POST] = "POST", [QN_API_DELETE] = "DELETE"};
    for (size_t i = 0; i < count; i++) {
        char heading[128];
        snprintf(heading, sizeof heading, "## %s %s", methods[routes[i].method], routes[i].pattern);
        if (section(heading) == NULL) {
            fail_msg("docs/api.md has no section %s", heading);
        }
    }
    for (const char *line = document; *line != '\0'; line = next_line(line)) {
        sections += strncmp(line, "## GET ", 7) == 0 || strncmp(line, "## POST ", 8) == 0 ||
                    strncmp(line, "## DELETE ", 10) == 0;
    }
    assert_int_equal(sections, count);
}

static void the_limits_are_those_of_the_program(void **state)
{
    (void)state;
    assert_non_null(strstr(document, "| connections | 512; 64 per address"));
    assert_int_equal(qn_api_default_limits.connections, 512);
    assert_int_equal(qn_api_default_limits.connections_per_address, 64);
    assert_non_null(strstr(document, "between two | 10 s |"));
    assert_int_equal(qn_api_default_limits.receive_ms, 10000);
    assert_non_null(strstr(document, "| reading a whole answer | 15 s |"));
    assert_int_equal(qn_api_default_limits.send_ms, 15000);
    assert_non_null(strstr(document, "| path | 1024 characters |"));
    assert_int_equal(QN_API_PATH_LEN_MAX, 1024);
    assert_non_null(strstr(document, "| body | 65,536 bytes, a transaction 16,384 |"));
    assert_int_equal(QN_API_BODY_LEN_MAX, 65536);
    assert_int_equal(QN_TX_LEN_MAX, 16384);
    assert_non_null(strstr(document, "| all answers held at once | 64 MiB |"));
    assert_int_equal(qn_api_default_limits.answer_bytes, 64 * 1024 * 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_examples_and_answers_agree),
        cmocka_unit_test(every_route_has_its_section_and_the_reverse),
        cmocka_unit_test(the_limits_are_those_of_the_program),
    };
    return cmocka_run_group_tests(tests, read_document, qn_api_tests_end);
}
