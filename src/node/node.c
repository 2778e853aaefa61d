#include "node/node.h"

#include "base/pool.h"
#include "ledger/snapshot_store.h"
#include "node/parts.h"
#include "node/tickets.h"
#include "peer/peering_balance.h"

#include <stdlib.h>
#include <string.h>

/* A cookie: owner, generation, number. What comes back for a consensus or follower object of an earlier
 * epoch is for nobody. */
enum { QN_OWNER_SHIFT = 56, QN_GENERATION_SHIFT = 40 };

static enum qn_owner owner_of(uint64_t cookie)
{
    return (enum qn_owner)(cookie >> QN_OWNER_SHIFT);
}

static uint64_t number_of(uint64_t cookie)
{
    return cookie & (((uint64_t)1 << QN_GENERATION_SHIFT) - 1);
}

static bool is_current(const struct qn_node *node, uint64_t cookie)
{
    return (uint16_t)(cookie >> QN_GENERATION_SHIFT) == node->generation;
}

static uint64_t cookie_of(const struct qn_node *node, enum qn_owner owner, uint64_t number)
{
    QN_ASSERT(number >> QN_GENERATION_SHIFT == 0);
    return (uint64_t)owner << QN_OWNER_SHIFT | (uint64_t)node->generation << QN_GENERATION_SHIFT |
           number;
}

struct qn_verify_job *qn_node_job(struct qn_node *node, enum qn_owner owner, uint64_t cookie)
{
    struct qn_verify_job *job = node->jobs_free;
    if (job != NULL) {
        node->jobs_free = job->next;
    } else {
        job = malloc(sizeof *job);
        QN_ASSERT(job != NULL);
    }
    memset(job, 0, sizeof *job);
    job->owner = owner;
    job->generation = node->generation;
    job->cookie = cookie;
    return job;
}

void qn_node_verify(struct qn_node *node, struct qn_verify_job *job)
{
    qn_actions_add(node->actions, QN_ACTION_VERIFY)->verify.job = job;
}

void qn_node_sign(struct qn_node *node, enum qn_owner owner, uint64_t number, enum qn_signer signer,
                  enum qn_sign_kind kind, const struct qn_hash *digest)
{
    struct qn_action *action = qn_actions_add(node->actions, QN_ACTION_SIGN);
    action->sign.cookie = cookie_of(node, owner, number);
    action->sign.signer = signer;
    action->sign.kind = kind;
    action->sign.digest = *digest;
}

void qn_node_persist(struct qn_node *node, enum qn_owner owner, uint64_t number,
                     struct qn_batch *batch)
{
    struct qn_action *action = qn_actions_add(node->actions, QN_ACTION_PERSIST);
    action->persist.cookie = cookie_of(node, owner, number);
    action->persist.batch = batch;
}

bool qn_node_speaks(const struct qn_link *link, enum qn_message_kind kind)
{
    return qn_kind_find(kind)->since <= link->version;
}

void qn_node_send(struct qn_node *node, struct qn_link *link, enum qn_message_kind kind,
                  uint32_t request_id, struct qn_buf *bytes)
{
    if (!qn_node_speaks(link, kind)) {
        qn_buf_drop(bytes);
        return;
    }
    if (qn_node_is_stranger(link) && !qn_allowance_spend(&link->allowance, bytes->len)) {
        node->counters.messages_unpaid += 1;
        qn_buf_drop(bytes);
        return;
    }
    struct qn_action *action = qn_actions_add(node->actions, QN_ACTION_SEND);
    action->send.link = link->id;
    action->send.kind = kind;
    action->send.request_id = request_id;
    action->send.bytes = bytes;
    node->peers.bytes += QN_FRAME_HEADER_LEN + bytes->len;
}

static enum qn_err check_identity(const struct qn_node_config *config)
{
    if (config->bootstrap_id == 0) {
        return QN_OK;
    }
    const struct qn_genesis_cert *cert =
        qn_genesis_by_number(config->genesis, config->bootstrap_id);
    if (cert == NULL) {
        return QN_ERR_NOT_FOUND;
    }
    return qn_public_key_equal(&cert->key, &config->key) ? QN_OK : QN_ERR_KEY_MISMATCH;
}

static void init_storage(struct qn_node *node)
{
    node->mempool = qn_mempool_new(QN_MEMPOOL_TXS_MAX);
    qn_node_tickets_init(node);
    node->pending_txs = calloc(QN_PENDING_TXS_MAX, sizeof node->pending_txs[0]);
    node->submissions = calloc(QN_PENDING_REQUESTS_MAX, sizeof node->submissions[0]);
    QN_ASSERT(node->mempool != NULL && node->pending_txs != NULL && node->submissions != NULL);
    node->commits_last = &node->commits_first;
    uint64_t key0 = qn_rng_next(&node->rng);
    uint64_t key1 = qn_rng_next(&node->rng);
    qn_announcer_init(&node->announcer, key1, key0);
    qn_consensus_actions_init(&node->consensus_actions);
    qn_follower_actions_init(&node->follower_actions);
}

enum qn_err qn_node_new(struct qn_node **out, const struct qn_node_config *config, qn_time_us now,
                        qn_unix_ms unix_ms)
{
    enum qn_err err = check_identity(config);
    if (err != QN_OK) {
        return err;
    }
    err = qn_install_recover(config->storage);
    if (err != QN_OK) {
        return err;
    }
    struct qn_node *node = calloc(1, sizeof *node);
    QN_ASSERT(node != NULL);
    qn_node_watch_storage(node, config->storage);
    err = qn_ledger_new(&node->ledger, config->genesis, &node->storage);
    if (err != QN_OK) {
        free(node);
        return err;
    }
    node->config = *config;
    node->id = qn_public_key_id(&config->key);
    node->genesis = config->genesis;
    node->log = config->log;
    node->now = now;
    node->unix_ms = unix_ms;
    node->born_us = now;
    node->born_unix_ms = unix_ms;
    node->next_tick_us = now;
    node->next_second_us = now;
    qn_rng_init(&node->rng, config->seed);
    init_storage(node);
    qn_node_links_init(node);
    qn_node_measuring_init(node);
    qn_node_reach_init(node);
    qn_node_faults_init(node);
    qn_node_load_bans(node);
    qn_node_peers_init(node);
    qn_node_snapshot_init(node);
    qn_node_epoch_init(node);
    qn_node_book_init(node);
    qn_node_dialing_init(node);
    qn_node_regions_init(node);
    err = node->halt.err;
    if (err != QN_OK) { /* it could not read all that it needs */
        qn_node_free(node);
        return err;
    }
    *out = node;
    return QN_OK;
}

static void free_queues(struct qn_node *node)
{
    for (size_t i = 0; i < QN_BLOCK_CHECKS_MAX; i++) {
        qn_block_drop(node->checks[i].block);
    }
    for (size_t i = 0; i < QN_PENDING_TXS_MAX; i++) {
        qn_buf_drop(node->pending_txs[i].bytes);
        qn_pool_give(node->pending_txs[i].tx, sizeof *node->pending_txs[i].tx);
    }
    for (size_t i = 0; i < QN_PENDING_REQUESTS_MAX; i++) {
        qn_buf_drop(node->submissions[i].bytes);
    }
    *node->commits_last = node->commits_free;
    for (struct qn_pending_commit *commit = node->commits_first; commit != NULL;) {
        struct qn_pending_commit *next = commit->next;
        free(commit);
        commit = next;
    }
    for (struct qn_verify_job *job = node->jobs_free; job != NULL;) {
        struct qn_verify_job *next = job->next;
        free(job);
        job = next;
    }
    free(node->pending_txs);
    free(node->submissions);
}

void qn_node_free(struct qn_node *node)
{
    if (node == NULL) {
        return;
    }
    free_queues(node);
    qn_node_own_fini(node);
    qn_consensus_actions_fini(&node->consensus_actions);
    qn_follower_actions_fini(&node->follower_actions);
    qn_node_epoch_fini(node);
    qn_node_snapshot_fini(node);
    qn_vote_log_close(&node->vote_log);
    qn_buf_drop(node->own_record);
    qn_announcer_fini(&node->announcer);
    qn_node_peers_fini(node);
    qn_node_measuring_fini(node);
    qn_node_links_fini(node);
    qn_node_faults_fini(node);
    qn_node_tickets_fini(node);
    qn_mempool_free(node->mempool);
    qn_ledger_free(node->ledger);
    free(node);
}

static void on_signed(struct qn_node *node, const struct qn_event *event)
{
    uint64_t number = number_of(event->signed_.cookie);
    enum qn_owner owner = owner_of(event->signed_.cookie);
    switch (owner) {
    case QN_OWNER_CONSENSUS:
        if (!is_current(node, event->signed_.cookie)) {
            return;
        }
        qn_consensus_on_signed(node->consensus, &node->consensus_actions, number,
                               event->signed_.ok ? &event->signed_.signature : NULL, node->now);
        qn_node_drain_consensus(node);
        return;
    case QN_OWNER_RECORD:
        qn_node_on_record_signed(node, event);
        return;
    case QN_OWNER_CODE:
    case QN_OWNER_REGISTRATION:
        qn_node_on_registration_signed(node, owner, event);
        return;
    case QN_OWNER_OWN:
        qn_node_on_own_signed(node, number, event);
        return;
    case QN_OWNER_FOLLOWER:
    case QN_OWNER_CHECK:
    case QN_OWNER_TX:
    case QN_OWNER_COMMIT:
    case QN_OWNER_SNAPSHOT:
    case QN_OWNER_BANS:
    case QN_OWNER_BOOK:
        break;
    }
    QN_ASSERT(!"a signature nobody asked for");
}

static void free_job(struct qn_node *node, struct qn_verify_job *job)
{
    job->next = node->jobs_free;
    node->jobs_free = job;
}

static void on_verified(struct qn_node *node, struct qn_verify_job *job)
{
    bool is_late = (job->owner == QN_OWNER_CONSENSUS || job->owner == QN_OWNER_FOLLOWER) &&
                   job->generation != node->generation;
    if (is_late) {
        free_job(node, job);
        return;
    }
    switch ((enum qn_owner)job->owner) {
    case QN_OWNER_CONSENSUS:
        qn_consensus_on_verified(node->consensus, &node->consensus_actions, job->cookie, job->ok,
                                 node->now);
        qn_node_drain_consensus(node);
        break;
    case QN_OWNER_FOLLOWER:
        qn_follower_on_verified(node->follower, &node->follower_actions, job->cookie, job->ok,
                                node->now);
        qn_node_drain_follower(node);
        break;
    case QN_OWNER_CHECK:
        qn_node_on_check_verified(node, job);
        break;
    case QN_OWNER_TX:
        qn_node_on_tx_verified(node, job);
        break;
    case QN_OWNER_RECORD:
        qn_node_on_record_verified(node, job);
        break;
    case QN_OWNER_SNAPSHOT:
        qn_node_on_snapshot_verified(node, job);
        break;
    case QN_OWNER_REGISTRATION:
        qn_node_on_ticket_search(node, job);
        break;
    case QN_OWNER_CODE:
    case QN_OWNER_COMMIT:
    case QN_OWNER_OWN:
    case QN_OWNER_BANS:
    case QN_OWNER_BOOK:
        QN_ASSERT(!"a verification nobody asked for");
    }
    free_job(node, job);
}

static void on_verified_event(struct qn_node *node, struct qn_verify_job *job)
{
    bool is_check = job->is_ticket && job->tries == 0;
    struct qn_verify_job *waited = is_check ? qn_node_on_ticket(node, job) : NULL;
    on_verified(node, job);
    while (waited != NULL) {
        struct qn_verify_job *next = waited->next;
        on_verified(node, waited);
        waited = next;
    }
}

static void on_persisted(struct qn_node *node, const struct qn_event *event)
{
    uint64_t cookie = event->persisted.cookie;
    if (!event->persisted.ok) {
        qn_node_on_persist_failed(node, event->persisted.err);
        return;
    }
    if (owner_of(cookie) == QN_OWNER_COMMIT) {
        qn_node_on_commit_persisted(node, number_of(cookie));
        return;
    }
    if (owner_of(cookie) == QN_OWNER_SNAPSHOT) {
        qn_node_on_snapshot_persisted(node, number_of(cookie));
        return;
    }
    if (owner_of(cookie) == QN_OWNER_BANS) {
        qn_node_on_bans_persisted(node, number_of(cookie));
        return;
    }
    if (owner_of(cookie) == QN_OWNER_BOOK) {
        return; /* nothing waits for it */
    }
    QN_ASSERT(owner_of(cookie) == QN_OWNER_CONSENSUS);
    if (is_current(node, cookie)) {
        qn_consensus_on_persisted(node->consensus, &node->consensus_actions, number_of(cookie),
                                  node->now);
        qn_node_drain_consensus(node);
    }
}

static void on_shutdown(struct qn_node *node)
{
    node->shutting_down = true;
    qn_peering_choose_anchors(node->peering, node->now);
    qn_node_book_write(node);
    for (size_t i = 0; i < node->links_capacity; i++) {
        if (node->links[i].id != 0) {
            qn_node_close(node, &node->links[i], QN_CLOSE_SHUTDOWN, NULL);
        }
    }
}

static void on_tick(struct qn_node *node)
{
    if (node->consensus != NULL && node->now >= qn_consensus_deadline(node->consensus)) {
        qn_consensus_poll(node->consensus, &node->consensus_actions, node->now);
        qn_node_drain_consensus(node);
    }
    if (node->now >= qn_follower_deadline(node->follower)) {
        qn_follower_poll(node->follower, &node->follower_actions, node->now);
        qn_node_drain_follower(node);
    }
    if (node->now >= node->next_tick_us) {
        node->next_tick_us = node->now + QN_NODE_TICK_US;
        if (node->own_record == NULL && !node->own_record_signing) {
            qn_node_make_record(node);
        }
        qn_node_poll_links(node);
        qn_node_poll_peering(node);
        qn_node_poll_alarms(node);
        qn_node_poll_gate(node);
        qn_node_poll_registration(node);
        qn_node_poll_own(node);
        qn_node_poll_snapshot(node);
    }
    if (node->now >= node->next_second_us) {
        node->next_second_us = node->now + QN_SECONDS(1);
        qn_node_poll_bans(node);
        qn_node_poll_standings(node);
        qn_node_poll_peers(node);
        qn_node_poll_book(node);
        qn_node_poll_submissions(node);
        qn_node_poll_motions(node);
        qn_node_poll_regions(node);
        qn_node_poll_reach(node);
    }
}

static void on_request(struct qn_node *node, const struct qn_event *event)
{
    switch (event->request.kind) {
    case QN_REQUEST_SUBMIT:
        qn_node_submit_request(node, event);
        break;
    case QN_REQUEST_BAN:
        qn_node_on_ban_request(node, event);
        break;
    case QN_REQUEST_UNBAN:
        qn_node_on_unban_request(node, event);
        break;
    }
}

static void dispatch(struct qn_node *node, const struct qn_event *event)
{
    switch (event->kind) {
    case QN_EVENT_TICK:
        break; /* timers are looked at after every event */
    case QN_EVENT_INBOUND:
        qn_node_on_inbound(node, event);
        break;
    case QN_EVENT_LINK_UP:
        qn_node_on_link_up(node, event);
        break;
    case QN_EVENT_LINK_DOWN:
        qn_node_on_link_down(node, event);
        break;
    case QN_EVENT_DIAL_FAILED:
        qn_node_on_dial_failed(node, event);
        break;
    case QN_EVENT_FRAME:
        node->peers.bytes += QN_FRAME_HEADER_LEN + event->frame.message.bytes.len;
        qn_node_on_frame(node, event);
        break;
    case QN_EVENT_SIGNED:
        on_signed(node, event);
        break;
    case QN_EVENT_VERIFIED:
        on_verified_event(node, event->verified.job);
        break;
    case QN_EVENT_PERSISTED:
        on_persisted(node, event);
        break;
    case QN_EVENT_REQUEST:
        on_request(node, event);
        break;
    case QN_EVENT_FOUND:
        qn_node_on_found(node, event);
        break;
    case QN_EVENT_LOAD:
        qn_peering_on_load(node->peering, &event->load, node->now);
        break;
    case QN_EVENT_SHUTDOWN:
        on_shutdown(node);
        break;
    case QN_EVENT_MAPPED:
        qn_node_on_mapped(node, event);
        break;
    case QN_EVENT_NEIGHBOUR:
        qn_node_on_neighbour(node, event);
        break;
    }
}

void qn_node_step(struct qn_node *node, const struct qn_event *event, struct qn_actions *actions)
{
    QN_ASSERT(event->now >= node->now);
    node->now = event->now;
    node->unix_ms = event->unix_ms;
    if (node->halt.told) {
        if (event->kind == QN_EVENT_VERIFIED) {
            free_job(node, event->verified.job);
        }
        return;
    }
    size_t first = actions->count;
    node->actions = actions;
    dispatch(node, event);
    qn_node_follow_epoch(node);
    if (!node->shutting_down) {
        on_tick(node);
        qn_node_follow_epoch(node);
    }
    qn_node_end_step(node, first);
    node->actions = NULL;
}

qn_time_us qn_node_deadline(const struct qn_node *node)
{
    if (node->shutting_down || node->halt.told) {
        return UINT64_MAX;
    }
    qn_time_us earliest = node->next_tick_us;
    if (node->consensus != NULL) {
        qn_time_us deadline = qn_consensus_deadline(node->consensus);
        earliest = deadline < earliest ? deadline : earliest;
    }
    qn_time_us deadline = qn_follower_deadline(node->follower);
    return deadline < earliest ? deadline : earliest;
}
