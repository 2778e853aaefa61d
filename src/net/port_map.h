/* Keeping one port mapped at a gateway: what to send it and when, and what its answers mean. PCP first (RFC 6887);
 * a gateway that says that it is older is asked again in NAT-PMP (RFC 6886). Requests are repeated by the
 * protocols' own schedules, a mapping is renewed when half of what is left of it has passed, and made anew when
 * the gateway's epoch shows that it lost its state.
 *
 * Pure: bytes and time come in, bytes go out. No fini. port_mapper.c runs it over UDP. */
#ifndef QN_PORT_MAP_H
#define QN_PORT_MAP_H

#include "base/rng.h"
#include "net/port_map_codec.h"

enum {
    QN_PORT_MAP_LIFETIME_S = 7200,      /* asked for */
    QN_PORT_MAP_LIFETIME_MAX_S = 86400, /* believed */
    QN_PMP_TRIES_MAX = 9,
    QN_PORT_MAP_SILENT_TRIES =
        3, /* requests without an answer that are worth a word to the operator */
};

enum qn_port_map_state {
    QN_PORT_MAP_ASKING_PCP,
    QN_PORT_MAP_ASKING_ADDRESS, /* NAT-PMP, for the host */
    QN_PORT_MAP_ASKING_PORT,    /* NAT-PMP */
    QN_PORT_MAP_RESTING,        /* mapped until the renewal, or refused until the next try */
};

struct qn_port_map {
    struct qn_port_map_request request;
    enum qn_port_map_state state;
    bool is_pmp;    /* the gateway is older than PCP */
    unsigned tries; /* requests since the last answer */
    qn_time_us interval_us;
    qn_time_us next_us;  /* the next request */
    qn_time_us asked_us; /* the last request */
    bool is_mapped;
    bool is_lost;                   /* mapped, but the gateway forgot it */
    struct qn_net_address external; /* valid if is_mapped */
    qn_time_us expires_us;
    uint8_t pmp_ip[QN_NET_IP_LEN];
    bool has_epoch;
    uint32_t epoch_s;
    qn_time_us epoch_us; /* when it was told */
    uint64_t requests;
    uint64_t failures; /* answers that refused */
    struct qn_rng rng;
};

/* client: the own address towards the gateway, and the port listened on. */
void qn_port_map_init(struct qn_port_map *map, const struct qn_net_address *client,
                      const uint8_t nonce[QN_PORT_MAP_NONCE_LEN], uint64_t seed, qn_time_us now);

/* What is to be sent now; 0: nothing. A mapping whose time is over ends here. */
size_t qn_port_map_poll(struct qn_port_map *map, uint8_t out[QN_PORT_MAP_REQUEST_LEN],
                        qn_time_us now);
qn_time_us qn_port_map_deadline(const struct qn_port_map *map);

enum qn_port_map_news {
    QN_PORT_MAP_NOTHING, /* not an answer to what was asked */
    QN_PORT_MAP_GOES_ON,
    QN_PORT_MAP_MAPPED,    /* for the first time, anew, or longer */
    QN_PORT_MAP_REFUSED,   /* *result says why; what is mapped stays so until it expires */
    QN_PORT_MAP_RESTARTED, /* the gateway forgot: asked again at once */
};
/* Bytes that came from the gateway and from nobody else. */
enum qn_port_map_news qn_port_map_take(struct qn_port_map *map, unsigned *result,
                                       struct qn_span bytes, qn_time_us now);
/* Nothing listens there (ICMP): asked again after some minutes. */
void qn_port_map_on_unreachable(struct qn_port_map *map, qn_time_us now);
/* The request that ends the mapping; 0: there is none to end. */
size_t qn_port_map_delete(const struct qn_port_map *map, uint8_t out[QN_PORT_MAP_REQUEST_LEN]);

#endif
