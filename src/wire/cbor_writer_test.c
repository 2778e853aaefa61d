#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "wire/cbor.h"

enum { CAPACITY = 64 };

struct output {
    uint8_t bytes[CAPACITY];
    struct qn_writer w;
};

static struct qn_writer *begin(struct output *out)
{
    qn_writer_init(&out->w, out->bytes, sizeof out->bytes);
    return &out->w;
}

#define ASSERT_WRITTEN(out, ...)                                                                   \
    do {                                                                                           \
        static const uint8_t expected[] = {__VA_ARGS__};                                           \
        struct qn_span written = {NULL, 0};                                                        \
        assert_int_equal(qn_writer_done(&(out).w, &written), QN_OK);                               \
        assert_int_equal(written.len, sizeof expected);                                            \
        assert_memory_equal(written.at, expected, sizeof expected);                                \
    } while (0)

static void integers_take_the_shortest_form(void **state)
{
    (void)state;
    struct output out;
    struct qn_writer *w = begin(&out);
    qn_write_uint(w, 0);
    qn_write_uint(w, 23);
    qn_write_uint(w, 24);
    qn_write_uint(w, 255);
    qn_write_uint(w, 256);
    qn_write_uint(w, 65535);
    qn_write_uint(w, 65536);
    qn_write_uint(w, UINT32_MAX);
    qn_write_uint(w, (uint64_t)UINT32_MAX + 1);
    qn_write_uint(w, UINT64_MAX);
    ASSERT_WRITTEN(out, 0x00, 0x17, 0x18, 0x18, 0x18, 0xFF, 0x19, 0x01, 0x00, 0x19, 0xFF, 0xFF,
                   0x1A, 0x00, 0x01, 0x00, 0x00, 0x1A, 0xFF, 0xFF, 0xFF, 0xFF, 0x1B, 0x00, 0x00,
                   0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x1B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                   0xFF, 0xFF);
}

static void negative_integers_count_from_minus_one(void **state)
{
    (void)state;
    struct output out;
    struct qn_writer *w = begin(&out);
    qn_write_int(w, 5);
    qn_write_int(w, -1);
    qn_write_int(w, -24);
    qn_write_int(w, -25);
    qn_write_int(w, INT64_MIN);
    qn_write_int(w, INT64_MAX);
    ASSERT_WRITTEN(out, 0x05, 0x20, 0x37, 0x38, 0x18, 0x3B, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                   0xFF, 0xFF, 0x1B, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF);
}

static void strings_arrays_maps_and_booleans_have_their_heads(void **state)
{
    (void)state;
    struct output out;
    struct qn_writer *w = begin(&out);
    qn_write_map(w, 2);
    qn_write_key(w, 1);
    qn_write_array(w, 3);
    qn_write_bytes(w, (const uint8_t *)"\x01\x02", 2);
    qn_write_text(w, "\xC3\xBC");
    qn_write_bytes(w, NULL, 0);
    qn_write_key(w, 200);
    qn_write_array(w, 2);
    qn_write_bool(w, true);
    qn_write_bool(w, false);
    ASSERT_WRITTEN(out, 0xA2, 0x01, 0x83, 0x42, 0x01, 0x02, 0x62, 0xC3, 0xBC, 0x40, 0x18, 0xC8,
                   0x82, 0xF5, 0xF4);
}

static void what_does_not_fit_fails_and_is_measured(void **state)
{
    (void)state;
    static const uint8_t bytes[30] = {0};
    for (size_t capacity = 0; capacity <= 34; capacity++) {
        uint8_t out[40];
        memset(out, 0xEE, sizeof out);
        struct qn_writer w;
        struct qn_span written = {out, 99};
        qn_writer_init(&w, capacity == 0 ? NULL : out, capacity);
        qn_write_array(&w, 2);
        qn_write_bytes(&w, bytes, sizeof bytes);
        qn_write_uint(&w, 7);
        assert_int_equal(w.len, 34);
        if (capacity == 34) {
            assert_int_equal(qn_writer_done(&w, &written), QN_OK);
            assert_int_equal(written.len, 34);
        } else {
            assert_int_equal(qn_writer_done(&w, &written), QN_ERR_TOO_BIG);
            assert_int_equal(written.len, 99);
        }
        for (size_t i = capacity; i < sizeof out; i++) {
            assert_int_equal(out[i], 0xEE);
        }
    }
}

/* A later, smaller item must not land in the room that an earlier one did not find. */
static void a_failure_is_sticky(void **state)
{
    (void)state;
    uint8_t out[4] = {0xEE, 0xEE, 0xEE, 0xEE};
    struct qn_writer w;
    struct qn_span written;
    qn_writer_init(&w, out, sizeof out);
    qn_write_uint(&w, UINT32_MAX);
    qn_write_uint(&w, 1);
    assert_int_equal(qn_writer_done(&w, &written), QN_ERR_TOO_BIG);
    assert_int_equal(out[0], 0xEE);
}

static void text_that_is_not_utf8_has_no_encoding(void **state)
{
    (void)state;
    struct output out;
    struct qn_writer *w = begin(&out);
    struct qn_span written = {NULL, 99};
    qn_write_text(w, "\xC3");
    qn_write_text(w, "fine");
    assert_int_equal(qn_writer_done(w, &written), QN_ERR_INVALID);
    assert_int_equal(written.len, 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_take_the_shortest_form),
        cmocka_unit_test(negative_integers_count_from_minus_one),
        cmocka_unit_test(strings_arrays_maps_and_booleans_have_their_heads),
        cmocka_unit_test(what_does_not_fit_fails_and_is_measured),
        cmocka_unit_test(a_failure_is_sticky),
        cmocka_unit_test(text_that_is_not_utf8_has_no_encoding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
