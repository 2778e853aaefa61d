#include "wire/measure.h"

#include "wire/field.h"

static bool is_on_axis(int32_t value)
{
    return value >= -QN_COORDINATES_AXIS_MAX_US && value <= QN_COORDINATES_AXIS_MAX_US;
}

bool qn_coordinates_are_valid(const struct qn_coordinates *c)
{
    return is_on_axis(c->x) && is_on_axis(c->y) && is_on_axis(c->z) && c->height >= 0 &&
           c->height <= QN_COORDINATES_AXIS_MAX_US && c->error_ppm >= 1 &&
           c->error_ppm <= QN_COORDINATES_ERROR_MAX_PPM;
}

static int32_t read_within(struct qn_reader *in, int64_t min, int64_t max)
{
    int64_t value = qn_read_int(in);
    bool fits = value >= min && value <= max;
    qn_read_require(in, fits);
    return fits ? (int32_t)value : 0;
}

static void read_coordinates(struct qn_reader *in, struct qn_coordinates *out)
{
    enum { AXIS = QN_COORDINATES_AXIS_MAX_US };
    (void)qn_read_array(in, 5, 5);
    out->x = read_within(in, -AXIS, AXIS);
    out->y = read_within(in, -AXIS, AXIS);
    out->z = read_within(in, -AXIS, AXIS);
    out->height = read_within(in, 0, AXIS);
    out->error_ppm = read_within(in, 1, QN_COORDINATES_ERROR_MAX_PPM);
}

static void write_pong(struct qn_writer *w, const void *record)
{
    const struct qn_pong *pong = record;
    bool has_place = qn_coordinates_are_valid(&pong->at);
    qn_write_map(w, has_place ? 2 : 1);
    qn_write_uint_at(w, 1, pong->nonce);
    if (has_place) {
        qn_write_key(w, 2);
        qn_write_array(w, 5);
        qn_write_int(w, pong->at.x);
        qn_write_int(w, pong->at.y);
        qn_write_int(w, pong->at.z);
        qn_write_int(w, pong->at.height);
        qn_write_int(w, pong->at.error_ppm);
    }
}

struct qn_buf *qn_pong_encode(const struct qn_pong *pong)
{
    return qn_encode(write_pong, pong);
}

enum qn_err qn_pong_decode(struct qn_pong *out, struct qn_span bytes)
{
    struct qn_pong pong = {0};
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    pong.nonce = qn_read_uint_at(&in, &map, 1, UINT64_MAX);
    if (qn_read_key_if(&in, &map, 2)) {
        read_coordinates(&in, &pong.at);
    }
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = pong;
    }
    return err;
}

static void write_get_rtt(struct qn_writer *w, const void *record)
{
    const struct qn_get_rtt *get = record;
    qn_write_map(w, 1);
    qn_write_bytes_at(w, 1, get->subject.bytes, sizeof get->subject.bytes);
}

struct qn_buf *qn_get_rtt_encode(const struct qn_get_rtt *get)
{
    return qn_encode(write_get_rtt, get);
}

enum qn_err qn_get_rtt_decode(struct qn_get_rtt *out, struct qn_span bytes)
{
    struct qn_get_rtt get;
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    qn_read_fixed_at(&in, &map, 1, get.subject.bytes, sizeof get.subject.bytes);
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = get;
    }
    return err;
}

static void write_rtt(struct qn_writer *w, const void *record)
{
    const struct qn_rtt *rtt = record;
    qn_write_map(w, 2);
    qn_write_uint_at(w, 1, rtt->rtt_us);
    qn_write_uint_at(w, 2, rtt->samples);
}

struct qn_buf *qn_rtt_encode(const struct qn_rtt *rtt)
{
    return qn_encode(write_rtt, rtt);
}

enum qn_err qn_rtt_decode(struct qn_rtt *out, struct qn_span bytes)
{
    struct qn_rtt rtt;
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    rtt.rtt_us = (uint32_t)qn_read_uint_at(&in, &map, 1, UINT32_MAX);
    rtt.samples = (uint32_t)qn_read_uint_at(&in, &map, 2, UINT32_MAX);
    qn_read_require(&in, (rtt.rtt_us == 0) == (rtt.samples == 0));
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = rtt;
    }
    return err;
}
