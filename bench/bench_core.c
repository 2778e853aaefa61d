/* What a node does per message, on one core: decoding, checking certificates, verifying a peer, and a light
 * client's whole way from a signed record to a verdict. */
#include "ledger/registry_record.h"
#include "peer/peer_list.h"
#include "support/identities.h"
#include "support/measure.h"
#include "wire/announce.h"
#include "wire/vote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SEED = 2,
    BATCH = 100, /* decodings timed together: the clock would be part of one */
    PEERS = 200, /* real keys among the entries: more than a thread keeps imported */
    PARAMETERS_SIZE = 64,
    UNIX_MS = 1000,
};

/* A network with a registry, some nodes of it with their keys and signed records. */
struct world {
    struct bench_network network;
    struct qn_state state;
    size_t entries;
    struct qn_key *keys[PEERS];
    struct qn_buf *records[PEERS];
};

/* ---- making it ---- */

static struct qn_buf *sign_record(const struct qn_network_id *network, const struct qn_key *key)
{
    uint8_t out[QN_RECORD_PAYLOAD_LEN_MAX];
    struct qn_span payload;
    struct qn_signature signature;
    struct qn_record record = {
        .id = qn_public_key_id(qn_key_public(key)),
        .sequence = UNIX_MS,
        .endpoint_count = 1,
        .endpoints = {{.host = "192.0.2.1", .port = 9876}},
        .region = QN_REGION_EUROPE,
        .roles = QN_ROLE_FULL,
        .software = "qnet/0.1.0",
    };
    bench_need(qn_record_payload(&record, out, sizeof out, &payload) == QN_OK, "record");
    struct qn_hash digest = qn_signing_digest(network, payload);
    bench_need(qn_sign(&signature, key, QN_SIGN_RECORD, &digest) == QN_OK, "signing");
    return qn_signed_encode(payload, (struct qn_span){signature.bytes, signature.len});
}

static void open_world(struct world *world, size_t validators, size_t entries)
{
    struct qn_rng rng;
    qn_rng_init(&rng, SEED);
    *world = (struct world){.entries = entries};
    bench_network_init(&world->network, validators);
    qn_state_init_genesis(&world->state, &world->network.genesis);
    for (size_t i = 0; i < entries; i++) {
        struct qn_public_key key;
        if (i < PEERS) {
            world->keys[i] = bench_key();
            world->records[i] = sign_record(&world->network.genesis.network, world->keys[i]);
            key = *qn_key_public(world->keys[i]);
        } else {
            key = bench_random_public_key(&rng);
        }
        struct qn_registry_entry entry = bench_entry(&key, validators + i);
        entry.valid_until_ms = UINT64_MAX;
        qn_state_put_entry(&world->state, &entry);
    }
}

static void close_world(struct world *world)
{
    for (size_t i = 0; i < PEERS; i++) {
        qn_key_free(world->keys[i]);
        qn_buf_drop(world->records[i]);
    }
    qn_state_fini(&world->state);
    bench_network_fini(&world->network);
}

/* A finalized header over this state, and the certificate that proves it. */
static struct qn_buf *certify(const struct world *world, const struct qn_header *header)
{
    const struct qn_genesis *genesis = &world->network.genesis;
    unsigned quorum = qn_quorum(genesis->validators.count);
    struct qn_signature signatures[BENCH_GENESIS_MAX];
    struct qn_cert cert = {
        .kind = QN_VOTE_FINALIZE,
        .view = 5,
        .parent_view = 4,
        .block_id = qn_header_id(header),
        .bitmap_len = (genesis->validators.count + 7U) / 8,
        .signature_count = quorum,
    };
    struct qn_hash digest = qn_cert_digest(&cert, &genesis->network);
    for (unsigned i = 0; i < quorum; i++) {
        cert.bitmap[i / 8] = (uint8_t)(cert.bitmap[i / 8] | (1U << (i % 8)));
        bench_need(qn_sign(&signatures[i], world->network.keys[i], QN_SIGN_FINALIZE, &digest) ==
                       QN_OK,
                   "signing");
        cert.signatures[i] = (struct qn_span){signatures[i].bytes, signatures[i].len};
    }
    return qn_cert_encode(&cert);
}

static struct qn_header make_header(const struct world *world)
{
    return (struct qn_header){
        .version = 1,
        .network = world->network.genesis.network,
        .height = 1,
        .state_root = qn_tree_root(world->state.tree),
        .validators_hash = qn_validator_set_hash(&world->network.genesis.validators),
        .time_ms = UNIX_MS,
    };
}

/* ---- decoding ---- */

static bool decode_vote(struct qn_span bytes)
{
    struct qn_vote vote;
    return qn_vote_decode(&vote, QN_VOTE_NOTARIZE, bytes) == QN_OK;
}

static bool decode_tx(struct qn_span bytes)
{
    struct qn_tx tx;
    struct qn_signed envelope;
    return qn_tx_decode(&tx, &envelope, bytes) == QN_OK;
}

static bool decode_record(struct qn_span bytes)
{
    struct qn_record record;
    struct qn_signed envelope;
    return qn_record_decode(&record, &envelope, bytes) == QN_OK;
}

static bool decode_cert(struct qn_span bytes)
{
    struct qn_cert cert;
    return qn_cert_decode(&cert, bytes) == QN_OK;
}

/* Takes over the reference of bytes. */
static void measure_decoding(const char *family, bool (*decode)(struct qn_span bytes),
                             struct qn_buf *bytes, size_t rounds)
{
    struct bench_samples samples;
    char parameters[PARAMETERS_SIZE];

    bench_samples_init(&samples, rounds);
    for (size_t i = 0; i < rounds; i++) {
        bool good = true;
        uint64_t start = bench_now_ns();
        for (size_t k = 0; k < BATCH; k++) {
            good = decode(qn_buf_span(bytes)) && good;
        }
        bench_samples_add(&samples, (bench_now_ns() - start) / BATCH);
        bench_need(good, family);
    }
    (void)snprintf(parameters, sizeof parameters, "\"message\":\"%s\",\"bytes\":%zu", family,
                   bytes->len);
    bench_report(&samples, "decode_ns", parameters, BENCH_NS);
    bench_samples_fini(&samples);
    qn_buf_drop(bytes);
}

static void measure_decodings(const struct world *world, size_t rounds)
{
    const struct qn_network_id *network = &world->network.genesis.network;
    struct qn_header header = make_header(world);
    struct qn_vote vote = {.kind = QN_VOTE_NOTARIZE, .view = 1000, .parent_view = 999};

    vote.signature.len = (uint16_t)qn_suite_find(QN_SUITE_MLDSA65)->signature_len;
    measure_decoding("vote", decode_vote, qn_vote_encode(&vote), rounds);
    measure_decoding(
        "register", decode_tx,
        bench_register(network, qn_key_public(world->keys[0]), world->keys[0], UNIX_MS), rounds);
    measure_decoding("record", decode_record, qn_buf_hold(world->records[0]), rounds);
    measure_decoding("certificate", decode_cert, certify(world, &header), rounds);
}

/* ---- verifying ---- */

static bool cert_holds(const struct world *world, struct qn_span bytes,
                       const struct qn_hash *block_id)
{
    struct qn_cert cert;
    const struct qn_genesis *genesis = &world->network.genesis;
    if (qn_cert_decode(&cert, bytes) != QN_OK || cert.kind != QN_VOTE_FINALIZE ||
        !qn_hash_equal(&cert.block_id, block_id) ||
        qn_cert_check_members(&cert, &genesis->validators) != QN_OK) {
        return false;
    }
    struct qn_hash digest = qn_cert_digest(&cert, &genesis->network);
    for (size_t i = 0; i < cert.signature_count; i++) {
        const struct qn_validator *member = &genesis->validators.members[qn_cert_signer(&cert, i)];
        if (qn_verify(&member->key, QN_SIGN_FINALIZE, &digest, cert.signatures[i]) != QN_OK) {
            return false;
        }
    }
    return true;
}

static bool record_holds(const struct world *world, const struct qn_registry_entry *entry,
                         struct qn_span bytes)
{
    struct qn_record record;
    struct qn_signed envelope;
    if (qn_record_decode(&record, &envelope, bytes) != QN_OK ||
        !qn_node_id_equal(&record.id, &entry->id) ||
        qn_registry_entry_usable(entry, UNIX_MS) != QN_OK) {
        return false;
    }
    struct qn_hash digest = qn_signing_digest(&world->network.genesis.network, envelope.payload);
    return qn_verify(&entry->key, QN_SIGN_RECORD, &digest, envelope.signature) == QN_OK;
}

/* As a full node does it: the registry is at hand. Each key for the first time, as a newcomer's is. */
static void measure_peer_verification(const struct world *world)
{
    struct bench_samples samples;
    char parameters[PARAMETERS_SIZE];

    bench_samples_init(&samples, PEERS);
    for (size_t i = 0; i < PEERS; i++) {
        struct qn_registry_entry entry;
        struct qn_node_id id = qn_public_key_id(qn_key_public(world->keys[i]));
        uint64_t start = bench_now_ns();
        bool good = qn_state_entry(&world->state, &entry, &id) == QN_OK &&
                    record_holds(world, &entry, qn_buf_span(world->records[i]));
        bench_samples_add(&samples, bench_now_ns() - start);
        bench_need(good, "peer verification");
    }
    (void)snprintf(parameters, sizeof parameters, "\"entries\":%zu", world->entries);
    bench_report(&samples, "peer_verification_us", parameters, BENCH_US);
    bench_samples_fini(&samples);
}

/* What a light client gets beside the record. */
struct proof_set {
    struct qn_span header;
    struct qn_span cert;
    struct qn_span proof;
    struct qn_span entry;
    struct qn_public_key key;
};

/* Trusts nothing but the genesis certificates: the header by its certificate, the entry by its path, the
 * key by the entry, the record by the key. */
static bool light_verdict(const struct world *world, const struct proof_set *set,
                          struct qn_span record)
{
    struct qn_header header;
    struct qn_tree_proof proof;
    struct qn_registry_entry entry;
    if (qn_header_decode(&header, set->header) != QN_OK ||
        qn_tree_proof_decode(&proof, set->proof) != QN_OK ||
        qn_registry_entry_decode(&entry, set->entry) != QN_OK) {
        return false;
    }
    struct qn_hash block_id = qn_header_id(&header);
    struct qn_hash leaf = qn_state_entry_key(&entry.id);
    struct qn_hash value = qn_sha3(set->entry);
    struct qn_hash key_hash = qn_sha3(qn_public_key_span(&set->key));
    entry.key = set->key;
    return cert_holds(world, set->cert, &block_id) &&
           qn_tree_proof_holds(&proof, &header.state_root, &leaf, &value) &&
           qn_hash_equal(&key_hash, &entry.key_hash) && record_holds(world, &entry, record);
}

static void measure_light_client(const struct world *world)
{
    struct bench_samples certs;
    struct bench_samples verdicts;
    char parameters[PARAMETERS_SIZE];
    uint8_t header_bytes[QN_HEADER_LEN_MAX];
    struct qn_header header = make_header(world);
    struct qn_buf *cert = certify(world, &header);
    struct proof_set set = {.cert = qn_buf_span(cert)};
    struct qn_hash block_id = qn_header_id(&header);

    bench_need(qn_header_encode(&header, header_bytes, sizeof header_bytes, &set.header) == QN_OK,
               "header");
    bench_samples_init(&certs, PEERS);
    bench_samples_init(&verdicts, PEERS);
    for (size_t i = 0; i < PEERS; i++) {
        uint8_t proof_bytes[QN_PROOF_LEN_MAX];
        struct qn_tree_proof proof;
        set.key = *qn_key_public(world->keys[i]);
        struct qn_node_id id = qn_public_key_id(&set.key);
        struct qn_hash leaf = qn_state_entry_key(&id);
        set.entry = qn_buf_span(qn_tree_get(world->state.tree, &leaf, NULL));
        qn_tree_prove(world->state.tree, &proof, &leaf);
        bench_need(qn_tree_proof_encode(&proof, proof_bytes, sizeof proof_bytes, &set.proof) ==
                       QN_OK,
                   "proof");
        uint64_t start = bench_now_ns();
        bool good = cert_holds(world, set.cert, &block_id);
        uint64_t middle = bench_now_ns();
        good = light_verdict(world, &set, qn_buf_span(world->records[i])) && good;
        bench_samples_add(&verdicts, bench_now_ns() - middle);
        bench_samples_add(&certs, middle - start);
        bench_need(good, "light client's verdict");
    }
    (void)snprintf(parameters, sizeof parameters, "\"validators\":%u,\"entries\":%zu",
                   (unsigned)world->network.genesis.validators.count, world->entries);
    bench_report(&certs, "certificate_check_us", parameters, BENCH_US);
    bench_report(&verdicts, "record_to_verdict_us", parameters, BENCH_US);
    bench_samples_fini(&certs);
    bench_samples_fini(&verdicts);
    qn_buf_drop(cert);
}

/* ---- the peer list ---- */

/* Full: what the list says it takes, what the heap gave for it, and how long a look-up is. */
static void measure_peer_list(const struct world *world)
{
    enum { FULL = QN_PEERS_PER_REGION_MAX * QN_REGION_COUNT, LOOKUPS = 1000 };
    struct qn_peer_list list;
    struct bench_samples by_id;
    struct bench_samples by_address;
    struct qn_rng rng;
    size_t heap = bench_heap_bytes();
    qn_peer_list_init(&list, 1, 2);
    qn_peer_list_set_limit(&list, QN_PEERS_PER_REGION_MAX, 1);
    size_t used = bench_heap_bytes() - heap;
    qn_rng_init(&rng, 1);
    for (size_t i = 0; i < FULL; i++) {
        struct qn_peer_facts facts = {.region = (enum qn_region)(i % QN_REGION_COUNT)};
        uint64_t words[2] = {qn_rng_next(&rng), qn_rng_next(&rng)};
        memcpy(facts.id.bytes, words, sizeof words);
        memcpy(facts.address.ip, words, sizeof words);
        facts.address.port = QN_DEFAULT_PORT;
        bench_need(qn_peer_list_put(&list, NULL, &facts, 1) == QN_OK, "place");
    }
    bench_samples_init(&by_id, LOOKUPS);
    bench_samples_init(&by_address, LOOKUPS);
    for (size_t i = 0; i < LOOKUPS; i++) {
        const struct qn_peer_entry *entry = qn_peer_list_at(&list, qn_rng_below(&rng, FULL));
        uint64_t start = bench_now_ns();
        bool found = qn_peer_list_find(&list, &entry->id) == entry;
        uint64_t middle = bench_now_ns();
        found = qn_peer_list_find_address(&list, &entry->address) == entry && found;
        bench_samples_add(&by_address, bench_now_ns() - middle);
        bench_samples_add(&by_id, middle - start);
        bench_need(found, "look-up");
    }
    bench_report_one("peer_list_entry_bytes", "", (double)sizeof(struct qn_peer_entry));
    bench_report_one("peer_list_bytes", "\"peers\":3000", (double)qn_peer_list_memory(&list));
    bench_report_one("peer_list_heap_bytes", "\"peers\":3000", (double)used);
    bench_report(&by_id, "peer_list_by_id_us", "\"peers\":3000", BENCH_US);
    bench_report(&by_address, "peer_list_by_address_us", "\"peers\":3000", BENCH_US);
    bench_report_one("peer_record_bytes", "", (double)world->records[0]->len);
    bench_samples_fini(&by_id);
    bench_samples_fini(&by_address);
    qn_peer_list_fini(&list);
}

int main(int argc, char **argv)
{
    static const size_t committees[] = {4, 5, 7};
    struct world world;
    bool quick = bench_is_quick(argc, argv);

    bench_start();
    for (size_t i = 0; i < QN_ARRAY_COUNT(committees); i++) {
        open_world(&world, committees[i], quick || i > 0 ? 1000 : 100000);
        if (i == 0) {
            measure_decodings(&world, quick ? 100 : 1000);
            measure_peer_list(&world);
            measure_peer_verification(&world);
        }
        measure_light_client(&world);
        close_world(&world);
    }
    qn_crypto_fini();
    return EXIT_SUCCESS;
}
