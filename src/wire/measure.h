/* What nodes tell each other of round trips: PONG with the sender's coordinates, and the question to a landmark
 * how far somebody is (docs/protocol.md, measuring). */
#ifndef QN_MEASURE_H
#define QN_MEASURE_H

#include "base/buf.h"
#include "crypto/hash.h"

enum {
    QN_COORDINATES_AXIS_MAX_US = 5000000,
    QN_COORDINATES_ERROR_MAX_PPM = 1000000,
};

/* Network coordinates (peer/coordinates.h). */
struct qn_coordinates {
    int32_t x, y, z; /* us, each at most QN_COORDINATES_AXIS_MAX_US from zero */
    int32_t height;  /* us, 0..QN_COORDINATES_AXIS_MAX_US */
    int32_t
        error_ppm; /* of its estimates, relative to the round trip: 1..QN_COORDINATES_ERROR_MAX_PPM;
                          0: there are no coordinates */
};
/* Are these coordinates at all, and within bounds? */
bool qn_coordinates_are_valid(const struct qn_coordinates *coordinates);

/* Repeats the nonce of a PING. */
struct qn_pong {
    uint64_t nonce;
    struct qn_coordinates at; /* the sender's; not valid: it tells none, and none are sent */
};
struct qn_buf *qn_pong_encode(const struct qn_pong *pong);
QN_MUST_USE enum qn_err qn_pong_decode(struct qn_pong *pong, struct qn_span bytes);

/* To a landmark: the shortest round trip that you measured to this node? */
struct qn_get_rtt {
    struct qn_node_id subject;
};
struct qn_buf *qn_get_rtt_encode(const struct qn_get_rtt *get);
QN_MUST_USE enum qn_err qn_get_rtt_decode(struct qn_get_rtt *get, struct qn_span bytes);

struct qn_rtt {
    uint32_t rtt_us;  /* 0 exactly when samples is 0 */
    uint32_t samples; /* pings that were answered; 0: not measured, or too long ago */
};
struct qn_buf *qn_rtt_encode(const struct qn_rtt *rtt);
QN_MUST_USE enum qn_err qn_rtt_decode(struct qn_rtt *rtt, struct qn_span bytes);

#endif
