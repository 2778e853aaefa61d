/* How a data directory grows while nothing happens: real heartbeat blocks with real certificates' lengths and
 * a validator's vote records, in LMDB, for two days of an idle network. The first day fills what is kept of
 * certificates; the second one shows what stays. */
#include "ledger/ledger.h"
#include "ledger/store_keys.h"
#include "store/store.h"
#include "support/identities.h"
#include "support/measure.h"
#include "wire/vote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BLOCKS_A_DAY = (int)(QN_SECONDS(24 * 3600) / QN_HEARTBEAT_INTERVAL),
    QUICK_FIRST = 4400, /* certificates of 4,096 blocks are kept */
    QUICK_COUNTED = 600,
    GROUP = 16, /* blocks in one durable write, only to save this benchmark's time */
    VOTES_A_BLOCK = 2,
    VOTE_RECORD_LEN = 64,
    VOTE_RING = 1024,
    SIGNATURE_LEN = 3309, /* ML-DSA-65 */
    PARAMETERS_SIZE = 64,
};

struct disk {
    struct bench_network network;
    struct qn_rng rng;
    struct qn_store *store;
    struct qn_storage storage;
    struct qn_ledger *ledger;
    uint64_t votes;
    size_t waiting;
    struct qn_batch *batches[GROUP];
};

static void random_bytes(struct disk *disk, uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)qn_rng_next(&disk->rng);
    }
}

/* Signatures that nobody verifies here, of the length that counts. */
static struct qn_buf *certificate(struct disk *disk, uint64_t view, const struct qn_hash *block_id)
{
    static uint8_t signatures[BENCH_GENESIS_MAX][SIGNATURE_LEN];
    unsigned count = (unsigned)disk->network.count;
    struct qn_cert cert = {.kind = QN_VOTE_FINALIZE,
                           .view = view,
                           .parent_view = view - 1,
                           .block_id = *block_id,
                           .bitmap_len = (count + 7) / 8,
                           .signature_count = qn_quorum(count)};

    for (size_t i = 0; i < cert.signature_count; i++) {
        random_bytes(disk, signatures[i], SIGNATURE_LEN);
        cert.signatures[i] = (struct qn_span){signatures[i], SIGNATURE_LEN};
        cert.bitmap[i / 8] = (uint8_t)(cert.bitmap[i / 8] | 1U << (i % 8));
    }
    return qn_cert_encode(&cert);
}

static void flush(struct disk *disk)
{
    const struct qn_batch *batches[GROUP];

    for (size_t i = 0; i < disk->waiting; i++) {
        batches[i] = disk->batches[i];
    }
    bench_need(disk->storage.apply_many(disk->storage.context, batches, disk->waiting) == QN_OK,
               "writing");
    for (size_t i = 0; i < disk->waiting; i++) {
        qn_batch_free(disk->batches[i]);
    }
    disk->waiting = 0;
}

static void put_votes(struct disk *disk, struct qn_batch *batch)
{
    for (int i = 0; i < VOTES_A_BLOCK; i++) {
        uint64_t slot = disk->votes++ % VOTE_RING;
        uint8_t key[] = {'v', (uint8_t)(slot >> 8), (uint8_t)slot};
        struct qn_buf *record = qn_buf_new(VOTE_RECORD_LEN);
        random_bytes(disk, record->bytes, VOTE_RECORD_LEN);
        qn_batch_put(batch, (struct qn_span){key, sizeof key}, record);
        qn_buf_drop(record);
    }
}

static void add_block(struct disk *disk)
{
    struct qn_hash parent = qn_ledger_head_id(disk->ledger);
    uint64_t height = qn_ledger_height(disk->ledger) + 1;
    struct qn_ledger_commit commit;
    struct qn_block *block = NULL;

    bench_need(qn_ledger_build(disk->ledger, &block, &parent, NULL, 0,
                               disk->network.genesis.time_ms + height * 10000) == QN_OK,
               "building");
    struct qn_buf *cert = certificate(disk, height, &block->id);
    qn_ledger_commit(disk->ledger, &commit, &block->id, cert);
    put_votes(disk, commit.batch);
    disk->batches[disk->waiting++] = commit.batch;
    qn_buf_drop(cert);
    qn_block_drop(block);
    if (disk->waiting == GROUP) {
        flush(disk);
    }
}

/* The size of the data file after so many more blocks. */
static uint64_t size_after(struct disk *disk, size_t blocks)
{
    for (size_t i = 0; i < blocks; i++) {
        add_block(disk);
    }
    if (disk->waiting > 0) {
        flush(disk);
    }
    return qn_store_size(disk->store);
}

static void remove_folder(const struct qn_store_config *config)
{
    static const char *const names[] = {"data.mdb", "lock.mdb", "lock", "made"};
    char folder[QN_STORE_PATH_SIZE];
    char path[QN_STORE_PATH_SIZE + 16];

    bench_need(qn_store_folder_path(folder, config->data_dir, &config->network), "path");
    for (size_t i = 0; i < QN_ARRAY_COUNT(names); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path); /* "lock.mdb" may be gone already */
    }
    bench_need(rmdir(folder) == 0 && rmdir(config->data_dir) == 0, "removing the data directory");
}

static void measure(struct disk *disk, bool quick)
{
    char parameters[PARAMETERS_SIZE];
    size_t counted = quick ? QUICK_COUNTED : BLOCKS_A_DAY;
    /* What is kept of certificates must be full, or its growth would be counted as the network's. */
    uint64_t full = size_after(disk, quick ? QUICK_FIRST : BLOCKS_A_DAY);
    double block = (double)(size_after(disk, counted) - full) / (double)counted;

    (void)snprintf(parameters, sizeof parameters, "\"validators\":%zu", disk->network.count);
    if (!quick) {
        bench_report_one("disk_first_day_kib", parameters, (double)full / 1024);
    }
    bench_report_one("disk_heartbeat_bytes", parameters, block);
    bench_report_one("disk_growth_a_day_kib", parameters, block * BLOCKS_A_DAY / 1024);
}

static void run(size_t validators, bool quick)
{
    static struct disk disk;
    const char *folder = getenv("TMPDIR");
    char data_dir[QN_STORE_PATH_SIZE];
    char why[QN_STORE_WHY_SIZE];

    disk = (struct disk){0};
    (void)snprintf(data_dir, sizeof data_dir, "%s/qnet-bench-XXXXXX",
                   folder != NULL ? folder : "/tmp");
    bench_need(mkdtemp(data_dir) != NULL, "making a folder in TMPDIR");
    qn_rng_init(&disk.rng, 1);
    bench_network_init(&disk.network, validators);
    struct qn_store_config config = {.data_dir = data_dir,
                                     .network = disk.network.genesis.network,
                                     .node = disk.network.genesis.validators.members[0].id,
                                     .size_max = QN_STORE_SIZE_MAX_DEFAULT};
    bench_need(qn_store_open(&disk.store, &disk.storage, &config, why) == QN_OK,
               "opening the store");
    bench_need(qn_ledger_new(&disk.ledger, &disk.network.genesis, &disk.storage) == QN_OK,
               "ledger");
    measure(&disk, quick);
    qn_ledger_free(disk.ledger);
    disk.storage.close(disk.storage.context);
    remove_folder(&config);
    bench_network_fini(&disk.network);
}

int main(int argc, char **argv)
{
    static const size_t validators[] = {4, 5, 7};
    bool quick = bench_is_quick(argc, argv);

    bench_start();
    for (size_t i = 0; i < QN_ARRAY_COUNT(validators); i++) {
        if (!quick || validators[i] == 5) {
            run(validators[i], quick);
        }
    }
    qn_crypto_fini();
    return EXIT_SUCCESS;
}
