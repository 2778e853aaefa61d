#include "peer/dialer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"

static struct qn_endpoint endpoint_of(unsigned number)
{
    struct qn_endpoint endpoint = {.host = "10.0.0.1", .port = (uint16_t)(number + 1)};
    return endpoint;
}

static struct qn_node_id id_of(unsigned number)
{
    struct qn_node_id id = {{(uint8_t)number, (uint8_t)(number >> 8), 1}};
    return id;
}

enum {
    NEEDED = QN_DIAL_WANT_ALWAYS | QN_DIAL_WANT_BOOTSTRAP,
    EVERYBODY = NEEDED | 1U << (QN_DIAL_WANT_REGION_SHIFT + QN_REGION_EUROPE),
};

static void add(struct qn_dialer *dialer, enum qn_dial_purpose purpose, unsigned number)
{
    struct qn_endpoint endpoint = endpoint_of(number);
    struct qn_node_id id = id_of(number);
    (void)qn_dialer_add(dialer, purpose, &id, QN_REGION_EUROPE, &endpoint, 1, 0);
}

static void failures_back_off_with_jitter_up_to_eight_seconds(void **state)
{
    (void)state;
    struct qn_dialer dialer;
    qn_time_us now = 0;
    qn_dialer_init(&dialer, 5);
    add(&dialer, QN_DIAL_FOR_BOOTSTRAP, 1);
    qn_time_us expected = QN_DIAL_BACKOFF_MIN;
    for (int i = 0; i < 12; i++) {
        const struct qn_dial_target *target = qn_dialer_next(&dialer, NEEDED, now);
        assert_non_null(target);
        assert_null(qn_dialer_next(&dialer, NEEDED, now)); /* under way: not twice */
        qn_dialer_on_failed(&dialer, target->dial, now);
        qn_time_us wait = qn_dialer_deadline(&dialer, NEEDED) - now;
        assert_in_range(wait, expected / 2, expected);
        assert_null(qn_dialer_next(&dialer, NEEDED, now + wait - 1));
        now += wait;
        expected = expected * 2 > QN_DIAL_BACKOFF_MAX ? QN_DIAL_BACKOFF_MAX : expected * 2;
    }
    qn_dialer_fini(&dialer);
}

static void a_linked_target_is_left_alone_until_the_link_goes(void **state)
{
    (void)state;
    struct qn_dialer dialer;
    struct qn_node_id id = id_of(1);
    qn_dialer_init(&dialer, 5);
    add(&dialer, QN_DIAL_FOR_HOT, 1);
    assert_null(qn_dialer_next(&dialer, NEEDED, 0)); /* peers are not wanted */
    const struct qn_dial_target *target = qn_dialer_next(&dialer, EVERYBODY, 0);
    assert_non_null(target);
    qn_dialer_on_linked(&dialer, target->dial, &id);
    assert_null(qn_dialer_next(&dialer, EVERYBODY, QN_SECONDS(1))); /* HELLO is still to come */
    qn_dialer_set_linked(&dialer, &id, true, 0);
    assert_int_equal(dialer.under_way, 0);
    assert_null(qn_dialer_next(&dialer, EVERYBODY, QN_SECONDS(100)));
    assert_int_equal(qn_dialer_deadline(&dialer, EVERYBODY), UINT64_MAX);
    qn_dialer_set_linked(&dialer, &id, false, QN_SECONDS(100));
    assert_non_null(qn_dialer_next(&dialer, EVERYBODY, QN_SECONDS(101)));
    qn_dialer_fini(&dialer);
}

static void a_pinned_peer_is_dialled_like_a_genesis_node(void **state)
{
    (void)state;
    struct qn_dialer dialer;
    struct qn_node_id id = id_of(1);
    struct qn_node_id unknown = id_of(9);
    qn_dialer_init(&dialer, 5);
    add(&dialer, QN_DIAL_FOR_HOT, 1);
    qn_dialer_pin(&dialer, &id, QN_DIAL_FOR_COMMITTEE);
    qn_dialer_pin(&dialer, &unknown,
                  QN_DIAL_FOR_COMMITTEE); /* nowhere to dial it: nothing happens */
    assert_int_equal(qn_dialer_deadline(&dialer, NEEDED), 0);
    qn_dialer_unpin_all(&dialer);
    assert_int_equal(qn_dialer_deadline(&dialer, NEEDED), UINT64_MAX);
    assert_null(qn_dialer_next(&dialer, NEEDED, 0));
    qn_dialer_pin(&dialer, &id, QN_DIAL_FOR_COMMITTEE);
    assert_ptr_equal(qn_dialer_next(&dialer, NEEDED, 0), &dialer.targets[0]);
    qn_dialer_fini(&dialer);
}

static void dials_at_once_are_bounded(void **state)
{
    (void)state;
    struct qn_dialer dialer;
    unsigned started = 0;
    qn_dialer_init(&dialer, 5);
    for (unsigned i = 0; i < 100; i++) {
        add(&dialer, QN_DIAL_FOR_BOOTSTRAP, i);
    }
    while (qn_dialer_next(&dialer, EVERYBODY, 0) != NULL) {
        started += 1;
    }
    assert_int_equal(started, QN_DIALS_AT_ONCE_MAX);
    qn_dialer_fini(&dialer);
}

static void a_full_list_gives_up_only_peers_that_failed(void **state)
{
    (void)state;
    struct qn_dialer dialer;
    struct qn_node_id late = id_of(1000);
    qn_dialer_init(&dialer, 5);
    for (unsigned i = 0; i < QN_DIALER_TARGETS_MAX; i++) {
        add(&dialer, i < 5 ? QN_DIAL_FOR_BOOTSTRAP : QN_DIAL_FOR_HOT, i);
    }
    add(&dialer, QN_DIAL_FOR_HOT, 1000);
    for (size_t i = 0; i < dialer.count; i++) {
        assert_false(qn_node_id_equal(&dialer.targets[i].id, &late));
    }
    struct qn_node_id failed = id_of(17);
    qn_dialer_punish(&dialer, &failed, 0);
    for (unsigned i = 0; i < QN_DIALER_TARGETS_MAX / 32; i++) { /* each looks at some */
        add(&dialer, QN_DIAL_FOR_HOT, 1000);
    }
    bool found = false;
    for (size_t i = 0; i < dialer.count; i++) {
        found = found || qn_node_id_equal(&dialer.targets[i].id, &late);
        assert_false(qn_node_id_equal(&dialer.targets[i].id, &failed));
    }
    assert_true(found);
    assert_int_equal(dialer.count, QN_DIALER_TARGETS_MAX);
    qn_dialer_fini(&dialer);
}

static void several_endpoints_are_tried_in_turn(void **state)
{
    (void)state;
    struct qn_dialer dialer;
    struct qn_node_id id = id_of(1);
    struct qn_endpoint endpoints[2] = {endpoint_of(1), endpoint_of(2)};
    qn_dialer_init(&dialer, 5);
    (void)qn_dialer_add(&dialer, QN_DIAL_FOR_BOOTSTRAP, &id, QN_REGION_EUROPE, endpoints, 2, 0);
    for (unsigned i = 0; i < 6; i++) {
        const struct qn_dial_target *target = qn_dialer_next(&dialer, NEEDED, QN_SECONDS(100 * i));
        assert_non_null(target);
        assert_int_equal(target->endpoint_next, i % 2);
        qn_dialer_on_failed(&dialer, target->dial, QN_SECONDS(100 * i));
    }
    qn_dialer_fini(&dialer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_back_off_with_jitter_up_to_eight_seconds),
        cmocka_unit_test(a_linked_target_is_left_alone_until_the_link_goes),
        cmocka_unit_test(a_pinned_peer_is_dialled_like_a_genesis_node),
        cmocka_unit_test(dials_at_once_are_bounded),
        cmocka_unit_test(a_full_list_gives_up_only_peers_that_failed),
        cmocka_unit_test(several_endpoints_are_tried_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
