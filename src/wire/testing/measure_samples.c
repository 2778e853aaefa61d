/* Samples of what concerns round trips. */
#include "wire/measure.h"
#include "wire/testing/family_samples.h"

static int32_t on_axis(struct qn_sampler *s)
{
    int32_t value = (int32_t)qn_sample_uint(s, 0, QN_COORDINATES_AXIS_MAX_US);
    return qn_sample_bool(s) ? -value : value;
}

struct qn_buf *qn_sample_pong(struct qn_sampler *s)
{
    struct qn_pong pong = {.nonce = qn_sample_uint(s, 0, UINT64_MAX)};
    if (s->size != QN_SAMPLE_MIN) { /* the smallest tells no place */
        pong.at.x = on_axis(s);
        pong.at.y = on_axis(s);
        pong.at.z = on_axis(s);
        pong.at.height = (int32_t)qn_sample_uint(s, 0, QN_COORDINATES_AXIS_MAX_US);
        pong.at.error_ppm = (int32_t)qn_sample_uint(s, 1, QN_COORDINATES_ERROR_MAX_PPM);
    }
    return qn_pong_encode(&pong);
}

struct qn_buf *qn_sample_get_rtt(struct qn_sampler *s)
{
    struct qn_get_rtt get;
    qn_sample_bytes(s, get.subject.bytes, sizeof get.subject.bytes);
    return qn_get_rtt_encode(&get);
}

struct qn_buf *qn_sample_rtt(struct qn_sampler *s)
{
    struct qn_rtt rtt = {0};
    if (s->size != QN_SAMPLE_MIN) {
        rtt.rtt_us = (uint32_t)qn_sample_uint(s, 1, UINT32_MAX);
        rtt.samples = (uint32_t)qn_sample_uint(s, 1, UINT32_MAX);
    }
    return qn_rtt_encode(&rtt);
}
