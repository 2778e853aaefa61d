/* Verifications under way and their good results, so that no signature is verified twice: not the votes of
 * a certificate whose votes were verified one by one, nor one that arrives on two ways. */
#include "consensus/state.h"

#include <stdlib.h>
#include <string.h>

enum { COOKIE_JOB_BITS = 16 };

void qn_verify_init(struct qn_verify *verify, size_t capacity, uint64_t seed)
{
    QN_ASSERT(capacity < (size_t)1 << COOKIE_JOB_BITS);
    *verify = (struct qn_verify){.capacity = capacity, .free_count = capacity};
    verify->jobs = calloc(capacity, sizeof *verify->jobs);
    verify->free_jobs = calloc(capacity, sizeof *verify->free_jobs);
    verify->ring = calloc(QN_CONSENSUS_CACHE, sizeof *verify->ring);
    QN_ASSERT(verify->jobs != NULL && verify->free_jobs != NULL && verify->ring != NULL);
    for (size_t i = 0; i < capacity; i++) {
        verify->free_jobs[i] = (uint32_t)(capacity - 1 - i);
    }
    qn_map_init(&verify->in_flight, capacity, seed, ~seed);
    qn_map_init(&verify->known, QN_CONSENSUS_CACHE, ~seed, seed);
}

void qn_verify_fini(struct qn_verify *verify)
{
    free(verify->jobs);
    free(verify->free_jobs);
    free(verify->ring);
    qn_map_fini(&verify->in_flight);
    qn_map_fini(&verify->known);
    *verify = (struct qn_verify){0};
}

struct qn_hash qn_verify_key(int validator, enum qn_sign_kind kind, const struct qn_hash *digest,
                             struct qn_span signature)
{
    uint8_t head[2] = {(uint8_t)validator, (uint8_t)kind};
    struct qn_span parts[] = {
        {head, sizeof head}, {digest->bytes, sizeof digest->bytes}, signature};

    _Static_assert(QN_VALIDATORS_MAX <= UINT8_MAX, "a validator index fits in a byte");
    return qn_sha3_parts(parts, QN_ARRAY_COUNT(parts));
}

struct qn_verify_job qn_verify_vote(uint64_t view, enum qn_vote_kind kind, int validator,
                                    const struct qn_hash *digest, struct qn_span signature)
{
    struct qn_verify_job job = {
        .view = view, .kind = kind, .sign_kind = qn_vote_sign_kind(kind), .validator = validator};

    job.key = qn_verify_key(validator, job.sign_kind, digest, signature);
    return job;
}

static void remember(struct qn_verify *verify, const struct qn_hash *key)
{
    if (qn_map_get(&verify->known, NULL, key->bytes)) {
        return;
    }
    size_t at = verify->ring_next;
    verify->ring_next = (at + 1) % QN_CONSENSUS_CACHE;
    if (verify->ring_count == QN_CONSENSUS_CACHE) {
        (void)qn_map_remove(&verify->known, verify->ring[at].bytes);
    } else {
        verify->ring_count += 1;
    }
    verify->ring[at] = *key;
    QN_ASSERT(qn_map_put(&verify->known, key->bytes, (uint32_t)at) == QN_OK);
}

enum qn_verify_answer qn_verify_start(struct qn_consensus *c, const struct qn_verify_job *what,
                                      const struct qn_hash *digest, struct qn_span signature)
{
    struct qn_verify *verify = &c->verify;

    if (qn_map_get(&verify->known, NULL, what->key.bytes)) {
        c->verifications_saved += 1;
        return QN_VERIFY_KNOWN;
    }
    if (qn_map_get(&verify->in_flight, NULL, what->key.bytes)) {
        c->verifications_saved += 1;
        return QN_VERIFY_STARTED;
    }
    if (verify->free_count == 0) {
        return QN_VERIFY_FULL;
    }
    uint32_t index = verify->free_jobs[--verify->free_count];
    struct qn_verify_job *job = &verify->jobs[index];
    *job = *what;
    job->serial = ++verify->serial;
    QN_ASSERT(qn_map_put(&verify->in_flight, job->key.bytes, index) == QN_OK);
    c->verifications += 1;

    struct qn_consensus_action *action = qn_consensus_emit(c, QN_CONSENSUS_VERIFY);
    action->cookie = job->serial << COOKIE_JOB_BITS | index;
    action->validator = job->validator;
    action->sign_kind = job->sign_kind;
    action->digest = *digest;
    QN_ASSERT(signature.len <= sizeof action->signature.bytes);
    action->signature.len = (uint16_t)signature.len;
    memcpy(action->signature.bytes, signature.at, signature.len);
    return QN_VERIFY_STARTED;
}

static void verified(struct qn_consensus *c, uint64_t cookie, bool ok)
{
    struct qn_verify *verify = &c->verify;
    size_t index = cookie & (((uint64_t)1 << COOKIE_JOB_BITS) - 1);
    uint64_t serial = cookie >> COOKIE_JOB_BITS;

    if (index >= verify->capacity || serial == 0 || verify->jobs[index].serial != serial) {
        return;
    }
    struct qn_verify_job job = verify->jobs[index];
    verify->jobs[index].serial = 0;
    verify->free_jobs[verify->free_count++] = (uint32_t)index;
    (void)qn_map_remove(&verify->in_flight, job.key.bytes);
    if (ok) {
        remember(verify, &job.key);
    }
    if (job.kind != 0) {
        qn_quorum_verified(c, &job, ok);
        qn_cert_jobs_verified(c, &job.key, ok);
    }
    qn_recover_verified(c, &job.key, ok);
    qn_evidence_verified(c, &job.key, ok);
}

void qn_consensus_on_verified(struct qn_consensus *c, struct qn_consensus_actions *out,
                              uint64_t cookie, bool ok, qn_time_us now)
{
    qn_consensus_begin(c, out, now);
    verified(c, cookie, ok);
    qn_consensus_end(c);
}
