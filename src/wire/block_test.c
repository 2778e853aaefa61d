/* Field by field; what holds for every message alike is in every_message_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "wire/block.h"
#include "wire/frame.h"
#include "wire/testing/hex.h"
#include "wire/testing/run.h"
#include "wire/vote.h"

#define HASH(byte) "5820 " byte "*32 "
#define HEADER(version, flags)                                                                     \
    "AC 01 " version                                                                               \
    " 02 " HASH("22") " 03 03 04 04 05 " HASH("55") " 06 " HASH("66") " 07 " HASH(                 \
        "77") " 08 " HASH("88") " 09 " HASH("99") " 0A " HASH("AA") " 0B 18 64 0C " flags
#define GOOD_HEADER HEADER("01", "00")

static struct qn_header good_header(void)
{
    struct qn_buf *buf = qn_hex_buf(GOOD_HEADER);
    struct qn_header header;
    assert_int_equal(qn_header_decode(&header, qn_buf_span(buf)), QN_OK);
    qn_buf_drop(buf);
    return header;
}

static void a_header_has_these_fields(void **state)
{
    (void)state;
    struct qn_header header = good_header();
    assert_int_equal(header.version, 1);
    assert_int_equal(header.network.bytes[0], 0x22);
    assert_int_equal(header.epoch, 3);
    assert_int_equal(header.height, 4);
    assert_int_equal(header.parent.bytes[0], 0x55);
    assert_int_equal(header.tx_root.bytes[0], 0x66);
    assert_int_equal(header.state_root.bytes[0], 0x77);
    assert_int_equal(header.history_root.bytes[0], 0x88);
    assert_int_equal(header.validators_hash.bytes[0], 0x99);
    assert_int_equal(header.next_validators_hash.bytes[0], 0xAA);
    assert_int_equal(header.time_ms, 100);
    assert_int_equal(header.flags, 0);

    uint8_t out[QN_HEADER_LEN_MAX];
    struct qn_span written;
    assert_int_equal(qn_header_encode(&header, out, sizeof out, &written), QN_OK);
    qn_assert_hex(qn_buf_copy(written), GOOD_HEADER);
    struct qn_hash expected = qn_sha3(written);
    struct qn_hash id = qn_header_id(&header);
    assert_true(qn_hash_equal(&id, &expected));
    assert_int_equal(qn_header_encode(&header, out, written.len - 1, &written), QN_ERR_TOO_BIG);
}

static void only_version_1_with_known_flags_is_a_header(void **state)
{
    (void)state;
    static const char *const hexes[] = {HEADER("00", "00"), HEADER("02", "00"), HEADER("01", "02")};
    for (size_t i = 0; i < QN_ARRAY_COUNT(hexes); i++) {
        struct qn_buf *buf = qn_hex_buf(hexes[i]);
        struct qn_header header;
        assert_int_equal(qn_header_decode(&header, qn_buf_span(buf)), QN_ERR_MALFORMED);
        qn_buf_drop(buf);
    }
    struct qn_buf *last = qn_hex_buf(HEADER("01", "01"));
    struct qn_header header;
    assert_int_equal(qn_header_decode(&header, qn_buf_span(last)), QN_OK);
    assert_int_equal(header.flags, QN_HEADER_EPOCH_END);
    qn_buf_drop(last);
}

static void the_largest_header_fits_its_limit(void **state)
{
    (void)state;
    struct qn_header header = good_header();
    header.epoch = header.height = header.time_ms = UINT64_MAX;
    uint8_t out[QN_HEADER_LEN_MAX];
    struct qn_span written;
    assert_int_equal(qn_header_encode(&header, out, sizeof out, &written), QN_OK);
}

static struct qn_block *make_block(struct qn_buf **bytes)
{
    static const uint8_t txs[] = {0xE1, 0xE2, 0xE3};
    struct qn_span spans[] = {{txs, 1}, {txs + 1, 2}};
    struct qn_header header = good_header();
    struct qn_block *block = qn_block_new(&header, spans, 2);
    if (bytes != NULL) {
        *bytes = qn_buf_copy(qn_buf_span(block->encoded));
    }
    return block;
}

static void assert_is_that_block(const struct qn_block *block)
{
    struct qn_header header = good_header();
    struct qn_hash id = qn_header_id(&header);
    assert_int_equal(block->references, 1);
    assert_true(qn_hash_equal(&block->id, &id));
    assert_int_equal(block->header.height, 4);
    assert_int_equal(block->header.state_root.bytes[0], 0x77);
    assert_int_equal(block->tx_count, 2);
    assert_int_equal(block->txs[0].len, 1);
    assert_int_equal(block->txs[0].at[0], 0xE1);
    assert_int_equal(block->txs[1].len, 2);
    /* They lie in the block's own bytes. */
    assert_ptr_equal(block->txs[1].at + 2, block->encoded->bytes + block->encoded->len);
    assert_int_equal(block->encoded->references, 1);
}

static void a_block_is_made_and_read(void **state)
{
    (void)state;
    struct qn_buf *bytes = NULL;
    struct qn_block *block = make_block(&bytes);
    assert_is_that_block(block);
    qn_assert_hex(qn_buf_copy(qn_buf_span(block->encoded)),
                  "A2 01 59 0101 " GOOD_HEADER " 02 82 41 E1 42 E2E3");
    qn_block_drop(block);

    assert_int_equal(qn_block_decode(&block, qn_buf_span(bytes)), QN_OK);
    qn_buf_drop(bytes); /* the block keeps its own */
    assert_is_that_block(block);
    qn_block_drop(block);
}

static void a_block_lives_until_its_last_reference_goes(void **state)
{
    (void)state;
    struct qn_block *block = make_block(NULL);
    assert_ptr_equal(qn_block_hold(block), block);
    assert_int_equal(block->references, 2);
    qn_block_drop(block);
    assert_is_that_block(block);
    qn_block_drop(block);
    qn_block_drop(NULL);
}

static void a_block_without_transactions_is_one(void **state)
{
    (void)state;
    struct qn_header header = good_header();
    struct qn_block *block = qn_block_new(&header, NULL, 0);
    struct qn_block *again = NULL;
    assert_int_equal(qn_block_decode(&again, qn_buf_span(block->encoded)), QN_OK);
    assert_int_equal(again->tx_count, 0);
    qn_block_drop(again);
    qn_block_drop(block);
}

static void another_form_is_no_block(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum qn_err err;
    } cases[] = {
        {"A2 01 59 0101 " HEADER("02", "00") " 02 80", QN_ERR_MALFORMED},
        {"A2 01 59 0102 " GOOD_HEADER " 00 02 80", QN_ERR_MALFORMED}, /* trailing in the header */
        {"A2 01 59 0101 " GOOD_HEADER " 02 81 40", QN_ERR_MALFORMED}, /* empty transaction */
        {"A2 01 59 0101 " GOOD_HEADER " 02 81 59 4001 00*16385", QN_ERR_MALFORMED},
        {"A2 01 59 0101 " GOOD_HEADER " 02 9841 40*65", QN_ERR_MALFORMED},
        {"A2 01 59 0191 00*401 02 80", QN_ERR_MALFORMED},
        {"A1 01 59 0101 " GOOD_HEADER, QN_ERR_MALFORMED},
        {"A3 01 59 0101 " GOOD_HEADER " 02 80 03 00", QN_ERR_MALFORMED},
        {"", QN_ERR_MALFORMED},
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(cases); i++) {
        struct qn_buf *buf = qn_hex_buf(cases[i].hex);
        struct qn_block *block = NULL;
        if (qn_block_decode(&block, qn_buf_span(buf)) != cases[i].err) {
            fail_msg("%s", cases[i].hex);
        }
        assert_null(block);
        qn_buf_drop(buf);
    }
}

/* Transactions that fill a block to its last byte, and then one byte more. */
static void a_block_is_filled_to_its_limit_and_no_further(void **state)
{
    (void)state;
    static const uint8_t bytes[QN_TX_LEN_MAX];
    enum { HEADER_LEN = 0x101, FULL = 31 };
    struct qn_header header = good_header();
    struct qn_span txs[FULL + 1];
    size_t used = 1 + 1 + 3 + HEADER_LEN + 1 + 2;
    for (size_t i = 0; i < FULL; i++) {
        txs[i] = (struct qn_span){bytes, sizeof bytes};
        used += 3 + sizeof bytes;
    }
    txs[FULL] = (struct qn_span){bytes, QN_BLOCK_LEN_MAX - used - 3};
    struct qn_block *block = qn_block_new(&header, txs, FULL + 1);
    assert_int_equal(block->encoded->len, QN_BLOCK_LEN_MAX);

    struct qn_buf *more = qn_buf_new(QN_BLOCK_LEN_MAX + 1);
    memcpy(more->bytes, block->encoded->bytes, QN_BLOCK_LEN_MAX);
    more->bytes[QN_BLOCK_LEN_MAX] = 0;
    struct qn_block *decoded = NULL;
    assert_int_equal(qn_block_decode(&decoded, qn_buf_span(more)), QN_ERR_TOO_BIG);
    assert_null(decoded);
    assert_int_equal(qn_block_decode(&decoded, qn_buf_span(block->encoded)), QN_OK);
    qn_block_drop(decoded);

    struct qn_signature signature = {.len = QN_NODE_SIGNATURE_LEN_MAX};
    struct qn_buf *propose =
        qn_propose_encode(&(struct qn_propose){.epoch = UINT64_MAX,
                                               .view = UINT64_MAX,
                                               .parent_view = UINT64_MAX,
                                               .block = qn_buf_span(block->encoded),
                                               .signature = signature});
    assert_int_equal(propose->len, qn_kind_find(QN_PROPOSE)->len_max);
    qn_buf_drop(propose);
    qn_buf_drop(more);
    qn_block_drop(block);
}

static void get_blocks_has_these_fields(void **state)
{
    (void)state;
    static const char hex[] = "A3 01 18 64 02 19 0100 03 1A FFFFFFFF";
    struct qn_buf *buf = qn_hex_buf(hex);
    struct qn_get_blocks request;
    assert_int_equal(qn_get_blocks_decode(&request, qn_buf_span(buf)), QN_OK);
    assert_int_equal(request.from_height, 100);
    assert_int_equal(request.count_max, QN_BLOCKS_PER_REPLY_MAX);
    assert_int_equal(request.bytes_max, UINT32_MAX);
    qn_assert_hex(qn_get_blocks_encode(&request), hex);
    qn_buf_drop(buf);
    static const char *const refused[] = {"A3 01 18 64 02 00 03 00", "A3 01 18 64 02 19 0101 03 00",
                                          "A3 01 18 64 02 01 03 1B 0000000100000000"};
    for (size_t i = 0; i < QN_ARRAY_COUNT(refused); i++) {
        buf = qn_hex_buf(refused[i]);
        assert_int_equal(qn_get_blocks_decode(&request, qn_buf_span(buf)), QN_ERR_MALFORMED);
        qn_buf_drop(buf);
    }
    request = (struct qn_get_blocks){UINT64_MAX, QN_BLOCKS_PER_REPLY_MAX, UINT32_MAX};
    struct qn_buf *largest = qn_get_blocks_encode(&request);
    assert_int_equal(largest->len, qn_kind_find(QN_GET_BLOCKS)->len_max);
    qn_buf_drop(largest);
}

static void blocks_come_with_certificates_or_a_path_to_one(void **state)
{
    (void)state;
    static const char hex[] = "A1 01 82 A1 01 42 B1B1 A2 01 41 B2 02 43 C2C2C2";
    struct qn_buf *buf = qn_hex_buf(hex);
    struct qn_blocks blocks;
    assert_int_equal(qn_blocks_decode(&blocks, qn_buf_span(buf)), QN_OK);
    assert_int_equal(blocks.count, 2);
    assert_ptr_equal(blocks.items[0].block.at, buf->bytes + 6);
    assert_int_equal(blocks.items[0].block.len, 2);
    assert_int_equal(blocks.items[0].cert.len, 0);
    assert_int_equal(blocks.items[1].block.len, 1);
    assert_int_equal(blocks.items[1].cert.len, 3);
    struct qn_buf *again = NULL;
    assert_int_equal(qn_blocks_encode(&again, &blocks), QN_OK);
    qn_assert_hex(again, hex);
    qn_buf_drop(buf);

    static const char path[] = "A3 01 81 A1 01 42 B1B1 02 82 41 AA 42 ABAB 03 41 CC";
    buf = qn_hex_buf(path);
    assert_int_equal(qn_blocks_decode(&blocks, qn_buf_span(buf)), QN_OK);
    assert_int_equal(blocks.header_count, 2);
    assert_int_equal(blocks.headers[1].len, 2);
    assert_int_equal(blocks.cert.len, 1);
    assert_int_equal(qn_blocks_encode(&again, &blocks), QN_OK);
    qn_assert_hex(again, path);
    qn_buf_drop(buf);

    buf = qn_hex_buf("A1 01 80");
    assert_int_equal(qn_blocks_decode(&blocks, qn_buf_span(buf)), QN_OK);
    assert_int_equal(blocks.count, 0);
    qn_buf_drop(buf);
    static const char *const refused[] = {
        "A1 01 81 A0",
        "A1 01 81 A1 01 40",
        "A1 01 81 A1 02 41 00",
        "A1 01 81 A2 01 41 00 02 40",
        "A1 01 81 A2 01 41 00 03 41 00",
        "A1 01 990101 A0*257",
        "A1 01 82 A1 01 41 00",
        "A2 01 80 02 81 41 AA",
        "A2 01 80 03 41 CC",
        "A3 01 80 02 80 03 41 CC",
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(refused); i++) {
        buf = qn_hex_buf(refused[i]);
        if (qn_blocks_decode(&blocks, qn_buf_span(buf)) != QN_ERR_MALFORMED) {
            fail_msg("%s was taken", refused[i]);
        }
        qn_buf_drop(buf);
    }
}

static void blocks_fill_a_message_and_no_more(void **state)
{
    (void)state;
    static const uint8_t bytes[QN_BLOCK_LEN_MAX];
    struct qn_blocks blocks = {.count = 2};
    size_t heads = 3 + 2 * (1 + 1 + 5);
    blocks.items[0].block = (struct qn_span){bytes, QN_BLOCK_LEN_MAX};
    blocks.items[1].block = (struct qn_span){bytes, QN_BLOCK_LEN_MAX - heads};
    struct qn_buf *buf = NULL;
    struct qn_blocks decoded;
    assert_int_equal(qn_blocks_encode(&buf, &blocks), QN_OK);
    assert_int_equal(buf->len, QN_MESSAGE_LEN_MAX);
    assert_int_equal(qn_blocks_decode(&decoded, qn_buf_span(buf)), QN_OK);
    assert_int_equal(decoded.count, 2);
    qn_buf_drop(buf);

    buf = NULL;
    blocks.items[1].block.len += 1;
    assert_int_equal(qn_blocks_encode(&buf, &blocks), QN_ERR_TOO_BIG);
    assert_null(buf);
    assert_int_equal(qn_blocks_decode(&decoded, (struct qn_span){bytes, QN_MESSAGE_LEN_MAX + 1}),
                     QN_ERR_TOO_BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_has_these_fields),
        cmocka_unit_test(only_version_1_with_known_flags_is_a_header),
        cmocka_unit_test(the_largest_header_fits_its_limit),
        cmocka_unit_test(a_block_is_made_and_read),
        cmocka_unit_test(a_block_lives_until_its_last_reference_goes),
        cmocka_unit_test(a_block_without_transactions_is_one),
        cmocka_unit_test(another_form_is_no_block),
        cmocka_unit_test(a_block_is_filled_to_its_limit_and_no_further),
        cmocka_unit_test(get_blocks_has_these_fields),
        cmocka_unit_test(blocks_come_with_certificates_or_a_path_to_one),
        cmocka_unit_test(blocks_fill_a_message_and_no_more),
    };
    qn_test_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
