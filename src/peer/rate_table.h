/* How often each of many may do something: one rate per key in a table of fixed size.
 *
 * A rate is the time up to which it is spent (the generic cell rate algorithm), so that a place is 16 bytes and an
 * unused one needs no care. Keyed hash: nobody can aim at the places of others. Pure. */
#ifndef QN_RATE_TABLE_H
#define QN_RATE_TABLE_H

#include "base/base.h"

/* One each interval, bursts of so many. Zeroed storage is a full rate. */
struct qn_rate {
    qn_time_us spent_until_us;
};
/* Takes one; false, and nothing taken, if there is none. */
bool qn_rate_take(struct qn_rate *rate, qn_time_us interval_us, unsigned burst, qn_time_us now);
/* From when on there is one. */
qn_time_us qn_rate_ready(const struct qn_rate *rate, qn_time_us interval_us, unsigned burst);

struct qn_rate_place {
    uint64_t key;
    struct qn_rate rate;
};

enum { QN_RATE_TABLE_WAYS = 4 };

struct qn_rate_table {
    struct qn_rate_place *places;
    size_t set_count; /* power of two; QN_RATE_TABLE_WAYS places each */
    qn_time_us interval_us;
    unsigned burst;
    uint64_t hash_key[2];
};
/* Heap for set_count sets, taken once. */
void qn_rate_table_init(struct qn_rate_table *table, size_t set_count, qn_time_us interval_us,
                        unsigned burst, uint64_t hash_key0, uint64_t hash_key1);
void qn_rate_table_fini(struct qn_rate_table *table);
/* Takes one of this key's. A key without a place gets that of the key in its set that has most left: little
 * is forgotten by it, and what many keys could gain by forgetting is bounded by the rate of all together. */
bool qn_rate_table_take(struct qn_rate_table *table, uint64_t key, qn_time_us now);
/* Until when the rate of this key is spent; 0: it has no place, so its rate is full. */
qn_time_us qn_rate_table_spent_until(const struct qn_rate_table *table, uint64_t key);
size_t qn_rate_table_memory(const struct qn_rate_table *table);

#endif
