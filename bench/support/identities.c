#include "support/identities.h"

#include "support/measure.h"

#include <stdio.h>
#include <string.h>

enum { TX_LIFETIME_MS = 3000000, PORT = 9876 };
_Static_assert((unsigned)TX_LIFETIME_MS < QN_TX_LIFETIME_MS_MAX, "not refused for its expiry");

#define VALID_MS ((qn_unix_ms)365 * 24 * 3600 * 1000)
#define GENESIS_TIME_MS ((qn_unix_ms)1700000000000U)

static struct qn_endpoint loopback(void)
{
    struct qn_endpoint endpoint = {.port = PORT};
    (void)snprintf(endpoint.host, sizeof endpoint.host, "127.0.0.1");
    return endpoint;
}

struct qn_key *bench_key(void)
{
    uint8_t seed[QN_SEED_LEN];
    struct qn_key *key = qn_key_generate(QN_SUITE_MLDSA65, seed);
    bench_need(key != NULL, "key generation");
    return key;
}

static struct qn_buf *sign_cert(unsigned bootstrap_id, const struct qn_key *key)
{
    uint8_t out[QN_GENESIS_CERT_LEN_MAX];
    struct qn_span payload;
    struct qn_signature signature;
    struct qn_genesis_cert cert = {
        .network = "bench",
        .bootstrap_id = (uint16_t)bootstrap_id,
        .key = *qn_key_public(key),
        .region = (enum qn_region)(bootstrap_id % QN_REGION_COUNT),
        .endpoint_count = 1,
        .endpoints = {loopback()},
        .not_before_ms = GENESIS_TIME_MS,
    };
    bench_need(qn_genesis_cert_payload(&cert, out, sizeof out, &payload) == QN_OK, "certificate");
    struct qn_hash digest = qn_signing_digest(NULL, payload);
    bench_need(qn_sign(&signature, key, QN_SIGN_GENESIS, &digest) == QN_OK, "signing");
    return qn_signed_encode(payload, (struct qn_span){signature.bytes, signature.len});
}

/* The keys in the order of the committee, which is sorted by node id. */
static void sort_keys(struct bench_network *network, struct qn_key *const *keys)
{
    for (size_t i = 0; i < network->count; i++) {
        struct qn_node_id id = qn_public_key_id(qn_key_public(keys[i]));
        int index = qn_validator_index(&network->genesis.validators, &id);
        bench_need(index >= 0, "committee");
        network->keys[index] = keys[i];
    }
}

void bench_network_init(struct bench_network *network, size_t genesis_count)
{
    struct qn_key *keys[BENCH_GENESIS_MAX];
    struct qn_buf *certs[BENCH_GENESIS_MAX];
    struct qn_span spans[BENCH_GENESIS_MAX] = {{0}};
    struct qn_genesis_parameters parameters = {.policy = QN_POLICY_OPEN};
    size_t problem_count;

    QN_ASSERT(genesis_count <= BENCH_GENESIS_MAX);
    *network = (struct bench_network){.count = genesis_count};
    for (unsigned i = 0; i < genesis_count; i++) {
        keys[i] = bench_key();
        certs[i] = sign_cert(i + 1, keys[i]);
        spans[i] = qn_buf_span(certs[i]);
    }
    bench_need(qn_genesis_init(&network->genesis, NULL, 0, &problem_count, spans, genesis_count,
                               &parameters) == QN_OK,
               "genesis");
    sort_keys(network, keys);
    for (size_t i = 0; i < genesis_count; i++) {
        qn_buf_drop(certs[i]);
    }
}

void bench_network_fini(struct bench_network *network)
{
    for (size_t i = 0; i < network->count; i++) {
        qn_key_free(network->keys[i]);
    }
    qn_genesis_fini(&network->genesis);
}

struct qn_public_key bench_random_public_key(struct qn_rng *rng)
{
    uint8_t spki[QN_SPKI_LEN_MAX];
    const struct qn_suite *suite = qn_suite_find(QN_SUITE_MLDSA65);
    size_t len = suite->spki_prefix_len + suite->public_key_len;
    struct qn_public_key key;

    memcpy(spki, suite->spki_prefix, suite->spki_prefix_len);
    for (size_t i = suite->spki_prefix_len; i < len; i++) {
        spki[i] = (uint8_t)qn_rng_next(rng);
    }
    bench_need(qn_public_key_from_spki(&key, (struct qn_span){spki, len}) == QN_OK, "random key");
    return key;
}

struct qn_registry_entry bench_entry(const struct qn_public_key *key, uint64_t index)
{
    struct qn_registry_entry entry = {
        .index = index,
        .id = qn_public_key_id(key),
        .suite = key->suite,
        .region = QN_REGION_EUROPE,
        .roles = QN_ROLE_FULL,
        .has_endpoint = true,
        .endpoint = loopback(),
        .valid_until_ms = GENESIS_TIME_MS + VALID_MS,
        .status = QN_ENTRY_ACTIVE,
        .sequence = 1,
        .registered_height = index,
        .changed_height = index,
        .key = *key,
    };
    memcpy(entry.key_hash.bytes, entry.id.bytes, sizeof entry.key_hash.bytes);
    return entry;
}

struct qn_buf *bench_sign_tx(const struct qn_tx *tx, const struct qn_key *key)
{
    uint8_t out[QN_TX_LEN_MAX];
    struct qn_span payload;
    struct qn_signature signature = {.len =
                                         (uint16_t)qn_suite_find(QN_SUITE_MLDSA65)->signature_len};

    bench_need(qn_tx_payload(tx, out, sizeof out, &payload) == QN_OK, "transaction");
    if (key != NULL) {
        struct qn_hash digest = qn_signing_digest(&tx->network, payload);
        bench_need(qn_sign(&signature, key, QN_SIGN_TRANSACTION, &digest) == QN_OK, "signing");
    }
    return qn_signed_encode(payload, (struct qn_span){signature.bytes, signature.len});
}

struct qn_buf *bench_register(const struct qn_network_id *network,
                              const struct qn_public_key *public_key, const struct qn_key *key,
                              qn_unix_ms unix_ms)
{
    struct qn_tx tx = {
        .kind = QN_TX_REGISTER,
        .network = *network,
        .expires_ms = unix_ms + TX_LIFETIME_MS,
        .id = qn_public_key_id(public_key),
        .key = *public_key,
        .region = QN_REGION_EUROPE,
        .roles = QN_ROLE_FULL,
        .has_endpoint = true,
        .endpoint = loopback(),
        .valid_until_ms = unix_ms + VALID_MS,
    };
    return bench_sign_tx(&tx, key);
}
