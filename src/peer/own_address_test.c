#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "peer/own_address.h"

static struct qn_own_address own;
static qn_time_us now;

static int start(void **state)
{
    (void)state;
    now = QN_SECONDS(100);
    qn_own_address_init(&own);
    return 0;
}

static struct qn_net_address address_of(const char *text)
{
    struct qn_endpoint endpoint;
    struct qn_net_address address = {.port = 0};
    assert_int_equal(qn_endpoint_parse(&endpoint, text), QN_OK);
    assert_true(qn_net_address_parse(&address, &endpoint));
    return address;
}

static void tell_at(unsigned peer, const char *at, const char *seen)
{
    struct qn_node_id id = {.bytes = {(uint8_t)peer, 1}};
    struct qn_net_address peer_address = address_of(at);
    struct qn_net_address seen_address = address_of(seen);
    qn_own_address_tell(&own, &id, &peer_address, &seen_address, now);
}

/* A peer of a network group of its own. */
static void tell(unsigned peer, const char *seen)
{
    char at[32];
    (void)snprintf(at, sizeof at, "20.%u.0.1:9876", peer);
    tell_at(peer, at, seen);
}

static void assert_host(const char *text, unsigned votes)
{
    struct qn_net_address wanted = address_of(text);
    const struct qn_own_host *host =
        &own.hosts[qn_net_address_is_v4(&wanted) ? QN_IP_V4 : QN_IP_V6];
    assert_true(host->is_known);
    assert_memory_equal(host->ip, wanted.ip, sizeof wanted.ip);
    assert_int_equal(host->votes, votes);
}

static void three_groups_that_agree_are_believed(void **state)
{
    (void)state;
    tell(1, "198.51.100.7:40001");
    tell(2, "198.51.100.7:40002");
    assert_false(qn_own_address_poll(&own, now));
    tell(3, "198.51.100.7:40003"); /* ports differ: they are the connections' */
    assert_true(qn_own_address_poll(&own, now));
    assert_host("198.51.100.7:1", 3);
    assert_false(qn_own_address_poll(&own, now));
}

static void one_group_has_one_vote(void **state)
{
    (void)state;
    tell_at(1, "20.1.0.1:1", "198.51.100.7:1");
    tell_at(2, "20.1.0.2:1", "198.51.100.7:1");
    tell_at(3, "20.1.9.9:1", "198.51.100.7:1");
    tell(4, "198.51.100.7:1");
    assert_false(qn_own_address_poll(&own, now));
    tell(5, "198.51.100.7:1");
    assert_true(qn_own_address_poll(&own, now));
    assert_host("198.51.100.7:1", 3);
    tell_at(9, "20.1.0.3:1", "203.0.113.66:1"); /* its group has voted, by somebody who is linked */
    assert_false(qn_own_address_poll(&own, now));
    assert_host("198.51.100.7:1", 3);
}

static void liars_below_the_majority_change_nothing(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 4; i++) {
        tell(i, "203.0.113.66:1");
    }
    for (unsigned i = 5; i <= 9; i++) {
        tell(i, "198.51.100.7:1");
    }
    assert_true(qn_own_address_poll(&own, now));
    assert_host("198.51.100.7:1", 5);
    tell(10, "203.0.113.66:1"); /* as many as the others: no majority, and what was known stays */
    assert_false(qn_own_address_poll(&own, now));
    assert_host("198.51.100.7:1", 5);
    tell(11, "203.0.113.66:1"); /* the most networks that we chose lie: we are lost */
    assert_true(qn_own_address_poll(&own, now));
    assert_host("203.0.113.66:1", 6);
}

static void what_nobody_tells_any_more_is_forgotten_after_an_hour(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 3; i++) {
        tell(i, "198.51.100.7:1");
    }
    assert_true(qn_own_address_poll(&own, now));
    now += QN_SECONDS(3600);
    assert_false(qn_own_address_poll(&own, now));
    assert_host("198.51.100.7:1", 3);
    now += QN_SECONDS(1);
    assert_true(qn_own_address_poll(&own, now));
    assert_false(own.hosts[QN_IP_V4].is_known);
    assert_int_equal(own.count, 0);
}

static void who_dialled_us_confirms_but_has_no_vote(void **state)
{
    (void)state;
    struct qn_net_address reached = address_of("198.51.100.7:9876");
    struct qn_net_address other = address_of("203.0.113.66:9876");
    qn_own_address_confirm(&own, &reached, now);
    assert_false(qn_own_address_poll(&own, now));
    for (unsigned i = 1; i <= 3; i++) {
        tell(i, "198.51.100.7:1");
    }
    assert_true(qn_own_address_poll(&own, now));
    now += QN_SECONDS(3000);
    qn_own_address_confirm(&own, &reached, now);
    now += QN_SECONDS(3000);
    qn_own_address_confirm(&own, &other, now);
    assert_false(qn_own_address_poll(&own, now));
    assert_host("198.51.100.7:1", 3);
    now += QN_SECONDS(601);
    assert_true(qn_own_address_poll(&own, now));
    assert_false(own.hosts[QN_IP_V4].is_known);
}

static void a_new_address_is_followed_as_soon_as_three_new_links_name_it(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 8; i++) {
        tell(i, "198.51.100.7:1");
    }
    assert_true(qn_own_address_poll(&own, now));
    now += QN_SECONDS(20); /* all links are lost, and some made again */
    tell(1, "198.51.100.8:1");
    tell(2, "198.51.100.8:1");
    assert_false(qn_own_address_poll(&own, now));
    assert_host("198.51.100.7:1", 6);
    tell(3, "198.51.100.8:1");
    assert_true(qn_own_address_poll(&own, now));
    assert_host("198.51.100.8:1", 3);
}

static void peers_without_a_group_count_only_among_themselves(void **state)
{
    (void)state;
    tell_at(1, "10.0.0.1:1", "10.0.0.9:1");
    tell_at(2, "10.0.0.2:1", "10.0.0.9:1");
    tell_at(3, "127.0.0.1:1", "10.0.0.9:1");
    assert_true(qn_own_address_poll(&own, now));
    assert_host("10.0.0.9:1", 3);
    for (unsigned i = 4; i <= 6; i++) {
        tell(i, "198.51.100.7:1");
    }
    assert_true(qn_own_address_poll(&own, now));
    assert_host("198.51.100.7:1", 3);
}

static void nobody_sees_what_is_nearer_than_itself(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 3; i++) {
        tell(i, "192.168.1.5:1");
        tell(i, "127.0.0.1:1");
        tell(i, "224.0.0.1:1");
    }
    assert_int_equal(own.count, 0);
    assert_false(qn_own_address_poll(&own, now));
}

static void families_are_judged_apart(void **state)
{
    (void)state;
    static const char *const at[] = {"[2a00::1]:1", "[2a01::1]:1", "[2a02::1]:1"};
    for (unsigned i = 0; i < 3; i++) {
        tell_at(10 + i, at[i], "[2a03::7]:1");
        tell(i + 1, "198.51.100.7:1");
    }
    assert_true(qn_own_address_poll(&own, now));
    assert_host("198.51.100.7:1", 3);
    assert_host("[2a03::7]:1", 3);
}

static void votes_are_bounded_and_fresh_ones_stay(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= QN_OWN_VOTES_MAX; i++) {
        tell(i, "198.51.100.7:1");
    }
    tell(200, "203.0.113.66:1");
    assert_true(qn_own_address_poll(&own, now));
    assert_host("198.51.100.7:1", QN_OWN_VOTES_MAX);
    now += QN_SECONDS(10);
    tell(200, "203.0.113.66:1");
    assert_int_equal(own.count, QN_OWN_VOTES_MAX);
    assert_false(qn_own_address_poll(&own, now));
    assert_host("198.51.100.7:1", QN_OWN_VOTES_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(three_groups_that_agree_are_believed, start),
        cmocka_unit_test_setup(one_group_has_one_vote, start),
        cmocka_unit_test_setup(liars_below_the_majority_change_nothing, start),
        cmocka_unit_test_setup(what_nobody_tells_any_more_is_forgotten_after_an_hour, start),
        cmocka_unit_test_setup(who_dialled_us_confirms_but_has_no_vote, start),
        cmocka_unit_test_setup(a_new_address_is_followed_as_soon_as_three_new_links_name_it, start),
        cmocka_unit_test_setup(peers_without_a_group_count_only_among_themselves, start),
        cmocka_unit_test_setup(nobody_sees_what_is_nearer_than_itself, start),
        cmocka_unit_test_setup(families_are_judged_apart, start),
        cmocka_unit_test_setup(votes_are_bounded_and_fresh_ones_stay, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
