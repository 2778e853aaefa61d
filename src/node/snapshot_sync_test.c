/* Snapshot sync between whole nodes: from several peers, one of them hostile, over a restart, past a
 * checkpoint that nobody holds any more. */
#include "node/snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/testing/lab.h"

enum { GENESIS = 4, HEIGHT = 1024, ENTRIES = 900, CHUNKS = 16, THRESHOLD = 500, HOSTILE = 2 };

static struct qn_lab *lab;
static size_t newcomer;
static uint64_t awaited;
static unsigned tampered;
static uint64_t chunk_requests;

static bool is_synced(struct qn_lab *unused)
{
    (void)unused;
    return qn_lab_node(lab, newcomer)->node != NULL &&
           qn_lab_status(lab, newcomer).height >= awaited;
}

/* A network whose nodes have a chain with a checkpoint on its end. They have no votes of theirs left, so
 * no block follows: what a snapshot brings is all that there is. */
static void start_network(uint64_t height, size_t entries, unsigned epochs)
{
    struct qn_storage chain;
    qn_lab_make_chain(lab, &chain, height, entries, epochs);
    for (size_t i = 0; i < GENESIS; i++) {
        qn_lab_give_storage(lab, i, &chain);
        qn_lab_start_genesis(lab, i);
    }
    chain.close(chain.context);
}

static struct qn_buf *(*tamper)(size_t from, size_t to, enum qn_message_kind kind,
                                struct qn_buf *bytes);

/* The chain's transactions are signed by nobody, so nobody gives blocks away: they would not be taken. */
static struct qn_buf *without_blocks(struct qn_lab *unused, size_t from, size_t to,
                                     enum qn_message_kind kind, struct qn_buf *bytes)
{
    static const uint8_t none[] = {0xA1, 0x01, 0x80};
    (void)unused;
    if (kind == QN_BLOCKS) {
        qn_buf_drop(bytes);
        return qn_buf_copy((struct qn_span){none, sizeof none});
    }
    return tamper != NULL ? tamper(from, to, kind, bytes) : bytes;
}

static int make_lab(void **state)
{
    (void)state;
    lab = qn_lab_new(20261122, GENESIS, QN_POLICY_OPEN, 0);
    newcomer = qn_lab_add_node(lab);
    awaited = HEIGHT;
    tampered = 0;
    chunk_requests = 0;
    tamper = NULL;
    qn_lab_set_tamper(lab, without_blocks);
    return 0;
}

static int drop_lab(void **state)
{
    (void)state;
    qn_lab_free(lab);
    return 0;
}

static void start_newcomer(void)
{
    qn_lab_node(lab, newcomer)->keeps_storage = true;
    qn_lab_node(lab, newcomer)->snapshot_threshold = THRESHOLD;
    qn_lab_start(lab, newcomer);
}

static const struct qn_ledger *ledger_of(size_t index)
{
    return qn_node_ledger(qn_lab_node(lab, index)->node);
}

/* It came by a snapshot. */
static void assert_synced(size_t entries)
{
    struct qn_buf *block = NULL;
    struct qn_buf *cert = NULL;
    assert_true(qn_lab_run_until(lab, is_synced, QN_SECONDS(120)));
    qn_lab_run(lab, QN_SECONDS(30));
    assert_int_equal(qn_ledger_block(ledger_of(newcomer), &block, &cert, HEIGHT - 5),
                     QN_ERR_NOT_FOUND);
    assert_int_equal(qn_ledger_entry_count(ledger_of(newcomer)), entries + GENESIS);
    struct qn_hash ours = qn_ledger_head_id(ledger_of(newcomer));
    struct qn_hash theirs = qn_ledger_head_id(ledger_of(newcomer == 0 ? 1 : 0));
    assert_true(qn_hash_equal(&ours, &theirs));
    struct qn_storage *storage = &qn_lab_node(lab, newcomer)->storage;
    uint64_t staged = 1;
    assert_int_equal(qn_staging_height(storage, &staged), QN_OK);
    assert_int_equal(staged, 0); /* cleaned up */
}

static struct qn_buf *count_requests(size_t from, size_t to, enum qn_message_kind kind,
                                     struct qn_buf *bytes)
{
    struct qn_get_snapshot request;
    (void)to;
    if (kind == QN_GET_SNAPSHOT && from == newcomer) {
        assert_int_equal(qn_get_snapshot_decode(&request, qn_buf_span(bytes)), QN_OK);
        chunk_requests += request.part == QN_SNAPSHOT_CHUNK && !request.has_held;
    }
    return bytes;
}

static void a_newcomer_takes_the_state_from_several_peers(void **state)
{
    (void)state;
    tamper = count_requests;
    start_network(HEIGHT, ENTRIES, 0);
    start_newcomer();
    assert_synced(ENTRIES);
    assert_int_equal(chunk_requests, CHUNKS);
    unsigned sources = 0;
    for (size_t i = 0; i < GENESIS; i++) {
        sources += qn_lab_sent(lab, i, QN_SNAPSHOT) > 1;
    }
    assert_true(sources >= 3);
}

/* One certificate at the top of 700 blocks is all that proves them: headers lead there. */
static void blocks_without_certificates_are_caught_up_with(void **state)
{
    (void)state;
    struct qn_storage chain;
    newcomer = GENESIS - 1;
    awaited = 700;
    qn_lab_set_tamper(lab, NULL);
    qn_lab_make_chain(lab, &chain, awaited, 0, 0);
    for (size_t i = 0; i < GENESIS; i++) {
        if (i != newcomer) {
            qn_lab_give_storage(lab, i, &chain);
        }
        qn_lab_start_genesis(lab, i);
    }
    chain.close(chain.context);
    assert_true(qn_lab_run_until(lab, is_synced, QN_SECONDS(60)));
    assert_int_equal(qn_lab_delivered(lab, QN_SNAPSHOT), 0);
    assert_true(qn_lab_delivered(lab, QN_BLOCKS) <= 10); /* three bring all, some come too late */
}

static bool shows_chunks(struct qn_lab *unused)
{
    (void)unused;
    struct qn_node_sync sync = qn_lab_status(lab, newcomer).sync;
    return sync.phase == QN_SYNC_SNAPSHOT && sync.chunks_done >= CHUNKS / 2;
}

static void progress_is_told(void **state)
{
    (void)state;
    start_network(HEIGHT, ENTRIES, 0);
    start_newcomer();
    assert_true(qn_lab_run_until(lab, shows_chunks, QN_SECONDS(60)));
    struct qn_node_sync sync = qn_lab_status(lab, newcomer).sync;
    assert_int_equal(sync.chunks_total, CHUNKS);
    assert_int_equal(sync.target, HEIGHT);
    assert_int_equal(sync.height, 0);
    assert_int_equal(sync.sources, GENESIS);
    assert_true(sync.bytes > 100000);
    assert_synced(ENTRIES);
    assert_int_equal(qn_lab_status(lab, newcomer).sync.phase, QN_SYNC_DONE);
}

static struct qn_buf *spoil_steps(size_t from, size_t to, enum qn_message_kind kind,
                                  struct qn_buf *bytes)
{
    struct qn_snapshot *snapshot = calloc(1, sizeof *snapshot);
    assert_non_null(snapshot);
    if (kind == QN_SNAPSHOT && tampered == 0 && to == newcomer &&
        qn_snapshot_decode(snapshot, qn_buf_span(bytes)) == QN_OK &&
        snapshot->part == QN_SNAPSHOT_EPOCHS) {
        struct qn_buf *copy = qn_buf_copy(qn_buf_span(bytes));
        size_t at = (size_t)(snapshot->epochs.steps[1].cert.at - bytes->bytes);
        copy->bytes[at + snapshot->epochs.steps[1].cert.len - 10] ^= 1;
        qn_buf_drop(bytes);
        bytes = copy;
        tampered = 1 + (unsigned)from;
    }
    free(snapshot);
    return bytes;
}

/* Three committees since genesis; the first peer's way there is forged at its second step. */
static void committees_are_proved_one_by_one_from_genesis(void **state)
{
    (void)state;
    (void)qn_lab_add_node(lab); /* comes and goes as a member */
    tamper = spoil_steps;
    start_network(HEIGHT, ENTRIES, 2);
    start_newcomer();
    assert_synced(ENTRIES);
    assert_true(tampered > 0);
    assert_int_equal(qn_lab_closed_by(lab, newcomer, tampered - 1), QN_CLOSE_BAD_SIGNATURE);
    const struct qn_ledger *ledger = ledger_of(newcomer);
    assert_int_equal(qn_ledger_epoch(ledger), 2);
    for (uint64_t epoch = 0; epoch <= 2; epoch++) {
        struct qn_validator_set ours;
        struct qn_validator_set theirs;
        uint64_t our_first = 0;
        uint64_t their_first = 0;
        assert_int_equal(qn_ledger_validators_at(ledger, epoch, &ours, &our_first), QN_OK);
        assert_int_equal(qn_ledger_validators_at(ledger_of(0), epoch, &theirs, &their_first),
                         QN_OK);
        assert_int_equal(ours.count, GENESIS + epoch % 2);
        assert_int_equal(our_first, their_first);
        struct qn_hash our_hash = qn_validator_set_hash(&ours);
        struct qn_hash their_hash = qn_validator_set_hash(&theirs);
        assert_true(qn_hash_equal(&our_hash, &their_hash));
        qn_validator_set_fini(&ours);
        qn_validator_set_fini(&theirs);
    }
    /* And it can show the way to others, although it never had the blocks. */
    struct qn_get_snapshot request = {
        .part = QN_SNAPSHOT_EPOCHS, .height = HEIGHT, .bytes_max = QN_MESSAGE_LEN_MAX};
    struct qn_snapshot *reply = calloc(1, sizeof *reply);
    struct qn_buf *bytes = NULL;
    assert_non_null(reply);
    assert_int_equal(qn_snapshot_serve(ledger, &bytes, &request), QN_OK);
    assert_int_equal(qn_snapshot_decode(reply, qn_buf_span(bytes)), QN_OK);
    assert_int_equal(reply->epochs.count, 2);
    qn_buf_drop(bytes);
    free(reply);
}

/* A validator that lost its disk is far behind as well. */
static void a_validator_takes_the_state_too(void **state)
{
    (void)state;
    struct qn_storage chain;
    newcomer = GENESIS - 1;
    qn_lab_make_chain(lab, &chain, HEIGHT, ENTRIES, 0);
    for (size_t i = 0; i < GENESIS; i++) {
        if (i != newcomer) {
            qn_lab_give_storage(lab, i, &chain);
        }
    }
    chain.close(chain.context);
    qn_lab_node(lab, newcomer)->snapshot_threshold = THRESHOLD;
    for (size_t i = 0; i < GENESIS; i++) {
        qn_lab_start_genesis(lab, i);
    }
    assert_synced(ENTRIES);
    assert_true(qn_lab_status(lab, newcomer).is_validator);
}

/* Spoils the last byte of what a chunk from the hostile node brings: part of a leaf. */
static struct qn_buf *spoil_chunks(size_t from, size_t to, enum qn_message_kind kind,
                                   struct qn_buf *bytes)
{
    if (kind != QN_SNAPSHOT || from != HOSTILE || to != newcomer || bytes->len < 20000) {
        return bytes;
    }
    struct qn_buf *copy = qn_buf_copy(qn_buf_span(bytes));
    qn_buf_drop(bytes);
    copy->bytes[copy->len - 1] ^= 1;
    tampered += 1;
    return copy;
}

static void a_hostile_source_is_shown_out_and_the_rest_suffice(void **state)
{
    (void)state;
    tamper = spoil_chunks;
    start_network(HEIGHT, ENTRIES, 0);
    start_newcomer();
    assert_synced(ENTRIES);
    assert_int_equal(qn_lab_closed_by(lab, newcomer, HOSTILE), QN_CLOSE_MALFORMED);
    assert_in_range(tampered, 1,
                    QN_SNAPSHOT_PER_SOURCE_MAX); /* not asked after the first was seen */
}

/* Flips a bit of the certificate's last signature. */
static struct qn_buf *spoil_manifests(size_t from, size_t to, enum qn_message_kind kind,
                                      struct qn_buf *bytes)
{
    struct qn_snapshot *snapshot = calloc(1, sizeof *snapshot);
    assert_non_null(snapshot);
    if (kind == QN_SNAPSHOT && tampered == 0 && to == newcomer &&
        qn_snapshot_decode(snapshot, qn_buf_span(bytes)) == QN_OK &&
        snapshot->part == QN_SNAPSHOT_MANIFEST) {
        struct qn_buf *copy = qn_buf_copy(qn_buf_span(bytes));
        size_t at = (size_t)(snapshot->manifest.cert.at - bytes->bytes);
        copy->bytes[at + snapshot->manifest.cert.len - 10] ^= 1;
        qn_buf_drop(bytes);
        bytes = copy;
        tampered = 1 + (unsigned)from;
    }
    free(snapshot);
    return bytes;
}

static void a_checkpoint_that_no_quorum_signed_is_refused(void **state)
{
    (void)state;
    tamper = spoil_manifests;
    start_network(HEIGHT, ENTRIES, 0);
    start_newcomer();
    assert_synced(ENTRIES);
    assert_true(tampered > 0);
    assert_int_equal(qn_lab_closed_by(lab, newcomer, tampered - 1), QN_CLOSE_BAD_SIGNATURE);
}

static bool is_half_way(struct qn_lab *unused)
{
    (void)unused;
    return chunk_requests >= CHUNKS;
}

/* Loses the replies of all but the first chunks, so that the fetch stands. */
static struct qn_buf *lose_later_chunks(size_t from, size_t to, enum qn_message_kind kind,
                                        struct qn_buf *bytes)
{
    static const uint8_t empty[] = {0xA0};
    bytes = count_requests(from, to, kind, bytes);
    if (kind == QN_SNAPSHOT && to == newcomer && bytes->len > 20000 && ++tampered > CHUNKS / 2) {
        qn_buf_drop(bytes);
        return qn_buf_copy((struct qn_span){empty, 0});
    }
    return bytes;
}

static void a_restarted_node_does_not_ask_for_what_it_has(void **state)
{
    (void)state;
    tamper = lose_later_chunks;
    start_network(HEIGHT, ENTRIES, 0);
    start_newcomer();
    assert_true(qn_lab_run_until(lab, is_half_way, QN_SECONDS(60)));
    qn_lab_run(lab, QN_MS(20)); /* until the good half has arrived */
    qn_lab_kill(lab, newcomer);
    tamper = count_requests;
    chunk_requests = 0;
    qn_lab_start(lab, newcomer);
    assert_synced(ENTRIES);
    assert_int_equal(chunk_requests, CHUNKS - CHUNKS / 2);
}

static void a_checkpoint_that_nobody_holds_any_more_gives_way_to_the_next(void **state)
{
    (void)state;
    struct qn_storage chain;
    tamper = lose_later_chunks;
    start_network(HEIGHT, ENTRIES, 0);
    start_newcomer();
    assert_true(qn_lab_run_until(lab, is_half_way, QN_SECONDS(60)));
    qn_lab_run(lab, QN_MS(20));
    /* The same entries, a thousand blocks later: only the counters could have changed. */
    qn_lab_make_chain(lab, &chain, (uint64_t)2 * HEIGHT, ENTRIES, 0);
    for (size_t i = 0; i < GENESIS; i++) {
        qn_lab_kill(lab, i);
        qn_lab_give_storage(lab, i, &chain);
        qn_lab_start_genesis(lab, i);
    }
    chain.close(chain.context);
    tamper = count_requests;
    chunk_requests = 0;
    assert_true(qn_lab_run_until(lab, is_synced, QN_SECONDS(300)));
    assert_true(qn_ledger_height(ledger_of(newcomer)) >= 2 * HEIGHT);
    assert_true(chunk_requests < CHUNKS); /* the rest was as held */
}

int main(void)
{
    const char *why = NULL;
    if (qn_crypto_init(&why) != QN_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_newcomer_takes_the_state_from_several_peers, make_lab,
                                        drop_lab),
        cmocka_unit_test_setup_teardown(blocks_without_certificates_are_caught_up_with, make_lab,
                                        drop_lab),
        cmocka_unit_test_setup_teardown(progress_is_told, make_lab, drop_lab),
        cmocka_unit_test_setup_teardown(committees_are_proved_one_by_one_from_genesis, make_lab,
                                        drop_lab),
        cmocka_unit_test_setup_teardown(a_validator_takes_the_state_too, make_lab, drop_lab),
        cmocka_unit_test_setup_teardown(a_hostile_source_is_shown_out_and_the_rest_suffice,
                                        make_lab, drop_lab),
        cmocka_unit_test_setup_teardown(a_checkpoint_that_no_quorum_signed_is_refused, make_lab,
                                        drop_lab),
        cmocka_unit_test_setup_teardown(a_restarted_node_does_not_ask_for_what_it_has, make_lab,
                                        drop_lab),
        cmocka_unit_test_setup_teardown(
            a_checkpoint_that_nobody_holds_any_more_gives_way_to_the_next, make_lab, drop_lab),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    qn_crypto_fini();
    return failed;
}
