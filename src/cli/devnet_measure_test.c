#include "cli/devnet_report.h"

#include "cli/testing/devnet_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int make_devnet(void **state)
{
    *state = qn_fixture_devnet_new();
    return 0;
}

static int drop_devnet(void **state)
{
    qn_fixture_devnet_free(*state);
    return 0;
}

static void an_announcement_takes_from_the_first_node_to_the_last(void **state)
{
    struct qn_devnet *devnet = *state;

    qn_fixture_learn(devnet, 0, 3, 5, 100);
    qn_fixture_learn(devnet, 1, 3, 5, 130);
    qn_fixture_learn(devnet, 2, 3, 5, 117);
    qn_devnet_measure_announces(devnet);
    assert_int_equal(devnet->announce_count, 1);
    assert_int_equal(devnet->announces_us[0], 30);
    struct qn_devnet_quantiles measured = qn_devnet_measured(devnet, QN_DEVNET_ANNOUNCE);
    assert_int_equal(measured.count, 1);
    assert_int_equal(measured.p99_us, 30);
}

static void each_version_of_a_record_counts_once(void **state)
{
    struct qn_devnet *devnet = *state;
    struct qn_devnet_record *records[3];

    for (size_t i = 0; i < 3; i++) {
        records[i] = qn_fixture_learn(devnet, i, 3, 5, 100 + i);
    }
    qn_devnet_measure_announces(devnet);
    qn_devnet_measure_announces(devnet);
    assert_int_equal(devnet->announce_count, 1);
    /* A newer version that not all have yet; then all have it. */
    records[0]->sequence = 6;
    records[0]->learned_us = 200;
    qn_devnet_measure_announces(devnet);
    assert_int_equal(devnet->announce_count, 1);
    for (size_t i = 1; i < 3; i++) {
        records[i]->sequence = 6;
        records[i]->learned_us = 207;
    }
    qn_devnet_measure_announces(devnet);
    assert_int_equal(devnet->announce_count, 2);
    assert_int_equal(devnet->announces_us[1], 7);
}

static void who_joined_later_is_no_audience(void **state)
{
    struct qn_devnet *devnet = *state;

    /* The third node was ready at 30, after the first had learned the record at 25. */
    qn_fixture_learn(devnet, 0, 3, 5, 25);
    qn_fixture_learn(devnet, 1, 3, 5, 29);
    qn_fixture_learn(devnet, 2, 3, 5, 5000);
    qn_devnet_measure_announces(devnet);
    assert_int_equal(devnet->announce_count, 1);
    assert_int_equal(devnet->announces_us[0], 4);
}

static void a_record_known_before_anybody_was_ready_says_nothing(void **state)
{
    struct qn_devnet *devnet = *state;

    for (size_t i = 0; i < 3; i++) {
        qn_fixture_learn(devnet, i, 3, 5, 1 + i);
    }
    qn_devnet_measure_announces(devnet);
    assert_int_equal(devnet->announce_count, 0);
    assert_int_equal(qn_devnet_measured(devnet, QN_DEVNET_ANNOUNCE).count, 0);
}

static void one_who_lacks_it_leaves_it_unmeasured(void **state)
{
    struct qn_devnet *devnet = *state;

    qn_fixture_learn(devnet, 0, 3, 5, 100);
    qn_fixture_learn(devnet, 1, 3, 5, 100);
    struct qn_devnet_record *late = qn_fixture_learn(devnet, 2, 3, 4, 60);
    qn_devnet_measure_announces(devnet);
    assert_int_equal(devnet->announce_count, 0);
    late->sequence = 5;
    late->is_held = false;
    qn_devnet_measure_announces(devnet);
    assert_int_equal(devnet->announce_count, 0);
    /* Its end releases the others. */
    devnet->children[2].has_ended = true;
    qn_devnet_measure_announces(devnet);
    assert_int_equal(devnet->announce_count, 1);
    assert_int_equal(devnet->announces_us[0], 0);
}

static void clocks_that_differ_are_not_compared(void **state)
{
    struct qn_devnet *devnet = *state;

    for (size_t i = 0; i < 3; i++) {
        qn_fixture_learn(devnet, i, 3, 5, 100);
    }
    devnet->children[1].details.clock_is_common = false;
    qn_devnet_measure_announces(devnet);
    assert_int_equal(devnet->announce_count, 0);
}

static void samples_of_all_children_are_one_distribution(void **state)
{
    struct qn_devnet *devnet = *state;

    for (size_t i = 0; i < QN_FIXTURE_CHILDREN; i++) {
        struct qn_devnet_details *details = &devnet->children[i].details;
        details->samples[QN_TIMING_VERIFY] = calloc(25, sizeof(uint32_t));
        details->sample_counts[QN_TIMING_VERIFY] = 25;
        for (size_t j = 0; j < 25; j++) {
            details->samples[QN_TIMING_VERIFY][j] = (uint32_t)(25 * i + j + 1);
        }
    }
    struct qn_devnet_quantiles measured = qn_devnet_measured(devnet, QN_DEVNET_VERIFY);
    assert_int_equal(measured.count, 100);
    assert_int_equal(measured.p50_us, 50);
    assert_int_equal(measured.p99_us, 99);
    assert_int_equal(qn_devnet_measured(devnet, QN_DEVNET_HANDSHAKE).count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_announcement_takes_from_the_first_node_to_the_last,
                                        make_devnet, drop_devnet),
        cmocka_unit_test_setup_teardown(each_version_of_a_record_counts_once, make_devnet,
                                        drop_devnet),
        cmocka_unit_test_setup_teardown(who_joined_later_is_no_audience, make_devnet, drop_devnet),
        cmocka_unit_test_setup_teardown(a_record_known_before_anybody_was_ready_says_nothing,
                                        make_devnet, drop_devnet),
        cmocka_unit_test_setup_teardown(one_who_lacks_it_leaves_it_unmeasured, make_devnet,
                                        drop_devnet),
        cmocka_unit_test_setup_teardown(clocks_that_differ_are_not_compared, make_devnet,
                                        drop_devnet),
        cmocka_unit_test_setup_teardown(samples_of_all_children_are_one_distribution, make_devnet,
                                        drop_devnet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
