#include "wire/vote.h"

#include "wire/field.h"

enum { UINT64_LEN_MAX = 9 }; /* bytes of an encoded integer */

static void assert_kind(enum qn_vote_kind kind)
{
    QN_ASSERT(kind >= QN_VOTE_NOTARIZE && kind <= QN_VOTE_NULLIFY);
}

enum qn_sign_kind qn_vote_sign_kind(enum qn_vote_kind kind)
{
    static const enum qn_sign_kind sign_kinds[] = {
        [QN_VOTE_NOTARIZE] = QN_SIGN_NOTARIZE,
        [QN_VOTE_FINALIZE] = QN_SIGN_FINALIZE,
        [QN_VOTE_NULLIFY] = QN_SIGN_NULLIFY,
    };
    assert_kind(kind);
    return sign_kinds[kind];
}

struct qn_hash qn_proposal_digest(const struct qn_network_id *network, uint64_t epoch,
                                  uint64_t view, uint64_t parent_view,
                                  const struct qn_hash *block_id)
{
    uint8_t bytes[1 + 3 * UINT64_LEN_MAX + 2 + QN_HASH_LEN];
    struct qn_writer w;
    struct qn_span span;
    qn_writer_init(&w, bytes, sizeof bytes);
    qn_write_array(&w, 4);
    qn_write_uint(&w, epoch);
    qn_write_uint(&w, view);
    qn_write_uint(&w, parent_view);
    qn_write_bytes(&w, block_id->bytes, sizeof block_id->bytes);
    QN_ASSERT(qn_writer_done(&w, &span) == QN_OK);
    return qn_signing_digest(network, span);
}

struct qn_hash qn_nullify_digest(const struct qn_network_id *network, uint64_t epoch, uint64_t view)
{
    uint8_t bytes[1 + 2 * UINT64_LEN_MAX];
    struct qn_writer w;
    struct qn_span span;
    qn_writer_init(&w, bytes, sizeof bytes);
    qn_write_array(&w, 2);
    qn_write_uint(&w, epoch);
    qn_write_uint(&w, view);
    QN_ASSERT(qn_writer_done(&w, &span) == QN_OK);
    return qn_signing_digest(network, span);
}

static void write_signature(struct qn_writer *w, uint64_t key, const struct qn_signature *signature)
{
    QN_ASSERT(signature->len > 0 && signature->len <= QN_NODE_SIGNATURE_LEN_MAX);
    qn_write_bytes_at(w, key, signature->bytes, signature->len);
}

/* The signature is the last pair of each kind, and keys are numbered from 1. */
static const uint8_t signature_keys[] = {
    [QN_VOTE_NOTARIZE] = 5,
    [QN_VOTE_FINALIZE] = 4,
    [QN_VOTE_NULLIFY] = 3,
};

static void write_vote(struct qn_writer *w, const void *record)
{
    const struct qn_vote *vote = record;
    assert_kind(vote->kind);
    qn_write_map(w, signature_keys[vote->kind]);
    qn_write_uint_at(w, 1, vote->epoch);
    qn_write_uint_at(w, 2, vote->view);
    switch (vote->kind) {
    case QN_VOTE_NOTARIZE:
        qn_write_uint_at(w, 3, vote->parent_view);
        qn_write_bytes_at(w, 4, vote->block_id.bytes, sizeof vote->block_id.bytes);
        break;
    case QN_VOTE_FINALIZE:
        qn_write_bytes_at(w, 3, vote->p.bytes, sizeof vote->p.bytes);
        break;
    case QN_VOTE_NULLIFY:
        break;
    }
    write_signature(w, signature_keys[vote->kind], &vote->signature);
}

struct qn_buf *qn_vote_encode(const struct qn_vote *vote)
{
    return qn_encode(write_vote, vote);
}

enum qn_err qn_vote_decode(struct qn_vote *out, enum qn_vote_kind kind, struct qn_span bytes)
{
    struct qn_vote vote = {.kind = kind};
    assert_kind(kind);
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    vote.epoch = qn_read_uint_at(&in, &map, 1, UINT64_MAX);
    vote.view = qn_read_uint_at(&in, &map, 2, UINT64_MAX);
    switch (kind) {
    case QN_VOTE_NOTARIZE:
        vote.parent_view = qn_read_uint_at(&in, &map, 3, UINT64_MAX);
        qn_read_fixed_at(&in, &map, 4, vote.block_id.bytes, sizeof vote.block_id.bytes);
        break;
    case QN_VOTE_FINALIZE:
        qn_read_fixed_at(&in, &map, 3, vote.p.bytes, sizeof vote.p.bytes);
        break;
    case QN_VOTE_NULLIFY:
        break;
    }
    qn_read_signature_at(&in, &map, signature_keys[kind], &vote.signature);
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = vote;
    }
    return err;
}

static void write_propose(struct qn_writer *w, const void *record)
{
    const struct qn_propose *propose = record;
    qn_write_map(w, 5);
    qn_write_uint_at(w, 1, propose->epoch);
    qn_write_uint_at(w, 2, propose->view);
    qn_write_uint_at(w, 3, propose->parent_view);
    qn_write_bytes_at(w, 4, propose->block.at, propose->block.len);
    write_signature(w, 5, &propose->signature);
}

struct qn_buf *qn_propose_encode(const struct qn_propose *propose)
{
    QN_ASSERT(propose->block.len > 0 && propose->block.len <= QN_BLOCK_LEN_MAX);
    return qn_encode(write_propose, propose);
}

enum qn_err qn_propose_decode(struct qn_propose *out, struct qn_span bytes)
{
    struct qn_propose propose = {0};
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    propose.epoch = qn_read_uint_at(&in, &map, 1, UINT64_MAX);
    propose.view = qn_read_uint_at(&in, &map, 2, UINT64_MAX);
    propose.parent_view = qn_read_uint_at(&in, &map, 3, UINT64_MAX);
    propose.block = qn_read_bytes_at(&in, &map, 4, 1, QN_BLOCK_LEN_MAX);
    qn_read_signature_at(&in, &map, 5, &propose.signature);
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = propose;
    }
    return err;
}
