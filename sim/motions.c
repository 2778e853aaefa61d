/* The committee changes itself: members sign the same content each, and nodes take it in. Nobody waits for
 * an answer; a motion that does not come through is forgotten at the end of its epoch. */
#include "sim/chaos.h"
#include "sim/checker_state.h"
#include "sim/clients.h"

enum { MOTION_LIFETIME_MS = 60000, ENTRY_LIFETIME_MS = 3600000, REMOVE_PERMILLE = 400 };

static struct qn_tx make_tx(const struct qn_sim *sim, enum qn_tx_kind kind)
{
    struct qn_tx tx = {.kind = kind,
                       .network = qn_sim_genesis(sim->plan.n)->network,
                       .expires_ms = QN_SIM_UNIX_MS + sim->now / 1000 + MOTION_LIFETIME_MS};
    return tx;
}

/* An honest node with an entry of its own that is no member and has all its memory. */
static const struct qn_sim_host *find_candidate(struct qn_sim *sim, struct qn_registry_entry *entry)
{
    size_t first = (size_t)qn_rng_below(&sim->rng, sim->host_count);

    for (size_t i = 0; i < sim->host_count; i++) {
        const struct qn_sim_host *host = &sim->hosts[(first + i) % sim->host_count];
        bool fit = qn_sim_host_is_honest(host) && host->node != NULL && !host->member &&
                   !host->doomed &&
                   qn_ledger_entry(sim->checker->reference, entry, &host->identity->id) == QN_OK;
        if (fit && entry->status == QN_ENTRY_ACTIVE) {
            return host;
        }
    }
    return NULL;
}

/* Before it can be added, it says that it would vote. */
static void ask_for_the_role(struct qn_sim *sim, const struct qn_sim_host *candidate,
                             const struct qn_registry_entry *entry)
{
    struct qn_tx tx = make_tx(sim, QN_TX_UPDATE);

    tx.id = entry->id;
    tx.sequence = entry->sequence + 1;
    tx.region = entry->region;
    tx.roles = QN_ROLE_FULL | QN_ROLE_VALIDATOR;
    tx.has_endpoint = true;
    tx.endpoint = candidate->identity->endpoint;
    tx.announce_tip = entry->announce_tip;
    tx.valid_until_ms = QN_SIM_UNIX_MS + sim->now / 1000 + ENTRY_LIFETIME_MS;
    qn_sim_clients_hand_in(sim, candidate->identity, &tx);
}

/* Never below the number at which fewer faults are tolerated than this run may inject. */
static const struct qn_sim_host *find_leaver(struct qn_sim *sim, unsigned count)
{
    size_t first = (size_t)qn_rng_below(&sim->rng, sim->host_count);

    if (count <= QN_GENESIS_MIN || qn_fault_limit(count - 1) < qn_fault_limit(sim->plan.n) ||
        !qn_sim_chance(sim, REMOVE_PERMILLE)) {
        return NULL;
    }
    for (size_t i = 0; i < sim->host_count; i++) {
        const struct qn_sim_host *host = &sim->hosts[(first + i) % sim->host_count];
        if (host->member && !host->is_second) {
            return host;
        }
    }
    return NULL;
}

void qn_sim_motion_act(struct qn_sim *sim)
{
    const struct qn_validator_set *set = qn_sim_committee(sim, sim->checker->epoch);
    struct qn_registry_entry entry;
    const struct qn_sim_host *candidate = find_candidate(sim, &entry);
    struct qn_tx motion = make_tx(sim, QN_TX_VALIDATORS);

    if (sim->checker->epoch + QN_SIM_HOSTS_MAX >= QN_SIM_EPOCHS_MAX) {
        return; /* what is left is for evidence, which takes out each host at most once */
    }
    if (candidate != NULL && (entry.roles & QN_ROLE_VALIDATOR) == 0) {
        ask_for_the_role(sim, candidate, &entry);
        return;
    }
    if (candidate != NULL && qn_sim_losable(sim) == 0) {
        candidate = NULL;
    }
    if (candidate != NULL) {
        sim->newcomer_until = sim->now + QN_MS(MOTION_LIFETIME_MS);
        motion.add_count = 1;
        motion.add[0] = candidate->identity->id;
    }
    const struct qn_sim_host *leaver = find_leaver(sim, set->count);
    if (leaver != NULL) {
        motion.remove_count = 1;
        motion.remove[0] = leaver->identity->id;
    }
    if (candidate == NULL && leaver == NULL) {
        return;
    }
    motion.epoch = sim->checker->epoch;
    motion.has_signer = true;
    sim->coverage->counts[QN_SIM_COVER_MOTION] += 1;
    qn_sim_say(sim, &sim->hosts[0], "motion: add %d, remove %d",
               candidate != NULL ? (int)candidate->index : -1,
               leaver != NULL ? (int)leaver->index : -1);
    for (size_t i = 0; i < sim->host_count; i++) {
        if (sim->hosts[i].member && !sim->hosts[i].is_second) {
            motion.signer = sim->hosts[i].identity->id;
            qn_sim_clients_hand_in(sim, sim->hosts[i].identity, &motion);
        }
    }
}
