#include "ledger/genesis.h"
#include "wire/field.h"

#include <inttypes.h>
#include <stdio.h>
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
    case QN_POLICY_WORK:
        return "work";
    }
    return NULL;
}

bool qn_work_cost_is_possible(const struct qn_work_cost *cost)
{
    return cost->bits >= 1 && cost->bits <= QN_TICKET_BITS_MAX &&
           cost->memory_kib >= QN_TICKET_MEMORY_KIB_MIN &&
           cost->memory_kib <= QN_TICKET_MEMORY_KIB_MAX;
}

const char *qn_activation_policy_format(char text[QN_ACTIVATION_POLICY_TEXT_SIZE],
                                        const struct qn_genesis_parameters *parameters)
{
    const char *name = qn_activation_policy_name(parameters->policy);

    QN_ASSERT(name != NULL);
    if (parameters->policy == QN_POLICY_WORK) {
        (void)snprintf(text, QN_ACTIVATION_POLICY_TEXT_SIZE, "%s:%u:%" PRIu32, name,
                       (unsigned)parameters->work.bits, parameters->work.memory_kib);
    } else {
        (void)snprintf(text, QN_ACTIVATION_POLICY_TEXT_SIZE, "%s", name);
    }
    return text;
}

/* ":N" at *at, if there is more; moves on behind it. */
static bool parse_part(uint32_t *value, const char **at)
{
    uint32_t number = 0;
    const char *digit = *at + 1;

    if (**at == '\0') {
        return true;
    }
    if (**at != ':' || *digit < '1' || *digit > '9') {
        return false;
    }
    for (; *digit >= '0' && *digit <= '9'; digit++) {
        number = number * 10 + (uint32_t)(*digit - '0');
        if (number > QN_TICKET_MEMORY_KIB_MAX) { /* more than either part may be */
            return false;
        }
    }
    *value = number;
    *at = digit;
    return true;
}

static bool parse_cost(struct qn_work_cost *cost, const char *at)
{
    uint32_t bits = QN_WORK_BITS_DEFAULT;
    uint32_t memory_kib = QN_WORK_MEMORY_KIB_DEFAULT;

    if (!parse_part(&bits, &at) || !parse_part(&memory_kib, &at) || *at != '\0' ||
        bits > QN_TICKET_BITS_MAX) {
        return false;
    }
    *cost = (struct qn_work_cost){.bits = (uint8_t)bits, .memory_kib = memory_kib};
    return qn_work_cost_is_possible(cost);
}

bool qn_activation_policy_parse(struct qn_genesis_parameters *parameters, const char *text)
{
    static const char work[] = "work";
    struct qn_work_cost cost = {0};
    enum qn_activation_policy policy = QN_POLICY_WORK;

    if (strcmp(text, "codes") == 0) {
        policy = QN_POLICY_CODES;
    } else if (strcmp(text, "open") == 0) {
        policy = QN_POLICY_OPEN;
    } else if (strncmp(text, work, strlen(work)) != 0 || !parse_cost(&cost, text + strlen(work))) {
        return false;
    }
    parameters->policy = policy;
    parameters->work = cost;
    return true;
}

/* Strictly ascending roots: one encoding for one set of batches, and none of them twice. */
static bool in_order(const struct qn_activation_batch *a, const struct qn_activation_batch *b)
{
    return memcmp(a->root.bytes, b->root.bytes, QN_HASH_LEN) < 0;
}

static void write_parameters(struct qn_writer *w, const void *record)
{
    const struct qn_genesis_parameters *parameters = record;

    bool is_work = parameters->policy == QN_POLICY_WORK;

    qn_write_map(w, 2U + is_work);
    qn_write_uint_at(w, 1, (uint64_t)parameters->policy);
    qn_write_key(w, 2);
    qn_write_array(w, parameters->batch_count);
    for (size_t i = 0; i < parameters->batch_count; i++) {
        qn_write_activation_batch(w, &parameters->batches[i]);
    }
    if (is_work) {
        qn_write_key(w, 3);
        qn_write_map(w, 2);
        qn_write_uint_at(w, 1, parameters->work.bits);
        qn_write_uint_at(w, 2, parameters->work.memory_kib);
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

static void read_work(struct qn_reader *in, struct qn_work_cost *cost)
{
    struct qn_map_reader map = qn_read_map(in);

    cost->bits = (uint8_t)qn_read_uint_at(in, &map, 1, QN_TICKET_BITS_MAX);
    cost->memory_kib = (uint32_t)qn_read_uint_at(in, &map, 2, QN_TICKET_MEMORY_KIB_MAX);
    qn_read_require(in, qn_work_cost_is_possible(cost));
    qn_read_map_end(in, &map);
}

static void read_parameters(struct qn_reader *in, struct qn_genesis_parameters *parameters)
{
    struct qn_map_reader map = qn_read_map(in);

    uint64_t policy = qn_read_uint_at(in, &map, 1, QN_POLICY_WORK);
    qn_read_require(in, policy >= QN_POLICY_CODES);
    parameters->policy = (enum qn_activation_policy)policy;
    qn_read_key(in, &map, 2);
    parameters->batch_count = qn_read_array(in, 0, QN_ACTIVATION_BATCHES_MAX);
    for (size_t i = 0; i < parameters->batch_count; i++) {
        qn_read_activation_batch(in, &parameters->batches[i]);
        qn_read_require(in,
                        i == 0 || in_order(&parameters->batches[i - 1], &parameters->batches[i]));
    }
    if (parameters->policy == QN_POLICY_WORK) {
        qn_read_key(in, &map, 3);
        read_work(in, &parameters->work);
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
