#include "wire/validator_set.h"

#include "wire/field.h"

#include <stdlib.h>
#include <string.h>

static int compare_members(const void *a, const void *b)
{
    const struct qn_validator *left = a;
    const struct qn_validator *right = b;
    return qn_node_id_compare(&left->id, &right->id);
}

enum qn_err qn_validator_set_init(struct qn_validator_set *set, const struct qn_public_key *keys,
                                  size_t count)
{
    if (count < QN_GENESIS_MIN || count > QN_VALIDATORS_MAX) {
        return QN_ERR_INVALID;
    }
    struct qn_validator *members = calloc(count, sizeof *members);
    QN_ASSERT(members != NULL);
    for (size_t i = 0; i < count; i++) {
        members[i] = (struct qn_validator){.id = qn_public_key_id(&keys[i]), .key = keys[i]};
    }
    qsort(members, count, sizeof *members, compare_members);
    for (size_t i = 1; i < count; i++) {
        if (qn_node_id_equal(&members[i - 1].id, &members[i].id)) {
            free(members);
            return QN_ERR_DUPLICATE;
        }
    }
    *set = (struct qn_validator_set){.count = (uint16_t)count, .members = members};
    return QN_OK;
}

void qn_validator_set_copy(struct qn_validator_set *copy, const struct qn_validator_set *set)
{
    struct qn_validator *members = calloc(set->count, sizeof *members);
    QN_ASSERT(members != NULL && set->count > 0);
    memcpy(members, set->members, set->count * sizeof *members);
    *copy = (struct qn_validator_set){.count = set->count, .members = members};
}

void qn_validator_set_fini(struct qn_validator_set *set)
{
    free(set->members);
    *set = (struct qn_validator_set){0};
}

unsigned qn_fault_limit(unsigned validator_count)
{
    QN_ASSERT(validator_count > 0);
    return (validator_count - 1) / 3;
}

unsigned qn_quorum(unsigned validator_count)
{
    return validator_count - qn_fault_limit(validator_count);
}

int qn_validator_index(const struct qn_validator_set *set, const struct qn_node_id *id)
{
    size_t from = 0;
    size_t to = set->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = qn_node_id_compare(id, &set->members[middle].id);
        if (order == 0) {
            return (int)middle;
        }
        if (order < 0) {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    return -1;
}

static void write_set(struct qn_writer *w, const void *record)
{
    const struct qn_validator_set *set = record;
    qn_write_array(w, set->count);
    for (size_t i = 0; i < set->count; i++) {
        qn_write_array(w, 2);
        qn_write_uint(w, set->members[i].key.suite);
        qn_write_bytes(w, set->members[i].id.bytes, sizeof set->members[i].id.bytes);
    }
}

struct qn_hash qn_validator_set_hash(const struct qn_validator_set *set)
{
    struct qn_buf *encoded = qn_encode(write_set, set);
    struct qn_hash hash = qn_sha3(qn_buf_span(encoded));
    qn_buf_drop(encoded);
    return hash;
}
