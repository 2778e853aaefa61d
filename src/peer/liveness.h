/* Is the other end still there? One authenticated PING each interval; three in a row without an answer
 * and the link is to be closed. Also measures the round trip.
 *
 * A link that keeps answering is asked less and less often (QN_PING_QUIET_INTERVAL, doubling up to
 * QN_PING_QUIET_INTERVAL_MAX), unless it is watched closely; when an answer fails to come, the next PINGs follow at
 * the short interval.
 *
 * Pure state; one per link. No fini: holds nothing but its own bytes. Spec: docs/protocol.md, links. */
#ifndef QN_LIVENESS_H
#define QN_LIVENESS_H

#include "base/base.h"

struct qn_liveness {
    qn_time_us next_us; /* when the next ping is due */
    qn_time_us sent_us; /* of the ping that is unanswered; 0: none */
    uint64_t nonce;     /* of that ping */
    uint8_t missed;     /* intervals since the last pong, 0..QN_PING_MISSED_MAX */
    uint8_t answered;   /* pings in a row, up to QN_PING_QUIET_AFTER */
    uint8_t doublings;  /* of the quiet interval, so far */
    uint32_t rtt_us;    /* smoothed (RFC 6298, alpha 1/8); 0: not measured yet */
    uint32_t rtt_min_us;
    uint32_t rtt_last_us; /* of the last pong */
};

enum qn_liveness_action { QN_LIVENESS_WAIT, QN_LIVENESS_SEND_PING, QN_LIVENESS_DROP };

/* The first ping is due at once. */
void qn_liveness_init(struct qn_liveness *liveness, qn_time_us now);
/* SEND_PING: the caller sends a PING with this nonce. DROP: the peer is gone. A nonce is one that nobody can
 * foresee: who could would answer before the ping arrives, and look nearer than it is. */
enum qn_liveness_action qn_liveness_poll(struct qn_liveness *liveness, uint64_t nonce,
                                         qn_time_us now);
/* Somebody doubts it: the next ping is due at once, and the short interval goes on until it is answered. */
void qn_liveness_doubt(struct qn_liveness *liveness, qn_time_us now);
/* A PONG. False: it does not answer the ping under way, and was ignored. closely: the short interval goes on. */
bool qn_liveness_on_pong(struct qn_liveness *liveness, uint64_t nonce, bool closely,
                         qn_time_us now);

#endif
