#include "wire/vote.h"

#include "wire/field.h"

static void write_status(struct qn_writer *w, const void *record)
{
    const struct qn_status *status = record;
    qn_write_map(w, 5);
    qn_write_uint_at(w, 1, status->epoch);
    qn_write_uint_at(w, 2, status->view);
    qn_write_uint_at(w, 3, status->final_height);
    qn_write_bytes_at(w, 4, status->final_id.bytes, sizeof status->final_id.bytes);
    qn_write_uint_at(w, 5, status->ceiling);
}

struct qn_buf *qn_status_encode(const struct qn_status *status)
{
    return qn_encode(write_status, status);
}

enum qn_err qn_status_decode(struct qn_status *out, struct qn_span bytes)
{
    struct qn_status status = {0};
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    status.epoch = qn_read_uint_at(&in, &map, 1, UINT64_MAX);
    status.view = qn_read_uint_at(&in, &map, 2, UINT64_MAX);
    status.final_height = qn_read_uint_at(&in, &map, 3, UINT64_MAX);
    qn_read_fixed_at(&in, &map, 4, status.final_id.bytes, sizeof status.final_id.bytes);
    status.ceiling = qn_read_uint_at(&in, &map, 5, UINT64_MAX);
    qn_read_map_end_extensible(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = status;
    }
    return err;
}

static void write_request(struct qn_writer *w, const void *record)
{
    const struct qn_consensus_request *request = record;
    qn_write_map(w, 2);
    qn_write_uint_at(w, 1, request->want);
    qn_write_uint_at(w, 2, request->number);
}

struct qn_buf *qn_consensus_request_encode(const struct qn_consensus_request *request)
{
    QN_ASSERT(request->want == QN_WANT_VIEW || request->want == QN_WANT_HEIGHT);
    return qn_encode(write_request, request);
}

enum qn_err qn_consensus_request_decode(struct qn_consensus_request *request, struct qn_span bytes)
{
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    uint64_t want = qn_read_uint_at(&in, &map, 1, QN_WANT_HEIGHT);
    qn_read_require(&in, want >= QN_WANT_VIEW);
    uint64_t number = qn_read_uint_at(&in, &map, 2, UINT64_MAX);
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *request = (struct qn_consensus_request){(enum qn_consensus_want)want, number};
    }
    return err;
}
