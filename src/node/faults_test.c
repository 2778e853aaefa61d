/* Who is blamed, who is kept away and for how long, and who never is. */
#include "node/faults.h"

#include "node/state.h"

#include "node/testing/link_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire/genesis_reply.h"

static qn_link_id live_link(struct qn_bench *bench, const struct qn_public_key *key)
{
    struct qn_hello hello = qn_bench_hello(bench);
    qn_link_id link = qn_bench_link_up(bench, key);
    assert_null(qn_bench_find(bench, QN_ACTION_CLOSE, link, QN_GOODBYE));
    qn_bench_receive(bench, link, QN_HELLO, 0, qn_hello_encode(&hello));
    return link;
}

/* No message of any kind. */
static void send_garbage(struct qn_bench *bench, qn_link_id link)
{
    static const uint8_t garbage[] = {0xff, 0x00, 0xff};
    struct qn_span span = {garbage, sizeof garbage};
    qn_bench_receive(bench, link, QN_ANNOUNCE, 0, qn_buf_copy(span));
    qn_bench_assert_closed(bench, link, QN_CLOSE_MALFORMED);
}

/* The list is the rule of DESIGN section 9: what this node lacks, has no time for or reads from its clock
 * is nobody's fault. */
static void errors_of_our_own_blame_nobody(void **state)
{
    static const enum qn_err own[] = {QN_OK,
                                      QN_ERR_FULL,
                                      QN_ERR_NOT_FOUND,
                                      QN_ERR_STALE,
                                      QN_ERR_NOT_YET_VALID,
                                      QN_ERR_NOT_READY,
                                      QN_ERR_BUSY,
                                      QN_ERR_TIMEOUT,
                                      QN_ERR_CLOSED,
                                      QN_ERR_IO,
                                      QN_ERR_NO_MEMORY,
                                      QN_ERR_CRYPTO,
                                      QN_ERR_WRONG_EPOCH,
                                      QN_ERR_WRONG_VERSION};
    (void)state;
    for (int err = 0; err >= -36; err--) {
        enum qn_fault fault = QN_FAULT_COUNT;
        bool is_own = false;
        for (size_t i = 0; i < QN_ARRAY_COUNT(own); i++) {
            is_own = is_own || own[i] == (enum qn_err)err;
        }
        assert_int_equal(qn_fault_of(&fault, (enum qn_err)err), !is_own);
        assert_int_equal(fault == QN_FAULT_COUNT, is_own);
    }
}

static void a_stranger_that_sends_garbage_twice_stays_away_and_others_may_come(void **state)
{
    (void)state;
    struct qn_bench bench;
    struct qn_event tick = {.kind = QN_EVENT_TICK};
    struct qn_public_key key = qn_bench_stranger(1);
    struct qn_public_key another = qn_bench_stranger(2);
    qn_bench_init(&bench);
    send_garbage(&bench, live_link(&bench, &key));
    send_garbage(&bench, live_link(&bench, &key));
    /* A new identity costs a stranger nothing, so its address is what counts. */
    qn_link_id refused = qn_bench_link_up(&bench, &another);
    qn_bench_assert_closed(&bench, refused, QN_CLOSE_BANNED);
    bench.remote.port = 4711;
    refused = qn_bench_link_up(&bench, &key);
    qn_bench_assert_closed(&bench, refused, QN_CLOSE_BANNED);
    /* Whoever is known here does not suffer from whom it shares an address with. */
    (void)live_link(&bench, qn_bench_genesis(&bench, 1));
    bench.remote.host[0] = '2';
    (void)live_link(&bench, &another);
    bench.remote.host[0] = '1';
    bench.now += QN_SCORE_BAN_MIN;
    qn_bench_step(&bench, &tick);
    (void)live_link(&bench, &key);
    qn_bench_fini(&bench);
}

static void a_ban_ends_the_other_links_from_there_within_a_second(void **state)
{
    (void)state;
    struct qn_bench bench;
    struct qn_event tick = {.kind = QN_EVENT_TICK};
    struct qn_public_key key = qn_bench_stranger(1);
    struct qn_public_key another = qn_bench_stranger(2);
    qn_bench_init(&bench);
    qn_link_id beside = live_link(&bench, &another);
    qn_link_id known = live_link(&bench, qn_bench_genesis(&bench, 1));
    send_garbage(&bench, live_link(&bench, &key));
    send_garbage(&bench, live_link(&bench, &key));
    bench.now += QN_SECONDS(1);
    qn_bench_step(&bench, &tick);
    const struct qn_action *end = qn_bench_find(&bench, QN_ACTION_CLOSE, beside, QN_GOODBYE);
    assert_non_null(end);
    assert_int_equal(end->close.reason, QN_CLOSE_BANNED);
    assert_null(qn_bench_find(&bench, QN_ACTION_CLOSE, known, QN_GOODBYE));
    qn_bench_fini(&bench);
}

static void whoever_is_pinned_is_closed_but_never_banned(void **state)
{
    (void)state;
    struct qn_bench bench;
    qn_bench_init(&bench);
    for (unsigned i = 0; i < 10; i++) {
        send_garbage(&bench, live_link(&bench, qn_bench_genesis(&bench, 1)));
    }
    (void)live_link(&bench, qn_bench_genesis(&bench, 1));
    qn_bench_fini(&bench);
}

static void whoever_the_operator_reserved_is_closed_but_never_banned(void **state)
{
    (void)state;
    struct qn_bench bench;
    struct qn_public_key key = qn_bench_stranger(1);
    qn_bench_init(&bench);
    struct qn_peer_hint reserved = {.has_id = true, .id = qn_public_key_id(&key)};
    bench.node->config.reserved[0] = reserved;
    bench.node->config.reserved_count = 1;
    for (unsigned i = 0; i < 10; i++) {
        send_garbage(&bench, live_link(&bench, &key));
    }
    (void)live_link(&bench, &key);
    bench.node->config.reserved_count = 0; /* what it did counts for it alone: */
    struct qn_public_key another = qn_bench_stranger(2);
    (void)live_link(&bench, &another);
    qn_bench_fini(&bench);
}

static void a_full_node_blames_nobody_for_coming(void **state)
{
    (void)state;
    struct qn_bench bench;
    qn_bench_init(&bench);
    for (unsigned i = 0; i < QN_UNREGISTERED_LINKS_MAX; i++) {
        struct qn_public_key key = qn_bench_stranger((uint8_t)i);
        (void)live_link(&bench, &key);
    }
    for (unsigned i = 0; i < 100; i++) {
        struct qn_public_key key = qn_bench_stranger((uint8_t)(100 + i));
        qn_link_id link = qn_bench_link_up(&bench, &key);
        qn_bench_assert_closed(&bench, link, QN_CLOSE_FULL);
    }
    qn_bench_fini(&bench);
}

/* ---- tokens ---- */

static struct qn_buf *ping_bytes(void)
{
    struct qn_ping ping = {.nonce = 1};
    return qn_ping_encode(&ping);
}

static struct qn_buf *smallest_get_genesis(void)
{
    return qn_get_genesis_encode(&(struct qn_get_genesis){0, QN_GENESIS_PADDING_MIN});
}

static void everything_that_a_stranger_sends_costs_it_tokens(void **state)
{
    (void)state;
    struct qn_bench bench;
    struct qn_public_key key = qn_bench_stranger(1);
    struct qn_goodbye goodbye = {.reason = QN_CLOSE_NORMAL};
    unsigned answered = 0;
    qn_bench_init(&bench);
    qn_link_id link = live_link(&bench, &key);
    for (unsigned i = 0; i < 2000; i++) {
        qn_bench_receive(&bench, link, QN_PING, 0, ping_bytes());
        answered += qn_bench_find(&bench, QN_ACTION_SEND, link, QN_PONG) != NULL;
    }
    assert_true(answered > 400 && answered < 700);
    assert_null(qn_bench_find(&bench, QN_ACTION_CLOSE, link, QN_GOODBYE));
    /* A request on top of it is a flood. */
    qn_bench_receive(&bench, link, QN_GET_GENESIS, 9, smallest_get_genesis());
    qn_bench_assert_closed(&bench, link, QN_CLOSE_RATE_LIMITED);
    /* Saying goodbye is always taken. */
    link = live_link(&bench, &key);
    qn_bench_receive(&bench, link, QN_GOODBYE, 0, qn_goodbye_encode(&goodbye));
    assert_non_null(qn_bench_find(&bench, QN_ACTION_CLOSE, link, QN_GOODBYE));
    qn_bench_fini(&bench);
}

/* Whoever is unknown here may be in blocks that this node has not got yet. */
static void a_node_that_is_behind_finds_no_fault_with_strangers(void **state)
{
    (void)state;
    struct qn_bench bench;
    struct qn_public_key key = qn_bench_stranger(1);
    struct qn_hello ahead;
    qn_bench_init(&bench);
    qn_link_id genesis = qn_bench_link_up(&bench, qn_bench_genesis(&bench, 1));
    ahead = qn_bench_hello(&bench);
    ahead.height = 50;
    qn_bench_receive(&bench, genesis, QN_HELLO, 0, qn_hello_encode(&ahead));
    qn_link_id link = live_link(&bench, &key);
    for (unsigned i = 0; i < 100; i++) {
        qn_bench_receive(&bench, link, QN_GET_BLOCKS, i + 1, qn_empty_encode());
        assert_null(qn_bench_find(&bench, QN_ACTION_CLOSE, link, QN_GOODBYE));
        assert_non_null(qn_bench_find(&bench, QN_ACTION_SEND, link, QN_BUSY));
    }
    qn_bench_fini(&bench);
}

/* ---- the operator ---- */

static const struct qn_action *request(struct qn_bench *bench, enum qn_request_kind kind,
                                       struct qn_span bytes)
{
    struct qn_event event = {.kind = QN_EVENT_REQUEST};
    event.request.kind = kind;
    event.request.token = 77;
    event.request.bytes = bytes;
    qn_bench_step(bench, &event);
    return qn_bench_find(bench, QN_ACTION_PERSIST, 0, QN_GOODBYE);
}

/* The PERSIST of the last step is written, and the node hears of it. */
static void write_down(struct qn_bench *bench, const struct qn_action *persist)
{
    struct qn_storage *storage = &qn_lab_node(bench->lab, 0)->storage;
    struct qn_event event = {.kind = QN_EVENT_PERSISTED};
    event.persisted.ok = true;
    event.persisted.cookie = persist->persist.cookie;
    assert_int_equal(storage->apply(storage->context, persist->persist.batch), QN_OK);
    qn_bench_step(bench, &event);
}

static void assert_reply(const struct qn_bench *bench, enum qn_err code)
{
    const struct qn_action *reply = qn_bench_find(bench, QN_ACTION_REPLY, 0, QN_GOODBYE);
    assert_non_null(reply);
    assert_int_equal(reply->reply.token, 77);
    assert_int_equal(reply->reply.result.code, code);
}

static const struct qn_action *ban(struct qn_bench *bench, const char *target, uint64_t seconds)
{
    struct qn_ban ban = {
        .by_operator = true, .since_ms = qn_lab_unix_ms(bench->lab), .until_ms = QN_BAN_FOR_GOOD};
    assert_int_equal(qn_ban_target_parse(&ban.target, target), QN_OK);
    if (seconds > 0) {
        ban.until_ms = ban.since_ms + seconds * 1000;
    }
    struct qn_buf *bytes = qn_ban_encode(&ban);
    const struct qn_action *persist = request(bench, QN_REQUEST_BAN, qn_buf_span(bytes));
    qn_buf_drop(bytes);
    return persist;
}

static const struct qn_action *unban(struct qn_bench *bench, const char *target)
{
    struct qn_span bytes = {(const uint8_t *)target, strlen(target)};
    return request(bench, QN_REQUEST_UNBAN, bytes);
}

static void an_operators_ban_closes_at_once_and_is_answered_when_stored(void **state)
{
    (void)state;
    struct qn_bench bench;
    qn_bench_init(&bench);
    qn_link_id link = live_link(&bench, qn_bench_genesis(&bench, 1));
    const struct qn_action *persist = ban(&bench, "10.1.0.0/16", 0);
    assert_non_null(persist);
    qn_bench_assert_closed(&bench, link, QN_CLOSE_BANNED);
    assert_null(qn_bench_find(&bench, QN_ACTION_REPLY, 0, QN_GOODBYE));
    write_down(&bench, persist);
    assert_reply(&bench, QN_OK);
    link = qn_bench_link_up(&bench, qn_bench_genesis(&bench, 1));
    qn_bench_assert_closed(&bench, link, QN_CLOSE_BANNED);
    assert_null(unban(&bench, "10.1.1.1"));
    assert_reply(&bench, QN_ERR_NOT_FOUND);
    write_down(&bench, unban(&bench, "10.1.0.0/16"));
    assert_reply(&bench, QN_OK);
    (void)live_link(&bench, qn_bench_genesis(&bench, 1));
    assert_null(unban(&bench, "nobody"));
    assert_reply(&bench, QN_ERR_INVALID);
    assert_null(request(&bench, QN_REQUEST_BAN, (struct qn_span){(const uint8_t *)"ban", 3}));
    assert_reply(&bench, QN_ERR_INVALID);
    qn_bench_fini(&bench);
}

static void a_stored_ban_holds_after_a_restart(void **state)
{
    (void)state;
    struct qn_bench bench;
    qn_bench_init(&bench);
    write_down(&bench, ban(&bench, "10.1.0.0/16", 0));
    qn_lab_node(bench.lab, 0)->keeps_storage = true;
    qn_lab_kill(bench.lab, 0);
    qn_lab_start_genesis(bench.lab, 0);
    bench.node = qn_lab_node(bench.lab, 0)->node;
    qn_link_id link = qn_bench_link_up(&bench, qn_bench_genesis(&bench, 1));
    qn_bench_assert_closed(&bench, link, QN_CLOSE_BANNED);
    write_down(&bench, unban(&bench, "10.1.0.0/16"));
    (void)live_link(&bench, qn_bench_genesis(&bench, 1));
    qn_bench_fini(&bench);
}

static void a_ban_for_a_time_ends_and_is_deleted(void **state)
{
    (void)state;
    struct qn_bench bench;
    struct qn_event tick = {.kind = QN_EVENT_TICK};
    qn_bench_init(&bench);
    write_down(&bench, ban(&bench, "10.0.0.0/8", 60));
    bench.now += QN_SECONDS(61);
    qn_bench_step(&bench, &tick);
    const struct qn_action *persist = qn_bench_find(&bench, QN_ACTION_PERSIST, 0, QN_GOODBYE);
    assert_non_null(persist);
    assert_int_equal(qn_batch_count(persist->persist.batch), 1);
    write_down(&bench, persist);
    assert_null(qn_bench_find(&bench, QN_ACTION_REPLY, 0, QN_GOODBYE));
    (void)live_link(&bench, qn_bench_genesis(&bench, 1));
    qn_bench_fini(&bench);
}

/* ---- a registered node, with the whole of its life ---- */

static struct qn_lab *lab_with_a_registered_node(size_t *index)
{
    struct qn_lab *lab = qn_lab_new(9, 4, QN_POLICY_CODES, 1);
    for (size_t i = 0; i < 4; i++) {
        qn_lab_start_genesis(lab, i);
    }
    *index = qn_lab_start_node(lab, 0);
    qn_lab_run(lab, QN_SECONDS(8));
    assert_true(qn_lab_status(lab, *index).registered);
    return lab;
}

static void a_registered_node_is_banned_by_its_id_wherever_it_dials_from(void **state)
{
    (void)state;
    size_t bad = 0;
    struct qn_lab *lab = lab_with_a_registered_node(&bad);
    static const uint8_t garbage[] = {0xff};
    struct qn_span span = {garbage, sizeof garbage};
    assert_true(qn_lab_inject(lab, bad, 0, QN_ANNOUNCE, 0, span));
    qn_lab_run(lab, QN_SECONDS(10));
    assert_int_equal(qn_lab_closed_by(lab, 0, bad), QN_CLOSE_MALFORMED);
    assert_int_equal(qn_lab_status(lab, 0).links, 4); /* it came back: once is no habit */
    assert_true(qn_lab_inject(lab, bad, 0, QN_ANNOUNCE, 0, span));
    qn_lab_run(lab, QN_SECONDS(10));
    qn_lab_dial(lab, bad, 0);
    qn_lab_run(lab, QN_SECONDS(10));
    assert_int_equal(qn_lab_closed_by(lab, 0, bad), QN_CLOSE_BANNED);
    assert_int_equal(qn_lab_status(lab, 0).links, 3);
    assert_int_equal(qn_lab_status(lab, 1).links, 4); /* others judge for themselves */
    qn_lab_free(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_of_our_own_blame_nobody),
        cmocka_unit_test(a_stranger_that_sends_garbage_twice_stays_away_and_others_may_come),
        cmocka_unit_test(a_ban_ends_the_other_links_from_there_within_a_second),
        cmocka_unit_test(whoever_is_pinned_is_closed_but_never_banned),
        cmocka_unit_test(whoever_the_operator_reserved_is_closed_but_never_banned),
        cmocka_unit_test(a_full_node_blames_nobody_for_coming),
        cmocka_unit_test(everything_that_a_stranger_sends_costs_it_tokens),
        cmocka_unit_test(a_node_that_is_behind_finds_no_fault_with_strangers),
        cmocka_unit_test(an_operators_ban_closes_at_once_and_is_answered_when_stored),
        cmocka_unit_test(a_stored_ban_holds_after_a_restart),
        cmocka_unit_test(a_ban_for_a_time_ends_and_is_deleted),
        cmocka_unit_test(a_registered_node_is_banned_by_its_id_wherever_it_dials_from),
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
