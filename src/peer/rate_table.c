#include "peer/rate_table.h"

#include "base/siphash.h"

#include <stdlib.h>

bool qn_rate_take(struct qn_rate *rate, qn_time_us interval_us, unsigned burst, qn_time_us now)
{
    QN_ASSERT(interval_us > 0 && burst > 0);
    if (qn_rate_ready(rate, interval_us, burst) > now) {
        return false;
    }
    rate->spent_until_us = (rate->spent_until_us > now ? rate->spent_until_us : now) + interval_us;
    return true;
}

qn_time_us qn_rate_ready(const struct qn_rate *rate, qn_time_us interval_us, unsigned burst)
{
    qn_time_us ahead = (burst - 1) * interval_us;
    return rate->spent_until_us > ahead ? rate->spent_until_us - ahead : 0;
}

void qn_rate_table_init(struct qn_rate_table *table, size_t set_count, qn_time_us interval_us,
                        unsigned burst, uint64_t hash_key0, uint64_t hash_key1)
{
    QN_ASSERT(set_count > 0 && (set_count & (set_count - 1)) == 0);
    *table = (struct qn_rate_table){.set_count = set_count,
                                    .interval_us = interval_us,
                                    .burst = burst,
                                    .hash_key = {hash_key0, hash_key1}};
    table->places = calloc(set_count * QN_RATE_TABLE_WAYS, sizeof table->places[0]);
    QN_ASSERT(table->places != NULL);
}

void qn_rate_table_fini(struct qn_rate_table *table)
{
    free(table->places);
    *table = (struct qn_rate_table){0};
}

static struct qn_rate_place *set_of(const struct qn_rate_table *table, uint64_t key)
{
    struct qn_span span = {(const uint8_t *)&key, sizeof key};
    size_t set = (size_t)qn_siphash(table->hash_key, span) & (table->set_count - 1);
    return &table->places[set * QN_RATE_TABLE_WAYS];
}

qn_time_us qn_rate_table_spent_until(const struct qn_rate_table *table, uint64_t key)
{
    const struct qn_rate_place *places = set_of(table, key);
    for (size_t i = 0; i < QN_RATE_TABLE_WAYS; i++) {
        if (places[i].key == key) {
            return places[i].rate.spent_until_us;
        }
    }
    return 0;
}

bool qn_rate_table_take(struct qn_rate_table *table, uint64_t key, qn_time_us now)
{
    struct qn_rate_place *places = set_of(table, key);
    struct qn_rate_place *fullest = &places[0];
    for (size_t i = 0; i < QN_RATE_TABLE_WAYS; i++) {
        struct qn_rate_place *place = &places[i];
        if (place->key == key && place->rate.spent_until_us != 0) {
            return qn_rate_take(&place->rate, table->interval_us, table->burst, now);
        }
        if (place->rate.spent_until_us < fullest->rate.spent_until_us) {
            fullest = place;
        }
    }
    *fullest = (struct qn_rate_place){.key = key};
    return qn_rate_take(&fullest->rate, table->interval_us, table->burst, now);
}

size_t qn_rate_table_memory(const struct qn_rate_table *table)
{
    return table->set_count * QN_RATE_TABLE_WAYS * sizeof table->places[0];
}
