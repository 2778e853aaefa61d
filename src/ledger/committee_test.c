/* The committee over epochs: changes by motions, from 4 to 100 members and back, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "ledger/testing/committee_kit.h"

static const struct qn_kit_options options = {4, QN_POLICY_OPEN, 0, 0};
static const uint32_t both_roles = QN_ROLE_FULL | QN_ROLE_VALIDATOR;

static void expect(const struct qn_chain *chain, const struct qn_tx *motion, enum qn_err err,
                   const char *part)
{
    char text[QN_TEXT_LEN_MAX + 1] = "";
    enum qn_err verdict = qn_committee_judge(chain, motion, 0, text);

    if (verdict != err || strstr(text, part) == NULL) {
        fail_msg("%s, \"%s\"; expected %s, \"%s\"", qn_err_name(verdict), text, qn_err_name(err),
                 part);
    }
}

/* The head ends its epoch, and what the ledger says of the committee goes with it. */
static void assert_epoch(const struct qn_chain *chain, const struct qn_ledger_commit *commit,
                         uint64_t epoch, size_t count)
{
    const struct qn_header *head = qn_ledger_head(chain->ledger);
    struct qn_hash hash = qn_validator_set_hash(qn_ledger_validators(chain->ledger));

    assert_true(commit->epoch_end);
    assert_int_equal(head->flags, QN_HEADER_EPOCH_END);
    assert_int_equal(head->epoch, epoch - 1);
    assert_int_equal(qn_ledger_epoch(chain->ledger), epoch);
    assert_int_equal(qn_ledger_validators(chain->ledger)->count, count);
    assert_true(qn_hash_equal(&head->next_validators_hash, &hash));
    assert_false(qn_hash_equal(&head->validators_hash, &hash));
}

/* Every epoch's committee has the hash that its first block states. */
static void assert_history(const struct qn_chain *chain)
{
    for (uint64_t epoch = 0; epoch <= qn_ledger_epoch(chain->ledger); epoch++) {
        struct qn_validator_set set;
        struct qn_buf *bytes = NULL;
        struct qn_buf *cert = NULL;
        struct qn_block *block = NULL;
        uint64_t first = 0;
        assert_int_equal(qn_ledger_validators_at(chain->ledger, epoch, &set, &first), QN_OK);
        struct qn_hash hash = qn_validator_set_hash(&set);
        qn_validator_set_fini(&set);
        if (first > qn_ledger_height(chain->ledger)) {
            continue; /* the epoch has no block yet */
        }
        assert_int_equal(qn_ledger_block(chain->ledger, &bytes, &cert, first), QN_OK);
        assert_int_equal(qn_block_decode(&block, qn_buf_span(bytes)), QN_OK);
        assert_int_equal(block->header.epoch, epoch);
        assert_true(qn_hash_equal(&block->header.validators_hash, &hash));
        qn_block_drop(block);
        qn_buf_drop(bytes);
        qn_buf_drop(cert);
    }
    struct qn_validator_set none;
    assert_int_equal(
        qn_ledger_validators_at(chain->ledger, qn_ledger_epoch(chain->ledger) + 1, &none, NULL),
        QN_ERR_NOT_FOUND);
}

/* Everything again from storage: the same state, epoch and committee. */
static void reopen(struct qn_chain *chain)
{
    struct qn_hash root = qn_ledger_head(chain->ledger)->state_root;
    struct qn_hash hash = qn_validator_set_hash(qn_ledger_validators(chain->ledger));
    uint64_t epoch = qn_ledger_epoch(chain->ledger);

    assert_int_equal(qn_chain_reopen(chain), QN_OK);
    struct qn_hash again = qn_validator_set_hash(qn_ledger_validators(chain->ledger));
    assert_true(qn_hash_equal(&hash, &again));
    assert_true(qn_hash_equal(&root, &qn_ledger_head(chain->ledger)->state_root));
    assert_int_equal(qn_ledger_epoch(chain->ledger), epoch);
}

/* A second ledger, which executes what the first one built. */
static void follow(struct qn_chain *judge, const struct qn_chain *chain)
{
    for (uint64_t height = qn_ledger_height(judge->ledger) + 1;
         height <= qn_ledger_height(chain->ledger); height++) {
        struct qn_buf *bytes = NULL;
        struct qn_buf *cert = NULL;
        struct qn_block *block = NULL;
        assert_int_equal(qn_ledger_block(chain->ledger, &bytes, &cert, height), QN_OK);
        assert_int_equal(qn_block_decode(&block, qn_buf_span(bytes)), QN_OK);
        for (size_t i = 0; i < block->tx_count; i++) { /* signatures need no more than the parent */
            struct qn_tx_checks checks;
            assert_int_equal(
                qn_ledger_tx_checks(judge->ledger, &checks, &block->header.parent, block->txs[i]),
                QN_OK);
        }
        assert_int_equal(qn_ledger_execute(judge->ledger, block, 0), QN_OK);
        qn_chain_commit(judge, NULL, &block->id, NULL);
        qn_block_drop(block);
        qn_buf_drop(bytes);
        qn_buf_drop(cert);
    }
}

static void the_committee_grows_to_100_and_shrinks_to_4(void **state)
{
    struct qn_chain chain;
    struct qn_chain judge;
    struct qn_ledger_commit commit;
    struct qn_rng rng = qn_test_rng();
    struct qn_node_id ids[QN_VALIDATORS_MAX];
    size_t used = 0;
    uint64_t epoch = 0;

    (void)state;
    qn_chain_init(&chain, &options);
    qn_chain_init(&judge, &options);
    qn_committee_nodes(&chain, &rng, ids, QN_VALIDATORS_MAX - 4, both_roles);
    for (size_t count = 4; count < QN_VALIDATORS_MAX; count = 4 + used) {
        size_t step = qn_fault_limit((unsigned)count);
        step = step < QN_VALIDATORS_MAX - count ? step : QN_VALIDATORS_MAX - count;
        struct qn_tx motion = qn_committee_change(&chain, ids + used, step, NULL, 0);
        qn_committee_decide(&chain, &commit, &motion);
        used += step;
        epoch += 1;
        assert_epoch(&chain, &commit, epoch, 4 + used);
        if (epoch % 3 == 0) {
            reopen(&chain);
        }
    }
    struct qn_tx full = qn_committee_change(&chain, ids, 1, NULL, 0);
    expect(&chain, &full, QN_ERR_REFUSED, "would have 101 members");
    while (used > 0) {
        size_t step = qn_fault_limit((unsigned)(4 + used));
        step = step < used ? step : used;
        struct qn_tx motion = qn_committee_change(&chain, NULL, 0, ids + used - step, step);
        qn_committee_decide(&chain, &commit, &motion);
        used -= step;
        epoch += 1;
        assert_epoch(&chain, &commit, epoch, 4 + used);
    }
    follow(&judge, &chain);
    reopen(&judge);
    assert_history(&chain);
    assert_history(&judge);
    qn_chain_fini(&judge);
    qn_chain_fini(&chain);
}

static void as_many_as_may_be_faulty_are_replaced_at_once(void **state)
{
    struct qn_chain chain;
    struct qn_ledger_commit commit;
    struct qn_rng rng = qn_test_rng();
    struct qn_node_id ids[4];

    (void)state;
    qn_chain_init(&chain, &(struct qn_kit_options){7, QN_POLICY_OPEN, 0, 0});
    qn_committee_nodes(&chain, &rng, ids, 4, both_roles);
    struct qn_node_id old[3];
    for (size_t i = 0; i < 3; i++) {
        old[i] = qn_ledger_validators(chain.ledger)->members[4 + i].id;
    }
    struct qn_tx motion = qn_committee_change(&chain, ids, 3, old, 2);
    expect(&chain, &motion, QN_ERR_REFUSED, "at most 2 each");
    motion = qn_committee_change(&chain, ids, 2, old, 3);
    expect(&chain, &motion, QN_ERR_REFUSED, "at most 2 each");
    motion = qn_committee_change(&chain, ids, 2, old, 2);
    qn_committee_decide(&chain, &commit, &motion);
    assert_epoch(&chain, &commit, 1, 7);
    assert_int_equal(qn_validator_index(qn_ledger_validators(chain.ledger), &old[0]), -1);
    assert_true(qn_validator_index(qn_ledger_validators(chain.ledger), &ids[1]) >= 0);
    qn_chain_fini(&chain);
}

static void who_cannot_be_added_or_removed(void **state)
{
    struct qn_chain chain;
    struct qn_rng rng = qn_test_rng();
    struct qn_node_id plain;
    struct qn_node_id ready;
    struct qn_node_id stranger = {{1}};
    struct qn_node_id member;

    (void)state;
    qn_chain_init(&chain, &options);
    member = qn_ledger_validators(chain.ledger)->members[2].id;
    qn_committee_nodes(&chain, &rng, &plain, 1, QN_ROLE_FULL);
    qn_committee_nodes(&chain, &rng, &ready, 1, both_roles);
    struct qn_tx tx = qn_committee_change(&chain, &plain, 1, NULL, 0);
    expect(&chain, &tx, QN_ERR_REFUSED, "does not have the role validator");
    tx = qn_committee_change(&chain, &stranger, 1, NULL, 0);
    expect(&chain, &tx, QN_ERR_NOT_REGISTERED, "is not registered");
    tx = qn_committee_change(&chain, &member, 1, NULL, 0);
    expect(&chain, &tx, QN_ERR_INVALID, "in the committee already");
    tx = qn_committee_change(&chain, &ready, 1, &plain, 1);
    expect(&chain, &tx, QN_ERR_INVALID, "is not in the committee");
    tx = qn_committee_change(&chain, NULL, 0, &member, 1);
    expect(&chain, &tx, QN_ERR_REFUSED, "would have 3 members");
    tx = qn_committee_change(&chain, NULL, 0, NULL, 0);
    expect(&chain, &tx, QN_ERR_INVALID, "changes nothing");
    tx = qn_committee_change(&chain, &ready, 1, NULL, 0);
    tx.epoch = 1;
    expect(&chain, &tx, QN_ERR_WRONG_EPOCH, "for epoch 1, this is epoch 0");
    tx.epoch = 0;
    tx.expires_ms = qn_chain_now(&chain);
    expect(&chain, &tx, QN_ERR_EXPIRED, "expired");
    qn_chain_fini(&chain);
}

static void only_members_approve_and_each_once(void **state)
{
    struct qn_chain chain;
    struct qn_rng rng = qn_test_rng();
    struct qn_node_id ready;
    struct qn_tx_checks checks;
    char text[QN_TEXT_LEN_MAX + 1] = "";

    (void)state;
    qn_chain_init(&chain, &options);
    qn_committee_nodes(&chain, &rng, &ready, 1, both_roles);
    struct qn_tx tx = qn_committee_change(&chain, &ready, 1, NULL, 0);
    tx.signer = ready;
    struct qn_buf *bytes = qn_kit_tx_fake(&tx, 1);
    assert_int_equal(
        qn_ledger_check_tx(chain.ledger, &checks, text, qn_buf_span(bytes), qn_chain_now(&chain)),
        QN_ERR_REFUSED);
    assert_non_null(strstr(text, "is not in the committee of epoch 0"));
    qn_buf_drop(bytes);

    qn_committee_approve(&chain, NULL, &tx, 0, 2);
    assert_int_equal(qn_ledger_epoch(chain.ledger), 0);
    expect(&chain, &tx, QN_ERR_DUPLICATE, "2 of 3 approvals are there");
    reopen(&chain);
    expect(&chain, &tx, QN_ERR_DUPLICATE, "2 of 3 approvals are there");
    qn_committee_approve(&chain, NULL, &tx, 2, 1);
    assert_int_equal(qn_ledger_epoch(chain.ledger), 1);
    expect(&chain, &tx, QN_ERR_WRONG_EPOCH, "this is epoch 1");
    qn_chain_fini(&chain);
}

static void a_motion_lives_in_its_epoch_only(void **state)
{
    struct qn_chain chain;
    struct qn_rng rng = qn_test_rng();
    struct qn_node_id ids[2];
    struct qn_activation_batch batch = {.root = {{7}}, .count = 5, .expires_ms = UINT64_MAX};
    struct qn_ledger_commit commit;

    (void)state;
    qn_chain_init(&chain, &options);
    qn_committee_nodes(&chain, &rng, ids, 2, both_roles);
    struct qn_tx issue = qn_committee_issue(&chain, &batch);
    struct qn_tx first = qn_committee_change(&chain, &ids[0], 1, NULL, 0);
    struct qn_tx second = qn_committee_change(&chain, &ids[1], 1, NULL, 0);
    qn_committee_approve(&chain, NULL, &issue, 0, 2);
    qn_committee_approve(&chain, NULL, &second, 0, 2);
    qn_committee_decide(&chain, &commit, &first);
    assert_epoch(&chain, &commit, 1, 5);
    /* The approvals of epoch 0 are worth nothing now: it takes four again. */
    expect(&chain, &second, QN_ERR_WRONG_EPOCH, "for epoch 0");
    qn_committee_approve(&chain, &commit, &issue, 0, 3);
    assert_false(commit.changes[2].in_effect);
    qn_committee_approve(&chain, &commit, &issue, 3, 1);
    assert_true(commit.changes[0].in_effect);
    assert_false(commit.epoch_end);
    qn_chain_fini(&chain);
}

static void the_last_block_of_an_epoch_takes_no_other_motion(void **state)
{
    struct qn_chain chain;
    struct qn_rng rng = qn_test_rng();
    struct qn_node_id ids[2];
    struct qn_buf *txs[8];
    size_t count = 0;

    (void)state;
    qn_chain_init(&chain, &options);
    qn_committee_nodes(&chain, &rng, ids, 2, both_roles);
    struct qn_tx first = qn_committee_change(&chain, &ids[0], 1, NULL, 0);
    struct qn_tx second = qn_committee_change(&chain, &ids[1], 1, NULL, 0);
    for (size_t i = 0; i < 4; i++) { /* the fourth finds the committee changed */
        first.signer = qn_ledger_validators(chain.ledger)->members[i].id;
        txs[count++] = qn_kit_tx_fake(&first, 1);
    }
    second.signer = qn_ledger_validators(chain.ledger)->members[3].id;
    txs[count++] = qn_kit_tx_fake(&second, 1);
    /* The node that comes into the committee has its one transaction by that. */
    struct qn_tx update = qn_kit_update(&chain.kit, &ids[0], 2, qn_chain_now(&chain));
    txs[count++] = qn_kit_tx_fake(&update, 1);
    assert_int_equal(qn_chain_add(&chain, NULL, txs, count), 3);
    assert_int_equal(qn_ledger_epoch(chain.ledger), 1);
    qn_chain_fini(&chain);
}

static void a_member_has_one_approval_a_block_and_few_open_motions(void **state)
{
    struct qn_chain chain;
    struct qn_activation_batch batch = {.count = 5, .expires_ms = UINT64_MAX};
    struct qn_buf *txs[2];

    (void)state;
    qn_chain_init(&chain, &options);
    for (unsigned i = 0; i < 2; i++) {
        batch.root.bytes[0] = (uint8_t)(100 + i);
        struct qn_tx tx = qn_committee_issue(&chain, &batch);
        tx.signer = qn_ledger_validators(chain.ledger)->members[0].id;
        txs[i] = qn_kit_tx_fake(&tx, 1);
    }
    assert_int_equal(qn_chain_add(&chain, NULL, txs, 2), 1);
    for (unsigned i = 1; i < QN_MOTIONS_OPEN_MAX; i++) {
        batch.root.bytes[0] = (uint8_t)i;
        struct qn_tx tx = qn_committee_issue(&chain, &batch);
        qn_committee_approve(&chain, NULL, &tx, 0, 1);
    }
    batch.root.bytes[0] = 99;
    struct qn_tx tx = qn_committee_issue(&chain, &batch);
    expect(&chain, &tx, QN_ERR_FULL, "has opened 16 motions");
    assert_int_equal(qn_committee_judge(&chain, &tx, 1, NULL), QN_OK); /* others may */
    /* Once they have expired there is room again. */
    struct qn_hash tip = qn_ledger_head_id(chain.ledger);
    struct qn_block *block = NULL;
    assert_int_equal(qn_ledger_build(chain.ledger, &block, &tip, NULL, 0,
                                     qn_chain_now(&chain) + QN_KIT_TX_LIFETIME_MS + 1),
                     QN_OK);
    qn_chain_commit(&chain, NULL, &block->id, NULL);
    qn_block_drop(block);
    tx = qn_committee_issue(&chain, &batch);
    assert_int_equal(qn_committee_judge(&chain, &tx, 0, NULL), QN_OK);
    qn_chain_fini(&chain);
}

static void a_block_that_hides_or_invents_the_end_of_an_epoch_is_refused(void **state)
{
    struct qn_chain chain;
    struct qn_chain judge;
    struct qn_rng rng = qn_test_rng();
    struct qn_node_id ready;
    struct qn_buf *txs[3];

    (void)state;
    qn_chain_init(&chain, &options);
    qn_chain_init(&judge, &options);
    qn_committee_nodes(&chain, &rng, &ready, 1, both_roles);
    follow(&judge, &chain);
    struct qn_tx tx = qn_committee_change(&chain, &ready, 1, NULL, 0);
    for (size_t i = 0; i < 3; i++) {
        tx.signer = qn_ledger_validators(chain.ledger)->members[i].id;
        txs[i] = qn_kit_tx_fake(&tx, 1);
    }
    struct qn_hash tip = qn_ledger_head_id(chain.ledger);
    struct qn_block *block = qn_chain_build(&chain, &tip, txs, 3);
    struct qn_block *empty = qn_chain_build(&chain, &tip, NULL, 0);
    struct qn_header header = block->header;
    header.flags = 0;
    struct qn_block *forged = qn_chain_forge(block, &header);
    assert_int_equal(qn_ledger_execute(judge.ledger, forged, 0), QN_ERR_INVALID);
    qn_block_drop(forged);
    header = block->header;
    header.next_validators_hash = header.validators_hash;
    forged = qn_chain_forge(block, &header);
    assert_int_equal(qn_ledger_execute(judge.ledger, forged, 0), QN_ERR_INVALID);
    qn_block_drop(forged);
    header = empty->header;
    header.flags = QN_HEADER_EPOCH_END;
    forged = qn_chain_forge(empty, &header);
    assert_int_equal(qn_ledger_execute(judge.ledger, forged, 0), QN_ERR_INVALID);
    qn_block_drop(forged);
    assert_int_equal(qn_ledger_execute(judge.ledger, block, 0), QN_OK);
    /* A child built on it before it is final already belongs to the next epoch. */
    struct qn_block *child = qn_chain_build(&chain, &block->id, NULL, 0);
    assert_int_equal(child->header.epoch, 1);
    assert_true(qn_hash_equal(&child->header.validators_hash, &block->header.next_validators_hash));
    assert_int_equal(qn_ledger_execute(judge.ledger, child, 0), QN_OK);
    qn_block_drop(child);
    qn_block_drop(empty);
    qn_block_drop(block);
    qn_chain_fini(&judge);
    qn_chain_fini(&chain);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_committee_grows_to_100_and_shrinks_to_4),
        cmocka_unit_test(as_many_as_may_be_faulty_are_replaced_at_once),
        cmocka_unit_test(who_cannot_be_added_or_removed),
        cmocka_unit_test(only_members_approve_and_each_once),
        cmocka_unit_test(a_motion_lives_in_its_epoch_only),
        cmocka_unit_test(the_last_block_of_an_epoch_takes_no_other_motion),
        cmocka_unit_test(a_member_has_one_approval_a_block_and_few_open_motions),
        cmocka_unit_test(a_block_that_hides_or_invents_the_end_of_an_epoch_is_refused),
    };
    qn_test_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
