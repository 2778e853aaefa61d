#include "peer/regions.h"

#include "base/map.h"

#include <stdlib.h>
#include <string.h>

/* One landmark of a node under check. */
enum seat_state { WAITS, ASKED, HEARD };
struct seat {
    struct qn_landmark landmark;
    enum seat_state state;
    qn_time_us next_us; /* not asked before */
    qn_time_us want_us; /* not wanted before */
    struct qn_region_evidence evidence;
};

struct check {
    uint32_t watched; /* slot + 1; 0: free */
    qn_time_us until_us;
    size_t seat_count;
    struct seat seats[QN_LANDMARKS_MAX];
};

struct watched {
    bool used;
    struct qn_node_id id;
    enum qn_region declared;
    enum qn_region_verdict verdict;
    enum qn_region_verdict told;
    unsigned failures; /* checks without a result in a row */
    qn_time_us next_us;
    bool under_way;
};

/* One landmark of our own. */
struct own_seat {
    struct qn_landmark landmark;
    qn_time_us linked_us;   /* since when; 0: not */
    qn_time_us measured_us; /* when it had measured us; 0: never */
    qn_time_us want_us;
};

struct qn_regions {
    struct qn_regions_config config;
    uint64_t entry_count;
    uint64_t period;
    bool can_judge[QN_REGION_COUNT];
    size_t own_count;
    struct own_seat own[QN_LANDMARKS_MAX];
    struct check checks[QN_REGION_CHECKS_MAX];
    struct watched *watched; /* watched_max slots */
    size_t watched_next;     /* where the search for the next check begins */
    struct qn_map index;     /* id -> slot */
};

struct qn_regions *qn_regions_new(const struct qn_regions_config *config)
{
    struct qn_regions *regions = calloc(1, sizeof *regions);
    QN_ASSERT(regions != NULL);
    regions->config = *config;
    regions->watched = calloc(config->watched_max, sizeof regions->watched[0]);
    QN_ASSERT(regions->watched != NULL);
    qn_map_init(&regions->index, config->watched_max, config->hash_key[0], config->hash_key[1]);
    return regions;
}

void qn_regions_free(struct qn_regions *regions)
{
    if (regions != NULL) {
        qn_map_fini(&regions->index);
        free(regions->watched);
        free(regions);
    }
}

static size_t draw(const struct qn_regions *regions, struct qn_landmark out[QN_LANDMARKS_MAX],
                   const struct qn_node_id *subject, enum qn_region declared)
{
    struct qn_landmark_draw one = {.subject = *subject,
                                   .declared = declared,
                                   .period = regions->period,
                                   .entry_count = regions->entry_count,
                                   .entry = regions->config.entry,
                                   .context = regions->config.context};
    return qn_landmarks_draw(out, &one);
}

/* Who has measured us stays so if it is drawn again. */
static void draw_own(struct qn_regions *regions)
{
    struct own_seat before[QN_LANDMARKS_MAX];
    struct qn_landmark drawn[QN_LANDMARKS_MAX];
    size_t before_count = regions->own_count;
    memcpy(before, regions->own, sizeof before);
    regions->own_count = draw(regions, drawn, &regions->config.id, regions->config.region);
    for (size_t i = 0; i < regions->own_count; i++) {
        regions->own[i] = (struct own_seat){.landmark = drawn[i]};
        for (size_t j = 0; j < before_count; j++) {
            if (qn_node_id_equal(&before[j].landmark.id, &drawn[i].id)) {
                regions->own[i] = before[j];
            }
        }
    }
}

void qn_regions_set_group(struct qn_regions *regions, uint64_t group)
{
    regions->config.group = group;
}

void qn_regions_set_registry(struct qn_regions *regions, uint64_t entry_count, uint64_t period)
{
    if (entry_count == regions->entry_count && period == regions->period) {
        return;
    }
    regions->entry_count = entry_count;
    regions->period = period;
    draw_own(regions);
    for (enum qn_region region = 0; region < QN_REGION_COUNT; region++) {
        struct qn_landmark drawn[QN_LANDMARKS_MAX];
        size_t count = draw(regions, drawn, &regions->config.id, region);
        size_t own = 0;
        for (size_t i = 0; i < count; i++) {
            own += drawn[i].region == region;
        }
        regions->can_judge[region] =
            count >= QN_REGION_EVIDENCE_MIN && own > QN_REGION_AGREEING_MIN;
    }
}

bool qn_regions_can_judge(const struct qn_regions *regions, enum qn_region region)
{
    return regions->can_judge[region];
}

/* ---- whom we judge ---- */

static struct watched *find(const struct qn_regions *regions, const struct qn_node_id *id)
{
    uint32_t slot = 0;
    return qn_map_get(&regions->index, &slot, id->bytes) ? &regions->watched[slot] : NULL;
}

static void end_check_of(struct qn_regions *regions, const struct watched *watched)
{
    uint32_t place = (uint32_t)(watched - regions->watched) + 1;
    for (size_t i = 0; i < QN_REGION_CHECKS_MAX; i++) {
        if (regions->checks[i].watched == place) {
            regions->checks[i].watched = 0;
        }
    }
}

static struct watched *free_slot(struct qn_regions *regions)
{
    QN_ASSERT(regions->watched != NULL);
    for (size_t i = 0; i < regions->config.watched_max; i++) {
        if (!regions->watched[i].used) {
            return &regions->watched[i];
        }
    }
    return NULL;
}

enum qn_err qn_regions_watch(struct qn_regions *regions, const struct qn_node_id *id,
                             enum qn_region declared, qn_time_us now)
{
    struct watched *watched = find(regions, id);
    if (watched != NULL && watched->declared == declared) {
        return QN_OK;
    }
    if (watched != NULL) {
        end_check_of(regions, watched);
    } else {
        watched = free_slot(regions);
        if (watched == NULL) {
            return QN_ERR_FULL;
        }
        enum qn_err err =
            qn_map_put(&regions->index, id->bytes, (uint32_t)(watched - regions->watched));
        QN_ASSERT(err == QN_OK); /* as many places as slots */
    }
    /* The first answers need a few pings. */
    *watched = (struct watched){.used = true,
                                .id = *id,
                                .declared = declared,
                                .told = watched->used ? watched->told : QN_REGION_UNKNOWN,
                                .next_us = now + QN_REGION_ASK_AGAIN};
    return QN_OK;
}

void qn_regions_forget(struct qn_regions *regions, const struct qn_node_id *id)
{
    struct watched *watched = find(regions, id);
    if (watched != NULL) {
        end_check_of(regions, watched);
        qn_map_remove(&regions->index, id->bytes);
        *watched = (struct watched){.used = false};
    }
}

enum qn_region_verdict qn_regions_verdict(const struct qn_regions *regions,
                                          const struct qn_node_id *id)
{
    const struct watched *watched = find(regions, id);
    return watched != NULL ? watched->verdict : QN_REGION_UNKNOWN;
}

/* ---- checks ---- */

static struct qn_regions_action *add(struct qn_regions_actions *actions,
                                     enum qn_regions_action_kind kind)
{
    if (actions->count == QN_REGIONS_ACTIONS_MAX) {
        return NULL;
    }
    struct qn_regions_action *action = &actions->items[actions->count++];
    *action = (struct qn_regions_action){.kind = kind};
    return action;
}

static void begin(struct qn_regions *regions, struct check *check, struct watched *watched,
                  qn_time_us now)
{
    struct qn_landmark drawn[QN_LANDMARKS_MAX];
    *check = (struct check){.watched = (uint32_t)(watched - regions->watched) + 1,
                            .until_us = now + QN_REGION_CHECK_TIMEOUT};
    watched->under_way = true;
    check->seat_count = draw(regions, drawn, &watched->id, watched->declared);
    for (size_t i = 0; i < check->seat_count; i++) {
        check->seats[i] = (struct seat){.landmark = drawn[i]};
    }
}

static void begin_those_due(struct qn_regions *regions, qn_time_us now)
{
    size_t max = regions->config.watched_max;
    struct check *check = regions->checks;
    struct check *end = check + QN_REGION_CHECKS_MAX;
    for (size_t i = 0; i < max; i++) {
        struct watched *watched = &regions->watched[(regions->watched_next + i) % max];
        if (!watched->used || watched->under_way || now < watched->next_us) {
            continue;
        }
        while (check < end && check->watched != 0) {
            check++;
        }
        if (check == end) { /* the next poll goes on with this one */
            regions->watched_next = (size_t)(watched - regions->watched);
            return;
        }
        begin(regions, check, watched, now);
    }
}

/* Asks a landmark that is linked, wants a link to one that is not; our own measurement is at hand. */
static void poll_seat(struct qn_regions *regions, struct qn_regions_actions *actions,
                      struct seat *seat, const struct qn_node_id *subject, qn_time_us now)
{
    const struct qn_node_id *id = &seat->landmark.id;
    if (qn_node_id_equal(id, &regions->config.id)) {
        seat->state = HEARD; /* evidence without a landmark: own_evidence */
    } else if (seat->state != HEARD && now >= seat->next_us) {
        bool is_linked = regions->config.is_linked(regions->config.context, id);
        if (!is_linked && now < seat->want_us) {
            return;
        }
        struct qn_regions_action *action =
            add(actions, is_linked ? QN_REGIONS_ASK : QN_REGIONS_WANT);
        if (action == NULL) {
            return;
        }
        action->landmark = seat->landmark;
        if (is_linked) {
            action->subject = *subject;
            seat->state = ASKED;
            seat->next_us = now + QN_REGION_SILENCE; /* the link may have gone */
        } else {
            seat->want_us = now + QN_LANDMARK_WANT_AGAIN;
        }
    }
}

static struct qn_region_evidence own_evidence(const struct qn_regions *regions,
                                              const struct qn_node_id *subject)
{
    struct qn_rtt rtt = regions->config.measured(regions->config.context, subject);
    return (struct qn_region_evidence){
        .group = regions->config.group,
        .region = regions->config.region,
        .rtt_us = rtt.samples >= QN_REGION_SAMPLES_MIN ? rtt.rtt_us : 0,
    };
}

static enum qn_region_verdict judge(const struct qn_regions *regions, const struct check *check,
                                    const struct watched *watched)
{
    struct qn_region_evidence evidence[QN_LANDMARKS_MAX + 1];
    evidence[0] = own_evidence(regions, &watched->id);
    for (size_t i = 0; i < check->seat_count; i++) {
        evidence[i + 1] = check->seats[i].evidence;
    }
    return qn_region_check(watched->declared, evidence, check->seat_count + 1);
}

static void end(struct check *check, struct watched *watched, enum qn_region_verdict verdict,
                qn_time_us now)
{
    check->watched = 0;
    watched->under_way = false;
    if (verdict != QN_REGION_UNKNOWN) {
        watched->failures = 0;
        watched->verdict = verdict;
        watched->next_us =
            now + (verdict == QN_REGION_VERIFIED ? QN_REGION_RECHECK : QN_REGION_RETRY_MAX);
        return;
    }
    qn_time_us wait = QN_REGION_RETRY_MIN;
    for (unsigned i = 0; i < watched->failures && wait < QN_REGION_RETRY_MAX; i++) {
        wait *= 2;
    }
    watched->next_us = now + (wait < QN_REGION_RETRY_MAX ? wait : QN_REGION_RETRY_MAX);
    watched->failures += 1;
    if (watched->failures > QN_REGION_FAILURES_FORGIVEN) {
        watched->verdict = QN_REGION_UNKNOWN;
    }
}

static void poll_check(struct qn_regions *regions, struct qn_regions_actions *actions,
                       struct check *check, qn_time_us now)
{
    struct watched *watched = &regions->watched[check->watched - 1];
    for (size_t i = 0; i < check->seat_count; i++) {
        poll_seat(regions, actions, &check->seats[i], &watched->id, now);
    }
    enum qn_region_verdict verdict = judge(regions, check, watched);
    if (verdict != QN_REGION_UNKNOWN || now >= check->until_us) {
        end(check, watched, verdict, now);
    }
}

void qn_regions_on_answer(struct qn_regions *regions, const struct qn_node_id *landmark,
                          const struct qn_node_id *subject, uint64_t group,
                          const struct qn_rtt *rtt, qn_time_us now)
{
    const struct watched *watched = find(regions, subject);
    uint32_t place = watched == NULL ? 0 : (uint32_t)(watched - regions->watched) + 1;
    for (size_t i = 0; i < QN_REGION_CHECKS_MAX && place != 0; i++) {
        struct check *check = &regions->checks[i];
        for (size_t j = 0; check->watched == place && j < check->seat_count; j++) {
            struct seat *seat = &check->seats[j];
            if (seat->state != ASKED || !qn_node_id_equal(&seat->landmark.id, landmark)) {
                continue;
            }
            bool is_enough = rtt->samples >= QN_REGION_SAMPLES_MIN;
            seat->state = is_enough ? HEARD : WAITS;
            seat->next_us = now + QN_REGION_ASK_AGAIN;
            seat->evidence = (struct qn_region_evidence){group, seat->landmark.region,
                                                         is_enough ? rtt->rtt_us : 0};
        }
    }
}

/* ---- our own landmarks ---- */

/* A link that stays a while lets the landmark measure us; it answers for us until it forgets. */
static void poll_own(struct qn_regions *regions, struct qn_regions_actions *actions, qn_time_us now)
{
    for (size_t i = 0; i < regions->own_count; i++) {
        struct own_seat *seat = &regions->own[i];
        if (regions->config.is_linked(regions->config.context, &seat->landmark.id)) {
            seat->linked_us = seat->linked_us == 0 ? now : seat->linked_us;
            if (now - seat->linked_us >= QN_LANDMARK_STAY) {
                seat->measured_us = now;
            }
            continue;
        }
        seat->linked_us = 0;
        bool is_measured = seat->measured_us != 0 && now - seat->measured_us < QN_LANDMARK_RENEWAL;
        if (is_measured || now < seat->want_us) {
            continue;
        }
        struct qn_regions_action *action = add(actions, QN_REGIONS_WANT);
        if (action != NULL) {
            action->landmark = seat->landmark;
            seat->want_us = now + QN_LANDMARK_WANT_AGAIN;
        }
    }
}

static void tell_verdicts(struct qn_regions *regions, struct qn_regions_actions *actions)
{
    for (size_t i = 0; i < regions->config.watched_max; i++) {
        struct watched *watched = &regions->watched[i];
        if (!watched->used || watched->told == watched->verdict) {
            continue;
        }
        struct qn_regions_action *action = add(actions, QN_REGIONS_VERDICT);
        if (action == NULL) {
            return;
        }
        action->subject = watched->id;
        action->verdict = watched->verdict;
        watched->told = watched->verdict;
    }
}

void qn_regions_poll(struct qn_regions *regions, struct qn_regions_actions *actions, qn_time_us now)
{
    actions->count = 0;
    tell_verdicts(regions, actions); /* first: they are never crowded out */
    poll_own(regions, actions, now);
    begin_those_due(regions, now);
    for (size_t i = 0; i < QN_REGION_CHECKS_MAX; i++) {
        if (regions->checks[i].watched != 0) {
            poll_check(regions, actions, &regions->checks[i], now);
        }
    }
}
