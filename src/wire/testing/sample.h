/* Values to fill messages with: the smallest, the largest, or anything in between. */
#ifndef QN_TESTING_SAMPLE_H
#define QN_TESTING_SAMPLE_H

#include "base/rng.h"
#include "crypto/key.h"
#include "wire/types.h"

enum qn_sample_size { QN_SAMPLE_MIN, QN_SAMPLE_MAX, QN_SAMPLE_RANDOM };

struct qn_sampler {
    struct qn_rng rng;
    enum qn_sample_size size;
};

/* Within [min, max]; random ones have a random number of bits, so that small ones are not rare. */
uint64_t qn_sample_uint(struct qn_sampler *s, uint64_t min, uint64_t max);
/* Largest and smallest are true and false. */
bool qn_sample_bool(struct qn_sampler *s);
/* Random bytes whatever the size. */
void qn_sample_bytes(struct qn_sampler *s, uint8_t *out, size_t len);
/* Valid UTF-8 of min to max bytes, with characters of every length; out holds max + 1. */
void qn_sample_text(struct qn_sampler *s, char *out, size_t min, size_t max);
void qn_sample_endpoint(struct qn_sampler *s, struct qn_endpoint *endpoint);
uint8_t qn_sample_endpoints(struct qn_sampler *s, struct qn_endpoint endpoints[QN_ENDPOINTS_MAX],
                            size_t count_min);
/* Of a suite that nodes may have; the key bytes are random, not a key that anybody holds. */
struct qn_public_key qn_sample_public_key(struct qn_sampler *s);
/* Random bytes of a length that a signature may have. */
struct qn_signature qn_sample_signature(struct qn_sampler *s);

#endif
