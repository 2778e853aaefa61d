#include "cli/devnet_report.h"

#include "cli/testing/devnet_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct judged {
    struct qn_devnet *devnet;
    struct qn_devnet_verdict verdict;
};

static int make_devnet(void **state)
{
    struct judged *judged = calloc(1, sizeof *judged);
    judged->devnet = qn_fixture_devnet_new();
    qn_fixture_agree(judged->devnet, 7);
    *state = judged;
    return 0;
}

static int drop_devnet(void **state)
{
    struct judged *judged = *state;
    qn_fixture_devnet_free(judged->devnet);
    free(judged);
    return 0;
}

/* Exactly one problem, with these words. */
static void assert_problem(struct judged *judged, const char *part)
{
    qn_devnet_judge_now(judged->devnet, &judged->verdict);
    for (size_t i = 0; i < judged->verdict.problem_count; i++) {
        print_message("%s\n", judged->verdict.problems[i]);
    }
    assert_int_equal(judged->verdict.problem_count, 1);
    assert_non_null(strstr(judged->verdict.problems[0], part));
}

static void all_as_it_should_be_is_no_problem(void **state)
{
    struct judged *judged = *state;

    qn_devnet_judge_now(judged->devnet, &judged->verdict);
    assert_int_equal(judged->verdict.problem_count, 0);
    assert_int_equal(judged->verdict.registered, 4);
    assert_int_equal(judged->verdict.height, 7);
    assert_true(judged->verdict.has_root);
    assert_int_equal(judged->verdict.state_root.bytes[31], 0x5a);
}

static void one_root_at_another_value_is_a_fork(void **state)
{
    struct judged *judged = *state;

    judged->devnet->children[2].state.state_root.bytes[31] ^= 1;
    assert_problem(judged, "genesis 003 at height 7 with another root");
    assert_false(judged->verdict.has_root);
}

static void one_node_behind_is_no_agreement(void **state)
{
    struct judged *judged = *state;

    judged->devnet->children[3].state.height = 6;
    assert_problem(judged, "genesis 001 is at height 7, genesis 004 at height 6");
}

static void a_network_without_blocks_is_no_success(void **state)
{
    struct judged *judged = *state;

    for (size_t i = 0; i < QN_FIXTURE_CHILDREN; i++) {
        judged->devnet->children[i].state.height = 0;
    }
    assert_problem(judged, "no block was produced");
}

static void who_is_not_registered_is_named_with_what_is_missing(void **state)
{
    struct judged *judged = *state;
    struct qn_devnet_state *child = &judged->devnet->children[1].state;

    child->is_registered = false;
    strcpy(child->missing, "registration: the code was used");
    assert_problem(judged, "genesis 002 is not registered: registration: the code was used");
    assert_int_equal(judged->verdict.registered, 3);
}

static void who_does_not_answer_is_named(void **state)
{
    struct judged *judged = *state;

    judged->devnet->children[0].state.is_answering = false;
    assert_problem(judged, "genesis 001 does not answer");
}

static void who_ended_is_named_with_its_end_and_asked_nothing_more(void **state)
{
    struct judged *judged = *state;
    struct qn_devnet_child *child = &judged->devnet->children[3];

    child->has_ended = true;
    child->pid = 0;
    child->wait_status = 3 << 8;
    child->state.height = 2;
    assert_problem(judged, "genesis 004 exited with status 3");
    assert_true(judged->verdict.has_root);
}

static void a_record_that_is_not_held_is_a_problem_of_who_lacks_it(void **state)
{
    struct judged *judged = *state;

    judged->devnet->children[2].details.records[1].is_held = false;
    assert_problem(judged, "genesis 003 lacks the records of 1 node, such as genesis 002");
}

static void who_was_never_started_is_named_once(void **state)
{
    struct judged *judged = *state;
    struct qn_devnet_child *child = &judged->devnet->children[3];

    child->is_started = false;
    child->pid = 0;
    child->state = (struct qn_devnet_state){0};
    assert_problem(judged, "genesis 004 was not started in time");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_as_it_should_be_is_no_problem, make_devnet,
                                        drop_devnet),
        cmocka_unit_test_setup_teardown(one_root_at_another_value_is_a_fork, make_devnet,
                                        drop_devnet),
        cmocka_unit_test_setup_teardown(one_node_behind_is_no_agreement, make_devnet, drop_devnet),
        cmocka_unit_test_setup_teardown(a_network_without_blocks_is_no_success, make_devnet,
                                        drop_devnet),
        cmocka_unit_test_setup_teardown(who_is_not_registered_is_named_with_what_is_missing,
                                        make_devnet, drop_devnet),
        cmocka_unit_test_setup_teardown(who_does_not_answer_is_named, make_devnet, drop_devnet),
        cmocka_unit_test_setup_teardown(who_ended_is_named_with_its_end_and_asked_nothing_more,
                                        make_devnet, drop_devnet),
        cmocka_unit_test_setup_teardown(a_record_that_is_not_held_is_a_problem_of_who_lacks_it,
                                        make_devnet, drop_devnet),
        cmocka_unit_test_setup_teardown(who_was_never_started_is_named_once, make_devnet,
                                        drop_devnet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
