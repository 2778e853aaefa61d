#include "store/admin.h"

#include "ledger/store_keys.h"
#include "ledger/testing/small_ledger.h"
#include "peer/address_book.h"
#include "peer/bans.h"
#include "store/store_internal.h"
#include "store/testing/folder_of_test.h"
#include "wire/vote.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { BLOCKS = 3 };

static const struct qn_store_progress nobody;
static char folder[QN_TEST_FOLDER_SIZE];
static char why[QN_STORE_WHY_SIZE];
static struct qn_chain chain;
static struct qn_store *store;
static struct qn_storage storage;

/* ---- a folder with the small ledger, its certificates and a vote ---- */

static void put(struct qn_batch *batch, struct qn_span key, struct qn_span value)
{
    struct qn_buf *buf = qn_buf_copy(value);
    qn_batch_put(batch, key, buf);
    qn_buf_drop(buf);
}

static void apply(struct qn_batch *batch)
{
    assert_int_equal(storage.apply(storage.context, batch), QN_OK);
    qn_batch_free(batch);
}

static bool copy_pair(void *context, struct qn_span key, struct qn_buf *value)
{
    qn_batch_put(context, key, value);
    return true;
}

/* Signed by the first quorum of the set, the last of them over something else if it lies. */
static struct qn_buf *make_cert(const struct qn_block *block, bool lies)
{
    const struct qn_validator_set *set = &chain.kit.genesis.validators;
    struct qn_cert cert = {.kind = QN_VOTE_FINALIZE,
                           .view = 1,
                           .block_id = block->id,
                           .bitmap_len = 1,
                           .bitmap = {0x07},
                           .signature_count = qn_quorum(set->count)};
    struct qn_signature signatures[QN_KIT_GENESIS_MAX];
    struct qn_hash digest = qn_cert_digest(&cert, &chain.kit.genesis.network);
    for (size_t i = 0; i < cert.signature_count; i++) {
        for (size_t j = 0; j < chain.kit.genesis_count; j++) {
            struct qn_node_id id = qn_kit_id(chain.kit.genesis_keys[j]);
            if (qn_validator_index(set, &id) != (int)i) {
                continue;
            }
            digest.bytes[0] ^= lies && i + 1 == cert.signature_count;
            assert_int_equal(qn_sign(&signatures[i], chain.kit.genesis_keys[j],
                                     qn_vote_sign_kind(cert.kind), &digest),
                             QN_OK);
        }
        cert.signatures[i] = (struct qn_span){signatures[i].bytes, signatures[i].len};
    }
    return qn_cert_encode(&cert);
}

static struct qn_block *block_at(uint64_t height)
{
    struct qn_buf *bytes = NULL;
    struct qn_buf *cert = NULL;
    struct qn_block *block = NULL;
    assert_int_equal(qn_ledger_block(chain.ledger, &bytes, &cert, height), QN_OK);
    assert_int_equal(qn_block_decode(&block, qn_buf_span(bytes)), QN_OK);
    qn_buf_drop(bytes);
    qn_buf_drop(cert);
    return block;
}

static void put_cert(uint64_t height, bool lies)
{
    struct qn_block *block = block_at(height);
    struct qn_buf *cert = make_cert(block, lies);
    struct qn_store_key key = qn_store_key_height(QN_STORE_CERT, height);
    struct qn_batch *batch = qn_batch_new();
    qn_batch_put(batch, qn_store_key_span(&key), cert);
    apply(batch);
    qn_buf_drop(cert);
    qn_block_drop(block);
}

static int begin(void **state)
{
    struct qn_batch *batch = qn_batch_new();
    struct qn_span text = {(const uint8_t *)"\x01vote", 5};
    (void)state;
    assert_int_equal(qn_test_folder_make(folder), 0);
    qn_small_ledger_init(&chain);
    struct qn_store_config config = {.data_dir = folder,
                                     .network = chain.kit.genesis.network,
                                     .node = {{7}},
                                     .size_max = 64 << 20};
    assert_int_equal(qn_store_open(&store, &storage, &config, why), QN_OK);
    assert_int_equal(
        chain.storage.walk(chain.storage.context, (struct qn_span){text.at, 1}, copy_pair, batch),
        QN_OK);
    put(batch, (struct qn_span){(const uint8_t *)"v0001", 5}, text);
    put(batch, (struct qn_span){(const uint8_t *)"v0002", 5}, text);
    put(batch, (struct qn_span){(const uint8_t *)"w", 1}, text);
    apply(batch);
    put_cert(2, false);
    put_cert(3, false);
    return 0;
}

static int end(void **state)
{
    (void)state;
    storage.close(storage.context);
    qn_chain_fini(&chain);
    return qn_test_folder_remove(folder);
}

static struct qn_store_audit audit(void)
{
    struct qn_store_audit result;
    /* LMDB takes a file once in a process: the node's own storage stands for the reader's. */
    qn_store_audit(&result, &storage, &chain.kit.genesis, &nobody);
    return result;
}

static void assert_found(const char *word)
{
    struct qn_store_audit result = audit();
    assert_true(result.problems.count > 0);
    if (strstr(result.problems.texts[0], word) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", result.problems.texts[0], word);
    }
}

static void delete_block(uint64_t height)
{
    struct qn_store_key key = qn_store_key_height(QN_STORE_BLOCK, height);
    struct qn_batch *batch = qn_batch_new();
    qn_batch_delete(batch, qn_store_key_span(&key));
    apply(batch);
}

static void put_block(uint64_t height, const struct qn_block *block)
{
    struct qn_store_key key = qn_store_key_height(QN_STORE_BLOCK, height);
    struct qn_batch *batch = qn_batch_new();
    qn_batch_put(batch, qn_store_key_span(&key), block->encoded);
    apply(batch);
}

/* ---- db check ---- */

static void a_whole_ledger_has_no_problems(void **state)
{
    (void)state;
    struct qn_store_audit result = audit();
    assert_string_equal(result.problems.texts[0], "");
    assert_int_equal(result.problems.count, 0);
    assert_int_equal(result.blocks, BLOCKS);
    assert_int_equal(result.executed, BLOCKS);
    assert_int_equal(result.certificates, 2);
    assert_int_equal(result.signatures, 6);
}

static void a_block_that_lacks_is_found(void **state)
{
    (void)state;
    delete_block(2);
    assert_found("blocks 2 to 2 are missing");
}

static void a_ledger_without_its_first_blocks_is_checked_from_where_it_begins(void **state)
{
    (void)state;
    delete_block(1);
    struct qn_store_audit result = audit();
    assert_int_equal(result.problems.count, 0);
    assert_int_equal(result.first_block, 2);
    assert_int_equal(result.blocks, BLOCKS - 1);
    assert_int_equal(result.executed, 0);
}

static void a_block_in_the_place_of_another_is_found(void **state)
{
    (void)state;
    struct qn_block *block = block_at(1);
    put_block(2, block);
    qn_block_drop(block);
    assert_found("block 2 is another one");
}

static void a_block_that_does_not_execute_is_found(void **state)
{
    (void)state;
    struct qn_block *block = block_at(1);
    struct qn_header header = block->header;
    header.state_root.bytes[0] ^= 1;
    struct qn_block *forged = qn_chain_forge(block, &header);
    put_block(1, forged);
    qn_block_drop(forged);
    qn_block_drop(block);
    assert_found("block 1 does not execute");
}

struct first_leaf {
    uint8_t key[QN_STORAGE_KEY_LEN_MAX];
    size_t key_len;
};

static bool take_leaf(void *context, struct qn_span key, struct qn_buf *value)
{
    struct first_leaf *leaf = context;
    (void)value;
    memcpy(leaf->key, key.at, key.len);
    leaf->key_len = key.len;
    return false;
}

static void a_leaf_of_the_registry_that_lacks_is_found(void **state)
{
    struct first_leaf leaf = {.key_len = 0};
    struct qn_store_key first = qn_store_key_kind(QN_STORE_LEAF);
    struct qn_batch *batch = qn_batch_new();
    (void)state;
    assert_int_equal(storage.walk(storage.context, qn_store_key_span(&first), take_leaf, &leaf),
                     QN_OK);
    qn_batch_delete(batch, (struct qn_span){leaf.key, leaf.key_len});
    apply(batch);
    assert_found("the registry cannot be loaded");
}

static void a_certificate_with_a_bad_signature_is_found(void **state)
{
    (void)state;
    put_cert(3, true);
    assert_found("the certificate of block 3 is not signed by a quorum");
}

static void a_certificate_of_another_block_is_found(void **state)
{
    struct qn_store_key from = qn_store_key_height(QN_STORE_CERT, 2);
    struct qn_store_key to = qn_store_key_height(QN_STORE_CERT, 3);
    struct qn_batch *batch = qn_batch_new();
    struct qn_buf *value = NULL;
    (void)state;
    assert_int_equal(storage.get(storage.context, &value, qn_store_key_span(&from)), QN_OK);
    qn_batch_put(batch, qn_store_key_span(&to), value);
    qn_buf_drop(value);
    apply(batch);
    assert_found("the certificate of block 3 is not one of that block");
}

/* ---- db stat, backup, restore: with the store closed, since LMDB takes a file once in a process ---- */

/* ---- what the peer layer keeps ---- */

static struct qn_store_peer_audit audit_peers(void)
{
    struct qn_store_peer_audit result;
    qn_store_audit_peers(&result, &storage);
    return result;
}

static void put_page(uint64_t page, struct qn_span bytes)
{
    struct qn_store_key key = qn_store_key_height(QN_STORE_BOOK, page);
    struct qn_batch *batch = qn_batch_new();
    put(batch, qn_store_key_span(&key), bytes);
    apply(batch);
}

/* more: what another version would add to it. */
static void put_ban(const char *target, struct qn_span more)
{
    struct qn_ban ban = {.by_operator = true, .until_ms = QN_BAN_FOR_GOOD};
    struct qn_hash hash;
    assert_int_equal(qn_ban_target_parse(&ban.target, target), QN_OK);
    qn_ban_target_key(hash.bytes, &ban.target);
    struct qn_store_key key = qn_store_key_hash(QN_STORE_BAN, &hash);
    struct qn_buf *encoded = qn_ban_encode(&ban);
    struct qn_buf *bytes = qn_buf_new(encoded->len + more.len);
    memcpy(bytes->bytes, encoded->bytes, encoded->len);
    if (more.len > 0) {
        memcpy(bytes->bytes + encoded->len, more.at, more.len);
        bytes->bytes[0] = (uint8_t)(bytes->bytes[0] + 1); /* a pair more */
    }
    struct qn_batch *batch = qn_batch_new();
    put(batch, qn_store_key_span(&key), qn_buf_span(bytes));
    apply(batch);
    qn_buf_drop(encoded);
    qn_buf_drop(bytes);
}

static void put_book(void)
{
    struct qn_book book;
    struct qn_book_address what = {.region = QN_REGION_ASIA,
                                   .address = {.ip = {0x20, 0x01, 0x0d, 0xb8, 7}, .port = 9876},
                                   .id = {{9}}};
    qn_book_init(&book, 1, 2);
    qn_book_good(&book, &what, QN_SECONDS(5));
    for (size_t page = 0; page < QN_BOOK_PAGES; page++) {
        struct qn_buf *bytes = qn_book_page_encode(&book, page, QN_SECONDS(6));
        put_page(page, qn_buf_span(bytes));
        qn_buf_drop(bytes);
    }
    qn_book_fini(&book);
}

static void whole_bans_and_pages_are_no_problem(void **state)
{
    (void)state;
    put_book();
    put_ban("192.0.2.0/24", (struct qn_span){0});
    struct qn_store_peer_audit result = audit_peers();
    assert_string_equal(result.problems.texts[0], "");
    assert_int_equal(result.problems.count, 0);
    assert_int_equal(result.pages, QN_BOOK_PAGES);
    assert_int_equal(result.bans, 1);
    assert_int_equal(result.left_out, 0);
}

static void every_changed_page_is_found(void **state)
{
    struct qn_buf *bytes = NULL;
    (void)state;
    put_book();
    for (uint64_t page = 0; page < QN_BOOK_PAGES; page++) {
        char name[32];
        struct qn_store_key key = qn_store_key_height(QN_STORE_BOOK, page);
        assert_int_equal(storage.get(storage.context, &bytes, qn_store_key_span(&key)), QN_OK);
        bytes->bytes[3] ^= 0x40; /* the second key */
        put_page(page, qn_buf_span(bytes));
        struct qn_store_peer_audit result = audit_peers();
        (void)snprintf(name, sizeof name, "page %u of the address book", (unsigned)page);
        assert_int_equal(result.problems.count, 1);
        assert_non_null(strstr(result.problems.texts[0], name));
        bytes->bytes[3] ^= 0x40;
        put_page(page, qn_buf_span(bytes));
        qn_buf_drop(bytes);
    }
    assert_int_equal(audit_peers().problems.count, 0);
    put_page(QN_BOOK_PAGES, (struct qn_span){(const uint8_t *)"\xa1\x01\x01", 3});
    assert_int_equal(audit_peers().problems.count, 1);
}

static void what_another_version_wrote_is_told_and_no_problem(void **state)
{
    static const uint8_t page[] = {0xa2, 0x01, 0x02, 0x02, 0x61, 'x'};
    static const uint8_t more[] = {0x05, 0x01};
    (void)state;
    put_page(1, (struct qn_span){page, sizeof page});
    put_ban("2001:db8::/32", (struct qn_span){more, sizeof more});
    struct qn_store_peer_audit result = audit_peers();
    assert_int_equal(result.problems.count, 0);
    assert_int_equal(result.left_out, 2);
}

static void a_ban_that_cannot_be_read_is_found(void **state)
{
    static const uint8_t bytes[] = {0xa3, 0x01, 0x61, 'x', 0x02, 0x00, 0x04, 0x60};
    struct qn_hash hash = {{1}};
    struct qn_store_key key = qn_store_key_hash(QN_STORE_BAN, &hash);
    struct qn_batch *batch = qn_batch_new();
    (void)state;
    put(batch, qn_store_key_span(&key), (struct qn_span){bytes, sizeof bytes});
    apply(batch);
    struct qn_store_peer_audit result = audit_peers();
    assert_int_equal(result.problems.count, 1);
    assert_string_equal(result.problems.texts[0], "a ban by the operator cannot be read");
}

static void a_backup_restores_all_but_the_votes(void **state)
{
    char path[QN_STORE_PATH_SIZE];
    char copy[128];
    char other[128];
    struct qn_store_stat stat = {0};
    struct qn_store *reader = NULL;
    struct qn_storage reading;
    (void)state;
    storage.close(storage.context);
    assert_int_equal(qn_store_find(path, folder, &chain.kit.genesis.network, why), QN_OK);
    assert_int_equal(qn_store_find(path, folder, NULL, why), QN_OK);
    assert_int_equal(qn_store_open_reader(&reader, &reading, path, why), QN_OK);
    assert_int_equal(qn_store_stat(&stat, reader, &reading, &nobody, why), QN_OK);
    reading.close(reading.context);
    assert_int_equal(stat.keys_by_kind['v'], 2);
    assert_int_equal(stat.keys_by_kind['b'], BLOCKS);
    assert_int_equal(stat.height, BLOCKS);

    (void)snprintf(copy, sizeof copy, "%s/copy", folder);
    (void)snprintf(other, sizeof other, "%s/other", folder);
    assert_int_equal(qn_store_backup(&stat, path, copy, &nobody, why), QN_OK);
    assert_int_equal(qn_store_backup(&stat, path, copy, &nobody, why), QN_ERR_DUPLICATE);
    assert_int_equal(qn_store_restore(&stat, path, other, copy, &nobody, why), QN_OK);
    assert_int_equal(stat.keys_by_kind['v'] + stat.keys_by_kind['w'], 0);
    assert_int_equal(stat.keys_by_kind['b'], BLOCKS);
    assert_int_equal(stat.height, BLOCKS);
    assert_int_equal(qn_store_restore(&stat, path, other, copy, &nobody, why), QN_ERR_DUPLICATE);

    struct qn_store_config config = {.data_dir = other,
                                     .network = chain.kit.genesis.network,
                                     .node = {{7}},
                                     .size_max = 64 << 20};
    assert_int_equal(qn_store_open(&store, &storage, &config, why), QN_OK);
    assert_int_equal(audit().problems.count, 0);
}

static void a_damaged_file_is_neither_backed_up_nor_restored(void **state)
{
    static uint8_t bytes[1 << 20];
    char path[QN_STORE_PATH_SIZE];
    char data[QN_STORE_PATH_SIZE];
    char copy[128];
    char other[128];
    struct qn_store_stat stat;
    struct qn_block *block = block_at(2);
    (void)state;
    storage.close(storage.context);
    assert_int_equal(qn_store_find(path, folder, NULL, why), QN_OK);
    assert_true(qn_store_join(data, path, "data.mdb"));
    FILE *file = fopen(data, "r+b");
    assert_non_null(file);
    size_t len = fread(bytes, 1, sizeof bytes, file);
    const uint8_t *at = memmem(bytes, len, block->encoded->bytes, 64);
    assert_non_null(at);
    assert_int_equal(fseek(file, at - bytes, SEEK_SET), 0);
    assert_true(fputc(at[0] ^ 1, file) != EOF);
    assert_int_equal(fclose(file), 0);
    qn_block_drop(block);

    (void)snprintf(copy, sizeof copy, "%s/copy", folder);
    (void)snprintf(other, sizeof other, "%s/other", folder);
    assert_int_equal(qn_store_backup(&stat, path, copy, &nobody, why), QN_ERR_IO);
    assert_non_null(strstr(why, "does not match its check"));
    assert_int_equal(access(copy, F_OK), -1);
    assert_int_equal(qn_store_restore(&stat, path, other, data, &nobody, why), QN_ERR_IO);
    assert_int_equal(access(path, F_OK), -1); /* the folder it would have become */
    struct qn_store_config config = {.data_dir = folder,
                                     .network = chain.kit.genesis.network,
                                     .node = {{7}},
                                     .size_max = 64 << 20};
    assert_int_equal(qn_store_open(&store, &storage, &config, why), QN_OK);
}

int main(int argc, char **argv)
{
#define WITH_LEDGER(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        WITH_LEDGER(a_whole_ledger_has_no_problems),
        WITH_LEDGER(a_block_that_lacks_is_found),
        WITH_LEDGER(a_ledger_without_its_first_blocks_is_checked_from_where_it_begins),
        WITH_LEDGER(a_block_in_the_place_of_another_is_found),
        WITH_LEDGER(a_block_that_does_not_execute_is_found),
        WITH_LEDGER(a_leaf_of_the_registry_that_lacks_is_found),
        WITH_LEDGER(a_certificate_with_a_bad_signature_is_found),
        WITH_LEDGER(a_certificate_of_another_block_is_found),
        WITH_LEDGER(whole_bans_and_pages_are_no_problem),
        WITH_LEDGER(every_changed_page_is_found),
        WITH_LEDGER(what_another_version_wrote_is_told_and_no_problem),
        WITH_LEDGER(a_ban_that_cannot_be_read_is_found),
        WITH_LEDGER(a_backup_restores_all_but_the_votes),
        WITH_LEDGER(a_damaged_file_is_neither_backed_up_nor_restored),
    };
    qn_test_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
