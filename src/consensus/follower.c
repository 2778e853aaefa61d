/* Block sync: asking, time-outs, what others say about their heads. */
#include "consensus/follower_state.h"

#include <stdlib.h>

struct qn_follower *qn_follower_new(const struct qn_follower_config *config)
{
    struct qn_follower *f = calloc(1, sizeof *f);

    QN_ASSERT(f != NULL);
    f->network = config->network;
    f->epoch = config->epoch;
    f->validators = config->validators;
    f->log = config->log;
    f->final_height = config->final_height;
    f->final_id = config->final_id;
    return f;
}

void qn_follower_free(struct qn_follower *f)
{
    if (f != NULL) {
        qn_follower_drop_items(f);
        qn_buf_drop(f->ahead.bytes);
        free(f);
    }
}

void qn_follower_begin(struct qn_follower *f, struct qn_follower_actions *out, qn_time_us now)
{
    f->out = out;
    f->now = now > f->now ? now : f->now;
}

static void request(struct qn_follower *f, struct qn_source *source, uint64_t from_height)
{
    source->asked_count = ++f->asked_count;
    struct qn_follower_action *action = qn_follower_emit(f, QN_FOLLOWER_REQUEST);
    action->source = source->id;
    action->request = (struct qn_get_blocks){.from_height = from_height,
                                             .count_max = QN_BLOCKS_PER_REPLY_MAX,
                                             .bytes_max = QN_MESSAGE_LEN_MAX};
}

static void drop_ahead(struct qn_follower *f)
{
    qn_buf_drop(f->ahead.bytes);
    f->ahead = (struct qn_prefetch){.state = QN_PREFETCH_NONE};
}

void qn_follower_ask_ahead(struct qn_follower *f)
{
    uint64_t last = f->items[f->item_count - 1].block->header.height;
    struct qn_source *source = f->rests ? NULL : qn_source_pick(f, last);

    if (source == NULL || f->ahead.state != QN_PREFETCH_NONE) {
        return;
    }
    f->ahead = (struct qn_prefetch){.state = QN_PREFETCH_ASKED,
                                    .source = source->id,
                                    .from_height = last + 1,
                                    .deadline = f->now + QN_FOLLOWER_TIMEOUT};
    request(f, source, last + 1);
}

static enum qn_err take_reply(struct qn_follower *f, struct qn_span bytes);

/* What was asked for ahead is what is wanted now. */
static void take_ahead(struct qn_follower *f)
{
    struct qn_prefetch ahead = f->ahead;

    f->ahead = (struct qn_prefetch){.state = QN_PREFETCH_NONE};
    f->stage = QN_FOLLOWER_ASKING;
    f->source = ahead.source;
    f->from_height = ahead.from_height;
    f->deadline = ahead.deadline;
    if (ahead.state == QN_PREFETCH_HERE) {
        enum qn_err err = take_reply(f, qn_buf_span(ahead.bytes));
        if (err != QN_OK) { /* nobody waits for the result: it is told as a fault */
            struct qn_follower_action *action = qn_follower_emit(f, QN_FOLLOWER_FAULT);
            action->source = ahead.source;
            action->err = err;
        }
    }
    qn_buf_drop(ahead.bytes);
}

void qn_follower_ask(struct qn_follower *f)
{
    if (f->stage != QN_FOLLOWER_IDLE || f->rests) {
        return;
    }
    if (f->ahead.state != QN_PREFETCH_NONE && f->ahead.from_height == f->final_height + 1) {
        take_ahead(f);
        return;
    }
    drop_ahead(f);
    struct qn_source *source = qn_source_pick(f, f->final_height);
    if (source == NULL) {
        return;
    }
    f->stage = QN_FOLLOWER_ASKING;
    f->source = source->id;
    f->from_height = f->final_height + 1;
    f->deadline = f->now + QN_FOLLOWER_TIMEOUT;
    request(f, source, f->from_height);
}

void qn_follower_give_up(struct qn_follower *f, bool fault, enum qn_err err)
{
    qn_follower_source source = f->source;

    qn_log(f->log, QN_LOG_INFO, "follower", "source_failed", "from=%llu reason=%s",
           (unsigned long long)f->from_height, qn_err_name(err));
    qn_source_failed(f, source);
    qn_follower_drop_items(f);
    f->stage = QN_FOLLOWER_IDLE;
    if (fault) {
        struct qn_follower_action *action = qn_follower_emit(f, QN_FOLLOWER_FAULT);
        action->source = source;
        action->err = err;
        f->faults += 1;
    }
    qn_follower_ask(f);
}

void qn_follower_on_head(struct qn_follower *f, struct qn_follower_actions *out,
                         qn_follower_source source, uint64_t height, qn_time_us now)
{
    qn_follower_begin(f, out, now);
    struct qn_source *held = qn_source_get(f, source);
    if (held != NULL) {
        held->height = height;
        f->highest = height > f->highest ? height : f->highest;
        qn_follower_ask(f);
    }
}

void qn_follower_on_gone(struct qn_follower *f, struct qn_follower_actions *out,
                         qn_follower_source source, qn_time_us now)
{
    qn_follower_begin(f, out, now);
    bool asked = f->stage == QN_FOLLOWER_ASKING && f->source == source;
    qn_source_remove(f, source);
    if (f->ahead.state == QN_PREFETCH_ASKED && f->ahead.source == source) {
        drop_ahead(f);
    }
    if (asked) {
        f->stage = QN_FOLLOWER_IDLE;
        qn_follower_ask(f);
    }
}

/* It has nothing for us, whatever it said; until it says so again, and not at once. */
static void nothing_there(struct qn_follower *f)
{
    struct qn_source *source = qn_source_find(f, f->source);

    if (source != NULL) {
        source->height = 0;
    }
    qn_follower_give_up(f, false, QN_ERR_NOT_FOUND);
}

static enum qn_err take_reply(struct qn_follower *f, struct qn_span bytes)
{
    struct qn_blocks blocks;
    enum qn_err err = qn_blocks_decode(&blocks, bytes);

    if (err == QN_OK && blocks.count == 0) {
        nothing_there(f);
        return QN_OK;
    }
    if (err == QN_OK) {
        err = qn_follower_take(f, &blocks);
    }
    if (err != QN_OK) {
        f->faults += 1;
        qn_follower_give_up(f, false, err); /* the owner closes the link on our result */
        return err;
    }
    qn_follower_skip(f);
    if (f->item_next == f->item_count) { /* consensus was faster */
        qn_follower_drop_items(f);
        f->stage = QN_FOLLOWER_IDLE;
        qn_follower_ask(f);
        return QN_OK;
    }
    f->stage = QN_FOLLOWER_PROVING;
    qn_follower_verify(f, f->item_count - (f->path_cert == NULL));
    qn_follower_ask_ahead(f);
    return QN_OK;
}

enum qn_err qn_follower_on_blocks(struct qn_follower *f, struct qn_follower_actions *out,
                                  qn_follower_source source, struct qn_span bytes, qn_time_us now)
{
    qn_follower_begin(f, out, now);
    if (f->ahead.state == QN_PREFETCH_ASKED && f->ahead.source == source) {
        if (bytes.len == 0) {
            qn_source_failed(f, source);
            drop_ahead(f);
        } else {
            f->ahead.state = QN_PREFETCH_HERE;
            f->ahead.bytes = qn_buf_copy(bytes);
        }
        return QN_OK;
    }
    if (f->stage != QN_FOLLOWER_ASKING || f->source != source) {
        return QN_OK; /* after its time-out */
    }
    if (bytes.len == 0) {
        qn_follower_give_up(f, false, QN_ERR_BUSY);
        return QN_OK;
    }
    return take_reply(f, bytes);
}

void qn_follower_on_committed(struct qn_follower *f, struct qn_follower_actions *out,
                              uint64_t height, const struct qn_hash *block_id, qn_time_us now)
{
    qn_follower_begin(f, out, now);
    if (height <= f->final_height) {
        return;
    }
    f->final_height = height;
    f->final_id = *block_id;
    if (f->stage == QN_FOLLOWER_PROVING || f->stage == QN_FOLLOWER_TAKING) {
        /* What is left of the reply would have to be tied to the new block; asking again is simpler. */
        qn_follower_drop_items(f);
        f->stage = QN_FOLLOWER_IDLE;
    }
    qn_follower_ask(f);
}

void qn_follower_rest(struct qn_follower *f, struct qn_follower_actions *out, bool rests,
                      qn_time_us now)
{
    qn_follower_begin(f, out, now);
    f->rests = rests;
    qn_follower_ask(f);
}

void qn_follower_poll(struct qn_follower *f, struct qn_follower_actions *out, qn_time_us now)
{
    qn_follower_begin(f, out, now);
    if (f->stage == QN_FOLLOWER_ASKING && f->now >= f->deadline) {
        qn_follower_give_up(f, false, QN_ERR_TIMEOUT);
        return;
    }
    qn_follower_ask(f);
}

qn_time_us qn_follower_deadline(const struct qn_follower *f)
{
    qn_time_us deadline = QN_FOLLOWER_NEVER;

    if (f->stage == QN_FOLLOWER_ASKING) {
        return f->deadline;
    }
    if (f->highest <= f->final_height) {
        return deadline; /* the usual case, asked for at each turn of the loop */
    }
    for (size_t i = 0; f->stage == QN_FOLLOWER_IDLE && !f->rests && i < f->source_count; i++) {
        const struct qn_source *source = &f->sources[i];
        if (source->height > f->final_height && source->retry_at < deadline) {
            deadline = source->retry_at;
        }
    }
    return deadline;
}

uint64_t qn_follower_target(const struct qn_follower *f)
{
    uint64_t target = f->final_height;

    for (size_t i = 0; i < f->source_count; i++) {
        target = f->sources[i].height > target ? f->sources[i].height : target;
    }
    return target;
}

uint64_t qn_follower_height(const struct qn_follower *f)
{
    return f->final_height;
}
