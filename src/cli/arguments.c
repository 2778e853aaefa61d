#include "cli/arguments.h"

#include "cli/nearest.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is left of the command line while it is read. */
struct cursor {
    struct qn_arguments *arguments;
    char *text; /* what is wrong */
    int argc;
    char *const *argv;
    int next;
};

static QN_PRINTF(2, 3) enum qn_err fail(const struct cursor *at, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    (void)vsnprintf(at->text, QN_USAGE_TEXT_SIZE, format, values);
    va_end(values);
    return QN_ERR_INVALID;
}

static const char *peek(const struct cursor *at, int ahead)
{
    return at->next + ahead < at->argc ? at->argv[at->next + ahead] : NULL;
}

/* " Did you mean x?" or nothing; text holds QN_USAGE_TEXT_SIZE / 2. */
static const char *suggestion(char *text, const struct qn_nearest *nearest, const char *dashes)
{
    text[0] = '\0';
    if (nearest->best != NULL) {
        (void)snprintf(text, QN_USAGE_TEXT_SIZE / 2, "; did you mean %s%s?", dashes, nearest->best);
    }
    return text;
}

static enum qn_err fail_command(const struct cursor *at, const char *first, const char *second)
{
    enum { TYPED_SIZE = 80 };
    char typed[TYPED_SIZE];
    char hint[QN_USAGE_TEXT_SIZE / 2];
    size_t count;
    const struct qn_command *commands = qn_command_list(&count);
    size_t first_len = strlen(first);
    bool is_group = false;

    (void)snprintf(typed, sizeof typed, "%s%s%s", first, second != NULL ? " " : "",
                   second != NULL ? second : "");
    struct qn_nearest one = qn_nearest_start(first);
    struct qn_nearest both = qn_nearest_start(typed);
    for (size_t i = 0; i < count; i++) {
        const char *name = commands[i].name;
        qn_nearest_offer(strchr(name, ' ') != NULL ? &both : &one, name);
        is_group = is_group || (strncmp(name, first, first_len) == 0 && name[first_len] == ' ');
    }
    if (is_group && second == NULL) {
        size_t len =
            (size_t)snprintf(at->text, QN_USAGE_TEXT_SIZE, "%s needs a second word:", first);
        for (size_t i = 0; i < count && len < QN_USAGE_TEXT_SIZE; i++) {
            if (strncmp(commands[i].name, first, first_len) == 0) {
                len += (size_t)snprintf(at->text + len, QN_USAGE_TEXT_SIZE - len, " %s",
                                        commands[i].name + first_len + 1);
            }
        }
        return QN_ERR_INVALID;
    }
    return fail(at, "there is no command \"%.60s\"%s", is_group ? typed : first,
                suggestion(hint, both.best != NULL ? &both : &one, ""));
}

static enum qn_err fail_option(const struct cursor *at, const char *name, size_t name_len)
{
    enum { NAME_SIZE = 64 };
    char typed[NAME_SIZE];
    char hint[QN_USAGE_TEXT_SIZE / 2];
    const struct qn_command *command = at->arguments->command;

    (void)snprintf(typed, sizeof typed, "%.*s", (int)(name_len < NAME_SIZE ? name_len : NAME_SIZE),
                   name);
    struct qn_nearest nearest = qn_nearest_start(typed);
    for (size_t i = 0; i < QN_OPTION_COUNT; i++) {
        const struct qn_option *option = qn_option_at((enum qn_option_id)i);
        if (option->environment != NULL && (option->traits & QN_OPTION_SECRET) != 0 &&
            qn_command_has(command, option->id)) {
            /* --key, or --activation-code: a secret that the process list would show. */
            const struct qn_option *file = qn_option_at((enum qn_option_id)(i + 1));
            size_t len = strlen(file->flag) - strlen("-file");
            if (name_len == len && strncmp(file->flag, name, len) == 0) {
                return fail(at,
                            "a secret has no place on a command line, where others can see it: "
                            "use %s, %s or --%s",
                            option->environment, file->environment, file->flag);
            }
        }
        if (option->flag != NULL && (option->traits & QN_OPTION_HIDDEN) == 0 &&
            qn_command_has(command, option->id)) {
            qn_nearest_offer(&nearest, option->flag);
        }
    }
    return fail(at, "qnet %s has no option --%s%s", command->name, typed,
                suggestion(hint, &nearest, "--"));
}

static enum qn_err note(const struct cursor *at, const struct qn_option *option, const char *value)
{
    struct qn_arguments *arguments = at->arguments;
    arguments->given[arguments->given_count] = (struct qn_given){option->id, value};
    arguments->given_count += 1;
    if (option->id == QN_OPTION_HELP) {
        arguments->wants_help = true;
    }
    if (option->id == QN_OPTION_OUTPUT) {
        if (strcmp(value, "json") != 0 && strcmp(value, "text") != 0) {
            return fail(at, "--output is text or json, not \"%.40s\"", value);
        }
        arguments->json = strcmp(value, "json") == 0;
    }
    return QN_OK;
}

/* The value of an option that needs one: after '=', or the next word. */
static enum qn_err take_value(struct cursor *at, const struct qn_option *option,
                              const char *attached)
{
    const char *value = attached;
    if (value == NULL) {
        value = peek(at, 0);
        at->next += 1;
    }
    if (value == NULL) {
        return fail(at, "--%s needs a value: %s", option->flag, option->placeholder);
    }
    return note(at, option, value);
}

static enum qn_err take_long(struct cursor *at, const char *word)
{
    const char *name = word + 2;
    const char *equals = strchr(name, '=');
    size_t name_len = equals != NULL ? (size_t)(equals - name) : strlen(name);
    const struct qn_option *option = qn_option_by_flag(at->arguments->command, name, name_len);

    if (option == NULL) {
        return fail_option(at, name, name_len);
    }
    if ((option->traits & QN_OPTION_SWITCH) == 0) {
        return take_value(at, option, equals != NULL ? equals + 1 : NULL);
    }
    if (equals != NULL) {
        return fail(at, "--%s takes no value", option->flag);
    }
    return note(at, option, "");
}

static enum qn_err take_short(struct cursor *at, const char *word)
{
    const struct qn_option *option = qn_option_by_letter(at->arguments->command, word[1]);

    if (option == NULL) {
        return fail(at, "qnet %s has no option -%c", at->arguments->command->name, word[1]);
    }
    if ((option->traits & QN_OPTION_SWITCH) == 0) {
        return take_value(at, option, word[2] != '\0' ? word + 2 : NULL);
    }
    if (word[2] != '\0') {
        return fail(at, "-%c takes no value", word[1]);
    }
    return note(at, option, "");
}

static enum qn_err take_positional(struct cursor *at, const char *word)
{
    struct qn_arguments *arguments = at->arguments;
    const struct qn_command *command = arguments->command;
    if (arguments->positional_count >= command->positional_max) {
        return fail(at, "qnet %s %s: \"%.60s\" is too much", command->name,
                    command->positional_max == 0 ? "takes options only" : "takes one argument",
                    word);
    }
    arguments->positionals[arguments->positional_count] = word;
    arguments->positional_count += 1;
    return QN_OK;
}

static enum qn_err take_rest(struct cursor *at)
{
    bool options_ended = false;
    for (const char *word = peek(at, 0); word != NULL; word = peek(at, 0)) {
        enum qn_err err;
        at->next += 1;
        if (!options_ended && strcmp(word, "--") == 0) {
            options_ended = true;
            continue;
        }
        if (options_ended || word[0] != '-' || word[1] == '\0') {
            err = take_positional(at, word);
        } else if (word[1] == '-') {
            err = take_long(at, word);
        } else {
            err = take_short(at, word);
        }
        if (err != QN_OK) {
            return err;
        }
    }
    const struct qn_arguments *arguments = at->arguments;
    if (!arguments->wants_help &&
        arguments->positional_count < arguments->command->positional_min) {
        return fail(at, "qnet %s needs %s", arguments->command->name,
                    arguments->command->arguments);
    }
    return QN_OK;
}

static enum qn_err take_help(struct cursor *at)
{
    size_t words;
    struct qn_arguments *arguments = at->arguments;
    arguments->wants_help = true;
    for (size_t i = 0; i < 2; i++) {
        const char *word = peek(at, (int)i);
        arguments->help_topic[i] = word != NULL && word[0] != '-' ? word : NULL;
    }
    if (arguments->help_topic[0] != NULL) {
        arguments->command =
            qn_command_find(arguments->help_topic[0], arguments->help_topic[1], &words);
        if (arguments->command == NULL) {
            return fail_command(at, arguments->help_topic[0], arguments->help_topic[1]);
        }
    }
    return QN_OK;
}

/* A usage error is told in the form that was asked for, even if it comes before the asking. */
static bool asks_for_json(int argc, char *const *argv)
{
    for (int i = 1; i < argc; i++) {
        bool next_is_json = i + 1 < argc && strcmp(argv[i + 1], "json") == 0;
        if (strcmp(argv[i], "-ojson") == 0 || strcmp(argv[i], "--output=json") == 0 ||
            (next_is_json && (strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "--output") == 0))) {
            return true;
        }
    }
    return false;
}

enum qn_err qn_arguments_parse(struct qn_arguments *arguments, char *text, int argc,
                               char *const *argv)
{
    size_t words = 0;
    struct cursor at = {arguments, text, argc, argv, 1};
    *arguments = (struct qn_arguments){.json = asks_for_json(argc, argv)};
    arguments->given = calloc((size_t)argc + 1, sizeof *arguments->given);
    QN_ASSERT(arguments->given != NULL);

    const char *first = peek(&at, 0);
    if (first == NULL) {
        return fail(&at, "which command?");
    }
    if (strcmp(first, "help") == 0 || strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0) {
        at.next += 1;
        return take_help(&at);
    }
    if (strcmp(first, "--version") == 0) {
        first = "version";
    }
    if (first[0] == '-') {
        return fail(&at, "the command comes first, then its options: qnet COMMAND %.40s", first);
    }
    const char *second = peek(&at, 1);
    if (second != NULL && second[0] == '-') {
        second = NULL;
    }
    arguments->command = qn_command_find(first, second, &words);
    if (arguments->command == NULL) {
        return fail_command(&at, first, second);
    }
    at.next += (int)words;
    return take_rest(&at);
}

void qn_arguments_fini(struct qn_arguments *arguments)
{
    free(arguments->given);
    *arguments = (struct qn_arguments){0};
}

const char *qn_arguments_value(const struct qn_arguments *arguments, enum qn_option_id id)
{
    for (size_t i = arguments->given_count; i > 0; i--) {
        if (arguments->given[i - 1].id == id) {
            return arguments->given[i - 1].value;
        }
    }
    return NULL;
}

const char *qn_arguments_or_default(const struct qn_arguments *arguments, enum qn_option_id id)
{
    const char *value = qn_arguments_value(arguments, id);
    return value != NULL ? value : qn_option_at(id)->fallback;
}

bool qn_arguments_has(const struct qn_arguments *arguments, enum qn_option_id id)
{
    return qn_arguments_value(arguments, id) != NULL;
}
