#include "peer/dialer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

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

/* Each link is lost after `life`. Returns the longest wait for the next dial in twelve rounds. */
static qn_time_us longest_wait(enum qn_dial_purpose purpose, qn_time_us life)
{
    struct qn_dialer dialer;
    struct qn_node_id id = id_of(1);
    qn_time_us now = 0;
    qn_time_us longest = 0;
    qn_dialer_init(&dialer, 5);
    add(&dialer, purpose, 1);
    for (int i = 0; i < 12; i++) {
        const struct qn_dial_target *target = qn_dialer_next(&dialer, EVERYBODY, now);
        assert_non_null(target);
        qn_dialer_on_linked(&dialer, target->dial, &id);
        qn_dialer_set_linked(&dialer, &id, true, now);
        now += life;
        qn_dialer_set_linked(&dialer, &id, false, now);
        qn_time_us wait = qn_dialer_deadline(&dialer, EVERYBODY) - now;
        longest = wait > longest ? wait : longest;
        now += wait;
    }
    qn_dialer_fini(&dialer);
    return longest;
}

static void a_peer_whose_links_do_not_last_is_backed_off_from_unless_it_is_needed(void **state)
{
    (void)state;
    qn_time_us flaps = longest_wait(QN_DIAL_FOR_HOT, QN_SECONDS(3));
    qn_time_us lasts = longest_wait(QN_DIAL_FOR_HOT, QN_DIAL_STABLE);
    qn_time_us needed = longest_wait(QN_DIAL_FOR_BOOTSTRAP, QN_SECONDS(3));
    assert_in_range(flaps, QN_DIAL_BACKOFF_PEER_MAX / 2, QN_DIAL_BACKOFF_PEER_MAX);
    assert_in_range(lasts, 0, QN_DIAL_BACKOFF_MIN);
    assert_in_range(needed, 0, QN_DIAL_BACKOFF_MIN);
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
    qn_dialer_begin_committee(&dialer, true);
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

/* ---- a thousand nodes lose the network and get it back ---- */

enum { NODES = 1000, KNOWN = 32, LINKS = 8, LOST_S = 30, BACK_S = 150, END_S = 210 };

struct crowd {
    struct qn_dialer dialers[NODES];
    size_t linked[NODES];
    unsigned dials[END_S]; /* of all nodes, by second */
};

static void lose_all(struct crowd *crowd, qn_time_us now)
{
    for (size_t i = 0; i < NODES; i++) {
        for (unsigned peer = 0; peer < KNOWN; peer++) {
            struct qn_node_id id = id_of(peer);
            qn_dialer_set_linked(&crowd->dialers[i], &id, false, now);
        }
        crowd->linked[i] = 0;
    }
}

/* The worst case for a storm: dials fail at once, so that nothing but the pace holds anybody back. */
static void dial_what_is_due(struct crowd *crowd, size_t node, bool is_up, qn_time_us now)
{
    struct qn_dialer *dialer = &crowd->dialers[node];
    while (crowd->linked[node] < LINKS) {
        const struct qn_dial_target *target = qn_dialer_next(dialer, EVERYBODY, now);
        if (target == NULL) {
            return;
        }
        crowd->dials[now / QN_SECONDS(1)] += 1;
        if (is_up) {
            struct qn_node_id id = target->id;
            qn_dialer_on_linked(dialer, target->dial, &id);
            qn_dialer_set_linked(dialer, &id, true, now);
            crowd->linked[node] += 1;
        } else {
            qn_dialer_on_failed(dialer, target->dial, now);
        }
    }
}

static unsigned peak(const struct crowd *crowd, size_t from, size_t to)
{
    unsigned most = 0;
    for (size_t second = from; second < to; second++) {
        most = crowd->dials[second] > most ? crowd->dials[second] : most;
    }
    return most;
}

static void an_outage_of_the_network_ends_in_no_storm(void **state)
{
    (void)state;
    struct crowd *crowd = calloc(1, sizeof *crowd);
    size_t all_back_s = 0;
    assert_non_null(crowd);
    for (size_t i = 0; i < NODES; i++) {
        qn_dialer_init(&crowd->dialers[i], i + 1);
        for (unsigned peer = 0; peer < KNOWN; peer++) {
            add(&crowd->dialers[i], QN_DIAL_FOR_HOT, peer);
        }
    }
    for (qn_time_us now = 0; now < QN_SECONDS(END_S); now += QN_MS(100)) {
        size_t complete = 0;
        if (now == QN_SECONDS(LOST_S)) {
            lose_all(crowd, now);
        }
        for (size_t i = 0; i < NODES; i++) {
            bool is_up = now < QN_SECONDS(LOST_S) || now >= QN_SECONDS(BACK_S);
            dial_what_is_due(crowd, i, is_up, now);
            complete += crowd->linked[i] == LINKS;
        }
        if (complete == NODES && all_back_s == 0 && now >= QN_SECONDS(BACK_S)) {
            all_back_s = now / QN_SECONDS(1) - BACK_S;
        }
    }
    unsigned at_loss = peak(crowd, LOST_S, LOST_S + 10);
    unsigned during = peak(crowd, BACK_S - 60, BACK_S);
    unsigned at_return = peak(crowd, BACK_S, END_S);
    print_message(
        "%d nodes: peak dials a second: at the loss %u, after a minute without network %u, when it "
        "is back %u; everybody has %d links after %zu s\n",
        NODES, at_loss, during, at_return, LINKS, all_back_s);
    assert_in_range(at_loss, 1, (QN_DIAL_PEER_BURST + 4) * NODES); /* what the pace allows */
    assert_in_range(during, 1, NODES / 4);
    assert_in_range(at_return, 1, 2 * NODES);
    assert_in_range(all_back_s, 1, 40);
    for (size_t i = 0; i < NODES; i++) {
        qn_dialer_fini(&crowd->dialers[i]);
    }
    free(crowd);
}

static void dials_to_peers_keep_a_pace_and_the_needed_have_their_own(void **state)
{
    (void)state;
    struct qn_dialer dialer;
    unsigned peers = 0;
    qn_dialer_init(&dialer, 5);
    for (unsigned i = 0; i < 100; i++) {
        add(&dialer, QN_DIAL_FOR_HOT, i);
    }
    add(&dialer, QN_DIAL_FOR_BOOTSTRAP, 1000);
    while (qn_dialer_next(&dialer, EVERYBODY & ~(unsigned)NEEDED, 0) != NULL) {
        peers += 1;
    }
    assert_int_equal(peers, QN_DIAL_PEER_BURST);
    assert_int_equal(qn_dialer_deadline(&dialer, EVERYBODY & ~(unsigned)NEEDED),
                     QN_DIAL_PEER_INTERVAL);
    const struct qn_dial_target *needed = qn_dialer_next(&dialer, EVERYBODY, 0);
    assert_non_null(needed);
    assert_int_equal(qn_dialer_purpose(needed), QN_DIAL_FOR_BOOTSTRAP);
    assert_non_null(qn_dialer_next(&dialer, EVERYBODY, QN_DIAL_PEER_INTERVAL));
    qn_dialer_fini(&dialer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_back_off_with_jitter_up_to_eight_seconds),
        cmocka_unit_test(a_linked_target_is_left_alone_until_the_link_goes),
        cmocka_unit_test(a_peer_whose_links_do_not_last_is_backed_off_from_unless_it_is_needed),
        cmocka_unit_test(a_pinned_peer_is_dialled_like_a_genesis_node),
        cmocka_unit_test(dials_at_once_are_bounded),
        cmocka_unit_test(a_full_list_gives_up_only_peers_that_failed),
        cmocka_unit_test(several_endpoints_are_tried_in_turn),
        cmocka_unit_test(dials_to_peers_keep_a_pace_and_the_needed_have_their_own),
        cmocka_unit_test(an_outage_of_the_network_ends_in_no_storm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
