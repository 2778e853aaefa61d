#include "support/load_clients.h"

#include "net/transport.h"
#include "support/measure.h"
#include "wire/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    DIALS_AT_ONCE = 8, /* of one process */
    TURNS_A_SECOND = 100,
    LINKS_OF_A_CLIENT = 1,
    HALF_OPEN_OF_A_CLIENT = 1,
};

struct load_client {
    struct load_clients *all;
    struct qn_key *key;
    struct qn_tls *tls;
    struct qn_transport transport;
    qn_link_id link; /* 0: none */
    uint64_t nonce;
};

struct load_clients {
    uv_loop_t loop;
    uv_poll_t orders;
    uv_timer_t turns;
    int pipe_fd;
    size_t count;
    struct load_client *clients;
    struct load_order order;
    size_t dialled;
    size_t up;
    size_t turn;
    struct qn_log log; /* none */
};

struct qn_key *load_key(size_t index)
{
    uint8_t seed[QN_SEED_LEN] = "benchmark: links under load";

    for (size_t i = 0; i < sizeof(uint32_t); i++) {
        seed[sizeof seed - 1 - i] = (uint8_t)(index >> (8 * i));
    }
    struct qn_key *key = qn_key_from_seed(QN_SUITE_MLDSA65, seed);
    bench_need(key != NULL, "key generation");
    return key;
}

void load_allow_files(size_t count)
{
    struct rlimit limit;

    bench_need(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
    if (limit.rlim_cur < count) {
        limit.rlim_cur = limit.rlim_max < count ? limit.rlim_max : count;
        bench_need(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
    }
    if (limit.rlim_cur < count) {
        (void)fprintf(stderr,
                      "benchmark: %llu open files are allowed, %zu are needed (ulimit -n)\n",
                      (unsigned long long)limit.rlim_cur, count);
        bench_fail("having enough open files");
    }
}

static void say(struct load_client *client, enum qn_message_kind kind, struct qn_buf *bytes)
{
    qn_transport_send(&client->transport, client->link, kind, 0, bytes);
    qn_transport_flush(&client->transport);
}

static void dial_more(struct load_clients *all)
{
    while (all->dialled < all->order.linked && all->dialled - all->up < DIALS_AT_ONCE) {
        struct load_client *client = &all->clients[all->dialled];
        struct qn_endpoint endpoint = {.host = "127.0.0.1", .port = all->order.port};
        all->dialled += 1;
        qn_transport_dial(&client->transport, all->dialled, &endpoint, NULL, false);
    }
}

static void on_up(void *context, const struct qn_link_up *up)
{
    struct load_client *client = context;
    struct qn_hello hello = {.version = QN_PROTOCOL_VERSION,
                             .version_min = QN_PROTOCOL_VERSION_MIN,
                             .network = client->all->order.network,
                             .region = QN_REGION_EUROPE,
                             .roles = QN_ROLE_FULL};

    client->link = up->link;
    client->all->up += 1;
    (void)snprintf(hello.software, sizeof hello.software, "benchmark");
    say(client, QN_HELLO, qn_hello_encode(&hello));
    dial_more(client->all);
}

static void on_down(void *context, qn_link_id link, enum qn_close_reason reason)
{
    (void)context;
    (void)link;
    if (reason != QN_CLOSE_PEER_CLOSED && reason != QN_CLOSE_NORMAL) {
        (void)fprintf(stderr, "benchmark: a link ended: %s\n", qn_close_reason_name(reason));
        bench_fail("holding the links");
    }
}

static void on_dial_failed(void *context, qn_dial_id dial, enum qn_close_reason reason)
{
    (void)context;
    (void)fprintf(stderr, "benchmark: link %llu: %s\n", (unsigned long long)dial,
                  qn_close_reason_name(reason));
    bench_fail("dialling");
}

static void on_message(void *context, qn_link_id link, const struct qn_message_bytes *message,
                       uint32_t wire_len)
{
    (void)wire_len;
    (void)link;
    if (message->kind == QN_PING) {
        say(context, QN_PONG, qn_buf_copy(message->bytes));
    } else if (message->kind == QN_GOODBYE) {
        struct qn_goodbye goodbye = {0};
        bench_need(qn_goodbye_decode(&goodbye, message->bytes) == QN_OK, "understanding the node");
        bench_need(goodbye.reason == QN_CLOSE_SHUTDOWN, qn_close_reason_name(goodbye.reason));
    }
}

static void on_refused(void *context, qn_link_id link, uint32_t request_id)
{
    (void)context;
    (void)link;
    (void)request_id;
}

static void init_client(struct load_client *client, struct load_clients *all, size_t index)
{
    struct qn_transport_limits limits;
    struct qn_transport_sink sink = {
        .context = client,
        .on_up = on_up,
        .on_down = on_down,
        .on_dial_failed = on_dial_failed,
        .on_message = on_message,
        .on_refused = on_refused,
    };

    *client = (struct load_client){.all = all, .key = load_key(index)};
    client->tls = qn_tls_new(client->key);
    bench_need(client->tls != NULL, "TLS");
    qn_transport_limits_init(&limits, LINKS_OF_A_CLIENT);
    limits.half_open_max = HALF_OPEN_OF_A_CLIENT;
    limits.handshake_timeout = QN_SECONDS(60); /* the machine is busy with all the others */
    limits.connect_timeout = QN_SECONDS(60);
    limits.check_interval = QN_SECONDS(20);
    qn_transport_init(&client->transport, &all->loop, client->tls, &all->log, &limits, &sink);
    qn_transport_start(&client->transport);
}

/* Its share of the clients each turn, so that messages are spread over the second. */
static void on_turn(uv_timer_t *timer)
{
    struct load_clients *all = timer->data;
    size_t first = all->turn * all->count / TURNS_A_SECOND;
    size_t end = (all->turn + 1) * all->count / TURNS_A_SECOND;

    all->turn = (all->turn + 1) % TURNS_A_SECOND;
    for (size_t i = first; all->order.are_chatting && i < end; i++) {
        struct load_client *client = &all->clients[i];
        struct qn_ping ping = {.nonce = ++client->nonce};
        say(client, QN_PING, qn_ping_encode(&ping));
    }
}

static void on_order(uv_poll_t *handle, int status, int events)
{
    struct load_clients *all = handle->data;
    (void)status;
    (void)events;

    if (read(all->pipe_fd, &all->order, sizeof all->order) != (ssize_t)sizeof all->order) {
        exit(EXIT_SUCCESS); /* the node has seen enough; the kernel frees faster */
    }
    dial_more(all);
}

void load_clients_run(int pipe_fd, size_t first, size_t count)
{
    struct load_clients *all = calloc(1, sizeof *all);

    bench_need(all != NULL, "memory");
    all->clients = calloc(count, sizeof all->clients[0]);
    bench_need(all->clients != NULL && uv_loop_init(&all->loop) == 0, "memory");
    all->count = count;
    all->pipe_fd = pipe_fd;
    for (size_t i = 0; i < count; i++) {
        init_client(&all->clients[i], all, first + i);
    }
    all->orders.data = all;
    all->turns.data = all;
    bench_need(uv_poll_init(&all->loop, &all->orders, pipe_fd) == 0 &&
                   uv_poll_start(&all->orders, UV_READABLE, on_order) == 0 &&
                   uv_timer_init(&all->loop, &all->turns) == 0 &&
                   uv_timer_start(&all->turns, on_turn, 0, 1000 / TURNS_A_SECOND) == 0,
               "the loop");
    (void)uv_run(&all->loop, UV_RUN_DEFAULT);
}
