/* qnet-sim: the program behind ./dev sim. */
#include "crypto/key.h"
#include "qn_version.h"
#include "sim/campaign.h"
#include "sim/hashes.h"
#include "sim/identity.h"
#include "sim/options.h"
#include "sim/peers/command.h"
#include "sim/progress.h"
#include "sim/scenario.h"

#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 2 };

/* Small enough to type. */
static uint64_t random_seed(void)
{
    uint8_t bytes[4];

    qn_random_bytes(bytes, sizeof bytes);
    return (uint64_t)bytes[0] << 24 | (uint64_t)bytes[1] << 16 | (uint64_t)bytes[2] << 8 | bytes[3];
}

/* In this process, with a transcript if asked for. */
static int one_run(const struct qn_sim_options *options)
{
    struct qn_sim_campaign campaign = {.runs = 1, .failed_seed = options->first_seed};

    qn_sim_run(&campaign.failure, &campaign.coverage, options->first_seed, options->nodes,
               options->trace ? stdout : NULL);
    (void)printf(
        "seed %llu: trace hash %016llx, %llu blocks, %llu events\n",
        (unsigned long long)options->first_seed, (unsigned long long)campaign.failure.trace,
        (unsigned long long)campaign.failure.blocks, (unsigned long long)campaign.failure.steps);
    if (!campaign.failure.ok) {
        qn_sim_print_failure(&campaign, options);
    }
    return campaign.failure.ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int judge_gate(const struct qn_sim_campaign *campaign)
{
    if (campaign->failed) {
        (void)printf("caught by seed %llu: %s\n", (unsigned long long)campaign->failed_seed,
                     campaign->failure.failure);
        return EXIT_SUCCESS;
    }
    (void)printf("not caught in %llu runs\n", (unsigned long long)campaign->runs);
    return EXIT_FAILURE;
}

static int many_runs(struct qn_sim_options *options)
{
    static struct qn_sim_campaign campaign;

    if (!options->has_seeds) {
        options->first_seed = random_seed();
        (void)printf("first seed %llu\n", (unsigned long long)options->first_seed);
        (void)fflush(stdout);
    }
    if (!qn_sim_campaign_run(&campaign, options)) {
        (void)fputs("error: no process could be made\n", stderr);
        return EXIT_FAILURE;
    }
    if (options->gate) {
        return judge_gate(&campaign);
    }
    qn_sim_print_summary(&campaign, options);
    if (campaign.failed) {
        qn_sim_print_failure(&campaign, options);
    }
    return campaign.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int one_scenario(const struct qn_sim_scenario *scenario,
                        const struct qn_sim_options *options)
{
    struct qn_sim_campaign campaign = {.runs = 1, .failed_seed = options->first_seed};

    qn_sim_run_scenario(&campaign.failure, &campaign.coverage, scenario, options->first_seed,
                        options->trace ? stdout : NULL);
    (void)printf("%-28s %s: %s\n", scenario->name, campaign.failure.ok ? "ok" : "FAILED",
                 campaign.failure.ok ? scenario->what : campaign.failure.failure);
    if (!campaign.failure.ok) {
        (void)printf("  commit %s, replay: ./dev sim --scenario %s --seed %llu --trace\n",
                     QN_COMMIT, scenario->name, (unsigned long long)options->first_seed);
    }
    return campaign.failure.ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int scenarios(struct qn_sim_options *options)
{
    const struct qn_sim_scenario *scenario = qn_sim_scenario_find(options->scenario);
    bool list = strcmp(options->scenario, "list") == 0;
    int status = EXIT_SUCCESS;

    options->first_seed = options->has_seeds ? options->first_seed : 1;
    if (scenario != NULL) {
        return one_scenario(scenario, options);
    }
    if (qn_peers_command_knows(options->scenario)) {
        return qn_peers_command_run(options->scenario, options->first_seed, options->quick);
    }
    if (!list && strcmp(options->scenario, "all") != 0) {
        (void)fprintf(stderr, "error: no scenario %s; see --scenario list\n", options->scenario);
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < qn_sim_scenario_count(); i++) {
        scenario = qn_sim_scenario_at(i);
        if (list) {
            (void)printf("%-28s %s\n", scenario->name, scenario->what);
        } else if (one_scenario(scenario, options) != EXIT_SUCCESS) {
            status = EXIT_FAILURE;
        }
    }
    if (list) {
        qn_peers_command_list();
    }
    return status;
}

static int dispatch(struct qn_sim_options *options)
{
    if (options->hash_file != NULL) {
        bool good = options->write_hashes ? qn_sim_hashes_write(options->hash_file)
                                          : qn_sim_hashes_check(options->hash_file);
        return good ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    if (options->scenario != NULL) {
        return scenarios(options);
    }
    return options->first_seed == options->last_seed ? one_run(options) : many_runs(options);
}

int main(int argc, char **argv)
{
    struct qn_sim_options options;
    const char *why = NULL;

    switch (qn_sim_options_parse(&options, argc, argv)) {
    case QN_SIM_OPTIONS_DONE:
        return EXIT_SUCCESS;
    case QN_SIM_OPTIONS_WRONG:
        return EXIT_USAGE;
    case QN_SIM_OPTIONS_RUN:
        break;
    }
    if (qn_crypto_init(&why) != QN_OK) {
        (void)fprintf(stderr, "error: %s\n", why);
        return EXIT_FAILURE;
    }
    int status = dispatch(&options);
    qn_sim_keys_fini();
    qn_crypto_fini();
    return status;
}
