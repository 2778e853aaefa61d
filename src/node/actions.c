#include "node/event.h"

#include <stdlib.h>
#include <string.h>

void qn_actions_init(struct qn_actions *actions)
{
    *actions = (struct qn_actions){0};
}

void qn_action_drop(struct qn_action *action)
{
    switch (action->kind) {
    case QN_ACTION_SEND:
        qn_buf_drop(action->send.bytes);
        break;
    case QN_ACTION_VERIFY:
        free(action->verify.job);
        break;
    case QN_ACTION_PERSIST:
        qn_batch_free(action->persist.batch);
        break;
    case QN_ACTION_DIAL:
    case QN_ACTION_CLOSE:
    case QN_ACTION_SIGN:
    case QN_ACTION_REPLY:
    case QN_ACTION_LOOKUP:
    case QN_ACTION_REMEMBER:
    case QN_ACTION_HALT:
    case QN_ACTION_ASK_NEIGHBOURS:
        break;
    }
}

void qn_actions_fini(struct qn_actions *actions)
{
    for (size_t i = 0; i < actions->count; i++) {
        qn_action_drop(&actions->items[i]);
    }
    free(actions->items);
    *actions = (struct qn_actions){0};
}

struct qn_action *qn_actions_add(struct qn_actions *actions, enum qn_action_kind kind)
{
    if (actions->count == actions->capacity) {
        size_t capacity = actions->capacity == 0 ? 64 : actions->capacity * 2;
        actions->items = realloc(actions->items, capacity * sizeof actions->items[0]);
        QN_ASSERT(actions->items != NULL);
        actions->capacity = capacity;
    }
    struct qn_action *action = &actions->items[actions->count];
    actions->count += 1;
    memset(action, 0, sizeof *action);
    action->kind = kind;
    return action;
}
