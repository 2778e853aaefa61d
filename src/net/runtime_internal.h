/* The runtime's insides, for its own files and their tests.
 *
 * What it drives is a core behind two functions. runtime_node.c puts the node there; tests put a
 * script there, and need not link a node. */
#ifndef QN_RUNTIME_INTERNAL_H
#define QN_RUNTIME_INTERNAL_H

#include "net/dns_seed.h"
#include "net/lan_discovery.h"
#include "net/port_mapper.h"
#include "net/runtime.h"
#include "net/transport.h"
#include "net/workers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

enum { QN_POSTS_MAX = 4096 }; /* functions that wait for the loop's thread */
#define QN_STOP_TIMEOUT QN_SECONDS(2)
#define QN_IDLE_TICK QN_SECONDS(1) /* a TICK comes at least this often */
#define QN_LOAD_INTERVAL QN_SECONDS(1)

struct qn_core {
    void *context;
    void (*step)(void *context, const struct qn_event *event, struct qn_actions *actions);
    qn_time_us (*deadline)(void *context);
};

/* An event that arose while another was being worked on. */
struct qn_queued_event {
    struct qn_queued_event *next;
    struct qn_buf *bytes; /* what the event borrows; may be NULL */
    struct qn_event event;
};

/* A request of qn_runtime_request that waits for its REPLY. */
struct qn_pending_submit {
    qn_request_token token; /* 0: free */
    void (*done)(void *context, const struct qn_submit_result *result);
    void *context;
};

struct qn_post {
    struct qn_post *next;
    void (*fn)(void *context);
    void *context;
};

struct qn_runtime {
    struct qn_runtime_config config;
    uv_loop_t loop;
    uv_async_t wake; /* a stop, a post or a finished work is there */
    uv_timer_t tick_timer;
    uv_timer_t stop_timer;
    uv_prepare_t prepare;
    struct qn_tls *tls;
    struct qn_workers *workers;
    struct qn_dns_seeds *dns_seeds;
    struct qn_port_mapper *mapper; /* NULL: no port mapping, or not running */
    struct qn_lan *lan;            /* NULL: no discovery in the local network */
    struct qn_transport transport;
    struct qn_core core;  /* step NULL: not running */
    qn_time_us ticked_us; /* when the core got its last TICK or LOAD */
    qn_time_us loaded_us; /* its last LOAD */
    uint64_t loaded_cpu_us;
    struct qn_link_load *loads; /* a place for each slot of the transport */
    struct qn_actions actions;
    bool is_stepping;
    struct qn_queued_event *events_first;
    struct qn_queued_event *events_last;
    qn_request_token tokens; /* given out so far */
    struct qn_pending_submit submits[QN_PENDING_REQUESTS_MAX];
    atomic_bool stop_asked;
    bool is_stopping;
    bool is_torn_down;
    enum qn_err outcome;
    pthread_mutex_t post_mutex; /* guards the fields below */
    struct qn_post *posts_first;
    struct qn_post *posts_last;
    size_t post_count;
    bool posts_closed;
};

/* qn_runtime_open with other limits than base/limits.h has. */
QN_MUST_USE enum qn_err qn_runtime_open_with(struct qn_runtime **runtime,
                                             const struct qn_runtime_config *config,
                                             const struct qn_transport_limits *limits, char *why);
QN_MUST_USE enum qn_err qn_runtime_run_core(struct qn_runtime *runtime, const struct qn_core *core);

/* runtime_step.c: gives the core an event and does what it asks. bytes (may be NULL) holds what the
 * event borrows; its reference is taken over. Events that arise meanwhile follow in their order. */
void qn_runtime_deliver(struct qn_runtime *runtime, struct qn_event *event, struct qn_buf *bytes);
void qn_runtime_drop_events(struct qn_runtime *runtime);
/* runtime_load.c: makes it a LOAD once a second, else a TICK. */
void qn_runtime_fill_tick(struct qn_runtime *runtime, struct qn_event *event, qn_time_us now);
/* runtime_work.c: results of the workers become events. */
void qn_runtime_take_work(struct qn_runtime *runtime);
/* A write ended, well or not: PERSISTED. */
void qn_runtime_persisted(struct qn_runtime *runtime, const struct qn_work *work);
/* The sink of the transport: links become events. */
struct qn_transport_sink qn_runtime_sink(struct qn_runtime *runtime);
/* runtime_post.c */
void qn_runtime_run_posts(struct qn_runtime *runtime);
void qn_runtime_close_posts(struct qn_runtime *runtime);
/* runtime_submit.c */
void qn_runtime_reply(struct qn_runtime *runtime, qn_request_token token,
                      const struct qn_submit_result *result);
void qn_runtime_fail_submits(struct qn_runtime *runtime);

#endif
