#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "wire/testing/hex.h"
#include "wire/types.h"

/* 63 and 64 characters. */
#define HOST_63 "a23456789.b23456789.c23456789.d23456789.e23456789.f23456789.abc"
#define HOST_64 HOST_63 "d"

static void text_goes_both_ways(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *host;
        uint16_t port;
    } cases[] = {
        {"127.0.0.1:9876", "127.0.0.1", 9876}, {"node-1.example.org:1", "node-1.example.org", 1},
        {"[::1]:65535", "::1", 65535},         {"[2001:db8::7]:8001", "2001:db8::7", 8001},
        {"my_host:10", "my_host", 10},         {HOST_63 ":65535", HOST_63, 65535},
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(cases); i++) {
        struct qn_endpoint endpoint;
        char text[QN_ENDPOINT_TEXT_SIZE];
        assert_int_equal(qn_endpoint_parse(&endpoint, cases[i].text), QN_OK);
        assert_string_equal(endpoint.host, cases[i].host);
        assert_int_equal(endpoint.port, cases[i].port);
        assert_ptr_equal(qn_endpoint_format(text, &endpoint), text);
        assert_string_equal(text, cases[i].text);
    }
}

static void an_address_of_one_link_may_name_its_interface(void **state)
{
    (void)state;
    static const char *const good[] = {"[fe80::1%eth0]:9876", "[FEBF:1::2%wlan0.1]:1"};
    static const char *const bad[] = {"[fe80::1%]:1",    "[fe80::1%a:b]:1",
                                      "[::1%lo]:80",     "[2001:db8::1%e]:1",
                                      "[fec0::1%e]:1",   "fe80%e:1",
                                      "[fe80::1%e/0]:1", "10.0.0.1%e:1",
                                      "[fe80%e]:1",      "[fe80::1%0123456789abcdef]:1"};
    struct qn_endpoint endpoint = {0};
    char text[QN_ENDPOINT_TEXT_SIZE];
    for (size_t i = 0; i < QN_ARRAY_COUNT(good); i++) {
        assert_int_equal(qn_endpoint_parse(&endpoint, good[i]), QN_ERR_INVALID);
        assert_int_equal(qn_endpoint_parse_local(&endpoint, good[i]), QN_OK);
        assert_string_equal(qn_endpoint_format(text, &endpoint), good[i]);
        assert_true(qn_endpoint_has_zone(&endpoint));
    }
    for (size_t i = 0; i < QN_ARRAY_COUNT(bad); i++) {
        if (qn_endpoint_parse_local(&endpoint, bad[i]) != QN_ERR_INVALID) {
            fail_msg("\"%s\" was taken", bad[i]);
        }
    }
    assert_int_equal(qn_endpoint_parse_local(&endpoint, "[::1]:80"), QN_OK);
    assert_false(qn_endpoint_has_zone(&endpoint));
}

static void the_longest_text_fits_its_buffer(void **state)
{
    (void)state;
    struct qn_endpoint endpoint = {.port = 65535};
    char text[QN_ENDPOINT_TEXT_SIZE];
    memset(endpoint.host, ':', QN_HOST_LEN_MAX);
    assert_int_equal(strlen(qn_endpoint_format(text, &endpoint)), QN_HOST_LEN_MAX + 8);
}

static void other_text_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "host",
        ":1",
        "host:",
        "host:0",
        "host:65536",
        "host:65537",
        "host:99999",
        "host:01",
        "host:+1",
        "host: 1",
        "host:1 ",
        "host:1x",
        "host:99999999999",
        "::1:80",
        "[::1]80",
        "[::1]",
        "[::1",
        "[]:80",
        "[host]:80",
        "ho st:80",
        "h\xC3\xBC:80",
        "host/:80",
        "user@h:80",
        "[::1%lo]:80",
        HOST_64 ":80",
        "http://h:1",
        "host:1:2",
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(texts); i++) {
        struct qn_endpoint endpoint = {"untouched", 7};
        if (qn_endpoint_parse(&endpoint, texts[i]) != QN_ERR_INVALID) {
            fail_msg("\"%s\" was taken", texts[i]);
        }
        assert_string_equal(endpoint.host, "untouched");
        assert_int_equal(endpoint.port, 7);
    }
}

static void equal_means_host_and_port(void **state)
{
    (void)state;
    struct qn_endpoint a = {"host", 1};
    assert_true(qn_endpoint_equal(&a, &(struct qn_endpoint){"host", 1}));
    assert_false(qn_endpoint_equal(&a, &(struct qn_endpoint){"host", 2}));
    assert_false(qn_endpoint_equal(&a, &(struct qn_endpoint){"hosts", 1}));
}

static enum qn_err read_endpoint(struct qn_endpoint *endpoint, const char *hex)
{
    struct qn_buf *buf = qn_hex_buf(hex);
    struct qn_reader in;
    qn_reader_init(&in, qn_buf_span(buf));
    qn_read_endpoint(&in, endpoint);
    enum qn_err err = qn_reader_done(&in);
    qn_buf_drop(buf);
    return err;
}

static void the_encoding_is_host_and_port(void **state)
{
    (void)state;
    struct qn_endpoint endpoint;
    assert_int_equal(read_endpoint(&endpoint, "82 63 3A3A31 19 2694"), QN_OK);
    assert_string_equal(endpoint.host, "::1");
    assert_int_equal(endpoint.port, 9876);

    uint8_t out[80];
    struct qn_writer w;
    struct qn_span written;
    qn_writer_init(&w, out, sizeof out);
    qn_write_endpoint(&w, &endpoint);
    assert_int_equal(qn_writer_done(&w, &written), QN_OK);
    qn_assert_hex(qn_buf_copy(written), "82 63 3A3A31 19 2694");
}

static void every_other_form_is_refused(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "82 60 01",             /* no host */
        "82 61 41 00",          /* port 0 */
        "82 61 41 1A 00010000", /* port 65536 */
        "82 7840 41*64 01",     /* 64 characters */
        "81 61 41",             /* no port */
        "83 61 41 01 00",       /* one element more */
        "82 41 41 01",          /* host as bytes */
        "82 01 61 41",          /* the other way round */
        "82 61 20 01",          /* space */
        "82 61 2F 01",          /* slash */
        "82 62 C3BC 01",        /* not ASCII */
        "A1 61 41 01",
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(forms); i++) {
        struct qn_endpoint endpoint = {"before", 7};
        if (read_endpoint(&endpoint, forms[i]) != QN_ERR_MALFORMED) {
            fail_msg("%s was taken", forms[i]);
        }
        assert_string_equal(endpoint.host, "");
        assert_int_equal(endpoint.port, 0);
    }
    struct qn_endpoint longest;
    assert_int_equal(read_endpoint(&longest, "82 783F 41*63 01"), QN_OK);
}

static void only_the_characters_of_hosts_are_taken(void **state)
{
    (void)state;
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.:_-";
    for (unsigned byte = 1; byte < 0x80; byte++) {
        char hex[32];
        struct qn_endpoint endpoint;
        (void)snprintf(hex, sizeof hex, "82 61 %02X 01", byte);
        bool is_allowed = strchr(allowed, (int)byte) != NULL;
        assert_int_equal(read_endpoint(&endpoint, hex), is_allowed ? QN_OK : QN_ERR_MALFORMED);
    }
}

static void an_endpoint_that_none_is_has_no_encoding(void **state)
{
    (void)state;
    static const struct qn_endpoint none[] = {{"", 1}, {"host", 0}, {"ho st", 1}};
    for (size_t i = 0; i < QN_ARRAY_COUNT(none); i++) {
        uint8_t out[80];
        struct qn_writer w;
        struct qn_span written;
        qn_writer_init(&w, out, sizeof out);
        qn_write_endpoint(&w, &none[i]);
        assert_int_equal(qn_writer_done(&w, &written), QN_ERR_INVALID);
    }
}

static void lists_are_held_to_their_limits(void **state)
{
    (void)state;
    for (size_t count = 0; count <= QN_ENDPOINTS_MAX + 1; count++) {
        char hex[128] = "";
        (void)snprintf(hex, sizeof hex, "8%zu", count);
        for (size_t i = 0; i < count; i++) {
            strcat(hex, " 82 61 41 01");
        }
        struct qn_buf *buf = qn_hex_buf(hex);
        for (size_t min = 0; min <= 1; min++) {
            struct qn_endpoint endpoints[QN_ENDPOINTS_MAX];
            struct qn_reader in;
            qn_reader_init(&in, qn_buf_span(buf));
            bool fits = count >= min && count <= QN_ENDPOINTS_MAX;
            assert_int_equal(qn_read_endpoints(&in, endpoints, min), fits ? count : 0);
            assert_int_equal(in.failed, !fits);
        }
        qn_buf_drop(buf);
    }
}

static void localhost_is_known_in_any_case_and_nothing_like_it(void **state)
{
    static const char *const yes[] = {"localhost", "LOCALHOST", "LocalHost"};
    static const char *const no[] = {"localhos",    "localhost.", "localhost.example",
                                     "mylocalhost", "127.0.0.1",  "l"};

    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(yes); i++) {
        struct qn_endpoint endpoint = {.port = 1};
        strcpy(endpoint.host, yes[i]);
        assert_true(qn_endpoint_is_localhost(&endpoint));
    }
    for (size_t i = 0; i < QN_ARRAY_COUNT(no); i++) {
        struct qn_endpoint endpoint = {.port = 1};
        strcpy(endpoint.host, no[i]);
        assert_false(qn_endpoint_is_localhost(&endpoint));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(localhost_is_known_in_any_case_and_nothing_like_it),
        cmocka_unit_test(text_goes_both_ways),
        cmocka_unit_test(an_address_of_one_link_may_name_its_interface),
        cmocka_unit_test(the_longest_text_fits_its_buffer),
        cmocka_unit_test(other_text_is_refused_and_changes_nothing),
        cmocka_unit_test(equal_means_host_and_port),
        cmocka_unit_test(the_encoding_is_host_and_port),
        cmocka_unit_test(every_other_form_is_refused),
        cmocka_unit_test(only_the_characters_of_hosts_are_taken),
        cmocka_unit_test(an_endpoint_that_none_is_has_no_encoding),
        cmocka_unit_test(lists_are_held_to_their_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
