/* Whole nodes against each other, in the lab: the network of issue and documentation in virtual time. */
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
#include "wire/announce.h"
#include "wire/control.h"
#include "wire/vote.h"

static uint64_t seed = 20260101;

/* ---- conditions ---- */

static size_t awaited_count;
static uint64_t awaited_height;
static uint64_t awaited_active;
static qn_request_token awaited_token;

static bool all_at_height(struct qn_lab *lab)
{
    for (size_t i = 0; i < awaited_count; i++) {
        if (qn_lab_node(lab, i)->node != NULL && qn_lab_status(lab, i).height < awaited_height) {
            return false;
        }
    }
    return true;
}

static bool all_have_active(struct qn_lab *lab)
{
    for (size_t i = 0; i < awaited_count; i++) {
        if (qn_lab_node(lab, i)->node != NULL &&
            qn_lab_status(lab, i).registry_active != awaited_active) {
            return false;
        }
    }
    return true;
}

static bool all_know_each_other(struct qn_lab *lab)
{
    size_t alive = 0;
    for (size_t i = 0; i < awaited_count; i++) {
        alive += qn_lab_node(lab, i)->node != NULL;
    }
    for (size_t i = 0; i < awaited_count; i++) {
        if (qn_lab_node(lab, i)->node != NULL && qn_lab_status(lab, i).peers_known + 1 < alive) {
            return false;
        }
    }
    return true;
}

static bool is_answered(struct qn_lab *lab)
{
    return qn_lab_reply(lab, awaited_token) != NULL;
}

static void wait_height(struct qn_lab *lab, size_t count, uint64_t height, qn_time_us most)
{
    awaited_count = count;
    awaited_height = height;
    assert_true(qn_lab_run_until(lab, all_at_height, most));
}

static void wait_active(struct qn_lab *lab, size_t count, uint64_t active, qn_time_us most)
{
    awaited_count = count;
    awaited_active = active;
    assert_true(qn_lab_run_until(lab, all_have_active, most));
}

static const struct qn_submit_result *wait_reply(struct qn_lab *lab, qn_request_token token)
{
    awaited_token = token;
    assert_true(qn_lab_run_until(lab, is_answered, QN_SECONDS(40)));
    return qn_lab_reply(lab, token);
}

static void assert_same_root(struct qn_lab *lab, size_t count)
{
    const struct qn_lab_node *first = NULL;
    struct qn_hash root = {{0}};
    for (size_t i = 0; i < count; i++) {
        if (qn_lab_node(lab, i)->node == NULL) {
            continue;
        }
        struct qn_node_status status = qn_lab_status(lab, i);
        if (first == NULL) {
            first = qn_lab_node(lab, i);
            root = status.state_root;
        }
        assert_true(qn_hash_equal(&root, &status.state_root));
    }
}

static bool is_missing(struct qn_lab *lab, size_t index, const char *name, const char *text)
{
    struct qn_ready_line lines[QN_READY_LINES_MAX];
    size_t count =
        qn_node_missing(qn_lab_node(lab, index)->node, lines, qn_lab_now(lab), qn_lab_unix_ms(lab));
    for (size_t i = 0; i < count; i++) {
        if (strcmp(lines[i].name, name) == 0 && strstr(lines[i].text, text) != NULL) {
            return true;
        }
    }
    return false;
}

static struct qn_lab *five_genesis_nodes(enum qn_activation_policy policy, size_t codes)
{
    struct qn_lab *lab = qn_lab_new(seed, 5, policy, codes);
    for (size_t i = 0; i < 5; i++) {
        qn_lab_start_genesis(lab, i);
    }
    return lab;
}

static struct qn_tx change_of(struct qn_lab *lab, size_t index, enum qn_tx_kind kind,
                              uint64_t sequence)
{
    return (struct qn_tx){.kind = kind,
                          .network = qn_lab_genesis(lab)->network,
                          .expires_ms = qn_lab_unix_ms(lab) + 60000,
                          .id = qn_lab_id(lab, index),
                          .sequence = sequence,
                          .region = QN_REGION_OCEANIA,
                          .roles = QN_ROLE_FULL,
                          .has_endpoint = true,
                          .endpoint = qn_lab_node(lab, index)->endpoint,
                          .valid_until_ms = qn_lab_unix_ms(lab) + 3600000,
                          .reason = QN_REVOKE_RETIRED};
}

static const struct qn_submit_result *submit(struct qn_lab *lab, size_t to, size_t signer,
                                             const struct qn_tx *tx)
{
    static qn_request_token token;
    struct qn_buf *bytes = qn_lab_sign_tx(lab, signer, tx);
    token += 1;
    qn_lab_submit(lab, to, token, bytes);
    qn_buf_drop(bytes);
    return wait_reply(lab, token);
}

/* ---- tests ---- */

static void five_genesis_nodes_start_and_make_blocks_by_themselves(void **state)
{
    (void)state;
    struct qn_lab *lab = five_genesis_nodes(QN_POLICY_OPEN, 0);
    wait_height(lab, 5, 2, QN_SECONDS(60));
    assert_same_root(lab, 5);
    awaited_count = 5;
    assert_true(qn_lab_run_until(lab, all_know_each_other, QN_SECONDS(5)));
    for (size_t i = 0; i < 5; i++) {
        struct qn_node_status status = qn_lab_status(lab, i);
        assert_int_equal(status.links, 4); /* one link for each pair, whoever dialled */
        assert_int_equal(status.validators_live, 5);
        assert_true(status.registered);
    }
    qn_lab_free(lab);
}

static bool is_outbound(struct qn_lab *lab, size_t from, size_t to)
{
    const struct qn_node *node = qn_lab_node(lab, from)->node;
    struct qn_node_id id = qn_lab_id(lab, to);
    struct qn_node_peer peers[8];
    size_t count = qn_node_peers(node, peers, QN_ARRAY_COUNT(peers));
    for (size_t i = 0; i < count; i++) {
        if (qn_node_id_equal(&peers[i].id, &id)) {
            assert_true(peers[i].linked);
            return peers[i].outbound;
        }
    }
    fail_msg("node %zu does not know node %zu", from, to);
    return false;
}

static void of_two_links_to_one_peer_both_ends_keep_the_same(void **state)
{
    (void)state;
    struct qn_lab *lab = five_genesis_nodes(QN_POLICY_OPEN, 0);
    wait_height(lab, 5, 1, QN_SECONDS(60));
    for (size_t i = 1; i < 5; i++) {
        struct qn_node_id ids[2] = {qn_lab_id(lab, 0), qn_lab_id(lab, i)};
        size_t lower = qn_node_id_compare(&ids[0], &ids[1]) < 0 ? 0 : i;
        size_t higher = lower == 0 ? i : 0;
        qn_lab_dial(lab, higher, lower); /* crossing: the lower id's link stays, or replaces */
        qn_lab_dial(lab, lower, higher);
        qn_lab_run(lab, QN_SECONDS(2));
        assert_true(is_outbound(lab, lower, higher));
        assert_false(is_outbound(lab, higher, lower));
        qn_lab_dial(lab, lower, higher); /* the same direction again: the newer stays */
        qn_lab_run(lab, QN_SECONDS(2));
        assert_true(is_outbound(lab, lower, higher));
        assert_false(is_outbound(lab, higher, lower));
    }
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(qn_lab_status(lab, i).links, 4);
        assert_int_equal(qn_lab_status(lab, i).validators_live, 5);
    }
    assert_same_root(lab, 5);
    qn_lab_free(lab);
}

static void three_genesis_nodes_of_five_wait_and_say_for_what(void **state)
{
    (void)state;
    struct qn_lab *lab = qn_lab_new(seed, 5, QN_POLICY_OPEN, 0);
    for (size_t i = 0; i < 3; i++) {
        qn_lab_start_genesis(lab, i);
    }
    qn_lab_run(lab, QN_SECONDS(60));
    assert_int_equal(qn_lab_status(lab, 0).height, 0);
    assert_true(is_missing(lab, 0, "start_gate", "3 of 5 genesis nodes linked, 4 needed"));
    qn_lab_start_genesis(lab, 3); /* at any distance in time */
    wait_height(lab, 4, 2, QN_SECONDS(60));
    qn_lab_start_genesis(lab, 4);
    wait_height(lab, 5, 4, QN_SECONDS(60));
    qn_lab_free(lab);
}

static void ordinary_nodes_register_and_are_announced_to_everyone(void **state)
{
    (void)state;
    struct qn_lab *lab = five_genesis_nodes(QN_POLICY_CODES, 3);
    for (int i = 0; i < 3; i++) {
        qn_lab_start_node(lab, i);
    }
    wait_active(lab, 8, 8, QN_SECONDS(60));
    awaited_count = 8;
    assert_true(qn_lab_run_until(lab, all_know_each_other, QN_SECONDS(5)));
    wait_height(lab, 8, qn_lab_status(lab, 0).height, QN_SECONDS(5));
    assert_same_root(lab, 8);
    for (size_t i = 5; i < 8; i++) {
        assert_true(qn_lab_status(lab, i).registered);
        const struct qn_samples *samples =
            qn_node_samples(qn_lab_node(lab, i)->node, QN_TIMING_REGISTER);
        assert_int_equal(samples->count, 1);
    }
    qn_lab_free(lab);
}

/* Each node has each ticket checked at most once, however many ways its transaction comes. */
static void nodes_work_for_their_registration_and_no_ticket_is_checked_twice(void **state)
{
    (void)state;
    struct qn_lab *lab = five_genesis_nodes(QN_POLICY_WORK, 0);
    for (int i = 0; i < 3; i++) {
        qn_lab_start_node(lab, -1);
    }
    wait_active(lab, 8, 8, QN_SECONDS(60));
    uint64_t checked = 0;
    for (size_t i = 0; i < 8; i++) {
        assert_in_range(qn_lab_tickets_checked(lab, i), i < 5 ? 1 : 0, i < 5 ? 3 : 2);
        checked += qn_lab_tickets_checked(lab, i);
    }
    assert_true(checked >= 12); /* of each, a quorum's members, each by itself */
    assert_same_root(lab, 8);
    qn_lab_free(lab);
}

static struct qn_buf *registration_with(struct qn_lab *lab, size_t index,
                                        const struct qn_node_id *ticket_of)
{
    struct qn_tx tx = change_of(lab, index, QN_TX_REGISTER, 0);
    tx.key = *qn_key_public(qn_lab_node(lab, index)->key);
    struct qn_ticket ticket = qn_tx_ticket(&tx, QN_LAB_WORK_BITS, QN_LAB_WORK_MEMORY_KIB);
    ticket.id = *ticket_of;
    while (qn_ticket_search(&ticket, 64) != QN_OK) {
    }
    tx.has_work = true;
    memcpy(tx.work_nonce, ticket.nonce, sizeof ticket.nonce);
    ticket.id = tx.id;
    assert_int_equal(qn_ticket_check(&ticket) == QN_OK, qn_node_id_equal(ticket_of, &tx.id));
    return qn_lab_sign_tx(lab, index, &tx);
}

static void a_stolen_ticket_is_refused_before_consensus(void **state)
{
    (void)state;
    struct qn_lab *lab = five_genesis_nodes(QN_POLICY_WORK, 0);
    wait_height(lab, 5, 1, QN_SECONDS(60));
    size_t index = qn_lab_add_node(lab); /* is not started: it registers by hand */
    struct qn_node_id owner = qn_lab_id(lab, 0);
    struct qn_buf *stolen = registration_with(lab, index, &owner);
    qn_lab_submit(lab, 0, 901, stolen);
    const struct qn_submit_result *result = wait_reply(lab, 901);
    assert_int_equal(result->code, QN_ERR_BAD_WORK);
    assert_non_null(strstr(result->text, "ticket of work"));
    for (size_t i = 1; i < 5; i++) { /* nobody else heard of it */
        assert_int_equal(qn_lab_tickets_checked(lab, i), 0);
    }
    assert_int_equal(qn_lab_tickets_checked(lab, 0), 1);
    owner = qn_lab_id(lab, index);
    struct qn_buf *own = registration_with(lab, index, &owner);
    qn_lab_submit(lab, 0, 902, own);
    assert_int_equal(wait_reply(lab, 902)->code, QN_OK);
    assert_int_equal(qn_lab_status(lab, 0).registry_active, 6);
    qn_buf_drop(own);
    qn_buf_drop(stolen);
    qn_lab_free(lab);
}

static void a_code_works_once_and_the_second_node_hears_why(void **state)
{
    (void)state;
    struct qn_lab *lab = five_genesis_nodes(QN_POLICY_CODES, 1);
    qn_lab_start_node(lab, 0);
    wait_active(lab, 6, 6, QN_SECONDS(60));
    size_t second = qn_lab_start_node(lab, 0);
    qn_lab_run(lab, QN_SECONDS(10));
    assert_int_equal(qn_lab_status(lab, 0).registry_active, 6);
    assert_true(is_missing(lab, second, "registration", "used"));
    size_t third = qn_lab_start_node(lab, -1);
    qn_lab_run(lab, QN_SECONDS(10));
    assert_true(is_missing(lab, third, "registration", "code"));
    qn_lab_free(lab);
}

static void any_killed_genesis_node_does_not_stop_registrations(void **state)
{
    (void)state;
    for (size_t victim = 0; victim < 5; victim++) {
        struct qn_lab *lab = five_genesis_nodes(QN_POLICY_OPEN, 0);
        wait_height(lab, 5, 1, QN_SECONDS(60));
        qn_lab_kill(lab, victim);
        qn_lab_start_node(lab, -1);
        qn_lab_start_node(lab, -1);
        wait_active(lab, 7, 7, QN_SECONDS(60));
        assert_true(qn_lab_status(lab, victim == 0 ? 1 : 0).height >= 2);
        qn_lab_free(lab);
    }
}

static void two_of_five_paused_halt_the_network_and_one_resumes_it(void **state)
{
    (void)state;
    struct qn_lab *lab = five_genesis_nodes(QN_POLICY_OPEN, 0);
    wait_height(lab, 5, 1, QN_SECONDS(60));
    qn_lab_pause(lab, 1, true);
    qn_lab_pause(lab, 2, true);
    qn_lab_run(lab, QN_SECONDS(10));
    uint64_t height = qn_lab_status(lab, 0).height;
    assert_true(is_missing(lab, 0, "quorum", "3 of 5 validators live, 4 needed"));
    qn_lab_run(lab, QN_SECONDS(60));
    assert_int_equal(qn_lab_status(lab, 0).height, height);
    qn_lab_pause(lab, 1, false);
    awaited_count = 1;
    awaited_height = height + 2;
    assert_true(qn_lab_run_until(lab, all_at_height, QN_SECONDS(60)));
    assert_false(is_missing(lab, 0, "quorum", ""));
    qn_lab_pause(lab, 2, false);
    wait_height(lab, 5, height + 4, QN_SECONDS(90));
    assert_same_root(lab, 5);
    qn_lab_free(lab);
}

/* It has forgotten its votes: it catches up, keeps silent where it may have voted, and then counts again. */
static void a_restarted_genesis_node_without_memory_votes_again(void **state)
{
    (void)state;
    struct qn_lab *lab = five_genesis_nodes(QN_POLICY_OPEN, 0);
    wait_height(lab, 5, 3, QN_SECONDS(90));
    qn_lab_kill(lab, 3);
    qn_lab_run(lab, QN_SECONDS(5));
    qn_lab_start_genesis(lab, 3);
    wait_height(lab, 5, 6, QN_SECONDS(90));
    qn_lab_run(lab,
               QN_SECONDS(25)); /* two heartbeats carry it past the views it must not vote in */
    qn_lab_kill(lab, 0);        /* from now on its vote is needed */
    uint64_t height = qn_lab_status(lab, 1).height;
    qn_lab_start_node(lab, -1);
    wait_active(lab, 6, 6, QN_SECONDS(60));
    wait_height(lab, 5, height + 3, QN_SECONDS(90));
    assert_same_root(lab, 5);
    qn_lab_free(lab);
}

static void a_revoked_nodes_links_close_everywhere_within_a_second(void **state)
{
    (void)state;
    struct qn_lab *lab = five_genesis_nodes(QN_POLICY_OPEN, 0);
    size_t index = qn_lab_start_node(lab, -1);
    size_t witness = qn_lab_start_node(lab, -1);
    wait_active(lab, 7, 7, QN_SECONDS(60));
    qn_lab_run(lab, QN_SECONDS(5));
    assert_true(qn_lab_status(lab, index).links >= 5);
    struct qn_tx tx = change_of(lab, index, QN_TX_REVOKE, 2);
    const struct qn_submit_result *result = submit(lab, witness, index, &tx);
    assert_int_equal(result->code, QN_OK);
    qn_lab_run(lab, QN_SECONDS(1));
    assert_int_equal(qn_lab_status(lab, index).links, 0);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(qn_lab_status(lab, i).links, 5);
    }
    qn_lab_run(lab, QN_SECONDS(30)); /* it may dial as often as it likes */
    assert_int_equal(qn_lab_status(lab, index).links, 0);
    assert_int_equal(qn_lab_closed_by(lab, 0, index), QN_CLOSE_REVOKED);
    qn_lab_free(lab);
}

static void an_update_through_a_follower_is_announced_anew(void **state)
{
    (void)state;
    struct qn_lab *lab = five_genesis_nodes(QN_POLICY_OPEN, 0);
    size_t index = qn_lab_start_node(lab, -1);
    wait_active(lab, 6, 6, QN_SECONDS(60));
    qn_lab_run(lab, QN_SECONDS(2));
    struct qn_tx tx = change_of(lab, index, QN_TX_UPDATE, 2);
    tx.endpoint.port = 4242;
    assert_int_equal(submit(lab, index, index, &tx)->code, QN_OK);
    qn_lab_run(lab, QN_SECONDS(1));
    struct qn_node_id id = qn_lab_id(lab, index);
    for (size_t i = 0; i < 5; i++) {
        const struct qn_node *node = qn_lab_node(lab, i)->node;
        struct qn_record record;
        struct qn_signed envelope;
        assert_int_equal(qn_record_decode(&record, &envelope, qn_node_record(node, &id)), QN_OK);
        assert_int_equal(record.endpoints[0].port, 4242);
        assert_int_equal(record.region, QN_REGION_OCEANIA);
    }
    qn_lab_free(lab);
}

static void refusals_reach_the_client_with_their_reason(void **state)
{
    (void)state;
    struct qn_lab *lab = five_genesis_nodes(QN_POLICY_OPEN, 0);
    size_t index = qn_lab_start_node(lab, -1);
    wait_active(lab, 6, 6, QN_SECONDS(60));
    qn_lab_run(lab, QN_SECONDS(2));
    const size_t asked[] = {0, index}; /* a validator, and a follower that relays */
    for (size_t i = 0; i < 2; i++) {
        struct qn_tx tx = change_of(lab, index, QN_TX_UPDATE, 7);
        const struct qn_submit_result *result = submit(lab, asked[i], index, &tx);
        assert_int_equal(result->code, QN_ERR_WRONG_SEQUENCE);
        tx = change_of(lab, index, QN_TX_UPDATE, 2);
        tx.expires_ms = qn_lab_unix_ms(lab) - 1;
        assert_int_equal(submit(lab, asked[i], index, &tx)->code, QN_ERR_EXPIRED);
        tx = change_of(lab, index, QN_TX_UPDATE, 2);
        assert_int_equal(submit(lab, asked[i], 1, &tx)->code, QN_ERR_BAD_SIGNATURE);
        tx = change_of(lab, 2, QN_TX_REVOKE, 2);
        assert_int_equal(submit(lab, asked[i], 2, &tx)->code, QN_ERR_REFUSED);
    }
    qn_lab_free(lab);
}

static void the_same_transaction_twice_is_answered_twice_and_done_once(void **state)
{
    (void)state;
    struct qn_lab *lab = five_genesis_nodes(QN_POLICY_OPEN, 0);
    size_t index = qn_lab_start_node(lab, -1);
    wait_active(lab, 6, 6, QN_SECONDS(60));
    struct qn_tx tx = change_of(lab, index, QN_TX_UPDATE, 2);
    struct qn_buf *bytes = qn_lab_sign_tx(lab, index, &tx);
    qn_lab_submit(lab, 0, 101, bytes);
    qn_lab_submit(lab, 0, 102, bytes);
    qn_lab_submit(lab, 3, 103, bytes);
    uint64_t height = wait_reply(lab, 101)->height;
    for (qn_request_token token = 102; token <= 103; token++) {
        assert_int_equal(wait_reply(lab, token)->code, QN_OK);
        assert_int_equal(qn_lab_reply(lab, token)->height, height);
    }
    qn_lab_submit(lab, 1, 104, bytes); /* long after */
    assert_int_equal(wait_reply(lab, 104)->height, height);
    qn_buf_drop(bytes);
    qn_lab_free(lab);
}

/* A message that nobody honest sends ends the link with the right reason, and the others go on. */
static void a_transaction_is_told_to_each_validator_once(void **state)
{
    (void)state;
    struct qn_lab *lab = five_genesis_nodes(QN_POLICY_OPEN, 0);
    size_t index = qn_lab_start_node(lab, -1);
    wait_active(lab, 6, 6, QN_SECONDS(60));
    uint64_t before = qn_lab_delivered(lab, QN_TX);
    struct qn_tx tx = change_of(lab, index, QN_TX_UPDATE, 2);
    assert_int_equal(submit(lab, 0, index, &tx)->code, QN_OK);
    qn_lab_run(lab, QN_SECONDS(3));
    assert_int_equal(qn_lab_delivered(lab, QN_TX) - before, 4);
    qn_lab_free(lab);
}

/* Whoever was asked told one of the others and no more. */
static void a_transaction_that_waits_is_told_again(void **state)
{
    (void)state;
    struct qn_lab *lab = five_genesis_nodes(QN_POLICY_OPEN, 0);
    size_t index = qn_lab_start_node(lab, -1);
    wait_active(lab, 6, 6, QN_SECONDS(60));
    struct qn_tx tx = change_of(lab, index, QN_TX_UPDATE, 2);
    struct qn_buf *bytes = qn_lab_sign_tx(lab, index, &tx);
    struct qn_buf *message = qn_tx_message_encode(qn_buf_span(bytes));
    qn_lab_pause(lab, 3, true); /* no quorum, so it waits */
    qn_lab_pause(lab, 4, true);
    uint64_t before = qn_lab_delivered(lab, QN_TX);
    assert_true(qn_lab_inject(lab, 0, 1, QN_TX, 0, qn_buf_span(message)));
    qn_lab_run(lab, QN_MS(900));
    uint64_t early = qn_lab_delivered(lab, QN_TX) - before;
    qn_lab_run(lab, QN_MS(1600));
    assert_true(early <= 1);                                         /* the one injected */
    assert_true(qn_lab_delivered(lab, QN_TX) - before - early >= 2); /* to 0 and 2 at least */
    qn_lab_pause(lab, 3, false);
    qn_lab_pause(lab, 4, false);
    qn_lab_submit(lab, 2, 201, bytes);
    assert_int_equal(wait_reply(lab, 201)->code, QN_OK);
    qn_buf_drop(message);
    qn_buf_drop(bytes);
    qn_lab_free(lab);
}

static void assert_closes(enum qn_message_kind kind, uint32_t request_id, struct qn_span bytes,
                          enum qn_close_reason reason)
{
    struct qn_lab *lab = five_genesis_nodes(QN_POLICY_OPEN, 0);
    wait_height(lab, 5, 1, QN_SECONDS(60));
    assert_true(qn_lab_inject(lab, 1, 0, kind, request_id, bytes));
    qn_lab_run(lab, QN_MS(50));
    assert_int_equal(qn_lab_closed_by(lab, 0, 1), reason);
    uint64_t height = qn_lab_status(lab, 0).height;
    wait_height(lab, 5, height + 2, QN_SECONDS(60));
    assert_same_root(lab, 5);
    qn_lab_free(lab);
}

static void malformed_messages_close_the_link(void **state)
{
    (void)state;
    uint8_t garbage[] = {0xa1, 0x01, 0x18, 0x05}; /* 5 in two bytes: not canonical */
    struct qn_span bytes = {garbage, sizeof garbage};
    assert_closes(QN_PING, 0, bytes, QN_CLOSE_MALFORMED);
    assert_closes(QN_NOTARIZE, 0, bytes, QN_CLOSE_MALFORMED);
    assert_closes(QN_ANNOUNCE, 0, bytes, QN_CLOSE_MALFORMED);
    assert_closes(QN_GET_BLOCKS, 9, bytes, QN_CLOSE_MALFORMED);
}

static void a_second_hello_and_a_hello_of_another_network_close_the_link(void **state)
{
    (void)state;
    struct qn_hello hello = {.version = 1, .version_min = 1, .software = "x"};
    struct qn_buf *bytes = qn_hello_encode(&hello);
    assert_closes(QN_HELLO, 0, qn_buf_span(bytes), QN_CLOSE_UNEXPECTED);
    qn_buf_drop(bytes);
}

static void a_forged_record_is_blamed_on_its_sender(void **state)
{
    (void)state;
    struct qn_lab *lab = five_genesis_nodes(QN_POLICY_OPEN, 0);
    wait_height(lab, 5, 1, QN_SECONDS(60));
    uint8_t scratch[QN_RECORD_PAYLOAD_LEN_MAX];
    uint8_t zeros[3309] = {0};
    struct qn_span payload;
    struct qn_record record = {.id = qn_lab_id(lab, 2),
                               .sequence = UINT32_MAX,
                               .endpoint_count = 1,
                               .endpoints = {{.host = "10.9.9.9", .port = 1}},
                               .software = "evil"};
    assert_int_equal(qn_record_payload(&record, scratch, sizeof scratch, &payload), QN_OK);
    struct qn_buf *envelope = qn_signed_encode(payload, (struct qn_span){zeros, sizeof zeros});
    struct qn_announce announce = {.hops = 1, .record = qn_buf_span(envelope)};
    struct qn_buf *bytes = qn_announce_encode(&announce);
    assert_true(qn_lab_inject(lab, 1, 0, QN_ANNOUNCE, 0, qn_buf_span(bytes)));
    qn_lab_run(lab, QN_MS(50));
    assert_int_equal(qn_lab_closed_by(lab, 0, 1), QN_CLOSE_BAD_SIGNATURE);
    struct qn_node_id id = qn_lab_id(lab, 2);
    struct qn_record held;
    struct qn_signed unused;
    assert_int_equal(
        qn_record_decode(&held, &unused, qn_node_record(qn_lab_node(lab, 0)->node, &id)), QN_OK);
    assert_string_equal(held.software, "qnet/lab");
    qn_buf_drop(bytes);
    qn_buf_drop(envelope);
    qn_lab_free(lab);
}

static void an_unregistered_peer_may_not_fetch_blocks_and_is_rate_limited(void **state)
{
    (void)state;
    struct qn_lab *lab = five_genesis_nodes(QN_POLICY_CODES, 1);
    size_t stranger = qn_lab_start_node(lab, -1); /* no code: stays unregistered */
    qn_lab_run(lab, QN_SECONDS(5));
    assert_int_equal(qn_lab_status(lab, 0).links_unregistered, 1);
    uint64_t blocks = qn_lab_delivered(lab, QN_BLOCKS);
    struct qn_get_blocks request = {.from_height = 1, .count_max = 8, .bytes_max = 100000};
    struct qn_buf *bytes = qn_get_blocks_encode(&request);
    for (uint32_t i = 0; i < QN_UNREGISTERED_REQUESTS_MAX + 2; i++) {
        qn_lab_inject(lab, stranger, 0, QN_GET_BLOCKS, i + 1, qn_buf_span(bytes));
    }
    qn_lab_run(lab, QN_MS(100));
    assert_int_equal(qn_lab_delivered(lab, QN_BLOCKS), blocks);
    assert_int_equal(qn_lab_closed_by(lab, 0, stranger), QN_CLOSE_RATE_LIMITED);
    qn_buf_drop(bytes);
    qn_lab_free(lab);
}

static void the_same_seed_gives_the_same_network(void **state)
{
    (void)state;
    struct qn_hash heads[2];
    qn_time_us times[2];
    for (int run = 0; run < 2; run++) {
        struct qn_lab *lab = five_genesis_nodes(QN_POLICY_OPEN, 0);
        qn_lab_start_node(lab, -1);
        wait_active(lab, 6, 6, QN_SECONDS(60));
        times[run] = qn_lab_now(lab);
        heads[run] = qn_lab_status(lab, 0).state_root;
        qn_lab_free(lab);
    }
    assert_int_equal(times[0], times[1]);
    assert_true(qn_hash_equal(&heads[0], &heads[1]));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_genesis_nodes_start_and_make_blocks_by_themselves),
        cmocka_unit_test(of_two_links_to_one_peer_both_ends_keep_the_same),
        cmocka_unit_test(three_genesis_nodes_of_five_wait_and_say_for_what),
        cmocka_unit_test(ordinary_nodes_register_and_are_announced_to_everyone),
        cmocka_unit_test(a_code_works_once_and_the_second_node_hears_why),
        cmocka_unit_test(nodes_work_for_their_registration_and_no_ticket_is_checked_twice),
        cmocka_unit_test(a_stolen_ticket_is_refused_before_consensus),
        cmocka_unit_test(any_killed_genesis_node_does_not_stop_registrations),
        cmocka_unit_test(two_of_five_paused_halt_the_network_and_one_resumes_it),
        cmocka_unit_test(a_restarted_genesis_node_without_memory_votes_again),
        cmocka_unit_test(a_revoked_nodes_links_close_everywhere_within_a_second),
        cmocka_unit_test(an_update_through_a_follower_is_announced_anew),
        cmocka_unit_test(refusals_reach_the_client_with_their_reason),
        cmocka_unit_test(the_same_transaction_twice_is_answered_twice_and_done_once),
        cmocka_unit_test(a_transaction_is_told_to_each_validator_once),
        cmocka_unit_test(a_transaction_that_waits_is_told_again),
        cmocka_unit_test(malformed_messages_close_the_link),
        cmocka_unit_test(a_second_hello_and_a_hello_of_another_network_close_the_link),
        cmocka_unit_test(a_forged_record_is_blamed_on_its_sender),
        cmocka_unit_test(an_unregistered_peer_may_not_fetch_blocks_and_is_rate_limited),
        cmocka_unit_test(the_same_seed_gives_the_same_network),
    };
    const char *why = NULL;
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
