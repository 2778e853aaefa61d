#include "wire/testing/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

struct qn_buf *qn_hex_buf(const char *text)
{
    enum { CAPACITY = 65536 };
    struct qn_buf *buf = qn_buf_new(CAPACITY);
    size_t len = 0;
    while (*text != '\0') {
        if (*text == ' ') {
            text += 1;
            continue;
        }
        char digits[3] = {text[0], text[1], '\0'};
        uint8_t byte = 0;
        assert_int_equal(qn_hex_decode(&byte, 1, digits), QN_OK);
        text += 2;
        size_t times = 1;
        if (*text == '*') {
            char *after = NULL;
            times = (size_t)strtoul(text + 1, &after, 10);
            text = after;
        }
        assert_in_range(times, 1, CAPACITY - len);
        memset(buf->bytes + len, byte, times);
        len += times;
    }
    struct qn_buf *exact = qn_buf_copy((struct qn_span){buf->bytes, len});
    qn_buf_drop(buf);
    return exact;
}

void qn_assert_hex(struct qn_buf *buf, const char *text)
{
    struct qn_buf *expected = qn_hex_buf(text);
    assert_non_null(buf);
    assert_int_equal(buf->len, expected->len);
    assert_memory_equal(buf->bytes, expected->bytes, buf->len);
    qn_buf_drop(expected);
    qn_buf_drop(buf);
}
