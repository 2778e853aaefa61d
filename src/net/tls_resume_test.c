/* Resumed handshakes: what they save, and that they are held to everything a full one is held to. */
#include "net/tls_internal.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { STEPS_MAX = 64 };

/* One connection's two ends after they tried to shake hands. */
struct pair {
    int fds[2];
    struct qn_tls_session *client;
    struct qn_tls_session *server;
    enum qn_tls_result client_result;
    enum qn_tls_result server_result;
};

static struct qn_key *alice_key;
static struct qn_key *bob_key;
static struct qn_tls *alice; /* dials */
static struct qn_tls *bob;
static struct qn_node_id alice_id;
static struct qn_node_id bob_id;

static struct qn_key *fresh_key(void)
{
    uint8_t seed[QN_SEED_LEN];

    return qn_key_generate(QN_SUITE_MLDSA65, seed);
}

static int set_up(void **state)
{
    (void)state;
    alice_key = fresh_key();
    bob_key = fresh_key();
    alice = qn_tls_new(alice_key);
    bob = qn_tls_new(bob_key);
    alice_id = qn_public_key_id(qn_key_public(alice_key));
    bob_id = qn_public_key_id(qn_key_public(bob_key));
    return alice != NULL && bob != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    qn_tls_free(alice);
    qn_tls_free(bob);
    qn_key_free(alice_key);
    qn_key_free(bob_key);
    return 0;
}

static bool goes_on(enum qn_tls_result result)
{
    return result == QN_TLS_WANT_READ || result == QN_TLS_WANT_WRITE;
}

/* gives: the server lets the client resume. */
static void open_pair_that(struct pair *pair, bool gives, struct qn_tls *client,
                           struct qn_tls *server, const struct qn_node_id *expected_id)
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair->fds), 0);
    pair->client = qn_tls_open(client, pair->fds[0], true, expected_id);
    pair->server = qn_tls_open(server, pair->fds[1], false, NULL);
    pair->client_result = QN_TLS_WANT_READ;
    pair->server_result = QN_TLS_WANT_READ;
    for (unsigned i = 0; i < STEPS_MAX; i++) {
        if (goes_on(pair->client_result)) {
            pair->client_result = qn_tls_handshake(pair->client);
        }
        if (goes_on(pair->server_result)) {
            pair->server_result = qn_tls_handshake(pair->server);
        }
    }
    if (pair->client_result == QN_TLS_DONE && pair->server_result == QN_TLS_DONE) {
        uint8_t hello = 7; /* tickets are read with the first bytes */
        size_t len = 0;
        if (gives) {
            qn_tls_hand_out_ticket(pair->server);
        }
        assert_int_equal(qn_tls_write(pair->server, &hello, 1), QN_TLS_DONE);
        assert_int_equal(qn_tls_read(pair->client, &hello, 1, &len), QN_TLS_DONE);
    }
}

static void open_pair(struct pair *pair, struct qn_tls *client, struct qn_tls *server,
                      const struct qn_node_id *expected_id)
{
    open_pair_that(pair, true, client, server, expected_id);
}

/* Without a close_notify, like a line that broke. */
static void cut(struct pair *pair)
{
    qn_tls_close(pair->client);
    qn_tls_close(pair->server);
    (void)close(pair->fds[0]);
    (void)close(pair->fds[1]);
}

static void expect_key(const struct qn_tls_session *session, const struct qn_node_id *id)
{
    struct qn_public_key key;

    qn_tls_peer_key(session, &key);
    struct qn_node_id found = qn_public_key_id(&key);
    assert_memory_equal(found.bytes, id->bytes, sizeof id->bytes);
}

/* Shakes hands, checks all that holds for full and resumed ones alike, and cuts the connection. Returns
 * the bytes that the client got. */
static uint64_t expect_link(struct qn_tls *client, struct qn_tls *server,
                            const struct qn_node_id *server_id, bool is_resumed)
{
    struct pair pair;

    open_pair(&pair, client, server, server_id);
    assert_int_equal(pair.client_result, QN_TLS_DONE);
    assert_int_equal(pair.server_result, QN_TLS_DONE);
    assert_int_equal(qn_tls_is_resumed(pair.client), is_resumed);
    assert_int_equal(qn_tls_is_resumed(pair.server), is_resumed);
    assert_string_equal(qn_tls_group(pair.client), "X25519MLKEM768");
    assert_string_equal(qn_tls_group(pair.server), "X25519MLKEM768");
    expect_key(pair.client, server_id);
    expect_key(pair.server, &alice_id);
    uint64_t received = qn_tls_stats(pair.client).bytes_received;
    print_message(
        "          %s: client sent %llu, received %llu\n", is_resumed ? "resumed" : "full",
        (unsigned long long)qn_tls_stats(pair.client).bytes_sent, (unsigned long long)received);
    cut(&pair);
    return received;
}

static void a_known_peer_is_resumed_with_a_hybrid_exchange_and_no_signature(void **state)
{
    (void)state;
    uint64_t full = expect_link(alice, bob, &bob_id, false);
    uint64_t resumed = expect_link(alice, bob, &bob_id, true);
    assert_true(full > 6000);    /* key and signature: 5.2 KB */
    assert_true(resumed > 1088); /* the share of ML-KEM-768 */
    assert_true(resumed < 2000);
    (void)expect_link(alice, bob, &bob_id, true);
}

static void a_resumed_handshake_does_not_make_its_session_last_longer(void **state)
{
    uint8_t before[QN_TLS_SESSION_LEN_MAX];
    uint8_t after[QN_TLS_SESSION_LEN_MAX];
    (void)state;

    (void)expect_link(alice, bob, &bob_id, false);
    size_t len = qn_tls_sessions_get(&alice->dialled, before, bob_id.bytes);
    assert_true(len > 0);
    (void)expect_link(alice, bob, &bob_id, true);
    assert_int_equal(qn_tls_sessions_get(&alice->dialled, after, bob_id.bytes), len);
    assert_memory_equal(before, after, len);
    assert_int_equal(qn_tls_sessions_count(&bob->accepted), 1);
}

/* A stranger takes no place of a peer's session, and no bytes of a ticket. */
static void who_got_no_ticket_is_not_kept_and_not_resumed(void **state)
{
    struct pair pair;
    (void)state;

    open_pair_that(&pair, false, alice, bob, &bob_id);
    assert_int_equal(pair.client_result, QN_TLS_DONE);
    struct qn_tls_stats stats = qn_tls_stats(pair.server);
    print_message("          without a ticket: server sent %llu, received %llu\n",
                  (unsigned long long)stats.bytes_sent, (unsigned long long)stats.bytes_received);
    cut(&pair);
    assert_int_equal(qn_tls_sessions_count(&alice->dialled), 0);
    assert_int_equal(qn_tls_sessions_count(&bob->accepted), 0);
    (void)expect_link(alice, bob, &bob_id, false);
}

/* Who dials unregistered pays for what it is told, whatever the two suites are. */
static void a_padded_handshake_is_longer_than_any_servers_half(void **state)
{
    static const enum qn_suite_id suites[] = {QN_SUITE_MLDSA44, QN_SUITE_MLDSA65, QN_SUITE_MLDSA87};
    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(suites) * QN_ARRAY_COUNT(suites); i++) {
        struct pair pair = {.client_result = QN_TLS_WANT_READ, .server_result = QN_TLS_WANT_READ};
        uint8_t seed[QN_SEED_LEN];
        struct qn_key *keys[2] = {qn_key_generate(suites[i % 3], seed),
                                  qn_key_generate(suites[i / 3], seed)};
        struct qn_tls *both[2] = {qn_tls_new(keys[0]), qn_tls_new(keys[1])};
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.fds), 0);
        pair.client = qn_tls_open(both[0], pair.fds[0], true, NULL);
        pair.server = qn_tls_open(both[1], pair.fds[1], false, NULL);
        qn_tls_pad_handshake(pair.client);
        for (unsigned step = 0; step < STEPS_MAX; step++) {
            pair.client_result =
                goes_on(pair.client_result) ? qn_tls_handshake(pair.client) : pair.client_result;
            pair.server_result =
                goes_on(pair.server_result) ? qn_tls_handshake(pair.server) : pair.server_result;
        }
        assert_int_equal(pair.server_result, QN_TLS_DONE);
        struct qn_tls_stats stats = qn_tls_stats(pair.server);
        print_message("          %s to %s: padded %llu, answered with %llu\n",
                      qn_suite_find(suites[i % 3])->name, qn_suite_find(suites[i / 3])->name,
                      (unsigned long long)stats.bytes_received,
                      (unsigned long long)stats.bytes_sent);
        assert_true(stats.bytes_received >= stats.bytes_sent + 1000); /* a REDIRECT and more */
        cut(&pair);
        for (size_t end = 0; end < 2; end++) {
            qn_tls_free(both[end]);
            qn_key_free(keys[end]);
        }
    }
}

static void a_server_that_forgot_shakes_hands_in_full(void **state)
{
    (void)state;
    (void)expect_link(alice, bob, &bob_id, false);
    qn_tls_free(bob);
    bob = qn_tls_new(bob_key); /* started anew */
    (void)expect_link(alice, bob, &bob_id, false);
    (void)expect_link(alice, bob, &bob_id, true);
}

static void another_key_at_the_same_address_is_refused(void **state)
{
    struct pair pair;
    struct qn_key *key = fresh_key();
    struct qn_tls *mallory = qn_tls_new(key);
    (void)state;

    (void)expect_link(alice, bob, &bob_id, false);
    open_pair(&pair, alice, mallory, &bob_id);
    assert_int_equal(pair.client_result, QN_TLS_FAILED);
    assert_int_equal(qn_tls_failure(pair.client), QN_CLOSE_KEY_MISMATCH);
    cut(&pair);
    (void)expect_link(alice, bob, &bob_id, false); /* what did not work is not offered again */
    qn_tls_free(mallory);
    qn_key_free(key);
}

static void who_expects_nobody_offers_nothing(void **state)
{
    struct pair pair;
    (void)state;

    (void)expect_link(alice, bob, &bob_id, false);
    open_pair(&pair, alice, bob, NULL);
    assert_int_equal(pair.client_result, QN_TLS_DONE);
    assert_false(qn_tls_is_resumed(pair.client));
    cut(&pair);
}

/* A session of another peer in the place of the expected one's: the resumed handshake itself works. */
static void the_key_of_a_resumed_session_must_be_the_expected_one(void **state)
{
    uint8_t bytes[QN_TLS_SESSION_LEN_MAX];
    struct pair pair;
    struct qn_node_id carol = {{1, 2, 3}};
    (void)state;

    (void)expect_link(alice, bob, &bob_id, false);
    size_t len = qn_tls_sessions_get(&alice->dialled, bytes, bob_id.bytes);
    qn_tls_sessions_put(&alice->dialled, carol.bytes, bytes, len);
    open_pair(&pair, alice, bob, &carol);
    assert_int_equal(SSL_session_reused(pair.client->ssl), 1);
    assert_int_equal(pair.client_result, QN_TLS_FAILED);
    assert_int_equal(qn_tls_failure(pair.client), QN_CLOSE_KEY_MISMATCH);
    cut(&pair);
    assert_int_equal(qn_tls_sessions_get(&alice->dialled, bytes, carol.bytes), 0);
}

/* Makes bob's memory of alice's session as old as this. */
static void make_older(qn_time_us age)
{
    uint8_t bytes[QN_TLS_SESSION_LEN_MAX];
    const unsigned char *at = bytes;
    unsigned char *end = bytes;
    const unsigned char *name = NULL;
    uint8_t key[QN_HASH_LEN];
    size_t name_len = 0;

    size_t len = qn_tls_sessions_get(&alice->dialled, bytes, bob_id.bytes);
    SSL_SESSION *session = d2i_SSL_SESSION(NULL, &at, (long)len);
    SSL_SESSION_get0_ticket(session, &name, &name_len);
    assert_int_equal(name_len, sizeof key);
    memcpy(key, name, sizeof key);
    SSL_SESSION_free(session);
    at = bytes;
    len = qn_tls_sessions_get(&bob->accepted, bytes, key);
    session = d2i_SSL_SESSION(NULL, &at, (long)len);
    (void)SSL_SESSION_set_time_ex(session,
                                  SSL_SESSION_get_time_ex(session) - (time_t)(age / QN_SECONDS(1)));
    qn_tls_sessions_put(&bob->accepted, key, bytes, (size_t)i2d_SSL_SESSION(session, &end));
    SSL_SESSION_free(session);
}

static void a_session_ends_with_its_lifetime(void **state)
{
    (void)state;
    (void)expect_link(alice, bob, &bob_id, false);
    make_older(QN_TLS_SESSION_LIFETIME - QN_SECONDS(100));
    (void)expect_link(alice, bob, &bob_id, true);
    make_older(QN_SECONDS(101));
    (void)expect_link(alice, bob, &bob_id, false);
}

static void who_breaks_the_protocol_is_not_resumed(void **state)
{
    struct pair pair;
    uint8_t byte = 0;
    size_t len = 0;
    (void)state;

    open_pair(&pair, alice, bob, &bob_id);
    assert_int_equal(write(pair.fds[0], "not a record of TLS", 19), 19);
    assert_int_equal(qn_tls_read(pair.server, &byte, 1, &len), QN_TLS_FAILED);
    cut(&pair);
    assert_int_equal(qn_tls_sessions_count(&bob->accepted), 0);
    (void)expect_link(alice, bob, &bob_id, false);
}

static void a_name_that_nobody_gave_out_is_a_full_handshake(void **state)
{
    uint8_t bytes[QN_TLS_SESSION_LEN_MAX];
    (void)state;

    (void)expect_link(alice, bob, &bob_id, false);
    size_t len = qn_tls_sessions_get(&alice->dialled, bytes, bob_id.bytes);
    assert_true(len > 0);
    qn_tls_sessions_fini(&bob->accepted);
    qn_tls_sessions_init(&bob->accepted, 1);
    (void)expect_link(alice, bob, &bob_id, false);
}

/* --- The store --- */

static void the_store_keeps_the_newest_keys(void **state)
{
    struct qn_tls_sessions store;
    uint8_t out[QN_TLS_SESSION_LEN_MAX];
    (void)state;

    qn_tls_sessions_init(&store, 3);
    for (uint8_t i = 1; i <= 4; i++) {
        uint8_t key[QN_HASH_LEN] = {i};
        qn_tls_sessions_put(&store, key, key, i);
    }
    assert_int_equal(qn_tls_sessions_count(&store), 3);
    for (uint8_t i = 1; i <= 4; i++) {
        uint8_t key[QN_HASH_LEN] = {i};
        assert_int_equal(qn_tls_sessions_get(&store, out, key), i == 1 ? 0 : i);
    }
    uint8_t key[QN_HASH_LEN] = {3};
    qn_tls_sessions_put(&store, key, key, 20); /* replaced in its place: nobody gives way */
    assert_int_equal(qn_tls_sessions_get(&store, out, key), 20);
    assert_int_equal(qn_tls_sessions_count(&store), 3);
    qn_tls_sessions_remove(&store, key);
    qn_tls_sessions_remove(&store, key);
    assert_int_equal(qn_tls_sessions_get(&store, out, key), 0);
    assert_int_equal(qn_tls_sessions_count(&store), 2);
    qn_tls_sessions_put(&store, key, out, 0);
    qn_tls_sessions_put(&store, key, out, QN_TLS_SESSION_LEN_MAX + 1);
    assert_int_equal(qn_tls_sessions_count(&store), 2);
    qn_tls_sessions_fini(&store);
}

#define BOTH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const char *why = NULL;
    if (qn_crypto_init(&why) != QN_OK) {
        print_error("%s\n", why);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        BOTH(a_known_peer_is_resumed_with_a_hybrid_exchange_and_no_signature),
        BOTH(a_resumed_handshake_does_not_make_its_session_last_longer),
        BOTH(who_got_no_ticket_is_not_kept_and_not_resumed),
        BOTH(a_padded_handshake_is_longer_than_any_servers_half),
        BOTH(a_server_that_forgot_shakes_hands_in_full),
        BOTH(another_key_at_the_same_address_is_refused),
        BOTH(who_expects_nobody_offers_nothing),
        BOTH(the_key_of_a_resumed_session_must_be_the_expected_one),
        BOTH(a_session_ends_with_its_lifetime),
        BOTH(who_breaks_the_protocol_is_not_resumed),
        BOTH(a_name_that_nobody_gave_out_is_a_full_handshake),
        cmocka_unit_test(the_store_keeps_the_newest_keys),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    qn_crypto_fini();
    return failed;
}
