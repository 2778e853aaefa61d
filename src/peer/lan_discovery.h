/* Discovery in the local network: when this node says what there, and what is taken of what is heard. The sockets are the
 * caller's (net/lan_discovery.h).
 *
 * A node asks when it starts and when it lacks links, says where it is every 30 to 60 s, and answers who asks: to all
 * at once, and once a second at most. Whatever is sent is one beacon of one length, so nobody gets more bytes for a
 * question than it took. What is heard is hearsay.
 *
 * Pure; no fini: holds nothing but its own bytes. Spec: docs/peers.md, DESIGN section 10. */
#ifndef QN_LAN_DISCOVERY_H
#define QN_LAN_DISCOVERY_H

#include "base/rng.h"
#include "peer/net_address.h"
#include "peer/rate_table.h"
#include "wire/lan.h"

#define QN_LAN_ANNOUNCE_MIN QN_SECONDS(30)
#define QN_LAN_ANNOUNCE_MAX QN_SECONDS(60)
#define QN_LAN_SEND_INTERVAL QN_SECONDS(1)
#define QN_LAN_ANSWER_JITTER QN_MS(120) /* so that not all answer in the same moment */
#define QN_LAN_HEAR_INTERVAL QN_MS(20)
enum { QN_LAN_HEAR_BURST = 100 };

enum qn_lan_verdict {
    QN_LAN_HEARD,     /* somebody of this network says where he is */
    QN_LAN_ASKED,     /* somebody of it who cannot be dialled asks */
    QN_LAN_OWN,       /* what this node said itself */
    QN_LAN_MALFORMED, /* of another version, or no beacon */
    QN_LAN_OTHER_NETWORK,
    QN_LAN_OFF_LINK, /* its sender is not in this local network, or the network is no private one */
    QN_LAN_EXCESS,   /* more than is listened to */
    QN_LAN_VERDICTS,
};
/* "off_link"; static. */
const char *qn_lan_verdict_name(enum qn_lan_verdict verdict);

struct qn_lan_discovery {
    struct qn_network_id network;
    struct qn_node_id id;
    uint16_t port; /* 0: this node cannot be dialled, and only asks */
    struct qn_rng rng;
    bool asks; /* the next beacon is a question */
    qn_time_us next_us;
    qn_time_us sent_us; /* the last beacon; only with has_sent */
    bool has_sent;
    struct qn_rate hearing;
    uint64_t sent[2]; /* announcements, questions */
    uint64_t heard[QN_LAN_VERDICTS];
};

/* Its first beacon, a question, is due at once. */
void qn_lan_discovery_init(struct qn_lan_discovery *lan, const struct qn_network_id *network,
                           const struct qn_node_id *id, uint16_t port, uint64_t seed,
                           qn_time_us now);
/* Links are missing: asks soon. */
void qn_lan_discovery_ask(struct qn_lan_discovery *lan, qn_time_us now);
/* One datagram; is_on_link: from an address that the receiving interface's network has. HEARD: *beacon is of
 * somebody who can be dialled at the port in it; else *beacon is untouched. */
enum qn_lan_verdict qn_lan_discovery_on_datagram(struct qn_lan_discovery *lan,
                                                 struct qn_lan_beacon *beacon, struct qn_span bytes,
                                                 const struct qn_net_address *source,
                                                 bool is_on_link, qn_time_us now);
/* True: these bytes are to be sent now, everywhere. */
bool qn_lan_discovery_poll(struct qn_lan_discovery *lan, uint8_t out[QN_LAN_BEACON_LEN],
                           qn_time_us now);
/* When poll is due; UINT64_MAX: not before somebody asks. */
qn_time_us qn_lan_discovery_deadline(const struct qn_lan_discovery *lan);

#endif
