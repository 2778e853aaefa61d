/* Addresses of the internet layer as limits and diversity need them: binary, one form for each address,
 * with the groups of addresses that one operator is likely to hold. IPv4 and IPv6; a DNS name has no
 * address until somebody connected to it.
 *
 * What counts where: LOOPBACK is exempt from limits by address, subnet and group (a devnet is one host);
 * PRIVATE counts for rates but not for diversity (an operator's own network); GLOBAL counts for both.
 *
 * Pure values; no fini. */
#ifndef QN_NET_ADDRESS_H
#define QN_NET_ADDRESS_H

#include "base/base.h"
#include "wire/types.h"

enum { QN_NET_IP_LEN = 16, QN_NET_PREFIX_BITS_MAX = 128 };

struct qn_net_address {
    uint8_t ip[QN_NET_IP_LEN]; /* network order; IPv4 as ::ffff:a.b.c.d */
    uint16_t port;
};

/* Reads the host as IPv4 (four decimal numbers), IPv6, or "localhost" (127.0.0.1). The zone of a link-local address
 * is passed over.
 * False: another name, or no address; *out untouched. */
bool qn_net_address_parse(struct qn_net_address *out, const struct qn_endpoint *endpoint);
/* The inverse: the one text of this address (RFC 5952; IPv4 in dotted form). */
void qn_net_address_endpoint(struct qn_endpoint *out, const struct qn_net_address *address);
/* Same host and port. */
bool qn_net_address_equal(const struct qn_net_address *a, const struct qn_net_address *b);
bool qn_net_address_is_v4(const struct qn_net_address *address);
/* Can somebody be reached there? Not the unspecified address, multicast, broadcast, one that is good on one link only, or
 * port 0. */
bool qn_net_address_is_usable(const struct qn_net_address *address);
/* Of IPv6, fe80::/10: it says nothing without the interface that it belongs to. */
bool qn_net_address_is_link_local(const struct qn_net_address *address);

/* Who is likely to be one operator: the /16 of IPv4, the /32 of IPv6. Families never share a value. */
uint64_t qn_net_group(const struct qn_net_address *address);
/* Who is likely to be one customer: the /24 of IPv4, the /56 of IPv6. Families never share a value. */
uint64_t qn_net_subnet(const struct qn_net_address *address);

enum qn_net_scope { QN_NET_LOOPBACK, QN_NET_PRIVATE, QN_NET_GLOBAL };
/* PRIVATE: RFC 1918, RFC 6598, link-local, unique local. Everything else but loopback is GLOBAL. */
enum qn_net_scope qn_net_scope(const struct qn_net_address *address);

/* All addresses that begin with these bits. A prefix of IPv6 never holds an address of IPv4. */
struct qn_net_prefix {
    uint8_t ip[QN_NET_IP_LEN]; /* bits beyond the prefix are zero */
    uint8_t bits;              /* 96 + n for a /n of IPv4 */
};
enum { QN_NET_PREFIX_TEXT_SIZE = 44 };
/* "192.0.2.0/24", "2001:db8::/32", or a single address without "/". Bits beyond the prefix are cleared.
 * QN_ERR_INVALID: none of them; *out untouched. */
QN_MUST_USE enum qn_err qn_net_prefix_parse(struct qn_net_prefix *out, const char *text);
/* The inverse; a single address without "/". text holds QN_NET_PREFIX_TEXT_SIZE. Returns text. */
const char *qn_net_prefix_format(char *text, const struct qn_net_prefix *prefix);
bool qn_net_prefix_contains(const struct qn_net_prefix *prefix,
                            const struct qn_net_address *address);

#endif
