/* Several of them on one loop, over loopback. */
#include "net/lan_discovery.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/clock.h"
#include "net/lan_socket.h"

enum { PARTIES = 3, PATIENCE_S = 20 };

struct party {
    struct qn_lan *lan;
    uint8_t number;
    unsigned heard[PARTIES];
    struct qn_endpoint last;
};

struct fixture {
    uv_loop_t loop;
    uv_timer_t clock; /* so that the loop comes back to look at the condition */
    struct party parties[PARTIES];
};

static uint8_t network_number; /* of this run: other tests may speak on the same loopback */

static void on_heard(void *context, const struct qn_node_id *id, const struct qn_endpoint *endpoint)
{
    struct party *party = context;
    assert_in_range(id->bytes[0], 0, PARTIES - 1);
    party->heard[id->bytes[0]] += 1;
    party->last = *endpoint;
}

static void join_at(struct fixture *f, uint8_t number, uint8_t network, const char *listen)
{
    struct party *party = &f->parties[number];
    struct qn_lan_settings settings = {.network = {{network, network_number}},
                                       .id = {{number}},
                                       .choice = {.name_count = 1, .names = {"lo"}},
                                       .seed = number,
                                       .heard = on_heard,
                                       .context = party};
    char why[QN_TEXT_LEN_MAX + 1] = "";
    settings.choice.listens = listen != NULL;
    (void)snprintf(settings.choice.listen.host, sizeof settings.choice.listen.host, "%s",
                   listen != NULL ? listen : "");
    settings.choice.listen.port = (uint16_t)(1000 + number);
    party->number = number;
    if (qn_lan_open(&party->lan, &f->loop, &settings, why) != QN_OK) {
        fail_msg("%s", why);
    }
    qn_lan_start(party->lan);
}

static void join(struct fixture *f, uint8_t number, uint8_t network)
{
    join_at(f, number, network, "127.0.0.1");
}

static void on_clock(uv_timer_t *timer)
{
    (void)timer;
}

static void init(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    assert_int_equal(uv_timer_init(&f->loop, &f->clock), 0);
    assert_int_equal(uv_timer_start(&f->clock, on_clock, 10, 10), 0);
}

static void fini(struct fixture *f)
{
    for (size_t i = 0; i < PARTIES; i++) {
        qn_lan_stop(f->parties[i].lan);
    }
    uv_close((uv_handle_t *)&f->clock, NULL);
    (void)uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
}

static void await(struct fixture *f, uint8_t who, uint8_t whom)
{
    qn_time_us deadline = qn_clock_now() + QN_SECONDS(PATIENCE_S);
    while (f->parties[who].heard[whom] == 0) {
        assert_true(qn_clock_now() < deadline);
        (void)uv_run(&f->loop, UV_RUN_ONCE);
    }
}

static void neighbours_hear_each_other(void **state)
{
    (void)state;
    struct fixture f;
    init(&f);
    join(&f, 0, 1);
    join(&f, 1, 1);
    await(&f, 0, 1);
    await(&f, 1, 0);
    assert_string_equal(f.parties[0].last.host, "127.0.0.1");
    assert_int_equal(f.parties[0].last.port, 1001);
    assert_int_equal(f.parties[0].heard[0], 0);
    fini(&f);
}

static void whoever_comes_later_hears_those_that_are_there(void **state)
{
    (void)state;
    struct fixture f;
    init(&f);
    join(&f, 0, 1);
    join(&f, 1, 1);
    await(&f, 0, 1);
    join_at(&f, 2, 1, NULL); /* cannot be dialled: it only asks */
    await(&f, 2, 0);
    await(&f, 2, 1);
    assert_int_equal(f.parties[0].heard[2], 0);
    fini(&f);
}

static double heard_as(const struct qn_lan *lan, const char *verdict);

static void another_network_is_not_heard(void **state)
{
    (void)state;
    struct fixture f;
    init(&f);
    join(&f, 0, 1);
    join(&f, 1, 2);
    qn_time_us deadline = qn_clock_now() + QN_SECONDS(PATIENCE_S);
    while (heard_as(f.parties[0].lan, "other_network") == 0) {
        assert_true(qn_clock_now() < deadline);
        (void)uv_run(&f.loop, UV_RUN_ONCE);
    }
    assert_int_equal(f.parties[0].heard[1], 0);
    fini(&f);
}

/* What is sent to this machine alone is not looked at, whoever it is from. */
static void what_is_not_sent_to_the_group_is_not_heard(void **state)
{
    (void)state;
    struct fixture f;
    uint8_t bytes[QN_LAN_BEACON_LEN];
    struct qn_lan_beacon beacon = {.network = {{1, network_number}}, .id = {{2}}, .port = 7};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(QN_LAN_PORT)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    init(&f);
    join(&f, 0, 1);
    join(&f, 1, 1);
    assert_true(fd >= 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    qn_lan_beacon_encode(bytes, &beacon);
    (void)sendto(fd, bytes, sizeof bytes, 0, (const struct sockaddr *)&to, sizeof to);
    await(&f, 0, 1); /* which was sent later */
    assert_int_equal(f.parties[0].heard[2], 0);
    assert_int_equal(f.parties[1].heard[2], 0);
    (void)close(fd);
    fini(&f);
}

struct search {
    const char *verdict;
    double value;
};

static void on_metric(void *context, const struct qn_metric *metric)
{
    struct search *search = context;
    if (metric->label != NULL && strcmp(metric->label, "verdict") == 0 &&
        strcmp(metric->label_value, search->verdict) == 0) {
        search->value = metric->value;
    }
}

static double heard_as(const struct qn_lan *lan, const char *verdict)
{
    struct search search = {verdict, -1};
    struct qn_metric_sink sink = {.context = &search, .metric = on_metric};
    qn_lan_collect(lan, &sink);
    assert_true(search.value >= 0);
    return search.value;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_hear_each_other),
        cmocka_unit_test(whoever_comes_later_hears_those_that_are_there),
        cmocka_unit_test(another_network_is_not_heard),
        cmocka_unit_test(what_is_not_sent_to_the_group_is_not_heard),
    };
    network_number = (uint8_t)getpid();
    printf("network number %u\n", network_number);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
