#include "peer/admission.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"

static void the_revoked_and_the_expired_are_refused_by_name(void **state)
{
    (void)state;
    struct qn_admission_counts counts = {.links_max = 10};
    assert_int_equal(qn_admission_decide(&counts, QN_STANDING_REVOKED, false), QN_CLOSE_REVOKED);
    assert_int_equal(qn_admission_decide(&counts, QN_STANDING_REVOKED, true), QN_CLOSE_REVOKED);
    assert_int_equal(qn_admission_decide(&counts, QN_STANDING_EXPIRED, false), QN_CLOSE_EXPIRED);
}

static void the_link_limit_binds_all_but_genesis_nodes(void **state)
{
    (void)state;
    struct qn_admission_counts counts = {.links = 10, .links_max = 10};
    assert_int_equal(qn_admission_decide(&counts, QN_STANDING_REGISTERED, false), QN_CLOSE_FULL);
    assert_int_equal(qn_admission_decide(&counts, QN_STANDING_REGISTERED, true), QN_CLOSE_FULL);
    assert_int_equal(qn_admission_decide(&counts, QN_STANDING_UNREGISTERED, false), QN_CLOSE_FULL);
    assert_int_equal(qn_admission_decide(&counts, QN_STANDING_GENESIS, false), QN_CLOSE_NORMAL);
    counts.links = 9;
    assert_int_equal(qn_admission_decide(&counts, QN_STANDING_REGISTERED, false), QN_CLOSE_NORMAL);
}

static void the_unregistered_have_few_slots_and_take_none_of_the_others(void **state)
{
    (void)state;
    struct qn_admission_counts counts = {
        .links = 20, .links_max = 100, .unregistered = QN_UNREGISTERED_LINKS_MAX};
    assert_int_equal(qn_admission_decide(&counts, QN_STANDING_UNREGISTERED, false), QN_CLOSE_FULL);
    assert_int_equal(qn_admission_decide(&counts, QN_STANDING_REGISTERED, false), QN_CLOSE_NORMAL);
    /* Whom we dialled ourselves we may not know yet: a fresh registry holds nobody. */
    assert_int_equal(qn_admission_decide(&counts, QN_STANDING_UNREGISTERED, true), QN_CLOSE_NORMAL);
    counts.unregistered -= 1;
    assert_int_equal(qn_admission_decide(&counts, QN_STANDING_UNREGISTERED, false),
                     QN_CLOSE_NORMAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_revoked_and_the_expired_are_refused_by_name),
        cmocka_unit_test(the_link_limit_binds_all_but_genesis_nodes),
        cmocka_unit_test(the_unregistered_have_few_slots_and_take_none_of_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
