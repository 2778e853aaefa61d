/* The record that says what a data file is: "qnet", schema (4 bytes, big-endian), network id, node id. */
#include "store/store_internal.h"

#include <stdio.h>
#include <string.h>

enum { MAGIC_LEN = 4, SCHEMA_LEN = 4, ABOUT_LEN = MAGIC_LEN + SCHEMA_LEN + 2 * QN_HASH_LEN };
static const uint8_t magic[MAGIC_LEN] = {'q', 'n', 'e', 't'};
static const uint8_t key_bytes[] = {0, 'q', 'n', 'e', 't', '-', 'a', 'b', 'o', 'u', 't'};
const struct qn_span qn_store_about_key = {key_bytes, sizeof key_bytes};

static enum qn_err decode(struct qn_store_about *about, struct qn_span bytes)
{
    if (bytes.len < MAGIC_LEN + SCHEMA_LEN || memcmp(bytes.at, magic, MAGIC_LEN) != 0) {
        return QN_ERR_IO;
    }
    struct qn_store_about found = {0};
    for (size_t i = 0; i < SCHEMA_LEN; i++) {
        found.schema = found.schema << 8 | bytes.at[MAGIC_LEN + i];
    }
    if (found.schema <= QN_STORE_SCHEMA && bytes.len != ABOUT_LEN) {
        return QN_ERR_IO;
    }
    if (bytes.len >= ABOUT_LEN) {
        memcpy(found.network.bytes, bytes.at + MAGIC_LEN + SCHEMA_LEN, QN_HASH_LEN);
        memcpy(found.node.bytes, bytes.at + MAGIC_LEN + SCHEMA_LEN + QN_HASH_LEN, QN_HASH_LEN);
    }
    *about = found;
    return QN_OK;
}

static MDB_val about_key(void)
{
    return (MDB_val){.mv_size = sizeof key_bytes, .mv_data = (void *)(uintptr_t)key_bytes};
}

enum qn_err qn_store_about_read(struct qn_store_about *about, const struct qn_store_env *env,
                                char *why)
{
    MDB_txn *txn = NULL;
    MDB_val key = about_key();
    MDB_val stored;
    struct qn_span value;
    int rc = mdb_txn_begin(env->env, NULL, MDB_RDONLY, &txn);

    if (rc == MDB_SUCCESS) {
        rc = mdb_get(txn, env->dbi, &key, &stored);
    }
    enum qn_err err = qn_store_err(rc);
    if (err == QN_OK) {
        err = qn_store_open_value(&value, qn_store_about_key, &stored);
    }
    if (err == QN_OK) {
        err = decode(about, value);
    }
    mdb_txn_abort(txn);
    if (err != QN_OK) {
        (void)snprintf(why, QN_STORE_WHY_SIZE, "the data file does not say what it is: %s",
                       rc != MDB_SUCCESS ? mdb_strerror(rc) : "its first record is damaged");
    }
    return err;
}

enum qn_err qn_store_about_write(const struct qn_store_about *about, const struct qn_store_env *env,
                                 char *why)
{
    uint8_t bytes[ABOUT_LEN];
    MDB_txn *txn = NULL;

    memcpy(bytes, magic, MAGIC_LEN);
    for (size_t i = 0; i < SCHEMA_LEN; i++) {
        bytes[MAGIC_LEN + i] = (uint8_t)(about->schema >> (8 * (SCHEMA_LEN - 1 - i)));
    }
    memcpy(bytes + MAGIC_LEN + SCHEMA_LEN, about->network.bytes, QN_HASH_LEN);
    memcpy(bytes + MAGIC_LEN + SCHEMA_LEN + QN_HASH_LEN, about->node.bytes, QN_HASH_LEN);
    int rc = mdb_txn_begin(env->env, NULL, 0, &txn);
    if (rc == MDB_SUCCESS) {
        rc = qn_store_put(txn, env->dbi, qn_store_about_key, (struct qn_span){bytes, sizeof bytes});
        if (rc == MDB_SUCCESS) {
            rc = mdb_txn_commit(txn);
        } else {
            mdb_txn_abort(txn);
        }
    }
    if (rc != MDB_SUCCESS) {
        (void)snprintf(why, QN_STORE_WHY_SIZE, "cannot write to the data file: %s",
                       mdb_strerror(rc));
    }
    return qn_store_err(rc);
}
