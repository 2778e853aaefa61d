/* The end of a node whose storage fails: what is not durable must not be promised, and what cannot be read
 * must not be guessed. Full, broken or lying: the node says so once and takes no further part. */
#include "node/parts.h"

#include <stdio.h>

static void halt(struct qn_node *node, enum qn_err err, const char *doing, const char *advice)
{
    struct qn_halt *state = &node->halt;
    if (state->err != QN_OK) {
        return; /* the first reason counts */
    }
    state->err = err == QN_OK ? QN_ERR_IO : err;
    snprintf(state->text, sizeof state->text, "storage failed while %s (%s): %s", doing,
             qn_err_text(state->err), advice);
    qn_log(node->log, QN_LOG_ERROR, "node", "halt", "error=%s text=\"%s\"", qn_err_name(state->err),
           state->text);
}

void qn_node_on_persist_failed(struct qn_node *node, enum qn_err err)
{
    halt(node, err, "writing",
         err == QN_ERR_FULL ? "make room, then start this node again; it goes on where it was"
                            : "check the disk and run qnet db check before this node starts again");
}

static void read_failed(struct qn_node *node, enum qn_err err)
{
    halt(node, err, "reading",
         "check the disk and run qnet db check before this node starts again");
}

void qn_node_on_corrupt_storage(struct qn_node *node)
{
    read_failed(node, QN_ERR_MALFORMED);
}

static enum qn_err watched_get(void *context, struct qn_buf **value, struct qn_span key)
{
    struct qn_node *node = context;
    const struct qn_storage *storage = node->halt.storage;
    enum qn_err err = storage->get(storage->context, value, key);
    if (err != QN_OK && err != QN_ERR_NOT_FOUND) {
        read_failed(node, err);
    }
    return err;
}

static enum qn_err watched_walk(void *context, struct qn_span first,
                                bool (*visit)(void *visit_context, struct qn_span key,
                                              struct qn_buf *value),
                                void *visit_context)
{
    struct qn_node *node = context;
    const struct qn_storage *storage = node->halt.storage;
    enum qn_err err = storage->walk(storage->context, first, visit, visit_context);
    if (err != QN_OK && err != QN_ERR_NOT_FOUND) {
        read_failed(node, err);
    }
    return err;
}

void qn_node_watch_storage(struct qn_node *node, const struct qn_storage *storage)
{
    node->halt.storage = storage;
    node->storage = (struct qn_storage){
        .context = node, .durable = storage->durable, .get = watched_get, .walk = watched_walk};
}

void qn_node_end_step(struct qn_node *node, size_t first)
{
    if (node->halt.err == QN_OK) {
        return;
    }
    for (size_t i = first; i < node->actions->count; i++) {
        qn_action_drop(&node->actions->items[i]);
    }
    node->actions->count = first;
    struct qn_action *action = qn_actions_add(node->actions, QN_ACTION_HALT);
    action->halt.err = node->halt.err;
    snprintf(action->halt.text, sizeof action->halt.text, "%s", node->halt.text);
    node->halt.told = true;
}

const char *qn_node_halted(const struct qn_node *node)
{
    return node->halt.err == QN_OK ? NULL : node->halt.text;
}
