/* Who may be at the other end: the callbacks of the handshake, and the check after it. */
#include "net/tls_internal.h"

#include "wire/types.h"

#include <string.h>

enum {
    EXTENSION_VERSIONS = 43, /* supported_versions, RFC 8446 section 4.2.1 */
    CERTIFICATE_TYPES_MAX = 255,
};

static struct qn_tls_session *session_of(const SSL *ssl)
{
    return SSL_get_app_data(ssl);
}

static bool take_key(struct qn_public_key *key, enum qn_close_reason *reason, EVP_PKEY *pkey)
{
    if (pkey == NULL) {
        *reason = QN_CLOSE_NO_KEY;
        return false;
    }
    bool is_taken = qn_public_key_of_tls(key, pkey);

    if (!is_taken) {
        *reason = QN_CLOSE_WRONG_KEY_TYPE;
    }
    return is_taken;
}

bool qn_tls_read_peer_key(const SSL *ssl, struct qn_public_key *key, enum qn_close_reason *reason)
{
    return take_key(key, reason, SSL_get0_peer_rpk(ssl));
}

static bool is_expected(const struct qn_tls_session *session)
{
    return !session->has_expected_id || qn_node_id_equal(&session->peer_id, &session->expected_id);
}

static bool judge(struct qn_tls_session *session, EVP_PKEY *pkey)
{
    struct qn_public_key key;
    enum qn_close_reason reason = QN_CLOSE_NORMAL;

    if (!take_key(&key, &reason, pkey)) {
        qn_tls_fail(session, reason,
                    reason == QN_CLOSE_NO_KEY ? "the peer has no raw public key"
                                              : "the peer's key is of no suite that nodes use");
        return false;
    }
    session->peer_id = qn_public_key_id(&key);
    if (!is_expected(session)) {
        qn_tls_fail(session, QN_CLOSE_KEY_MISMATCH, "the peer's key is not the expected one");
        return false;
    }
    return true;
}

/* A key that OpenSSL has no anchor for always arrives here with an error (RPK_UNTRUSTED): whether
 * it may pass is our decision alone. A certificate has no raw key and never passes. */
int qn_tls_on_verify(int is_ok, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());

    (void)is_ok;
    if (!judge(session_of(ssl), X509_STORE_CTX_get0_rpk(store))) {
        return 0;
    }
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
}

int qn_tls_on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned in_len, void *context)
{
    unsigned char *chosen = NULL;

    (void)context;
    if (SSL_select_next_proto(&chosen, out_len, qn_tls_alpn, sizeof qn_tls_alpn, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED) {
        qn_tls_fail(session_of(ssl), QN_CLOSE_ALPN, "the peer does not speak qnet/1");
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static bool offers_tls13(SSL *ssl)
{
    const unsigned char *bytes = NULL;
    size_t len = 0;

    if (SSL_client_hello_get0_ext(ssl, EXTENSION_VERSIONS, &bytes, &len) != 1) {
        return false;
    }
    for (size_t i = 1; i + 1 < len; i += 2) { /* after one byte of length */
        if (bytes[i] == 3 && bytes[i + 1] == 4) {
            return true;
        }
    }
    return false;
}

/* The extension is one byte of length and that many types. */
static bool offers_raw_key(SSL *ssl, unsigned extension)
{
    const unsigned char *bytes = NULL;
    size_t len = 0;

    if (SSL_client_hello_get0_ext(ssl, extension, &bytes, &len) != 1 || len < 2 ||
        len > 1 + CERTIFICATE_TYPES_MAX) {
        return false;
    }
    return memchr(bytes + 1, TLSEXT_cert_type_rpk, len - 1) != NULL;
}

/* A client that cannot use raw keys is turned away before it costs a key exchange and a signature.
 * An older TLS is left to OpenSSL, which has the better words for it. */
int qn_tls_on_client_hello(SSL *ssl, int *alert, void *context)
{
    (void)context;
    if (!offers_tls13(ssl) || (offers_raw_key(ssl, TLSEXT_TYPE_client_cert_type) &&
                               offers_raw_key(ssl, TLSEXT_TYPE_server_cert_type))) {
        return SSL_CLIENT_HELLO_SUCCESS;
    }
    qn_tls_fail(session_of(ssl), QN_CLOSE_NO_KEY, "the peer offers no raw public key");
    *alert = SSL_AD_UNSUPPORTED_CERTIFICATE;
    return SSL_CLIENT_HELLO_ERROR;
}

static bool is_alpn_agreed(const SSL *ssl)
{
    const unsigned char *name = NULL;
    unsigned len = 0;

    SSL_get0_alpn_selected(ssl, &name, &len);
    return len == qn_tls_alpn[0] && memcmp(name, qn_tls_alpn + 1, len) == 0;
}

const char *qn_tls_hybrid_group(SSL *ssl)
{
    size_t count = 0;
    const struct qn_suite *suites = qn_suite_list(&count);
    const char *group = SSL_get0_group_name(ssl);

    for (size_t i = 0; group != NULL && i < count; i++) {
        if (suites[i].tls_group != NULL && OPENSSL_strcasecmp(group, suites[i].tls_group) == 0) {
            return suites[i].tls_group;
        }
    }
    return NULL;
}

bool qn_tls_check_peer(struct qn_tls_session *session)
{
    if (SSL_version(session->ssl) != TLS1_3_VERSION) {
        qn_tls_fail(session, QN_CLOSE_TLS_VERSION, "not TLS 1.3");
        return false;
    }
    if (qn_tls_hybrid_group(session->ssl) == NULL) {
        qn_tls_fail(session, QN_CLOSE_TLS_GROUP, "not a hybrid key exchange");
        return false;
    }
    if (!is_alpn_agreed(session->ssl)) {
        qn_tls_fail(session, QN_CLOSE_ALPN, "the peer does not speak qnet/1");
        return false;
    }
    return judge(session, SSL_get0_peer_rpk(session->ssl));
}
