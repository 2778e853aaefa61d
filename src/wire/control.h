/* Control messages of a link: HELLO, GOODBYE, PING and PONG, BUSY. */
#ifndef QN_CONTROL_H
#define QN_CONTROL_H

#include "crypto/hash.h"
#include "wire/types.h"

/* First frame each way. {1: version, 2: version min, 3: network id, 4: [endpoint], 5: region,
 * 6: roles, 7: head height, 8: software, ?9: endpoint}; extensible. */
struct qn_hello {
    uint32_t version;
    uint32_t version_min;
    struct qn_network_id network;
    uint8_t endpoint_count; /* 0: does not listen */
    struct qn_endpoint endpoints[QN_ENDPOINTS_MAX];
    enum qn_region region;
    uint32_t roles; /* enum qn_role bits; unknown bits are ignored */
    uint64_t height;
    char software[QN_SOFTWARE_LEN_MAX + 1];
    bool has_seen;
    struct qn_endpoint seen; /* the address at which the sender sees the receiver */
};
/* {1: reason, 2: text}; extensible. */
struct qn_goodbye {
    uint32_t reason; /* enum qn_close_reason; newer numbers are possible */
    char text[QN_TEXT_LEN_MAX + 1];
};
/* {1: nonce}: PONG repeats the PING's. */
struct qn_ping {
    uint64_t nonce;
};

/* Encoders return a new buffer with one reference. Decoders leave the output untouched on error. */
struct qn_buf *qn_hello_encode(const struct qn_hello *hello);
QN_MUST_USE enum qn_err qn_hello_decode(struct qn_hello *hello, struct qn_span bytes);
struct qn_buf *qn_goodbye_encode(const struct qn_goodbye *goodbye);
QN_MUST_USE enum qn_err qn_goodbye_decode(struct qn_goodbye *goodbye, struct qn_span bytes);
struct qn_buf *qn_ping_encode(const struct qn_ping *ping);
QN_MUST_USE enum qn_err qn_ping_decode(struct qn_ping *ping, struct qn_span bytes);
/* BUSY is the empty map. */
struct qn_buf *qn_empty_encode(void);
QN_MUST_USE enum qn_err qn_empty_decode(struct qn_span bytes);

#endif
