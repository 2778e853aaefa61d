#include "cli/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_option_can_be_given_in_one_way_at_least(void **state)
{
    (void)state;
    for (unsigned i = 0; i < QN_OPTION_COUNT; i++) {
        const struct qn_option *option = qn_option_at((enum qn_option_id)i);
        bool is_switch = (option->traits & QN_OPTION_SWITCH) != 0;
        assert_int_equal(option->id, i);
        assert_true(option->flag != NULL || option->environment != NULL);
        assert_true(option->help != NULL && option->help[0] != '\0');
        assert_int_equal(option->placeholder == NULL, is_switch);
    }
}

static void no_secret_has_a_flag_or_a_default_but_each_has_a_file(void **state)
{
    unsigned secrets = 0;

    (void)state;
    for (unsigned i = 0; i < QN_OPTION_COUNT; i++) {
        const struct qn_option *option = qn_option_at((enum qn_option_id)i);
        if ((option->traits & QN_OPTION_SECRET) == 0) {
            continue;
        }
        const struct qn_option *file = qn_option_at((enum qn_option_id)(i + 1));
        size_t len = strlen(option->environment);
        secrets += 1;
        assert_null(option->flag);
        assert_null(option->fallback);
        assert_memory_equal(file->environment, option->environment, len);
        assert_string_equal(file->environment + len, "_FILE");
        assert_non_null(file->flag);
    }
    assert_int_equal(secrets, 3);
}

static void environment_names_begin_with_qnet_and_are_distinct(void **state)
{
    (void)state;
    for (unsigned i = 0; i < QN_OPTION_COUNT; i++) {
        const char *name = qn_option_at((enum qn_option_id)i)->environment;
        if (name == NULL) {
            continue;
        }
        assert_memory_equal(name, "QNET_", 5);
        for (unsigned j = i + 1; j < QN_OPTION_COUNT; j++) {
            const char *other = qn_option_at((enum qn_option_id)j)->environment;
            assert_true(other == NULL || strcmp(name, other) != 0);
        }
    }
}

static void commands_are_found_by_their_words(void **state)
{
    size_t count;
    size_t words;
    const struct qn_command *commands = qn_command_list(&count);

    (void)state;
    assert_true(count >= 18);
    assert_ptr_equal(qn_command_find("node", NULL, &words), &commands[0]);
    assert_int_equal(words, 1);
    assert_string_equal(qn_command_find("keys", "new", &words)->name, "keys new");
    assert_int_equal(words, 2);
    assert_string_equal(qn_command_find("status", "whatever", &words)->name, "status");
    assert_int_equal(words, 1);
    assert_null(qn_command_find("keys", NULL, &words));
    assert_null(qn_command_find("keys", "newer", &words));
    assert_null(qn_command_find("nod", NULL, &words));
    assert_null(qn_command_find("", NULL, &words));
}

static void a_flag_belongs_to_one_option_of_each_command(void **state)
{
    size_t count;
    const struct qn_command *commands = qn_command_list(&count);

    (void)state;
    for (size_t c = 0; c < count; c++) {
        assert_non_null(commands[c].run);
        assert_non_null(commands[c].summary);
        for (unsigned i = 0; i < QN_OPTION_COUNT; i++) {
            const struct qn_option *option = qn_option_at((enum qn_option_id)i);
            if (option->flag != NULL && qn_command_has(&commands[c], option->id)) {
                assert_ptr_equal(
                    qn_option_by_flag(&commands[c], option->flag, strlen(option->flag)), option);
            }
        }
    }
}

static void the_same_flag_means_what_the_command_makes_of_it(void **state)
{
    size_t words;
    const struct qn_command *cert = qn_command_find("genesis", "cert", &words);
    const struct qn_command *verify = qn_command_find("verify", NULL, &words);

    (void)state;
    assert_int_equal(qn_option_by_flag(cert, "id", 2)->id, QN_OPTION_CERT_ID);
    assert_int_equal(qn_option_by_flag(verify, "id", 2)->id, QN_OPTION_PEER_ID);
    assert_null(qn_option_by_flag(verify, "listen", 6));
    assert_int_equal(qn_option_by_letter(verify, 'o')->id, QN_OPTION_OUTPUT);
    assert_null(qn_option_by_letter(verify, 'x'));
    assert_null(qn_option_by_letter(verify, '\0'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_can_be_given_in_one_way_at_least),
        cmocka_unit_test(no_secret_has_a_flag_or_a_default_but_each_has_a_file),
        cmocka_unit_test(environment_names_begin_with_qnet_and_are_distinct),
        cmocka_unit_test(commands_are_found_by_their_words),
        cmocka_unit_test(a_flag_belongs_to_one_option_of_each_command),
        cmocka_unit_test(the_same_flag_means_what_the_command_makes_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
