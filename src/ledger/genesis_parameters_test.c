#include "ledger/genesis.h"

#include "ledger/testing/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct qn_genesis_parameters largest(void)
{
    struct qn_genesis_parameters parameters = {.policy = QN_POLICY_CODES,
                                               .batch_count = QN_ACTIVATION_BATCHES_MAX};

    for (unsigned i = 0; i < QN_ACTIVATION_BATCHES_MAX; i++) {
        struct qn_activation_batch *batch = &parameters.batches[i];
        memset(batch->root.bytes, (int)(0xf0 + i), sizeof batch->root.bytes);
        batch->count = 1U << QN_ACTIVATION_PATH_MAX;
        batch->class = UINT32_MAX;
        batch->expires_ms = UINT64_MAX;
    }
    return parameters;
}

static void parameters_come_back_within_the_limit(void **state)
{
    struct qn_genesis_parameters parameters = largest();
    uint8_t out[QN_GENESIS_PARAMETERS_LEN_MAX];
    struct qn_span bytes;

    (void)state;
    for (size_t count = 0; count <= QN_ACTIVATION_BATCHES_MAX; count++) {
        struct qn_genesis_parameters back;
        parameters.batch_count = count;
        assert_int_equal(qn_genesis_parameters_encode(&parameters, out, sizeof out, &bytes), QN_OK);
        assert_int_equal(qn_genesis_parameters_decode(&back, bytes), QN_OK);
        assert_int_equal(back.policy, QN_POLICY_CODES);
        assert_int_equal(back.batch_count, count);
        for (size_t i = 0; i < count; i++) {
            assert_true(qn_hash_equal(&back.batches[i].root, &parameters.batches[i].root));
            assert_int_equal(back.batches[i].count, parameters.batches[i].count);
            assert_int_equal(back.batches[i].class, parameters.batches[i].class);
            assert_int_equal(back.batches[i].expires_ms, parameters.batches[i].expires_ms);
        }
    }
}

static void only_the_one_encoding_is_taken(void **state)
{
    struct qn_genesis_parameters parameters = largest();
    struct qn_genesis_parameters untouched;
    struct qn_genesis_parameters copy;
    uint8_t out[QN_GENESIS_PARAMETERS_LEN_MAX];
    struct qn_span bytes;

    (void)state;
    memset(&untouched, 0x33, sizeof untouched);
    memcpy(&copy, &untouched, sizeof copy);
    assert_int_equal(qn_genesis_parameters_encode(&parameters, out, sizeof out, &bytes), QN_OK);
    for (size_t len = 0; len < bytes.len; len++) {
        assert_int_equal(qn_genesis_parameters_decode(&untouched, (struct qn_span){out, len}),
                         QN_ERR_MALFORMED);
    }
    /* Batches out of order, twice, too many. */
    struct qn_activation_batch first = parameters.batches[0];
    parameters.batches[0] = parameters.batches[1];
    assert_int_equal(qn_genesis_parameters_encode(&parameters, out, sizeof out, &bytes),
                     QN_ERR_INVALID);
    parameters.batches[1] = first;
    assert_int_equal(qn_genesis_parameters_encode(&parameters, out, sizeof out, &bytes),
                     QN_ERR_INVALID);
    parameters.batch_count = QN_ACTIVATION_BATCHES_MAX + 1;
    assert_int_equal(qn_genesis_parameters_encode(&parameters, out, sizeof out, &bytes),
                     QN_ERR_TOO_BIG);
    static const uint8_t no_policy[] = {0xa2, 0x01, 0x00, 0x02, 0x80};
    static const uint8_t work_without_cost[] = {0xa2, 0x01, 0x03, 0x02, 0x80};
    assert_int_equal(qn_genesis_parameters_decode(&untouched, (struct qn_span){no_policy, 5}),
                     QN_ERR_MALFORMED);
    assert_int_equal(
        qn_genesis_parameters_decode(&untouched, (struct qn_span){work_without_cost, 5}),
        QN_ERR_MALFORMED);
    assert_memory_equal(&untouched, &copy, sizeof copy);
}

/* The same bytes with the roots of two batches exchanged: canonical CBOR, but not the one order. */
static void batches_out_of_order_are_refused(void **state)
{
    struct qn_genesis_parameters parameters = largest();
    struct qn_genesis_parameters back;
    uint8_t out[QN_GENESIS_PARAMETERS_LEN_MAX];
    struct qn_span bytes;

    (void)state;
    assert_int_equal(qn_genesis_parameters_encode(&parameters, out, sizeof out, &bytes), QN_OK);
    for (size_t i = 0; i < bytes.len; i++) {
        out[i] = out[i] == 0xf0 ? 0xf1 : out[i] == 0xf1 ? 0xf0 : out[i];
    }
    assert_int_equal(qn_genesis_parameters_decode(&back, bytes), QN_ERR_MALFORMED);
    for (size_t i = 0; i < bytes.len; i++) {
        out[i] = out[i] == 0xf0 ? 0xf1 : out[i];
    }
    assert_int_equal(qn_genesis_parameters_decode(&back, bytes), QN_ERR_MALFORMED);
}

static void a_batch_alone_comes_back(void **state)
{
    struct qn_activation_batch batch = largest().batches[0];
    struct qn_activation_batch back;
    uint8_t out[64];
    struct qn_span bytes;

    (void)state;
    assert_int_equal(qn_activation_batch_encode(&batch, out, sizeof out, &bytes), QN_OK);
    assert_int_equal(qn_activation_batch_decode(&back, bytes), QN_OK);
    assert_true(qn_hash_equal(&back.root, &batch.root));
    assert_int_equal(back.count, batch.count);
    assert_int_equal(back.class, batch.class);
    assert_int_equal(back.expires_ms, batch.expires_ms);
    batch.count = 0;
    assert_int_equal(qn_activation_batch_encode(&batch, out, sizeof out, &bytes), QN_OK);
    assert_int_equal(qn_activation_batch_decode(&back, bytes), QN_ERR_MALFORMED);
    batch.count = (1U << QN_ACTIVATION_PATH_MAX) + 1;
    assert_int_equal(qn_activation_batch_encode(&batch, out, sizeof out, &bytes), QN_OK);
    assert_int_equal(qn_activation_batch_decode(&back, bytes), QN_ERR_MALFORMED);
    assert_int_equal(qn_activation_batch_encode(&batch, out, 20, &bytes), QN_ERR_TOO_BIG);
}

static void work_has_a_cost_and_nothing_else_has(void **state)
{
    struct qn_genesis_parameters parameters = largest();
    struct qn_genesis_parameters back;
    uint8_t out[QN_GENESIS_PARAMETERS_LEN_MAX];
    struct qn_span bytes;

    (void)state;
    parameters.policy = QN_POLICY_WORK;
    parameters.work = (struct qn_work_cost){QN_TICKET_BITS_MAX, QN_TICKET_MEMORY_KIB_MAX};
    assert_int_equal(qn_genesis_parameters_encode(&parameters, out, sizeof out, &bytes), QN_OK);
    assert_int_equal(qn_genesis_parameters_decode(&back, bytes), QN_OK);
    assert_int_equal(back.policy, QN_POLICY_WORK);
    assert_int_equal(back.work.bits, QN_TICKET_BITS_MAX);
    assert_int_equal(back.work.memory_kib, QN_TICKET_MEMORY_KIB_MAX);
    for (size_t len = 0; len < bytes.len; len++) {
        assert_int_equal(qn_genesis_parameters_decode(&back, (struct qn_span){out, len}),
                         QN_ERR_MALFORMED);
    }
    /* {1: policy, 2: [], 3: {1: bits, 2: KiB}} */
    static const uint8_t good[] = {0xa3, 0x01, 0x03, 0x02, 0x80, 0x03,
                                   0xa2, 0x01, 0x01, 0x02, 0x08};
    static const struct {
        size_t at;
        uint8_t byte;
    } wrong[] = {{2, 0x01}, {2, 0x02}, {2, 0x04}, {8, 0x00}, {10, 0x07}};
    assert_int_equal(qn_genesis_parameters_decode(&back, (struct qn_span){good, sizeof good}),
                     QN_OK);
    for (size_t i = 0; i < QN_ARRAY_COUNT(wrong); i++) {
        uint8_t bad[sizeof good];
        memcpy(bad, good, sizeof good);
        bad[wrong[i].at] = wrong[i].byte;
        assert_int_equal(qn_genesis_parameters_decode(&back, (struct qn_span){bad, sizeof bad}),
                         QN_ERR_MALFORMED);
    }
}

static void policies_are_read_as_they_are_written(void **state)
{
    static const struct {
        const char *given;
        const char *written;
    } good[] = {
        {"codes", "codes"},        {"open", "open"},           {"work", "work:12:2048"},
        {"work:1", "work:1:2048"}, {"work:32:8", "work:32:8"}, {"work:12:262144", "work:12:262144"},
    };
    static const char *const bad[] = {
        "",         "free",     "Work",        "work:",    "work:0",          "work:33",
        "work:10:", "work:-1",  "work:10:7",   "work:01",  "work:10:262145",  "work:10:64:1",
        "work 10",  "workload", "work:10x:64", "work:1e1", "work:4294967297", "work:10:4294967304",
    };
    struct qn_genesis_parameters parameters;
    char text[QN_ACTIVATION_POLICY_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(good); i++) {
        parameters = largest();
        assert_true(qn_activation_policy_parse(&parameters, good[i].given));
        assert_string_equal(qn_activation_policy_format(text, &parameters), good[i].written);
    }
    for (size_t i = 0; i < QN_ARRAY_COUNT(bad); i++) {
        assert_false(qn_activation_policy_parse(&parameters, bad[i]));
    }
    assert_string_equal(qn_activation_policy_format(text, &parameters), "work:12:262144");
}

static void policies_have_names(void **state)
{
    (void)state;
    assert_string_equal(qn_activation_policy_name(QN_POLICY_CODES), "codes");
    assert_string_equal(qn_activation_policy_name(QN_POLICY_OPEN), "open");
    assert_null(qn_activation_policy_name(0));
    assert_string_equal(qn_activation_policy_name(QN_POLICY_WORK), "work");
    assert_null(qn_activation_policy_name(4));
}

int main(int argc, char **argv)
{
    qn_test_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_come_back_within_the_limit),
        cmocka_unit_test(only_the_one_encoding_is_taken),
        cmocka_unit_test(batches_out_of_order_are_refused),
        cmocka_unit_test(a_batch_alone_comes_back),
        cmocka_unit_test(work_has_a_cost_and_nothing_else_has),
        cmocka_unit_test(policies_are_read_as_they_are_written),
        cmocka_unit_test(policies_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
