/* An ordered map as a skip list: expected logarithmic steps for each operation and a walk that is a
 * linked list. Levels come from a seeded generator, so the same operations make the same list.
 *
 * Values are shared, not copied: apply runs on the thread that runs the node (base/buf.h). */
#include "base/rng.h"
#include "ledger/storage.h"

#include <stdlib.h>
#include <string.h>

enum { LEVELS_MAX = 24 }; /* one node in 4^23 would want more */

struct skip_node {
    struct qn_buf *value;
    uint8_t key_len;
    uint8_t key[QN_STORAGE_KEY_LEN_MAX];
    struct skip_node *next[]; /* as many as the node has levels */
};

struct memory_storage {
    struct qn_rng rng;
    size_t levels; /* in use: 1..LEVELS_MAX */
    struct skip_node *heads[LEVELS_MAX];
};

/* Bytes in order, and a prefix before what it is a prefix of. */
static int compare_keys(struct qn_span a, struct qn_span b)
{
    int order = memcmp(a.at, b.at, a.len < b.len ? a.len : b.len);

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static struct qn_span node_key(const struct skip_node *node)
{
    return (struct qn_span){node->key, node->key_len};
}

/* links[level] becomes the link of that level that leads to the first node not below key. */
static struct skip_node *find(struct memory_storage *memory, struct skip_node **links[LEVELS_MAX],
                              struct qn_span key)
{
    struct skip_node **row = memory->heads;

    QN_ASSERT(memory->levels > 0);
    for (size_t level = memory->levels; level-- > 0;) {
        while (row[level] != NULL && compare_keys(node_key(row[level]), key) < 0) {
            row = row[level]->next;
        }
        links[level] = &row[level];
    }
    return *links[0];
}

static struct skip_node *find_equal(struct memory_storage *memory,
                                    struct skip_node **links[LEVELS_MAX], struct qn_span key)
{
    struct skip_node *node = find(memory, links, key);

    return node != NULL && compare_keys(node_key(node), key) == 0 ? node : NULL;
}

static size_t draw_levels(struct memory_storage *memory)
{
    size_t levels = 1;

    for (uint64_t bits = qn_rng_next(&memory->rng); levels < LEVELS_MAX && (bits & 3U) == 0;
         bits >>= 2) {
        levels += 1;
    }
    return levels;
}

static void insert(struct memory_storage *memory, struct skip_node **links[LEVELS_MAX],
                   struct qn_span key, struct qn_buf *value)
{
    size_t levels = draw_levels(memory);
    struct skip_node *node = malloc(sizeof *node + levels * sizeof node->next[0]);

    QN_ASSERT(node != NULL && key.len <= sizeof node->key);
    node->value = qn_buf_hold(value);
    node->key_len = (uint8_t)key.len;
    memcpy(node->key, key.at, key.len);
    for (; memory->levels < levels; memory->levels++) {
        links[memory->levels] = &memory->heads[memory->levels];
    }
    for (size_t level = 0; level < levels; level++) {
        node->next[level] = *links[level];
        *links[level] = node;
    }
    QN_ASSERT(*links[0] == node);
}

static void put(struct memory_storage *memory, struct qn_span key, struct qn_buf *value)
{
    struct skip_node **links[LEVELS_MAX];
    struct skip_node *node = find_equal(memory, links, key);

    if (node == NULL) {
        insert(memory, links, key, value);
        return;
    }
    struct qn_buf *old = node->value;
    node->value = qn_buf_hold(value);
    qn_buf_drop(old);
}

static void erase(struct memory_storage *memory, struct qn_span key)
{
    struct skip_node **links[LEVELS_MAX];
    struct skip_node *node = find_equal(memory, links, key);

    if (node == NULL) {
        return;
    }
    /* Bottom up, and only links that lead here: the node is in no level above its own. */
    for (size_t level = 0; level < memory->levels && *links[level] == node; level++) {
        *links[level] = node->next[level];
    }
    qn_buf_drop(node->value);
    free(node);
}

static enum qn_err memory_get(void *context, struct qn_buf **value, struct qn_span key)
{
    struct skip_node **links[LEVELS_MAX];
    const struct skip_node *node = find_equal(context, links, key);

    if (node == NULL) {
        return QN_ERR_NOT_FOUND;
    }
    *value = qn_buf_hold(node->value);
    return QN_OK;
}

static enum qn_err memory_walk(void *context, struct qn_span first,
                               bool (*visit)(void *visit_context, struct qn_span key,
                                             struct qn_buf *value),
                               void *visit_context)
{
    struct skip_node **links[LEVELS_MAX];

    for (const struct skip_node *node = find(context, links, first); node != NULL;
         node = node->next[0]) {
        if (!visit(visit_context, node_key(node), node->value)) {
            break;
        }
    }
    return QN_OK;
}

static enum qn_err memory_apply(void *context, const struct qn_batch *batch)
{
    for (size_t i = 0; i < qn_batch_count(batch); i++) {
        struct qn_span key;
        struct qn_buf *value;
        qn_batch_at(batch, i, &key, &value);
        if (value == NULL) {
            erase(context, key);
        } else {
            put(context, key, value);
        }
    }
    return QN_OK;
}

static void memory_close(void *context)
{
    struct memory_storage *memory = context;
    struct skip_node *node = memory->heads[0];

    while (node != NULL) {
        struct skip_node *next = node->next[0];
        qn_buf_drop(node->value);
        free(node);
        node = next;
    }
    free(memory);
}

void qn_storage_memory_open(struct qn_storage *storage)
{
    struct memory_storage *memory = calloc(1, sizeof *memory);

    QN_ASSERT(memory != NULL);
    qn_rng_init(&memory->rng, 1);
    memory->levels = 1;
    *storage = (struct qn_storage){
        .context = memory,
        .durable = false,
        .get = memory_get,
        .walk = memory_walk,
        .apply = memory_apply,
        .close = memory_close,
    };
}
