#include "ledger/testing/committee_kit.h"

#include <stdlib.h>

enum { CHUNK = 60 }; /* transactions of one block */

static struct qn_tx new_tx(const struct qn_chain *chain, enum qn_tx_kind kind)
{
    return (struct qn_tx){
        .kind = kind,
        .network = chain->kit.genesis.network,
        .expires_ms = qn_chain_now(chain) + QN_KIT_TX_LIFETIME_MS,
    };
}

struct qn_tx qn_committee_register(const struct qn_chain *chain, const struct qn_public_key *key,
                                   uint32_t roles)
{
    struct qn_tx tx = new_tx(chain, QN_TX_REGISTER);

    tx.key = *key;
    tx.id = qn_public_key_id(key);
    tx.region = QN_REGION_ASIA;
    tx.roles = roles;
    tx.valid_until_ms = UINT64_MAX;
    return tx;
}

void qn_committee_nodes(struct qn_chain *chain, struct qn_rng *rng, struct qn_node_id *ids,
                        size_t count, uint32_t roles)
{
    for (size_t done = 0; done < count;) {
        struct qn_buf *txs[CHUNK];
        size_t now = count - done < CHUNK ? count - done : CHUNK;
        for (size_t i = 0; i < now; i++) {
            struct qn_public_key key = qn_chain_random_key(rng);
            struct qn_tx tx = qn_committee_register(chain, &key, roles);
            ids[done + i] = tx.id;
            txs[i] = qn_kit_tx_fake(&tx, 1);
        }
        QN_ASSERT(qn_chain_add(chain, NULL, txs, now) == now);
        done += now;
    }
}

static int compare_ids(const void *a, const void *b)
{
    return qn_node_id_compare(a, b);
}

struct qn_tx qn_committee_change(const struct qn_chain *chain, const struct qn_node_id *add,
                                 size_t add_count, const struct qn_node_id *remove,
                                 size_t remove_count)
{
    struct qn_tx tx = new_tx(chain, QN_TX_VALIDATORS);

    QN_ASSERT(add_count <= QN_COMMITTEE_CHANGE_MAX && remove_count <= QN_COMMITTEE_CHANGE_MAX);
    tx.has_signer = true;
    tx.epoch = qn_ledger_epoch(chain->ledger);
    tx.add_count = (uint8_t)add_count;
    tx.remove_count = (uint8_t)remove_count;
    for (size_t i = 0; i < add_count; i++) {
        tx.add[i] = add[i];
    }
    for (size_t i = 0; i < remove_count; i++) {
        tx.remove[i] = remove[i];
    }
    qsort(tx.add, add_count, sizeof tx.add[0], compare_ids);
    qsort(tx.remove, remove_count, sizeof tx.remove[0], compare_ids);
    return tx;
}

struct qn_tx qn_committee_revoke(const struct qn_chain *chain, const struct qn_node_id *id)
{
    struct qn_tx tx = new_tx(chain, QN_TX_REVOKE);

    tx.has_signer = true;
    tx.id = *id;
    tx.reason = QN_REVOKE_KEY_COMPROMISED;
    return tx;
}

struct qn_tx qn_committee_issue(const struct qn_chain *chain,
                                const struct qn_activation_batch *batch)
{
    struct qn_tx tx = new_tx(chain, QN_TX_ISSUE);

    tx.has_signer = true;
    tx.batch = *batch;
    return tx;
}

static struct qn_buf *approval(const struct qn_chain *chain, const struct qn_tx *motion,
                               size_t validator)
{
    const struct qn_validator_set *set = qn_ledger_validators(chain->ledger);
    struct qn_tx tx = *motion;

    QN_ASSERT(validator < set->count);
    tx.signer = set->members[validator].id;
    return qn_kit_tx_fake(&tx, 1);
}

enum qn_err qn_committee_judge(const struct qn_chain *chain, const struct qn_tx *motion,
                               size_t validator, char text[QN_TEXT_LEN_MAX + 1])
{
    struct qn_buf *bytes = approval(chain, motion, validator);
    struct qn_tx_checks checks;
    enum qn_err err =
        qn_ledger_check_tx(chain->ledger, &checks, text, qn_buf_span(bytes), qn_chain_now(chain));

    qn_buf_drop(bytes);
    return err;
}

void qn_committee_approve(struct qn_chain *chain, struct qn_ledger_commit *commit,
                          const struct qn_tx *motion, size_t first, size_t count)
{
    for (size_t done = 0; done < count;) {
        struct qn_buf *txs[CHUNK];
        size_t now = count - done < CHUNK ? count - done : CHUNK;
        for (size_t i = 0; i < now; i++) {
            txs[i] = approval(chain, motion, first + done + i);
        }
        QN_ASSERT(qn_chain_add(chain, commit, txs, now) == now);
        done += now;
    }
}

void qn_committee_decide(struct qn_chain *chain, struct qn_ledger_commit *commit,
                         const struct qn_tx *motion)
{
    qn_committee_approve(chain, commit, motion, 0,
                         qn_quorum(qn_ledger_validators(chain->ledger)->count));
}

struct qn_tx qn_committee_evidence(const struct qn_chain *chain, struct qn_buf *bufs[QN_TX_VOTES],
                                   const struct qn_node_id *signer, const struct qn_node_id *voter,
                                   const struct qn_vote votes[QN_TX_VOTES])
{
    struct qn_tx tx = new_tx(chain, QN_TX_EVIDENCE);

    tx.has_signer = true;
    tx.signer = *signer;
    tx.id = *voter;
    for (size_t i = 0; i < QN_TX_VOTES; i++) {
        struct qn_vote vote = votes[i];
        vote.signature.len = 1; /* a fake, like all here */
        bufs[i] = qn_tx_vote_encode(&vote);
        tx.votes[i] = (struct qn_tx_vote){vote.kind, qn_buf_span(bufs[i])};
    }
    return tx;
}
