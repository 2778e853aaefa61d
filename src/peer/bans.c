#include "peer/bans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void qn_bans_init(struct qn_bans *bans, uint64_t hash_key0, uint64_t hash_key1)
{
    *bans = (struct qn_bans){0};
    bans->items = calloc(QN_BANS_MAX, sizeof bans->items[0]);
    QN_ASSERT(bans->items != NULL);
    qn_scores_init(&bans->ids, QN_SCORES_MAX, hash_key0, hash_key1);
    qn_scores_init(&bans->addresses, QN_SCORES_MAX, hash_key0, hash_key1);
}

void qn_bans_fini(struct qn_bans *bans)
{
    free(bans->items);
    qn_scores_fini(&bans->ids);
    qn_scores_fini(&bans->addresses);
    *bans = (struct qn_bans){0};
}

/* ---- an operator's ---- */

static bool is_same(const struct qn_ban_target *a, const struct qn_ban_target *b)
{
    if (a->is_id != b->is_id) {
        return false;
    }
    return a->is_id ? qn_node_id_equal(&a->id, &b->id)
                    : a->prefix.bits == b->prefix.bits &&
                          memcmp(a->prefix.ip, b->prefix.ip, sizeof a->prefix.ip) == 0;
}

static struct qn_ban *find(const struct qn_bans *bans, const struct qn_ban_target *target)
{
    for (size_t i = 0; i < bans->count; i++) {
        if (is_same(&bans->items[i].target, target)) {
            return &bans->items[i];
        }
    }
    return NULL;
}

enum qn_err qn_bans_add(struct qn_bans *bans, const struct qn_ban *ban)
{
    QN_ASSERT(ban->by_operator);
    struct qn_ban *held = find(bans, &ban->target);
    if (held == NULL && bans->count == QN_BANS_MAX) {
        return QN_ERR_FULL;
    }
    if (held == NULL) {
        held = &bans->items[bans->count];
        bans->count += 1;
    }
    *held = *ban;
    return QN_OK;
}

/* The last one takes its place. */
static void drop(struct qn_bans *bans, struct qn_ban *ban)
{
    bans->count -= 1;
    *ban = bans->items[bans->count];
}

/* Faults at an address are kept under the smallest prefix that one customer surely has for himself. */
static struct qn_net_prefix scored_prefix(const struct qn_net_address *address)
{
    enum { CUSTOMER_BITS = 64 };
    struct qn_net_prefix prefix = {.bits = QN_NET_PREFIX_BITS_MAX};
    memcpy(prefix.ip, address->ip, sizeof prefix.ip);
    if (!qn_net_address_is_v4(address)) {
        prefix.bits = CUSTOMER_BITS;
        memset(&prefix.ip[CUSTOMER_BITS / 8], 0, sizeof prefix.ip - CUSTOMER_BITS / 8);
    }
    return prefix;
}

static void address_key(uint8_t key[QN_HASH_LEN], const struct qn_net_address *address)
{
    struct qn_ban_target target = {.prefix = scored_prefix(address)};
    qn_ban_target_key(key, &target);
}

bool qn_bans_remove(struct qn_bans *bans, const struct qn_ban_target *target)
{
    uint8_t key[QN_HASH_LEN];
    struct qn_ban *held = find(bans, target);
    qn_ban_target_key(key, target);
    if (held != NULL) {
        drop(bans, held);
    }
    bool had_faults = qn_scores_forget(target->is_id ? &bans->ids : &bans->addresses, key);
    return held != NULL || had_faults;
}

void qn_bans_expire(struct qn_bans *bans, qn_time_us now,
                    void (*on_end)(void *context, const struct qn_ban *ban), void *context)
{
    for (size_t i = 0; i < bans->count;) {
        struct qn_ban *ban = &bans->items[i];
        if (now < ban->ends_us) {
            i += 1;
            continue;
        }
        if (on_end != NULL) {
            on_end(context, ban);
        }
        drop(bans, ban);
    }
}

/* ---- what is asked of them ---- */

static bool hits(const struct qn_ban *ban, const struct qn_suspect *suspect)
{
    if (ban->target.is_id) {
        return suspect->id != NULL && qn_node_id_equal(&ban->target.id, suspect->id);
    }
    return suspect->address != NULL &&
           qn_net_prefix_contains(&ban->target.prefix, suspect->address);
}

static bool is_banned_by_operator(const struct qn_bans *bans, const struct qn_suspect *suspect,
                                  qn_time_us now)
{
    for (size_t i = 0; i < bans->count; i++) {
        if (now < bans->items[i].ends_us && hits(&bans->items[i], suspect)) {
            return true;
        }
    }
    return false;
}

/* Whose faults these are, and where they are kept; false: nobody's that could be told from others. */
static bool answers(uint8_t key[QN_HASH_LEN], const struct qn_suspect *suspect)
{
    if (!suspect->is_stranger) {
        if (suspect->id != NULL) {
            memcpy(key, suspect->id->bytes, QN_HASH_LEN);
        }
        return suspect->id != NULL;
    }
    if (suspect->address == NULL || qn_net_scope(suspect->address) == QN_NET_LOOPBACK) {
        return false; /* a devnet is one host */
    }
    address_key(key, suspect->address);
    return true;
}

/* A reserved peer is at most discouraged. */
static enum qn_blame soften(enum qn_blame blame, const struct qn_suspect *suspect)
{
    return blame == QN_BLAME_BANNED && suspect->is_reserved ? QN_BLAME_DISCOURAGED : blame;
}

enum qn_blame qn_bans_check(const struct qn_bans *bans, const struct qn_suspect *suspect,
                            qn_time_us now)
{
    uint8_t key[QN_HASH_LEN];
    if (is_banned_by_operator(bans, suspect, now)) {
        return QN_BLAME_BANNED;
    }
    if (!answers(key, suspect)) {
        return QN_BLAME_NONE;
    }
    const struct qn_scores *scores = suspect->is_stranger ? &bans->addresses : &bans->ids;
    return soften(qn_scores_blame(scores, key, now), suspect);
}

enum qn_blame qn_bans_fault(struct qn_bans *bans, const struct qn_suspect *suspect,
                            enum qn_fault fault, qn_time_us now)
{
    uint8_t key[QN_HASH_LEN];
    if (!answers(key, suspect)) {
        return QN_BLAME_NONE;
    }
    struct qn_scores *scores = suspect->is_stranger ? &bans->addresses : &bans->ids;
    uint64_t group = suspect->address == NULL ? 0 : qn_net_group(suspect->address);
    return soften(qn_scores_fault(scores, key, group, fault, now), suspect);
}

/* ---- the list ---- */

static void describe(struct qn_ban *ban, const struct qn_score *score, bool is_id, qn_time_us now,
                     qn_unix_ms unix_ms)
{
    qn_unix_ms ago = (now - score->ban_us) / 1000;
    *ban = (struct qn_ban){.strangers_only = !is_id,
                           .since_ms = ago < unix_ms ? unix_ms - ago : 0,
                           .until_ms = unix_ms + (score->ends_us - now) / 1000,
                           .ends_us = score->ends_us};
    ban->target = qn_ban_target_of_key(score->key, is_id);
    (void)snprintf(ban->reason, sizeof ban->reason, "%s", qn_fault_name(score->fault));
}

static size_t list_scores(const struct qn_scores *scores, bool is_id, struct qn_ban *out,
                          size_t out_max, qn_time_us now, qn_unix_ms unix_ms)
{
    size_t count = 0;
    for (size_t i = 0; i < scores->count && count < out_max; i++) {
        if (now < scores->items[i].ends_us) {
            describe(&out[count], &scores->items[i], is_id, now, unix_ms);
            count += 1;
        }
    }
    return count;
}

size_t qn_bans_list(const struct qn_bans *bans, struct qn_ban *out, size_t out_max, qn_time_us now,
                    qn_unix_ms unix_ms)
{
    size_t count = 0;
    for (size_t i = 0; i < bans->count && count < out_max; i++) {
        if (now < bans->items[i].ends_us) {
            out[count] = bans->items[i];
            count += 1;
        }
    }
    count += list_scores(&bans->ids, true, &out[count], out_max - count, now, unix_ms);
    count += list_scores(&bans->addresses, false, &out[count], out_max - count, now, unix_ms);
    return count;
}
