#include "gossip/announcer.h"

#include <stdlib.h>
#include <string.h>

void qn_announcer_init(struct qn_announcer *announcer, uint64_t hash_key0, uint64_t hash_key1)
{
    *announcer = (struct qn_announcer){0};
    qn_map_init(&announcer->seen, QN_ANNOUNCER_SEEN_MAX, hash_key0, hash_key1);
    announcer->seen_order = calloc(QN_ANNOUNCER_SEEN_MAX, sizeof announcer->seen_order[0]);
    announcer->waiting = calloc(QN_ANNOUNCER_WAITING_MAX, sizeof announcer->waiting[0]);
    QN_ASSERT(announcer->seen_order != NULL && announcer->waiting != NULL);
}

void qn_announcer_fini(struct qn_announcer *announcer)
{
    for (size_t i = 0; i < announcer->waiting_count; i++) {
        qn_buf_drop(announcer->waiting[i].record);
    }
    free(announcer->waiting);
    free(announcer->seen_order);
    qn_map_fini(&announcer->seen);
    *announcer = (struct qn_announcer){0};
}

bool qn_announcer_is_new(struct qn_announcer *announcer, struct qn_span record)
{
    struct qn_hash hash = qn_sha3(record);
    if (qn_map_get(&announcer->seen, NULL, hash.bytes)) {
        announcer->duplicates += 1;
        return false;
    }
    struct qn_hash *slot = &announcer->seen_order[announcer->seen_next];
    qn_map_remove(&announcer->seen, slot->bytes); /* absent while the ring is not full yet */
    *slot = hash;
    announcer->seen_next = (announcer->seen_next + 1) % QN_ANNOUNCER_SEEN_MAX;
    enum qn_err err = qn_map_put(&announcer->seen, hash.bytes, 0);
    QN_ASSERT(err == QN_OK); /* one was removed for each beyond the capacity */
    return true;
}

bool qn_announcer_goes_on(struct qn_announcer *announcer, uint8_t hops)
{
    if (hops >= QN_ANNOUNCE_HOPS_MAX) {
        announcer->hop_limited += 1;
        return false;
    }
    return true;
}

static void take_out(struct qn_announcer *announcer, size_t position)
{
    announcer->waiting_count -= 1;
    memmove(&announcer->waiting[position], &announcer->waiting[position + 1],
            (announcer->waiting_count - position) * sizeof announcer->waiting[0]);
}

void qn_announcer_park(struct qn_announcer *announcer, const struct qn_record *decoded,
                       struct qn_buf *record, uint8_t hops, uint64_t from)
{
    struct qn_announcer_waiting old;
    if (qn_announcer_unpark(announcer, &old, &decoded->id)) {
        if (old.sequence >= decoded->sequence) { /* keep the newer one */
            announcer->waiting[announcer->waiting_count++] = old;
            return;
        }
        qn_buf_drop(old.record);
    }
    if (announcer->waiting_count == QN_ANNOUNCER_WAITING_MAX) {
        qn_buf_drop(announcer->waiting[0].record);
        take_out(announcer, 0);
    }
    announcer->waiting[announcer->waiting_count++] =
        (struct qn_announcer_waiting){.id = decoded->id,
                                      .sequence = decoded->sequence,
                                      .hops = hops,
                                      .from = from,
                                      .record = qn_buf_hold(record)};
}

bool qn_announcer_unpark(struct qn_announcer *announcer, struct qn_announcer_waiting *waiting,
                         const struct qn_node_id *id)
{
    for (size_t i = 0; i < announcer->waiting_count; i++) {
        if (qn_node_id_equal(&announcer->waiting[i].id, id)) {
            *waiting = announcer->waiting[i];
            take_out(announcer, i);
            return true;
        }
    }
    return false;
}
