#include "peer/lan_discovery.h"

const char *qn_lan_verdict_name(enum qn_lan_verdict verdict)
{
    static const char *const names[QN_LAN_VERDICTS] = {
        [QN_LAN_HEARD] = "heard",
        [QN_LAN_ASKED] = "asked",
        [QN_LAN_OWN] = "own",
        [QN_LAN_MALFORMED] = "malformed",
        [QN_LAN_OTHER_NETWORK] = "other_network",
        [QN_LAN_OFF_LINK] = "off_link",
        [QN_LAN_EXCESS] = "excess",
    };
    QN_ASSERT(verdict < QN_LAN_VERDICTS);
    return names[verdict];
}

void qn_lan_discovery_init(struct qn_lan_discovery *lan, const struct qn_network_id *network,
                           const struct qn_node_id *id, uint16_t port, uint64_t seed,
                           qn_time_us now)
{
    *lan = (struct qn_lan_discovery){
        .network = *network, .id = *id, .port = port, .asks = true, .next_us = now};
    qn_rng_init(&lan->rng, seed);
}

/* Not before this moment, nor within a second of the last one, nor later than was meant already. */
static void send_at(struct qn_lan_discovery *lan, qn_time_us when)
{
    if (lan->has_sent && when < lan->sent_us + QN_LAN_SEND_INTERVAL) {
        when = lan->sent_us + QN_LAN_SEND_INTERVAL;
    }
    lan->next_us = when < lan->next_us ? when : lan->next_us;
}

void qn_lan_discovery_ask(struct qn_lan_discovery *lan, qn_time_us now)
{
    lan->asks = true;
    send_at(lan, now);
}

static enum qn_lan_verdict judge(struct qn_lan_discovery *lan, struct qn_lan_beacon *beacon,
                                 struct qn_span bytes, const struct qn_net_address *source,
                                 bool is_on_link, qn_time_us now)
{
    if (!qn_rate_take(&lan->hearing, QN_LAN_HEAR_INTERVAL, QN_LAN_HEAR_BURST, now)) {
        return QN_LAN_EXCESS;
    }
    if (!is_on_link || qn_net_scope(source) == QN_NET_GLOBAL) {
        return QN_LAN_OFF_LINK;
    }
    if (qn_lan_beacon_decode(beacon, bytes) != QN_OK) {
        return QN_LAN_MALFORMED;
    }
    if (!qn_network_id_equal(&beacon->network, &lan->network)) {
        return QN_LAN_OTHER_NETWORK;
    }
    if (qn_node_id_equal(&beacon->id, &lan->id)) {
        return QN_LAN_OWN;
    }
    return beacon->port != 0 ? QN_LAN_HEARD : QN_LAN_ASKED;
}

enum qn_lan_verdict qn_lan_discovery_on_datagram(struct qn_lan_discovery *lan,
                                                 struct qn_lan_beacon *out, struct qn_span bytes,
                                                 const struct qn_net_address *source,
                                                 bool is_on_link, qn_time_us now)
{
    struct qn_lan_beacon beacon;
    enum qn_lan_verdict verdict = judge(lan, &beacon, bytes, source, is_on_link, now);
    lan->heard[verdict] += 1;
    if (verdict != QN_LAN_HEARD && verdict != QN_LAN_ASKED) {
        return verdict;
    }
    if (beacon.asks && lan->port != 0) {
        send_at(lan, now + qn_rng_below(&lan->rng, QN_LAN_ANSWER_JITTER));
    }
    if (verdict == QN_LAN_HEARD) {
        *out = beacon;
    }
    return verdict;
}

bool qn_lan_discovery_poll(struct qn_lan_discovery *lan, uint8_t out[QN_LAN_BEACON_LEN],
                           qn_time_us now)
{
    if (now < lan->next_us) {
        return false;
    }
    struct qn_lan_beacon beacon = {
        .asks = lan->asks, .network = lan->network, .id = lan->id, .port = lan->port};
    qn_lan_beacon_encode(out, &beacon);
    lan->sent[lan->asks ? 1 : 0] += 1;
    lan->asks = false;
    lan->has_sent = true;
    lan->sent_us = now;
    qn_time_us wait = QN_LAN_ANNOUNCE_MIN +
                      qn_rng_below(&lan->rng, QN_LAN_ANNOUNCE_MAX - QN_LAN_ANNOUNCE_MIN + 1);
    lan->next_us = lan->port != 0 ? now + wait : UINT64_MAX;
    return true;
}

qn_time_us qn_lan_discovery_deadline(const struct qn_lan_discovery *lan)
{
    return lan->next_us;
}
