/* The ledger on one core, without signatures: how fast registrations are checked, built, executed and
 * committed, what the state tree costs per entry, and how large and how fast proofs are. */
#include "ledger/proof_bundle.h"
#include "qnet/verify_openssl.h"
#include "support/identities.h"
#include "support/measure.h"
#include "wire/vote.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    SEED = 1,
    LOOKUPS = 2000,
    FILES = 200, /* proofs as files, with all signatures */
    PARAMETERS_SIZE = 64,
    STEP_MS = 10, /* between blocks */
};

/* ---- the state tree ---- */

/* A state with this many entries, and the ids in it. */
struct filled {
    struct qn_state state;
    size_t count;
    struct qn_node_id *ids;
};

static void fill(struct filled *filled, const struct bench_network *network, size_t count)
{
    struct bench_samples put;
    struct qn_rng rng;
    char parameters[PARAMETERS_SIZE];
    uint64_t in_put_ns = 0;

    qn_rng_init(&rng, SEED);
    bench_samples_init(&put, count);
    *filled = (struct filled){.count = count};
    filled->ids = calloc(count, sizeof *filled->ids);
    bench_need(filled->ids != NULL, "memory");
    size_t heap = bench_heap_bytes();
    qn_state_init_genesis(&filled->state, &network->genesis);
    for (size_t i = 0; i < count; i++) {
        struct qn_public_key key = bench_random_public_key(&rng);
        struct qn_registry_entry entry = bench_entry(&key, network->count + i);
        filled->ids[i] = entry.id;
        uint64_t start = bench_now_ns();
        qn_state_put_entry(&filled->state, &entry);
        uint64_t elapsed = bench_now_ns() - start;
        bench_samples_add(&put, elapsed);
        in_put_ns += elapsed;
    }
    size_t used = bench_heap_bytes() - heap;
    (void)snprintf(parameters, sizeof parameters, "\"entries\":%zu", count);
    bench_report(&put, "tree_put_us", parameters, BENCH_US);
    bench_report_one("tree_puts_per_s", parameters, (double)count * 1e9 / (double)in_put_ns);
    bench_report_one("tree_entry_bytes", parameters, (double)used / (double)count);
    bench_samples_fini(&put);
}

static void empty(struct filled *filled)
{
    qn_state_fini(&filled->state);
    free(filled->ids);
}

static void measure_look_ups(const struct filled *filled, const char *parameters)
{
    struct bench_samples samples;
    struct qn_registry_entry entry;
    struct qn_rng rng;

    qn_rng_init(&rng, SEED);
    bench_samples_init(&samples, LOOKUPS);
    for (size_t i = 0; i < LOOKUPS; i++) {
        const struct qn_node_id *id = &filled->ids[qn_rng_below(&rng, filled->count)];
        uint64_t start = bench_now_ns();
        enum qn_err err = qn_state_entry(&filled->state, &entry, id);
        bench_samples_add(&samples, bench_now_ns() - start);
        bench_need(err == QN_OK && qn_node_id_equal(&entry.id, id), "look-up");
    }
    bench_report(&samples, "registry_look_up_us", parameters, BENCH_US);
    bench_samples_fini(&samples);
}

static size_t proof_len(const struct qn_tree_proof *proof)
{
    uint8_t out[QN_PROOF_LEN_MAX];
    struct qn_span bytes;
    bench_need(qn_tree_proof_encode(proof, out, sizeof out, &bytes) == QN_OK, "proof");
    return bytes.len;
}

static struct qn_hash value_hash(const struct filled *filled, const struct qn_hash *key)
{
    const struct qn_buf *value = qn_tree_get(filled->state.tree, key, NULL);
    bench_need(value != NULL, "look-up");
    return qn_sha3(qn_buf_span(value));
}

static void measure_proofs(const struct filled *filled, const char *parameters)
{
    struct bench_samples make;
    struct bench_samples check;
    struct bench_samples size;
    struct qn_rng rng;
    struct qn_hash root = qn_tree_root(filled->state.tree);

    qn_rng_init(&rng, SEED);
    bench_samples_init(&make, LOOKUPS);
    bench_samples_init(&check, LOOKUPS);
    bench_samples_init(&size, LOOKUPS);
    for (size_t i = 0; i < LOOKUPS; i++) {
        struct qn_tree_proof proof;
        struct qn_hash key = qn_state_entry_key(&filled->ids[qn_rng_below(&rng, filled->count)]);
        struct qn_hash value = value_hash(filled, &key);
        uint64_t start = bench_now_ns();
        qn_tree_prove(filled->state.tree, &proof, &key);
        uint64_t made = bench_now_ns();
        bool holds = qn_tree_proof_holds(&proof, &root, &key, &value);
        bench_samples_add(&check, bench_now_ns() - made);
        bench_samples_add(&make, made - start);
        bench_samples_add(&size, proof_len(&proof));
        bench_need(holds, "proof");
    }
    bench_report(&make, "proof_make_us", parameters, BENCH_US);
    bench_report(&check, "proof_check_us", parameters, BENCH_US);
    bench_report(&size, "proof_size_bytes", parameters, 1);
    bench_samples_fini(&make);
    bench_samples_fini(&check);
    bench_samples_fini(&size);
}

/* A block with this state, and its certificate. */
static void certify(const struct bench_network *network, const struct qn_hash *state_root,
                    struct qn_buf **header_bytes, struct qn_buf **cert_bytes)
{
    const struct qn_validator_set *set = &network->genesis.validators;
    struct qn_hash validators = qn_validator_set_hash(set);
    struct qn_header header = {.version = 1,
                               .network = network->genesis.network,
                               .height = 1000,
                               .state_root = *state_root,
                               .validators_hash = validators,
                               .next_validators_hash = validators,
                               .time_ms = network->genesis.time_ms};
    struct qn_cert cert = {.kind = QN_VOTE_FINALIZE, .view = 1000, .parent_view = 999};
    struct qn_signature signatures[BENCH_GENESIS_MAX];
    uint8_t out[QN_HEADER_LEN_MAX];
    struct qn_span bytes;

    bench_need(qn_header_encode(&header, out, sizeof out, &bytes) == QN_OK, "header");
    *header_bytes = qn_buf_copy(bytes);
    cert.block_id = qn_sha3(bytes);
    cert.bitmap_len = (network->count + 7) / 8;
    cert.signature_count = qn_quorum((unsigned)network->count);
    struct qn_hash digest = qn_cert_digest(&cert, &network->genesis.network);
    for (size_t i = 0; i < cert.signature_count; i++) {
        cert.bitmap[i / 8] |= (uint8_t)(1U << i % 8);
        bench_need(qn_sign(&signatures[i], network->keys[i], QN_SIGN_FINALIZE, &digest) == QN_OK,
                   "signature");
        cert.signatures[i] = (struct qn_span){signatures[i].bytes, signatures[i].len};
    }
    *cert_bytes = qn_cert_encode(&cert);
}

static struct qn_buf *make_file(const struct filled *filled, const struct bench_network *network,
                                const struct qn_buf *header, const struct qn_buf *cert,
                                const struct qn_node_id *id)
{
    struct qn_hash key = qn_state_entry_key(id);
    const struct qn_buf *value = qn_tree_get(filled->state.tree, &key, NULL);
    struct qn_tree_proof proof;
    struct qn_buf *file = NULL;

    qn_tree_prove(filled->state.tree, &proof, &key);
    struct qn_bundle bundle = {.parameters = qn_buf_span(network->genesis.parameter_bytes),
                               .header = qn_buf_span(header),
                               .cert = qn_buf_span(cert),
                               .proof = &proof,
                               .id = *id,
                               .entry = qn_buf_span(value)};
    bench_need(qn_bundle_encode(&file, &bundle) == QN_OK, "file");
    return file;
}

static void trust_genesis(struct qnet_trust *trust, const struct qnet_verify_crypto *crypto,
                          const struct qn_genesis *genesis)
{
    struct qnet_span certificates[BENCH_GENESIS_MAX];

    for (size_t i = 0; i < genesis->cert_count; i++) {
        certificates[i] =
            (struct qnet_span){genesis->cert_bytes[i]->bytes, genesis->cert_bytes[i]->len};
    }
    bench_need(qnet_trust_init(trust, NULL, crypto, certificates, genesis->cert_count) ==
                   QNET_VERIFY_OK,
               "certificates");
}

/* What `qnet registry proof` writes and a light client verifies, its keys not seen before. */
static void measure_files(const struct filled *filled, const struct bench_network *network,
                          const char *parameters)
{
    struct bench_samples make;
    struct bench_samples check;
    struct bench_samples size;
    struct qnet_verify_crypto crypto;
    struct qnet_trust trust;
    struct qnet_verdict verdict;
    struct qn_buf *header = NULL;
    struct qn_buf *cert = NULL;
    struct qn_rng rng;
    struct qn_hash root = qn_tree_root(filled->state.tree);

    qn_rng_init(&rng, SEED);
    bench_samples_init(&make, FILES);
    bench_samples_init(&check, FILES);
    bench_samples_init(&size, FILES);
    bench_need(qnet_verify_openssl_open(&crypto), "OpenSSL");
    trust_genesis(&trust, &crypto, &network->genesis);
    certify(network, &root, &header, &cert);
    for (size_t i = 0; i < FILES; i++) {
        const struct qn_node_id *id = &filled->ids[qn_rng_below(&rng, filled->count)];
        uint64_t start = bench_now_ns();
        struct qn_buf *file = make_file(filled, network, header, cert, id);
        uint64_t made = bench_now_ns();
        enum qnet_verify_status status =
            qnet_proof_verify(&verdict, &trust, &crypto, file->bytes, file->len, id->bytes);
        bench_samples_add(&check, bench_now_ns() - made);
        bench_samples_add(&make, made - start);
        bench_samples_add(&size, file->len);
        bench_need(status == QNET_VERIFY_OK && verdict.is_member, "a proof that holds");
        qn_buf_drop(file);
    }
    bench_report(&make, "proof_file_make_us", parameters, BENCH_US);
    bench_report(&check, "proof_file_verify_us", parameters, BENCH_US);
    bench_report(&size, "proof_file_size_bytes", parameters, 1);
    qn_buf_drop(header);
    qn_buf_drop(cert);
    qnet_verify_openssl_close(&crypto);
    bench_samples_fini(&make);
    bench_samples_fini(&check);
    bench_samples_fini(&size);
}

static void measure_tree(const struct bench_network *network, size_t count)
{
    struct filled filled;
    char parameters[PARAMETERS_SIZE];

    (void)snprintf(parameters, sizeof parameters, "\"entries\":%zu", count);
    fill(&filled, network, count);
    measure_look_ups(&filled, parameters);
    measure_proofs(&filled, parameters);
    measure_files(&filled, network, parameters);
    empty(&filled);
}

/* ---- blocks ---- */

/* A leader that builds and a validator that executes, each with its own ledger. */
struct chain {
    struct bench_network *network;
    struct qn_storage storage[2];
    struct qn_ledger *leader;
    struct qn_ledger *validator;
    struct bench_samples check;
    struct bench_samples build;
    struct bench_samples execute;
    struct bench_samples commit;
    uint64_t validator_ns; /* check, execute, commit */
};

static struct qn_ledger *open_ledger(struct qn_storage *storage, const struct qn_genesis *genesis)
{
    struct qn_ledger *ledger = NULL;
    qn_storage_memory_open(storage);
    bench_need(qn_ledger_new(&ledger, genesis, storage) == QN_OK, "ledger");
    return ledger;
}

static void check_txs(struct chain *chain, struct qn_buf *const *txs, size_t count,
                      qn_unix_ms unix_ms)
{
    struct qn_tx_checks checks = {0};

    for (size_t i = 0; i < count; i++) {
        uint64_t start = bench_now_ns();
        enum qn_err err =
            qn_ledger_check_tx(chain->validator, &checks, NULL, qn_buf_span(txs[i]), unix_ms);
        uint64_t elapsed = bench_now_ns() - start;
        bench_need(err == QN_OK, qn_err_text(err));
        bench_samples_add(&chain->check, elapsed);
        chain->validator_ns += elapsed;
    }
}

static void commit(struct qn_ledger *ledger, struct qn_storage *storage,
                   const struct qn_hash *block_id)
{
    struct qn_ledger_commit result;
    qn_ledger_commit(ledger, &result, block_id, NULL);
    bench_need(storage->apply(storage->context, result.batch) == QN_OK, "storage");
    qn_batch_free(result.batch);
}

/* One block of so many transactions, from their bytes to the committed state. */
static void add_block(struct chain *chain, struct qn_buf *const *txs, size_t count,
                      qn_unix_ms unix_ms)
{
    struct qn_span spans[QN_BLOCK_TXS_MAX];
    struct qn_block *block = NULL;
    struct qn_block *received = NULL;
    struct qn_hash parent = qn_ledger_head_id(chain->leader);

    check_txs(chain, txs, count, unix_ms);
    for (size_t i = 0; i < count; i++) {
        spans[i] = qn_buf_span(txs[i]);
    }
    uint64_t start = bench_now_ns();
    enum qn_err err = qn_ledger_build(chain->leader, &block, &parent, spans, count, unix_ms);
    bench_samples_add(&chain->build, (bench_now_ns() - start) / count);
    bench_need(err == QN_OK && block->tx_count == count, "building a block");
    commit(chain->leader, &chain->storage[0], &block->id);

    start = bench_now_ns();
    err = qn_block_decode(&received, qn_buf_span(block->encoded));
    bench_need(err == QN_OK, "decoding a block");
    err = qn_ledger_execute(chain->validator, received, 0);
    uint64_t executed = bench_now_ns();
    bench_need(err == QN_OK, "executing a block");
    commit(chain->validator, &chain->storage[1], &received->id);
    uint64_t end = bench_now_ns();
    bench_samples_add(&chain->execute, (executed - start) / count);
    bench_samples_add(&chain->commit, (end - executed) / count);
    chain->validator_ns += end - start;
    qn_block_drop(block);
    qn_block_drop(received);
}

static void report_blocks(struct chain *chain, size_t blocks, size_t txs_a_block, size_t heap)
{
    char parameters[PARAMETERS_SIZE];
    size_t txs = blocks * txs_a_block;

    (void)snprintf(parameters, sizeof parameters, "\"block_transactions\":%zu", txs_a_block);
    bench_report(&chain->check, "register_check_us", parameters, BENCH_US);
    bench_report(&chain->build, "register_build_us", parameters, BENCH_US);
    bench_report(&chain->execute, "register_execute_us", parameters, BENCH_US);
    bench_report(&chain->commit, "register_commit_us", parameters, BENCH_US);
    bench_report_one("registers_per_s", parameters,
                     (double)txs * 1e9 / (double)chain->validator_ns);
    /* Two ledgers hold everything once each. */
    bench_report_one("ledger_registration_bytes", parameters, (double)heap / 2 / (double)txs);
}

static void measure_blocks(struct bench_network *network, size_t blocks, size_t txs_a_block)
{
    struct chain chain = {.network = network};
    struct qn_buf *txs[QN_BLOCK_TXS_MAX];
    struct qn_rng rng;
    qn_unix_ms unix_ms = network->genesis.time_ms;

    qn_rng_init(&rng, SEED);
    chain.leader = open_ledger(&chain.storage[0], &network->genesis);
    chain.validator = open_ledger(&chain.storage[1], &network->genesis);
    bench_samples_init(&chain.check, blocks * txs_a_block);
    bench_samples_init(&chain.build, blocks);
    bench_samples_init(&chain.execute, blocks);
    bench_samples_init(&chain.commit, blocks);
    size_t heap = bench_heap_bytes();
    for (size_t i = 0; i < blocks; i++) {
        unix_ms += STEP_MS;
        for (size_t k = 0; k < txs_a_block; k++) {
            struct qn_public_key key = bench_random_public_key(&rng);
            txs[k] = bench_register(&network->genesis.network, &key, NULL, unix_ms);
        }
        add_block(&chain, txs, txs_a_block, unix_ms);
        for (size_t k = 0; k < txs_a_block; k++) {
            qn_buf_drop(txs[k]);
        }
    }
    report_blocks(&chain, blocks, txs_a_block, bench_heap_bytes() - heap);
    qn_ledger_free(chain.leader);
    qn_ledger_free(chain.validator);
    chain.storage[0].close(chain.storage[0].context);
    chain.storage[1].close(chain.storage[1].context);
    bench_samples_fini(&chain.check);
    bench_samples_fini(&chain.build);
    bench_samples_fini(&chain.execute);
    bench_samples_fini(&chain.commit);
}

int main(int argc, char **argv)
{
    struct bench_network network;
    bool quick = bench_is_quick(argc, argv);

    bench_start();
    bench_network_init(&network, 4);
    measure_tree(&network, 1000);
    measure_tree(&network, quick ? 10000 : 100000);
    if (!quick) { /* about 3 GB */
        measure_tree(&network, 1000000);
    }
    measure_blocks(&network, quick ? 200 : 1000, 1);
    measure_blocks(&network, quick ? 20 : 200, QN_BLOCK_TXS_MAX);
    bench_network_fini(&network);
    qn_crypto_fini();
    return EXIT_SUCCESS;
}
