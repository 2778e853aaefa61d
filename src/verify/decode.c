/* The form of a proof: registry-proof in docs/protocol.cddl. */
#include "verify/parts.h"

enum {
    PROOF_VERSION = 1,
    HEADER_VERSION = 1,
    FLAG_EPOCH_END = 1,
    KIND_NOTARIZE = 1,
    KIND_FINALIZE = 2
};

/* A reader over a part that is a byte string in its container. */
static struct qn_reader part(struct qnet_span bytes)
{
    struct qn_reader in;
    qn_reader_init(&in, (struct qn_span){bytes.at, bytes.len});
    return in;
}

/* The container fails with its part. */
static void part_end(struct qn_reader *in, const struct qn_reader *inner)
{
    in->failed = in->failed || qn_reader_done(inner) != QN_OK;
}

static void read_header(struct qn_reader *outer, struct qn_map_reader *outer_map, uint64_t key,
                        struct qn_proof_header *header)
{
    header->bytes = qn_proof_read_bytes(outer, outer_map, key, 1, QN_PROOF_HEADER_LEN_MAX);
    struct qn_reader in = part(header->bytes);
    struct qn_map_reader map = qn_read_map(&in);
    uint64_t version = qn_proof_read_uint(&in, &map, 1, HEADER_VERSION);
    header->network = qn_proof_read_hash(&in, &map, 2);
    header->epoch = qn_proof_read_uint(&in, &map, 3, UINT64_MAX);
    header->height = qn_proof_read_uint(&in, &map, 4, UINT64_MAX);
    (void)qn_proof_read_hash(&in, &map, 5); /* parent */
    (void)qn_proof_read_hash(&in, &map, 6); /* transactions root */
    header->state_root = qn_proof_read_hash(&in, &map, 7);
    header->history_root = qn_proof_read_hash(&in, &map, 8);
    header->validators_hash = qn_proof_read_hash(&in, &map, 9);
    header->next_validators_hash = qn_proof_read_hash(&in, &map, 10);
    header->time_ms = qn_proof_read_uint(&in, &map, 11, UINT64_MAX);
    uint64_t flags = qn_proof_read_uint(&in, &map, 12, FLAG_EPOCH_END);
    header->ends_epoch = flags == FLAG_EPOCH_END;
    qn_read_map_end(&in, &map);
    bool changes = !qn_proof_hash_equal(header->validators_hash, header->next_validators_hash);
    in.failed = in.failed || version != HEADER_VERSION || changes != header->ends_epoch;
    part_end(outer, &in);
}

static size_t count_bits(struct qnet_span bitmap)
{
    size_t count = 0;
    for (size_t i = 0; i < bitmap.len * 8; i++) {
        count += (bitmap.at[i / 8] >> (i % 8)) & 1U;
    }
    return count;
}

/* Of any kind that names a block; that it is a finalization is the check's business. */
static void read_certificate(struct qn_reader *outer, struct qn_map_reader *outer_map, uint64_t key,
                             struct qn_proof_certificate *certificate)
{
    struct qn_reader in =
        part(qn_proof_read_bytes(outer, outer_map, key, 1, QN_PROOF_CERTIFICATE_LEN_MAX));
    struct qn_map_reader map = qn_read_map(&in);
    uint64_t kind = qn_proof_read_uint(&in, &map, 1, KIND_FINALIZE);
    certificate->is_final = kind == KIND_FINALIZE;
    certificate->epoch = qn_proof_read_uint(&in, &map, 2, UINT64_MAX);
    certificate->view = qn_proof_read_uint(&in, &map, 3, UINT64_MAX);
    certificate->parent_view = qn_proof_read_uint(&in, &map, 4, UINT64_MAX);
    certificate->block_id = qn_proof_read_hash(&in, &map, 5);
    certificate->bitmap = qn_proof_read_bytes(&in, &map, 6, 1, QN_PROOF_BITMAP_LEN_MAX);
    qn_read_key(&in, &map, 7);
    certificate->signature_count = qn_read_array(&in, 1, QN_PROOF_SIGNATURES_MAX);
    for (size_t i = 0; i < certificate->signature_count; i++) {
        struct qn_span signature = qn_read_bytes(&in, 1, QN_PROOF_SIGNATURE_LEN_MAX);
        certificate->signatures[i] = (struct qnet_span){signature.at, signature.len};
    }
    qn_read_map_end(&in, &map);
    in.failed = in.failed || kind < KIND_NOTARIZE ||
                count_bits(certificate->bitmap) != certificate->signature_count;
    part_end(outer, &in);
}

static void read_hashes(struct qn_reader *in, struct qn_proof_hashes *hashes, size_t max)
{
    uint8_t hash[QNET_HASH_LEN];
    hashes->count = qn_read_array(in, 0, max);
    hashes->at = *in;
    for (size_t i = 0; i < hashes->count; i++) {
        qn_read_fixed(in, hash, sizeof hash);
    }
}

static void read_committee(struct qn_reader *in, struct qn_proof_committee *committee)
{
    committee->count = qn_read_array(in, QNET_GENESIS_MIN, QNET_COMMITTEE_MAX);
    for (size_t i = 0; i < committee->count; i++) {
        struct qnet_member *member = &committee->members[i];
        (void)qn_read_array(in, 2, 2);
        member->suite = (uint8_t)qn_read_uint(in, UINT8_MAX);
        struct qn_span key = qn_read_bytes(in, 1, QN_PROOF_KEY_LEN_MAX);
        member->key = (struct qnet_span){key.at, key.len};
        if (in->failed || member->suite == 0 || qn_proof_key_suite(member->key) != member->suite) {
            in->failed = true;
            return;
        }
    }
}

void qn_proof_read_step(struct qn_reader *in, struct qn_proof_step *step)
{
    struct qn_map_reader map = qn_read_map(in);
    read_header(in, &map, 1, &step->header);
    read_certificate(in, &map, 2, &step->certificate);
    qn_read_key(in, &map, 3);
    read_committee(in, &step->next);
    qn_read_map_end(in, &map);
}

static void read_steps(struct qn_reader *in, struct qn_proof_bundle *bundle)
{
    struct qn_proof_step step;
    bundle->step_count = qn_read_array(in, 0, QNET_PROOF_EPOCHS_MAX);
    bundle->steps = *in;
    for (size_t i = 0; i < bundle->step_count && !in->failed; i++) {
        qn_proof_read_step(in, &step);
    }
}

static void read_anchor(struct qn_reader *in, struct qn_proof_bundle *bundle)
{
    struct qn_map_reader map = qn_read_map(in);
    read_header(in, &map, 1, &bundle->anchor);
    qn_read_key(in, &map, 2);
    read_hashes(in, &bundle->history, QN_PROOF_HISTORY_LEN_MAX);
    qn_read_map_end(in, &map);
}

static void read_path(struct qn_reader *outer, struct qn_map_reader *outer_map,
                      struct qn_proof_state_path *path)
{
    enum { PATH_LEN_MAX = 34 * QN_PROOF_DEPTH_MAX + 128 };
    struct qn_reader in = part(qn_proof_read_bytes(outer, outer_map, 7, 1, PATH_LEN_MAX));
    struct qn_map_reader map = qn_read_map(&in);
    qn_read_key(&in, &map, 1);
    read_hashes(&in, &path->siblings, QN_PROOF_DEPTH_MAX);
    path->has_leaf = map.pairs_left > 0;
    if (path->has_leaf) {
        path->leaf_key = qn_proof_read_hash(&in, &map, 2);
        path->leaf_value_hash = qn_proof_read_hash(&in, &map, 3);
    }
    qn_read_map_end(&in, &map);
    part_end(outer, &in);
}

/* Everything after the version. */
static void read_fields(struct qn_reader *in, struct qn_map_reader *map,
                        struct qn_proof_bundle *bundle)
{
    bundle->parameters = qn_proof_read_bytes(in, map, 2, 1, QN_PROOF_PARAMETERS_LEN_MAX);
    qn_read_key(in, map, 3);
    read_steps(in, bundle);
    read_header(in, map, 4, &bundle->header);
    read_certificate(in, map, 5, &bundle->certificate);
    bundle->has_anchor = qn_read_key_if(in, map, 6);
    if (bundle->has_anchor) {
        read_anchor(in, bundle);
    }
    read_path(in, map, &bundle->path);
    bundle->node_id = qn_proof_read_hash(in, map, 8);
    if (map->pairs_left > 0) {
        bundle->entry_bytes = qn_proof_read_bytes(in, map, 9, 1, QN_PROOF_ENTRY_LEN_MAX);
        struct qn_reader inner = part(bundle->entry_bytes);
        qn_proof_read_entry(&inner, bundle);
        part_end(in, &inner);
    }
    qn_read_map_end(in, map);
}

enum qnet_verify_status qn_proof_decode(struct qn_proof_bundle *bundle, struct qnet_span bytes)
{
    if (bytes.len > QNET_PROOF_LEN_MAX) {
        return QNET_VERIFY_TOO_BIG;
    }
    struct qn_reader in = part(bytes);
    struct qn_map_reader map = qn_read_map(&in);
    uint64_t version = qn_proof_read_uint(&in, &map, 1, UINT64_MAX);
    if (in.failed) {
        return QNET_VERIFY_MALFORMED;
    }
    if (version != PROOF_VERSION) {
        return QNET_VERIFY_VERSION;
    }
    *bundle = (struct qn_proof_bundle){0};
    read_fields(&in, &map, bundle);
    return qn_reader_done(&in) == QN_OK ? QNET_VERIFY_OK : QNET_VERIFY_MALFORMED;
}
