#include "base/limits.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "crypto/library.h"
#include "crypto/suite.h"
#include "qn_version.h"

#include <stdio.h>

static json_t *suites_json(void)
{
    size_t count;
    const struct qn_suite *suites = qn_suite_list(&count);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(
            list, json_pack("{s:i, s:s, s:s?, s:s, s:i}", "id", (int)suites[i].id, "signature",
                            suites[i].name, "group", suites[i].tls_group, "hash", suites[i].hash,
                            "nist_level", (int)suites[i].nist_level));
    }
    return list;
}

static void print_suites(void)
{
    size_t count;
    struct qn_table table;
    const struct qn_suite *suites = qn_suite_list(&count);
    qn_table_init(&table, "rlllr");
    qn_table_add(&table, "suite");
    qn_table_add(&table, "signature");
    qn_table_add(&table, "key exchange");
    qn_table_add(&table, "hash");
    qn_table_add(&table, "NIST level");
    for (size_t i = 0; i < count; i++) {
        qn_table_add(&table, "%d", (int)suites[i].id);
        qn_table_add(&table, "%s", suites[i].name);
        qn_table_add(&table, "%s", suites[i].tls_group != NULL ? suites[i].tls_group : "-");
        qn_table_add(&table, "%s", suites[i].hash);
        qn_table_add(&table, "%u", suites[i].nist_level);
    }
    qn_table_finish(&table);
}

enum qn_exit qn_cli_version(const struct qn_cli *cli)
{
    if (cli->arguments.json) {
        qn_output_json(json_pack("{s:s, s:s, s:s, s:s, s:i, s:o}", "version", QN_VERSION, "commit",
                                 QN_COMMIT, "compiler", QN_COMPILER, "openssl",
                                 qn_crypto_library_version(), "protocol", (int)QN_PROTOCOL_VERSION,
                                 "suites", suites_json()));
        return QN_EXIT_OK;
    }
    struct qn_table table;
    qn_table_init(&table, "ll");
    qn_table_pair(&table, "qnet", "%s", QN_VERSION);
    qn_table_pair(&table, "commit", "%s", QN_COMMIT);
    qn_table_pair(&table, "compiler", "%s", QN_COMPILER);
    qn_table_pair(&table, "OpenSSL", "%s", qn_crypto_library_version());
    qn_table_pair(&table, "protocol", "%u", QN_PROTOCOL_VERSION);
    qn_table_finish(&table);
    (void)puts("");
    print_suites();
    return QN_EXIT_OK;
}
