#include "cli/commands.h"
#include "cli/output.h"

enum qn_exit qn_cli_devnet(const struct qn_cli *cli)
{
    return qn_output_fail(cli, QN_EXIT_RUNTIME, "unavailable", "devnet is not built in yet");
}
