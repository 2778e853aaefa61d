#include "wire/redirect.h"

#include "wire/field.h"

static void write_redirect(struct qn_writer *w, const void *record)
{
    const struct qn_redirect *redirect = record;
    qn_write_map(w, 1);
    qn_write_key(w, 1);
    qn_write_array(w, redirect->count);
    for (size_t i = 0; i < redirect->count; i++) {
        const struct qn_redirect_entry *entry = &redirect->entries[i];
        qn_write_map(w, 3);
        qn_write_bytes_at(w, 1, entry->id.bytes, sizeof entry->id.bytes);
        qn_write_key(w, 2);
        qn_write_endpoint(w, &entry->endpoint);
        qn_write_uint_at(w, 3, entry->region);
    }
}

struct qn_buf *qn_redirect_encode(const struct qn_redirect *redirect)
{
    QN_ASSERT(redirect->count > 0 && redirect->count <= QN_REDIRECT_ENTRIES_MAX);
    return qn_encode(write_redirect, redirect);
}

static void read_entry(struct qn_reader *in, struct qn_redirect_entry *entry)
{
    struct qn_map_reader map = qn_read_map(in);
    qn_read_fixed_at(in, &map, 1, entry->id.bytes, sizeof entry->id.bytes);
    qn_read_key(in, &map, 2);
    qn_read_endpoint(in, &entry->endpoint);
    entry->region = (enum qn_region)qn_read_uint_at(in, &map, 3, QN_REGION_COUNT - 1);
    qn_read_map_end(in, &map);
}

static bool is_known(const struct qn_redirect *redirect, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (qn_node_id_equal(&redirect->entries[i].id, &redirect->entries[index].id)) {
            return true;
        }
    }
    return false;
}

enum qn_err qn_redirect_decode(struct qn_redirect *out, struct qn_span bytes)
{
    struct qn_redirect redirect = {0};
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    qn_read_key(&in, &map, 1);
    redirect.count = (uint8_t)qn_read_array(&in, 1, QN_REDIRECT_ENTRIES_MAX);
    for (size_t i = 0; i < redirect.count; i++) {
        read_entry(&in, &redirect.entries[i]);
        qn_read_require(&in, !is_known(&redirect, i));
    }
    qn_read_map_end_extensible(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = redirect;
    }
    return err;
}
