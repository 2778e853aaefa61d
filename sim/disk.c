#include "sim/disk.h"

#include <stdlib.h>
#include <string.h>

enum { RECENT_BATCHES = 30, ROLLBACK_BATCHES = 60 };

static enum qn_err disk_get(void *context, struct qn_buf **value, struct qn_span key)
{
    struct qn_sim_disk *disk = context;

    return disk->inner.get(disk->inner.context, value, key);
}

static enum qn_err disk_walk(void *context, struct qn_span first,
                             bool (*visit)(void *visit_context, struct qn_span key,
                                           struct qn_buf *value),
                             void *visit_context)
{
    struct qn_sim_disk *disk = context;

    return disk->inner.walk(disk->inner.context, first, visit, visit_context);
}

static void apply(struct qn_sim_disk *disk, struct qn_batch *batch)
{
    enum qn_err err = disk->inner.apply(disk->inner.context, batch);
    QN_ASSERT(err == QN_OK);
}

static void keep(struct qn_sim_disk *disk, struct qn_batch *batch)
{
    if (disk->batch_count == disk->batch_capacity) {
        disk->batch_capacity = disk->batch_capacity == 0 ? 256 : 2 * disk->batch_capacity;
        disk->batches = realloc(disk->batches, disk->batch_capacity * sizeof *disk->batches);
        QN_ASSERT(disk->batches != NULL);
    }
    disk->batches[disk->batch_count++] = batch;
    apply(disk, batch);
}

void qn_sim_disk_init(struct qn_sim_disk *disk, bool durable)
{
    memset(disk, 0, sizeof *disk);
    qn_storage_memory_open(&disk->inner);
    disk->storage = (struct qn_storage){
        .context = disk, .durable = durable, .get = disk_get, .walk = disk_walk};
}

static void drop_pending(struct qn_sim_disk *disk)
{
    while (disk->pending_count > 0) {
        qn_batch_free(disk->pending[disk->pending_first].batch);
        disk->pending_first = (disk->pending_first + 1) % QN_SIM_DISK_PENDING_MAX;
        disk->pending_count -= 1;
    }
}

void qn_sim_disk_fini(struct qn_sim_disk *disk)
{
    drop_pending(disk);
    for (size_t i = 0; i < disk->batch_count; i++) {
        qn_batch_free(disk->batches[i]);
    }
    free(disk->batches);
    if (disk->inner.close != NULL) {
        disk->inner.close(disk->inner.context);
    }
}

void qn_sim_disk_write(struct qn_sim_disk *disk, struct qn_batch *batch, uint64_t cookie)
{
    QN_ASSERT(disk->pending_count < QN_SIM_DISK_PENDING_MAX);
    size_t at = (disk->pending_first + disk->pending_count) % QN_SIM_DISK_PENDING_MAX;
    disk->pending[at].batch = batch;
    disk->pending[at].cookie = cookie;
    disk->pending_count += 1;
}

static struct qn_batch *take_pending(struct qn_sim_disk *disk, uint64_t *cookie)
{
    struct qn_batch *batch = disk->pending[disk->pending_first].batch;

    *cookie = disk->pending[disk->pending_first].cookie;
    disk->pending_first = (disk->pending_first + 1) % QN_SIM_DISK_PENDING_MAX;
    disk->pending_count -= 1;
    return batch;
}

bool qn_sim_disk_complete(struct qn_sim_disk *disk, uint64_t *cookie, const struct qn_batch **batch)
{
    QN_ASSERT(disk->pending_count > 0);
    struct qn_batch *taken = take_pending(disk, cookie);
    *batch = taken;
    if (disk->full || disk->fsync_fails) {
        disk->fsync_fails = false;
        disk->broken = true;
        qn_batch_free(taken);
        *batch = NULL;
        return false;
    }
    keep(disk, taken);
    return true;
}

size_t qn_sim_disk_crash(struct qn_sim_disk *disk, struct qn_rng *rng)
{
    bool takes = !disk->full && !disk->broken;
    size_t written = takes ? (size_t)qn_rng_below(rng, disk->pending_count + 1) : 0;

    disk->broken = false;
    while (written-- > 0) {
        uint64_t cookie;
        keep(disk, take_pending(disk, &cookie));
    }
    size_t lost = disk->pending_count;
    drop_pending(disk);
    return lost;
}

/* From the first `count` batches, in which that at `changed` is replaced (NULL: left out). */
static void rebuild(struct qn_sim_disk *disk, size_t count, size_t changed,
                    struct qn_batch *replacement)
{
    disk->inner.close(disk->inner.context);
    qn_storage_memory_open(&disk->inner);
    size_t kept = 0;
    for (size_t i = 0; i < disk->batch_count; i++) {
        struct qn_batch *batch = disk->batches[i];
        if (i >= count || i == changed) {
            qn_batch_free(batch);
            batch = i == changed ? replacement : NULL;
        }
        if (batch != NULL) {
            apply(disk, batch);
            disk->batches[kept++] = batch;
        }
    }
    disk->batch_count = kept;
}

/* The first `count` operations of a batch; that at `odd` goes under another key or is corrupted. */
static struct qn_batch *distort(const struct qn_batch *batch, size_t count, size_t odd,
                                enum qn_sim_damage damage, struct qn_rng *rng)
{
    struct qn_batch *distorted = qn_batch_new();

    for (size_t i = 0; i < count; i++) {
        uint8_t room[QN_STORAGE_KEY_LEN_MAX];
        struct qn_span key;
        struct qn_buf *value = NULL;
        qn_batch_at(batch, i, &key, &value);
        memcpy(room, key.at, key.len);
        if (value == NULL) {
            qn_batch_delete(distorted, key);
            continue;
        }
        struct qn_buf *stored = qn_buf_copy(qn_buf_span(value));
        if (i == odd && damage == QN_SIM_DAMAGE_MISDIRECTED) {
            room[key.len - 1] ^= 1U;
        } else if (i == odd && damage == QN_SIM_DAMAGE_CORRUPT && stored->len > 0) {
            stored->bytes[qn_rng_below(rng, stored->len)] ^= (uint8_t)(1U << qn_rng_below(rng, 8));
        }
        qn_batch_put(distorted, (struct qn_span){room, key.len}, stored);
        qn_buf_drop(stored);
    }
    return distorted;
}

bool qn_sim_disk_damage(struct qn_sim_disk *disk, enum qn_sim_damage damage, struct qn_rng *rng)
{
    size_t count = disk->batch_count;

    if (damage == QN_SIM_DAMAGE_WIPED) {
        rebuild(disk, 0, SIZE_MAX, NULL);
        disk->damaged = false;
        disk->full = false;
        return true;
    }
    if (damage == QN_SIM_DAMAGE_NONE || count == 0) {
        return false;
    }
    disk->damaged = true;
    if (damage == QN_SIM_DAMAGE_ROLLBACK) {
        size_t back = 1 + (size_t)qn_rng_below(rng, ROLLBACK_BATCHES);
        rebuild(disk, back < count ? count - back : 0, SIZE_MAX, NULL);
        return true;
    }
    size_t recent = count < RECENT_BATCHES ? count : RECENT_BATCHES;
    size_t chosen = count - 1 - (size_t)qn_rng_below(rng, recent);
    struct qn_batch *replacement = NULL;
    if (damage != QN_SIM_DAMAGE_LOST) {
        size_t ops = qn_batch_count(disk->batches[chosen]);
        size_t odd = ops > 0 ? (size_t)qn_rng_below(rng, ops) : 0;
        replacement = distort(disk->batches[chosen], damage == QN_SIM_DAMAGE_TORN ? odd : ops, odd,
                              damage, rng);
    }
    rebuild(disk, count, chosen, replacement);
    return true;
}
