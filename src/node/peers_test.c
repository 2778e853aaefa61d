/* The peer list of running nodes: its limits follow the registry, and records that find no place still reach
 * everybody. */
#include "node/node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/testing/lab.h"
#include "wire/announce.h"

enum { GENESIS = 4, CROWD = 11, HEIGHT = 1024, ENTRIES = 200 };

static uint64_t seed = 20261122;
static uint64_t awaited_active;
static size_t awaited_node;

static bool is_active(struct qn_lab *lab)
{
    return qn_lab_status(lab, awaited_node).registry_active == awaited_active;
}

static size_t places_at(struct qn_lab *lab, size_t index)
{
    struct qn_node_limits limits;
    qn_node_limits(qn_lab_node(lab, index)->node, &limits);
    return qn_peer_limits_per_region(&limits.limits);
}

/* The chain's transactions are signed by nobody, so it is taken as a snapshot. */
static struct qn_buf *without_blocks(struct qn_lab *lab, size_t from, size_t to,
                                     enum qn_message_kind kind, struct qn_buf *bytes)
{
    static const uint8_t none[] = {0xA1, 0x01, 0x80};
    (void)lab;
    (void)from;
    (void)to;
    if (kind != QN_BLOCKS) {
        return bytes;
    }
    qn_buf_drop(bytes);
    return qn_buf_copy((struct qn_span){none, sizeof none});
}

static void a_running_node_has_more_places_when_the_network_turns_out_larger(void **state)
{
    (void)state;
    struct qn_storage chain;
    struct qn_lab *lab = qn_lab_new(seed, GENESIS, QN_POLICY_OPEN, 0);
    qn_lab_set_tamper(lab, without_blocks);
    size_t newcomer = GENESIS - 1;
    qn_lab_make_chain(lab, &chain, HEIGHT, ENTRIES, 0);
    for (size_t i = 0; i < newcomer; i++) {
        qn_lab_give_storage(lab, i, &chain);
    }
    chain.close(chain.context);
    qn_lab_node(lab, newcomer)->snapshot_threshold = HEIGHT / 2;
    for (size_t i = 0; i < GENESIS; i++) {
        qn_lab_start_genesis(lab, i);
    }
    assert_int_equal(places_at(lab, 0), 50);
    assert_int_equal(places_at(lab, newcomer), 8);
    awaited_node = newcomer;
    awaited_active = GENESIS + ENTRIES;
    assert_true(qn_lab_run_until(lab, is_active, QN_SECONDS(60)));
    qn_lab_run(lab, QN_SECONDS(1));
    assert_int_equal(places_at(lab, newcomer), 50);
    qn_lab_free(lab);
}

/* Records of others that a node passed on while its list had no place for them. */
static size_t without_place;

static struct qn_buf *note(struct qn_lab *lab, size_t from, size_t to, enum qn_message_kind kind,
                           struct qn_buf *bytes)
{
    struct qn_announce message;
    struct qn_record record;
    struct qn_signed envelope;
    (void)to;
    if (kind != QN_ANNOUNCE || qn_announce_decode(&message, qn_buf_span(bytes)) != QN_OK ||
        qn_record_decode(&record, &envelope, message.record) != QN_OK) {
        return bytes;
    }
    struct qn_node_id self = qn_lab_id(lab, from);
    const struct qn_node *node = qn_lab_node(lab, from)->node;
    bool of_itself = qn_node_id_equal(&self, &record.id);
    without_place += !of_itself && node != NULL && qn_node_record(node, &record.id).len == 0;
    return bytes;
}

static void a_record_that_finds_no_place_is_passed_on(void **state)
{
    (void)state;
    struct qn_lab *lab = qn_lab_new(seed, GENESIS, QN_POLICY_OPEN, 0);
    without_place = 0;
    qn_lab_set_tamper(lab, note);
    qn_lab_set_region(lab, QN_REGION_OCEANIA);
    for (size_t i = 0; i < GENESIS; i++) {
        qn_lab_start_genesis(lab, i);
    }
    for (size_t i = 0; i < CROWD; i++) {
        (void)qn_lab_start_node(lab, -1);
    }
    awaited_node = 0;
    awaited_active = GENESIS + CROWD;
    assert_true(qn_lab_run_until(lab, is_active, QN_SECONDS(60)));
    qn_lab_run(lab, QN_SECONDS(5));
    for (size_t i = 0; i < qn_lab_count(lab); i++) {
        struct qn_node_limits limits;
        const struct qn_node *node = qn_lab_node(lab, i)->node;
        qn_node_limits(node, &limits);
        assert_int_equal(limits.counted[QN_REGION_OCEANIA], 8);
        assert_int_equal(limits.exempt, i < GENESIS ? GENESIS - 1 : GENESIS);
    }
    print_message("%zu records passed on by nodes that do not hold them\n", without_place);
    assert_true(without_place > 0);
    qn_lab_free(lab);
}

static void anchors_have_places_of_their_own_in_the_list(void **state)
{
    (void)state;
    struct qn_lab *lab = qn_lab_new(seed, GENESIS, QN_POLICY_OPEN, 0);
    for (size_t i = 0; i < GENESIS; i++) {
        qn_lab_start_genesis(lab, i);
    }
    size_t joiner = qn_lab_start_node(lab, -1);
    qn_lab_run(lab, QN_SECONDS(65)); /* they are chosen each minute */
    struct qn_node_peer peers[QN_LAB_NODES_MAX];
    size_t count = qn_node_peers(qn_lab_node(lab, joiner)->node, peers, QN_ARRAY_COUNT(peers));
    size_t anchors = 0;
    for (size_t i = 0; i < count; i++) {
        anchors += (peers[i].held_for & 1U << QN_HELD_ANCHOR) != 0 ? 1 : 0;
    }
    assert_in_range(anchors, 1, QN_BOOK_ANCHORS_MAX);
    qn_lab_free(lab);
}

static void a_link_makes_a_peer_hot_and_its_end_warm_or_cold(void **state)
{
    (void)state;
    struct qn_lab *lab = qn_lab_new(seed, GENESIS, QN_POLICY_OPEN, 0);
    for (size_t i = 0; i < GENESIS; i++) {
        qn_lab_start_genesis(lab, i);
    }
    size_t joiner = qn_lab_start_node(lab, -1);
    awaited_node = 0;
    awaited_active = GENESIS + 1;
    assert_true(qn_lab_run_until(lab, is_active, QN_SECONDS(30)));
    qn_lab_run(lab, QN_SECONDS(3));
    struct qn_node_limits limits;
    qn_node_limits(qn_lab_node(lab, joiner)->node, &limits);
    size_t hot = 0;
    for (int region = 0; region < QN_REGION_COUNT; region++) {
        hot += limits.counts[region][QN_PEER_HOT];
    }
    assert_int_equal(hot, GENESIS);
    struct qn_node_peer peers[QN_LAB_NODES_MAX];
    size_t count = qn_node_peers(qn_lab_node(lab, joiner)->node, peers, QN_ARRAY_COUNT(peers));
    assert_int_equal(count, GENESIS);
    for (size_t i = 0; i < count; i++) {
        unsigned wanted = 1U << QN_HELD_COMMITTEE | 1U << QN_HELD_LINK | 1U << QN_HELD_RECORD;
        assert_int_equal(peers[i].held_for & wanted, wanted);
        assert_int_equal(peers[i].state, QN_PEER_HOT);
    }
    qn_lab_kill(lab, 0);
    qn_lab_run(lab, QN_SECONDS(6));
    count = qn_node_peers(qn_lab_node(lab, joiner)->node, peers, QN_ARRAY_COUNT(peers));
    assert_int_equal(count, GENESIS);
    struct qn_node_id dead = qn_lab_id(lab, 0);
    for (size_t i = 0; i < count; i++) {
        bool is_dead = qn_node_id_equal(&peers[i].id, &dead);
        assert_int_equal(peers[i].state, is_dead ? QN_PEER_WARM : QN_PEER_HOT);
    }
    qn_lab_free(lab);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_running_node_has_more_places_when_the_network_turns_out_larger),
        cmocka_unit_test(a_record_that_finds_no_place_is_passed_on),
        cmocka_unit_test(anchors_have_places_of_their_own_in_the_list),
        cmocka_unit_test(a_link_makes_a_peer_hot_and_its_end_warm_or_cold),
    };
    const char *why = NULL;
    if (argc == 3 && strcmp(argv[1], "--seed") == 0) {
        seed = strtoull(argv[2], NULL, 10);
    }
    if (qn_crypto_init(&why) != QN_OK) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    printf("seed %llu\n", (unsigned long long)seed);
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    qn_crypto_fini();
    return failures;
}
