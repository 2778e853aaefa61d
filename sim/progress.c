#include "sim/progress.h"

#include "qn_version.h"

#include <stdio.h>
#include <unistd.h>

enum { TERMINAL_EVERY_MS = 500, LINE_EVERY_MS = 15000, COLUMNS = 4 };

void qn_sim_progress_init(struct qn_sim_progress *progress)
{
    *progress = (struct qn_sim_progress){.terminal = isatty(STDERR_FILENO) == 1};
    progress->next_ms = progress->terminal ? 0 : LINE_EVERY_MS;
}

/* Runs a second, times ten. */
static unsigned long long speed(const struct qn_sim_campaign *campaign)
{
    return campaign->elapsed_ms == 0 ? 0 : campaign->runs * 10000 / campaign->elapsed_ms;
}

void qn_sim_progress_show(struct qn_sim_progress *progress, const struct qn_sim_campaign *campaign)
{
    if (campaign->elapsed_ms < progress->next_ms) {
        return;
    }
    progress->next_ms =
        campaign->elapsed_ms + (progress->terminal ? TERMINAL_EVERY_MS : LINE_EVERY_MS);
    (void)fprintf(stderr,
                  "%s%llu runs, %llu.%llu a second, %llu blocks, %zu of %d kinds of faults and "
                  "deeds seen%s",
                  progress->terminal ? "\r" : "", (unsigned long long)campaign->runs,
                  speed(campaign) / 10, speed(campaign) % 10, (unsigned long long)campaign->blocks,
                  qn_sim_coverage_seen(&campaign->coverage), QN_SIM_COVER_COUNT,
                  progress->terminal ? "\033[K" : "\n");
    progress->drawn = progress->terminal;
}

void qn_sim_progress_end(struct qn_sim_progress *progress)
{
    if (progress->drawn) {
        (void)fputc('\n', stderr);
        progress->drawn = false;
    }
}

void qn_sim_print_summary(const struct qn_sim_campaign *campaign,
                          const struct qn_sim_options *options)
{
    unsigned long long runs = campaign->runs;

    (void)printf(
        "%llu runs, seeds %llu to %llu, %llu.%llu s on %u processes: %llu runs an hour\n", runs,
        (unsigned long long)options->first_seed, (unsigned long long)campaign->last_seed,
        (unsigned long long)campaign->elapsed_ms / 1000,
        (unsigned long long)campaign->elapsed_ms % 1000 / 100, options->jobs,
        campaign->elapsed_ms == 0 ? 0ULL
                                  : runs * 3600000ULL / (unsigned long long)campaign->elapsed_ms);
    if (runs > 0) {
        (void)printf("of a run: %llu blocks, %llu events on average\n",
                     (unsigned long long)campaign->blocks / runs,
                     (unsigned long long)campaign->steps / runs);
    }
    for (unsigned i = 0; i < QN_SIM_COVER_COUNT; i++) {
        (void)printf("  %-24s %10llu%s", qn_sim_cover_name((enum qn_sim_cover)i),
                     (unsigned long long)campaign->coverage.counts[i],
                     i % COLUMNS == COLUMNS - 1 || i + 1 == QN_SIM_COVER_COUNT ? "\n" : "");
    }
}

void qn_sim_print_failure(const struct qn_sim_campaign *campaign,
                          const struct qn_sim_options *options)
{
    (void)printf("FAILED: seed %llu, commit %s\n  broken: %s\n  replay: ./dev sim --seed %llu",
                 (unsigned long long)campaign->failed_seed, QN_COMMIT, campaign->failure.failure,
                 (unsigned long long)campaign->failed_seed);
    if (options->nodes != 0) {
        (void)printf(" --nodes %u", options->nodes);
    }
    (void)puts(" --trace");
}
