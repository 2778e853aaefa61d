#include "store/store.h"

#include "ledger/testing/chain.h"
#include "ledger/testing/storage_cases.h"
#include "store/store_internal.h"
#include "store/testing/folder_of_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a folder for each test ---- */

static char folder[QN_TEST_FOLDER_SIZE];
static const struct qn_network_id network = {{0x9a, 0x41, 0xc0, 0x7d, 0xe2, 0x5b, 0x38, 0xf6, 1}};
static const struct qn_node_id node = {{0x1f, 0x0c, 0x2b}};
static char why[QN_STORE_WHY_SIZE];

static int make_folder(void **state)
{
    (void)state;
    why[0] = '\0';
    return qn_test_folder_make(folder);
}

static int remove_folder(void **state)
{
    (void)state;
    return qn_test_folder_remove(folder);
}

static struct qn_store_config config(void)
{
    return (struct qn_store_config){
        .data_dir = folder, .network = network, .node = node, .size_max = 256 << 20};
}

static const char *in_network(const char *name)
{
    static char path[QN_STORE_PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/9a41c07de25b38f6%s%s", folder, name[0] == '\0' ? "" : "/",
                   name);
    return path;
}

static struct qn_store *open_store(struct qn_storage *storage)
{
    struct qn_store *store = NULL;
    struct qn_store_config with = config();
    enum qn_err err = qn_store_open(&store, storage, &with, why);
    if (err != QN_OK) {
        fail_msg("%s", why);
    }
    return store;
}

static void open_fresh(struct qn_storage *storage)
{
    (void)open_store(storage);
}

static void assert_refused(const struct qn_store_config *with, enum qn_err err, const char *word)
{
    struct qn_store *store = NULL;
    struct qn_storage storage;
    assert_int_equal(qn_store_open(&store, &storage, with, why), err);
    if (strstr(why, word) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", why, word);
    }
}

static enum qn_err put(const struct qn_storage *storage, const char *name, size_t len)
{
    struct qn_batch *batch = qn_batch_new();
    struct qn_buf *value = qn_buf_new(len);
    memset(value->bytes, name[0], len);
    qn_batch_put(batch, (struct qn_span){(const uint8_t *)name, strlen(name)}, value);
    qn_buf_drop(value);
    enum qn_err err = storage->apply(storage->context, batch);
    qn_batch_free(batch);
    return err;
}

static enum qn_err get_len(const struct qn_storage *storage, const char *name, size_t *len)
{
    struct qn_buf *value = NULL;
    enum qn_err err = storage->get(storage->context, &value,
                                   (struct qn_span){(const uint8_t *)name, strlen(name)});
    if (err == QN_OK) {
        *len = value->len;
        qn_buf_drop(value);
    }
    return err;
}

static unsigned mode_of(const char *path)
{
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    return about.st_mode & 07777U;
}

/* ---- tests ---- */

static void what_was_applied_is_there_after_a_restart(void **state)
{
    struct qn_storage storage;
    size_t len = 0;
    (void)state;
    struct qn_store *store = open_store(&storage);
    assert_true(storage.durable);
    assert_string_equal(qn_store_path(store), in_network(""));
    assert_int_equal(put(&storage, "b1", 5000), QN_OK);
    assert_true(qn_store_size(store) > 5000);
    storage.close(storage.context);
    (void)open_store(&storage);
    assert_int_equal(get_len(&storage, "b1", &len), QN_OK);
    assert_int_equal(len, 5000);
    storage.close(storage.context);
}

static void several_batches_are_one_write(void **state)
{
    struct qn_storage storage;
    size_t len = 0;
    struct qn_batch *batches[2] = {qn_batch_new(), qn_batch_new()};
    struct qn_buf *one = qn_buf_new(1);
    struct qn_buf *two = qn_buf_new(2);
    struct qn_span key = {(const uint8_t *)"k", 1};
    (void)state;
    one->bytes[0] = two->bytes[0] = two->bytes[1] = 7;
    qn_batch_put(batches[0], key, one);
    qn_batch_put(batches[1], key, two);
    (void)open_store(&storage);
    assert_int_equal(
        storage.apply_many(storage.context, (const struct qn_batch *const *)batches, 2), QN_OK);
    assert_int_equal(get_len(&storage, "k", &len), QN_OK);
    assert_int_equal(len, 2);
    storage.close(storage.context);
    for (size_t i = 0; i < 2; i++) {
        qn_batch_free(batches[i]);
    }
    qn_buf_drop(one);
    qn_buf_drop(two);
}

static void folder_and_files_are_for_their_owner_only(void **state)
{
    struct qn_storage storage;
    static const char *const files[] = {"data.mdb", "lock.mdb", "lock", "made"};
    (void)state;
    mode_t before = umask(0);
    (void)open_store(&storage);
    (void)umask(before);
    assert_int_equal(mode_of(in_network("")), 0700);
    for (size_t i = 0; i < QN_ARRAY_COUNT(files); i++) {
        assert_int_equal(mode_of(in_network(files[i])), 0600);
    }
    storage.close(storage.context);
}

static void a_folder_that_others_may_use_is_refused(void **state)
{
    struct qn_storage storage;
    struct qn_store_config with = config();
    (void)state;
    (void)open_store(&storage);
    storage.close(storage.context);
    assert_int_equal(chmod(in_network(""), 0750), 0);
    assert_refused(&with, QN_ERR_REFUSED, "chmod 700");
    assert_int_equal(chmod(in_network(""), 0700), 0);
    assert_int_equal(chmod(folder, 0770), 0);
    assert_refused(&with, QN_ERR_REFUSED, "chmod go-w");
    assert_int_equal(chmod(folder, 0755), 0);
    (void)open_store(&storage);
    storage.close(storage.context);
}

static void a_folder_of_somebody_else_is_refused(void **state)
{
    struct qn_storage storage;
    struct qn_store_config with = config();
    (void)state;
    if (geteuid() != 0) {
        skip(); /* nobody else can give a folder away */
    }
    (void)open_store(&storage);
    storage.close(storage.context);
    assert_int_equal(chown(in_network(""), 12345, 12345), 0);
    assert_refused(&with, QN_ERR_REFUSED, "belongs to another user");
    assert_int_equal(chown(in_network(""), 0, 0), 0);
    assert_int_equal(chown(folder, 12345, 12345), 0);
    assert_refused(&with, QN_ERR_REFUSED, "belongs to another user");
}

static void a_second_process_is_told_who_holds_the_folder(void **state)
{
    struct qn_storage storage;
    char pid[32];
    int status = 0;
    (void)state;
    (void)open_store(&storage);
    (void)snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    pid_t child = fork();
    if (child == 0) {
        struct qn_store *store = NULL;
        struct qn_storage other;
        struct qn_store_config with = config();
        enum qn_err err = qn_store_open(&store, &other, &with, why);
        _exit(err == QN_ERR_BUSY && strstr(why, pid) != NULL ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    storage.close(storage.context);
}

static void another_network_another_node_and_a_newer_schema_are_refused(void **state)
{
    struct qn_storage storage;
    struct qn_store_env env;
    struct qn_store_config with = config();
    (void)state;
    (void)open_store(&storage);
    storage.close(storage.context);
    with.network.bytes[20] = 1; /* the folder's name is the same */
    assert_refused(&with, QN_ERR_WRONG_NETWORK, "QNET_GENESIS_CERT");
    with = config();
    with.node.bytes[31] = 1;
    assert_refused(&with, QN_ERR_KEY_MISMATCH, "belongs to node 1f0c2b00");
    with = config();
    assert_int_equal(qn_store_env_open(&env, in_network(""), 0, 1 << 20, why), QN_OK);
    struct qn_store_about newer = {QN_STORE_SCHEMA + 1, network, node};
    assert_int_equal(qn_store_about_write(&newer, &env, why), QN_OK);
    qn_store_env_close(&env);
    assert_refused(&with, QN_ERR_WRONG_VERSION, "newer qnet");
}

static void a_full_file_fails_the_write_and_all_after_it(void **state)
{
    struct qn_storage storage;
    struct qn_store *store = NULL;
    struct qn_store_config with = config();
    size_t len = 0;
    enum qn_err err = QN_OK;
    char name[16] = "";
    int kept = 0;
    (void)state;
    with.size_max = 1 << 20;
    assert_int_equal(qn_store_open(&store, &storage, &with, why), QN_OK);
    assert_string_equal(qn_store_failure(store), "");
    while (err == QN_OK && kept < 100) {
        (void)snprintf(name, sizeof name, "k%03d", kept);
        err = put(&storage, name, 50000);
        kept += err == QN_OK;
    }
    assert_int_equal(err, QN_ERR_FULL);
    assert_true(kept > 10 && kept < 22);
    assert_non_null(strstr(qn_store_failure(store), "--data-max"));
    assert_int_equal(put(&storage, "z", 1), QN_ERR_FULL); /* there would be room */
    assert_int_equal(get_len(&storage, "z", &len), QN_ERR_NOT_FOUND);
    assert_int_equal(get_len(&storage, "k000", &len), QN_OK);
    storage.close(storage.context);
    (void)open_store(&storage); /* with a higher limit it goes on */
    assert_int_equal(put(&storage, "z", 50000), QN_OK);
    assert_int_equal(get_len(&storage, "k000", &len), QN_OK);
    storage.close(storage.context);
}

static void fill(const struct qn_storage *storage)
{
    char name[16];
    for (int i = 0; i < 40; i++) {
        (void)snprintf(name, sizeof name, "b%03d", i);
        assert_int_equal(put(storage, name, 20000), QN_OK);
    }
}

static void a_file_cut_off_while_it_stood_still_is_refused(void **state)
{
    struct qn_storage storage;
    struct qn_store_config with = config();
    (void)state;
    struct qn_store *store = open_store(&storage);
    fill(&storage);
    uint64_t size = qn_store_size(store);
    storage.close(storage.context);
    static const uint64_t left[] = {4096, 5000, 8192, 12288, 100000, 400000};
    for (size_t i = QN_ARRAY_COUNT(left); i-- > 0;) {
        assert_true(left[i] < size);
        assert_int_equal(truncate(in_network("data.mdb"), (off_t)left[i]), 0);
        assert_refused(&with, QN_ERR_IO, "damaged");
    }
    assert_int_equal(truncate(in_network("data.mdb"), 0), 0);
    assert_refused(&with, QN_ERR_IO, "gone or empty");
    assert_int_equal(unlink(in_network("data.mdb")), 0);
    assert_refused(&with, QN_ERR_IO, "gone or empty");
}

static void a_file_cut_off_in_use_fails_reads_and_writes(void **state)
{
    struct qn_storage storage;
    size_t len = 0;
    (void)state;
    struct qn_store *store = open_store(&storage);
    fill(&storage);
    assert_int_equal(truncate(in_network("data.mdb"), 65536), 0);
    assert_int_equal(get_len(&storage, "b003", &len), QN_ERR_IO);
    assert_int_equal(put(&storage, "z", 1), QN_ERR_IO);
    assert_non_null(strstr(qn_store_failure(store), "cut the file off"));
    storage.close(storage.context);
}

/* Overwrites one byte of the value that is all 'b' of this key's length. */
static void turn_a_bit(void)
{
    static uint8_t bytes[1 << 20];
    FILE *file = fopen(in_network("data.mdb"), "r+b");
    assert_non_null(file);
    size_t len = fread(bytes, 1, sizeof bytes, file);
    size_t run = 0;
    for (size_t i = 0; i < len; i++) {
        run = bytes[i] == 'b' ? run + 1 : 0;
        if (run == 10000) {
            assert_int_equal(fseek(file, (long)i, SEEK_SET), 0);
            assert_int_equal(fputc('c', file), 'c');
            break;
        }
    }
    assert_int_equal(run, 10000);
    assert_int_equal(fclose(file), 0);
}

static bool visit_all(void *context, struct qn_span key, struct qn_buf *value)
{
    (void)context;
    (void)key;
    (void)value;
    return true;
}

static void a_bit_that_turned_on_the_disk_is_an_error_of_the_read(void **state)
{
    struct qn_storage storage;
    struct qn_store_survey survey;
    struct qn_store_env env;
    size_t len = 0;
    (void)state;
    struct qn_store *store = open_store(&storage);
    assert_int_equal(put(&storage, "b", 20000), QN_OK);
    assert_int_equal(put(&storage, "c", 20000), QN_OK);
    turn_a_bit();
    assert_int_equal(get_len(&storage, "b", &len), QN_ERR_IO);
    assert_int_equal(get_len(&storage, "c", &len), QN_OK);
    assert_int_equal(
        storage.walk(storage.context, (struct qn_span){(const uint8_t *)"a", 1}, visit_all, NULL),
        QN_ERR_IO);
    assert_non_null(strstr(qn_store_failure(store), "check"));
    storage.close(storage.context);
    assert_int_equal(qn_store_env_open(&env, in_network(""), MDB_RDONLY, 0, why), QN_OK);
    assert_int_equal(qn_store_survey(&survey, &env, NULL, NULL), QN_ERR_IO);
    assert_string_equal(survey.problem, "the value of key 62 does not match its check");
    qn_store_env_close(&env);
}

static void a_bus_error_ends_the_program_with_words(void **state)
{
    int output[2];
    char text[512] = "";
    int status = 0;
    (void)state;
    assert_int_equal(pipe(output), 0);
    pid_t child = fork();
    if (child == 0) {
        struct qn_storage storage;
        (void)dup2(output[1], STDERR_FILENO);
        qn_store_catch_bus_errors();
        struct qn_store *store = open_store(&storage);
        fill(&storage);
        if (truncate(in_network("data.mdb"), 65536) != 0) {
            _exit(2);
        }
        /* As if it had been cut off between the look at its size and the read. */
        atomic_store(&qn_store_env_of(store)->size_seen, 0);
        size_t len = 0;
        (void)get_len(&storage, "b003", &len);
        _exit(0);
    }
    (void)close(output[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(read(output[0], text, sizeof text - 1) > 0);
    (void)close(output[0]);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
    assert_non_null(strstr(text, "run qnet db check"));
}

int main(int argc, char **argv)
{
    static struct qn_storage_opener opener = {open_fresh};
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        QN_STORAGE_CASES(&opener, make_folder, remove_folder),
        IN_FOLDER(what_was_applied_is_there_after_a_restart),
        IN_FOLDER(several_batches_are_one_write),
        IN_FOLDER(folder_and_files_are_for_their_owner_only),
        IN_FOLDER(a_folder_that_others_may_use_is_refused),
        IN_FOLDER(a_folder_of_somebody_else_is_refused),
        IN_FOLDER(a_second_process_is_told_who_holds_the_folder),
        IN_FOLDER(another_network_another_node_and_a_newer_schema_are_refused),
        IN_FOLDER(a_full_file_fails_the_write_and_all_after_it),
        IN_FOLDER(a_file_cut_off_while_it_stood_still_is_refused),
        IN_FOLDER(a_file_cut_off_in_use_fails_reads_and_writes),
        IN_FOLDER(a_bit_that_turned_on_the_disk_is_an_error_of_the_read),
        IN_FOLDER(a_bus_error_ends_the_program_with_words),
    };
    qn_test_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
