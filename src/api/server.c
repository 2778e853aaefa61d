#include "api/server.h"

#include "api/exchange.h"
#include "api/host_header.h"
#include "api/json.h"
#include "api/listener.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
    /* Places that the library has beyond ours: a newcomer gets in, then the oldest idle one goes. */
    SPARE_CONNECTIONS = 32,
    CONNECTION_MEMORY = 16384, /* for head and read buffer */
};

const struct qn_api_limits qn_api_default_limits = {
    .connections = QN_API_CONNECTIONS_MAX,
    .connections_per_address = 64,
    .receive_ms = 10000,
    .send_ms = 15000,
    .close_ms = 1000,
    .answer_bytes = (size_t)64 * 1024 * 1024,
};

uint64_t qn_api_now_ms(void)
{
    struct timespec now;
    QN_ASSERT(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void qn_api_wake(struct qn_api *api)
{
    QN_ASSERT(eventfd_write(api->wake_fd, 1) == 0);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct qn_api *api = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        *socket_context =
            qn_api_connections_add(&api->connections, info->connect_fd, qn_api_now_ms());
    } else {
        qn_api_connections_remove(&api->connections, *socket_context);
        *socket_context = NULL;
    }
}

static bool start_daemon(struct qn_api *api)
{
    /* 0: as many as there are. */
    unsigned per_address =
        qn_api_host_is_loopback(api->listen.host) ? 0 : api->limits.connections_per_address;
    api->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, qn_api_exchange_on_request, api,
        MHD_OPTION_LISTEN_SOCKET, api->listen_fd,                       /* */
        MHD_OPTION_CONNECTION_LIMIT,                                    /* */
        (unsigned)(api->limits.connections + SPARE_CONNECTIONS),        /* */
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, per_address,                /* */
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,  /* */
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, api,               /* */
        MHD_OPTION_NOTIFY_COMPLETED, qn_api_exchange_on_completed, api, /* */
        MHD_OPTION_END);
    return api->daemon != NULL;
}

static int poll_timeout(uint64_t next_ms)
{
    if (next_ms == UINT64_MAX) {
        return -1;
    }
    uint64_t now = qn_api_now_ms();
    uint64_t left = next_ms > now ? next_ms - now : 0;
    return left > 60000 ? 60000 : (int)left;
}

/* Sleeps until a socket, the loop or close has something, or it is time to sweep. */
static void wait_for_work(const struct qn_api *api, int epoll_fd, uint64_t next_ms)
{
    struct pollfd fds[] = {{.fd = epoll_fd, .events = POLLIN},
                           {.fd = api->wake_fd, .events = POLLIN}};
    unsigned long long library_ms = 0;
    int timeout = poll_timeout(next_ms);

    if (MHD_get_timeout(api->daemon, &library_ms) == MHD_YES &&
        (timeout < 0 || library_ms < (unsigned long long)timeout)) {
        timeout = (int)library_ms;
    }
    if (poll(fds, QN_ARRAY_COUNT(fds), timeout) > 0 && fds[1].revents != 0) {
        eventfd_t count;
        (void)eventfd_read(api->wake_fd, &count);
    }
}

static bool is_closing(struct qn_api *api)
{
    pthread_mutex_lock(&api->mutex);
    bool closing = api->is_closing;
    pthread_mutex_unlock(&api->mutex);
    return closing;
}

static void *serve(void *argument)
{
    struct qn_api *api = argument;
    int epoll_fd = MHD_get_daemon_info(api->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    uint64_t close_by_ms = 0; /* not closing */
    uint64_t next_ms = UINT64_MAX;

    for (;;) {
        wait_for_work(api, epoll_fd, next_ms);
        (void)MHD_run(api->daemon);
        uint64_t now = qn_api_now_ms();
        next_ms = qn_api_connections_sweep(&api->connections, now);
        if (close_by_ms == 0 && is_closing(api)) {
            (void)MHD_quiesce_daemon(api->daemon);
            close_by_ms = now + api->limits.close_ms;
        }
        if (close_by_ms != 0) {
            if (now >= close_by_ms || !qn_api_connections_are_busy(&api->connections)) {
                break;
            }
            next_ms = close_by_ms < next_ms ? close_by_ms : next_ms;
        }
    }
    qn_crypto_thread_fini(); /* rendering blocks hashed here */
    return NULL;
}

/* Signals are for the process's own threads, which expect them. */
static bool start_thread(struct qn_api *api)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = pthread_create(&api->thread, NULL, serve, api);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status == 0;
}

static void free_api(struct qn_api *api)
{
    if (api->daemon != NULL) {
        MHD_stop_daemon(api->daemon);
    } else if (api->listen_fd >= 0) {
        close(api->listen_fd);
    }
    if (api->wake_fd >= 0) {
        close(api->wake_fd);
    }
    pthread_mutex_destroy(&api->mutex);
    free(api);
}

static struct qn_api *make_api(const struct qn_api_config *config,
                               const struct qn_api_limits *limits)
{
    struct qn_api *api = qn_api_alloc(1, sizeof *api);
    api->host = config->host;
    api->log = config->log;
    (void)snprintf(api->software, sizeof api->software, "%s", config->software);
    api->limits = *limits;
    api->listen_fd = -1;
    api->wake_fd = -1;
    api->connections = (struct qn_api_connections){.max = limits->connections,
                                                   .receive_ms = limits->receive_ms,
                                                   .send_ms = limits->send_ms,
                                                   .stats = &api->stats};
    QN_ASSERT(pthread_mutex_init(&api->mutex, NULL) == 0);
    return api;
}

enum qn_err qn_api_open_limited(struct qn_api **api, const struct qn_api_config *config,
                                const struct qn_api_limits *limits, char *why)
{
    struct qn_api *made = make_api(config, limits);
    enum qn_err err = qn_api_listener_open(&made->listen_fd, &made->listen, &config->listen, why);

    if (err == QN_OK) {
        made->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (made->wake_fd < 0 || !start_daemon(made) || !start_thread(made)) {
            (void)snprintf(why, QN_TEXT_LEN_MAX + 1, "cannot start the HTTP server: %s",
                           strerror(errno));
            err = QN_ERR_IO;
        }
    }
    if (err != QN_OK) {
        free_api(made);
        return err;
    }
    char text[QN_ENDPOINT_TEXT_SIZE];
    qn_log(made->log, QN_LOG_INFO, "api", "listen", "address=%s",
           qn_endpoint_format(text, &made->listen));
    *api = made;
    return QN_OK;
}

enum qn_err qn_api_open(struct qn_api **api, const struct qn_api_config *config, char *why)
{
    return qn_api_open_limited(api, config, &qn_api_default_limits, why);
}

const struct qn_endpoint *qn_api_listen(const struct qn_api *api)
{
    return &api->listen;
}

void qn_api_close(struct qn_api *api)
{
    if (api == NULL) {
        return;
    }
    pthread_mutex_lock(&api->mutex);
    api->is_closing = true;
    qn_api_exchange_abandon_all(api->waiting);
    pthread_mutex_unlock(&api->mutex);
    qn_api_wake(api);
    QN_ASSERT(pthread_join(api->thread, NULL) == 0);
    int listen_fd = api->listen_fd;
    free_api(api); /* the quiesced listening socket is ours again, to be closed after the stop */
    close(listen_fd);
}
