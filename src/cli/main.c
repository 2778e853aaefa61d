#include "cli/cli.h"

#include <unistd.h>

int main(int argc, char **argv)
{
    return qn_cli_main(argc, argv, environ);
}
