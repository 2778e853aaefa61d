/* From OpenSSL's errors to our reasons. */
#include "net/tls_internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>

void qn_tls_fail(struct qn_tls_session *session, enum qn_close_reason reason, const char *text)
{
    /* What a callback found out is more precise than what OpenSSL makes of it afterwards. */
    if (session->failure == QN_CLOSE_NORMAL) {
        session->failure = reason;
        session->failure_text = text;
    }
}

enum qn_close_reason qn_tls_failure(const struct qn_tls_session *session)
{
    return session->failure;
}

const char *qn_tls_failure_text(const struct qn_tls_session *session)
{
    return session->failure_text;
}

static enum qn_close_reason reason_of(int ssl_reason)
{
    switch (ssl_reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        return QN_CLOSE_TLS_VERSION;
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_GROUPS:
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_BAD_KEY_SHARE:
    case SSL_R_MISSING_SUPPORTED_GROUPS_EXTENSION:
        return QN_CLOSE_TLS_GROUP;
    case SSL_R_NO_APPLICATION_PROTOCOL:
    case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
        return QN_CLOSE_ALPN;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        return QN_CLOSE_NO_KEY;
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
    case SSL_R_SIGNATURE_ALGORITHMS_ERROR:
    case SSL_R_WRONG_SIGNATURE_TYPE:
        return QN_CLOSE_WRONG_KEY_TYPE;
    default:
        return QN_CLOSE_TLS_FAILED;
    }
}

static enum qn_tls_result closed(struct qn_tls_session *session, const char *text)
{
    qn_tls_fail(session, QN_CLOSE_PEER_CLOSED, text);
    return QN_TLS_CLOSED;
}

static enum qn_tls_result protocol_failed(struct qn_tls_session *session)
{
    unsigned long error = ERR_peek_error();
    const char *text = ERR_reason_error_string(error);

    if (ERR_GET_LIB(error) == ERR_LIB_SSL &&
        ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        return closed(session, "connection lost");
    }
    qn_tls_fail(session,
                ERR_GET_LIB(error) == ERR_LIB_SSL ? reason_of(ERR_GET_REASON(error))
                                                  : QN_CLOSE_TLS_FAILED,
                text != NULL ? text : "TLS failed");
    return QN_TLS_FAILED;
}

static enum qn_tls_result socket_failed(struct qn_tls_session *session, int error)
{
    if (error == 0 || error == ECONNRESET || error == EPIPE) {
        return closed(session, "connection lost");
    }
    qn_tls_fail(session, QN_CLOSE_IO, strerrordesc_np(error));
    return QN_TLS_FAILED;
}

enum qn_tls_result qn_tls_outcome(struct qn_tls_session *session, int result)
{
    int error = errno; /* before anything else can change it */

    switch (SSL_get_error(session->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return QN_TLS_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return QN_TLS_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return closed(session, "closed by the peer");
    case SSL_ERROR_SYSCALL:
        return socket_failed(session, error);
    default:
        return protocol_failed(session);
    }
}
