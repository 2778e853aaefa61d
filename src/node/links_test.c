/* One node and hand-made events: what a link must do before it counts, and what ends it. */
#include "node/testing/link_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void versions_without_overlap_part(void **state)
{
    (void)state;
    const uint32_t versions[][2] = {{QN_PROTOCOL_VERSION + 1, QN_PROTOCOL_VERSION + 1},
                                    {QN_PROTOCOL_VERSION_MIN - 1, 0}};
    static const char *const texts[] = {
        "you speak protocol versions 2 to 2, this node speaks 1 to 1",
        "you speak protocol versions 0 to 0, this node speaks 1 to 1"};
    struct qn_bench bench;
    qn_bench_init(&bench);
    for (size_t i = 0; i < QN_ARRAY_COUNT(versions); i++) {
        qn_link_id link = qn_bench_link_up(&bench, qn_bench_genesis(&bench, 1));
        struct qn_hello hello = qn_bench_hello(&bench);
        hello.version = versions[i][0];
        hello.version_min = versions[i][1];
        qn_bench_receive(&bench, link, QN_HELLO, 0, qn_hello_encode(&hello));
        qn_bench_assert_closed(&bench, link, QN_CLOSE_WRONG_VERSION);
        qn_bench_assert_text(&bench, link, texts[i]);
    }
    /* A newer peer that still speaks our version is welcome. */
    qn_link_id link = qn_bench_link_up(&bench, qn_bench_genesis(&bench, 1));
    struct qn_hello hello = qn_bench_hello(&bench);
    hello.version = QN_PROTOCOL_VERSION + 1;
    qn_bench_receive(&bench, link, QN_HELLO, 0, qn_hello_encode(&hello));
    assert_null(qn_bench_find(&bench, QN_ACTION_CLOSE, link, QN_GOODBYE));
    assert_int_equal(qn_lab_status(bench.lab, 0).links, 1);
    qn_bench_fini(&bench);
}

static void another_network_parts_whatever_the_standing(void **state)
{
    (void)state;
    struct qn_bench bench;
    qn_bench_init(&bench);
    struct qn_public_key stranger = qn_bench_stranger(1);
    const struct qn_public_key *keys[] = {qn_bench_genesis(&bench, 1), &stranger};
    for (size_t i = 0; i < QN_ARRAY_COUNT(keys); i++) {
        qn_link_id link = qn_bench_link_up(&bench, keys[i]);
        struct qn_hello hello = qn_bench_hello(&bench);
        hello.network.bytes[31] ^= 1;
        qn_bench_receive(&bench, link, QN_HELLO, 0, qn_hello_encode(&hello));
        qn_bench_assert_closed(&bench, link, QN_CLOSE_WRONG_NETWORK);
    }
    /* A genesis node knows its network: zeros are for those who cannot. */
    qn_link_id link = qn_bench_link_up(&bench, qn_bench_genesis(&bench, 1));
    struct qn_hello hello = qn_bench_hello(&bench);
    memset(&hello.network, 0, sizeof hello.network);
    qn_bench_receive(&bench, link, QN_HELLO, 0, qn_hello_encode(&hello));
    qn_bench_assert_closed(&bench, link, QN_CLOSE_WRONG_NETWORK);
    qn_bench_fini(&bench);
}

static void nothing_counts_before_hello(void **state)
{
    (void)state;
    struct qn_bench bench;
    struct qn_ping ping = {.nonce = 7};
    qn_bench_init(&bench);
    qn_link_id link = qn_bench_link_up(&bench, qn_bench_genesis(&bench, 1));
    assert_non_null(qn_bench_find(&bench, QN_ACTION_SEND, link, QN_HELLO)); /* ours goes at once */
    assert_int_equal(qn_lab_status(bench.lab, 0).links, 0);
    qn_bench_receive(&bench, link, QN_PING, 0, qn_ping_encode(&ping));
    qn_bench_assert_closed(&bench, link, QN_CLOSE_UNEXPECTED);
    link = qn_bench_link_up(&bench, qn_bench_genesis(&bench, 1));
    qn_bench_receive(&bench, link, QN_HELLO, 0, qn_empty_encode());
    qn_bench_assert_closed(&bench, link, QN_CLOSE_MALFORMED);
    qn_bench_fini(&bench);
}

static void a_peer_that_never_says_hello_is_left(void **state)
{
    (void)state;
    struct qn_bench bench;
    struct qn_event tick = {.kind = QN_EVENT_TICK};
    qn_bench_init(&bench);
    qn_link_id link = qn_bench_link_up(&bench, qn_bench_genesis(&bench, 1));
    bench.now += QN_HELLO_TIMEOUT - QN_MS(200);
    qn_bench_step(&bench, &tick);
    assert_null(qn_bench_find(&bench, QN_ACTION_CLOSE, link, QN_GOODBYE));
    bench.now += QN_MS(300);
    qn_bench_step(&bench, &tick);
    qn_bench_assert_closed(&bench, link, QN_CLOSE_HELLO_TIMEOUT);
    qn_bench_fini(&bench);
}

static void our_own_key_is_refused(void **state)
{
    (void)state;
    struct qn_bench bench;
    qn_bench_init(&bench);
    qn_link_id link = qn_bench_link_up(&bench, qn_key_public(qn_lab_node(bench.lab, 0)->key));
    qn_bench_assert_closed(&bench, link, QN_CLOSE_SELF);
    qn_bench_fini(&bench);
}

static void strangers_fill_their_slots_and_no_others(void **state)
{
    (void)state;
    struct qn_bench bench;
    qn_bench_init(&bench);
    for (unsigned i = 0; i < QN_UNREGISTERED_LINKS_MAX; i++) {
        struct qn_public_key key = qn_bench_stranger((uint8_t)i);
        qn_link_id link = qn_bench_link_up(&bench, &key);
        assert_null(qn_bench_find(&bench, QN_ACTION_CLOSE, link, QN_GOODBYE));
    }
    struct qn_public_key key = qn_bench_stranger(QN_UNREGISTERED_LINKS_MAX);
    qn_link_id refused = qn_bench_link_up(&bench, &key);
    qn_bench_assert_closed(&bench, refused, QN_CLOSE_FULL);
    qn_link_id genesis = qn_bench_link_up(&bench, qn_bench_genesis(&bench, 2));
    assert_null(qn_bench_find(&bench, QN_ACTION_CLOSE, genesis, QN_GOODBYE));
    struct qn_event down = {.kind = QN_EVENT_LINK_DOWN};
    down.link_down.link = 1;
    down.link_down.reason = QN_CLOSE_PEER_CLOSED;
    qn_bench_step(&bench, &down);
    qn_link_id admitted = qn_bench_link_up(&bench, &key);
    assert_null(qn_bench_find(&bench, QN_ACTION_CLOSE, admitted, QN_GOODBYE));
    qn_bench_fini(&bench);
}

static void three_silent_seconds_end_a_link(void **state)
{
    (void)state;
    struct qn_bench bench;
    struct qn_event tick = {.kind = QN_EVENT_TICK};
    qn_bench_init(&bench);
    qn_link_id link = qn_bench_link_up(&bench, qn_bench_genesis(&bench, 1));
    struct qn_hello hello = qn_bench_hello(&bench);
    qn_bench_receive(&bench, link, QN_HELLO, 0, qn_hello_encode(&hello));
    unsigned pings = qn_bench_find(&bench, QN_ACTION_SEND, link, QN_PING) != NULL;
    for (int i = 0; i < 60 && qn_bench_find(&bench, QN_ACTION_CLOSE, link, QN_GOODBYE) == NULL;
         i++) {
        bench.now += QN_MS(100);
        qn_bench_step(&bench, &tick);
        pings += qn_bench_find(&bench, QN_ACTION_SEND, link, QN_PING) != NULL;
    }
    qn_bench_assert_closed(&bench, link, QN_CLOSE_PING_TIMEOUT);
    assert_int_equal(pings, QN_PING_MISSED_MAX);
    qn_bench_fini(&bench);
}

/* Whoever could foresee a nonce would answer before it is asked, and look near from far away. */
static void the_next_nonce_does_not_follow_from_those_before(void **state)
{
    (void)state;
    struct qn_bench bench;
    struct qn_event tick = {.kind = QN_EVENT_TICK};
    uint64_t nonces[QN_PING_MISSED_MAX] = {0};
    size_t count = 0;
    qn_bench_init(&bench);
    qn_link_id link = qn_bench_link_up(&bench, qn_bench_genesis(&bench, 1));
    struct qn_hello hello = qn_bench_hello(&bench);
    qn_bench_receive(&bench, link, QN_HELLO, 0, qn_hello_encode(&hello));
    for (int i = 0; i < 60 && count < QN_PING_MISSED_MAX; i++) {
        const struct qn_action *send = qn_bench_find(&bench, QN_ACTION_SEND, link, QN_PING);
        struct qn_ping ping;
        if (send != NULL) {
            assert_int_equal(qn_ping_decode(&ping, qn_buf_span(send->send.bytes)), QN_OK);
            nonces[count++] = ping.nonce;
        }
        bench.now += QN_MS(100);
        qn_bench_step(&bench, &tick);
    }
    assert_int_equal(count, QN_PING_MISSED_MAX);
    assert_true(nonces[1] - nonces[0] > 1000000 && nonces[0] - nonces[1] > 1000000);
    assert_true(nonces[2] - nonces[1] != nonces[1] - nonces[0]);
    qn_bench_fini(&bench);
}

struct heard {
    unsigned peers;
    unsigned unquoted;
};

static void hear(void *context, enum qn_log_level level, const char *module, const char *event,
                 const char *pairs)
{
    struct heard *heard = context;
    const char *peer = strstr(pairs, "peer=");
    (void)level;
    (void)module;
    (void)event;
    heard->peers += peer != NULL;
    heard->unquoted += peer != NULL && peer[strlen("peer=")] != '"';
}

/* Eight hex digits may all be decimal: unquoted, such an id would be a number in a JSON log. */
static void peer_ids_are_logged_as_text(void **state)
{
    (void)state;
    struct heard heard = {0};
    struct qn_log log = {.write = hear, .context = &heard, .level_max = QN_LOG_DEBUG};
    struct qn_goodbye goodbye = {.reason = QN_CLOSE_SHUTDOWN};
    struct qn_bench bench = {.lab = qn_lab_new(5, 4, QN_POLICY_CODES, 1)};
    qn_lab_set_log(bench.lab, &log);
    for (size_t i = 0; i < 4; i++) {
        qn_lab_start_genesis(bench.lab, i);
    }
    qn_lab_run(bench.lab, QN_SECONDS(3)); /* links and records */
    struct qn_buf *bytes = qn_goodbye_encode(&goodbye);
    assert_true(qn_lab_inject(bench.lab, 1, 0, QN_GOODBYE, 0, qn_buf_span(bytes)));
    qn_lab_run(bench.lab, QN_SECONDS(1));
    qn_buf_drop(bytes);
    assert_true(heard.peers > 20);
    assert_int_equal(heard.unquoted, 0);
    qn_lab_free(bench.lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_without_overlap_part),
        cmocka_unit_test(another_network_parts_whatever_the_standing),
        cmocka_unit_test(nothing_counts_before_hello),
        cmocka_unit_test(a_peer_that_never_says_hello_is_left),
        cmocka_unit_test(our_own_key_is_refused),
        cmocka_unit_test(strangers_fill_their_slots_and_no_others),
        cmocka_unit_test(three_silent_seconds_end_a_link),
        cmocka_unit_test(the_next_nonce_does_not_follow_from_those_before),
        cmocka_unit_test(peer_ids_are_logged_as_text),
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
