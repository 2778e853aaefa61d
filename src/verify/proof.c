/* A proof as a whole: from the genesis committee through its successors to a final block, from that to the
 * block that is asked about, and from its state root to the entry. */
#include "verify/parts.h"

#include <string.h>

static enum qnet_verify_status check_network(struct qn_proof_check *check,
                                             const struct qnet_trust *trust,
                                             const struct qn_proof_bundle *bundle)
{
    if (!qn_proof_network(trust, check->crypto, bundle->parameters, check->network)) {
        return QNET_VERIFY_CRYPTO;
    }
    return trust->has_network && !qn_proof_hash_equal(trust->network, check->network)
               ? QNET_VERIFY_NETWORK
               : QNET_VERIFY_OK;
}

/* One change of the committee, which becomes that of the next epoch. */
static enum qnet_verify_status take_step(struct qn_proof_check *check,
                                         struct qn_proof_committee *committee,
                                         struct qn_proof_step *step, uint64_t epoch,
                                         uint64_t height_min)
{
    if (step->header.epoch != epoch || step->header.height < height_min ||
        !step->header.ends_epoch) {
        return QNET_VERIFY_EPOCH;
    }
    enum qnet_verify_status status =
        qn_proof_check_final(check, committee, &step->header, &step->certificate);
    if (status == QNET_VERIFY_OK) {
        status = qn_proof_check_committee(check, &step->next, step->header.next_validators_hash);
    }
    if (status == QNET_VERIFY_OK) {
        *committee = step->next;
    }
    return status;
}

/* Leaves the committee that signs the last block. */
static enum qnet_verify_status walk_epochs(struct qn_proof_check *check,
                                           struct qn_proof_committee *committee,
                                           const struct qn_proof_bundle *bundle)
{
    struct qn_proof_step step;
    struct qn_reader in = bundle->steps;
    uint64_t height_min = 1;

    for (size_t epoch = 0; epoch < bundle->step_count; epoch++) {
        qn_proof_read_step(&in, &step);
        enum qnet_verify_status status = take_step(check, committee, &step, epoch, height_min);
        if (status != QNET_VERIFY_OK) {
            return status;
        }
        height_min = step.header.height + 1;
    }
    const struct qn_proof_header *last = bundle->has_anchor ? &bundle->anchor : &bundle->header;
    return last->epoch == bundle->step_count && last->height >= height_min ? QNET_VERIFY_OK
                                                                           : QNET_VERIFY_EPOCH;
}

/* From the certified block to the one that is asked about. */
static enum qnet_verify_status check_block(struct qn_proof_check *check,
                                           const struct qn_proof_committee *committee,
                                           const struct qn_proof_bundle *bundle,
                                           const uint8_t *block_id)
{
    if (!bundle->has_anchor) {
        return qn_proof_check_final(check, committee, &bundle->header, &bundle->certificate);
    }
    if (!qn_proof_hash_equal(bundle->header.network, check->network)) {
        return QNET_VERIFY_NETWORK;
    }
    enum qnet_verify_status status =
        qn_proof_check_final(check, committee, &bundle->anchor, &bundle->certificate);
    return status == QNET_VERIFY_OK ? qn_proof_check_history(check, bundle, block_id) : status;
}

static enum qnet_verify_status check_all(struct qn_proof_check *check,
                                         const struct qnet_trust *trust,
                                         const struct qn_proof_bundle *bundle,
                                         const uint8_t *block_id)
{
    struct qn_proof_committee committee = {.count = trust->count};
    enum qnet_verify_status status = check_network(check, trust, bundle);

    memcpy(committee.members, trust->members, trust->count * sizeof trust->members[0]);
    if (status == QNET_VERIFY_OK) {
        status = walk_epochs(check, &committee, bundle);
    }
    if (status == QNET_VERIFY_OK) {
        status = check_block(check, &committee, bundle, block_id);
    }
    return status == QNET_VERIFY_OK ? qn_proof_check_state(check, bundle) : status;
}

static void fill(struct qnet_verdict *verdict, const struct qn_proof_check *check,
                 const struct qn_proof_bundle *bundle, const uint8_t *block_id)
{
    const struct qn_proof_header *certified =
        bundle->has_anchor ? &bundle->anchor : &bundle->header;

    *verdict = (struct qnet_verdict){
        .is_member = bundle->entry_bytes.at != NULL,
        .entry = bundle->entry,
        .height = bundle->header.height,
        .time_ms = bundle->header.time_ms,
        .epoch = bundle->header.epoch,
        .certified_height = certified->height,
        .certified_epoch = certified->epoch,
        .signature_count = check->signature_count,
    };
    memcpy(verdict->node_id, bundle->node_id, QNET_HASH_LEN);
    memcpy(verdict->network, check->network, QNET_HASH_LEN);
    memcpy(verdict->block_id, block_id, QNET_HASH_LEN);
    memcpy(verdict->state_root, bundle->header.state_root, QNET_HASH_LEN);
    verdict->state = qnet_verdict_state_at(verdict, verdict->time_ms);
}

enum qnet_verify_status qnet_proof_verify(struct qnet_verdict *verdict,
                                          const struct qnet_trust *trust,
                                          const struct qnet_verify_crypto *crypto,
                                          const uint8_t *proof, size_t proof_len,
                                          const uint8_t *node_id)
{
    struct qn_proof_check check = {.crypto = crypto};
    struct qn_proof_bundle bundle;
    uint8_t block_id[QNET_HASH_LEN];
    enum qnet_verify_status status = qn_proof_decode(&bundle, (struct qnet_span){proof, proof_len});

    if (status != QNET_VERIFY_OK) {
        return status;
    }
    if (node_id != NULL && !qn_proof_hash_equal(node_id, bundle.node_id)) {
        return QNET_VERIFY_NODE_ID;
    }
    if (!qn_proof_sha3(crypto, block_id, bundle.header.bytes)) {
        return QNET_VERIFY_CRYPTO;
    }
    status = check_all(&check, trust, &bundle, block_id);
    if (status == QNET_VERIFY_OK) {
        fill(verdict, &check, &bundle, block_id);
    }
    return status;
}

enum qnet_entry_state qnet_verdict_state_at(const struct qnet_verdict *verdict, uint64_t unix_ms)
{
    enum { ACTIVE = 1, REVOKED = 2 };

    if (!verdict->is_member) {
        return QNET_ENTRY_NONE;
    }
    if (verdict->entry.status != ACTIVE) {
        return verdict->entry.status == REVOKED ? QNET_ENTRY_REVOKED : QNET_ENTRY_ROTATED;
    }
    return unix_ms >= verdict->entry.valid_until_ms ? QNET_ENTRY_EXPIRED : QNET_ENTRY_ACTIVE;
}
