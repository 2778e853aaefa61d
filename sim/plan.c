#include "sim/plan.h"

#include "base/rng.h"
#include "wire/validator_set.h"

enum { REAL_PERMILLE = 10 };

const char *qn_sim_byzantine_name(enum qn_sim_byzantine byzantine)
{
    static const char *const names[QN_SIM_BYZANTINE_COUNT] = {
        "honest",     "twins", "mutator",    "silent",    "silent_leader",
        "withholder", "liar",  "false_root", "false_body"};

    return names[byzantine];
}

static bool one_in(struct qn_rng *rng, uint64_t of)
{
    return qn_rng_below(rng, of) == 0;
}

/* Zero in half of all runs, so that every fault is also met alone. */
static unsigned intensity(struct qn_rng *rng, unsigned max)
{
    return one_in(rng, 2) ? 0 : (unsigned)qn_rng_below(rng, max + 1);
}

static void draw_weather(struct qn_sim_weather *weather, struct qn_rng *rng)
{
    weather->delay_min = 200 + qn_rng_below(rng, QN_MS(4));
    weather->delay_max = weather->delay_min + qn_rng_below(rng, QN_MS(40));
    weather->heavy_permille = intensity(rng, 50);
    weather->heavy_factor = 2 + (unsigned)qn_rng_below(rng, 60);
    weather->break_permille = intensity(rng, 4);
    weather->dial_failure_permille = intensity(rng, 300);
    if (one_in(rng, 2)) {
        return; /* TLS holds what it promises */
    }
    weather->all_kinds = one_in(rng, 4);
    weather->drop_permille = intensity(rng, 300);
    weather->duplicate_permille = intensity(rng, 500);
    weather->reorder_permille = intensity(rng, 300);
    weather->flip_permille = intensity(rng, 10);
    weather->truncate_permille = intensity(rng, 10);
}

static void draw_byzantine(struct qn_sim_plan *plan, struct qn_rng *rng)
{
    unsigned limit = qn_fault_limit(plan->n);
    unsigned count = (unsigned)qn_rng_below(rng, limit + 1);

    for (unsigned i = 0; i < count; i++) {
        unsigned who = (unsigned)qn_rng_below(rng, plan->n);
        plan->byzantine[who] =
            (enum qn_sim_byzantine)(1 + qn_rng_below(rng, QN_SIM_BYZANTINE_COUNT - 1));
    }
    plan->fault_budget = limit;
    for (unsigned i = 0; i < plan->n; i++) {
        plan->fault_budget -= plan->byzantine[i] != QN_SIM_HONEST;
    }
}

static void draw_weights(struct qn_sim_plan *plan, struct qn_rng *rng)
{
    for (unsigned act = 0; act < QN_SIM_ACT_COUNT; act++) {
        plan->weights[act] = intensity(rng, 10);
    }
    plan->weights[QN_SIM_ACT_NOTHING] += 1;
    plan->weights[QN_SIM_ACT_SUBMIT] += 10;
}

void qn_sim_plan_draw(struct qn_sim_plan *plan, uint64_t seed, unsigned n)
{
    static const unsigned sizes[] = {4, 4, 4, 5, 5, 7, 7, 10};
    struct qn_rng rng;

    *plan = (struct qn_sim_plan){.seed = seed};
    qn_rng_init(&rng, ~seed);
    unsigned drawn = sizes[qn_rng_below(&rng, QN_ARRAY_COUNT(sizes))];
    plan->n = n != 0 ? n : drawn;
    plan->followers = (unsigned)qn_rng_below(&rng, 3);
    plan->real_signatures = qn_rng_below(&rng, 1000) < REAL_PERMILLE;
    plan->durable = !one_in(&rng, 4) && QN_SIM_VOTES_ARE_DURABLE != 0;
    plan->delta = QN_MS(60) + qn_rng_below(&rng, QN_MS(100));
    plan->heartbeat = QN_MS(800) + qn_rng_below(&rng, QN_SECONDS(2));
    plan->chaos_us = QN_SECONDS(8) + qn_rng_below(&rng, QN_SECONDS(16));
    plan->step_max = QN_MS(100) + qn_rng_below(&rng, QN_MS(800));
    plan->work_max = 100 + qn_rng_below(&rng, one_in(&rng, 3) ? QN_MS(20) : QN_MS(2));
    plan->drift_ppm_max = intensity(&rng, 20000);
    draw_byzantine(plan, &rng);
    plan->calm_start = plan->fault_budget < qn_fault_limit(plan->n) || !one_in(&rng, 3);
    draw_weights(plan, &rng);
    draw_weather(&plan->weather, &rng);
}
