#include "net/tls.h"

#include "net/tls_internal.h"

#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_SIZE = 128, PEER_CERTIFICATE_LEN_MAX = 16384 };

const uint8_t qn_tls_alpn[7] = {6, 'q', 'n', 'e', 't', '/', '1'};

/* Every hybrid group of the table, our suite's first, and no classical one. The strongest suite's
 * servers insist on their own group ('/' starts the next choice, ':' adds an equal one), so that
 * either end's wish for more is heeded. */
static void list_groups(char names[NAMES_SIZE], const struct qn_suite *own)
{
    size_t count = 0;
    const struct qn_suite *suites = qn_suite_list(&count);
    unsigned level_max = 0;

    for (size_t i = 0; i < count; i++) {
        if (suites[i].tls_group != NULL && suites[i].nist_level > level_max) {
            level_max = suites[i].nist_level;
        }
    }
    char separator = own->nist_level == level_max ? '/' : ':';
    (void)snprintf(names, NAMES_SIZE, "%s", own->tls_group);
    for (size_t i = 0; i < count; i++) {
        const char *group = suites[i].tls_group;
        size_t len = strlen(names);
        if (group != NULL && strstr(names, group) == NULL) {
            (void)snprintf(names + len, NAMES_SIZE - len, "%c%s", separator, group);
        }
    }
}

/* What we sign with comes first, then what else a peer may prove itself with. */
static void list_signatures(char names[NAMES_SIZE], const struct qn_suite *own)
{
    size_t count = 0;
    const struct qn_suite *suites = qn_suite_list(&count);

    (void)snprintf(names, NAMES_SIZE, "%s", own->tls_sigalg);
    for (size_t i = 0; i < count; i++) {
        const char *sigalg = suites[i].tls_sigalg;
        size_t len = strlen(names);
        if (sigalg != NULL && suites[i].id != own->id) {
            (void)snprintf(names + len, NAMES_SIZE - len, ":%s", sigalg);
        }
    }
}

static bool set_algorithms(SSL_CTX *context, const struct qn_suite *own)
{
    char groups[NAMES_SIZE];
    char signatures[NAMES_SIZE];

    list_groups(groups, own);
    list_signatures(signatures, own);
    return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_ciphersuites(context,
                                    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") == 1 &&
           SSL_CTX_set1_groups_list(context, groups) == 1 &&
           SSL_CTX_set1_sigalgs_list(context, signatures) == 1;
}

static bool set_identity(SSL_CTX *context, EVP_PKEY *pkey)
{
    static const unsigned char raw_only[] = {TLSEXT_cert_type_rpk};
    X509 *certificate = qn_tls_certificate_new(pkey);
    bool is_set = certificate != NULL && SSL_CTX_use_certificate(context, certificate) == 1 &&
                  SSL_CTX_use_PrivateKey(context, pkey) == 1 &&
                  SSL_CTX_set1_client_cert_type(context, raw_only, sizeof raw_only) == 1 &&
                  SSL_CTX_set1_server_cert_type(context, raw_only, sizeof raw_only) == 1;

    X509_free(certificate);
    return is_set;
}

static bool set_up(struct qn_tls *tls, SSL_CTX *context, const struct qn_key *key, bool is_client)
{
    const struct qn_suite *own = qn_suite_find(qn_key_public(key)->suite);

    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       qn_tls_on_verify);
    SSL_CTX_set_client_hello_cb(context, qn_tls_on_client_hello, NULL);
    SSL_CTX_set_alpn_select_cb(context, qn_tls_on_alpn, NULL);
    SSL_CTX_set_max_cert_list(context, PEER_CERTIFICATE_LEN_MAX);
    (void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    (void)SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    /* No middlebox ever understood this protocol: nothing to pretend for. */
    (void)SSL_CTX_clear_options(context, SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
    return qn_tls_set_resumption(tls, context, is_client) &&
           SSL_CTX_set_alpn_protos(context, qn_tls_alpn, sizeof qn_tls_alpn) == 0 &&
           set_algorithms(context, own) && set_identity(context, qn_key_tls_handle(key));
}

struct qn_tls *qn_tls_new(const struct qn_key *key)
{
    struct qn_tls *tls = calloc(1, sizeof *tls);

    if (tls == NULL) {
        return NULL;
    }
    /* OpenSSL writes to sockets without MSG_NOSIGNAL. */
    (void)signal(SIGPIPE, SIG_IGN);
    ERR_clear_error();
    qn_tls_sessions_init(&tls->dialled, QN_TLS_SESSIONS_MAX);
    qn_tls_sessions_init(&tls->accepted, QN_TLS_SESSIONS_MAX);
    tls->dialling = SSL_CTX_new(TLS_client_method());
    tls->accepting = SSL_CTX_new(TLS_server_method());
    if (tls->dialling == NULL || tls->accepting == NULL || !set_up(tls, tls->dialling, key, true) ||
        !set_up(tls, tls->accepting, key, false)) {
        qn_tls_free(tls);
        ERR_clear_error();
        return NULL;
    }
    return tls;
}

void qn_tls_free(struct qn_tls *tls)
{
    if (tls == NULL) {
        return;
    }
    SSL_CTX_free(tls->dialling);
    SSL_CTX_free(tls->accepting);
    qn_tls_sessions_fini(&tls->dialled);
    qn_tls_sessions_fini(&tls->accepted);
    free(tls);
}
