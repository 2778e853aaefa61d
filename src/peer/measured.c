#include "peer/measured.h"

#include <stdlib.h>

_Static_assert(QN_MEASURED_MAX < UINT16_MAX, "a slot is two bytes");

void qn_measured_init(struct qn_measured *measured, uint64_t hash_key0, uint64_t hash_key1)
{
    *measured = (struct qn_measured){.count = 0};
    measured->entries = calloc(QN_MEASURED_MAX, sizeof measured->entries[0]);
    QN_ASSERT(measured->entries != NULL);
    qn_map_init(&measured->index, QN_MEASURED_MAX, hash_key0, hash_key1);
}

void qn_measured_fini(struct qn_measured *measured)
{
    free(measured->entries);
    qn_map_fini(&measured->index);
}

static void take_out(struct qn_measured *measured, uint16_t place)
{
    struct qn_measured_entry *entry = &measured->entries[place - 1];
    if (entry->older != 0) {
        measured->entries[entry->older - 1].newer = entry->newer;
    } else {
        measured->oldest = entry->newer;
    }
    if (entry->newer != 0) {
        measured->entries[entry->newer - 1].older = entry->older;
    } else {
        measured->newest = entry->older;
    }
}

static void put_last(struct qn_measured *measured, uint16_t place)
{
    struct qn_measured_entry *entry = &measured->entries[place - 1];
    entry->older = measured->newest;
    entry->newer = 0;
    if (measured->newest != 0) {
        measured->entries[measured->newest - 1].newer = place;
    } else {
        measured->oldest = place;
    }
    measured->newest = place;
}

/* Of a node not measured yet: a free place, or that of whom we measured longest ago. */
static uint16_t new_place(struct qn_measured *measured, const struct qn_node_id *id)
{
    uint16_t place = (uint16_t)(measured->count + 1);
    if (measured->count == QN_MEASURED_MAX) {
        place = measured->oldest;
        qn_map_remove(&measured->index, measured->entries[place - 1].id.bytes);
        take_out(measured, place);
    } else {
        measured->count += 1;
    }
    measured->entries[place - 1] = (struct qn_measured_entry){.id = *id};
    enum qn_err err = qn_map_put(&measured->index, id->bytes, place);
    QN_ASSERT(err == QN_OK); /* as many places as entries */
    return place;
}

void qn_measured_add(struct qn_measured *measured, const struct qn_node_id *id, uint32_t rtt_us,
                     qn_time_us now)
{
    uint32_t place = 0;
    QN_ASSERT(rtt_us > 0);
    if (qn_map_get(&measured->index, &place, id->bytes)) {
        take_out(measured, (uint16_t)place);
    } else {
        place = new_place(measured, id);
    }
    put_last(measured, (uint16_t)place);
    struct qn_measured_entry *entry = &measured->entries[place - 1];
    if (entry->samples == 0 || now - entry->since_us > QN_MEASURED_LIFETIME) {
        entry->since_us = now;
        entry->samples = 0;
        entry->rtt_us = rtt_us;
    }
    entry->rtt_us = rtt_us < entry->rtt_us ? rtt_us : entry->rtt_us;
    entry->samples += entry->samples < UINT32_MAX;
    entry->last_us = now;
}

struct qn_rtt qn_measured_of(const struct qn_measured *measured, const struct qn_node_id *id,
                             qn_time_us now)
{
    uint32_t place = 0;
    if (!qn_map_get(&measured->index, &place, id->bytes)) {
        return (struct qn_rtt){0};
    }
    const struct qn_measured_entry *entry = &measured->entries[place - 1];
    if (now - entry->last_us > QN_MEASURED_LIFETIME) {
        return (struct qn_rtt){0};
    }
    return (struct qn_rtt){.rtt_us = entry->rtt_us, .samples = entry->samples};
}
