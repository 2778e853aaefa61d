/* What happens to identities beside their own updates: new keys, revocation by the committee, proofs of
 * contradicting votes, batches issued later, and expiry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "ledger/testing/committee_kit.h"

static const struct qn_kit_options five = {5, QN_POLICY_OPEN, 0, 0};
static const struct qn_kit_options four = {4, QN_POLICY_OPEN, 0, 0};

static struct qn_registry_entry entry_of(const struct qn_chain *chain, const struct qn_node_id *id)
{
    struct qn_registry_entry entry;
    assert_int_equal(qn_ledger_entry(chain->ledger, &entry, id), QN_OK);
    return entry;
}

static const struct qn_node_id *member(const struct qn_chain *chain, size_t index)
{
    return &qn_ledger_validators(chain->ledger)->members[index].id;
}

static void expect(const struct qn_chain *chain, const struct qn_tx *tx, enum qn_err err,
                   const char *part)
{
    struct qn_tx_checks checks;
    char text[QN_TEXT_LEN_MAX + 1] = "";
    struct qn_buf *bytes = qn_kit_tx_fake(tx, 1);
    enum qn_err verdict =
        qn_ledger_check_tx(chain->ledger, &checks, text, qn_buf_span(bytes), qn_chain_now(chain));

    qn_buf_drop(bytes);
    if (verdict != err || strstr(text, part) == NULL) {
        fail_msg("%s, \"%s\"; expected %s, \"%s\"", qn_err_name(verdict), text, qn_err_name(err),
                 part);
    }
}

static void add(struct qn_chain *chain, struct qn_ledger_commit *commit, const struct qn_tx *tx)
{
    struct qn_buf *bytes = qn_kit_tx_fake(tx, 1);
    assert_int_equal(qn_chain_add(chain, commit, &bytes, 1), 1);
}

static struct qn_tx rotate(const struct qn_chain *chain, const struct qn_node_id *id,
                           const struct qn_public_key *key)
{
    struct qn_registry_entry entry = entry_of(chain, id);
    struct qn_tx tx = qn_kit_revoke(&chain->kit, id, entry.sequence + 1, qn_chain_now(chain));

    tx.kind = QN_TX_ROTATE;
    tx.key = *key;
    tx.key_signature.len = 1;
    return tx;
}

/* Both keys sign, the new one for its own suite: ML-DSA-65 to ML-DSA-87. */
static void both_keys_of_a_rotation_must_sign(void **state)
{
    struct qn_chain chain;
    struct qn_tx_checks checks;
    static const uint8_t seed[QN_SEED_LEN] = {5, 5};
    struct qn_key *old_key = qn_kit_key(1000);
    struct qn_key *new_key = qn_key_from_seed(QN_SUITE_MLDSA87, seed);

    (void)state;
    qn_chain_init(&chain, &four);
    struct qn_tx tx = qn_kit_register(&chain.kit, old_key, qn_chain_now(&chain));
    struct qn_node_id old_id = tx.id;
    qn_chain_add_one(&chain, qn_kit_tx_sign(&tx, old_key));
    tx = rotate(&chain, &old_id, qn_key_public(new_key));
    struct qn_hash digest = qn_rotate_digest(&tx);
    assert_int_equal(qn_sign_deterministic(&tx.key_signature, new_key, QN_SIGN_ROTATE, &digest),
                     QN_OK);
    struct qn_buf *bytes = qn_kit_tx_sign(&tx, old_key);
    assert_int_equal(
        qn_ledger_check_tx(chain.ledger, &checks, NULL, qn_buf_span(bytes), qn_chain_now(&chain)),
        QN_OK);
    assert_int_equal(checks.signature_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct qn_tx_signature *signature = &checks.signatures[i];
        assert_int_equal(
            qn_verify(&signature->key, signature->kind, &signature->digest, signature->signature),
            QN_OK);
    }
    assert_true(qn_public_key_equal(&checks.signatures[0].key, qn_key_public(old_key)));
    assert_true(qn_public_key_equal(&checks.signatures[1].key, qn_key_public(new_key)));
    qn_chain_add_one(&chain, bytes);
    struct qn_node_id new_id = qn_kit_id(new_key);
    struct qn_registry_entry entry = entry_of(&chain, &new_id);
    assert_int_equal(entry.suite, QN_SUITE_MLDSA87);
    assert_int_equal(entry.index, entry_of(&chain, &old_id).index);
    qn_key_free(new_key);
    qn_key_free(old_key);
    qn_chain_fini(&chain);
}

static void a_rotated_entry_goes_on_under_its_new_id(void **state)
{
    struct qn_chain chain;
    struct qn_rng rng = qn_test_rng();
    struct qn_node_id ids[2];
    struct qn_ledger_commit commit;
    struct qn_public_key key = qn_chain_random_key(&rng);
    struct qn_node_id new_id = qn_public_key_id(&key);

    (void)state;
    qn_chain_init(&chain, &four);
    qn_committee_nodes(&chain, &rng, ids, 2, QN_ROLE_FULL);
    struct qn_registry_entry before = entry_of(&chain, &ids[0]);
    uint64_t active = qn_ledger_active_count(chain.ledger);
    struct qn_tx tx = rotate(&chain, &ids[0], &key);
    tx.sequence = 9;
    expect(&chain, &tx, QN_ERR_WRONG_SEQUENCE, "so 2 is next");
    struct qn_registry_entry other = entry_of(&chain, &ids[1]);
    tx = rotate(&chain, &ids[0], &other.key);
    expect(&chain, &tx, QN_ERR_ALREADY_REGISTERED, "needs a fresh key");
    tx = rotate(&chain, &ids[0], &before.key);
    expect(&chain, &tx, QN_ERR_ALREADY_REGISTERED, "needs a fresh key");
    tx = rotate(&chain, &ids[0], &key);
    add(&chain, &commit, &tx);
    assert_false(commit.epoch_end);
    assert_true(qn_node_id_equal(&commit.changes[0].id, &ids[0]));
    assert_true(qn_node_id_equal(&commit.changes[0].successor, &new_id));
    for (int i = 0; i < 2; i++) { /* and once more from storage */
        struct qn_registry_entry old = entry_of(&chain, &ids[0]);
        struct qn_registry_entry now = entry_of(&chain, &new_id);
        struct qn_registry_entry at;
        assert_int_equal(old.status, QN_ENTRY_ROTATED);
        assert_int_equal(qn_registry_entry_usable(&old, 0), QN_ERR_REVOKED);
        assert_true(qn_node_id_equal(&old.successor, &new_id));
        assert_int_equal(now.status, QN_ENTRY_ACTIVE);
        assert_int_equal(now.index, before.index);
        assert_int_equal(now.roles, before.roles);
        assert_int_equal(now.valid_until_ms, before.valid_until_ms);
        assert_int_equal(now.registered_height, before.registered_height);
        assert_int_equal(now.sequence, 0);
        assert_int_equal(qn_ledger_entry_at(chain.ledger, &at, before.index), QN_OK);
        assert_true(qn_node_id_equal(&at.id, &new_id));
        assert_int_equal(qn_ledger_active_count(chain.ledger), active);
        assert_int_equal(qn_chain_reopen(&chain), QN_OK);
    }
    tx = qn_kit_update(&chain.kit, &ids[0], 3, qn_chain_now(&chain));
    expect(&chain, &tx, QN_ERR_REVOKED, "has another key since height");
    tx = qn_committee_register(&chain, &before.key, QN_ROLE_FULL);
    expect(&chain, &tx, QN_ERR_REVOKED, "cannot register again");
    tx = qn_kit_update(&chain.kit, &new_id, 1, qn_chain_now(&chain));
    expect(&chain, &tx, QN_OK, "");
    qn_chain_fini(&chain);
}

static void a_member_that_rotates_changes_the_committee(void **state)
{
    struct qn_chain chain;
    struct qn_rng rng = qn_test_rng();
    struct qn_ledger_commit commit;
    struct qn_public_key key = qn_chain_random_key(&rng);
    struct qn_public_key other_key = qn_chain_random_key(&rng);
    struct qn_node_id new_id = qn_public_key_id(&key);
    struct qn_buf *txs[2];

    (void)state;
    qn_chain_init(&chain, &four);
    struct qn_node_id old_id = *member(&chain, 1);
    struct qn_tx tx = rotate(&chain, &old_id, &key);
    struct qn_tx second = rotate(&chain, member(&chain, 2), &other_key);
    txs[0] = qn_kit_tx_fake(&tx, 1);
    txs[1] = qn_kit_tx_fake(&second, 1);
    assert_int_equal(qn_chain_add(&chain, &commit, txs, 2), 1); /* one change a block */
    assert_true(commit.epoch_end);
    assert_int_equal(qn_ledger_epoch(chain.ledger), 1);
    assert_int_equal(qn_validator_index(qn_ledger_validators(chain.ledger), &old_id), -1);
    int index = qn_validator_index(qn_ledger_validators(chain.ledger), &new_id);
    assert_true(index >= 0);
    assert_true(qn_public_key_equal(&qn_ledger_validators(chain.ledger)->members[index].key, &key));
    assert_int_equal(qn_chain_reopen(&chain), QN_OK);
    assert_true(qn_validator_index(qn_ledger_validators(chain.ledger), &new_id) >= 0);
    qn_chain_fini(&chain);
}

static void the_committee_revokes_with_a_quorum(void **state)
{
    struct qn_chain chain;
    struct qn_rng rng = qn_test_rng();
    struct qn_ledger_commit commit;
    struct qn_node_id id;

    (void)state;
    qn_chain_init(&chain, &four);
    qn_committee_nodes(&chain, &rng, &id, 1, QN_ROLE_FULL);
    uint64_t active = qn_ledger_active_count(chain.ledger);
    struct qn_tx motion = qn_committee_revoke(&chain, &id);
    motion.signer = *member(&chain, 0);
    motion.sequence = 2;
    expect(&chain, &motion, QN_ERR_WRONG_SEQUENCE, "has sequence number 0");
    motion.sequence = 0;
    qn_committee_approve(&chain, &commit, &motion, 0, 2);
    assert_false(commit.changes[1].in_effect);
    assert_int_equal(entry_of(&chain, &id).status, QN_ENTRY_ACTIVE);
    struct qn_tx update = qn_kit_update(&chain.kit, &id, 2, qn_chain_now(&chain));
    add(&chain, NULL, &update); /* by which it does not escape */
    qn_committee_approve(&chain, &commit, &motion, 2, 1);
    assert_true(commit.changes[0].in_effect);
    assert_true(qn_node_id_equal(&commit.changes[0].id, &id));
    assert_int_equal(entry_of(&chain, &id).status, QN_ENTRY_REVOKED);
    assert_int_equal(entry_of(&chain, &id).revoke_reason, QN_REVOKE_KEY_COMPROMISED);
    assert_int_equal(qn_ledger_active_count(chain.ledger), active - 1);
    motion.signer = *member(&chain, 3);
    expect(&chain, &motion, QN_ERR_DUPLICATE, "took effect at height");
    qn_chain_fini(&chain);
}

static void a_revoked_member_leaves_the_committee(void **state)
{
    struct qn_chain chain;
    struct qn_ledger_commit commit;

    (void)state;
    qn_chain_init(&chain, &five);
    struct qn_node_id victim = *member(&chain, 4);
    struct qn_tx motion = qn_committee_revoke(&chain, &victim);
    qn_committee_decide(&chain, &commit, &motion);
    assert_true(commit.epoch_end);
    assert_int_equal(qn_ledger_validators(chain.ledger)->count, 4);
    assert_int_equal(entry_of(&chain, &victim).status, QN_ENTRY_REVOKED);
    struct qn_node_id next = *member(&chain, 3);
    motion = qn_committee_revoke(&chain, &next);
    motion.signer = *member(&chain, 0);
    expect(&chain, &motion, QN_ERR_REFUSED, "one of the last 4");
    qn_chain_fini(&chain);
}

static struct qn_vote vote(enum qn_vote_kind kind, uint64_t epoch, uint64_t view, uint8_t block)
{
    return (struct qn_vote){
        .kind = kind, .epoch = epoch, .view = view, .parent_view = 1, .block_id = {{block}}};
}

/* The verdict on two votes of member 4, signed by member 0. */
static void expect_votes(const struct qn_chain *chain, const struct qn_node_id *voter,
                         struct qn_vote first, struct qn_vote second, enum qn_err err,
                         const char *part)
{
    struct qn_buf *bufs[QN_TX_VOTES];
    struct qn_vote votes[] = {first, second};
    struct qn_tx tx = qn_committee_evidence(chain, bufs, member(chain, 0), voter, votes);

    expect(chain, &tx, err, part);
    qn_buf_drop(bufs[0]);
    qn_buf_drop(bufs[1]);
}

static void add_evidence(struct qn_chain *chain, struct qn_ledger_commit *commit,
                         const struct qn_node_id *voter, uint64_t epoch)
{
    struct qn_buf *bufs[QN_TX_VOTES];
    struct qn_vote votes[] = {vote(QN_VOTE_NOTARIZE, epoch, 7, 1),
                              vote(QN_VOTE_NOTARIZE, epoch, 7, 2)};
    struct qn_tx tx = qn_committee_evidence(chain, bufs, member(chain, 0), voter, votes);

    add(chain, commit, &tx);
    qn_buf_drop(bufs[0]);
    qn_buf_drop(bufs[1]);
}

static void only_votes_that_contradict_each_other_prove_something(void **state)
{
    struct qn_chain chain;
    struct qn_node_id stranger = {{1}};
    static const enum qn_vote_kind N = QN_VOTE_NOTARIZE;
    static const enum qn_vote_kind F = QN_VOTE_FINALIZE;
    static const enum qn_vote_kind X = QN_VOTE_NULLIFY;

    (void)state;
    qn_chain_init(&chain, &five);
    struct qn_node_id voter = *member(&chain, 4);
#define EXPECT(a, b, err, part) expect_votes(&chain, &voter, a, b, err, part)
    EXPECT(vote(N, 0, 7, 1), vote(N, 0, 7, 2), QN_OK, "");
    EXPECT(vote(F, 0, 7, 1), vote(X, 0, 7, 0), QN_OK, "");
    EXPECT(vote(X, 0, 7, 0), vote(F, 0, 7, 1), QN_OK, "");
    EXPECT(vote(F, 0, 7, 1), vote(F, 0, 7, 2), QN_OK, "");
    EXPECT(vote(N, 0, 7, 1), vote(N, 0, 7, 1), QN_ERR_INVALID, "do not contradict");
    EXPECT(vote(N, 0, 7, 1), vote(N, 0, 8, 2), QN_ERR_INVALID, "do not contradict");
    EXPECT(vote(N, 0, 7, 1), vote(F, 0, 7, 2), QN_ERR_INVALID, "do not contradict");
    EXPECT(vote(N, 0, 7, 1), vote(X, 0, 7, 0), QN_ERR_INVALID, "do not contradict");
    EXPECT(vote(X, 0, 7, 0), vote(X, 0, 7, 0), QN_ERR_INVALID, "do not contradict");
    EXPECT(vote(F, 0, 7, 1), vote(X, 0, 8, 0), QN_ERR_INVALID, "do not contradict");
    EXPECT(vote(N, 1, 7, 1), vote(N, 1, 7, 2), QN_ERR_WRONG_EPOCH, "of epoch 1: in epoch 0");
#undef EXPECT
    expect_votes(&chain, &stranger, vote(N, 0, 7, 1), vote(N, 0, 7, 2), QN_ERR_INVALID,
                 "was no validator");
    qn_chain_fini(&chain);
}

/* A FINALIZE signs p alone, so the view it was cast in must follow from what p is made of. */
static void a_finalize_counts_only_for_the_view_that_it_signed(void **state)
{
    struct qn_chain chain;
    struct qn_buf *bufs[QN_TX_VOTES];
    struct qn_vote votes[] = {vote(QN_VOTE_FINALIZE, 0, 7, 1), vote(QN_VOTE_NULLIFY, 0, 7, 0)};
    struct qn_tx_checks checks;

    (void)state;
    qn_chain_init(&chain, &five);
    struct qn_tx tx =
        qn_committee_evidence(&chain, bufs, member(&chain, 0), member(&chain, 4), votes);
    struct qn_buf *bytes = qn_kit_tx_fake(&tx, 1);
    assert_int_equal(
        qn_ledger_check_tx(chain.ledger, &checks, NULL, qn_buf_span(bytes), qn_chain_now(&chain)),
        QN_OK);
    assert_int_equal(checks.signature_count, 3);
    struct qn_hash p = qn_proposal_digest(&chain.kit.genesis.network, 0, 7, 1, &votes[0].block_id);
    struct qn_hash nullify = qn_nullify_digest(&chain.kit.genesis.network, 0, 7);
    assert_int_equal(checks.signatures[1].kind, QN_SIGN_FINALIZE);
    assert_true(qn_hash_equal(&checks.signatures[1].digest, &p));
    assert_int_equal(checks.signatures[2].kind, QN_SIGN_NULLIFY);
    assert_true(qn_hash_equal(&checks.signatures[2].digest, &nullify));
    struct qn_public_key voter = entry_of(&chain, member(&chain, 4)).key;
    struct qn_public_key signer = entry_of(&chain, member(&chain, 0)).key;
    assert_true(qn_public_key_equal(&checks.signatures[0].key, &signer));
    assert_true(qn_public_key_equal(&checks.signatures[1].key, &voter));
    assert_true(qn_public_key_equal(&checks.signatures[2].key, &voter));
    qn_buf_drop(bytes);
    qn_buf_drop(bufs[0]);
    qn_buf_drop(bufs[1]);
    qn_chain_fini(&chain);
}

static void who_contradicts_itself_leaves_the_committee_for_good(void **state)
{
    struct qn_chain chain;
    struct qn_ledger_commit commit;

    (void)state;
    qn_chain_init(&chain, &five);
    struct qn_node_id voter = *member(&chain, 4);
    add_evidence(&chain, &commit, &voter, 0);
    assert_true(commit.epoch_end);
    assert_int_equal(qn_ledger_validators(chain.ledger)->count, 4);
    assert_int_equal(entry_of(&chain, &voter).equivocated_height, qn_ledger_height(chain.ledger));
    assert_int_equal(entry_of(&chain, &voter).status, QN_ENTRY_ACTIVE);
    expect_votes(&chain, &voter, vote(QN_VOTE_NOTARIZE, 0, 9, 1), vote(QN_VOTE_NOTARIZE, 0, 9, 2),
                 QN_ERR_DUPLICATE, "is known since height");
    struct qn_tx motion = qn_committee_change(&chain, &voter, 1, NULL, 0);
    motion.signer = *member(&chain, 0);
    expect(&chain, &motion, QN_ERR_REFUSED, "cannot be in the committee again");
    /* With four left the next one stays, but it is on record; votes of the epoch before still count. */
    struct qn_node_id next = *member(&chain, 3);
    add_evidence(&chain, &commit, &next, 0);
    assert_false(commit.epoch_end);
    assert_int_equal(qn_ledger_validators(chain.ledger)->count, 4);
    assert_true(entry_of(&chain, &next).equivocated_height > 0);
    assert_int_equal(qn_chain_reopen(&chain), QN_OK);
    assert_true(entry_of(&chain, &next).equivocated_height > 0);
    qn_chain_fini(&chain);
}

static void a_new_key_is_no_way_out_of_the_evidence(void **state)
{
    struct qn_chain chain;
    struct qn_rng rng = qn_test_rng();
    struct qn_ledger_commit commit;
    struct qn_public_key key = qn_chain_random_key(&rng);
    struct qn_node_id new_id = qn_public_key_id(&key);

    (void)state;
    qn_chain_init(&chain, &five);
    struct qn_node_id voter = *member(&chain, 4);
    struct qn_tx tx = rotate(&chain, &voter, &key);
    add(&chain, &commit, &tx);
    assert_int_equal(qn_ledger_epoch(chain.ledger), 1);
    add_evidence(&chain, &commit, &voter, 0);
    assert_true(commit.epoch_end);
    assert_int_equal(qn_validator_index(qn_ledger_validators(chain.ledger), &new_id), -1);
    assert_true(entry_of(&chain, &new_id).equivocated_height > 0);
    /* Two epochs later the votes are too old. */
    struct qn_node_id other = *member(&chain, 1);
    expect_votes(&chain, &other, vote(QN_VOTE_NOTARIZE, 0, 7, 1), vote(QN_VOTE_NOTARIZE, 0, 7, 2),
                 QN_ERR_WRONG_EPOCH, "of epoch 0: in epoch 2");
    qn_chain_fini(&chain);
}

static void codes_of_an_issued_batch_activate(void **state)
{
    struct qn_chain chain;
    struct qn_ledger_commit commit;
    struct qn_key *key = qn_kit_key(1000);

    (void)state;
    qn_chain_init(&chain, &(struct qn_kit_options){4, QN_POLICY_CODES, 0, 0});
    /* The codes of another kit: a batch that genesis does not know. */
    struct qn_kit issuer;
    qn_kit_init(&issuer, &(struct qn_kit_options){4, QN_POLICY_CODES, 3, 0});
    struct qn_tx issue = qn_committee_issue(&chain, &issuer.batch);
    struct qn_tx tx = qn_kit_register(&chain.kit, key, qn_chain_now(&chain));
    qn_kit_use_code(&issuer, &tx, 1);
    expect(&chain, &tx, QN_ERR_CODE_UNKNOWN, "which this network has not issued");
    qn_committee_approve(&chain, NULL, &issue, 0, 2);
    struct qn_buf *txs[2];
    issue.signer = *member(&chain, 2);
    txs[0] = qn_kit_tx_fake(&issue, 1);
    txs[1] = qn_kit_tx_fake(&tx, 1);
    assert_int_equal(qn_chain_add(&chain, &commit, txs, 2),
                     1); /* it counts from the next block on */
    assert_true(commit.changes[0].in_effect);
    assert_int_equal(qn_chain_reopen(&chain), QN_OK);
    add(&chain, NULL, &tx);
    assert_int_equal(entry_of(&chain, &tx.id).code_class, issuer.batch.class);
    issue = qn_committee_issue(&chain, &issuer.batch); /* a later expiry: another motion */
    issue.signer = *member(&chain, 3);
    expect(&chain, &issue, QN_ERR_DUPLICATE, "was issued already");
    issue.batch.root.bytes[0] ^= 1;
    issue.batch.expires_ms = 5;
    expect(&chain, &issue, QN_ERR_CODE_EXPIRED, "expired at 5 ms");
    qn_kit_fini(&issuer);
    qn_key_free(key);
    qn_chain_fini(&chain);
}

static void what_expired_may_do_nothing_but_renew(void **state)
{
    struct qn_chain chain;
    struct qn_rng rng = qn_test_rng();
    struct qn_public_key key = qn_chain_random_key(&rng);
    struct qn_public_key new_key = qn_chain_random_key(&rng);

    (void)state;
    qn_chain_init(&chain, &five);
    struct qn_tx tx = qn_committee_register(&chain, &key, QN_ROLE_FULL | QN_ROLE_VALIDATOR);
    struct qn_node_id id = tx.id;
    tx.valid_until_ms = qn_chain_now(&chain) + 1500;
    add(&chain, NULL, &tx);
    (void)qn_chain_add(&chain, NULL, NULL, 0);
    tx = rotate(&chain, &id, &new_key);
    expect(&chain, &tx, QN_ERR_EXPIRED, "must be renewed by an update first");
    tx = qn_committee_change(&chain, &id, 1, NULL, 0);
    tx.signer = *member(&chain, 0);
    expect(&chain, &tx, QN_ERR_EXPIRED, "must be renewed by an update first");
    struct qn_buf *bufs[QN_TX_VOTES];
    struct qn_vote votes[] = {vote(QN_VOTE_NOTARIZE, 0, 7, 1), vote(QN_VOTE_NOTARIZE, 0, 7, 2)};
    tx = qn_committee_evidence(&chain, bufs, &id, member(&chain, 4), votes);
    expect(&chain, &tx, QN_ERR_EXPIRED, "must be renewed by an update first");
    qn_buf_drop(bufs[0]);
    qn_buf_drop(bufs[1]);
    tx = qn_kit_update(&chain.kit, &id, 2, qn_chain_now(&chain));
    add(&chain, NULL, &tx);
    tx = rotate(&chain, &id, &new_key);
    expect(&chain, &tx, QN_OK, "");
    qn_chain_fini(&chain);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_keys_of_a_rotation_must_sign),
        cmocka_unit_test(a_rotated_entry_goes_on_under_its_new_id),
        cmocka_unit_test(a_member_that_rotates_changes_the_committee),
        cmocka_unit_test(the_committee_revokes_with_a_quorum),
        cmocka_unit_test(a_revoked_member_leaves_the_committee),
        cmocka_unit_test(only_votes_that_contradict_each_other_prove_something),
        cmocka_unit_test(a_finalize_counts_only_for_the_view_that_it_signed),
        cmocka_unit_test(who_contradicts_itself_leaves_the_committee_for_good),
        cmocka_unit_test(a_new_key_is_no_way_out_of_the_evidence),
        cmocka_unit_test(codes_of_an_issued_batch_activate),
        cmocka_unit_test(what_expired_may_do_nothing_but_renew),
    };
    qn_test_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
