#include "consensus/follower_state.h"

#include <stdlib.h>

void qn_follower_actions_init(struct qn_follower_actions *actions)
{
    *actions = (struct qn_follower_actions){
        .items = calloc(QN_FOLLOWER_ACTIONS_MAX, sizeof *actions->items)};
    QN_ASSERT(actions->items != NULL);
}

void qn_follower_actions_fini(struct qn_follower_actions *actions)
{
    struct qn_follower_action action;

    while (qn_follower_actions_pop(actions, &action)) {
        qn_block_drop(action.block);
        qn_buf_drop(action.cert);
    }
    free(actions->items);
    *actions = (struct qn_follower_actions){0};
}

bool qn_follower_actions_pop(struct qn_follower_actions *actions, struct qn_follower_action *action)
{
    if (actions->count == 0) {
        return false;
    }
    *action = actions->items[actions->head];
    actions->head = (actions->head + 1) % QN_FOLLOWER_ACTIONS_MAX;
    actions->count -= 1;
    return true;
}

struct qn_follower_action *qn_follower_emit(struct qn_follower *f,
                                            enum qn_follower_action_kind kind)
{
    struct qn_follower_actions *out = f->out;

    QN_ASSERT(out->count < QN_FOLLOWER_ACTIONS_MAX);
    size_t index = (out->head + out->count) % QN_FOLLOWER_ACTIONS_MAX;
    out->count += 1;
    out->items[index] = (struct qn_follower_action){.kind = kind};
    return &out->items[index];
}
