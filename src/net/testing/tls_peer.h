/* Somebody else's TLS peer: OpenSSL set up in ways that no node is, to see what a node makes of it.
 *
 * Blocking, with a deadline of its own; loopback only. */
#ifndef QN_TLS_PEER_H
#define QN_TLS_PEER_H

#include "crypto/key.h"

enum { QN_TLS_PEER_TEXT_SIZE = 160 };

enum qn_peer_key {
    QN_PEER_KEY_NONE,
    QN_PEER_KEY_MLDSA65,
    QN_PEER_KEY_RSA,
    QN_PEER_KEY_ED25519,
};

struct qn_tls_peer_options {
    enum qn_peer_key key;
    bool is_x509;        /* shows a self-signed certificate, never a raw key */
    bool is_pushy;       /* shows its key although the other end wants none of its kind */
    const char *groups;  /* NULL: X25519MLKEM768 */
    const char *sigalgs; /* NULL: OpenSSL's own list */
    const char *alpn;    /* NULL: "qnet/1"; "": none */
    bool is_tls12;
    bool is_mute;            /* says nothing at all, and waits until the other end closes */
    bool lists_cert_sigalgs; /* sends signature_algorithms_cert: the shape of CVE-2026-14457 */
};

struct qn_tls_peer_outcome {
    bool is_connected;                 /* TCP */
    bool is_established;               /* its own side of the handshake was done */
    bool got_bytes;                    /* application data came afterwards */
    bool is_timed_out;                 /* the other end did nothing for 10 s */
    char error[QN_TLS_PEER_TEXT_SIZE]; /* OpenSSL's last words, "" if none */
};

/* Dials 127.0.0.1:port, shakes hands, then reads until the other end closes. */
void qn_tls_peer_connect(struct qn_tls_peer_outcome *outcome, uint16_t port,
                         const struct qn_tls_peer_options *options);

/* A server for one connection, on a thread of its own. */
struct qn_tls_server;
struct qn_tls_server *qn_tls_server_start(const struct qn_tls_peer_options *options);
uint16_t qn_tls_server_port(const struct qn_tls_server *server);
/* Waits for the connection's end, frees the server. */
void qn_tls_server_finish(struct qn_tls_server *server, struct qn_tls_peer_outcome *outcome);

/* Plain TCP to 127.0.0.1:port; blocking, -1 if refused. */
int qn_tcp_connect(uint16_t port);
/* Reads until the other end closes or resets; false: it did neither for 10 s. */
bool qn_tcp_wait_closed(int fd);

#endif
