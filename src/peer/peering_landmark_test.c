#include "peer/peering.h"

#include "peer/peering_alarm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const struct qn_endpoint somewhere = {"203.0.113.7", 9876};
static const struct qn_node_id landmark = {{7}};

static enum qn_standing everybody_is_registered(void *context, const struct qn_node_id *id)
{
    (void)context;
    (void)id;
    return QN_STANDING_REGISTERED;
}

/* A member of the committee, which dials nobody but the committee unless the balancer says so. */
static struct qn_peering *begin(void)
{
    struct qn_peering_config config = {.id = {{1}},
                                       .region = QN_REGION_EUROPE,
                                       .seed = 1,
                                       .unbalanced = true,
                                       .budgets = {.links_max = 100},
                                       .standing = everybody_is_registered};
    struct qn_peering *peering = qn_peering_new(&config, 0);
    qn_peering_set_committee(peering, &config.id, 1);
    (void)qn_peering_set_size(peering, 1000000, 0); /* room for many in each region */
    return peering;
}

static const struct qn_peering_action *poll(struct qn_peering *peering,
                                            struct qn_peering_actions *actions, qn_time_us now)
{
    qn_peering_poll(peering, actions, now);
    assert_null(qn_peering_invariant(peering));
    size_t count = actions->count; /* whoever is asked for a sign of life gives one */
    while (count > 0 && actions->items[count - 1].kind == QN_PEERING_PROBE) {
        count -= 1;
        qn_peering_on_rtt(peering, actions->items[count].probe.link, 1000, now);
    }
    assert_true(count <= 1);
    return count == 1 ? &actions->items[0] : NULL;
}

static void live(struct qn_peering *peering, uint64_t link, uint64_t dial,
                 const struct qn_node_id *id, qn_time_us now)
{
    struct qn_peering_up up = {.link = link,
                               .dial = dial,
                               .id = *id,
                               .remote = somewhere,
                               .standing = QN_STANDING_REGISTERED,
                               .region = QN_REGION_ASIA};
    assert_int_equal(qn_peering_on_up(peering, &up, now).limit, QN_ADMISSION_NONE);
    qn_peering_on_live(peering, link, now);
}

static void a_landmark_is_dialled_for_its_purpose_and_once(void **state)
{
    (void)state;
    struct qn_peering_actions actions;
    struct qn_peering *peering = begin();
    qn_peering_want_landmark(peering, &landmark, QN_REGION_ASIA, &somewhere, 0);
    qn_peering_want_landmark(peering, &landmark, QN_REGION_ASIA, &somewhere, 0);
    const struct qn_peering_action *dial = poll(peering, &actions, QN_SECONDS(1));
    assert_non_null(dial);
    assert_int_equal(dial->kind, QN_PEERING_DIAL);
    assert_int_equal(dial->dial.purpose, QN_DIAL_FOR_LANDMARK);
    live(peering, 1, dial->dial.dial, &landmark, QN_SECONDS(1));
    qn_peering_on_leave(peering, 1);
    qn_peering_on_down(peering, 1, QN_SECONDS(2));
    for (unsigned s = 2; s < 200; s++) { /* nobody wants it for that any more */
        dial = poll(peering, &actions, QN_SECONDS(s));
        if (dial != NULL) { /* the balancer may want more of the region */
            assert_int_equal(dial->kind, QN_PEERING_DIAL);
            assert_int_equal(dial->dial.purpose, QN_DIAL_FOR_HOT);
            qn_peering_on_dial_failed(peering, dial->dial.dial, QN_SECONDS(s));
        }
    }
    qn_peering_free(peering);
}

/* Links that the region wants anyway stay, those beyond go after their time. */
static void a_link_beyond_what_the_region_wants_ends_after_its_time(void **state)
{
    (void)state;
    struct qn_peering_actions actions;
    struct qn_peering *peering = begin();
    for (unsigned i = 0; i < QN_HOT_OTHER_REGION; i++) {
        struct qn_node_id id = {{100, (uint8_t)i}};
        live(peering, 10U + i, 1000U + i, &id, 0);
    }
    qn_peering_want_landmark(peering, &landmark, QN_REGION_ASIA, &somewhere, 0);
    const struct qn_peering_action *action = poll(peering, &actions, QN_SECONDS(1));
    assert_non_null(action);
    live(peering, 1, action->dial.dial, &landmark, QN_SECONDS(1));
    assert_null(poll(peering, &actions, QN_SECONDS(1) + QN_LANDMARK_LINK - 1));
    action = poll(peering, &actions, QN_SECONDS(2) + QN_LANDMARK_LINK);
    assert_non_null(action);
    assert_int_equal(action->kind, QN_PEERING_CLOSE);
    assert_int_equal(action->close.link, 1);
    assert_int_equal(action->close.reason, QN_CLOSE_NORMAL);
    qn_peering_free(peering);
}

static void a_link_that_the_region_wants_stays(void **state)
{
    (void)state;
    struct qn_peering_actions actions;
    struct qn_peering *peering = begin();
    qn_peering_want_landmark(peering, &landmark, QN_REGION_ASIA, &somewhere, 0);
    const struct qn_peering_action *dial = poll(peering, &actions, QN_SECONDS(1));
    assert_non_null(dial);
    live(peering, 1, dial->dial.dial, &landmark, QN_SECONDS(1));
    for (unsigned s = 2; s < 200; s++) {
        assert_null(poll(peering, &actions, QN_SECONDS(s)));
    }
    qn_peering_free(peering);
}

static void nobody_is_wanted_who_is_linked_or_ourselves(void **state)
{
    (void)state;
    struct qn_peering_actions actions;
    struct qn_peering *peering = begin();
    const struct qn_node_id self = {{1}};
    live(peering, 1, 0, &landmark, 0);
    qn_peering_want_landmark(peering, &landmark, QN_REGION_ASIA, &somewhere, 0);
    qn_peering_want_landmark(peering, &self, QN_REGION_ASIA, &somewhere, 0);
    assert_null(poll(peering, &actions, QN_SECONDS(1)));
    qn_peering_free(peering);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_landmark_is_dialled_for_its_purpose_and_once),
        cmocka_unit_test(a_link_beyond_what_the_region_wants_ends_after_its_time),
        cmocka_unit_test(a_link_that_the_region_wants_stays),
        cmocka_unit_test(nobody_is_wanted_who_is_linked_or_ourselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
