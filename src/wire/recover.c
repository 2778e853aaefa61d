#include "wire/vote.h"

#include "wire/field.h"

enum { UINT64_LEN_MAX = 9 }; /* bytes of an encoded integer */

static void write_recover(struct qn_writer *w, const void *record)
{
    const struct qn_recover *recover = record;
    qn_write_map(w, 2);
    qn_write_uint_at(w, 1, recover->epoch);
    qn_write_uint_at(w, 2, recover->nonce);
}

struct qn_buf *qn_recover_encode(const struct qn_recover *recover)
{
    return qn_encode(write_recover, recover);
}

enum qn_err qn_recover_decode(struct qn_recover *out, struct qn_span bytes)
{
    struct qn_recover recover = {0};
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    recover.epoch = qn_read_uint_at(&in, &map, 1, UINT64_MAX);
    recover.nonce = qn_read_uint_at(&in, &map, 2, UINT64_MAX);
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = recover;
    }
    return err;
}

static void write_reply(struct qn_writer *w, const void *record)
{
    const struct qn_recover_reply *reply = record;
    qn_write_map(w, 7 + (reply->cert.len > 0 ? 1U : 0U) + (reply->vote_kind != 0 ? 2U : 0U));
    qn_write_uint_at(w, 1, reply->epoch);
    qn_write_uint_at(w, 2, reply->nonce);
    qn_write_uint_at(w, 3, reply->state);
    qn_write_uint_at(w, 4, reply->view);
    qn_write_uint_at(w, 5, reply->ceiling);
    qn_write_key(w, 6);
    qn_write_bool(w, reply->asked_before);
    if (reply->cert.len > 0) {
        qn_write_bytes_at(w, 7, reply->cert.at, reply->cert.len);
    }
    if (reply->vote_kind != 0) {
        qn_write_uint_at(w, 8, reply->vote_kind);
        qn_write_bytes_at(w, 9, reply->vote.at, reply->vote.len);
    }
    qn_write_bytes_at(w, 10, reply->signature.bytes, reply->signature.len);
}

struct qn_buf *qn_recover_reply_encode(const struct qn_recover_reply *reply)
{
    QN_ASSERT(reply->state >= QN_RECOVER_NORMAL && reply->state <= QN_RECOVER_LOST);
    QN_ASSERT(reply->cert.len <= QN_CERT_LEN_MAX && reply->vote_kind <= QN_VOTE_NULLIFY);
    QN_ASSERT((reply->vote_kind == 0) == (reply->vote.len == 0));
    QN_ASSERT(reply->vote.len <= QN_VOTE_LEN_MAX);
    QN_ASSERT(reply->signature.len > 0 && reply->signature.len <= QN_NODE_SIGNATURE_LEN_MAX);
    return qn_encode(write_reply, reply);
}

enum qn_err qn_recover_reply_decode(struct qn_recover_reply *out, struct qn_span bytes)
{
    struct qn_recover_reply reply = {0};
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    reply.epoch = qn_read_uint_at(&in, &map, 1, UINT64_MAX);
    reply.nonce = qn_read_uint_at(&in, &map, 2, UINT64_MAX);
    reply.state = (enum qn_recover_state)qn_read_uint_at(&in, &map, 3, QN_RECOVER_LOST);
    qn_read_require(&in, reply.state >= QN_RECOVER_NORMAL);
    reply.view = qn_read_uint_at(&in, &map, 4, UINT64_MAX);
    reply.ceiling = qn_read_uint_at(&in, &map, 5, UINT64_MAX);
    qn_read_key(&in, &map, 6);
    reply.asked_before = qn_read_bool(&in);
    if (qn_read_key_if(&in, &map, 7)) {
        reply.cert = qn_read_bytes(&in, 1, QN_CERT_LEN_MAX);
    }
    if (qn_read_key_if(&in, &map, 8)) {
        reply.vote_kind = (unsigned)qn_read_uint(&in, QN_VOTE_NULLIFY);
        qn_read_require(&in, reply.vote_kind >= QN_VOTE_NOTARIZE);
        reply.vote = qn_read_bytes_at(&in, &map, 9, 1, QN_VOTE_LEN_MAX);
    }
    qn_read_signature_at(&in, &map, 10, &reply.signature);
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = reply;
    }
    return err;
}

struct qn_hash qn_recover_digest(const struct qn_network_id *network,
                                 const struct qn_recover_reply *reply)
{
    uint8_t bytes[1 + 4 * UINT64_LEN_MAX + 3 + 2 * (2 + QN_HASH_LEN)];
    struct qn_hash cert = qn_sha3(reply->cert);
    struct qn_hash vote = qn_sha3(reply->vote);
    struct qn_writer w;
    struct qn_span span;
    qn_writer_init(&w, bytes, sizeof bytes);
    qn_write_array(&w, 9);
    qn_write_uint(&w, reply->epoch);
    qn_write_uint(&w, reply->nonce);
    qn_write_uint(&w, reply->state);
    qn_write_uint(&w, reply->view);
    qn_write_uint(&w, reply->ceiling);
    qn_write_uint(&w, reply->asked_before ? 1 : 0);
    qn_write_bytes(&w, cert.bytes, sizeof cert.bytes);
    qn_write_uint(&w, reply->vote_kind);
    qn_write_bytes(&w, vote.bytes, sizeof vote.bytes);
    QN_ASSERT(qn_writer_done(&w, &span) == QN_OK);
    return qn_signing_digest(network, span);
}
