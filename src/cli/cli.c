#include "cli/cli.h"

#include "cli/help.h"
#include "cli/output.h"
#include "crypto/key.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static void tell_assertion(const char *message)
{
    (void)fprintf(stderr, "qnet: %s\n", message);
}

static enum qn_exit show_help(const struct qn_cli *cli)
{
    const struct qn_command *command = cli->arguments.command;
    if (cli->arguments.json) {
        qn_help_json(command);
    } else if (command != NULL) {
        qn_help_command(command);
    } else {
        qn_help_all();
    }
    return QN_EXIT_OK;
}

static enum qn_exit run_command(const struct qn_cli *cli)
{
    const char *why = "";
    if (qn_crypto_init(&why) != QN_OK) {
        return qn_output_fail(cli, QN_EXIT_RUNTIME, "crypto", "%s", why);
    }
    enum qn_exit status = cli->arguments.command->run(cli);
    qn_crypto_fini();
    return status;
}

int qn_cli_main(int argc, char **argv, char **environment)
{
    char text[QN_USAGE_TEXT_SIZE];
    struct qn_cli cli = {.environment = environment};
    enum qn_exit status;

    qn_assert_hook = tell_assertion;
    /* A reader that went away is an error of a write, not the end of the process. */
    (void)signal(SIGPIPE, SIG_IGN);
    if (qn_arguments_parse(&cli.arguments, text, argc, argv) != QN_OK) {
        status = qn_output_fail(&cli, QN_EXIT_USAGE, "usage", "%s", text);
        if (argc == 1) {
            qn_help_all();
        }
        (void)fprintf(stderr, "qnet help shows the commands, qnet COMMAND --help their options\n");
    } else if (cli.arguments.wants_help) {
        status = show_help(&cli);
    } else {
        status = run_command(&cli);
    }
    qn_arguments_fini(&cli.arguments);
    if (fflush(stdout) != 0 && status == QN_EXIT_OK) {
        (void)fputs("qnet: standard output could not be written\n", stderr);
        status = QN_EXIT_RUNTIME;
    }
    return (int)status;
}
