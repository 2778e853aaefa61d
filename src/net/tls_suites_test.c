/* Which suites meet how: every pair of suites, both directions, by probe. */
#include "net/probe.h"
#include "net/testing/lab_node.h"
#include "net/testing/tls_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SUITES = 3, TIMEOUT_MS = 10000 };

static struct qn_key *keys[SUITES + 1]; /* by suite */

static struct qn_endpoint place_of(const struct qn_lab_node *node)
{
    return (struct qn_endpoint){.host = "127.0.0.1", .port = qn_lab_port(node)};
}

/* Sends HELLO and GOODBYE as a node that wants nothing of the prober would. */
static void greet(struct qn_lab_node *node)
{
    struct qn_lab_event up;
    struct qn_hello hello = {.version = 1, .version_min = 1, .height = 42, .roles = QN_ROLE_FULL};
    struct qn_goodbye goodbye = {.reason = QN_CLOSE_WRONG_NETWORK};
    struct qn_action action = {.kind = QN_ACTION_SEND};

    (void)snprintf(hello.software, sizeof hello.software, "%s", "lab/1");
    (void)snprintf(goodbye.text, sizeof goodbye.text, "%s", "elsewhere");
    assert_true(qn_lab_wait(node, &up, QN_EVENT_LINK_UP, NULL, 0));
    action.send.link = up.subject;
    action.send.kind = QN_HELLO;
    action.send.bytes = qn_hello_encode(&hello);
    qn_lab_do(node, &action);
    action.send.kind = QN_GOODBYE;
    action.send.bytes = qn_goodbye_encode(&goodbye);
    qn_lab_do(node, &action);
    qn_lab_close(node, up.subject, QN_CLOSE_WRONG_NETWORK, true);
}

static void *greet_thread(void *context)
{
    greet(context);
    return NULL;
}

static void probe_pair(unsigned client, unsigned server, const char *group)
{
    struct qn_lab_node *node = qn_lab_node_start(&(struct qn_lab_options){.key = keys[server]});
    struct qn_endpoint place = place_of(node);
    struct qn_network_id network = {{0}};
    struct qn_probe_result *result = calloc(1, sizeof *result);
    struct qn_node_id expected = qn_public_key_id(qn_key_public(keys[server]));
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, greet_thread, node), 0);
    enum qn_err err = qn_probe(result, &place, keys[client], &network, &expected, TIMEOUT_MS);
    (void)pthread_join(thread, NULL);
    assert_int_equal(err, QN_OK);
    assert_string_equal(result->group, group);
    assert_string_equal(result->algorithm, qn_suite_find(server)->name);
    assert_string_equal(result->tls_version, "TLSv1.3");
    assert_memory_equal(result->id.bytes, expected.bytes, sizeof expected.bytes);
    assert_true(result->has_hello && result->has_goodbye);
    assert_int_equal(result->hello.height, 42);
    assert_string_equal(result->hello.software, "lab/1");
    assert_int_equal(result->goodbye.reason, QN_CLOSE_WRONG_NETWORK);
    assert_true(result->connect_us > 0 && result->handshake_us > 0 && result->handshake_cpu_us > 0);
    assert_true(result->bytes_sent > qn_suite_find(client)->signature_len);
    assert_true(result->bytes_received > qn_suite_find(server)->signature_len);
    print_message("          %s to %s: %llu bytes out, %llu in\n", qn_suite_find(client)->name,
                  qn_suite_find(server)->name, (unsigned long long)result->bytes_sent,
                  (unsigned long long)result->bytes_received);
    free(result);
    assert_int_equal(qn_lab_node_stop(node), QN_OK);
}

/* The strongest suite's group is used as soon as one end is of that suite. */
static void every_pair_of_suites_agrees_on_a_hybrid_group(void **state)
{
    (void)state;
    for (unsigned client = 1; client <= SUITES; client++) {
        for (unsigned server = 1; server <= SUITES; server++) {
            bool is_strongest = client == QN_SUITE_MLDSA87 || server == QN_SUITE_MLDSA87;
            probe_pair(client, server, is_strongest ? "SecP384R1MLKEM1024" : "X25519MLKEM768");
        }
    }
}

static void a_probe_expecting_another_key_says_so(void **state)
{
    struct qn_lab_node *node = qn_lab_node_start(&(struct qn_lab_options){0});
    struct qn_endpoint place = place_of(node);
    struct qn_network_id network = {{0}};
    struct qn_probe_result result;
    struct qn_node_id other = qn_public_key_id(qn_key_public(keys[1]));
    (void)state;

    assert_int_equal(qn_probe(&result, &place, keys[1], &network, &other, TIMEOUT_MS),
                     QN_ERR_KEY_MISMATCH);
    assert_int_equal(result.failure, QN_CLOSE_KEY_MISMATCH);
    assert_int_equal(qn_lab_node_stop(node), QN_OK);
    assert_int_equal(qn_probe(&result, &place, keys[1], &network, NULL, TIMEOUT_MS), QN_ERR_IO);
    assert_int_equal(result.failure, QN_CLOSE_REFUSED);
}

static void a_probe_of_a_silent_node_times_out(void **state)
{
    struct qn_lab_node *node = qn_lab_node_start(&(struct qn_lab_options){0});
    struct qn_endpoint place = place_of(node);
    struct qn_network_id network = {{1}};
    struct qn_probe_result result;
    (void)state;

    assert_int_equal(qn_probe(&result, &place, keys[1], &network, NULL, 300), QN_ERR_TIMEOUT);
    assert_int_equal(result.failure, QN_CLOSE_HELLO_TIMEOUT);
    assert_true(result.handshake_us > 0); /* what was learned stays */
    assert_int_equal(qn_lab_node_stop(node), QN_OK);
}

static void a_probe_of_an_x509_server_says_no_key(void **state)
{
    struct qn_tls_peer_options options = {.key = QN_PEER_KEY_MLDSA65, .is_x509 = true};
    struct qn_tls_server *server = qn_tls_server_start(&options);
    struct qn_tls_peer_outcome outcome;
    struct qn_endpoint place = {.host = "localhost", .port = qn_tls_server_port(server)};
    struct qn_network_id network = {{0}};
    struct qn_probe_result result;
    (void)state;

    assert_int_equal(qn_probe(&result, &place, keys[1], &network, NULL, TIMEOUT_MS), QN_ERR_CLOSED);
    assert_int_equal(result.failure, QN_CLOSE_NO_KEY);
    qn_tls_server_finish(server, &outcome);
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
    for (unsigned suite = 1; suite <= SUITES; suite++) {
        keys[suite] = qn_key_generate((enum qn_suite_id)suite, seed);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_suites_agrees_on_a_hybrid_group),
        cmocka_unit_test(a_probe_expecting_another_key_says_so),
        cmocka_unit_test(a_probe_of_a_silent_node_times_out),
        cmocka_unit_test(a_probe_of_an_x509_server_says_no_key),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (unsigned suite = 1; suite <= SUITES; suite++) {
        qn_key_free(keys[suite]);
    }
    qn_crypto_fini();
    return failed;
}
