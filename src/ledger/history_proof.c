/* A block's place in the history of a later one. */
#include "ledger/history.h"

/* The mountains of a history from the largest on, as one walk. */
struct mountain {
    unsigned level;
    uint64_t start; /* the first height in it */
};

/* The next mountain below level (64: the largest); false if there is none. */
static bool next_mountain(struct mountain *mountain, uint64_t count)
{
    uint64_t end = mountain->level == 64 ? 0 : mountain->start + ((uint64_t)1 << mountain->level);

    while (mountain->level > 0) {
        mountain->level -= 1;
        if ((count >> mountain->level & 1U) != 0) {
            mountain->start = end;
            return true;
        }
    }
    return false;
}

static bool holds_height(const struct mountain *mountain, uint64_t height)
{
    return height >= mountain->start && height - mountain->start < (uint64_t)1 << mountain->level;
}

bool qn_history_prove(struct qn_history_path *path, uint64_t count, uint64_t height,
                      qn_history_node node, void *context)
{
    struct mountain mountain = {.level = 64};
    struct qn_hash peaks[QN_HISTORY_PEAKS_MAX];
    size_t peak_count = 0;

    QN_ASSERT(height < count);
    path->count = 0;
    while (next_mountain(&mountain, count)) {
        if (!holds_height(&mountain, height)) {
            if (!node(context, &peaks[peak_count], mountain.level,
                      mountain.start >> mountain.level)) {
                return false;
            }
            peak_count += 1;
            continue;
        }
        for (unsigned level = 0; level < mountain.level; level++) {
            if (!node(context, &path->hashes[path->count], level, height >> level ^ 1U)) {
                return false;
            }
            path->count += 1;
        }
    }
    for (size_t i = 0; i < peak_count; i++) {
        path->hashes[path->count] = peaks[i];
        path->count += 1;
    }
    return true;
}
