/* What the tls_*.c files share. */
#ifndef QN_TLS_INTERNAL_H
#define QN_TLS_INTERNAL_H

#include "net/tls.h"
#include "net/tls_sessions.h"

#include <openssl/ssl.h>

struct qn_tls {
    SSL_CTX *dialling;
    SSL_CTX *accepting;
    struct qn_tls_sessions dialled;  /* by node id */
    struct qn_tls_sessions accepted; /* by the name that the other end was given */
};

struct qn_tls_session {
    SSL *ssl;
    struct qn_tls *tls;
    bool has_offered; /* a session that was kept */
    bool is_checked;  /* the handshake is done and the peer passed */
    bool is_settled;  /* OpenSSL's copy of the peer's key is not needed any more */
    bool has_expected_id;
    struct qn_node_id expected_id;
    struct qn_node_id peer_id; /* of the key that the peer has, once it said it */
    /* The session as it will be kept for resumption, in OpenSSL's encoding and memory; NULL: nothing to keep yet. */
    unsigned char *resumable;
    int resumable_len;
    enum qn_close_reason failure; /* NORMAL: none yet; callbacks set it before OpenSSL gives up */
    const char *failure_text;
};

/* Our own protocol in the form of SSL_CTX_set_alpn_protos. */
extern const uint8_t qn_tls_alpn[7];

/* A self-signed certificate for pkey. No peer is ever shown or asked for one: it only keeps a
 * server that has nothing but a raw key from the crash of CVE-2026-14457. NULL on failure. */
X509 *qn_tls_certificate_new(EVP_PKEY *pkey);

/* tls_resume.c */
bool qn_tls_set_resumption(struct qn_tls *tls, SSL_CTX *context, bool is_client);
/* Before a handshake with the expected id: resumes, if a session with it is kept. */
void qn_tls_offer_session(struct qn_tls_session *session);
/* The handshake failed: if it offered a session, the next one does without. */
void qn_tls_drop_offered(struct qn_tls_session *session);
/* Before a connection is given up: puts its session away, unless it broke the protocol. */
void qn_tls_keep_resumable(struct qn_tls_session *session);
void qn_tls_free_resumable(struct qn_tls_session *session);

/* Callbacks of a context; they judge the peer and note precise reasons in the session. */
int qn_tls_on_verify(int is_ok, X509_STORE_CTX *store);
int qn_tls_on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned in_len, void *context);
int qn_tls_on_client_hello(SSL *ssl, int *alert, void *context);

/* After OpenSSL called the handshake done: everything once more. Sets failure if it returns false. */
bool qn_tls_check_peer(struct qn_tls_session *session);
/* The peer's raw key. False: it has none, or none that a node may have; reason says which. */
bool qn_tls_read_peer_key(const SSL *ssl, struct qn_public_key *key, enum qn_close_reason *reason);

/* The negotiated key exchange as the suite table spells it; NULL: it is none of the table's. */
const char *qn_tls_hybrid_group(SSL *ssl);

/* Translates the outcome of an SSL_* call that did not succeed; notes failure and its text. */
enum qn_tls_result qn_tls_outcome(struct qn_tls_session *session, int result);
void qn_tls_fail(struct qn_tls_session *session, enum qn_close_reason reason, const char *text);

#endif
