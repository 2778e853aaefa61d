#include "peer/balancer.h"

#include <stdio.h>
const char *qn_move_kind_name(enum qn_move_kind kind)
{
    switch (kind) {
    case QN_MOVE_REST:
        return "rest";
    case QN_MOVE_REDIRECT:
        return "redirect";
    case QN_MOVE_WANT:
        return "want";
    case QN_MOVE_KIND_COUNT:
        break;
    }
    return "unknown";
}

const char *qn_move_reason_name(enum qn_move_reason reason)
{
    switch (reason) {
    case QN_MOVE_REGION_FULL:
        return "region_full";
    case QN_MOVE_BUSY:
        return "busy";
    case QN_MOVE_REGION_LOW:
        return "region_low";
    case QN_MOVE_REGION_MIN:
        return "region_min";
    case QN_MOVE_REASON_COUNT:
        break;
    }
    return "unknown";
}

static const char *action_text(enum qn_move_kind kind)
{
    switch (kind) {
    case QN_MOVE_REST:
        return "rests";
    case QN_MOVE_REDIRECT:
        return "redirected";
    case QN_MOVE_WANT:
        return "one more wanted";
    case QN_MOVE_KIND_COUNT:
        break;
    }
    return "moved";
}

const char *qn_move_text(char *text, const struct qn_move *move)
{
    char why[80];
    const char *region = qn_region_name(move->region);
    switch (move->reason) {
    case QN_MOVE_REGION_FULL:
    case QN_MOVE_REGION_LOW:
        snprintf(why, sizeof why, "%u %% of the places of %s are taken", move->percent, region);
        break;
    case QN_MOVE_BUSY:
        snprintf(why, sizeof why, "the node takes %u %% of a core", move->percent);
        break;
    case QN_MOVE_REGION_MIN:
        snprintf(why, sizeof why, "fewer than %d peers of %s", QN_BALANCE_REGION_HOT_MIN, region);
        break;
    case QN_MOVE_REASON_COUNT:
        why[0] = '\0';
        break;
    }
    if (move->kind == QN_MOVE_WANT) {
        snprintf(text, QN_MOVE_TEXT_SIZE, "%s in %s: %s", action_text(move->kind), region, why);
    } else {
        snprintf(text, QN_MOVE_TEXT_SIZE, "%s (%s, round trip %u us, %u bytes queued): %s",
                 action_text(move->kind), region, move->rtt_us, move->queued_bytes, why);
    }
    return text;
}
