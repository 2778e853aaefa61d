/* A small HTTP/1.1 client for the command line and the devnet: one request, one answer, one connection.
 *
 * Blocking, any thread. Strict: an answer that is not plain HTTP/1.x with a known length, or that ends
 * early, is an error and never a short body. The name is resolved first, which may take as long as the
 * system's resolver does; the time-out is for all that follows. */
#ifndef QN_API_CLIENT_H
#define QN_API_CLIENT_H

#include "wire/types.h"

enum {
    QN_API_CLIENT_BODY_LEN_MAX = 8 * 1024 * 1024,
    QN_API_CLIENT_HEAD_LEN_MAX = 16384,
    QN_API_CLIENT_TYPE_LEN_MAX = 63,
};

struct qn_api_client_answer {
    unsigned status;                                   /* 200..599 */
    char content_type[QN_API_CLIENT_TYPE_LEN_MAX + 1]; /* without parameters; "" if not told */
    char *body;                                        /* NUL-terminated, heap, never NULL */
    size_t body_len;                                   /* the NUL not counted */
};

/* Any status is QN_OK: what it means is the caller's business. path begins with '/' and is sent as it
 * is. On errors *answer is untouched and why (QN_TEXT_LEN_MAX + 1) tells a person:
 * QN_ERR_INVALID    path or content type hold characters that no request may have
 * QN_ERR_IO         the name does not resolve, nobody listens, the connection broke
 * QN_ERR_TIMEOUT    not answered in time
 * QN_ERR_CLOSED     closed before the answer was complete
 * QN_ERR_MALFORMED  not HTTP
 * QN_ERR_TOO_BIG    head or body over the limits above */
QN_MUST_USE enum qn_err qn_api_client_get(struct qn_api_client_answer *answer,
                                          const struct qn_endpoint *server, const char *path,
                                          unsigned timeout_ms, char *why);
QN_MUST_USE enum qn_err qn_api_client_post(struct qn_api_client_answer *answer,
                                           const struct qn_endpoint *server, const char *path,
                                           const char *content_type, struct qn_span body,
                                           unsigned timeout_ms, char *why);
QN_MUST_USE enum qn_err qn_api_client_delete(struct qn_api_client_answer *answer,
                                             const struct qn_endpoint *server, const char *path,
                                             unsigned timeout_ms, char *why);
/* Frees the body; an all-zero answer is allowed. */
void qn_api_client_answer_fini(struct qn_api_client_answer *answer);

#endif
