/* One node and hand-made events: what it does with what overloaded peers say. */
#include "node/testing/lab.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "peer/peering_balance.h"
#include "wire/control.h"
#include "wire/redirect.h"

struct bench {
    struct qn_lab *lab;
    struct qn_node *node;
    qn_time_us now;
    qn_link_id last_link;
    struct qn_actions actions;
};

static void set_up(struct bench *bench)
{
    memset(bench, 0, sizeof *bench);
    bench->lab = qn_lab_new(5, 4, QN_POLICY_OPEN, 0);
    size_t index = qn_lab_start_node(bench->lab, -1);
    bench->node = qn_lab_node(bench->lab, index)->node;
    bench->now = qn_lab_now(bench->lab);
    qn_actions_init(&bench->actions);
}

static void clear(struct bench *bench)
{
    for (size_t i = 0; i < bench->actions.count; i++) {
        qn_action_drop(&bench->actions.items[i]);
    }
    bench->actions.count = 0;
}

static void tear_down(struct bench *bench)
{
    clear(bench);
    qn_actions_fini(&bench->actions);
    qn_lab_free(bench->lab);
}

static void step(struct bench *bench, struct qn_event *event)
{
    bench->now += 10;
    event->now = bench->now;
    event->unix_ms = qn_lab_unix_ms(bench->lab);
    qn_node_step(bench->node, event, &bench->actions);
}

static void receive(struct bench *bench, qn_link_id link, enum qn_message_kind kind,
                    struct qn_buf *bytes)
{
    struct qn_event event = {.kind = QN_EVENT_FRAME};
    event.frame.link = link;
    event.frame.message.kind = kind;
    event.frame.message.class = qn_kind_find(kind)->class;
    event.frame.message.bytes = qn_buf_span(bytes);
    step(bench, &event);
    qn_buf_drop(bytes);
}

static qn_link_id link_up(struct bench *bench, const struct qn_public_key *key)
{
    struct qn_event event = {.kind = QN_EVENT_LINK_UP};
    event.link_up.link = ++bench->last_link;
    event.link_up.key = *key;
    event.link_up.remote = (struct qn_endpoint){"10.1.1.1", 4000};
    step(bench, &event);
    return bench->last_link;
}

static qn_link_id live_link(struct bench *bench, size_t genesis)
{
    qn_link_id link = link_up(bench, &qn_lab_genesis(bench->lab)->certs[genesis].key);
    receive(bench, link, QN_HELLO,
            qn_hello_encode(&(struct qn_hello){.version = QN_PROTOCOL_VERSION,
                                               .version_min = QN_PROTOCOL_VERSION,
                                               .network = qn_lab_genesis(bench->lab)->network,
                                               .software = "test"}));
    return link;
}

/* Two nodes, named by a number. */
static struct qn_redirect to(uint8_t number)
{
    struct qn_redirect redirect = {.count = 2};
    for (uint8_t i = 0; i < 2; i++) {
        struct qn_redirect_entry *entry = &redirect.entries[i];
        entry->id.bytes[0] = (uint8_t)(number + i);
        entry->endpoint.port = 9876;
        (void)snprintf(entry->endpoint.host, sizeof entry->endpoint.host, "10.9.9.%d", number + i);
    }
    return redirect;
}

static bool closed(const struct bench *bench, qn_link_id link)
{
    for (size_t i = 0; i < bench->actions.count; i++) {
        const struct qn_action *action = &bench->actions.items[i];
        if (action->kind == QN_ACTION_CLOSE && action->close.link == link) {
            return true;
        }
    }
    return false;
}

/* Is the node of this number dialled within two seconds, and nobody but it accepted there? */
static bool is_dialled(struct bench *bench, uint8_t number)
{
    struct qn_redirect redirect = to(number);
    for (unsigned tick = 0; tick < 20; tick++) {
        struct qn_event event = {.kind = QN_EVENT_TICK};
        bench->now += 100000;
        step(bench, &event);
    }
    for (size_t i = 0; i < bench->actions.count; i++) {
        const struct qn_action *action = &bench->actions.items[i];
        if (action->kind == QN_ACTION_DIAL &&
            qn_endpoint_equal(&action->dial.endpoint, &redirect.entries[0].endpoint)) {
            assert_true(action->dial.has_expected_id);
            assert_true(qn_node_id_equal(&action->dial.expected_id, &redirect.entries[0].id));
            return true;
        }
    }
    return false;
}

static void redirect_from(struct bench *bench, size_t genesis, uint8_t number)
{
    struct qn_redirect redirect = to(number);
    qn_link_id link = live_link(bench, genesis);
    assert_false(closed(bench, link));
    receive(bench, link, QN_REDIRECT, qn_redirect_encode(&redirect));
    assert_false(closed(bench, link)); /* its GOODBYE does that */
}

static void a_redirect_is_followed_with_the_identity_it_names(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    redirect_from(&bench, 0, 10);
    assert_true(is_dialled(&bench, 10));
    assert_true(is_dialled(&bench, 11));
    tear_down(&bench);
}

static void a_second_chain_is_not_followed(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    redirect_from(&bench, 0, 10);
    redirect_from(&bench, 1, 20);
    assert_true(is_dialled(&bench, 10));
    assert_false(is_dialled(&bench, 20));
    tear_down(&bench);
}

static void a_stranger_redirects_nobody(void **state)
{
    (void)state;
    uint8_t seed[QN_SEED_LEN] = {'s'};
    struct qn_redirect redirect = to(10);
    struct bench bench;
    set_up(&bench);
    struct qn_key *key = qn_key_from_seed(QN_SUITE_MLDSA44, seed);
    qn_link_id link = link_up(&bench, qn_key_public(key));
    receive(&bench, link, QN_REDIRECT, qn_redirect_encode(&redirect));
    assert_false(is_dialled(&bench, 10));
    qn_key_free(key);
    tear_down(&bench);
}

static void a_malformed_redirect_closes_the_link(void **state)
{
    (void)state;
    struct bench bench;
    set_up(&bench);
    qn_link_id link = live_link(&bench, 0);
    receive(&bench, link, QN_REDIRECT, qn_empty_encode());
    assert_true(closed(&bench, link));
    tear_down(&bench);
}

/* Genesis nodes with room for one more each: without REDIRECT only the first of these nodes gets in. */
static void who_finds_no_place_gets_in_elsewhere(void **state)
{
    (void)state;
    struct qn_lab *lab = qn_lab_new(6, 4, QN_POLICY_OPEN, 0);
    for (size_t i = 0; i < 4; i++) {
        qn_lab_node(lab, i)->links_max = 1;
        qn_lab_start_genesis(lab, i);
    }
    for (size_t i = 0; i < 8; i++) {
        (void)qn_lab_start_node(lab, -1);
    }
    qn_lab_run(lab, QN_SECONDS(60));
    printf("  redirects: %" PRIu64 "\n", qn_lab_delivered(lab, QN_REDIRECT));
    assert_true(qn_lab_delivered(lab, QN_REDIRECT) > 0);
    for (size_t i = 0; i < qn_lab_count(lab); i++) {
        assert_true(qn_lab_status(lab, i).registered);
    }
    qn_lab_free(lab);
}

enum { NETWORK_GENESIS = 4, NETWORK = 14, CROWDED = NETWORK - 1 };

static size_t in_europe(struct qn_lab *lab, size_t index)
{
    const struct qn_peering *peering = qn_node_peering(qn_lab_node(lab, index)->node);
    return qn_peering_counts(peering)->region[QN_REGION_EUROPE];
}

static bool are_linked(struct qn_lab *lab, size_t a, size_t b)
{
    struct qn_node_id id = qn_lab_id(lab, b);
    return qn_peering_link_to(qn_node_peering(qn_lab_node(lab, a)->node), &id) != 0;
}

/* Somebody who dialled the crowded node and was told of others by it; QN_LAB_NODES_MAX: nobody. */
static size_t who_was_redirected(struct qn_lab *lab)
{
    const struct qn_balancer *balancer =
        &qn_peering_balance(qn_node_peering(qn_lab_node(lab, CROWDED)->node))->balancer;
    for (size_t back = 0; qn_balancer_last(balancer, back) != NULL; back++) {
        const struct qn_move *move = qn_balancer_last(balancer, back);
        for (size_t i = 0; i < CROWDED && move->kind == QN_MOVE_REDIRECT; i++) {
            struct qn_node_id id = qn_lab_id(lab, i);
            if (qn_node_id_equal(&id, &move->id)) {
                return i;
            }
        }
    }
    return QN_LAB_NODES_MAX;
}

/* Ten nodes of one region, of which each takes eight: when all dial one of them, it gives some up, who have others and
 * do not come back for 300 s. */
static void a_crowded_node_sends_peers_to_others(void **state)
{
    (void)state;
    struct qn_lab *lab = qn_lab_new(8, NETWORK_GENESIS, QN_POLICY_OPEN, 0);
    for (size_t i = 0; i < NETWORK_GENESIS; i++) {
        qn_lab_start_genesis(lab, i);
    }
    qn_lab_set_region(lab, QN_REGION_EUROPE);
    for (size_t i = NETWORK_GENESIS; i < NETWORK; i++) {
        (void)qn_lab_start_node(lab, -1);
    }
    qn_lab_run(lab, QN_SECONDS(40));
    for (size_t i = NETWORK_GENESIS; i < CROWDED; i++) {
        if (!are_linked(lab, i, CROWDED)) {
            qn_lab_dial(lab, i, CROWDED);
            qn_lab_run(lab, QN_MS(20));
        }
    }
    size_t before = in_europe(lab, CROWDED);
    uint64_t redirects = qn_lab_sent(lab, CROWDED, QN_REDIRECT);
    qn_lab_run(lab, QN_SECONDS(10));
    size_t moved = who_was_redirected(lab);
    printf("  links to the region: %zu, then %zu\n", before, in_europe(lab, CROWDED));
    assert_true(before * 100 > (size_t)QN_PEERS_PER_REGION_MIN * QN_BALANCE_HIGH_PERCENT);
    assert_true(in_europe(lab, CROWDED) * 100 <=
                (size_t)QN_PEERS_PER_REGION_MIN * QN_BALANCE_HIGH_PERCENT);
    assert_int_not_equal(moved, QN_LAB_NODES_MAX);
    assert_true(qn_lab_sent(lab, CROWDED, QN_REDIRECT) > redirects);
    assert_int_equal(qn_lab_closed_by(lab, CROWDED, moved), QN_CLOSE_FULL);
    for (unsigned second = 0; second < 280; second++) {
        qn_lab_run(lab, QN_SECONDS(1));
        assert_false(are_linked(lab, CROWDED, moved));
    }
    assert_true(qn_lab_status(lab, moved).links >= QN_BALANCE_REGION_HOT_MIN);
    qn_lab_free(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_redirect_is_followed_with_the_identity_it_names),
        cmocka_unit_test(a_second_chain_is_not_followed),
        cmocka_unit_test(a_stranger_redirects_nobody),
        cmocka_unit_test(a_malformed_redirect_closes_the_link),
        cmocka_unit_test(who_finds_no_place_gets_in_elsewhere),
        cmocka_unit_test(a_crowded_node_sends_peers_to_others),
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
