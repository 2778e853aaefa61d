#include "ledger/history.h"

#include "ledger/merkle.h"

size_t qn_history_peak_count(uint64_t count)
{
    size_t peaks = 0;

    for (uint64_t bits = count; bits != 0; bits &= bits - 1) {
        peaks += 1;
    }
    return peaks;
}

/* Like adding one to a binary number: each carry joins two mountains of the same size. */
void qn_history_append(struct qn_history *history, const struct qn_hash *block_id)
{
    size_t at = qn_history_peak_count(history->count);
    struct qn_hash peak = qn_merkle_leaf((struct qn_span){block_id->bytes, QN_HASH_LEN});

    QN_ASSERT(history->count < UINT64_MAX);
    for (uint64_t carry = history->count; carry & 1U; carry >>= 1) {
        at -= 1;
        peak = qn_merkle_inner(&history->peaks[at], &peak);
    }
    history->peaks[at] = peak;
    history->count += 1;
}

struct qn_hash qn_history_root(const struct qn_history *history)
{
    uint8_t head[9] = {2};

    if (history->count == 0) {
        return (struct qn_hash){0};
    }
    for (size_t i = 0; i < 8; i++) {
        head[1 + i] = (uint8_t)(history->count >> (8 * (7 - i)));
    }
    size_t peaks_len = qn_history_peak_count(history->count) * sizeof history->peaks[0];
    struct qn_span parts[] = {{head, sizeof head}, {(const uint8_t *)history->peaks, peaks_len}};
    return qn_sha3_parts(parts, QN_ARRAY_COUNT(parts));
}
