#include "ledger/registry_record.h"

#include "wire/field.h"

static void write_entry(struct qn_writer *w, const void *record)
{
    const struct qn_registry_entry *entry = record;

    qn_write_map(w, 14U + entry->has_endpoint + (entry->status == QN_ENTRY_ROTATED) +
                        (entry->equivocated_height != 0));
    qn_write_uint_at(w, 1, entry->index);
    qn_write_bytes_at(w, 2, entry->id.bytes, QN_HASH_LEN);
    qn_write_uint_at(w, 3, entry->suite);
    qn_write_bytes_at(w, 4, entry->key_hash.bytes, QN_HASH_LEN);
    qn_write_uint_at(w, 5, (uint64_t)entry->region);
    qn_write_uint_at(w, 6, entry->roles);
    if (entry->has_endpoint) {
        qn_write_key(w, 7);
        qn_write_endpoint(w, &entry->endpoint);
    }
    qn_write_bytes_at(w, 8, entry->announce_tip.bytes, QN_HASH_LEN);
    qn_write_uint_at(w, 9, entry->valid_until_ms);
    qn_write_uint_at(w, 10, (uint64_t)entry->status);
    qn_write_uint_at(w, 11, entry->sequence);
    qn_write_uint_at(w, 12, entry->registered_height);
    qn_write_uint_at(w, 13, entry->changed_height);
    qn_write_uint_at(w, 14, entry->revoke_reason);
    qn_write_uint_at(w, 15, entry->code_class);
    if (entry->status == QN_ENTRY_ROTATED) {
        qn_write_bytes_at(w, 16, entry->successor.bytes, QN_HASH_LEN);
    }
    if (entry->equivocated_height != 0) {
        qn_write_uint_at(w, 17, entry->equivocated_height);
    }
}

enum qn_err qn_registry_entry_encode(const struct qn_registry_entry *entry, uint8_t *out,
                                     size_t capacity, struct qn_span *bytes)
{
    return qn_encode_into(out, capacity, bytes, write_entry, entry);
}

static void read_description(struct qn_reader *in, struct qn_map_reader *map,
                             struct qn_registry_entry *entry)
{
    entry->index = qn_read_uint_at(in, map, 1, UINT64_MAX);
    qn_read_fixed_at(in, map, 2, entry->id.bytes, QN_HASH_LEN);
    entry->suite = (uint8_t)qn_read_uint_at(in, map, 3, UINT8_MAX);
    qn_read_fixed_at(in, map, 4, entry->key_hash.bytes, QN_HASH_LEN);
    entry->region = (enum qn_region)qn_read_uint_at(in, map, 5, QN_REGION_COUNT - 1);
    entry->roles = (uint32_t)qn_read_uint_at(in, map, 6, UINT32_MAX);
    entry->has_endpoint = qn_read_key_if(in, map, 7);
    if (entry->has_endpoint) {
        qn_read_endpoint(in, &entry->endpoint);
    }
    qn_read_fixed_at(in, map, 8, entry->announce_tip.bytes, QN_HASH_LEN);
}

static void read_standing(struct qn_reader *in, struct qn_map_reader *map,
                          struct qn_registry_entry *entry)
{
    entry->valid_until_ms = qn_read_uint_at(in, map, 9, UINT64_MAX);
    uint64_t status = qn_read_uint_at(in, map, 10, QN_ENTRY_ROTATED);
    qn_read_require(in, status >= QN_ENTRY_ACTIVE);
    entry->status = (enum qn_entry_status)status;
    entry->sequence = qn_read_uint_at(in, map, 11, UINT64_MAX);
    entry->registered_height = qn_read_uint_at(in, map, 12, UINT64_MAX);
    entry->changed_height = qn_read_uint_at(in, map, 13, UINT64_MAX);
    entry->revoke_reason = (uint32_t)qn_read_uint_at(in, map, 14, UINT32_MAX);
    entry->code_class = (uint32_t)qn_read_uint_at(in, map, 15, UINT32_MAX);
    if (entry->status == QN_ENTRY_ROTATED) {
        qn_read_fixed_at(in, map, 16, entry->successor.bytes, QN_HASH_LEN);
    }
    if (qn_read_key_if(in, map, 17)) {
        entry->equivocated_height = qn_read_uint(in, UINT64_MAX);
        qn_read_require(in, entry->equivocated_height > 0);
    }
}

enum qn_err qn_registry_entry_decode(struct qn_registry_entry *entry, struct qn_span bytes)
{
    struct qn_registry_entry result = {0};
    struct qn_reader in;

    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    read_description(&in, &map, &result);
    read_standing(&in, &map, &result);
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *entry = result;
    }
    return err;
}

enum qn_err qn_registry_entry_usable(const struct qn_registry_entry *entry, qn_unix_ms unix_ms)
{
    if (entry->status != QN_ENTRY_ACTIVE) {
        return QN_ERR_REVOKED;
    }
    return unix_ms >= entry->valid_until_ms ? QN_ERR_EXPIRED : QN_OK;
}
