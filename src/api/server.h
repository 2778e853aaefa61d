/* The HTTP server behind qn_api: one thread that runs libmicrohttpd and the time-outs. */
#ifndef QN_API_SERVER_H
#define QN_API_SERVER_H

#include "api/api.h"
#include "api/connections.h"

#include <pthread.h>

struct MHD_Daemon;
struct qn_api_exchange;

/* What a client may take up. Tests make them small. */
struct qn_api_limits {
    size_t connections;
    unsigned connections_per_address; /* not applied on loopback, where all have the same */
    uint64_t receive_ms;              /* to be idle in, and to send a whole request in */
    uint64_t send_ms;                 /* to read a whole answer in */
    uint64_t close_ms;                /* what close gives answers to get out */
    size_t answer_bytes;              /* of all answers held at once; then 503 */
};
extern const struct qn_api_limits qn_api_default_limits;

struct qn_api {
    struct qn_api_host host;
    const struct qn_log *log;
    char software[QN_SOFTWARE_LEN_MAX + 1];
    struct qn_endpoint listen;
    struct qn_api_limits limits;
    struct MHD_Daemon *daemon;
    int listen_fd;
    int wake_fd; /* eventfd: another thread has something for the HTTP thread */
    pthread_t thread;
    /* HTTP thread only. */
    struct qn_api_connections connections;
    struct qn_api_stats stats;
    size_t answer_bytes; /* held now */
    /* Under the mutex: */
    pthread_mutex_t mutex;
    bool is_closing;
    struct qn_api_exchange *waiting; /* those suspended until the loop answers */
};

/* qn_api_open with other limits. */
QN_MUST_USE enum qn_err qn_api_open_limited(struct qn_api **api, const struct qn_api_config *config,
                                            const struct qn_api_limits *limits, char *why);
/* Any thread: the HTTP thread looks again. */
void qn_api_wake(struct qn_api *api);
/* Monotonic milliseconds. */
uint64_t qn_api_now_ms(void);

#endif
