/* From when on a validator that starts may vote.
 *
 * Without durable memory it cannot tell a first start from a restart, and a vote cast before a restart must
 * never meet another one for the same view. So it first hears from other validators, on links made
 * since it started, where they are. A claim counts once it is proved: once this validator holds a certificate
 * that led it as far, so that nobody can bar it from voting with a number. Nobody beyond view 1 and
 * nothing final: the network begins, and it votes at once. Else it waits for n - q + f + 1 answers and casts
 * no vote in views up to the current one plus one: whoever voted in a view entered it by a
 * certificate, and one honest signer of that is among those who answered (CONSENSUS.md, restart without
 * trustworthy memory). */
#include "consensus/state.h"

void qn_join_begin(struct qn_consensus *c)
{
    c->joining = true;
    c->ceiling = UINT64_MAX;
}

/* Others needed besides oneself, where the network is only beginning: those of the start gate. */
static unsigned needed_to_begin(const struct qn_consensus *c)
{
    return (c->q > QN_GENESIS_MIN ? c->q : QN_GENESIS_MIN) - 1;
}

void qn_join_try(struct qn_consensus *c)
{
    bool begins = c->view == 1 && qn_final_height(c) == 0;
    unsigned needed = begins ? needed_to_begin(c) : c->n - c->q + qn_fault_limit(c->n) + 1;
    unsigned told = 0;

    for (int i = 0; i < (int)c->n && c->joining; i++) {
        const struct qn_validator_state *peer = &c->peers[i];
        told += i != c->self && peer->told && peer->told_view <= c->view;
    }
    if (!c->joining || told < needed) {
        return;
    }
    c->joining = false;
    c->ceiling = begins ? 0 : c->view + 1;
    qn_log(c->log, QN_LOG_INFO, "consensus", "join", "answers=%u votes_from_view=%llu", told,
           (unsigned long long)c->ceiling + 1);
    if (c->ceiling > 0) { /* the others carry the views past it */
        qn_status_send(c, QN_CONSENSUS_ALL);
    }
}
