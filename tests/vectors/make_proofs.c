/* Makes the proof vectors: make_proofs <folder> writes proofs.json and the proofs that hold, one file each.
 *
 * A proof that does not hold is told as one change of one that does: at an offset, so many bytes out, others in.
 * tests/vectors/README.md describes the file. */
#include "vectors/proof_story.h"
#include "wire/testing/run.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one proof, with every part open to change ---- */

struct parts {
    struct qn_bundle bundle;
    struct qn_bundle_step steps[STORY_EPOCHS_MAX];
    struct qn_buf *certs[STORY_EPOCHS_MAX];
    struct qn_buf *cert;
    struct qn_history_path path;
    struct qn_tree_proof proof;
    struct qn_buf *entry; /* NULL: absent */
};

static struct qn_span span_of(const struct qn_buf *buf)
{
    return buf == NULL ? (struct qn_span){0} : qn_buf_span(buf);
}

/* Of id at height, certified at certified_height >= height. */
static void parts_init(struct parts *parts, struct story *story, const struct qn_node_id *id,
                       uint64_t height, uint64_t certified_height)
{
    const struct story_block *block = &story->blocks[height];
    const struct story_block *certified = &story->blocks[certified_height];
    struct qn_hash key = qn_state_entry_key(id);
    struct story_cert cert = story_cert_of(story, certified_height);

    *parts = (struct parts){.cert = story_certify(story, &cert)};
    for (size_t i = 0; i < certified->header.epoch; i++) {
        struct story_cert end = story_cert_of(story, story->epoch_ends[i]);
        parts->certs[i] = story_certify(story, &end);
        parts->steps[i] = (struct qn_bundle_step){
            .header = qn_buf_span(story->blocks[story->epoch_ends[i]].header_bytes),
            .cert = qn_buf_span(parts->certs[i]),
            .next = &story->committees[i + 1].set,
        };
    }
    qn_tree_prove(block->state.tree, &parts->proof, &key);
    struct qn_buf *value = qn_tree_get(block->state.tree, &key, NULL);
    parts->entry = value == NULL ? NULL : qn_buf_copy(qn_buf_span(value));
    parts->bundle = (struct qn_bundle){
        .parameters = qn_buf_span(story->genesis.parameter_bytes),
        .step_count = certified->header.epoch,
        .steps = parts->steps,
        .header = qn_buf_span(block->header_bytes),
        .cert = qn_buf_span(parts->cert),
        .path = &parts->path,
        .proof = &parts->proof,
        .id = *id,
        .entry = span_of(parts->entry),
    };
    if (certified != block) {
        parts->bundle.anchor = qn_buf_span(certified->header_bytes);
        story_path(story, &parts->path, certified_height, height);
    }
}

static void parts_fini(struct parts *parts)
{
    for (size_t i = 0; i < STORY_EPOCHS_MAX; i++) {
        qn_buf_drop(parts->certs[i]);
    }
    qn_buf_drop(parts->cert);
    qn_buf_drop(parts->entry);
}

static void replace_cert(struct parts *parts, const struct story *story,
                         const struct story_cert *cert)
{
    qn_buf_drop(parts->cert);
    parts->cert = story_certify(story, cert);
    parts->bundle.cert = qn_buf_span(parts->cert);
}

static struct qn_buf *encode(const struct parts *parts)
{
    struct qn_buf *buf = NULL;
    QN_ASSERT(qn_bundle_encode(&buf, &parts->bundle) == QN_OK);
    return buf;
}

/* ---- what is written ---- */

static const char *folder;
static json_t *valid;
static json_t *invalid;

static json_t *hex(const uint8_t *bytes, size_t len)
{
    char *text = malloc(2 * len + 1);
    QN_ASSERT(text != NULL);
    qn_hex_encode(text, bytes, len);
    json_t *json = json_string(text);
    free(text);
    return json;
}

static void write_file(const char *name, const char *suffix, const void *bytes, size_t len)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s%s", folder, name, suffix);
    FILE *file = fopen(path, "wb");
    QN_ASSERT(file != NULL && fwrite(bytes, 1, len, file) == len && fclose(file) == 0);
}

/* What the verifier must answer: from the story, not from the verifier. */
static json_t *verdict(const struct story *story, const struct parts *parts, uint64_t height,
                       uint64_t certified_height, const char *state)
{
    const struct story_block *block = &story->blocks[height];
    size_t epochs = story->blocks[certified_height].header.epoch;
    size_t signatures = 0;

    for (size_t i = 0; i <= epochs; i++) {
        signatures += qn_quorum((unsigned)story->committees[i].count);
    }
    json_t *json = json_pack(
        "{s:b, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "member", parts->entry != NULL, "state", state,
        "height", (json_int_t)height, "time_ms", (json_int_t)block->header.time_ms, "epoch",
        (json_int_t)block->header.epoch, "certified_height", (json_int_t)certified_height,
        "certified_epoch", (json_int_t)epochs, "signatures", (json_int_t)signatures);
    (void)json_object_set_new(json, "node_id", hex(parts->bundle.id.bytes, QN_HASH_LEN));
    (void)json_object_set_new(json, "network", hex(story->genesis.network.bytes, QN_HASH_LEN));
    (void)json_object_set_new(json, "block_id", hex(block->id.bytes, QN_HASH_LEN));
    (void)json_object_set_new(json, "state_root", hex(block->header.state_root.bytes, QN_HASH_LEN));
    return json;
}

static void set_entry(json_t *json, const struct story *story, const struct parts *parts,
                      uint64_t height)
{
    struct qn_registry_entry entry;
    if (qn_state_entry(&story->blocks[height].state, &entry, &parts->bundle.id) != QN_OK) {
        return;
    }
    json_t *fields = json_pack(
        "{s:I, s:i, s:i, s:i, s:s, s:i, s:I, s:I, s:I, s:i, s:i}", "index", (json_int_t)entry.index,
        "suite", (int)entry.suite, "region", (int)entry.region, "roles", (int)entry.roles, "host",
        entry.has_endpoint ? entry.endpoint.host : "", "port", (int)entry.endpoint.port, "sequence",
        (json_int_t)entry.sequence, "registered_height", (json_int_t)entry.registered_height,
        "changed_height", (json_int_t)entry.changed_height, "revoke_reason",
        (int)entry.revoke_reason, "code_class", (int)entry.code_class);
    /* As text: it may be above what a JSON number holds. */
    char until[24];
    (void)snprintf(until, sizeof until, "%llu", (unsigned long long)entry.valid_until_ms);
    (void)json_object_set_new(fields, "valid_until_ms", json_string(until));
    (void)json_object_set_new(fields, "key_hash", hex(entry.key_hash.bytes, QN_HASH_LEN));
    (void)json_object_set_new(fields, "successor", hex(entry.successor.bytes, QN_HASH_LEN));
    (void)json_object_set_new(fields, "equivocated_height",
                              json_integer((json_int_t)entry.equivocated_height));
    (void)json_object_set_new(json, "entry", fields);
}

static void emit_valid(const char *name, const char *genesis, struct story *story,
                       const struct qn_node_id *id, uint64_t height, uint64_t certified_height,
                       const char *state)
{
    struct parts parts;
    parts_init(&parts, story, id, height, certified_height);
    struct qn_buf *bytes = encode(&parts);
    json_t *answer = verdict(story, &parts, height, certified_height, state);

    set_entry(answer, story, &parts, height);
    write_file(name, ".cbor", bytes->bytes, bytes->len);
    json_array_append_new(valid, json_pack("{s:s, s:s, s:i, s:o}", "name", name, "genesis", genesis,
                                           "bytes", (int)bytes->len, "verdict", answer));
    qn_buf_drop(bytes);
    parts_fini(&parts);
}

/* What a broken proof is a change of. */
struct base {
    const char *name;
    struct story *story;
    struct qn_buf *bytes;
};

static void emit_bytes(const char *name, const struct base *base, struct qn_span bytes,
                       const char *error)
{
    size_t same = 0;
    size_t same_end = 0;
    size_t shorter = bytes.len < base->bytes->len ? bytes.len : base->bytes->len;

    while (same < shorter && bytes.at[same] == base->bytes->bytes[same]) {
        same += 1;
    }
    while (same + same_end < shorter && bytes.at[bytes.len - 1 - same_end] ==
                                            base->bytes->bytes[base->bytes->len - 1 - same_end]) {
        same_end += 1;
    }
    json_array_append_new(
        invalid, json_pack("{s:s, s:s, s:i, s:i, s:o, s:s}", "name", name, "of", base->name, "at",
                           (int)same, "out", (int)(base->bytes->len - same - same_end), "in",
                           hex(bytes.at + same, bytes.len - same - same_end), "error", error));
}

static void emit_parts(const char *name, const struct base *base, const struct parts *parts,
                       const char *error)
{
    struct qn_buf *bytes = encode(parts);
    emit_bytes(name, base, qn_buf_span(bytes), error);
    qn_buf_drop(bytes);
}

/* ---- broken proofs ---- */

/* A copy with so many bytes out and others in. */
static void emit_splice(const char *name, const struct base *base, size_t at, size_t out,
                        struct qn_span in, const char *error)
{
    struct qn_buf *copy = qn_buf_new(base->bytes->len - out + in.len);
    memcpy(copy->bytes, base->bytes->bytes, at);
    if (in.len > 0) {
        memcpy(copy->bytes + at, in.at, in.len);
    }
    memcpy(copy->bytes + at + in.len, base->bytes->bytes + at + out, base->bytes->len - at - out);
    emit_bytes(name, base, qn_buf_span(copy), error);
    qn_buf_drop(copy);
}

/* The forms that deterministic CBOR forbids; a proof begins A9 01 01 or A8 01 01. */
static void break_form(const struct base *base)
{
    size_t len = base->bytes->len;
    uint8_t head = base->bytes->bytes[0];
    const uint8_t long_head[] = {0xb8, (uint8_t)(head & 0x1f)};
    const uint8_t long_value[] = {0x18, 0x01};
    const uint8_t tagged[] = {0xc0, 0x01};

    emit_splice("trailing-byte", base, len, 0, (struct qn_span){(const uint8_t[]){0}, 1},
                "malformed");
    emit_splice("last-byte-missing", base, len - 1, 1, (struct qn_span){0}, "malformed");
    emit_splice("empty", base, 0, len, (struct qn_span){0}, "malformed");
    emit_splice("long-map-head", base, 0, 1, (struct qn_span){long_head, 2}, "malformed");
    emit_splice("indefinite-map", base, 0, 1, (struct qn_span){(const uint8_t[]){0xbf}, 1},
                "malformed");
    emit_splice("long-version", base, 2, 1, (struct qn_span){long_value, 2}, "malformed");
    emit_splice("tagged-version", base, 2, 1, (struct qn_span){tagged, 2}, "malformed");
    emit_splice("key-twice", base, 3, 1, (struct qn_span){(const uint8_t[]){1}, 1}, "malformed");
    emit_splice("unknown-key", base, 3, 1, (struct qn_span){(const uint8_t[]){10}, 1}, "malformed");
    emit_splice("pair-too-few", base, 0, 1, (struct qn_span){(uint8_t[]){(uint8_t)(head - 1)}, 1},
                "malformed");
    emit_splice("version-2", base, 2, 1, (struct qn_span){(const uint8_t[]){2}, 1}, "version");
    emit_splice("version-0", base, 2, 1, (struct qn_span){(const uint8_t[]){0}, 1}, "version");
}

static void break_certificate(const struct base *base, const struct qn_node_id *id, uint64_t height)
{
    struct story *story = base->story;
    struct parts parts;
    struct story_cert cert;
    static const struct {
        const char *name;
        const char *error;
    } cases[] = {
        {"too-few-signers", "quorum"},    {"too-many-signers", "quorum"},
        {"long-bitmap", "quorum"},        {"signer-beyond-committee", "quorum"},
        {"notarization", "certificate"},  {"other-block", "certificate"},
        {"other-purpose", "signature"},   {"other-network", "signature"},
        {"signers-swapped", "signature"},
    };

    for (size_t i = 0; i < QN_ARRAY_COUNT(cases); i++) {
        parts_init(&parts, story, id, height, height);
        cert = story_cert_of(story, height);
        switch (i) {
        case 0:
            cert.signers &= (uint8_t)(cert.signers - 1U);
            cert.bitmap[0] = cert.signers;
            break;
        case 1:
            cert.signers = (uint8_t)((1U << story->committees[cert.epoch].count) - 1U);
            cert.bitmap[0] = cert.signers;
            break;
        case 2:
            cert.bitmap_len = 2;
            break;
        case 3:
            cert.bitmap[0] = (uint8_t)((cert.signers & (cert.signers - 1U)) | 0x80U);
            break;
        case 4:
            cert.kind = cert.signed_as = QN_VOTE_NOTARIZE;
            break;
        case 5:
            cert.block_id = story->blocks[height - 1].id;
            break;
        case 6:
            cert.signed_as = QN_VOTE_NOTARIZE;
            break;
        case 7:
            cert.network.bytes[0] ^= 1U;
            break;
        default: /* signatures of the first q members, said to be the last q's */
            cert.signers = (uint8_t)(cert.bitmap[0] >> 1);
            break;
        }
        replace_cert(&parts, story, &cert);
        emit_parts(cases[i].name, base, &parts, cases[i].error);
        parts_fini(&parts);
    }
}

/* What is changed in the parts, and what comes of it. */
static void break_state(const struct base *base, const struct qn_node_id *id,
                        const struct qn_node_id *other, uint64_t height)
{
    struct parts parts;
    parts_init(&parts, base->story, id, height, height);
    parts.proof.siblings[0].bytes[31] ^= 1U;
    emit_parts("wrong-sibling", base, &parts, "state");
    parts.proof.siblings[0].bytes[31] ^= 1U;

    parts.proof.sibling_count -= 1;
    emit_parts("sibling-missing", base, &parts, "state");
    parts.proof.sibling_count += 1;

    parts.proof.leaf_value_hash.bytes[0] ^= 1U;
    emit_parts("wrong-leaf", base, &parts, "state");
    parts.proof.leaf_value_hash.bytes[0] ^= 1U;

    struct qn_span entry = parts.bundle.entry;
    parts.bundle.entry = (struct qn_span){0};
    emit_parts("member-hidden", base, &parts, "state");
    parts.bundle.entry = entry;

    /* Its last byte is the class of its code. */
    parts.entry->bytes[parts.entry->len - 1] ^= 1U;
    emit_parts("entry-changed", base, &parts, "state");
    parts.entry->bytes[parts.entry->len - 1] ^= 1U;

    parts.bundle.id = *other;
    emit_parts("entry-of-another", base, &parts, "entry");
    parts.bundle.id = *id;

    parts.bundle.parameters = (struct qn_span){(const uint8_t *)"\xa2\x01\x01\x02\x80", 5};
    emit_parts("other-parameters", base, &parts, "network");
    parts_fini(&parts);

    parts_init(&parts, base->story, id, height, height);
    parts.bundle.header = qn_buf_span(base->story->blocks[height - 1].header_bytes);
    emit_parts("other-header", base, &parts, "certificate");
    parts_fini(&parts);
}

static void break_epochs(const struct base *base, const struct qn_node_id *id, uint64_t height,
                         uint64_t certified_height)
{
    struct story *story = base->story;
    struct parts parts;

    parts_init(&parts, story, id, height, certified_height);
    parts.bundle.step_count -= 1;
    emit_parts("last-epoch-missing", base, &parts, "epoch");
    parts.bundle.steps += 1;
    emit_parts("first-epoch-missing", base, &parts, "epoch");
    parts_fini(&parts);

    parts_init(&parts, story, id, height, certified_height);
    parts.steps[1].next = &story->committees[0].set;
    emit_parts("wrong-next-committee", base, &parts, "committee");
    parts_fini(&parts);

    parts_init(&parts, story, id, height, certified_height);
    parts.steps[1].header = qn_buf_span(story->blocks[story->epoch_ends[1] - 1].header_bytes);
    emit_parts("epoch-ends-early", base, &parts, "epoch");
    parts_fini(&parts);

    /* The last epoch's block, signed by the committee before. */
    parts_init(&parts, story, id, height, certified_height);
    struct story_cert cert = story_cert_of(story, story->epoch_ends[1]); /* by the former one */
    cert.block_id = story->blocks[certified_height].id;
    replace_cert(&parts, story, &cert);
    emit_parts("signed-by-former-committee", base, &parts, "certificate");
    parts_fini(&parts);
}

static void break_history(const struct base *base, const struct qn_node_id *id, uint64_t height,
                          uint64_t certified_height)
{
    struct story *story = base->story;
    struct parts parts;

    parts_init(&parts, story, id, height, certified_height);
    parts.path.hashes[0].bytes[0] ^= 1U;
    emit_parts("wrong-history", base, &parts, "history");
    parts.path.hashes[0].bytes[0] ^= 1U;
    parts.path.count += 1;
    emit_parts("history-too-long", base, &parts, "history");
    parts.path.count -= 2;
    emit_parts("history-too-short", base, &parts, "history");
    parts.path.count += 1;
    parts.bundle.header = qn_buf_span(story->blocks[height + 1].header_bytes);
    emit_parts("other-block-of-history", base, &parts, "history");
    parts.bundle.header = qn_buf_span(story->blocks[certified_height].header_bytes);
    emit_parts("block-is-its-own-history", base, &parts, "history");
    parts_fini(&parts);
}

/* ---- the two stories ---- */

struct cast {
    struct qn_key *keys[8]; /* registered under indices 4, 5, ... */
    struct qn_node_id ids[8];
    size_t count;
};

static const struct qn_node_id *enter(struct cast *cast, struct story *story,
                                      enum qn_suite_id suite, uint64_t valid_until_ms)
{
    size_t index = story->genesis_count + cast->count;
    struct qn_key *key = story_key(suite, 100 + (unsigned)cast->count);
    struct qn_registry_entry entry = story_entry(story, key, index);

    entry.valid_until_ms = valid_until_ms;
    entry.has_endpoint = cast->count != 1;
    qn_state_put_entry(story_next_state(story), &entry);
    cast->keys[cast->count] = key;
    cast->ids[cast->count] = entry.id;
    cast->count += 1;
    return &cast->ids[cast->count - 1];
}

static void revoke(struct story *story, const struct qn_node_id *id)
{
    struct qn_registry_entry entry;
    QN_ASSERT(qn_state_entry(story_next_state(story), &entry, id) == QN_OK);
    entry.status = QN_ENTRY_REVOKED;
    entry.revoke_reason = 1;
    entry.sequence += 1;
    entry.changed_height = story->block_count;
    qn_state_put_entry(story_next_state(story), &entry);
}

/* Its key is replaced; its contradicting votes had been proved before. */
static void rotate(struct story *story, const struct qn_node_id *id,
                   const struct qn_node_id *successor)
{
    struct qn_registry_entry entry;
    QN_ASSERT(qn_state_entry(story_next_state(story), &entry, id) == QN_OK);
    entry.status = QN_ENTRY_ROTATED;
    entry.successor = *successor;
    entry.equivocated_height = story->block_count - 1;
    entry.changed_height = story->block_count;
    qn_state_put_entry(story_next_state(story), &entry);
}

/* An id that is not there; with_leaf: where another one's leaf stands. */
static struct qn_node_id stranger(const struct story *story, uint64_t height, bool with_leaf)
{
    struct qn_tree_proof proof;
    struct qn_node_id id = {0};

    do {
        id.bytes[31] += 1;
        struct qn_hash key = qn_state_entry_key(&id);
        qn_tree_prove(story->blocks[height].state.tree, &proof, &key);
    } while (proof.has_leaf != with_leaf);
    return id;
}

static json_t *certificates(const struct story *story)
{
    json_t *list = json_array();
    for (size_t i = 0; i < story->genesis.cert_count; i++) {
        const struct qn_buf *cert = story->genesis.cert_bytes[i];
        char *text = malloc(QN_BASE64URL_SIZE(cert->len));
        QN_ASSERT(text != NULL);
        qn_base64url_encode(text, cert->bytes, cert->len);
        json_array_append_new(list, json_string(text));
        free(text);
    }
    return list;
}

static void fini(struct cast *cast, struct story *story)
{
    for (size_t i = 0; i < cast->count; i++) {
        qn_key_free(cast->keys[i]);
    }
    story_fini(story);
}

/* Three epochs: the genesis nodes; with an ML-DSA-87 member for the first of them; with an ML-DSA-44 one more. */
static void fill_main_story(struct story *story, struct cast *cast)
{
    story_init(story, QN_SUITE_MLDSA65);
    (void)enter(cast, story, QN_SUITE_MLDSA65, UINT64_MAX);
    story_add_block(story, NULL, 0); /* 1 */
    (void)enter(cast, story, QN_SUITE_MLDSA87, UINT64_MAX);
    story_add_block(story, NULL, 0); /* 2 */
    (void)enter(cast, story, QN_SUITE_MLDSA44, UINT64_MAX);
    story_add_block(story, NULL, 0); /* 3 */
    (void)enter(cast, story, QN_SUITE_MLDSA65, 1700000000000 + 5000);
    revoke(story, &cast->ids[0]);
    story_add_block(story, NULL, 0); /* 4 */
    struct qn_key *second[] = {story->genesis_keys[1], story->genesis_keys[2],
                               story->genesis_keys[3], cast->keys[1]};
    story_add_block(story, second, 4); /* 5 */
    rotate(story, &cast->ids[3], &cast->ids[1]);
    story_add_block(story, NULL, 0); /* 6 */
    story_add_block(story, NULL, 0); /* 7 */
    struct qn_key *third[] = {story->genesis_keys[1], story->genesis_keys[2],
                              story->genesis_keys[3], cast->keys[1], cast->keys[2]};
    story_add_block(story, third, 5); /* 8 */
    story_add_block(story, NULL, 0);  /* 9 */
    story_add_block(story, NULL, 0);  /* 10 */
    story_add_block(story, NULL, 0);  /* 11 */
}

static struct base base_of(const char *name, struct story *story, const struct qn_node_id *id,
                           uint64_t height, uint64_t certified_height)
{
    struct parts parts;
    parts_init(&parts, story, id, height, certified_height);
    struct base base = {name, story, encode(&parts)};
    parts_fini(&parts);
    return base;
}

static void tell_main_story(json_t *genesis)
{
    struct story story;
    struct cast cast = {0};
    fill_main_story(&story, &cast);
    struct qn_node_id founder = qn_public_key_id(qn_key_public(story.genesis_keys[0]));
    struct qn_node_id nobody = stranger(&story, 3, false);
    struct qn_node_id neighbour = stranger(&story, 3, true);

    emit_valid("member", "mldsa65", &story, &cast.ids[1], 3, 3, "active");
    emit_valid("member-revoked", "mldsa65", &story, &cast.ids[0], 4, 4, "revoked");
    emit_valid("member-expired", "mldsa65", &story, &cast.ids[3], 5, 5, "expired");
    emit_valid("member-rotated", "mldsa65", &story, &cast.ids[3], 7, 7, "rotated");
    emit_valid("absent-empty-place", "mldsa65", &story, &nobody, 3, 3, "none");
    emit_valid("absent-other-leaf", "mldsa65", &story, &neighbour, 3, 3, "none");
    emit_valid("past-before-revocation", "mldsa65", &story, &cast.ids[0], 2, 4, "active");
    emit_valid("past-before-registration", "mldsa65", &story, &cast.ids[0], 0, 1, "none");
    emit_valid("past-founder-at-genesis", "mldsa65", &story, &founder, 0, 11, "active");
    emit_valid("two-epochs", "mldsa65", &story, &cast.ids[2], 11, 11, "active");
    emit_valid("epoch-end", "mldsa65", &story, &cast.ids[2], 8, 8, "active");
    emit_valid("past-across-epochs", "mldsa65", &story, &cast.ids[0], 3, 10, "active");

    struct base member = base_of("member", &story, &cast.ids[1], 3, 3);
    break_form(&member);
    break_certificate(&member, &cast.ids[1], 3);
    break_state(&member, &cast.ids[1], &cast.ids[0], 3);
    qn_buf_drop(member.bytes);
    struct base across = base_of("past-across-epochs", &story, &cast.ids[0], 3, 10);
    break_epochs(&across, &cast.ids[0], 3, 10);
    break_history(&across, &cast.ids[0], 3, 10);
    qn_buf_drop(across.bytes);
    (void)json_object_set_new(genesis, "mldsa65", certificates(&story));
    fini(&cast, &story);
}

/* All keys of ML-DSA-87. */
static void tell_other_story(json_t *genesis)
{
    struct story story;
    struct cast cast = {0};
    story_init(&story, QN_SUITE_MLDSA87);
    (void)enter(&cast, &story, QN_SUITE_MLDSA87, UINT64_MAX);
    story_add_block(&story, NULL, 0);

    emit_valid("member-mldsa87", "mldsa87", &story, &cast.ids[0], 1, 1, "active");
    (void)json_object_set_new(genesis, "mldsa87", certificates(&story));
    fini(&cast, &story);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s <folder>\n", argv[0]);
        return 2;
    }
    qn_test_start();
    folder = argv[1];
    valid = json_array();
    invalid = json_array();
    json_t *genesis = json_object();
    tell_main_story(genesis);
    tell_other_story(genesis);
    json_t *all =
        json_pack("{s:o, s:o, s:o}", "genesis", genesis, "valid", valid, "invalid", invalid);
    char *text = json_dumps(all, JSON_INDENT(1));
    QN_ASSERT(text != NULL);
    write_file("proofs", ".json", text, strlen(text));
    free(text);
    json_decref(all);
    return 0;
}
