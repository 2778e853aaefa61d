/* What the transport counted, as metrics. */
#include "net/transport.h"

static void put_by_class(const struct qn_metric_sink *sink, const char *name, const char *help,
                         const uint64_t values[QN_CLASS_COUNT])
{
    static const char *const names[QN_CLASS_COUNT] = {"p0", "p1", "p2", "p3"};

    for (size_t i = 0; i < QN_CLASS_COUNT; i++) {
        qn_metric_put_by(sink, name, help, QN_METRIC_COUNTER, "class", names[i], (double)values[i]);
    }
}

static void put_links(const struct qn_metric_sink *sink,
                      const struct qn_transport_counters *counters)
{
    static const char links_help[] = "Links by state.";
    static const char handshakes_help[] = "Handshakes of links, full ones and resumed ones.";
    static const char opened_help[] = "Links that finished their handshake, by direction.";

    qn_metric_put_by(sink, "qnet_net_links", links_help, QN_METRIC_GAUGE, "state", "open",
                     (double)counters->open);
    qn_metric_put_by(sink, "qnet_net_links", links_help, QN_METRIC_GAUGE, "state", "half_open",
                     (double)counters->half_open);
    qn_metric_put_by(sink, "qnet_net_links", links_help, QN_METRIC_GAUGE, "state", "closing",
                     (double)counters->closing);
    qn_metric_put_by(sink, "qnet_links_opened_total", opened_help, QN_METRIC_COUNTER, "direction",
                     "in", (double)counters->accepted);
    qn_metric_put_by(sink, "qnet_links_opened_total", opened_help, QN_METRIC_COUNTER, "direction",
                     "out", (double)counters->dialled);
    qn_metric_put_by(sink, "qnet_handshakes_total", handshakes_help, QN_METRIC_COUNTER, "kind",
                     "full", (double)counters->handshakes_full);
    qn_metric_put_by(sink, "qnet_handshakes_total", handshakes_help, QN_METRIC_COUNTER, "kind",
                     "resumed", (double)counters->handshakes_resumed);
}

static void put_failures(const struct qn_metric_sink *sink, const uint64_t failures[QN_CLOSE_COUNT])
{
    for (unsigned i = 0; i < QN_CLOSE_COUNT; i++) {
        if (i != QN_CLOSE_NORMAL && i != QN_CLOSE_SHUTDOWN) {
            qn_metric_put_by(sink, "qnet_link_failures_total",
                             "Links that never came up, or ended for a fault, by reason.",
                             QN_METRIC_COUNTER, "reason", qn_close_reason_name(i),
                             (double)failures[i]);
        }
    }
}

void qn_transport_collect(const struct qn_transport *transport, const struct qn_metric_sink *sink)
{
    const struct qn_transport_counters *counters = &transport->counters;
    static const char bytes_help[] = "Bytes on the wire, TLS included.";

    put_links(sink, counters);
    put_failures(sink, counters->failures);
    qn_metric_put_by(sink, "qnet_link_bytes_total", bytes_help, QN_METRIC_COUNTER, "direction",
                     "out", (double)counters->bytes_sent);
    qn_metric_put_by(sink, "qnet_link_bytes_total", bytes_help, QN_METRIC_COUNTER, "direction",
                     "in", (double)counters->bytes_received);
    qn_metric_put(sink, "qnet_key_updates_total", "Sending keys of links that were replaced.",
                  QN_METRIC_COUNTER, (double)counters->key_updates);
    put_by_class(sink, "qnet_messages_sent_total", "Messages handed to TLS, by class.",
                 counters->messages_sent);
    put_by_class(sink, "qnet_messages_received_total", "Messages received whole, by class.",
                 counters->messages_received);
    put_by_class(sink, "qnet_messages_dropped_total", "Messages without room in a queue, by class.",
                 counters->messages_dropped);
    qn_metric_put(sink, "qnet_loop_lag_seconds", "By how much the loop's last check came late.",
                  QN_METRIC_GAUGE, (double)transport->lag_us / 1e6);
    qn_metric_put(sink, "qnet_loop_lag_seconds_max", "The largest such delay since the start.",
                  QN_METRIC_GAUGE, (double)transport->lag_us_max / 1e6);
}
