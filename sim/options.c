#include "sim/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { JOBS_MAX = 64, MINUTES_MAX = 100000, MINUTES_DEFAULT = 1 };

static const char usage[] =
    "usage: ./dev sim [options]\n"
    "\n"
    "Runs whole nodes under a virtual clock, network and disk, each run with faults drawn from its "
    "seed,\n"
    "and checks that nothing that was promised is ever broken.\n"
    "\n"
    "  --seeds A..B      these seeds; else from a random one on, which is printed\n"
    "  --seed S          this one run\n"
    "  --minutes M       stop after so long (default 1, if no last seed is given)\n"
    "  --nodes N         validators: 4 to 10 (default: drawn; 4, 5, 7 or 10)\n"
    "  --scenario NAME   a named run instead of random ones; list shows them, all runs them all,\n"
    "                    peers/all those of the peer layer in networks of light nodes\n"
    "  --quick           with --scenario peers/...: the short form that the tests run\n"
    "  --trace           with --seed or --scenario: a readable transcript on standard output\n"
    "  --hashes          print the trace hash of every run\n"
    "  --check-hashes F  run the list of seeds in file F and compare their trace hashes\n"
    "  --write-hashes F  run it and put this build's hashes there\n"
    "  --gate            succeed if an invariant breaks within the seeds: for mutants\n"
    "  --jobs J          processes (default: as many as there are cores)\n"
    "\n"
    "Exit status: 0 clean, 1 an invariant was broken, 2 wrong usage.\n";

static bool parse_number(uint64_t *number, const char *text, const char **end)
{
    char *stop = NULL;

    errno = 0;
    if (*text < '0' || *text > '9') {
        return false;
    }
    *number = strtoull(text, &stop, 0);
    *end = stop;
    return errno == 0;
}

static bool parse_whole(uint64_t *number, const char *text, uint64_t min, uint64_t max)
{
    const char *end = text;

    return parse_number(number, text, &end) && *end == '\0' && *number >= min && *number <= max;
}

static bool parse_range(struct qn_sim_options *options, const char *text)
{
    const char *end = text;

    if (!parse_number(&options->first_seed, text, &end) || strncmp(end, "..", 2) != 0) {
        return false;
    }
    options->has_seeds = true;
    return parse_whole(&options->last_seed, end + 2, options->first_seed, UINT64_MAX - 1);
}

static bool wrong(const char *option, const char *value, const char *wanted)
{
    (void)fprintf(stderr, "error: --%s %s: %s\n", option, value, wanted);
    return false;
}

static bool take(struct qn_sim_options *options, int which, const char *value)
{
    uint64_t number = 0;

    switch (which) {
    case 'r':
        return parse_range(options, value) || wrong("seeds", value, "expected A..B with A <= B");
    case 's':
        options->has_seeds = true;
        if (!parse_whole(&options->first_seed, value, 0, UINT64_MAX - 1)) {
            return wrong("seed", value, "expected a number");
        }
        options->last_seed = options->first_seed;
        return true;
    case 'm':
        if (!parse_whole(&number, value, 1, MINUTES_MAX)) {
            return wrong("minutes", value, "expected a whole number of minutes");
        }
        options->minutes = (unsigned)number;
        return true;
    case 'n':
        if (!parse_whole(&number, value, 4, 10)) {
            return wrong("nodes", value, "expected 4 to 10");
        }
        options->nodes = (unsigned)number;
        return true;
    case 'j':
        if (!parse_whole(&number, value, 1, JOBS_MAX)) {
            return wrong("jobs", value, "expected 1 to 64");
        }
        options->jobs = (unsigned)number;
        return true;
    case 'c':
        options->scenario = value;
        return true;
    case 't':
        options->trace = true;
        return true;
    case 'g':
        options->gate = true;
        return true;
    case 'q':
        options->quick = true;
        return true;
    case 'k':
    case 'w':
        options->hash_file = value;
        options->write_hashes = which == 'w';
        return true;
    default:
        options->hashes = true;
        return true;
    }
}

static bool fits(struct qn_sim_options *options)
{
    if (options->trace && options->scenario == NULL && options->first_seed != options->last_seed) {
        (void)fputs("error: --trace is for one run: add --seed S or --scenario NAME\n", stderr);
        return false;
    }
    if (options->last_seed == UINT64_MAX && options->minutes == 0) {
        options->minutes = MINUTES_DEFAULT;
    }
    return true;
}

enum qn_sim_options_verdict qn_sim_options_parse(struct qn_sim_options *options, int argc,
                                                 char **argv)
{
    static const struct option table[] = {
        {"seeds", required_argument, NULL, 'r'},
        {"seed", required_argument, NULL, 's'},
        {"minutes", required_argument, NULL, 'm'},
        {"nodes", required_argument, NULL, 'n'},
        {"scenario", required_argument, NULL, 'c'},
        {"trace", no_argument, NULL, 't'},
        {"gate", no_argument, NULL, 'g'},
        {"quick", no_argument, NULL, 'q'},
        {"hashes", no_argument, NULL, 'x'},
        {"check-hashes", required_argument, NULL, 'k'},
        {"write-hashes", required_argument, NULL, 'w'},
        {"jobs", required_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    *options = (struct qn_sim_options){.last_seed = UINT64_MAX};
    options->jobs = cores < 1 ? 1 : cores > JOBS_MAX ? JOBS_MAX : (unsigned)cores;
    for (int which; (which = getopt_long(argc, argv, "h", table, NULL)) != -1;) {
        if (which == 'h') {
            (void)fputs(usage, stdout);
            return QN_SIM_OPTIONS_DONE;
        }
        if (which == '?' || !take(options, which, optarg)) {
            (void)fputs("Try ./dev sim --help\n", stderr);
            return QN_SIM_OPTIONS_WRONG;
        }
    }
    if (optind < argc) {
        (void)fprintf(stderr, "error: unexpected argument %s\nTry ./dev sim --help\n",
                      argv[optind]);
        return QN_SIM_OPTIONS_WRONG;
    }
    return fits(options) ? QN_SIM_OPTIONS_RUN : QN_SIM_OPTIONS_WRONG;
}
