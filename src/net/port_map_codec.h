/* What is said to a gateway to have it forward a port: the MAP request of PCP (RFC 6887) and, for gateways that speak
 * nothing newer, NAT-PMP (RFC 6886). TCP only. Fixed forms, no CBOR: the only foreign bytes of this module.
 *
 * Pure functions. */
#ifndef QN_PORT_MAP_CODEC_H
#define QN_PORT_MAP_CODEC_H

#include "peer/net_address.h"

enum {
    QN_PORT_MAP_PORT = 5351,          /* where gateways listen */
    QN_PORT_MAP_ANNOUNCE_PORT = 5350, /* where they tell clients that they restarted */
    QN_PORT_MAP_NONCE_LEN = 12,
    QN_PORT_MAP_REQUEST_LEN = 60, /* the longest that is sent */
    QN_PORT_MAP_ANSWER_MAX = 1100,
};

struct qn_port_map_request {
    uint32_t lifetime_s; /* 0: delete */
    uint8_t nonce[QN_PORT_MAP_NONCE_LEN];
    struct qn_net_address client; /* port: the one listened on */
    struct qn_net_address wished; /* all zero: any; what a renewal wants to keep */
};
/* Each fills out and returns how many bytes. */
size_t qn_pcp_encode_map(uint8_t out[QN_PORT_MAP_REQUEST_LEN],
                         const struct qn_port_map_request *request);
size_t qn_pmp_encode_address(uint8_t out[QN_PORT_MAP_REQUEST_LEN]);
size_t qn_pmp_encode_map(uint8_t out[QN_PORT_MAP_REQUEST_LEN],
                         const struct qn_port_map_request *request);

enum qn_port_map_answer_kind {
    QN_PCP_MAP,
    QN_PCP_ANNOUNCE, /* nobody asked: it restarted */
    QN_PMP_ADDRESS,
    QN_PMP_MAP,
    QN_PMP_OTHER, /* a refusal of something that NAT-PMP does not have, such as a request in PCP */
};
/* Numbers of PCP; those of NAT-PMP are turned into them. */
enum qn_port_map_result {
    QN_PORT_MAP_SUCCESS = 0,
    QN_PORT_MAP_UNSUPP_VERSION = 1,
    QN_PORT_MAP_NOT_AUTHORIZED = 2,
    QN_PORT_MAP_UNSUPP_OPCODE = 4,
    QN_PORT_MAP_NETWORK_FAILURE = 7,
    QN_PORT_MAP_NO_RESOURCES = 8,
    QN_PORT_MAP_ADDRESS_MISMATCH = 12,
};
/* "not_authorized"; static. "error" for numbers without a name. */
const char *qn_port_map_result_name(unsigned result);

struct qn_port_map_answer {
    enum qn_port_map_answer_kind kind;
    unsigned
        version; /* the highest that the gateway speaks, if it does not speak the one asked in */
    unsigned result;
    uint32_t epoch_s;    /* since the gateway knows of its mappings */
    uint32_t lifetime_s; /* of the mapping, or of the error; 0 in NAT-PMP's errors and addresses */
    uint8_t nonce[QN_PORT_MAP_NONCE_LEN];
    uint16_t internal_port;
    struct qn_net_address external; /* PCP_MAP: both; PMP_ADDRESS: the host; PMP_MAP: the port */
};
/* QN_ERR_MALFORMED: no answer of either protocol, or not about TCP; *answer untouched. */
QN_MUST_USE enum qn_err qn_port_map_decode(struct qn_port_map_answer *answer, struct qn_span bytes);

#endif
