/* Block sync under a stream of heads, replies, time-outs and vanishing sources. Only what a good
 * certificate proves may be executed, only what was executed may be committed, one height after the
 * other. A signature is good if its first byte is 1. */
#include "consensus/follower.h"

#include <stdlib.h>

enum { VALIDATORS = 4, BLOCKS = 24, FORKED_FROM = 16, SOURCES = 5, DRAINED_MAX = 100000 };

struct input {
    const uint8_t *at;
    size_t left;
};

struct machine {
    struct qn_follower *f;
    struct qn_follower_actions actions; /* kept from run to run: large */
    qn_time_us now;
    struct qn_validator_set validators;
    struct qn_block *blocks[BLOCKS]; /* a chain; from FORKED_FROM on another one, from genesis */
    bool asked;
    struct qn_follower_action request;
    uint64_t height;
    struct qn_hash committed;
    struct qn_hash executed;
    uint64_t verified_good;
    uint8_t mood; /* how CHECK is answered */
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

static struct machine *machine_new(const struct qn_follower_actions *actions)
{
    struct machine *m = calloc(1, sizeof *m);
    struct qn_public_key keys[VALIDATORS] = {0};

    require(m != NULL);
    for (unsigned i = 0; i < BLOCKS; i++) {
        struct qn_header header = {.version = 1, .time_ms = i};
        const struct qn_block *parent = i == 0 ? NULL : m->blocks[i == FORKED_FROM ? 0 : i - 1];
        if (parent != NULL) {
            header.parent = parent->id;
            header.height = parent->header.height + 1;
        }
        m->blocks[i] = qn_block_new(&header, NULL, 0);
    }
    for (unsigned i = 0; i < VALIDATORS; i++) {
        keys[i].suite = QN_SUITE_MLDSA65;
        keys[i].spki_len = 1;
        keys[i].spki[0] = (uint8_t)i;
    }
    require(qn_validator_set_init(&m->validators, keys, VALIDATORS) == QN_OK);
    struct qn_follower_config config = {.validators = &m->validators, .final_id = m->blocks[0]->id};
    m->f = qn_follower_new(&config);
    m->committed = m->blocks[0]->id;
    m->actions = *actions;
    return m;
}

static void machine_free(struct machine *m)
{
    qn_follower_free(m->f);
    qn_validator_set_fini(&m->validators);
    for (unsigned i = 0; i < BLOCKS; i++) {
        qn_block_drop(m->blocks[i]);
    }
    free(m);
}

static void on_check(struct machine *m, const struct qn_follower_action *action)
{
    enum qn_err verdict = m->mood % 8 == 7 ? QN_ERR_WRONG_ROOT : QN_OK;

    require(action->block->header.height == m->height + 1);
    require(qn_hash_equal(&action->block->header.parent, &m->committed));
    require(m->verified_good >= qn_quorum(VALIDATORS));
    if (verdict == QN_OK) {
        m->executed = action->block->id;
    }
    if (m->mood % 8 != 6) { /* else it stays open */
        qn_follower_on_checked(m->f, &m->actions, action->cookie, verdict, m->now);
    }
}

static void on_action(struct machine *m, const struct qn_follower_action *action)
{
    bool good = action->signature.bytes[0] == 1;

    switch (action->kind) {
    case QN_FOLLOWER_REQUEST:
        require(action->request.from_height > m->height);
        m->asked = true;
        m->request = *action;
        if (action->request.from_height == m->height + 1) { /* not one that is asked ahead */
            m->verified_good = 0;
        }
        break;
    case QN_FOLLOWER_VERIFY:
        m->verified_good += good;
        qn_follower_on_verified(m->f, &m->actions, action->cookie, good, m->now);
        break;
    case QN_FOLLOWER_CHECK:
        on_check(m, action);
        break;
    case QN_FOLLOWER_COMMIT:
        require(action->block->header.height == m->height + 1);
        require(qn_hash_equal(&action->block->id, &m->executed));
        m->height += 1;
        m->committed = action->block->id;
        break;
    case QN_FOLLOWER_FAULT:
        break;
    }
}

static void drain(struct machine *m)
{
    struct qn_follower_action action;
    unsigned count = 0;

    while (qn_follower_actions_pop(&m->actions, &action)) {
        require(count++ < DRAINED_MAX);
        on_action(m, &action);
        qn_block_drop(action.block);
        qn_buf_drop(action.cert);
    }
    require(qn_follower_height(m->f) == m->height);
}

static struct qn_buf *make_cert(const struct qn_block *block, uint8_t choice)
{
    static const uint8_t signature[2] = {1, 2};
    struct qn_cert cert = {.kind = QN_VOTE_FINALIZE,
                           .view = block->header.height + 1,
                           .block_id = block->id,
                           .bitmap_len = 1,
                           .bitmap = {choice % 16 == 0 ? 3 : 7}};

    cert.signature_count = choice % 16 == 0 ? 2 : 3;
    for (size_t i = 0; i < cert.signature_count; i++) {
        cert.signatures[i] = (struct qn_span){&signature[choice % 16 == i + 1], 1};
    }
    return qn_cert_encode(&cert);
}

static void reply(struct machine *m, struct input *in, qn_follower_source source)
{
    struct qn_blocks blocks = {.count = take(in) % 10};
    struct qn_buf *certs[10] = {0};
    struct qn_buf *bytes = NULL;
    size_t first = take(in) % 4 == 0 ? take(in) : m->height + 1;

    for (size_t i = 0; i < blocks.count; i++) {
        const struct qn_block *block = m->blocks[(first + i) % BLOCKS];
        uint8_t choice = take(in);
        blocks.items[i].block = qn_buf_span(block->encoded);
        if (choice % 2 == 0 || i + 1 == blocks.count) {
            certs[i] = make_cert(block, choice / 2);
            blocks.items[i].cert = qn_buf_span(certs[i]);
        }
    }
    require(qn_blocks_encode(&bytes, &blocks) == QN_OK);
    enum qn_err err = qn_follower_on_blocks(m->f, &m->actions, source, qn_buf_span(bytes), m->now);
    (void)err; /* the source's affair */
    qn_buf_drop(bytes);
    for (size_t i = 0; i < blocks.count; i++) {
        qn_buf_drop(certs[i]);
    }
}

static void reply_raw(struct machine *m, struct input *in, qn_follower_source source)
{
    size_t len = take(in);

    len = len < in->left ? len : in->left;
    enum qn_err err =
        qn_follower_on_blocks(m->f, &m->actions, source, (struct qn_span){in->at, len}, m->now);
    (void)err;
    in->at += len;
    in->left -= len;
}

/* Consensus was faster by one block. */
static void committed(struct machine *m)
{
    for (unsigned i = 1; i < BLOCKS; i++) {
        if (qn_hash_equal(&m->blocks[i]->header.parent, &m->committed)) {
            m->height += 1;
            m->committed = m->blocks[i]->id;
            qn_follower_on_committed(m->f, &m->actions, m->height, &m->committed, m->now);
            return;
        }
    }
}

static void operate(struct machine *m, struct input *in)
{
    uint8_t what = take(in);
    qn_follower_source source = what >> 4U;
    qn_follower_source asked = m->asked && what < 0xc0 ? m->request.source : source % SOURCES;

    switch (what & 7U) {
    case 0:
        qn_follower_on_head(m->f, &m->actions, source % SOURCES, take(in), m->now);
        break;
    case 1:
    case 2:
    case 3:
        reply(m, in, asked);
        break;
    case 4:
        reply_raw(m, in, asked);
        break;
    case 5:
        qn_follower_on_gone(m->f, &m->actions, source % SOURCES, m->now);
        break;
    case 6:
        m->mood = take(in);
        if (m->mood % 16 == 15) {
            committed(m);
        }
        break;
    default:
        m->now += QN_MS(50) * take(in);
        qn_follower_poll(m->f, &m->actions, m->now);
        break;
    }
    drain(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    static struct qn_follower_actions actions;
    const char *why = NULL;
    struct input in = {data, size};

    if (!ready) {
        require(qn_crypto_init(&why) == QN_OK);
        qn_follower_actions_init(&actions);
        ready = true;
    }
    struct machine *m = machine_new(&actions);
    while (in.left > 0) {
        operate(m, &in);
    }
    machine_free(m);
    return 0;
}
