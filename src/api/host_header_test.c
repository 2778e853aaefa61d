#include "api/host_header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool allowed(const char *header, const char *listen)
{
    struct qn_endpoint endpoint = {.port = 8001};
    strncpy(endpoint.host, listen, sizeof endpoint.host - 1);
    return qn_api_host_is_allowed(header, &endpoint);
}

static void loopback_is_what_the_system_calls_so(void **state)
{
    static const char *const yes[] = {"localhost",   "LocalHost", "127.0.0.1",
                                      "127.255.0.9", "::1",       "0:0:0:0:0:0:0:1"};
    static const char *const no[] = {
        "0.0.0.0", "::", "128.0.0.1",         "127.0.0.1.example", "10.0.0.1",
        "127.1",   "",   "localhost.example", "localhost.",        "::ffff:127.0.0.1"};
    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(yes); i++) {
        assert_true(qn_api_host_is_loopback(yes[i]));
    }
    for (size_t i = 0; i < QN_ARRAY_COUNT(no); i++) {
        assert_false(qn_api_host_is_loopback(no[i]));
    }
}

static void on_loopback_only_loopback_names_pass(void **state)
{
    static const char *const yes[] = {"localhost",      "localhost:8001", "127.0.0.1",
                                      "127.0.0.1:9999", "[::1]",          "[::1]:8001",
                                      "LOCALHOST:1",    "localhost:"};
    static const char *const no[] = {"",
                                     "evil.example",
                                     "evil.example:8001",
                                     "localhost.evil.example",
                                     "::1",
                                     "[::1",
                                     "[::1]x",
                                     "[::1]:8x",
                                     ":8001",
                                     "localhost:80a",
                                     "localhost@evil",
                                     "localhost:1:2",
                                     "[evil]",
                                     " localhost",
                                     "localhost evil",
                                     "127.0.0.1,evil.example",
                                     "0.0.0.0",
                                     "[127.0.0.1]evil"};
    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(yes); i++) {
        assert_true(allowed(yes[i], "127.0.0.1"));
        assert_true(allowed(yes[i], "::1"));
    }
    for (size_t i = 0; i < QN_ARRAY_COUNT(no); i++) {
        assert_false(allowed(no[i], "127.0.0.1"));
    }
    assert_false(allowed(NULL, "127.0.0.1"));
}

static void elsewhere_every_name_passes(void **state)
{
    (void)state;
    assert_true(allowed("node.example:8001", "0.0.0.0"));
    assert_true(allowed(NULL, "192.0.2.1"));
    assert_true(allowed("anything", "::"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_is_what_the_system_calls_so),
        cmocka_unit_test(on_loopback_only_loopback_names_pass),
        cmocka_unit_test(elsewhere_every_name_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
