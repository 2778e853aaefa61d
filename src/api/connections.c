#include "api/connections.h"

#include <stdlib.h>
#include <sys/socket.h>

/* The descriptor stays open until the HTTP library, which notices the end, closes it. */
static void shut(struct qn_api_connection *connection)
{
    connection->is_shut = true;
    (void)shutdown(connection->fd, SHUT_RDWR);
}

static void make_room(struct qn_api_connections *set)
{
    struct qn_api_connection *oldest = NULL;
    size_t staying = 0;

    for (struct qn_api_connection *at = set->first; at != NULL; at = at->after) {
        if (at->is_shut) {
            continue;
        }
        staying++;
        if (at->phase == QN_API_RECEIVING && (oldest == NULL || at->since_ms <= oldest->since_ms)) {
            oldest = at; /* of equal ones the first come: new ones are put in front */
        }
    }
    if (staying > set->max && oldest != NULL) {
        set->stats->evicted++;
        shut(oldest);
    }
}

struct qn_api_connection *qn_api_connections_add(struct qn_api_connections *set, int fd,
                                                 uint64_t now_ms)
{
    struct qn_api_connection *connection = calloc(1, sizeof *connection);
    QN_ASSERT(connection != NULL);
    *connection = (struct qn_api_connection){
        .after = set->first, .fd = fd, .phase = QN_API_RECEIVING, .since_ms = now_ms};
    if (set->first != NULL) {
        set->first->before = connection;
    }
    set->first = connection;
    set->stats->connections++;
    set->stats->accepted++;
    make_room(set);
    return connection;
}

void qn_api_connections_remove(struct qn_api_connections *set, struct qn_api_connection *connection)
{
    if (connection->before != NULL) {
        connection->before->after = connection->after;
    } else {
        set->first = connection->after;
    }
    if (connection->after != NULL) {
        connection->after->before = connection->before;
    }
    set->stats->connections--;
    free(connection);
}

void qn_api_connection_enter(struct qn_api_connection *connection, enum qn_api_phase phase,
                             uint64_t now_ms)
{
    connection->phase = phase;
    connection->since_ms = now_ms;
}

uint64_t qn_api_connections_sweep(struct qn_api_connections *set, uint64_t now_ms)
{
    uint64_t next = UINT64_MAX;

    for (struct qn_api_connection *at = set->first; at != NULL; at = at->after) {
        if (at->is_shut || at->phase == QN_API_WAITING) {
            continue;
        }
        bool is_sending = at->phase == QN_API_SENDING;
        uint64_t deadline = at->since_ms + (is_sending ? set->send_ms : set->receive_ms);
        if (now_ms < deadline) {
            next = deadline < next ? deadline : next;
            continue;
        }
        if (is_sending) {
            set->stats->send_timeouts++;
        } else {
            set->stats->receive_timeouts++;
        }
        shut(at);
    }
    return next;
}

bool qn_api_connections_are_busy(const struct qn_api_connections *set)
{
    for (const struct qn_api_connection *at = set->first; at != NULL; at = at->after) {
        if (!at->is_shut && at->phase != QN_API_RECEIVING) {
            return true;
        }
    }
    return false;
}
