#include "wire/announce.h"

#include "wire/field.h"

static void write_record(struct qn_writer *w, const void *object)
{
    const struct qn_record *record = object;
    qn_write_map(w, 6);
    qn_write_bytes_at(w, 1, record->id.bytes, sizeof record->id.bytes);
    qn_write_uint_at(w, 2, record->sequence);
    qn_write_key(w, 3);
    qn_write_endpoints(w, record->endpoints, record->endpoint_count);
    qn_write_uint_at(w, 4, record->region);
    qn_write_uint_at(w, 5, record->roles);
    qn_write_text_at(w, 6, record->software);
}

enum qn_err qn_record_payload(const struct qn_record *record, uint8_t *out, size_t capacity,
                              struct qn_span *payload)
{
    return qn_encode_into(out, capacity, payload, write_record, record);
}

static enum qn_err decode_payload(struct qn_record *record, struct qn_span payload)
{
    struct qn_reader in;
    qn_reader_init(&in, payload);
    struct qn_map_reader map = qn_read_map(&in);
    qn_read_fixed_at(&in, &map, 1, record->id.bytes, sizeof record->id.bytes);
    record->sequence = qn_read_uint_at(&in, &map, 2, UINT64_MAX);
    qn_read_key(&in, &map, 3);
    record->endpoint_count = qn_read_endpoints(&in, record->endpoints, 0);
    record->region = (enum qn_region)qn_read_uint_at(&in, &map, 4, QN_REGION_COUNT - 1);
    record->roles = (uint32_t)qn_read_uint_at(&in, &map, 5, UINT32_MAX);
    qn_read_text_at(&in, &map, 6, record->software, QN_SOFTWARE_LEN_MAX);
    qn_read_map_end(&in, &map);
    return qn_reader_done(&in);
}

enum qn_err qn_record_decode(struct qn_record *out, struct qn_signed *envelope,
                             struct qn_span bytes)
{
    struct qn_record record = {0};
    struct qn_signed decoded;
    enum qn_err err = qn_signed_decode(&decoded, bytes, QN_RECORD_PAYLOAD_LEN_MAX);
    if (err == QN_OK) {
        err = decode_payload(&record, decoded.payload);
    }
    if (err == QN_OK) {
        *out = record;
        *envelope = decoded;
    }
    return err;
}

static void write_announce(struct qn_writer *w, const void *record)
{
    const struct qn_announce *announce = record;
    qn_write_map(w, 2);
    qn_write_uint_at(w, 1, announce->hops);
    qn_write_bytes_at(w, 2, announce->record.at, announce->record.len);
}

struct qn_buf *qn_announce_encode(const struct qn_announce *announce)
{
    QN_ASSERT(announce->hops <= QN_ANNOUNCE_HOPS_MAX);
    QN_ASSERT(announce->record.len > 0 && announce->record.len <= QN_RECORD_LEN_MAX);
    return qn_encode(write_announce, announce);
}

enum qn_err qn_announce_decode(struct qn_announce *announce, struct qn_span bytes)
{
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    uint8_t hops = (uint8_t)qn_read_uint_at(&in, &map, 1, QN_ANNOUNCE_HOPS_MAX);
    struct qn_span record = qn_read_bytes_at(&in, &map, 2, 1, QN_RECORD_LEN_MAX);
    qn_read_map_end_extensible(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *announce = (struct qn_announce){hops, record};
    }
    return err;
}

static void write_head(struct qn_writer *w, const void *record)
{
    const struct qn_head *head = record;
    qn_write_map(w, 2);
    qn_write_uint_at(w, 1, head->height);
    qn_write_bytes_at(w, 2, head->block_id.bytes, sizeof head->block_id.bytes);
}

struct qn_buf *qn_head_encode(const struct qn_head *head)
{
    return qn_encode(write_head, head);
}

enum qn_err qn_head_decode(struct qn_head *out, struct qn_span bytes)
{
    struct qn_head head = {0};
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    head.height = qn_read_uint_at(&in, &map, 1, UINT64_MAX);
    qn_read_fixed_at(&in, &map, 2, head.block_id.bytes, sizeof head.block_id.bytes);
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = head;
    }
    return err;
}
