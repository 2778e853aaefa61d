/* Light clients: what a proof says to somebody with nothing but the genesis certificates is what the full node
 * says, of the tip and of the past. */
#include "sim/checker_state.h"
#include "sim/light_client.h"

#include <string.h>

enum { PROOFS_PER_RUN = 8 };

/* Genesis certificates are signed for real in every run. */
static enum qnet_check verify(void *context, struct qnet_span key, const char *context_string,
                              const uint8_t digest[QNET_HASH_LEN], struct qnet_span signature)
{
    const struct qn_sim *sim = context;
    struct qn_public_key public_key;
    struct qn_hash hash;

    memcpy(hash.bytes, digest, sizeof hash.bytes);
    if (qn_public_key_from_spki(&public_key, (struct qn_span){key.at, key.len}) != QN_OK) {
        return QNET_CHECK_FAILS;
    }
    for (unsigned number = QN_SIGN_GENESIS; number <= QN_SIGN_NULLIFY; number++) {
        enum qn_sign_kind kind = (enum qn_sign_kind)number;
        if (strcmp(qn_sign_kind_context(kind), context_string) == 0) {
            bool real = sim->plan.real_signatures || kind == QN_SIGN_GENESIS;
            struct qn_span bytes = {signature.at, signature.len};
            return qn_sim_verify(&public_key, kind, &hash, bytes, real) ? QNET_CHECK_HOLDS
                                                                        : QNET_CHECK_FAILS;
        }
    }
    return QNET_CHECK_FAILS;
}

static const struct qn_node_id *some_id(struct qn_sim *sim)
{
    size_t number = (size_t)qn_rng_below(&sim->rng, QN_SIM_CLIENTS_MAX + sim->host_count);

    return number < QN_SIM_CLIENTS_MAX ? &sim->keys->clients[number].id
                                       : &sim->hosts[number - QN_SIM_CLIENTS_MAX].identity->id;
}

void qn_sim_check_light_clients(struct qn_sim *sim, const struct qn_sim_host *host)
{
    const struct qn_ledger *ledger = qn_node_ledger(host->node);
    struct qnet_verify_crypto crypto = qn_light_client_crypto(verify, sim);
    struct qnet_trust trust;

    if (!qn_light_client_init(&trust, &crypto, qn_sim_genesis(sim->plan.n))) {
        qn_sim_fail(sim, "light_clients_agree", "they refuse the %s", "genesis certificates");
        return;
    }
    for (size_t i = 0; i < PROOFS_PER_RUN && !qn_sim_has_failed(sim); i++) {
        struct qnet_verdict verdict;
        bool proved = false;
        uint64_t height =
            i % 2 == 0 ? QN_PROVE_NEWEST : qn_rng_below(&sim->rng, qn_ledger_height(ledger) + 1);
        const char *problem =
            qn_light_client_check(&verdict, &proved, ledger, &trust, &crypto, some_id(sim), height);
        if (problem != NULL) {
            qn_sim_fail(sim, "light_clients_agree", "host %zu, height %lld: %s", host->index,
                        (long long)height, problem);
        }
        sim->coverage->counts[QN_SIM_COVER_PROOF] += proved;
    }
}
