/* Snapshot sync: when it is worth it, whom to ask, what became of each request. */
#include "node/snapshot_parts.h"

#include <stdlib.h>
#include <string.h>

void qn_node_snapshot_init(struct qn_node *node)
{
    node->snapshot = calloc(1, sizeof *node->snapshot);
    QN_ASSERT(node->snapshot != NULL);
    node->snapshot->reply = calloc(1, sizeof *node->snapshot->reply);
    QN_ASSERT(node->snapshot->reply != NULL);
}

void qn_node_snapshot_fini(struct qn_node *node)
{
    if (node->snapshot == NULL) {
        return;
    }
    qn_snapshot_drop_proof(node->snapshot);
    qn_snapshot_drop_tasks(node->snapshot);
    qn_snapshot_drop_install(node->snapshot);
    free(node->snapshot->reply);
    free(node->snapshot);
}

/* ---- sources ---- */

bool qn_snapshot_is_accused(const struct qn_snapshot_sync *sync, const struct qn_node_id *id)
{
    size_t count = sync->accused_count < QN_SNAPSHOT_ACCUSED_MAX ? sync->accused_count
                                                                 : QN_SNAPSHOT_ACCUSED_MAX;
    for (size_t i = 0; i < count; i++) {
        if (qn_node_id_equal(&sync->accused[i], id)) {
            return true;
        }
    }
    return false;
}

void qn_snapshot_accuse(struct qn_node *node, qn_link_id id, const struct qn_node_id *peer,
                        enum qn_err err)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    struct qn_link *link = qn_node_link(node, id);
    char text[QN_SHORT_ID_TEXT_SIZE];
    qn_log(node->log, QN_LOG_WARN, "snapshot", "source_lied", "peer=\"%s\" reason=%s",
           qn_node_id_short(text, peer), qn_err_name(err));
    sync->accused[sync->accused_count % QN_SNAPSHOT_ACCUSED_MAX] = *peer;
    sync->accused_count += 1;
    if (link != NULL) {
        qn_node_blame_error(node, link, err, NULL);
    }
}

static void failed(struct qn_node *node, struct qn_link *link)
{
    struct qn_snapshot_source *source = &link->snapshot;
    qn_time_us wait = QN_SNAPSHOT_RETRY_MIN;
    for (unsigned i = 0; i < source->failures && wait < QN_SNAPSHOT_RETRY_MAX; i++) {
        wait *= 2;
    }
    source->failures += 1;
    source->retry_at = node->now + wait;
}

bool qn_snapshot_is_source(const struct qn_node *node, const struct qn_link *link)
{
    return link->id != 0 && link->live && !qn_snapshot_is_accused(node->snapshot, &link->peer);
}

uint64_t qn_snapshot_threshold(const struct qn_node *node)
{
    return node->config.snapshot_threshold != 0 ? node->config.snapshot_threshold
                                                : QN_SNAPSHOT_THRESHOLD;
}

/* ---- requests ---- */

struct qn_snapshot_request *qn_snapshot_free_request(struct qn_snapshot_sync *sync)
{
    for (size_t i = 0; i < QN_SNAPSHOT_REQUESTS_MAX; i++) {
        if (sync->requests[i].link == 0) {
            return &sync->requests[i];
        }
    }
    return NULL;
}

void qn_snapshot_ask(struct qn_node *node, struct qn_link *link,
                     struct qn_snapshot_request *request, const struct qn_get_snapshot *message)
{
    node->next_request_id += 1;
    node->next_request_id += node->next_request_id == 0;
    request->link = link->id;
    request->request_id = node->next_request_id;
    request->deadline = node->now + QN_SNAPSHOT_TIMEOUT;
    link->snapshot.in_flight += 1;
    link->snapshot.asked_count = ++node->snapshot->asked_count;
    qn_node_send(node, link, QN_GET_SNAPSHOT, request->request_id, qn_get_snapshot_encode(message));
}

static struct qn_snapshot_request *find_request(struct qn_snapshot_sync *sync, qn_link_id link,
                                                uint32_t request_id)
{
    for (size_t i = 0; i < QN_SNAPSHOT_REQUESTS_MAX; i++) {
        if (sync->requests[i].link == link && sync->requests[i].request_id == request_id) {
            return &sync->requests[i];
        }
    }
    return NULL;
}

/* It brought nothing: what it was for is wanted again. */
static void give_back(struct qn_node *node, struct qn_snapshot_request *request)
{
    struct qn_link *link = qn_node_link(node, request->link);
    if (link != NULL) {
        link->snapshot.in_flight -= 1;
    }
    request->link = 0;
    switch (node->snapshot->phase) {
    case QN_SNAPSHOT_CHUNKS:
        qn_snapshot_chunk_lost(node->snapshot, request->task);
        break;
    case QN_SNAPSHOT_PROVING:
        qn_snapshot_ask_again(node);
        break;
    case QN_SNAPSHOT_OFF:
    case QN_SNAPSHOT_ASKING:
    case QN_SNAPSHOT_INSTALLING:
    case QN_SNAPSHOT_CLEANING:
        break;
    }
}

static void expire(struct qn_node *node)
{
    for (size_t i = 0; i < QN_SNAPSHOT_REQUESTS_MAX; i++) {
        struct qn_snapshot_request *request = &node->snapshot->requests[i];
        if (request->link == 0 || node->now < request->deadline) {
            continue;
        }
        struct qn_link *link = qn_node_link(node, request->link);
        if (link != NULL) {
            failed(node, link);
        }
        give_back(node, request);
    }
}

void qn_node_snapshot_on_gone(struct qn_node *node, qn_link_id link)
{
    for (size_t i = 0; i < QN_SNAPSHOT_REQUESTS_MAX; i++) {
        if (node->snapshot->requests[i].link == link) {
            give_back(node, &node->snapshot->requests[i]);
        }
    }
}

void qn_node_snapshot_on_busy(struct qn_node *node, struct qn_link *link, uint32_t request_id)
{
    struct qn_snapshot_request *request = find_request(node->snapshot, link->id, request_id);
    if (request != NULL) {
        failed(node, link);
        give_back(node, request);
        qn_node_poll_snapshot(node);
    }
}

static void take_reply(struct qn_node *node, struct qn_link *link, size_t task,
                       struct qn_span bytes)
{
    enum qn_err err = qn_snapshot_decode(node->snapshot->reply, bytes);
    if (err != QN_OK) {
        qn_snapshot_accuse(node, link->id, &link->peer, err);
        return;
    }
    link->snapshot.failures = 0;
    switch (node->snapshot->phase) {
    case QN_SNAPSHOT_ASKING:
        qn_snapshot_take_manifest(node, link, bytes);
        break;
    case QN_SNAPSHOT_PROVING:
        qn_snapshot_take_steps(node, link, bytes);
        break;
    case QN_SNAPSHOT_CHUNKS:
        qn_snapshot_take_chunk(node, link, task, bytes);
        break;
    case QN_SNAPSHOT_OFF:
    case QN_SNAPSHOT_INSTALLING:
    case QN_SNAPSHOT_CLEANING:
        break;
    }
}

void qn_node_on_snapshot(struct qn_node *node, struct qn_link *link, uint32_t request_id,
                         struct qn_span bytes)
{
    struct qn_snapshot_request *request = find_request(node->snapshot, link->id, request_id);
    if (request == NULL) {
        return; /* after its time-out */
    }
    size_t task = request->task;
    request->link = 0;
    link->snapshot.in_flight -= 1;
    take_reply(node, link, task, bytes);
    qn_node_poll_snapshot(node);
}

/* ---- phases ---- */

void qn_snapshot_end(struct qn_node *node, qn_time_us pause)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    sync->phase = QN_SNAPSHOT_OFF;
    sync->retry_at = node->now + pause;
    for (size_t i = 0; i < QN_SNAPSHOT_REQUESTS_MAX; i++) {
        if (sync->requests[i].link != 0) {
            give_back(node, &sync->requests[i]);
        }
    }
    qn_snapshot_drop_proof(sync);
    qn_snapshot_drop_tasks(sync);
    qn_snapshot_drop_install(sync);
    sync->accused_count = 0;
    qn_follower_rest(node->follower, &node->follower_actions, false, node->now);
    qn_node_drain_follower(node);
}

/* Peers say how high they are; whether that is so, the manifest shows. */
static bool is_far_behind(const struct qn_node *node)
{
    uint64_t needed = qn_ledger_height(node->ledger) + qn_snapshot_threshold(node);
    if (node->head_claimed < needed) { /* as nearly always: no link need be looked at */
        return false;
    }
    for (size_t i = 0; i < node->links_capacity; i++) {
        const struct qn_link *link = &node->links[i];
        if (link->id != 0 && link->live && link->head_height >= needed) {
            return true;
        }
    }
    return false;
}

void qn_snapshot_begin_round(struct qn_node *node, uint64_t preferred)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    qn_snapshot_drop_proof(sync);
    sync->phase = QN_SNAPSHOT_ASKING;
    sync->preferred = preferred;
    sync->round += 1;
}

static void consider(struct qn_node *node)
{
    uint64_t staged = 0;
    if (node->now < node->snapshot->retry_at || qn_node_registration_pending(node) ||
        !is_far_behind(node)) {
        return;
    }
    if (qn_staging_height(&node->storage, &staged) == QN_OK) { /* else the node halts */
        qn_snapshot_begin_round(node, staged);
    }
}

static struct qn_link *pick_for_manifest(struct qn_node *node, bool *wait)
{
    struct qn_link *best = NULL;
    uint64_t needed = qn_ledger_height(node->ledger) + qn_snapshot_threshold(node);
    for (size_t i = 0; i < node->links_capacity; i++) {
        struct qn_link *link = &node->links[i];
        if (!qn_snapshot_is_source(node, link) || link->head_height < needed ||
            link->snapshot.tried == node->snapshot->round) {
            continue;
        }
        if (link->snapshot.retry_at > node->now) {
            *wait = true;
        } else if (best == NULL || link->snapshot.asked_count < best->snapshot.asked_count) {
            best = link;
        }
    }
    return best;
}

static void ask_for_manifest(struct qn_node *node)
{
    struct qn_snapshot_sync *sync = node->snapshot;
    bool wait = false;
    if (sync->requests[0].link != 0) {
        return;
    }
    struct qn_link *link = pick_for_manifest(node, &wait);
    if (link != NULL) {
        link->snapshot.tried = sync->round;
        qn_snapshot_ask(node, link, &sync->requests[0],
                        &(struct qn_get_snapshot){.part = QN_SNAPSHOT_MANIFEST,
                                                  .height = sync->preferred,
                                                  .bytes_max = QN_MESSAGE_LEN_MAX});
    } else if (!wait && sync->preferred != 0) {
        qn_snapshot_begin_round(node, 0);
    } else if (!wait) {
        qn_log(node->log, QN_LOG_INFO, "snapshot", "none_offered", "height=%llu",
               (unsigned long long)qn_ledger_height(node->ledger));
        qn_snapshot_end(node, QN_SNAPSHOT_PAUSE);
    }
}

void qn_node_poll_snapshot(struct qn_node *node)
{
    expire(node);
    switch (node->snapshot->phase) {
    case QN_SNAPSHOT_OFF:
        consider(node);
        break;
    case QN_SNAPSHOT_ASKING:
        ask_for_manifest(node);
        break;
    case QN_SNAPSHOT_CHUNKS:
        qn_snapshot_ask_for_chunks(node);
        break;
    case QN_SNAPSHOT_PROVING: /* goes on by itself */
    case QN_SNAPSHOT_INSTALLING:
    case QN_SNAPSHOT_CLEANING:
        break;
    }
}

/* ---- serving ---- */

void qn_node_on_get_snapshot(struct qn_node *node, struct qn_link *link, uint32_t request_id,
                             struct qn_span bytes)
{
    struct qn_get_snapshot request;
    struct qn_buf *reply = NULL;
    enum qn_err err = qn_get_snapshot_decode(&request, bytes);
    if (err == QN_OK) {
        err = qn_snapshot_serve(node->ledger, &reply, &request);
    }
    if (err == QN_ERR_MALFORMED) {
        qn_node_blame(node, link, QN_FAULT_MALFORMED, "get_snapshot");
    } else if (err == QN_OK) {
        qn_node_send(node, link, QN_SNAPSHOT, request_id, reply);
    } else {
        qn_node_send(node, link, QN_BUSY, request_id, qn_empty_encode());
    }
}
