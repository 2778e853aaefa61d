#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void copy_holds_its_own_bytes(void **state)
{
    uint8_t bytes[] = {1, 2, 3};

    (void)state;
    struct qn_buf *buf = qn_buf_copy((struct qn_span){bytes, sizeof bytes});
    bytes[0] = 9;
    assert_int_equal(buf->references, 1);
    assert_int_equal(qn_buf_span(buf).len, 3);
    assert_int_equal(qn_buf_span(buf).at[0], 1);
    qn_buf_drop(buf);
}

static void the_last_drop_frees(void **state)
{
    (void)state;
    struct qn_buf *buf = qn_buf_new(10);
    assert_ptr_equal(qn_buf_hold(buf), buf);
    assert_int_equal(buf->references, 2);
    qn_buf_drop(buf);
    assert_int_equal(buf->references, 1);
    qn_buf_drop(buf); /* the leak checker sees a reference too many, ASan one too few */
}

static void nothing_can_be_dropped_and_copied(void **state)
{
    (void)state;
    qn_buf_drop(NULL);
    struct qn_buf *buf = qn_buf_copy((struct qn_span){NULL, 0});
    assert_int_equal(buf->len, 0);
    qn_buf_drop(buf);
}

static jmp_buf after_assert;

static void jump(const char *message)
{
    (void)message;
    longjmp(after_assert, 1);
}

static void a_length_that_wraps_around_stops_the_program(void **state)
{
    (void)state;
    qn_assert_hook = jump;
    if (setjmp(after_assert) == 0) {
        qn_buf_drop(qn_buf_new(SIZE_MAX - 4));
        fail_msg("a buffer smaller than its length was made");
    }
    qn_assert_hook = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copy_holds_its_own_bytes),
        cmocka_unit_test(the_last_drop_frees),
        cmocka_unit_test(nothing_can_be_dropped_and_copied),
        cmocka_unit_test(a_length_that_wraps_around_stops_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
