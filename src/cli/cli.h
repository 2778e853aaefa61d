/* The qnet command: what main calls, and what every command gets. */
#ifndef QN_CLI_H
#define QN_CLI_H

#include "cli/arguments.h"

struct qn_cli {
    struct qn_arguments arguments;
    char *const *environment; /* "NAME=value", ends with NULL */
};

/* Everything between the start and the exit status. */
int qn_cli_main(int argc, char **argv, char **environment);

#endif
