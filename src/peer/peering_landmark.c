/* Links to landmarks: made for a while, so that a node can be measured and can ask who measured others. */
#include "peer/peering_state.h"

void qn_peering_want_landmark(struct qn_peering *peering, const struct qn_node_id *id,
                              enum qn_region region, const struct qn_endpoint *endpoint,
                              qn_time_us now)
{
    struct qn_dialer *dialer = &peering->dialer;
    bool is_self = qn_node_id_equal(id, &peering->config.id);
    bool is_known = qn_dialer_find(dialer, id) != NULL;
    if (is_self || qn_peering_link_to(peering, id) != 0 ||
        (!is_known && !qn_dialer_add(dialer, QN_DIAL_FOR_HOT, id, region, endpoint, 1, now))) {
        return; /* nothing to do, or no place: it is wanted again later */
    }
    qn_dialer_pin(dialer, id, QN_DIAL_FOR_LANDMARK);
    qn_peering_let_rest(peering, id, now);
}

bool qn_peering_is_wanted_landmark(const struct qn_peering *peering, const struct qn_peering_up *up)
{
    const struct qn_dial_target *target = qn_dialer_find(&peering->dialer, &up->id);
    return up->dial != 0 && target != NULL && qn_dialer_purpose(target) == QN_DIAL_FOR_LANDMARK;
}

void qn_peering_end_landmarks(struct qn_peering *peering, struct qn_peering_actions *actions,
                              qn_time_us now)
{
    if (now < peering->landmarks_us) {
        return;
    }
    peering->landmarks_us = now + QN_SECONDS(1);
    size_t hot[QN_REGION_COUNT];
    for (size_t i = 0; i < QN_REGION_COUNT; i++) {
        hot[i] = peering->counts.hot[i];
    }
    for (size_t i = 0; i < peering->place_end; i++) {
        struct qn_peering_link *link = &peering->links[i];
        if (link->link == 0 || !link->for_landmark || link->state != QN_PEERING_LIVE ||
            now - link->since_us < QN_LANDMARK_LINK) {
            continue;
        }
        bool is_wanted =
            link->privileged ||
            hot[link->region] <=
                peering->targets.hot[link->region] + peering->balance.raised[link->region] ||
            peering->counts.outbound[link->region] <= peering->targets.own[link->region];
        struct qn_peering_action *action =
            is_wanted ? NULL : qn_peering_act(actions, QN_PEERING_CLOSE);
        if (action != NULL) {
            action->close.link = link->link;
            action->close.reason = QN_CLOSE_NORMAL;
            hot[link->region] -= 1;
        }
        qn_peering_count(&peering->counts, link, false);
        link->for_landmark = !is_wanted && action == NULL; /* full: again later */
        qn_peering_count(&peering->counts, link, true);
    }
    qn_peering_allow_excess(peering); /* what stays counts as unverified from now on */
}
