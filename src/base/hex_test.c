#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t bytes[] = {0x00, 0x09, 0xa0, 0xff};

static void encode_writes_lower_case(void **state)
{
    char text[2 * sizeof bytes + 1];

    (void)state;
    qn_hex_encode(text, bytes, sizeof bytes);
    assert_string_equal(text, "0009a0ff");
    qn_hex_encode(text, bytes, 0);
    assert_string_equal(text, "");
}

static void decode_takes_either_case(void **state)
{
    uint8_t out[sizeof bytes];

    (void)state;
    assert_int_equal(qn_hex_decode(out, sizeof out, "0009A0fF"), QN_OK);
    assert_memory_equal(out, bytes, sizeof bytes);
    assert_int_equal(qn_hex_decode(out, 0, ""), QN_OK);
}

static void decode_rejects_other_lengths_and_characters_and_wipes(void **state)
{
    static const char *const rejected[] = {
        "",         "0009a0f",  "0009a0ff0", "0009a0ff00", "0009a0fg", "0009a0f ",
        " 009a0ff", "0x09a0ff", "0009a0f/",  "0009a0f:",   "0009a0f@", "0009a0f`",
    };

    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(rejected); i++) {
        static const uint8_t zero[4] = {0};
        uint8_t out[4] = {1, 2, 3, 4};
        assert_int_equal(qn_hex_decode(out, sizeof out, rejected[i]), QN_ERR_MALFORMED);
        assert_memory_equal(out, zero, sizeof zero);
    }
}

static void every_byte_survives_the_round_trip(void **state)
{
    (void)state;
    for (unsigned value = 0; value < 256; value++) {
        uint8_t in = (uint8_t)value;
        uint8_t out = 0;
        char text[3];
        qn_hex_encode(text, &in, 1);
        assert_int_equal(qn_hex_decode(&out, 1, text), QN_OK);
        assert_int_equal(out, in);
    }
}

static void spans_are_equal_by_content(void **state)
{
    uint8_t same[sizeof bytes];

    (void)state;
    memcpy(same, bytes, sizeof bytes);
    assert_true(qn_span_equal((struct qn_span){bytes, 4}, (struct qn_span){same, 4}));
    assert_false(qn_span_equal((struct qn_span){bytes, 4}, (struct qn_span){same, 3}));
    assert_true(qn_span_equal((struct qn_span){NULL, 0}, (struct qn_span){same, 0}));
    same[3] ^= 1;
    assert_false(qn_span_equal((struct qn_span){bytes, 4}, (struct qn_span){same, 4}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encode_writes_lower_case),
        cmocka_unit_test(decode_takes_either_case),
        cmocka_unit_test(decode_rejects_other_lengths_and_characters_and_wipes),
        cmocka_unit_test(every_byte_survives_the_round_trip),
        cmocka_unit_test(spans_are_equal_by_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
