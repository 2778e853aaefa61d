/* Registrations that end: a running node renews its own in time; one that cannot loses its links within a
 * second, and has them back once somebody renewed it. */
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

enum { GENESIS_NODES = 4, SHORT_MS = 60000, TOKEN = 9 };

static uint64_t seed = 20261123;
static size_t awaited;

static bool is_registered(struct qn_lab *lab)
{
    return qn_lab_status(lab, awaited).registered;
}

static bool is_answered(struct qn_lab *lab)
{
    return qn_lab_reply(lab, TOKEN) != NULL;
}

static struct qn_registry_entry entry_of(struct qn_lab *lab, size_t index)
{
    struct qn_registry_entry entry;
    struct qn_node_id id = qn_lab_id(lab, index);
    assert_int_equal(qn_ledger_entry(qn_node_ledger(qn_lab_node(lab, 0)->node), &entry, &id),
                     QN_OK);
    return entry;
}

/* Four genesis nodes and one whose registration is short, linked to all of them. */
static struct qn_lab *network_with_short_registration(size_t *index)
{
    struct qn_lab *lab = qn_lab_new(seed, GENESIS_NODES, QN_POLICY_OPEN, 0);
    for (size_t i = 0; i < GENESIS_NODES; i++) {
        qn_lab_start_genesis(lab, i);
    }
    qn_lab_set_lifetime(lab, SHORT_MS);
    *index = qn_lab_start_node(lab, -1);
    awaited = *index;
    assert_true(qn_lab_run_until(lab, is_registered, QN_SECONDS(30)));
    qn_lab_run(lab, QN_SECONDS(2));
    assert_int_equal(qn_lab_status(lab, *index).links, GENESIS_NODES);
    return lab;
}

static void a_running_node_renews_itself_and_tells_so(void **state)
{
    (void)state;
    size_t index = 0;
    struct qn_lab *lab = network_with_short_registration(&index);
    struct qn_node_id id = qn_lab_id(lab, index);
    struct qn_node_peer peer = {0};
    uint64_t sequence = entry_of(lab, index).sequence;
    uint64_t first_record = 0;
    for (int second = 0; second < 5 * SHORT_MS / 1000; second++) {
        qn_lab_run(lab, QN_SECONDS(1));
        assert_true(entry_of(lab, index).valid_until_ms > qn_lab_unix_ms(lab));
        assert_int_equal(qn_lab_status(lab, index).links, GENESIS_NODES);
        struct qn_node_peer peers[8];
        size_t count = qn_node_peers(qn_lab_node(lab, 0)->node, peers, QN_ARRAY_COUNT(peers));
        for (size_t i = 0; i < count; i++) {
            peer = qn_node_id_equal(&peers[i].id, &id) ? peers[i] : peer;
        }
        assert_true(qn_node_id_equal(&peer.id, &id));
        first_record = first_record == 0 ? peer.record_sequence : first_record;
    }
    /* Each time when a third of the life is left, or a little more: seven to eight times in five lives. */
    assert_in_range(entry_of(lab, index).sequence - sequence, 7, 9);
    assert_true(peer.record_sequence > first_record); /* announced anew */
    qn_lab_free(lab);
}

static void an_expired_node_is_cut_off_until_it_is_renewed(void **state)
{
    (void)state;
    size_t index = 0;
    struct qn_lab *lab = network_with_short_registration(&index);
    struct qn_registry_entry entry = entry_of(lab, index);
    qn_lab_lose(lab, QN_SUBMIT, true); /* it tries to renew, and nobody hears it */
    qn_time_us left_us = (entry.valid_until_ms - qn_lab_unix_ms(lab)) * 1000;
    qn_lab_run(lab, left_us - QN_MS(100));
    assert_int_equal(qn_lab_status(lab, index).links, GENESIS_NODES);
    qn_lab_run(lab, QN_MS(1150)); /* a second, and the way of the GOODBYE */
    assert_int_equal(qn_lab_status(lab, index).links, 0);
    assert_int_equal(qn_lab_closed_by(lab, 0, index), QN_CLOSE_EXPIRED);
    qn_lab_run(lab, QN_SECONDS(20)); /* it may dial as often as it likes */
    assert_int_equal(qn_lab_status(lab, index).links, 0);
    qn_lab_lose(lab, QN_SUBMIT, false);

    struct qn_tx tx = {.kind = QN_TX_UPDATE, /* what qnet update makes, through another node */
                       .network = qn_lab_genesis(lab)->network,
                       .expires_ms = qn_lab_unix_ms(lab) + 60000,
                       .id = entry.id,
                       .sequence = entry.sequence + 1,
                       .region = entry.region,
                       .roles = entry.roles,
                       .has_endpoint = entry.has_endpoint,
                       .endpoint = entry.endpoint,
                       .announce_tip = entry.announce_tip,
                       .valid_until_ms = qn_lab_unix_ms(lab) + 10 * (qn_unix_ms)SHORT_MS};
    struct qn_buf *bytes = qn_lab_sign_tx(lab, index, &tx);
    qn_lab_submit(lab, 0, TOKEN, bytes);
    qn_buf_drop(bytes);
    assert_true(qn_lab_run_until(lab, is_answered, QN_SECONDS(30)));
    assert_int_equal(qn_lab_reply(lab, TOKEN)->code, QN_OK);
    qn_lab_run(lab, QN_DIAL_BACKOFF_MAX + QN_SECONDS(2));
    assert_int_equal(qn_lab_status(lab, index).links, GENESIS_NODES);
    qn_lab_free(lab);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_running_node_renews_itself_and_tells_so),
        cmocka_unit_test(an_expired_node_is_cut_off_until_it_is_renewed),
    };
    const char *why = NULL;
    if (argc == 3 && strcmp(argv[1], "--seed") == 0) {
        seed = strtoull(argv[2], NULL, 0);
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
