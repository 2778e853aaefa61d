#include "crypto/suite.h"

#include <string.h>

enum { SIGALG_PREFIX_LEN = 22, SLH_DSA_PREFIX_LEN = 18 };

/* SEQUENCE { SEQUENCE { OID 2.16.840.1.101.3.4.3.x }, BIT STRING }: parameters are absent
 * (RFC 9881 section 2, RFC 9909 section 3). */
static const uint8_t mldsa44_prefix[SIGALG_PREFIX_LEN] = {
    0x30, 0x82, 0x05, 0x32, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48,
    0x01, 0x65, 0x03, 0x04, 0x03, 0x11, 0x03, 0x82, 0x05, 0x21, 0x00};
static const uint8_t mldsa65_prefix[SIGALG_PREFIX_LEN] = {
    0x30, 0x82, 0x07, 0xb2, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48,
    0x01, 0x65, 0x03, 0x04, 0x03, 0x12, 0x03, 0x82, 0x07, 0xa1, 0x00};
static const uint8_t mldsa87_prefix[SIGALG_PREFIX_LEN] = {
    0x30, 0x82, 0x0a, 0x32, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48,
    0x01, 0x65, 0x03, 0x04, 0x03, 0x13, 0x03, 0x82, 0x0a, 0x21, 0x00};
static const uint8_t slhdsa128s_prefix[SLH_DSA_PREFIX_LEN] = {0x30, 0x30, 0x30, 0x0b, 0x06, 0x09,
                                                              0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
                                                              0x04, 0x03, 0x14, 0x03, 0x21, 0x00};

static const struct qn_suite suites[] = {
    {.id = QN_SUITE_MLDSA65,
     .name = "ML-DSA-65",
     .tls_sigalg = "mldsa65",
     .tls_group = "X25519MLKEM768",
     .hash = "SHA3-256",
     .nist_level = 3,
     .public_key_len = 1952,
     .signature_len = 3309,
     .spki_prefix_len = sizeof mldsa65_prefix,
     .spki_prefix = mldsa65_prefix},
    {.id = QN_SUITE_MLDSA87,
     .name = "ML-DSA-87",
     .tls_sigalg = "mldsa87",
     .tls_group = "SecP384R1MLKEM1024",
     .hash = "SHA3-256",
     .nist_level = 5,
     .public_key_len = 2592,
     .signature_len = 4627,
     .spki_prefix_len = sizeof mldsa87_prefix,
     .spki_prefix = mldsa87_prefix},
    {.id = QN_SUITE_MLDSA44,
     .name = "ML-DSA-44",
     .tls_sigalg = "mldsa44",
     .tls_group = "X25519MLKEM768",
     .hash = "SHA3-256",
     .nist_level = 2,
     .public_key_len = 1312,
     .signature_len = 2420,
     .spki_prefix_len = sizeof mldsa44_prefix,
     .spki_prefix = mldsa44_prefix},
    {.id = QN_SUITE_SLHDSA128S,
     .name = "SLH-DSA-SHA2-128s",
     .hash = "SHA3-256",
     .nist_level = 1,
     .public_key_len = 32,
     .signature_len = 7856,
     .spki_prefix_len = sizeof slhdsa128s_prefix,
     .spki_prefix = slhdsa128s_prefix},
};

const struct qn_suite *qn_suite_find(unsigned id)
{
    for (size_t i = 0; i < QN_ARRAY_COUNT(suites); i++) {
        if ((unsigned)suites[i].id == id) {
            return &suites[i];
        }
    }
    return NULL;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* ASCII only: strcasecmp would follow the locale. */
static bool is_same_name(const char *a, const char *b)
{
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

const struct qn_suite *qn_suite_by_name(const char *name)
{
    for (size_t i = 0; i < QN_ARRAY_COUNT(suites); i++) {
        const char *sigalg = suites[i].tls_sigalg;
        if (is_same_name(suites[i].name, name) || (sigalg != NULL && strcmp(sigalg, name) == 0)) {
            return &suites[i];
        }
    }
    return NULL;
}

const struct qn_suite *qn_suite_list(size_t *count)
{
    *count = QN_ARRAY_COUNT(suites);
    return suites;
}
