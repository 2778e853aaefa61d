/* Changed proofs of a made-up chain: whatever is done to them, what the verifier accepts is true of the chain.
 *
 * The first byte selects a proof that holds, 255 none; the rest is changes: offset (3 bytes, modulo the length),
 * bytes out, bytes in, and these. With none selected, the rest is the proof itself. */
#include "qnet/verify_openssl.h"
#include "sim/light_client.h"
#include "vectors/proof_story.h"
#include "wire/testing/run.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BASES = 5, RAW = 255, CHANGE_LEN = 5, CHANGES_MAX = 64, PROOF_MAX = 1 << 18 };

static struct story story;
static struct qn_node_id member;
static struct qn_node_id stranger;
static struct qn_buf *bases[BASES];
static struct qnet_trust trust;
static struct qnet_verify_crypto real;
static struct qnet_verify_crypto gullible; /* to whom every signature holds */
static bool started;

static enum qnet_check believe(void *context, struct qnet_span key, const char *context_string,
                               const uint8_t digest[QNET_HASH_LEN], struct qnet_span signature)
{
    (void)context;
    (void)key;
    (void)context_string;
    (void)digest;
    (void)signature;
    return QNET_CHECK_HOLDS;
}

/* As ledger/prove.c does it, from the story. */
static struct qn_buf *prove(const struct qn_node_id *id, uint64_t height, uint64_t certified_height)
{
    struct qn_bundle_step steps[STORY_EPOCHS_MAX];
    struct qn_buf *certs[STORY_EPOCHS_MAX + 1];
    struct qn_history_path path;
    struct qn_tree_proof proof;
    struct qn_buf *result = NULL;
    struct qn_hash key = qn_state_entry_key(id);
    const struct story_block *block = &story.blocks[height];
    const struct story_block *certified = &story.blocks[certified_height];
    size_t epochs = (size_t)certified->header.epoch;

    for (size_t i = 0; i <= epochs; i++) {
        uint64_t at = i < epochs ? story.epoch_ends[i] : certified_height;
        struct story_cert cert = story_cert_of(&story, at);
        certs[i] = story_certify(&story, &cert);
        if (i < epochs) {
            steps[i] = (struct qn_bundle_step){qn_buf_span(story.blocks[at].header_bytes),
                                               qn_buf_span(certs[i]), &story.committees[i + 1].set};
        }
    }
    qn_tree_prove(block->state.tree, &proof, &key);
    const struct qn_buf *value = qn_tree_get(block->state.tree, &key, NULL);
    struct qn_bundle bundle = {.parameters = qn_buf_span(story.genesis.parameter_bytes),
                               .step_count = epochs,
                               .steps = steps,
                               .header = qn_buf_span(block->header_bytes),
                               .cert = qn_buf_span(certs[epochs]),
                               .path = &path,
                               .proof = &proof,
                               .id = *id};
    if (value != NULL) {
        bundle.entry = qn_buf_span(value);
    }
    if (block != certified) {
        bundle.anchor = qn_buf_span(certified->header_bytes);
        story_path(&story, &path, certified_height, height);
    }
    QN_ASSERT(qn_bundle_encode(&result, &bundle) == QN_OK);
    for (size_t i = 0; i <= epochs; i++) {
        qn_buf_drop(certs[i]);
    }
    return result;
}

/* Two epochs; a member from block 1 on. */
static void start(void)
{
    started = true;
    qn_test_start();
    story_init(&story, QN_SUITE_MLDSA44);
    struct qn_key *key = story_key(QN_SUITE_MLDSA44, 100);
    struct qn_registry_entry entry = story_entry(&story, key, story.genesis_count);
    member = entry.id;
    memset(stranger.bytes, 7, sizeof stranger.bytes);
    qn_state_put_entry(story_next_state(&story), &entry);
    story_add_block(&story, NULL, 0);
    struct qn_key *next[] = {story.genesis_keys[0], story.genesis_keys[1], story.genesis_keys[2],
                             story.genesis_keys[3], key};
    story_add_block(&story, next, QN_ARRAY_COUNT(next));
    story_add_block(&story, NULL, 0);
    bases[0] = prove(&member, 1, 1);
    bases[1] = prove(&stranger, 1, 1);
    bases[2] = prove(&member, 3, 3);
    bases[3] = prove(&member, 0, 3);
    bases[4] = prove(&stranger, 2, 3);
    QN_ASSERT(qnet_verify_openssl_open(&real));
    QN_ASSERT(qn_light_client_init(&trust, &real, &story.genesis));
    gullible = qn_light_client_crypto(believe, NULL);
}

/* The base with its changes; returns the length. */
static size_t change(uint8_t *out, const struct qn_buf *base, const uint8_t *data, size_t size)
{
    size_t len = base->len;

    memcpy(out, base->bytes, len);
    for (size_t i = 0; i < CHANGES_MAX && size >= CHANGE_LEN; i++) {
        size_t at = ((size_t)data[0] << 16 | (size_t)data[1] << 8 | data[2]) % (len + 1);
        size_t removed = data[3] < len - at ? data[3] : len - at;
        size_t added = data[4] < size - CHANGE_LEN ? data[4] : size - CHANGE_LEN;
        if (len - removed + added > PROOF_MAX) {
            break;
        }
        memmove(out + at + added, out + at + removed, len - at - removed);
        memcpy(out + at, data + CHANGE_LEN, added);
        len = len - removed + added;
        data += CHANGE_LEN + added;
        size -= CHANGE_LEN + added;
    }
    return len;
}

/* What it says is so. */
static void check_truth(const struct qnet_verdict *verdict)
{
    struct qn_registry_entry entry;
    struct qn_node_id id;

    QN_ASSERT(verdict->height < story.block_count);
    const struct story_block *block = &story.blocks[verdict->height];
    QN_ASSERT(memcmp(verdict->block_id, block->id.bytes, QN_HASH_LEN) == 0);
    memcpy(id.bytes, verdict->node_id, sizeof id.bytes);
    bool is_member = qn_state_entry(&block->state, &entry, &id) == QN_OK;
    QN_ASSERT(verdict->is_member == is_member);
    QN_ASSERT(!is_member ||
              (verdict->entry.index == entry.index && verdict->entry.sequence == entry.sequence &&
               verdict->entry.status == (uint8_t)entry.status));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[PROOF_MAX];
    struct qnet_verdict verdict;

    if (!started) {
        start();
    }
    if (size == 0) {
        return 0;
    }
    const uint8_t *proof = data + 1;
    size_t len = size - 1;
    if (data[0] != RAW) {
        len = change(memory, bases[data[0] % BASES], data + 1, size - 1);
        proof = memory;
    }
    enum qnet_verify_status status =
        qnet_proof_verify(&verdict, &trust, &gullible, proof, len, NULL);
    if (status == QNET_VERIFY_OK) { /* signatures aside */
        status = qnet_proof_verify(&verdict, &trust, &real, proof, len, NULL);
        if (status == QNET_VERIFY_OK) {
            check_truth(&verdict);
        }
    }
    QN_ASSERT(data[0] == RAW || size > 1 || status == QNET_VERIFY_OK);
    return 0;
}
