/* Which regions answer: when the last sign of life came from each, who is asked when none comes, and when that is an
 * alarm. */
#include "peer/peering_alarm.h"

#include "peer/peering_state.h"

enum {
    PROBES_MAX = 32,     /* links of one region asked in one go */
    CUT_OFF_REGIONS = 2, /* silent at least, while the own one answers */
};
#define ALARM_INTERVAL QN_MS(500)
#define STALL QN_SECONDS(2) /* not polled for so long: this node stood still, not the others */

const struct qn_peering_alarms *qn_peering_alarms(const struct qn_peering *peering)
{
    return &peering->alarm.told;
}

void qn_peering_alarm_heard(struct qn_peering *peering, enum qn_region region,
                            enum qn_standing standing, qn_time_us now)
{
    /* Where others say they are counts for nothing; and who never had a link there misses nobody. */
    bool counts = standing == QN_STANDING_REGISTERED || standing == QN_STANDING_GENESIS;
    if (counts && peering->counts.hot[region] > 0) {
        peering->alarm.watched |= 1U << region;
    }
    if (counts) {
        peering->alarm.heard_us[region] = now;
    }
}

static bool is_watched(const struct qn_peering_alarm *alarm, size_t region)
{
    return (alarm->watched >> region & 1U) != 0;
}

static bool is_silent(const struct qn_peering_alarm *alarm, size_t region)
{
    return (alarm->silent >> region & 1U) != 0;
}

static void forget(struct qn_peering_alarm *alarm, size_t region)
{
    alarm->watched &= ~(1U << region);
    alarm->silent &= ~(1U << region);
    alarm->told.raised[region] = false;
}

void qn_peering_alarm_left(struct qn_peering *peering, enum qn_region region)
{
    if (peering->counts.hot[region] == 0 && !is_silent(&peering->alarm, region)) {
        forget(&peering->alarm, region);
    }
}

void qn_peering_on_leave(struct qn_peering *peering, uint64_t number)
{
    struct qn_peering_link *link = qn_peering_find(peering, number);
    if (link != NULL) {
        link->leaves = true;
    }
}

unsigned qn_peering_alarm_wants(const struct qn_peering *peering)
{
    return peering->alarm.silent << QN_DIAL_WANT_REGION_SHIFT;
}

/* Without anybody there is nobody to miss: they were revoked, perhaps. */
static bool is_anybody_known(const struct qn_peering *peering, enum qn_region region)
{
    const struct qn_book *book = &peering->memory.book;
    bool is_known = peering->counts.hot[region] > 0 || qn_book_count(book, true, region) > 0 ||
                    qn_book_count(book, false, region) > 0;
    for (size_t i = 0; !is_known && i < QN_DIALER_TARGETS_MAX; i++) {
        const struct qn_dial_target *target = &peering->dialer.targets[i];
        is_known = target->used && target->region == region;
    }
    return is_known;
}

/* The next ones in turn of those that are live. */
static void probe(struct qn_peering *peering, struct qn_peering_actions *actions,
                  enum qn_region region, size_t count)
{
    size_t places = peering->place_end;
    for (size_t i = 0; i < places && count > 0; i++) {
        peering->alarm.cursor = (peering->alarm.cursor + 1) % places;
        const struct qn_peering_link *link = &peering->links[peering->alarm.cursor];
        bool can_answer = link->link != 0 && link->state == QN_PEERING_LIVE &&
                          link->region == region && link->standing != QN_STANDING_UNREGISTERED;
        struct qn_peering_action *action =
            can_answer ? qn_peering_act(actions, QN_PEERING_PROBE) : NULL;
        if (action != NULL) {
            action->probe.link = link->link;
            count -= 1;
        }
    }
}

static void judge(struct qn_peering *peering, struct qn_peering_actions *actions,
                  enum qn_region region, qn_time_us now)
{
    struct qn_peering_alarm *alarm = &peering->alarm;
    qn_time_us silence = now - alarm->heard_us[region];
    bool is_doubted = silence >= QN_REGION_DOUBT;
    if (silence >= QN_REGION_PROBE) {
        probe(peering, actions, region, is_doubted ? PROBES_MAX : 1);
    }
    alarm->silent = is_doubted ? alarm->silent | 1U << region : alarm->silent & ~(1U << region);
    if (is_doubted && !is_anybody_known(peering, region)) {
        forget(alarm, region);
    } else if (!alarm->told.raised[region] && silence >= QN_REGION_SILENT) {
        alarm->told.raised[region] = true;
        alarm->told.silent_since_us[region] = alarm->heard_us[region];
        alarm->told.count += 1;
    }
    if (is_doubted) {
        alarm->calm_us[region] = now; /* not yet */
    }
    if (now - alarm->calm_us[region] >= QN_REGION_CALM) {
        alarm->told.raised[region] = false;
    }
}

static bool is_cut_off(const struct qn_peering *peering)
{
    const struct qn_peering_alarm *alarm = &peering->alarm;
    size_t raised = 0;
    size_t fine = 0;
    for (size_t i = 0; i < QN_REGION_COUNT; i++) {
        bool is_fine = is_watched(alarm, i) && !alarm->told.raised[i];
        raised += alarm->told.raised[i] ? 1 : 0;
        fine += is_fine && i != (size_t)peering->config.region ? 1 : 0;
    }
    bool has_neighbours = is_watched(alarm, (size_t)peering->config.region) &&
                          !alarm->told.raised[peering->config.region];
    return fine == 0 && raised >= (has_neighbours ? CUT_OFF_REGIONS : 1);
}

/* While this node stood still nobody could be heard. */
static void pass_over_stall(struct qn_peering_alarm *alarm, qn_time_us now)
{
    qn_time_us gap = now - alarm->polled_us;
    for (size_t i = 0; i < QN_REGION_COUNT && gap >= STALL; i++) {
        qn_time_us heard_us = alarm->heard_us[i] + gap;
        alarm->heard_us[i] = heard_us < now ? heard_us : now;
    }
    alarm->polled_us = now;
}

void qn_peering_alarm_poll(struct qn_peering *peering, struct qn_peering_actions *actions,
                           qn_time_us now)
{
    struct qn_peering_alarm *alarm = &peering->alarm;
    pass_over_stall(alarm, now);
    if (now < alarm->next_us) {
        return;
    }
    alarm->next_us = now + ALARM_INTERVAL;
    for (size_t i = 0; i < QN_REGION_COUNT; i++) {
        if (is_watched(alarm, i)) {
            judge(peering, actions, (enum qn_region)i, now);
        }
    }
    alarm->told.cut_off = is_cut_off(peering);
}
