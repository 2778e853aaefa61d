#include "wire/block.h"

#include "wire/field.h"

/* The only one; a block of a newer version cannot be judged here. */
enum { HEADER_VERSION = 1 };

static void write_header(struct qn_writer *w, const void *record)
{
    const struct qn_header *header = record;
    qn_write_map(w, 12);
    qn_write_uint_at(w, 1, header->version);
    qn_write_bytes_at(w, 2, header->network.bytes, sizeof header->network.bytes);
    qn_write_uint_at(w, 3, header->epoch);
    qn_write_uint_at(w, 4, header->height);
    qn_write_bytes_at(w, 5, header->parent.bytes, QN_HASH_LEN);
    qn_write_bytes_at(w, 6, header->tx_root.bytes, QN_HASH_LEN);
    qn_write_bytes_at(w, 7, header->state_root.bytes, QN_HASH_LEN);
    qn_write_bytes_at(w, 8, header->history_root.bytes, QN_HASH_LEN);
    qn_write_bytes_at(w, 9, header->validators_hash.bytes, QN_HASH_LEN);
    qn_write_bytes_at(w, 10, header->next_validators_hash.bytes, QN_HASH_LEN);
    qn_write_uint_at(w, 11, header->time_ms);
    qn_write_uint_at(w, 12, header->flags);
}

enum qn_err qn_header_encode(const struct qn_header *header, uint8_t *out, size_t capacity,
                             struct qn_span *bytes)
{
    return qn_encode_into(out, capacity, bytes, write_header, header);
}

enum qn_err qn_header_decode(struct qn_header *out, struct qn_span bytes)
{
    struct qn_header header = {0};
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    header.version = (uint32_t)qn_read_uint_at(&in, &map, 1, HEADER_VERSION);
    qn_read_require(&in, header.version == HEADER_VERSION);
    qn_read_fixed_at(&in, &map, 2, header.network.bytes, sizeof header.network.bytes);
    header.epoch = qn_read_uint_at(&in, &map, 3, UINT64_MAX);
    header.height = qn_read_uint_at(&in, &map, 4, UINT64_MAX);
    qn_read_fixed_at(&in, &map, 5, header.parent.bytes, QN_HASH_LEN);
    qn_read_fixed_at(&in, &map, 6, header.tx_root.bytes, QN_HASH_LEN);
    qn_read_fixed_at(&in, &map, 7, header.state_root.bytes, QN_HASH_LEN);
    qn_read_fixed_at(&in, &map, 8, header.history_root.bytes, QN_HASH_LEN);
    qn_read_fixed_at(&in, &map, 9, header.validators_hash.bytes, QN_HASH_LEN);
    qn_read_fixed_at(&in, &map, 10, header.next_validators_hash.bytes, QN_HASH_LEN);
    header.time_ms = qn_read_uint_at(&in, &map, 11, UINT64_MAX);
    header.flags = (uint32_t)qn_read_uint_at(&in, &map, 12, QN_HEADER_FLAGS_ALL);
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = header;
    }
    return err;
}

struct qn_hash qn_header_id(const struct qn_header *header)
{
    uint8_t bytes[QN_HEADER_LEN_MAX];
    struct qn_span encoded;
    QN_ASSERT(qn_header_encode(header, bytes, sizeof bytes, &encoded) == QN_OK);
    return qn_sha3(encoded);
}
