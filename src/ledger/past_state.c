#include "ledger/past_state.h"

#include "ledger/store_keys.h"
#include "wire/field.h"

#include <string.h>

/* ---- records ---- */

struct start {
    uint64_t first_height;
    uint64_t last_change;
};

static void write_start(struct qn_writer *w, const void *record)
{
    const struct start *start = record;

    qn_write_map(w, 2);
    qn_write_uint_at(w, 1, start->first_height);
    qn_write_uint_at(w, 2, start->last_change);
}

static void put_start(struct qn_batch *batch, const struct start *start)
{
    struct qn_store_key key = qn_store_key_kind(QN_STORE_PAST);
    struct qn_buf *value = qn_encode(write_start, start);

    qn_batch_put(batch, qn_store_key_span(&key), value);
    qn_buf_drop(value);
}

void qn_past_put_start(struct qn_batch *batch, uint64_t height)
{
    put_start(batch, &(struct start){height, height});
}

static enum qn_err decode_start(struct start *start, struct qn_span bytes)
{
    struct qn_reader in;

    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    start->first_height = qn_read_uint_at(&in, &map, 1, UINT64_MAX);
    start->last_change = qn_read_uint_at(&in, &map, 2, UINT64_MAX);
    qn_read_map_end(&in, &map);
    qn_read_require(&in, start->last_change >= start->first_height);
    return qn_reader_done(&in);
}

enum qn_err qn_past_init(struct qn_past *past, const struct qn_storage *storage,
                         uint64_t tip_height)
{
    struct qn_store_key key = qn_store_key_kind(QN_STORE_PAST);
    struct start start = {tip_height, tip_height};
    struct qn_buf *value = NULL;
    enum qn_err err = storage->get(storage->context, &value, qn_store_key_span(&key));

    if (err == QN_OK) {
        err = decode_start(&start, qn_buf_span(value));
        qn_buf_drop(value);
    } else if (err == QN_ERR_NOT_FOUND) {
        err = QN_OK;
    }
    if (err == QN_OK && start.last_change > tip_height) {
        err = QN_ERR_MALFORMED;
    }
    if (err == QN_OK) {
        *past = (struct qn_past){.storage = storage,
                                 .first_height = start.first_height,
                                 .last_change = start.last_change};
    }
    return err;
}

void qn_past_fini(struct qn_past *past)
{
    for (size_t i = 0; i < QN_PAST_UNSTORED_MAX; i++) {
        qn_buf_drop(past->unstored[i].bytes);
    }
    for (size_t i = 0; i < QN_PAST_TREES_MAX; i++) {
        qn_tree_drop(past->trees[i].tree);
    }
    *past = (struct qn_past){0};
}

/* ---- what a block leaves behind ---- */

struct undo {
    uint64_t change_before;
    const struct qn_tree_node *before;
    const struct qn_hash *keys;
    size_t key_count;
};

/* Again in the same block: what was there before it is told already. */
static bool is_told(const struct undo *undo, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (qn_hash_equal(&undo->keys[i], &undo->keys[index])) {
            return true;
        }
    }
    return false;
}

static size_t told_count(const struct undo *undo)
{
    size_t count = 0;

    for (size_t i = 0; i < undo->key_count; i++) {
        count += !is_told(undo, i);
    }
    return count;
}

static void write_undo(struct qn_writer *w, const void *record)
{
    const struct undo *undo = record;

    qn_write_map(w, 2);
    qn_write_uint_at(w, 1, undo->change_before);
    qn_write_key(w, 2);
    qn_write_array(w, told_count(undo));
    for (size_t i = 0; i < undo->key_count; i++) {
        if (is_told(undo, i)) {
            continue;
        }
        const struct qn_buf *value = qn_tree_get(undo->before, &undo->keys[i], NULL);
        qn_write_array(w, value == NULL ? 1 : 2);
        qn_write_bytes(w, undo->keys[i].bytes, QN_HASH_LEN);
        if (value != NULL) {
            qn_write_bytes(w, value->bytes, value->len);
        }
    }
}

void qn_past_note(struct qn_past *past, struct qn_batch *batch, uint64_t height,
                  const struct qn_tree_node *before, const struct qn_hash *keys, size_t key_count)
{
    struct undo undo = {past->last_change, before, keys, key_count};
    struct qn_store_key key = qn_store_key_height(QN_STORE_PAST, height);

    QN_ASSERT(height > past->last_change && key_count <= QN_PAST_LEAVES_PER_BLOCK);
    if (key_count > 0) {
        struct qn_buf *bytes = qn_encode(write_undo, &undo);
        size_t at = height % QN_PAST_UNSTORED_MAX;
        qn_batch_put(batch, qn_store_key_span(&key), bytes);
        qn_buf_drop(past->unstored[at].bytes);
        past->unstored[at].height = height;
        past->unstored[at].bytes = bytes;
        past->last_change = height;
    }
    if (key_count > 0 ||
        height == 1) { /* an empty first block says that all can be had from here */
        put_start(batch, &(struct start){past->first_height, past->last_change});
    }
}

/* ---- undoing ---- */

static enum qn_err get_record(const struct qn_past *past, struct qn_buf **bytes, uint64_t height)
{
    size_t at = height % QN_PAST_UNSTORED_MAX;
    struct qn_store_key key = qn_store_key_height(QN_STORE_PAST, height);

    if (past->unstored[at].bytes != NULL && past->unstored[at].height == height) {
        *bytes = qn_buf_hold(past->unstored[at].bytes);
        return QN_OK;
    }
    enum qn_err err = past->storage->get(past->storage->context, bytes, qn_store_key_span(&key));
    return err == QN_ERR_NOT_FOUND ? QN_ERR_MALFORMED : err; /* another record led to it */
}

static void replace(struct qn_tree_node **tree, struct qn_tree_node *next)
{
    qn_tree_drop(*tree);
    *tree = next;
}

/* One leaf of a record, in *tree. */
static void undo_leaf(struct qn_reader *in, struct qn_tree_node **tree)
{
    struct qn_hash key;
    size_t parts = qn_read_array(in, 1, 2);

    qn_read_fixed(in, key.bytes, QN_HASH_LEN);
    struct qn_span value =
        parts == 2 ? qn_read_bytes(in, 1, QN_MESSAGE_LEN_MAX) : (struct qn_span){0};
    if (in->failed) {
        return;
    }
    if (parts == 1) {
        replace(tree, qn_tree_remove(*tree, &key));
        return;
    }
    struct qn_buf *copy = qn_buf_copy(value);
    replace(tree, qn_tree_put(*tree, &key, copy, NULL));
    qn_buf_drop(copy);
}

/* Undoes the last change of *at; *leaves grows by how many it was. */
static enum qn_err undo_change(const struct qn_past *past, struct qn_past_tree *at, size_t *leaves)
{
    struct qn_buf *bytes = NULL;
    struct qn_reader in;
    enum qn_err err = get_record(past, &bytes, at->last_change);

    if (err != QN_OK) {
        return err;
    }
    qn_reader_init(&in, qn_buf_span(bytes));
    struct qn_map_reader map = qn_read_map(&in);
    uint64_t change_before = qn_read_uint_at(&in, &map, 1, at->last_change - 1);
    qn_read_require(&in, change_before >= past->first_height);
    qn_read_key(&in, &map, 2);
    size_t count = qn_read_array(&in, 1, QN_PAST_LEAVES_PER_BLOCK);
    for (size_t i = 0; i < count && !in.failed; i++) {
        undo_leaf(&in, &at->tree);
    }
    qn_read_map_end(&in, &map);
    err = qn_reader_done(&in);
    qn_buf_drop(bytes);
    at->height = at->last_change - 1;
    at->last_change = change_before;
    *leaves += count;
    return err;
}

/* The kept tree that is nearest above height, or the tip's; with a reference of its own. */
static struct qn_past_tree nearest(const struct qn_past *past, struct qn_tree_node *tip_tree,
                                   uint64_t tip_height, uint64_t height)
{
    struct qn_past_tree best = {
        .height = tip_height, .last_change = past->last_change, .tree = tip_tree};

    for (size_t i = 0; i < QN_PAST_TREES_MAX; i++) {
        const struct qn_past_tree *kept = &past->trees[i];
        if (kept->is_used && kept->height >= height && kept->height < best.height) {
            best = *kept;
        }
    }
    (void)qn_tree_hold(best.tree);
    return best;
}

static struct qn_past_tree *find_kept(struct qn_past *past, uint64_t height)
{
    for (size_t i = 0; i < QN_PAST_TREES_MAX; i++) {
        if (past->trees[i].is_used && past->trees[i].height == height) {
            return &past->trees[i];
        }
    }
    return NULL;
}

/* Keeps a tree, whose reference it takes over, in place of the one that it came from if that was on its way
 * only, else of the one unused for longest. */
static void keep(struct qn_past *past, const struct qn_past_tree *tree, uint64_t from_height)
{
    struct qn_past_tree *source = find_kept(past, from_height);
    struct qn_past_tree *slot = &past->trees[0];

    past->clock += 1;
    if (source != NULL) {
        source->used = past->clock;
    }
    for (size_t i = 1; i < QN_PAST_TREES_MAX; i++) {
        if (past->trees[i].used < slot->used) {
            slot = &past->trees[i];
        }
    }
    if (source != NULL && (source->is_partial || from_height == tree->height)) {
        slot = source;
    }
    qn_tree_drop(slot->tree);
    *slot = *tree;
    slot->is_used = true;
    slot->used = past->clock;
}

enum qn_err qn_past_tree(struct qn_past *past, struct qn_tree_node **tree,
                         struct qn_tree_node *tip_tree, uint64_t tip_height, uint64_t height,
                         uint64_t *left)
{
    size_t leaves = 0;
    enum qn_err err = QN_OK;

    QN_ASSERT(height <= tip_height);
    if (height < past->first_height) {
        return QN_ERR_NOT_FOUND;
    }
    struct qn_past_tree at = nearest(past, tip_tree, tip_height, height);
    uint64_t from_height = at.height;
    while (err == QN_OK && at.last_change > height && leaves < QN_PAST_LEAVES_PER_CALL) {
        err = undo_change(past, &at, &leaves);
    }
    if (err != QN_OK) {
        qn_tree_drop(at.tree);
        return err;
    }
    bool is_done = at.last_change <= height;
    if (is_done) {
        *tree = qn_tree_hold(at.tree);
    } else {
        *left = at.last_change - height;
    }
    at.is_partial = !is_done;
    if (at.tree == tip_tree) {
        qn_tree_drop(at.tree);
    } else {
        keep(past, &at, from_height);
    }
    return is_done ? QN_OK : QN_ERR_BUSY;
}
