/* Resumption: a session of a full handshake lets the same two keys shake hands again without signatures,
 * with a fresh hybrid key exchange (psk_dhe_ke, RFC 8446 section 4.2.9).
 *
 * The accepting side keeps the sessions and hands out their names only (stateful): a ticket that carried
 * the session would carry the peer's key as well, 2.2 KB each way instead of 32 bytes. A session is encoded
 * when it has its ticket, because OpenSSL's own form of the peer's key takes four times as much, and put away
 * when its link ends. A resumed handshake makes no further session, so that at least every
 * QN_TLS_SESSION_LIFETIME a peer proves its key anew. */
#include "net/tls_internal.h"

#include "crypto/key.h"

#include <openssl/err.h>
#include <string.h>

/* The first encoding stays: of what a peer sends later nothing has its key any more. */
static void encode(struct qn_tls_session *session, SSL_SESSION *resumable)
{
    if (session->resumable == NULL) {
        int len = i2d_SSL_SESSION(resumable, &session->resumable);
        session->resumable_len = len > 0 ? len : 0;
    }
    if (session->resumable_len > QN_TLS_SESSION_LEN_MAX) { /* a ticket that no node of ours sends */
        qn_tls_free_resumable(session);
    }
}

static SSL_SESSION *decode(struct qn_tls_sessions *sessions, const uint8_t key[QN_HASH_LEN])
{
    uint8_t bytes[QN_TLS_SESSION_LEN_MAX];
    const unsigned char *at = bytes;
    size_t len = qn_tls_sessions_get(sessions, bytes, key);
    SSL_SESSION *session = len > 0 ? d2i_SSL_SESSION(NULL, &at, (long)len) : NULL;

    qn_wipe(bytes, len);
    return session;
}

/* --- Dialling: sessions by the node id of the other end --- */

void qn_tls_offer_session(struct qn_tls_session *session)
{
    SSL_SESSION *kept = decode(&session->tls->dialled, session->expected_id.bytes);

    if (kept == NULL) {
        return;
    }
    session->has_offered =
        SSL_SESSION_is_resumable(kept) == 1 && SSL_set_session(session->ssl, kept) == 1;
    SSL_SESSION_free(kept);
}

void qn_tls_drop_offered(struct qn_tls_session *session)
{
    if (session->has_offered) {
        qn_tls_sessions_remove(&session->tls->dialled, session->expected_id.bytes);
    }
}

/* --- Accepting: sessions by their names --- */

static bool read_name(uint8_t name[QN_HASH_LEN], const unsigned char *bytes, size_t len)
{
    if (len != QN_HASH_LEN) {
        return false;
    }
    memcpy(name, bytes, len);
    return true;
}

static bool name_of(uint8_t name[QN_HASH_LEN], const SSL_SESSION *session)
{
    unsigned len = 0;
    const unsigned char *bytes = SSL_SESSION_get_id(session, &len);

    return read_name(name, bytes, len);
}

static SSL_SESSION *on_get(SSL *ssl, const unsigned char *bytes, int len, int *copy)
{
    struct qn_tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    uint8_t name[QN_HASH_LEN];

    *copy = 0;
    return read_name(name, bytes, (size_t)len) ? decode(&tls->accepted, name) : NULL;
}

static void on_remove(SSL_CTX *context, SSL_SESSION *session)
{
    struct qn_tls *tls = SSL_CTX_get_app_data(context);
    uint8_t name[QN_HASH_LEN];

    if (name_of(name, session)) {
        qn_tls_sessions_remove(&tls->accepted, name);
    }
}

/* The key that was proved counts, not the one that was expected. */
static void put_away(struct qn_tls_session *session, const SSL_SESSION *ended)
{
    struct qn_tls *tls = session->tls;
    const uint8_t *bytes = session->resumable;
    size_t len = (size_t)session->resumable_len;
    uint8_t name[QN_HASH_LEN];

    if (SSL_is_server(session->ssl) != 1) {
        qn_tls_sessions_put(&tls->dialled, session->peer_id.bytes, bytes, len);
    } else if (name_of(name, ended)) {
        qn_tls_sessions_put(&tls->accepted, name, bytes, len);
    }
}

void qn_tls_keep_resumable(struct qn_tls_session *session)
{
    SSL_SESSION *ended = SSL_get0_session(session->ssl);

    if (session->failure == QN_CLOSE_TLS_FAILED || !session->is_checked ||
        SSL_SESSION_is_resumable(ended) != 1) {
        return;
    }
    encode(session, ended);
    if (session->resumable != NULL) {
        put_away(session, ended);
    }
    /* OpenSSL forgets the session of a connection that ended without a close_notify; one that merely
     * broke is the very one to resume. */
    SSL_set_shutdown(session->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void qn_tls_free_resumable(struct qn_tls_session *session)
{
    OPENSSL_clear_free(session->resumable, (size_t)session->resumable_len);
    session->resumable = NULL;
    session->resumable_len = 0;
}

/* --- What only the handshake needs --- */

/* OpenSSL has no call that drops a key which a connection holds. Another type makes the object give up what it has
 * of the old one, and leaves an empty shell to those who refer to it. */
static void empty(EVP_PKEY *key)
{
    if (key != NULL && EVP_PKEY_set_type(key, EVP_PKEY_X25519) != 1) {
        ERR_clear_error();
    }
}

/* Sessions that may be resumed keep the key in their own, shorter form; one that has no such form yet gets it with its
 * ticket, unless it was resumed itself and gets none. */
static void drop_peer_key(struct qn_tls_session *session)
{
    if (session->is_settled && (session->resumable != NULL || qn_tls_is_resumed(session))) {
        empty(SSL_get0_peer_rpk(session->ssl));
    }
}

/* The session has its ticket. */
static int on_new(SSL *ssl, SSL_SESSION *made)
{
    struct qn_tls_session *session = SSL_get_app_data(ssl);

    encode(session, made);
    drop_peer_key(session);
    return 0; /* without a reference to it */
}

void qn_tls_settle(struct qn_tls_session *session)
{
    SSL_SESSION *resumed = SSL_get0_session(session->ssl);
    EVP_PKEY *share = NULL;

    QN_ASSERT(session->is_checked);
    if (SSL_get_peer_tmp_key(session->ssl, &share) == 1) {
        empty(share);
        EVP_PKEY_free(share);
    }
    if (SSL_get_tmp_key(session->ssl, &share) == 1) {
        empty(share);
        EVP_PKEY_free(share);
    }
    if (qn_tls_is_resumed(session) && SSL_SESSION_is_resumable(resumed) == 1) {
        encode(session, resumed);
    }
    session->is_settled = true;
    drop_peer_key(session);
}

bool qn_tls_set_resumption(struct qn_tls *tls, SSL_CTX *context, bool is_client)
{
    long mode = (is_client ? SSL_SESS_CACHE_CLIENT : SSL_SESS_CACHE_SERVER) |
                SSL_SESS_CACHE_NO_INTERNAL | SSL_SESS_CACHE_NO_AUTO_CLEAR;

    (void)SSL_CTX_set_session_cache_mode(context, mode);
    (void)SSL_CTX_set_timeout(context, QN_TLS_SESSION_LIFETIME / QN_SECONDS(1));
    SSL_CTX_sess_set_new_cb(context, on_new);
    SSL_CTX_sess_set_get_cb(context, on_get);
    SSL_CTX_sess_set_remove_cb(context, is_client ? NULL : on_remove);
    return SSL_CTX_set_app_data(context, tls) == 1 &&
           SSL_CTX_set_num_tickets(context, 0) == 1 && /* qn_tls_hand_out_ticket */
           SSL_CTX_set_session_id_context(context, qn_tls_alpn, sizeof qn_tls_alpn) == 1;
}

void qn_tls_hand_out_ticket(struct qn_tls_session *session)
{
    if (SSL_is_server(session->ssl) == 1 && SSL_session_reused(session->ssl) == 0 &&
        SSL_new_session_ticket(session->ssl) == 1) {
        /* What does not go out now does with the next write, and what failed fails there again. */
        (void)SSL_do_handshake(session->ssl);
    }
}
