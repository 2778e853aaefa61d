/* Networks whose certificates lead nowhere any more, in one local network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "crypto/library.h"
#include "node/testing/lab.h"

enum { GENESIS = 4 };

/* Everybody has moved since the certificates were signed. */
static struct qn_lab *moved_lab(bool has_lan)
{
    struct qn_lab *lab = qn_lab_new(31, GENESIS, QN_POLICY_OPEN, 0);
    for (size_t i = 0; i < GENESIS; i++) {
        struct qn_lab_node *node = qn_lab_node(lab, i);
        (void)snprintf(node->endpoint.host, sizeof node->endpoint.host, "192.168.3.%zu", i + 1);
        node->has_lan = has_lan;
        qn_lab_start_genesis(lab, i);
    }
    return lab;
}

static bool have_begun(struct qn_lab *lab)
{
    for (size_t i = 0; i < GENESIS; i++) {
        if (qn_lab_status(lab, i).height == 0) {
            return false;
        }
    }
    return true;
}

static void founders_that_moved_find_each_other(void **state)
{
    (void)state;
    struct qn_lab *lab = moved_lab(true);
    assert_true(qn_lab_run_until(lab, have_begun, QN_SECONDS(30)));
    qn_lab_free(lab);
}

static void without_the_setting_they_do_not(void **state)
{
    (void)state;
    struct qn_lab *lab = moved_lab(false);
    assert_false(qn_lab_run_until(lab, have_begun, QN_SECONDS(60)));
    qn_lab_free(lab);
}

static bool last_is_registered(struct qn_lab *lab)
{
    return qn_lab_status(lab, qn_lab_count(lab) - 1).registered;
}

static void a_newcomer_that_knows_nobody_registers_through_a_neighbour(void **state)
{
    (void)state;
    struct qn_lab *lab = moved_lab(true);
    assert_true(qn_lab_run_until(lab, have_begun, QN_SECONDS(30)));
    size_t newcomer = qn_lab_add_node(lab);
    qn_lab_node(lab, newcomer)->has_lan = true;
    qn_lab_start(lab, newcomer);
    assert_true(qn_lab_run_until(lab, last_is_registered, QN_SECONDS(40)));
    assert_true(qn_lab_status(lab, newcomer).links > 0);
    qn_lab_free(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(founders_that_moved_find_each_other),
        cmocka_unit_test(without_the_setting_they_do_not),
        cmocka_unit_test(a_newcomer_that_knows_nobody_registers_through_a_neighbour),
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
