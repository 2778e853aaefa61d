/* The peer list against a list of the simplest kind: the same random calls to both, and after each the same
 * peers, in the same order. */
#include "peer/peer_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "peer/peer_worth.h"

enum { IDS = 160, ADDRESSES = 100, STEPS = 60000, LOOK_EVERY = 64, HOUR = 3600, DAY = 24 * HOUR };

static uint64_t seed = 20261122;

/* One peer as the plain list has it. */
struct plain {
    bool held;
    unsigned region;
    unsigned state;
    unsigned verdict;
    unsigned flags;
    uint64_t link;
    uint64_t sequence; /* 0: no record */
    uint64_t heard_s;
    uint64_t proven_s; /* 0: never */
    unsigned address;  /* 0: none */
    bool found_there;
    uint64_t order; /* in which it came into its region and state */
};

struct pair {
    struct qn_peer_list list;
    struct plain plain[IDS];
    size_t limit;
    bool demanded[QN_REGION_COUNT];
    uint64_t now_s;
    uint64_t order;
    struct qn_rng rng;
};

static qn_time_us now_of(const struct pair *pair)
{
    return QN_SECONDS(pair->now_s);
}

static struct qn_node_id id_of(size_t number)
{
    struct qn_node_id id = {{0}};
    id.bytes[0] = (uint8_t)number;
    return id;
}

static struct qn_net_address address_of(unsigned number)
{
    return (struct qn_net_address){.ip = {0x20, 1, (uint8_t)number},
                                   .port = number == 0 ? 0 : 9876};
}

/* ---- the rules, said plainly ---- */

static bool counts(const struct plain *peer)
{
    return peer->held && (peer->flags & QN_PEER_EXEMPT) == 0;
}

static size_t taken(const struct pair *pair, unsigned region, bool unverified_only)
{
    size_t count = 0;
    for (size_t i = 0; i < IDS; i++) {
        const struct plain *peer = &pair->plain[i];
        count += counts(peer) && peer->region == region &&
                 (!unverified_only || peer->verdict != QN_REGION_VERIFIED);
    }
    return count;
}

static size_t unverified_max(const struct pair *pair)
{
    return pair->limit >= 10 ? pair->limit / 10 : 1;
}

/* The least worthy has the least number. */
static int worth(const struct pair *pair, const struct plain *peer)
{
    if (peer->verdict == QN_REGION_REFUTED || (peer->flags & QN_PEER_DISCOURAGED) != 0) {
        return 0;
    }
    if (peer->proven_s != 0 && pair->now_s - peer->proven_s < DAY) {
        return 3;
    }
    return peer->verdict == QN_REGION_VERIFIED ? 2 : 1;
}

static int worst(const struct pair *pair, unsigned region, unsigned state, bool unverified_only)
{
    int found = -1;
    for (int i = 0; i < IDS; i++) {
        const struct plain *peer = &pair->plain[i];
        bool may_go = counts(peer) && peer->region == region && peer->state == state &&
                      (!unverified_only || peer->verdict != QN_REGION_VERIFIED);
        if (!may_go) {
            continue;
        }
        const struct plain *best = found < 0 ? NULL : &pair->plain[found];
        if (best == NULL || worth(pair, peer) < worth(pair, best) ||
            (worth(pair, peer) == worth(pair, best) && peer->heard_s < best->heard_s)) {
            found = i; /* of equals the lower id */
        }
    }
    return found;
}

static int worst_without_link(const struct pair *pair, unsigned region, bool unverified_only)
{
    int cold = worst(pair, region, QN_PEER_COLD, unverified_only);
    return cold >= 0 ? cold : worst(pair, region, QN_PEER_WARM, unverified_only);
}

static void plain_remove(struct pair *pair, int index)
{
    memset(&pair->plain[index], 0, sizeof pair->plain[index]);
}

static void plain_trim(struct pair *pair)
{
    for (unsigned region = 0; region < QN_REGION_COUNT; region++) {
        int goes = 0;
        while (taken(pair, region, false) > pair->limit && goes >= 0) {
            goes = worst_without_link(pair, region, false);
            if (goes >= 0) {
                plain_remove(pair, goes);
            }
        }
        goes = 0;
        while (pair->demanded[region] && taken(pair, region, true) > unverified_max(pair) &&
               goes >= 0) {
            goes = worst_without_link(pair, region, true);
            if (goes >= 0) {
                plain_remove(pair, goes);
            }
        }
    }
}

static bool plain_place(struct pair *pair, unsigned region, unsigned verdict, bool linked)
{
    size_t held = taken(pair, region, false);
    bool has_quota = pair->demanded[region] && verdict != QN_REGION_VERIFIED;
    size_t unverified = has_quota ? taken(pair, region, true) : 0;
    if (held < pair->limit && unverified < unverified_max(pair)) {
        return true;
    }
    if (held > pair->limit || unverified > unverified_max(pair)) {
        return false;
    }
    bool quota_is_full = unverified == unverified_max(pair);
    int goes = linked ? worst_without_link(pair, region, quota_is_full)
                      : worst(pair, region, QN_PEER_COLD, quota_is_full);
    if (goes < 0) {
        return false;
    }
    const struct plain *peer = &pair->plain[goes];
    struct plain newcomer = {.verdict = verdict};
    int difference = worth(pair, peer) - worth(pair, &newcomer);
    if (!linked && (difference > 0 || (difference == 0 && pair->now_s - peer->heard_s < HOUR))) {
        return false;
    }
    plain_remove(pair, goes);
    return true;
}

static void plain_take_address(struct pair *pair, struct plain *peer, unsigned address, bool proven)
{
    peer->address = address;
    peer->found_there = false;
    for (size_t i = 0; i < IDS; i++) {
        struct plain *other = &pair->plain[i];
        if (other->found_there && other->address == address) {
            if (!proven) {
                return;
            }
            other->found_there = false;
        }
    }
    peer->found_there = address != 0;
}

static enum qn_err plain_put(struct pair *pair, const struct qn_peer_facts *facts, unsigned address)
{
    struct plain *peer = &pair->plain[facts->id.bytes[0]];
    bool is_record = facts->record != NULL;
    if (peer->held && is_record && peer->sequence != 0 &&
        facts->record_sequence <= peer->sequence) {
        return QN_ERR_STALE;
    }
    unsigned flags = (peer->held ? peer->flags : 0) | (facts->flags & QN_PEER_EXEMPT);
    bool stays = peer->held && peer->region == facts->region;
    bool linked = facts->link != 0 || (peer->held && peer->state == QN_PEER_HOT);
    if ((flags & QN_PEER_EXEMPT) == 0 && !stays &&
        !plain_place(pair, facts->region, facts->verdict, linked)) {
        return QN_ERR_FULL;
    }
    if (!stays || facts->verdict != QN_REGION_UNKNOWN) {
        peer->verdict = facts->verdict;
    }
    peer->held = true;
    peer->region = facts->region;
    peer->flags = flags;
    peer->heard_s = pair->now_s;
    peer->order = ++pair->order;
    if (address != 0 && address != peer->address) {
        plain_take_address(pair, peer, address, false);
    }
    peer->sequence = is_record ? facts->record_sequence : peer->sequence;
    if (facts->link != 0) {
        peer->state = QN_PEER_HOT;
        peer->link = facts->link;
    }
    return QN_OK;
}

/* ---- the same calls to both ---- */

static void put(struct pair *pair, unsigned number)
{
    unsigned address = (unsigned)qn_rng_below(&pair->rng, ADDRESSES);
    struct qn_peer_facts facts = {.id = id_of(number),
                                  .region = (enum qn_region)qn_rng_below(&pair->rng, 2),
                                  .verdict =
                                      qn_rng_below(&pair->rng, 4) == 0
                                          ? (enum qn_region_verdict)qn_rng_below(&pair->rng, 3)
                                          : QN_REGION_UNKNOWN,
                                  .address = address_of(address),
                                  .registry_index = number,
                                  .link = qn_rng_below(&pair->rng, 6) == 0 ? number + 1 : 0};
    facts.flags = qn_rng_below(&pair->rng, 20) == 0 ? QN_PEER_ANCHOR : 0;
    if (qn_rng_below(&pair->rng, 2) == 0) {
        facts.record = qn_buf_copy((struct qn_span){facts.id.bytes, 1 + number % 5});
        facts.record_sequence = 1 + qn_rng_below(&pair->rng, 1000);
    }
    enum qn_err wanted = plain_put(pair, &facts, address);
    assert_int_equal(qn_peer_list_put(&pair->list, NULL, &facts, now_of(pair)), wanted);
    qn_buf_drop(facts.record);
}

static void change(struct pair *pair, struct plain *peer, struct qn_peer_entry *entry)
{
    unsigned number = entry->id.bytes[0];
    switch (qn_rng_below(&pair->rng, 5)) {
    case 0: {
        enum qn_peer_state to = (enum qn_peer_state)qn_rng_below(&pair->rng, QN_PEER_STATE_COUNT);
        uint64_t link = to == QN_PEER_HOT ? number + 1 : 0;
        qn_peer_list_set_state(&pair->list, entry, to, link, false, now_of(pair));
        peer->order = peer->state == to ? peer->order : ++pair->order;
        peer->state = to;
        peer->link = link;
        peer->heard_s = link != 0 ? pair->now_s : peer->heard_s;
        break;
    }
    case 1:
        peer->verdict = (unsigned)qn_rng_below(&pair->rng, 3);
        qn_peer_list_set_verdict(&pair->list, entry, (enum qn_region_verdict)peer->verdict);
        break;
    case 2: {
        static const uint16_t flags[] = {QN_PEER_DISCOURAGED, QN_PEER_RESERVED, QN_PEER_COMMITTEE};
        uint16_t flag = flags[qn_rng_below(&pair->rng, QN_ARRAY_COUNT(flags))];
        bool set = (peer->flags & flag) == 0 && qn_rng_below(&pair->rng, 4) == 0;
        assert_int_equal(qn_peer_list_set_flags(&pair->list, entry, set ? flag : 0, set ? 0 : flag),
                         QN_OK);
        peer->flags = set ? peer->flags | flag : peer->flags & ~(unsigned)flag;
        break;
    }
    case 3: {
        unsigned address = 1 + (unsigned)qn_rng_below(&pair->rng, ADDRESSES - 1);
        struct qn_net_address there = address_of(address);
        qn_peer_list_set_proven(&pair->list, entry, &there, now_of(pair));
        plain_take_address(pair, peer, address, true);
        peer->proven_s = peer->heard_s = pair->now_s;
        break;
    }
    default:
        assert_true(qn_peer_list_remove(&pair->list, &(struct qn_node_id){{(uint8_t)number}}));
        plain_remove(pair, (int)number);
        break;
    }
}

static void change_limits(struct pair *pair)
{
    if (qn_rng_below(&pair->rng, 2) == 0) {
        static const size_t limits[] = {8, 8, 20, 50};
        pair->limit = limits[qn_rng_below(&pair->rng, QN_ARRAY_COUNT(limits))];
        plain_trim(pair);
        qn_peer_list_set_limit(&pair->list, pair->limit, now_of(pair));
        return;
    }
    enum qn_region region = (enum qn_region)qn_rng_below(&pair->rng, 2);
    pair->demanded[region] = !pair->demanded[region];
    plain_trim(pair);
    qn_peer_list_demand_verdicts(&pair->list, region, pair->demanded[region], now_of(pair));
}

static void compare(const struct pair *pair)
{
    uint64_t last[QN_REGION_COUNT][QN_PEER_STATE_COUNT] = {0};
    size_t count = 0;
    const char *broken = qn_peer_list_invariant(&pair->list);
    if (broken != NULL) {
        fail_msg("%s", broken);
    }
    for (int region = 0; region < QN_REGION_COUNT; region++) {
        for (int state = 0; state < QN_PEER_STATE_COUNT; state++) {
            const struct qn_peer_entry *entry =
                qn_peer_list_first(&pair->list, (enum qn_region)region, (enum qn_peer_state)state);
            for (; entry != NULL; entry = qn_peer_list_next(&pair->list, entry)) {
                const struct plain *peer = &pair->plain[entry->id.bytes[0]];
                assert_true(peer->held);
                assert_int_equal(entry->region, peer->region);
                assert_int_equal(entry->state, peer->state);
                assert_int_equal(entry->verdict, peer->verdict);
                assert_int_equal(entry->link, peer->link);
                assert_int_equal(entry->record_sequence, peer->sequence);
                assert_int_equal(entry->heard_us, QN_SECONDS(peer->heard_s));
                struct qn_net_address address = address_of(peer->address);
                assert_int_equal(qn_peer_list_find_address(&pair->list, &address) == entry,
                                 peer->found_there);
                assert_true(peer->order > last[region][state]);
                last[region][state] = peer->order;
                count += 1;
            }
        }
    }
    for (size_t i = 0; i < IDS; i++) {
        struct qn_node_id id = id_of(i);
        assert_int_equal(qn_peer_list_find(&pair->list, &id) != NULL, pair->plain[i].held);
        count -= pair->plain[i].held;
    }
    assert_int_equal(count, 0);
}

static void the_list_does_what_a_plain_one_does(void **state)
{
    (void)state;
    struct pair *pair = calloc(1, sizeof *pair);
    assert_non_null(pair);
    print_message("seed %llu\n", (unsigned long long)seed);
    qn_rng_init(&pair->rng, seed);
    pair->limit = 8;
    pair->now_s = 1;
    qn_peer_list_init(&pair->list, qn_rng_next(&pair->rng), qn_rng_next(&pair->rng));
    size_t fullest = 0;
    for (size_t step = 0; step < STEPS; step++) {
        unsigned number = (unsigned)qn_rng_below(&pair->rng, IDS);
        struct qn_node_id id = id_of(number);
        struct qn_peer_entry *entry = qn_peer_list_find(&pair->list, &id);
        pair->now_s += qn_rng_below(&pair->rng, 120);
        if (qn_rng_below(&pair->rng, 500) == 0) {
            change_limits(pair);
        } else if (entry != NULL && qn_rng_below(&pair->rng, 3) == 0) {
            change(pair, &pair->plain[number], entry);
        } else {
            put(pair, number);
        }
        plain_trim(pair);
        (void)qn_peer_list_trim(&pair->list, now_of(pair));
        fullest = pair->list.count > fullest ? pair->list.count : fullest;
        if (step % LOOK_EVERY == 0) {
            compare(pair);
        }
    }
    compare(pair);
    assert_true(fullest > 50);
    qn_peer_list_fini(&pair->list);
    free(pair);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_does_what_a_plain_one_does),
    };
    if (argc == 3 && strcmp(argv[1], "--seed") == 0) {
        seed = strtoull(argv[2], NULL, 10);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
