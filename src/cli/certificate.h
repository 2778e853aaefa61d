/* Making genesis certificates and activation batches: for their commands, and for the devnet. */
#ifndef QN_CERTIFICATE_H
#define QN_CERTIFICATE_H

#include "ledger/activation.h"
#include "ledger/genesis.h"

enum { QN_CERTIFICATE_TEXT_SIZE = QN_BASE64URL_SIZE(QN_GENESIS_CERT_LEN_MAX) };
/* Signs the certificate with the key, whose public half replaces cert->key; text (of
 * QN_CERTIFICATE_TEXT_SIZE) gets its base64url.
 * QN_ERR_INVALID  a field has no encoding (such as an empty network name). */
QN_MUST_USE enum qn_err qn_certificate_sign(char *text, struct qn_genesis_cert *cert,
                                            const struct qn_key *key);

enum { QN_BATCH_CODES_MAX = 4096, QN_BATCH_TEXT_SIZE = QN_BASE64URL_SIZE(128) };
/* A batch and its codes; heap, full of secrets. */
struct qn_code_batch {
    struct qn_activation_batch batch;
    char text[QN_BATCH_TEXT_SIZE];
    size_t count;
    struct qn_activation_code *codes;
};
/* Makes 1..QN_BATCH_CODES_MAX fresh codes. */
void qn_code_batch_init(struct qn_code_batch *made, size_t count, uint32_t class,
                        qn_unix_ms expires_ms);
/* Wipes and frees. */
void qn_code_batch_fini(struct qn_code_batch *made);

/* Milliseconds since 1970 by the wall clock. */
qn_unix_ms qn_cli_unix_ms(void);

#endif
