/* A region is cut off from a network of whole nodes, and from one node's view all others are. */
#include "node/alarms.h"

#include "base/limits.h"
#include "node/testing/lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
    GENESIS = 6, /* one in each region, in the order of enum qn_region */
    NODES = 9,   /* and three that do not vote, in the first three again */
    ASIA = QN_REGION_ASIA,
};
#define SETTLES QN_SECONDS(30) /* links are quiet then: pinged each ten seconds */

static unsigned warnings;
static unsigned warnings_of_asia;

static void count_warnings(void *context, enum qn_log_level level, const char *module,
                           const char *event, const char *pairs)
{
    (void)context;
    if (level == QN_LOG_WARN && strcmp(module, "alarm") == 0) {
        warnings += 1;
        warnings_of_asia +=
            strcmp(event, "region_silent") == 0 && strstr(pairs, "region=asia ") != NULL;
    }
}

static const struct qn_log log_of_alarms = {.write = count_warnings, .level_max = QN_LOG_WARN};

static void cut(struct qn_lab *lab, size_t victim, bool blocked)
{
    for (size_t i = 0; i < NODES; i++) {
        if (i != victim) {
            qn_lab_block(lab, victim, i, blocked);
            qn_lab_block(lab, i, victim, blocked);
        }
    }
}

/* How many regions a node misses. */
static unsigned missed(struct qn_lab *lab, size_t node)
{
    struct qn_node_status status = qn_lab_status(lab, node);
    unsigned count = 0;
    for (size_t i = 0; i < QN_REGION_COUNT; i++) {
        count += status.silent_us[i] > 0;
    }
    return count;
}

static bool everybody_knows(struct qn_lab *lab)
{
    for (size_t i = 0; i < NODES; i++) {
        struct qn_node_status status = qn_lab_status(lab, i);
        if (i == ASIA ? !status.cut_off : status.silent_us[QN_REGION_ASIA] == 0) {
            return false;
        }
    }
    return true;
}

static bool nobody_misses_anybody(struct qn_lab *lab)
{
    for (size_t i = 0; i < NODES; i++) {
        if (missed(lab, i) > 0 || qn_lab_status(lab, i).cut_off) {
            return false;
        }
    }
    return true;
}

static struct qn_lab *start(uint64_t seed)
{
    struct qn_lab *lab = qn_lab_new(seed, GENESIS, QN_POLICY_OPEN, 0);
    qn_lab_set_log(lab, &log_of_alarms);
    warnings = 0;
    warnings_of_asia = 0;
    for (size_t i = 0; i < GENESIS; i++) {
        qn_lab_start_genesis(lab, i);
    }
    for (size_t i = GENESIS; i < NODES; i++) {
        (void)qn_lab_start_node(lab, -1);
    }
    qn_lab_run(lab, SETTLES);
    return lab;
}

static void a_region_cut_off_is_an_alarm_within_ten_seconds_and_ends_afterwards(void **state)
{
    (void)state;
    struct qn_lab *lab = start(11);
    assert_int_equal(warnings, 0);
    qn_time_us before = qn_lab_now(lab);
    cut(lab, ASIA, true);
    assert_true(qn_lab_run_until(lab, everybody_knows, QN_SECONDS(10)));
    print_message("everybody knows after %llu ms\n",
                  (unsigned long long)((qn_lab_now(lab) - before) / 1000));
    for (size_t i = 0; i < NODES; i++) {
        assert_int_equal(missed(lab, i), i == ASIA ? QN_REGION_COUNT - 1 : 1);
        assert_int_equal(qn_lab_status(lab, i).cut_off, i == ASIA);
    }
    qn_lab_run(lab, QN_SECONDS(60));
    assert_int_equal(warnings_of_asia, NODES - 1); /* each tells once */
    assert_int_equal(warnings, NODES - 1 + QN_REGION_COUNT - 1 + 1);
    cut(lab, ASIA, false);
    assert_true(qn_lab_run_until(lab, nobody_misses_anybody, QN_SECONDS(60)));
    qn_lab_free(lab);
}

/* Everybody says GOODBYE: nobody is missed. */
static void nodes_that_stop_in_order_raise_no_alarm(void **state)
{
    (void)state;
    struct qn_lab *lab = start(12);
    for (size_t i = NODES - 1; i > 0; i--) {
        qn_lab_stop(lab, i);
        qn_lab_run(lab, QN_SECONDS(1));
    }
    qn_lab_run(lab, QN_SECONDS(12));
    assert_int_equal(warnings, 0);
    qn_lab_free(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_region_cut_off_is_an_alarm_within_ten_seconds_and_ends_afterwards),
        cmocka_unit_test(nodes_that_stop_in_order_raise_no_alarm),
    };
    const char *why = NULL;
    if (qn_crypto_init(&why) != QN_OK) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    qn_crypto_fini();
    return failures;
}
