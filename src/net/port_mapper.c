#include "net/port_mapper.h"

#include "crypto/key.h"
#include "net/clock.h"
#include "net/default_gateway.h"
#include "net/port_map.h"
#include "net/socket.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define CHECK_INTERVAL QN_SECONDS(60) /* whether the gateway, or our address, is another one */
#define NO_GATEWAY_INTERVAL QN_SECONDS(10)

enum { V4_AT = 12 };

struct qn_port_mapper {
    struct qn_port_mapper_settings settings;
    uv_loop_t *loop;
    uv_timer_t timer;
    uv_udp_t *socket;        /* connected to the gateway; NULL: there is none */
    uv_udp_t *announcements; /* NULL: another program has the port to itself */
    struct qn_net_address gateway;
    struct qn_net_address client;
    uint8_t nonce[QN_PORT_MAP_NONCE_LEN];
    struct qn_port_map map;
    struct qn_net_address told; /* port 0: nothing */
    qn_time_us next_check_us;
    bool told_no_gateway;
    bool told_silent;
    unsigned told_result;
    char buffer[QN_PORT_MAP_ANSWER_MAX + 1];
};

static void to_sockaddr(struct sockaddr_in *out, const struct qn_net_address *address)
{
    *out = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(address->port)};
    memcpy(&out->sin_addr, &address->ip[V4_AT], sizeof out->sin_addr);
}

/* False: not IPv4. */
static bool from_sockaddr(struct qn_net_address *out, const struct sockaddr *address)
{
    if (address->sa_family != AF_INET) {
        return false;
    }
    struct sockaddr_in in;
    memcpy(&in, address, sizeof in);
    *out = (struct qn_net_address){.ip = {[10] = 0xff, [11] = 0xff}, .port = ntohs(in.sin_port)};
    memcpy(&out->ip[V4_AT], &in.sin_addr, sizeof in.sin_addr);
    return true;
}

static const char *text_of(char text[QN_ENDPOINT_TEXT_SIZE], const struct qn_net_address *address)
{
    struct qn_endpoint endpoint;
    qn_net_address_endpoint(&endpoint, address);
    return qn_endpoint_format(text, &endpoint);
}

/* ---- telling ---- */

static void tell_mapped(struct qn_port_mapper *mapper)
{
    char gateway[QN_ENDPOINT_TEXT_SIZE];
    char external[QN_ENDPOINT_TEXT_SIZE];
    struct qn_endpoint endpoint = {.port = 0};
    const struct qn_port_map *map = &mapper->map;
    struct qn_net_address now = {.port = 0};
    if (mapper->socket != NULL && map->is_mapped) {
        now = map->external;
    }
    if (qn_net_address_equal(&now, &mapper->told)) {
        return;
    }
    mapper->told = now;
    if (now.port != 0) {
        mapper->told_silent = false;
        mapper->told_result = QN_PORT_MAP_SUCCESS;
        qn_net_address_endpoint(&endpoint, &now);
        qn_log(mapper->settings.log, QN_LOG_INFO, "nat", "mapped",
               "gateway=%s external=%s protocol=%s lifetime_s=%llu",
               text_of(gateway, &mapper->gateway), text_of(external, &now),
               map->is_pmp ? "nat-pmp" : "pcp",
               (unsigned long long)((map->expires_us - qn_clock_now()) / QN_SECONDS(1)));
    } else {
        qn_log(mapper->settings.log, QN_LOG_WARN, "nat", "unmapped",
               "gateway=%s text=\"the port is not mapped any more\"",
               text_of(gateway, &mapper->gateway));
    }
    mapper->settings.mapped(mapper->settings.context, &endpoint);
}

/* Once, until there is a mapping. */
static void tell_silent(struct qn_port_mapper *mapper, const char *how)
{
    char gateway[QN_ENDPOINT_TEXT_SIZE];
    if (!mapper->told_silent && !mapper->map.is_mapped) {
        mapper->told_silent = true;
        qn_log(mapper->settings.log, QN_LOG_WARN, "nat", "no_answer",
               "gateway=%s reason=%s text=\"the gateway does not speak PCP or NAT-PMP: map the "
               "port there by hand and set QNET_ADVERTISE, or switch port mapping off\"",
               text_of(gateway, &mapper->gateway), how);
    }
}

static void tell_refused(struct qn_port_mapper *mapper, unsigned result)
{
    char gateway[QN_ENDPOINT_TEXT_SIZE];
    enum qn_log_level level = result == mapper->told_result ? QN_LOG_DEBUG : QN_LOG_WARN;
    mapper->told_result = result;
    qn_log(mapper->settings.log, level, "nat", "refused",
           "gateway=%s reason=%s text=\"the gateway maps no port; asked again later\"",
           text_of(gateway, &mapper->gateway), qn_port_map_result_name(result));
}

/* ---- the gateway ---- */

static void free_handle(uv_handle_t *handle)
{
    free(handle);
}

static void close_socket(uv_udp_t **socket)
{
    if (*socket != NULL) {
        uv_close((uv_handle_t *)*socket, free_handle);
        *socket = NULL;
    }
}

static void arm(struct qn_port_mapper *mapper);

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
    struct qn_port_mapper *mapper = handle->data;
    (void)size;
    *buf = uv_buf_init(mapper->buffer, sizeof mapper->buffer);
}

/* Whatever does not come from the gateway's own port is not for us. */
static void take(struct qn_port_mapper *mapper, const struct sockaddr *from, size_t len)
{
    struct qn_net_address sender;
    unsigned result = 0;
    if (mapper->socket == NULL || from == NULL || !from_sockaddr(&sender, from) ||
        !qn_net_address_equal(&sender, &mapper->gateway)) {
        return;
    }
    struct qn_span bytes = {(const uint8_t *)mapper->buffer, len};
    switch (qn_port_map_take(&mapper->map, &result, bytes, qn_clock_now())) {
    case QN_PORT_MAP_NOTHING:
    case QN_PORT_MAP_GOES_ON:
    case QN_PORT_MAP_MAPPED:
        break;
    case QN_PORT_MAP_REFUSED:
        tell_refused(mapper, result);
        break;
    case QN_PORT_MAP_RESTARTED:
        qn_log(mapper->settings.log, QN_LOG_INFO, "nat", "gateway_restarted",
               "text=\"it says that it forgot its mappings: asked again\"");
        break;
    }
    tell_mapped(mapper);
    arm(mapper);
}

static void on_failed(struct qn_port_mapper *mapper, int error)
{
    if (mapper->socket != NULL && error == UV_ECONNREFUSED) {
        qn_port_map_on_unreachable(&mapper->map, qn_clock_now());
        tell_silent(mapper, "port_unreachable");
        arm(mapper);
    }
}

static void on_datagram(uv_udp_t *handle, ssize_t len, const uv_buf_t *buf,
                        const struct sockaddr *from, unsigned flags)
{
    struct qn_port_mapper *mapper = handle->data;
    (void)buf;
    if (len < 0) {
        on_failed(mapper, (int)len);
    } else if (len > 0 && (flags & UV_UDP_PARTIAL) == 0) {
        take(mapper, from, (size_t)len);
    }
}

static uv_udp_t *new_socket(struct qn_port_mapper *mapper)
{
    uv_udp_t *socket = calloc(1, sizeof *socket);
    QN_ASSERT(socket != NULL && uv_udp_init(mapper->loop, socket) == 0);
    socket->data = mapper;
    return socket;
}

static uv_udp_t *connect_to(struct qn_port_mapper *mapper, const struct qn_net_address *gateway,
                            struct qn_net_address *client)
{
    struct sockaddr_in address;
    struct sockaddr_storage own = {0};
    int len = sizeof own;
    uv_udp_t *socket = new_socket(mapper);
    to_sockaddr(&address, gateway);
    if (uv_udp_connect(socket, (const struct sockaddr *)&address) != 0 ||
        uv_udp_getsockname(socket, (struct sockaddr *)&own, &len) != 0 ||
        !from_sockaddr(client, (const struct sockaddr *)&own)) {
        close_socket(&socket);
        return NULL;
    }
    client->port = mapper->settings.port;
    return socket;
}

static bool find_gateway(const struct qn_port_mapper *mapper, struct qn_net_address *gateway)
{
    if (mapper->settings.has_gateway) {
        *gateway = mapper->settings.gateway;
        return true;
    }
    if (!qn_default_gateway(gateway)) {
        return false;
    }
    gateway->port = QN_PORT_MAP_PORT;
    return true;
}

static void begin(struct qn_port_mapper *mapper, uv_udp_t *socket,
                  const struct qn_net_address *gateway, const struct qn_net_address *client,
                  qn_time_us now)
{
    uint64_t seed = 0;
    qn_random_bytes((uint8_t *)&seed, sizeof seed);
    close_socket(&mapper->socket);
    mapper->socket = socket;
    mapper->gateway = *gateway;
    mapper->client = *client;
    mapper->told_silent = false;
    mapper->told_result = QN_PORT_MAP_SUCCESS;
    qn_port_map_init(&mapper->map, client, mapper->nonce, seed, now);
    QN_ASSERT(uv_udp_recv_start(socket, on_alloc, on_datagram) == 0);
}

/* Networks change while a node runs: another router, another address of our own. */
static void check_gateway(struct qn_port_mapper *mapper, qn_time_us now)
{
    struct qn_net_address gateway;
    struct qn_net_address client;
    uv_udp_t *socket =
        find_gateway(mapper, &gateway) ? connect_to(mapper, &gateway, &client) : NULL;
    mapper->next_check_us = now + (socket != NULL ? CHECK_INTERVAL : NO_GATEWAY_INTERVAL);
    if (socket == NULL) {
        close_socket(&mapper->socket);
        if (!mapper->told_no_gateway) {
            mapper->told_no_gateway = true;
            qn_log(
                mapper->settings.log, QN_LOG_WARN, "nat", "no_gateway",
                "text=\"there is no IPv4 default route to a gateway: port mapping waits for one, "
                "or set QNET_NAT_GATEWAY\"");
        }
        return;
    }
    mapper->told_no_gateway = false;
    bool is_same = mapper->socket != NULL && qn_net_address_equal(&gateway, &mapper->gateway) &&
                   qn_net_address_equal(&client, &mapper->client);
    if (is_same) {
        close_socket(&socket);
    } else {
        begin(mapper, socket, &gateway, &client, now);
    }
}

/* Lost ones are repeated by the schedule. */
static void send_request(struct qn_port_mapper *mapper, uint8_t *bytes, size_t len)
{
    uv_buf_t buf = uv_buf_init((char *)bytes, (unsigned)len);
    int sent = uv_udp_try_send(mapper->socket, &buf, 1, NULL);
    if (sent < 0) {
        on_failed(mapper, sent);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct qn_port_mapper *mapper = timer->data;
    uint8_t bytes[QN_PORT_MAP_REQUEST_LEN];
    qn_time_us now = qn_clock_now();
    if (now >= mapper->next_check_us) {
        check_gateway(mapper, now);
    }
    size_t len = mapper->socket != NULL ? qn_port_map_poll(&mapper->map, bytes, now) : 0;
    if (len > 0) {
        if (mapper->map.tries > QN_PORT_MAP_SILENT_TRIES) {
            tell_silent(mapper, "timeout");
        }
        send_request(mapper, bytes, len);
    }
    tell_mapped(mapper);
    arm(mapper);
}

static void arm(struct qn_port_mapper *mapper)
{
    qn_time_us now = qn_clock_now();
    qn_time_us deadline = mapper->next_check_us;
    if (mapper->socket != NULL && qn_port_map_deadline(&mapper->map) < deadline) {
        deadline = qn_port_map_deadline(&mapper->map);
    }
    qn_time_us wait = deadline > now ? deadline - now : 0;
    uv_update_time(mapper->loop);
    QN_ASSERT(uv_timer_start(&mapper->timer, on_timer, (wait + 999) / QN_MS(1), 0) == 0);
}

/* Gateways that restart say so to all clients of the network at once. */
static void listen_for_announcements(struct qn_port_mapper *mapper)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(QN_PORT_MAP_ANNOUNCE_PORT)};
    uv_udp_t *socket = new_socket(mapper);
    int err = uv_udp_bind(socket, (const struct sockaddr *)&any, UV_UDP_REUSEADDR);
    if (err == 0) {
        err = uv_udp_recv_start(socket, on_alloc, on_datagram);
    }
    if (err != 0) {
        qn_log(mapper->settings.log, QN_LOG_INFO, "nat", "no_announcements",
               "port=%d text=\"a gateway that restarts is noticed with the next renewal: %s\"",
               QN_PORT_MAP_ANNOUNCE_PORT, uv_strerror(err));
        close_socket(&socket);
    }
    mapper->announcements = socket;
}

struct qn_port_mapper *qn_port_mapper_new(uv_loop_t *loop,
                                          const struct qn_port_mapper_settings *settings)
{
    struct qn_port_mapper *mapper = calloc(1, sizeof *mapper);
    QN_ASSERT(mapper != NULL);
    mapper->settings = *settings;
    mapper->loop = loop;
    qn_random_bytes(mapper->nonce, sizeof mapper->nonce);
    QN_ASSERT(uv_timer_init(loop, &mapper->timer) == 0);
    mapper->timer.data = mapper;
    listen_for_announcements(mapper);
    QN_ASSERT(uv_timer_start(&mapper->timer, on_timer, 0, 0) == 0);
    return mapper;
}

void qn_port_mapper_collect(const struct qn_port_mapper *mapper, const struct qn_metric_sink *sink)
{
    const struct qn_metric metrics[] = {
        {.name = "qnet_port_mapped",
         .help = "Whether a gateway maps this node's port (1) or not (0).",
         .type = QN_METRIC_GAUGE,
         .value = mapper->told.port != 0},
        {.name = "qnet_port_mapping_requests_total",
         .help = "Requests sent to the gateway since it was found.",
         .type = QN_METRIC_COUNTER,
         .value = (double)mapper->map.requests},
        {.name = "qnet_port_mapping_failures_total",
         .help = "Of them, those that it refused or that nobody was there for.",
         .type = QN_METRIC_COUNTER,
         .value = (double)mapper->map.failures},
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(metrics); i++) {
        sink->metric(sink->context, &metrics[i]);
    }
}

static void free_mapper(uv_handle_t *timer)
{
    free(timer->data);
}

void qn_port_mapper_stop(struct qn_port_mapper *mapper)
{
    uint8_t bytes[QN_PORT_MAP_REQUEST_LEN];
    if (mapper == NULL) {
        return;
    }
    size_t len = mapper->socket != NULL ? qn_port_map_delete(&mapper->map, bytes) : 0;
    if (len > 0) {
        uv_buf_t buf = uv_buf_init((char *)bytes, (unsigned)len);
        (void)uv_udp_try_send(mapper->socket, &buf, 1, NULL); /* if it is lost, its time ends it */
    }
    close_socket(&mapper->socket);
    close_socket(&mapper->announcements);
    uv_close((uv_handle_t *)&mapper->timer, free_mapper);
}
