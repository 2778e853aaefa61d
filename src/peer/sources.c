#include "peer/sources.h"

#include "base/log.h"

const char *qn_peer_source_name(enum qn_peer_source source)
{
    static const char *const names[QN_PEER_SOURCE_COUNT] = {
        [QN_PEER_SOURCE_ANCHORS] = "anchors", [QN_PEER_SOURCE_TRIED] = "tried",
        [QN_PEER_SOURCE_LEDGER] = "ledger",   [QN_PEER_SOURCE_DNS] = "dns",
        [QN_PEER_SOURCE_GENESIS] = "genesis", [QN_PEER_SOURCE_FALLBACK] = "fallback",
        [QN_PEER_SOURCE_LAN] = "lan",
    };
    QN_ASSERT(source < QN_PEER_SOURCE_COUNT);
    return names[source];
}

void qn_sources_init(struct qn_sources *sources, qn_time_us now)
{
    *sources = (struct qn_sources){.next_us = now};
}

static bool is_satisfied(const struct qn_sources_view *view)
{
    return view->live >= QN_SOURCES_LIVE_ENOUGH && view->independent >= QN_SOURCES_INDEPENDENT;
}

unsigned qn_sources_poll(struct qn_sources *sources, const struct qn_sources_view *view,
                         qn_time_us now)
{
    bool goes_on = view->all || !is_satisfied(view);
    while (sources->next < QN_PEER_SOURCE_COUNT) {
        bool has_offer = qn_sources_is_open(view->offers, sources->next);
        bool is_time = view->all_at_once || (goes_on && now >= sources->next_us);
        if (has_offer && !is_time) {
            break;
        }
        sources->open |= 1U << sources->next; /* an empty one too: what it learns later counts */
        sources->next += 1;
        if (has_offer) {
            sources->next_us = now + QN_PEER_SOURCE_WAIT;
        }
    }
    return sources->open;
}

void qn_origins_add(struct qn_origins *origins, uint64_t origin)
{
    for (size_t i = 0; i < origins->count; i++) {
        if (origins->items[i] == origin) {
            return;
        }
    }
    if (origin != 0 && origins->count < QN_SOURCES_ORIGINS_MAX) {
        origins->items[origins->count++] = origin;
    }
}

size_t qn_sources_needed(uint64_t others)
{
    return others < QN_SOURCES_INDEPENDENT ? (size_t)others : QN_SOURCES_INDEPENDENT;
}
