#include "cli/problems.h"

#include "cli/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void qn_problems_add(struct qn_problems *problems, const char *name, const char *format, ...)
{
    problems->count += 1;
    if (problems->count > QN_PROBLEMS_MAX) {
        return;
    }
    struct qn_problem *problem = &problems->items[problems->count - 1];
    va_list values;
    va_start(values, format);
    (void)snprintf(problem->name, sizeof problem->name, "%s", name);
    (void)vsnprintf(problem->text, sizeof problem->text, format, values);
    va_end(values);
}

size_t qn_problems_kept(const struct qn_problems *problems)
{
    return problems->count < QN_PROBLEMS_MAX ? problems->count : QN_PROBLEMS_MAX;
}

json_t *qn_problems_json(const struct qn_problems *problems)
{
    json_t *list = json_array();
    for (size_t i = 0; i < qn_problems_kept(problems); i++) {
        const struct qn_problem *problem = &problems->items[i];
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s}", "name", problem->name, "text", problem->text));
    }
    return list;
}

void qn_problems_print(const struct qn_problems *problems)
{
    int width = 0;
    for (size_t i = 0; i < qn_problems_kept(problems); i++) {
        int len = (int)strlen(problems->items[i].name);
        width = len > width ? len : width;
    }
    (void)fflush(stdout);
    (void)fprintf(stderr, "qnet: %zu problem%s in the configuration\n", problems->count,
                  problems->count == 1 ? "" : "s");
    for (size_t i = 0; i < qn_problems_kept(problems); i++) {
        (void)fprintf(stderr, "  %-*s  %s\n", width, problems->items[i].name,
                      problems->items[i].text);
    }
    if (problems->count > QN_PROBLEMS_MAX) {
        (void)fprintf(stderr, "  and %zu more\n", problems->count - QN_PROBLEMS_MAX);
    }
}

enum qn_exit qn_problems_report(const struct qn_cli *cli, const struct qn_problems *problems)
{
    if (cli->arguments.json) {
        qn_output_json(json_pack("{s:{s:s, s:s, s:o}}", "error", "code", "configuration", "text",
                                 "the configuration is not valid", "problems",
                                 qn_problems_json(problems)));
    }
    qn_problems_print(problems);
    return QN_EXIT_CONFIG;
}
