#include "ledger/testing/record_families.h"

#include <string.h>

#include "ledger/activation.h"
#include "ledger/genesis.h"
#include "ledger/registry_record.h"
#include "ledger/state_tree.h"

static void sample_hash(struct qn_sampler *s, struct qn_hash *hash)
{
    qn_sample_bytes(s, hash->bytes, sizeof hash->bytes);
}

static struct qn_activation_batch sample_batch(struct qn_sampler *s)
{
    struct qn_activation_batch batch = {
        .count = (uint32_t)qn_sample_uint(s, 1, 1U << QN_ACTIVATION_PATH_MAX),
        .class = (uint32_t)qn_sample_uint(s, 0, UINT32_MAX),
        .expires_ms = qn_sample_uint(s, 0, UINT64_MAX),
    };
    sample_hash(s, &batch.root);
    return batch;
}

static struct qn_buf *sample_activation_batch(struct qn_sampler *s)
{
    struct qn_activation_batch batch = sample_batch(s);
    uint8_t out[128];
    struct qn_span written;
    QN_ASSERT(qn_activation_batch_encode(&batch, out, sizeof out, &written) == QN_OK);
    return qn_buf_copy(written);
}

static struct qn_buf *sample_genesis_parameters(struct qn_sampler *s)
{
    struct qn_genesis_parameters parameters = {
        .policy = (enum qn_activation_policy)qn_sample_uint(s, QN_POLICY_CODES, QN_POLICY_WORK),
        .batch_count = (size_t)qn_sample_uint(s, 0, QN_ACTIVATION_BATCHES_MAX),
    };
    for (size_t i = 0; i < parameters.batch_count; i++) {
        parameters.batches[i] = sample_batch(s);
        parameters.batches[i].root.bytes[0] = (uint8_t)i; /* sorted by root */
    }
    if (parameters.policy == QN_POLICY_WORK) {
        parameters.work = (struct qn_work_cost){
            .bits = (uint8_t)qn_sample_uint(s, 1, QN_TICKET_BITS_MAX),
            .memory_kib =
                (uint32_t)qn_sample_uint(s, QN_TICKET_MEMORY_KIB_MIN, QN_TICKET_MEMORY_KIB_MAX),
        };
    }
    uint8_t out[QN_GENESIS_PARAMETERS_LEN_MAX];
    struct qn_span written;
    QN_ASSERT(qn_genesis_parameters_encode(&parameters, out, sizeof out, &written) == QN_OK);
    return qn_buf_copy(written);
}

static const char code_prefix[] = "qna1";

/* The CBOR within the text form of a code. */
static struct qn_buf *code_bytes(const struct qn_activation_code *code)
{
    char text[QN_ACTIVATION_CODE_TEXT_SIZE];
    uint8_t out[QN_ACTIVATION_CODE_LEN_MAX];
    size_t len = 0;
    QN_ASSERT(qn_activation_code_format(text, code) == QN_OK);
    QN_ASSERT(strncmp(text, code_prefix, strlen(code_prefix)) == 0);
    QN_ASSERT(qn_base64url_decode(out, sizeof out, &len, text + strlen(code_prefix)) == QN_OK);
    return qn_buf_copy((struct qn_span){out, len});
}

static struct qn_buf *sample_activation_code(struct qn_sampler *s)
{
    struct qn_activation_code code = {
        .index = (uint32_t)qn_sample_uint(s, 0, (1U << QN_ACTIVATION_PATH_MAX) - 1),
        .path_count = (uint8_t)qn_sample_uint(s, 0, QN_ACTIVATION_PATH_MAX),
    };
    qn_sample_bytes(s, code.seed, sizeof code.seed);
    sample_hash(s, &code.batch_root);
    for (size_t i = 0; i < code.path_count; i++) {
        sample_hash(s, &code.path[i]);
    }
    return code_bytes(&code);
}

static struct qn_buf *sample_registry_entry(struct qn_sampler *s)
{
    struct qn_registry_entry entry = {
        .index = qn_sample_uint(s, 0, UINT64_MAX),
        .suite = (uint8_t)qn_sample_uint(s, QN_SUITE_MLDSA65, QN_SUITE_MLDSA44),
        .region = (enum qn_region)qn_sample_uint(s, 0, QN_REGION_COUNT - 1),
        .roles = (uint32_t)qn_sample_uint(s, 0, UINT32_MAX),
        .has_endpoint = qn_sample_bool(s),
        .valid_until_ms = qn_sample_uint(s, 0, UINT64_MAX),
        .status = (enum qn_entry_status)qn_sample_uint(s, QN_ENTRY_ACTIVE, QN_ENTRY_ROTATED),
        .sequence = qn_sample_uint(s, 0, UINT64_MAX),
        .registered_height = qn_sample_uint(s, 0, UINT64_MAX),
        .changed_height = qn_sample_uint(s, 0, UINT64_MAX),
        .revoke_reason = (uint32_t)qn_sample_uint(s, 0, UINT32_MAX),
        .code_class = (uint32_t)qn_sample_uint(s, 0, UINT32_MAX),
        .equivocated_height = qn_sample_uint(s, 0, UINT64_MAX),
    };
    qn_sample_bytes(s, entry.id.bytes, sizeof entry.id.bytes);
    qn_sample_bytes(s, entry.successor.bytes, sizeof entry.successor.bytes);
    sample_hash(s, &entry.key_hash);
    sample_hash(s, &entry.announce_tip);
    if (entry.has_endpoint) {
        qn_sample_endpoint(s, &entry.endpoint);
    }
    uint8_t out[QN_REGISTRY_ENTRY_LEN_MAX];
    struct qn_span written;
    QN_ASSERT(qn_registry_entry_encode(&entry, out, sizeof out, &written) == QN_OK);
    return qn_buf_copy(written);
}

static struct qn_buf *sample_state_proof(struct qn_sampler *s)
{
    struct qn_tree_proof proof = {
        .sibling_count = (size_t)qn_sample_uint(s, 0, QN_PROOF_DEPTH_MAX),
        .has_leaf = qn_sample_bool(s),
    };
    for (size_t i = 0; i < proof.sibling_count; i++) {
        sample_hash(s, &proof.siblings[i]);
    }
    sample_hash(s, &proof.leaf_key);
    sample_hash(s, &proof.leaf_value_hash);
    uint8_t out[QN_PROOF_LEN_MAX];
    struct qn_span written;
    QN_ASSERT(qn_tree_proof_encode(&proof, out, sizeof out, &written) == QN_OK);
    return qn_buf_copy(written);
}

enum { PATTERN = 0xA5 }; /* what memory holds before a decoder is called */

static void assert_untouched(const void *memory, size_t len)
{
    const uint8_t *bytes = memory;
    for (size_t i = 0; i < len; i++) {
        QN_ASSERT(bytes[i] == PATTERN);
    }
}

#define RECODE(name, type, capacity)                                                               \
    static enum qn_err recode_##name(struct qn_buf **out, struct qn_span bytes)                    \
    {                                                                                              \
        type value;                                                                                \
        memset(&value, PATTERN, sizeof value);                                                     \
        enum qn_err err = qn_##name##_decode(&value, bytes);                                       \
        if (err != QN_OK) {                                                                        \
            assert_untouched(&value, sizeof value);                                                \
            return err;                                                                            \
        }                                                                                          \
        uint8_t encoded[capacity];                                                                 \
        struct qn_span written;                                                                    \
        QN_ASSERT(qn_##name##_encode(&value, encoded, sizeof encoded, &written) == QN_OK);         \
        *out = qn_buf_copy(written);                                                               \
        return QN_OK;                                                                              \
    }
RECODE(activation_batch, struct qn_activation_batch, 128)
RECODE(genesis_parameters, struct qn_genesis_parameters, QN_GENESIS_PARAMETERS_LEN_MAX)
RECODE(registry_entry, struct qn_registry_entry, QN_REGISTRY_ENTRY_LEN_MAX)
RECODE(tree_proof, struct qn_tree_proof, QN_PROOF_LEN_MAX)

static enum qn_err recode_activation_code(struct qn_buf **out, struct qn_span bytes)
{
    char text[QN_ACTIVATION_CODE_TEXT_SIZE];
    struct qn_activation_code code;
    if (bytes.len > QN_ACTIVATION_CODE_LEN_MAX) { /* as text it would not fit either */
        return QN_ERR_TOO_BIG;
    }
    memset(&code, PATTERN, sizeof code);
    memcpy(text, code_prefix, strlen(code_prefix));
    qn_base64url_encode(text + strlen(code_prefix), bytes.at, bytes.len);
    enum qn_err err = qn_activation_code_parse(&code, text);
    if (err != QN_OK) {
        assert_untouched(&code, sizeof code);
        return err;
    }
    *out = code_bytes(&code);
    return QN_OK;
}

const struct qn_family *qn_record_families(size_t *count)
{
    static const struct qn_family families[] = {
        {"activation-batch", "ledger", false, sample_activation_batch, recode_activation_batch},
        {"genesis-parameters", "ledger", false, sample_genesis_parameters,
         recode_genesis_parameters},
        {"activation-code", "ledger", false, sample_activation_code, recode_activation_code},
        {"registry-entry", "ledger", false, sample_registry_entry, recode_registry_entry},
        {"state-proof", "ledger", false, sample_state_proof, recode_tree_proof},
    };
    *count = QN_ARRAY_COUNT(families);
    return families;
}
