/* Links once they stand: ends of every kind, slow and rude peers, floods, many links. */
#include "net/testing/lab_node.h"
#include "net/testing/raw_link.h"
#include "net/testing/tls_peer.h"
#include "net/tls_internal.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { SMALL_BUFFER = 4096 };

static struct qn_key *key; /* of the peers made by hand */

/* Two nodes with a good link between them; a is the one that is tried. */
struct scene {
    struct qn_lab_node *a;
    struct qn_lab_node *b;
    qn_link_id link;
};

static struct qn_transport_limits short_limits(void)
{
    struct qn_transport_limits limits;

    qn_transport_limits_init(&limits, QN_LINKS_MAX);
    limits.check_interval = QN_MS(10);
    limits.flush_timeout = QN_MS(500);
    limits.send_buffer_len = SMALL_BUFFER;
    return limits;
}

static struct scene start(const struct qn_transport_limits *limits)
{
    struct scene scene = {
        .a = qn_lab_node_start(&(struct qn_lab_options){.limits = limits}),
        .b = qn_lab_node_start(&(struct qn_lab_options){0}),
    };
    qn_link_id other_side = 0;

    assert_true(qn_lab_link(scene.b, scene.a, &other_side, &scene.link));
    assert_true(qn_lab_exchange(scene.a, scene.link));
    return scene;
}

/* Whatever a stranger did, the good link has not felt it. */
static void finish(struct scene *scene)
{
    assert_true(qn_lab_exchange(scene->a, scene->link));
    assert_int_equal(qn_lab_node_stop(scene->a), QN_OK);
    assert_int_equal(qn_lab_node_stop(scene->b), QN_OK);
}

static bool is_newer_than(const struct qn_lab_event *event, uint64_t link)
{
    return event->subject > link;
}

/* A link to a by hand, and its id at a. */
static struct qn_raw_link *join(struct scene *scene, qn_link_id *id, int receive_buffer_len)
{
    struct qn_lab_event up;
    struct qn_raw_link *raw = qn_raw_link_open(key, qn_lab_port(scene->a), receive_buffer_len);

    assert_non_null(raw);
    assert_true(qn_lab_wait(scene->a, &up, QN_EVENT_LINK_UP, is_newer_than, scene->link));
    *id = up.subject;
    return raw;
}

static void expect_down(struct scene *scene, qn_link_id id, enum qn_close_reason reason)
{
    struct qn_lab_event down;

    assert_true(qn_lab_wait_for(scene->a, &down, QN_EVENT_LINK_DOWN, id));
    assert_string_equal(qn_close_reason_name(down.reason), qn_close_reason_name(reason));
    assert_int_equal(qn_lab_count(scene->a, QN_EVENT_LINK_DOWN), 1);
}

static void a_close_with_flush_delivers_what_was_queued(void **state)
{
    struct qn_transport_limits limits = short_limits();
    struct scene scene = start(&limits);
    struct qn_message_bytes message;
    qn_link_id id = 0;
    struct qn_raw_link *raw = join(&scene, &id, 0);
    (void)state;

    qn_lab_send(scene.a, id, QN_PROPOSE, 0, 300000, 1);
    qn_lab_send(scene.a, id, QN_GOODBYE, 0, 20, 2);
    qn_lab_close(scene.a, id, QN_CLOSE_DUPLICATE_LINK, true);
    expect_down(&scene, id, QN_CLOSE_DUPLICATE_LINK);
    assert_true(qn_raw_link_read(raw, QN_PROPOSE, &message, NULL));
    assert_int_equal(message.bytes.len, 300000);
    assert_true(qn_raw_link_read(raw, QN_GOODBYE, &message, NULL));
    assert_true(qn_raw_link_read_to_end(raw));
    qn_raw_link_cut(raw);
    finish(&scene);
}

static void a_close_without_flush_is_at_once_and_proper(void **state)
{
    struct qn_transport_limits limits = short_limits();
    struct scene scene = start(&limits);
    qn_link_id id = 0;
    struct qn_raw_link *raw = join(&scene, &id, 0);
    (void)state;

    qn_lab_close(scene.a, id, QN_CLOSE_REVOKED, false);
    expect_down(&scene, id, QN_CLOSE_REVOKED);
    assert_true(qn_raw_link_read_to_end(raw));
    assert_int_equal(qn_lab_metric(scene.a, "qnet_link_failures_total", "revoked"), 1);
    qn_raw_link_cut(raw);
    finish(&scene);
}

static void a_close_with_flush_gives_up_on_a_peer_that_does_not_read(void **state)
{
    struct qn_transport_limits limits = short_limits();
    limits.flush_timeout = QN_MS(100);
    struct scene scene = start(&limits);
    qn_link_id id = 0;
    struct qn_raw_link *raw = join(&scene, &id, SMALL_BUFFER);
    (void)state;

    qn_lab_send(scene.a, id, QN_PROPOSE, 0, 500000, 1);
    qn_lab_close(scene.a, id, QN_CLOSE_NORMAL, true);
    expect_down(&scene, id, QN_CLOSE_NORMAL);
    assert_true(qn_lab_wait_metric_is(scene.a, "qnet_net_links", "closing", 0));
    assert_false(qn_raw_link_read_to_end(raw));
    qn_raw_link_cut(raw);
    finish(&scene);
}

/* What a peer still sends when it is left must not meet a closed socket: the reset could take our last
 * words with it. */
static void a_close_with_flush_waits_for_the_peers_end(void **state)
{
    struct qn_transport_limits limits = short_limits();
    limits.flush_timeout = QN_SECONDS(3600);
    struct scene scene = start(&limits);
    struct qn_frame_header ping = {.len = 3, .class = QN_CLASS_P0, .kind = QN_PING};
    static const uint8_t bytes[] = {0xa1, 1, 1};
    qn_link_id id = 0;
    struct qn_raw_link *raw = join(&scene, &id, 0);
    (void)state;

    qn_lab_close(scene.a, id, QN_CLOSE_NORMAL, true);
    assert_true(qn_raw_link_read_to_end(raw));
    for (unsigned i = 0; i < 100; i++) {
        assert_true(qn_raw_link_send(raw, &ping, bytes));
        assert_true(qn_lab_exchange(scene.a, scene.link));
    }
    assert_int_equal(qn_lab_metric(scene.a, "qnet_net_links", "closing"), 1);
    qn_raw_link_cut(raw);
    assert_true(qn_lab_wait_metric_is(scene.a, "qnet_net_links", "closing", 0));
    expect_down(&scene, id, QN_CLOSE_NORMAL);
    finish(&scene);
}

static void sending_to_a_closed_link_is_ignored(void **state)
{
    struct qn_transport_limits limits = short_limits();
    struct scene scene = start(&limits);
    qn_link_id id = 0;
    struct qn_raw_link *raw = join(&scene, &id, 0);
    (void)state;

    qn_lab_close(scene.a, id, QN_CLOSE_NORMAL, true);
    qn_lab_send(scene.a, id, QN_PING, 0, 3, 1);
    qn_lab_close(scene.a, id, QN_CLOSE_NORMAL, false);
    assert_true(qn_raw_link_read_to_end(raw));
    qn_lab_send(scene.a, id, QN_PING, 0, 3, 1);
    expect_down(&scene, id, QN_CLOSE_NORMAL);
    qn_raw_link_cut(raw);
    finish(&scene);
}

static void a_peer_that_vanishes_is_noticed(void **state)
{
    struct qn_transport_limits limits = short_limits();
    struct scene scene = start(&limits);
    qn_link_id id = 0;
    (void)state;

    qn_raw_link_cut(join(&scene, &id, 0));
    expect_down(&scene, id, QN_CLOSE_PEER_CLOSED);
    finish(&scene);
}

/* Sends this after a good handshake; the peer must hear why it is left, and so must the core. */
static void expect_expelled(const struct qn_frame_header *header, enum qn_close_reason reason)
{
    struct qn_transport_limits limits = short_limits();
    struct scene scene = start(&limits);
    struct qn_message_bytes message;
    static const uint8_t payload[QN_TLS_RECORD_LEN_MAX];
    qn_link_id id = 0;
    struct qn_raw_link *raw = join(&scene, &id, 0);

    assert_true(qn_raw_link_send(raw, header, payload));
    expect_down(&scene, id, reason);
    assert_int_equal(
        qn_lab_metric(scene.a, "qnet_link_failures_total", qn_close_reason_name(reason)), 1);
    assert_true(qn_raw_link_read(raw, QN_GOODBYE, &message, NULL));
    assert_true(qn_raw_link_read_to_end(raw));
    qn_raw_link_cut(raw);
    finish(&scene);
}

static void an_unknown_kind_of_frame_ends_the_link(void **state)
{
    (void)state;
    expect_expelled(&(struct qn_frame_header){.len = 1, .class = QN_CLASS_P0, .kind = 200},
                    QN_CLOSE_MALFORMED);
}

static void a_frame_in_the_wrong_class_ends_the_link(void **state)
{
    (void)state;
    expect_expelled(&(struct qn_frame_header){.len = 3, .class = QN_CLASS_P2, .kind = QN_PING},
                    QN_CLOSE_MALFORMED);
}

static void an_oversized_frame_ends_the_link(void **state)
{
    (void)state;
    expect_expelled(&(struct qn_frame_header){.len = QN_FRAME_CHUNK_MAX + 1,
                                              .class = QN_CLASS_P0,
                                              .kind = QN_PROPOSE},
                    QN_CLOSE_TOO_BIG);
}

static void an_oversized_message_ends_the_link(void **state)
{
    (void)state;
    expect_expelled(&(struct qn_frame_header){.len = 4000, .class = QN_CLASS_P0, .kind = QN_PING},
                    QN_CLOSE_TOO_BIG);
}

static void a_peer_that_does_not_read_p0_is_dropped(void **state)
{
    struct qn_transport_limits limits = short_limits();
    limits.p0_stall_timeout = QN_MS(300);
    struct scene scene = start(&limits);
    qn_link_id id = 0;
    struct qn_raw_link *raw = join(&scene, &id, SMALL_BUFFER);
    (void)state;

    qn_lab_send(scene.a, id, QN_PROPOSE, 0, 500000, 1);
    expect_down(&scene, id, QN_CLOSE_SLOW_CONSUMER);
    assert_int_equal(qn_lab_metric(scene.a, "qnet_link_failures_total", "slow_consumer"), 1);
    qn_raw_link_cut(raw);
    finish(&scene);
}

static void a_peer_that_does_not_read_bulk_only_is_kept(void **state)
{
    struct qn_transport_limits limits = short_limits();
    limits.p0_stall_timeout = QN_MS(50);
    struct scene scene = start(&limits);
    struct qn_message_bytes message;
    qn_link_id id = 0;
    struct qn_raw_link *raw = join(&scene, &id, SMALL_BUFFER);
    (void)state;

    qn_lab_send(scene.a, id, QN_BLOCKS, 7, 1000000, 1);
    for (unsigned i = 0; i < 200; i++) { /* many times the stall's deadline */
        assert_true(qn_lab_exchange(scene.a, scene.link));
    }
    assert_int_equal(qn_lab_count(scene.a, QN_EVENT_LINK_DOWN), 0);
    assert_true(qn_raw_link_read(raw, QN_BLOCKS, &message, NULL));
    assert_int_equal(message.bytes.len, 1000000);
    assert_int_equal(message.request_id, 7);
    qn_raw_link_cut(raw);
    finish(&scene);
}

static void too_much_p0_ends_the_link_at_once(void **state)
{
    struct qn_transport_limits limits = short_limits();
    struct scene scene = start(&limits);
    qn_link_id id = 0;
    struct qn_raw_link *raw = join(&scene, &id, SMALL_BUFFER);
    (void)state;

    for (unsigned i = 0; i < 12; i++) {
        qn_lab_send(scene.a, id, QN_PROPOSE, 0, 500000, 1);
    }
    expect_down(&scene, id, QN_CLOSE_SLOW_CONSUMER);
    assert_true(qn_lab_metric(scene.a, "qnet_messages_dropped_total", "p0") >= 1);
    qn_raw_link_cut(raw);
    finish(&scene);
}

/* Of four megabytes of bulk that were queued first, only what the kernel and one record held goes
 * ahead of an urgent message. */
static void p0_overtakes_bulk_that_was_queued_before(void **state)
{
    struct qn_transport_limits limits = short_limits();
    limits.send_buffer_len = 1 << 22; /* room for all of it, in front of any queue of ours */
    struct scene scene = start(&limits);
    struct qn_message_bytes message;
    size_t skipped = 0;
    qn_link_id id = 0;
    struct qn_raw_link *raw = join(&scene, &id, SMALL_BUFFER);
    (void)state;

    for (uint32_t i = 0; i < 40; i++) {
        qn_lab_send(scene.a, id, QN_BLOCKS, i + 1, 100000, 1);
    }
    assert_true(qn_lab_exchange(scene.a, scene.link)); /* by now the socket took what it wanted */
    qn_lab_send(scene.a, id, QN_PONG, 0, 3, 9);
    assert_true(qn_raw_link_read(raw, QN_PONG, &message, &skipped));
    assert_true(skipped <= 400000);
    for (uint32_t i = (uint32_t)(skipped / 100000); i < 40; i++) {
        assert_true(qn_raw_link_read(raw, QN_BLOCKS, &message, NULL));
        assert_int_equal(message.request_id, i + 1);
    }
    qn_raw_link_cut(raw);
    finish(&scene);
}

static bool is_busy(const struct qn_lab_event *event, uint64_t request_id)
{
    return event->message == QN_BUSY && event->request_id == request_id;
}

static void a_request_without_room_is_answered_busy_to_the_core(void **state)
{
    struct qn_transport_limits limits = short_limits();
    struct scene scene = start(&limits);
    qn_link_id id = 0;
    struct qn_raw_link *raw = join(&scene, &id, SMALL_BUFFER);
    (void)state;

    qn_lab_send(scene.a, id, QN_BLOCKS, 1, 1000000, 1); /* blocks the socket */
    for (uint32_t i = 1; i <= 200; i++) {
        qn_lab_send(scene.a, id, QN_SUBMIT, i, 16000, 1);
    }
    assert_true(qn_lab_wait(scene.a, NULL, QN_EVENT_FRAME, is_busy, 200));
    assert_true(qn_lab_metric(scene.a, "qnet_messages_dropped_total", "p2") >= 1);
    qn_raw_link_cut(raw);
    finish(&scene);
}

static void announcements_without_room_are_dropped_and_counted(void **state)
{
    struct qn_transport_limits limits = short_limits();
    struct scene scene = start(&limits);
    struct qn_message_bytes message;
    qn_link_id id = 0;
    struct qn_raw_link *raw = join(&scene, &id, SMALL_BUFFER);
    (void)state;

    qn_lab_send(scene.a, id, QN_BLOCKS, 1, 1000000, 1);
    for (uint32_t i = 0; i < 2 * QN_QUEUE_P1_COUNT_MAX; i++) {
        qn_lab_send(scene.a, id, QN_ANNOUNCE, 0, 4000, 1);
    }
    qn_lab_send(scene.a, id, QN_HEAD, 0, 3, 1);
    assert_true(qn_lab_exchange(scene.a, scene.link));
    assert_true(qn_lab_metric(scene.a, "qnet_messages_dropped_total", "p1") >= 1);
    assert_true(qn_raw_link_read(raw, QN_HEAD, &message, NULL)); /* the newest is never the one */
    qn_raw_link_cut(raw);
    finish(&scene);
}

static void silent_connections_have_a_bound_and_a_deadline(void **state)
{
    enum { HALF_OPEN = 4, FLOOD = 40 };
    struct qn_transport_limits limits = short_limits();
    limits.half_open_max = HALF_OPEN;
    limits.handshake_timeout = QN_SECONDS(3);
    struct scene scene = start(&limits);
    int fds[FLOOD];
    (void)state;

    for (size_t i = 0; i < FLOOD; i++) {
        fds[i] = qn_tcp_connect(qn_lab_port(scene.a));
        assert_true(fds[i] >= 0);
        assert_int_equal(write(fds[i], "\x16", 1), 1); /* else the kernel keeps them */
    }
    assert_true(
        qn_lab_wait_metric(scene.a, "qnet_link_failures_total", "no_free_slot", FLOOD - HALF_OPEN));
    assert_true(qn_lab_metric(scene.a, "qnet_net_links", "half_open") <= HALF_OPEN);
    assert_true(qn_lab_exchange(scene.a, scene.link));
    for (size_t i = 0; i < FLOOD; i++) {
        assert_true(qn_tcp_wait_closed(fds[i]));
        (void)close(fds[i]);
    }
    assert_true(
        qn_lab_wait_metric(scene.a, "qnet_link_failures_total", "handshake_timeout", HALF_OPEN));
    assert_int_equal(qn_lab_metric(scene.a, "qnet_link_failures_total", "no_free_slot"),
                     FLOOD - HALF_OPEN);
    /* With the slots free again, the next one comes in. */
    qn_link_id id = 0;
    qn_raw_link_cut(join(&scene, &id, 0));
    finish(&scene);
}

static void who_closes_without_a_word_costs_no_tls(void **state)
{
    enum { VISITORS = 20 };
    struct qn_transport_limits limits = short_limits();
    struct scene scene = start(&limits);
    SSL_CTX *accepting = qn_lab_runtime(scene.a)->tls->accepting;
    long before = SSL_CTX_sess_accept(accepting);
    (void)state;

    for (size_t i = 0; i < VISITORS; i++) {
        int fd = qn_tcp_connect(qn_lab_port(scene.a));
        assert_true(fd >= 0);
        (void)close(fd);
    }
    assert_true(qn_lab_wait_metric(scene.a, "qnet_link_failures_total", "peer_closed", VISITORS));
    assert_int_equal(SSL_CTX_sess_accept(accepting), before);
    assert_int_equal(qn_lab_metric(scene.a, "qnet_net_links", "half_open"), 0);
    finish(&scene);
}

/* As after a restart, when everybody comes back at once. */
static void a_burst_of_good_clients_waits_for_its_turn(void **state)
{
    enum { HALF_OPEN = 2, BURST = 60 };
    struct qn_transport_limits limits = short_limits();
    limits.half_open_max = HALF_OPEN;
    limits.accept_patience = QN_SECONDS(3600);
    struct scene scene = start(&limits);
    (void)state;

    for (unsigned i = 0; i < BURST; i++) {
        qn_lab_dial(scene.b, i + 1, qn_lab_port(scene.a), NULL);
    }
    assert_true(qn_lab_wait_count(scene.b, QN_EVENT_LINK_UP, 1 + BURST));
    assert_true(qn_lab_wait_count(scene.a, QN_EVENT_LINK_UP, 1 + BURST));
    assert_int_equal(qn_lab_count(scene.b, QN_EVENT_DIAL_FAILED), 0);
    assert_int_equal(qn_lab_metric(scene.a, "qnet_link_failures_total", "no_free_slot"), 0);
    finish(&scene);
}

static void a_dial_to_a_silent_server_has_a_deadline(void **state)
{
    struct qn_transport_limits limits = short_limits();
    limits.handshake_timeout = QN_MS(200);
    struct scene scene = start(&limits);
    struct qn_lab_event failed;
    struct qn_tls_peer_options options = {.key = QN_PEER_KEY_MLDSA65, .is_mute = true};
    struct qn_tls_peer_outcome outcome;
    struct qn_tls_server *server = qn_tls_server_start(&options);
    (void)state;

    qn_lab_dial(scene.a, 8, qn_tls_server_port(server), NULL);
    assert_true(qn_lab_wait_for(scene.a, &failed, QN_EVENT_DIAL_FAILED, 8));
    assert_int_equal(failed.reason, QN_CLOSE_HANDSHAKE_TIMEOUT);
    qn_tls_server_finish(server, &outcome);
    finish(&scene);
}

static void a_dial_to_a_closed_port_is_refused(void **state)
{
    struct qn_transport_limits limits = short_limits();
    struct scene scene = start(&limits);
    struct qn_lab_node *gone = qn_lab_node_start(&(struct qn_lab_options){0});
    struct qn_lab_event failed;
    uint16_t port = qn_lab_port(gone);
    (void)state;

    assert_int_equal(qn_lab_node_stop(gone), QN_OK);
    qn_lab_dial(scene.a, 8, port, NULL);
    assert_true(qn_lab_wait_for(scene.a, &failed, QN_EVENT_DIAL_FAILED, 8));
    assert_int_equal(failed.reason, QN_CLOSE_REFUSED);
    finish(&scene);
}

static void dial_name(struct scene *scene, qn_dial_id dial, const char *name)
{
    struct qn_action action = {.kind = QN_ACTION_DIAL};

    action.dial.dial = dial;
    action.dial.endpoint.port = qn_lab_port(scene->b);
    (void)snprintf(action.dial.endpoint.host, sizeof action.dial.endpoint.host, "%s", name);
    qn_lab_do(scene->a, &action);
}

static void a_name_is_resolved_and_one_that_is_none_is_told(void **state)
{
    struct qn_transport_limits limits = short_limits();
    struct scene scene = start(&limits);
    struct qn_lab_event event;
    (void)state;

    dial_name(&scene, 9, "localhost");
    assert_true(qn_lab_wait(scene.a, &event, QN_EVENT_LINK_UP, is_newer_than, scene.link));
    assert_int_equal(event.dial, 9);
    dial_name(&scene, 10, "no..name");
    assert_true(qn_lab_wait_for(scene.a, &event, QN_EVENT_DIAL_FAILED, 10));
    assert_int_equal(event.reason, QN_CLOSE_RESOLVE);
    finish(&scene);
}

static void keys_are_updated_while_messages_flow(void **state)
{
    struct qn_transport_limits limits = short_limits();
    limits.key_update_interval = QN_MS(1);
    limits.check_interval = QN_MS(1);
    struct scene scene = start(&limits);
    (void)state;

    for (unsigned i = 0; i < 100; i++) {
        assert_true(qn_lab_exchange(scene.a, scene.link));
    }
    assert_true(qn_lab_wait_metric(scene.a, "qnet_key_updates_total", NULL, 3));
    assert_true(qn_lab_exchange(scene.a, scene.link));
    assert_int_equal(qn_lab_count(scene.a, QN_EVENT_LINK_DOWN), 0);
    finish(&scene);
}

static size_t open_files(void)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");

    assert_non_null(folder);
    while (readdir(folder) != NULL) {
        count += 1;
    }
    (void)closedir(folder);
    return count;
}

static void many_links_come_and_go(void **state)
{
    enum { ROUNDS = 5, LINKS = 60 };
    struct qn_transport_limits limits = short_limits();
    limits.half_open_max = LINKS;
    struct scene scene = start(&limits);
    size_t files = open_files();
    (void)state;

    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t ups = qn_lab_count(scene.b, QN_EVENT_LINK_UP);
        size_t downs = qn_lab_count(scene.a, QN_EVENT_LINK_DOWN);
        for (unsigned i = 0; i < LINKS; i++) {
            qn_lab_dial(scene.b, round * LINKS + i + 1, qn_lab_port(scene.a), NULL);
        }
        assert_true(qn_lab_wait_count(scene.b, QN_EVENT_LINK_UP, ups + LINKS));
        assert_true(qn_lab_wait_count(scene.a, QN_EVENT_LINK_UP, 1 + (round + 1) * LINKS));
        /* Half are closed by one end, half by the other, with and without flush. */
        qn_lab_close_all_but(scene.b, QN_CLOSE_NORMAL, LINKS / 2);
        qn_lab_close_all_but(scene.a, QN_CLOSE_NORMAL, 1);
        assert_true(qn_lab_wait_count(scene.a, QN_EVENT_LINK_DOWN, downs + LINKS));
        assert_true(qn_lab_wait_count(scene.b, QN_EVENT_LINK_DOWN, downs + LINKS));
        assert_true(qn_lab_exchange(scene.a, scene.link));
    }
    assert_int_equal(qn_lab_metric(scene.a, "qnet_net_links", "open"), 1);
    assert_int_equal(qn_lab_metric(scene.a, "qnet_links_opened_total", "in"), 1 + ROUNDS * LINKS);
    assert_true(qn_lab_wait_metric_is(scene.a, "qnet_net_links", "closing", 0));
    assert_true(qn_lab_wait_metric_is(scene.b, "qnet_net_links", "closing", 0));
    assert_int_equal(open_files(), files);
    finish(&scene);
}

static void show(const char *message)
{
    print_error("%s\n", message);
}

int main(void)
{
    const char *why = NULL;
    uint8_t seed[QN_SEED_LEN];

    qn_assert_hook = show;
    if (qn_crypto_init(&why) != QN_OK) {
        print_error("%s\n", why);
        return 1;
    }
    key = qn_key_generate(QN_SUITE_MLDSA65, seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_close_with_flush_delivers_what_was_queued),
        cmocka_unit_test(a_close_without_flush_is_at_once_and_proper),
        cmocka_unit_test(a_close_with_flush_gives_up_on_a_peer_that_does_not_read),
        cmocka_unit_test(a_close_with_flush_waits_for_the_peers_end),
        cmocka_unit_test(sending_to_a_closed_link_is_ignored),
        cmocka_unit_test(a_peer_that_vanishes_is_noticed),
        cmocka_unit_test(an_unknown_kind_of_frame_ends_the_link),
        cmocka_unit_test(a_frame_in_the_wrong_class_ends_the_link),
        cmocka_unit_test(an_oversized_frame_ends_the_link),
        cmocka_unit_test(an_oversized_message_ends_the_link),
        cmocka_unit_test(a_peer_that_does_not_read_p0_is_dropped),
        cmocka_unit_test(a_peer_that_does_not_read_bulk_only_is_kept),
        cmocka_unit_test(too_much_p0_ends_the_link_at_once),
        cmocka_unit_test(p0_overtakes_bulk_that_was_queued_before),
        cmocka_unit_test(a_request_without_room_is_answered_busy_to_the_core),
        cmocka_unit_test(announcements_without_room_are_dropped_and_counted),
        cmocka_unit_test(silent_connections_have_a_bound_and_a_deadline),
        cmocka_unit_test(who_closes_without_a_word_costs_no_tls),
        cmocka_unit_test(a_burst_of_good_clients_waits_for_its_turn),
        cmocka_unit_test(a_dial_to_a_silent_server_has_a_deadline),
        cmocka_unit_test(a_dial_to_a_closed_port_is_refused),
        cmocka_unit_test(a_name_is_resolved_and_one_that_is_none_is_told),
        cmocka_unit_test(keys_are_updated_while_messages_flow),
        cmocka_unit_test(many_links_come_and_go),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    qn_key_free(key);
    qn_crypto_fini();
    return failed;
}
