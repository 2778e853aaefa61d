#include "sim/identity.h"

#include "base/siphash.h"
#include "wire/genesis_cert.h"
#include "wire/signed.h"

#include <stdio.h>
#include <string.h>

enum { MOCK_SIGNATURE_LEN = 32, MOCK_KEY_TAIL = 32, MOCK_INPUT_LEN = 1 + 32 + MOCK_KEY_TAIL };

/* Per process: a simulator is many runs, and keys cost more than a short run. */
static struct qn_sim_world_keys world_keys;
static bool has_keys;
static struct qn_genesis genesis_sets[QN_SIM_GENESIS_MAX + 1];
static bool has_genesis[QN_SIM_GENESIS_MAX + 1];

static void make_identity(struct qn_sim_identity *identity, uint8_t family, size_t number)
{
    uint8_t seed[QN_SEED_LEN] = {'s', 'i', 'm', family, (uint8_t)number};

    identity->key = qn_key_from_seed(QN_SUITE_MLDSA44, seed);
    QN_ASSERT(identity->key != NULL);
    identity->id = qn_public_key_id(qn_key_public(identity->key));
    (void)snprintf(identity->endpoint.host, sizeof identity->endpoint.host, "10.0.%u.%u",
                   (unsigned)family, (unsigned)(number + 1) & 255U);
    identity->endpoint.port = QN_DEFAULT_PORT;
}

const struct qn_sim_world_keys *qn_sim_keys(void)
{
    if (!has_keys) {
        for (size_t i = 0; i < QN_SIM_NODES_MAX; i++) {
            make_identity(&world_keys.nodes[i], 1, i);
        }
        for (size_t i = 0; i < QN_SIM_CLIENTS_MAX; i++) {
            make_identity(&world_keys.clients[i], 2, i);
            make_identity(&world_keys.rotated[i], 3, i);
        }
        has_keys = true;
    }
    return &world_keys;
}

static struct qn_buf *make_cert(const struct qn_sim_identity *identity, unsigned number)
{
    uint8_t scratch[QN_GENESIS_CERT_LEN_MAX];
    struct qn_span payload;
    struct qn_signature signature;
    struct qn_genesis_cert cert = {.network = "sim",
                                   .bootstrap_id = (uint16_t)number,
                                   .key = *qn_key_public(identity->key),
                                   .region = (enum qn_region)(number % QN_REGION_COUNT),
                                   .endpoint_count = 1,
                                   .endpoints = {identity->endpoint},
                                   .not_before_ms = QN_SIM_UNIX_MS};
    enum qn_err err = qn_genesis_cert_payload(&cert, scratch, sizeof scratch, &payload);
    QN_ASSERT(err == QN_OK);
    struct qn_hash digest = qn_signing_digest(NULL, payload);
    qn_sim_sign(&signature, identity->key, QN_SIGN_GENESIS, &digest, true);
    return qn_signed_encode(payload, (struct qn_span){signature.bytes, signature.len});
}

const struct qn_genesis *qn_sim_genesis(unsigned n)
{
    struct qn_buf *certs[QN_SIM_GENESIS_MAX] = {0};
    struct qn_span spans[QN_SIM_GENESIS_MAX] = {0};
    struct qn_genesis_parameters parameters = {.policy = QN_POLICY_OPEN};
    size_t problem_count = 0;

    QN_ASSERT(n >= QN_GENESIS_MIN && n <= QN_SIM_GENESIS_MAX);
    if (has_genesis[n]) {
        return &genesis_sets[n];
    }
    for (unsigned i = 0; i < n; i++) {
        certs[i] = make_cert(&qn_sim_keys()->nodes[i], i + 1);
        spans[i] = qn_buf_span(certs[i]);
    }
    enum qn_err err =
        qn_genesis_init(&genesis_sets[n], NULL, 0, &problem_count, spans, n, &parameters);
    QN_ASSERT(err == QN_OK);
    for (unsigned i = 0; i < n; i++) {
        qn_buf_drop(certs[i]);
    }
    has_genesis[n] = true;
    return &genesis_sets[n];
}

void qn_sim_keys_fini(void)
{
    for (unsigned n = 0; n <= QN_SIM_GENESIS_MAX; n++) {
        if (has_genesis[n]) {
            qn_genesis_fini(&genesis_sets[n]);
            has_genesis[n] = false;
        }
    }
    for (size_t i = 0; i < QN_SIM_NODES_MAX && has_keys; i++) {
        qn_key_free(world_keys.nodes[i].key);
    }
    for (size_t i = 0; i < QN_SIM_CLIENTS_MAX && has_keys; i++) {
        qn_key_free(world_keys.clients[i].key);
        qn_key_free(world_keys.rotated[i].key);
    }
    has_keys = false;
}

static void mock(uint8_t out[MOCK_SIGNATURE_LEN], const struct qn_public_key *key,
                 enum qn_sign_kind kind, const struct qn_hash *digest)
{
    uint8_t input[MOCK_INPUT_LEN];

    input[0] = (uint8_t)kind;
    memcpy(&input[1], digest->bytes, sizeof digest->bytes);
    memcpy(&input[33], &key->spki[key->spki_len - MOCK_KEY_TAIL], MOCK_KEY_TAIL);
    for (unsigned part = 0; part < MOCK_SIGNATURE_LEN / 8; part++) {
        uint64_t hash_key[2] = {0x73696d7369676e31U, part};
        uint64_t hash = qn_siphash(hash_key, (struct qn_span){input, sizeof input});
        for (unsigned i = 0; i < 8; i++) {
            out[part * 8 + i] = (uint8_t)(hash >> (8 * i));
        }
    }
}

void qn_sim_sign(struct qn_signature *signature, const struct qn_key *key, enum qn_sign_kind kind,
                 const struct qn_hash *digest, bool real)
{
    if (real) {
        enum qn_err err = qn_sign_deterministic(signature, key, kind, digest);
        QN_ASSERT(err == QN_OK);
        return;
    }
    signature->len = MOCK_SIGNATURE_LEN;
    mock(signature->bytes, qn_key_public(key), kind, digest);
}

bool qn_sim_verify(const struct qn_public_key *key, enum qn_sign_kind kind,
                   const struct qn_hash *digest, struct qn_span signature, bool real)
{
    uint8_t expected[MOCK_SIGNATURE_LEN];

    if (real) {
        return qn_verify(key, kind, digest, signature) == QN_OK;
    }
    mock(expected, key, kind, digest);
    return qn_span_equal(signature, (struct qn_span){expected, sizeof expected});
}
