/* Where a ledger starts: at block 0, or where storage left off. Nothing that storage says is believed:
 * the rebuilt state must have the root that the head block states. */
#include "ledger/ledger_state.h"
#include "ledger/snapshot_store.h"
#include "ledger/store_keys.h"

#include <stdlib.h>
#include <string.h>

enum { LEAVES_MIN = 1024 }; /* room for leaves to begin with */

/* Fills the table of ids from the entries of the tree; they alone have something beside their value. */
struct id_visit {
    struct qn_id_table *ids;
    uint64_t index_max; /* indices are below it */
    uint64_t found;
    enum qn_err err;
};

static bool visit_entry(void *context, const struct qn_hash *key, struct qn_buf *value,
                        struct qn_buf *extra)
{
    struct id_visit *visit = context;
    struct qn_registry_entry entry;

    (void)key;
    if (extra == NULL) {
        return true;
    }
    visit->err = qn_state_entry_decode(&entry, value, extra);
    if (visit->err == QN_OK && entry.status == QN_ENTRY_ROTATED) {
        return true; /* its index is its successor's */
    }
    if (visit->err == QN_OK && entry.index >= visit->index_max) {
        visit->err = QN_ERR_MALFORMED;
    }
    if (visit->err != QN_OK) {
        return false;
    }
    qn_id_table_put(visit->ids, entry.index, &entry.id);
    visit->found += 1;
    return true;
}

static enum qn_err load_ids(struct qn_ledger *ledger, const struct qn_state *state)
{
    struct id_visit visit = {.ids = &ledger->ids, .index_max = state->counters.next_index};

    qn_tree_walk(state->tree, visit_entry, &visit);
    if (visit.err == QN_OK && visit.found != state->counters.next_index) {
        return QN_ERR_MALFORMED;
    }
    return visit.err;
}

/* Leaves in ascending order of their keys; they own their references. */
struct leaf_list {
    struct qn_tree_item *items;
    size_t count;
    size_t capacity;
    enum qn_err err;
};

/* Takes over the references. */
static void append_leaf(struct leaf_list *list, const struct qn_hash *key, struct qn_buf *value,
                        struct qn_buf *extra)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? LEAVES_MIN : 2 * list->capacity;
        list->items = realloc(list->items, list->capacity * sizeof *list->items);
        QN_ASSERT(list->items != NULL);
    }
    list->items[list->count] = (struct qn_tree_item){.key = *key, .value = value, .extra = extra};
    list->count += 1;
}

static void drop_leaves(struct leaf_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        qn_buf_drop(list->items[i].value);
        qn_buf_drop(list->items[i].extra);
    }
    free(list->items);
}

static bool visit_genesis_leaf(void *context, const struct qn_hash *key, struct qn_buf *value,
                               struct qn_buf *extra)
{
    append_leaf(context, key, qn_buf_hold(value), extra == NULL ? NULL : qn_buf_hold(extra));
    return true;
}

static bool visit_leaf(void *context, struct qn_span key, struct qn_buf *stored)
{
    struct leaf_list *list = context;
    struct qn_hash leaf_key;
    struct qn_store_leaf leaf;

    if (!qn_store_key_is_hash(&leaf_key, QN_STORE_LEAF, key)) {
        return false; /* the first key of another kind */
    }
    list->err = qn_store_leaf_decode(&leaf, qn_buf_span(stored));
    if (list->err != QN_OK) {
        return false;
    }
    append_leaf(list, &leaf_key, qn_buf_copy(leaf.value),
                leaf.extra.at == NULL ? NULL : qn_buf_copy(leaf.extra));
    return true;
}

static int compare_keys(const struct qn_tree_item *a, const struct qn_tree_item *b)
{
    return memcmp(a->key.bytes, b->key.bytes, QN_HASH_LEN);
}

/* Both lists as one tree; a stored leaf takes the place of the one of genesis. */
static struct qn_tree_node *build_tree(const struct leaf_list *genesis,
                                       const struct leaf_list *stored)
{
    struct qn_tree_item *items = calloc(genesis->count + stored->count + 1, sizeof *items);
    size_t count = 0;
    size_t at = 0;

    QN_ASSERT(items != NULL);
    for (size_t i = 0; i < stored->count; i++) {
        while (at < genesis->count && compare_keys(&genesis->items[at], &stored->items[i]) < 0) {
            items[count++] = genesis->items[at++];
        }
        at += at < genesis->count && compare_keys(&genesis->items[at], &stored->items[i]) == 0;
        items[count++] = stored->items[i];
    }
    while (at < genesis->count) {
        items[count++] = genesis->items[at++];
    }
    struct qn_tree_node *tree = qn_tree_build(items, count, 0);
    free(items);
    return tree;
}

/* Genesis with every leaf that has changed since: from the sorted leaves at once, since one by one each would
 * copy a path. */
static enum qn_err load_leaves(struct qn_ledger *ledger, struct qn_state *state)
{
    struct leaf_list genesis = {0};
    struct leaf_list stored = {0};
    struct qn_store_key first = qn_store_key_kind(QN_STORE_LEAF);
    enum qn_err err = ledger->storage->walk(ledger->storage->context, qn_store_key_span(&first),
                                            visit_leaf, &stored);

    err = err == QN_OK ? stored.err : err;
    if (err == QN_OK) {
        qn_tree_walk(state->tree, visit_genesis_leaf, &genesis);
        struct qn_tree_node *tree = build_tree(&genesis, &stored);
        qn_tree_drop(state->tree);
        state->tree = tree;
    }
    drop_leaves(&genesis);
    drop_leaves(&stored);
    return err;
}

/* tree: of the head, if it is held already; NULL: from storage. */
static enum qn_err load_state(struct qn_ledger *ledger, struct qn_state *state,
                              const struct qn_hash *state_root, struct qn_tree_node *tree)
{
    enum qn_err err = QN_OK;

    if (tree == NULL) {
        err = load_leaves(ledger, state);
    } else {
        qn_tree_drop(state->tree);
        state->tree = qn_tree_hold(tree);
    }
    if (err == QN_OK) {
        struct qn_hash root = qn_tree_root(state->tree);
        err = qn_hash_equal(&root, state_root) ? QN_OK : QN_ERR_WRONG_ROOT;
    }
    return err == QN_OK ? qn_state_load_counters(state) : err;
}

static enum qn_err load_block(const struct qn_ledger *ledger, struct qn_block **block,
                              const struct qn_store_head *head)
{
    struct qn_store_key key = qn_store_key_height(QN_STORE_BLOCK, head->height);
    struct qn_hash history_root = qn_history_root(&head->history);
    struct qn_buf *bytes = NULL;
    enum qn_err err =
        ledger->storage->get(ledger->storage->context, &bytes, qn_store_key_span(&key));

    if (err != QN_OK) {
        return err == QN_ERR_NOT_FOUND ? QN_ERR_MALFORMED : err;
    }
    err = qn_block_decode(block, qn_buf_span(bytes));
    qn_buf_drop(bytes);
    if (err != QN_OK) {
        return err;
    }
    const struct qn_header *header = &(*block)->header;
    if (!qn_network_id_equal(&header->network, &ledger->genesis->network)) {
        err = QN_ERR_WRONG_NETWORK;
    } else if (header->height != head->height || !qn_hash_equal(&(*block)->id, &head->block_id) ||
               !qn_hash_equal(&header->history_root, &history_root)) {
        err = QN_ERR_MALFORMED;
    }
    if (err != QN_OK) {
        qn_block_drop(*block);
        *block = NULL;
    }
    return err;
}

static enum qn_err load_cert(const struct qn_ledger *ledger, struct qn_block_state *tip)
{
    struct qn_store_key key = qn_store_key_height(QN_STORE_CERT, tip->history.count);
    enum qn_err err =
        ledger->storage->get(ledger->storage->context, &tip->cert, qn_store_key_span(&key));

    return err == QN_ERR_NOT_FOUND ? QN_OK : err;
}

static enum qn_err load_committee(struct qn_block_state *tip)
{
    struct qn_committee *committee = NULL;
    enum qn_err err = qn_committee_load(&committee, &tip->state);

    if (err != QN_OK) {
        return err;
    }
    qn_committee_drop(tip->committee);
    tip->committee = committee;
    return qn_hash_equal(&committee->hash, &tip->block->header.next_validators_hash)
               ? QN_OK
               : QN_ERR_MALFORMED;
}

/* Turns the genesis block's state into the head's. */
static enum qn_err load_tip(struct qn_ledger *ledger, struct qn_block_state *tip,
                            const struct qn_store_head *head, struct qn_tree_node *tree)
{
    struct qn_block *block = NULL;
    enum qn_err err = load_block(ledger, &block, head);

    if (err != QN_OK) {
        return err;
    }
    qn_block_drop(tip->block);
    tip->block = block;
    tip->history = head->history;
    err = load_cert(ledger, tip);
    if (err == QN_OK) {
        err = load_state(ledger, &tip->state, &block->header.state_root, tree);
    }
    if (err == QN_OK) {
        err = load_committee(tip);
    }
    ledger->tx_count = head->tx_count;
    ledger->tx_first_height = head->tx_first_height;
    return err;
}

static enum qn_err load_head(const struct qn_ledger *ledger, struct qn_store_head *head)
{
    struct qn_store_key key = qn_store_key_kind(QN_STORE_HEAD);
    struct qn_buf *value = NULL;
    enum qn_err err =
        ledger->storage->get(ledger->storage->context, &value, qn_store_key_span(&key));

    if (err != QN_OK) {
        return err;
    }
    err = qn_store_head_decode(head, qn_buf_span(value));
    qn_buf_drop(value);
    return err;
}

static enum qn_err load_past(struct qn_ledger *ledger, uint64_t height)
{
    ledger->past = calloc(1, sizeof *ledger->past);
    QN_ASSERT(ledger->past != NULL);
    return qn_past_init(ledger->past, ledger->storage, height);
}

static enum qn_err load(struct qn_ledger *ledger, struct qn_tree_node *tree)
{
    struct qn_store_head head;
    struct qn_block_state *tip = qn_block_state_new_genesis(ledger->genesis);
    enum qn_err err = load_head(ledger, &head);

    ledger->genesis_block = qn_block_hold(tip->block);
    if (err == QN_ERR_NOT_FOUND) {
        err = QN_OK; /* nothing stored yet */
    } else if (err == QN_OK) {
        err = load_tip(ledger, tip, &head, tree);
    }
    if (err == QN_OK) {
        err = load_ids(ledger, &tip->state);
    }
    if (err == QN_OK) {
        err = load_past(ledger, tip->block->header.height);
    }
    if (err != QN_OK) {
        qn_block_state_free(tip);
        return err;
    }
    qn_ledger_set_tip(ledger, tip);
    qn_ledger_note_checkpoint(ledger);
    return QN_OK;
}

enum qn_err qn_ledger_load(struct qn_ledger *ledger)
{
    bool pending = false;
    enum qn_err err = qn_install_pending(ledger->storage, &pending);

    if (err == QN_OK && pending) {
        err = QN_ERR_NOT_READY; /* qn_install_recover comes first */
    }
    return err == QN_OK ? load(ledger, NULL) : err;
}

enum qn_err qn_ledger_reload(struct qn_ledger *ledger, struct qn_tree_node *tree)
{
    struct qn_ledger *fresh = calloc(1, sizeof *fresh);

    QN_ASSERT(fresh != NULL);
    fresh->genesis = ledger->genesis;
    fresh->storage = ledger->storage;
    qn_id_table_init(&fresh->ids);
    enum qn_err err = load(fresh, tree);
    if (err == QN_OK) {
        struct qn_ledger old = *ledger;
        *ledger = *fresh;
        *fresh = old;
    }
    qn_ledger_free(fresh);
    return err;
}
