/* Whoever is in no registry gets what it needs to register, and never more bytes than it sent. */
#include "node/testing/link_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "node/allowance.h"
#include "wire/genesis_reply.h"
#include "wire/redirect.h"
#include "wire/testing/family.h"
#include "wire/testing/run.h"

/* A stranger that counts. */
struct stranger {
    struct qn_bench bench;
    struct qn_public_key key;
    qn_link_id link;
    bool is_live;
    int64_t surplus; /* bytes that it sent beyond those it got; upper bounds of both ends */
    bool is_closed;
};

/* What the node did in the last step. */
static void account(struct stranger *stranger)
{
    const struct qn_bench *bench = &stranger->bench;
    int64_t before = stranger->surplus;
    for (size_t i = 0; i < bench->actions.count; i++) {
        const struct qn_action *action = &bench->actions.items[i];
        if (action->kind == QN_ACTION_SEND && action->send.link == stranger->link) {
            stranger->surplus -= qn_allowance_cost(action->send.bytes->len);
        } else if (action->kind == QN_ACTION_CLOSE && action->close.link == stranger->link) {
            stranger->surplus -= action->close.flush ? QN_CLOSE_NOTIFY_LEN : 0;
            stranger->is_closed = true;
        }
    }
    assert_true(stranger->surplus >= 0 || stranger->surplus == before);
}

/* From an address of its own each time, so that no ban of the last one counts. */
static void come(struct stranger *stranger, uint32_t handshake_len)
{
    static unsigned number;
    struct qn_event event = {.kind = QN_EVENT_LINK_UP};
    number += 1;
    stranger->is_closed = false;
    stranger->is_live = false;
    stranger->surplus = (int64_t)handshake_len - QN_HANDSHAKE_LISTENER_LEN;
    stranger->link = ++stranger->bench.last_link;
    event.link_up.link = stranger->link;
    event.link_up.key = stranger->key;
    event.link_up.remote.port = 4000;
    (void)snprintf(event.link_up.remote.host, sizeof event.link_up.remote.host, "10.%u.%u.1",
                   number / 200 % 200, number % 200);
    event.link_up.bytes_received = handshake_len;
    event.link_up.bytes_sent = QN_HANDSHAKE_LISTENER_LEN;
    qn_bench_step(&stranger->bench, &event);
    account(stranger);
}

/* wire_len: as the runtime counts it; a message that came in the record of the one before brings less. */
static void say(struct stranger *stranger, enum qn_message_kind kind, struct qn_buf *bytes,
                uint32_t wire_len)
{
    struct qn_event event = {.kind = QN_EVENT_FRAME};
    event.frame.link = stranger->link;
    event.frame.message.kind = kind;
    event.frame.message.class = qn_kind_find(kind)->class;
    event.frame.message.request_id = qn_kind_find(kind)->is_request ? 7 : 0;
    event.frame.message.bytes = qn_buf_span(bytes);
    event.frame.wire_len = wire_len;
    stranger->surplus += wire_len;
    qn_bench_step(&stranger->bench, &event);
    account(stranger);
    qn_buf_drop(bytes);
}

static void say_hello(struct stranger *stranger)
{
    struct qn_hello hello = qn_bench_hello(&stranger->bench);
    struct qn_buf *bytes = qn_hello_encode(&hello);
    say(stranger, QN_HELLO, bytes, qn_allowance_cost(bytes->len));
    stranger->is_live = true;
}

static void set_up(struct stranger *stranger, uint32_t handshake_len)
{
    memset(stranger, 0, sizeof *stranger);
    qn_bench_init(&stranger->bench);
    stranger->key = qn_bench_stranger(1);
    come(stranger, handshake_len);
}

static void tear_down(struct stranger *stranger)
{
    qn_bench_fini(&stranger->bench);
}

/* Hundreds of messages in one record: no message pays for more than its own bytes. */
static uint32_t packed(const struct qn_buf *bytes)
{
    return (uint32_t)bytes->len + QN_FRAME_HEADER_LEN;
}

static struct qn_buf *sample_of(enum qn_message_kind kind, struct qn_sampler *sampler)
{
    char name[32] = {0};
    const char *from = qn_kind_find(kind)->name;
    for (size_t i = 0; from[i] != '\0'; i++) {
        name[i] = (char)(from[i] == '_' ? '-' : from[i]);
    }
    const struct qn_family *family = qn_family_find(name);
    return family != NULL ? family->sample(sampler) : qn_empty_encode();
}

static void no_message_of_any_kind_gets_more_than_it_is(void **state)
{
    (void)state;
    static struct stranger stranger;
    struct qn_sampler sampler = {qn_test_rng(), QN_SAMPLE_MIN};
    for (unsigned kind = 0; kind <= UINT8_MAX; kind++) {
        if (qn_kind_find(kind) == NULL || kind == QN_PROPOSE) {
            continue;
        }
        set_up(&stranger, QN_HANDSHAKE_DIALLER_LEN);
        say_hello(&stranger);
        for (unsigned i = 0; i < 50 && !stranger.is_closed; i++) {
            struct qn_buf *bytes = sample_of((enum qn_message_kind)kind, &sampler);
            say(&stranger, (enum qn_message_kind)kind, bytes, packed(bytes));
        }
        tear_down(&stranger);
    }
}

/* Time passes as well: pings of the node's own. */
static void no_order_of_messages_gets_more_than_they_are(void **state)
{
    (void)state;
    static struct stranger stranger;
    static const enum qn_message_kind kinds[] = {
        QN_PING,       QN_PONG,         QN_ANNOUNCE, QN_HEAD, QN_SUBMIT, QN_GET_GENESIS,
        QN_GET_BLOCKS, QN_GET_SNAPSHOT, QN_GET_RTT,  QN_TX,   QN_STATUS, QN_REDIRECT};
    struct qn_sampler sampler = {qn_test_rng(), QN_SAMPLE_RANDOM};
    unsigned long links = 0;
    set_up(&stranger, QN_HANDSHAKE_DIALLER_LEN);
    for (unsigned i = 0; i < 3000; i++) {
        uint64_t choice = qn_rng_below(&sampler.rng, 40);
        if (stranger.is_closed) {
            uint32_t less = (uint32_t)qn_rng_below(&sampler.rng, 100);
            come(&stranger, QN_HANDSHAKE_DIALLER_LEN + (choice == 0 ? 800U : 0U) - less % 70);
            links += 1;
        } else if (!stranger.is_live && choice > 0) {
            say_hello(&stranger);
        } else if (choice < 8) {
            struct qn_event tick = {.kind = QN_EVENT_TICK};
            stranger.bench.now += QN_SECONDS(1);
            qn_bench_step(&stranger.bench, &tick);
            account(&stranger);
        } else {
            enum qn_message_kind kind = kinds[choice % QN_ARRAY_COUNT(kinds)];
            struct qn_buf *bytes = sample_of(kind, &sampler);
            say(&stranger, kind, bytes, packed(bytes));
        }
    }
    print_message("          %lu links\n", links);
    assert_true(links > 100);
    tear_down(&stranger);
}

static void the_genesis_data_come_for_as_many_bytes(void **state)
{
    (void)state;
    static struct stranger stranger;
    struct qn_genesis_reply reply = {.wanted = QN_GENESIS_PADDING_MIN};
    set_up(&stranger, QN_HANDSHAKE_DIALLER_LEN);
    struct qn_hello hello = qn_bench_hello(&stranger.bench);
    memset(&hello.network, 0, sizeof hello.network); /* it cannot know */
    struct qn_buf *bytes = qn_hello_encode(&hello);
    say(&stranger, QN_HELLO, bytes, qn_allowance_cost(bytes->len));
    for (unsigned request = 0; request < 2; request++) {
        struct qn_get_genesis get = {.from = 0, .padding_len = reply.wanted};
        bytes = qn_get_genesis_encode(&get);
        say(&stranger, QN_GET_GENESIS, bytes, qn_allowance_cost(bytes->len));
        const struct qn_action *send =
            qn_bench_find(&stranger.bench, QN_ACTION_SEND, stranger.link, QN_GENESIS);
        assert_non_null(send);
        assert_int_equal(send->send.request_id, 7);
        assert_int_equal(qn_genesis_reply_decode(&reply, qn_buf_span(send->send.bytes)), QN_OK);
        assert_int_equal(reply.count, 4);
        assert_int_equal(reply.cert_count, request == 0 ? 0 : 4);
    }
    /* From the reply alone the same network follows. */
    struct qn_genesis_parameters parameters;
    struct qn_genesis genesis;
    struct qn_genesis_problem problem;
    size_t problem_count = 0;
    assert_int_equal(qn_genesis_parameters_decode(&parameters, reply.parameters), QN_OK);
    assert_int_equal(qn_genesis_init(&genesis, &problem, 1, &problem_count, reply.certs,
                                     reply.cert_count, &parameters),
                     QN_OK);
    assert_true(
        qn_network_id_equal(&genesis.network, &qn_lab_genesis(stranger.bench.lab)->network));
    qn_genesis_fini(&genesis);
    tear_down(&stranger);
}

/* A stranger that goes on pinging stays; its own answers pay for the node's pings. */
static void who_pings_and_answers_is_kept(void **state)
{
    (void)state;
    static struct stranger stranger;
    struct qn_event tick = {.kind = QN_EVENT_TICK};
    set_up(&stranger, QN_HANDSHAKE_DIALLER_LEN);
    say_hello(&stranger);
    for (unsigned i = 0; i < 2000; i++) {
        struct qn_ping ping;
        stranger.bench.now += QN_MS(100);
        qn_bench_step(&stranger.bench, &tick);
        account(&stranger);
        const struct qn_action *send =
            qn_bench_find(&stranger.bench, QN_ACTION_SEND, stranger.link, QN_PING);
        if (send != NULL) {
            assert_int_equal(qn_ping_decode(&ping, qn_buf_span(send->send.bytes)), QN_OK);
            struct qn_buf *bytes = qn_ping_encode(&ping);
            say(&stranger, QN_PONG, qn_buf_hold(bytes), qn_allowance_cost(bytes->len));
            say(&stranger, QN_PING, qn_buf_hold(bytes), qn_allowance_cost(bytes->len));
            assert_non_null(qn_bench_find(&stranger.bench, QN_ACTION_SEND, stranger.link, QN_PONG));
            qn_buf_drop(bytes);
        }
        assert_false(stranger.is_closed);
    }
    tear_down(&stranger);
}

static void a_stranger_speaks_first(void **state)
{
    (void)state;
    static struct stranger stranger;
    set_up(&stranger, QN_HANDSHAKE_DIALLER_LEN);
    assert_null(qn_bench_find(&stranger.bench, QN_ACTION_SEND, stranger.link, QN_HELLO));
    say_hello(&stranger);
    assert_non_null(qn_bench_find(&stranger.bench, QN_ACTION_SEND, stranger.link, QN_HELLO));
    assert_null(qn_bench_find(&stranger.bench, QN_ACTION_SEND, stranger.link, QN_ANNOUNCE));
    tear_down(&stranger);
}

static void who_paid_for_nothing_is_closed_without_a_word(void **state)
{
    (void)state;
    static struct stranger stranger;
    set_up(&stranger, QN_HANDSHAKE_LISTENER_LEN - 500);
    struct qn_event tick = {.kind = QN_EVENT_TICK};
    stranger.bench.now += QN_HELLO_TIMEOUT;
    qn_bench_step(&stranger.bench, &tick);
    const struct qn_action *close =
        qn_bench_find(&stranger.bench, QN_ACTION_CLOSE, stranger.link, QN_GOODBYE);
    assert_non_null(close);
    assert_false(close->close.flush);
    assert_null(qn_bench_find(&stranger.bench, QN_ACTION_SEND, stranger.link, QN_GOODBYE));
    tear_down(&stranger);
}

static void only_known_peers_are_remembered(void **state)
{
    (void)state;
    static struct stranger stranger;
    struct qn_bench *bench = &stranger.bench;
    set_up(&stranger, QN_HANDSHAKE_DIALLER_LEN);
    say_hello(&stranger);
    assert_null(qn_bench_find(bench, QN_ACTION_REMEMBER, 0, QN_HELLO));
    struct qn_hello hello = qn_bench_hello(bench);
    qn_link_id link = qn_bench_link_up(bench, qn_bench_genesis(bench, 1));
    assert_null(qn_bench_find(bench, QN_ACTION_REMEMBER, 0, QN_HELLO));
    qn_bench_receive(bench, link, QN_HELLO, 0, qn_hello_encode(&hello));
    const struct qn_action *remember = qn_bench_find(bench, QN_ACTION_REMEMBER, 0, QN_HELLO);
    assert_non_null(remember);
    assert_int_equal(remember->remember.link, link);
    tear_down(&stranger);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_message_of_any_kind_gets_more_than_it_is),
        cmocka_unit_test(no_order_of_messages_gets_more_than_they_are),
        cmocka_unit_test(the_genesis_data_come_for_as_many_bytes),
        cmocka_unit_test(who_pings_and_answers_is_kept),
        cmocka_unit_test(a_stranger_speaks_first),
        cmocka_unit_test(who_paid_for_nothing_is_closed_without_a_word),
        cmocka_unit_test(only_known_peers_are_remembered),
    };
    qn_test_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
