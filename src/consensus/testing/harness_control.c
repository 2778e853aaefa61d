/* What tests do to the network, and what they read. */
#include "consensus/testing/harness_state.h"

#include <stdlib.h>

unsigned harness_submit(struct harness *h, int validator)
{
    QN_ASSERT(h->tx_count < HARNESS_TX_END);
    unsigned tx = h->tx_count++;

    for (unsigned i = 0; i < h->node_count; i++) {
        bool here = h->nodes[i].validator == validator;
        qn_time_us delay = here ? 0 : harness_delay(h);
        bool lost = !here && (h->blocked[validator][h->nodes[i].validator] ||
                              !h->linked[validator][h->nodes[i].validator]);
        if (!lost) {
            harness_push(h, (struct harness_event){
                                .at = h->now + delay, .kind = EVENT_TX, .node = (int)i, .tx = tx});
        }
    }
    return tx;
}

void harness_end_epoch(struct harness *h)
{
    for (unsigned i = 0; i < h->node_count; i++) {
        harness_push(h, (struct harness_event){.at = h->now + harness_delay(h),
                                               .kind = EVENT_TX,
                                               .node = (int)i,
                                               .tx = HARNESS_TX_END});
    }
}

void harness_set_network(struct harness *h, qn_time_us delay_min, qn_time_us delay_max,
                         unsigned drop_permille, unsigned duplicate_permille)
{
    h->config.delay_min = delay_min;
    h->config.delay_max = delay_max;
    h->config.drop_permille = drop_permille;
    h->config.duplicate_permille = duplicate_permille;
}

void harness_block(struct harness *h, int a, int b, bool blocked)
{
    h->blocked[a][b] = blocked;
    h->blocked[b][a] = blocked;
}

void harness_lose(struct harness *h, int from, int to, unsigned kind)
{
    h->lost_kind[from][to] = kind == 0 ? 1 : kind;
}

void harness_link(struct harness *h, int a, int b, bool up)
{
    if (h->linked[a][b] == up) {
        return;
    }
    h->linked[a][b] = up;
    h->linked[b][a] = up;
    for (unsigned i = 0; i < h->node_count; i++) {
        int validator = h->nodes[i].validator;
        if (validator == a || validator == b) {
            harness_push(h, (struct harness_event){.at = h->now,
                                                   .kind = EVENT_LINK,
                                                   .node = (int)i,
                                                   .from = validator == a ? b : a,
                                                   .ok = up});
        }
    }
}

void harness_pause(struct harness *h, int validator, bool paused)
{
    for (unsigned i = 0; i < h->node_count; i++) {
        struct harness_node *node = &h->nodes[i];
        if (node->validator != validator || node->paused == paused) {
            continue;
        }
        node->paused = paused;
        for (size_t j = 0; !paused && j < node->deferred_count; j++) {
            node->deferred[j].at = h->now;
            harness_push(h, node->deferred[j]);
        }
        node->deferred_count = 0;
    }
}

void harness_crash(struct harness *h, int validator)
{
    for (unsigned i = 0; i < h->node_count; i++) {
        if (h->nodes[i].validator == validator) {
            h->nodes[i].alive = false;
        }
    }
    for (unsigned i = 0; i < h->config.n; i++) {
        if ((int)i != validator) {
            harness_link(h, validator, (int)i, false);
        }
    }
}

/* Answers to the process that ended; messages stay on their way, as in a network. Of the writes under way a
 * first part may have come to the disk. */
static void forget_answers(struct harness *h, struct harness_node *node)
{
    size_t writes = (size_t)qn_rng_below(&h->rng, 4);

    for (;;) { /* in the order in which they end */
        struct harness_event *next = NULL;
        for (size_t i = 0; i < h->event_count; i++) {
            struct harness_event *event = &h->events[i];
            if (event->node == (int)(node - h->nodes) && event->kind == EVENT_PERSISTED &&
                (next == NULL || event->seq < next->seq)) {
                next = event;
            }
        }
        if (next == NULL) {
            break;
        }
        if (writes > 0) {
            harness_disk_apply(h, node, next->write);
            writes -= 1;
        }
        next->node = -1;
    }
    for (size_t i = 0; i < h->event_count; i++) {
        if (h->events[i].node == (int)(node - h->nodes) && h->events[i].kind != EVENT_MESSAGE &&
            h->events[i].kind != EVENT_TX) {
            h->events[i].node = -1;
        }
    }
}

static void relink(struct harness *h, int validator)
{
    for (int i = 0; i < (int)h->config.n; i++) {
        if (h->linked[validator][i]) {
            harness_link(h, validator, i, false);
            harness_link(h, validator, i, true);
        }
    }
}

static void end_process(struct harness *h, struct harness_node *node)
{
    qn_consensus_free(node->c);
    qn_consensus_actions_fini(&node->actions);
    for (size_t i = 0; i < node->deferred_count; i++) {
        if (node->deferred[i].kind == EVENT_PERSISTED) {
            harness_disk_apply(h, node, node->deferred[i].write);
        }
        harness_event_drop(&node->deferred[i]);
    }
    node->deferred_count = 0;
    node->paused = false;
    forget_answers(h, node);
    node->committed = false;
    node->written_at = 0;
    node->last_view = 0;
    node->last_final_view = 0;
}

void harness_copy_disk(struct harness *h, int validator)
{
    struct harness_node *node = &h->nodes[validator];

    if (node->copy == NULL) {
        node->copy = calloc(1, sizeof *node->copy);
        QN_ASSERT(node->copy != NULL);
    }
    harness_disk_copy(node->copy, node->disk);
}

bool harness_has_copy(const struct harness *h, int validator)
{
    return h->nodes[validator].copy != NULL;
}

bool harness_has_log(const struct harness *h, int validator)
{
    const struct harness_disk *disk = h->nodes[validator].disk;

    return disk->has_head && !disk->head.lost;
}

bool harness_is_excused(const struct harness *h, int validator)
{
    return h->nodes[validator].excused;
}

void harness_restart(struct harness *h, int validator, enum harness_restart how)
{
    struct harness_node *node = &h->nodes[validator];

    QN_ASSERT(node->fault == HARNESS_HONEST && node->alive);
    end_process(h, node);
    if (how == HARNESS_ROLLED_BACK) {
        harness_disk_copy(node->disk, node->copy);
        node->excused = true;
    } else if (how == HARNESS_ALL_LOST) {
        harness_disk_clear(node->disk);
    } else if (how == HARNESS_LOG_LOST) {
        size_t blocks = node->disk->block_count;
        harness_disk_clear(node->disk);
        node->disk->block_count = blocks;
    }
    harness_ledger_truncate(node, node->disk->block_count);
    node->floor = 0;
    bool intact = node->disk->has_head && !node->disk->head.lost;
    harness_say(h, node, "restart  %s height=%zu records=%zu", intact ? "intact" : "lost",
                node->block_count - 1, node->disk->record_count);
    harness_boot(h, node, intact ? QN_MEMORY_INTACT : QN_MEMORY_LOST);
    relink(h, validator);
    qn_consensus_start(node->c, &node->actions, h->now);
    harness_drain(h, node);
}

static bool is_alive(const struct harness *h, int validator)
{
    return h->nodes[validator].alive;
}

void harness_heal(struct harness *h)
{
    for (int i = 0; i < (int)h->config.n; i++) {
        for (int j = 0; j < (int)h->config.n; j++) {
            h->blocked[i][j] = false;
            h->lost_kind[i][j] = 0;
            if (i < j && is_alive(h, i) && is_alive(h, j)) {
                harness_link(h, i, j, true);
            }
        }
    }
    for (int i = 0; i < (int)h->config.n; i++) {
        harness_pause(h, i, false);
    }
    for (unsigned i = 0; i < h->node_count; i++) {
        for (unsigned tx = 0; tx < h->tx_count; tx++) {
            harness_push(h, (struct harness_event){.at = h->now + harness_delay(h),
                                                   .kind = EVENT_TX,
                                                   .node = (int)i,
                                                   .tx = tx});
        }
    }
}

void harness_inject(struct harness *h, int from, int to, enum qn_message_kind kind,
                    struct qn_buf *bytes)
{
    harness_push(h, (struct harness_event){.at = h->now,
                                           .kind = EVENT_MESSAGE,
                                           .node = to,
                                           .from = from,
                                           .message_kind = kind,
                                           .bytes = bytes});
}

qn_time_us harness_now(const struct harness *h)
{
    return h->now;
}

struct qn_rng *harness_rng(struct harness *h)
{
    return &h->rng;
}

uint64_t harness_height(const struct harness *h, int validator)
{
    return h->nodes[validator].block_count - 1;
}

void harness_fail_builds(struct harness *h, int validator, bool fail)
{
    h->nodes[validator].cannot_build = fail;
}

unsigned harness_builds(const struct harness *h, int validator)
{
    return h->nodes[validator].builds;
}

uint64_t harness_view(const struct harness *h, int validator)
{
    return h->nodes[validator].c->view;
}

struct qn_consensus *harness_consensus(struct harness *h, int validator)
{
    return h->nodes[validator].c;
}

bool harness_is_paused(const struct harness *h, int validator)
{
    return h->nodes[validator].paused;
}

bool harness_is_honest(const struct harness *h, int validator)
{
    return h->config.faults[validator] == HARNESS_HONEST && h->nodes[validator].alive;
}

bool harness_is_final(const struct harness *h, int validator, unsigned tx)
{
    return (h->nodes[validator].final_txs & (uint64_t)1 << tx) != 0;
}

uint64_t harness_sent(const struct harness *h)
{
    return h->sent;
}

unsigned harness_fault_count(const struct harness *h, int accused)
{
    return h->faults[accused];
}

size_t harness_actions_max(const struct harness *h)
{
    return h->actions_max;
}

unsigned harness_convictions(const struct harness *h, int accused)
{
    return h->convicted[accused];
}

uint64_t harness_syncs(const struct harness *h)
{
    return h->syncs;
}

const struct qn_network_id *harness_network(const struct harness *h)
{
    return &h->network;
}

const struct qn_validator_set *harness_validators(const struct harness *h)
{
    return &h->validators;
}

void harness_show(struct harness *h, bool shown)
{
    h->config.transcript = shown;
}

uint64_t harness_trace(const struct harness *h)
{
    return h->trace;
}
