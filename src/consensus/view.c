/* Rules 1 and 2: entering views and arming their timers. */
#include "consensus/state.h"

qn_time_us qn_view_delta(const struct qn_consensus *c)
{
    uint64_t doublings = (c->view - 1 - c->final_view) / QN_CONSENSUS_BACKOFF_VIEWS;

    if (c->view <= c->final_view + 1) {
        doublings = 0;
    }
    if (doublings > QN_CONSENSUS_BACKOFF_MAX) {
        doublings = QN_CONSENSUS_BACKOFF_MAX;
    }
    return c->delta << doublings;
}

void qn_view_seen(struct qn_consensus *c, uint64_t view)
{
    if (view > c->seen_view) {
        c->seen_view = view;
    }
}

/* A notarized block above the final one keeps the timers going, or it would stay unfinalized on an
 * idle network. Views are entered by certificate, so only those held here can be above. */
static bool unsettled(struct qn_consensus *c)
{
    for (uint64_t view = c->certified_view; view > c->settled_view; view--) {
        if (qn_slot_notarized(qn_slot_find(c, view)) != NULL) {
            return true;
        }
    }
    return false;
}

/* A validator that may have voted before it lost its memory waits for the views to pass its ceiling. */
static bool somebody_waits(const struct qn_consensus *c)
{
    for (int i = 0; i < (int)c->n; i++) {
        if (c->peers[i].linked && c->peers[i].ceiling >= c->view) {
            return true;
        }
    }
    return false;
}

static unsigned arm_reasons(struct qn_consensus *c)
{
    unsigned reasons = 0;

    if (!qn_is_voting(c)) {
        return 0;
    }
    reasons |= c->fresh ? QN_ARM_PENDING : 0U;
    reasons |= c->seen_view >= c->view ? QN_ARM_SEEN : 0U;
    reasons |= c->now >= c->heartbeat_at ? QN_ARM_HEARTBEAT : 0U;
    reasons |= qn_slot_own_any(qn_slot_find(c, c->view)) ? QN_ARM_OWN : 0U;
    reasons |= unsettled(c) ? QN_ARM_SETTLE : 0U;
    reasons |= somebody_waits(c) ? QN_ARM_CARRY : 0U;
    return reasons;
}

static qn_time_us earlier(qn_time_us a, qn_time_us b)
{
    return a < b ? a : b;
}

/* Armed only to settle, everyone waits one D longer: the FINALIZE votes under way normally arrive
 * first, and then no empty block is made. Any other reason brings the timers forward. */
void qn_view_arm(struct qn_consensus *c)
{
    unsigned before = c->armed;
    qn_time_us delta = qn_view_delta(c);

    c->armed = arm_reasons(c);
    if (c->armed == 0) {
        return;
    }
    bool urgent = c->armed != QN_ARM_SETTLE;
    if (before == 0) {
        qn_time_us from = c->now + (urgent ? 0 : delta);
        c->leader_at = from + 2 * delta;
        c->abstain_at = from + 3 * delta;
        c->settle_at = c->now + delta;
        c->resend_at = c->now + c->resend_interval;
    } else if (urgent && before == QN_ARM_SETTLE) {
        c->leader_at = earlier(c->leader_at, c->now + 2 * delta);
        c->abstain_at = earlier(c->abstain_at, c->now + 3 * delta);
    }
}

static void enter(struct qn_consensus *c, uint64_t view)
{
    QN_ASSERT(view > c->view);
    c->view = view;
    c->armed = 0;
    c->build_cookie = 0;
    c->resend_interval = c->resend_min;
    c->heartbeat_at = c->now + c->heartbeat;
    if (qn_slot_notarized(qn_slot_find(c, view - 1)) == NULL) {
        c->fresh = c->pending; /* what a nullified block held still waits */
    }
    qn_log(c->log, QN_LOG_DEBUG, "consensus", "view", "view=%llu leader=%d",
           (unsigned long long)view, qn_view_leader(c, view));
}

void qn_view_catch_up(struct qn_consensus *c)
{
    uint64_t last = c->final_view + QN_CONSENSUS_WINDOW;
    uint64_t view = c->certified_view + 1;
    bool stalled = view > last;

    if (stalled && !c->stalled) {
        qn_log(c->log, QN_LOG_ERROR, "consensus", "window_full",
               "view=%llu final_view=%llu: no block became final in so many views",
               (unsigned long long)c->view, (unsigned long long)c->final_view);
    }
    c->stalled = stalled;
    view = stalled ? last : view;
    if (view > c->view) {
        enter(c, view);
    }
    qn_view_step(c);
}

void qn_view_step(struct qn_consensus *c)
{
    qn_view_arm(c);
    qn_propose_try(c);
    qn_notarize_try(c);
    qn_view_arm(c); /* an own vote keeps it armed */
    qn_timeout_try(c);
}
