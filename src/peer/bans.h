/* Bans: whom this node has no links with. An operator's bans are by node id or by address prefix, for a
 * time or for good, and count for everybody; those that come of faults (peer/scores.h) end by themselves
 * and never hit a reserved peer. A registered identity answers for itself; a stranger, whose identity costs
 * nothing, by the address it came from, and such a ban keeps away strangers from there only.
 *
 * An operator's bans are never pushed out by anything; their list refuses what is too much. Who keeps them
 * over a restart encodes each (qn_ban_encode) under its key.
 *
 * Pure; memory is bounded and taken once. Times: monotonic ones decide, wall-clock ones are for people and
 * for storage, so that no jump of the clock sets anybody free. */
#ifndef QN_BANS_H
#define QN_BANS_H

#include "base/buf.h"
#include "crypto/hash.h"
#include "peer/net_address.h"
#include "peer/scores.h"

enum { QN_BANS_MAX = 1024, QN_BAN_REASON_LEN_MAX = 100 }; /* of operators; characters */
#define QN_BAN_FOR_GOOD UINT64_MAX

struct qn_ban_target {
    bool is_id;
    struct qn_node_id id;        /* is_id */
    struct qn_net_prefix prefix; /* else */
};
enum { QN_BAN_TARGET_TEXT_SIZE = 2 * QN_HASH_LEN + 1 };
/* 64 hex digits, an address, or an address prefix. QN_ERR_INVALID: none of them. */
QN_MUST_USE enum qn_err qn_ban_target_parse(struct qn_ban_target *target, const char *text);
const char *qn_ban_target_format(char text[QN_BAN_TARGET_TEXT_SIZE],
                                 const struct qn_ban_target *target);
/* Different for different targets. */
void qn_ban_target_key(uint8_t key[QN_HASH_LEN], const struct qn_ban_target *target);
struct qn_ban_target qn_ban_target_of_key(const uint8_t key[QN_HASH_LEN], bool is_id);

struct qn_ban {
    struct qn_ban_target target;
    bool by_operator;
    bool strangers_only;
    qn_unix_ms since_ms;
    qn_unix_ms until_ms; /* QN_BAN_FOR_GOOD: has no end */
    qn_time_us ends_us;  /* monotonic; the same */
    char
        reason[QN_BAN_REASON_LEN_MAX + 1]; /* printable ASCII, may be empty; of a fault: its name */
};
/* {1: target as text, 2: since, 3: until (lacks: for good), 4: reason}. One reference. */
struct qn_buf *qn_ban_encode(const struct qn_ban *ban);
/* Of an operator's ban; ends_us follows from until_ms and both clocks, and lies never further away than the
 * ban was long. QN_ERR_MALFORMED; QN_ERR_WRONG_VERSION: it says more than this version knows. *ban untouched. */
QN_MUST_USE enum qn_err qn_ban_decode(struct qn_ban *ban, struct qn_span bytes, qn_time_us now,
                                      qn_unix_ms unix_ms);

struct qn_bans {
    size_t count; /* of operators */
    struct qn_ban *items;
    struct qn_scores ids;
    struct qn_scores addresses; /* of strangers: one address of IPv4, the /64 of IPv6 */
};
void qn_bans_init(struct qn_bans *bans, uint64_t hash_key0, uint64_t hash_key1);
void qn_bans_fini(struct qn_bans *bans);

/* An operator's ban, in place of an earlier one of the same target. QN_ERR_FULL: QN_BANS_MAX of them. */
QN_MUST_USE enum qn_err qn_bans_add(struct qn_bans *bans, const struct qn_ban *ban);
/* An operator sets free: ends his own ban of exactly this target, and forgets its faults. False: there was
 * nothing. */
bool qn_bans_remove(struct qn_bans *bans, const struct qn_ban_target *target);
/* Drops operators' bans that have ended, each told to on_end (may be NULL) before it goes. */
void qn_bans_expire(struct qn_bans *bans, qn_time_us now,
                    void (*on_end)(void *context, const struct qn_ban *ban), void *context);
/* The bans that run, an operator's first, in no other order. Returns how many were written. */
size_t qn_bans_list(const struct qn_bans *bans, struct qn_ban *out, size_t out_max, qn_time_us now,
                    qn_unix_ms unix_ms);
enum { QN_BANS_LIST_MAX = QN_BANS_MAX + 2 * QN_SCORES_MAX };

/* Whom a link is, or would be, with: what is known of it so far. */
struct qn_suspect {
    const struct qn_node_id *id;          /* NULL: not known yet */
    const struct qn_net_address *address; /* NULL: none, or a name not resolved yet */
    bool is_stranger;                     /* its id is in no registry */
    bool
        is_reserved; /* never banned for faults: pinned, of the committee, or the operator's own choice */
};
/* BANNED: no link. DISCOURAGED: last choice when dialling, first when somebody has to go. */
enum qn_blame qn_bans_check(const struct qn_bans *bans, const struct qn_suspect *suspect,
                            qn_time_us now);
/* Counts a fault against whoever answers for it. What the suspect is worth from now on. */
enum qn_blame qn_bans_fault(struct qn_bans *bans, const struct qn_suspect *suspect,
                            enum qn_fault fault, qn_time_us now);

#endif
