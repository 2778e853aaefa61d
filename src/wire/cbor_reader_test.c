#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "wire/cbor.h"

/* A reader over bytes given in the test: READER(0x18, 0x18). */
#define READER(...)                                                                                \
    reader_over((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static struct qn_reader reader_over(const uint8_t *bytes, size_t len)
{
    struct qn_reader in;
    qn_reader_init(&in, (struct qn_span){bytes, len});
    return in;
}

#define ASSERT_UINT(value, ...)                                                                    \
    do {                                                                                           \
        struct qn_reader in = READER(__VA_ARGS__);                                                 \
        assert_true(qn_read_uint(&in, UINT64_MAX) == (value));                                     \
        assert_int_equal(qn_reader_done(&in), QN_OK);                                              \
    } while (0)

/* The item is refused by the reader of its type and when it is skipped, whatever follows it. */
#define ASSERT_REFUSED(read, ...)                                                                  \
    do {                                                                                           \
        struct qn_reader in = READER(__VA_ARGS__);                                                 \
        (void)(read);                                                                              \
        assert_true(in.failed);                                                                    \
        assert_int_equal(qn_reader_done(&in), QN_ERR_MALFORMED);                                   \
        in = READER(__VA_ARGS__);                                                                  \
        qn_read_skip(&in);                                                                         \
        assert_true(in.failed);                                                                    \
    } while (0)

#define ASSERT_SKIPPED(...)                                                                        \
    do {                                                                                           \
        struct qn_reader in = READER(__VA_ARGS__);                                                 \
        qn_read_skip(&in);                                                                         \
        assert_int_equal(qn_reader_done(&in), QN_OK);                                              \
    } while (0)

#define ASSERT_NOT_SKIPPED(...)                                                                    \
    do {                                                                                           \
        struct qn_reader in = READER(__VA_ARGS__);                                                 \
        qn_read_skip(&in);                                                                         \
        assert_int_equal(qn_reader_done(&in), QN_ERR_MALFORMED);                                   \
    } while (0)

/* RFC 8949 appendix A. */
static void integers_of_every_width_are_read(void **state)
{
    (void)state;
    ASSERT_UINT(0, 0x00);
    ASSERT_UINT(23, 0x17);
    ASSERT_UINT(24, 0x18, 0x18);
    ASSERT_UINT(255, 0x18, 0xFF);
    ASSERT_UINT(256, 0x19, 0x01, 0x00);
    ASSERT_UINT(65535, 0x19, 0xFF, 0xFF);
    ASSERT_UINT(65536, 0x1A, 0x00, 0x01, 0x00, 0x00);
    ASSERT_UINT(UINT32_MAX, 0x1A, 0xFF, 0xFF, 0xFF, 0xFF);
    ASSERT_UINT(UINT64_C(4294967296), 0x1B, 0, 0, 0, 1, 0, 0, 0, 0);
    ASSERT_UINT(UINT64_C(1000000000000), 0x1B, 0, 0, 0, 0xE8, 0xD4, 0xA5, 0x10, 0);
    ASSERT_UINT(UINT64_MAX, 0x1B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF);
}

static void a_longer_head_than_needed_is_refused_at_each_width(void **state)
{
    (void)state;
    ASSERT_REFUSED(qn_read_uint(&in, UINT64_MAX), 0x18, 0x17);
    ASSERT_REFUSED(qn_read_uint(&in, UINT64_MAX), 0x18, 0x00);
    ASSERT_REFUSED(qn_read_uint(&in, UINT64_MAX), 0x19, 0x00, 0xFF);
    ASSERT_REFUSED(qn_read_uint(&in, UINT64_MAX), 0x1A, 0x00, 0x00, 0xFF, 0xFF);
    ASSERT_REFUSED(qn_read_uint(&in, UINT64_MAX), 0x1B, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF);
    ASSERT_REFUSED(qn_read_int(&in), 0x38, 0x17);
    ASSERT_REFUSED(qn_read_int(&in), 0x39, 0x00, 0xFF);
    ASSERT_REFUSED(qn_read_bytes(&in, 0, 9), 0x58, 0x01, 0xAA);
    ASSERT_REFUSED(qn_read_bytes(&in, 0, 9), 0x5B, 0, 0, 0, 0, 0, 0, 0, 1, 0xAA);
    ASSERT_REFUSED(qn_read_array(&in, 0, 9), 0x98, 0x01, 0x00);
    ASSERT_REFUSED(qn_read_map(&in), 0xB8, 0x01, 0x00, 0x00);
    char text[10];
    ASSERT_REFUSED((qn_read_text(&in, text, 9), 0), 0x78, 0x01, 0x61);
    ASSERT_REFUSED(qn_read_bool(&in), 0xF8, 0x14);
}

static void reserved_and_indefinite_lengths_are_refused(void **state)
{
    (void)state;
    char text[10];
    for (unsigned info = 28; info <= 31; info++) {
        ASSERT_REFUSED(qn_read_uint(&in, UINT64_MAX), (uint8_t)(0x00 | info), 0, 0, 0, 0, 0);
        ASSERT_REFUSED(qn_read_int(&in), (uint8_t)(0x20 | info), 0, 0, 0, 0, 0);
        ASSERT_REFUSED(qn_read_bytes(&in, 0, 9), (uint8_t)(0x40 | info), 0x41, 0, 0xFF);
        ASSERT_REFUSED((qn_read_text(&in, text, 9), 0), (uint8_t)(0x60 | info), 0x61, 0x61, 0xFF);
        ASSERT_REFUSED(qn_read_array(&in, 0, 9), (uint8_t)(0x80 | info), 0, 0xFF);
        ASSERT_REFUSED(qn_read_map(&in), (uint8_t)(0xA0 | info), 0, 0, 0xFF);
        ASSERT_REFUSED(qn_read_bool(&in), (uint8_t)(0xE0 | info), 0, 0, 0, 0, 0);
    }
}

static void tags_floats_and_other_simple_values_are_refused(void **state)
{
    (void)state;
    ASSERT_REFUSED(qn_read_uint(&in, UINT64_MAX), 0xC0, 0x00);
    ASSERT_REFUSED(qn_read_bytes(&in, 0, 9), 0xC2, 0x41, 0x01);
    ASSERT_REFUSED(qn_read_uint(&in, UINT64_MAX), 0xD9, 0xD9, 0xF7, 0x00);
    ASSERT_REFUSED(qn_read_uint(&in, UINT64_MAX), 0xF9, 0x00, 0x00);
    ASSERT_REFUSED(qn_read_uint(&in, UINT64_MAX), 0xFA, 0x47, 0xC3, 0x50, 0x00);
    ASSERT_REFUSED(qn_read_uint(&in, UINT64_MAX), 0xFB, 0x3F, 0xF1, 0x99, 0x99, 0x99, 0x99, 0x99,
                   0x9A);
    for (unsigned value = 0; value < 20; value++) {
        ASSERT_REFUSED(qn_read_bool(&in), (uint8_t)(0xE0 | value));
    }
    ASSERT_REFUSED(qn_read_bool(&in), 0xF6);       /* null */
    ASSERT_REFUSED(qn_read_bool(&in), 0xF7);       /* undefined */
    ASSERT_REFUSED(qn_read_bool(&in), 0xF8, 0x20); /* simple(32) */
    ASSERT_REFUSED(qn_read_bool(&in), 0xF8, 0xFF);
    ASSERT_REFUSED(qn_read_bool(&in), 0xFF); /* break */
}

static void booleans_are_read(void **state)
{
    (void)state;
    struct qn_reader in = READER(0xF4, 0xF5);
    assert_false(qn_read_bool(&in));
    assert_false(in.failed);
    assert_true(qn_read_bool(&in));
    assert_int_equal(qn_reader_done(&in), QN_OK);
}

static void an_integer_above_its_limit_fails(void **state)
{
    (void)state;
    struct qn_reader in = READER(0x18, 0x65);
    assert_int_equal(qn_read_uint(&in, 100), 0);
    assert_true(in.failed);
    in = READER(0x18, 0x64);
    assert_int_equal(qn_read_uint(&in, 100), 100);
    assert_int_equal(qn_reader_done(&in), QN_OK);
}

static void signed_integers_reach_both_ends_of_int64(void **state)
{
    (void)state;
    struct qn_reader in = READER(0x20, 0x38, 0x63, 0x17, 0x1B, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                 0xFF, 0xFF, 0x3B, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF);
    assert_int_equal(qn_read_int(&in), -1);
    assert_int_equal(qn_read_int(&in), -100);
    assert_int_equal(qn_read_int(&in), 23);
    assert_true(qn_read_int(&in) == INT64_MAX);
    assert_true(qn_read_int(&in) == INT64_MIN);
    assert_int_equal(qn_reader_done(&in), QN_OK);

    in = READER(0x3B, 0x80, 0, 0, 0, 0, 0, 0, 0);
    (void)qn_read_int(&in);
    assert_true(in.failed);
    in = READER(0x1B, 0x80, 0, 0, 0, 0, 0, 0, 0);
    (void)qn_read_int(&in);
    assert_true(in.failed);
    in = READER(0x41, 0x00);
    (void)qn_read_int(&in);
    assert_true(in.failed);
}

static void a_value_of_another_type_fails(void **state)
{
    (void)state;
    static const uint8_t items[][2] = {{0x01},       {0x20}, {0x41, 0x01}, {0x61, 0x61},
                                       {0x81, 0x01}, {0xA0}, {0xF4}};
    char text[10];
    for (size_t i = 0; i < QN_ARRAY_COUNT(items); i++) {
        struct qn_reader in = reader_over(items[i], 2);
        (void)qn_read_uint(&in, UINT64_MAX);
        assert_int_equal(in.failed, i != 0);
        in = reader_over(items[i], 2);
        (void)qn_read_bytes(&in, 0, 9);
        assert_int_equal(in.failed, i != 2);
        in = reader_over(items[i], 2);
        qn_read_text(&in, text, 9);
        assert_int_equal(in.failed, i != 3);
        in = reader_over(items[i], 2);
        (void)qn_read_array(&in, 0, 9);
        assert_int_equal(in.failed, i != 4);
        in = reader_over(items[i], 2);
        (void)qn_read_map(&in);
        assert_int_equal(in.failed, i != 5);
        in = reader_over(items[i], 2);
        (void)qn_read_bool(&in);
        assert_int_equal(in.failed, i != 6);
    }
}

static void lengths_are_held_to_their_range(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 5; len++) {
        uint8_t bytes[] = {(uint8_t)(0x40 | len), 1, 2, 3, 4, 5};
        struct qn_reader in = reader_over(bytes, 1 + len);
        struct qn_span span = qn_read_bytes(&in, 2, 4);
        bool fits = len >= 2 && len <= 4;
        assert_int_equal(in.failed, !fits);
        assert_int_equal(span.len, fits ? len : 0);
        assert_true(span.at == (fits ? bytes + 1 : NULL));

        bytes[0] = (uint8_t)(0x80 | len);
        in = reader_over(bytes, sizeof bytes);
        assert_int_equal(qn_read_array(&in, 2, 4), fits ? len : 0);
        assert_int_equal(in.failed, !fits);
    }
}

static void a_fixed_length_is_that_length_and_zeros_else(void **state)
{
    (void)state;
    uint8_t out[4] = {9, 9, 9, 9};
    struct qn_reader in = READER(0x44, 1, 2, 3, 4);
    qn_read_fixed(&in, out, sizeof out);
    assert_memory_equal(out, ((uint8_t[]){1, 2, 3, 4}), 4);
    assert_int_equal(qn_reader_done(&in), QN_OK);
    in = READER(0x43, 1, 2, 3);
    qn_read_fixed(&in, out, sizeof out);
    assert_true(in.failed);
    assert_memory_equal(out, ((uint8_t[]){0, 0, 0, 0}), 4);
}

/* A count or length near 2^64 must neither be believed nor overflow anything. */
static void enormous_counts_fail_at_once(void **state)
{
    (void)state;
    static const uint8_t huge[] = {0x1B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    for (uint8_t major = 2; major <= 5; major++) {
        uint8_t bytes[sizeof huge + 4] = {0};
        memcpy(bytes, huge, sizeof huge);
        bytes[0] = (uint8_t)(major << 5 | 0x1B);
        char text[10];
        struct qn_reader in = reader_over(bytes, sizeof bytes);
        switch (major) {
        case 2:
            (void)qn_read_bytes(&in, 0, SIZE_MAX);
            break;
        case 3:
            qn_read_text(&in, text, 9);
            break;
        case 4:
            assert_int_equal(qn_read_array(&in, 0, SIZE_MAX), 0);
            break;
        default:
            assert_true(qn_read_map(&in).pairs_left == 0);
            break;
        }
        assert_true(in.failed);
        in = reader_over(bytes, sizeof bytes);
        qn_read_skip(&in);
        assert_true(in.failed);
    }
    ASSERT_REFUSED(qn_read_array(&in, 0, 99), 0x83, 0x00, 0x00);     /* 3 elements in 2 bytes */
    ASSERT_REFUSED(qn_read_map(&in), 0xA2, 0x00, 0x00, 0x01);        /* 2 pairs in 3 bytes */
    ASSERT_REFUSED(qn_read_bytes(&in, 0, 99), 0x43, 0x00, 0x00);     /* 3 bytes in 2 */
    ASSERT_REFUSED(qn_read_uint(&in, UINT64_MAX), 0x1A, 0x01, 0x00); /* 4 bytes in 2 */
    ASSERT_REFUSED(qn_read_uint(&in, UINT64_MAX), 0x18);
}

static void text_is_copied_and_terminated(void **state)
{
    (void)state;
    char text[7];
    memset(text, 'x', sizeof text);
    struct qn_reader in = READER(0x63, 0xE2, 0x82, 0xAC, 0x60);
    qn_read_text(&in, text, 6);
    assert_string_equal(text, "\xE2\x82\xAC");
    qn_read_text(&in, text, 6);
    assert_string_equal(text, "");
    assert_int_equal(qn_reader_done(&in), QN_OK);
}

static void text_that_is_too_long_or_not_utf8_fails(void **state)
{
    (void)state;
    char text[3] = "x";
    struct qn_reader reader = READER(0x63, 'a', 'b', 'c');
    qn_read_text(&reader, text, 2);
    assert_true(reader.failed);
    assert_string_equal(text, "");
    ASSERT_REFUSED((qn_read_text(&in, text, 2), 0), 0x61, 0xFF);
    ASSERT_REFUSED((qn_read_text(&in, text, 2), 0), 0x62, 0xC0, 0x80);
    ASSERT_REFUSED((qn_read_text(&in, text, 2), 0), 0x62, 'a', 0x00);
}

static void map_keys_come_in_ascending_order_once(void **state)
{
    (void)state;
    struct qn_reader reader = READER(0xA3, 0x01, 0x0A, 0x05, 0x0B, 0x18, 0x20, 0x0C);
    struct qn_map_reader map = qn_read_map(&reader);
    qn_read_key(&reader, &map, 1);
    assert_int_equal(qn_read_uint(&reader, 99), 10);
    assert_false(qn_read_key_if(&reader, &map, 4));
    assert_true(qn_read_key_if(&reader, &map, 5));
    assert_int_equal(qn_read_uint(&reader, 99), 11);
    qn_read_key(&reader, &map, 32);
    assert_int_equal(qn_read_uint(&reader, 99), 12);
    assert_false(qn_read_key_if(&reader, &map, 33));
    qn_read_map_end(&reader, &map);
    assert_int_equal(qn_reader_done(&reader), QN_OK);

    ASSERT_NOT_SKIPPED(0xA2, 0x02, 0x00, 0x01, 0x00);       /* descending */
    ASSERT_NOT_SKIPPED(0xA2, 0x01, 0x00, 0x01, 0x00);       /* twice */
    ASSERT_NOT_SKIPPED(0xA2, 0x18, 0x20, 0x00, 0x05, 0x00); /* by length it is not */
    ASSERT_SKIPPED(0xA2, 0x05, 0x00, 0x18, 0x20, 0x00);
    ASSERT_NOT_SKIPPED(0xA1, 0x20, 0x00);       /* negative key */
    ASSERT_NOT_SKIPPED(0xA1, 0x61, 0x61, 0x00); /* text key */
    ASSERT_NOT_SKIPPED(0xA1, 0x18, 0x01, 0x00); /* key longer than needed */
}

static void a_missing_or_other_key_fails(void **state)
{
    (void)state;
    struct qn_reader in = READER(0xA1, 0x02, 0x00);
    struct qn_map_reader map = qn_read_map(&in);
    qn_read_key(&in, &map, 1);
    assert_true(in.failed);

    in = READER(0xA0, 0x01); /* the key lies outside the map */
    map = qn_read_map(&in);
    assert_false(qn_read_key_if(&in, &map, 1));
    qn_read_key(&in, &map, 1);
    assert_true(in.failed);
}

static void the_end_of_a_map_refuses_what_is_left(void **state)
{
    (void)state;
    struct qn_reader in = READER(0xA1, 0x18, 0x80, 0x00);
    struct qn_map_reader map = qn_read_map(&in);
    qn_read_map_end(&in, &map);
    assert_true(in.failed);
}

static enum qn_err read_extensible(struct qn_reader in)
{
    struct qn_map_reader map = qn_read_map(&in);
    qn_read_key(&in, &map, 1);
    (void)qn_read_uint(&in, UINT64_MAX);
    qn_read_map_end_extensible(&in, &map);
    return qn_reader_done(&in);
}

static void extensions_are_skipped_from_128_on(void **state)
{
    (void)state;
    assert_int_equal(read_extensible(READER(0xA1, 1, 0)), QN_OK);
    assert_int_equal(read_extensible(READER(0xA2, 1, 0, 0x18, 0x80, 0x63, 'a', 'b', 'c')), QN_OK);
    assert_int_equal(read_extensible(READER(0xA3, 1, 0, 0x18, 0x80, 0, 0x19, 1, 0, 0x81, 0xF5)),
                     QN_OK);
    assert_int_equal(read_extensible(READER(0xA2, 1, 0, 0x18, 0x7F, 0)), QN_ERR_MALFORMED);
    assert_int_equal(read_extensible(READER(0xA2, 1, 0, 2, 0)), QN_ERR_MALFORMED);
    assert_int_equal(read_extensible(READER(0xA2, 1, 0, 0x18, 0x80, 0xF6)), QN_ERR_MALFORMED);
    assert_int_equal(read_extensible(READER(0xA3, 1, 0, 0x18, 0x81, 0, 0x18, 0x80, 0)),
                     QN_ERR_MALFORMED);
    assert_int_equal(read_extensible(READER(0xA3, 1, 0, 0x18, 0x80, 0, 0x18, 0x80, 0)),
                     QN_ERR_MALFORMED);
    assert_int_equal(read_extensible(READER(0xA2, 1, 0, 0x61, 0x61, 0)), QN_ERR_MALFORMED);
    assert_int_equal(read_extensible(READER(0xA2, 1, 0, 0x18, 0x80)), QN_ERR_MALFORMED);
    assert_int_equal(read_extensible(READER(0xA1, 1, 0, 0x18, 0x80, 0)), QN_ERR_MALFORMED);
}

static void nesting_is_skipped_to_the_limit_and_no_deeper(void **state)
{
    (void)state;
    enum { DEEPEST = QN_CBOR_DEPTH_MAX };
    for (unsigned in_maps = 0; in_maps <= 1; in_maps++) {
        for (size_t depth = 0; depth <= DEEPEST + 1; depth++) {
            uint8_t bytes[2 * (DEEPEST + 1) + 1];
            size_t len = 0;
            for (size_t i = 0; i < depth; i++) {
                bytes[len++] = in_maps ? 0xA1 : 0x81;
                if (in_maps) {
                    bytes[len++] = 0x00;
                }
            }
            bytes[len++] = 0x00;
            struct qn_reader in = reader_over(bytes, len);
            qn_read_skip(&in);
            assert_int_equal(in.failed, depth > DEEPEST);
        }
    }
    uint8_t deep[4096];
    memset(deep, 0x81, sizeof deep);
    struct qn_reader in = reader_over(deep, sizeof deep);
    qn_read_skip(&in);
    assert_true(in.failed);
}

static void every_allowed_item_is_skipped_whole(void **state)
{
    (void)state;
    ASSERT_SKIPPED(0x1B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF);
    ASSERT_SKIPPED(0x3B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF);
    ASSERT_SKIPPED(0x40);
    ASSERT_SKIPPED(0x43, 1, 2, 3);
    ASSERT_SKIPPED(0x60);
    ASSERT_SKIPPED(0x62, 0xC3, 0xBC);
    ASSERT_SKIPPED(0x80);
    ASSERT_SKIPPED(0x84, 0x00, 0x20, 0xF4, 0x81, 0xF5);
    ASSERT_SKIPPED(0xA0);
    ASSERT_SKIPPED(0xA2, 0x00, 0x80, 0x01, 0xA1, 0x18, 0x18, 0x40);
    ASSERT_NOT_SKIPPED(0x00, 0x00); /* trailing */
    ASSERT_NOT_SKIPPED(0x82, 0x00, 0xF6);
    ASSERT_NOT_SKIPPED(0xA1, 0x00, 0xC1, 0x00);
}

static void nothing_at_all_is_not_an_item(void **state)
{
    (void)state;
    struct qn_reader in;
    qn_reader_init(&in, (struct qn_span){NULL, 0});
    assert_int_equal(qn_reader_done(&in), QN_OK);
    qn_read_skip(&in);
    assert_true(in.failed);
    qn_reader_init(&in, (struct qn_span){NULL, 0});
    assert_int_equal(qn_read_uint(&in, UINT64_MAX), 0);
    assert_true(in.failed);
}

static void trailing_bytes_fail_at_the_end(void **state)
{
    (void)state;
    struct qn_reader in = READER(0x01, 0x00);
    assert_int_equal(qn_read_uint(&in, 1), 1);
    assert_false(in.failed);
    assert_int_equal(qn_reader_done(&in), QN_ERR_MALFORMED);
}

static void after_a_failure_everything_reads_as_zero(void **state)
{
    (void)state;
    struct qn_reader in = READER(0xF6, 0x01, 0x41, 0x05, 0x61, 0x61, 0x81, 0xA1, 0x01, 0xF5);
    uint8_t fixed[2] = {7, 7};
    char text[4] = "abc";
    assert_int_equal(qn_read_uint(&in, 9), 0);
    assert_int_equal(qn_read_uint(&in, 9), 0);
    assert_int_equal(qn_read_int(&in), 0);
    assert_int_equal(qn_read_bytes(&in, 0, 9).len, 0);
    qn_read_fixed(&in, fixed, 2);
    assert_memory_equal(fixed, "\0\0", 2);
    qn_read_text(&in, text, 3);
    assert_string_equal(text, "");
    assert_int_equal(qn_read_array(&in, 0, 9), 0);
    struct qn_map_reader map = qn_read_map(&in);
    assert_true(map.pairs_left == 0);
    assert_false(qn_read_key_if(&in, &map, 1));
    assert_false(qn_read_bool(&in));
    assert_int_equal(qn_reader_done(&in), QN_ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_of_every_width_are_read),
        cmocka_unit_test(a_longer_head_than_needed_is_refused_at_each_width),
        cmocka_unit_test(reserved_and_indefinite_lengths_are_refused),
        cmocka_unit_test(tags_floats_and_other_simple_values_are_refused),
        cmocka_unit_test(booleans_are_read),
        cmocka_unit_test(an_integer_above_its_limit_fails),
        cmocka_unit_test(signed_integers_reach_both_ends_of_int64),
        cmocka_unit_test(a_value_of_another_type_fails),
        cmocka_unit_test(lengths_are_held_to_their_range),
        cmocka_unit_test(a_fixed_length_is_that_length_and_zeros_else),
        cmocka_unit_test(enormous_counts_fail_at_once),
        cmocka_unit_test(text_is_copied_and_terminated),
        cmocka_unit_test(text_that_is_too_long_or_not_utf8_fails),
        cmocka_unit_test(map_keys_come_in_ascending_order_once),
        cmocka_unit_test(a_missing_or_other_key_fails),
        cmocka_unit_test(the_end_of_a_map_refuses_what_is_left),
        cmocka_unit_test(extensions_are_skipped_from_128_on),
        cmocka_unit_test(nesting_is_skipped_to_the_limit_and_no_deeper),
        cmocka_unit_test(every_allowed_item_is_skipped_whole),
        cmocka_unit_test(nothing_at_all_is_not_an_item),
        cmocka_unit_test(trailing_bytes_fail_at_the_end),
        cmocka_unit_test(after_a_failure_everything_reads_as_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
