/* Where each setting comes from: flags before environment before defaults. Text only; config.h says
 * what the texts mean. */
#ifndef QN_SETTINGS_H
#define QN_SETTINGS_H

#include "cli/problems.h"

enum qn_source {
    QN_SOURCE_UNSET,
    QN_SOURCE_DEFAULT,
    QN_SOURCE_CERTIFICATE, /* follows from this node's genesis certificate */
    QN_SOURCE_ENVIRONMENT,
    QN_SOURCE_FLAG,
};
/* "unset", "default", "certificate", "environment", "flag"; static. */
const char *qn_source_name(enum qn_source source);

struct qn_setting {
    const char *value; /* NULL: unset. An empty variable counts as unset. */
    enum qn_source source;
};

enum { QN_NUMBERED_NAME_SIZE = QN_PROBLEM_NAME_SIZE };
struct qn_numbered_setting {
    enum qn_option_id id;
    char name[QN_NUMBERED_NAME_SIZE]; /* QNET_GENESIS_CERT_003, or --genesis-cert */
    unsigned number;                  /* 1..999; 0: from a flag, which has none */
    const char *value;
    enum qn_source source;
};

struct qn_settings {
    struct qn_setting items[QN_OPTION_COUNT];
    size_t numbered_count;
    size_t numbered_capacity;
    struct qn_numbered_setting *numbered; /* sorted by number within their option; heap */
};

/* Reads flags and environment. Every variable of QNet's that is none of the table's is a problem (the
 * typo guard), whether or not this command uses it. */
void qn_settings_read(struct qn_settings *settings, struct qn_problems *problems,
                      const struct qn_cli *cli);
void qn_settings_fini(struct qn_settings *settings);
/* Overwrites the secrets in the environment's own memory, so that /proc shows them no longer. */
void qn_settings_wipe_secrets(char *const *environment);

/* The name under which the user knows this value: --listen if a flag gave it, else QNET_LISTEN. name
 * holds QN_PROBLEM_NAME_SIZE. Returns name. */
const char *qn_setting_name(char *name, const struct qn_settings *settings, enum qn_option_id id);

#endif
