#include "crypto/key.h"

#include <string.h>

static bool is_spki_of(const struct qn_suite *suite, struct qn_span spki)
{
    return spki.len == suite->spki_prefix_len + suite->public_key_len &&
           memcmp(spki.at, suite->spki_prefix, suite->spki_prefix_len) == 0;
}

/* Suite 4 is for offline authority keys: no node may have one. */
static const struct qn_suite *suite_of_spki(struct qn_span spki)
{
    static const enum qn_suite_id node_suites[] = {QN_SUITE_MLDSA65, QN_SUITE_MLDSA87,
                                                   QN_SUITE_MLDSA44};

    for (size_t i = 0; i < QN_ARRAY_COUNT(node_suites); i++) {
        const struct qn_suite *suite = qn_suite_find(node_suites[i]);
        if (is_spki_of(suite, spki)) {
            return suite;
        }
    }
    return NULL;
}

enum qn_err qn_public_key_from_spki(struct qn_public_key *key, struct qn_span spki)
{
    const struct qn_suite *suite = suite_of_spki(spki);

    if (suite == NULL) {
        return QN_ERR_UNKNOWN_SUITE;
    }
    /* Through a copy: spki may be the bytes of *key itself. */
    struct qn_public_key made = {.suite = (uint8_t)suite->id, .spki_len = (uint16_t)spki.len};
    memcpy(made.spki, spki.at, spki.len);
    *key = made;
    return QN_OK;
}

struct qn_node_id qn_public_key_id(const struct qn_public_key *key)
{
    struct qn_hash hash = qn_sha3(qn_public_key_span(key));
    struct qn_node_id id;

    memcpy(id.bytes, hash.bytes, sizeof id.bytes);
    return id;
}

bool qn_public_key_equal(const struct qn_public_key *a, const struct qn_public_key *b)
{
    return a->suite == b->suite && qn_span_equal(qn_public_key_span(a), qn_public_key_span(b));
}
