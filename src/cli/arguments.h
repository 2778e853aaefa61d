/* A command line, taken apart by the option table. */
#ifndef QN_ARGUMENTS_H
#define QN_ARGUMENTS_H

#include "cli/options.h"

struct qn_given {
    enum qn_option_id id;
    const char *value; /* "" for a switch */
};

struct qn_arguments {
    const struct qn_command *command; /* NULL: qnet help, or nothing at all */
    const char *help_topic[2];        /* words after `qnet help` */
    bool wants_help;
    bool json;
    const char *positionals[QN_POSITIONALS_MAX];
    size_t positional_count;
    size_t given_count;
    struct qn_given *given; /* in the order of the command line; heap */
};

enum { QN_USAGE_TEXT_SIZE = 512 };

/* QN_ERR_INVALID: text (of QN_USAGE_TEXT_SIZE) says what is wrong, with the nearest match. json is set
 * as far as it could be told. Values point into argv. Fini is needed in both cases. */
QN_MUST_USE enum qn_err qn_arguments_parse(struct qn_arguments *arguments, char *text, int argc,
                                           char *const *argv);
void qn_arguments_fini(struct qn_arguments *arguments);

/* The last value given for this option; NULL if none was. */
const char *qn_arguments_value(const struct qn_arguments *arguments, enum qn_option_id id);
/* The same, or the default of the table. */
const char *qn_arguments_or_default(const struct qn_arguments *arguments, enum qn_option_id id);
bool qn_arguments_has(const struct qn_arguments *arguments, enum qn_option_id id);

#endif
