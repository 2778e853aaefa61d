/* What `qnet db` does with a data directory, whether its node runs or not: look, check, copy, restore. */
#ifndef QN_STORE_ADMIN_H
#define QN_STORE_ADMIN_H

#include "ledger/genesis.h"
#include "store/store.h"

/* Told how far a long work is: done of all, in the units of its phase ("keys", "blocks"). */
struct qn_store_progress {
    void (*tell)(void *context, const char *phase, uint64_t done, uint64_t all); /* NULL: nobody */
    void *context;
};

/* The network's folder: of this network below data_dir, or without one (NULL) data_dir itself or the only one
 * in it. path holds QN_STORE_PATH_SIZE.
 * QN_ERR_NOT_FOUND: there is none. QN_ERR_INVALID: there are several. */
QN_MUST_USE enum qn_err qn_store_find(char *path, const char *data_dir,
                                      const struct qn_network_id *network, char *why);

/* ---- looking ---- */

/* For reading one unchanging moment of it, beside a node that runs. *storage has no apply. */
QN_MUST_USE enum qn_err qn_store_open_reader(struct qn_store **store, struct qn_storage *storage,
                                             const char *path, char *why);

struct qn_store_stat {
    uint32_t schema;
    struct qn_network_id network;
    struct qn_node_id node;
    long pid; /* of the node that runs on it; 0: none */
    uint64_t size;
    uint64_t used; /* bytes in use; the rest of size is free for new data */
    uint64_t keys;
    uint64_t keys_by_kind[256]; /* by the first byte of the key (ledger/store_keys.h) */
    uint64_t bytes_by_kind[256];
    bool has_head;
    uint64_t height;
    struct qn_hash head_id;
};
/* Reads every value and compares it with its check; the way to QN_ERR_IO may be a bus error. */
QN_MUST_USE enum qn_err qn_store_stat(struct qn_store_stat *stat, struct qn_store *reader,
                                      const struct qn_storage *storage,
                                      const struct qn_store_progress *progress, char *why);

/* ---- checking ---- */

enum { QN_STORE_PROBLEMS_MAX = 16 };
/* What a validator would find when it starts. */
enum qn_store_votes {
    QN_STORE_VOTES_NONE,   /* it never voted here, or this came from a backup */
    QN_STORE_VOTES_LOST,   /* torn or changed: it asks the others before it votes; no harm else */
    QN_STORE_VOTES_INTACT, /* all of them, as far as can be told from here */
};
struct qn_store_problems {
    size_t count; /* of which the first ones are told */
    char texts[QN_STORE_PROBLEMS_MAX][QN_TEXT_LEN_MAX + 1];
};
void qn_store_complain(struct qn_store_problems *problems, const char *format, ...) QN_PRINTF(2, 3);
struct qn_store_audit {
    uint64_t blocks;
    uint64_t first_block; /* height; above 1 when the node began with a snapshot */
    uint64_t executed;    /* of the blocks: all from the first one on, or none */
    uint64_t certificates;
    uint64_t certificates_unknown; /* of a committee that is not known here */
    uint64_t signatures;
    enum qn_store_votes votes;
    struct qn_store_problems problems;
};
/* That the blocks are one chain, that executing them gives the state they name and the one that is stored,
 * that a quorum signed every certificate, and whether the record of votes is whole. */
void qn_store_audit(struct qn_store_audit *audit, const struct qn_storage *storage,
                    const struct qn_genesis *genesis, const struct qn_store_progress *progress);
/* What the peer layer keeps: bans by the operator, and pages of the address book. */
struct qn_store_peer_audit {
    uint64_t bans;
    uint64_t pages;
    uint64_t left_out; /* of another version of qnet, which this one does without: no problem */
    struct qn_store_problems problems;
};
void qn_store_audit_peers(struct qn_store_peer_audit *audit, const struct qn_storage *storage);

/* ---- copying ---- */

/* Copies the data file of a folder to a new file, which is whole and durable when it gets its name. The copy
 * has no record of votes: a node restored from it asks the others before it votes.
 * QN_ERR_DUPLICATE: file is there already. */
QN_MUST_USE enum qn_err qn_store_backup(struct qn_store_stat *stat, const char *path,
                                        const char *file, const struct qn_store_progress *progress,
                                        char *why);
/* Makes the network's folder below data_dir from a backup. path (QN_STORE_PATH_SIZE) gets its name.
 * QN_ERR_DUPLICATE: there is a folder already. */
QN_MUST_USE enum qn_err qn_store_restore(struct qn_store_stat *stat, char *path,
                                         const char *data_dir, const char *file,
                                         const struct qn_store_progress *progress, char *why);

#endif
