/* Cold start: from which sources of addresses a node may dial, one after the other. Each next source is opened
 * when those before it have nothing to offer, or had their time and links are still missing; so who comes
 * back to a network that he knows burdens neither its founders nor anybody's name server.
 *
 * Also: how many independent sources the links at hand come from. Who knows all his peers from one source
 * knows what that source wants him to know.
 *
 * Pure; no fini: holds nothing but its own bytes. Spec: DESIGN section 10, docs/peers.md. */
#ifndef QN_SOURCES_H
#define QN_SOURCES_H

#include "base/base.h"

/* In the order of a cold start. */
enum qn_peer_source {
    QN_PEER_SOURCE_ANCHORS,  /* peers of the last run, two a region */
    QN_PEER_SOURCE_TRIED,    /* addresses that we dialled before */
    QN_PEER_SOURCE_LEDGER,   /* endpoints in the registry */
    QN_PEER_SOURCE_DNS,      /* names that the operator gave */
    QN_PEER_SOURCE_GENESIS,  /* the pinned certificates */
    QN_PEER_SOURCE_FALLBACK, /* addresses that the operator gave */
    QN_PEER_SOURCE_LAN,      /* who is heard in the local network */
    QN_PEER_SOURCE_COUNT,
};
/* "anchors"; static. */
const char *qn_peer_source_name(enum qn_peer_source source);

#define QN_PEER_SOURCE_WAIT QN_SECONDS(1) /* that a source has for itself */
enum {
    QN_SOURCES_LIVE_ENOUGH = 4,  /* live links with which no further source is opened */
    QN_SOURCES_INDEPENDENT = 2,  /* sources that a node needs to be ready */
    QN_SOURCES_ORIGINS_MAX = 64, /* of links that are looked at to tell sources apart */
};

struct qn_sources {
    unsigned open; /* one bit for each source that may be dialled */
    enum qn_peer_source next;
    qn_time_us next_us; /* when it may be opened at the earliest */
};

struct qn_sources_view {
    unsigned offers;    /* sources that have anything, one bit each */
    size_t live;        /* links to verified peers */
    size_t independent; /* sources that they come from */
    bool all_at_once;   /* a member of the committee: it needs the others whatever it costs */
    bool all;           /* a small network: everybody may dial everybody in the end */
};

void qn_sources_init(struct qn_sources *sources, qn_time_us now);
/* Returns the sources that are open now, one bit each: those that were, and more. */
unsigned qn_sources_poll(struct qn_sources *sources, const struct qn_sources_view *view,
                         qn_time_us now);
static inline bool qn_sources_is_open(unsigned open, enum qn_peer_source source)
{
    return (open >> source & 1U) != 0;
}

/* Origins of live links, to count the distinct ones; 0 is none. */
struct qn_origins {
    size_t count;
    uint64_t items[QN_SOURCES_ORIGINS_MAX];
};
void qn_origins_add(struct qn_origins *origins, uint64_t origin);
/* How many sources a node in a network of so many others needs to be ready. */
size_t qn_sources_needed(uint64_t others);

#endif
