#include "peer/peering_choice.h"

static void add_network(struct qn_peering_choice *choice, const struct qn_net_address *address)
{
    if (choice->count < QN_PEERING_OWN_NETWORKS_MAX) {
        choice->networks[choice->count] = qn_book_group(address);
        choice->count += 1;
    }
}

void qn_peering_choice_begin(struct qn_peering_choice *choice, struct qn_peering *peering)
{
    *choice = (struct qn_peering_choice){.peering = peering};
    for (size_t i = 0; i < peering->place_end; i++) {
        const struct qn_peering_link *link = &peering->links[i];
        if (link->link != 0 && link->outbound && link->has_address) {
            add_network(choice, &link->address);
        }
    }
    for (size_t i = 0; i < QN_DIALER_TARGETS_MAX; i++) {
        const struct qn_dial_target *target = &peering->dialer.targets[i];
        struct qn_net_address address;
        if (target->used && !target->linked && target->purpose == QN_DIAL_FOR_HOT &&
            qn_net_address_parse(&address, &target->endpoints[0])) {
            add_network(choice, &address);
        }
    }
}

bool qn_peering_is_wanted(void *context, const struct qn_book_found *found)
{
    const struct qn_peering *peering = context;
    return !qn_node_id_equal(&found->what.id, &peering->config.id) &&
           qn_peering_link_to(peering, &found->what.id) == 0 &&
           qn_dialer_find(&peering->dialer, &found->what.id) == NULL;
}

static bool is_where_it_says(const struct qn_peering *peering, const struct qn_book_found *found)
{
    enum qn_region located;
    return !qn_locate(&peering->config.locator, &located, &found->what.address) ||
           located == found->what.region;
}

static bool is_of_another_network(const struct qn_peering_choice *choice,
                                  const struct qn_book_found *found)
{
    uint64_t network = qn_book_group(&found->what.address);
    for (size_t i = 0; i < choice->count; i++) {
        if (choice->networks[i] == network) {
            return false;
        }
    }
    return true;
}

static bool suits_both(void *context, const struct qn_book_found *found)
{
    const struct qn_peering_choice *choice = context;
    return is_of_another_network(choice, found) && is_where_it_says(choice->peering, found) &&
           qn_peering_is_wanted(choice->peering, found);
}

static bool suits_by_network(void *context, const struct qn_book_found *found)
{
    const struct qn_peering_choice *choice = context;
    return is_of_another_network(choice, found) && qn_peering_is_wanted(choice->peering, found);
}

static bool suits(void *context, const struct qn_book_found *found)
{
    const struct qn_peering_choice *choice = context;
    return qn_peering_is_wanted(choice->peering, found);
}

bool qn_peering_choose(struct qn_peering_choice *choice, struct qn_book_found *found,
                       enum qn_region region, qn_time_us now)
{
    bool (*const best_first[])(void *, const struct qn_book_found *) = {suits_both,
                                                                        suits_by_network, suits};
    struct qn_peering *peering = choice->peering;
    bool has_database = peering->config.locator.region != NULL;
    for (size_t i = has_database ? 0 : 1; i < QN_ARRAY_COUNT(best_first); i++) {
        struct qn_book_query query = {
            .which = QN_BOOK_ANY, .region = region, .wanted = best_first[i], .context = choice};
        if (qn_book_select(&peering->memory.book, found, &query, &peering->rng, now)) {
            add_network(choice, &found->what.address);
            return true;
        }
    }
    return false;
}
