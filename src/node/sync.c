/* Block sync: performs what the follower asks for. */
#include "node/parts.h"

void qn_node_on_peer_height(struct qn_node *node, struct qn_link *link, uint64_t height)
{
    link->head_height = height > link->head_height ? height : link->head_height;
    node->head_claimed = height > node->head_claimed ? height : node->head_claimed;
    if (qn_node_registration_pending(node)) {
        return; /* nobody serves blocks to a stranger: asking now would only cost a wait */
    }
    qn_follower_on_head(node->follower, &node->follower_actions, link->id, height, node->now);
    qn_node_drain_follower(node);
}

void qn_node_sync_with_all(struct qn_node *node)
{
    for (size_t i = 0; i < node->links_capacity; i++) {
        struct qn_link *link = &node->links[i];
        if (link->id != 0 && link->live && link->head_height > 0) {
            qn_node_on_peer_height(node, link, link->head_height);
        }
    }
}

static void request_blocks(struct qn_node *node, const struct qn_follower_action *action)
{
    struct qn_link *link = qn_node_link(node, action->source);
    if (link == NULL || !link->live) {
        return; /* on_gone told, or its time-out will */
    }
    node->next_request_id += 1;
    node->next_request_id += node->next_request_id == 0;
    node->blocks_request = node->next_request_id;
    qn_node_send(node, link, QN_GET_BLOCKS, node->next_request_id,
                 qn_get_blocks_encode(&action->request));
}

static void verify_vote(struct qn_node *node, const struct qn_follower_action *action)
{
    struct qn_verify_job *job = qn_node_job(node, QN_OWNER_FOLLOWER, action->cookie);
    job->key = node->committee.members[action->validator].key;
    job->kind = action->sign_kind;
    job->digest = action->digest;
    job->signature = action->signature;
    qn_node_verify(node, job);
}

static void commit(struct qn_node *node, const struct qn_follower_action *action)
{
    if (!qn_node_snapshot_holds_ledger(node) &&
        action->block->header.height == qn_ledger_height(node->ledger) + 1) {
        qn_node_commit(node, action->block, action->cert);
        if (node->consensus != NULL && action->view > 0) {
            qn_vote_log_prune(&node->vote_log, node->epoch, action->view);
            qn_consensus_on_synced(node->consensus, &node->consensus_actions, action->block,
                                   action->view, node->now);
            qn_node_drain_consensus(node);
        }
    }
}

static void perform(struct qn_node *node, const struct qn_follower_action *action)
{
    struct qn_link *link = NULL;
    switch (action->kind) {
    case QN_FOLLOWER_REQUEST:
        request_blocks(node, action);
        break;
    case QN_FOLLOWER_VERIFY:
        verify_vote(node, action);
        break;
    case QN_FOLLOWER_CHECK:
        qn_node_check_block(node, action->block, QN_OWNER_FOLLOWER, action->cookie, true);
        break;
    case QN_FOLLOWER_COMMIT:
        commit(node, action);
        break;
    case QN_FOLLOWER_FAULT:
        link = qn_node_link(node, action->source);
        if (link != NULL) {
            qn_node_blame_error(node, link, action->err, NULL);
        }
        break;
    }
    qn_block_drop(action->block);
    qn_buf_drop(action->cert);
}

void qn_node_drain_follower(struct qn_node *node)
{
    struct qn_follower_action action;
    if (node->draining_follower) {
        return; /* the loop below goes on */
    }
    node->draining_follower = true;
    while (qn_follower_actions_pop(&node->follower_actions, &action)) {
        perform(node, &action);
    }
    node->draining_follower = false;
}
