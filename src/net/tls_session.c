#include "net/tls.h"

#include "net/tls_internal.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <stdlib.h>

struct qn_tls_session *qn_tls_open(struct qn_tls *tls, int fd, bool is_client,
                                   const struct qn_node_id *expected_id)
{
    struct qn_tls_session *session = calloc(1, sizeof *session);

    if (session == NULL) {
        return NULL;
    }
    ERR_clear_error();
    session->failure_text = "";
    session->tls = tls;
    session->ssl = SSL_new(is_client ? tls->dialling : tls->accepting);
    if (session->ssl == NULL || SSL_set_fd(session->ssl, fd) != 1 ||
        SSL_set_app_data(session->ssl, session) != 1) {
        qn_tls_close(session);
        return NULL;
    }
    if (expected_id != NULL) {
        session->has_expected_id = true;
        session->expected_id = *expected_id;
    }
    if (is_client) {
        SSL_set_connect_state(session->ssl);
        if (session->has_expected_id) {
            qn_tls_offer_session(session);
        }
    } else {
        SSL_set_accept_state(session->ssl);
    }
    return session;
}

void qn_tls_close(struct qn_tls_session *session)
{
    if (session == NULL) {
        return;
    }
    if (session->ssl != NULL) {
        qn_tls_keep_resumable(session);
    }
    qn_tls_free_resumable(session);
    SSL_free(session->ssl);
    free(session);
}

void qn_tls_pad_handshake(struct qn_tls_session *session)
{
    /* Application data as it is. */
    (void)SSL_set_block_padding_ex(session->ssl, 0, QN_TLS_PADDED_LEN);
}

enum qn_tls_result qn_tls_handshake(struct qn_tls_session *session)
{
    ERR_clear_error();
    int done = SSL_do_handshake(session->ssl);
    enum qn_tls_result result = done == 1 ? QN_TLS_DONE : qn_tls_outcome(session, done);
    if (result == QN_TLS_DONE && !qn_tls_check_peer(session)) {
        result = QN_TLS_FAILED;
    }
    session->is_checked = result == QN_TLS_DONE;
    if (result == QN_TLS_FAILED || result == QN_TLS_CLOSED) {
        qn_tls_drop_offered(session);
    }
    return result;
}

bool qn_tls_is_resumed(const struct qn_tls_session *session)
{
    return SSL_session_reused(session->ssl) == 1;
}

void qn_tls_peer_key(const struct qn_tls_session *session, struct qn_public_key *key)
{
    enum qn_close_reason reason = QN_CLOSE_NORMAL;

    QN_ASSERT(qn_tls_read_peer_key(session->ssl, key, &reason));
}

const char *qn_tls_group(const struct qn_tls_session *session)
{
    const char *name = qn_tls_hybrid_group(session->ssl);

    return name != NULL ? name : "";
}

const char *qn_tls_version(const struct qn_tls_session *session)
{
    return SSL_get_version(session->ssl);
}

enum qn_tls_result qn_tls_read(struct qn_tls_session *session, uint8_t *bytes, size_t capacity,
                               size_t *len)
{
    ERR_clear_error();
    int result = SSL_read_ex(session->ssl, bytes, capacity, len);
    return result == 1 ? QN_TLS_DONE : qn_tls_outcome(session, result);
}

enum qn_tls_result qn_tls_write(struct qn_tls_session *session, const uint8_t *bytes, size_t len)
{
    size_t written = 0;

    QN_ASSERT(len > 0 && len <= QN_TLS_RECORD_LEN_MAX);
    ERR_clear_error();
    int result = SSL_write_ex(session->ssl, bytes, len, &written);
    if (result != 1) {
        return qn_tls_outcome(session, result);
    }
    QN_ASSERT(written == len); /* without SSL_MODE_ENABLE_PARTIAL_WRITE */
    return QN_TLS_DONE;
}

enum qn_tls_result qn_tls_shutdown(struct qn_tls_session *session)
{
    ERR_clear_error();
    int result = SSL_shutdown(session->ssl);
    return result >= 0 ? QN_TLS_DONE : qn_tls_outcome(session, result);
}

bool qn_tls_update_key(struct qn_tls_session *session)
{
    ERR_clear_error();
    return SSL_key_update(session->ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1;
}

struct qn_tls_stats qn_tls_stats(const struct qn_tls_session *session)
{
    return (struct qn_tls_stats){
        .bytes_sent = BIO_number_written(SSL_get_wbio(session->ssl)),
        .bytes_received = BIO_number_read(SSL_get_rbio(session->ssl)),
    };
}
