/* The disk of a validator in the harness: its vote log and its blocks, written in order. */
#ifndef QN_CONSENSUS_HARNESS_DISK_H
#define QN_CONSENSUS_HARNESS_DISK_H

#include "consensus/slots.h"

struct harness;
struct harness_node;

/* Of the whole window, and some that are not pruned yet. */
enum { HARNESS_RECORDS_MAX = QN_CONSENSUS_RING * QN_RECORD_KINDS };

/* On its way to the disk; writes end in their order. */
struct harness_write {
    struct qn_consensus_record records[QN_CONSENSUS_RECORDS_MAX];
    size_t record_count;
    bool has_head;
    struct qn_consensus_head head;
    uint64_t floor;     /* records of views up to this one go */
    size_t block_count; /* blocks that are durable then; 0: as before */
};

/* What a validator finds when it starts again. */
struct harness_disk {
    bool has_head;
    struct qn_consensus_head head;
    uint64_t floor;
    size_t record_count;
    struct qn_consensus_record records[HARNESS_RECORDS_MAX];
    size_t block_count;
};

/* A committed block. */
struct harness_final {
    struct qn_block *block;
    struct qn_buf *cert; /* NULL: none of its own */
    uint64_t view;
};

void harness_disk_persist(struct harness *h, struct harness_node *node,
                          const struct qn_consensus_action *action, qn_time_us took);
/* The blocks committed so far become durable. */
void harness_disk_commit(struct harness *h, struct harness_node *node, qn_time_us took);
void harness_disk_apply(struct harness *h, struct harness_node *node, struct harness_write *write);
void harness_write_free(struct harness_write *write);
void harness_disk_clear(struct harness_disk *disk);
void harness_disk_copy(struct harness_disk *to, const struct harness_disk *from);

#endif
