/* The disk of a validator: its vote log and its blocks, written in order, each write whole or not at all. */
#include "consensus/testing/harness_state.h"

#include <stdlib.h>

static void push_write(struct harness *h, struct harness_node *node, uint64_t cookie,
                       struct harness_write *write, qn_time_us took)
{
    qn_time_us at = h->now + took;

    node->written_at = at > node->written_at ? at : node->written_at;
    harness_push(h, (struct harness_event){.at = node->written_at,
                                           .kind = EVENT_PERSISTED,
                                           .node = (int)(node - h->nodes),
                                           .cookie = cookie,
                                           .write = write});
}

static struct harness_write *write_new(const struct harness_node *node)
{
    struct harness_write *write = calloc(1, sizeof *write);

    QN_ASSERT(write != NULL);
    write->floor = node->floor;
    return write;
}

void harness_disk_persist(struct harness *h, struct harness_node *node,
                          const struct qn_consensus_action *action, qn_time_us took)
{
    struct harness_write *write = write_new(node);

    write->record_count = action->record_count;
    for (size_t i = 0; i < action->record_count; i++) {
        write->records[i] = action->records[i];
        if (write->records[i].kind <= QN_RECORD_NULLIFY) {
            harness_say(h, node, "persist  view=%llu kind=%u",
                        (unsigned long long)write->records[i].view,
                        (unsigned)write->records[i].kind);
        }
    }
    write->has_head = true;
    write->head = action->head;
    push_write(h, node, action->cookie, write, took);
}

void harness_disk_commit(struct harness *h, struct harness_node *node, qn_time_us took)
{
    struct harness_write *write = write_new(node);

    write->floor = 0; /* what this block needs stays until it is durable */
    write->block_count = node->block_count;
    push_write(h, node, 0, write, took);
}

static void put(struct harness *h, const struct harness_node *node, struct harness_disk *disk,
                const struct qn_consensus_record *record)
{
    for (size_t i = 0; i < disk->record_count; i++) {
        if (disk->records[i].kind == record->kind && disk->records[i].view == record->view) {
            harness_fail(h, "v%d wrote a record of kind %u of view %llu twice", node->validator,
                         (unsigned)record->kind, (unsigned long long)record->view);
            return;
        }
    }
    if (disk->record_count == HARNESS_RECORDS_MAX) {
        harness_fail(h, "v%d keeps more records than its window has", node->validator);
        return;
    }
    disk->records[disk->record_count] = *record;
    disk->records[disk->record_count].bytes = qn_buf_hold(record->bytes);
    disk->record_count += 1;
    if (record->kind <= QN_RECORD_NULLIFY && record->view < HARNESS_VIEWS_MAX) {
        h->views[record->view].own[node->validator].durable[record->kind - 1] = true;
        harness_say(h, node, "durable  view=%llu kind=%u", (unsigned long long)record->view,
                    (unsigned)record->kind);
    }
}

static void prune(struct harness_disk *disk, uint64_t floor)
{
    size_t left = 0;

    for (size_t i = 0; i < disk->record_count; i++) {
        if (disk->records[i].view <= floor) {
            qn_buf_drop(disk->records[i].bytes);
        } else {
            disk->records[left++] = disk->records[i];
        }
    }
    disk->record_count = left;
    disk->floor = floor > disk->floor ? floor : disk->floor;
}

void harness_disk_apply(struct harness *h, struct harness_node *node, struct harness_write *write)
{
    struct harness_disk *disk = node->disk;

    if (write->has_head && write->head.lost) {
        prune(disk, UINT64_MAX);
        disk->floor = 0;
    }
    for (size_t i = 0; i < write->record_count; i++) {
        put(h, node, disk, &write->records[i]);
    }
    if (write->has_head) {
        disk->has_head = true;
        disk->head = write->head;
    }
    disk->block_count = write->block_count > 0 ? write->block_count : disk->block_count;
    prune(disk, write->floor);
}

void harness_write_free(struct harness_write *write)
{
    for (size_t i = 0; write != NULL && i < write->record_count; i++) {
        qn_buf_drop(write->records[i].bytes);
    }
    free(write);
}

void harness_disk_clear(struct harness_disk *disk)
{
    for (size_t i = 0; i < disk->record_count; i++) {
        qn_buf_drop(disk->records[i].bytes);
    }
    *disk = (struct harness_disk){.block_count = 1};
}

void harness_disk_copy(struct harness_disk *to, const struct harness_disk *from)
{
    harness_disk_clear(to);
    *to = *from;
    for (size_t i = 0; i < to->record_count; i++) {
        (void)qn_buf_hold(to->records[i].bytes);
    }
}
