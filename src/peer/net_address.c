#include "peer/net_address.h"

#include <string.h>

static const uint8_t v4_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

enum { V4_AT = sizeof v4_mapped };

static bool is_v4(const uint8_t ip[QN_NET_IP_LEN])
{
    return memcmp(ip, v4_mapped, sizeof v4_mapped) == 0;
}

bool qn_net_address_is_v4(const struct qn_net_address *address)
{
    return is_v4(address->ip);
}

bool qn_net_address_equal(const struct qn_net_address *a, const struct qn_net_address *b)
{
    return a->port == b->port && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

/* The first len bytes as a number. */
static uint64_t leading(const uint8_t *bytes, size_t len)
{
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

/* The family in the highest byte keeps the two apart: 56 bits remain, as many as a subnet has. */
static uint64_t tagged(const struct qn_net_address *address, size_t v4_len, size_t v6_len)
{
    if (is_v4(address->ip)) {
        return UINT64_C(4) << 56 | leading(&address->ip[V4_AT], v4_len);
    }
    return UINT64_C(6) << 56 | leading(address->ip, v6_len);
}

uint64_t qn_net_group(const struct qn_net_address *address)
{
    return tagged(address, 2, 4);
}

uint64_t qn_net_subnet(const struct qn_net_address *address)
{
    return tagged(address, 3, 7);
}

bool qn_net_address_is_usable(const struct qn_net_address *address)
{
    static const uint8_t unspecified[QN_NET_IP_LEN] = {0};
    const uint8_t *ip = address->ip;

    if (address->port == 0) {
        return false;
    }
    if (is_v4(ip)) {
        return ip[V4_AT] != 0 &&
               ip[V4_AT] < 224; /* 0/8 means oneself; 224/4 and 240/4: multicast, reserved */
    }
    return ip[0] != 0xff && memcmp(ip, unspecified, sizeof unspecified) != 0 &&
           !qn_net_address_is_link_local(address);
}

bool qn_net_address_is_link_local(const struct qn_net_address *address)
{
    return address->ip[0] == 0xfe && (address->ip[1] & 0xc0) == 0x80;
}

static enum qn_net_scope scope_v4(const uint8_t ip[4])
{
    if (ip[0] == 127) {
        return QN_NET_LOOPBACK;
    }
    bool is_private = ip[0] == 10 || (ip[0] == 172 && (ip[1] & 0xf0) == 16) ||
                      (ip[0] == 192 && ip[1] == 168) || (ip[0] == 169 && ip[1] == 254) ||
                      (ip[0] == 100 && (ip[1] & 0xc0) == 64);
    return is_private ? QN_NET_PRIVATE : QN_NET_GLOBAL;
}

enum qn_net_scope qn_net_scope(const struct qn_net_address *address)
{
    static const uint8_t loopback[QN_NET_IP_LEN] = {[QN_NET_IP_LEN - 1] = 1};
    const uint8_t *ip = address->ip;

    if (is_v4(ip)) {
        return scope_v4(&ip[V4_AT]);
    }
    if (memcmp(ip, loopback, sizeof loopback) == 0) {
        return QN_NET_LOOPBACK;
    }
    bool unique_local = (ip[0] & 0xfe) == 0xfc;
    return unique_local || qn_net_address_is_link_local(address) ? QN_NET_PRIVATE : QN_NET_GLOBAL;
}
