#include "peer/landmarks.h"

#include <string.h>

enum { DRAWS_PER_HASH = QN_HASH_LEN / 8 };

struct drawn {
    struct qn_landmark own[QN_LANDMARKS_OWN_MAX];
    struct qn_landmark other[QN_LANDMARKS_OTHER_MAX];
    size_t own_count;
    size_t other_count;
};

static void write_number(uint8_t out[8], uint64_t number)
{
    for (size_t i = 0; i < 8; i++) {
        out[i] = (uint8_t)(number >> (8 * (7 - i)));
    }
}

static uint64_t read_number(const uint8_t in[8])
{
    uint64_t number = 0;
    for (size_t i = 0; i < 8; i++) {
        number = number << 8 | in[i];
    }
    return number;
}

/* SHA3-256("qnet/1/landmark" || id || period || turn): four numbers. */
static struct qn_hash hash_of(const struct qn_landmark_draw *draw, uint64_t turn)
{
    static const char purpose[] = "qnet/1/landmark";
    uint8_t numbers[16];
    write_number(numbers, draw->period);
    write_number(numbers + 8, turn);
    struct qn_span parts[] = {
        {(const uint8_t *)purpose, sizeof purpose - 1},
        {draw->subject.bytes, sizeof draw->subject.bytes},
        {numbers, sizeof numbers},
    };
    return qn_sha3_parts(parts, QN_ARRAY_COUNT(parts));
}

static bool is_taken(const struct qn_landmark *some, size_t count, const struct qn_landmark *one)
{
    for (size_t i = 0; i < count; i++) {
        if (some[i].group == one->group || qn_node_id_equal(&some[i].id, &one->id)) {
            return true;
        }
    }
    return false;
}

static void consider(struct drawn *drawn, const struct qn_landmark_draw *draw,
                     const struct qn_landmark *one)
{
    if (qn_node_id_equal(&one->id, &draw->subject) || is_taken(drawn->own, drawn->own_count, one) ||
        is_taken(drawn->other, drawn->other_count, one)) {
        return;
    }
    if (one->region == draw->declared) {
        if (drawn->own_count < QN_LANDMARKS_OWN_MAX) {
            drawn->own[drawn->own_count++] = *one;
        }
    } else if (drawn->other_count < QN_LANDMARKS_OTHER_MAX) {
        drawn->other[drawn->other_count++] = *one;
    }
}

static bool is_enough(const struct drawn *drawn)
{
    return drawn->own_count == QN_LANDMARKS_OWN_MAX && drawn->other_count == QN_LANDMARKS_OTHER_MAX;
}

static uint64_t mask_for(uint64_t count)
{
    uint64_t mask = 1;
    while (mask < count - 1) {
        mask = mask << 1 | 1;
    }
    return mask;
}

size_t qn_landmarks_draw(struct qn_landmark out[QN_LANDMARKS_MAX],
                         const struct qn_landmark_draw *draw)
{
    struct drawn drawn = {.own_count = 0};
    if (draw->entry_count == 0) {
        return 0;
    }
    uint64_t mask = mask_for(draw->entry_count);
    for (uint64_t turn = 0; turn < QN_LANDMARK_HASHES_MAX && !is_enough(&drawn); turn++) {
        struct qn_hash hash = hash_of(draw, turn);
        for (size_t i = 0; i < DRAWS_PER_HASH; i++) {
            uint64_t index = read_number(hash.bytes + 8 * i) & mask;
            struct qn_landmark one = {.region = QN_REGION_COUNT};
            if (index < draw->entry_count && draw->entry(draw->context, &one, index)) {
                consider(&drawn, draw, &one);
            }
        }
    }
    memcpy(out, drawn.own, drawn.own_count * sizeof out[0]);
    memcpy(out + drawn.own_count, drawn.other, drawn.other_count * sizeof out[0]);
    return drawn.own_count + drawn.other_count;
}
