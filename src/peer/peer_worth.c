#include "peer/peer_worth.h"

#include <string.h>

enum worth { WORTH_NOTHING, WORTH_A_WORD, WORTH_VERIFIED, WORTH_PROVEN };

static bool is_older(qn_time_us then, qn_time_us now, qn_time_us age)
{
    return now >= then && now - then >= age;
}

static enum worth worth_of(const struct qn_peer_entry *entry, qn_time_us now)
{
    bool is_bad = entry->verdict == QN_REGION_REFUTED || (entry->flags & QN_PEER_DISCOURAGED) != 0;
    if (is_bad) {
        return WORTH_NOTHING;
    }
    if (entry->proven_us != 0 && !is_older(entry->proven_us, now, QN_PEER_PROOF_LIFETIME)) {
        return WORTH_PROVEN;
    }
    return entry->verdict == QN_REGION_VERIFIED ? WORTH_VERIFIED : WORTH_A_WORD;
}

bool qn_peer_is_worse(const struct qn_peer_entry *a, const struct qn_peer_entry *b, qn_time_us now)
{
    enum worth of_a = worth_of(a, now);
    enum worth of_b = worth_of(b, now);
    if (of_a != of_b) {
        return of_a < of_b;
    }
    if (a->heard_us != b->heard_us) {
        return a->heard_us < b->heard_us;
    }
    return memcmp(a->id.bytes, b->id.bytes, sizeof a->id.bytes) < 0;
}

bool qn_peer_gives_way(const struct qn_peer_entry *entry, enum qn_region_verdict to, qn_time_us now)
{
    struct qn_peer_entry newcomer = {.verdict = (uint8_t)to};
    enum worth held = worth_of(entry, now);
    enum worth offered = worth_of(&newcomer, now);
    return held < offered ||
           (held == offered && is_older(entry->heard_us, now, QN_PEER_STALE_AFTER));
}

struct qn_peer_entry *qn_peer_worst(const struct qn_peer_list *list, enum qn_region region,
                                    bool warm_too, bool unverified_only, qn_time_us now)
{
    enum qn_peer_state last = warm_too ? QN_PEER_WARM : QN_PEER_COLD;
    struct qn_peer_entry *worst = NULL;
    for (enum qn_peer_state state = QN_PEER_COLD; state <= last && worst == NULL; state++) {
        struct qn_peer_entry *entry = qn_peer_list_first(list, region, state);
        for (; entry != NULL; entry = qn_peer_list_next(list, entry)) {
            bool may_go = (entry->flags & QN_PEER_EXEMPT) == 0 &&
                          (!unverified_only || entry->verdict != QN_REGION_VERIFIED);
            if (may_go && (worst == NULL || qn_peer_is_worse(entry, worst, now))) {
                worst = entry;
            }
        }
    }
    return worst;
}

unsigned qn_peer_reasons(const struct qn_peer_entry *entry)
{
    const bool holds[QN_HELD_COUNT] = {
        [QN_HELD_COMMITTEE] = (entry->flags & QN_PEER_COMMITTEE) != 0,
        [QN_HELD_RESERVED] = (entry->flags & QN_PEER_RESERVED) != 0,
        [QN_HELD_ANCHOR] = (entry->flags & QN_PEER_ANCHOR) != 0,
        [QN_HELD_LINK] = entry->state == QN_PEER_HOT,
        [QN_HELD_SESSION] = entry->state == QN_PEER_WARM,
        [QN_HELD_PROVEN] = entry->proven_us != 0,
        [QN_HELD_RECORD] = entry->record != NULL,
    };
    unsigned reasons = 0;
    for (unsigned i = 0; i < QN_HELD_COUNT; i++) {
        reasons |= holds[i] ? 1U << i : 0;
    }
    return reasons;
}

const char *qn_peer_reason_name(enum qn_peer_reason reason)
{
    static const char *const names[QN_HELD_COUNT] = {"committee", "reserved", "anchor", "link",
                                                     "session",   "proven",   "record"};
    QN_ASSERT((unsigned)reason < QN_HELD_COUNT);
    return names[reason];
}
