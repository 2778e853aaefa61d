/* A real runtime on a thread of its own, whose core is a script: it notes every event and does what the
 * test asks. All functions here are for the test's thread.
 *
 * A script answers each PING by a PONG with the same bytes, says GOODBYE nowhere, and keeps nothing. */
#ifndef QN_LAB_NODE_H
#define QN_LAB_NODE_H

#include "net/runtime_internal.h"

enum { QN_LAB_EVENTS_MAX = 65536, QN_LAB_BYTES_KEPT = 64, QN_LAB_WAIT_SECONDS = 20 };

/* What is kept of an event. */
struct qn_lab_event {
    enum qn_event_kind kind;
    uint64_t subject; /* link, dial, cookie or token */
    qn_dial_id dial;
    enum qn_close_reason reason;
    enum qn_message_kind message;
    uint32_t request_id;
    size_t len;
    uint8_t bytes[QN_LAB_BYTES_KEPT];
    struct qn_node_id peer;
    struct qn_endpoint remote;
    uint32_t handshake_us;
    uint32_t handshake_cpu_us;
    bool ok;
};

struct qn_lab_options {
    const struct qn_key *key;                 /* NULL: a fresh one of suite 1 */
    const struct qn_transport_limits *limits; /* NULL: base/limits.h */
    struct qn_storage *storage;               /* NULL: none */
    const struct qn_log *log;
    bool is_deaf_to_pings; /* leaves PING alone */
    bool keeps_ticks;      /* notes TICK like other events */
};

struct qn_lab_node;
struct qn_lab_node *qn_lab_node_start(const struct qn_lab_options *options);
/* Stops in an orderly way, waits, frees; the result of run. */
enum qn_err qn_lab_node_stop(struct qn_lab_node *node);
struct qn_runtime *qn_lab_runtime(struct qn_lab_node *node);
const struct qn_key *qn_lab_key(const struct qn_lab_node *node);
uint16_t qn_lab_port(const struct qn_lab_node *node);

/* Has the core ask for this as soon as it gets an event, which is at once. What the action holds is
 * passed on with it. */
void qn_lab_do(struct qn_lab_node *node, const struct qn_action *action);
void qn_lab_dial(struct qn_lab_node *node, qn_dial_id dial, uint16_t port,
                 const struct qn_node_id *expected_id);
void qn_lab_send(struct qn_lab_node *node, qn_link_id link, enum qn_message_kind kind,
                 uint32_t request_id, size_t len, uint8_t fill);
void qn_lab_close(struct qn_lab_node *node, qn_link_id link, enum qn_close_reason reason,
                  bool flush);

/* Closes the newest links first, every second one with a flush, until only this many are left. */
void qn_lab_close_all_but(struct qn_lab_node *node, enum qn_close_reason reason, size_t left);

/* Waits until the core got an event of this kind that passes (NULL: any), from the first on; false
 * after QN_LAB_WAIT_SECONDS. found may be NULL. */
bool qn_lab_wait(struct qn_lab_node *node, struct qn_lab_event *found, enum qn_event_kind kind,
                 bool (*passes)(const struct qn_lab_event *event, uint64_t number),
                 uint64_t number);
/* The same for an event about this link, dial, cookie or token. */
bool qn_lab_wait_for(struct qn_lab_node *node, struct qn_lab_event *found, enum qn_event_kind kind,
                     uint64_t subject);
/* Waits until there have been this many events of a kind. */
bool qn_lab_wait_count(struct qn_lab_node *node, enum qn_event_kind kind, size_t count);
size_t qn_lab_count(struct qn_lab_node *node, enum qn_event_kind kind);

/* A metric of the runtime; label_value NULL: the one without label. -1: there is none. */
double qn_lab_metric(struct qn_lab_node *node, const char *name, const char *label_value);
/* Waits until the metric is at least this. */
bool qn_lab_wait_metric(struct qn_lab_node *node, const char *name, const char *label_value,
                        double value);
/* Waits until it is exactly this. */
bool qn_lab_wait_metric_is(struct qn_lab_node *node, const char *name, const char *label_value,
                           double value);

/* Links a to b; the ids of the link on both sides. */
bool qn_lab_link(struct qn_lab_node *a, struct qn_lab_node *b, qn_link_id *at_a, qn_link_id *at_b);
/* A message there and its answer back. */
bool qn_lab_exchange(struct qn_lab_node *a, qn_link_id link);

#endif
