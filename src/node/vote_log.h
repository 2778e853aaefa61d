/* The durable memory of a validator's own votes (CONSENSUS.md, durability): the records that consensus wants
 * kept, in storage beside the ledger, and a head that says how many there are and what they add up to.
 *
 *   'v' epoch view kind   a record (consensus/record.h); epoch and view as 8 bytes, kind as one
 *   'w'                   the head, and its hash
 *
 * A record's check value is the SHA3-256 of its key and its bytes; the head holds the sum (XOR) of them.
 * So a record that is missing, torn, changed or in another's place is noticed at the start, and then the
 * memory counts as lost. What is older than its head in whole, such as a restored copy, only the other
 * validators can notice. Every batch writes the head. */
#ifndef QN_VOTE_LOG_H
#define QN_VOTE_LOG_H

#include "base/log.h"
#include "consensus/consensus.h"
#include "ledger/storage.h"

enum {
    QN_VOTE_LOG_MAX = 2048, /* records: all kinds of all views above the final one, and more */
};

struct qn_vote_log_entry {
    uint64_t epoch;
    uint64_t view;
    enum qn_record_kind kind;
    struct qn_hash check;
};

struct qn_vote_log {
    bool is_fresh;  /* storage held neither records nor a head */
    uint64_t epoch; /* of the newest batch */
    uint64_t floor; /* records of views up to this one are gone or go with the next batch */
    struct qn_hash sum;
    size_t count;
    struct qn_vote_log_entry *entries; /* QN_VOTE_LOG_MAX */
    size_t record_count;
    struct qn_consensus_record *records; /* as read; of the epoch asked for */
    struct qn_consensus_head head;       /* as read */
};

/* Reads what there is for this epoch: INTACT, or LOST where there is nothing, where something is wrong with
 * it, or where it says so itself. records, head and floor then are what a qn_consensus of this epoch starts
 * from. log may be NULL. */
enum qn_memory qn_vote_log_open(struct qn_vote_log *log, const struct qn_storage *storage,
                                uint64_t epoch, const struct qn_log *sink);
/* Drops the records that open read; they are only needed to start. */
void qn_vote_log_drop_records(struct qn_vote_log *log);
void qn_vote_log_close(struct qn_vote_log *log);

/* Puts what a PERSIST action of this epoch's object wants into a batch, and deletes what is needed no
 * more. */
void qn_vote_log_append(struct qn_vote_log *log, struct qn_batch *batch, uint64_t epoch,
                        const struct qn_consensus_action *action);
/* Blocks up to this view are in batches already: their records go with the next one. */
void qn_vote_log_prune(struct qn_vote_log *log, uint64_t epoch, uint64_t view);

#endif
