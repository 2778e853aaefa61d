#include "peer/liveness.h"

#include "base/limits.h"

void qn_liveness_init(struct qn_liveness *liveness, qn_time_us now)
{
    *liveness = (struct qn_liveness){.next_us = now};
}

enum qn_liveness_action qn_liveness_poll(struct qn_liveness *liveness, uint64_t nonce,
                                         qn_time_us now)
{
    if (now < liveness->next_us) {
        return QN_LIVENESS_WAIT;
    }
    if (liveness->sent_us != 0) {
        liveness->missed = (uint8_t)(liveness->missed + 1);
        if (liveness->missed >= QN_PING_MISSED_MAX) {
            return QN_LIVENESS_DROP;
        }
    }
    liveness->nonce = nonce;
    liveness->sent_us = now;
    liveness->next_us = now + QN_PING_INTERVAL;
    return QN_LIVENESS_SEND_PING;
}

static qn_time_us quiet_interval(unsigned doublings)
{
    qn_time_us interval = QN_PING_QUIET_INTERVAL << doublings;
    return interval < QN_PING_QUIET_INTERVAL_MAX ? interval : QN_PING_QUIET_INTERVAL_MAX;
}

void qn_liveness_doubt(struct qn_liveness *liveness, qn_time_us now)
{
    if (liveness->sent_us == 0 && liveness->next_us > now) {
        liveness->next_us = now;
    }
}

bool qn_liveness_on_pong(struct qn_liveness *liveness, uint64_t nonce, bool closely, qn_time_us now)
{
    if (liveness->sent_us == 0 || nonce != liveness->nonce) {
        return false;
    }
    qn_time_us elapsed = now - liveness->sent_us;
    uint32_t rtt = elapsed > UINT32_MAX ? UINT32_MAX : (uint32_t)elapsed;
    rtt = rtt == 0 ? 1 : rtt; /* 0 means "not measured" */
    liveness->rtt_last_us = rtt;
    if (liveness->rtt_us == 0) {
        liveness->rtt_us = rtt;
        liveness->rtt_min_us = rtt;
    } else {
        liveness->rtt_us = (uint32_t)(((uint64_t)liveness->rtt_us * 7 + rtt) / 8);
        liveness->rtt_min_us = rtt < liveness->rtt_min_us ? rtt : liveness->rtt_min_us;
    }
    if (liveness->missed > 0) {
        liveness->answered = 0;
    } else if (liveness->answered < QN_PING_QUIET_AFTER) {
        liveness->answered = (uint8_t)(liveness->answered + 1);
    }
    if (liveness->answered < QN_PING_QUIET_AFTER || closely) {
        liveness->doublings = 0;
    } else {
        liveness->next_us = liveness->sent_us + quiet_interval(liveness->doublings);
        liveness->doublings = (uint8_t)(liveness->doublings + (liveness->doublings < 8));
    }
    liveness->sent_us = 0;
    liveness->missed = 0;
    return true;
}
