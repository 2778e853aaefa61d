/* The codecs as a filter, for tests in other languages.
 *
 *   wire_tool kinds                   number, name, class, bytes at most, role of each message kind
 *   wire_tool names                   close reasons and error codes: list, number, name
 *   wire_tool limits                  rule, key or "-", the largest number allowed there
 *   wire_tool samples SEED ROUNDS     name, variant, hex of valid samples: smallest, largest, random
 *   wire_tool digests SEED            name, digest, and the parts it is made of, in their order
 *   wire_tool decode                  lines "name hex" on stdin, one verdict each: "ok" or an error
 *
 * A verdict is on all of the bytes: what is carried inside (a transaction in a SUBMIT, the header, the
 * transactions of a block) is decoded as well. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/testing/ledger_kit.h"
#include "ledger/testing/record_families.h"
#include "wire/announce.h"
#include "wire/block.h"
#include "wire/genesis_reply.h"
#include "wire/snapshot.h"
#include "wire/testing/family.h"
#include "wire/testing/family_samples.h"
#include "wire/testing/run.h"
#include "wire/transaction.h"
#include "wire/vote.h"

/* --- decoding all the way down --- */

static enum qn_err decode_whole(const char *name, struct qn_span bytes);

static const struct qn_family *find_family(const char *name)
{
    const struct qn_family *family = qn_family_find(name);
    size_t count = 0;
    const struct qn_family *records = qn_record_families(&count);
    for (size_t i = 0; family == NULL && i < count; i++) {
        if (strcmp(records[i].name, name) == 0) {
            family = &records[i];
        }
    }
    return family;
}

static enum qn_err decode_transaction(struct qn_span bytes, int kind)
{
    struct qn_tx tx;
    struct qn_signed envelope;
    enum qn_err err = qn_tx_decode(&tx, &envelope, bytes);
    if (err == QN_OK && kind != 0 && (int)tx.kind != kind) {
        err = QN_ERR_MALFORMED;
    }
    return err;
}

static enum qn_err decode_register(struct qn_span bytes)
{
    return decode_transaction(bytes, QN_TX_REGISTER);
}

static enum qn_err decode_update(struct qn_span bytes)
{
    return decode_transaction(bytes, QN_TX_UPDATE);
}

static enum qn_err decode_revoke(struct qn_span bytes)
{
    return decode_transaction(bytes, QN_TX_REVOKE);
}

static enum qn_err decode_rotate(struct qn_span bytes)
{
    return decode_transaction(bytes, QN_TX_ROTATE);
}

static enum qn_err decode_issue(struct qn_span bytes)
{
    return decode_transaction(bytes, QN_TX_ISSUE);
}

static enum qn_err decode_validators(struct qn_span bytes)
{
    return decode_transaction(bytes, QN_TX_VALIDATORS);
}

static enum qn_err decode_evidence(struct qn_span bytes)
{
    return decode_transaction(bytes, QN_TX_EVIDENCE);
}

static enum qn_err decode_cert(struct qn_span bytes, bool names_block)
{
    struct qn_cert cert;
    enum qn_err err = qn_cert_decode(&cert, bytes);
    if (err == QN_OK && (cert.kind != QN_VOTE_NULLIFY) != names_block) {
        err = QN_ERR_MALFORMED;
    }
    return err;
}

static enum qn_err decode_block_cert(struct qn_span bytes)
{
    return decode_cert(bytes, true);
}

static enum qn_err decode_nullify_cert(struct qn_span bytes)
{
    return decode_cert(bytes, false);
}

static enum qn_err decode_in_announce(struct qn_span bytes)
{
    struct qn_announce announce;
    enum qn_err err = qn_announce_decode(&announce, bytes);
    return err == QN_OK ? decode_whole("record", announce.record) : err;
}

static enum qn_err decode_in_tx(struct qn_span bytes)
{
    struct qn_span tx;
    enum qn_err err = qn_tx_message_decode(&tx, bytes);
    return err == QN_OK ? decode_transaction(tx, 0) : err;
}

static enum qn_err decode_in_submit(struct qn_span bytes)
{
    struct qn_submit submit;
    enum qn_err err = qn_submit_decode(&submit, bytes);
    return err == QN_OK ? decode_transaction(submit.tx, 0) : err;
}

static enum qn_err decode_in_block(struct qn_span bytes)
{
    struct qn_block *block = NULL;
    enum qn_err err = qn_block_decode(&block, bytes);
    for (size_t i = 0; err == QN_OK && i < block->tx_count; i++) {
        err = decode_transaction(block->txs[i], 0);
    }
    qn_block_drop(block);
    return err;
}

static enum qn_err decode_in_propose(struct qn_span bytes)
{
    struct qn_propose propose;
    enum qn_err err = qn_propose_decode(&propose, bytes);
    return err == QN_OK ? decode_whole("block", propose.block) : err;
}

static enum qn_err decode_in_blocks(struct qn_span bytes)
{
    struct qn_blocks blocks;
    enum qn_err err = qn_blocks_decode(&blocks, bytes);
    for (size_t i = 0; err == QN_OK && i < blocks.count; i++) {
        err = decode_whole("block", blocks.items[i].block);
        if (err == QN_OK && blocks.items[i].cert.len > 0) {
            err = decode_whole("cert", blocks.items[i].cert);
        }
    }
    for (size_t i = 0; err == QN_OK && i < blocks.header_count; i++) {
        err = decode_whole("header", blocks.headers[i]);
    }
    if (err == QN_OK && blocks.header_count > 0) {
        err = decode_whole("cert", blocks.cert);
    }
    return err;
}

static enum qn_err decode_in_genesis(struct qn_span bytes)
{
    struct qn_genesis_reply reply;
    enum qn_err err = qn_genesis_reply_decode(&reply, bytes);
    for (size_t i = 0; err == QN_OK && i < reply.cert_count; i++) {
        err = decode_whole("genesis-cert", reply.certs[i]);
    }
    return err == QN_OK && reply.wanted == 0 ? decode_whole("genesis-parameters", reply.parameters)
                                             : err;
}

static enum qn_err decode_manifest(const struct qn_snapshot *snapshot)
{
    enum qn_err err = decode_whole("block", snapshot->manifest.block);
    for (size_t i = 0; err == QN_OK && i < snapshot->manifest.header_count; i++) {
        err = decode_whole("header", snapshot->manifest.headers[i]);
    }
    err = err == QN_OK ? decode_whole("cert", snapshot->manifest.cert) : err;
    return err == QN_OK ? decode_whole("state-proof", snapshot->manifest.counters_proof) : err;
}

static enum qn_err decode_epochs(const struct qn_snapshot *snapshot)
{
    enum qn_err err = QN_OK;
    for (size_t i = 0; err == QN_OK && i < snapshot->epochs.count; i++) {
        err = decode_whole("header", snapshot->epochs.steps[i].header);
        err = err == QN_OK ? decode_whole("cert", snapshot->epochs.steps[i].cert) : err;
    }
    return err;
}

/* part: the one that it must be, or -1. */
static enum qn_err decode_snapshot(struct qn_span bytes, int part)
{
    struct qn_snapshot snapshot;
    enum qn_err err = qn_snapshot_decode(&snapshot, bytes);
    if (err == QN_OK && part != -1 && (int)snapshot.part != part) {
        return QN_ERR_MALFORMED;
    }
    if (err == QN_OK && snapshot.part == QN_SNAPSHOT_MANIFEST) {
        return decode_manifest(&snapshot);
    }
    if (err == QN_OK && snapshot.part == QN_SNAPSHOT_EPOCHS) {
        return decode_epochs(&snapshot);
    }
    return err;
}

static enum qn_err decode_in_snapshot(struct qn_span bytes)
{
    return decode_snapshot(bytes, -1);
}

static enum qn_err decode_in_manifest(struct qn_span bytes)
{
    return decode_snapshot(bytes, QN_SNAPSHOT_MANIFEST);
}

static enum qn_err decode_in_epochs(struct qn_span bytes)
{
    return decode_snapshot(bytes, QN_SNAPSHOT_EPOCHS);
}

static enum qn_err decode_in_chunk(struct qn_span bytes)
{
    return decode_snapshot(bytes, QN_SNAPSHOT_CHUNK);
}

static const struct {
    const char *name;
    enum qn_err (*decode)(struct qn_span bytes);
} containers[] = {
    {"block-cert", decode_block_cert},
    {"nullify-cert", decode_nullify_cert},
    {"register", decode_register},
    {"update", decode_update},
    {"revoke", decode_revoke},
    {"rotate", decode_rotate},
    {"issue", decode_issue},
    {"validators", decode_validators},
    {"evidence", decode_evidence},
    {"announce", decode_in_announce},
    {"tx", decode_in_tx},
    {"submit", decode_in_submit},
    {"block", decode_in_block},
    {"propose", decode_in_propose},
    {"blocks", decode_in_blocks},
    {"genesis", decode_in_genesis},
    {"snapshot", decode_in_snapshot},
    {"snapshot-manifest", decode_in_manifest},
    {"snapshot-epochs", decode_in_epochs},
    {"snapshot-chunk", decode_in_chunk},
};

static enum qn_err decode_whole(const char *name, struct qn_span bytes)
{
    const struct qn_family *family = find_family(name);
    if (family == NULL) {
        (void)fprintf(stderr, "no family is called %s\n", name);
        exit(2);
    }
    enum qn_err err = qn_family_check(family, bytes);
    for (size_t i = 0; err == QN_OK && i < QN_ARRAY_COUNT(containers); i++) {
        if (strcmp(containers[i].name, name) == 0) {
            err = containers[i].decode(bytes);
        }
    }
    return err;
}

/* --- the commands --- */

static int print_kinds(void)
{
    for (unsigned kind = 0; kind <= UINT8_MAX; kind++) {
        const struct qn_kind_info *info = qn_kind_find(kind);
        if (info != NULL) {
            printf("%u %s %d %zu %s\n", kind, info->name, (int)info->class, info->len_max,
                   info->is_request ? "request"
                   : info->is_reply ? "reply"
                                    : "message");
        }
    }
    return 0;
}

static int print_names(void)
{
    for (unsigned i = 0; i < QN_CLOSE_COUNT; i++) {
        printf("close-reason %u %s\n", i, qn_close_reason_name(i));
    }
#define PRINT_ERR(name, number, text) printf("error-code %d %s\n", number, qn_err_name(QN_##name));
    QN_ERR_LIST(PRINT_ERR)
#undef PRINT_ERR
    return 0;
}

/* Those that no sample reaches, because what is carried is never that large. */
static int print_limits(void)
{
    printf("announce 2 %d\n", (int)QN_RECORD_LEN_MAX);
    printf("genesis-certs 3 %d\n", (int)QN_GENESIS_CERT_LEN_MAX);
    printf("genesis-end 5 %d\n", (int)QN_GENESIS_PARAMETERS_LEN_MAX);
    printf("tx-bytes - %d\n", (int)QN_TX_LEN_MAX);
    printf("block 1 %d\n", (int)QN_HEADER_LEN_MAX);
    printf("block-bytes - %d\n", (int)QN_BLOCK_LEN_MAX);
    printf("path 2 %d\n", (int)QN_PATH_HEADERS_MAX);
    printf("blocks 1 %d\n", (int)QN_CERT_LEN_MAX);
    printf("header-bytes - %d\n", (int)QN_HEADER_LEN_MAX);
    printf("cert-bytes - %d\n", (int)QN_CERT_LEN_MAX);
    printf("snapshot-manifest 4 %d\n", (int)QN_PATH_HEADERS_MAX);
    printf("snapshot-manifest 6 %d\n", (int)QN_SNAPSHOT_PEAKS_MAX);
    printf("snapshot-manifest 7 %d\n", (int)QN_LEAF_VALUE_LEN_MAX);
    printf("snapshot-manifest 8 %d\n", (int)QN_STATE_PROOF_LEN_MAX);
    printf("snapshot-epochs 3 %d\n", (int)QN_EPOCH_STEPS_PER_REPLY_MAX);
    printf("state-leaf 2 %d\n", (int)QN_LEAF_VALUE_LEN_MAX);
    printf("state-leaf 3 %d\n", (int)QN_SPKI_LEN_MAX);
    printf("signers 6 %d\n", (int)QN_CERT_BITMAP_LEN_MAX);
    printf("signers 7 %d\n", (int)QN_CERT_SIGNATURES_MAX);
    printf("recover-reply 7 %d\n", (int)QN_CERT_LEN_MAX);
    printf("asker-vote 9 %d\n", (int)QN_VOTE_LEN_MAX);
    printf("validator-set - %d\n", (int)QN_VALIDATORS_MAX);
    printf("network-definition - %d\n", (int)QN_GENESIS_CERTS_MAX);
    return 0;
}

static void print_sample(const char *name, const char *variant, const struct qn_buf *sample)
{
    char *hex = malloc(2 * sample->len + 1);
    QN_ASSERT(hex != NULL);
    qn_hex_encode(hex, sample->bytes, sample->len);
    printf("%s %s %s\n", name, variant, hex);
    free(hex);
}

static void print_samples(const struct qn_family *table, size_t count, uint64_t seed,
                          unsigned rounds)
{
    for (size_t i = 0; i < count; i++) {
        struct qn_sampler s;
        qn_rng_init(&s.rng, seed);
        for (unsigned round = 0; round < rounds + 2; round++) {
            static const char *const variants[] = {"min", "max", "random"};
            unsigned variant = round < 2 ? round : 2;
            s.size = (enum qn_sample_size)variant;
            struct qn_buf *sample = table[i].sample(&s);
            print_sample(table[i].name, variants[variant], sample);
            qn_buf_drop(sample);
        }
    }
}

static int samples(const char *seed, const char *rounds)
{
    size_t count = 0;
    uint64_t seed_number = strtoull(seed, NULL, 10);
    unsigned round_count = (unsigned)strtoul(rounds, NULL, 10);
    const struct qn_family *table = qn_families(&count);
    print_samples(table, count, seed_number, round_count);
    table = qn_record_families(&count);
    print_samples(table, count, seed_number, round_count);
    return 0;
}

/* --- what is hashed or signed without being sent --- */

static void print_hex(struct qn_span bytes)
{
    char text[2 * 32 + 1];
    for (size_t at = 0; at < bytes.len; at += 32) {
        qn_hex_encode(text, bytes.at + at, bytes.len - at < 32 ? bytes.len - at : 32);
        printf("%s", text);
    }
    printf(" ");
}

static void print_hash(const uint8_t hash[QN_HASH_LEN])
{
    print_hex((struct qn_span){hash, QN_HASH_LEN});
}

static void print_recovery_digest(struct qn_sampler *s, const struct qn_network_id *network)
{
    struct qn_buf *bytes = qn_sample_recover_reply(s);
    struct qn_recover_reply reply;
    QN_ASSERT(qn_recover_reply_decode(&reply, qn_buf_span(bytes)) == QN_OK);
    printf("recovery ");
    print_hash(qn_recover_digest(network, &reply).bytes);
    print_hash(network->bytes);
    printf("%ju %ju %d %ju %ju %d ", (uintmax_t)reply.epoch, (uintmax_t)reply.nonce,
           (int)reply.state, (uintmax_t)reply.view, (uintmax_t)reply.ceiling, reply.asked_before);
    print_hash(qn_sha3(reply.cert).bytes);
    printf("%u ", reply.vote_kind);
    print_hash(qn_sha3(reply.vote).bytes);
    printf("\n");
    qn_buf_drop(bytes);
}

static void print_signed_digests(uint64_t seed)
{
    struct qn_sampler s = {.size = QN_SAMPLE_RANDOM};
    struct qn_network_id network;
    struct qn_hash hash;
    struct qn_node_id id;
    qn_rng_init(&s.rng, seed);
    for (int i = 0; i < 20; i++) {
        uint64_t numbers[3];
        for (size_t n = 0; n < QN_ARRAY_COUNT(numbers); n++) {
            numbers[n] = qn_sample_uint(&s, 0, UINT64_MAX);
        }
        uint32_t index = (uint32_t)qn_sample_uint(&s, 0, UINT32_MAX);
        qn_sample_bytes(&s, network.bytes, sizeof network.bytes);
        qn_sample_bytes(&s, hash.bytes, sizeof hash.bytes);
        qn_sample_bytes(&s, id.bytes, sizeof id.bytes);

        printf("proposal ");
        print_hash(qn_proposal_digest(&network, numbers[0], numbers[1], numbers[2], &hash).bytes);
        print_hash(network.bytes);
        printf("%ju %ju %ju ", (uintmax_t)numbers[0], (uintmax_t)numbers[1], (uintmax_t)numbers[2]);
        print_hash(hash.bytes);
        printf("\nnullification ");
        print_hash(qn_nullify_digest(&network, numbers[0], numbers[1]).bytes);
        print_hash(network.bytes);
        printf("%ju %ju\nactivation-claim ", (uintmax_t)numbers[0], (uintmax_t)numbers[1]);
        print_hash(qn_activation_digest(&network, &hash, index, &id).bytes);
        print_hash(network.bytes);
        print_hash(hash.bytes);
        printf("%u ", (unsigned)index);
        print_hash(id.bytes);
        struct qn_tx tx = {.network = network,
                           .kind = QN_TX_ROTATE,
                           .id = id,
                           .sequence = numbers[0],
                           .expires_ms = numbers[1]};
        printf("\nrotation ");
        print_hash(qn_rotate_digest(&tx).bytes);
        print_hash(network.bytes);
        print_hash(id.bytes);
        printf("%ju %ju\n", (uintmax_t)numbers[0], (uintmax_t)numbers[1]);
        print_recovery_digest(&s, &network);
    }
}

/* Of a network with five genesis nodes. */
static void print_network_digests(void)
{
    struct qn_kit kit;
    qn_kit_init(&kit, &(struct qn_kit_options){5, QN_POLICY_CODES, 3, 0});
    printf("network-definition ");
    print_hash(kit.genesis.network.bytes);
    for (size_t i = 0; i < kit.genesis.cert_count; i++) {
        print_hex(qn_buf_span(kit.genesis.cert_bytes[i]));
    }
    print_hex(qn_buf_span(kit.genesis.parameter_bytes));
    printf("\nvalidator-set ");
    print_hash(qn_validator_set_hash(&kit.genesis.validators).bytes);
    for (size_t i = 0; i < kit.genesis.validators.count; i++) {
        const struct qn_validator *member = &kit.genesis.validators.members[i];
        printf("%u ", (unsigned)member->key.suite);
        print_hash(member->id.bytes);
    }
    printf("\n");
    qn_kit_fini(&kit);
}

/* One line: a name, a space, hex digits. */
static int decode_line(char *line)
{
    char *hex = strchr(line, ' ');
    if (hex == NULL) {
        (void)fprintf(stderr, "not \"name hex\": %s\n", line);
        return 2;
    }
    *hex = '\0';
    hex += 1;
    hex[strcspn(hex, "\n")] = '\0';
    size_t len = strlen(hex) / 2;
    uint8_t *bytes = malloc(len > 0 ? len : 1);
    QN_ASSERT(bytes != NULL);
    if (qn_hex_decode(bytes, len, hex) != QN_OK) {
        (void)fprintf(stderr, "not hex: %.40s\n", hex);
        free(bytes);
        return 2;
    }
    printf("%s\n", qn_err_name(decode_whole(line, (struct qn_span){bytes, len})));
    free(bytes);
    return 0;
}

static int decode_lines(void)
{
    char *line = NULL;
    size_t size = 0;
    int status = 0;
    while (status == 0 && getline(&line, &size, stdin) > 0) {
        status = decode_line(line);
    }
    free(line);
    return status;
}

int main(int argc, char **argv)
{
    qn_test_start();
    if (argc == 2 && strcmp(argv[1], "kinds") == 0) {
        return print_kinds();
    }
    if (argc == 2 && strcmp(argv[1], "names") == 0) {
        return print_names();
    }
    if (argc == 2 && strcmp(argv[1], "limits") == 0) {
        return print_limits();
    }
    if (argc == 4 && strcmp(argv[1], "samples") == 0) {
        return samples(argv[2], argv[3]);
    }
    if (argc == 3 && strcmp(argv[1], "digests") == 0) {
        print_signed_digests(strtoull(argv[2], NULL, 10));
        print_network_digests();
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "decode") == 0) {
        return decode_lines();
    }
    (void)fprintf(
        stderr, "usage: %s kinds | names | limits | samples SEED ROUNDS | digests SEED | decode\n",
        argv[0]);
    return 2;
}
