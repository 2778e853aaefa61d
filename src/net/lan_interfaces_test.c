/* With the one interface that every machine has. */
#include "net/lan_interfaces.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/base.h"

static struct qn_lan_choice on_lo(const char *listen)
{
    struct qn_lan_choice choice = {.name_count = 2, .names = {"none-such", "lo"}};
    choice.listens = listen != NULL;
    if (choice.listens) {
        assert_int_equal(qn_endpoint_parse(&choice.listen, listen), QN_OK);
    }
    return choice;
}

static struct qn_net_address address_of(const char *text)
{
    struct qn_endpoint endpoint = {.port = 1};
    struct qn_net_address address;
    (void)snprintf(endpoint.host, sizeof endpoint.host, "%s", text);
    assert_true(qn_net_address_parse(&address, &endpoint));
    return address;
}

static void loopback_is_used_where_it_is_named(void **state)
{
    (void)state;
    struct qn_lan_interfaces interfaces;
    struct qn_lan_choice choice = on_lo("0.0.0.0:9876");
    qn_lan_interfaces_read(&interfaces, &choice);
    assert_int_equal(interfaces.count, 1);
    const struct qn_lan_interface *lo = &interfaces.items[0];
    struct qn_net_address own = address_of("127.0.0.1");
    assert_string_equal(lo->name, "lo");
    assert_true(lo->is_loopback);
    assert_true(lo->has_v4);
    assert_false(lo->has_v6); /* nobody listens there */
    assert_memory_equal(lo->v4.ip, own.ip, sizeof own.ip);
    assert_ptr_equal(qn_lan_interface_find(&interfaces, lo->index), lo);
    assert_null(qn_lan_interface_find(&interfaces, lo->index + 1000));
    choice.name_count = 0;
    qn_lan_interfaces_read(&interfaces, &choice);
    for (size_t i = 0; i < interfaces.count; i++) {
        assert_false(interfaces.items[i].is_loopback);
    }
}

static void only_its_networks_are_on_link(void **state)
{
    (void)state;
    struct qn_lan_interfaces interfaces;
    struct qn_lan_choice choice = on_lo(NULL);
    qn_lan_interfaces_read(&interfaces, &choice);
    assert_int_equal(interfaces.count, 1);
    static const struct {
        const char *address;
        bool is_on_link;
    } cases[] = {{"127.0.0.1", true},    {"127.200.3.4", true},     {"128.0.0.1", false},
                 {"192.168.1.1", false}, {"::7f00:1", false},       {"fe80::1", false},
                 {"2001:db8::1", false}, {"::ffff:10.0.0.1", false}};
    for (size_t i = 0; i < QN_ARRAY_COUNT(cases); i++) {
        struct qn_net_address address = address_of(cases[i].address);
        if (qn_lan_interface_has(&interfaces.items[0], &address) != cases[i].is_on_link) {
            fail_msg("%s", cases[i].address);
        }
    }
}

static size_t count_for(const char *listen)
{
    struct qn_lan_interfaces interfaces;
    struct qn_lan_choice choice = on_lo(listen);
    qn_lan_interfaces_read(&interfaces, &choice);
    return interfaces.count;
}

static void nothing_is_said_where_nobody_could_dial(void **state)
{
    (void)state;
    assert_int_equal(count_for("127.0.0.1:1"), 1);
    assert_int_equal(count_for("[::]:1"), 1);
    assert_int_equal(count_for("[::1]:1"), 0); /* loopback has no multicast of IPv6 */
    assert_int_equal(count_for("127.0.0.2:1"), 0);
    assert_int_equal(count_for("10.99.98.97:1"), 0);
    assert_int_equal(count_for("node.example:1"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_is_used_where_it_is_named),
        cmocka_unit_test(only_its_networks_are_on_link),
        cmocka_unit_test(nothing_is_said_where_nobody_could_dial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
