#include "net/lan_discovery.h"

#include "net/clock.h"
#include "net/lan_socket.h"
#include "net/socket.h"
#include "peer/lan_discovery.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RECEIVED_PER_WAKE_MAX = 64, FAMILIES = 2, HANDLES = FAMILIES + 1 };
#define SCAN_INTERVAL QN_SECONDS(60)

static const int families[FAMILIES] = {AF_INET, AF_INET6};

struct lan_socket {
    int fd; /* -1: the system has no such family, or nothing is listened to there */
    int family;
    uv_poll_t poll;
};

struct qn_lan {
    struct qn_lan_settings settings;
    struct qn_lan_discovery discovery;
    struct qn_lan_interfaces interfaces;
    struct lan_socket sockets[FAMILIES];
    uv_timer_t timer;
    unsigned open_handles;
    bool was_silent; /* no interface at the last look */
    bool was_looked; /* at the interfaces, at all */
    qn_time_us next_scan_us;
    uint64_t send_failures;
};

/* ---- interfaces ---- */

static bool speaks(const struct qn_lan_interface *interface, int family)
{
    return family == AF_INET ? interface->has_v4 : interface->has_v6;
}

static void join_all(struct qn_lan *lan, const struct qn_lan_interface *interface, bool join)
{
    for (size_t i = 0; i < FAMILIES; i++) {
        const struct lan_socket *socket = &lan->sockets[i];
        bool is_due = socket->fd >= 0 && (!join || speaks(interface, socket->family));
        if (is_due && !qn_lan_socket_join(socket->fd, socket->family, interface->index, join) &&
            join) {
            qn_log(lan->settings.log, QN_LOG_WARN, "lan", "join_failed",
                   "interface=\"%s\" group=\"%s\" text=\"%s\"", interface->name,
                   socket->family == AF_INET ? QN_LAN_GROUP_V4 : QN_LAN_GROUP_V6,
                   qn_socket_error_text(errno));
        }
    }
}

static void tell_interfaces(struct qn_lan *lan)
{
    bool is_silent = lan->interfaces.count == 0;
    if (is_silent && !(lan->was_looked && lan->was_silent)) {
        qn_log(lan->settings.log, QN_LOG_WARN, "lan", "no_interface",
               "text=\"no interface is up, takes multicast and has a private address that this "
               "node listens on; looked for again each minute\"");
    }
    lan->was_silent = is_silent;
    lan->was_looked = true;
}

static void scan(struct qn_lan *lan)
{
    struct qn_lan_interfaces before = lan->interfaces;
    qn_lan_interfaces_read(&lan->interfaces, &lan->settings.choice);
    for (size_t i = 0; i < before.count; i++) {
        if (qn_lan_interface_find(&lan->interfaces, before.items[i].index) == NULL) {
            join_all(lan, &before.items[i], false);
            qn_log(lan->settings.log, QN_LOG_INFO, "lan", "left", "interface=\"%s\"",
                   before.items[i].name);
        }
    }
    for (size_t i = 0; i < lan->interfaces.count; i++) {
        const struct qn_lan_interface *interface = &lan->interfaces.items[i];
        join_all(lan, interface, true);
        if (qn_lan_interface_find(&before, interface->index) == NULL) {
            qn_log(lan->settings.log, QN_LOG_INFO, "lan", "joined",
                   "interface=\"%s\" ipv4=%s ipv6=%s", interface->name,
                   interface->has_v4 ? "yes" : "no", interface->has_v6 ? "yes" : "no");
        }
    }
    tell_interfaces(lan);
}

/* ---- speaking ---- */

static void send_from(struct qn_lan *lan, const struct qn_lan_interface *interface, size_t socket,
                      const struct qn_net_address *source, struct qn_span bytes)
{
    int fd = lan->sockets[socket].fd;
    if (fd >= 0 && !qn_lan_socket_send(fd, interface, source, bytes)) {
        lan->send_failures += 1;
        qn_log(lan->settings.log, QN_LOG_DEBUG, "lan", "send_failed",
               "interface=\"%s\" text=\"%s\"", interface->name, qn_socket_error_text(errno));
    }
}

static void arm(struct qn_lan *lan);

static void on_timer(uv_timer_t *timer)
{
    struct qn_lan *lan = timer->data;
    uint8_t bytes[QN_LAN_BEACON_LEN];
    qn_time_us now = qn_clock_now();
    if (now >= lan->next_scan_us) {
        lan->next_scan_us = now + SCAN_INTERVAL;
        scan(lan);
    }
    if (qn_lan_discovery_poll(&lan->discovery, bytes, now)) {
        for (size_t i = 0; i < lan->interfaces.count; i++) {
            const struct qn_lan_interface *interface = &lan->interfaces.items[i];
            struct qn_span span = {bytes, sizeof bytes};
            if (interface->has_v4) {
                send_from(lan, interface, 0, &interface->v4, span);
            }
            if (interface->has_v6) {
                send_from(lan, interface, 1, &interface->v6, span);
            }
        }
    }
    arm(lan);
}

static void arm(struct qn_lan *lan)
{
    qn_time_us now = qn_clock_now();
    qn_time_us deadline = qn_lan_discovery_deadline(&lan->discovery);
    deadline = deadline < lan->next_scan_us ? deadline : lan->next_scan_us;
    qn_time_us wait = deadline > now ? deadline - now : 0;
    uv_update_time(lan->timer.loop);
    QN_ASSERT(uv_timer_start(&lan->timer, on_timer, (wait + 999) / QN_MS(1), 0) == 0);
}

/* ---- listening ---- */

/* An address of one link is good with the interface only. */
static void describe(struct qn_endpoint *endpoint, const struct qn_net_address *source,
                     const struct qn_lan_interface *interface, uint16_t port)
{
    struct qn_net_address address = *source;
    char host[QN_HOST_LEN_MAX + 1];
    address.port = port;
    qn_net_address_endpoint(endpoint, &address);
    if (qn_net_address_is_link_local(source)) {
        (void)snprintf(host, sizeof host, "%.40s%%%s", endpoint->host, interface->name);
        memcpy(endpoint->host, host, sizeof host);
    }
}

static void take(struct qn_lan *lan, const struct qn_lan_datagram *datagram)
{
    struct qn_lan_beacon beacon;
    struct qn_endpoint endpoint;
    const struct qn_lan_interface *interface =
        qn_lan_interface_find(&lan->interfaces, datagram->interface);
    bool is_on_link = interface != NULL && qn_lan_interface_has(interface, &datagram->source);
    struct qn_span bytes = {datagram->bytes, datagram->len};
    enum qn_lan_verdict verdict = qn_lan_discovery_on_datagram(
        &lan->discovery, &beacon, bytes, &datagram->source, is_on_link, qn_clock_now());
    if (verdict == QN_LAN_HEARD) {
        describe(&endpoint, &datagram->source, interface, beacon.port);
        lan->settings.heard(lan->settings.context, &beacon.id, &endpoint);
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct qn_lan *lan = poll->data;
    const struct lan_socket *socket =
        poll == &lan->sockets[0].poll ? &lan->sockets[0] : &lan->sockets[1];
    (void)status;
    (void)events;
    for (unsigned i = 0; i < RECEIVED_PER_WAKE_MAX; i++) {
        struct qn_lan_datagram datagram;
        int result = qn_lan_socket_receive(socket->fd, socket->family, &datagram);
        if (result == 0) {
            break;
        }
        if (result > 0) {
            take(lan, &datagram);
        }
    }
    arm(lan);
}

/* ---- life ---- */

static bool is_wanted(const struct qn_lan_choice *choice, int family)
{
    struct qn_net_address listen;
    bool is_any_v6 = strcmp(choice->listen.host, "::") == 0;
    if (!choice->listens || is_any_v6 || !qn_net_address_parse(&listen, &choice->listen)) {
        return true;
    }
    return qn_net_address_is_v4(&listen) == (family == AF_INET);
}

static enum qn_err open_sockets(struct qn_lan *lan, uv_loop_t *loop, char *why)
{
    for (size_t i = 0; i < FAMILIES; i++) {
        struct lan_socket *socket = &lan->sockets[i];
        if (!is_wanted(&lan->settings.choice, families[i])) {
            continue;
        }
        socket->fd = qn_lan_socket_open(families[i]);
        if (socket->fd < 0 && errno == EAFNOSUPPORT) {
            continue;
        }
        if (socket->fd < 0 || uv_poll_init(loop, &socket->poll, socket->fd) != 0) {
            (void)snprintf(why, QN_TEXT_LEN_MAX + 1,
                           "cannot listen on UDP port %d for discovery in the local network "
                           "(QNET_LAN_DISCOVERY): %s",
                           QN_LAN_PORT, qn_socket_error_text(errno));
            return QN_ERR_IO;
        }
        socket->poll.data = lan;
        lan->open_handles += 1;
    }
    return QN_OK;
}

static void on_closed(uv_handle_t *handle)
{
    struct qn_lan *lan = handle->data;
    lan->open_handles -= 1;
    if (lan->open_handles > 0) {
        return;
    }
    for (size_t i = 0; i < FAMILIES; i++) {
        if (lan->sockets[i].fd >= 0) {
            (void)close(lan->sockets[i].fd);
        }
    }
    free(lan);
}

void qn_lan_stop(struct qn_lan *lan)
{
    if (lan == NULL) {
        return;
    }
    for (size_t i = 0; i < FAMILIES; i++) {
        if (lan->sockets[i].poll.data != NULL) {
            uv_close((uv_handle_t *)&lan->sockets[i].poll, on_closed);
        }
    }
    uv_close((uv_handle_t *)&lan->timer, on_closed);
}

enum qn_err qn_lan_open(struct qn_lan **out, uv_loop_t *loop,
                        const struct qn_lan_settings *settings, char *why)
{
    struct qn_lan *lan = calloc(1, sizeof *lan);
    QN_ASSERT(lan != NULL);
    lan->settings = *settings;
    uint16_t port = settings->choice.listens ? settings->choice.listen.port : 0;
    qn_lan_discovery_init(&lan->discovery, &settings->network, &settings->id, port, settings->seed,
                          qn_clock_now());
    QN_ASSERT(uv_timer_init(loop, &lan->timer) == 0);
    lan->timer.data = lan;
    lan->open_handles = 1;
    for (size_t i = 0; i < FAMILIES; i++) {
        lan->sockets[i].fd = -1;
        lan->sockets[i].family = families[i];
    }
    enum qn_err err = open_sockets(lan, loop, why);
    if (err != QN_OK) {
        qn_lan_stop(lan);
        return err;
    }
    *out = lan;
    return QN_OK;
}

void qn_lan_start(struct qn_lan *lan)
{
    for (size_t i = 0; i < FAMILIES; i++) {
        if (lan->sockets[i].poll.data != NULL) {
            QN_ASSERT(uv_poll_start(&lan->sockets[i].poll, UV_READABLE, on_readable) == 0);
        }
    }
    arm(lan);
}

void qn_lan_ask(struct qn_lan *lan)
{
    qn_lan_discovery_ask(&lan->discovery, qn_clock_now());
    arm(lan);
}

void qn_lan_collect(const struct qn_lan *lan, const struct qn_metric_sink *sink)
{
    static const char sent_help[] = "Beacons sent into the local network, by kind.";
    const struct qn_lan_discovery *discovery = &lan->discovery;
    qn_metric_put(sink, "qnet_lan_interfaces",
                  "Interfaces on which discovery in the local network listens.", QN_METRIC_GAUGE,
                  (double)lan->interfaces.count);
    qn_metric_put_by(sink, "qnet_lan_sent_total", sent_help, QN_METRIC_COUNTER, "kind",
                     "announcement", (double)discovery->sent[0]);
    qn_metric_put_by(sink, "qnet_lan_sent_total", sent_help, QN_METRIC_COUNTER, "kind", "question",
                     (double)discovery->sent[1]);
    qn_metric_put(sink, "qnet_lan_send_failures_total", "Beacons that an interface did not take.",
                  QN_METRIC_COUNTER, (double)lan->send_failures);
    for (enum qn_lan_verdict i = 0; i < QN_LAN_VERDICTS; i++) {
        qn_metric_put_by(sink, "qnet_lan_heard_total",
                         "Datagrams heard in the local network, by what became of them.",
                         QN_METRIC_COUNTER, "verdict", qn_lan_verdict_name(i),
                         (double)discovery->heard[i]);
    }
}
