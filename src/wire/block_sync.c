#include "wire/block.h"

#include "wire/field.h"
#include "wire/vote.h"

static void write_get_blocks(struct qn_writer *w, const void *record)
{
    const struct qn_get_blocks *request = record;
    qn_write_map(w, 3);
    qn_write_uint_at(w, 1, request->from_height);
    qn_write_uint_at(w, 2, request->count_max);
    qn_write_uint_at(w, 3, request->bytes_max);
}

struct qn_buf *qn_get_blocks_encode(const struct qn_get_blocks *request)
{
    QN_ASSERT(request->count_max > 0 && request->count_max <= QN_BLOCKS_PER_REPLY_MAX);
    return qn_encode(write_get_blocks, request);
}

enum qn_err qn_get_blocks_decode(struct qn_get_blocks *out, struct qn_span bytes)
{
    struct qn_get_blocks request = {0};
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    request.from_height = qn_read_uint_at(&in, &map, 1, UINT64_MAX);
    request.count_max = (uint32_t)qn_read_uint_at(&in, &map, 2, QN_BLOCKS_PER_REPLY_MAX);
    qn_read_require(&in, request.count_max > 0);
    request.bytes_max = (uint32_t)qn_read_uint_at(&in, &map, 3, UINT32_MAX);
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = request;
    }
    return err;
}

static void write_blocks(struct qn_writer *w, const void *record)
{
    const struct qn_blocks *blocks = record;
    qn_write_map(w, blocks->header_count > 0 ? 3 : 1);
    qn_write_key(w, 1);
    qn_write_array(w, blocks->count);
    for (size_t i = 0; i < blocks->count; i++) {
        const struct qn_block_item *item = &blocks->items[i];
        bool has_cert = item->cert.len > 0;
        qn_write_map(w, 1U + has_cert);
        qn_write_bytes_at(w, 1, item->block.at, item->block.len);
        if (has_cert) {
            qn_write_bytes_at(w, 2, item->cert.at, item->cert.len);
        }
    }
    if (blocks->header_count > 0) {
        qn_write_key(w, 2);
        qn_write_array(w, blocks->header_count);
        for (size_t i = 0; i < blocks->header_count; i++) {
            qn_write_bytes(w, blocks->headers[i].at, blocks->headers[i].len);
        }
        qn_write_bytes_at(w, 3, blocks->cert.at, blocks->cert.len);
    }
}

enum qn_err qn_blocks_encode(struct qn_buf **buf, const struct qn_blocks *blocks)
{
    QN_ASSERT(blocks->count <= QN_BLOCKS_PER_REPLY_MAX);
    return qn_encode_bounded(buf, QN_MESSAGE_LEN_MAX, write_blocks, blocks);
}

static void read_item(struct qn_reader *in, struct qn_block_item *item)
{
    struct qn_map_reader map = qn_read_map(in);
    item->block = qn_read_bytes_at(in, &map, 1, 1, QN_BLOCK_LEN_MAX);
    if (qn_read_key_if(in, &map, 2)) {
        item->cert = qn_read_bytes(in, 1, QN_CERT_LEN_MAX);
    }
    qn_read_map_end(in, &map);
}

enum qn_err qn_blocks_decode(struct qn_blocks *out, struct qn_span bytes)
{
    struct qn_blocks blocks = {0};
    struct qn_reader in;
    if (bytes.len > QN_MESSAGE_LEN_MAX) {
        return QN_ERR_TOO_BIG;
    }
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    qn_read_key(&in, &map, 1);
    blocks.count = qn_read_array(&in, 0, QN_BLOCKS_PER_REPLY_MAX);
    for (size_t i = 0; i < blocks.count; i++) {
        read_item(&in, &blocks.items[i]);
    }
    if (qn_read_key_if(&in, &map, 2)) {
        blocks.header_count = qn_read_array(&in, 1, QN_PATH_HEADERS_MAX);
        for (size_t i = 0; i < blocks.header_count; i++) {
            blocks.headers[i] = qn_read_bytes(&in, 1, QN_HEADER_LEN_MAX);
        }
        blocks.cert = qn_read_bytes_at(&in, &map, 3, 1, QN_CERT_LEN_MAX);
    }
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = blocks;
    }
    return err;
}
