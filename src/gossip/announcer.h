/* Announcer, simple form: which announcements are new, which to pass on, which must wait until the ledger
 * knows their subject. (The regional mesh builds on the same three questions.)
 *
 * Pure; memory taken once. Spec: docs/protocol.md, announcements. */
#ifndef QN_ANNOUNCER_H
#define QN_ANNOUNCER_H

#include "base/buf.h"
#include "base/map.h"
#include "wire/announce.h"

enum { QN_ANNOUNCER_SEEN_MAX = 8192, QN_ANNOUNCER_WAITING_MAX = 256 };

/* An announcement of somebody whom the registry does not hold (yet). */
struct qn_announcer_waiting {
    struct qn_node_id id;
    uint64_t sequence;
    uint8_t hops;
    uint64_t from; /* link, in the owner's terms */
    struct qn_buf *record;
};

struct qn_announcer {
    struct qn_map seen;         /* hash of the record bytes */
    struct qn_hash *seen_order; /* ring of QN_ANNOUNCER_SEEN_MAX, oldest forgotten first */
    size_t seen_next;
    size_t waiting_count;
    struct qn_announcer_waiting *waiting;
    uint64_t duplicates; /* counted for metrics */
    uint64_t hop_limited;
};

void qn_announcer_init(struct qn_announcer *announcer, uint64_t hash_key0, uint64_t hash_key1);
void qn_announcer_fini(struct qn_announcer *announcer);
/* First sight of these record bytes? Remembers them. A record whose signature turns out bad stays
 * remembered, so that it costs one verification only. */
bool qn_announcer_is_new(struct qn_announcer *announcer, struct qn_span record);
/* May an announcement that arrived with this many hops go on? */
bool qn_announcer_goes_on(struct qn_announcer *announcer, uint8_t hops);
/* Keeps it until its subject is registered; the oldest gives way. Newer records of one id replace older.
 * Takes a reference of record. */
void qn_announcer_park(struct qn_announcer *announcer, const struct qn_record *decoded,
                       struct qn_buf *record, uint8_t hops, uint64_t from);
/* Takes out what waits for this id; false if nothing does. The reference passes to the caller. */
bool qn_announcer_unpark(struct qn_announcer *announcer, struct qn_announcer_waiting *waiting,
                         const struct qn_node_id *id);

#endif
