#include "cli/arguments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { WORDS_MAX = 16 };

/* One command line, kept as long as its arguments. */
struct line {
    char words[256];
    char text[QN_USAGE_TEXT_SIZE];
    struct qn_arguments arguments;
    enum qn_err err;
};

static void parse(struct line *line, const char *words)
{
    char program[] = "qnet";
    char *argv[WORDS_MAX + 1] = {program};
    int argc = 1;
    char *rest = NULL;
    memset(line, 0, sizeof *line);
    (void)snprintf(line->words, sizeof line->words, "%s", words);
    for (char *word = strtok_r(line->words, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        assert_true(argc < WORDS_MAX);
        argv[argc] = word;
        argc += 1;
    }
    line->err = qn_arguments_parse(&line->arguments, line->text, argc, argv);
}

/* Parses what must be refused, with these words in the message. */
static void assert_refused(const char *words, const char *part)
{
    struct line line;
    parse(&line, words);
    if (line.err != QN_ERR_INVALID || strstr(line.text, part) == NULL) {
        fail_msg("qnet %s: \"%s\" was expected in \"%s\"", words, part, line.text);
    }
    qn_arguments_fini(&line.arguments);
}

static void values_come_attached_or_as_the_next_word(void **state)
{
    static const char *const forms[] = {"node --listen a:1", "node --listen=a:1"};

    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(forms); i++) {
        struct line line;
        parse(&line, forms[i]);
        assert_int_equal(line.err, QN_OK);
        assert_string_equal(line.arguments.command->name, "node");
        assert_string_equal(qn_arguments_value(&line.arguments, QN_OPTION_LISTEN), "a:1");
        qn_arguments_fini(&line.arguments);
    }
}

static void output_is_text_unless_json_is_asked_for(void **state)
{
    static const char *const forms[] = {"status -o json", "status -ojson", "status --output json",
                                        "status --output=json"};
    struct line line;

    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(forms); i++) {
        parse(&line, forms[i]);
        assert_int_equal(line.err, QN_OK);
        assert_true(line.arguments.json);
        qn_arguments_fini(&line.arguments);
    }
    parse(&line, "status -o json -o text");
    assert_int_equal(line.err, QN_OK);
    assert_false(line.arguments.json);
    qn_arguments_fini(&line.arguments);
    assert_refused("status -o yaml", "text or json");
}

static void a_usage_error_knows_that_json_is_wanted(void **state)
{
    struct line line;

    (void)state;
    parse(&line, "statos -o json");
    assert_int_equal(line.err, QN_ERR_INVALID);
    assert_true(line.arguments.json);
    qn_arguments_fini(&line.arguments);
}

static void the_last_value_counts_and_repeats_are_all_kept(void **state)
{
    struct line line;

    (void)state;
    parse(&line, "genesis cert --endpoint a:1 --network x --endpoint b:2 --network y");
    assert_int_equal(line.err, QN_OK);
    assert_int_equal(line.arguments.given_count, 4);
    assert_string_equal(line.arguments.given[0].value, "a:1");
    assert_string_equal(line.arguments.given[2].value, "b:2");
    assert_string_equal(qn_arguments_value(&line.arguments, QN_OPTION_NETWORK), "y");
    assert_null(qn_arguments_value(&line.arguments, QN_OPTION_CERT_ID));
    qn_arguments_fini(&line.arguments);
}

static void defaults_come_from_the_table(void **state)
{
    struct line line;

    (void)state;
    parse(&line, "devnet");
    assert_int_equal(line.err, QN_OK);
    assert_string_equal(qn_arguments_or_default(&line.arguments, QN_OPTION_GENESIS), "5");
    assert_null(qn_arguments_or_default(&line.arguments, QN_OPTION_FOR));
    assert_false(qn_arguments_has(&line.arguments, QN_OPTION_NO_VIEW));
    qn_arguments_fini(&line.arguments);
}

static void two_dashes_end_the_options(void **state)
{
    struct line line;

    (void)state;
    parse(&line, "verify -- -o");
    assert_int_equal(line.err, QN_OK);
    assert_string_equal(line.arguments.positionals[0], "-o");
    qn_arguments_fini(&line.arguments);
}

static void mistakes_are_answered_with_the_nearest_match(void **state)
{
    (void)state;
    assert_refused("statsu", "did you mean status?");
    assert_refused("keys nwe", "did you mean keys new?");
    assert_refused("node --listne x", "did you mean --listen?");
    assert_refused("devnet --node 3", "did you mean --nodes?");
    assert_refused("help statsu", "did you mean status?");
    /* Nothing is near: nothing is suggested. */
    struct line line;
    parse(&line, "xylophone");
    assert_null(strstr(line.text, "did you mean"));
    qn_arguments_fini(&line.arguments);
}

static void usage_errors_say_what_is_wrong(void **state)
{
    (void)state;
    assert_refused("", "which command");
    assert_refused("keys", "second word: new show");
    assert_refused("-x", "the command comes first");
    assert_refused("node --listen", "needs a value: HOST:PORT");
    assert_refused("devnet --no-view=1", "takes no value");
    assert_refused("node -z", "no option -z");
    assert_refused("status more", "\"more\" is too much");
    assert_refused("verify", "needs HOST:PORT");
    assert_refused("verify a:1 b:2", "\"b:2\" is too much");
    assert_refused("status --listen x", "has no option --listen");
}

static void secrets_are_refused_on_the_command_line_with_their_other_ways(void **state)
{
    (void)state;
    assert_refused("node --key abcd", "QNET_KEY, QNET_KEY_FILE or --key-file");
    assert_refused("node --key=abcd", "no place on a command line");
    assert_refused("register --activation-code x", "QNET_ACTIVATION_CODE_FILE");
    /* The secret itself is not repeated. */
    struct line line;
    parse(&line, "node --key=abcd1234");
    assert_null(strstr(line.text, "abcd1234"));
    qn_arguments_fini(&line.arguments);
}

static void help_is_asked_for_in_several_ways(void **state)
{
    static const char *const forms[] = {"help verify", "verify --help", "verify -h"};
    struct line line;

    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(forms); i++) {
        parse(&line, forms[i]);
        assert_int_equal(line.err, QN_OK);
        assert_true(line.arguments.wants_help);
        assert_string_equal(line.arguments.command->name, "verify");
        qn_arguments_fini(&line.arguments);
    }
    parse(&line, "help keys show");
    assert_string_equal(line.arguments.command->name, "keys show");
    qn_arguments_fini(&line.arguments);
    parse(&line, "--help");
    assert_int_equal(line.err, QN_OK);
    assert_null(line.arguments.command);
    qn_arguments_fini(&line.arguments);
    parse(&line, "--version");
    assert_string_equal(line.arguments.command->name, "version");
    qn_arguments_fini(&line.arguments);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_attached_or_as_the_next_word),
        cmocka_unit_test(output_is_text_unless_json_is_asked_for),
        cmocka_unit_test(a_usage_error_knows_that_json_is_wanted),
        cmocka_unit_test(the_last_value_counts_and_repeats_are_all_kept),
        cmocka_unit_test(defaults_come_from_the_table),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(mistakes_are_answered_with_the_nearest_match),
        cmocka_unit_test(usage_errors_say_what_is_wrong),
        cmocka_unit_test(secrets_are_refused_on_the_command_line_with_their_other_ways),
        cmocka_unit_test(help_is_asked_for_in_several_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
