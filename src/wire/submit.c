#include "wire/transaction.h"

#include "wire/field.h"

/* Error numbers that may come from a newer node are taken as well, within this bound. */
enum { ERR_CODE_MIN = -255 };

static void write_submit(struct qn_writer *w, const void *record)
{
    const struct qn_submit *submit = record;
    qn_write_map(w, 2);
    qn_write_uint_at(w, 1, submit->hops);
    qn_write_bytes_at(w, 2, submit->tx.at, submit->tx.len);
}

struct qn_buf *qn_submit_encode(const struct qn_submit *submit)
{
    QN_ASSERT(submit->hops <= QN_SUBMIT_HOPS_MAX);
    QN_ASSERT(submit->tx.len > 0 && submit->tx.len <= QN_TX_LEN_MAX);
    return qn_encode(write_submit, submit);
}

enum qn_err qn_submit_decode(struct qn_submit *submit, struct qn_span bytes)
{
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    uint8_t hops = (uint8_t)qn_read_uint_at(&in, &map, 1, QN_SUBMIT_HOPS_MAX);
    struct qn_span tx = qn_read_bytes_at(&in, &map, 2, 1, QN_TX_LEN_MAX);
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *submit = (struct qn_submit){hops, tx};
    }
    return err;
}

static void write_tx_message(struct qn_writer *w, const void *record)
{
    const struct qn_span *tx = record;
    qn_write_map(w, 1);
    qn_write_bytes_at(w, 2, tx->at, tx->len);
}

struct qn_buf *qn_tx_message_encode(struct qn_span tx)
{
    QN_ASSERT(tx.len > 0 && tx.len <= QN_TX_LEN_MAX);
    return qn_encode(write_tx_message, &tx);
}

enum qn_err qn_tx_message_decode(struct qn_span *out, struct qn_span bytes)
{
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    struct qn_span tx = qn_read_bytes_at(&in, &map, 2, 1, QN_TX_LEN_MAX);
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = tx;
    }
    return err;
}

static void write_result(struct qn_writer *w, const void *record)
{
    const struct qn_submit_result *result = record;
    qn_write_map(w, 5);
    qn_write_key(w, 1);
    qn_write_int(w, result->code);
    qn_write_text_at(w, 2, result->text);
    qn_write_bytes_at(w, 3, result->tx_id.bytes, sizeof result->tx_id.bytes);
    qn_write_uint_at(w, 4, result->height);
    qn_write_uint_at(w, 5, result->index);
}

struct qn_buf *qn_submit_result_encode(const struct qn_submit_result *result)
{
    return qn_encode(write_result, result);
}

static enum qn_err read_code(struct qn_reader *in)
{
    int64_t code = qn_read_int(in);
    qn_read_require(in, code >= ERR_CODE_MIN && code <= QN_OK);
    return in->failed ? QN_OK : (enum qn_err)code;
}

enum qn_err qn_submit_result_decode(struct qn_submit_result *out, struct qn_span bytes)
{
    struct qn_submit_result result = {0};
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    qn_read_key(&in, &map, 1);
    result.code = read_code(&in);
    qn_read_text_at(&in, &map, 2, result.text, QN_TEXT_LEN_MAX);
    qn_read_fixed_at(&in, &map, 3, result.tx_id.bytes, sizeof result.tx_id.bytes);
    result.height = qn_read_uint_at(&in, &map, 4, UINT64_MAX);
    result.index = qn_read_uint_at(&in, &map, 5, UINT64_MAX);
    qn_read_map_end_extensible(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = result;
    }
    return err;
}
