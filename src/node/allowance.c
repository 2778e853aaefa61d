#include "node/allowance.h"

#include "base/limits.h"

enum {
    FRAMES_PER_RECORD = 3,
    WHOLE_FRAME = QN_FRAME_HEADER_LEN + QN_FRAME_CHUNK_MAX,
    WHOLE_RECORD = FRAMES_PER_RECORD * WHOLE_FRAME + QN_RECORD_OVERHEAD,
};
_Static_assert(WHOLE_RECORD <= 16384, "TLS carries that many frames in one record");

void qn_allowance_init(struct qn_allowance *allowance, uint32_t received, uint32_t sent)
{
    allowance->left = (int64_t)received - sent;
}

void qn_allowance_earn(struct qn_allowance *allowance, uint32_t wire_len)
{
    allowance->left += wire_len;
}

uint32_t qn_allowance_cost(size_t len)
{
    QN_ASSERT(len <= QN_MESSAGE_LEN_MAX);
    size_t frames = len == 0 ? 1 : (len + QN_FRAME_CHUNK_MAX - 1) / QN_FRAME_CHUNK_MAX;
    size_t records = (frames + FRAMES_PER_RECORD - 1) / FRAMES_PER_RECORD;
    return (uint32_t)(len + frames * QN_FRAME_HEADER_LEN + records * QN_RECORD_OVERHEAD);
}

size_t qn_allowance_room(const struct qn_allowance *allowance)
{
    if (allowance->left <= QN_CLOSE_NOTIFY_LEN) {
        return 0;
    }
    uint64_t left = (uint64_t)allowance->left - QN_CLOSE_NOTIFY_LEN;
    uint64_t frames = left / WHOLE_RECORD * FRAMES_PER_RECORD;
    left %= WHOLE_RECORD;
    left = left > QN_RECORD_OVERHEAD ? left - QN_RECORD_OVERHEAD : 0;
    frames += left / WHOLE_FRAME;
    left %= WHOLE_FRAME;
    left = left > QN_FRAME_HEADER_LEN ? left - QN_FRAME_HEADER_LEN : 0;
    uint64_t room = frames * QN_FRAME_CHUNK_MAX + left;
    return room < QN_MESSAGE_LEN_MAX ? (size_t)room : QN_MESSAGE_LEN_MAX;
}

bool qn_allowance_spend(struct qn_allowance *allowance, size_t len)
{
    int64_t cost = qn_allowance_cost(len);
    if (allowance->left < cost + QN_CLOSE_NOTIFY_LEN) {
        return false;
    }
    allowance->left -= cost;
    return true;
}

bool qn_allowance_covers_end(const struct qn_allowance *allowance)
{
    return allowance->left >= QN_CLOSE_NOTIFY_LEN;
}
