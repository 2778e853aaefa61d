/* Two votes of one validator that no honest one casts both. They are told when both signatures are
 * verified, so that whoever makes a transaction of them makes a good one; once for each validator, since
 * one pair removes it. */
#include "consensus/state.h"
#include "wire/transaction.h"

static struct qn_vote_proof *free_proof(struct qn_consensus *c)
{
    for (size_t i = 0; i < QN_CONSENSUS_PROOFS; i++) {
        if (!c->proofs[i].used) {
            return &c->proofs[i];
        }
    }
    return NULL; /* the validator that is accused next time has its turn then */
}

static struct qn_consensus_record vote_record(const struct qn_vote *vote)
{
    return (struct qn_consensus_record){.kind = (enum qn_record_kind)vote->kind,
                                        .view = vote->view,
                                        .bytes = qn_tx_vote_encode(vote)};
}

static void tell(struct qn_consensus *c, struct qn_vote_proof *proof)
{
    proof->used = false;
    /* A FINALIZE proves its view only together with what p is made of: unknown, it proves nothing. */
    if (!qn_vote_resolve(c, &proof->votes[0]) || !qn_vote_resolve(c, &proof->votes[1])) {
        return;
    }
    struct qn_consensus_action *action = qn_consensus_emit(c, QN_CONSENSUS_EVIDENCE);
    action->validator = proof->validator;
    action->record_count = 2;
    for (size_t i = 0; i < 2; i++) {
        action->records[i] = vote_record(&proof->votes[i]);
    }
    c->peers[proof->validator].convicted = true;
}

void qn_evidence_begin(struct qn_consensus *c, int validator, const struct qn_vote *first,
                       const struct qn_vote *second)
{
    struct qn_vote_proof *proof = c->peers[validator].convicted ? NULL : free_proof(c);

    if (proof == NULL) {
        return;
    }
    *proof = (struct qn_vote_proof){.used = true, .validator = validator};
    proof->votes[0] = *first;
    proof->votes[1] = *second;
    for (size_t i = 0; i < 2; i++) {
        const struct qn_vote *vote = &proof->votes[i];
        struct qn_span signature = {vote->signature.bytes, vote->signature.len};
        struct qn_hash digest = qn_vote_digest(c, vote);
        struct qn_verify_job what =
            qn_verify_vote(vote->view, vote->kind, validator, &digest, signature);
        enum qn_verify_answer answer = qn_verify_start(c, &what, &digest, signature);
        if (answer == QN_VERIFY_FULL) {
            proof->used = false;
            return;
        }
        proof->keys[i] = what.key;
        proof->pending[i] = answer == QN_VERIFY_STARTED;
    }
    if (!proof->pending[0] && !proof->pending[1]) {
        tell(c, proof);
    }
}

static void proof_verified(struct qn_consensus *c, struct qn_vote_proof *proof,
                           const struct qn_hash *key, bool ok)
{
    bool mine = false;

    for (size_t i = 0; i < 2; i++) {
        if (proof->pending[i] && qn_hash_equal(&proof->keys[i], key)) {
            proof->pending[i] = false;
            mine = true;
        }
    }
    if (mine && (!ok || c->peers[proof->validator].convicted)) {
        proof->used = false;
    } else if (mine && !proof->pending[0] && !proof->pending[1]) {
        tell(c, proof);
    }
}

void qn_evidence_verified(struct qn_consensus *c, const struct qn_hash *key, bool ok)
{
    for (size_t i = 0; i < QN_CONSENSUS_PROOFS; i++) {
        if (c->proofs[i].used) {
            proof_verified(c, &c->proofs[i], key, ok);
        }
    }
}
