#include "peer/bans.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NOW_MS = 1700000000 };

static struct qn_node_id id_of(unsigned number)
{
    struct qn_node_id id = {.bytes = {(uint8_t)number, (uint8_t)(number >> 8), 1}};
    return id;
}

static struct qn_net_address address_of(const char *host)
{
    struct qn_endpoint endpoint = {.port = 9876};
    struct qn_net_address address;
    (void)snprintf(endpoint.host, sizeof endpoint.host, "%s", host);
    assert_true(qn_net_address_parse(&address, &endpoint));
    return address;
}

static struct qn_ban ban_of(const char *target, qn_time_us ends_us)
{
    struct qn_ban ban = {.by_operator = true,
                         .since_ms = NOW_MS,
                         .until_ms = QN_BAN_FOR_GOOD,
                         .ends_us = ends_us,
                         .reason = "spam"};
    assert_int_equal(qn_ban_target_parse(&ban.target, target), QN_OK);
    return ban;
}

static void add(struct qn_bans *bans, const char *target, qn_time_us ends_us)
{
    struct qn_ban ban = ban_of(target, ends_us);
    assert_int_equal(qn_bans_add(bans, &ban), QN_OK);
}

static enum qn_blame check(const struct qn_bans *bans, const struct qn_node_id *id,
                           const char *host, bool is_stranger, qn_time_us now)
{
    struct qn_net_address address = address_of(host);
    struct qn_suspect suspect = {.id = id, .address = &address, .is_stranger = is_stranger};
    return qn_bans_check(bans, &suspect, now);
}

static enum qn_blame blame(struct qn_bans *bans, const struct qn_node_id *id, const char *host,
                           bool is_stranger, enum qn_fault fault, qn_time_us now)
{
    struct qn_net_address address = address_of(host);
    struct qn_suspect suspect = {.id = id, .address = &address, .is_stranger = is_stranger};
    return qn_bans_fault(bans, &suspect, fault, now);
}

static void an_operators_ban_hits_an_id_wherever_it_comes_from(void **state)
{
    struct qn_bans bans;
    struct qn_node_id bad = id_of(1);
    struct qn_node_id good = id_of(2);
    char text[QN_BAN_TARGET_TEXT_SIZE];
    struct qn_ban_target target = {.is_id = true, .id = bad};
    (void)state;
    qn_bans_init(&bans, 1, 2);
    add(&bans, qn_ban_target_format(text, &target), UINT64_MAX);
    assert_int_equal(check(&bans, &bad, "192.0.2.1", false, 5), QN_BLAME_BANNED);
    assert_int_equal(check(&bans, &bad, "127.0.0.1", true, 5), QN_BLAME_BANNED);
    assert_int_equal(check(&bans, &good, "192.0.2.1", false, 5), QN_BLAME_NONE);
    assert_int_equal(check(&bans, NULL, "192.0.2.1", false, 5), QN_BLAME_NONE);
    assert_true(qn_bans_remove(&bans, &target));
    assert_false(qn_bans_remove(&bans, &target));
    assert_int_equal(check(&bans, &bad, "192.0.2.1", false, 5), QN_BLAME_NONE);
    qn_bans_fini(&bans);
}

static void an_operators_ban_of_a_prefix_hits_everybody_in_it_even_the_reserved(void **state)
{
    struct qn_bans bans;
    struct qn_node_id id = id_of(1);
    (void)state;
    qn_bans_init(&bans, 1, 2);
    add(&bans, "192.0.2.0/24", UINT64_MAX);
    add(&bans, "2001:db8::/32", UINT64_MAX);
    add(&bans, "127.0.0.0/8", UINT64_MAX);
    assert_int_equal(check(&bans, NULL, "192.0.2.200", false, 5), QN_BLAME_BANNED);
    assert_int_equal(check(&bans, &id, "2001:db8:1::9", false, 5), QN_BLAME_BANNED);
    assert_int_equal(check(&bans, &id, "127.3.2.1", false, 5), QN_BLAME_BANNED);
    assert_int_equal(check(&bans, &id, "192.0.3.1", false, 5), QN_BLAME_NONE);
    assert_int_equal(check(&bans, &id, "2001:db9::1", false, 5), QN_BLAME_NONE);
    struct qn_net_address address = address_of("192.0.2.1");
    struct qn_suspect reserved = {.id = &id, .address = &address, .is_reserved = true};
    assert_int_equal(qn_bans_check(&bans, &reserved, 5), QN_BLAME_BANNED);
    qn_bans_fini(&bans);
}

static void note_end(void *context, const struct qn_ban *ban)
{
    struct qn_ban *last = context;
    *last = *ban;
}

static void a_ban_for_a_time_ends_by_itself_and_is_told(void **state)
{
    struct qn_bans bans;
    struct qn_ban ended = {0};
    struct qn_ban list[4];
    (void)state;
    qn_bans_init(&bans, 1, 2);
    add(&bans, "192.0.2.0/24", 100);
    add(&bans, "198.51.100.7", UINT64_MAX);
    assert_int_equal(check(&bans, NULL, "192.0.2.1", false, 99), QN_BLAME_BANNED);
    assert_int_equal(check(&bans, NULL, "192.0.2.1", false, 100), QN_BLAME_NONE);
    assert_int_equal(qn_bans_list(&bans, list, 4, 100, NOW_MS), 1);
    qn_bans_expire(&bans, 99, note_end, &ended);
    assert_int_equal(bans.count, 2);
    qn_bans_expire(&bans, 100, note_end, &ended);
    assert_int_equal(bans.count, 1);
    assert_int_equal(ended.ends_us, 100);
    assert_int_equal(check(&bans, NULL, "198.51.100.7", false, 100), QN_BLAME_BANNED);
    qn_bans_fini(&bans);
}

static void the_same_target_again_replaces_and_a_full_list_refuses_others(void **state)
{
    struct qn_bans bans;
    char text[32];
    (void)state;
    qn_bans_init(&bans, 1, 2);
    for (unsigned i = 0; i < QN_BANS_MAX; i++) {
        (void)snprintf(text, sizeof text, "10.0.%u.%u", i / 256, i % 256);
        add(&bans, text, UINT64_MAX);
    }
    struct qn_ban more = ban_of("192.0.2.1", UINT64_MAX);
    assert_int_equal(qn_bans_add(&bans, &more), QN_ERR_FULL);
    add(&bans, "10.0.0.9", 50);
    assert_int_equal(bans.count, QN_BANS_MAX);
    assert_int_equal(check(&bans, NULL, "10.0.0.9", false, 50), QN_BLAME_NONE);
    assert_int_equal(check(&bans, NULL, "10.0.3.255", false, 50), QN_BLAME_BANNED);
    qn_bans_fini(&bans);
}

static void a_registered_identity_answers_for_itself_not_its_address(void **state)
{
    struct qn_bans bans;
    struct qn_node_id liar = id_of(1);
    struct qn_node_id neighbour = id_of(2);
    (void)state;
    qn_bans_init(&bans, 1, 2);
    assert_int_equal(blame(&bans, &liar, "192.0.2.1", false, QN_FAULT_BAD_BLOCK, 0),
                     QN_BLAME_BANNED);
    assert_int_equal(check(&bans, &liar, "203.0.113.5", false, 1), QN_BLAME_BANNED);
    assert_int_equal(check(&bans, &neighbour, "192.0.2.1", false, 1), QN_BLAME_NONE);
    assert_int_equal(check(&bans, &neighbour, "192.0.2.1", true, 1), QN_BLAME_NONE);
    assert_int_equal(check(&bans, &liar, "203.0.113.5", false, QN_SCORE_BAN_MIN),
                     QN_BLAME_DISCOURAGED);
    qn_bans_fini(&bans);
}

/* A new identity costs a stranger nothing, so its address is what counts; who is in the registry does not
 * suffer from whom it shares an address with. */
static void a_stranger_answers_by_its_address_and_only_strangers_suffer(void **state)
{
    struct qn_bans bans;
    struct qn_node_id one = id_of(1);
    struct qn_node_id another = id_of(2);
    (void)state;
    qn_bans_init(&bans, 1, 2);
    assert_int_equal(blame(&bans, &one, "192.0.2.1", true, QN_FAULT_BAD_SIGNATURE, 0),
                     QN_BLAME_BANNED);
    assert_int_equal(check(&bans, &another, "192.0.2.1", true, 1), QN_BLAME_BANNED);
    assert_int_equal(check(&bans, &one, "192.0.2.2", true, 1), QN_BLAME_NONE);
    assert_int_equal(check(&bans, &another, "192.0.2.1", false, 1), QN_BLAME_NONE);
    assert_int_equal(check(&bans, NULL, "192.0.2.1", false, 1), QN_BLAME_NONE);
    /* Of IPv6 a customer has at least a /64. */
    assert_int_equal(blame(&bans, &one, "2001:db8::1", true, QN_FAULT_BAD_SIGNATURE, 0),
                     QN_BLAME_BANNED);
    assert_int_equal(check(&bans, &another, "2001:db8::ffff:2", true, 1), QN_BLAME_BANNED);
    assert_int_equal(check(&bans, &another, "2001:db8:0:1::1", true, 1), QN_BLAME_NONE);
    /* A devnet is one host. */
    assert_int_equal(blame(&bans, &one, "127.0.0.1", true, QN_FAULT_BAD_SIGNATURE, 0),
                     QN_BLAME_NONE);
    assert_int_equal(check(&bans, &another, "127.0.0.1", true, 1), QN_BLAME_NONE);
    qn_bans_fini(&bans);
}

static void a_reserved_peer_is_never_banned_for_faults(void **state)
{
    struct qn_bans bans;
    struct qn_node_id id = id_of(1);
    struct qn_net_address address = address_of("192.0.2.1");
    struct qn_suspect suspect = {.id = &id, .address = &address, .is_reserved = true};
    (void)state;
    qn_bans_init(&bans, 1, 2);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(qn_bans_fault(&bans, &suspect, QN_FAULT_BAD_SIGNATURE, i),
                         QN_BLAME_DISCOURAGED);
    }
    assert_int_equal(qn_bans_check(&bans, &suspect, 20), QN_BLAME_DISCOURAGED);
    suspect.is_reserved = false; /* no longer: then it counts what it did */
    assert_int_equal(qn_bans_check(&bans, &suspect, 20), QN_BLAME_BANNED);
    qn_bans_fini(&bans);
}

static void the_list_tells_who_why_and_until_when(void **state)
{
    struct qn_bans bans;
    struct qn_ban list[8];
    struct qn_node_id id = id_of(1);
    char text[QN_BAN_TARGET_TEXT_SIZE];
    (void)state;
    qn_bans_init(&bans, 1, 2);
    add(&bans, "192.0.2.0/24", UINT64_MAX);
    (void)blame(&bans, &id, "203.0.113.5", false, QN_FAULT_BAD_BLOCK, QN_SECONDS(10));
    (void)blame(&bans, &id, "2001:db8::5", true, QN_FAULT_BAD_SIGNATURE, QN_SECONDS(10));
    (void)blame(&bans, &id, "203.0.113.9", true, QN_FAULT_FLOOD, QN_SECONDS(10));
    assert_int_equal(qn_bans_list(&bans, list, 8, QN_SECONDS(70), NOW_MS), 3);
    assert_true(list[0].by_operator);
    assert_string_equal(list[0].reason, "spam");
    assert_true(list[0].until_ms == QN_BAN_FOR_GOOD);
    assert_true(list[1].target.is_id && qn_node_id_equal(&list[1].target.id, &id));
    assert_false(list[1].strangers_only);
    assert_string_equal(list[1].reason, "bad_block");
    assert_int_equal(list[1].since_ms, NOW_MS - 60000);
    assert_int_equal(list[1].until_ms, NOW_MS + 540000);
    assert_string_equal(qn_ban_target_format(text, &list[2].target), "2001:db8::/64");
    assert_true(list[2].strangers_only);
    assert_int_equal(qn_bans_list(&bans, list, 2, QN_SECONDS(70), NOW_MS), 2);
    /* What the list says can be removed as it stands there. */
    assert_true(qn_bans_remove(&bans, &list[1].target));
    assert_int_equal(check(&bans, &id, "203.0.113.5", false, QN_SECONDS(70)), QN_BLAME_NONE);
    qn_bans_fini(&bans);
}

static struct qn_ban reread(const struct qn_ban *ban, qn_time_us now, qn_unix_ms unix_ms)
{
    struct qn_ban read;
    struct qn_buf *bytes = qn_ban_encode(ban);
    assert_int_equal(qn_ban_decode(&read, qn_buf_span(bytes), now, unix_ms), QN_OK);
    qn_buf_drop(bytes);
    return read;
}

static void a_stored_ban_goes_on_whatever_the_clock_says(void **state)
{
    struct qn_ban ban = ban_of("2001:db8::/32", 0);
    (void)state;
    struct qn_ban read = reread(&ban, 77, NOW_MS + 5);
    assert_true(read.ends_us == UINT64_MAX && read.until_ms == QN_BAN_FOR_GOOD);
    assert_string_equal(read.reason, "spam");
    assert_int_equal(read.target.prefix.bits, 32);
    ban.until_ms = NOW_MS + 60000;
    assert_true(reread(&ban, 77, NOW_MS + 20000).ends_us == 77 + QN_SECONDS(40));
    assert_true(reread(&ban, 77, NOW_MS + 60000).ends_us == 77);
    assert_true(reread(&ban, 77, NOW_MS + 90000).ends_us == 77);
    assert_true(reread(&ban, 77, 0).ends_us == 77 + QN_SECONDS(60)); /* the clock went back */
    ban = ban_of("192.0.2.9", 0);
    ban.reason[0] = '\0';
    assert_string_equal(reread(&ban, 0, 0).reason, "");
}

static void nothing_else_is_read_as_a_ban(void **state)
{
    struct qn_ban ban = ban_of("192.0.2.0/24", 0);
    struct qn_ban read = {.since_ms = 4711};
    (void)state;
    ban.until_ms = NOW_MS + 1000;
    struct qn_buf *bytes = qn_ban_encode(&ban);
    struct qn_span span = qn_buf_span(bytes);
    uint8_t copy[256];
    assert_true(span.len < sizeof copy);
    for (size_t len = 0; len < span.len; len++) {
        assert_int_equal(qn_ban_decode(&read, (struct qn_span){span.at, len}, 0, 0),
                         QN_ERR_MALFORMED);
    }
    memcpy(copy, span.at, span.len);
    copy[span.len] = 0;
    assert_int_equal(qn_ban_decode(&read, (struct qn_span){copy, span.len + 1}, 0, 0),
                     QN_ERR_MALFORMED);
    qn_buf_drop(bytes);
    ban.until_ms = ban.since_ms - 1;
    bytes = qn_ban_encode(&ban);
    assert_int_equal(qn_ban_decode(&read, qn_buf_span(bytes), 0, 0), QN_ERR_MALFORMED);
    qn_buf_drop(bytes);
    assert_int_equal(read.since_ms, 4711);
}

static void a_ban_that_says_more_is_of_another_version(void **state)
{
    static const uint8_t bytes[] = {0xa4, 0x01, 0x68, '1',  '0',  '.',  '0',  '.', '0',
                                    '.',  '7',  0x02, 0x00, 0x04, 0x60, 0x05, 0x01};
    struct qn_ban read;
    (void)state;
    assert_int_equal(qn_ban_decode(&read, (struct qn_span){bytes, sizeof bytes}, 0, 0),
                     QN_ERR_WRONG_VERSION);
}

static void a_target_is_an_id_or_a_prefix_and_has_a_key_of_its_own(void **state)
{
    static const char *const wrong[] = {"", "abcd", "192.0.2.0/33", "example.org", "192.0.2.0/24 "};
    struct qn_ban_target id = {0};
    struct qn_ban_target prefix = {0};
    uint8_t a[QN_HASH_LEN];
    uint8_t b[QN_HASH_LEN];
    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(wrong); i++) {
        assert_int_not_equal(qn_ban_target_parse(&id, wrong[i]), QN_OK);
    }
    assert_int_equal(qn_ban_target_parse(&prefix, "10.0.0.0/8"), QN_OK);
    qn_ban_target_key(a, &prefix);
    struct qn_ban_target again = qn_ban_target_of_key(a, false);
    qn_ban_target_key(b, &again);
    assert_memory_equal(a, b, QN_HASH_LEN);
    prefix.prefix.bits += 1;
    qn_ban_target_key(b, &prefix);
    assert_memory_not_equal(a, b, QN_HASH_LEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_operators_ban_hits_an_id_wherever_it_comes_from),
        cmocka_unit_test(an_operators_ban_of_a_prefix_hits_everybody_in_it_even_the_reserved),
        cmocka_unit_test(a_ban_for_a_time_ends_by_itself_and_is_told),
        cmocka_unit_test(the_same_target_again_replaces_and_a_full_list_refuses_others),
        cmocka_unit_test(a_registered_identity_answers_for_itself_not_its_address),
        cmocka_unit_test(a_stranger_answers_by_its_address_and_only_strangers_suffer),
        cmocka_unit_test(a_reserved_peer_is_never_banned_for_faults),
        cmocka_unit_test(the_list_tells_who_why_and_until_when),
        cmocka_unit_test(a_stored_ban_goes_on_whatever_the_clock_says),
        cmocka_unit_test(nothing_else_is_read_as_a_ban),
        cmocka_unit_test(a_ban_that_says_more_is_of_another_version),
        cmocka_unit_test(a_target_is_an_id_or_a_prefix_and_has_a_key_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
