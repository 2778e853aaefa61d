#include "node/testing/link_bench.h"

#include "node/allowance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void qn_bench_init(struct qn_bench *bench)
{
    *bench = (struct qn_bench){.remote = {.host = "10.1.1.1", .port = 4000}};
    bench->lab = qn_lab_new(5, 4, QN_POLICY_CODES, 1);
    qn_lab_start_genesis(bench->lab, 0);
    bench->node = qn_lab_node(bench->lab, 0)->node;
    bench->now = qn_lab_now(bench->lab);
    qn_actions_init(&bench->actions);
}

void qn_bench_fini(struct qn_bench *bench)
{
    qn_actions_fini(&bench->actions);
    qn_lab_free(bench->lab);
}

void qn_bench_step(struct qn_bench *bench, struct qn_event *event)
{
    for (size_t i = 0; i < bench->actions.count; i++) {
        qn_action_drop(&bench->actions.items[i]);
    }
    bench->actions.count = 0;
    bench->now += 10;
    event->now = bench->now;
    event->unix_ms = qn_lab_unix_ms(bench->lab);
    qn_node_step(bench->node, event, &bench->actions);
}

qn_link_id qn_bench_link_up(struct qn_bench *bench, const struct qn_public_key *key)
{
    struct qn_event event = {.kind = QN_EVENT_LINK_UP};
    event.link_up.link = ++bench->last_link;
    event.link_up.key = *key;
    event.link_up.remote = bench->remote;
    event.link_up.bytes_received = QN_HANDSHAKE_DIALLER_LEN;
    event.link_up.bytes_sent = QN_HANDSHAKE_LISTENER_LEN;
    qn_bench_step(bench, &event);
    return bench->last_link;
}

void qn_bench_receive(struct qn_bench *bench, qn_link_id link, enum qn_message_kind kind,
                      uint32_t request_id, struct qn_buf *bytes)
{
    struct qn_event event = {.kind = QN_EVENT_FRAME};
    event.frame.link = link;
    event.frame.message.kind = kind;
    event.frame.message.class = qn_kind_find(kind)->class;
    event.frame.message.request_id = request_id;
    event.frame.message.bytes = qn_buf_span(bytes);
    event.frame.wire_len = qn_allowance_cost(bytes->len);
    qn_bench_step(bench, &event);
    qn_buf_drop(bytes);
}

const struct qn_action *qn_bench_find(const struct qn_bench *bench, enum qn_action_kind kind,
                                      qn_link_id link, enum qn_message_kind message)
{
    for (size_t i = 0; i < bench->actions.count; i++) {
        const struct qn_action *action = &bench->actions.items[i];
        bool matches = action->kind == kind &&
                       (kind != QN_ACTION_SEND ||
                        (action->send.link == link && action->send.kind == message)) &&
                       (kind != QN_ACTION_CLOSE || action->close.link == link);
        if (matches) {
            return action;
        }
    }
    return NULL;
}

void qn_bench_assert_closed(const struct qn_bench *bench, qn_link_id link,
                            enum qn_close_reason reason)
{
    struct qn_goodbye goodbye;
    const struct qn_action *close = qn_bench_find(bench, QN_ACTION_CLOSE, link, QN_GOODBYE);
    const struct qn_action *send = qn_bench_find(bench, QN_ACTION_SEND, link, QN_GOODBYE);
    assert_non_null(close);
    assert_non_null(send);
    assert_int_equal(close->close.reason, reason);
    assert_int_equal(qn_goodbye_decode(&goodbye, qn_buf_span(send->send.bytes)), QN_OK);
    assert_int_equal(goodbye.reason, reason);
}

void qn_bench_assert_text(const struct qn_bench *bench, qn_link_id link, const char *text)
{
    struct qn_goodbye goodbye;
    const struct qn_action *send = qn_bench_find(bench, QN_ACTION_SEND, link, QN_GOODBYE);
    assert_non_null(send);
    assert_int_equal(qn_goodbye_decode(&goodbye, qn_buf_span(send->send.bytes)), QN_OK);
    assert_string_equal(goodbye.text, text);
}

struct qn_hello qn_bench_hello(const struct qn_bench *bench)
{
    return (struct qn_hello){.version = QN_PROTOCOL_VERSION,
                             .version_min = QN_PROTOCOL_VERSION_MIN,
                             .network = qn_lab_genesis(bench->lab)->network,
                             .region = QN_REGION_ASIA,
                             .roles = QN_ROLE_FULL,
                             .software = "test"};
}

struct qn_public_key qn_bench_stranger(uint8_t number)
{
    uint8_t bytes[QN_SEED_LEN] = {'s', number};
    struct qn_key *key = qn_key_from_seed(QN_SUITE_MLDSA44, bytes);
    struct qn_public_key public_key = *qn_key_public(key);
    qn_key_free(key);
    return public_key;
}

const struct qn_public_key *qn_bench_genesis(const struct qn_bench *bench, size_t index)
{
    return &qn_lab_genesis(bench->lab)->certs[index].key;
}
