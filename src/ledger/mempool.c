#include "ledger/mempool.h"

#include "base/map.h"
#include "ledger/activation.h"

#include <stdlib.h>

/* One transaction, in a list from the oldest to the newest. */
struct pool_item {
    struct qn_buf *bytes;
    struct qn_hash tx_id;
    struct qn_node_id node;
    bool has_code;
    struct qn_hash code_leaf;
    uint8_t looks; /* of qn_mempool_overdue at it, OVERDUE_LOOKS at most */
    uint32_t previous;
    uint32_t next; /* also links the free items */
};

struct qn_mempool {
    struct pool_item *items;
    uint32_t capacity;
    uint32_t oldest;
    uint32_t newest;
    uint32_t free;
    struct qn_map by_tx;
    struct qn_map by_node;
    struct qn_map by_code;
};

enum { OVERDUE_LOOKS = 2 };

static const uint32_t none = UINT32_MAX;

/* Keys are hashes that cost their maker a signature each, and the pool is small: a secret hash key would
 * protect nothing, and a fixed one keeps runs repeatable. */
enum { HASH_KEY = 1 };

struct qn_mempool *qn_mempool_new(size_t capacity)
{
    struct qn_mempool *pool = calloc(1, sizeof *pool);

    QN_ASSERT(pool != NULL && capacity > 0 && capacity < UINT32_MAX);
    pool->items = calloc(capacity, sizeof *pool->items);
    QN_ASSERT(pool->items != NULL);
    pool->capacity = (uint32_t)capacity;
    pool->oldest = none;
    pool->newest = none;
    for (uint32_t i = 0; i < pool->capacity; i++) {
        pool->items[i].next = i + 1 < pool->capacity ? i + 1 : none;
    }
    qn_map_init(&pool->by_tx, capacity, HASH_KEY, 1);
    qn_map_init(&pool->by_node, capacity, HASH_KEY, 2);
    qn_map_init(&pool->by_code, capacity, HASH_KEY, 3);
    return pool;
}

void qn_mempool_free(struct qn_mempool *pool)
{
    if (pool == NULL) {
        return;
    }
    for (uint32_t i = pool->oldest; i != none; i = pool->items[i].next) {
        qn_buf_drop(pool->items[i].bytes);
    }
    free(pool->items);
    qn_map_fini(&pool->by_tx);
    qn_map_fini(&pool->by_node);
    qn_map_fini(&pool->by_code);
    free(pool);
}

static void append(struct qn_mempool *pool, const struct pool_item *content)
{
    uint32_t index = pool->free;
    struct pool_item *item = &pool->items[index];

    pool->free = item->next;
    *item = *content;
    item->previous = pool->newest;
    item->next = none;
    if (pool->newest == none) {
        pool->oldest = index;
    } else {
        pool->items[pool->newest].next = index;
    }
    pool->newest = index;
    QN_ASSERT(qn_map_put(&pool->by_tx, item->tx_id.bytes, index) == QN_OK);
    QN_ASSERT(qn_map_put(&pool->by_node, item->node.bytes, index) == QN_OK);
    if (item->has_code) {
        QN_ASSERT(qn_map_put(&pool->by_code, item->code_leaf.bytes, index) == QN_OK);
    }
}

static void remove_item(struct qn_mempool *pool, uint32_t index)
{
    struct pool_item *item = &pool->items[index];

    (void)qn_map_remove(&pool->by_tx, item->tx_id.bytes);
    (void)qn_map_remove(&pool->by_node, item->node.bytes);
    if (item->has_code) {
        (void)qn_map_remove(&pool->by_code, item->code_leaf.bytes);
    }
    if (item->previous == none) {
        pool->oldest = item->next;
    } else {
        pool->items[item->previous].next = item->next;
    }
    if (item->next == none) {
        pool->newest = item->previous;
    } else {
        pool->items[item->next].previous = item->previous;
    }
    qn_buf_drop(item->bytes);
    item->next = pool->free;
    pool->free = index;
}

enum qn_err qn_mempool_put(struct qn_mempool *pool, struct qn_buf *bytes,
                           const struct qn_hash *tx_id, const struct qn_tx *tx)
{
    struct pool_item item = {
        .bytes = bytes,
        .tx_id = *tx_id,
        .node = *qn_tx_signer(tx),
        .has_code = tx->kind == QN_TX_REGISTER && tx->has_activation,
    };

    if (qn_mempool_has(pool, &item.tx_id)) {
        return QN_ERR_DUPLICATE;
    }
    if (item.has_code) {
        item.code_leaf = qn_activation_leaf(&tx->activation.code_key);
    }
    if (qn_map_get(&pool->by_node, NULL, item.node.bytes) ||
        (item.has_code && qn_map_get(&pool->by_code, NULL, item.code_leaf.bytes))) {
        return QN_ERR_BUSY;
    }
    if (pool->free == none) {
        return QN_ERR_FULL;
    }
    (void)qn_buf_hold(bytes);
    append(pool, &item);
    return QN_OK;
}

bool qn_mempool_has(const struct qn_mempool *pool, const struct qn_hash *tx_id)
{
    return qn_map_get(&pool->by_tx, NULL, tx_id->bytes);
}

size_t qn_mempool_count(const struct qn_mempool *pool)
{
    return pool->by_tx.count;
}

size_t qn_mempool_take(const struct qn_mempool *pool, struct qn_span *txs, size_t capacity)
{
    size_t count = 0;

    for (uint32_t i = pool->oldest; i != none && count < capacity; i = pool->items[i].next) {
        txs[count] = qn_buf_span(pool->items[i].bytes);
        count += 1;
    }
    return count;
}

size_t qn_mempool_overdue(struct qn_mempool *pool, struct qn_span *txs, size_t capacity)
{
    size_t count = 0;

    for (uint32_t i = pool->oldest; i != none && count < capacity; i = pool->items[i].next) {
        struct pool_item *item = &pool->items[i];
        if (item->looks == OVERDUE_LOOKS) {
            continue;
        }
        item->looks += 1;
        if (item->looks == OVERDUE_LOOKS) {
            txs[count] = qn_buf_span(item->bytes);
            count += 1;
        }
    }
    return count;
}

bool qn_mempool_remove(struct qn_mempool *pool, const struct qn_hash *tx_id)
{
    uint32_t index;

    if (!qn_map_get(&pool->by_tx, &index, tx_id->bytes)) {
        return false;
    }
    remove_item(pool, index);
    return true;
}

void qn_mempool_sweep(struct qn_mempool *pool,
                      enum qn_err (*keep)(void *context, struct qn_span tx_bytes),
                      void (*dropped)(void *context, const struct qn_hash *tx_id, enum qn_err why),
                      void *context, size_t count_max)
{
    uint32_t index = pool->oldest;

    for (size_t count = 0; index != none && count < count_max; count++) {
        uint32_t next = pool->items[index].next;
        enum qn_err why = keep(context, qn_buf_span(pool->items[index].bytes));
        if (why != QN_OK) {
            struct qn_hash tx_id = pool->items[index].tx_id;
            remove_item(pool, index);
            dropped(context, &tx_id, why);
        }
        index = next;
    }
}
