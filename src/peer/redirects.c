#include "peer/redirects.h"

void qn_redirects_init(struct qn_redirects *redirects)
{
    *redirects = (struct qn_redirects){0};
}

static bool may_be_dialled(const struct qn_redirect_entry *entry,
                           const struct qn_net_address *remote)
{
    struct qn_net_address address;
    return qn_net_address_parse(&address, &entry->endpoint) && qn_net_address_is_usable(&address) &&
           qn_net_scope(&address) >= qn_net_scope(remote);
}

size_t qn_redirect_prune(struct qn_redirect *redirect, const struct qn_node_id *own,
                         const struct qn_node_id *sender, const struct qn_net_address *remote)
{
    uint8_t kept = 0;
    for (size_t i = 0; i < redirect->count; i++) {
        const struct qn_redirect_entry *entry = &redirect->entries[i];
        if (!qn_node_id_equal(&entry->id, own) && !qn_node_id_equal(&entry->id, sender) &&
            may_be_dialled(entry, remote)) {
            redirect->entries[kept++] = *entry;
        }
    }
    redirect->count = kept;
    return kept;
}

static bool leads_to(const struct qn_redirects *redirects, const struct qn_node_id *sender)
{
    for (size_t i = 0; i < redirects->next_count; i++) {
        if (qn_node_id_equal(&redirects->next[i], sender)) {
            return true;
        }
    }
    return false;
}

bool qn_redirects_follow(struct qn_redirects *redirects, const struct qn_node_id *sender,
                         const struct qn_redirect *redirect, qn_time_us now)
{
    if (redirects->length > 0 && now - redirects->begun_us >= QN_REDIRECT_CHAIN_TIME) {
        redirects->length = 0;
    }
    bool begins = redirects->length == 0;
    bool goes_on = !begins && leads_to(redirects, sender);
    if (redirect->count == 0 || (!begins && !goes_on) ||
        redirects->length == QN_REDIRECT_CHAIN_MAX) {
        redirects->ignored += 1;
        return false;
    }
    if (begins) {
        redirects->begun_us = now;
    }
    redirects->length += 1;
    redirects->taken += 1;
    redirects->next_count = redirect->count;
    for (size_t i = 0; i < redirect->count; i++) {
        redirects->next[i] = redirect->entries[i].id;
    }
    return true;
}

static bool may_be_named(const struct qn_peer_entry *entry, const struct qn_node_id *peer,
                         const struct qn_net_address *remote)
{
    bool is_alive = entry->state != QN_PEER_COLD || entry->proven_us != 0;
    return is_alive && !qn_node_id_equal(&entry->id, peer) &&
           (entry->flags & (QN_PEER_DISCOURAGED | QN_PEER_COMMITTEE)) == 0 &&
           entry->verdict != QN_REGION_REFUTED && qn_net_address_is_usable(&entry->address) &&
           qn_net_scope(&entry->address) >= qn_net_scope(remote);
}

static void name(struct qn_redirect *redirect, const struct qn_peer_entry *entry)
{
    struct qn_redirect_entry *named = &redirect->entries[redirect->count];
    redirect->count += 1;
    named->id = entry->id;
    named->region = (enum qn_region)entry->region;
    qn_net_address_endpoint(&named->endpoint, &entry->address);
}

size_t qn_redirect_choose(struct qn_redirect *redirect, const struct qn_peer_list *list,
                          const struct qn_node_id *peer, const struct qn_net_address *remote,
                          enum qn_region region, struct qn_rng *rng)
{
    size_t first = (size_t)qn_rng_below(rng, list->capacity);
    *redirect = (struct qn_redirect){0};
    for (unsigned elsewhere = 0; elsewhere < 2; elsewhere++) {
        for (size_t i = 0; i < list->capacity && redirect->count < QN_REDIRECT_ENTRIES_MAX; i++) {
            const struct qn_peer_entry *entry = qn_peer_list_at(list, (first + i) % list->capacity);
            if (entry != NULL && (entry->region != region) == (elsewhere == 1) &&
                may_be_named(entry, peer, remote)) {
                name(redirect, entry);
            }
        }
    }
    return redirect->count;
}
