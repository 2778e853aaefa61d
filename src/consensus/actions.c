#include "consensus/state.h"

#include <stdlib.h>

void qn_consensus_actions_init(struct qn_consensus_actions *actions)
{
    *actions = (struct qn_consensus_actions){
        .items = calloc(QN_CONSENSUS_ACTIONS_MAX, sizeof *actions->items)};
    QN_ASSERT(actions->items != NULL);
}

void qn_consensus_actions_fini(struct qn_consensus_actions *actions)
{
    struct qn_consensus_action action;

    while (qn_consensus_actions_pop(actions, &action)) {
        qn_consensus_action_drop(&action);
    }
    free(actions->items);
    *actions = (struct qn_consensus_actions){0};
}

void qn_consensus_action_drop(struct qn_consensus_action *action)
{
    qn_buf_drop(action->bytes);
    qn_block_drop(action->block);
    for (size_t i = 0; i < action->record_count; i++) {
        qn_buf_drop(action->records[i].bytes);
    }
}

bool qn_consensus_actions_pop(struct qn_consensus_actions *actions,
                              struct qn_consensus_action *action)
{
    if (actions->count == 0) {
        return false;
    }
    *action = actions->items[actions->head];
    actions->head = (actions->head + 1) % QN_CONSENSUS_ACTIONS_MAX;
    actions->count -= 1;
    return true;
}

struct qn_consensus_action *qn_consensus_emit(struct qn_consensus *c,
                                              enum qn_consensus_action_kind kind)
{
    struct qn_consensus_actions *out = c->out;

    QN_ASSERT(out->count < QN_CONSENSUS_ACTIONS_MAX);
    size_t index = (out->head + out->count) % QN_CONSENSUS_ACTIONS_MAX;
    out->count += 1;
    out->items[index] = (struct qn_consensus_action){.kind = kind, .validator = -1};
    return &out->items[index];
}

void qn_consensus_send(struct qn_consensus *c, int to, enum qn_message_kind kind,
                       struct qn_buf *bytes)
{
    struct qn_consensus_action *action = qn_consensus_emit(c, QN_CONSENSUS_SEND);

    action->validator = to;
    action->message_kind = kind;
    action->bytes = bytes;
}

void qn_consensus_fault(struct qn_consensus *c, int validator, enum qn_err err)
{
    struct qn_consensus_action *action = qn_consensus_emit(c, QN_CONSENSUS_FAULT);

    action->validator = validator;
    action->err = err;
    qn_log(c->log, QN_LOG_WARN, "consensus", "fault", "validator=%d view=%llu reason=%s", validator,
           (unsigned long long)c->view, qn_err_name(err));
}
