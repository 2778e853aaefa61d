/* History of the chain: a Merkle mountain range over block ids in the order of their heights. A
 * header's history_root covers every block before it, so a header alone commits to the whole past.
 *
 * A mountain is a full binary Merkle tree (ledger/merkle.h) over the next largest power of two of the
 * ids; the root is SHA3-256(0x02 || count as 8 bytes, big-endian || peaks, largest mountain first);
 * no ids: 32 zero bytes. */
#ifndef QN_HISTORY_H
#define QN_HISTORY_H

#include "crypto/hash.h"

enum { QN_HISTORY_PEAKS_MAX = 64 };

/* One peak for each bit set in count, the highest bit's first. No fini: nothing but its own bytes. */
struct qn_history {
    uint64_t count; /* of ids: the height of the block that this is the past of */
    struct qn_hash peaks[QN_HISTORY_PEAKS_MAX];
};

/* How many peaks a history of this many ids has. */
size_t qn_history_peak_count(uint64_t count);
void qn_history_append(struct qn_history *history, const struct qn_hash *block_id);
struct qn_hash qn_history_root(const struct qn_history *history);

/* Proof that a block has its place in a history: the siblings from its leaf up to its mountain's peak, then
 * all other peaks, largest mountain first. */
enum { QN_HISTORY_PATH_MAX = 127 };
struct qn_history_path {
    size_t count;
    struct qn_hash hashes[QN_HISTORY_PATH_MAX];
};
/* A node of the range: number index among those over 2^level ids, all of which it has. False: not known. */
typedef bool (*qn_history_node)(void *context, struct qn_hash *hash, unsigned level,
                                uint64_t index);
/* The path of height in the history of count > height ids. False: a node was not known. */
QN_MUST_USE bool qn_history_prove(struct qn_history_path *path, uint64_t count, uint64_t height,
                                  qn_history_node node, void *context);

#endif
