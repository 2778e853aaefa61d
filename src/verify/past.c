/* A block in the history of a later one: ledger/history.h says how the range is made. */
#include "verify/parts.h"

/* Where the block stands: in the mountain of 2^level blocks that is the peak number peak. */
struct place {
    unsigned level;
    size_t peak;
    size_t peak_count;
    uint64_t offset; /* in its mountain */
};

/* height is below count. */
static struct place find_place(uint64_t count, uint64_t height)
{
    struct place place = {0};
    uint64_t start = 0;
    bool found = false;

    for (unsigned level = 64; level-- > 0;) {
        uint64_t size = (uint64_t)1 << level;
        if ((count & size) == 0) {
            continue;
        }
        if (!found && height - start < size) {
            found = true;
            place.level = level;
            place.peak = place.peak_count;
            place.offset = height - start;
        }
        start += size;
        place.peak_count += 1;
    }
    return place;
}

/* From the block up to its mountain's peak. */
static bool climb(const struct qnet_verify_crypto *crypto, struct qn_proof_hashes *hashes,
                  const struct place *place, const uint8_t *block_id, uint8_t hash[QNET_HASH_LEN])
{
    static const uint8_t leaf_prefix = 0;
    const struct qnet_span leaf[] = {{&leaf_prefix, 1}, {block_id, QNET_HASH_LEN}};
    uint8_t sibling[QNET_HASH_LEN];

    if (!crypto->sha3_256(crypto->context, hash, leaf, QN_ARRAY_COUNT(leaf))) {
        return false;
    }
    for (unsigned level = 0; level < place->level; level++) {
        qn_proof_next_hash(hashes, sibling);
        bool is_right = ((place->offset >> level) & 1U) != 0;
        if (!qn_proof_inner(crypto, hash, is_right ? sibling : hash, is_right ? hash : sibling)) {
            return false;
        }
    }
    return true;
}

/* SHA3-256(0x02 || count || peaks), the own peak among those of the proof. */
static bool root_of(const struct qnet_verify_crypto *crypto, struct qn_proof_hashes *hashes,
                    const struct place *place, uint64_t count, const uint8_t *own,
                    uint8_t root[QNET_HASH_LEN])
{
    enum { PEAKS_MAX = 64, HEAD_LEN = 9 };
    uint8_t head[HEAD_LEN] = {2};
    uint8_t peaks[PEAKS_MAX][QNET_HASH_LEN];
    struct qnet_span parts[1 + PEAKS_MAX] = {{head, HEAD_LEN}};

    for (size_t i = 0; i < 8; i++) {
        head[1 + i] = (uint8_t)(count >> (8 * (7 - i)));
    }
    for (size_t i = 0; i < place->peak_count; i++) {
        if (i != place->peak) {
            qn_proof_next_hash(hashes, peaks[i]);
        }
        parts[1 + i] = (struct qnet_span){i == place->peak ? own : peaks[i], QNET_HASH_LEN};
    }
    return crypto->sha3_256(crypto->context, root, parts, 1 + place->peak_count);
}

enum qnet_verify_status qn_proof_check_history(const struct qn_proof_check *check,
                                               const struct qn_proof_bundle *bundle,
                                               const uint8_t *block_id)
{
    struct qn_proof_hashes hashes = bundle->history;
    uint64_t count = bundle->anchor.height;
    uint8_t hash[QNET_HASH_LEN];
    uint8_t root[QNET_HASH_LEN];

    if (bundle->header.height >= count || bundle->header.epoch > bundle->anchor.epoch) {
        return QNET_VERIFY_HISTORY;
    }
    struct place place = find_place(count, bundle->header.height);
    if (hashes.count != place.level + place.peak_count - 1) {
        return QNET_VERIFY_HISTORY;
    }
    if (!climb(check->crypto, &hashes, &place, block_id, hash) ||
        !root_of(check->crypto, &hashes, &place, count, hash, root)) {
        return QNET_VERIFY_CRYPTO;
    }
    return qn_proof_hash_equal(root, bundle->anchor.history_root) ? QNET_VERIFY_OK
                                                                  : QNET_VERIFY_HISTORY;
}
