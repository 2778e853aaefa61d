#include "peer/lan_discovery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"

enum { PORT = 9876 };

static const struct qn_network_id network = {{7}};
static const struct qn_node_id own_id = {{1}};
static const struct qn_node_id other_id = {{2}};
static const struct qn_net_address neighbour = {.ip = {[10] = 0xff, 0xff, 192, 168, 1, 9}};

static struct qn_lan_discovery new_discovery(uint16_t port)
{
    struct qn_lan_discovery lan;
    qn_lan_discovery_init(&lan, &network, &own_id, port, 5, 0);
    return lan;
}

static struct qn_lan_beacon a_beacon(void)
{
    return (struct qn_lan_beacon){.network = network, .id = other_id, .port = PORT};
}

static enum qn_lan_verdict hear_from(struct qn_lan_discovery *lan,
                                     const struct qn_lan_beacon *beacon,
                                     const struct qn_net_address *source, bool is_on_link,
                                     qn_time_us now)
{
    uint8_t bytes[QN_LAN_BEACON_LEN];
    struct qn_lan_beacon heard;
    qn_lan_beacon_encode(bytes, beacon);
    enum qn_lan_verdict verdict = qn_lan_discovery_on_datagram(
        lan, &heard, (struct qn_span){bytes, sizeof bytes}, source, is_on_link, now);
    if (verdict == QN_LAN_HEARD) {
        assert_int_equal(heard.port, beacon->port);
        assert_true(qn_node_id_equal(&heard.id, &beacon->id));
    }
    return verdict;
}

static enum qn_lan_verdict hear(struct qn_lan_discovery *lan, const struct qn_lan_beacon *beacon,
                                qn_time_us now)
{
    return hear_from(lan, beacon, &neighbour, true, now);
}

static struct qn_lan_beacon sent(struct qn_lan_discovery *lan, qn_time_us now)
{
    uint8_t bytes[QN_LAN_BEACON_LEN];
    struct qn_lan_beacon beacon;
    assert_true(qn_lan_discovery_poll(lan, bytes, now));
    assert_int_equal(qn_lan_beacon_decode(&beacon, (struct qn_span){bytes, sizeof bytes}), QN_OK);
    assert_true(qn_node_id_equal(&beacon.id, &own_id));
    return beacon;
}

static bool is_silent(struct qn_lan_discovery *lan, qn_time_us now)
{
    uint8_t bytes[QN_LAN_BEACON_LEN];
    return !qn_lan_discovery_poll(lan, bytes, now);
}

static void it_asks_first_and_then_says_where_it_is(void **state)
{
    (void)state;
    struct qn_lan_discovery lan = new_discovery(PORT);
    qn_time_us now = 0;
    bool differ = false;
    qn_time_us first_wait = 0;
    assert_true(sent(&lan, now).asks);
    for (unsigned i = 0; i < 20; i++) {
        qn_time_us next = qn_lan_discovery_deadline(&lan);
        assert_in_range(next - now, QN_LAN_ANNOUNCE_MIN, QN_LAN_ANNOUNCE_MAX);
        first_wait = i == 0 ? next - now : first_wait;
        differ = differ || next - now != first_wait;
        assert_true(is_silent(&lan, next - 1));
        struct qn_lan_beacon beacon = sent(&lan, next);
        assert_false(beacon.asks);
        assert_int_equal(beacon.port, PORT);
        now = next;
    }
    assert_true(differ);
    assert_int_equal(lan.sent[0], 20);
    assert_int_equal(lan.sent[1], 1);
}

static void whoever_cannot_be_dialled_only_asks(void **state)
{
    (void)state;
    struct qn_lan_discovery lan = new_discovery(0);
    struct qn_lan_beacon question = a_beacon();
    question.asks = true;
    assert_true(sent(&lan, 0).asks);
    assert_int_equal(qn_lan_discovery_deadline(&lan), UINT64_MAX);
    assert_int_equal(hear(&lan, &question, QN_SECONDS(2)), QN_LAN_HEARD);
    assert_true(is_silent(&lan, QN_SECONDS(9)));
    qn_lan_discovery_ask(&lan, QN_SECONDS(10));
    assert_true(sent(&lan, QN_SECONDS(10)).asks);
}

static void a_question_is_answered_soon(void **state)
{
    (void)state;
    struct qn_lan_discovery lan = new_discovery(PORT);
    struct qn_lan_beacon question = {.asks = true, .network = network, .id = other_id};
    (void)sent(&lan, 0);
    assert_int_equal(hear(&lan, &question, QN_SECONDS(5)), QN_LAN_ASKED);
    assert_false(sent(&lan, QN_SECONDS(5) + QN_LAN_ANSWER_JITTER).asks);
    struct qn_lan_beacon announcement = a_beacon();
    assert_int_equal(hear(&lan, &announcement, QN_SECONDS(7)), QN_LAN_HEARD);
    assert_true(is_silent(&lan, QN_SECONDS(9))); /* nobody asked */
}

/* A flood of questions brings one answer a second, of no more bytes than one of the questions. */
static void answers_are_bounded(void **state)
{
    (void)state;
    struct qn_lan_discovery lan = new_discovery(PORT);
    struct qn_lan_beacon question = a_beacon();
    uint8_t bytes[QN_LAN_BEACON_LEN];
    unsigned answers = 0;
    unsigned questions = 0;
    question.asks = true;
    for (qn_time_us now = 0; now < QN_SECONDS(60); now += QN_MS(10)) {
        (void)hear(&lan, &question, now);
        questions += 1;
        answers += qn_lan_discovery_poll(&lan, bytes, now);
    }
    assert_int_equal(questions, 6000);
    assert_in_range(answers, 50, 60);
    assert_true(lan.heard[QN_LAN_EXCESS] > 2000);
    assert_int_equal(lan.heard[QN_LAN_EXCESS] + lan.heard[QN_LAN_HEARD], questions);
}

static void own_questions_are_bounded_too(void **state)
{
    (void)state;
    struct qn_lan_discovery lan = new_discovery(PORT);
    uint8_t bytes[QN_LAN_BEACON_LEN];
    unsigned questions = 0;
    for (qn_time_us now = 0; now < QN_SECONDS(10); now += QN_MS(10)) {
        qn_lan_discovery_ask(&lan, now);
        questions += qn_lan_discovery_poll(&lan, bytes, now);
    }
    assert_int_equal(questions, 10);
}

static void what_is_not_of_this_network_is_dropped_and_counted(void **state)
{
    (void)state;
    struct qn_lan_discovery lan = new_discovery(PORT);
    struct qn_lan_beacon beacon = a_beacon();
    struct qn_net_address outside = {.ip = {[10] = 0xff, 0xff, 198, 51, 100, 7}};
    struct qn_lan_beacon heard;
    (void)sent(&lan, 0);
    beacon.asks = true;
    assert_int_equal(hear_from(&lan, &beacon, &neighbour, false, 1), QN_LAN_OFF_LINK);
    assert_int_equal(hear_from(&lan, &beacon, &outside, true, 1), QN_LAN_OFF_LINK);
    beacon.network.bytes[0] = 8;
    assert_int_equal(hear(&lan, &beacon, 1), QN_LAN_OTHER_NETWORK);
    beacon = a_beacon();
    beacon.id = own_id;
    beacon.asks = true;
    assert_int_equal(hear(&lan, &beacon, 1), QN_LAN_OWN);
    assert_int_equal(qn_lan_discovery_on_datagram(&lan, &heard,
                                                  (struct qn_span){(const uint8_t *)"hello", 5},
                                                  &neighbour, true, 1),
                     QN_LAN_MALFORMED);
    assert_true(is_silent(&lan, QN_SECONDS(20))); /* and none of them is answered */
    assert_int_equal(lan.heard[QN_LAN_OFF_LINK], 2);
    assert_int_equal(lan.heard[QN_LAN_OTHER_NETWORK], 1);
    assert_int_equal(lan.heard[QN_LAN_OWN], 1);
    assert_int_equal(lan.heard[QN_LAN_MALFORMED], 1);
    assert_int_equal(lan.heard[QN_LAN_HEARD], 0);
}

static void verdicts_have_names(void **state)
{
    (void)state;
    for (enum qn_lan_verdict i = 0; i < QN_LAN_VERDICTS; i++) {
        assert_non_null(qn_lan_verdict_name(i));
    }
    assert_string_equal(qn_lan_verdict_name(QN_LAN_OFF_LINK), "off_link");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_asks_first_and_then_says_where_it_is),
        cmocka_unit_test(whoever_cannot_be_dialled_only_asks),
        cmocka_unit_test(a_question_is_answered_soon),
        cmocka_unit_test(answers_are_bounded),
        cmocka_unit_test(own_questions_are_bounded_too),
        cmocka_unit_test(what_is_not_of_this_network_is_dropped_and_counted),
        cmocka_unit_test(verdicts_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
