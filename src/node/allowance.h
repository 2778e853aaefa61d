/* What a stranger may be sent: never more bytes than it sent itself, both as TLS carries them and with the handshake
 * counted in. So nobody can make this node send traffic that he did not pay for, byte by byte.
 *
 * What a message costs is an upper bound: a record for every three frames of it, since the send queue fills records as
 * far as it can (net/send_queue.h). TLS's own last word (close_notify) is always kept back. Pure; no fini. */
#ifndef QN_NODE_ALLOWANCE_H
#define QN_NODE_ALLOWANCE_H

#include "base/base.h"

enum {
    QN_RECORD_OVERHEAD = 22, /* of TLS 1.3 with a 16-byte tag */
    QN_CLOSE_NOTIFY_LEN = 24,
    /* Full handshakes with ML-DSA-65, as tests/e2e_amplification measures them: what simulators tell of theirs. Who
     * dials as a stranger pads its half, so that it can be redirected. */
    QN_HANDSHAKE_DIALLER_LEN = 6770,
    QN_HANDSHAKE_PADDED_LEN = 13699,
    QN_HANDSHAKE_LISTENER_LEN = 6697,
};

struct qn_allowance {
    int64_t left; /* bytes; negative: the other end has to send first */
};

void qn_allowance_init(struct qn_allowance *allowance, uint32_t received, uint32_t sent);
void qn_allowance_earn(struct qn_allowance *allowance, uint32_t wire_len);
/* What a message of this length takes on the wire at most. */
uint32_t qn_allowance_cost(size_t len);
/* The length of the longest message that may be sent; 0: none. */
size_t qn_allowance_room(const struct qn_allowance *allowance);
/* Takes what this message costs. False: it must not be sent, and nothing was taken. */
bool qn_allowance_spend(struct qn_allowance *allowance, size_t len);
/* Whether an orderly end is paid for. */
bool qn_allowance_covers_end(const struct qn_allowance *allowance);

#endif
