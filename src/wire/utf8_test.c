#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "wire/utf8.h"

static bool is_valid(const char *text)
{
    return qn_utf8_is_valid((struct qn_span){(const uint8_t *)text, strlen(text)});
}

/* The encoding by the arithmetic of RFC 3629 section 3, for any number below 2^21 and any of the
 * lengths 1 to 4 that hold it. */
static size_t encode(uint8_t out[4], uint32_t code, size_t len)
{
    static const uint8_t leads[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    for (size_t i = len; i > 1; i--) {
        out[i - 1] = (uint8_t)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    out[0] = (uint8_t)(leads[len] | code);
    return len;
}

static size_t shortest(uint32_t code)
{
    return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

static void every_scalar_value_is_valid_in_its_shortest_form_only(void **state)
{
    (void)state;
    static const uint32_t ends[] = {0, 0x7F, 0x7FF, 0xFFFF, 0x1FFFFF};
    for (uint32_t code = 0; code <= 0x1FFFFF; code++) {
        bool is_scalar = code > 0 && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
        for (size_t len = shortest(code); len <= 4; len++) {
            uint8_t bytes[4];
            assert_true(code <= ends[len]);
            struct qn_span text = {bytes, encode(bytes, code, len)};
            bool expected = is_scalar && len == shortest(code);
            if (qn_utf8_is_valid(text) != expected) {
                fail_msg("U+%06X in %zu bytes", (unsigned)code, len);
            }
            text.len -= 1; /* the missing byte lies behind the end and must not be looked at */
            if (len > 1 && qn_utf8_is_valid(text)) {
                fail_msg("U+%06X in %zu bytes, cut short", (unsigned)code, len);
            }
        }
    }
}

static void the_empty_text_and_mixed_text_are_valid(void **state)
{
    (void)state;
    assert_true(qn_utf8_is_valid((struct qn_span){NULL, 0}));
    assert_true(is_valid("QNet \xC3\xBC \xE2\x82\xAC \xF0\x9F\x98\x80 end"));
}

static void broken_sequences_are_invalid_wherever_they_stand(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "\x80", /* continuation alone */
        "\xBF",
        "\xC3",
        "\xC3(",
        "\xE2\x82",
        "\xE2(\xAC",
        "\xE2\x82(",
        "\xF0\x9F\x98",
        "\xF0\x9F(\x80",
        "\xF0(\x98\x80",
        "\xF0\x9F\x98(",
        "\xC0\xAF",
        "\xC1\xBF", /* overlong */
        "\xE0\x80\xAF",
        "\xE0\x9F\xBF",
        "\xF0\x8F\xBF\xBF",
        "\xED\xA0\x80",
        "\xED\xBF\xBF", /* surrogates */
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80",
        "\xF8\x88\x80\x80\x80", /* above U+10FFFF */
        "\xFE",
        "\xFF",
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(broken); i++) {
        char text[16];
        assert_false(is_valid(broken[i]));
        (void)snprintf(text, sizeof text, "ab%s", broken[i]);
        assert_false(is_valid(text));
        (void)snprintf(text, sizeof text, "%sab", broken[i]);
        assert_false(is_valid(text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scalar_value_is_valid_in_its_shortest_form_only),
        cmocka_unit_test(the_empty_text_and_mixed_text_are_valid),
        cmocka_unit_test(broken_sequences_are_invalid_wherever_they_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
