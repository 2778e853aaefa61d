/* Who gets a link and who does not: each bad peer really dials or is dialled on loopback, and a good
 * link on the same runtime goes on meanwhile. */
#include "net/testing/lab_node.h"
#include "net/testing/tls_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Two nodes with a good link between them; strangers come to a. */
struct scene {
    struct qn_lab_node *a;
    struct qn_lab_node *b;
    qn_link_id link;
};

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    struct qn_lab_options options = {0};
    qn_link_id other_side = 0;

    scene->a = qn_lab_node_start(&options);
    scene->b = qn_lab_node_start(&options);
    assert_true(qn_lab_link(scene->a, scene->b, &scene->link, &other_side));
    assert_true(qn_lab_exchange(scene->a, scene->link));
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    assert_true(qn_lab_exchange(scene->a, scene->link));
    assert_int_equal(qn_lab_metric(scene->a, "qnet_net_links", "open"), 1);
    assert_int_equal(qn_lab_metric(scene->a, "qnet_net_links", "half_open"), 0);
    assert_int_equal(qn_lab_node_stop(scene->a), QN_OK);
    assert_int_equal(qn_lab_node_stop(scene->b), QN_OK);
    free(scene);
    return 0;
}

/* Comes as a client and must be turned away for this reason, before the core hears of it. */
static void expect_client_refused(struct scene *scene, const struct qn_tls_peer_options *options,
                                  enum qn_close_reason reason)
{
    struct qn_tls_peer_outcome outcome;

    qn_tls_peer_connect(&outcome, qn_lab_port(scene->a), options);
    assert_true(outcome.is_connected);
    assert_false(outcome.got_bytes);
    assert_false(outcome.is_timed_out);
    print_message("          peer saw: %s\n", outcome.error);
    assert_true(
        qn_lab_wait_metric(scene->a, "qnet_link_failures_total", qn_close_reason_name(reason), 1));
    assert_int_equal(qn_lab_count(scene->a, QN_EVENT_LINK_UP), 1);
    assert_true(qn_lab_exchange(scene->a, scene->link));
}

/* Is dialled by a and must be hung up on for this reason. */
static void expect_server_refused(struct scene *scene, const struct qn_tls_peer_options *options,
                                  enum qn_close_reason reason)
{
    struct qn_tls_peer_outcome outcome;
    struct qn_lab_event failed;
    struct qn_tls_server *server = qn_tls_server_start(options);

    qn_lab_dial(scene->a, 77, qn_tls_server_port(server), NULL);
    assert_true(qn_lab_wait_for(scene->a, &failed, QN_EVENT_DIAL_FAILED, 77));
    qn_tls_server_finish(server, &outcome);
    print_message("          peer saw: %s\n", outcome.error);
    assert_string_equal(qn_close_reason_name(failed.reason), qn_close_reason_name(reason));
    assert_int_equal(
        qn_lab_metric(scene->a, "qnet_link_failures_total", qn_close_reason_name(reason)), 1);
    assert_int_equal(qn_lab_count(scene->a, QN_EVENT_LINK_UP), 1);
    assert_true(qn_lab_exchange(scene->a, scene->link));
}

static bool is_dialled_as(const struct qn_lab_event *event, uint64_t dial)
{
    return event->dial == dial;
}

/* The counterpart of all that follows: the stranger differs from a node in nothing that matters. */
static void a_stranger_with_an_mldsa_key_gets_a_link(void **state)
{
    struct scene *scene = *state;
    struct qn_tls_peer_outcome outcome;
    struct qn_lab_event up;
    struct qn_tls_peer_options options = {.key = QN_PEER_KEY_MLDSA65};
    struct qn_tls_server *server = qn_tls_server_start(&options);

    qn_lab_dial(scene->a, 5, qn_tls_server_port(server), NULL);
    assert_true(qn_lab_wait(scene->a, &up, QN_EVENT_LINK_UP, is_dialled_as, 5));
    qn_lab_close(scene->a, up.subject, QN_CLOSE_NORMAL, true);
    qn_tls_server_finish(server, &outcome);
    assert_true(outcome.is_established);
    assert_string_equal(outcome.error, "");
    assert_true(qn_lab_wait_for(scene->a, NULL, QN_EVENT_LINK_DOWN, up.subject));
    assert_int_equal(qn_lab_count(scene->a, QN_EVENT_DIAL_FAILED), 0);
}

static void a_client_without_a_key_is_refused(void **state)
{
    expect_client_refused(*state, &(struct qn_tls_peer_options){.key = QN_PEER_KEY_NONE},
                          QN_CLOSE_NO_KEY);
}

static void a_server_without_raw_keys_is_refused(void **state)
{
    expect_server_refused(
        *state, &(struct qn_tls_peer_options){.key = QN_PEER_KEY_MLDSA65, .is_x509 = true},
        QN_CLOSE_NO_KEY);
}

static void a_client_with_an_x509_certificate_is_refused(void **state)
{
    expect_client_refused(
        *state, &(struct qn_tls_peer_options){.key = QN_PEER_KEY_MLDSA65, .is_x509 = true},
        QN_CLOSE_NO_KEY);
}

static void a_client_without_raw_keys_costs_no_signature(void **state)
{
    struct scene *scene = *state;
    struct qn_tls_peer_outcome outcome;
    struct qn_tls_peer_options options = {.key = QN_PEER_KEY_MLDSA65, .is_x509 = true};

    qn_tls_peer_connect(&outcome, qn_lab_port(scene->a), &options);
    /* Turned away on its first message: its own side of the handshake did not get any further. */
    assert_false(outcome.is_established);
    assert_non_null(strstr(outcome.error, "alert unsupported certificate"));
}

/* An honest one notices that its key is not wanted and shows none. */
static void a_client_with_an_rsa_key_is_refused(void **state)
{
    expect_client_refused(*state, &(struct qn_tls_peer_options){.key = QN_PEER_KEY_RSA},
                          QN_CLOSE_NO_KEY);
}

static void a_client_that_shows_an_rsa_key_all_the_same_is_refused(void **state)
{
    expect_client_refused(*state,
                          &(struct qn_tls_peer_options){.key = QN_PEER_KEY_RSA, .is_pushy = true},
                          QN_CLOSE_WRONG_KEY_TYPE);
}

static void a_client_that_shows_an_ed25519_key_all_the_same_is_refused(void **state)
{
    expect_client_refused(
        *state, &(struct qn_tls_peer_options){.key = QN_PEER_KEY_ED25519, .is_pushy = true},
        QN_CLOSE_WRONG_KEY_TYPE);
}

static void a_server_that_shows_an_rsa_key_all_the_same_is_refused(void **state)
{
    expect_server_refused(*state,
                          &(struct qn_tls_peer_options){.key = QN_PEER_KEY_RSA, .is_pushy = true},
                          QN_CLOSE_WRONG_KEY_TYPE);
}

static void a_server_that_shows_an_ed25519_key_all_the_same_is_refused(void **state)
{
    expect_server_refused(
        *state, &(struct qn_tls_peer_options){.key = QN_PEER_KEY_ED25519, .is_pushy = true},
        QN_CLOSE_WRONG_KEY_TYPE);
}

/* An honest one ends the handshake itself, without saying more than that it failed. */
static void a_server_with_an_rsa_key_is_refused(void **state)
{
    expect_server_refused(*state, &(struct qn_tls_peer_options){.key = QN_PEER_KEY_RSA},
                          QN_CLOSE_TLS_FAILED);
}

static void a_client_that_cannot_verify_mldsa_is_refused(void **state)
{
    expect_client_refused(*state,
                          &(struct qn_tls_peer_options){.key = QN_PEER_KEY_ED25519,
                                                        .sigalgs = "ed25519:rsa_pss_rsae_sha256"},
                          QN_CLOSE_WRONG_KEY_TYPE);
}

static void a_tls12_client_is_refused(void **state)
{
    expect_client_refused(
        *state,
        &(struct qn_tls_peer_options){.key = QN_PEER_KEY_RSA, .is_tls12 = true, .groups = "X25519"},
        QN_CLOSE_TLS_VERSION);
}

static void a_client_with_a_classical_group_only_is_refused(void **state)
{
    expect_client_refused(
        *state, &(struct qn_tls_peer_options){.key = QN_PEER_KEY_MLDSA65, .groups = "X25519"},
        QN_CLOSE_TLS_GROUP);
}

static void a_client_with_pure_mlkem_only_is_refused(void **state)
{
    expect_client_refused(
        *state, &(struct qn_tls_peer_options){.key = QN_PEER_KEY_MLDSA65, .groups = "MLKEM768"},
        QN_CLOSE_TLS_GROUP);
}

static void a_server_with_a_classical_group_only_is_refused(void **state)
{
    expect_server_refused(
        *state, &(struct qn_tls_peer_options){.key = QN_PEER_KEY_MLDSA65, .groups = "X25519"},
        QN_CLOSE_TLS_FAILED);
}

static void a_client_with_another_alpn_is_refused(void **state)
{
    expect_client_refused(
        *state, &(struct qn_tls_peer_options){.key = QN_PEER_KEY_MLDSA65, .alpn = "http/1.1"},
        QN_CLOSE_ALPN);
}

static void a_client_without_alpn_is_refused(void **state)
{
    expect_client_refused(*state,
                          &(struct qn_tls_peer_options){.key = QN_PEER_KEY_MLDSA65, .alpn = ""},
                          QN_CLOSE_ALPN);
}

static void a_server_with_another_alpn_is_refused(void **state)
{
    expect_server_refused(
        *state, &(struct qn_tls_peer_options){.key = QN_PEER_KEY_MLDSA65, .alpn = "qnet/9"},
        QN_CLOSE_ALPN);
}

static void a_server_without_alpn_is_refused(void **state)
{
    expect_server_refused(*state,
                          &(struct qn_tls_peer_options){.key = QN_PEER_KEY_MLDSA65, .alpn = ""},
                          QN_CLOSE_ALPN);
}

static void a_client_with_signature_algorithms_cert_crashes_nothing(void **state)
{
    struct scene *scene = *state;
    struct qn_tls_peer_outcome outcome;
    struct qn_tls_peer_options options = {.key = QN_PEER_KEY_NONE, .lists_cert_sigalgs = true};

    qn_tls_peer_connect(&outcome, qn_lab_port(scene->a), &options);
    assert_true(outcome.is_connected);
    assert_true(qn_lab_wait_metric(scene->a, "qnet_link_failures_total", "no_raw_public_key", 1));
}

static void a_key_that_is_not_the_expected_one_is_refused(void **state)
{
    struct scene *scene = *state;
    struct qn_lab_event failed;
    struct qn_node_id other = qn_public_key_id(qn_key_public(qn_lab_key(scene->a)));

    qn_lab_dial(scene->a, 6, qn_lab_port(scene->b), &other);
    assert_true(qn_lab_wait_for(scene->a, &failed, QN_EVENT_DIAL_FAILED, 6));
    assert_int_equal(failed.reason, QN_CLOSE_KEY_MISMATCH);
    assert_int_equal(qn_lab_metric(scene->a, "qnet_link_failures_total", "key_mismatch"), 1);
    assert_true(qn_lab_wait_metric(scene->b, "qnet_link_failures_total", "tls_failed", 1));
    assert_int_equal(qn_lab_count(scene->b, QN_EVENT_LINK_UP), 1);
}

static void the_expected_key_is_accepted(void **state)
{
    struct scene *scene = *state;
    struct qn_node_id expected = qn_public_key_id(qn_key_public(qn_lab_key(scene->b)));

    qn_lab_dial(scene->a, 6, qn_lab_port(scene->b), &expected);
    assert_true(qn_lab_wait_count(scene->b, QN_EVENT_LINK_UP, 2));
    assert_true(qn_lab_wait_count(scene->a, QN_EVENT_LINK_UP, 2));
    assert_int_equal(qn_lab_node_stop(scene->b), QN_OK);
    assert_true(qn_lab_wait_count(scene->a, QN_EVENT_LINK_DOWN, 2));
    scene->b = qn_lab_node_start(&(struct qn_lab_options){0});
    qn_link_id other_side = 0;
    assert_true(qn_lab_link(scene->a, scene->b, &scene->link, &other_side));
}

/* The core judges it anew all the same: to it a link is a link. */
static void a_peer_that_was_linked_before_is_resumed(void **state)
{
    struct scene *scene = *state;
    struct qn_node_id expected = qn_public_key_id(qn_key_public(qn_lab_key(scene->b)));
    struct qn_lab_event up;

    assert_int_equal(qn_lab_metric(scene->a, "qnet_handshakes_total", "full"), 1);
    qn_lab_close(scene->a, scene->link, QN_CLOSE_NORMAL, true);
    assert_true(qn_lab_wait_count(scene->b, QN_EVENT_LINK_DOWN, 1));
    assert_true(qn_lab_wait_metric_is(scene->a, "qnet_net_links", "closing", 0));
    qn_lab_dial(scene->a, 6, qn_lab_port(scene->b), &expected);
    assert_true(qn_lab_wait(scene->a, &up, QN_EVENT_LINK_UP, is_dialled_as, 6));
    assert_memory_equal(up.peer.bytes, expected.bytes, sizeof expected.bytes);
    assert_int_equal(qn_lab_metric(scene->a, "qnet_handshakes_total", "resumed"), 1);
    assert_true(qn_lab_wait_metric(scene->b, "qnet_handshakes_total", "resumed", 1));
    assert_int_equal(qn_lab_metric(scene->b, "qnet_handshakes_total", "full"), 1);
    scene->link = up.subject;
}

static void garbage_instead_of_tls_is_refused(void **state)
{
    struct scene *scene = *state;
    static const char garbage[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n\x01\x02\x03";
    int fd = qn_tcp_connect(qn_lab_port(scene->a));

    assert_true(fd >= 0);
    assert_int_equal(write(fd, garbage, sizeof garbage), sizeof garbage);
    assert_true(qn_tcp_wait_closed(fd));
    (void)close(fd);
    assert_true(qn_lab_wait_metric(scene->a, "qnet_link_failures_total", "tls_failed", 1));
}

static void a_client_that_leaves_in_the_handshake_is_counted(void **state)
{
    struct scene *scene = *state;
    int fd = qn_tcp_connect(qn_lab_port(scene->a));

    assert_true(fd >= 0);
    (void)close(fd);
    assert_true(qn_lab_wait_metric(scene->a, "qnet_link_failures_total", "peer_closed", 1));
}

static void both_ends_learn_the_others_key(void **state)
{
    struct scene *scene = *state;
    struct qn_lab_event up_a;
    struct qn_lab_event up_b;
    struct qn_node_id id_a = qn_public_key_id(qn_key_public(qn_lab_key(scene->a)));
    struct qn_node_id id_b = qn_public_key_id(qn_key_public(qn_lab_key(scene->b)));

    assert_true(qn_lab_wait(scene->a, &up_a, QN_EVENT_LINK_UP, NULL, 0));
    assert_true(qn_lab_wait(scene->b, &up_b, QN_EVENT_LINK_UP, NULL, 0));
    assert_memory_equal(up_a.peer.bytes, id_b.bytes, sizeof id_b.bytes);
    assert_memory_equal(up_b.peer.bytes, id_a.bytes, sizeof id_a.bytes);
    assert_int_equal(up_b.dial, 0);
    assert_int_equal(up_a.remote.port, qn_lab_port(scene->b));
    assert_string_equal(up_b.remote.host, "127.0.0.1");
    assert_true(up_a.handshake_us > 0 && up_a.handshake_cpu_us > 0);
    assert_true(up_b.handshake_us > 0 && up_b.handshake_cpu_us > 0);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static void show(const char *message)
{
    print_error("%s\n", message);
}

int main(void)
{
    const char *why = NULL;
    qn_assert_hook = show;
    if (qn_crypto_init(&why) != QN_OK) {
        print_error("%s\n", why);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        SCENE(both_ends_learn_the_others_key),
        SCENE(a_stranger_with_an_mldsa_key_gets_a_link),
        SCENE(a_client_without_a_key_is_refused),
        SCENE(a_client_with_an_x509_certificate_is_refused),
        SCENE(a_client_without_raw_keys_costs_no_signature),
        SCENE(a_client_with_an_rsa_key_is_refused),
        SCENE(a_client_that_shows_an_rsa_key_all_the_same_is_refused),
        SCENE(a_client_that_shows_an_ed25519_key_all_the_same_is_refused),
        SCENE(a_client_that_cannot_verify_mldsa_is_refused),
        SCENE(a_client_with_signature_algorithms_cert_crashes_nothing),
        SCENE(a_tls12_client_is_refused),
        SCENE(a_client_with_a_classical_group_only_is_refused),
        SCENE(a_client_with_pure_mlkem_only_is_refused),
        SCENE(a_client_with_another_alpn_is_refused),
        SCENE(a_client_without_alpn_is_refused),
        SCENE(a_client_that_leaves_in_the_handshake_is_counted),
        SCENE(a_server_without_raw_keys_is_refused),
        SCENE(a_server_with_an_rsa_key_is_refused),
        SCENE(a_server_that_shows_an_rsa_key_all_the_same_is_refused),
        SCENE(a_server_that_shows_an_ed25519_key_all_the_same_is_refused),
        SCENE(a_server_with_a_classical_group_only_is_refused),
        SCENE(a_server_with_another_alpn_is_refused),
        SCENE(a_server_without_alpn_is_refused),
        SCENE(a_key_that_is_not_the_expected_one_is_refused),
        SCENE(the_expected_key_is_accepted),
        SCENE(a_peer_that_was_linked_before_is_resumed),
        SCENE(garbage_instead_of_tls_is_refused),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    qn_crypto_fini();
    return failed;
}
