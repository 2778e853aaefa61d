#include "cli/help.h"

#include "cli/output.h"

#include <stdio.h>
#include <string.h>

void qn_help_all(void)
{
    size_t count;
    struct qn_table table;
    const struct qn_command *commands = qn_command_list(&count);

    (void)puts("QNet: a post-quantum peer-to-peer network\n\n"
               "usage: qnet COMMAND [options]\n");
    qn_table_init(&table, "ll");
    for (size_t i = 0; i < count; i++) {
        qn_table_add(&table, "  %s", commands[i].name);
        qn_table_add(&table, "%s", commands[i].summary);
    }
    qn_table_add(&table, "  help");
    qn_table_add(&table, "show this, or the options of a command");
    qn_table_finish(&table);
    (void)puts(
        "\nqnet COMMAND --help    options of a command, their environment names and defaults\n"
        "-o json                every command also prints one JSON object\n"
        "exit status            0 done, 1 failed, 2 wrong usage, 78 wrong configuration");
}

/* Two lines each: the names, then what they mean. All of it in one would not fit a terminal. */
static void show_option(const struct qn_option *option)
{
    const char *numbers = (option->traits & QN_OPTION_NUMBERED) != 0 ? "_001..999" : "";
    const char *between = "";
    (void)printf("  ");
    if (option->letter != 0) {
        (void)printf("-%c, ", option->letter);
    }
    if (option->flag != NULL) {
        (void)printf("--%s%s%s", option->flag, option->placeholder != NULL ? " " : "",
                     option->placeholder != NULL ? option->placeholder : "");
        between = "    ";
    }
    if (option->environment != NULL) {
        (void)printf("%s%s%s", between, option->environment, numbers);
    }
    (void)printf("\n      %s", option->help);
    if (option->fallback != NULL) {
        (void)printf(" [%s]", option->fallback);
    }
    (void)puts("");
}

void qn_help_command(const struct qn_command *command)
{
    (void)printf("usage: qnet %s%s%s [options]\n\n%s\n", command->name,
                 command->arguments != NULL ? " " : "",
                 command->arguments != NULL ? command->arguments : "", command->summary);
    if (command->details != NULL) {
        (void)printf("\n%s", command->details);
    }
    (void)puts("\noptions and their names in the environment; flags come first [default]");
    for (size_t i = 0; i < QN_OPTION_COUNT; i++) {
        const struct qn_option *option = qn_option_at((enum qn_option_id)i);
        if (qn_command_has(command, option->id) && (option->traits & QN_OPTION_HIDDEN) == 0) {
            show_option(option);
        }
    }
}

static json_t *option_json(const struct qn_option *option)
{
    return json_pack("{s:s?, s:s?, s:s?, s:s?, s:b, s:b, s:s}", "flag", option->flag, "environment",
                     option->environment, "value", option->placeholder, "default", option->fallback,
                     "secret", (option->traits & QN_OPTION_SECRET) != 0, "numbered",
                     (option->traits & QN_OPTION_NUMBERED) != 0, "help", option->help);
}

static json_t *command_json(const struct qn_command *command)
{
    json_t *list = json_array();
    for (size_t i = 0; i < QN_OPTION_COUNT; i++) {
        const struct qn_option *option = qn_option_at((enum qn_option_id)i);
        if (qn_command_has(command, option->id) && (option->traits & QN_OPTION_HIDDEN) == 0) {
            (void)json_array_append_new(list, option_json(option));
        }
    }
    return json_pack("{s:s, s:s?, s:s, s:o}", "name", command->name, "arguments",
                     command->arguments, "summary", command->summary, "options", list);
}

void qn_help_json(const struct qn_command *command)
{
    size_t count;
    const struct qn_command *commands = qn_command_list(&count);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        if (command == NULL || command == &commands[i]) {
            (void)json_array_append_new(list, command_json(&commands[i]));
        }
    }
    qn_output_json(json_pack("{s:o}", "commands", list));
}
