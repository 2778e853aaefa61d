/* Whom to ask for blocks: claims cost nothing, so they only order the asking. Who disappoints waits,
 * twice as long each time. */
#include "consensus/follower_state.h"

struct qn_source *qn_source_find(struct qn_follower *f, qn_follower_source id)
{
    for (size_t i = 0; i < f->source_count; i++) {
        if (f->sources[i].used && f->sources[i].id == id) {
            return &f->sources[i];
        }
    }
    return NULL;
}

struct qn_source *qn_source_get(struct qn_follower *f, qn_follower_source id)
{
    struct qn_source *source = qn_source_find(f, id);

    if (source == NULL && f->source_count < QN_FOLLOWER_SOURCES_MAX) {
        source = &f->sources[f->source_count++];
        *source = (struct qn_source){.used = true, .id = id};
    }
    return source;
}

void qn_source_remove(struct qn_follower *f, qn_follower_source id)
{
    struct qn_source *source = qn_source_find(f, id);

    if (source != NULL) {
        f->source_count -= 1;
        *source = f->sources[f->source_count];
        f->sources[f->source_count].used = false;
    }
}

static bool is_better(const struct qn_source *a, const struct qn_source *b)
{
    if (a->failures != b->failures) {
        return a->failures < b->failures;
    }
    return a->asked_count < b->asked_count;
}

struct qn_source *qn_source_pick(struct qn_follower *f, uint64_t above)
{
    struct qn_source *best = NULL;

    for (size_t i = 0; i < f->source_count; i++) {
        struct qn_source *source = &f->sources[i];
        if (source->height > above && source->retry_at <= f->now &&
            (best == NULL || is_better(source, best))) {
            best = source;
        }
    }
    return best;
}

void qn_source_failed(struct qn_follower *f, qn_follower_source id)
{
    struct qn_source *source = qn_source_find(f, id);
    qn_time_us wait = QN_FOLLOWER_RETRY_MIN;

    f->failures += 1;
    if (source == NULL) {
        return;
    }
    for (unsigned i = 0; i < source->failures && wait < QN_FOLLOWER_RETRY_MAX; i++) {
        wait *= 2;
    }
    source->failures += 1;
    source->retry_at = f->now + wait;
}

void qn_source_succeeded(struct qn_follower *f, qn_follower_source id)
{
    struct qn_source *source = qn_source_find(f, id);

    if (source != NULL) {
        source->failures = 0;
        source->retry_at = 0;
    }
}
