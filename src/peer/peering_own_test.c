#include "peer/peering.h"
#include "peer/peering_own.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct qn_endpoint own[] = {{"203.0.113.7", 9876}, {"2001:db8::7", 9876}};
static const struct qn_endpoint same_own = {"2001:db8:0:0::7", 9876};
static const struct qn_endpoint neighbour = {"203.0.113.7", 9877}; /* behind the same gateway */
static const struct qn_node_id somebody = {{7}};

static enum qn_standing nobody_is_registered(void *context, const struct qn_node_id *id)
{
    (void)context;
    (void)id;
    return QN_STANDING_UNREGISTERED;
}

/* Does anybody dial this address, told by the operator, within a minute? */
static bool is_dialled(const struct qn_node_id *id, const struct qn_endpoint *endpoint,
                       bool is_sure)
{
    struct qn_peering_config config = {.id = {{1}},
                                       .region = QN_REGION_EUROPE,
                                       .seed = 1,
                                       .budgets = {.links_max = 100},
                                       .standing = nobody_is_registered};
    struct qn_peering *peering = qn_peering_new(&config, 0);
    struct qn_heard heard = {.id = id,
                             .from = QN_HEARD_FALLBACK,
                             .region = QN_REGION_EUROPE,
                             .endpoints = endpoint,
                             .endpoint_count = 1};
    bool dialled = false;
    qn_peering_set_own(peering, own, QN_ARRAY_COUNT(own), is_sure);
    qn_peering_heard(peering, &heard, 0);
    for (unsigned i = 0; i < 600; i++) {
        struct qn_peering_actions actions;
        qn_peering_poll(peering, &actions, QN_MS(100) * i);
        assert_null(qn_peering_invariant(peering));
        dialled = dialled || actions.count > 0;
    }
    bool refused = qn_peering_counts(peering)->refused[QN_ADMISSION_SELF] > 0;
    assert_true(dialled != refused); /* either, and whatever is refused is counted */
    qn_peering_free(peering);
    return dialled;
}

static void the_own_address_is_not_dialled_whoever_is_said_to_be_there(void **state)
{
    (void)state;
    assert_false(is_dialled(NULL, &own[0], true));
    assert_false(is_dialled(&somebody, &own[0], true));
    assert_false(is_dialled(&somebody, &same_own, true));
    assert_true(is_dialled(&somebody, &neighbour, true));
    assert_true(is_dialled(NULL, &neighbour, true));
}

/* Two nodes behind one gateway see the same host, and may both think that its port is theirs. */
static void a_guess_keeps_nobody_known_by_its_id_from_being_dialled(void **state)
{
    (void)state;
    assert_false(is_dialled(NULL, &own[0], false));
    assert_true(is_dialled(&somebody, &own[0], false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_own_address_is_not_dialled_whoever_is_said_to_be_there),
        cmocka_unit_test(a_guess_keeps_nobody_known_by_its_id_from_being_dialled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
