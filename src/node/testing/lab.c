#include "node/testing/lab.h"

#include "base/rng.h"
#include "node/allowance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LAB_LINKS_MAX = 1024, LAB_UNIX_MS = 1000000 };

struct lab_link {
    qn_link_id id; /* 0: free */
    size_t ends[2];
    bool up[2];
    qn_time_us up_us;      /* when both ends are told */
    bool pads;             /* who dialled made its half of the handshake the longer one */
    bool refused;          /* by the end that was dialled, before it was up */
    uint64_t bytes;        /* both ways */
    qn_time_us last_us[2]; /* delivery time of the last message towards each end: keeps order */
};

struct lab_event {
    qn_time_us at;
    uint64_t order;
    size_t node;
    uint32_t incarnation;
    struct qn_event event;
    struct qn_buf *bytes; /* FRAME, REQUEST */
};

struct qn_lab {
    struct qn_rng rng;
    const struct qn_log *log;
    qn_time_us now;
    struct qn_genesis genesis;
    size_t genesis_count;
    bool is_apart;
    size_t count;
    struct qn_lab_node nodes[QN_LAB_NODES_MAX];
    uint32_t incarnations[QN_LAB_NODES_MAX];
    bool blocked[QN_LAB_NODES_MAX][QN_LAB_NODES_MAX];
    bool lost[256]; /* kinds of messages */
    uint64_t lifetime_ms;
    bool has_region;
    enum qn_region region;
    int closed[QN_LAB_NODES_MAX][QN_LAB_NODES_MAX]; /* reason + 1 */
    size_t code_count;
    struct qn_activation_code *codes;
    struct lab_link links[LAB_LINKS_MAX];
    qn_link_id last_link;
    struct lab_event **heap;
    size_t heap_count;
    size_t heap_capacity;
    uint64_t order;
    size_t reply_count;
    struct qn_lab_reply replies[QN_LAB_REPLIES_MAX];
    uint64_t delivered[256];
    uint64_t tickets_checked[QN_LAB_NODES_MAX];
    uint64_t sent[QN_LAB_NODES_MAX][256];
    qn_lab_tamper tamper;
    struct qn_actions actions;
    struct qn_link_load loads[LAB_LINKS_MAX]; /* of one step */
};

/* ---- event heap ---- */

static bool earlier(const struct lab_event *a, const struct lab_event *b)
{
    return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static void push(struct qn_lab *lab, struct lab_event *event)
{
    if (lab->heap_count == lab->heap_capacity) {
        lab->heap_capacity = lab->heap_capacity == 0 ? 1024 : lab->heap_capacity * 2;
        lab->heap = realloc(lab->heap, lab->heap_capacity * sizeof *lab->heap);
        QN_ASSERT(lab->heap != NULL);
    }
    size_t at = lab->heap_count++;
    while (at > 0 && earlier(event, lab->heap[(at - 1) / 2])) {
        lab->heap[at] = lab->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    lab->heap[at] = event;
}

static struct lab_event *pop(struct qn_lab *lab)
{
    struct lab_event *first = lab->heap[0];
    struct lab_event *last = lab->heap[--lab->heap_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= lab->heap_count) {
            break;
        }
        if (child + 1 < lab->heap_count && earlier(lab->heap[child + 1], lab->heap[child])) {
            child += 1;
        }
        if (!earlier(lab->heap[child], last)) {
            break;
        }
        lab->heap[at] = lab->heap[child];
        at = child;
    }
    if (lab->heap_count > 0) {
        lab->heap[at] = last;
    }
    return first;
}

static struct lab_event *schedule(struct qn_lab *lab, size_t node, qn_time_us delay,
                                  enum qn_event_kind kind)
{
    struct lab_event *event = calloc(1, sizeof *event);
    QN_ASSERT(event != NULL);
    event->at = lab->now + delay;
    event->order = lab->order++;
    event->node = node;
    event->incarnation = lab->incarnations[node];
    event->event.kind = kind;
    push(lab, event);
    return event;
}

static void free_event(struct lab_event *event)
{
    if (event->event.kind == QN_EVENT_VERIFIED) {
        free(event->event.verified.job);
    }
    qn_buf_drop(event->bytes);
    free(event);
}

/* ---- links ---- */

static qn_time_us delay(struct qn_lab *lab)
{
    return QN_MS(1) + qn_rng_below(&lab->rng, QN_MS(4));
}

static struct lab_link *find_link(struct qn_lab *lab, qn_link_id id)
{
    struct lab_link *link = &lab->links[id % LAB_LINKS_MAX];
    return id != 0 && link->id == id ? link : NULL;
}

static void close_end(struct qn_lab *lab, struct lab_link *link, size_t end,
                      enum qn_close_reason reason)
{
    if (!link->up[end]) {
        return;
    }
    link->up[end] = false;
    struct lab_event *event = schedule(lab, link->ends[end], delay(lab), QN_EVENT_LINK_DOWN);
    event->event.link_down.link = link->id;
    event->event.link_down.reason = reason;
}

static void link_up(struct qn_lab *lab, struct lab_link *link, size_t end, qn_dial_id dial)
{
    const struct qn_lab_node *other = &lab->nodes[link->ends[1 - end]];
    struct lab_event *event = schedule(lab, link->ends[end], QN_MS(2), QN_EVENT_LINK_UP);
    link->up_us = event->at;
    event->event.link_up.link = link->id;
    event->event.link_up.dial = dial;
    event->event.link_up.key = *qn_key_public(other->key);
    event->event.link_up.remote = other->endpoint;
    if (other->finds_out && dial == 0) {
        event->event.link_up.remote.port = (uint16_t)(40000 + link->id % 20000);
    }
    event->event.link_up.handshake_us = 2000;
    event->event.link_up.bytes_received =
        link->pads ? QN_HANDSHAKE_PADDED_LEN : QN_HANDSHAKE_DIALLER_LEN;
    event->event.link_up.bytes_sent = QN_HANDSHAKE_LISTENER_LEN;
    link->up[end] = true;
    link->last_us[end] = event->at;
}

static void connect_nodes(struct qn_lab *lab, size_t from, size_t to, qn_dial_id dial, bool pads)
{
    qn_link_id id = ++lab->last_link;
    struct lab_link *link = &lab->links[id % LAB_LINKS_MAX];
    QN_ASSERT(!link->up[0] && !link->up[1]);
    *link = (struct lab_link){.id = id, .ends = {from, to}, .pads = pads};
    struct lab_event *event = schedule(lab, to, QN_MS(1), QN_EVENT_INBOUND);
    event->event.inbound.link = id;
    event->event.inbound.remote = lab->nodes[from].endpoint;
    link_up(lab, link, 0, dial);
    link_up(lab, link, 1, 0);
}

void qn_lab_dial(struct qn_lab *lab, size_t from, size_t to)
{
    connect_nodes(lab, from, to, UINT64_MAX, false); /* no dial of the node's own has this number */
}

static void dial(struct qn_lab *lab, size_t from, const struct qn_action *action)
{
    for (size_t to = 0; to < lab->count; to++) {
        struct qn_lab_node *target = &lab->nodes[to];
        bool is_blocked = lab->blocked[from][to] || lab->blocked[to][from];
        if (target->node != NULL && !target->paused && !is_blocked &&
            qn_endpoint_equal(&target->endpoint, &action->dial.endpoint)) {
            connect_nodes(lab, from, to, action->dial.dial, action->dial.pads);
            return;
        }
    }
    struct lab_event *event = schedule(lab, from, QN_MS(1), QN_EVENT_DIAL_FAILED);
    event->event.dial_failed.dial = action->dial.dial;
    event->event.dial_failed.reason = QN_CLOSE_REFUSED;
}

static void deliver(struct qn_lab *lab, struct lab_link *link, size_t end,
                    enum qn_message_kind kind, uint32_t request_id, struct qn_buf *bytes)
{
    struct lab_event *event = calloc(1, sizeof *event);
    QN_ASSERT(event != NULL);
    event->at = lab->now + delay(lab);
    event->at = event->at < link->last_us[end] ? link->last_us[end] : event->at;
    link->last_us[end] = event->at;
    link->bytes += QN_FRAME_HEADER_LEN + bytes->len;
    event->order = lab->order++;
    event->node = link->ends[end];
    event->incarnation = lab->incarnations[event->node];
    event->event.kind = QN_EVENT_FRAME;
    event->event.frame.link = link->id;
    event->event.frame.message.kind = kind;
    event->event.frame.message.class = qn_kind_find(kind)->class;
    event->event.frame.message.request_id = request_id;
    event->event.frame.wire_len = qn_allowance_cost(bytes->len);
    event->bytes = bytes;
    push(lab, event);
}

static void send(struct qn_lab *lab, size_t from, struct qn_action *action)
{
    struct lab_link *link = find_link(lab, action->send.link);
    size_t end = link != NULL && link->ends[0] == from ? 1 : 0;
    const struct qn_kind_info *info = qn_kind_find(action->send.kind);
    QN_ASSERT(info != NULL && action->send.bytes->len <= info->len_max);
    QN_ASSERT((action->send.request_id != 0) == (info->is_reply || info->is_request));
    if (link == NULL || !link->up[end] || lab->blocked[from][link->ends[end]] ||
        lab->lost[action->send.kind]) {
        return;
    }
    lab->sent[from][action->send.kind] += 1;
    struct qn_buf *bytes = qn_buf_hold(action->send.bytes);
    if (lab->tamper != NULL) {
        bytes = lab->tamper(lab, from, link->ends[end], action->send.kind, bytes);
    }
    deliver(lab, link, end, action->send.kind, action->send.request_id, bytes);
}

static void close_link(struct qn_lab *lab, size_t by, const struct qn_action *action)
{
    struct lab_link *link = find_link(lab, action->close.link);
    if (link == NULL) {
        return;
    }
    size_t own = link->ends[0] == by ? 0 : 1;
    lab->closed[by][link->ends[1 - own]] = (int)action->close.reason + 1;
    if (own == 1 && lab->now < link->up_us) {
        link->refused = true;
        link->up[0] = link->up[1] = false;
        return;
    }
    link->up[own] = false; /* the node has forgotten it */
    if (link->up[1 - own]) {
        link->up[1 - own] = false;
        struct lab_event *event = calloc(1, sizeof *event);
        QN_ASSERT(event != NULL);
        event->at = link->last_us[1 - own] > lab->now ? link->last_us[1 - own] + 1 : lab->now + 1;
        event->order = lab->order++;
        event->node = link->ends[1 - own];
        event->incarnation = lab->incarnations[event->node];
        event->event.kind = QN_EVENT_LINK_DOWN;
        event->event.link_down.link = link->id;
        event->event.link_down.reason = QN_CLOSE_PEER_CLOSED;
        push(lab, event);
    }
}

/* ---- slow work ---- */

static void sign(struct qn_lab *lab, size_t index, const struct qn_action *action)
{
    const struct qn_lab_node *node = &lab->nodes[index];
    const struct qn_key *key = action->sign.signer == QN_SIGNER_NODE ? node->key : node->code_key;
    struct lab_event *event = schedule(lab, index, 600, QN_EVENT_SIGNED);
    event->event.signed_.cookie = action->sign.cookie;
    event->event.signed_.ok =
        key != NULL && qn_sign(&event->event.signed_.signature, key, action->sign.kind,
                               &action->sign.digest) == QN_OK;
}

static void verify(struct qn_lab *lab, size_t index, struct qn_action *action)
{
    struct qn_verify_job *job = action->verify.job;
    struct lab_event *event = schedule(lab, index, 150, QN_EVENT_VERIFIED);
    job->ok = qn_verify_job_holds(job);
    if (job->is_ticket && job->tries == 0) {
        lab->tickets_checked[index] += 1;
    }
    job->elapsed_us = 150;
    event->event.verified.job = job;
}

static void persist(struct qn_lab *lab, size_t index, struct qn_action *action)
{
    struct qn_storage *storage = &lab->nodes[index].storage;
    enum qn_err err = storage->apply(storage->context, action->persist.batch);
    qn_batch_free(action->persist.batch);
    struct lab_event *event =
        schedule(lab, index, lab->nodes[index].persist_us, QN_EVENT_PERSISTED);
    event->event.persisted.cookie = action->persist.cookie;
    event->event.persisted.ok = err == QN_OK;
    event->event.persisted.err = err;
}

static void tell_neighbour(struct qn_lab *lab, size_t to, size_t of)
{
    struct lab_event *event = schedule(lab, to, delay(lab), QN_EVENT_NEIGHBOUR);
    event->event.neighbour.id = qn_lab_id(lab, of);
    event->event.neighbour.endpoint = lab->nodes[of].endpoint;
}

static void ask_neighbours(struct qn_lab *lab, size_t from)
{
    for (size_t to = 0; to < lab->count; to++) {
        if (to != from && lab->nodes[to].has_lan && lab->nodes[to].node != NULL) {
            tell_neighbour(lab, to, from);
            tell_neighbour(lab, from, to);
        }
    }
}

static void perform(struct qn_lab *lab, size_t index, struct qn_action *action)
{
    switch (action->kind) {
    case QN_ACTION_DIAL:
        dial(lab, index, action);
        break;
    case QN_ACTION_CLOSE:
        close_link(lab, index, action);
        break;
    case QN_ACTION_SEND:
        send(lab, index, action);
        qn_buf_drop(action->send.bytes);
        break;
    case QN_ACTION_SIGN:
        sign(lab, index, action);
        break;
    case QN_ACTION_VERIFY:
        verify(lab, index, action);
        break;
    case QN_ACTION_PERSIST:
        persist(lab, index, action);
        break;
    case QN_ACTION_REPLY:
        QN_ASSERT(lab->reply_count < QN_LAB_REPLIES_MAX);
        lab->replies[lab->reply_count++] =
            (struct qn_lab_reply){action->reply.token, action->reply.result};
        break;
    case QN_ACTION_LOOKUP:   /* no name servers here */
    case QN_ACTION_REMEMBER: /* every handshake is a full one */
        break;
    case QN_ACTION_ASK_NEIGHBOURS:
        ask_neighbours(lab, index);
        break;
    case QN_ACTION_HALT:
        QN_ASSERT(lab->actions.count == 1); /* nothing else of that step */
        lab->nodes[index].halts += 1;
        lab->nodes[index].halt_err = action->halt.err;
        break;
    }
}

/* ---- running ---- */

qn_unix_ms qn_lab_unix_ms(const struct qn_lab *lab)
{
    return LAB_UNIX_MS + lab->now / 1000;
}

static void arm(struct qn_lab *lab, size_t index)
{
    struct qn_lab_node *node = &lab->nodes[index];
    qn_time_us deadline = qn_node_deadline(node->node);
    deadline = deadline <= lab->now ? lab->now + 1 : deadline;
    if (deadline != UINT64_MAX && (node->timer_us <= lab->now || deadline < node->timer_us)) {
        node->timer_us = deadline;
        schedule(lab, index, deadline - lab->now, QN_EVENT_TICK);
    }
}

static void check_peering(const struct qn_node *node)
{
    const char *broken = qn_peering_invariant(qn_node_peering(node));
    if (broken != NULL) {
        fprintf(stderr, "peering: %s\n", broken);
        QN_ASSERT(!"the peer layer keeps its rules");
    }
}

static void step(struct qn_lab *lab, size_t index, struct qn_event *event)
{
    struct qn_lab_node *node = &lab->nodes[index];
    event->now = lab->now;
    event->unix_ms = qn_lab_unix_ms(lab);
    bool was_halted = node->halts > 0;
    qn_node_step(node->node, event, &lab->actions);
    check_peering(node->node);
    node->actions_after_halt += was_halted ? lab->actions.count : 0;
    for (size_t i = 0; i < lab->actions.count; i++) {
        perform(lab, index, &lab->actions.items[i]);
    }
    lab->actions.count = 0;
    arm(lab, index);
}

/* Once a second a TICK tells of the links: nothing waits here to be sent, and nothing takes processor time. */
static void fill_load(struct qn_lab *lab, size_t index, struct qn_event *event)
{
    struct qn_lab_node *node = &lab->nodes[index];
    if (event->kind != QN_EVENT_TICK || lab->now < node->load_us) {
        return;
    }
    node->load_us = lab->now + QN_SECONDS(1);
    event->kind = QN_EVENT_LOAD;
    event->load.count = 0;
    event->load.links = lab->loads;
    event->load.cpu_percent = node->cpu_percent;
    for (size_t i = 0; i < LAB_LINKS_MAX; i++) {
        const struct lab_link *link = &lab->links[i];
        bool is_up = (link->up[0] && link->ends[0] == index && lab->now >= link->up_us) ||
                     (link->up[1] && link->ends[1] == index && lab->now >= link->up_us);
        if (link->id != 0 && is_up) {
            lab->loads[event->load.count++] =
                (struct qn_link_load){.link = link->id, .bytes = link->bytes};
        }
    }
}

/* The end that was dialled did not want the link: to the other end its dial failed. True: nobody is to be told. */
static bool is_refused(struct qn_lab *lab, struct qn_event *event)
{
    const struct lab_link *link = find_link(lab, event->link_up.link);
    qn_dial_id dial = event->link_up.dial;
    if (link == NULL || !link->refused) {
        return false;
    }
    if (dial != 0) {
        event->kind = QN_EVENT_DIAL_FAILED;
        event->dial_failed.dial = dial;
        event->dial_failed.reason = QN_CLOSE_PEER_CLOSED;
    }
    return dial == 0;
}

static void handle(struct qn_lab *lab, struct lab_event *event)
{
    struct qn_lab_node *node = &lab->nodes[event->node];
    if (node->node == NULL || event->incarnation != lab->incarnations[event->node]) {
        free_event(event);
        return;
    }
    if (node->paused) { /* waits, in order, in steps of 10 ms */
        event->at = lab->now + QN_MS(10);
        push(lab, event);
        return;
    }
    if (event->event.kind == QN_EVENT_FRAME) {
        event->event.frame.message.bytes = qn_buf_span(event->bytes);
        lab->delivered[event->event.frame.message.kind] += 1;
    } else if (event->event.kind == QN_EVENT_REQUEST) {
        event->event.request.bytes = qn_buf_span(event->bytes);
    }
    if (event->event.kind == QN_EVENT_LINK_UP && is_refused(lab, &event->event)) {
        free_event(event);
        return;
    }
    fill_load(lab, event->node, &event->event);
    step(lab, event->node, &event->event);
    if (event->event.kind == QN_EVENT_VERIFIED) {
        event->event.kind = QN_EVENT_TICK; /* the job is the node's now */
    }
    free_event(event);
}

bool qn_lab_run_until(struct qn_lab *lab, bool (*condition)(struct qn_lab *lab), qn_time_us most)
{
    qn_time_us end = lab->now + most;
    while (!condition(lab)) {
        if (lab->heap_count == 0 || lab->heap[0]->at > end) {
            lab->now = end;
            return false;
        }
        struct lab_event *event = pop(lab);
        lab->now = event->at > lab->now ? event->at : lab->now;
        handle(lab, event);
    }
    return true;
}

static bool never(struct qn_lab *lab)
{
    (void)lab;
    return false;
}

void qn_lab_run(struct qn_lab *lab, qn_time_us duration)
{
    qn_lab_run_until(lab, never, duration);
}

/* ---- making ---- */

static struct qn_key *make_key(uint64_t seed, size_t number)
{
    uint8_t bytes[QN_SEED_LEN] = {'l', 'a', 'b', (uint8_t)number, (uint8_t)(number >> 8)};
    memcpy(&bytes[8], &seed, sizeof seed);
    struct qn_key *key = qn_key_from_seed(QN_SUITE_MLDSA65, bytes);
    QN_ASSERT(key != NULL);
    return key;
}

static struct qn_buf *make_cert(const struct qn_lab_node *node, size_t index)
{
    uint8_t scratch[QN_GENESIS_CERT_LEN_MAX];
    struct qn_span payload;
    struct qn_signature signature;
    struct qn_genesis_cert cert = {.network = "lab",
                                   .bootstrap_id = (uint16_t)(index + 1),
                                   .key = *qn_key_public(node->key),
                                   .region = (enum qn_region)(index % QN_REGION_COUNT),
                                   .endpoint_count = 1,
                                   .endpoints = {node->endpoint},
                                   .not_before_ms = LAB_UNIX_MS};
    enum qn_err err = qn_genesis_cert_payload(&cert, scratch, sizeof scratch, &payload);
    QN_ASSERT(err == QN_OK);
    struct qn_hash digest = qn_signing_digest(NULL, payload);
    err = qn_sign(&signature, node->key, QN_SIGN_GENESIS, &digest);
    QN_ASSERT(err == QN_OK);
    return qn_signed_encode(payload, (struct qn_span){signature.bytes, signature.len});
}

static void make_codes(struct qn_lab *lab, uint64_t seed, size_t count,
                       struct qn_activation_batch *batch)
{
    struct qn_hash *leaves = calloc(count, sizeof *leaves);
    lab->codes = calloc(count, sizeof *lab->codes);
    lab->code_count = count;
    QN_ASSERT(leaves != NULL && lab->codes != NULL);
    for (size_t i = 0; i < count; i++) {
        struct qn_activation_code *code = &lab->codes[i];
        memcpy(code->seed, &seed, sizeof seed);
        code->seed[8] = 'c';
        code->seed[9] = (uint8_t)i;
        code->index = (uint32_t)i;
        struct qn_key *key = qn_key_from_seed(QN_SUITE_MLDSA65, code->seed);
        QN_ASSERT(key != NULL);
        leaves[i] = qn_activation_leaf(qn_key_public(key));
        qn_key_free(key);
    }
    *batch = (struct qn_activation_batch){.root = qn_activation_root(leaves, count),
                                          .count = (uint32_t)count,
                                          .class = 1,
                                          .expires_ms = LAB_UNIX_MS + 86400000};
    for (size_t i = 0; i < count; i++) {
        lab->codes[i].batch_root = batch->root;
        lab->codes[i].path_count =
            (uint8_t)qn_activation_path(lab->codes[i].path, leaves, count, i);
    }
    free(leaves);
}

static struct qn_lab_node *add_node(struct qn_lab *lab, uint64_t seed)
{
    QN_ASSERT(lab->count < QN_LAB_NODES_MAX);
    struct qn_lab_node *node = &lab->nodes[lab->count];
    node->key = make_key(seed, lab->count);
    snprintf(node->endpoint.host, sizeof node->endpoint.host,
             lab->is_apart ? "20.%zu.0.1" : "10.0.0.%zu", lab->count + 1);
    node->endpoint.port = QN_DEFAULT_PORT;
    lab->count += 1;
    return node;
}

static struct qn_lab *make_lab(uint64_t seed, size_t genesis_count,
                               enum qn_activation_policy policy, size_t code_count, bool is_apart)
{
    struct qn_lab *lab = calloc(1, sizeof *lab);
    struct qn_buf *certs[QN_LAB_NODES_MAX];
    struct qn_span spans[QN_LAB_NODES_MAX];
    struct qn_genesis_problem problem = {0};
    size_t problem_count = 0;
    QN_ASSERT(lab != NULL);
    qn_rng_init(&lab->rng, seed);
    lab->is_apart = is_apart;
    lab->now = QN_SECONDS(1);
    lab->genesis_count = genesis_count;
    lab->lifetime_ms = 3600000;
    for (size_t i = 0; i < genesis_count; i++) {
        certs[i] = make_cert(add_node(lab, seed), i);
        spans[i] = qn_buf_span(certs[i]);
    }
    struct qn_genesis_parameters parameters = {.policy = policy};
    if (policy == QN_POLICY_WORK) {
        parameters.work = (struct qn_work_cost){QN_LAB_WORK_BITS, QN_LAB_WORK_MEMORY_KIB};
    }
    if (code_count > 0) {
        make_codes(lab, seed, code_count, &parameters.batches[0]);
        parameters.batch_count = 1;
    }
    enum qn_err err = qn_genesis_init(&lab->genesis, &problem, 1, &problem_count, spans,
                                      genesis_count, &parameters);
    if (err != QN_OK) {
        fprintf(stderr, "lab: %s\n", problem.text);
    }
    QN_ASSERT(err == QN_OK);
    for (size_t i = 0; i < genesis_count; i++) {
        qn_buf_drop(certs[i]);
    }
    qn_actions_init(&lab->actions);
    return lab;
}

struct qn_lab *qn_lab_new(uint64_t seed, size_t genesis_count, enum qn_activation_policy policy,
                          size_t code_count)
{
    return make_lab(seed, genesis_count, policy, code_count, false);
}

struct qn_lab *qn_lab_new_apart(uint64_t seed, size_t genesis_count,
                                enum qn_activation_policy policy)
{
    return make_lab(seed, genesis_count, policy, 0, true);
}

static enum qn_region region_of(const struct qn_lab *lab, size_t index)
{
    bool is_dealt = index < lab->genesis_count || !lab->has_region;
    return is_dealt ? (enum qn_region)(index % QN_REGION_COUNT) : lab->region;
}

static void start(struct qn_lab *lab, size_t index, const struct qn_activation_code *code)
{
    struct qn_lab_node *node = &lab->nodes[index];
    QN_ASSERT(node->node == NULL);
    if (!node->keeps_storage || node->storage.context == NULL) {
        qn_storage_memory_open(&node->storage);
    }
    node->halts = 0;
    node->persist_us = 0;
    node->actions_after_halt = 0;
    struct qn_node_config config = {.genesis = &lab->genesis,
                                    .log = lab->log,
                                    .storage = &node->storage,
                                    .key = *qn_key_public(node->key),
                                    .region = region_of(lab, index),
                                    .endpoint_count = node->finds_out ? 0 : 1,
                                    .endpoints = {node->endpoint},
                                    .listen = {"0.0.0.0", QN_DEFAULT_PORT},
                                    .registration_lifetime_ms = lab->lifetime_ms,
                                    .auto_register = true,
                                    .has_lan = node->has_lan,
                                    .links_max = node->links_max > 0 ? node->links_max : 64,
                                    .delta = QN_MS(300),
                                    .heartbeat = QN_HEARTBEAT_INTERVAL,
                                    .snapshot_threshold = node->snapshot_threshold,
                                    .seed = qn_rng_next(&lab->rng),
                                    .software = "qnet/lab"};
    config.bootstrap_id = index < lab->genesis_count ? (unsigned)index + 1 : 0;
    if (code != NULL) {
        node->code_key = qn_key_from_seed(QN_SUITE_MLDSA65, code->seed);
        config.has_activation = true;
        config.activation.batch_root = code->batch_root;
        config.activation.index = code->index;
        config.activation.code_key = *qn_key_public(node->code_key);
        config.activation.path_count = code->path_count;
        memcpy(config.activation.path, code->path, sizeof code->path);
    }
    enum qn_err err = qn_node_new(&node->node, &config, lab->now, qn_lab_unix_ms(lab));
    QN_ASSERT(err == QN_OK);
    node->timer_us = 0;
    arm(lab, index);
}

void qn_lab_set_log(struct qn_lab *lab, const struct qn_log *log)
{
    lab->log = log;
}

void qn_lab_start_genesis(struct qn_lab *lab, size_t index)
{
    QN_ASSERT(index < lab->genesis_count);
    start(lab, index, NULL);
}

size_t qn_lab_add_node(struct qn_lab *lab)
{
    add_node(lab, 77);
    return lab->count - 1;
}

void qn_lab_start(struct qn_lab *lab, size_t index)
{
    start(lab, index, NULL);
}

size_t qn_lab_start_node(struct qn_lab *lab, int code)
{
    add_node(lab, 77);
    start(lab, lab->count - 1, code < 0 ? NULL : &lab->codes[code]);
    return lab->count - 1;
}

static void close_storage(struct qn_lab_node *node)
{
    if (node->storage.context != NULL) {
        node->storage.close(node->storage.context);
        node->storage = (struct qn_storage){0};
    }
}

void qn_lab_restart_node(struct qn_lab *lab, size_t index)
{
    QN_ASSERT(index >= lab->genesis_count);
    start(lab, index, NULL);
}

void qn_lab_set_lifetime(struct qn_lab *lab, uint64_t lifetime_ms)
{
    lab->lifetime_ms = lifetime_ms;
}

void qn_lab_set_region(struct qn_lab *lab, enum qn_region region)
{
    lab->has_region = true;
    lab->region = region;
}

void qn_lab_kill(struct qn_lab *lab, size_t index)
{
    struct qn_lab_node *node = &lab->nodes[index];
    for (size_t i = 0; i < LAB_LINKS_MAX; i++) {
        struct lab_link *link = &lab->links[i];
        if (link->id == 0 || (link->ends[0] != index && link->ends[1] != index)) {
            continue;
        }
        size_t own = link->ends[0] == index ? 0 : 1;
        link->up[own] = false;
        close_end(lab, link, 1 - own, QN_CLOSE_IO);
    }
    lab->incarnations[index] += 1;
    qn_node_free(node->node);
    node->node = NULL;
    if (!node->keeps_storage) {
        close_storage(node);
    }
    qn_key_free(node->code_key);
    node->code_key = NULL;
}

void qn_lab_stop(struct qn_lab *lab, size_t index)
{
    schedule(lab, index, 0, QN_EVENT_SHUTDOWN);
    qn_lab_run(lab, QN_MS(100));
    qn_lab_kill(lab, index);
}

void qn_lab_free(struct qn_lab *lab)
{
    for (size_t i = 0; i < lab->count; i++) {
        if (lab->nodes[i].node != NULL) {
            qn_lab_kill(lab, i);
        }
        close_storage(&lab->nodes[i]);
        qn_key_free(lab->nodes[i].key);
    }
    while (lab->heap_count > 0) {
        free_event(pop(lab));
    }
    free(lab->heap);
    free(lab->codes);
    qn_actions_fini(&lab->actions);
    qn_genesis_fini(&lab->genesis);
    free(lab);
}

void qn_lab_pause(struct qn_lab *lab, size_t index, bool paused)
{
    lab->nodes[index].paused = paused;
}

void qn_lab_block(struct qn_lab *lab, size_t from, size_t to, bool blocked)
{
    lab->blocked[from][to] = blocked;
}

size_t qn_lab_count(const struct qn_lab *lab)
{
    return lab->count;
}

void qn_lab_lose(struct qn_lab *lab, enum qn_message_kind kind, bool lost)
{
    lab->lost[kind] = lost;
}

struct qn_lab_node *qn_lab_node(struct qn_lab *lab, size_t index)
{
    return &lab->nodes[index];
}

struct qn_node_id qn_lab_id(struct qn_lab *lab, size_t index)
{
    return qn_public_key_id(qn_key_public(lab->nodes[index].key));
}

const struct qn_genesis *qn_lab_genesis(const struct qn_lab *lab)
{
    return &lab->genesis;
}

qn_time_us qn_lab_now(const struct qn_lab *lab)
{
    return lab->now;
}

struct qn_node_status qn_lab_status(struct qn_lab *lab, size_t index)
{
    struct qn_node_status status;
    qn_node_status(lab->nodes[index].node, &status, lab->now);
    return status;
}

const struct qn_activation_code *qn_lab_code(const struct qn_lab *lab, size_t index)
{
    return &lab->codes[index];
}

void qn_lab_submit(struct qn_lab *lab, size_t index, qn_request_token token, struct qn_buf *tx)
{
    struct lab_event *event = schedule(lab, index, 0, QN_EVENT_REQUEST);
    event->event.request.token = token;
    event->event.request.kind = QN_REQUEST_SUBMIT;
    event->bytes = qn_buf_hold(tx);
}

const struct qn_submit_result *qn_lab_reply(struct qn_lab *lab, qn_request_token token)
{
    for (size_t i = 0; i < lab->reply_count; i++) {
        if (lab->replies[i].token == token) {
            return &lab->replies[i].result;
        }
    }
    return NULL;
}

struct qn_signature qn_lab_sign(struct qn_lab *lab, size_t index, enum qn_sign_kind kind,
                                const struct qn_hash *digest)
{
    struct qn_signature signature;
    enum qn_err err = qn_sign(&signature, lab->nodes[index].key, kind, digest);
    QN_ASSERT(err == QN_OK);
    return signature;
}

struct qn_buf *qn_lab_sign_tx(struct qn_lab *lab, size_t index, const struct qn_tx *tx)
{
    uint8_t scratch[QN_TX_LEN_MAX];
    struct qn_span payload;
    enum qn_err err = qn_tx_payload(tx, scratch, sizeof scratch, &payload);
    QN_ASSERT(err == QN_OK);
    struct qn_hash digest = qn_signing_digest(&lab->genesis.network, payload);
    struct qn_signature signature = qn_lab_sign(lab, index, QN_SIGN_TRANSACTION, &digest);
    return qn_signed_encode(payload, (struct qn_span){signature.bytes, signature.len});
}

void qn_lab_map(struct qn_lab *lab, size_t index, const char *external)
{
    struct lab_event *event = schedule(lab, index, 0, QN_EVENT_MAPPED);
    event->event.mapped.external = (struct qn_endpoint){.port = 0};
    if (external != NULL) {
        enum qn_err err = qn_endpoint_parse(&event->event.mapped.external, external);
        QN_ASSERT(err == QN_OK);
    }
}

bool qn_lab_inject(struct qn_lab *lab, size_t from, size_t to, enum qn_message_kind kind,
                   uint32_t request_id, struct qn_span bytes)
{
    for (size_t i = 0; i < LAB_LINKS_MAX; i++) {
        struct lab_link *link = &lab->links[i];
        for (size_t end = 0; end < 2 && link->id != 0; end++) {
            if (link->ends[1 - end] == from && link->ends[end] == to && link->up[end] &&
                link->up[1 - end]) {
                deliver(lab, link, end, kind, request_id, qn_buf_copy(bytes));
                return true;
            }
        }
    }
    return false;
}

uint64_t qn_lab_sent(const struct qn_lab *lab, size_t index, enum qn_message_kind kind)
{
    return lab->sent[index][kind];
}

uint64_t qn_lab_tickets_checked(const struct qn_lab *lab, size_t index)
{
    return lab->tickets_checked[index];
}

void qn_lab_set_tamper(struct qn_lab *lab, qn_lab_tamper tamper)
{
    lab->tamper = tamper;
}

uint64_t qn_lab_delivered(const struct qn_lab *lab, enum qn_message_kind kind)
{
    return lab->delivered[kind];
}

int qn_lab_closed_by(const struct qn_lab *lab, size_t by, size_t other)
{
    return lab->closed[by][other] - 1;
}
