/* A certificate verifies with exactly q distinct members of its epoch. */
#include "sim/checker_state.h"

const char *qn_sim_cert_problem(const struct qn_sim *sim, struct qn_cert *cert,
                                struct qn_span bytes)
{
    bool seen[QN_VALIDATORS_MAX] = {0};

    cert->view = 0;
    if (qn_cert_decode(cert, bytes) != QN_OK) {
        return "it cannot be decoded";
    }
    const struct qn_validator_set *set = qn_sim_committee(sim, cert->epoch);
    if (set == NULL) {
        return "there is no such epoch";
    }
    if (cert->signature_count != qn_quorum(set->count)) {
        return "it has not exactly q signatures";
    }
    struct qn_hash digest = qn_cert_digest(cert, &qn_sim_genesis(sim->plan.n)->network);
    for (size_t i = 0; i < cert->signature_count; i++) {
        int member = qn_cert_signer(cert, i);
        if (member < 0 || member >= set->count || seen[member]) {
            return "a signer is no member or signs twice";
        }
        seen[member] = true;
        if (!qn_sim_verify(&set->members[member].key, qn_vote_sign_kind(cert->kind), &digest,
                           cert->signatures[i], sim->plan.real_signatures)) {
            return "a signature does not verify";
        }
    }
    return NULL;
}
