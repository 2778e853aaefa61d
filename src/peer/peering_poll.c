/* What is to be done: half-open links that took too long, links above a limit that fell, dials. */
#include "peer/peering_state.h"

struct qn_peering_action *qn_peering_act(struct qn_peering_actions *actions,
                                         enum qn_peering_action_kind kind)
{
    if (actions->count == QN_PEERING_ACTIONS_MAX) {
        return NULL;
    }
    struct qn_peering_action *action = &actions->items[actions->count];
    actions->count += 1;
    action->kind = kind;
    return action;
}

static void end_half_open(const struct qn_peering *peering, struct qn_peering_actions *actions,
                          qn_time_us now)
{
    bool is_busy = peering->counts.half_open >= QN_HALF_OPEN_MAX / 2;
    qn_time_us patience = is_busy ? QN_HALF_OPEN_TIMEOUT_BUSY : QN_HALF_OPEN_TIMEOUT;
    for (size_t i = 0; i < peering->counts.half_open; i++) {
        const struct qn_peering_link *link = &peering->links[peering->half_open[i]];
        struct qn_peering_action *action =
            now - link->since_us >= patience ? qn_peering_act(actions, QN_PEERING_CLOSE) : NULL;
        if (action != NULL) {
            action->close.link = link->link;
            action->close.reason = QN_CLOSE_HANDSHAKE_TIMEOUT;
        }
    }
}

/* What feelers were for is known: the place is somebody else's. */
static void end_feelers(const struct qn_peering *peering, struct qn_peering_actions *actions)
{
    for (size_t i = 0; i < peering->place_end; i++) {
        const struct qn_peering_link *link = &peering->links[i];
        bool is_done = link->link != 0 && link->is_feeler && link->state == QN_PEERING_LIVE;
        struct qn_peering_action *action =
            is_done ? qn_peering_act(actions, QN_PEERING_CLOSE) : NULL;
        if (action != NULL) {
            action->close.link = link->link;
            action->close.reason = QN_CLOSE_NORMAL;
        }
    }
}

/* After a limit fell, or somebody lost a privilege: the youngest beyond it goes, one a poll and region. */
enum trimmed { TRIM_ALL, TRIM_REGION, TRIM_UNVERIFIED };

static bool is_trimmed(const struct qn_peering_link *link, enum trimmed what, enum qn_region region)
{
    if (link->link == 0 || link->state == QN_PEERING_HALF_OPEN || link->privileged) {
        return false;
    }
    if (what == TRIM_ALL) {
        return true;
    }
    return link->region == region && link->standing != QN_STANDING_UNREGISTERED &&
           (what == TRIM_REGION || qn_peering_is_unverified(link));
}

static void trim(struct qn_peering *peering, struct qn_peering_actions *actions, enum trimmed what,
                 enum qn_region region)
{
    const struct qn_peering_link *youngest = NULL;
    for (size_t i = 0; i < peering->place_end; i++) {
        const struct qn_peering_link *link = &peering->links[i];
        bool counts = is_trimmed(link, what, region);
        if (counts && (youngest == NULL || link->since_us > youngest->since_us)) {
            youngest = link;
        }
    }
    struct qn_peering_action *action =
        youngest == NULL ? NULL : qn_peering_act(actions, QN_PEERING_CLOSE);
    if (action != NULL) {
        action->close.link = youngest->link;
        action->close.reason = QN_CLOSE_FULL;
    }
}

static void trim_all(struct qn_peering *peering, struct qn_peering_actions *actions)
{
    qn_peering_allow_excess(peering); /* what went meanwhile does not come back */
    if (peering->links_allowed > peering->links_max) {
        trim(peering, actions, TRIM_ALL, 0);
    }
    for (size_t i = 0; i < QN_REGION_COUNT; i++) {
        if (peering->region_allowed[i] > peering->region_max) {
            trim(peering, actions, TRIM_REGION, (enum qn_region)i);
        }
        if (peering->unverified_allowed[i] > qn_peering_unverified_max(peering, i)) {
            trim(peering, actions, TRIM_UNVERIFIED, (enum qn_region)i);
        }
    }
}

bool qn_peering_has_room(const struct qn_peering *peering)
{
    return qn_peering_limited(peering) + peering->dialer.under_way < peering->links_max;
}

static size_t lacking(size_t held, size_t wanted)
{
    return held < wanted ? wanted - held : 0;
}

/* Live ones, or of our own choice; members of the committee dial nobody for his region, unless the balancer says so. */
size_t qn_peering_missing(const struct qn_peering *peering, size_t region)
{
    size_t raised = peering->balance.raised[region];
    if (peering->is_member) {
        return lacking(peering->counts.hot[region], raised);
    }
    size_t live = lacking(peering->counts.hot[region], peering->targets.hot[region] + raised);
    size_t own = lacking(peering->counts.outbound[region], peering->targets.own[region]);
    return live > own ? live : own;
}

/* In which regions links are missing, those that are being dialled counted. */
static unsigned regions_wanted(const struct qn_peering *peering, qn_time_us now)
{
    size_t dialled[QN_REGION_COUNT] = {0};
    unsigned wanted = 0;
    for (size_t i = 0; i < peering->dialer.under_way; i++) {
        dialled[peering->dialer.targets[peering->dialer.under_way_places[i]].region] += 1;
    }
    for (size_t i = 0; i < QN_REGION_COUNT; i++) {
        bool is_full =
            now < peering->full_until_us[i] ||
            peering->counts.unverified[i] + dialled[i] >= qn_peering_unverified_max(peering, i);
        if (dialled[i] < qn_peering_missing(peering, i) && !is_full) {
            wanted |= 1U << (QN_DIAL_WANT_REGION_SHIFT + i);
        }
    }
    return wanted;
}

static unsigned wanted_now(const struct qn_peering *peering, qn_time_us now)
{
    unsigned wanted = QN_DIAL_WANT_ALWAYS | QN_DIAL_WANT_FEELER;
    bool is_small = peering->active <= QN_SMALL_NETWORK;
    if (peering->is_member || is_small || peering->counts.live < QN_BOOTSTRAP_BELOW) {
        wanted |= QN_DIAL_WANT_BOOTSTRAP;
    }
    if (qn_peering_has_room(peering)) {
        wanted |= QN_DIAL_WANT_LANDMARK;
        wanted |= regions_wanted(peering, now);
        wanted |= qn_peering_alarm_wants(peering);
    }
    return wanted;
}

static void dial(struct qn_peering *peering, struct qn_peering_actions *actions, qn_time_us now)
{
    while (actions->count < QN_PEERING_ACTIONS_MAX) {
        const struct qn_dial_target *target =
            qn_dialer_next(&peering->dialer, wanted_now(peering, now), now);
        if (target == NULL) {
            return;
        }
        const struct qn_endpoint *endpoint = &target->endpoints[target->endpoint_next];
        if (qn_own_endpoints_have(&peering->own, target->has_id, endpoint)) {
            peering->counts.refused[QN_ADMISSION_SELF] += 1;
            qn_dialer_on_failed(&peering->dialer, target->dial, now);
            continue;
        }
        if (qn_peering_is_banned(peering, target->has_id ? &target->id : NULL, endpoint, true)) {
            peering->counts.refused[QN_ADMISSION_BANNED] += 1;
            qn_dialer_on_failed(&peering->dialer, target->dial, now);
            continue;
        }
        struct qn_peering_action *action = qn_peering_act(actions, QN_PEERING_DIAL);
        action->dial.dial = target->dial;
        action->dial.purpose = qn_dialer_purpose(target);
        action->dial.endpoint = *endpoint;
        action->dial.has_id = target->has_id;
        action->dial.id = target->id;
        qn_peering_book_on_dial(peering, target, now);
        peering->counts.dials += 1;
    }
}

void qn_peering_poll(struct qn_peering *peering, struct qn_peering_actions *actions, qn_time_us now)
{
    actions->count = 0;
    end_half_open(peering, actions, now);
    trim_all(peering, actions);
    end_feelers(peering, actions);
    qn_peering_balance_poll(peering, actions, now);
    qn_peering_book_poll(peering, wanted_now(peering, now), now);
    qn_peering_end_landmarks(peering, actions, now);
    dial(peering, actions, now);
    qn_peering_alarm_poll(peering, actions, now);
}
