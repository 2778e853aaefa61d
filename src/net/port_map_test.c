/* The state machine against hand-made answers, in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "net/port_map.h"

static const uint8_t nonce[QN_PORT_MAP_NONCE_LEN] = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 1, 2};
static const struct qn_net_address client = {
    {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 2}, 9876};
static struct qn_port_map map;
static qn_time_us now;
static uint8_t sent[QN_PORT_MAP_REQUEST_LEN];
static unsigned result;

static int start(void **state)
{
    (void)state;
    now = QN_SECONDS(1000);
    qn_port_map_init(&map, &client, nonce, 1, now);
    return 0;
}

static void put32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

/* Goes to the next request, and how long that took. */
static qn_time_us next_request(void)
{
    qn_time_us begun = now;
    size_t len = qn_port_map_poll(&map, sent, now);
    for (unsigned i = 0; len == 0 && i < 10; i++) {
        assert_true(qn_port_map_deadline(&map) > now);
        now = qn_port_map_deadline(&map);
        len = qn_port_map_poll(&map, sent, now);
    }
    assert_true(len > 0);
    return now - begun;
}

/* 198.51.100.last:port, as PCP tells it. */
static enum qn_port_map_news answer_pcp(uint8_t code, uint32_t lifetime_s, uint32_t epoch_s,
                                        uint16_t port)
{
    uint8_t bytes[60] = {2, 0x81, 0, code};
    put32(&bytes[4], lifetime_s);
    put32(&bytes[8], epoch_s);
    memcpy(&bytes[24], nonce, sizeof nonce);
    bytes[36] = 6;
    bytes[40] = 9876 >> 8;
    bytes[41] = 9876 & 0xff;
    bytes[42] = (uint8_t)(port >> 8);
    bytes[43] = (uint8_t)port;
    memcpy(&bytes[44], (uint8_t[]){0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 198, 51, 100, 7}, 16);
    return qn_port_map_take(&map, &result, (struct qn_span){bytes, sizeof bytes}, now);
}

static enum qn_port_map_news announce(uint32_t epoch_s)
{
    uint8_t bytes[24] = {2, 0x80};
    put32(&bytes[8], epoch_s);
    return qn_port_map_take(&map, &result, (struct qn_span){bytes, sizeof bytes}, now);
}

static enum qn_port_map_news answer_pmp(const uint8_t *bytes, size_t len)
{
    return qn_port_map_take(&map, &result, (struct qn_span){bytes, len}, now);
}

static void assert_about(qn_time_us got, qn_time_us wanted)
{
    assert_true(got >= wanted - wanted / 10);
    assert_true(got <= wanted + wanted / 10);
}

static void requests_are_repeated_by_the_schedule_of_pcp(void **state)
{
    (void)state;
    assert_int_equal(next_request(), 0);
    for (qn_time_us wait = QN_SECONDS(3); wait < QN_SECONDS(1024); wait *= 2) {
        assert_about(next_request(), wait);
        assert_int_equal(sent[0], 2);
    }
    assert_about(next_request(), QN_SECONDS(1024));
    assert_about(next_request(), QN_SECONDS(1024));
    assert_false(map.is_mapped);
}

static void a_mapping_is_renewed_at_half_and_keeps_its_nonce(void **state)
{
    (void)state;
    uint8_t first[QN_PORT_MAP_REQUEST_LEN];
    (void)next_request();
    memcpy(first, sent, sizeof first);
    assert_int_equal(answer_pcp(0, 3600, 10, 40000), QN_PORT_MAP_MAPPED);
    assert_true(map.is_mapped);
    assert_int_equal(map.external.port, 40000);
    qn_time_us mapped_us = now;
    qn_time_us wait = next_request();
    assert_true(wait >= QN_SECONDS(1800) && wait <= QN_SECONDS(2025));
    assert_memory_equal(&sent[24], &first[24], 12);
    assert_int_equal(sent[42] << 8 | sent[43], 40000); /* it wants to keep what it has */
    assert_int_equal(answer_pcp(0, 3600, 10 + (uint32_t)((now - mapped_us) / 1000000), 40001),
                     QN_PORT_MAP_MAPPED);
    assert_int_equal(map.external.port, 40001);
    assert_true(map.expires_us == now + QN_SECONDS(3600));
}

static void an_unanswered_renewal_is_repeated_and_the_mapping_ends_with_its_time(void **state)
{
    (void)state;
    (void)next_request();
    (void)answer_pcp(0, 120, 10, 40000);
    qn_time_us end = now + QN_SECONDS(120);
    unsigned tries = 0;
    while (map.is_mapped && tries < 40) {
        qn_time_us wait = next_request();
        assert_true(!map.is_mapped || wait >= QN_SECONDS(4));
        tries += 1;
    }
    assert_true(now >= end && now <= end + QN_SECONDS(4));
    assert_in_range(tries, 4, 12);
    assert_false(map.is_mapped);
}

static void answers_to_other_questions_are_not_taken(void **state)
{
    (void)state;
    (void)next_request();
    map.request.nonce[0] ^= 1; /* as if another's nonce came back */
    assert_int_equal(answer_pcp(0, 3600, 10, 40000), QN_PORT_MAP_NOTHING);
    map.request.nonce[0] ^= 1;
    map.request.client.port += 1;
    assert_int_equal(answer_pcp(0, 3600, 10, 40000), QN_PORT_MAP_NOTHING);
    map.request.client.port -= 1;
    assert_int_equal(answer_pmp((const uint8_t[]){0, 0x80, 0, 0, 0, 0, 0, 1, 198, 51, 100, 7}, 12),
                     QN_PORT_MAP_NOTHING);
    assert_int_equal(answer_pcp(0, 3600, 10, 40000), QN_PORT_MAP_MAPPED);
    assert_int_equal(answer_pcp(0, 3600, 10, 50000), QN_PORT_MAP_NOTHING); /* nothing was asked */
    assert_int_equal(map.external.port, 40000);
}

static void a_refusal_is_told_and_asked_again_after_its_time(void **state)
{
    (void)state;
    (void)next_request();
    assert_int_equal(answer_pcp(8, 120, 10, 0), QN_PORT_MAP_REFUSED);
    assert_int_equal(result, QN_PORT_MAP_NO_RESOURCES);
    assert_about(next_request(), QN_SECONDS(120));
    assert_int_equal(answer_pcp(2, 0, 10, 0), QN_PORT_MAP_REFUSED);
    assert_about(next_request(), QN_SECONDS(30));
    assert_int_equal(answer_pcp(2, UINT32_MAX, 10, 0), QN_PORT_MAP_REFUSED);
    assert_about(next_request(), QN_SECONDS(1800));
    assert_int_equal(answer_pcp(0, 3600, 10, 0), QN_PORT_MAP_REFUSED); /* a mapping to nowhere */
    assert_false(map.is_mapped);
    assert_int_equal(map.failures, 4);
}

static void a_refused_renewal_leaves_what_is_mapped(void **state)
{
    (void)state;
    (void)next_request();
    (void)answer_pcp(0, 600, 10, 40000);
    (void)next_request();
    assert_int_equal(answer_pcp(7, 30, 310, 0), QN_PORT_MAP_REFUSED);
    assert_true(map.is_mapped);
    (void)next_request();
    assert_true(map.is_mapped);
}

static void a_gateway_that_restarted_is_asked_again_at_once(void **state)
{
    (void)state;
    (void)next_request();
    (void)answer_pcp(0, 7200, 5000, 40000);
    now += QN_SECONDS(100);
    assert_int_equal(announce(5100), QN_PORT_MAP_NOTHING); /* all is well */
    now += QN_SECONDS(100);
    assert_int_equal(announce(3), QN_PORT_MAP_RESTARTED);
    assert_int_equal(next_request(), 0);
    assert_about(next_request(), QN_SECONDS(3)); /* and not as leisurely as a renewal */
    assert_int_equal(answer_pcp(0, 7200, 6, 40000), QN_PORT_MAP_MAPPED);
}

static void a_clock_that_runs_wrong_is_a_restart_too(void **state)
{
    (void)state;
    (void)next_request();
    (void)answer_pcp(0, 7200, 5000, 40000);
    now += QN_SECONDS(1000);
    assert_int_equal(announce(5100), QN_PORT_MAP_RESTARTED); /* a tenth of our time passed there */
}

static void forged_announcements_cause_few_requests(void **state)
{
    (void)state;
    unsigned requests = 0;
    (void)next_request();
    (void)answer_pcp(0, 7200, 5000, 40000);
    for (unsigned i = 0; i < 1000; i++) { /* ten seconds of them */
        now += QN_MS(10);
        (void)announce(i % 2 == 0 ? 1 : 100000);
        requests += qn_port_map_poll(&map, sent, now) > 0;
    }
    assert_in_range(requests, 1, 3);
}

static void an_older_gateway_is_asked_in_nat_pmp(void **state)
{
    (void)state;
    static const uint8_t unsupported[] = {0, 0x81, 0, 1, 0, 0, 0, 9};
    static const uint8_t address[] = {0, 0x80, 0, 0, 0, 0, 0, 9, 198, 51, 100, 7};
    static const uint8_t port[] = {0,    0x82, 0,    0,    0, 0, 0, 9,
                                   0x26, 0x94, 0x9C, 0x40, 0, 0, 2, 0x58};
    (void)next_request();
    assert_int_equal(sent[0], 2);
    assert_int_equal(answer_pmp(unsupported, sizeof unsupported), QN_PORT_MAP_GOES_ON);
    assert_int_equal(next_request(), 0);
    assert_int_equal(sent[0], 0);
    assert_int_equal(sent[1], 0);
    assert_int_equal(next_request(), QN_MS(250));
    assert_int_equal(next_request(), QN_MS(500));
    assert_int_equal(answer_pmp(address, sizeof address), QN_PORT_MAP_GOES_ON);
    assert_int_equal(next_request(), 0);
    assert_int_equal(sent[1], 2);
    assert_int_equal(answer_pmp(port, sizeof port), QN_PORT_MAP_MAPPED);
    assert_int_equal(map.external.port, 40000);
    assert_int_equal(map.external.ip[15], 7);
    qn_time_us wait = next_request();
    assert_true(wait >= QN_SECONDS(300) && wait <= QN_SECONDS(338));
    assert_int_equal(sent[1], 0);
    assert_int_equal(qn_port_map_delete(&map, sent), 12);
}

static void a_gateway_that_falls_silent_in_nat_pmp_is_left_alone_for_a_while(void **state)
{
    (void)state;
    static const uint8_t unsupported[] = {0, 0x81, 0, 1, 0, 0, 0, 9};
    (void)next_request();
    (void)answer_pmp(unsupported, sizeof unsupported);
    for (unsigned i = 0; i < QN_PMP_TRIES_MAX; i++) {
        (void)next_request();
        assert_int_equal(sent[0], 0);
    }
    assert_true(next_request() >= QN_SECONDS(300)); /* 64 s of patience included */
    assert_int_equal(sent[0], 2);
}

static void what_may_be_mapped_is_deleted(void **state)
{
    (void)state;
    assert_int_equal(qn_port_map_delete(&map, sent), 0);
    (void)next_request();
    assert_int_equal(qn_port_map_delete(&map, sent), 60); /* the answer may be on its way */
    (void)answer_pcp(0, 3600, 10, 40000);
    assert_int_equal(qn_port_map_delete(&map, sent), 60);
    assert_memory_equal(&sent[4], ((const uint8_t[]){0, 0, 0, 0}), 4);
    assert_memory_equal(&sent[24], nonce, sizeof nonce);
    assert_int_equal(sent[42] << 8 | sent[43], 0);
}

static void where_nothing_listens_is_asked_seldom(void **state)
{
    (void)state;
    (void)next_request();
    qn_port_map_on_unreachable(&map, now);
    assert_about(next_request(), QN_SECONDS(300));
    assert_int_equal(qn_port_map_delete(&map, sent), 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(requests_are_repeated_by_the_schedule_of_pcp, start),
        cmocka_unit_test_setup(a_mapping_is_renewed_at_half_and_keeps_its_nonce, start),
        cmocka_unit_test_setup(an_unanswered_renewal_is_repeated_and_the_mapping_ends_with_its_time,
                               start),
        cmocka_unit_test_setup(answers_to_other_questions_are_not_taken, start),
        cmocka_unit_test_setup(a_refusal_is_told_and_asked_again_after_its_time, start),
        cmocka_unit_test_setup(a_refused_renewal_leaves_what_is_mapped, start),
        cmocka_unit_test_setup(a_gateway_that_restarted_is_asked_again_at_once, start),
        cmocka_unit_test_setup(a_clock_that_runs_wrong_is_a_restart_too, start),
        cmocka_unit_test_setup(forged_announcements_cause_few_requests, start),
        cmocka_unit_test_setup(an_older_gateway_is_asked_in_nat_pmp, start),
        cmocka_unit_test_setup(a_gateway_that_falls_silent_in_nat_pmp_is_left_alone_for_a_while,
                               start),
        cmocka_unit_test_setup(what_may_be_mapped_is_deleted, start),
        cmocka_unit_test_setup(where_nothing_listens_is_asked_seldom, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
