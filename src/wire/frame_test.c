#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "wire/frame.h"

static enum qn_err decode(const struct qn_frame_header *header)
{
    uint8_t bytes[QN_FRAME_HEADER_LEN];
    struct qn_frame_header decoded;
    struct qn_frame_header before;
    memset(&decoded, 0xA5, sizeof decoded);
    before = decoded;
    qn_frame_header_encode(bytes, header);
    enum qn_err err = qn_frame_header_decode(&decoded, bytes);
    if (err != QN_OK) {
        assert_memory_equal(&decoded, &before, sizeof before);
    } else {
        assert_int_equal(decoded.len, header->len);
        assert_int_equal(decoded.class, header->class);
        assert_int_equal(decoded.kind, header->kind);
        assert_int_equal(decoded.flags, header->flags);
        assert_int_equal(decoded.request_id, header->request_id);
    }
    return err;
}

/* A header that its kind may have. */
static struct qn_frame_header header_of(const struct qn_kind_info *info)
{
    return (struct qn_frame_header){
        .len = 1,
        .class = (uint8_t)info->class,
        .kind = (uint8_t)info->kind,
        .flags = info->is_reply ? QN_FRAME_REPLY : 0,
        .request_id = info->is_reply || info->is_request ? 0x01020304 : 0,
    };
}

#define FOR_EACH_KIND                                                                              \
    for (unsigned number = 0; number <= UINT8_MAX; number++)                                       \
        for (const struct qn_kind_info *info = qn_kind_find(number); info != NULL; info = NULL)

static void the_header_has_ten_bytes_in_this_order(void **state)
{
    (void)state;
    static const uint8_t bytes[QN_FRAME_HEADER_LEN] = {0x00, 0x0F, 0xA0, 2, 49, 1, 1, 2, 3, 4};
    struct qn_frame_header header;
    assert_int_equal(qn_frame_header_decode(&header, bytes), QN_OK);
    assert_int_equal(header.len, 4000);
    assert_int_equal(header.class, QN_CLASS_P2);
    assert_int_equal(header.kind, QN_SUBMIT);
    assert_int_equal(header.flags, QN_FRAME_MORE);
    assert_int_equal(header.request_id, 0x01020304);
    uint8_t again[QN_FRAME_HEADER_LEN];
    qn_frame_header_encode(again, &header);
    assert_memory_equal(again, bytes, sizeof bytes);
}

static void every_kind_has_a_class_a_name_and_a_limit(void **state)
{
    (void)state;
    size_t count = 0;
    FOR_EACH_KIND
    {
        assert_int_equal(info->kind, number);
        assert_in_range(info->class, QN_CLASS_P0, QN_CLASS_P3);
        assert_true(strlen(info->name) > 0);
        assert_in_range(info->len_max, 1, QN_MESSAGE_LEN_MAX);
        assert_false(info->is_reply && info->is_request);
        assert_int_equal(
            decode(&(struct qn_frame_header){0, (uint8_t)info->class, (uint8_t)number,
                                             header_of(info).flags, header_of(info).request_id}),
            QN_OK);
        count += 1;
    }
    assert_int_equal(count, 28);
    assert_null(qn_kind_find(256 + QN_HELLO));
}

static void what_must_not_wait_travels_in_the_first_class(void **state)
{
    (void)state;
    FOR_EACH_KIND
    {
        bool is_urgent = number < 16 || (number >= 32 && number < 48);
        assert_int_equal(info->class == QN_CLASS_P0, is_urgent);
    }
    assert_int_equal(qn_kind_find(QN_ANNOUNCE)->class, QN_CLASS_P1);
    assert_int_equal(qn_kind_find(QN_SUBMIT)->class, QN_CLASS_P2);
    assert_int_equal(qn_kind_find(QN_BLOCKS)->class, QN_CLASS_P3);
}

static void an_unknown_kind_is_refused(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind <= UINT8_MAX; kind++) {
        for (unsigned class = 0; class < QN_CLASS_COUNT; class ++) {
            struct qn_frame_header header = {.class = (uint8_t) class, .kind = (uint8_t)kind};
            if (qn_kind_find(kind) == NULL) {
                assert_int_equal(decode(&header), QN_ERR_MALFORMED);
            }
        }
    }
}

static void a_kind_in_another_class_is_refused(void **state)
{
    (void)state;
    FOR_EACH_KIND
    {
        struct qn_frame_header header = header_of(info);
        for (unsigned class = 0; class <= UINT8_MAX; class ++) {
            header.class = (uint8_t) class;
            bool is_own = class == (unsigned)info->class;
            assert_int_equal(decode(&header), is_own ? QN_OK : QN_ERR_MALFORMED);
        }
    }
}

static void each_reserved_flag_is_refused(void **state)
{
    (void)state;
    FOR_EACH_KIND
    {
        for (unsigned flag = 4; flag <= 0x80; flag <<= 1) {
            struct qn_frame_header header = header_of(info);
            header.flags |= (uint8_t)flag;
            assert_int_equal(decode(&header), QN_ERR_MALFORMED);
        }
    }
}

static void the_reply_flag_is_for_replies(void **state)
{
    (void)state;
    FOR_EACH_KIND
    {
        struct qn_frame_header header = header_of(info);
        header.flags ^= QN_FRAME_REPLY;
        assert_int_equal(decode(&header), QN_ERR_MALFORMED);
    }
}

static void a_request_id_is_where_the_kind_wants_it(void **state)
{
    (void)state;
    FOR_EACH_KIND
    {
        struct qn_frame_header header = header_of(info);
        assert_int_equal(decode(&header), QN_OK);
        header.request_id = header.request_id == 0 ? 1 : 0;
        assert_int_equal(decode(&header), QN_ERR_MALFORMED);
        header = header_of(info);
        header.request_id = header.request_id == 0 ? 0x80000000 : UINT32_MAX;
        bool wants = info->is_reply || info->is_request;
        assert_int_equal(decode(&header), wants ? QN_OK : QN_ERR_MALFORMED);
    }
}

static void a_frame_that_goes_on_has_payload(void **state)
{
    (void)state;
    FOR_EACH_KIND
    {
        struct qn_frame_header header = header_of(info);
        header.flags |= QN_FRAME_MORE;
        assert_int_equal(decode(&header), QN_OK);
        header.len = 0;
        assert_int_equal(decode(&header), QN_ERR_MALFORMED);
    }
}

static void a_frame_is_no_longer_than_a_chunk_and_its_message(void **state)
{
    (void)state;
    FOR_EACH_KIND
    {
        uint32_t longest = info->len_max < QN_FRAME_CHUNK_MAX ? (uint32_t)info->len_max
                                                              : (uint32_t)QN_FRAME_CHUNK_MAX;
        struct qn_frame_header header = header_of(info);
        uint8_t bytes[QN_FRAME_HEADER_LEN];
        header.len = longest;
        assert_int_equal(decode(&header), QN_OK);
        for (unsigned bit = 0; bit < 24; bit++) {
            uint32_t len = longest + 1 + (1U << bit);
            qn_frame_header_encode(bytes, &header);
            bytes[0] = (uint8_t)(len >> 16);
            bytes[1] = (uint8_t)(len >> 8);
            bytes[2] = (uint8_t)len;
            assert_int_equal(qn_frame_header_decode(&header, bytes), QN_ERR_TOO_BIG);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_has_ten_bytes_in_this_order),
        cmocka_unit_test(every_kind_has_a_class_a_name_and_a_limit),
        cmocka_unit_test(what_must_not_wait_travels_in_the_first_class),
        cmocka_unit_test(an_unknown_kind_is_refused),
        cmocka_unit_test(a_kind_in_another_class_is_refused),
        cmocka_unit_test(each_reserved_flag_is_refused),
        cmocka_unit_test(the_reply_flag_is_for_replies),
        cmocka_unit_test(a_request_id_is_where_the_kind_wants_it),
        cmocka_unit_test(a_frame_that_goes_on_has_payload),
        cmocka_unit_test(a_frame_is_no_longer_than_a_chunk_and_its_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
