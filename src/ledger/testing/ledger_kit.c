#include "ledger/testing/ledger_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fixed_seed(uint8_t seed[QN_SEED_LEN], const char *purpose, unsigned number)
{
    char text[64];
    int len = snprintf(text, sizeof text, "ledger kit %s %u", purpose, number);
    struct qn_hash hash = qn_sha3((struct qn_span){(const uint8_t *)text, (size_t)len});

    memcpy(seed, hash.bytes, QN_SEED_LEN);
}

static struct qn_key *fixed_key(const char *purpose, unsigned number)
{
    uint8_t seed[QN_SEED_LEN];

    fixed_seed(seed, purpose, number);
    struct qn_key *key = qn_key_from_seed(QN_SUITE_MLDSA65, seed);
    QN_ASSERT(key != NULL);
    return key;
}

struct qn_key *qn_kit_key(unsigned number)
{
    return fixed_key("node", number);
}

struct qn_node_id qn_kit_id(const struct qn_key *key)
{
    return qn_public_key_id(qn_key_public(key));
}

static struct qn_endpoint loopback(unsigned port)
{
    struct qn_endpoint endpoint = {.port = (uint16_t)port};

    (void)snprintf(endpoint.host, sizeof endpoint.host, "127.0.0.1");
    return endpoint;
}

struct qn_genesis_cert qn_kit_cert(unsigned bootstrap_id, const struct qn_key *key)
{
    struct qn_genesis_cert cert = {
        .bootstrap_id = (uint16_t)bootstrap_id,
        .key = *qn_key_public(key),
        .region = (enum qn_region)(bootstrap_id % QN_REGION_COUNT),
        .endpoint_count = 1,
        .endpoints = {loopback(9000 + bootstrap_id)},
        .not_before_ms = QN_KIT_TIME_MS,
    };

    (void)snprintf(cert.network, sizeof cert.network, "%s", QN_KIT_NETWORK);
    return cert;
}

struct qn_buf *qn_kit_cert_sign(const struct qn_genesis_cert *cert, const struct qn_key *key)
{
    uint8_t out[QN_GENESIS_CERT_LEN_MAX];
    struct qn_span payload;
    struct qn_signature signature;

    QN_ASSERT(qn_genesis_cert_payload(cert, out, sizeof out, &payload) == QN_OK);
    struct qn_hash digest = qn_signing_digest(NULL, payload);
    QN_ASSERT(qn_sign_deterministic(&signature, key, QN_SIGN_GENESIS, &digest) == QN_OK);
    return qn_signed_encode(payload, (struct qn_span){signature.bytes, signature.len});
}

static void issue_codes(struct qn_kit *kit, const struct qn_kit_options *options)
{
    kit->code_count = options->code_count;
    for (size_t i = 0; i < kit->code_count; i++) {
        struct qn_key *key = fixed_key("code", (unsigned)i);
        kit->code_leaves[i] = qn_activation_leaf(qn_key_public(key));
        qn_key_free(key);
    }
    kit->batch = (struct qn_activation_batch){
        .root = qn_activation_root(kit->code_leaves, kit->code_count),
        .count = (uint32_t)kit->code_count,
        .class = QN_KIT_CODE_CLASS,
        .expires_ms = options->codes_expires_ms == 0 ? UINT64_MAX : options->codes_expires_ms,
    };
}

void qn_kit_init(struct qn_kit *kit, const struct qn_kit_options *options)
{
    struct qn_buf *certs[QN_KIT_GENESIS_MAX] = {NULL};
    struct qn_span spans[QN_KIT_GENESIS_MAX];
    size_t problem_count;

    QN_ASSERT(options->genesis_count <= QN_KIT_GENESIS_MAX);
    QN_ASSERT(options->code_count <= QN_KIT_CODES_MAX);
    *kit = (struct qn_kit){.genesis_count = options->genesis_count};
    for (unsigned i = 0; i < kit->genesis_count; i++) {
        kit->genesis_keys[i] = qn_kit_key(i + 1);
        struct qn_genesis_cert cert = qn_kit_cert(i + 1, kit->genesis_keys[i]);
        certs[i] = qn_kit_cert_sign(&cert, kit->genesis_keys[i]);
        spans[i] = qn_buf_span(certs[i]);
    }
    issue_codes(kit, options);
    struct qn_genesis_parameters parameters = {
        .policy = options->policy,
        .batch_count = kit->code_count == 0 ? 0 : 1,
        .batches = {kit->batch},
    };
    if (options->policy == QN_POLICY_WORK) {
        parameters.work = (struct qn_work_cost){QN_KIT_WORK_BITS, QN_KIT_WORK_MEMORY_KIB};
    }
    QN_ASSERT(qn_genesis_init(&kit->genesis, NULL, 0, &problem_count, spans, kit->genesis_count,
                              &parameters) == QN_OK);
    for (size_t i = 0; i < kit->genesis_count; i++) {
        qn_buf_drop(certs[i]);
    }
}

void qn_kit_fini(struct qn_kit *kit)
{
    for (size_t i = 0; i < kit->genesis_count; i++) {
        qn_key_free(kit->genesis_keys[i]);
    }
    qn_genesis_fini(&kit->genesis);
    *kit = (struct qn_kit){0};
}

struct qn_activation_code qn_kit_code(const struct qn_kit *kit, uint32_t index)
{
    struct qn_activation_code code = {.batch_root = kit->batch.root, .index = index};

    QN_ASSERT(index < kit->code_count);
    fixed_seed(code.seed, "code", index);
    code.path_count =
        (uint8_t)qn_activation_path(code.path, kit->code_leaves, kit->code_count, index);
    return code;
}

static struct qn_tx new_tx(const struct qn_kit *kit, enum qn_tx_kind kind, qn_unix_ms unix_ms)
{
    return (struct qn_tx){
        .kind = kind,
        .network = kit->genesis.network,
        .expires_ms = unix_ms + QN_KIT_TX_LIFETIME_MS,
    };
}

static void describe(struct qn_tx *tx)
{
    tx->region = QN_REGION_EUROPE;
    tx->roles = QN_ROLE_FULL;
    tx->has_endpoint = true;
    tx->endpoint = loopback(9876);
    memset(tx->announce_tip.bytes, 0x5a, sizeof tx->announce_tip.bytes);
    tx->valid_until_ms = QN_KIT_TIME_MS + (qn_unix_ms)365 * 24 * 3600 * 1000;
}

struct qn_tx qn_kit_register(const struct qn_kit *kit, const struct qn_key *key, qn_unix_ms unix_ms)
{
    struct qn_tx tx = new_tx(kit, QN_TX_REGISTER, unix_ms);

    tx.key = *qn_key_public(key);
    tx.id = qn_kit_id(key);
    describe(&tx);
    return tx;
}

struct qn_tx qn_kit_update(const struct qn_kit *kit, const struct qn_node_id *id, uint64_t sequence,
                           qn_unix_ms unix_ms)
{
    struct qn_tx tx = new_tx(kit, QN_TX_UPDATE, unix_ms);

    tx.id = *id;
    tx.sequence = sequence;
    describe(&tx);
    return tx;
}

struct qn_tx qn_kit_revoke(const struct qn_kit *kit, const struct qn_node_id *id, uint64_t sequence,
                           qn_unix_ms unix_ms)
{
    struct qn_tx tx = new_tx(kit, QN_TX_REVOKE, unix_ms);

    tx.id = *id;
    tx.sequence = sequence;
    tx.reason = QN_REVOKE_RETIRED;
    return tx;
}

void qn_kit_use_code(const struct qn_kit *kit, struct qn_tx *tx, uint32_t index)
{
    struct qn_activation_code code = qn_kit_code(kit, index);
    struct qn_key *key = qn_key_from_seed(QN_SUITE_MLDSA65, code.seed);

    QN_ASSERT(key != NULL);
    tx->has_activation = true;
    tx->activation = (struct qn_activation){
        .batch_root = code.batch_root,
        .index = index,
        .code_key = *qn_key_public(key),
        .path_count = code.path_count,
    };
    memcpy(tx->activation.path, code.path, sizeof code.path);
    struct qn_hash digest = qn_activation_digest(&tx->network, &code.batch_root, index, &tx->id);
    QN_ASSERT(qn_sign_deterministic(&tx->activation.signature, key, QN_SIGN_ACTIVATE, &digest) ==
              QN_OK);
    qn_key_free(key);
}

struct qn_buf *qn_kit_tx_sign(const struct qn_tx *tx, const struct qn_key *key)
{
    uint8_t out[QN_TX_LEN_MAX];
    struct qn_span payload;
    struct qn_signature signature;

    QN_ASSERT(qn_tx_payload(tx, out, sizeof out, &payload) == QN_OK);
    struct qn_hash digest = qn_signing_digest(&tx->network, payload);
    QN_ASSERT(qn_sign_deterministic(&signature, key, QN_SIGN_TRANSACTION, &digest) == QN_OK);
    return qn_signed_encode(payload, (struct qn_span){signature.bytes, signature.len});
}

struct qn_buf *qn_kit_tx_fake(const struct qn_tx *tx, uint8_t salt)
{
    uint8_t out[QN_TX_LEN_MAX];
    struct qn_span payload;

    QN_ASSERT(qn_tx_payload(tx, out, sizeof out, &payload) == QN_OK);
    return qn_signed_encode(payload, (struct qn_span){&salt, 1});
}
