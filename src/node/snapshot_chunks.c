/* Snapshot sync: the state in chunks, several at a time from several peers. */
#include "node/snapshot_parts.h"

#include <stdlib.h>
#include <string.h>

void qn_snapshot_drop_tasks(struct qn_snapshot_sync *sync)
{
    QN_ASSERT(sync->tasks != NULL || sync->task_count == 0);
    for (size_t i = 0; i < sync->task_count; i++) {
        qn_tree_drop(sync->tasks[i].subtree);
    }
    free(sync->tasks);
    sync->tasks = NULL;
    sync->task_count = 0;
    sync->task_capacity = 0;
    sync->task_next = 0;
    sync->here_count = 0;
    sync->split_count = 0;
    sync->staging_is_bad = false;
    sync->bytes = 0;
    sync->fetched = 0;
}

static void make_tasks(struct qn_snapshot_sync *sync)
{
    qn_snapshot_drop_tasks(sync);
    sync->depth = sync->manifest.depth;
    sync->task_count = (size_t)1 << sync->depth;
    sync->task_capacity = sync->task_count + 64;
    sync->tasks = calloc(sync->task_capacity, sizeof sync->tasks[0]);
    QN_ASSERT(sync->tasks != NULL);
    for (size_t i = 0; i < sync->task_count; i++) {
        sync->tasks[i].prefix = (struct qn_prefix){(uint32_t)i, sync->depth};
    }
}

/* What is here belongs to an earlier checkpoint: asked for again, but sent again only if it changed. */
static void keep_tasks(struct qn_snapshot_sync *sync)
{
    for (size_t i = 0; i < sync->task_count; i++) {
        struct qn_chunk_task *task = &sync->tasks[i];
        task->has_held = task->has_held || task->state == QN_CHUNK_HERE;
        task->state = QN_CHUNK_WANTED;
    }
    sync->task_next = 0;
    sync->here_count = 0;
}

void qn_snapshot_begin_chunks(struct qn_node *node)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    struct qn_batch *batch = qn_batch_new();
    sync->phase = QN_SNAPSHOT_CHUNKS;
    if (sync->tasks != NULL && sync->depth == sync->manifest.depth) {
        keep_tasks(sync);
    } else {
        make_tasks(sync);
    }
    qn_staging_put_height(batch, sync->manifest.block->header.height);
    qn_node_persist(node, QN_OWNER_SNAPSHOT, 0, batch);
    qn_follower_rest(node->follower, &node->follower_actions, true, node->now);
    qn_log(node->log, QN_LOG_INFO, "snapshot", "begin", "height=%llu chunks=%zu from=%llu",
           (unsigned long long)sync->manifest.block->header.height, sync->task_count,
           (unsigned long long)qn_ledger_height(node->ledger));
}

void qn_snapshot_chunk_lost(struct qn_snapshot_sync *sync, size_t task)
{
    QN_ASSERT(task < sync->task_count && sync->tasks[task].state == QN_CHUNK_ASKED);
    sync->tasks[task].state = QN_CHUNK_WANTED;
    sync->task_next = task < sync->task_next ? task : sync->task_next;
}

static void here(struct qn_snapshot_sync *sync, struct qn_chunk_task *task)
{
    task->state = QN_CHUNK_HERE;
    task->has_held = false;
    sync->here_count += 1;
}

static void persist(struct qn_node *node, struct qn_prefix prefix, struct qn_buf *bytes)
{
    struct qn_batch *batch = qn_batch_new();
    qn_staging_put_chunk(batch, prefix, node->snapshot->manifest.block->header.height, bytes);
    qn_node_persist(node, QN_OWNER_SNAPSHOT, 0, batch);
}

/* ---- what is staged already ---- */

/* Of the form that a chunk for this place has; whether it is in the state shows later. */
static bool rebuild(struct qn_snapshot_sync *sync, struct qn_chunk_task *task, struct qn_span bytes)
{
    if (qn_snapshot_decode(sync->reply, bytes) != QN_OK) {
        return false;
    }
    return qn_snapshot_chunk_rebuild(&task->subtree, sync->reply, task->prefix) == QN_OK;
}

static void look_at_staged(struct qn_node *node, struct qn_chunk_task *task)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    struct qn_buf *bytes = NULL;
    uint64_t height = 0;
    task->looked = true;
    if (sync->staging_is_bad || task->has_held ||
        qn_staging_chunk(&node->storage, &bytes, &height, task->prefix) != QN_OK) {
        return;
    }
    if (rebuild(sync, task, qn_buf_span(bytes))) {
        task->has_held = true;
        if (height == sync->manifest.block->header.height) {
            here(sync, task);
        }
    }
    qn_buf_drop(bytes);
}

/* ---- asking ---- */

static bool is_better(const struct qn_snapshot_source *a, const struct qn_snapshot_source *b)
{
    if (a->in_flight != b->in_flight) {
        return a->in_flight < b->in_flight;
    }
    return a->asked_count < b->asked_count;
}

/* NULL: nobody now; *wait: but somebody may be asked later. */
static struct qn_link *pick(struct qn_node *node, bool *wait)
{
    struct qn_link *best = NULL;
    uint64_t height = node->snapshot->manifest.block->header.height;
    for (size_t i = 0; i < node->links_capacity; i++) {
        struct qn_link *link = &node->links[i];
        if (!qn_snapshot_is_source(node, link) || link->snapshot.lacks == height ||
            link->head_height < height) {
            continue;
        }
        *wait = true;
        if (link->snapshot.retry_at <= node->now &&
            link->snapshot.in_flight < QN_SNAPSHOT_PER_SOURCE_MAX &&
            (best == NULL || is_better(&link->snapshot, &best->snapshot))) {
            best = link;
        }
    }
    return best;
}

static void ask(struct qn_node *node, struct qn_link *link, struct qn_snapshot_request *request,
                size_t index)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    struct qn_chunk_task *task = &sync->tasks[index];
    struct qn_get_snapshot message = {.part = QN_SNAPSHOT_CHUNK,
                                      .height = sync->manifest.block->header.height,
                                      .number = task->prefix.bits,
                                      .depth = task->prefix.depth,
                                      .bytes_max = QN_MESSAGE_LEN_MAX,
                                      .has_held = task->has_held,
                                      .held = qn_tree_root(task->subtree)};
    task->state = QN_CHUNK_ASKED;
    request->task = index;
    qn_snapshot_ask(node, link, request, &message);
}

/* The next chunk to be asked for; false: none now. */
static bool next_wanted(struct qn_node *node, size_t *index, size_t *looks)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    for (; sync->task_next < sync->task_count; sync->task_next++) {
        struct qn_chunk_task *task = &sync->tasks[sync->task_next];
        if (task->state == QN_CHUNK_WANTED && !task->looked) {
            if (*looks == QN_SNAPSHOT_LOOKS_MAX) {
                return false; /* a tick is soon */
            }
            *looks += 1;
            look_at_staged(node, task);
        }
        if (task->state == QN_CHUNK_WANTED) {
            *index = sync->task_next;
            return true;
        }
    }
    return false;
}

static bool is_anything_asked(const struct qn_snapshot_sync *sync)
{
    for (size_t i = 0; i < QN_SNAPSHOT_REQUESTS_MAX; i++) {
        if (sync->requests[i].link != 0) {
            return true;
        }
    }
    return false;
}

void qn_snapshot_ask_for_chunks(struct qn_node *node)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    size_t index = 0;
    size_t looks = 0;
    bool wait = false;
    while (next_wanted(node, &index, &looks)) {
        struct qn_snapshot_request *request = qn_snapshot_free_request(sync);
        struct qn_link *link = request != NULL ? pick(node, &wait) : NULL;
        if (link == NULL) {
            if (request != NULL && !wait && !is_anything_asked(sync)) {
                qn_log(node->log, QN_LOG_INFO, "snapshot", "outdated", "height=%llu",
                       (unsigned long long)sync->manifest.block->header.height);
                qn_snapshot_begin_round(node, 0); /* nobody holds it any more */
            }
            return;
        }
        ask(node, link, request, index);
    }
    if (sync->here_count == sync->task_count) {
        qn_snapshot_begin_install(node);
    }
}

/* ---- taking ---- */

/* Its halves take its place, so the order stays. */
static void split(struct qn_snapshot_sync *sync, size_t index)
{
    struct qn_prefix prefix = sync->tasks[index].prefix;
    if (sync->task_count == sync->task_capacity) {
        sync->task_capacity *= 2;
        sync->tasks = realloc(sync->tasks, sync->task_capacity * sizeof sync->tasks[0]);
        QN_ASSERT(sync->tasks != NULL);
    }
    qn_tree_drop(sync->tasks[index].subtree);
    memmove(&sync->tasks[index + 1], &sync->tasks[index],
            (sync->task_count - index) * sizeof sync->tasks[0]);
    sync->tasks[index] = (struct qn_chunk_task){.prefix = qn_prefix_half(prefix, 0)};
    sync->tasks[index + 1] = (struct qn_chunk_task){.prefix = qn_prefix_half(prefix, 1)};
    sync->task_count += 1;
    sync->split_count += 1;
    for (size_t i = 0; i < QN_SNAPSHOT_REQUESTS_MAX; i++) {
        if (sync->requests[i].link != 0 && sync->requests[i].task > index) {
            sync->requests[i].task += 1;
        }
    }
    sync->task_next = index < sync->task_next ? index : sync->task_next;
}

static void take(struct qn_node *node, size_t index, const struct qn_chunk *chunk,
                 struct qn_span bytes)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    struct qn_chunk_task *task = &sync->tasks[index];
    struct qn_buf *copy = NULL;
    switch (chunk->kind) {
    case QN_CHUNK_LEAVES:
        qn_tree_drop(task->subtree);
        task->subtree = chunk->subtree;
        sync->bytes += bytes.len;
        sync->fetched += 1;
        here(sync, task);
        copy = qn_buf_copy(bytes);
        persist(node, task->prefix, copy);
        qn_buf_drop(copy);
        break;
    case QN_CHUNK_AS_HELD:
        here(sync, task);
        persist(node, task->prefix, NULL);
        break;
    case QN_CHUNK_SPLIT:
        split(sync, index);
        break;
    }
}

void qn_snapshot_take_chunk(struct qn_node *node, struct qn_link *link, size_t index,
                            struct qn_span bytes)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    struct qn_chunk_task *task = &sync->tasks[index];
    const struct qn_header *header = &sync->manifest.block->header;
    struct qn_hash held = qn_tree_root(task->subtree);
    struct qn_chunk chunk;
    if (sync->reply->part == QN_SNAPSHOT_NONE) {
        link->snapshot.lacks = header->height;
        qn_snapshot_chunk_lost(sync, index);
        return;
    }
    enum qn_err err = sync->reply->height != header->height ? QN_ERR_MALFORMED : QN_OK;
    if (err == QN_OK) {
        err = qn_snapshot_chunk_check(&chunk, sync->reply, task->prefix, &header->state_root,
                                      task->has_held ? &held : NULL);
    }
    if (err == QN_OK && chunk.kind == QN_CHUNK_SPLIT &&
        sync->split_count == QN_SNAPSHOT_SPLITS_MAX) {
        err = QN_ERR_MALFORMED;
    }
    if (err != QN_OK) {
        qn_snapshot_chunk_lost(sync, index);
        qn_snapshot_accuse(node, link->id, &link->peer, err);
        return;
    }
    take(node, index, &chunk, bytes);
}
