#include "sim/peers/command.h"

#include "qn_version.h"
#include "sim/peers/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char all_of_them[] = "peers/all";

bool qn_peers_command_knows(const char *name)
{
    return strcmp(name, all_of_them) == 0 || qn_peers_scenario_find(name) != NULL;
}

void qn_peers_command_list(void)
{
    for (size_t i = 0; i < qn_peers_scenario_count(); i++) {
        const struct qn_peers_scenario *scenario = qn_peers_scenario_at(i);
        (void)printf("%-28s %s\n", scenario->name, scenario->claim);
    }
}

static void print_figures(const struct qn_peers_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct qn_peers_figure *figure = &report->figures[i];
        (void)printf("  %-58s %10llu %s\n", figure->name, (unsigned long long)figure->value,
                     figure->unit);
    }
}

static bool run_one(const struct qn_peers_scenario *scenario, uint64_t seed, bool quick)
{
    static struct qn_peers_run run;

    run = (struct qn_peers_run){.seed = seed, .quick = quick};
    scenario->play(&run);
    (void)printf("%-28s %s: %s\n", scenario->name, run.report.failed ? "FAILED" : "ok",
                 run.report.failed ? run.report.failure : scenario->claim);
    print_figures(&run.report);
    (void)printf("  seed %llu%s, hash %016llx\n", (unsigned long long)seed,
                 quick ? ", short form" : "", (unsigned long long)run.report.digest);
    if (run.report.failed) {
        (void)printf("  commit %s, replay: ./dev sim --scenario %s --seed %llu%s\n", QN_COMMIT,
                     scenario->name, (unsigned long long)seed, quick ? " --quick" : "");
    }
    (void)fflush(stdout);
    return !run.report.failed;
}

int qn_peers_command_run(const char *name, uint64_t seed, bool quick)
{
    const struct qn_peers_scenario *scenario = qn_peers_scenario_find(name);
    bool good = true;

    if (scenario != NULL) {
        return run_one(scenario, seed, quick) ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    for (size_t i = 0; i < qn_peers_scenario_count(); i++) {
        good = run_one(qn_peers_scenario_at(i), seed, quick) && good;
    }
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
