#include "peer/admission.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"

static int set_up(void **state)
{
    static struct qn_admission admission;
    qn_admission_init(&admission, 1, 2);
    *state = &admission;
    return 0;
}

static int tear_down(void **state)
{
    qn_admission_fini(*state);
    return 0;
}

static struct qn_admission_ask identity_ask(enum qn_standing standing)
{
    return (struct qn_admission_ask){
        .stage = QN_ADMIT_IDENTITY, .standing = standing, .links_max = 10, .region_max = 8};
}

static struct qn_admission_ask inbound_ask(const char *host)
{
    struct qn_endpoint endpoint = {.port = 9876};
    struct qn_admission_ask ask = {.stage = QN_ADMIT_INBOUND, .half_open_max = QN_HALF_OPEN_MAX};
    for (size_t i = 0; host[i] != '\0'; i++) {
        endpoint.host[i] = host[i];
    }
    ask.has_address = qn_net_address_parse(&ask.address, &endpoint);
    assert_true(ask.has_address);
    return ask;
}

static void the_revoked_and_the_expired_are_refused_by_name(void **state)
{
    struct qn_admission_ask ask = identity_ask(QN_STANDING_REVOKED);
    ask.privileged = true;
    assert_int_equal(qn_admission_decide(*state, &ask, 0), QN_ADMISSION_REVOKED);
    ask.outbound = true;
    assert_int_equal(qn_admission_decide(*state, &ask, 0), QN_ADMISSION_REVOKED);
    ask.standing = QN_STANDING_EXPIRED;
    assert_int_equal(qn_admission_decide(*state, &ask, 0), QN_ADMISSION_EXPIRED);
    ask.is_self = true;
    assert_int_equal(qn_admission_decide(*state, &ask, 0), QN_ADMISSION_SELF);
    assert_int_equal(qn_admission_reason(QN_ADMISSION_REVOKED), QN_CLOSE_REVOKED);
    assert_int_equal(qn_admission_reason(QN_ADMISSION_REGION), QN_CLOSE_FULL);
}

static void limits_bind_all_but_the_privileged(void **state)
{
    struct qn_admission_ask ask = identity_ask(QN_STANDING_REGISTERED);
    ask.links = 10;
    assert_int_equal(qn_admission_decide(*state, &ask, 0), QN_ADMISSION_LINKS);
    ask.outbound = true;
    assert_int_equal(qn_admission_decide(*state, &ask, 0), QN_ADMISSION_LINKS);
    ask.links = 9;
    assert_int_equal(qn_admission_decide(*state, &ask, 0), QN_ADMISSION_NONE);
    ask.region = 8;
    assert_int_equal(qn_admission_decide(*state, &ask, 0), QN_ADMISSION_REGION);
    ask.region = 7;
    assert_int_equal(qn_admission_decide(*state, &ask, 0), QN_ADMISSION_NONE);
    ask.links = 10;
    ask.region = 8;
    ask.privileged = true;
    assert_int_equal(qn_admission_decide(*state, &ask, 0), QN_ADMISSION_NONE);
    ask.banned = true;
    assert_int_equal(qn_admission_decide(*state, &ask, 0), QN_ADMISSION_BANNED);
}

static void the_unregistered_have_few_slots_and_take_none_of_the_others(void **state)
{
    struct qn_admission_ask ask = identity_ask(QN_STANDING_UNREGISTERED);
    ask.unregistered = QN_UNREGISTERED_LINKS_MAX;
    assert_int_equal(qn_admission_decide(*state, &ask, 0), QN_ADMISSION_UNREGISTERED);
    /* Whom we dialled ourselves we may not know yet: a fresh registry holds nobody. */
    ask.outbound = true;
    assert_int_equal(qn_admission_decide(*state, &ask, 0), QN_ADMISSION_NONE);
    ask.outbound = false;
    ask.unregistered -= 1;
    assert_int_equal(qn_admission_decide(*state, &ask, 0), QN_ADMISSION_NONE);
    ask.standing = QN_STANDING_REGISTERED;
    ask.unregistered = QN_UNREGISTERED_LINKS_MAX;
    assert_int_equal(qn_admission_decide(*state, &ask, 0), QN_ADMISSION_NONE);
}

static void a_subnet_has_its_own_rate_and_leaves_the_rest_to_others(void **state)
{
    struct qn_admission_ask ask = inbound_ask("192.0.2.1");
    struct qn_admission_ask neighbour = inbound_ask("192.0.2.200");
    struct qn_admission_ask other = inbound_ask("198.51.100.1");
    struct qn_admission_ask v6 = inbound_ask("2001:db8::1");
    for (unsigned i = 0; i < QN_ADMISSION_SUBNET_BURST; i++) {
        assert_int_equal(qn_admission_decide(*state, &ask, 0), QN_ADMISSION_NONE);
    }
    for (unsigned i = 0; i < 1000; i++) { /* and what is refused takes nothing from all */
        assert_int_equal(qn_admission_decide(*state, &neighbour, 0), QN_ADMISSION_RATE_SUBNET);
    }
    assert_int_equal(qn_admission_decide(*state, &other, 0), QN_ADMISSION_NONE);
    assert_int_equal(qn_admission_decide(*state, &v6, 0), QN_ADMISSION_NONE);
    assert_int_equal(qn_admission_decide(*state, &neighbour, QN_ADMISSION_SUBNET_INTERVAL),
                     QN_ADMISSION_NONE);
    assert_int_equal(qn_admission_decide(*state, &ask, QN_ADMISSION_SUBNET_INTERVAL),
                     QN_ADMISSION_RATE_SUBNET);
}

static void a_subnet_of_ipv6_is_what_one_customer_gets(void **state)
{
    struct qn_admission_ask first = inbound_ask("2001:db8:1:aa00::1");
    struct qn_admission_ask last = inbound_ask("2001:db8:1:aaff:ffff:ffff:ffff:ffff");
    struct qn_admission_ask next = inbound_ask("2001:db8:1:ab00::1");
    for (unsigned i = 0; i < QN_ADMISSION_SUBNET_BURST; i++) {
        assert_int_equal(qn_admission_decide(*state, &first, 0), QN_ADMISSION_NONE);
    }
    assert_int_equal(qn_admission_decide(*state, &last, 0), QN_ADMISSION_RATE_SUBNET);
    assert_int_equal(qn_admission_decide(*state, &next, 0), QN_ADMISSION_NONE);
}

static void many_subnets_together_meet_the_global_rate(void **state)
{
    unsigned admitted = 0;
    struct qn_admission_ask ask = inbound_ask("20.0.0.1");
    for (unsigned i = 0; i < 10000; i++) {
        ask.address.ip[13] = (uint8_t)(i >> 8);
        ask.address.ip[14] = (uint8_t)i;
        enum qn_admission_limit limit = qn_admission_decide(*state, &ask, 0);
        assert_true(limit == QN_ADMISSION_NONE || limit == QN_ADMISSION_RATE_GLOBAL);
        admitted += limit == QN_ADMISSION_NONE;
    }
    assert_int_equal(admitted, QN_ADMISSION_GLOBAL_BURST);
    assert_int_equal(qn_admission_decide(*state, &ask, QN_ADMISSION_GLOBAL_INTERVAL),
                     QN_ADMISSION_NONE);
}

static void this_machine_is_exempt_from_limits_by_address(void **state)
{
    struct qn_admission_ask ask = inbound_ask("127.0.0.1");
    ask.half_open_subnet = QN_HALF_OPEN_MAX - 1;
    for (unsigned i = 0; i < 10000; i++) {
        assert_int_equal(qn_admission_decide(*state, &ask, 0), QN_ADMISSION_NONE);
    }
    ask.half_open = QN_HALF_OPEN_MAX;
    assert_int_equal(qn_admission_decide(*state, &ask, 0), QN_ADMISSION_HALF_OPEN);
    ask = inbound_ask("10.1.2.3"); /* a private network is not */
    ask.half_open_subnet = QN_HALF_OPEN_SUBNET_MAX;
    assert_int_equal(qn_admission_decide(*state, &ask, 0), QN_ADMISSION_HALF_OPEN_SUBNET);
}

static void an_identity_that_comes_again_and_again_meets_its_rate(void **state)
{
    struct qn_node_id id = {{1}};
    struct qn_node_id other = {{2}};
    struct qn_admission_ask ask = inbound_ask("192.0.2.1");
    ask.stage = QN_ADMIT_IDENTITY;
    ask.standing = QN_STANDING_REGISTERED;
    ask.id = &id;
    ask.links_max = 10;
    ask.region_max = 8;
    for (unsigned i = 0; i < QN_ADMISSION_IDENTITY_BURST; i++) {
        assert_int_equal(qn_admission_decide(*state, &ask, 0), QN_ADMISSION_NONE);
    }
    assert_int_equal(qn_admission_decide(*state, &ask, 0), QN_ADMISSION_RATE_IDENTITY);
    ask.outbound = true; /* our own dials are paced by the dialer */
    assert_int_equal(qn_admission_decide(*state, &ask, 0), QN_ADMISSION_NONE);
    ask.outbound = false;
    ask.id = &other;
    assert_int_equal(qn_admission_decide(*state, &ask, 0), QN_ADMISSION_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
        EACH(the_revoked_and_the_expired_are_refused_by_name),
        EACH(limits_bind_all_but_the_privileged),
        EACH(the_unregistered_have_few_slots_and_take_none_of_the_others),
        EACH(a_subnet_has_its_own_rate_and_leaves_the_rest_to_others),
        EACH(a_subnet_of_ipv6_is_what_one_customer_gets),
        EACH(many_subnets_together_meet_the_global_rate),
        EACH(this_machine_is_exempt_from_limits_by_address),
        EACH(an_identity_that_comes_again_and_again_meets_its_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
