/* The voting part under a stream of events: messages of every validator, well-formed with chosen contents or
 * raw bytes, links, transactions and time. All other validators may be hostile here, so it is not
 * agreement that is checked but what one validator owes whatever it hears: no contradicting votes of its
 * own, nothing sent before it is durable, ascending commits, bounded actions, no crash.
 *
 * The input is a list of operations: one byte says which, the next ones are its arguments. A signature is
 * good if its first byte is 1. */
#include "consensus/consensus.h"

#include <stdlib.h>
#include <string.h>

enum {
    VALIDATORS = 4,
    BLOCKS = 16,
    VIEWS = 512, /* whose own votes are compared */
    DRAINED_MAX = 100000,
    KINDS = 3,
};

struct input {
    const uint8_t *at;
    size_t left;
};

struct machine {
    struct qn_consensus *c;
    struct qn_consensus_actions actions; /* kept from run to run: large */
    qn_time_us now;
    struct qn_validator_set validators;
    struct qn_block
        *blocks[BLOCKS]; /* a tree: the parent of block i is block i / 2; 0 is genesis */
    struct qn_hash committed;
    uint64_t height;
    bool cast[VIEWS][KINDS];
    bool durable[VIEWS][KINDS];
    struct qn_hash digest[VIEWS][KINDS];
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static uint8_t take(struct input *in)
{
    if (in->left == 0) {
        return 0;
    }
    in->left -= 1;
    return *in->at++;
}

static struct qn_signature take_signature(struct input *in)
{
    return (struct qn_signature){.len = 1, .bytes = {(uint8_t)(take(in) % 4 != 0)}};
}

static void make_blocks(struct machine *m)
{
    for (unsigned i = 0; i < BLOCKS; i++) {
        struct qn_header header = {.version = 1, .time_ms = i};
        if (i > 0) {
            header.parent = m->blocks[i / 2]->id;
            header.height = m->blocks[i / 2]->header.height + 1;
        }
        m->blocks[i] = qn_block_new(&header, NULL, 0);
    }
}

static struct machine *machine_new(const struct qn_consensus_actions *actions)
{
    struct machine *m = calloc(1, sizeof *m);
    struct qn_public_key keys[VALIDATORS] = {0};

    require(m != NULL);
    make_blocks(m);
    for (unsigned i = 0; i < VALIDATORS; i++) {
        keys[i].suite = QN_SUITE_MLDSA65;
        keys[i].spki_len = 1;
        keys[i].spki[0] = (uint8_t)i;
    }
    require(qn_validator_set_init(&m->validators, keys, VALIDATORS) == QN_OK);
    struct qn_consensus_config config = {.validators = &m->validators,
                                         .delta = QN_MS(10),
                                         .heartbeat = QN_SECONDS(10),
                                         .resend_min = QN_MS(20),
                                         .resend_max = QN_SECONDS(5),
                                         .final_block = m->blocks[0]};
    m->c = qn_consensus_new(&config, 0);
    m->committed = m->blocks[0]->id;
    m->actions = *actions;
    return m;
}

static void machine_free(struct machine *m)
{
    qn_consensus_free(m->c);
    qn_validator_set_fini(&m->validators);
    for (unsigned i = 0; i < BLOCKS; i++) {
        qn_block_drop(m->blocks[i]);
    }
    free(m);
}

static void check_own_vote(struct machine *m, uint64_t view, enum qn_vote_kind kind,
                           const struct qn_hash *digest)
{
    unsigned index = kind - 1U;

    if (view >= VIEWS) {
        return;
    }
    require(m->durable[view][index]);
    require(!m->cast[view][index] || qn_hash_equal(&m->digest[view][index], digest));
    m->cast[view][index] = true;
    m->digest[view][index] = *digest;
    require(!m->cast[view][QN_VOTE_FINALIZE - 1] || !m->cast[view][QN_VOTE_NULLIFY - 1]);
}

static void on_send(struct machine *m, const struct qn_consensus_action *action)
{
    static const struct qn_network_id network;
    struct qn_vote vote;
    struct qn_span bytes = qn_buf_span(action->bytes);
    enum qn_vote_kind kind =
        (enum qn_vote_kind)((int)action->message_kind - QN_NOTARIZE + QN_VOTE_NOTARIZE);

    if (action->message_kind < QN_NOTARIZE || action->message_kind > QN_NULLIFY) {
        return;
    }
    require(qn_vote_decode(&vote, kind, bytes) == QN_OK);
    struct qn_hash digest =
        kind == QN_VOTE_FINALIZE ? vote.p
        : kind == QN_VOTE_NULLIFY
            ? qn_nullify_digest(&network, 0, vote.view)
            : qn_proposal_digest(&network, 0, vote.view, vote.parent_view, &vote.block_id);
    check_own_vote(m, vote.view, kind, &digest);
}

static void on_commit(struct machine *m, const struct qn_consensus_action *action)
{
    require(action->block->header.height == m->height + 1);
    require(qn_hash_equal(&action->block->header.parent, &m->committed));
    m->height += 1;
    m->committed = action->block->id;
}

static void on_persist(struct machine *m, const struct qn_consensus_action *action)
{
    uint64_t view = action->cookie / (KINDS + 1);
    uint64_t kind = action->cookie % (KINDS + 1);

    if (action->cookie == 0) {
        return; /* written in order, before what follows it */
    }
    require(kind >= 1);
    if (view < VIEWS) {
        m->durable[view][kind - 1] = true;
    }
    qn_consensus_on_persisted(m->c, &m->actions, action->cookie, m->now);
}

static void on_build(struct machine *m, const struct qn_consensus_action *action)
{
    struct qn_block *child = NULL;

    for (unsigned i = 1; i < BLOCKS && child == NULL; i++) {
        child = qn_hash_equal(&m->blocks[i]->header.parent, &action->digest) ? m->blocks[i] : NULL;
    }
    qn_consensus_on_built(m->c, &m->actions, action->cookie, child, m->now);
}

static void on_action(struct machine *m, const struct qn_consensus_action *action)
{
    struct qn_signature signature = {.len = 1, .bytes = {1}};

    switch (action->kind) {
    case QN_CONSENSUS_SEND:
        on_send(m, action);
        break;
    case QN_CONSENSUS_SIGN:
        qn_consensus_on_signed(m->c, &m->actions, action->cookie, &signature, m->now);
        break;
    case QN_CONSENSUS_VERIFY:
        qn_consensus_on_verified(m->c, &m->actions, action->cookie, action->signature.bytes[0] == 1,
                                 m->now);
        break;
    case QN_CONSENSUS_PERSIST:
        on_persist(m, action);
        break;
    case QN_CONSENSUS_BUILD:
        on_build(m, action);
        break;
    case QN_CONSENSUS_CHECK: /* blocks of another shape than ours are invalid */
        qn_consensus_on_checked(m->c, &m->actions, action->cookie,
                                action->block->header.flags == 0 ? QN_OK : QN_ERR_WRONG_ROOT,
                                m->now);
        break;
    case QN_CONSENSUS_COMMIT:
        on_commit(m, action);
        break;
    case QN_CONSENSUS_FAULT:
    case QN_CONSENSUS_BEHIND:
    case QN_CONSENSUS_EVIDENCE:
        require(action->validator > 0 && action->validator < VALIDATORS);
        break;
    }
}

static void drain(struct machine *m)
{
    struct qn_consensus_action action;
    unsigned count = 0;

    while (qn_consensus_actions_pop(&m->actions, &action)) {
        require(count++ < DRAINED_MAX);
        on_action(m, &action);
        qn_consensus_action_drop(&action);
    }
}

static void deliver(struct machine *m, int validator, enum qn_message_kind kind,
                    struct qn_buf *bytes)
{
    enum qn_err err =
        qn_consensus_on_message(m->c, &m->actions, validator, kind, qn_buf_span(bytes), m->now);

    (void)err; /* the sender's affair */
    qn_buf_drop(bytes);
}

/* Near the current view, mostly. */
static uint64_t take_view(const struct machine *m, struct input *in)
{
    struct qn_consensus_info info;
    uint8_t choice = take(in);

    qn_consensus_info(m->c, &info);
    return choice < 250 ? info.view + 2 - (choice % 8 < info.view + 2 ? choice % 8 : 0)
                        : (uint64_t)choice << (choice % 4 * 16);
}

static void send_vote(struct machine *m, struct input *in, int validator)
{
    static const struct qn_network_id network;
    struct qn_vote vote = {.kind = (enum qn_vote_kind)(1 + take(in) % KINDS)};

    vote.view = take_view(m, in);
    vote.parent_view = take(in) % 16;
    vote.block_id = m->blocks[take(in) % BLOCKS]->id;
    vote.p = qn_proposal_digest(&network, 0, vote.view, vote.parent_view, &vote.block_id);
    vote.signature = take_signature(in);
    deliver(m, validator, (enum qn_message_kind)((int)vote.kind - QN_VOTE_NOTARIZE + QN_NOTARIZE),
            qn_vote_encode(&vote));
}

static void send_propose(struct machine *m, struct input *in, int validator)
{
    struct qn_propose propose = {.view = take_view(m, in), .parent_view = take(in) % 16};

    propose.block = qn_buf_span(m->blocks[take(in) % BLOCKS]->encoded);
    propose.signature = take_signature(in);
    deliver(m, validator, QN_PROPOSE, qn_propose_encode(&propose));
}

static void send_cert(struct machine *m, struct input *in, int validator)
{
    struct qn_cert cert = {.kind = (enum qn_vote_kind)(1 + take(in) % KINDS), .bitmap_len = 1};
    uint8_t good = (uint8_t)(take(in) % 8 != 0);

    cert.view = take_view(m, in);
    cert.parent_view = take(in) % 16;
    cert.block_id = m->blocks[take(in) % BLOCKS]->id;
    cert.bitmap[0] = take(in) % 16;
    cert.bitmap[0] = cert.bitmap[0] == 0 ? 7 : cert.bitmap[0];
    for (unsigned i = 0; i < VALIDATORS; i++) {
        if ((cert.bitmap[0] & 1U << i) != 0 && cert.signature_count < VALIDATORS) {
            cert.signatures[cert.signature_count++] = (struct qn_span){&good, 1};
        }
    }
    deliver(m, validator, QN_CERT, qn_cert_encode(&cert));
}

static void send_raw(struct machine *m, struct input *in, int validator)
{
    enum qn_message_kind kind = (enum qn_message_kind)(QN_PROPOSE + take(in) % 9);
    size_t len = take(in);

    len = len < in->left ? len : in->left;
    deliver(m, validator, kind, qn_buf_copy((struct qn_span){in->at, len}));
    in->at += len;
    in->left -= len;
}

static void send_status(struct machine *m, struct input *in, int validator)
{
    struct qn_status status = {.view = take_view(m, in), .final_height = take(in)};
    struct qn_consensus_request request = {
        .want = take(in) % 2 == 0 ? QN_WANT_VIEW : QN_WANT_HEIGHT, .number = status.view};

    status.final_id = m->blocks[take(in) % BLOCKS]->id;
    deliver(m, validator, QN_STATUS, qn_status_encode(&status));
    deliver(m, validator, QN_CONSENSUS_REQUEST, qn_consensus_request_encode(&request));
}

/* As block sync would: to a child of what is committed. */
static void sync_one(struct machine *m, struct input *in)
{
    uint64_t view = take_view(m, in);

    for (unsigned i = 1; i < BLOCKS; i++) {
        if (qn_hash_equal(&m->blocks[i]->header.parent, &m->committed)) {
            struct qn_consensus_info info;
            qn_consensus_info(m->c, &info);
            m->height += 1;
            m->committed = m->blocks[i]->id;
            qn_consensus_on_synced(
                m->c, &m->actions, m->blocks[i],
                view > info.final_view && view < VIEWS ? view : info.final_view + 1, m->now);
            return;
        }
    }
}

static void operate(struct machine *m, struct input *in)
{
    uint8_t what = take(in);
    int validator = 1 + (what >> 4) % (VALIDATORS - 1);

    switch (what & 15U) {
    case 0:
        send_raw(m, in, validator);
        break;
    case 1:
    case 2:
    case 3:
    case 4:
        send_vote(m, in, validator);
        break;
    case 5:
    case 6:
    case 7:
        send_propose(m, in, validator);
        break;
    case 8:
    case 9:
        send_cert(m, in, validator);
        break;
    case 10:
        send_status(m, in, validator);
        break;
    case 11:
        qn_consensus_on_link(m->c, &m->actions, validator, take(in) % 2 == 0, m->now);
        break;
    case 12:
        qn_consensus_on_pending(m->c, &m->actions, take(in) % 4 != 0, m->now);
        break;
    case 13:
        sync_one(m, in);
        break;
    default:
        m->now = qn_consensus_deadline(m->c) < m->now + QN_SECONDS(20) ? qn_consensus_deadline(m->c)
                                                                       : m->now + QN_MS(take(in));
        qn_consensus_poll(m->c, &m->actions, m->now);
        break;
    }
    drain(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    static struct qn_consensus_actions actions;
    const char *why = NULL;
    struct input in = {data, size};

    if (!ready) {
        require(qn_crypto_init(&why) == QN_OK);
        qn_consensus_actions_init(&actions);
        ready = true;
    }
    struct machine *m = machine_new(&actions);
    qn_consensus_start(m->c, &m->actions, 0);
    drain(m);
    while (in.left > 0) {
        operate(m, &in);
    }
    machine_free(m);
    return 0;
}
