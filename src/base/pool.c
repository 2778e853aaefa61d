#include "base/pool.h"

#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define QN_POOL_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define QN_POOL_POISONS 1
#endif
#endif
#ifdef QN_POOL_POISONS
#include <sanitizer/asan_interface.h>
#endif

/* Each doubling has this many classes, so at most a fifth of a piece is room nobody asked for. */
enum { STEPS = 4, STEP_BITS = 2 };
/* The C library puts its own length before each piece and rounds both up together. */
enum { HIDDEN_LEN = 8 };
enum { SMALLEST = QN_POOL_SIZE_MIN + HIDDEN_LEN };

/* In the last bytes of a piece that waits: what is used after it was given back is mostly its beginning,
 * where AddressSanitizer then sees it. */
struct waiting {
    uint8_t *next;
};

struct pool {
    size_t kept_len;
    uint8_t *lists[QN_POOL_CLASSES];
    size_t counts[QN_POOL_CLASSES];
};

static _Thread_local struct pool pool;

static size_t class_room(size_t index)
{
    size_t doubling = (size_t)SMALLEST << (index / STEPS);

    return doubling + (index % STEPS) * (doubling / STEPS) - HIDDEN_LEN;
}

/* QN_POOL_CLASSES: too large to be kept. */
static size_t class_of(size_t size)
{
    if (size > QN_POOL_SIZE_MAX) {
        return QN_POOL_CLASSES;
    }
    size_t needed = size + HIDDEN_LEN <= SMALLEST ? SMALLEST : size + HIDDEN_LEN;
    size_t doubling = 0;
    while (((size_t)SMALLEST << (doubling + 1)) <= needed) {
        doubling += 1;
    }
    size_t base = (size_t)SMALLEST << doubling;
    size_t step = base / STEPS;
    return doubling * STEPS + (needed - base + step - 1) / step;
}

size_t qn_pool_room(size_t size)
{
    size_t index = class_of(size);

    return index < QN_POOL_CLASSES ? class_room(index) : size;
}

static struct waiting *link_of(uint8_t *piece, size_t room)
{
    return (struct waiting *)(void *)(piece + room - sizeof(struct waiting));
}

static void forbid(uint8_t *piece, size_t room)
{
#ifdef QN_POOL_POISONS
    ASAN_POISON_MEMORY_REGION(piece, room - sizeof(struct waiting));
#else
    (void)piece;
    (void)room;
#endif
}

static void allow(uint8_t *piece, size_t room)
{
#ifdef QN_POOL_POISONS
    ASAN_UNPOISON_MEMORY_REGION(piece, room);
#else
    (void)piece;
    (void)room;
#endif
}

static uint8_t *take_waiting(size_t index)
{
    uint8_t *piece = pool.lists[index];
    size_t room = class_room(index);

    if (piece != NULL) {
        pool.lists[index] = link_of(piece, room)->next;
        pool.counts[index] -= 1;
        pool.kept_len -= room;
        allow(piece, room);
    }
    return piece;
}

void *qn_pool_take(size_t size)
{
    size_t index = class_of(size);
    uint8_t *piece = index < QN_POOL_CLASSES ? take_waiting(index) : NULL;

    if (piece == NULL) {
        piece = malloc(index < QN_POOL_CLASSES ? class_room(index) : size);
        QN_ASSERT(piece != NULL);
    }
    return piece;
}

void *qn_pool_take_zeroed(size_t size)
{
    void *piece = qn_pool_take(size);

    memset(piece, 0, size);
    return piece;
}

static void keep(size_t index, uint8_t *piece)
{
    size_t room = class_room(index);

    link_of(piece, room)->next = pool.lists[index];
    pool.lists[index] = piece;
    pool.counts[index] += 1;
    pool.kept_len += room;
    forbid(piece, room);
}

/* What a burst left behind must not keep out what is needed now, so the class that holds the most gives
 * up a piece. */
static void free_from_fullest(void)
{
    size_t fullest = 0;

    for (size_t i = 1; i < QN_POOL_CLASSES; i++) {
        if (pool.counts[i] * class_room(i) > pool.counts[fullest] * class_room(fullest)) {
            fullest = i;
        }
    }
    free(take_waiting(fullest));
}

void qn_pool_give(void *piece, size_t size)
{
    size_t index = class_of(size);

    if (piece == NULL) {
        return;
    }
    if (index == QN_POOL_CLASSES) {
        free(piece);
        return;
    }
    keep(index, piece);
    while (pool.kept_len > QN_POOL_KEPT_LEN_MAX) { /* each round frees a piece */
        free_from_fullest();
    }
}

void qn_pool_thread_fini(void)
{
    for (size_t i = 0; i < QN_POOL_CLASSES; i++) {
        for (uint8_t *piece = take_waiting(i); piece != NULL; piece = take_waiting(i)) {
            free(piece);
        }
    }
    QN_ASSERT(pool.kept_len == 0);
}
