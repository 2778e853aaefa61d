#include "base/base.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    enum qn_err err;
    const char *identifier;
    const char *text;
} errors[] = {
#define ROW(name, number, text) {QN_##name, #name, text},
    QN_ERR_LIST(ROW)
#undef ROW
};

static void every_error_has_its_identifier_in_lower_case_as_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(errors); i++) {
        char expected[64];
        const char *identifier = errors[i].identifier;
        if (strncmp(identifier, "ERR_", 4) == 0) {
            identifier += 4;
        }
        (void)snprintf(expected, sizeof expected, "%s", identifier);
        for (char *at = expected; *at != '\0'; at++) {
            *at = (char)tolower((unsigned char)*at);
        }
        assert_string_equal(qn_err_name(errors[i].err), expected);
    }
}

static void every_error_has_the_text_of_the_list(void **state)
{
    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(errors); i++) {
        assert_string_equal(qn_err_text(errors[i].err), errors[i].text);
    }
}

static void a_number_outside_the_list_is_an_unknown_error(void **state)
{
    static const int outside[] = {1, -255, 2147483647, -2147483647 - 1};

    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(outside); i++) {
        enum qn_err err;
        memcpy(&err, &outside[i], sizeof err); /* as it may arrive in SUBMIT_RESULT */
        assert_string_equal(qn_err_text(err), "unknown error");
        assert_string_equal(qn_err_name(err), "unknown_error");
    }
}

static jmp_buf after_assert;
static char assert_message[512];

static void note_and_jump(const char *message)
{
    (void)snprintf(assert_message, sizeof assert_message, "%s", message);
    longjmp(after_assert, 1);
}

static void a_broken_invariant_tells_the_hook_where(void **state)
{
    (void)state;
    int one = 1;
    qn_assert_hook = note_and_jump;
    if (setjmp(after_assert) == 0) {
        QN_ASSERT(one == 1);
        QN_ASSERT(one == 2);
        fail_msg("the program went on");
    }
    qn_assert_hook = NULL;
    assert_non_null(strstr(assert_message, "err_test.c:"));
    assert_non_null(strstr(assert_message, "one == 2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_its_identifier_in_lower_case_as_name),
        cmocka_unit_test(every_error_has_the_text_of_the_list),
        cmocka_unit_test(a_number_outside_the_list_is_an_unknown_error),
        cmocka_unit_test(a_broken_invariant_tells_the_hook_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
