#include "vectors/proof_story.h"

#include "ledger/merkle.h"

#include <stdio.h>
#include <string.h>

enum { MEMBERS = 4, BLOCK_MS = 1000 };
static const qn_unix_ms start_ms = 1700000000000;

struct qn_key *story_key(enum qn_suite_id suite, unsigned number)
{
    char text[64];
    int len = snprintf(text, sizeof text, "proof vectors, suite %d, key %u", (int)suite, number);
    struct qn_hash seed = qn_sha3((struct qn_span){(const uint8_t *)text, (size_t)len});
    struct qn_key *key = qn_key_from_seed(suite, seed.bytes);

    QN_ASSERT(key != NULL);
    return key;
}

static struct qn_buf *genesis_cert(const struct qn_key *key, unsigned number)
{
    struct qn_genesis_cert cert = {
        .network = "vectors",
        .bootstrap_id = (uint16_t)number,
        .key = *qn_key_public(key),
        .region = (enum qn_region)(number % QN_REGION_COUNT),
        .endpoint_count = 1,
        .endpoints = {{.host = "192.0.2.1", .port = (uint16_t)(9000 + number)}},
        .not_before_ms = start_ms,
    };
    uint8_t out[QN_GENESIS_CERT_LEN_MAX];
    struct qn_span payload;
    struct qn_signature signature;

    QN_ASSERT(qn_genesis_cert_payload(&cert, out, sizeof out, &payload) == QN_OK);
    struct qn_hash digest = qn_signing_digest(NULL, payload);
    QN_ASSERT(qn_sign_deterministic(&signature, key, QN_SIGN_GENESIS, &digest) == QN_OK);
    return qn_signed_encode(payload, (struct qn_span){signature.bytes, signature.len});
}

/* Keys in any order become the committee of the next epoch. */
static void add_committee(struct story *story, struct qn_key *const *keys, size_t count)
{
    struct story_committee *committee = &story->committees[story->epoch_count];
    struct qn_public_key public_keys[STORY_MEMBERS_MAX] = {{0}};

    QN_ASSERT(count <= STORY_MEMBERS_MAX && story->epoch_count < STORY_EPOCHS_MAX);
    for (size_t i = 0; i < count; i++) {
        public_keys[i] = *qn_key_public(keys[i]);
    }
    QN_ASSERT(qn_validator_set_init(&committee->set, public_keys, count) == QN_OK);
    committee->count = count;
    for (size_t i = 0; i < count; i++) {
        struct qn_node_id id = qn_public_key_id(&public_keys[i]);
        int index = qn_validator_index(&committee->set, &id);
        QN_ASSERT(index >= 0);
        committee->keys[index] = keys[i];
    }
    story->epoch_count += 1;
}

void story_init(struct story *story, enum qn_suite_id suite)
{
    struct qn_buf *certs[MEMBERS];
    struct qn_span spans[MEMBERS];
    struct qn_genesis_parameters parameters = {.policy = QN_POLICY_OPEN};
    size_t problem_count = 0;

    *story = (struct story){.genesis_count = MEMBERS};
    for (unsigned i = 0; i < MEMBERS; i++) {
        story->genesis_keys[i] = story_key(suite, i + 1);
        certs[i] = genesis_cert(story->genesis_keys[i], i + 1);
        spans[i] = qn_buf_span(certs[i]);
    }
    QN_ASSERT(qn_genesis_init(&story->genesis, NULL, 0, &problem_count, spans, MEMBERS,
                              &parameters) == QN_OK);
    for (size_t i = 0; i < MEMBERS; i++) {
        qn_buf_drop(certs[i]);
    }
    add_committee(story, story->genesis_keys, MEMBERS);
    qn_state_init_genesis(&story->blocks[0].state, &story->genesis);
    story_add_block(story, NULL, 0);
}

void story_fini(struct story *story)
{
    for (size_t i = 0; i < STORY_BLOCKS_MAX; i++) {
        qn_state_fini(&story->blocks[i].state);
        qn_buf_drop(story->blocks[i].header_bytes);
    }
    for (size_t i = 0; i < story->epoch_count; i++) {
        qn_validator_set_fini(&story->committees[i].set);
    }
    for (size_t i = 0; i < story->genesis_count; i++) {
        qn_key_free(story->genesis_keys[i]);
    }
    qn_genesis_fini(&story->genesis);
}

struct qn_state *story_next_state(struct story *story)
{
    QN_ASSERT(story->block_count < STORY_BLOCKS_MAX);
    return &story->blocks[story->block_count].state;
}

struct qn_registry_entry story_entry(const struct story *story, const struct qn_key *key,
                                     uint64_t index)
{
    const struct qn_public_key *public_key = qn_key_public(key);
    struct qn_registry_entry entry = {
        .index = index,
        .id = qn_public_key_id(public_key),
        .suite = public_key->suite,
        .key_hash = qn_sha3(qn_public_key_span(public_key)),
        .region = QN_REGION_EUROPE,
        .roles = QN_ROLE_FULL,
        .has_endpoint = true,
        .endpoint = {.host = "node.example", .port = 9876},
        .valid_until_ms = UINT64_MAX,
        .status = QN_ENTRY_ACTIVE,
        .sequence = 1,
        .registered_height = story->block_count,
        .changed_height = story->block_count,
        .code_class = 7,
        .key = *public_key,
    };
    memset(entry.announce_tip.bytes, 0x5a, sizeof entry.announce_tip.bytes);
    return entry;
}

/* Over the ids of all blocks so far. */
static struct qn_history history_of(const struct story *story)
{
    struct qn_history history = {0};

    for (size_t i = 0; i < story->block_count; i++) {
        qn_history_append(&history, &story->blocks[i].id);
    }
    return history;
}

static void set_header(struct story *story, struct story_block *block, bool ends_epoch)
{
    uint64_t height = story->block_count;
    size_t epoch = story->epoch_count - 1 - ends_epoch;
    struct qn_history history = history_of(story);

    block->header = (struct qn_header){
        .version = 1,
        .network = story->genesis.network,
        .epoch = epoch,
        .height = height,
        .state_root = qn_tree_root(block->state.tree),
        .history_root = qn_history_root(&history),
        .validators_hash = qn_validator_set_hash(&story->committees[epoch].set),
        .next_validators_hash =
            qn_validator_set_hash(&story->committees[story->epoch_count - 1].set),
        .time_ms = start_ms + height * BLOCK_MS,
        .flags = ends_epoch,
    };
    if (height > 0) {
        block->header.parent = story->blocks[height - 1].id;
    }
    if (ends_epoch) {
        story->epoch_ends[epoch] = height;
    }
}

void story_add_block(struct story *story, struct qn_key *const *next, size_t next_count)
{
    struct story_block *block = &story->blocks[story->block_count];
    uint8_t out[QN_HEADER_LEN_MAX];
    struct qn_span bytes;

    if (next != NULL) {
        add_committee(story, next, next_count);
    }
    set_header(story, block, next != NULL);
    QN_ASSERT(qn_header_encode(&block->header, out, sizeof out, &bytes) == QN_OK);
    block->header_bytes = qn_buf_copy(bytes);
    block->id = qn_sha3(bytes);
    story->block_count += 1;
    if (story->block_count < STORY_BLOCKS_MAX) {
        qn_state_copy(&story->blocks[story->block_count].state, &block->state);
    }
}

struct story_cert story_cert_of(const struct story *story, uint64_t height)
{
    const struct story_block *block = &story->blocks[height];
    size_t count = story->committees[block->header.epoch].count;
    struct story_cert cert = {
        .kind = QN_VOTE_FINALIZE,
        .signed_as = QN_VOTE_FINALIZE,
        .epoch = block->header.epoch,
        .network = story->genesis.network,
        .block_id = block->id,
        .bitmap_len = 1,
    };

    /* The last q members. */
    cert.signers =
        (uint8_t)(((1U << count) - 1U) & ~((1U << qn_fault_limit((unsigned)count)) - 1U));
    cert.bitmap[0] = cert.signers;
    return cert;
}

struct qn_buf *story_certify(const struct story *story, const struct story_cert *cert)
{
    static struct qn_signature signatures[STORY_MEMBERS_MAX];
    const struct story_committee *committee = &story->committees[cert->epoch];
    struct qn_cert encoded = {
        .kind = cert->kind,
        .epoch = cert->epoch,
        .view = 7,
        .parent_view = 5,
        .block_id = cert->block_id,
        .bitmap_len = cert->bitmap_len,
    };
    struct qn_hash digest = qn_cert_digest(&encoded, &cert->network);

    memcpy(encoded.bitmap, cert->bitmap, sizeof cert->bitmap);
    for (size_t i = 0; i < committee->count; i++) {
        if ((cert->signers >> i & 1U) == 0) {
            continue;
        }
        struct qn_signature *signature = &signatures[encoded.signature_count];
        QN_ASSERT(qn_sign_deterministic(signature, committee->keys[i],
                                        qn_vote_sign_kind(cert->signed_as), &digest) == QN_OK);
        encoded.signatures[encoded.signature_count] =
            (struct qn_span){signature->bytes, signature->len};
        encoded.signature_count += 1;
    }
    return qn_cert_encode(&encoded);
}

/* By the definition, without any kept nodes. */
static bool node_of(void *context, struct qn_hash *hash, unsigned level, uint64_t index)
{
    const struct story *story = context;
    struct qn_hash leaves[STORY_BLOCKS_MAX];
    size_t count = (size_t)1 << level;

    for (size_t i = 0; i < count; i++) {
        const struct qn_hash *id = &story->blocks[(index << level) + i].id;
        leaves[i] = qn_merkle_leaf((struct qn_span){id->bytes, QN_HASH_LEN});
    }
    *hash = qn_merkle_root(leaves, count);
    return true;
}

void story_path(struct story *story, struct qn_history_path *path, uint64_t count, uint64_t height)
{
    QN_ASSERT(qn_history_prove(path, count, height, node_of, story));
}
