/* Resumption: a session of a full handshake lets the same two keys shake hands again without signatures,
 * with a fresh hybrid key exchange (psk_dhe_ke, RFC 8446 section 4.2.9).
 *
 * The accepting side keeps the sessions and hands out their names only (stateful): a ticket that carried
 * the session would carry the peer's key as well, 2.2 KB each way instead of 32 bytes. Both sides put a
 * session away when its link ends: a live one has it in OpenSSL's form already. A resumed
 * handshake makes no further session, so that at least every QN_TLS_SESSION_LIFETIME a peer proves its
 * key anew. */
#include "net/tls_internal.h"

#include "crypto/key.h"

#include <string.h>

/* Encodes into bytes (QN_TLS_SESSION_LEN_MAX). 0: it is larger than any session of two nodes. */
static size_t encode(uint8_t *bytes, SSL_SESSION *session)
{
    unsigned char *at = bytes;
    int len = i2d_SSL_SESSION(session, NULL);

    if (len <= 0 || len > QN_TLS_SESSION_LEN_MAX) {
        return 0;
    }
    return (size_t)i2d_SSL_SESSION(session, &at);
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

static void keep(struct qn_tls_sessions *sessions, const uint8_t key[QN_HASH_LEN],
                 SSL_SESSION *session)
{
    uint8_t bytes[QN_TLS_SESSION_LEN_MAX];
    size_t len = encode(bytes, session);

    qn_tls_sessions_put(sessions, key, bytes, len);
    qn_wipe(bytes, len);
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

bool qn_tls_set_resumption(struct qn_tls *tls, SSL_CTX *context, bool is_client)
{
    long mode = (is_client ? SSL_SESS_CACHE_CLIENT : SSL_SESS_CACHE_SERVER) |
                SSL_SESS_CACHE_NO_INTERNAL | SSL_SESS_CACHE_NO_AUTO_CLEAR;

    (void)SSL_CTX_set_session_cache_mode(context, mode);
    (void)SSL_CTX_set_timeout(context, QN_TLS_SESSION_LIFETIME / QN_SECONDS(1));
    SSL_CTX_sess_set_get_cb(context, on_get);
    SSL_CTX_sess_set_remove_cb(context, is_client ? NULL : on_remove);
    return SSL_CTX_set_app_data(context, tls) == 1 &&
           SSL_CTX_set_num_tickets(context, is_client ? 0 : 1) == 1 &&
           SSL_CTX_set_session_id_context(context, qn_tls_alpn, sizeof qn_tls_alpn) == 1;
}

/* The key that was proved counts, not the one that was expected. */
static bool dialled_name(uint8_t name[QN_HASH_LEN], const SSL *ssl)
{
    struct qn_public_key key;
    enum qn_close_reason reason = QN_CLOSE_NORMAL;

    if (!qn_tls_read_peer_key(ssl, &key, &reason)) {
        return false;
    }
    struct qn_node_id id = qn_public_key_id(&key);
    memcpy(name, id.bytes, QN_HASH_LEN);
    return true;
}

void qn_tls_keep_resumable(struct qn_tls_session *session)
{
    SSL_SESSION *ended = SSL_get0_session(session->ssl);
    struct qn_tls *tls = session->tls;
    uint8_t name[QN_HASH_LEN];

    if (session->failure == QN_CLOSE_TLS_FAILED || !session->is_checked ||
        SSL_SESSION_is_resumable(ended) != 1) {
        return;
    }
    if (SSL_is_server(session->ssl) == 1) {
        if (name_of(name, ended)) {
            keep(&tls->accepted, name, ended);
        }
    } else if (dialled_name(name, session->ssl)) {
        keep(&tls->dialled, name, ended);
    }
    /* OpenSSL forgets the session of a connection that ended without a close_notify; one that merely
     * broke is the very one to resume. */
    SSL_set_shutdown(session->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}
