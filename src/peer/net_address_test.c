#include "peer/net_address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"

static struct qn_net_address address_of(const char *host)
{
    struct qn_endpoint endpoint = {.port = 9876};
    struct qn_net_address address;
    snprintf(endpoint.host, sizeof endpoint.host, "%s", host);
    if (!qn_net_address_parse(&address, &endpoint)) {
        fail_msg("\"%s\" was refused", host);
    }
    return address;
}

static const char *text_of(struct qn_endpoint *endpoint, const struct qn_net_address *address)
{
    qn_net_address_endpoint(endpoint, address);
    return endpoint->host;
}

static void an_address_has_one_text(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        const char *text;
    } cases[] = {
        {"127.0.0.1", "127.0.0.1"},
        {"255.255.255.255", "255.255.255.255"},
        {"LocalHost", "127.0.0.1"},
        {"::ffff:192.0.2.7", "192.0.2.7"},
        {"::FFFF:c000:207", "192.0.2.7"},
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"2001:DB8:0:0:0:0:0:7", "2001:db8::7"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(cases); i++) {
        struct qn_net_address address = address_of(cases[i].host);
        struct qn_endpoint endpoint;
        assert_string_equal(text_of(&endpoint, &address), cases[i].text);
        assert_int_equal(endpoint.port, 9876);
        struct qn_net_address again = address_of(endpoint.host);
        assert_true(qn_net_address_equal(&again, &address));
    }
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const hosts[] = {
        "",
        "example.org",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "01.2.3.4",
        "1.2.3.4 ",
        "1..3.4",
        "1.2.3.-",
        ":",
        ":::",
        "1:2",
        "::1::",
        "1::2::3",
        "12345::",
        "::g",
        "1:",
        ":1",
        "::1.2.3",
        "::1.2.3.4:5",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:1.2.3.4",
        "::1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7:8::",
        "1:2:3:4::5:6:7:8",
        "::1:2:3:4:5:6:1.2.3.4",
        "1:2:3:4:5:6:7:",
        "::%1",
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(hosts); i++) {
        struct qn_endpoint endpoint = {.port = 1};
        struct qn_net_address address = {.port = 77};
        snprintf(endpoint.host, sizeof endpoint.host, "%s", hosts[i]);
        if (qn_net_address_parse(&address, &endpoint)) {
            fail_msg("\"%s\" was taken", hosts[i]);
        }
        assert_int_equal(address.port, 77);
    }
}

/* Random addresses with many zero words, and random texts, against the C library's. */
static void texts_agree_with_the_c_library(void **state)
{
    enum { ROUNDS = 50000 };
    static const char characters[] = "0123456789abF:::..%";
    struct qn_rng rng;
    (void)state;
    print_message("seed 20\n");
    qn_rng_init(&rng, 20);
    for (size_t round = 0; round < ROUNDS; round++) {
        struct qn_net_address address = {.port = 9876};
        struct qn_endpoint endpoint;
        uint8_t ip[QN_NET_IP_LEN];
        for (size_t i = 0; i < QN_NET_IP_LEN; i++) {
            bool zero = qn_rng_below(&rng, 3) != 0;
            address.ip[i] = zero ? 0 : (uint8_t)qn_rng_below(&rng, 256);
        }
        const char *text = text_of(&endpoint, &address);
        if (!qn_net_address_is_v4(&address)) {
            assert_int_equal(inet_pton(AF_INET6, text, ip), 1);
            assert_memory_equal(ip, address.ip, sizeof ip);
        }
        struct qn_net_address back = address_of(text);
        assert_true(qn_net_address_equal(&back, &address));

        size_t len = 1 + qn_rng_below(&rng, 12);
        endpoint = (struct qn_endpoint){.port = 1};
        for (size_t i = 0; i < len; i++) {
            endpoint.host[i] = characters[qn_rng_below(&rng, sizeof characters - 1)];
        }
        bool is_v4 = inet_pton(AF_INET, endpoint.host, ip) == 1;
        bool is_v6 = inet_pton(AF_INET6, endpoint.host, ip) == 1;
        if (qn_net_address_parse(&address, &endpoint) != (is_v4 || is_v6)) {
            fail_msg("\"%s\": not as the C library (seed 20)", endpoint.host);
        }
        if (is_v6) {
            assert_memory_equal(address.ip, ip, sizeof ip);
        }
    }
}

static void equal_means_host_and_port(void **state)
{
    (void)state;
    struct qn_net_address a = address_of("192.0.2.7");
    struct qn_net_address b = a;
    assert_true(qn_net_address_equal(&a, &b));
    b.port += 1;
    assert_false(qn_net_address_equal(&a, &b));
    b = address_of("192.0.2.8");
    assert_false(qn_net_address_equal(&a, &b));
}

static void groups_and_subnets_are_prefixes_that_never_mix_families(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        const char *b;
        bool same_group;
        bool same_subnet;
    } cases[] = {
        {"192.0.2.1", "192.0.2.254", true, true},
        {"192.0.2.1", "192.0.3.1", true, false},
        {"192.0.2.1", "192.1.2.1", false, false},
        {"2001:db8:1:2::1", "2001:db8:1:2ff::1", true, false},
        {"2001:db8:1:200::1", "2001:db8:1:2ff::1", true, true},
        {"2001:db8::1", "2001:db9::1", false, false},
        {"0.0.1.1", "::101", false, false},
        {"192.0.2.1", "c0:2::1", false, false},
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(cases); i++) {
        struct qn_net_address a = address_of(cases[i].a);
        struct qn_net_address b = address_of(cases[i].b);
        assert_int_equal(qn_net_group(&a) == qn_net_group(&b), cases[i].same_group);
        assert_int_equal(qn_net_subnet(&a) == qn_net_subnet(&b), cases[i].same_subnet);
    }
}

static void scopes_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        enum qn_net_scope scope;
    } cases[] = {
        {"127.0.0.1", QN_NET_LOOPBACK},    {"127.255.0.9", QN_NET_LOOPBACK},
        {"::1", QN_NET_LOOPBACK},          {"::ffff:127.0.0.1", QN_NET_LOOPBACK},
        {"10.0.0.1", QN_NET_PRIVATE},      {"172.16.0.1", QN_NET_PRIVATE},
        {"172.31.255.1", QN_NET_PRIVATE},  {"192.168.1.1", QN_NET_PRIVATE},
        {"169.254.9.9", QN_NET_PRIVATE},   {"100.64.0.1", QN_NET_PRIVATE},
        {"100.127.255.1", QN_NET_PRIVATE}, {"fd00::1", QN_NET_PRIVATE},
        {"fc00::1", QN_NET_PRIVATE},       {"fe80::1", QN_NET_PRIVATE},
        {"febf::1", QN_NET_PRIVATE},       {"11.0.0.1", QN_NET_GLOBAL},
        {"172.32.0.1", QN_NET_GLOBAL},     {"172.15.0.1", QN_NET_GLOBAL},
        {"192.169.0.1", QN_NET_GLOBAL},    {"100.128.0.1", QN_NET_GLOBAL},
        {"100.63.0.1", QN_NET_GLOBAL},     {"2001:db8::1", QN_NET_GLOBAL},
        {"fec0::1", QN_NET_GLOBAL},        {"::2", QN_NET_GLOBAL},
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(cases); i++) {
        struct qn_net_address address = address_of(cases[i].host);
        if (qn_net_scope(&address) != cases[i].scope) {
            fail_msg("%s: scope %d", cases[i].host, qn_net_scope(&address));
        }
    }
}

static void the_zone_of_an_address_of_one_link_is_passed_over(void **state)
{
    (void)state;
    struct qn_net_address plain = address_of("fe80::17");
    struct qn_net_address zoned = address_of("fe80::17%eth0");
    struct qn_endpoint other = {.host = "2001:db8::1%eth0", .port = 1};
    struct qn_net_address untouched;
    assert_true(qn_net_address_equal(&plain, &zoned));
    assert_true(qn_net_address_is_link_local(&zoned));
    assert_false(qn_net_address_parse(&untouched, &other));
}

static void nobody_is_reached_at_addresses_that_mean_no_one(void **state)
{
    (void)state;
    static const char *const none[] = {"0.0.0.0",   "0.1.2.3",         "224.0.0.1", "239.1.2.3",
                                       "240.0.0.1", "255.255.255.255", "::",        "ff02::1",
                                       "fe80::1",   "febf::7"};
    static const char *const some[] = {"127.0.0.1", "1.0.0.1", "223.255.255.1", "::1", "fec0::1"};
    for (size_t i = 0; i < QN_ARRAY_COUNT(none); i++) {
        struct qn_net_address address = address_of(none[i]);
        assert_false(qn_net_address_is_usable(&address));
    }
    for (size_t i = 0; i < QN_ARRAY_COUNT(some); i++) {
        struct qn_net_address address = address_of(some[i]);
        assert_true(qn_net_address_is_usable(&address));
        address.port = 0;
        assert_false(qn_net_address_is_usable(&address));
    }
}

static void a_prefix_has_one_text(void **state)
{
    (void)state;
    static const struct {
        const char *given;
        const char *text;
    } cases[] = {
        {"192.0.2.0/24", "192.0.2.0/24"},
        {"192.0.2.77/24", "192.0.2.0/24"},
        {"192.0.2.77/25", "192.0.2.0/25"},
        {"192.0.2.77", "192.0.2.77"},
        {"192.0.2.77/32", "192.0.2.77"},
        {"255.255.255.255/0", "0.0.0.0/0"},
        {"2001:db8::7/32", "2001:db8::/32"},
        {"2001:db8::7", "2001:db8::7"},
        {"2001:db8::7/128", "2001:db8::7"},
        {"::/0", "::/0"},
        {"::ffff:192.0.2.0/120", "192.0.2.0/24"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127",
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127"},
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(cases); i++) {
        struct qn_net_prefix prefix;
        char text[QN_NET_PREFIX_TEXT_SIZE];
        assert_int_equal(qn_net_prefix_parse(&prefix, cases[i].given), QN_OK);
        assert_string_equal(qn_net_prefix_format(text, &prefix), cases[i].text);
    }
}

static void what_is_no_prefix_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "/",
        "/24",
        "192.0.2.0/",
        "192.0.2.0/33",
        "192.0.2.0/024",
        "::/129",
        "::/-1",
        "192.0.2/24",
        "192.0.2.0/2 4",
        "example.org",
        "localhost",
        "::/12800",
        "192.0.2.0//",
        "192.0.2.0/x",
        "192.0.2.0:9876",
        "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/1",
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(texts); i++) {
        struct qn_net_prefix prefix = {.bits = 77};
        if (qn_net_prefix_parse(&prefix, texts[i]) != QN_ERR_INVALID) {
            fail_msg("\"%s\" was taken", texts[i]);
        }
        assert_int_equal(prefix.bits, 77);
    }
}

static void a_prefix_contains_its_addresses_of_its_family(void **state)
{
    (void)state;
    static const struct {
        const char *prefix;
        const char *host;
        bool contains;
    } cases[] = {
        {"192.0.2.0/24", "192.0.2.255", true},   {"192.0.2.0/24", "192.0.3.0", false},
        {"192.0.2.128/25", "192.0.2.128", true}, {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.7", "192.0.2.7", true},        {"192.0.2.7", "192.0.2.6", false},
        {"0.0.0.0/0", "255.1.2.3", true},        {"0.0.0.0/0", "::1", false},
        {"::/0", "2001:db8::1", true},           {"::/0", "192.0.2.1", false},
        {"::/80", "192.0.2.1", false},           {"2001:db8::/32", "2001:db8:ffff::1", true},
        {"2001:db8::/32", "2001:db9::1", false}, {"2001:db8::/33", "2001:db8:8000::1", false},
        {"::ffff:0:0/96", "192.0.2.1", true},
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(cases); i++) {
        struct qn_net_prefix prefix;
        struct qn_net_address address = address_of(cases[i].host);
        assert_int_equal(qn_net_prefix_parse(&prefix, cases[i].prefix), QN_OK);
        if (qn_net_prefix_contains(&prefix, &address) != cases[i].contains) {
            fail_msg("%s and %s", cases[i].prefix, cases[i].host);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_has_one_text),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(texts_agree_with_the_c_library),
        cmocka_unit_test(equal_means_host_and_port),
        cmocka_unit_test(groups_and_subnets_are_prefixes_that_never_mix_families),
        cmocka_unit_test(scopes_are_told_apart),
        cmocka_unit_test(the_zone_of_an_address_of_one_link_is_passed_over),
        cmocka_unit_test(nobody_is_reached_at_addresses_that_mean_no_one),
        cmocka_unit_test(a_prefix_has_one_text),
        cmocka_unit_test(what_is_no_prefix_is_refused),
        cmocka_unit_test(a_prefix_contains_its_addresses_of_its_family),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
