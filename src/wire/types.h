/* Small records shared by the message families: regions, roles, endpoints, reasons to close. */
#ifndef QN_TYPES_H
#define QN_TYPES_H

#include "base/base.h"
#include "base/limits.h"
#include "wire/cbor.h"

enum qn_region {
    QN_REGION_NORTH_AMERICA,
    QN_REGION_SOUTH_AMERICA,
    QN_REGION_EUROPE,
    QN_REGION_ASIA,
    QN_REGION_AFRICA,
    QN_REGION_OCEANIA,
    QN_REGION_COUNT,
};
/* "north-america"; static. */
const char *qn_region_name(enum qn_region region);
/* False if the name is none of the six. */
bool qn_region_parse(enum qn_region *region, const char *name);

enum qn_role {
    QN_ROLE_FULL = 1U << 0,      /* holds the whole registry, serves blocks */
    QN_ROLE_VALIDATOR = 1U << 1, /* votes */
    QN_ROLES_ALL = QN_ROLE_FULL | QN_ROLE_VALIDATOR,
};

/* An address as text (IPv4, IPv6 without brackets, or a DNS name) and a TCP port. */
struct qn_endpoint {
    char host[QN_HOST_LEN_MAX + 1];
    uint16_t port; /* 1..65535 */
};
enum { QN_ENDPOINT_TEXT_SIZE = QN_HOST_LEN_MAX + 10 };
/* "host:port" or "[v6]:port". QN_ERR_INVALID: neither; *endpoint untouched. */
QN_MUST_USE enum qn_err qn_endpoint_parse(struct qn_endpoint *endpoint, const char *text);
/* The same, for an address that only this machine uses: a link-local one of IPv6 may name its interface, as in
 * "[fe80::1%eth0]:9876". Such an endpoint has no encoding. */
QN_MUST_USE enum qn_err qn_endpoint_parse_local(struct qn_endpoint *endpoint, const char *text);
bool qn_endpoint_has_zone(const struct qn_endpoint *endpoint);
/* The inverse; text holds QN_ENDPOINT_TEXT_SIZE. Returns text. */
const char *qn_endpoint_format(char *text, const struct qn_endpoint *endpoint);
/* Is the host the name "localhost", in whatever case? It means the loopback addresses and is never asked
 * of a resolver (RFC 6761 section 6.3). */
bool qn_endpoint_is_localhost(const struct qn_endpoint *endpoint);
bool qn_endpoint_equal(const struct qn_endpoint *a, const struct qn_endpoint *b);
/* CBOR [host, port]; a host has 1..63 characters of [A-Za-z0-9.:_-]. */
void qn_write_endpoint(struct qn_writer *w, const struct qn_endpoint *endpoint);
void qn_read_endpoint(struct qn_reader *in, struct qn_endpoint *endpoint);
/* CBOR array of count_min to QN_ENDPOINTS_MAX of them. Returns how many. */
void qn_write_endpoints(struct qn_writer *w, const struct qn_endpoint *endpoints, size_t count);
uint8_t qn_read_endpoints(struct qn_reader *in, struct qn_endpoint endpoints[QN_ENDPOINTS_MAX],
                          size_t count_min);

/* Why a link was closed or refused: in GOODBYE, in logs, as a metric label. Numbers are stable. */
#define QN_CLOSE_LIST(X)                                                                           \
    X(NORMAL, 0, "normal")                                                                         \
    X(SHUTDOWN, 1, "shutdown")                                                                     \
    X(WRONG_NETWORK, 2, "wrong_network")                                                           \
    X(WRONG_VERSION, 3, "wrong_version")                                                           \
    X(MALFORMED, 4, "malformed_message")                                                           \
    X(TOO_BIG, 5, "message_too_big")                                                               \
    X(UNEXPECTED, 6, "unexpected_message")                                                         \
    X(DUPLICATE_LINK, 7, "duplicate_link")                                                         \
    X(SELF, 8, "connected_to_self")                                                                \
    X(REVOKED, 9, "revoked")                                                                       \
    X(EXPIRED, 10, "registration_expired")                                                         \
    X(NOT_REGISTERED, 11, "not_registered")                                                        \
    X(RATE_LIMITED, 12, "rate_limited")                                                            \
    X(FULL, 13, "no_free_slot")                                                                    \
    X(PING_TIMEOUT, 14, "ping_timeout")                                                            \
    X(HELLO_TIMEOUT, 15, "hello_timeout")                                                          \
    X(HANDSHAKE_TIMEOUT, 16, "handshake_timeout")                                                  \
    X(SLOW_CONSUMER, 17, "slow_consumer")                                                          \
    X(BAD_SIGNATURE, 18, "bad_signature")                                                          \
    X(KEY_MISMATCH, 19, "key_mismatch")                                                            \
    X(NO_KEY, 20, "no_raw_public_key")                                                             \
    X(WRONG_KEY_TYPE, 21, "wrong_key_type")                                                        \
    X(TLS_FAILED, 22, "tls_failed")                                                                \
    X(TLS_VERSION, 23, "tls_version")                                                              \
    X(TLS_GROUP, 24, "tls_group")                                                                  \
    X(IO, 25, "io_error")                                                                          \
    X(PEER_CLOSED, 26, "peer_closed")                                                              \
    X(BAD_BLOCK, 27, "bad_block")                                                                  \
    X(REFUSED, 28, "connection_refused")                                                           \
    X(RESOLVE, 29, "name_not_resolved")                                                            \
    X(ALPN, 30, "wrong_alpn")                                                                      \
    X(BANNED, 31, "banned")
enum qn_close_reason {
#define QN_CLOSE_ENUM(name, number, text) QN_CLOSE_##name = (number),
    QN_CLOSE_LIST(QN_CLOSE_ENUM)
#undef QN_CLOSE_ENUM
        QN_CLOSE_COUNT = 32,
};
/* Static text as in the list; "unknown" for a number outside it. */
const char *qn_close_reason_name(unsigned reason);

#endif
