#include "peer/redirects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct qn_node_id id(uint8_t name)
{
    return (struct qn_node_id){.bytes = {name}};
}

static struct qn_redirect to(uint8_t first, uint8_t second)
{
    struct qn_redirect redirect = {.count = 2};
    redirect.entries[0] = (struct qn_redirect_entry){id(first), {"192.0.2.1", 9876}, 0};
    redirect.entries[1] = (struct qn_redirect_entry){id(second), {"192.0.2.2", 9876}, 0};
    return redirect;
}

static bool follow(struct qn_redirects *redirects, uint8_t sender, struct qn_redirect redirect,
                   qn_time_us now)
{
    struct qn_node_id from = id(sender);
    return qn_redirects_follow(redirects, &from, &redirect, now);
}

static void a_chain_of_three_is_followed_and_no_longer_one(void **state)
{
    (void)state;
    struct qn_redirects redirects;
    qn_redirects_init(&redirects);
    assert_true(follow(&redirects, 1, to(2, 3), 1000));
    assert_true(follow(&redirects, 3, to(4, 5), 2000));
    assert_true(follow(&redirects, 4, to(6, 7), 3000));
    assert_false(follow(&redirects, 6, to(8, 9), 4000));
    assert_false(follow(&redirects, 1, to(2, 3), 5000)); /* nor is another begun */
    assert_int_equal(redirects.taken, 3);
    assert_int_equal(redirects.ignored, 2);
    assert_false(follow(&redirects, 1, to(2, 3), 1000 + QN_REDIRECT_CHAIN_TIME - 1));
    assert_true(follow(&redirects, 1, to(2, 3), 1000 + QN_REDIRECT_CHAIN_TIME));
}

static void a_chain_goes_on_only_where_it_led(void **state)
{
    (void)state;
    struct qn_redirects redirects;
    qn_redirects_init(&redirects);
    assert_true(follow(&redirects, 1, to(2, 3), 1000));
    assert_false(follow(&redirects, 9, to(4, 5), 1001)); /* not one of them */
    assert_false(follow(&redirects, 1, to(4, 5), 1002)); /* the one that began it */
    assert_true(follow(&redirects, 2, to(4, 5), 1003));
    assert_false(follow(&redirects, 3, to(6, 7), 1004)); /* it has gone on already */
}

static void a_redirect_to_nowhere_begins_nothing(void **state)
{
    (void)state;
    struct qn_redirects redirects;
    qn_redirects_init(&redirects);
    assert_false(follow(&redirects, 1, (struct qn_redirect){0}, 1000));
    assert_int_equal(redirects.length, 0);
}

/* What is left of one entry with this host, named by somebody at this address. */
static size_t left(const char *host, const char *sender_host)
{
    struct qn_redirect redirect = {.count = 1};
    struct qn_endpoint at = {.port = 9876};
    struct qn_net_address remote;
    struct qn_node_id own = id(1);
    struct qn_node_id sender = id(2);
    redirect.entries[0].id = id(3);
    redirect.entries[0].endpoint.port = 9876;
    (void)snprintf(redirect.entries[0].endpoint.host, sizeof at.host, "%s", host);
    (void)snprintf(at.host, sizeof at.host, "%s", sender_host);
    assert_true(qn_net_address_parse(&remote, &at));
    return qn_redirect_prune(&redirect, &own, &sender, &remote);
}

static void nobody_names_an_address_nearer_than_its_own(void **state)
{
    (void)state;
    assert_int_equal(left("8.8.8.8", "9.9.9.9"), 1);
    assert_int_equal(left("10.1.2.3", "9.9.9.9"), 0);
    assert_int_equal(left("127.0.0.1", "9.9.9.9"), 0);
    assert_int_equal(left("::1", "2001:470::1"), 0);
    assert_int_equal(left("localhost", "9.9.9.9"), 0);
    assert_int_equal(left("10.1.2.3", "192.168.7.7"), 1);
    assert_int_equal(left("127.0.0.1", "192.168.7.7"), 0);
    assert_int_equal(left("127.0.0.1", "127.0.0.2"), 1);
    assert_int_equal(left("seed.example.org", "127.0.0.2"), 0); /* a name */
    assert_int_equal(left("224.0.0.1", "9.9.9.9"), 0);
}

static void own_and_sender_are_no_alternatives(void **state)
{
    (void)state;
    struct qn_redirect redirect = to(1, 2);
    struct qn_node_id own = id(1);
    struct qn_node_id sender = id(9);
    struct qn_net_address remote = {.ip = {[10] = 0xFF, 0xFF, 9, 9, 9, 9}, .port = 1};
    assert_int_equal(qn_redirect_prune(&redirect, &own, &sender, &remote), 1);
    assert_int_equal(redirect.entries[0].id.bytes[0], 2);
    assert_int_equal(qn_redirect_prune(&redirect, &own, &redirect.entries[0].id, &remote), 0);
}

static void put(struct qn_peer_list *list, uint8_t name, enum qn_region region, const char *host,
                bool is_hot)
{
    struct qn_endpoint at = {.port = 9876};
    struct qn_peer_facts facts = {.id = id(name),
                                  .region = region,
                                  .registry_index = QN_PEER_INDEX_UNKNOWN,
                                  .link = is_hot ? name : 0};
    (void)snprintf(at.host, sizeof at.host, "%s", host);
    assert_true(qn_net_address_parse(&facts.address, &at));
    assert_int_equal(qn_peer_list_put(list, NULL, &facts, 1000), QN_OK);
}

static void the_peers_own_region_is_named_first(void **state)
{
    (void)state;
    struct qn_peer_list list;
    struct qn_redirect redirect;
    struct qn_rng rng;
    struct qn_node_id peer = id(1);
    struct qn_net_address remote = {.ip = {[10] = 0xFF, 0xFF, 9, 9, 9, 9}, .port = 1};
    qn_peer_list_init(&list, 1, 2);
    qn_rng_init(&rng, 3);
    assert_int_equal(qn_redirect_choose(&redirect, &list, &peer, &remote, QN_REGION_ASIA, &rng), 0);
    put(&list, 1, QN_REGION_ASIA, "8.0.0.1", true); /* itself */
    put(&list, 2, QN_REGION_ASIA, "8.0.0.2", true);
    put(&list, 3, QN_REGION_ASIA, "8.0.0.3", false); /* cold, never proven */
    put(&list, 4, QN_REGION_ASIA, "10.0.0.4", true); /* not to be reached from there */
    put(&list, 5, QN_REGION_AFRICA, "8.0.0.5", true);
    put(&list, 6, QN_REGION_EUROPE, "8.0.0.6", true);
    put(&list, 7, QN_REGION_EUROPE, "8.0.0.7", true);
    put(&list, 8, QN_REGION_ASIA, "8.0.0.8", true); /* everybody knows it */
    struct qn_node_id member = id(8);
    assert_int_equal(
        qn_peer_list_set_flags(&list, qn_peer_list_find(&list, &member), QN_PEER_COMMITTEE, 0),
        QN_OK);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(qn_redirect_choose(&redirect, &list, &peer, &remote, QN_REGION_ASIA, &rng),
                         3);
        assert_int_equal(redirect.entries[0].id.bytes[0], 2);
        assert_string_equal(redirect.entries[0].endpoint.host, "8.0.0.2");
        assert_int_equal(redirect.entries[0].region, QN_REGION_ASIA);
        assert_in_range(redirect.entries[1].id.bytes[0], 5, 7);
        assert_in_range(redirect.entries[2].id.bytes[0], 5, 7);
        struct qn_node_id own = id(99);
        struct qn_node_id sender = id(98);
        assert_int_equal(qn_redirect_prune(&redirect, &own, &sender, &remote), 3);
    }
    qn_peer_list_fini(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_of_three_is_followed_and_no_longer_one),
        cmocka_unit_test(a_chain_goes_on_only_where_it_led),
        cmocka_unit_test(a_redirect_to_nowhere_begins_nothing),
        cmocka_unit_test(nobody_names_an_address_nearer_than_its_own),
        cmocka_unit_test(own_and_sender_are_no_alternatives),
        cmocka_unit_test(the_peers_own_region_is_named_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
