/* The suite table: which algorithms a suite number stands for. Calls go by OpenSSL's algorithm
 * name, so a provider can add more without code changes here. Source: DESIGN section 4, FIPS
 * 203/204/205. */
#ifndef QN_SUITE_H
#define QN_SUITE_H

#include "base/base.h"

enum qn_suite_id {
    QN_SUITE_MLDSA65 = 1, /* default */
    QN_SUITE_MLDSA87 = 2,
    QN_SUITE_MLDSA44 = 3,
    QN_SUITE_SLHDSA128S = 4, /* offline authority keys only: no TLS, no node identity */
};

struct qn_suite {
    enum qn_suite_id id;
    const char *name;       /* "ML-DSA-65": OpenSSL's algorithm name */
    const char *tls_sigalg; /* "mldsa65"; NULL for suite 4 */
    const char *tls_group;  /* "X25519MLKEM768"; NULL for suite 4 */
    const char *hash;       /* "SHA3-256" */
    unsigned nist_level;
    size_t public_key_len; /* raw bytes */
    size_t signature_len;
    size_t spki_prefix_len;
    const uint8_t *spki_prefix; /* DER before the raw key, RFC 9881 */
};

/* NULL for an unknown number. */
const struct qn_suite *qn_suite_find(unsigned id);
/* By name, case-insensitively, or by tls_sigalg; NULL if unknown. */
const struct qn_suite *qn_suite_by_name(const char *name);
/* All suites, in order of their number; *count is set. */
const struct qn_suite *qn_suite_list(size_t *count);

#endif
