#include "cli/certificate.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/motion.h"
#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXPIRES_DAYS_MAX = 36500 };
#define MS_PER_DAY 86400000U

static void print_json(const struct qn_code_batch *made)
{
    char root[QN_ID_TEXT_SIZE];
    char text[QN_ACTIVATION_CODE_TEXT_SIZE];
    json_t *codes = json_array();
    qn_hex_encode(root, made->batch.root.bytes, sizeof made->batch.root.bytes);
    for (size_t i = 0; i < made->count; i++) {
        enum qn_err err = qn_activation_code_format(text, &made->codes[i]);
        QN_ASSERT(err == QN_OK);
        (void)json_array_append_new(codes, json_string(text));
    }
    qn_output_json(json_pack("{s:s, s:s, s:I, s:I, s:I, s:o}", "batch", made->text, "root", root,
                             "count", (json_int_t)made->batch.count, "class",
                             (json_int_t)made->batch.class, "expires_ms",
                             (json_int_t)made->batch.expires_ms, "codes", codes));
    qn_wipe(text, sizeof text);
}

static void print_text(const struct qn_code_batch *made)
{
    char text[QN_ACTIVATION_CODE_TEXT_SIZE];
    char date[QN_DATE_TEXT_SIZE];
    (void)printf("# %zu activation code%s of class %u, valid until %s.\n"
                 "# Every node of the network has this line, under a free number:\n"
                 "QNET_ACTIVATION_BATCH_001=%s\n"
                 "# Each code is a secret and lets one node register, once:\n",
                 made->count, made->count == 1 ? "" : "s", made->batch.class,
                 qn_text_date(date, made->batch.expires_ms), made->text);
    for (size_t i = 0; i < made->count; i++) {
        enum qn_err err = qn_activation_code_format(text, &made->codes[i]);
        QN_ASSERT(err == QN_OK);
        (void)printf("QNET_ACTIVATION_CODE=%s\n", text);
    }
    qn_wipe(text, sizeof text);
}

enum qn_exit qn_cli_activation_issue(const struct qn_cli *cli)
{
    const struct qn_arguments *arguments = &cli->arguments;
    const char *count_text = qn_arguments_or_default(arguments, QN_OPTION_CODES);
    const char *class_text = qn_arguments_or_default(arguments, QN_OPTION_CLASS);
    const char *days_text = qn_arguments_or_default(arguments, QN_OPTION_EXPIRES);
    uint64_t count;
    uint64_t class;
    uint64_t days;
    struct qn_code_batch made;

    if (!qn_number_parse(&count, count_text, 1, QN_BATCH_CODES_MAX)) {
        return qn_output_fail(cli, QN_EXIT_USAGE, "usage", "--count is 1 to %d, not \"%.20s\"",
                              QN_BATCH_CODES_MAX, count_text);
    }
    if (!qn_number_parse(&class, class_text, 0, UINT32_MAX)) {
        return qn_output_fail(cli, QN_EXIT_USAGE, "usage", "--class is 0 to %u, not \"%.20s\"",
                              UINT32_MAX, class_text);
    }
    if (!qn_number_parse(&days, days_text, 1, EXPIRES_DAYS_MAX)) {
        return qn_output_fail(cli, QN_EXIT_USAGE, "usage",
                              "--expires is 1 to %d days, not \"%.20s\"", EXPIRES_DAYS_MAX,
                              days_text);
    }
    qn_code_batch_init(&made, (size_t)count, (uint32_t) class,
                       qn_cli_unix_ms() + days * MS_PER_DAY);
    if (arguments->json) {
        print_json(&made);
    } else {
        print_text(&made);
    }
    qn_code_batch_fini(&made);
    return QN_EXIT_OK;
}

enum qn_exit qn_cli_activation_submit(const struct qn_cli *cli)
{
    struct qn_cli_tx s;
    struct qn_activation_batch batch;
    uint8_t bytes[QN_BATCH_TEXT_SIZE];
    size_t len = 0;
    const char *text = cli->arguments.positionals[0];
    if (qn_base64url_decode(bytes, sizeof bytes, &len, text) != QN_OK ||
        qn_activation_batch_decode(&batch, (struct qn_span){bytes, len}) != QN_OK) {
        return qn_output_fail(cli, QN_EXIT_USAGE, "usage",
                              "\"%.70s\" is no batch: what qnet activation issue prints after "
                              "QNET_ACTIVATION_BATCH_001=",
                              text);
    }
    if (!qn_cli_motion_open(&s, cli, QN_TX_ISSUE)) {
        return QN_EXIT_CONFIG;
    }
    s.tx.batch = batch;
    return qn_cli_motion_finish(&s, qn_cli_motion_prepare(&s));
}
