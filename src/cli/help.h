/* Help made from the option table. */
#ifndef QN_HELP_H
#define QN_HELP_H

#include "cli/options.h"

/* All commands, each with its summary. */
void qn_help_all(void);
/* One command with its options, their environment names and defaults. */
void qn_help_command(const struct qn_command *command);
/* The table itself for programs: {"commands": [...]}; command NULL: all of them. */
void qn_help_json(const struct qn_command *command);

#endif
