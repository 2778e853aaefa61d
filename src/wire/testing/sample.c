#include "wire/testing/sample.h"

#include <string.h>

uint64_t qn_sample_uint(struct qn_sampler *s, uint64_t min, uint64_t max)
{
    if (s->size != QN_SAMPLE_RANDOM) {
        return s->size == QN_SAMPLE_MIN ? min : max;
    }
    /* One after the other: the order of operands is the compiler's, and a seed must not depend on
     * it. */
    uint64_t value = qn_rng_next(&s->rng);
    value >>= qn_rng_below(&s->rng, 64);
    uint64_t range = max - min;
    return min + (range == UINT64_MAX ? value : value % (range + 1));
}

bool qn_sample_bool(struct qn_sampler *s)
{
    return qn_sample_uint(s, 0, 1) == 1;
}

void qn_sample_bytes(struct qn_sampler *s, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)qn_rng_next(&s->rng);
    }
}

/* One character of exactly len bytes: the ends of the ranges of RFC 3629, or between. */
static void put_character(struct qn_sampler *s, char *out, size_t len)
{
    static const uint32_t first[] = {0, 0x01, 0x80, 0x800, 0x10000};
    static const uint32_t last[] = {0, 0x7F, 0x7FF, 0xD7FF, 0x10FFFF};
    uint32_t range = last[len] - first[len];
    uint32_t code = first[len] + (uint32_t)qn_rng_below(&s->rng, (uint64_t)range + 1);
    static const uint8_t leads[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    for (size_t i = len; i > 1; i--) {
        out[i - 1] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    out[0] = (char)(leads[len] | code);
}

void qn_sample_text(struct qn_sampler *s, char *out, size_t min, size_t max)
{
    size_t len = (size_t)qn_sample_uint(s, min, max);
    for (size_t at = 0; at < len;) {
        size_t longest = len - at < 4 ? len - at : 4;
        size_t character = 1 + (size_t)qn_rng_below(&s->rng, longest);
        put_character(s, out + at, character);
        at += character;
    }
    out[len] = '\0';
}

void qn_sample_endpoint(struct qn_sampler *s, struct qn_endpoint *endpoint)
{
    static const char characters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.:_-";
    size_t len = (size_t)qn_sample_uint(s, 1, QN_HOST_LEN_MAX);
    *endpoint = (struct qn_endpoint){.port = (uint16_t)qn_sample_uint(s, 1, UINT16_MAX)};
    for (size_t i = 0; i < len; i++) {
        endpoint->host[i] = characters[qn_rng_below(&s->rng, sizeof characters - 1)];
    }
}

uint8_t qn_sample_endpoints(struct qn_sampler *s, struct qn_endpoint endpoints[QN_ENDPOINTS_MAX],
                            size_t count_min)
{
    uint8_t count = (uint8_t)qn_sample_uint(s, count_min, QN_ENDPOINTS_MAX);
    for (size_t i = 0; i < count; i++) {
        qn_sample_endpoint(s, &endpoints[i]);
    }
    return count;
}

struct qn_public_key qn_sample_public_key(struct qn_sampler *s)
{
    static const enum qn_suite_id by_size[] = {QN_SUITE_MLDSA44, QN_SUITE_MLDSA65,
                                               QN_SUITE_MLDSA87};
    const struct qn_suite *suite = qn_suite_find(by_size[qn_sample_uint(s, 0, 2)]);
    struct qn_public_key key = {
        .suite = (uint8_t)suite->id,
        .spki_len = (uint16_t)(suite->spki_prefix_len + suite->public_key_len),
    };
    memcpy(key.spki, suite->spki_prefix, suite->spki_prefix_len);
    qn_sample_bytes(s, key.spki + suite->spki_prefix_len, suite->public_key_len);
    return key;
}

struct qn_signature qn_sample_signature(struct qn_sampler *s)
{
    struct qn_signature signature = {.len =
                                         (uint16_t)qn_sample_uint(s, 1, QN_NODE_SIGNATURE_LEN_MAX)};
    qn_sample_bytes(s, signature.bytes, signature.len);
    return signature;
}
