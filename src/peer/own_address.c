#include "peer/own_address.h"

#include <string.h>

void qn_own_address_init(struct qn_own_address *own)
{
    *own = (struct qn_own_address){.count = 0};
}

static enum qn_ip_family family_of(const uint8_t ip[QN_NET_IP_LEN])
{
    struct qn_net_address address = {.port = 0};
    memcpy(address.ip, ip, sizeof address.ip);
    return qn_net_address_is_v4(&address) ? QN_IP_V4 : QN_IP_V6;
}

static bool same_ip(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, QN_NET_IP_LEN) == 0;
}

/* Whoever has no group is told apart by what it cannot choose at will: its id. */
static uint64_t group_of(const struct qn_node_id *peer, const struct qn_net_address *at,
                         bool is_global)
{
    uint64_t group = 0;
    if (is_global) {
        return qn_net_group(at);
    }
    memcpy(&group, peer->bytes, sizeof group);
    return group;
}

/* The place of its group, a free one, or the one that was not told for longest; NULL: all are fresh. */
static struct qn_own_vote *place_for(struct qn_own_address *own, const struct qn_own_vote *vote,
                                     qn_time_us now)
{
    struct qn_own_vote *oldest = NULL;
    for (size_t i = 0; i < own->count; i++) {
        struct qn_own_vote *held = &own->votes[i];
        if (held->is_global == vote->is_global && held->group == vote->group &&
            family_of(held->ip) == family_of(vote->ip)) {
            return held;
        }
        if (oldest == NULL || held->told_us < oldest->told_us) {
            oldest = held;
        }
    }
    if (own->count < QN_OWN_VOTES_MAX) {
        own->count += 1;
        own->votes[own->count - 1] = (struct qn_own_vote){.told_us = 0};
        return &own->votes[own->count - 1];
    }
    return now - oldest->told_us > QN_OWN_VOTE_FRESH ? oldest : NULL;
}

void qn_own_address_tell(struct qn_own_address *own, const struct qn_node_id *peer,
                         const struct qn_net_address *at, const struct qn_net_address *seen,
                         qn_time_us now)
{
    bool is_global = qn_net_scope(at) == QN_NET_GLOBAL;
    struct qn_own_vote vote = {.peer = *peer,
                               .is_global = is_global,
                               .group = group_of(peer, at, is_global),
                               .told_us = now};
    memcpy(vote.ip, seen->ip, sizeof vote.ip);
    if (!qn_net_address_is_usable(seen) || qn_net_scope(seen) < qn_net_scope(at)) {
        return;
    }
    struct qn_own_vote *place = place_for(own, &vote, now);
    bool is_taken = place != NULL && place->told_us > 0 &&
                    now - place->told_us <= QN_OWN_VOTE_FRESH &&
                    !qn_node_id_equal(&place->peer, peer);
    if (place != NULL && !is_taken) {
        *place = vote;
    }
}

void qn_own_address_confirm(struct qn_own_address *own, const struct qn_net_address *seen,
                            qn_time_us now)
{
    struct qn_own_host *host = &own->hosts[family_of(seen->ip)];
    if (host->is_known && same_ip(host->ip, seen->ip)) {
        host->confirmed_us = now;
    }
}

static void drop_old(struct qn_own_address *own, qn_time_us now)
{
    size_t kept = 0;
    for (size_t i = 0; i < own->count; i++) {
        if (now - own->votes[i].told_us <= QN_OWN_VOTE_LIFETIME) {
            own->votes[kept] = own->votes[i];
            kept += 1;
        }
    }
    own->count = kept;
}

struct electorate {
    enum qn_ip_family family;
    bool only_global;
    qn_time_us since_us; /* only what was told after it */
};

static bool counts(const struct electorate *who, const struct qn_own_vote *vote)
{
    return family_of(vote->ip) == who->family && (vote->is_global || !who->only_global) &&
           vote->told_us >= who->since_us;
}

/* The host that more than half of them name. False: there is none, or too few name it. */
static bool elect(struct qn_own_host *host, const struct qn_own_address *own,
                  const struct electorate *who)
{
    for (size_t i = 0; i < own->count; i++) {
        struct qn_own_host named = {.is_known = true};
        unsigned all = 0;
        memcpy(named.ip, own->votes[i].ip, sizeof named.ip);
        for (size_t j = 0; counts(who, &own->votes[i]) && j < own->count; j++) {
            const struct qn_own_vote *vote = &own->votes[j];
            all += counts(who, vote);
            if (counts(who, vote) && same_ip(vote->ip, named.ip)) {
                named.votes += 1;
                named.confirmed_us =
                    vote->told_us > named.confirmed_us ? vote->told_us : named.confirmed_us;
            }
        }
        if (named.votes >= QN_OWN_VOTES_NEEDED && 2 * named.votes > all) {
            *host = named;
            return true;
        }
    }
    return false;
}

static bool any_global(const struct qn_own_address *own, enum qn_ip_family family)
{
    struct electorate globals = {.family = family, .only_global = true};
    for (size_t i = 0; i < own->count; i++) {
        if (counts(&globals, &own->votes[i])) {
            return true;
        }
    }
    return false;
}

static bool judge(struct qn_own_address *own, enum qn_ip_family family, qn_time_us now)
{
    struct qn_own_host *host = &own->hosts[family];
    struct qn_own_host before = *host;
    struct electorate who = {.family = family,
                             .only_global = any_global(own, family),
                             .since_us = now > QN_OWN_VOTE_FRESH ? now - QN_OWN_VOTE_FRESH : 0};
    bool is_clear = elect(host, own, &who);
    if (!is_clear) {
        who.since_us = 0;
        is_clear = elect(host, own, &who);
    }
    if (!is_clear && host->is_known && now - host->confirmed_us > QN_OWN_VOTE_LIFETIME) {
        *host = (struct qn_own_host){.is_known = false};
    }
    return host->is_known != before.is_known || !same_ip(host->ip, before.ip);
}

bool qn_own_address_poll(struct qn_own_address *own, qn_time_us now)
{
    drop_old(own, now);
    bool changed = judge(own, QN_IP_V4, now);
    return judge(own, QN_IP_V6, now) || changed;
}
