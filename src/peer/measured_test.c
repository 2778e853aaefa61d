#include "peer/measured.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct qn_node_id id_of(uint32_t number)
{
    struct qn_node_id id = {.bytes = {1}};
    memcpy(id.bytes + 4, &number, sizeof number);
    return id;
}

static void the_shortest_counts(void **state)
{
    (void)state;
    struct qn_measured measured;
    struct qn_node_id id = id_of(1);
    struct qn_node_id other = id_of(2);
    qn_measured_init(&measured, 1, 2);
    qn_measured_add(&measured, &id, 900, 10);
    qn_measured_add(&measured, &id, 700, 20);
    qn_measured_add(&measured, &id, 800, 30);
    struct qn_rtt rtt = qn_measured_of(&measured, &id, 40);
    assert_int_equal(rtt.rtt_us, 700);
    assert_int_equal(rtt.samples, 3);
    rtt = qn_measured_of(&measured, &other, 40);
    assert_int_equal(rtt.rtt_us, 0);
    assert_int_equal(rtt.samples, 0);
    qn_measured_fini(&measured);
}

static void a_minimum_fades_after_a_day(void **state)
{
    (void)state;
    struct qn_measured measured;
    struct qn_node_id id = id_of(1);
    qn_time_us later = QN_MEASURED_LIFETIME + 2;
    qn_measured_init(&measured, 1, 2);
    qn_measured_add(&measured, &id, 100, 1);
    assert_int_equal(qn_measured_of(&measured, &id, later - 1).rtt_us, 100);
    assert_int_equal(qn_measured_of(&measured, &id, later).samples, 0);
    qn_measured_add(&measured, &id, 5000, later); /* it moved away meanwhile */
    assert_int_equal(qn_measured_of(&measured, &id, later).rtt_us, 5000);
    assert_int_equal(qn_measured_of(&measured, &id, later).samples, 1);
    qn_measured_fini(&measured);
}

static void a_full_table_forgets_who_was_measured_longest_ago(void **state)
{
    (void)state;
    struct qn_measured measured;
    struct qn_node_id first = id_of(0);
    struct qn_node_id second = id_of(1);
    qn_measured_init(&measured, 1, 2);
    for (uint32_t i = 0; i < QN_MEASURED_MAX; i++) {
        struct qn_node_id id = id_of(i);
        qn_measured_add(&measured, &id, 10 + i, 1 + i);
    }
    qn_measured_add(&measured, &first, 10, 5000); /* again */
    for (uint32_t i = 0; i < 2 * QN_MEASURED_MAX; i++) {
        struct qn_node_id id = id_of(100000 + i);
        qn_measured_add(&measured, &id, 10, 6000 + i);
        assert_int_equal(measured.count, QN_MEASURED_MAX);
        if (i == 0) {
            assert_int_equal(qn_measured_of(&measured, &second, 7000).samples, 0);
            assert_int_equal(qn_measured_of(&measured, &first, 7000).samples, 2);
        }
    }
    assert_int_equal(qn_measured_of(&measured, &first, 7000).samples, 0);
    qn_measured_fini(&measured);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shortest_counts),
        cmocka_unit_test(a_minimum_fades_after_a_day),
        cmocka_unit_test(a_full_table_forgets_who_was_measured_longest_ago),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
