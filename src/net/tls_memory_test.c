/* What OpenSSL holds for an open link, counted by the byte. */
#include "net/tls.h"

#include "crypto/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/crypto.h>

enum {
    STEPS_MAX = 20,
    LINKS = 8,
    HELD_MAX = 25 * 1024, /* bytes of one end; 38 KiB with all that the handshake needed */
    HEADER_LEN = 16,      /* keeps what follows aligned */
};

static size_t held; /* bytes, by OpenSSL; everything here runs on one thread */

static void *take(size_t len, const char *file, int line)
{
    uint8_t *piece = malloc(HEADER_LEN + len);

    (void)file;
    (void)line;
    if (piece == NULL) {
        return NULL;
    }
    memcpy(piece, &len, sizeof len);
    held += len;
    return piece + HEADER_LEN;
}

static void give(void *bytes, const char *file, int line)
{
    size_t len = 0;

    (void)file;
    (void)line;
    if (bytes == NULL) {
        return;
    }
    uint8_t *piece = (uint8_t *)bytes - HEADER_LEN;
    memcpy(&len, piece, sizeof len);
    held -= len;
    free(piece);
}

static void *change(void *bytes, size_t len, const char *file, int line)
{
    size_t before = 0;

    if (bytes == NULL || len == 0) {
        give(bytes, file, line);
        return len == 0 ? NULL : take(len, file, line);
    }
    memcpy(&before, (uint8_t *)bytes - HEADER_LEN, sizeof before);
    void *made = take(len, file, line);
    if (made != NULL) {
        memcpy(made, bytes, before < len ? before : len);
        give(bytes, file, line);
    }
    return made;
}

struct end {
    struct qn_key *key;
    struct qn_tls *tls;
};

struct pair {
    int fds[2];
    struct qn_tls_session *sessions[2]; /* dialled, accepted */
};

static void end_init(struct end *end)
{
    uint8_t seed[QN_SEED_LEN];

    end->key = qn_key_generate(QN_SUITE_MLDSA65, seed);
    assert_non_null(end->key);
    end->tls = qn_tls_new(end->key);
    assert_non_null(end->tls);
}

static void end_fini(struct end *end)
{
    qn_tls_free(end->tls);
    qn_key_free(end->key);
}

/* Shakes hands; both let go of what that needed before the ticket is read, as links do. */
static void open_pair(struct pair *pair, const struct end *ends, bool is_resumed)
{
    struct qn_node_id id = qn_public_key_id(qn_key_public(ends[1].key));
    enum qn_tls_result results[2] = {QN_TLS_WANT_READ, QN_TLS_WANT_READ};
    uint8_t byte = 7;
    size_t len = 0;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair->fds), 0);
    pair->sessions[0] = qn_tls_open(ends[0].tls, pair->fds[0], true, &id);
    pair->sessions[1] = qn_tls_open(ends[1].tls, pair->fds[1], false, NULL);
    for (unsigned i = 0; i < STEPS_MAX; i++) {
        size_t turn = i % 2;
        if (results[turn] != QN_TLS_DONE) {
            results[turn] = qn_tls_handshake(pair->sessions[turn]);
        }
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(results[i], QN_TLS_DONE);
        assert_int_equal(qn_tls_is_resumed(pair->sessions[i]), is_resumed);
        qn_tls_settle(pair->sessions[i]);
    }
    qn_tls_hand_out_ticket(pair->sessions[1]);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(qn_tls_write(pair->sessions[i], &byte, 1), QN_TLS_DONE);
        assert_int_equal(qn_tls_read(pair->sessions[1 - i], &byte, 1, &len), QN_TLS_DONE);
        assert_true(qn_tls_update_key(pair->sessions[i]));
    }
}

static void close_pair(struct pair *pair)
{
    for (size_t i = 0; i < 2; i++) {
        qn_tls_close(pair->sessions[i]);
        (void)close(pair->fds[i]);
    }
}

static void expect_little(const struct end *ends, bool is_resumed)
{
    struct pair pairs[LINKS];
    struct pair first;

    open_pair(&first, ends, is_resumed); /* what all share is made with the first */
    size_t before = held;
    for (size_t i = 0; i < LINKS; i++) {
        open_pair(&pairs[i], ends, is_resumed);
    }
    size_t of_an_end = (held - before) / (size_t)(2 * LINKS);
    print_message("          %s: OpenSSL holds %zu bytes at each end of a link\n",
                  is_resumed ? "resumed" : "full", of_an_end);
    assert_true(of_an_end <= HELD_MAX);
    for (size_t i = 0; i < LINKS; i++) {
        close_pair(&pairs[i]);
    }
    close_pair(&first);
}

static void an_open_link_holds_nothing_that_only_its_handshake_needed(void **state)
{
    struct end ends[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        end_init(&ends[i]);
    }
    expect_little(ends, false);
    expect_little(ends, true); /* the same key is still proved to both */
    for (size_t i = 0; i < 2; i++) {
        end_fini(&ends[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_open_link_holds_nothing_that_only_its_handshake_needed),
    };
    const char *why = NULL;
    if (CRYPTO_set_mem_functions(take, change, give) != 1 || qn_crypto_init(&why) != QN_OK) {
        return EXIT_FAILURE;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    qn_crypto_fini();
    return failed;
}
