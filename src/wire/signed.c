#include "wire/signed.h"

#include "base/buf.h"
#include "wire/field.h"

enum qn_err qn_signed_decode(struct qn_signed *envelope, struct qn_span bytes, size_t payload_max)
{
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    struct qn_span payload = qn_read_bytes_at(&in, &map, 1, 1, payload_max);
    struct qn_span signature = qn_read_bytes_at(&in, &map, 2, 1, QN_NODE_SIGNATURE_LEN_MAX);
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *envelope = (struct qn_signed){payload, signature};
    }
    return err;
}

static void write_signed(struct qn_writer *w, const void *record)
{
    const struct qn_signed *envelope = record;
    qn_write_map(w, 2);
    qn_write_bytes_at(w, 1, envelope->payload.at, envelope->payload.len);
    qn_write_bytes_at(w, 2, envelope->signature.at, envelope->signature.len);
}

struct qn_buf *qn_signed_encode(struct qn_span payload, struct qn_span signature)
{
    QN_ASSERT(payload.len > 0);
    QN_ASSERT(signature.len > 0 && signature.len <= QN_NODE_SIGNATURE_LEN_MAX);
    return qn_encode(write_signed, &(struct qn_signed){payload, signature});
}
