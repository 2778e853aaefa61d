/* Whole nodes through bad weather, from a seed: messages lost on some links, nodes killed, restarted and
 * paused while others register. Afterwards, in good weather, everybody must agree on everything that
 * was acknowledged. */
#include "node/testing/lab.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { GENESIS = 5, NODES = 4, STEPS = 12, STORMS = 12 };

static uint64_t first_seed = 7000;
static uint64_t storms = STORMS;

static void lose_messages(struct qn_lab *lab, struct qn_rng *rng, bool lost)
{
    for (size_t from = 0; from < GENESIS; from++) {
        for (size_t to = 0; to < GENESIS; to++) {
            qn_lab_block(lab, from, to, lost && qn_rng_below(rng, 4) == 0);
        }
    }
}

/* At most one genesis node is down or silent at a time: that is f for five. */
static void trouble(struct qn_lab *lab, struct qn_rng *rng)
{
    size_t victim = qn_rng_below(rng, GENESIS);
    switch (qn_rng_below(rng, 3)) {
    case 0:
        qn_lab_pause(lab, victim, true);
        qn_lab_run(lab, QN_SECONDS(1) + qn_rng_below(rng, QN_SECONDS(8)));
        qn_lab_pause(lab, victim, false);
        break;
    case 1:
        qn_lab_kill(lab, victim);
        qn_lab_run(lab, qn_rng_below(rng, QN_SECONDS(4)));
        qn_lab_start_genesis(lab, victim);
        qn_lab_run(lab,
                   QN_SECONDS(25)); /* until it may vote again: two amnesiacs are more than f */
        break;
    default:
        lose_messages(lab, rng, true);
        qn_lab_run(lab, QN_SECONDS(2) + qn_rng_below(rng, QN_SECONDS(10)));
        lose_messages(lab, rng, false);
        break;
    }
}

static bool agree(struct qn_lab *lab)
{
    struct qn_node_status first = qn_lab_status(lab, 0);
    if (first.registry_active != GENESIS + NODES) {
        return false;
    }
    for (size_t i = 0; i < GENESIS + NODES; i++) {
        struct qn_node_status status = qn_lab_status(lab, i);
        bool same = status.height == first.height && status.registered &&
                    qn_hash_equal(&status.state_root, &first.state_root) &&
                    qn_hash_equal(&status.head_id, &first.head_id) &&
                    status.peers_known == GENESIS + NODES - 1;
        if (!same) {
            return false;
        }
    }
    return true;
}

/* Nobody ever has another block at a height than anybody else. */
static void assert_one_chain(struct qn_lab *lab)
{
    uint64_t height = qn_lab_status(lab, 0).height;
    for (uint64_t h = 1; h <= height; h++) {
        struct qn_buf *reference = NULL;
        for (size_t i = 0; i < GENESIS + NODES; i++) {
            struct qn_buf *block = NULL;
            struct qn_buf *cert = NULL;
            assert_int_equal(
                qn_ledger_block(qn_node_ledger(qn_lab_node(lab, i)->node), &block, &cert, h),
                QN_OK);
            qn_buf_drop(cert);
            if (reference == NULL) {
                reference = block;
                continue;
            }
            assert_true(qn_span_equal(qn_buf_span(reference), qn_buf_span(block)));
            qn_buf_drop(block);
        }
        qn_buf_drop(reference);
    }
}

static void tell(struct qn_lab *lab)
{
    for (size_t i = 0; i < GENESIS + NODES; i++) {
        struct qn_node_status status = qn_lab_status(lab, i);
        struct qn_ready_line lines[QN_READY_LINES_MAX];
        size_t count =
            qn_node_missing(qn_lab_node(lab, i)->node, lines, qn_lab_now(lab), qn_lab_unix_ms(lab));
        printf("node %zu height=%llu active=%llu peers=%zu links=%zu view=%llu registered=%d%s%s\n",
               i, (unsigned long long)status.height, (unsigned long long)status.registry_active,
               status.peers_known, status.links, (unsigned long long)status.view, status.registered,
               count > 0 ? " missing: " : "", count > 0 ? lines[0].text : "");
    }
}

static void storm(uint64_t seed)
{
    struct qn_rng rng;
    qn_rng_init(&rng, seed);
    struct qn_lab *lab = qn_lab_new(seed, GENESIS, QN_POLICY_OPEN, 0);
    for (size_t i = 0; i < GENESIS; i++) {
        qn_lab_start_genesis(lab, i);
        qn_lab_run(lab, qn_rng_below(&rng, QN_SECONDS(1)));
    }
    qn_lab_run(lab, QN_SECONDS(5));
    for (size_t i = 0; i < NODES; i++) {
        qn_lab_start_node(lab, -1);
        trouble(lab, &rng);
    }
    for (size_t i = 0; i < STEPS / 4; i++) {
        trouble(lab, &rng);
    }
    if (!qn_lab_run_until(lab, agree, QN_SECONDS(180))) {
        tell(lab);
        fail_msg("no agreement 180 s after the storm; replay: node_storm_test --seed %llu 1",
                 (unsigned long long)seed);
    }
    assert_one_chain(lab);
    qn_lab_free(lab);
}

static void after_every_storm_all_nodes_agree(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < storms; i++) {
        storm(first_seed + i);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_every_storm_all_nodes_agree),
    };
    const char *why = NULL;
    if (argc >= 3 && strcmp(argv[1], "--seed") == 0) {
        first_seed = strtoull(argv[2], NULL, 0);
        storms = argc == 4 ? strtoull(argv[3], NULL, 0) : STORMS;
    }
    if (qn_crypto_init(&why) != QN_OK) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    printf("seeds %llu to %llu\n", (unsigned long long)first_seed,
           (unsigned long long)(first_seed + storms - 1));
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    qn_crypto_fini();
    return failures;
}
