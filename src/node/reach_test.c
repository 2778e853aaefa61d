/* Whole nodes, one of which is not told where it can be reached. */
#include "node/testing/lab.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/announce.h"
#include "wire/control.h"

enum { GENESIS = 5 };

static uint64_t seed = 1;
static struct qn_lab *lab;
static size_t newcomer;
static size_t liars;
static const char *wanted;

/* The first genesis nodes say of everybody that it is somewhere else. */
static struct qn_buf *lie(struct qn_lab *unused, size_t from, size_t to, enum qn_message_kind kind,
                          struct qn_buf *bytes)
{
    struct qn_hello hello;
    (void)unused;
    (void)to;
    if (kind != QN_HELLO || from >= liars) {
        return bytes;
    }
    assert_int_equal(qn_hello_decode(&hello, qn_buf_span(bytes)), QN_OK);
    assert_true(hello.has_seen);
    snprintf(hello.seen.host, sizeof hello.seen.host, "203.0.113.66");
    qn_buf_drop(bytes);
    return qn_hello_encode(&hello);
}

static void start_with(size_t genesis_count)
{
    lab = qn_lab_new_apart(seed, genesis_count, QN_POLICY_OPEN);
    liars = 0;
    qn_lab_set_tamper(lab, lie);
    for (size_t i = 0; i < genesis_count; i++) {
        qn_lab_start_genesis(lab, i);
    }
    newcomer = qn_lab_add_node(lab);
    qn_lab_node(lab, newcomer)->finds_out = true;
    wanted = qn_lab_node(lab, newcomer)->endpoint.host;
}

static int start(void **state)
{
    (void)state;
    start_with(GENESIS);
    return 0;
}

static int start_even(void **state)
{
    (void)state;
    start_with(GENESIS + 1);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    qn_lab_free(lab);
    return 0;
}

/* The record that this node holds of the newcomer. */
static bool read_record(struct qn_record *record, size_t at)
{
    struct qn_node_id id = qn_lab_id(lab, newcomer);
    struct qn_span bytes = qn_node_record(qn_lab_node(lab, at)->node, &id);
    struct qn_signed envelope;
    return bytes.len > 0 && qn_record_decode(record, &envelope, bytes) == QN_OK;
}

static bool all_know_where_it_is(struct qn_lab *unused)
{
    (void)unused;
    for (size_t i = 0; i <= newcomer; i++) {
        struct qn_record record;
        if (!read_record(&record, i) || record.endpoint_count != 1 ||
            strcmp(record.endpoints[0].host, wanted) != 0 ||
            record.endpoints[0].port != QN_DEFAULT_PORT) {
            return false;
        }
    }
    return true;
}

static void a_node_learns_where_it_is_and_tells_all_others(void **state)
{
    (void)state;
    qn_lab_start(lab, newcomer);
    assert_int_equal(qn_lab_status(lab, newcomer).reach.source, QN_REACH_NONE);
    assert_true(qn_lab_run_until(lab, all_know_where_it_is, QN_SECONDS(30)));
    struct qn_node_status status = qn_lab_status(lab, newcomer);
    assert_int_equal(status.reach.source, QN_REACH_PEERS);
    assert_true(status.seen[QN_IP_V4].votes >= QN_OWN_VOTES_NEEDED);
    struct qn_node_status told = qn_lab_status(lab, 0); /* who is told is as it was */
    assert_int_equal(told.reach.source, QN_REACH_CONFIGURED);
    assert_string_equal(told.reach.endpoints[0].host, "20.1.0.1");
}

/* Two of five, from the first HELLO on. */
static void liars_change_nothing(void **state)
{
    (void)state;
    liars = 2;
    qn_lab_start(lab, newcomer);
    assert_true(qn_lab_run_until(lab, all_know_where_it_is, QN_SECONDS(30)));
    qn_lab_run(lab, QN_SECONDS(20));
    assert_true(all_know_where_it_is(lab));
    assert_int_equal(qn_lab_status(lab, newcomer).seen[QN_IP_V4].votes, GENESIS - liars);
}

/* With three of six no address has the majority: nothing is told, rather than something wrong. */
static void half_of_them_as_liars_leave_it_without_an_address(void **state)
{
    (void)state;
    liars = 3;
    qn_lab_start(lab, newcomer);
    qn_lab_run(lab, QN_SECONDS(20));
    struct qn_node_status status = qn_lab_status(lab, newcomer);
    assert_int_equal(status.links, GENESIS + 1);
    assert_int_equal(status.reach.source, QN_REACH_NONE);
}

static struct qn_reach reach_after_a_minute(void)
{
    qn_lab_run(lab, QN_SECONDS(61));
    return qn_lab_status(lab, newcomer).reach;
}

static void what_the_gateway_maps_goes_before_what_peers_see(void **state)
{
    (void)state;
    struct qn_record record = {.sequence = 0};
    qn_lab_start(lab, newcomer);
    assert_true(qn_lab_run_until(lab, all_know_where_it_is, QN_SECONDS(30)));
    qn_lab_map(lab, newcomer, "20.7.0.1:40000");
    assert_int_equal(reach_after_a_minute().source, QN_REACH_MAPPED);
    assert_true(read_record(&record, 0));
    assert_int_equal(record.endpoint_count, 1);
    assert_int_equal(record.endpoints[0].port, 40000);
    qn_lab_map(lab, newcomer, "192.168.1.9:40000"); /* a gateway behind another one */
    assert_int_equal(reach_after_a_minute().source, QN_REACH_PEERS);
    qn_lab_map(lab, newcomer, "20.7.0.1:40001");
    qn_lab_map(lab, newcomer, NULL); /* within a minute: nobody is told of it */
    struct qn_reach reach = reach_after_a_minute();
    assert_int_equal(reach.source, QN_REACH_PEERS);
    assert_int_equal(reach.endpoints[0].port, QN_DEFAULT_PORT);
}

static void nothing_goes_before_what_the_operator_says(void **state)
{
    (void)state;
    qn_lab_node(lab, newcomer)->finds_out = false;
    qn_lab_start(lab, newcomer);
    qn_lab_map(lab, newcomer, "203.0.113.5:40000");
    struct qn_reach reach = reach_after_a_minute();
    assert_int_equal(reach.source, QN_REACH_CONFIGURED);
    assert_int_equal(reach.count, 1);
    assert_string_equal(reach.endpoints[0].host, wanted);
}

static void block_newcomer(bool blocked)
{
    for (size_t i = 0; i < GENESIS; i++) {
        qn_lab_block(lab, i, newcomer, blocked);
        qn_lab_block(lab, newcomer, i, blocked);
    }
}

/* Its links are lost, as when a provider gives it another address. */
static void move_to(const char *host)
{
    struct qn_lab_node *node = qn_lab_node(lab, newcomer);
    block_newcomer(true);
    snprintf(node->endpoint.host, sizeof node->endpoint.host, "%s", host);
    qn_lab_run(lab, QN_SECONDS(40));
    assert_int_equal(qn_lab_status(lab, newcomer).links, 0);
    block_newcomer(false);
}

static void another_address_is_followed_at_most_once_a_minute(void **state)
{
    (void)state;
    struct qn_record before = {.sequence = 0};
    struct qn_record after = {.sequence = 0};
    qn_lab_start(lab, newcomer);
    assert_true(qn_lab_run_until(lab, all_know_where_it_is, QN_SECONDS(30)));
    assert_true(read_record(&before, 0));
    move_to("21.7.0.9");
    assert_true(qn_lab_run_until(lab, all_know_where_it_is, QN_SECONDS(90)));
    assert_true(read_record(&after, 0));
    assert_true(after.sequence - before.sequence >= 60000); /* ms */
    qn_time_us moved_us = qn_lab_now(lab);
    before = after;
    move_to("21.9.0.9");
    assert_true(qn_lab_run_until(lab, all_know_where_it_is, QN_SECONDS(90)));
    assert_true(read_record(&after, 0));
    assert_true(qn_lab_now(lab) - moved_us >= QN_SECONDS(58)); /* less what telling took */
    assert_true(after.sequence - before.sequence >= 60000);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_node_learns_where_it_is_and_tells_all_others, start,
                                        stop),
        cmocka_unit_test_setup_teardown(liars_change_nothing, start, stop),
        cmocka_unit_test_setup_teardown(half_of_them_as_liars_leave_it_without_an_address,
                                        start_even, stop),
        cmocka_unit_test_setup_teardown(what_the_gateway_maps_goes_before_what_peers_see, start,
                                        stop),
        cmocka_unit_test_setup_teardown(nothing_goes_before_what_the_operator_says, start, stop),
        cmocka_unit_test_setup_teardown(another_address_is_followed_at_most_once_a_minute, start,
                                        stop),
    };
    if (argc == 3 && strcmp(argv[1], "--seed") == 0) {
        seed = strtoull(argv[2], NULL, 10);
    }
    const char *why = NULL;
    if (qn_crypto_init(&why) != QN_OK) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    print_message("seed %" PRIu64 "\n", seed);
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    qn_crypto_fini();
    return failures;
}
