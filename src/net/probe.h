/* One dial for `qnet verify`: authenticates a node, reads its HELLO, says how long it took. Blocking. */
#ifndef QN_PROBE_H
#define QN_PROBE_H

#include "crypto/key.h"
#include "wire/control.h"

struct qn_probe_result {
    struct qn_public_key key;
    struct qn_node_id id;
    char group[64];     /* negotiated key exchange: "X25519MLKEM768" */
    char algorithm[64]; /* of the peer's proof: "ML-DSA-65" */
    char tls_version[16];
    bool has_hello;
    struct qn_hello hello;
    bool has_goodbye;
    struct qn_goodbye goodbye;
    uint64_t connect_us;       /* TCP, wall */
    uint64_t handshake_us;     /* TLS, wall */
    uint64_t handshake_cpu_us; /* own CPU in it */
    uint64_t bytes_sent;       /* TLS bytes on the wire until the handshake ended */
    uint64_t bytes_received;
    enum qn_close_reason failure; /* valid when an error is returned */
};

/* key: our identity for the handshake. network: told in HELLO; may be all zero (the peer will say
 * GOODBYE, after its own HELLO). expected_id NULL: any. QN_ERR_KEY_MISMATCH, QN_ERR_TIMEOUT, QN_ERR_IO,
 * QN_ERR_CLOSED, with result->failure and what was learned so far. */
QN_MUST_USE enum qn_err qn_probe(struct qn_probe_result *result, const struct qn_endpoint *endpoint,
                                 const struct qn_key *key, const struct qn_network_id *network,
                                 const struct qn_node_id *expected_id, unsigned timeout_ms);

#endif
