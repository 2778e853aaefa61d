#include "api/connections.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* A socket pair: shutting our end is seen on the other. */
struct pair {
    int ends[2];
    struct qn_api_connection *connection;
};

static struct qn_api_stats stats;
static struct qn_api_connections set;

static int set_up(void **state)
{
    (void)state;
    stats = (struct qn_api_stats){0};
    set =
        (struct qn_api_connections){.max = 3, .receive_ms = 100, .send_ms = 1000, .stats = &stats};
    return 0;
}

static struct pair connect_pair(uint64_t now_ms)
{
    struct pair pair;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair.ends), 0);
    pair.connection = qn_api_connections_add(&set, pair.ends[0], now_ms);
    return pair;
}

static bool is_shut(const struct pair *pair)
{
    char byte;
    return recv(pair->ends[1], &byte, 1, MSG_DONTWAIT) == 0;
}

static void disconnect(const struct pair *pair)
{
    qn_api_connections_remove(&set, pair->connection);
    close(pair->ends[0]);
    close(pair->ends[1]);
}

static void time_counts_from_the_phase(void **state)
{
    (void)state;
    assert_true(qn_api_connections_sweep(&set, 0) == UINT64_MAX);
    struct pair pair = connect_pair(1000);
    assert_int_equal(qn_api_connections_sweep(&set, 1099), 1100);
    assert_false(is_shut(&pair));
    qn_api_connection_enter(pair.connection, QN_API_WAITING, 1099);
    assert_true(qn_api_connections_sweep(&set, 9999) == UINT64_MAX);
    qn_api_connection_enter(pair.connection, QN_API_SENDING, 10000);
    assert_int_equal(qn_api_connections_sweep(&set, 10999), 11000);
    assert_false(is_shut(&pair));
    qn_api_connection_enter(pair.connection, QN_API_RECEIVING, 10999);
    assert_int_equal(qn_api_connections_sweep(&set, 11000), 11099);
    assert_true(qn_api_connections_sweep(&set, 11099) == UINT64_MAX);
    assert_true(is_shut(&pair));
    assert_int_equal(stats.receive_timeouts, 1);
    assert_int_equal(stats.send_timeouts, 0);
    assert_true(qn_api_connections_sweep(&set, 20000) == UINT64_MAX);
    assert_int_equal(stats.receive_timeouts, 1); /* once */
    disconnect(&pair);
}

static void a_late_reader_is_shut(void **state)
{
    (void)state;
    struct pair pair = connect_pair(0);
    qn_api_connection_enter(pair.connection, QN_API_SENDING, 50);
    (void)qn_api_connections_sweep(&set, 1050);
    assert_true(is_shut(&pair));
    assert_int_equal(stats.send_timeouts, 1);
    disconnect(&pair);
}

static void room_is_made_at_the_expense_of_the_oldest_idle(void **state)
{
    (void)state;
    struct pair busy = connect_pair(10);
    qn_api_connection_enter(busy.connection, QN_API_WAITING, 10);
    struct pair first = connect_pair(20);
    struct pair second = connect_pair(20);
    assert_int_equal(stats.evicted, 0);
    struct pair third = connect_pair(30);
    assert_true(is_shut(&first));
    assert_false(is_shut(&second));
    assert_false(is_shut(&busy));
    struct pair fourth = connect_pair(30);
    assert_true(is_shut(&second));
    assert_false(is_shut(&third));
    assert_int_equal(stats.evicted, 2);
    disconnect(&busy);
    disconnect(&first);
    disconnect(&second);
    disconnect(&third);
    disconnect(&fourth);
    assert_int_equal(stats.connections, 0);
    assert_int_equal(stats.accepted, 5);
}

static void with_all_at_work_the_newcomer_goes(void **state)
{
    (void)state;
    struct pair busy[3];
    for (size_t i = 0; i < 3; i++) {
        busy[i] = connect_pair(i);
        qn_api_connection_enter(busy[i].connection, QN_API_SENDING, i);
    }
    assert_true(qn_api_connections_are_busy(&set));
    struct pair newcomer = connect_pair(5);
    assert_true(is_shut(&newcomer));
    for (size_t i = 0; i < 3; i++) {
        assert_false(is_shut(&busy[i]));
        disconnect(&busy[i]);
    }
    assert_false(qn_api_connections_are_busy(&set));
    disconnect(&newcomer);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(time_counts_from_the_phase),
        TEST(a_late_reader_is_shut),
        TEST(room_is_made_at_the_expense_of_the_oldest_idle),
        TEST(with_all_at_work_the_newcomer_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
