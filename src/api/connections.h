/* The open connections, each with what it is at and since when: the source of all time-outs.
 *
 * A time-out counts from the beginning of the phase and not from the last byte, so that nobody keeps a
 * place by sending or reading one byte a second. HTTP thread only. */
#ifndef QN_API_CONNECTIONS_H
#define QN_API_CONNECTIONS_H

#include "api/stats.h"

enum qn_api_phase {
    QN_API_RECEIVING, /* idle, or in the middle of a request */
    QN_API_WAITING,   /* for the loop; bounded by the node's own time-outs */
    QN_API_SENDING,
};

struct qn_api_connection {
    struct qn_api_connection *before;
    struct qn_api_connection *after;
    int fd;
    enum qn_api_phase phase;
    uint64_t since_ms;
    bool is_shut; /* on its way out */
};

struct qn_api_connections {
    size_t max; /* beyond it, the one that has been receiving longest goes */
    uint64_t receive_ms;
    uint64_t send_ms;
    struct qn_api_stats *stats;
    struct qn_api_connection *first;
};

/* Adds one; it belongs to the set until remove. */
struct qn_api_connection *qn_api_connections_add(struct qn_api_connections *set, int fd,
                                                 uint64_t now_ms);
void qn_api_connections_remove(struct qn_api_connections *set,
                               struct qn_api_connection *connection);
void qn_api_connection_enter(struct qn_api_connection *connection, enum qn_api_phase phase,
                             uint64_t now_ms);
/* Shuts those whose time is up. Returns when to call again; UINT64_MAX: when something happens. */
uint64_t qn_api_connections_sweep(struct qn_api_connections *set, uint64_t now_ms);
/* Is any waiting for its answer, or getting it? */
bool qn_api_connections_are_busy(const struct qn_api_connections *set);

#endif
