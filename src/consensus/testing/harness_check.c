/* What must hold at every step, for every honest validator (CONSENSUS.md, invariants). */
#include "consensus/testing/harness_state.h"

enum { VIEWS_SCANNED = 8 };

static struct harness_own *own_of(struct harness *h, const struct harness_node *node, uint64_t view)
{
    if (view >= HARNESS_VIEWS_MAX) {
        harness_fail(h, "more views than the harness holds");
        return NULL;
    }
    return &h->views[view].own[node->validator];
}

/* False if this message is no vote. */
static bool vote_of(const struct harness *h, struct qn_vote *vote, struct qn_hash *digest,
                    enum qn_message_kind kind, const struct qn_buf *bytes)
{
    struct qn_propose propose;
    struct qn_block *block = NULL;

    if (kind == QN_PROPOSE) {
        if (qn_propose_decode(&propose, qn_buf_span(bytes)) != QN_OK ||
            qn_block_decode(&block, propose.block) != QN_OK) {
            return false;
        }
        *vote = (struct qn_vote){.kind = QN_VOTE_NOTARIZE, .view = propose.view};
        *digest = qn_proposal_digest(&h->network, 0, propose.view, propose.parent_view, &block->id);
        qn_block_drop(block);
        return true;
    }
    if (kind != QN_NOTARIZE && kind != QN_FINALIZE && kind != QN_NULLIFY) {
        return false;
    }
    enum qn_vote_kind vote_kind = (enum qn_vote_kind)(kind - QN_NOTARIZE + QN_VOTE_NOTARIZE);
    if (qn_vote_decode(vote, vote_kind, qn_buf_span(bytes)) != QN_OK) {
        return false;
    }
    *digest =
        vote_kind == QN_VOTE_FINALIZE ? vote->p
        : vote_kind == QN_VOTE_NULLIFY
            ? qn_nullify_digest(&h->network, 0, vote->view)
            : qn_proposal_digest(&h->network, 0, vote->view, vote->parent_view, &vote->block_id);
    return true;
}

void harness_check_send(struct harness *h, const struct harness_node *node,
                        enum qn_message_kind kind, const struct qn_buf *bytes)
{
    struct qn_vote vote;
    struct qn_hash digest;

    if (node->fault != HARNESS_HONEST || node->excused ||
        !vote_of(h, &vote, &digest, kind, bytes)) {
        return;
    }
    if (kind == QN_PROPOSE && qn_view_leader(node->c, vote.view) != node->validator) {
        return; /* passed on, not voted */
    }
    struct harness_own *own = own_of(h, node, vote.view);
    if (own == NULL) {
        return;
    }
    unsigned index = vote.kind - 1U;
    if (own->cast[index] && !qn_hash_equal(&own->digest[index], &digest)) {
        harness_fail(h, "v%d sent two different votes of kind %u in view %llu", node->validator,
                     vote.kind, (unsigned long long)vote.view);
    }
    own->cast[index] = true;
    own->digest[index] = digest;
    if (own->cast[QN_VOTE_FINALIZE - 1] && own->cast[QN_VOTE_NULLIFY - 1]) {
        harness_fail(h, "v%d sent FINALIZE and NULLIFY of view %llu", node->validator,
                     (unsigned long long)vote.view);
    }
    if (!own->durable[index]) {
        harness_fail(h, "v%d sent a vote of kind %u of view %llu before it was durable",
                     node->validator, vote.kind, (unsigned long long)vote.view);
    }
}

static void check_certificates(struct harness *h, const struct harness_node *node,
                               const struct qn_view_slot *slot)
{
    struct harness_view *seen = &h->views[slot->view];
    const struct qn_view_cert *notarization = &slot->certs[QN_VOTE_NOTARIZE - 1];
    const struct qn_view_cert *finalization = &slot->certs[QN_VOTE_FINALIZE - 1];
    unsigned long long view = slot->view;

    seen->nullified |= slot->certs[QN_VOTE_NULLIFY - 1].bytes != NULL;
    if (notarization->bytes != NULL) {
        if (seen->notarized && !qn_hash_equal(&seen->notarized_p, &notarization->p)) {
            harness_fail(h, "two blocks notarized in view %llu (v%d)", view, node->validator);
        }
        seen->notarized = true;
        seen->notarized_p = notarization->p;
    }
    if (finalization->bytes != NULL) {
        if (seen->finalized && !qn_hash_equal(&seen->finalized_p, &finalization->p)) {
            harness_fail(h, "two blocks finalized in view %llu (v%d)", view, node->validator);
        }
        seen->finalized = true;
        seen->finalized_p = finalization->p;
    }
    if (seen->finalized && seen->nullified) {
        harness_fail(h, "view %llu is finalized and nullified (v%d)", view, node->validator);
    }
}

void harness_check_node(struct harness *h, struct harness_node *node)
{
    struct qn_consensus *c = node->c;

    if (node->fault != HARNESS_HONEST) {
        return;
    }
    if (c->view < node->last_view || c->final_view < node->last_final_view) {
        harness_fail(h, "v%d went back to view %llu", node->validator, (unsigned long long)c->view);
    }
    if (qn_final_height(c) + 1 != node->block_count) {
        harness_fail(h, "v%d committed %zu blocks but says that height %llu is final",
                     node->validator, node->block_count - 1,
                     (unsigned long long)qn_final_height(c));
    }
    node->last_view = c->view;
    node->last_final_view = c->final_view;
    uint64_t first = c->view > VIEWS_SCANNED ? c->view - VIEWS_SCANNED : 1;
    for (uint64_t view = first; view <= c->view + 1 && view < HARNESS_VIEWS_MAX; view++) {
        const struct qn_view_slot *slot = qn_slot_find(c, view);
        if (slot != NULL) {
            check_certificates(h, node, slot);
        }
    }
}
