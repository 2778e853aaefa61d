#include "consensus/testing/harness.h"

#include "consensus/testing/harness_state.h"
#include "wire/transaction.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLLS_AT_ONCE_MAX = 10000 };

/* For transcripts, in microseconds. */
enum { WORK_SIGN = 500, WORK_VERIFY = 150, WORK_PERSIST = 200, WORK_BUILD = 300, WORK_CHECK = 400 };

void harness_fail(struct harness *h, const char *format, ...)
{
    va_list args;

    if (h->failure[0] != '\0') {
        return;
    }
    int len = snprintf(h->failure, sizeof h->failure,
                       "seed %llu, %llu us: ", (unsigned long long)h->config.seed,
                       (unsigned long long)h->now);
    va_start(args, format);
    (void)vsnprintf(h->failure + len, sizeof h->failure - (size_t)len, format, args);
    va_end(args);
}

const char *harness_failure(const struct harness *h)
{
    return h->failure[0] != '\0' ? h->failure : NULL;
}

void harness_boot(struct harness *h, struct harness_node *node, enum qn_memory memory)
{
    const struct harness_disk *disk = node->disk;
    const struct harness_final *tip = &node->blocks[node->block_count - 1];
    uint64_t floor = memory == QN_MEMORY_INTACT ? disk->floor : 0;
    struct qn_consensus_config config = {.network = h->network,
                                         .validators = &h->validators,
                                         .self = node->validator,
                                         .delta = h->config.delta,
                                         .heartbeat = QN_HEARTBEAT_INTERVAL,
                                         .memory = memory,
                                         .head = disk->head,
                                         .records = disk->records,
                                         .record_count = disk->record_count,
                                         .resend_min = 2 * h->config.delta,
                                         .resend_max = QN_SECONDS(5),
                                         .seed = h->config.seed + node->starts,
                                         .final_block = tip->block,
                                         .final_view = tip->cert != NULL ? tip->view : floor,
                                         .final_cert = tip->cert};

    node->starts += 1;
    node->c = qn_consensus_new(&config, h->now);
    qn_consensus_actions_init(&node->actions);
}

static void add_node(struct harness *h, int validator, enum harness_fault fault,
                     unsigned recipients)
{
    struct harness_node *node = &h->nodes[h->node_count++];

    *node =
        (struct harness_node){.used = true, .alive = true, .validator = validator, .fault = fault};
    node->recipients = fault == HARNESS_SILENT ? 0 : recipients;
    node->disk = calloc(1, sizeof *node->disk);
    QN_ASSERT(node->disk != NULL);
    harness_disk_clear(node->disk);
    harness_ledger_init(h, node);
    harness_boot(h, node, h->config.joins ? QN_MEMORY_LOST : QN_MEMORY_TRUSTED);
}

/* Each copy of a twin talks to some; one validator at least hears both. */
static unsigned twin_recipients(struct harness *h, unsigned copy)
{
    unsigned all = (1U << h->config.n) - 1;
    unsigned chosen = h->config.twin_recipients[copy];

    return chosen != 0 ? chosen : 1U + (unsigned)qn_rng_below(&h->rng, all);
}

struct harness *harness_new(const struct harness_config *config)
{
    struct harness *h = calloc(1, sizeof *h);

    QN_ASSERT(h != NULL && config->n <= HARNESS_VALIDATORS_MAX);
    h->config = *config;
    qn_rng_init(&h->rng, config->seed);
    h->views = calloc(HARNESS_VIEWS_MAX, sizeof *h->views);
    h->labels = calloc(HARNESS_LABELS_MAX, sizeof *h->labels);
    QN_ASSERT(h->views != NULL && h->labels != NULL);
    h->network.bytes[0] = 0x51;
    harness_keys_init(h);
    h->genesis = harness_ledger_genesis(h);
    harness_label_block(h, h->genesis); /* b0 */
    h->chain[0] = h->genesis->id;
    h->chain_count = 1;
    unsigned all = (1U << config->n) - 1;
    for (unsigned i = 0; i < config->n; i++) {
        bool twins = config->faults[i] == HARNESS_TWINS;
        add_node(h, (int)i, config->faults[i], twins ? twin_recipients(h, 0) : all);
    }
    for (unsigned i = 0; i < config->n; i++) {
        if (config->faults[i] == HARNESS_TWINS) {
            add_node(h, (int)i, HARNESS_TWINS, twin_recipients(h, 1));
        }
    }
    return h;
}

void harness_event_drop(struct harness_event *event)
{
    harness_write_free(event->write);
    qn_buf_drop(event->bytes);
    if (event->block != NULL) {
        qn_block_drop(event->block);
    }
}

void harness_free(struct harness *h)
{
    for (size_t i = 0; i < h->event_count; i++) {
        harness_event_drop(&h->events[i]);
    }
    for (unsigned i = 0; i < h->node_count; i++) {
        struct harness_node *node = &h->nodes[i];
        for (size_t j = 0; j < node->deferred_count; j++) {
            harness_event_drop(&node->deferred[j]);
        }
        free(node->deferred);
        qn_consensus_free(node->c);
        qn_consensus_actions_fini(&node->actions);
        harness_ledger_fini(node);
        harness_disk_clear(node->disk);
        free(node->disk);
        if (node->copy != NULL) {
            harness_disk_clear(node->copy);
            free(node->copy);
        }
    }
    for (size_t i = 0; i < HARNESS_REPLAYS; i++) {
        qn_buf_drop(h->replays[i]);
    }
    qn_block_drop(h->genesis);
    harness_keys_fini(h);
    free(h->events);
    free(h->views);
    free(h->labels);
    free(h->text);
    free(h);
}

static qn_time_us work(struct harness *h, qn_time_us fixed)
{
    return h->config.fixed_work ? fixed : qn_rng_below(&h->rng, h->config.work_max + 1);
}

static void on_send(struct harness *h, struct harness_node *node,
                    const struct qn_consensus_action *action)
{
    if (action->validator == QN_CONSENSUS_ALL) {
        harness_say(h, node, "send     %s to all",
                    harness_message_text(h, action->message_kind, action->bytes));
    } else {
        harness_say(h, node, "send     %s to v%d",
                    harness_message_text(h, action->message_kind, action->bytes),
                    action->validator);
    }
    harness_check_send(h, node, action->message_kind, action->bytes);
    if (node->fault == HARNESS_FORGER) {
        harness_forge(h, node, action->validator, action->message_kind, action->bytes);
    } else if (node->fault == HARNESS_BAD_BODY) {
        harness_strip(h, node, action->validator, action->message_kind, action->bytes);
    } else {
        harness_transmit(h, node, action->validator, action->message_kind, action->bytes);
    }
}

static void on_fault(struct harness *h, struct harness_node *node, int accused, enum qn_err err)
{
    harness_say(h, node, "fault    v%d: %s", accused, qn_err_name(err));
    h->faults[accused] += 1;
    if (node->fault == HARNESS_HONEST && h->config.faults[accused] == HARNESS_HONEST &&
        !h->nodes[accused].excused) {
        harness_fail(h, "v%d accused v%d, which is honest, of %s", node->validator, accused,
                     qn_err_name(err));
    }
}

/* Two votes of one validator, verified, that contradict each other. */
static void on_evidence(struct harness *h, struct harness_node *node,
                        const struct qn_consensus_action *action)
{
    struct qn_vote votes[2];
    struct qn_hash digests[2];
    bool good = action->record_count == 2;

    harness_say(h, node, "evidence v%d", action->validator);
    for (size_t i = 0; i < 2 && good; i++) {
        enum qn_vote_kind kind = (enum qn_vote_kind)action->records[i].kind;
        struct qn_tx_vote encoded = {kind, qn_buf_span(action->records[i].bytes)};
        good = qn_tx_vote_decode(&votes[i], &encoded) == QN_OK;
        votes[i].p = qn_proposal_digest(&node->c->network, votes[i].epoch, votes[i].view,
                                        votes[i].parent_view, &votes[i].block_id);
        digests[i] = good ? qn_vote_digest(node->c, &votes[i]) : (struct qn_hash){0};
        good = good &&
               harness_verify(h, action->validator, qn_vote_sign_kind(kind), &digests[i],
                              (struct qn_span){votes[i].signature.bytes, votes[i].signature.len});
        qn_buf_drop(action->records[i].bytes);
    }
    good = good && votes[0].view == votes[1].view && !qn_hash_equal(&digests[0], &digests[1]) &&
           (votes[0].kind == votes[1].kind ||
            (votes[0].kind != QN_VOTE_NOTARIZE && votes[1].kind != QN_VOTE_NOTARIZE));
    if (node->fault == HARNESS_HONEST && !good) {
        harness_fail(h, "v%d told evidence that is none", node->validator);
    }
    if (good && h->config.faults[action->validator] == HARNESS_HONEST &&
        !h->nodes[action->validator].excused) {
        harness_fail(h, "v%d convicted v%d, which is honest", node->validator, action->validator);
    }
    h->convicted[action->validator] += 1;
}

static void on_action(struct harness *h, struct harness_node *node,
                      const struct qn_consensus_action *action)
{
    struct harness_event event = {.node = (int)(node - h->nodes),
                                  .cookie = action->cookie,
                                  .sign_kind = action->sign_kind,
                                  .digest = action->digest};
    struct qn_span signature = {action->signature.bytes, action->signature.len};

    switch (action->kind) {
    case QN_CONSENSUS_SEND:
        on_send(h, node, action);
        break;
    case QN_CONSENSUS_SIGN:
        harness_say(h, node, "sign     %s", qn_sign_kind_context(action->sign_kind));
        event.kind = EVENT_SIGNED;
        event.at = h->now + work(h, WORK_SIGN);
        harness_push(h, event);
        break;
    case QN_CONSENSUS_VERIFY:
        harness_say(h, node, "verify   %s of v%d", qn_sign_kind_context(action->sign_kind),
                    action->validator);
        event.kind = EVENT_VERIFIED;
        event.from = action->validator;
        event.ok =
            harness_verify(h, action->validator, action->sign_kind, &action->digest, signature);
        event.at = h->now + work(h, WORK_VERIFY);
        harness_push(h, event);
        break;
    case QN_CONSENSUS_PERSIST:
        harness_disk_persist(h, node, action, work(h, WORK_PERSIST));
        break;
    case QN_CONSENSUS_BUILD:
        harness_say(h, node, "build    on %s", harness_label(h, &action->digest));
        event.kind = EVENT_BUILD;
        event.at = h->now + work(h, WORK_BUILD);
        harness_push(h, event);
        break;
    case QN_CONSENSUS_CHECK:
        harness_say(h, node, "check    %s", harness_label(h, &action->block->id));
        event.kind = EVENT_CHECK;
        event.block = action->block;
        event.at = h->now + work(h, WORK_CHECK);
        harness_push(h, event);
        break;
    case QN_CONSENSUS_COMMIT:
        harness_say(h, node, "commit   %s height=%llu%s", harness_label(h, &action->block->id),
                    (unsigned long long)action->block->header.height,
                    action->bytes != NULL ? "" : " by a later certificate");
        harness_ledger_commit(h, node, action->block, action->bytes, action->view);
        harness_disk_commit(h, node, work(h, WORK_PERSIST));
        qn_block_drop(action->block);
        qn_buf_drop(action->bytes);
        break;
    case QN_CONSENSUS_FAULT:
        on_fault(h, node, action->validator, action->err);
        break;
    case QN_CONSENSUS_BEHIND:
        harness_say(h, node, "behind   v%d height=%llu", action->validator,
                    (unsigned long long)action->height);
        event.kind = EVENT_SYNC;
        event.from = action->validator;
        event.at = h->now + harness_delay(h) + work(h, WORK_CHECK);
        harness_push(h, event);
        break;
    case QN_CONSENSUS_EVIDENCE:
        on_evidence(h, node, action);
        break;
    }
}

/* The owner's part: acts on everything, and after commits says what is left to propose. */
void harness_drain(struct harness *h, struct harness_node *node)
{
    struct qn_consensus_action action;

    for (;;) {
        if (node->actions.count > h->actions_max) {
            h->actions_max = node->actions.count;
        }
        while (qn_consensus_actions_pop(&node->actions, &action)) {
            on_action(h, node, &action);
        }
        if (!node->committed) {
            break;
        }
        node->committed = false;
        qn_consensus_on_pending(node->c, &node->actions, node->mempool != 0, h->now);
    }
    harness_check_node(h, node);
}

static void add_tx(struct harness *h, struct harness_node *node, unsigned tx)
{
    uint64_t bit = (uint64_t)1 << tx;

    if (((node->mempool | node->final_txs) & bit) == 0) {
        node->mempool |= bit;
        harness_say(h, node, "tx       %u pending", tx);
        qn_consensus_on_pending(node->c, &node->actions, true, h->now);
    }
}

/* Block sync, which has tests of its own: here it just works, from somebody honest. */
static void sync_node(struct harness *h, struct harness_node *node, int from)
{
    struct harness_node *source = &h->nodes[from];

    for (unsigned i = 0; i < h->config.n; i++) {
        struct harness_node *other = &h->nodes[i];
        bool better = source->fault != HARNESS_HONEST || other->block_count > source->block_count;
        if (other->fault == HARNESS_HONEST && other->alive && !other->paused && better) {
            source = other;
        }
    }
    if (source->fault != HARNESS_HONEST || source->block_count <= node->block_count) {
        return;
    }
    h->syncs += 1;
    while (node->block_count < source->block_count) {
        const struct harness_final *final = &source->blocks[node->block_count];
        if (harness_ledger_execute(h, node, final->block) != QN_OK) {
            harness_fail(h, "v%d cannot execute a final block", node->validator);
            return;
        }
        harness_ledger_commit(h, node, final->block, final->cert, final->view);
        harness_disk_commit(h, node, work(h, WORK_PERSIST));
    }
    QN_ASSERT(node->block_count == source->block_count);
    harness_say(h, node, "synced   height=%zu", node->block_count - 1);
    qn_consensus_on_synced(node->c, &node->actions, source->c->final_block, source->c->final_view,
                           h->now);
}

static void on_message(struct harness *h, struct harness_node *node, struct harness_event *event)
{
    harness_say(h, node, "receive  %s from v%d",
                harness_message_text(h, event->message_kind, event->bytes), event->from);
    if (node->fault == HARNESS_FORGER) {
        harness_remember(h, event->message_kind, event->bytes);
    }
    enum qn_err err =
        qn_consensus_on_message(node->c, &node->actions, event->from, event->message_kind,
                                qn_buf_span(event->bytes), h->now);
    if (err != QN_OK) {
        on_fault(h, node, event->from, err);
    }
}

static void on_build(struct harness *h, struct harness_node *node,
                     const struct harness_event *event)
{
    struct qn_block *block =
        node->cannot_build ? NULL : harness_ledger_build(h, node, &event->digest);

    node->builds += 1;
    if (block != NULL) {
        harness_label_block(h, block);
        harness_say(h, node, "built    %s txs=%zu", harness_label(h, &block->id), block->tx_count);
    }
    qn_consensus_on_built(node->c, &node->actions, event->cookie, block, h->now);
    if (block != NULL) {
        qn_block_drop(block);
    }
}

static void on_answer(struct harness *h, struct harness_node *node, struct harness_event *event)
{
    struct qn_signature signature;

    if (event->kind == EVENT_SIGNED) {
        harness_sign(h, &signature, node->validator, event->sign_kind, &event->digest);
        harness_say(h, node, "signed   %s", qn_sign_kind_context(event->sign_kind));
        qn_consensus_on_signed(node->c, &node->actions, event->cookie, &signature, h->now);
    } else if (event->kind == EVENT_VERIFIED) {
        harness_say(h, node, "verified %s of v%d: %s", qn_sign_kind_context(event->sign_kind),
                    event->from, event->ok ? "good" : "bad");
        qn_consensus_on_verified(node->c, &node->actions, event->cookie, event->ok, h->now);
    } else {
        harness_disk_apply(h, node, event->write);
        qn_consensus_on_persisted(node->c, &node->actions, event->cookie, h->now);
    }
}

static void dispatch(struct harness *h, struct harness_node *node, struct harness_event *event)
{
    enum qn_err verdict;

    switch (event->kind) {
    case EVENT_MESSAGE:
        on_message(h, node, event);
        break;
    case EVENT_SIGNED:
    case EVENT_VERIFIED:
    case EVENT_PERSISTED:
        on_answer(h, node, event);
        break;
    case EVENT_BUILD:
        on_build(h, node, event);
        break;
    case EVENT_CHECK:
        verdict = harness_ledger_execute(h, node, event->block);
        harness_say(h, node, "checked  %s: %s", harness_label(h, &event->block->id),
                    qn_err_name(verdict));
        qn_consensus_on_checked(node->c, &node->actions, event->cookie, verdict, h->now);
        break;
    case EVENT_TX:
        add_tx(h, node, event->tx);
        break;
    case EVENT_SYNC:
        sync_node(h, node, event->from);
        break;
    case EVENT_LINK:
        harness_say(h, node, "link     v%d %s", event->from, event->ok ? "up" : "down");
        qn_consensus_on_link(node->c, &node->actions, event->from, event->ok, h->now);
        break;
    }
}

static void mix_trace(struct harness *h, const struct harness_event *event)
{
    uint64_t values[] = {event->at, (uint64_t)event->kind, (uint64_t)event->node,
                         (uint64_t)event->message_kind};

    for (size_t i = 0; i < QN_ARRAY_COUNT(values); i++) {
        h->trace = (h->trace ^ values[i]) * 0x100000001b3U;
    }
}

static struct harness_event pop_event(struct harness *h)
{
    struct harness_event first = h->events[0];
    struct harness_event last = h->events[--h->event_count];
    size_t at = 0;

    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= h->event_count) {
            break;
        }
        const struct harness_event *left = &h->events[child];
        const struct harness_event *right = left + 1;
        if (child + 1 < h->event_count &&
            (right->at < left->at || (right->at == left->at && right->seq < left->seq))) {
            child += 1;
        }
        const struct harness_event *least = &h->events[child];
        if (last.at < least->at || (last.at == least->at && last.seq < least->seq)) {
            break;
        }
        h->events[at] = *least;
        at = child;
    }
    h->events[at] = last;
    return first;
}

static void defer(struct harness_node *node, struct harness_event event)
{
    size_t size = (node->deferred_count + 1) * sizeof *node->deferred;

    node->deferred = realloc(node->deferred, size);
    QN_ASSERT(node->deferred != NULL);
    node->deferred[node->deferred_count++] = event;
}

static void run_event(struct harness *h)
{
    struct harness_event event = pop_event(h);

    h->now = event.at;
    h->polls_at_now = 0;
    if (event.node < 0) {
        harness_event_drop(&event);
        return;
    }
    struct harness_node *node = &h->nodes[event.node];
    if (node->paused) {
        defer(node, event);
        return;
    }
    if (node->alive) {
        mix_trace(h, &event);
        dispatch(h, node, &event);
        harness_drain(h, node);
    }
    harness_event_drop(&event);
}

/* The node whose timer is due first; NULL if none is before this time. */
static struct harness_node *first_timer(struct harness *h, qn_time_us *at)
{
    struct harness_node *first = NULL;

    for (unsigned i = 0; i < h->node_count; i++) {
        struct harness_node *node = &h->nodes[i];
        qn_time_us deadline =
            node->alive && !node->paused ? qn_consensus_deadline(node->c) : UINT64_MAX;
        if (deadline < *at) {
            *at = deadline;
            first = node;
        }
    }
    return first;
}

/* False when nothing happens before until. */
static bool step(struct harness *h, qn_time_us until)
{
    qn_time_us at = h->event_count > 0 && h->events[0].at < until ? h->events[0].at : until;
    struct harness_node *node = first_timer(h, &at);

    if (h->failure[0] != '\0') {
        return false;
    }
    if (node != NULL) {
        h->now = at > h->now ? at : h->now;
        h->polls_at_now += 1;
        if (h->polls_at_now > POLLS_AT_ONCE_MAX) {
            harness_fail(h, "v%d asks to be polled for ever", node->validator);
        }
        qn_consensus_poll(node->c, &node->actions, h->now);
        harness_drain(h, node);
        return true;
    }
    if (h->event_count > 0 && h->events[0].at < until) {
        run_event(h);
        return true;
    }
    return false;
}

void harness_run(struct harness *h, qn_time_us duration)
{
    qn_time_us until = h->now + duration;

    while (step(h, until)) {
    }
    if (h->failure[0] == '\0') {
        h->now = until;
    }
}

static bool all_final(const struct harness *h)
{
    uint64_t all = h->tx_count == HARNESS_TXS_MAX ? UINT64_MAX : ((uint64_t)1 << h->tx_count) - 1;

    for (unsigned i = 0; i < h->config.n; i++) {
        const struct harness_node *node = &h->nodes[i];
        if (node->fault == HARNESS_HONEST && node->alive && (node->final_txs & all) != all) {
            return false;
        }
    }
    return true;
}

bool harness_run_until_final(struct harness *h, qn_time_us duration_max)
{
    qn_time_us until = h->now + duration_max;

    while (!all_final(h) && step(h, until)) {
    }
    return all_final(h) && h->failure[0] == '\0';
}

static bool all_ended(const struct harness *h)
{
    for (unsigned i = 0; i < h->config.n; i++) {
        const struct harness_node *node = &h->nodes[i];
        if (node->fault == HARNESS_HONEST && node->alive && !node->c->ended) {
            return false;
        }
    }
    return true;
}

bool harness_run_until_ended(struct harness *h, qn_time_us duration_max)
{
    qn_time_us until = h->now + duration_max;

    while (!all_ended(h) && step(h, until)) {
    }
    return all_ended(h) && h->failure[0] == '\0';
}

void harness_start(struct harness *h)
{
    for (unsigned i = 0; i < h->config.n; i++) {
        for (unsigned j = i + 1; j < h->config.n; j++) {
            harness_link(h, (int)i, (int)j, true);
        }
    }
    for (unsigned i = 0; i < h->node_count; i++) {
        qn_consensus_start(h->nodes[i].c, &h->nodes[i].actions, h->now);
        harness_drain(h, &h->nodes[i]);
    }
}
