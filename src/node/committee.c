/* The committee as this node sees it: links between consensus and the rest of the core. */
#include "node/parts.h"

#include <string.h>

/* Resend interval: starts a little above the leader timeout's D, doubles to 5 s (CONSENSUS.md rule 6). */
#define QN_RESEND_MAX QN_SECONDS(5)
/* A new network shows life soon after its start gate opened, when the latecomers have linked too. */
#define QN_FIRST_BLOCK QN_SECONDS(1)

/* In which view the head became final, as its certificate says; else what the vote log knows of it. */
static uint64_t final_view(const struct qn_node *node, const struct qn_buf *cert_bytes)
{
    struct qn_cert cert;
    bool good = cert_bytes != NULL && qn_cert_decode(&cert, qn_buf_span(cert_bytes)) == QN_OK;
    if (good && cert.epoch == node->epoch) {
        return cert.view;
    }
    return node->vote_log.epoch == node->epoch ? node->vote_log.floor : 0;
}

static void make_consensus(struct qn_node *node, struct qn_block *head, struct qn_buf *cert)
{
    const struct qn_vote_log *log = &node->vote_log;
    struct qn_consensus_config config = {.network = node->genesis->network,
                                         .epoch = node->epoch,
                                         .validators = &node->committee,
                                         .self = node->validator,
                                         .delta = node->config.delta,
                                         .heartbeat = node->config.heartbeat,
                                         .first_block = QN_FIRST_BLOCK,
                                         .memory = node->memory,
                                         .head = log->head,
                                         .records = log->records,
                                         .record_count = log->record_count,
                                         .resend_min = 2 * node->config.delta,
                                         .resend_max = QN_RESEND_MAX,
                                         .seed = qn_rng_next(&node->rng),
                                         .log = node->log,
                                         .final_block = head,
                                         .final_view = final_view(node, cert),
                                         .final_cert = cert};
    node->consensus = qn_consensus_new(&config, node->now);
}

/* A new member that was here when the epoch before ended: the block that ended it was made after this process
 * started, so no earlier one knew that the epoch had begun, let alone voted in it. */
static bool saw_epoch_begin(const struct qn_node *node, const struct qn_block *head)
{
    return node->generation > 0 && node->vote_log.is_fresh &&
           (head->header.flags & QN_HEADER_EPOCH_END) != 0 &&
           head->header.time_ms > node->born_unix_ms + QN_CLOCK_SKEW_MS_MAX;
}

/* Own votes are read once; what a later epoch's object may believe, the one before it says. A new member is
 * not simply trusted, since clocks may be wrong: with an empty log that is whole it asks. */
static void open_vote_log(struct qn_node *node, const struct qn_block *head)
{
    if (node->vote_log.entries == NULL) {
        node->memory = qn_vote_log_open(&node->vote_log, &node->storage, node->epoch, node->log);
        node->memory = saw_epoch_begin(node, head) ? QN_MEMORY_INTACT : node->memory;
    }
}

void qn_node_committee_init(struct qn_node *node)
{
    if (node->validator < 0) {
        return;
    }
    struct qn_buf *bytes = NULL;
    struct qn_buf *cert = NULL;
    struct qn_block *head = NULL;
    enum qn_err err = qn_ledger_block(node->ledger, &bytes, &cert, qn_ledger_height(node->ledger));
    QN_ASSERT(err == QN_OK);
    err = qn_block_decode(&head, qn_buf_span(bytes));
    QN_ASSERT(err == QN_OK); /* our own storage */
    open_vote_log(node, head);
    make_consensus(node, head, cert);
    qn_vote_log_drop_records(&node->vote_log);
    node->vote_log.head = (struct qn_consensus_head){0};
    qn_block_drop(head);
    qn_buf_drop(bytes);
    qn_buf_drop(cert);
}

void qn_node_committee_fini(struct qn_node *node)
{
    struct qn_consensus_info info;
    if (node->consensus != NULL) {
        qn_consensus_info(node->consensus, &info);
        node->memory = info.next_memory;
    }
    qn_consensus_free(node->consensus);
    node->consensus = NULL;
}

static void send_message(struct qn_node *node, const struct qn_consensus_action *action)
{
    for (int i = 0; i < node->committee.count; i++) {
        if (action->validator != QN_CONSENSUS_ALL && action->validator != i) {
            continue;
        }
        struct qn_link *link =
            node->validator_links[i] != 0 ? qn_node_link(node, node->validator_links[i]) : NULL;
        if (link != NULL) {
            qn_node_send(node, link, action->message_kind, 0, qn_buf_hold(action->bytes));
        }
    }
}

static void verify_vote(struct qn_node *node, const struct qn_consensus_action *action)
{
    struct qn_verify_job *job = qn_node_job(node, QN_OWNER_CONSENSUS, action->cookie);
    job->key = node->committee.members[action->validator].key;
    job->kind = action->sign_kind;
    job->digest = action->digest;
    job->signature = action->signature;
    qn_node_verify(node, job);
}

static void persist_vote(struct qn_node *node, const struct qn_consensus_action *action)
{
    struct qn_batch *batch = qn_batch_new();
    qn_vote_log_append(&node->vote_log, batch, node->epoch, action);
    qn_node_persist(node, QN_OWNER_CONSENSUS, action->cookie, batch);
}

static void build(struct qn_node *node, const struct qn_consensus_action *action)
{
    struct qn_span txs[QN_BLOCK_TXS_MAX];
    struct qn_block *block = NULL;
    size_t count = qn_mempool_take(node->mempool, txs, QN_BLOCK_TXS_MAX);
    enum qn_err err =
        qn_ledger_build(node->ledger, &block, &action->digest, txs, count, node->unix_ms);
    if (err == QN_OK && !qn_node_may_execute(node, block->header.height)) {
        qn_block_drop(block);
        err = QN_ERR_BUSY;
    }
    block = err == QN_OK ? block : NULL;
    qn_consensus_on_built(node->consensus, &node->consensus_actions, action->cookie, block,
                          node->now);
    qn_block_drop(block);
}

static void commit(struct qn_node *node, const struct qn_consensus_action *action)
{
    uint64_t epoch = node->epoch;
    if (qn_node_snapshot_holds_ledger(node) ||
        action->block->header.height != qn_ledger_height(node->ledger) + 1) {
        return; /* block sync, or a snapshot, was faster */
    }
    qn_node_commit(node, action->block, action->bytes);
    qn_vote_log_prune(&node->vote_log, epoch, action->view);
    qn_follower_on_committed(node->follower, &node->follower_actions, action->block->header.height,
                             &action->block->id, node->now);
    qn_node_drain_follower(node);
}

static void on_fault(struct qn_node *node, const struct qn_consensus_action *action)
{
    struct qn_link *link = qn_node_link(node, node->validator_links[action->validator]);
    if (link != NULL) {
        qn_node_blame_error(node, link, action->err, NULL);
    }
}

static void perform(struct qn_node *node, struct qn_consensus_action *action)
{
    struct qn_link *link = NULL;
    switch (action->kind) {
    case QN_CONSENSUS_SEND:
        send_message(node, action);
        break;
    case QN_CONSENSUS_SIGN:
        qn_node_sign(node, QN_OWNER_CONSENSUS, action->cookie, QN_SIGNER_NODE, action->sign_kind,
                     &action->digest);
        break;
    case QN_CONSENSUS_VERIFY:
        verify_vote(node, action);
        break;
    case QN_CONSENSUS_PERSIST:
        persist_vote(node, action);
        break;
    case QN_CONSENSUS_BUILD:
        build(node, action);
        break;
    case QN_CONSENSUS_CHECK:
        qn_node_check_block(node, action->block, QN_OWNER_CONSENSUS, action->cookie,
                            action->certified);
        break;
    case QN_CONSENSUS_COMMIT:
        commit(node, action);
        break;
    case QN_CONSENSUS_FAULT:
        on_fault(node, action);
        break;
    case QN_CONSENSUS_BEHIND:
        link = qn_node_link(node, node->validator_links[action->validator]);
        if (link != NULL) {
            qn_node_on_peer_height(node, link, action->height);
        }
        break;
    case QN_CONSENSUS_EVIDENCE:
        qn_node_on_evidence(node, action);
        break;
    }
    qn_consensus_action_drop(action);
}

void qn_node_drain_consensus(struct qn_node *node)
{
    struct qn_consensus_action action;
    if (node->draining_consensus) {
        return; /* the loop below goes on */
    }
    node->draining_consensus = true;
    while (qn_consensus_actions_pop(&node->consensus_actions, &action)) {
        perform(node, &action);
    }
    node->draining_consensus = false;
}

void qn_node_committee_link(struct qn_node *node, const struct qn_link *link, bool up)
{
    if (link->validator < 0) {
        return;
    }
    qn_link_id *current = &node->validator_links[link->validator];
    if (!up && *current != link->id) {
        return; /* a twin took its place already */
    }
    *current = up ? link->id : 0;
    if (node->consensus != NULL) {
        qn_consensus_on_link(node->consensus, &node->consensus_actions, link->validator, up,
                             node->now);
        qn_node_drain_consensus(node);
        qn_node_poll_gate(node);
    }
}

unsigned qn_node_validators_live(const struct qn_node *node)
{
    unsigned live = node->validator >= 0 ? 1 : 0;
    for (int i = 0; i < node->committee.count; i++) {
        live += node->validator_links[i] != 0;
    }
    return live;
}

unsigned qn_node_gate_needed(const struct qn_node *node)
{
    unsigned quorum = qn_quorum(node->committee.count);
    return quorum > QN_GENESIS_MIN ? quorum : QN_GENESIS_MIN;
}

void qn_node_poll_gate(struct qn_node *node)
{
    struct qn_consensus_info info;
    if (node->consensus == NULL) {
        return;
    }
    qn_consensus_info(node->consensus, &info);
    bool open = qn_ledger_height(node->ledger) > 0 ||
                qn_node_validators_live(node) >= qn_node_gate_needed(node);
    if (!info.started && open) {
        qn_log(node->log, QN_LOG_INFO, "consensus", "start", "validators=%u live=%u",
               info.validator_count, qn_node_validators_live(node));
        qn_consensus_start(node->consensus, &node->consensus_actions, node->now);
        qn_node_drain_consensus(node);
    }
}

void qn_node_tell_pending(struct qn_node *node)
{
    if (node->consensus == NULL) {
        return;
    }
    node->mempool_was_pending = qn_mempool_count(node->mempool) > 0;
    qn_consensus_on_pending(node->consensus, &node->consensus_actions, node->mempool_was_pending,
                            node->now);
    qn_node_drain_consensus(node);
}
