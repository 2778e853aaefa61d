#include "net/port_map_codec.h"

#include <string.h>

enum {
    PCP_VERSION = 2,
    PMP_VERSION = 0,
    ANSWER = 0x80, /* bit of the opcode */
    PCP_ANNOUNCE_OPCODE = 0,
    PCP_MAP_OPCODE = 1,
    PMP_ADDRESS_OPCODE = 0,
    PMP_MAP_TCP_OPCODE = 2,
    TCP = 6,

    PCP_HEADER_LEN = 24,
    PCP_MAP_LEN = 60,
    PMP_REQUEST_LEN = 12,
    PMP_ERROR_LEN = 8,
    PMP_ADDRESS_LEN = 12,
    PMP_MAP_LEN = 16,
    V4_AT = 12,
};

static void put16(uint8_t *out, uint32_t value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

static void put32(uint8_t *out, uint32_t value)
{
    put16(out, value >> 16);
    put16(out + 2, value & 0xffff);
}

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)get16(at) << 16 | get16(at + 2);
}

size_t qn_pcp_encode_map(uint8_t out[QN_PORT_MAP_REQUEST_LEN],
                         const struct qn_port_map_request *request)
{
    memset(out, 0, PCP_MAP_LEN);
    out[0] = PCP_VERSION;
    out[1] = PCP_MAP_OPCODE;
    put32(&out[4], request->lifetime_s);
    memcpy(&out[8], request->client.ip, QN_NET_IP_LEN);
    memcpy(&out[24], request->nonce, QN_PORT_MAP_NONCE_LEN);
    out[36] = TCP;
    put16(&out[40], request->client.port);
    put16(&out[42], request->wished.port);
    memcpy(&out[44], request->wished.ip, QN_NET_IP_LEN);
    if (request->wished.port == 0 && qn_net_address_is_v4(&request->client)) {
        memset(&out[44 + 10], 0xff, 2); /* any, of IPv4 (RFC 6887 section 5) */
    }
    return PCP_MAP_LEN;
}

size_t qn_pmp_encode_address(uint8_t out[QN_PORT_MAP_REQUEST_LEN])
{
    out[0] = PMP_VERSION;
    out[1] = PMP_ADDRESS_OPCODE;
    return 2;
}

size_t qn_pmp_encode_map(uint8_t out[QN_PORT_MAP_REQUEST_LEN],
                         const struct qn_port_map_request *request)
{
    memset(out, 0, PMP_REQUEST_LEN);
    out[0] = PMP_VERSION;
    out[1] = PMP_MAP_TCP_OPCODE;
    put16(&out[4], request->client.port);
    put16(&out[6], request->lifetime_s == 0 ? 0 : request->wished.port);
    put32(&out[8], request->lifetime_s);
    return PMP_REQUEST_LEN;
}

const char *qn_port_map_result_name(unsigned result)
{
    static const char *const names[] = {"success",
                                        "unsupported_version",
                                        "not_authorized",
                                        "malformed_request",
                                        "unsupported_opcode",
                                        "unsupported_option",
                                        "malformed_option",
                                        "network_failure",
                                        "no_resources",
                                        "unsupported_protocol",
                                        "user_exceeded_quota",
                                        "cannot_provide_external",
                                        "address_mismatch",
                                        "excessive_remote_peers"};
    return result < QN_ARRAY_COUNT(names) ? names[result] : "error";
}

/* NAT-PMP's five results, in PCP's numbers. */
static unsigned from_pmp(unsigned result)
{
    static const uint8_t table[] = {QN_PORT_MAP_SUCCESS,        QN_PORT_MAP_UNSUPP_VERSION,
                                    QN_PORT_MAP_NOT_AUTHORIZED, QN_PORT_MAP_NETWORK_FAILURE,
                                    QN_PORT_MAP_NO_RESOURCES,   QN_PORT_MAP_UNSUPP_OPCODE};
    return result < QN_ARRAY_COUNT(table) ? table[result] : result + 256U;
}

static enum qn_err decode_pmp(struct qn_port_map_answer *out, struct qn_span bytes)
{
    struct qn_port_map_answer answer = {.kind = QN_PMP_OTHER, .version = PMP_VERSION};
    unsigned opcode = bytes.at[1];
    if ((opcode & ANSWER) == 0 || bytes.len < PMP_ERROR_LEN) {
        return QN_ERR_MALFORMED;
    }
    answer.result = from_pmp(get16(&bytes.at[2]));
    answer.epoch_s = get32(&bytes.at[4]);
    if (opcode == (ANSWER | PMP_ADDRESS_OPCODE)) {
        answer.kind = QN_PMP_ADDRESS;
    } else if (opcode == (ANSWER | PMP_MAP_TCP_OPCODE)) {
        answer.kind = QN_PMP_MAP;
    }
    if (answer.result != QN_PORT_MAP_SUCCESS) {
        *out = answer; /* whatever it was about, it is no more than that */
        return QN_OK;
    }
    if (answer.kind == QN_PMP_ADDRESS && bytes.len == PMP_ADDRESS_LEN) {
        memset(&answer.external.ip[10], 0xff, 2);
        memcpy(&answer.external.ip[V4_AT], &bytes.at[8], 4);
    } else if (answer.kind == QN_PMP_MAP && bytes.len == PMP_MAP_LEN) {
        answer.internal_port = get16(&bytes.at[8]);
        answer.external.port = get16(&bytes.at[10]);
        answer.lifetime_s = get32(&bytes.at[12]);
    } else {
        return QN_ERR_MALFORMED;
    }
    *out = answer;
    return QN_OK;
}

static enum qn_err decode_pcp(struct qn_port_map_answer *out, struct qn_span bytes)
{
    struct qn_port_map_answer answer = {.version = bytes.at[0]};
    if (bytes.len < PCP_HEADER_LEN || bytes.len > QN_PORT_MAP_ANSWER_MAX || bytes.len % 4 != 0 ||
        (bytes.at[1] & ANSWER) == 0) {
        return QN_ERR_MALFORMED;
    }
    answer.result = bytes.at[3];
    answer.lifetime_s = get32(&bytes.at[4]);
    answer.epoch_s = get32(&bytes.at[8]);
    bool is_map = bytes.at[1] == (ANSWER | PCP_MAP_OPCODE);
    bool is_old = answer.version != PCP_VERSION;
    answer.kind = is_map ? QN_PCP_MAP : QN_PCP_ANNOUNCE;
    if (is_old ? answer.result != QN_PORT_MAP_UNSUPP_VERSION
               : !is_map && bytes.at[1] != (ANSWER | PCP_ANNOUNCE_OPCODE)) {
        return QN_ERR_MALFORMED; /* of another version nothing but that is known */
    }
    if (is_map && !is_old) {
        if (bytes.len < PCP_MAP_LEN || bytes.at[36] != TCP) {
            return QN_ERR_MALFORMED;
        }
        memcpy(answer.nonce, &bytes.at[24], sizeof answer.nonce);
        answer.internal_port = get16(&bytes.at[40]);
        answer.external.port = get16(&bytes.at[42]);
        memcpy(answer.external.ip, &bytes.at[44], QN_NET_IP_LEN);
    }
    *out = answer;
    return QN_OK;
}

enum qn_err qn_port_map_decode(struct qn_port_map_answer *answer, struct qn_span bytes)
{
    if (bytes.len < 2) {
        return QN_ERR_MALFORMED;
    }
    return bytes.at[0] == PMP_VERSION ? decode_pmp(answer, bytes) : decode_pcp(answer, bytes);
}
