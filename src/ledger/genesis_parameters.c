#include "ledger/genesis.h"
#include "wire/field.h"

#include <string.h>

_Static_assert(16 + QN_ACTIVATION_BATCHES_MAX * 64 <= QN_GENESIS_PARAMETERS_LEN_MAX,
               "the largest parameters fit their limit");

const char *qn_activation_policy_name(unsigned policy)
{
    switch (policy) {
    case QN_POLICY_CODES:
        return "codes";
    case QN_POLICY_OPEN:
        return "open";
    }
    return NULL;
}

/* Strictly ascending roots: one encoding for one set of batches, and none of them twice. */
static bool in_order(const struct qn_activation_batch *a, const struct qn_activation_batch *b)
{
    return memcmp(a->root.bytes, b->root.bytes, QN_HASH_LEN) < 0;
}

static void write_parameters(struct qn_writer *w, const void *record)
{
    const struct qn_genesis_parameters *parameters = record;

    qn_write_map(w, 2);
    qn_write_uint_at(w, 1, (uint64_t)parameters->policy);
    qn_write_key(w, 2);
    qn_write_array(w, parameters->batch_count);
    for (size_t i = 0; i < parameters->batch_count; i++) {
        qn_write_activation_batch(w, &parameters->batches[i]);
    }
}

enum qn_err qn_genesis_parameters_encode(const struct qn_genesis_parameters *parameters,
                                         uint8_t *out, size_t capacity, struct qn_span *bytes)
{
    if (parameters->batch_count > QN_ACTIVATION_BATCHES_MAX) {
        return QN_ERR_TOO_BIG;
    }
    for (size_t i = 1; i < parameters->batch_count; i++) {
        if (!in_order(&parameters->batches[i - 1], &parameters->batches[i])) {
            return QN_ERR_INVALID;
        }
    }
    return qn_encode_into(out, capacity, bytes, write_parameters, parameters);
}

static void read_parameters(struct qn_reader *in, struct qn_genesis_parameters *parameters)
{
    struct qn_map_reader map = qn_read_map(in);

    uint64_t policy = qn_read_uint_at(in, &map, 1, QN_POLICY_OPEN);
    qn_read_require(in, policy >= QN_POLICY_CODES);
    parameters->policy = (enum qn_activation_policy)policy;
    qn_read_key(in, &map, 2);
    parameters->batch_count = qn_read_array(in, 0, QN_ACTIVATION_BATCHES_MAX);
    for (size_t i = 0; i < parameters->batch_count; i++) {
        qn_read_activation_batch(in, &parameters->batches[i]);
        qn_read_require(in,
                        i == 0 || in_order(&parameters->batches[i - 1], &parameters->batches[i]));
    }
    qn_read_map_end(in, &map);
}

enum qn_err qn_genesis_parameters_decode(struct qn_genesis_parameters *parameters,
                                         struct qn_span bytes)
{
    struct qn_genesis_parameters result = {0};
    struct qn_reader in;

    qn_reader_init(&in, bytes);
    read_parameters(&in, &result);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *parameters = result;
    }
    return err;
}
