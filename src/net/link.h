/* One link: a TCP connection, the TLS session on it, its queue. Between transport.c, which owns the
 * links, and the link_*.c and dial.c files, which drive them. */
#ifndef QN_LINK_H
#define QN_LINK_H

#include "net/transport.h"

enum qn_link_state {
    QN_LINK_DIALLING,  /* resolving or connecting */
    QN_LINK_ACCEPTED,  /* nothing done for it yet: it has said nothing */
    QN_LINK_HANDSHAKE, /* TLS */
    QN_LINK_OPEN,      /* told to the sink */
    QN_LINK_FLUSHING,  /* down for the sink; sends what is queued, then close_notify */
    QN_LINK_LINGERING, /* all sent; waits for the peer's end, so that no reset eats our last words */
    QN_LINK_DEAD,      /* freed when no function can have it in hand any more */
};

struct qn_dialling; /* dial.c */

/* Lives until libuv let go of it, which is later than the socket and the link. */
struct qn_link_poll {
    uv_poll_t handle;
    struct qn_link *link; /* NULL: detached */
};

struct qn_link {
    struct qn_transport *transport;
    qn_link_id id;
    qn_dial_id dial; /* 0: inbound */
    enum qn_link_state state;
    bool is_dirty;
    bool blocked_has_p0;
    bool pads; /* its handshake, so that the other end may answer a stranger */
    int poll_events;
    int fd;                   /* -1: none */
    qn_time_us deadline_us;   /* of this state; UINT64_MAX: none */
    qn_time_us key_update_us; /* when the sending key gets replaced next */
    struct qn_tls_session *tls;
    struct qn_tls_stats counted;  /* bytes that the counters have already */
    uint64_t told_received;       /* bytes of them that the sink knows of */
    struct qn_dialling *dialling; /* while dialling */
    struct qn_link *next_dirty;   /* or the next of the dead */
    /* A record that TLS took but the socket did not; the same bytes must be offered again. */
    uint8_t *blocked;
    size_t blocked_len;
    qn_time_us blocked_since_us;
    qn_time_us handshake_start_us;
    uint32_t handshake_cpu_us;
    struct qn_endpoint remote;
    struct qn_send_queue queue;
    struct qn_assembler assembler;
    struct qn_link_poll *poll; /* NULL: no socket */
};

/* A new link with an id and a slot, state DIALLING, no socket. NULL: every slot is taken. */
struct qn_link *qn_link_new(struct qn_transport *transport);
/* NULL if this id is gone. */
struct qn_link *qn_link_find(const struct qn_transport *transport, qn_link_id id);
/* Gives up socket, TLS and queue at once; the link is freed later. Tells nobody. */
void qn_link_destroy(struct qn_link *link);

/* Takes a connected (or connecting) socket. False: the loop refused it; fd is closed. */
bool qn_link_attach(struct qn_link *link, int fd);
/* Gives up the socket, if there is one. */
void qn_link_detach(struct qn_link *link);
/* Which of UV_READABLE and UV_WRITABLE the loop watches. */
void qn_link_watch(struct qn_link *link, int events);
/* ACCEPTED, and the socket is readable: TLS begins with the first byte, since before it somebody costs a descriptor and
 * a place, and after it 70 KB and, soon, a signature. */
void qn_link_on_first_byte(struct qn_link *link);
/* Begins TLS on the attached socket. */
void qn_link_begin_handshake(struct qn_link *link, bool is_client,
                             const struct qn_node_id *expected_id, qn_time_us deadline_us);
void qn_link_go_on_with_handshake(struct qn_link *link);
/* While DIALLING: the socket is writable, so the connection stands or failed. */
void qn_dial_on_connected(struct qn_link *link);
/* While DIALLING: gives the next address its turn if this one had its time. */
void qn_dial_check(struct qn_link *link, qn_time_us now);
void qn_dial_free(struct qn_link *link);

/* Marks for the flush at the end of the turn. */
void qn_link_mark_dirty(struct qn_link *link);
void qn_link_read(struct qn_link *link);
void qn_link_write(struct qn_link *link);
/* Reads and drops until the peer's end. */
void qn_link_drain(struct qn_link *link);
/* Deadlines, stalls, key updates. */
void qn_link_check(struct qn_link *link, qn_time_us now);

/* The end, from any state, with the right news to the sink, counters and log. text: details for the
 * log, may be "". */
void qn_link_fail(struct qn_link *link, enum qn_close_reason reason, const char *text);
/* The orderly end of an open link. */
void qn_link_close(struct qn_link *link, enum qn_close_reason reason, bool flush);
/* The peer broke the protocol: it gets a GOODBYE that says so. */
void qn_link_expel(struct qn_link *link, enum qn_close_reason reason);

/* Brings the byte counters up to date. */
void qn_link_count_bytes(struct qn_link *link);
/* Counts a failure and logs it, at a bounded rate. */
void qn_transport_note_failure(struct qn_transport *transport, const struct qn_endpoint *remote,
                               bool is_inbound, enum qn_close_reason reason, const char *text);
/* listener.c */
void qn_listener_take_slot(struct qn_transport *transport);
void qn_listener_free_slot(struct qn_transport *transport);
void qn_listener_watch(struct qn_transport *transport);
void qn_listener_close(struct qn_transport *transport);

#endif
