#include "wire/genesis_reply.h"

#include "wire/field.h"
#include "wire/frame.h"

#include <string.h>

enum {
    HEAD_LEN = 3, /* of a byte string, or a count: the longest */
    REQUEST_LEN_MIN = 1 + 2 + 1 + 1 + QN_GENESIS_PADDING_MIN,
};
/* An answer without certificates and parameters: map, from, count, [], wanted. */
_Static_assert((int)QN_GENESIS_ANSWER_LEN_MIN == 1 + 3 + 3 + 1 + HEAD_LEN + 1 + HEAD_LEN,
               "longest");
_Static_assert((int)QN_GENESIS_ANSWER_LEN_MIN <= (int)REQUEST_LEN_MIN,
               "every request pays for some answer");
_Static_assert(QN_GENESIS_PADDING_MAX >=
                   QN_GENESIS_ANSWER_LEN_MIN + HEAD_LEN + QN_GENESIS_CERT_LEN_MAX,
               "the longest request gets a certificate at least");

static void write_get(struct qn_writer *w, const void *record)
{
    static const uint8_t zeros[QN_GENESIS_PADDING_MAX];
    const struct qn_get_genesis *get = record;
    qn_write_map(w, 2);
    qn_write_uint_at(w, 1, get->from);
    qn_write_bytes_at(w, 2, zeros, get->padding_len);
}

struct qn_buf *qn_get_genesis_encode(const struct qn_get_genesis *get)
{
    QN_ASSERT(get->from <= QN_GENESIS_CERTS_MAX && get->padding_len >= QN_GENESIS_PADDING_MIN &&
              get->padding_len <= QN_GENESIS_PADDING_MAX);
    return qn_encode(write_get, get);
}

/* Each byte is its successor. */
static bool are_zeros(struct qn_span bytes)
{
    return bytes.len > 0 && bytes.at[0] == 0 && memcmp(bytes.at, bytes.at + 1, bytes.len - 1) == 0;
}

enum qn_err qn_get_genesis_decode(struct qn_get_genesis *out, struct qn_span bytes)
{
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    size_t from = (size_t)qn_read_uint_at(&in, &map, 1, QN_GENESIS_CERTS_MAX);
    struct qn_span padding =
        qn_read_bytes_at(&in, &map, 2, QN_GENESIS_PADDING_MIN, QN_GENESIS_PADDING_MAX);
    qn_read_require(&in, are_zeros(padding));
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = (struct qn_get_genesis){.from = from, .padding_len = padding.len};
    }
    return err;
}

static void write_reply(struct qn_writer *w, const void *record)
{
    const struct qn_genesis_reply *reply = record;
    qn_write_map(w, 4);
    qn_write_uint_at(w, 1, reply->from);
    qn_write_uint_at(w, 2, reply->count);
    qn_write_key(w, 3);
    qn_write_array(w, reply->cert_count);
    for (size_t i = 0; i < reply->cert_count; i++) {
        qn_write_bytes(w, reply->certs[i].at, reply->certs[i].len);
    }
    if (reply->wanted > 0) {
        qn_write_uint_at(w, 4, reply->wanted);
    } else {
        qn_write_bytes_at(w, 5, reply->parameters.at, reply->parameters.len);
    }
}

enum qn_err qn_genesis_reply_encode(struct qn_buf **buf, const struct qn_genesis_reply *reply)
{
    QN_ASSERT(reply->count >= QN_GENESIS_MIN && reply->count <= QN_GENESIS_CERTS_MAX &&
              reply->from + reply->cert_count <= reply->count);
    return qn_encode_bounded(buf, qn_kind_find(QN_GENESIS)->len_max, write_reply, reply);
}

enum qn_err qn_genesis_reply_decode(struct qn_genesis_reply *out, struct qn_span bytes)
{
    struct qn_genesis_reply reply = {0};
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    reply.from = (size_t)qn_read_uint_at(&in, &map, 1, QN_GENESIS_CERTS_MAX);
    reply.count = (size_t)qn_read_uint_at(&in, &map, 2, QN_GENESIS_CERTS_MAX);
    qn_read_key(&in, &map, 3);
    reply.cert_count = qn_read_array(&in, 0, QN_GENESIS_CERTS_MAX);
    qn_read_require(&in,
                    reply.count >= QN_GENESIS_MIN && reply.from + reply.cert_count <= reply.count);
    for (size_t i = 0; i < reply.cert_count && !in.failed; i++) {
        reply.certs[i] = qn_read_bytes(&in, 1, QN_GENESIS_CERT_LEN_MAX);
    }
    if (qn_read_key_if(&in, &map, 4)) {
        reply.wanted = (size_t)qn_read_uint(&in, QN_GENESIS_PADDING_MAX);
        qn_read_require(&in, reply.wanted >= QN_GENESIS_PADDING_MIN);
    } else {
        reply.parameters = qn_read_bytes_at(&in, &map, 5, 1, QN_GENESIS_PARAMETERS_LEN_MAX);
        qn_read_require(&in, reply.from + reply.cert_count == reply.count);
    }
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = reply;
    }
    return err;
}

/* The answer with all that is left from this certificate on, at most. */
static size_t rest_len(const struct qn_span *certs, size_t count, struct qn_span parameters,
                       size_t from)
{
    size_t len = QN_GENESIS_ANSWER_LEN_MIN + parameters.len;
    for (size_t i = from; i < count; i++) {
        len += HEAD_LEN + certs[i].len;
    }
    return len;
}

void qn_genesis_reply_cut(struct qn_genesis_reply *reply, const struct qn_span *certs, size_t count,
                          struct qn_span parameters, size_t from, size_t len_max)
{
    size_t len = QN_GENESIS_ANSWER_LEN_MIN;
    size_t next = from < count ? from : count;
    QN_ASSERT(len <= len_max);
    *reply = (struct qn_genesis_reply){.from = next, .count = count};
    while (next < count && HEAD_LEN + certs[next].len <= len_max - len) {
        len += HEAD_LEN + certs[next].len;
        reply->certs[reply->cert_count] = certs[next];
        reply->cert_count += 1;
        next += 1;
    }
    if (next == count && parameters.len <= len_max - len) {
        reply->parameters = parameters;
        return;
    }
    size_t rest = rest_len(certs, count, parameters, next);
    reply->wanted = rest < QN_GENESIS_PADDING_MAX ? rest : QN_GENESIS_PADDING_MAX;
}
