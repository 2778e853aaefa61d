#include "ledger/motion.h"

#include "wire/field.h"

#include <string.h>

static const char motion_domain[] = "qnet/1/motion";
static const char proposer_domain[] = "qnet/1/proposer";

struct qn_hash qn_motion_key(const struct qn_hash *motion_hash)
{
    return qn_state_key(motion_domain, motion_hash->bytes);
}

struct qn_hash qn_proposer_key(const struct qn_node_id *id)
{
    return qn_state_key(proposer_domain, id->bytes);
}

static void write_motion(struct qn_writer *w, const void *record)
{
    const struct qn_motion *motion = record;

    qn_write_map(w, 3);
    qn_write_uint_at(w, 1, motion->epoch);
    qn_write_bytes_at(w, 2, motion->bitmap, motion->bitmap_len);
    qn_write_uint_at(w, 3, motion->decided_height);
}

void qn_motion_put(struct qn_state *state, const struct qn_hash *motion_hash,
                   const struct qn_motion *motion)
{
    struct qn_hash key = qn_motion_key(motion_hash);

    qn_state_put(state, &key, qn_encode(write_motion, motion), NULL);
}

enum qn_err qn_motion_get(const struct qn_state *state, struct qn_motion *motion,
                          const struct qn_hash *motion_hash)
{
    struct qn_hash key = qn_motion_key(motion_hash);
    const struct qn_buf *value = qn_tree_get(state->tree, &key, NULL);
    struct qn_motion result = {0};
    struct qn_reader in;

    if (value == NULL) {
        return QN_ERR_NOT_FOUND;
    }
    qn_reader_init(&in, qn_buf_span(value));
    struct qn_map_reader map = qn_read_map(&in);
    result.epoch = qn_read_uint_at(&in, &map, 1, UINT64_MAX);
    struct qn_span bitmap = qn_read_bytes_at(&in, &map, 2, 1, sizeof result.bitmap);
    result.decided_height = qn_read_uint_at(&in, &map, 3, UINT64_MAX);
    qn_read_map_end(&in, &map);
    QN_ASSERT(qn_reader_done(&in) == QN_OK); /* the state's root vouches for it */
    result.bitmap_len = (uint8_t)bitmap.len;
    memcpy(result.bitmap, bitmap.at, bitmap.len);
    *motion = result;
    return QN_OK;
}

static void write_proposer(struct qn_writer *w, const void *record)
{
    const struct qn_proposer *proposer = record;

    qn_write_map(w, 3);
    qn_write_uint_at(w, 1, proposer->epoch);
    qn_write_uint_at(w, 2, proposer->last_height);
    qn_write_key(w, 3);
    qn_write_array(w, proposer->opened_count);
    for (size_t i = 0; i < proposer->opened_count; i++) {
        qn_write_array(w, 2);
        qn_write_bytes(w, proposer->opened[i].motion.bytes, QN_HASH_LEN);
        qn_write_uint(w, proposer->opened[i].expires_ms);
    }
}

void qn_proposer_put(struct qn_state *state, const struct qn_node_id *id,
                     const struct qn_proposer *proposer)
{
    struct qn_hash key = qn_proposer_key(id);

    qn_state_put(state, &key, qn_encode(write_proposer, proposer), NULL);
}

enum qn_err qn_proposer_get(const struct qn_state *state, struct qn_proposer *proposer,
                            const struct qn_node_id *id)
{
    struct qn_hash key = qn_proposer_key(id);
    const struct qn_buf *value = qn_tree_get(state->tree, &key, NULL);
    struct qn_proposer result = {0};
    struct qn_reader in;

    if (value == NULL) {
        return QN_ERR_NOT_FOUND;
    }
    qn_reader_init(&in, qn_buf_span(value));
    struct qn_map_reader map = qn_read_map(&in);
    result.epoch = qn_read_uint_at(&in, &map, 1, UINT64_MAX);
    result.last_height = qn_read_uint_at(&in, &map, 2, UINT64_MAX);
    qn_read_key(&in, &map, 3);
    result.opened_count = (uint8_t)qn_read_array(&in, 0, QN_MOTIONS_OPEN_MAX);
    for (size_t i = 0; i < result.opened_count; i++) {
        (void)qn_read_array(&in, 2, 2);
        qn_read_fixed(&in, result.opened[i].motion.bytes, QN_HASH_LEN);
        result.opened[i].expires_ms = qn_read_uint(&in, UINT64_MAX);
    }
    qn_read_map_end(&in, &map);
    QN_ASSERT(qn_reader_done(&in) == QN_OK); /* the state's root vouches for it */
    *proposer = result;
    return QN_OK;
}

bool qn_motion_has(const struct qn_motion *motion, unsigned validator)
{
    return validator / 8 < motion->bitmap_len &&
           (motion->bitmap[validator / 8] >> validator % 8 & 1) != 0;
}

void qn_motion_approve(struct qn_motion *motion, unsigned validator)
{
    QN_ASSERT(validator / 8 < motion->bitmap_len);
    motion->bitmap[validator / 8] |= (uint8_t)(1U << validator % 8);
}

unsigned qn_motion_approvals(const struct qn_motion *motion)
{
    unsigned count = 0;

    for (unsigned i = 0; i < 8U * motion->bitmap_len; i++) {
        count += qn_motion_has(motion, i);
    }
    return count;
}

enum qn_err qn_proposer_open(struct qn_proposer *proposer, const struct qn_hash *motion,
                             qn_unix_ms expires_ms, qn_unix_ms time_ms)
{
    uint8_t kept = 0;

    for (uint8_t i = 0; i < proposer->opened_count; i++) {
        if (proposer->opened[i].expires_ms > time_ms) {
            proposer->opened[kept] = proposer->opened[i];
            kept += 1;
        }
    }
    proposer->opened_count = kept;
    if (kept == QN_MOTIONS_OPEN_MAX) {
        return QN_ERR_FULL;
    }
    proposer->opened[kept].motion = *motion;
    proposer->opened[kept].expires_ms = expires_ms;
    proposer->opened_count += 1;
    return QN_OK;
}
