/* Committees change while whole nodes run: members come, go and are found out, and nothing is lost. */
#include "node/node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/testing/lab.h"
#include "wire/vote.h"

static uint64_t seed = 20261122;
static qn_request_token last_token;
static qn_request_token awaited_token;
static uint64_t awaited_epoch;
static uint64_t awaited_height;
static size_t awaited_count;

static bool is_alive(struct qn_lab *lab, size_t index)
{
    return qn_lab_node(lab, index)->node != NULL && !qn_lab_node(lab, index)->paused;
}

static bool is_answered(struct qn_lab *lab)
{
    return qn_lab_reply(lab, awaited_token) != NULL;
}

static bool all_in_epoch(struct qn_lab *lab)
{
    for (size_t i = 0; i < awaited_count; i++) {
        if (is_alive(lab, i) && qn_lab_status(lab, i).epoch < awaited_epoch) {
            return false;
        }
    }
    return true;
}

static bool one_in_epoch(struct qn_lab *lab)
{
    for (size_t i = 0; i < awaited_count; i++) {
        if (is_alive(lab, i) && qn_lab_status(lab, i).epoch >= awaited_epoch) {
            return true;
        }
    }
    return false;
}

static bool all_at_height(struct qn_lab *lab)
{
    for (size_t i = 0; i < awaited_count; i++) {
        if (is_alive(lab, i) && qn_lab_status(lab, i).height < awaited_height) {
            return false;
        }
    }
    return true;
}

static bool all_registered(struct qn_lab *lab)
{
    for (size_t i = 0; i < awaited_count; i++) {
        if (is_alive(lab, i) && !qn_lab_status(lab, i).registered) {
            return false;
        }
    }
    return true;
}

static void wait_epoch(struct qn_lab *lab, size_t count, uint64_t epoch)
{
    awaited_count = count;
    awaited_epoch = epoch;
    assert_true(qn_lab_run_until(lab, all_in_epoch, QN_SECONDS(60)));
}

static void wait_height(struct qn_lab *lab, size_t count, uint64_t height)
{
    awaited_count = count;
    awaited_height = height;
    assert_true(qn_lab_run_until(lab, all_at_height, QN_SECONDS(90)));
}

static const struct qn_submit_result *wait_reply(struct qn_lab *lab, qn_request_token token)
{
    awaited_token = token;
    assert_true(qn_lab_run_until(lab, is_answered, QN_SECONDS(40)));
    return qn_lab_reply(lab, token);
}

/* Submits through a node what the signer signs; the answer may be awaited by the token. */
static qn_request_token submit(struct qn_lab *lab, size_t through, size_t signer,
                               const struct qn_tx *tx)
{
    struct qn_buf *bytes = qn_lab_sign_tx(lab, signer, tx);
    last_token += 1;
    qn_lab_submit(lab, through, last_token, bytes);
    qn_buf_drop(bytes);
    return last_token;
}

static struct qn_registry_entry entry_of(struct qn_lab *lab, size_t of, size_t at)
{
    struct qn_registry_entry entry;
    struct qn_node_id id = qn_lab_id(lab, of);
    const struct qn_ledger *ledger = qn_node_ledger(qn_lab_node(lab, at)->node);
    assert_int_equal(qn_ledger_entry(ledger, &entry, &id), QN_OK);
    return entry;
}

/* An UPDATE by which a node offers itself for the committee, or only counts up its sequence. */
static struct qn_tx update_of(struct qn_lab *lab, size_t index, size_t at)
{
    struct qn_registry_entry entry = entry_of(lab, index, at);
    return (struct qn_tx){.kind = QN_TX_UPDATE,
                          .network = qn_lab_genesis(lab)->network,
                          .expires_ms = qn_lab_unix_ms(lab) + 60000,
                          .id = entry.id,
                          .sequence = entry.sequence + 1,
                          .region = entry.region,
                          .roles = entry.roles | QN_ROLE_VALIDATOR,
                          .has_endpoint = entry.has_endpoint,
                          .endpoint = entry.endpoint,
                          .announce_tip = entry.announce_tip,
                          .valid_until_ms = entry.valid_until_ms};
}

static void offer(struct qn_lab *lab, size_t index)
{
    struct qn_tx tx = update_of(lab, index, 0);
    assert_int_equal(wait_reply(lab, submit(lab, 0, index, &tx))->code, QN_OK);
    qn_lab_run(lab, QN_SECONDS(1)); /* until everybody has it */
}

enum { NOBODY = 99 };

/* The members with these indices approve that add comes and remove goes. */
static void approve_change(struct qn_lab *lab, const size_t *members, size_t count, size_t add,
                           size_t remove)
{
    struct qn_tx tx = {.kind = QN_TX_VALIDATORS,
                       .network = qn_lab_genesis(lab)->network,
                       .expires_ms = qn_lab_unix_ms(lab) + 600000,
                       .has_signer = true,
                       .epoch = qn_lab_status(lab, members[0]).epoch};
    tx.add_count = add != NOBODY;
    tx.remove_count = remove != NOBODY;
    tx.add[0] = add != NOBODY ? qn_lab_id(lab, add) : (struct qn_node_id){0};
    tx.remove[0] = remove != NOBODY ? qn_lab_id(lab, remove) : (struct qn_node_id){0};
    for (size_t i = 0; i < count; i++) {
        tx.signer = qn_lab_id(lab, members[i]);
        submit(lab, members[i], members[i], &tx);
    }
}

static const size_t first_four[] = {0, 1, 2, 3};

/* So many genesis nodes, and one ordinary node that offers itself: it has the index after theirs. */
static struct qn_lab *network_with_candidate(size_t genesis_count)
{
    last_token = 0;
    struct qn_lab *lab = qn_lab_new(seed, genesis_count, QN_POLICY_OPEN, 0);
    for (size_t i = 0; i < genesis_count; i++) {
        qn_lab_start_genesis(lab, i);
    }
    size_t index = qn_lab_start_node(lab, -1);
    awaited_count = index + 1;
    assert_true(qn_lab_run_until(lab, all_registered, QN_SECONDS(60)));
    offer(lab, index);
    return lab;
}

/* Everybody alive agrees on height and state once the network has come to rest. */
static void assert_agreement(struct qn_lab *lab, size_t count)
{
    uint64_t height = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t other = is_alive(lab, i) ? qn_lab_status(lab, i).height : 0;
        height = other > height ? other : height;
    }
    wait_height(lab, count, height);
    for (size_t i = 1; i < count; i++) {
        if (is_alive(lab, i) && qn_lab_status(lab, i).height == qn_lab_status(lab, 0).height) {
            struct qn_hash root = qn_lab_status(lab, i).state_root;
            struct qn_hash first = qn_lab_status(lab, 0).state_root;
            assert_true(qn_hash_equal(&root, &first));
        }
    }
}

/* The committee that is in office makes a block of a transaction of this node. */
static void assert_works(struct qn_lab *lab, size_t through, size_t signer)
{
    struct qn_tx tx = update_of(lab, signer, through);
    assert_int_equal(wait_reply(lab, submit(lab, through, signer, &tx))->code, QN_OK);
}

static void a_fifth_member_joins_under_load_and_counts(void **state)
{
    (void)state;
    struct qn_lab *lab = network_with_candidate(4);
    for (int i = 0; i < 4; i++) { /* registrations run while the committee changes */
        qn_lab_start_node(lab, -1);
    }
    approve_change(lab, first_four, 3, 4, NOBODY);
    wait_epoch(lab, 9, 1);
    awaited_count = 9;
    assert_true(qn_lab_run_until(lab, all_registered, QN_SECONDS(60)));
    struct qn_node_status status = qn_lab_status(lab, 4);
    assert_true(status.is_validator);
    assert_int_equal(status.validators, 5);
    assert_int_equal(status.quorum, 4);
    qn_lab_run(lab, QN_SECONDS(5));
    qn_lab_kill(lab, 3); /* so that every vote of the others is needed, the newcomer's as well */
    assert_works(lab, 0, 4);
    assert_agreement(lab, 9);
    qn_lab_free(lab);
}

/* It was there when the epoch before ended, so that it cannot have voted in this one: it votes from the
 * first view on, and with a member dead nothing would go on without it. */
static void a_new_member_that_saw_its_epoch_begin_votes_at_once(void **state)
{
    (void)state;
    struct qn_lab *lab = network_with_candidate(4);
    qn_lab_run(lab, QN_SECONDS(40)); /* more than clocks may differ */
    qn_lab_kill(lab, 3);
    approve_change(lab, first_four, 3, 4, NOBODY);
    wait_epoch(lab, 5, 1);
    qn_lab_run(lab, QN_SECONDS(10));
    assert_works(lab, 0, 4);
    assert_agreement(lab, 5);
    qn_lab_free(lab);
}

static void a_removed_member_follows_and_keeps_its_links(void **state)
{
    (void)state;
    struct qn_lab *lab = network_with_candidate(5);
    size_t links = qn_lab_status(lab, 4).links;
    struct qn_tx waiting = update_of(lab, 5, 4);
    approve_change(lab, first_four, 4, NOBODY, 4);
    qn_request_token token = submit(lab, 4, 5, &waiting); /* at the member that goes */
    wait_epoch(lab, 6, 1);
    assert_int_equal(wait_reply(lab, token)->code, QN_OK);
    struct qn_node_status status = qn_lab_status(lab, 4);
    assert_false(status.is_validator);
    assert_int_equal(status.validators, 4);
    assert_int_equal(status.quorum, 3);
    assert_works(lab, 4, 5); /* it passes on what it is given */
    assert_agreement(lab, 6);
    assert_true(qn_lab_status(lab, 4).links >= links);
    qn_lab_free(lab);
}

static void a_member_takes_anothers_place(void **state)
{
    (void)state;
    struct qn_lab *lab = network_with_candidate(4);
    approve_change(lab, first_four, 3, 4, 3);
    wait_epoch(lab, 5, 1);
    assert_true(qn_lab_status(lab, 4).is_validator);
    assert_false(qn_lab_status(lab, 3).is_validator);
    qn_lab_run(lab, QN_SECONDS(5));
    qn_lab_kill(lab, 2);
    assert_works(lab, 0, 4); /* three of four: the newcomer is one of them */
    assert_agreement(lab, 5);
    qn_lab_free(lab);
}

static void a_new_member_that_was_away_joins_when_it_is_back(void **state)
{
    (void)state;
    struct qn_lab *lab = network_with_candidate(4);
    qn_lab_kill(lab, 4);
    approve_change(lab, first_four, 3, 4, NOBODY);
    wait_epoch(lab, 4, 1);
    assert_works(lab, 0, 4); /* four of five go on */
    qn_lab_restart_node(lab, 4);
    wait_epoch(lab, 5, 1);
    assert_true(qn_lab_status(lab, 4).is_validator);
    qn_lab_run(lab, QN_SECONDS(15));
    qn_lab_kill(lab, 3);
    assert_works(lab, 0, 4);
    assert_agreement(lab, 5);
    qn_lab_free(lab);
}

static void a_member_that_crashes_at_the_end_of_an_epoch_comes_back_into_the_next(void **state)
{
    (void)state;
    /* Without a newcomer: it would count as a second one who may have voted and forgot, which is too many. */
    struct qn_lab *lab = network_with_candidate(5);
    approve_change(lab, first_four, 4, NOBODY, 4);
    awaited_count = 5;
    awaited_epoch = 1;
    assert_true(qn_lab_run_until(lab, one_in_epoch, QN_SECONDS(60)));
    size_t late = 0; /* a member that has not committed the epoch's last block yet */
    while (late < 3 && qn_lab_status(lab, late).epoch >= 1) {
        late += 1;
    }
    qn_lab_kill(lab, late);
    qn_lab_run(lab, QN_SECONDS(5));
    qn_lab_start_genesis(lab, late);
    wait_epoch(lab, 6, 1);
    assert_true(qn_lab_status(lab, late).is_validator);
    qn_lab_run(lab, QN_SECONDS(15));
    assert_works(lab, late, 5);
    assert_agreement(lab, 6);
    qn_lab_free(lab);
}

static void the_last_block_of_an_epoch_becomes_final_although_leaders_die(void **state)
{
    (void)state;
    struct qn_lab *lab = network_with_candidate(5);
    uint64_t height = qn_lab_status(lab, 0).height;
    qn_lab_lose(lab, QN_FINALIZE, true); /* notarized, and no more */
    approve_change(lab, first_four, 4, NOBODY, 4);
    qn_lab_run(lab, QN_SECONDS(6));
    assert_int_equal(qn_lab_status(lab, 0).epoch, 0);
    assert_int_equal(qn_lab_status(lab, 0).height, height);
    qn_lab_kill(lab, 1); /* a leader of every fifth view, and of every fourth in the next epoch */
    qn_lab_run(lab, QN_SECONDS(6));
    qn_lab_lose(lab, QN_FINALIZE, false);
    wait_epoch(lab, 6, 1);
    assert_int_equal(qn_lab_status(lab, 0).validators, 4);
    assert_false(qn_lab_status(lab, 4).is_validator);
    assert_works(lab, 0, 5);
    assert_agreement(lab, 6);
    qn_lab_free(lab);
}

/* Two notarizations of one view by one key, sent to one honest validator. */
static void equivocate(struct qn_lab *lab, size_t liar, size_t victim, uint64_t view)
{
    for (uint8_t i = 0; i < 2; i++) {
        struct qn_vote vote = {.kind = QN_VOTE_NOTARIZE,
                               .epoch = qn_lab_status(lab, victim).epoch,
                               .view = view,
                               .parent_view = view - 1,
                               .block_id = {{i, 7}}};
        struct qn_hash digest = qn_proposal_digest(&qn_lab_genesis(lab)->network, vote.epoch, view,
                                                   vote.parent_view, &vote.block_id);
        vote.signature = qn_lab_sign(lab, liar, QN_SIGN_NOTARIZE, &digest);
        struct qn_buf *bytes = qn_vote_encode(&vote);
        assert_true(qn_lab_inject(lab, liar, victim, QN_NOTARIZE, 0, qn_buf_span(bytes)));
        qn_buf_drop(bytes);
    }
}

static void a_validator_that_contradicts_itself_is_removed_for_good(void **state)
{
    (void)state;
    struct qn_lab *lab = network_with_candidate(5);
    equivocate(lab, 4, 1, qn_lab_status(lab, 1).view);
    wait_epoch(lab, 6, 1);
    assert_false(qn_lab_status(lab, 4).is_validator);
    assert_int_equal(qn_lab_status(lab, 0).validators, 4);
    struct qn_registry_entry entry = entry_of(lab, 4, 0);
    assert_true(entry.equivocated_height > 0);
    struct qn_tx tx = {.kind = QN_TX_VALIDATORS,
                       .network = qn_lab_genesis(lab)->network,
                       .expires_ms = qn_lab_unix_ms(lab) + 600000,
                       .has_signer = true,
                       .signer = qn_lab_id(lab, 0),
                       .epoch = 1,
                       .add_count = 1,
                       .add = {qn_lab_id(lab, 4)}};
    assert_int_equal(wait_reply(lab, submit(lab, 0, 0, &tx))->code, QN_ERR_REFUSED);
    assert_works(lab, 0, 5);
    assert_agreement(lab, 6);
    qn_lab_free(lab);
}

static void print_assertion(const char *message)
{
    fprintf(stderr, "%s\n", message);
}

int main(int argc, char **argv)
{
    const char *why = NULL;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fifth_member_joins_under_load_and_counts),
        cmocka_unit_test(a_new_member_that_saw_its_epoch_begin_votes_at_once),
        cmocka_unit_test(a_removed_member_follows_and_keeps_its_links),
        cmocka_unit_test(a_member_takes_anothers_place),
        cmocka_unit_test(a_new_member_that_was_away_joins_when_it_is_back),
        cmocka_unit_test(a_member_that_crashes_at_the_end_of_an_epoch_comes_back_into_the_next),
        cmocka_unit_test(the_last_block_of_an_epoch_becomes_final_although_leaders_die),
        cmocka_unit_test(a_validator_that_contradicts_itself_is_removed_for_good),
    };
    qn_assert_hook = print_assertion;
    if (argc == 3 && strcmp(argv[1], "--seed") == 0) {
        seed = strtoull(argv[2], NULL, 0);
    }
    if (qn_crypto_init(&why) != QN_OK) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    printf("seed %llu\n", (unsigned long long)seed);
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    qn_crypto_fini();
    return failures;
}
