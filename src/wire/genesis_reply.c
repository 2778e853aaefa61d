#include "wire/genesis_reply.h"

#include "wire/field.h"

static void write_reply(struct qn_writer *w, const void *record)
{
    const struct qn_genesis_reply *reply = record;
    qn_write_map(w, 2);
    qn_write_key(w, 1);
    qn_write_array(w, reply->cert_count);
    for (size_t i = 0; i < reply->cert_count; i++) {
        qn_write_bytes(w, reply->certs[i].at, reply->certs[i].len);
    }
    qn_write_bytes_at(w, 2, reply->parameters.at, reply->parameters.len);
}

enum qn_err qn_genesis_reply_encode(struct qn_buf **buf, const struct qn_genesis_reply *reply)
{
    QN_ASSERT(reply->cert_count >= QN_GENESIS_MIN && reply->cert_count <= QN_GENESIS_CERTS_MAX);
    return qn_encode_bounded(buf, QN_MESSAGE_LEN_MAX, write_reply, reply);
}

enum qn_err qn_genesis_reply_decode(struct qn_genesis_reply *out, struct qn_span bytes)
{
    struct qn_genesis_reply reply = {0};
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    qn_read_key(&in, &map, 1);
    reply.cert_count = qn_read_array(&in, QN_GENESIS_MIN, QN_GENESIS_CERTS_MAX);
    for (size_t i = 0; i < reply.cert_count; i++) {
        reply.certs[i] = qn_read_bytes(&in, 1, QN_GENESIS_CERT_LEN_MAX);
    }
    reply.parameters = qn_read_bytes_at(&in, &map, 2, 1, QN_GENESIS_PARAMETERS_LEN_MAX);
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = reply;
    }
    return err;
}
