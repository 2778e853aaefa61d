#include "ledger/proof_bundle.h"

#include "wire/field.h"

enum { BUNDLE_VERSION = 1 };

static void write_step(struct qn_writer *w, const struct qn_bundle_step *step)
{
    qn_write_map(w, 3);
    qn_write_bytes_at(w, 1, step->header.at, step->header.len);
    qn_write_bytes_at(w, 2, step->cert.at, step->cert.len);
    qn_write_key(w, 3);
    qn_write_array(w, step->next->count);
    for (size_t i = 0; i < step->next->count; i++) {
        const struct qn_public_key *key = &step->next->members[i].key;
        qn_write_array(w, 2);
        qn_write_uint(w, key->suite);
        qn_write_bytes(w, key->spki, key->spki_len);
    }
}

static void write_anchor(struct qn_writer *w, const struct qn_bundle *bundle)
{
    qn_write_map(w, 2);
    qn_write_bytes_at(w, 1, bundle->anchor.at, bundle->anchor.len);
    qn_write_key(w, 2);
    qn_write_array(w, bundle->path->count);
    for (size_t i = 0; i < bundle->path->count; i++) {
        qn_write_bytes(w, bundle->path->hashes[i].bytes, QN_HASH_LEN);
    }
}

static void write_bundle(struct qn_writer *w, const void *record)
{
    const struct qn_bundle *bundle = record;
    bool has_anchor = bundle->anchor.at != NULL;
    bool has_entry = bundle->entry.at != NULL;
    uint8_t proof[QN_PROOF_LEN_MAX];
    struct qn_span proof_bytes;

    QN_ASSERT(qn_tree_proof_encode(bundle->proof, proof, sizeof proof, &proof_bytes) == QN_OK);
    qn_write_map(w, (size_t)7 + has_anchor + has_entry);
    qn_write_uint_at(w, 1, BUNDLE_VERSION);
    qn_write_bytes_at(w, 2, bundle->parameters.at, bundle->parameters.len);
    qn_write_key(w, 3);
    qn_write_array(w, bundle->step_count);
    for (size_t i = 0; i < bundle->step_count; i++) {
        write_step(w, &bundle->steps[i]);
    }
    qn_write_bytes_at(w, 4, bundle->header.at, bundle->header.len);
    qn_write_bytes_at(w, 5, bundle->cert.at, bundle->cert.len);
    if (has_anchor) {
        qn_write_key(w, 6);
        write_anchor(w, bundle);
    }
    qn_write_bytes_at(w, 7, proof_bytes.at, proof_bytes.len);
    qn_write_bytes_at(w, 8, bundle->id.bytes, sizeof bundle->id.bytes);
    if (has_entry) {
        qn_write_bytes_at(w, 9, bundle->entry.at, bundle->entry.len);
    }
}

enum qn_err qn_bundle_encode(struct qn_buf **buf, const struct qn_bundle *bundle)
{
    QN_ASSERT(bundle->step_count <= QN_BUNDLE_EPOCHS_MAX);
    return qn_encode_bounded(buf, QN_BUNDLE_LEN_MAX, write_bundle, bundle);
}
