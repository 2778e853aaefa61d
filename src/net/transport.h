/* All links of one node: listening, dialling, TLS, queues. What happens on them goes to a sink.
 *
 * Everything runs on the loop's thread. Sink functions are called at any time in a turn of the loop,
 * also from within qn_transport_send and qn_transport_close; they may call the transport again. */
#ifndef QN_TRANSPORT_H
#define QN_TRANSPORT_H

#include "base/log.h"
#include "base/metrics.h"
#include "net/rate_limit.h"
#include "net/send_queue.h"
#include "net/tls.h"
#include "node/event.h"

#include <uv.h>

enum {
    QN_DIALS_MAX = 256,        /* links being dialled, and links that still flush */
    QN_DIAL_ADDRESSES_MAX = 8, /* addresses of one name that are tried */
    /* Sockets accepted before others get their turn: far fewer than may be half open, or a burst of
     * good clients would fill those slots while their last messages wait to be read. */
    QN_ACCEPTS_PER_WAKE_MAX = 8,
    QN_READS_PER_WAKE_MAX = 4,  /* records read from one link, likewise */
    QN_WRITES_PER_WAKE_MAX = 8, /* records written to one link, likewise */
};

/* Times that tests shorten. */
struct qn_transport_limits {
    qn_time_us connect_timeout;   /* one address */
    qn_time_us handshake_timeout; /* an inbound handshake; a dial with all that belongs to it */
    qn_time_us p0_stall_timeout;
    qn_time_us flush_timeout; /* what a closing link may still take */
    qn_time_us key_update_interval;
    qn_time_us check_interval; /* how often deadlines are looked at */
    /* How long connections may wait, not accepted, for a half-open slot; then they are turned away. */
    qn_time_us accept_patience;
    size_t half_open_max;
    size_t links_max;    /* beside half-open ones and dials */
    int send_buffer_len; /* SO_SNDBUF; 0: the system's */
};
/* The figures of base/limits.h. */
void qn_transport_limits_init(struct qn_transport_limits *limits, size_t links_max);

struct qn_transport_counters {
    size_t open;      /* now: handshake done, not closed */
    size_t half_open; /* now: accepted, handshake not done */
    size_t closing;   /* now: flushing */
    uint64_t accepted;
    uint64_t dialled;
    uint64_t handshakes_full;
    uint64_t handshakes_resumed;
    uint64_t failures[QN_CLOSE_COUNT];
    uint64_t key_updates;
    uint64_t bytes_sent;
    uint64_t bytes_received;
    uint64_t messages_sent[QN_CLASS_COUNT];
    uint64_t messages_received[QN_CLASS_COUNT];
    uint64_t messages_dropped[QN_CLASS_COUNT];
};

struct qn_link_up {
    qn_link_id link;
    qn_dial_id dial;
    struct qn_public_key key;
    struct qn_endpoint remote;
    uint32_t handshake_us;
    uint32_t handshake_cpu_us;
    bool is_resumed;
    uint32_t bytes_received; /* of the handshake */
    uint32_t bytes_sent;
};

struct qn_transport_sink {
    void *context;
    void (*on_up)(void *context, const struct qn_link_up *up);
    /* Somebody connected, and nothing was done for it yet; may be closed at once. */
    void (*on_inbound)(void *context, qn_link_id link, const struct qn_endpoint *remote);
    /* Exactly once for each on_up, and for each on_inbound without one; also after qn_transport_close. Nothing of
     * this link follows. */
    void (*on_down)(void *context, qn_link_id link, enum qn_close_reason reason);
    void (*on_dial_failed)(void *context, qn_dial_id dial, enum qn_close_reason reason);
    /* wire_len: bytes that came on the link since it was up, or since its message before. */
    void (*on_message)(void *context, qn_link_id link, const struct qn_message_bytes *message,
                       uint32_t wire_len);
    /* A request that found no room: as if the peer had answered BUSY. */
    void (*on_refused)(void *context, qn_link_id link, uint32_t request_id);
};

struct qn_link;

/* Embedded by the runtime; the fields belong to transport.c and its neighbours. */
struct qn_transport {
    uv_loop_t *loop;
    struct qn_tls *tls;
    const struct qn_log *log;
    struct qn_transport_limits limits;
    struct qn_transport_sink sink;
    struct qn_transport_counters counters;
    struct qn_rate_limit failure_logs[QN_CLOSE_COUNT];
    struct qn_link **slots; /* a link's id modulo slot_max is its place here */
    size_t slot_max;
    size_t slot_next; /* where to look for a free one */
    size_t link_count;
    uint64_t ids;          /* given out so far */
    struct qn_link *dirty; /* links with something to write, to be flushed before the loop sleeps */
    struct qn_link *dead;  /* to be freed in the next turn of the loop */
    uv_poll_t listen_poll;
    int listen_fd; /* -1: none */
    bool is_listening;
    qn_time_us full_since_us; /* when the half-open slots ran out; 0: there are some */
    struct qn_endpoint listen;
    uv_timer_t check_timer;
    uv_prepare_t flush_prepare;
    qn_time_us next_check_us;
    uint64_t lag_us;     /* by which the last check came late */
    uint64_t lag_us_max; /* since the start */
    bool is_stopped;
    uint8_t read_scratch[QN_TLS_RECORD_LEN_MAX];
    uint8_t write_scratch[QN_TLS_RECORD_LEN_MAX];
};

/* tls, log and loop outlive it. */
void qn_transport_init(struct qn_transport *transport, uv_loop_t *loop, struct qn_tls *tls,
                       const struct qn_log *log, const struct qn_transport_limits *limits,
                       const struct qn_transport_sink *sink);
/* Binds; accepts only after start. why as in runtime.h. */
QN_MUST_USE enum qn_err qn_transport_listen(struct qn_transport *transport,
                                            const struct qn_endpoint *endpoint, char *why);
void qn_transport_start(struct qn_transport *transport);
/* Ends in one on_up or on_dial_failed. */
void qn_transport_dial(struct qn_transport *transport, qn_dial_id dial,
                       const struct qn_endpoint *endpoint, const struct qn_node_id *expected_id,
                       bool pads);
/* The peer of an inbound link may resume its session later. */
void qn_transport_remember(struct qn_transport *transport, qn_link_id link);
/* Takes over the reference. An unknown link (closed meanwhile) swallows it. */
void qn_transport_send(struct qn_transport *transport, qn_link_id link, enum qn_message_kind kind,
                       uint32_t request_id, struct qn_buf *bytes);
void qn_transport_close(struct qn_transport *transport, qn_link_id link,
                        enum qn_close_reason reason, bool flush);
/* What each open link carries; loads holds slot_max. Returns how many there are. */
size_t qn_transport_loads(struct qn_transport *transport, struct qn_link_load *loads);
/* Writes what the links have queued. Called at the end of each turn. */
void qn_transport_flush(struct qn_transport *transport);
/* No more accepting or dialling; open links close with a flush, half-open ones at once. */
void qn_transport_stop(struct qn_transport *transport);
/* Links of any state that are left. */
size_t qn_transport_links(const struct qn_transport *transport);
/* Drops all links and handles; the loop must then run until their close callbacks are done. */
void qn_transport_abort(struct qn_transport *transport);
/* When the loop has no handles of ours any more. */
void qn_transport_fini(struct qn_transport *transport);
void qn_transport_collect(const struct qn_transport *transport, const struct qn_metric_sink *sink);

#endif
