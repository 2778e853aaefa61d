#include "net/testing/tls_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    WAIT_MS = 10000,
    SIGALG_ED25519 = 0x0807,
    SIGALG_RSA_PSS = 0x0804,
    SIGALG_MLDSA44 = 0x0904,
    SIGALG_MLDSA87 = 0x0906,
    HELLO_REQUESTED = 13, /* CertificateRequest, RFC 8446 section 4 */
    HELLO_CLIENT = 1,     /* ClientHello */
};

struct qn_tls_server {
    struct qn_tls_peer_options options;
    struct qn_tls_peer_outcome outcome;
    pthread_t thread;
    int fd;
    uint16_t port;
};

int qn_tcp_connect(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

static bool wait_readable(int fd)
{
    struct pollfd watched = {.fd = fd, .events = POLLIN};

    return poll(&watched, 1, WAIT_MS) == 1;
}

bool qn_tcp_wait_closed(int fd)
{
    char bytes[4096];

    while (wait_readable(fd)) {
        ssize_t len = read(fd, bytes, sizeof bytes);
        if (len == 0 || (len < 0 && errno != EINTR)) {
            return true;
        }
    }
    return false;
}

static void say(const char *what)
{
    (void)fprintf(stderr, "tls_peer: %s: %s\n", what, ERR_reason_error_string(ERR_peek_error()));
    abort();
}

static EVP_PKEY *make_key(enum qn_peer_key kind)
{
    switch (kind) {
    case QN_PEER_KEY_MLDSA65:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ML-DSA-65");
    case QN_PEER_KEY_RSA:
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    case QN_PEER_KEY_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case QN_PEER_KEY_NONE:
        break;
    }
    return NULL;
}

static X509 *make_certificate(EVP_PKEY *pkey, enum qn_peer_key kind)
{
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);

    (void)X509_set_version(certificate, X509_VERSION_3);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(certificate), 4711);
    (void)X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    (void)X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    (void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"stranger",
                                     -1, -1, 0);
    (void)X509_set_issuer_name(certificate, name);
    (void)X509_set_pubkey(certificate, pkey);
    (void)X509_sign(certificate, pkey, kind == QN_PEER_KEY_RSA ? EVP_sha256() : NULL);
    return certificate;
}

static int accept_any(int is_ok, X509_STORE_CTX *store)
{
    (void)is_ok;
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
}

/* Replaces one signature scheme by another in a list of them, in place. */
static void replace(unsigned char *bytes, size_t len, unsigned from, unsigned to)
{
    for (size_t i = 0; i + 1 < len; i++) {
        if (bytes[i] == from >> 8 && bytes[i + 1] == (from & 0xff)) {
            bytes[i] = (unsigned char)(to >> 8);
            bytes[i + 1] = (unsigned char)(to & 0xff);
            return;
        }
    }
}

/* A pushy peer reads what the other end accepts as if its own kind were among it. The transcript has
 * taken the message in already, so the handshake goes on undisturbed. */
static void tamper(int is_write, int version, int content_type, const void *bytes, size_t len,
                   SSL *ssl, void *argument)
{
    union {
        const void *given;
        unsigned char *writable;
    } message = {.given = bytes};
    (void)version;
    (void)ssl;
    (void)argument;

    if (is_write == 0 && content_type == SSL3_RT_HANDSHAKE && len > 4 &&
        (message.writable[0] == HELLO_REQUESTED || message.writable[0] == HELLO_CLIENT)) {
        replace(message.writable, len, SIGALG_MLDSA87, SIGALG_ED25519);
        replace(message.writable, len, SIGALG_MLDSA44, SIGALG_RSA_PSS);
    }
}

static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                       const unsigned char *in, unsigned in_len, void *argument)
{
    const struct qn_tls_peer_options *options = argument;
    const char *name = options->alpn == NULL ? "qnet/1" : options->alpn;
    unsigned char *chosen = NULL;
    unsigned char own[64];
    size_t len = strlen(name);
    (void)ssl;

    if (len == 0) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    own[0] = (unsigned char)len;
    memcpy(own + 1, name, len);
    /* The result points into the first list: into the client's, which lives long enough. */
    if (SSL_select_next_proto(&chosen, out_len, in, in_len, own, (unsigned)len + 1) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static void set_alpn(SSL_CTX *context, const struct qn_tls_peer_options *options)
{
    const char *name = options->alpn == NULL ? "qnet/1" : options->alpn;
    unsigned char wire[64];
    size_t len = strlen(name);
    union {
        const struct qn_tls_peer_options *given;
        void *argument;
    } passed = {.given = options};

    if (len > 0) {
        wire[0] = (unsigned char)len;
        memcpy(wire + 1, name, len);
        (void)SSL_CTX_set_alpn_protos(context, wire, (unsigned)len + 1);
    }
    SSL_CTX_set_alpn_select_cb(context, select_alpn, passed.argument);
}

static void set_key(SSL_CTX *context, const struct qn_tls_peer_options *options)
{
    static const unsigned char raw_only[] = {TLSEXT_cert_type_rpk};

    if (!options->is_x509) {
        (void)SSL_CTX_set1_client_cert_type(context, raw_only, sizeof raw_only);
        (void)SSL_CTX_set1_server_cert_type(context, raw_only, sizeof raw_only);
    }
    EVP_PKEY *pkey = make_key(options->key);
    if (pkey == NULL) {
        return;
    }
    X509 *certificate = make_certificate(pkey, options->key);
    if (SSL_CTX_use_certificate(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey(context, pkey) != 1) {
        say("key");
    }
    X509_free(certificate);
    EVP_PKEY_free(pkey);
}

static void set_lists(SSL_CTX *context, const struct qn_tls_peer_options *options)
{
    char text[128]; /* OpenSSL's macros want it writable */

    (void)snprintf(text, sizeof text, "%s",
                   options->groups != NULL ? options->groups : "X25519MLKEM768");
    if (SSL_CTX_set1_groups_list(context, text) != 1) {
        say("groups");
    }
    (void)snprintf(text, sizeof text, "%s", options->sigalgs != NULL ? options->sigalgs : "");
    if (options->sigalgs != NULL && SSL_CTX_set1_sigalgs_list(context, text) != 1) {
        say("sigalgs");
    }
}

static SSL_CTX *make_context(const struct qn_tls_peer_options *options)
{
    SSL_CTX *context = SSL_CTX_new(TLS_method());
    int version = options->is_tls12 ? TLS1_2_VERSION : TLS1_3_VERSION;

    (void)SSL_CTX_set_min_proto_version(context, version);
    (void)SSL_CTX_set_max_proto_version(context, version);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, accept_any);
    set_lists(context, options);
    if (options->is_pushy) {
        SSL_CTX_set_msg_callback(context, tamper);
    }
    set_alpn(context, options);
    set_key(context, options);
    return context;
}

/* OpenSSL has no setter for signature_algorithms_cert, so the extension is added by hand. */
static int add_cert_sigalgs(SSL *ssl, unsigned type, unsigned extension_context,
                            const unsigned char **out, size_t *out_len, X509 *certificate,
                            size_t chain_index, int *alert, void *argument)
{
    static const unsigned char list[] = {0, 6, 0x09, 0x05, 0x08, 0x07, 0x04, 0x03};
    (void)ssl;
    (void)type;
    (void)extension_context;
    (void)certificate;
    (void)chain_index;
    (void)alert;
    (void)argument;

    *out = list;
    *out_len = sizeof list;
    return 1;
}

static void note_error(struct qn_tls_peer_outcome *outcome)
{
    const char *text = ERR_reason_error_string(ERR_peek_error());

    (void)snprintf(outcome->error, sizeof outcome->error, "%s",
                   text != NULL ? text : "connection lost");
}

static void talk(SSL *ssl, struct qn_tls_peer_outcome *outcome)
{
    char bytes[4096];

    ERR_clear_error();
    if (SSL_do_handshake(ssl) != 1) {
        note_error(outcome);
        return;
    }
    outcome->is_established = true;
    for (;;) { /* until the other end closes, or nothing comes for WAIT_MS */
        if (!wait_readable(SSL_get_fd(ssl))) {
            outcome->is_timed_out = true;
            return;
        }
        ERR_clear_error();
        int len = SSL_read(ssl, bytes, sizeof bytes);
        if (len <= 0) {
            if (SSL_get_error(ssl, len) != SSL_ERROR_ZERO_RETURN) {
                note_error(outcome);
            }
            return;
        }
        outcome->got_bytes = true;
    }
}

/* Reads give up after WAIT_MS, also within the handshake. */
static void set_timeout(int fd)
{
    struct timeval wait = {.tv_sec = WAIT_MS / 1000};

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
}

static void serve(int fd, const struct qn_tls_peer_options *options, bool is_client,
                  struct qn_tls_peer_outcome *outcome)
{
    if (options->is_mute) {
        outcome->is_timed_out = !qn_tcp_wait_closed(fd);
        return;
    }
    SSL_CTX *context = make_context(options);

    if (options->lists_cert_sigalgs &&
        SSL_CTX_add_custom_ext(context, TLSEXT_TYPE_signature_algorithms_cert, SSL_EXT_CLIENT_HELLO,
                               add_cert_sigalgs, NULL, NULL, NULL, NULL) != 1) {
        say("signature_algorithms_cert");
    }
    SSL *ssl = SSL_new(context);
    set_timeout(fd);
    (void)SSL_set_fd(ssl, fd);
    outcome->is_connected = true;
    if (is_client) {
        SSL_set_connect_state(ssl);
    } else {
        SSL_set_accept_state(ssl);
    }
    talk(ssl, outcome);
    SSL_free(ssl);
    SSL_CTX_free(context);
    ERR_clear_error();
}

void qn_tls_peer_connect(struct qn_tls_peer_outcome *outcome, uint16_t port,
                         const struct qn_tls_peer_options *options)
{
    *outcome = (struct qn_tls_peer_outcome){0};
    int fd = qn_tcp_connect(port);
    if (fd >= 0) {
        serve(fd, options, true, outcome);
        (void)close(fd);
    }
}

static void *run_server(void *argument)
{
    struct qn_tls_server *server = argument;

    if (wait_readable(server->fd)) {
        int fd = accept(server->fd, NULL, NULL);
        if (fd >= 0) {
            serve(fd, &server->options, false, &server->outcome);
            (void)close(fd);
        }
    }
    OPENSSL_thread_stop();
    return NULL;
}

struct qn_tls_server *qn_tls_server_start(const struct qn_tls_peer_options *options)
{
    struct qn_tls_server *server = calloc(1, sizeof *server);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;

    server->options = *options;
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(server->fd, (struct sockaddr *)&address, len) != 0 || listen(server->fd, 1) != 0 ||
        getsockname(server->fd, (struct sockaddr *)&address, &len) != 0 ||
        pthread_create(&server->thread, NULL, run_server, server) != 0) {
        say("server");
    }
    server->port = ntohs(address.sin_port);
    return server;
}

uint16_t qn_tls_server_port(const struct qn_tls_server *server)
{
    return server->port;
}

void qn_tls_server_finish(struct qn_tls_server *server, struct qn_tls_peer_outcome *outcome)
{
    (void)pthread_join(server->thread, NULL);
    *outcome = server->outcome;
    (void)close(server->fd);
    free(server);
}
