/* What is wrong with a configuration: everything at once, each with the name of its setting. */
#ifndef QN_PROBLEMS_H
#define QN_PROBLEMS_H

#include "cli/cli.h"

#include <jansson.h>

enum { QN_PROBLEMS_MAX = 64, QN_PROBLEM_NAME_SIZE = 56, QN_PROBLEM_TEXT_SIZE = 400 };

struct qn_problem {
    char name[QN_PROBLEM_NAME_SIZE]; /* QNET_REGION or --region, whichever gave the value */
    char text[QN_PROBLEM_TEXT_SIZE]; /* what is wrong, and what would be valid */
};

struct qn_problems {
    size_t count; /* of all; the first QN_PROBLEMS_MAX are kept */
    struct qn_problem items[QN_PROBLEMS_MAX];
};

void qn_problems_add(struct qn_problems *problems, const char *name, const char *format, ...)
    QN_PRINTF(3, 4);
size_t qn_problems_kept(const struct qn_problems *problems);
/* [{"name", "text"}]; a new reference. */
json_t *qn_problems_json(const struct qn_problems *problems);
/* One line each on standard error, after a headline. */
void qn_problems_print(const struct qn_problems *problems);
/* Reports them all; with -o json as {"error": {"code": "configuration", "text", "problems": [...]}}.
 * Returns QN_EXIT_CONFIG. */
enum qn_exit qn_problems_report(const struct qn_cli *cli, const struct qn_problems *problems);

#endif
