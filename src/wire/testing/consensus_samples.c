/* Samples of votes, certificates and what asks for them. */
#include "wire/testing/family_samples.h"
#include "wire/vote.h"

static struct qn_buf *sample_vote(struct qn_sampler *s, enum qn_vote_kind kind)
{
    struct qn_vote vote = {
        .kind = kind,
        .epoch = qn_sample_uint(s, 0, UINT64_MAX),
        .view = qn_sample_uint(s, 0, UINT64_MAX),
        .parent_view = qn_sample_uint(s, 0, UINT64_MAX),
        .signature = qn_sample_signature(s),
    };
    qn_sample_bytes(s, vote.block_id.bytes, sizeof vote.block_id.bytes);
    qn_sample_bytes(s, vote.p.bytes, sizeof vote.p.bytes);
    return qn_vote_encode(&vote);
}

struct qn_buf *qn_sample_notarize(struct qn_sampler *s)
{
    return sample_vote(s, QN_VOTE_NOTARIZE);
}

struct qn_buf *qn_sample_finalize(struct qn_sampler *s)
{
    return sample_vote(s, QN_VOTE_FINALIZE);
}

struct qn_buf *qn_sample_nullify(struct qn_sampler *s)
{
    return sample_vote(s, QN_VOTE_NULLIFY);
}

struct qn_buf *qn_sample_propose(struct qn_sampler *s)
{
    struct qn_buf *block = qn_sample_block(s);
    struct qn_propose propose = {
        .epoch = qn_sample_uint(s, 0, UINT64_MAX),
        .view = qn_sample_uint(s, 0, UINT64_MAX),
        .parent_view = qn_sample_uint(s, 0, UINT64_MAX),
        .block = qn_buf_span(block),
        .signature = qn_sample_signature(s),
    };
    struct qn_buf *buf = qn_propose_encode(&propose);
    qn_buf_drop(block);
    return buf;
}

/* Signers drawn without repetition. */
static void sample_bitmap(struct qn_sampler *s, struct qn_cert *cert, size_t validators)
{
    cert->bitmap_len = (validators + 7) / 8;
    for (size_t set = 0; set < cert->signature_count;) {
        size_t index = (size_t)qn_rng_below(&s->rng, validators);
        uint8_t bit = (uint8_t)(1U << (index % 8));
        if ((cert->bitmap[index / 8] & bit) == 0) {
            cert->bitmap[index / 8] |= bit;
            set += 1;
        }
    }
}

static struct qn_buf *sample_cert(struct qn_sampler *s, enum qn_vote_kind kind)
{
    size_t validators = (size_t)qn_sample_uint(s, QN_GENESIS_MIN, QN_VALIDATORS_MAX);
    struct qn_cert cert = {
        .kind = kind,
        .epoch = qn_sample_uint(s, 0, UINT64_MAX),
        .view = qn_sample_uint(s, 0, UINT64_MAX),
        .parent_view = qn_sample_uint(s, 0, UINT64_MAX),
        .signature_count = qn_quorum((unsigned)validators),
    };
    qn_sample_bytes(s, cert.block_id.bytes, sizeof cert.block_id.bytes);
    sample_bitmap(s, &cert, validators);
    struct qn_signature signatures[QN_CERT_SIGNATURES_MAX];
    for (size_t i = 0; i < cert.signature_count; i++) {
        signatures[i] = qn_sample_signature(s);
        cert.signatures[i] = (struct qn_span){signatures[i].bytes, signatures[i].len};
    }
    return qn_cert_encode(&cert);
}

struct qn_buf *qn_sample_block_cert(struct qn_sampler *s)
{
    return sample_cert(s, (enum qn_vote_kind)qn_sample_uint(s, QN_VOTE_NOTARIZE, QN_VOTE_FINALIZE));
}

struct qn_buf *qn_sample_nullify_cert(struct qn_sampler *s)
{
    return sample_cert(s, QN_VOTE_NULLIFY);
}

struct qn_buf *qn_sample_cert(struct qn_sampler *s)
{
    return qn_sample_bool(s) ? qn_sample_block_cert(s) : qn_sample_nullify_cert(s);
}

struct qn_buf *qn_sample_status(struct qn_sampler *s)
{
    struct qn_status status = {
        .epoch = qn_sample_uint(s, 0, UINT64_MAX),
        .view = qn_sample_uint(s, 0, UINT64_MAX),
        .final_height = qn_sample_uint(s, 0, UINT64_MAX),
        .ceiling = qn_sample_uint(s, 0, UINT64_MAX),
    };
    qn_sample_bytes(s, status.final_id.bytes, sizeof status.final_id.bytes);
    return qn_status_encode(&status);
}

struct qn_buf *qn_sample_consensus_request(struct qn_sampler *s)
{
    return qn_consensus_request_encode(&(struct qn_consensus_request){
        (enum qn_consensus_want)qn_sample_uint(s, QN_WANT_VIEW, QN_WANT_HEIGHT),
        qn_sample_uint(s, 0, UINT64_MAX),
    });
}

struct qn_buf *qn_sample_recover(struct qn_sampler *s)
{
    return qn_recover_encode(&(struct qn_recover){
        qn_sample_uint(s, 0, UINT64_MAX),
        qn_sample_uint(s, 0, UINT64_MAX),
    });
}

struct qn_buf *qn_sample_recover_reply(struct qn_sampler *s)
{
    struct qn_recover_reply reply = {
        .epoch = qn_sample_uint(s, 0, UINT64_MAX),
        .nonce = qn_sample_uint(s, 0, UINT64_MAX),
        .state = (enum qn_recover_state)qn_sample_uint(s, QN_RECOVER_NORMAL, QN_RECOVER_LOST),
        .view = qn_sample_uint(s, 0, UINT64_MAX),
        .ceiling = qn_sample_uint(s, 0, UINT64_MAX),
        .asked_before = qn_sample_bool(s),
    };
    struct qn_buf *cert = qn_sample_bool(s) ? qn_sample_cert(s) : NULL;
    struct qn_buf *vote = qn_sample_bool(s) ? qn_sample_notarize(s) : NULL;
    if (cert != NULL) {
        reply.cert = qn_buf_span(cert);
    }
    if (vote != NULL) {
        reply.vote_kind = QN_VOTE_NOTARIZE;
        reply.vote = qn_buf_span(vote);
    }
    reply.signature = qn_sample_signature(s);
    struct qn_buf *bytes = qn_recover_reply_encode(&reply);
    qn_buf_drop(cert);
    qn_buf_drop(vote);
    return bytes;
}
