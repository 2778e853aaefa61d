#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "net/default_gateway.h"

#define HEAD "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"

/* The kernel shows addresses as numbers of the machine's own byte order. */
static void line(char *out, size_t size, const char *destination, const char *gateway,
                 unsigned flags, int metric, const char *mask)
{
    struct in_addr to;
    struct in_addr over;
    struct in_addr bits;
    assert_int_equal(inet_pton(AF_INET, destination, &to), 1);
    assert_int_equal(inet_pton(AF_INET, gateway, &over), 1);
    assert_int_equal(inet_pton(AF_INET, mask, &bits), 1);
    (void)snprintf(out, size, "eth0\t%08X\t%08X\t%04X\t0\t0\t%d\t%08X\t0\t0\t0\n", to.s_addr,
                   over.s_addr, flags, metric, bits.s_addr);
}

static void the_default_route_with_the_least_metric_counts(void **state)
{
    (void)state;
    char lines[4][128];
    char text[1024];
    struct qn_net_address gateway;
    static const uint8_t wanted[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1};
    line(lines[0], sizeof lines[0], "0.0.0.0", "192.0.2.9", 3, 600, "0.0.0.0");
    line(lines[1], sizeof lines[1], "0.0.0.0", "192.0.2.1", 3, 100, "0.0.0.0");
    line(lines[2], sizeof lines[2], "0.0.0.0", "192.0.2.8", 2, 0, "0.0.0.0"); /* not up */
    line(lines[3], sizeof lines[3], "10.0.0.0", "192.0.2.7", 3, 0, "255.0.0.0");
    (void)snprintf(text, sizeof text, HEAD "%s%s%s%s", lines[0], lines[1], lines[2], lines[3]);
    assert_true(qn_default_gateway_parse(&gateway, text));
    assert_memory_equal(gateway.ip, wanted, sizeof wanted);
    assert_int_equal(gateway.port, 0);
}

static void without_a_default_route_there_is_no_gateway(void **state)
{
    (void)state;
    char other[128];
    char text[512];
    struct qn_net_address gateway = {.port = 7};
    line(other, sizeof other, "192.0.2.0", "0.0.0.0", 1, 0, "255.255.255.0");
    (void)snprintf(text, sizeof text, HEAD "%s", other);
    assert_false(qn_default_gateway_parse(&gateway, text));
    assert_false(qn_default_gateway_parse(&gateway, ""));
    assert_false(qn_default_gateway_parse(&gateway, "garbage\n\n00 00 00"));
    assert_int_equal(gateway.port, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_route_with_the_least_metric_counts),
        cmocka_unit_test(without_a_default_route_there_is_no_gateway),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
