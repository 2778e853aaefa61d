#include "peer/scores.h"

#include <stdlib.h>
#include <string.h>

enum { THOUSANDTHS = 1000 };

static const struct {
    const char *name;
    unsigned points;
} faults[] = {
#define QN_FAULT_ROW(name, points, text) [QN_FAULT_##name] = {text, points},
    QN_FAULT_LIST(QN_FAULT_ROW)
#undef QN_FAULT_ROW
};

const char *qn_fault_name(enum qn_fault fault)
{
    return (unsigned)fault < QN_FAULT_COUNT ? faults[fault].name : "unknown";
}

unsigned qn_fault_points(enum qn_fault fault)
{
    QN_ASSERT((unsigned)fault < QN_FAULT_COUNT);
    return faults[fault].points;
}

void qn_scores_init(struct qn_scores *scores, size_t capacity, uint64_t hash_key0,
                    uint64_t hash_key1)
{
    QN_ASSERT(capacity > 0);
    *scores = (struct qn_scores){.capacity = capacity};
    scores->items = calloc(capacity, sizeof scores->items[0]);
    QN_ASSERT(scores->items != NULL);
    qn_map_init(&scores->index, capacity, hash_key0, hash_key1);
    qn_map_init(&scores->groups, capacity, hash_key1, hash_key0);
}

void qn_scores_fini(struct qn_scores *scores)
{
    free(scores->items);
    qn_map_fini(&scores->index);
    qn_map_fini(&scores->groups);
    *scores = (struct qn_scores){0};
}

/* ---- what time leaves of it ---- */

/* Halves with each half-life; between two halves a straight line, so that integers do. */
static uint32_t points_now(const struct qn_score *score, qn_time_us now)
{
    if (now <= score->changed_us) {
        return score->points;
    }
    qn_time_us age = now - score->changed_us;
    qn_time_us halves = age / QN_SCORE_HALF_LIFE;
    if (halves >= 32) {
        return 0;
    }
    uint64_t points = score->points >> halves;
    return (uint32_t)(points - points * (age % QN_SCORE_HALF_LIFE) / (2 * QN_SCORE_HALF_LIFE));
}

static bool is_banned(const struct qn_score *score, qn_time_us now)
{
    return now < score->ends_us;
}

/* One is forgotten with each QN_SCORE_BAN_MAX since the last one ended. */
static unsigned bans_now(const struct qn_score *score, qn_time_us now)
{
    if (is_banned(score, now)) {
        return score->bans;
    }
    qn_time_us forgotten = (now - score->ends_us) / QN_SCORE_BAN_MAX;
    return forgotten < score->bans ? score->bans - (unsigned)forgotten : 0;
}

/* What would be lost by forgetting it: a running ban above all, the longer the more. */
static uint64_t worth(const struct qn_score *score, qn_time_us now)
{
    if (is_banned(score, now)) {
        return ((uint64_t)1 << 48) + (score->ends_us - now);
    }
    return (uint64_t)bans_now(score, now) * QN_SCORE_BAN * THOUSANDTHS + points_now(score, now);
}

static enum qn_blame blame_of(const struct qn_score *score, qn_time_us now)
{
    if (is_banned(score, now)) {
        return QN_BLAME_BANNED;
    }
    bool much = points_now(score, now) >= QN_SCORE_DISCOURAGE * THOUSANDTHS;
    return much ? QN_BLAME_DISCOURAGED : QN_BLAME_NONE;
}

/* ---- places ---- */

static void group_key(uint8_t key[QN_HASH_LEN], uint64_t group)
{
    memset(key, 0, QN_HASH_LEN);
    memcpy(key, &group, sizeof group);
}

static uint32_t places_of(const struct qn_scores *scores, uint64_t group)
{
    uint8_t key[QN_HASH_LEN];
    uint32_t places = 0;
    group_key(key, group);
    return qn_map_get(&scores->groups, &places, key) ? places : 0;
}

static void set_places(struct qn_scores *scores, uint64_t group, uint32_t places)
{
    uint8_t key[QN_HASH_LEN];
    group_key(key, group);
    if (places == 0) {
        qn_map_remove(&scores->groups, key);
        return;
    }
    enum qn_err err = qn_map_put(&scores->groups, key, places);
    QN_ASSERT(err == QN_OK); /* no more groups than places */
}

static struct qn_score *find(const struct qn_scores *scores, const uint8_t key[QN_HASH_LEN])
{
    uint32_t at = 0;
    return qn_map_get(&scores->index, &at, key) ? &scores->items[at] : NULL;
}

static void put_index(struct qn_scores *scores, size_t at)
{
    enum qn_err err = qn_map_put(&scores->index, scores->items[at].key, (uint32_t)at);
    QN_ASSERT(err == QN_OK); /* as many as places */
}

/* The last one takes its place. */
static void drop(struct qn_scores *scores, struct qn_score *score)
{
    size_t at = (size_t)(score - scores->items);
    qn_map_remove(&scores->index, score->key);
    set_places(scores, score->group, places_of(scores, score->group) - 1);
    scores->count -= 1;
    if (at != scores->count) {
        scores->items[at] = scores->items[scores->count];
        put_index(scores, at);
    }
}

/* Makes a place for somebody of this group whose worth this is; false: he is the one to be forgotten. */
static bool make_place(struct qn_scores *scores, uint64_t group, uint64_t newcomer, qn_time_us now)
{
    struct qn_score *least = NULL;
    uint32_t most_places = places_of(scores, group) + 1;
    uint64_t least_worth = newcomer;
    QN_ASSERT(scores->items != NULL);
    if (scores->count < scores->capacity) {
        return true;
    }
    for (size_t i = 0; i < scores->count; i++) {
        struct qn_score *score = &scores->items[i];
        uint32_t places = places_of(scores, score->group) + (score->group == group);
        uint64_t its_worth = worth(score, now);
        if (places > most_places || (places == most_places && its_worth < least_worth)) {
            least = score;
            most_places = places;
            least_worth = its_worth;
        }
    }
    if (least == NULL) {
        return false;
    }
    drop(scores, least);
    return true;
}

static struct qn_score *add(struct qn_scores *scores, const uint8_t key[QN_HASH_LEN],
                            uint64_t group, qn_time_us now)
{
    struct qn_score *score = &scores->items[scores->count];
    *score = (struct qn_score){.group = group, .changed_us = now};
    memcpy(score->key, key, QN_HASH_LEN);
    put_index(scores, scores->count);
    scores->count += 1;
    set_places(scores, group, places_of(scores, group) + 1);
    return score;
}

static void move_group(struct qn_scores *scores, struct qn_score *score, uint64_t group)
{
    if (score->group != group) {
        set_places(scores, score->group, places_of(scores, score->group) - 1);
        set_places(scores, group, places_of(scores, group) + 1);
        score->group = group;
    }
}

/* ---- faults ---- */

/* Its points begin to fade from discouragement when the ban ends. */
static void ban(struct qn_score *score, qn_time_us now)
{
    unsigned before = bans_now(score, now);
    qn_time_us length = QN_SCORE_BAN_MIN;
    for (unsigned i = 0; i < before && length < QN_SCORE_BAN_MAX; i++) {
        length *= 2;
    }
    length = length < QN_SCORE_BAN_MAX ? length : QN_SCORE_BAN_MAX;
    score->bans = (uint8_t)(before < UINT8_MAX ? before + 1 : before);
    score->ban_us = now;
    score->ends_us = now + length;
    score->points = QN_SCORE_DISCOURAGE * THOUSANDTHS;
    score->changed_us = score->ends_us;
}

enum qn_blame qn_scores_fault(struct qn_scores *scores, const uint8_t key[QN_HASH_LEN],
                              uint64_t group, enum qn_fault fault, qn_time_us now)
{
    uint32_t points = qn_fault_points(fault) * THOUSANDTHS;
    struct qn_score *score = find(scores, key);
    if (score == NULL) {
        if (!make_place(scores, group, points, now)) {
            return QN_BLAME_NONE;
        }
        score = add(scores, key, group, now);
    }
    if (is_banned(score, now)) {
        return QN_BLAME_BANNED;
    }
    move_group(scores, score, group);
    score->points = points_now(score, now) + points;
    score->changed_us = now;
    score->fault = (uint8_t)fault;
    if (score->points >= QN_SCORE_BAN * THOUSANDTHS) {
        ban(score, now);
    }
    return blame_of(score, now);
}

enum qn_blame qn_scores_blame(const struct qn_scores *scores, const uint8_t key[QN_HASH_LEN],
                              qn_time_us now)
{
    const struct qn_score *score = find(scores, key);
    return score == NULL ? QN_BLAME_NONE : blame_of(score, now);
}

const struct qn_score *qn_scores_find(const struct qn_scores *scores,
                                      const uint8_t key[QN_HASH_LEN])
{
    return find(scores, key);
}

bool qn_scores_forget(struct qn_scores *scores, const uint8_t key[QN_HASH_LEN])
{
    struct qn_score *score = find(scores, key);
    if (score != NULL) {
        drop(scores, score);
    }
    return score != NULL;
}
