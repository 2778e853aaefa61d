#include "ledger/committee.h"

#include "wire/field.h"

#include <stdlib.h>

static struct qn_committee *new_committee(uint64_t epoch, uint64_t first_height,
                                          struct qn_validator_set *set)
{
    struct qn_committee *committee = calloc(1, sizeof *committee);

    QN_ASSERT(committee != NULL);
    committee->references = 1;
    committee->epoch = epoch;
    committee->first_height = first_height;
    committee->set = *set;
    committee->hash = qn_validator_set_hash(set);
    *set = (struct qn_validator_set){0};
    return committee;
}

struct qn_committee *qn_committee_new_genesis(const struct qn_genesis *genesis)
{
    struct qn_validator_set set;

    qn_validator_set_copy(&set, &genesis->validators);
    return new_committee(0, 1, &set);
}

struct qn_committee *qn_committee_new_next(const struct qn_committee *committee,
                                           struct qn_validator_set *set, uint64_t first_height)
{
    struct qn_committee *next = new_committee(committee->epoch + 1, first_height, set);

    qn_validator_set_copy(&next->previous, &committee->set);
    return next;
}

struct qn_committee *qn_committee_hold(struct qn_committee *committee)
{
    QN_ASSERT(committee->references > 0 && committee->references < UINT32_MAX);
    committee->references += 1;
    return committee;
}

void qn_committee_drop(struct qn_committee *committee)
{
    if (committee == NULL) {
        return;
    }
    QN_ASSERT(committee->references > 0);
    committee->references -= 1;
    if (committee->references > 0) {
        return;
    }
    qn_validator_set_fini(&committee->set);
    qn_validator_set_fini(&committee->previous);
    free(committee);
}

static void write_ids(struct qn_writer *w, uint64_t key, const struct qn_validator_set *set)
{
    qn_write_key(w, key);
    qn_write_array(w, set->count);
    for (size_t i = 0; i < set->count; i++) {
        qn_write_bytes(w, set->members[i].id.bytes, QN_HASH_LEN);
    }
}

static void write_committee(struct qn_writer *w, const void *record)
{
    const struct qn_committee *committee = record;

    qn_write_map(w, 4);
    qn_write_uint_at(w, 1, committee->epoch);
    qn_write_uint_at(w, 2, committee->first_height);
    write_ids(w, 3, &committee->set);
    write_ids(w, 4, &committee->previous);
}

void qn_committee_put(const struct qn_committee *committee, struct qn_state *state)
{
    struct qn_hash key = qn_state_committee_key();
    struct qn_buf *value = qn_encode(write_committee, committee);

    QN_ASSERT(value->len <= QN_LEAF_VALUE_LEN_MAX);
    qn_state_put(state, &key, value, NULL);
}

struct id_list {
    size_t count;
    struct qn_node_id ids[QN_VALIDATORS_MAX];
};

static void read_ids(struct qn_reader *in, struct qn_map_reader *map, uint64_t key,
                     struct id_list *list)
{
    qn_read_key(in, map, key);
    list->count = qn_read_array(in, 0, QN_VALIDATORS_MAX);
    for (size_t i = 0; i < list->count; i++) {
        qn_read_fixed(in, list->ids[i].bytes, QN_HASH_LEN);
    }
}

static enum qn_err load_set(struct qn_validator_set *set, const struct qn_state *state,
                            const struct id_list *list)
{
    struct qn_public_key *keys = calloc(list->count + 1, sizeof *keys);
    enum qn_err err = QN_OK;

    QN_ASSERT(keys != NULL);
    for (size_t i = 0; err == QN_OK && i < list->count; i++) {
        struct qn_registry_entry entry;
        err = qn_state_entry(state, &entry, &list->ids[i]);
        if (err == QN_OK) {
            keys[i] = entry.key;
        }
    }
    if (err == QN_OK) {
        err = qn_validator_set_init(set, keys, list->count);
    }
    free(keys);
    return err == QN_OK ? QN_OK : QN_ERR_MALFORMED;
}

enum qn_err qn_committee_load(struct qn_committee **committee, const struct qn_state *state)
{
    struct qn_hash key = qn_state_committee_key();
    const struct qn_buf *value = qn_tree_get(state->tree, &key, NULL);
    struct id_list members;
    struct id_list previous;
    struct qn_reader in;

    if (value == NULL) {
        return QN_ERR_MALFORMED;
    }
    qn_reader_init(&in, qn_buf_span(value));
    struct qn_map_reader map = qn_read_map(&in);
    uint64_t epoch = qn_read_uint_at(&in, &map, 1, UINT64_MAX);
    uint64_t first_height = qn_read_uint_at(&in, &map, 2, UINT64_MAX);
    read_ids(&in, &map, 3, &members);
    read_ids(&in, &map, 4, &previous);
    qn_read_map_end(&in, &map);
    struct qn_validator_set set = {0};
    struct qn_validator_set previous_set = {0};
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        err = load_set(&set, state, &members);
    }
    if (err == QN_OK && epoch > 0) {
        err = load_set(&previous_set, state, &previous);
    }
    if (err != QN_OK) {
        qn_validator_set_fini(&set);
        return err;
    }
    *committee = new_committee(epoch, first_height, &set);
    (*committee)->previous = previous_set;
    return QN_OK;
}
