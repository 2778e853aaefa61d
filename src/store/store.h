/* A node's data directory: LMDB behind the ledger's storage interface.
 *
 * Layout: DATA_DIR/<first 16 hex digits of the network id>/
 *   data.mdb   everything, in one LMDB file: the ledger's keys, and a record of what the folder is
 *   lock.mdb   LMDB's table of readers, so that a backup can read while the node writes
 *   lock       held (flock) by the node that runs, with its process id inside
 *   made       that data.mdb was made: without it an emptied data.mdb would pass for a new one
 * Folders have mode 0700, files 0600. Every value carries a check bound to its key, so that what a disk
 * returns in the wrong place or form is an error of the read (QN_ERR_IO), never believed. */
#ifndef QN_STORE_H
#define QN_STORE_H

#include "base/limits.h"
#include "base/metrics.h"
#include "crypto/hash.h"
#include "ledger/storage.h"

enum {
    QN_STORE_SCHEMA =
        1, /* of what lies in data.mdb; grows when an older program could misread it */
    QN_STORE_PATH_SIZE = 4096,
    QN_STORE_WHY_SIZE = QN_STORE_PATH_SIZE + 512,
};
#define QN_STORE_SIZE_MAX_DEFAULT ((uint64_t)64 << 30) /* bytes; address space, not disk */

struct qn_store_config {
    const char *data_dir;
    struct qn_network_id network;
    struct qn_node_id node;
    uint64_t size_max; /* of data.mdb, bytes: beyond it a write fails with QN_ERR_FULL */
};

struct qn_store;

/* Makes the folder if it is not there, takes its lock, checks that it is this node's and whole, and fills
 * *storage, whose close ends all of it. why (QN_STORE_WHY_SIZE) gets the reason for people, with what to
 * do about it.
 * QN_ERR_BUSY            another process runs on it.
 * QN_ERR_REFUSED         the folder is somebody else's, or others may use it.
 * QN_ERR_WRONG_VERSION   made by a newer program. QN_ERR_WRONG_NETWORK, QN_ERR_KEY_MISMATCH: of another
 *                        network, of another node.
 * QN_ERR_IO              damaged, or the system refused something. */
QN_MUST_USE enum qn_err qn_store_open(struct qn_store **store, struct qn_storage *storage,
                                      const struct qn_store_config *config, char *why);
/* The folder of the network, below data_dir. */
const char *qn_store_path(const struct qn_store *store);
/* Bytes of data.mdb. Any thread. */
uint64_t qn_store_size(const struct qn_store *store);
/* What the system or LMDB said when a read or a write failed for the first time; "" if none did. On the
 * thread that heard of the failure. */
const char *qn_store_failure(const struct qn_store *store);
/* Metrics, by any thread. */
void qn_store_collect(const struct qn_store *store, const struct qn_metric_sink *sink);

/* A damaged or shortened file and a disk that cannot be read reach a mapped file as SIGBUS: from now on
 * such a signal ends the program with words and exit status 1. Once, at the program's start. */
void qn_store_catch_bus_errors(void);

/* Path of the network's folder below data_dir, QN_STORE_PATH_SIZE. False: too long. */
bool qn_store_folder_path(char *path, const char *data_dir, const struct qn_network_id *network);

#endif
