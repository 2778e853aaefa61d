/* Which of two peers a full list had better keep. */
#ifndef QN_PEER_WORTH_H
#define QN_PEER_WORTH_H

#include "peer/peer_list.h"

/* Proven a day ago or longer: it counts as not proven. Not heard of for an hour: it gives way to its like. */
#define QN_PEER_PROOF_LIFETIME QN_SECONDS(86400)
#define QN_PEER_STALE_AFTER QN_SECONDS(3600)

/* Does a come before b when somebody has to go? Deterministic: no two are alike, since ids differ. */
bool qn_peer_is_worse(const struct qn_peer_entry *a, const struct qn_peer_entry *b, qn_time_us now);
/* May this cold peer's place be given to somebody of whom nothing is known but the verdict on the region? */
bool qn_peer_gives_way(const struct qn_peer_entry *entry, enum qn_region_verdict to,
                       qn_time_us now);
/* Of those of the region that may go (cold ones; with warm_too, warm ones after them), the worst; NULL: none may.
 * With unverified_only, of those whose region is not verified. */
struct qn_peer_entry *qn_peer_worst(const struct qn_peer_list *list, enum qn_region region,
                                    bool warm_too, bool unverified_only, qn_time_us now);

/* Why a peer has its place; bits of a set. */
enum qn_peer_reason {
    QN_HELD_COMMITTEE,
    QN_HELD_RESERVED,
    QN_HELD_ANCHOR,
    QN_HELD_LINK,
    QN_HELD_SESSION, /* warm */
    QN_HELD_PROVEN,  /* it was reached at its address */
    QN_HELD_RECORD,  /* it announced itself */
    QN_HELD_COUNT,
};
unsigned qn_peer_reasons(const struct qn_peer_entry *entry);
/* "committee", "reserved", "anchor", "link", "session", "proven", "record"; static. */
const char *qn_peer_reason_name(enum qn_peer_reason reason);

#endif
