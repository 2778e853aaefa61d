/* Snapshot sync: from all chunks to a running ledger. Storage follows batch by batch; the node goes over
 * when the new head is durable. */
#include "node/snapshot_parts.h"

void qn_snapshot_drop_install(struct qn_snapshot_sync *sync)
{
    qn_install_free(sync->install);
    qn_tree_drop(sync->tree);
    sync->install = NULL;
    sync->tree = NULL;
    sync->head_under_way = false;
}

/* Takes the subtrees' references; tasks from *next on are below this place. */
static struct qn_tree_node *join(struct qn_snapshot_sync *sync, size_t *next, struct qn_prefix at)
{
    struct qn_chunk_task *task = &sync->tasks[*next];
    if (task->prefix.depth == at.depth) {
        struct qn_tree_node *subtree = task->subtree;
        task->subtree = NULL;
        *next += 1;
        return subtree;
    }
    struct qn_tree_node *left = join(sync, next, qn_prefix_half(at, 0));
    return qn_tree_join(left, join(sync, next, qn_prefix_half(at, 1)));
}

static void next_batch(struct qn_node *node)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    enum qn_install_step step = QN_INSTALL_DONE;
    struct qn_batch *batch = NULL;
    enum qn_err err = qn_install_next(sync->install, &step, &batch);
    if (err != QN_OK) {
        qn_node_on_persist_failed(node, err); /* what is staged cannot be read any more */
        return;
    }
    if (step == QN_INSTALL_DONE) {
        qn_snapshot_end(node, 0);
        return;
    }
    sync->head_under_way = step == QN_INSTALL_HEAD;
    qn_node_persist(node, QN_OWNER_SNAPSHOT, 1, batch);
}

void qn_snapshot_begin_install(struct qn_node *node)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    size_t next = 0;
    sync->tree = join(sync, &next, (struct qn_prefix){0});
    QN_ASSERT(next == sync->task_count);
    struct qn_hash root = qn_tree_root(sync->tree);
    if (!qn_hash_equal(&root, &sync->manifest.block->header.state_root)) {
        /* Every chunk that came was proved: what was staged before is not what it was. */
        qn_log(node->log, QN_LOG_ERROR, "snapshot", "staged_chunks_bad", "chunks=%zu",
               sync->task_count);
        qn_snapshot_drop_install(sync);
        qn_snapshot_drop_tasks(sync);
        qn_snapshot_begin_chunks(node);
        sync->staging_is_bad = true;
        return;
    }
    qn_log(node->log, QN_LOG_INFO, "snapshot", "install",
           "height=%llu chunks=%zu fetched=%zu bytes=%llu",
           (unsigned long long)sync->manifest.block->header.height, sync->task_count, sync->fetched,
           (unsigned long long)sync->bytes);
    sync->phase = QN_SNAPSHOT_INSTALLING;
    sync->install = qn_install_new(&node->storage, sync->manifest_bytes);
    next_batch(node);
}

static void switch_ledger(struct qn_node *node)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    enum qn_err err = qn_ledger_reload(node->ledger, sync->tree);
    if (err != QN_OK) {
        qn_node_on_persist_failed(node, err);
        return;
    }
    sync->phase = QN_SNAPSHOT_CLEANING;
    node->epoch_ended = true; /* new objects for the new head, even if the committee is the same */
    qn_node_recheck_links(node);
}

void qn_node_on_snapshot_persisted(struct qn_node *node, uint64_t number)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    if (number == 0 || sync->install == NULL) {
        return; /* a staged chunk: nobody waits for it */
    }
    if (sync->head_under_way) {
        sync->head_under_way = false;
        switch_ledger(node);
    }
    if (qn_node_halted(node) == NULL) {
        next_batch(node);
    }
}

bool qn_node_snapshot_holds_ledger(const struct qn_node *node)
{
    return node->snapshot->phase == QN_SNAPSHOT_INSTALLING;
}
