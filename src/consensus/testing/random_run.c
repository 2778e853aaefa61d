#include "consensus/testing/random_run.h"

#include <stdio.h>

enum { TXS_MIN = 3, TXS_RANGE = 20, CHAOS_STEPS = 40 };

static const unsigned sizes[] = {4, 5, 7, 10, 4, 5, 6, 7};

/* As many faulty ones as the quorum allows, or fewer, of all kinds. */
static unsigned choose_faults(struct harness_config *config, struct qn_rng *rng)
{
    unsigned limit = qn_fault_limit(config->n);
    unsigned count = (unsigned)qn_rng_below(rng, limit + 1);

    for (unsigned i = 0; i < count; i++) {
        unsigned who = (unsigned)qn_rng_below(rng, config->n);
        config->faults[who] = (enum harness_fault)(1 + qn_rng_below(rng, HARNESS_BAD_BODY));
    }
    unsigned faulty = 0;
    for (unsigned i = 0; i < config->n; i++) {
        faulty += config->faults[i] != HARNESS_HONEST;
    }
    return limit - faulty;
}

static struct harness_config choose_config(uint64_t seed, struct qn_rng *rng, unsigned *crashes)
{
    struct harness_config config = {.n = sizes[qn_rng_below(rng, QN_ARRAY_COUNT(sizes))],
                                    .seed = seed,
                                    .delta = QN_MS(50),
                                    .delay_min = QN_MS(1)};

    config.delay_max = config.delay_min + qn_rng_below(rng, QN_MS(60));
    config.work_max = qn_rng_below(rng, QN_MS(4));
    config.drop_permille = qn_rng_below(rng, 2) == 0 ? 0 : (unsigned)qn_rng_below(rng, 300);
    config.duplicate_permille = (unsigned)qn_rng_below(rng, 500);
    *crashes = choose_faults(&config, rng);
    /* Joining needs more than a quorum: with n = 4 everyone. So it is tried where nobody is faulty. */
    config.joins = *crashes == qn_fault_limit(config.n) && qn_rng_below(rng, 2) == 0;
    *crashes = config.joins ? 0 : *crashes;
    config.drop_permille = config.joins ? 0 : config.drop_permille;
    return config;
}

static void cut(struct harness *h, struct qn_rng *rng, unsigned n)
{
    int a = (int)qn_rng_below(rng, n);
    int b = (int)qn_rng_below(rng, n);

    if (a == b) {
        return;
    }
    switch (qn_rng_below(rng, 6)) {
    case 0:
        harness_block(h, a, b, true);
        break;
    case 1:
        harness_lose(h, a, b, 0);
        break;
    case 2:
        harness_link(h, a, b, false);
        break;
    case 3:
        harness_link(h, a, b, true);
        break;
    default:
        harness_block(h, a, b, false);
        break;
    }
}

/* Cuts one group off from the rest. */
static void partition(struct harness *h, struct qn_rng *rng, unsigned n)
{
    unsigned group = (unsigned)qn_rng_below(rng, 1U << n);

    for (unsigned i = 0; i < n; i++) {
        for (unsigned j = i + 1; j < n; j++) {
            bool apart = (group >> i & 1U) != (group >> j & 1U);
            harness_block(h, (int)i, (int)j, apart);
        }
    }
}

static bool may_restart(const struct harness *h, int who)
{
    return harness_is_honest(h, who);
}

/* One at a time: it is back in the vote before the next may forget. */
static bool may_forget(struct harness *h, const struct harness_config *config)
{
    struct qn_consensus_info info;

    for (int i = 0; i < (int)config->n && config->joins; i++) {
        qn_consensus_info(harness_consensus(h, i), &info);
        if (info.joining || info.view <= info.ceiling) {
            return false;
        }
    }
    return config->joins;
}

static void restart_all(struct harness *h, const struct harness_config *config)
{
    for (int i = 0; i < (int)config->n; i++) {
        if (may_restart(h, i) && harness_has_log(h, i)) {
            harness_restart(h, i, HARNESS_INTACT);
        }
    }
}

/* An old copy of the disk is noticed when others show what is not in it; until then it may make a validator
 * vote twice, which counts as one of the faults that there may be. */
static void roll_back(struct harness *h, int who, unsigned *crashes)
{
    if (!harness_has_copy(h, who)) {
        harness_copy_disk(h, who);
    } else if (harness_has_log(h, who) && (*crashes > 0 || harness_is_excused(h, who))) {
        *crashes -= harness_is_excused(h, who) ? 0 : 1;
        harness_restart(h, who, HARNESS_ROLLED_BACK);
    }
}

static void restart(struct harness *h, const struct harness_config *config, struct qn_rng *rng,
                    int who, unsigned *crashes)
{
    if (!may_restart(h, who)) {
        return;
    }
    switch (qn_rng_below(rng, 6)) {
    case 0:
    case 1:
        if (harness_has_log(h, who)) {
            harness_restart(h, who, HARNESS_INTACT);
        }
        break;
    case 2:
        restart_all(h, config);
        break;
    case 3:
        roll_back(h, who, crashes);
        break;
    case 4:
        if (may_forget(h, config)) {
            harness_restart(h, who, HARNESS_LOG_LOST);
        }
        break;
    default:
        if (may_forget(h, config)) {
            harness_restart(h, who, HARNESS_ALL_LOST);
        }
        break;
    }
}

static void chaos_step(struct harness *h, const struct harness_config *config, struct qn_rng *rng,
                       unsigned *txs, unsigned *crashes)
{
    int who = (int)qn_rng_below(rng, config->n);

    switch (qn_rng_below(rng, 9)) {
    case 0:
    case 1:
        if (*txs > 0) {
            (void)harness_submit(h, who);
            *txs -= 1;
        }
        break;
    case 2:
        cut(h, rng, config->n);
        break;
    case 3:
        partition(h, rng, config->n);
        break;
    case 4:
        harness_pause(h, who, true);
        break;
    case 5:
        harness_pause(h, who, false);
        break;
    case 6:
        if (*crashes > 0 && config->faults[who] == HARNESS_HONEST && harness_is_honest(h, who) &&
            qn_rng_below(rng, 4) == 0) {
            harness_crash(h, who);
            *crashes -= 1;
        }
        break;
    case 7:
        restart(h, config, rng, who, crashes);
        break;
    default:
        break;
    }
    harness_run(h, qn_rng_below(rng, QN_MS(300)));
}

static void chaos(struct harness *h, const struct harness_config *config, struct qn_rng *rng,
                  unsigned crashes)
{
    unsigned txs = TXS_MIN + (unsigned)qn_rng_below(rng, TXS_RANGE);

    harness_start(h);
    for (unsigned i = 0; i < CHAOS_STEPS && harness_failure(h) == NULL; i++) {
        chaos_step(h, config, rng, &txs, &crashes);
    }
    while (txs > 0) {
        (void)harness_submit(h, (int)qn_rng_below(rng, config->n));
        txs -= 1;
    }
}

/* The last block of the epoch, among losses and restarts. */
static bool end_epoch(struct harness *h, const struct harness_config *config, struct qn_rng *rng)
{
    harness_set_network(h, QN_MS(1), QN_MS(60), (unsigned)qn_rng_below(rng, 300), 100);
    harness_end_epoch(h);
    for (unsigned i = 0; i < 6 && harness_failure(h) == NULL; i++) {
        int who = (int)qn_rng_below(rng, config->n);
        harness_run(h, qn_rng_below(rng, QN_MS(150)));
        if (may_restart(h, who) && harness_has_log(h, who)) {
            harness_restart(h, who, HARNESS_INTACT);
        }
    }
    harness_heal(h);
    harness_set_network(h, QN_MS(1), QN_MS(20), 0, 0);
    harness_end_epoch(h);
    return harness_run_until_ended(h, QN_SECONDS(120));
}

static void run(struct random_run *result, uint64_t seed, bool transcript)
{
    struct qn_rng rng;
    unsigned crashes = 0;

    *result = (struct random_run){.ok = true};
    qn_rng_init(&rng, ~seed);
    struct harness_config config = choose_config(seed, &rng, &crashes);
    config.transcript = transcript;
    struct harness *h = harness_new(&config);
    chaos(h, &config, &rng, crashes);
    harness_heal(h);
    harness_set_network(h, QN_MS(1), QN_MS(20), 0, 0);
    result->ok = harness_run_until_final(h, QN_SECONDS(120)) && end_epoch(h, &config, &rng);
    const char *failure = harness_failure(h);
    result->ok = result->ok && failure == NULL;
    result->broken = failure != NULL;
    for (int i = 0; i < (int)config.n; i++) {
        result->blocks =
            harness_height(h, i) > result->blocks ? harness_height(h, i) : result->blocks;
        result->views = harness_view(h, i) > result->views ? harness_view(h, i) : result->views;
    }
    (void)snprintf(result->what, sizeof result->what, "%s",
                   failure != NULL ? failure : "not everything became final in time");
    result->syncs = harness_syncs(h);
    result->trace = harness_trace(h);
    result->actions_max = harness_actions_max(h);
    if (transcript) {
        (void)fputs(harness_transcript(h), stdout);
    }
    harness_free(h);
}

void random_run(struct random_run *result, uint64_t seed)
{
    run(result, seed, false);
}

void random_run_transcript(struct random_run *result, uint64_t seed)
{
    run(result, seed, true);
}
