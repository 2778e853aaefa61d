/* Single rules and bounds, each in a small network in virtual time. */
#include "consensus/state.h"
#include "consensus/testing/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct harness *start_with(struct harness_config config)
{
    if (config.delta == 0) {
        config.delta = QN_MS(100);
    }
    config.seed = 1;
    config.delay_min = QN_MS(1);
    config.delay_max = QN_MS(1);
    config.fixed_work = true;
    struct harness *h = harness_new(&config);
    harness_start(h);
    harness_run(h, QN_MS(10));
    return h;
}

static struct harness *start(unsigned n)
{
    return start_with((struct harness_config){.n = n});
}

static void finish(struct harness *h)
{
    if (harness_failure(h) != NULL) {
        print_message("%s\n", harness_failure(h));
    }
    assert_null(harness_failure(h));
    harness_free(h);
}

static void lose_kind(struct harness *h, unsigned n, unsigned kind)
{
    for (int i = 0; i < (int)n; i++) {
        for (int j = 0; j < (int)n; j++) {
            if (i != j) {
                harness_lose(h, i, j, kind);
            }
        }
    }
}

static void idle_network_sends_nothing_between_heartbeats(void **state)
{
    (void)state;
    static const unsigned sizes[] = {4, 5, 7};

    for (size_t i = 0; i < QN_ARRAY_COUNT(sizes); i++) {
        struct harness *h = start(sizes[i]);
        (void)harness_submit(h, 0);
        assert_true(harness_run_until_final(h, QN_SECONDS(1)));
        harness_run(h, QN_SECONDS(1)); /* whatever the last block still needs */
        uint64_t height = harness_height(h, 0);
        for (unsigned beat = 1; beat <= 3; beat++) {
            uint64_t sent = harness_sent(h);
            harness_run(h, QN_HEARTBEAT_INTERVAL - QN_SECONDS(3));
            assert_int_equal(harness_sent(h), sent);
            harness_run(h, QN_SECONDS(3));
            assert_int_equal(harness_height(h, 0), height + beat);
        }
        finish(h);
    }
}

static void lone_transaction_is_final_after_three_message_delays(void **state)
{
    (void)state;
    struct harness *h = start(4);

    qn_time_us before = harness_now(h);
    (void)harness_submit(h, 1); /* leader of view 1 */
    assert_true(harness_run_until_final(h, QN_SECONDS(1)));
    /* Build, sign; check, sign; verify, sign; verify: nothing else may be waited for. */
    qn_time_us work = 300 + 500 + 400 + 500 + 150 + 500 + 150;
    assert_in_range(harness_now(h) - before, 3 * QN_MS(1), 3 * QN_MS(1) + work);
    finish(h);
}

static void two_of_five_paused_stop_it_and_one_back_resumes_it(void **state)
{
    (void)state;
    struct harness *h = start(5);

    harness_pause(h, 3, true);
    harness_pause(h, 4, true);
    unsigned tx = harness_submit(h, 0);
    harness_run(h, QN_SECONDS(30));
    for (int i = 0; i < 5; i++) {
        assert_int_equal(harness_height(h, i), 0);
    }
    harness_pause(h, 4, false);
    harness_run(h, QN_SECONDS(10));
    assert_true(harness_is_final(h, 0, tx) && harness_is_final(h, 4, tx));
    harness_pause(h, 3, false);
    harness_run(h, QN_SECONDS(10));
    assert_true(harness_is_final(h, 3, tx));
    finish(h);
}

static void any_one_killed_does_not_stop_it(void **state)
{
    (void)state;
    for (int killed = 0; killed < 5; killed++) {
        struct harness *h = start(5);
        (void)harness_submit(h, (killed + 1) % 5);
        harness_run(h, QN_MS(2));
        harness_crash(h, killed);
        for (int i = 0; i < 8; i++) {
            (void)harness_submit(h, (killed + 2) % 5);
            assert_true(harness_run_until_final(h, QN_SECONDS(2)));
        }
        finish(h);
    }
}

static void transaction_on_a_follower_of_a_silent_leader_skips_it(void **state)
{
    (void)state;
    struct harness_config config = {.n = 7};

    config.faults[1] = HARNESS_SILENT;
    config.faults[2] = HARNESS_SILENT;
    struct harness *h = start_with(config);
    (void)harness_submit(h, 5);
    /* Two leader timeouts of 2D and some messages. */
    assert_true(harness_run_until_final(h, 4 * QN_MS(100) + QN_MS(50)));
    finish(h);
}

static void lagging_validator_within_the_window_catches_up_without_sync(void **state)
{
    (void)state;
    struct harness *h = start(4);

    for (int i = 0; i < 3; i++) {
        harness_link(h, i, 3, false);
    }
    for (int i = 0; i < 12; i++) {
        (void)harness_submit(h, 0);
        harness_run(h, QN_SECONDS(1));
    }
    assert_int_equal(harness_height(h, 3), 0);
    assert_true(harness_height(h, 0) >= 12);
    for (int i = 0; i < 3; i++) {
        harness_link(h, i, 3, true);
    }
    harness_run(h, QN_SECONDS(9));
    assert_int_equal(harness_height(h, 3), harness_height(h, 0));
    assert_int_equal(harness_syncs(h), 0);
    finish(h);
}

static void validator_beyond_the_others_history_asks_for_sync(void **state)
{
    (void)state;
    struct harness *h = start(4);

    for (int i = 0; i < 3; i++) {
        harness_link(h, i, 3, false);
    }
    harness_run(h, (QN_CONSENSUS_RING + 20) * QN_HEARTBEAT_INTERVAL);
    assert_true(harness_height(h, 0) > QN_CONSENSUS_RING);
    for (int i = 0; i < 3; i++) {
        harness_link(h, i, 3, true);
    }
    harness_run(h, QN_SECONDS(10));
    assert_true(harness_syncs(h) > 0);
    assert_int_equal(harness_height(h, 3), harness_height(h, 0));
    finish(h);
}

/* No proposal ever arrives: every view is nullified, ever more slowly, until the window's last view. */
static void window_is_the_end_until_a_block_is_final(void **state)
{
    (void)state;
    struct harness *h = start_with((struct harness_config){.n = 4, .delta = QN_MS(10)});
    struct qn_consensus_info info;

    lose_kind(h, 4, QN_PROPOSE);
    unsigned tx = harness_submit(h, 0);
    harness_run(h, QN_SECONDS(30));
    uint64_t early = harness_view(h, 0);
    assert_in_range(early, 48, QN_CONSENSUS_WINDOW - 16);
    harness_run(h, QN_SECONDS(400));
    for (int i = 0; i < 4; i++) {
        qn_consensus_info(harness_consensus(h, i), &info);
        assert_int_equal(info.view, QN_CONSENSUS_WINDOW);
        assert_int_equal(info.final_height, 0);
    }
    harness_heal(h);
    harness_run(h, QN_SECONDS(20));
    assert_true(harness_is_final(h, 0, tx) && harness_is_final(h, 3, tx));
    assert_true(harness_view(h, 0) > QN_CONSENSUS_WINDOW);
    finish(h);
}

/* There it cannot give its view up, and must neither try without a pause nor give up trying. */
static void leader_that_cannot_build_in_the_last_view_tries_again_later(void **state)
{
    (void)state;
    struct harness *h = start_with((struct harness_config){.n = 4, .delta = QN_MS(10)});

    lose_kind(h, 4, QN_PROPOSE);
    harness_fail_builds(h, QN_CONSENSUS_WINDOW % 4, true); /* it leads that view */
    unsigned tx = harness_submit(h, 0);
    harness_run(h, QN_SECONDS(430));
    assert_int_equal(harness_view(h, 0), QN_CONSENSUS_WINDOW);
    unsigned before = harness_builds(h, QN_CONSENSUS_WINDOW % 4);
    harness_run(h, QN_SECONDS(20));
    assert_in_range(harness_builds(h, QN_CONSENSUS_WINDOW % 4) - before, 1, 40);
    harness_fail_builds(h, QN_CONSENSUS_WINDOW % 4, false);
    harness_heal(h);
    harness_run(h, QN_SECONDS(20));
    assert_true(harness_is_final(h, 0, tx) && harness_is_final(h, 3, tx));
    finish(h);
}

/* v3 gets the proposal's header over other transactions, and again whenever it asks the liar. */
static void block_id_over_other_transactions_is_thrown_away(void **state)
{
    (void)state;
    struct harness_config config = {.n = 4};

    config.faults[1] = HARNESS_BAD_BODY; /* leader of view 1, lies to v3 */
    struct harness *h = start_with(config);
    unsigned tx = harness_submit(h, 0);
    assert_true(harness_run_until_final(h, QN_SECONDS(1)));
    assert_true(harness_is_final(h, 3, tx));
    assert_int_equal(harness_consensus(h, 0)->nullified_views, 0);
    assert_true(harness_fault_count(h, 1) > 0);
    finish(h);
}

static struct qn_buf *make_vote(const struct harness *h, int validator, enum qn_vote_kind kind,
                                uint64_t view, uint8_t block, bool good)
{
    struct qn_vote vote = {.kind = kind, .view = view};

    vote.block_id.bytes[0] = block;
    struct qn_hash digest = qn_nullify_digest(harness_network(h), 0, view);
    if (kind != QN_VOTE_NULLIFY) {
        digest = qn_proposal_digest(harness_network(h), 0, view, 0, &vote.block_id);
    }
    vote.p = digest;
    harness_sign(h, &vote.signature, validator, qn_vote_sign_kind(kind), &digest);
    vote.signature.bytes[0] = (uint8_t)(vote.signature.bytes[0] ^ (good ? 0U : 1U));
    return qn_vote_encode(&vote);
}

static void vote_sent_again_is_no_fault_and_another_one_is_evidence(void **state)
{
    (void)state;
    struct harness_config config = {.n = 4};

    config.faults[2] = HARNESS_SILENT; /* says nothing by itself, and may be accused */
    struct harness *h = start_with(config);
    const struct qn_consensus *c = harness_consensus(h, 0);
    harness_inject(h, 2, 0, QN_NOTARIZE, make_vote(h, 2, QN_VOTE_NOTARIZE, 1, 1, true));
    harness_inject(h, 2, 0, QN_NOTARIZE, make_vote(h, 2, QN_VOTE_NOTARIZE, 1, 1, true));
    harness_run(h, QN_MS(1));
    assert_int_equal(harness_fault_count(h, 2), 0);
    harness_inject(h, 2, 0, QN_NOTARIZE, make_vote(h, 2, QN_VOTE_NOTARIZE, 1, 2, true));
    harness_run(h, QN_MS(1));
    assert_int_equal(harness_fault_count(h, 2), 1);
    assert_int_equal(harness_convictions(h, 2), 1); /* which the harness has looked into */
    harness_inject(h, 2, 0, QN_FINALIZE, make_vote(h, 2, QN_VOTE_FINALIZE, 2, 1, true));
    harness_inject(h, 2, 0, QN_NULLIFY, make_vote(h, 2, QN_VOTE_NULLIFY, 2, 0, true));
    harness_run(h, QN_MS(1));
    assert_int_equal(c->equivocations, 2);
    assert_int_equal(harness_convictions(h, 2), 1); /* once is enough */
    finish(h);
}

static void final_and_given_up_votes_of_one_view_are_evidence(void **state)
{
    (void)state;
    struct harness_config config = {.n = 4};

    config.faults[2] = HARNESS_SILENT;
    struct harness *h = start_with(config);
    harness_inject(h, 2, 0, QN_NOTARIZE, make_vote(h, 2, QN_VOTE_NOTARIZE, 1, 1, true));
    harness_inject(h, 2, 0, QN_FINALIZE, make_vote(h, 2, QN_VOTE_FINALIZE, 1, 1, true));
    harness_inject(h, 2, 0, QN_NULLIFY, make_vote(h, 2, QN_VOTE_NULLIFY, 1, 0, true));
    harness_run(h, QN_MS(1));
    assert_int_equal(harness_convictions(h, 2), 1);
    finish(h);
}

/* It signs p and not its view, so it could as well be of another view, in which it contradicts nothing. */
static void a_finalize_of_an_unknown_block_is_no_evidence(void **state)
{
    (void)state;
    struct harness_config config = {.n = 4};

    config.faults[2] = HARNESS_SILENT;
    struct harness *h = start_with(config);
    harness_inject(h, 2, 0, QN_FINALIZE, make_vote(h, 2, QN_VOTE_FINALIZE, 1, 1, true));
    harness_inject(h, 2, 0, QN_NULLIFY, make_vote(h, 2, QN_VOTE_NULLIFY, 1, 0, true));
    harness_run(h, QN_MS(1));
    assert_int_equal(harness_fault_count(h, 2), 1); /* its link is closed all the same */
    assert_int_equal(harness_convictions(h, 2), 0);
    finish(h);
}

/* A pair is told only when both signatures are good; a forged one convicts nobody, and bars no other pair. */
static void forged_votes_are_no_evidence(void **state)
{
    (void)state;
    struct harness_config config = {.n = 4};

    config.faults[2] = HARNESS_SILENT;
    struct harness *h = start_with(config);
    for (unsigned i = 0; i < 2 * QN_CONSENSUS_PROOFS; i++) {
        harness_inject(h, 2, 0, QN_NOTARIZE,
                       make_vote(h, 2, QN_VOTE_NOTARIZE, 1, (uint8_t)i, i == 0));
    }
    harness_run(h, QN_MS(5));
    assert_int_equal(harness_convictions(h, 2), 0);
    harness_inject(h, 2, 0, QN_NOTARIZE, make_vote(h, 2, QN_VOTE_NOTARIZE, 1, 99, true));
    harness_run(h, QN_MS(5));
    assert_int_equal(harness_convictions(h, 2), 1);
    finish(h);
}

/* Of the others' four NULLIFY votes one is forged: it is removed, its sender accused, the next takes its place. */
static void bad_signature_is_replaced_by_the_next_vote(void **state)
{
    (void)state;
    struct harness_config config = {.n = 5};

    config.faults[1] = HARNESS_SILENT;
    struct harness *h = start_with(config);
    const struct qn_consensus *c = harness_consensus(h, 0);
    for (int i = 1; i < 5; i++) {
        harness_crash(h, i);
    }
    for (int i = 1; i < 5; i++) { /* four others' votes: q without the own one */
        harness_inject(h, i, 0, QN_NULLIFY, make_vote(h, i, QN_VOTE_NULLIFY, 1, 0, i != 1));
    }
    harness_run(h, QN_MS(10));
    assert_int_equal(harness_fault_count(h, 1), 1);
    assert_int_equal(c->bad_signatures, 1);
    assert_int_equal(c->nullified_views, 1); /* with the own vote: the leader gave up */
    assert_int_equal(c->view, 2);
    struct qn_cert cert;
    struct qn_buf *bytes =
        qn_slot_find(harness_consensus(h, 0), 1)->certs[QN_VOTE_NULLIFY - 1].bytes;
    assert_int_equal(qn_cert_decode(&cert, qn_buf_span(bytes)), QN_OK);
    assert_int_equal(cert.bitmap[0], 0x1d); /* all but the forger */
    finish(h);
}

static struct qn_buf *make_nullification(const struct harness *h, uint64_t view, int spoilt)
{
    struct qn_cert cert = {
        .kind = QN_VOTE_NULLIFY, .view = view, .bitmap_len = 1, .bitmap = {0x1e}};
    struct qn_signature signatures[4];
    struct qn_hash digest = qn_nullify_digest(harness_network(h), 0, view);

    for (int i = 0; i < 4; i++) {
        harness_sign(h, &signatures[i], i + 1, QN_SIGN_NULLIFY, &digest);
        signatures[i].bytes[0] ^= i + 1 == spoilt ? 1U : 0U;
        cert.signatures[i] = (struct qn_span){signatures[i].bytes, signatures[i].len};
    }
    cert.signature_count = 4;
    return qn_cert_encode(&cert);
}

/* What was good in a forged certificate is known when the right one comes. */
static void good_signatures_of_a_bad_certificate_are_remembered(void **state)
{
    (void)state;
    struct harness_config config = {.n = 5};

    config.faults[1] = HARNESS_SILENT;
    struct harness *h = start_with(config);
    const struct qn_consensus *c = harness_consensus(h, 0);
    harness_inject(h, 1, 0, QN_CERT, make_nullification(h, 1, 4));
    harness_run(h, QN_MS(1));
    assert_int_equal(c->verifications, 4);
    assert_int_equal(harness_fault_count(h, 1), 1);
    assert_int_equal(c->view, 1);
    harness_inject(h, 2, 0, QN_CERT, make_nullification(h, 1, -1));
    harness_run(h, QN_MS(1));
    assert_int_equal(c->verifications, 5);
    assert_int_equal(c->view, 2);
    finish(h);
}

static bool emits(struct qn_consensus_actions *actions, enum qn_consensus_action_kind kind,
                  uint64_t *cookie)
{
    struct qn_consensus_action action;
    bool found = false;

    while (qn_consensus_actions_pop(actions, &action)) {
        if (action.kind == kind) {
            found = true;
            *cookie = action.cookie;
        }
        qn_consensus_action_drop(&action);
    }
    return found;
}

/* The ledger found nothing to put into it: what is pending is in a block on its way. */
static void empty_block_is_not_proposed_for_pending_transactions(void **state)
{
    (void)state;
    struct harness *h = start(4);
    struct qn_consensus *c = harness_consensus(h, 1);
    struct qn_consensus_actions actions;
    uint64_t cookie = 0;

    qn_consensus_actions_init(&actions);
    qn_consensus_on_pending(c, &actions, true, harness_now(h));
    assert_true(emits(&actions, QN_CONSENSUS_BUILD, &cookie));
    struct qn_header header = {
        .version = 1, .network = *harness_network(h), .height = 1, .parent = c->final_block->id};
    struct qn_block *block = qn_block_new(&header, NULL, 0);
    qn_consensus_on_built(c, &actions, cookie, block, harness_now(h));
    assert_false(emits(&actions, QN_CONSENSUS_SIGN, &cookie));
    assert_int_equal(c->armed, 0);
    qn_consensus_on_pending(c, &actions, true, harness_now(h)); /* another one: asked again */
    assert_true(emits(&actions, QN_CONSENSUS_BUILD, &cookie));
    qn_block_drop(block);
    qn_consensus_actions_fini(&actions);
    finish(h);
}

static void impossible_parent_view_is_nullified_at_once(void **state)
{
    (void)state;
    struct harness_config config = {.n = 4};

    config.faults[1] = HARNESS_SILENT;
    for (uint64_t parent_view = 1; parent_view < 4; parent_view++) {
        struct harness *h = start_with(config);
        const struct qn_consensus *c = harness_consensus(h, 0);
        struct qn_header header = {.version = 1,
                                   .network = *harness_network(h),
                                   .height = 1,
                                   .parent = c->final_block->id};
        struct qn_block *block = qn_block_new(&header, NULL, 0);
        struct qn_propose propose = {.view = 1, .parent_view = parent_view};
        propose.block = qn_buf_span(block->encoded);
        struct qn_hash p = qn_proposal_digest(harness_network(h), 0, 1, parent_view, &block->id);
        harness_sign(h, &propose.signature, 1, QN_SIGN_NOTARIZE, &p);
        harness_inject(h, 1, 0, QN_PROPOSE, qn_propose_encode(&propose));
        harness_run(h, QN_MS(1));
        const struct qn_view_slot *slot = qn_slot_find(harness_consensus(h, 0), 1);
        assert_true(slot->own[QN_VOTE_NULLIFY - 1].cast);
        assert_false(slot->own[QN_VOTE_NOTARIZE - 1].cast);
        qn_block_drop(block);
        finish(h);
    }
}

/* A finalization is known, its block cannot be had from the others: then by block sync. */
static void block_that_nobody_sends_is_fetched_by_sync(void **state)
{
    (void)state;
    struct harness *h = start(4);

    harness_lose(h, 0, 1, QN_CONSENSUS_REQUEST);
    harness_lose(h, 0, 2, QN_CONSENSUS_REQUEST);
    harness_lose(h, 0, 3, QN_CONSENSUS_REQUEST);
    for (int i = 1; i < 4; i++) {
        harness_lose(h, i, 0, QN_PROPOSE);
    }
    unsigned tx = harness_submit(h, 1);
    harness_run(h, QN_MS(100));
    assert_int_equal(harness_syncs(h), 0);
    assert_true(harness_is_final(h, 3, tx) && !harness_is_final(h, 0, tx));
    harness_run(h, QN_SECONDS(3));
    assert_true(harness_syncs(h) > 0);
    assert_true(harness_is_final(h, 0, tx));
    finish(h);
}

static void no_signature_is_verified_twice(void **state)
{
    (void)state;
    struct harness *h = start(4);
    struct qn_consensus *c = harness_consensus(h, 0);

    (void)harness_submit(h, 0);
    assert_true(harness_run_until_final(h, QN_SECONDS(1)));
    /* Two certificates of q = 3 each, own votes not verified. */
    assert_int_equal(c->verifications, 4);
    struct qn_buf *latest = qn_latest_finalization(harness_consensus(h, 3));
    assert_non_null(latest);
    for (int i = 1; i < 4; i++) {
        harness_inject(h, i, 0, QN_CERT, qn_buf_hold(latest));
    }
    harness_run(h, QN_MS(5));
    assert_int_equal(c->verifications, 4);
    finish(h);
}

/* The same foreign certificate from three sides at once: its signatures are verified once. */
static void certificate_that_arrives_thrice_is_verified_once(void **state)
{
    (void)state;
    struct harness *h = start(4);
    struct qn_consensus *c = harness_consensus(h, 0);

    lose_kind(h, 4, QN_STATUS);
    for (int i = 1; i < 4; i++) {
        harness_link(h, i, 0, false);
    }
    (void)harness_submit(h, 1);
    harness_run(h, QN_SECONDS(1));
    assert_int_equal(c->final_view, 0);
    struct qn_buf *latest = qn_latest_finalization(harness_consensus(h, 3));
    assert_non_null(latest);
    for (int i = 1; i < 4; i++) {
        harness_inject(h, i, 0, QN_CERT, qn_buf_hold(latest));
    }
    harness_run(h, QN_MS(1));
    assert_int_equal(c->verifications, 3);
    assert_int_equal(c->settled_view, 1);
    finish(h);
}

static void votes_beyond_the_next_view_and_strange_certificates_are_not_kept(void **state)
{
    (void)state;
    struct harness *h = start(4);
    struct qn_consensus *c = harness_consensus(h, 0);

    harness_inject(h, 2, 0, QN_NULLIFY, make_vote(h, 2, QN_VOTE_NULLIFY, 3, 0, true));
    harness_inject(h, 2, 0, QN_NULLIFY, make_vote(h, 2, QN_VOTE_NULLIFY, UINT64_MAX, 0, true));
    harness_run(h, QN_MS(5));
    assert_int_equal(c->seen_view, 0);
    assert_null(qn_slot_find(c, 3));
    struct qn_vote_view *votes = qn_votes_at(c, 2);
    assert_non_null(votes);
    assert_null(qn_votes_at(c, 3));
    assert_int_equal(qn_votes_entry(c, votes, QN_VOTE_NULLIFY, 2)->state, QN_ENTRY_EMPTY);
    finish(h);
}

static void broken_messages_are_errors_and_change_nothing(void **state)
{
    (void)state;
    struct harness *h = start(4);
    struct qn_consensus *c = harness_consensus(h, 0);
    struct qn_consensus_actions actions;
    uint8_t bytes[] = {0xff, 0x00};
    static const enum qn_message_kind kinds[] = {
        QN_PROPOSE, QN_NOTARIZE, QN_FINALIZE, QN_NULLIFY, QN_CERT, QN_STATUS, QN_CONSENSUS_REQUEST};

    qn_consensus_actions_init(&actions);
    for (size_t i = 0; i < QN_ARRAY_COUNT(kinds); i++) {
        assert_int_equal(qn_consensus_on_message(c, &actions, 1, kinds[i],
                                                 (struct qn_span){bytes, sizeof bytes},
                                                 harness_now(h)),
                         QN_ERR_MALFORMED);
        assert_int_equal(qn_consensus_on_message(c, &actions, 1, kinds[i],
                                                 (struct qn_span){bytes, 0}, harness_now(h)),
                         QN_ERR_MALFORMED);
    }
    assert_int_equal(actions.count, 0);
    qn_consensus_actions_fini(&actions);
    finish(h);
}

static void certificate_with_too_few_or_strange_signers_is_an_error(void **state)
{
    (void)state;
    struct harness *h = start(5);
    struct qn_consensus *c = harness_consensus(h, 0);
    struct qn_consensus_actions actions;
    struct qn_signature signature;
    struct qn_hash digest = qn_nullify_digest(harness_network(h), 0, 1);

    qn_consensus_actions_init(&actions);
    harness_sign(h, &signature, 1, QN_SIGN_NULLIFY, &digest);
    for (unsigned signers = 1; signers <= 5; signers++) {
        struct qn_cert cert = {
            .kind = QN_VOTE_NULLIFY, .view = 1, .bitmap_len = 1, .signature_count = signers};
        cert.bitmap[0] = (uint8_t)((1U << signers) - 1);
        for (unsigned i = 0; i < signers; i++) {
            cert.signatures[i] = (struct qn_span){signature.bytes, signature.len};
        }
        struct qn_buf *bytes = qn_cert_encode(&cert);
        enum qn_err err =
            qn_consensus_on_message(c, &actions, 1, QN_CERT, qn_buf_span(bytes), harness_now(h));
        assert_int_equal(err, signers == 4 ? QN_OK : QN_ERR_NO_QUORUM);
        qn_buf_drop(bytes);
    }
    assert_int_equal(c->view, 1); /* four signatures of one validator are still to be verified */
    qn_consensus_actions_fini(&actions);
    finish(h);
}

static void requests_of_one_peer_are_answered_so_often(void **state)
{
    (void)state;
    struct harness *h = start(4);

    (void)harness_submit(h, 0);
    assert_true(harness_run_until_final(h, QN_SECONDS(1)));
    harness_run(h, QN_SECONDS(1));
    uint64_t sent = harness_sent(h);
    struct qn_consensus_request request = {.want = QN_WANT_VIEW, .number = 1};
    for (int i = 0; i < 10 * QN_CONSENSUS_ANSWERS; i++) {
        harness_inject(h, 2, 0, QN_CONSENSUS_REQUEST, qn_consensus_request_encode(&request));
    }
    harness_run(h, QN_MS(10));
    /* A certificate and a block each time. */
    assert_int_equal(harness_sent(h) - sent, 2 * QN_CONSENSUS_ANSWERS);
    finish(h);
}

static void a_refused_signature_leaves_the_vote_unsent_and_binding(void **state)
{
    (void)state;
    struct harness *h = start(4);
    struct qn_consensus *c = harness_consensus(h, 0);
    struct qn_consensus_actions actions;
    struct qn_consensus_action action;
    uint64_t cookie = 0;
    bool sent = false;

    qn_consensus_actions_init(&actions);
    harness_link(h, 0, 1, false);
    harness_run(h, QN_MS(1));
    qn_consensus_on_pending(c, &actions, true, harness_now(h)); /* leader 1 is down: NULLIFY */
    while (qn_consensus_actions_pop(&actions, &action)) {
        cookie = action.kind == QN_CONSENSUS_SIGN ? action.cookie : cookie;
        qn_consensus_action_drop(&action);
    }
    assert_int_not_equal(cookie, 0);
    qn_consensus_on_signed(c, &actions, cookie, NULL, harness_now(h));
    qn_consensus_on_persisted(c, &actions, cookie, harness_now(h));
    while (qn_consensus_actions_pop(&actions, &action)) {
        sent = sent || action.kind == QN_CONSENSUS_SEND;
        qn_consensus_action_drop(&action);
    }
    assert_false(sent);
    assert_true(qn_slot_find(c, 1)->own[QN_VOTE_NULLIFY - 1].cast);
    qn_consensus_actions_fini(&actions);
    harness_free(h);
}

static void real_signatures_work_as_well(void **state)
{
    (void)state;
    static const unsigned sizes[] = {4, 5};

    for (size_t i = 0; i < QN_ARRAY_COUNT(sizes); i++) {
        struct harness_config config = {.n = sizes[i], .real_signatures = true};
        config.faults[2] = HARNESS_TWINS;
        struct harness *h = start_with(config);
        for (int tx = 0; tx < 3; tx++) {
            (void)harness_submit(h, tx);
            assert_true(harness_run_until_final(h, QN_SECONDS(3)));
        }
        finish(h);
    }
}

int main(void)
{
    const char *why = NULL;
    if (qn_crypto_init(&why) != QN_OK) {
        (void)fprintf(stderr, "crypto: %s\n", why);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle_network_sends_nothing_between_heartbeats),
        cmocka_unit_test(lone_transaction_is_final_after_three_message_delays),
        cmocka_unit_test(two_of_five_paused_stop_it_and_one_back_resumes_it),
        cmocka_unit_test(any_one_killed_does_not_stop_it),
        cmocka_unit_test(transaction_on_a_follower_of_a_silent_leader_skips_it),
        cmocka_unit_test(lagging_validator_within_the_window_catches_up_without_sync),
        cmocka_unit_test(validator_beyond_the_others_history_asks_for_sync),
        cmocka_unit_test(window_is_the_end_until_a_block_is_final),
        cmocka_unit_test(leader_that_cannot_build_in_the_last_view_tries_again_later),
        cmocka_unit_test(block_id_over_other_transactions_is_thrown_away),
        cmocka_unit_test(vote_sent_again_is_no_fault_and_another_one_is_evidence),
        cmocka_unit_test(final_and_given_up_votes_of_one_view_are_evidence),
        cmocka_unit_test(a_finalize_of_an_unknown_block_is_no_evidence),
        cmocka_unit_test(forged_votes_are_no_evidence),
        cmocka_unit_test(bad_signature_is_replaced_by_the_next_vote),
        cmocka_unit_test(good_signatures_of_a_bad_certificate_are_remembered),
        cmocka_unit_test(empty_block_is_not_proposed_for_pending_transactions),
        cmocka_unit_test(impossible_parent_view_is_nullified_at_once),
        cmocka_unit_test(block_that_nobody_sends_is_fetched_by_sync),
        cmocka_unit_test(no_signature_is_verified_twice),
        cmocka_unit_test(certificate_that_arrives_thrice_is_verified_once),
        cmocka_unit_test(votes_beyond_the_next_view_and_strange_certificates_are_not_kept),
        cmocka_unit_test(broken_messages_are_errors_and_change_nothing),
        cmocka_unit_test(certificate_with_too_few_or_strange_signers_is_an_error),
        cmocka_unit_test(requests_of_one_peer_are_answered_so_often),
        cmocka_unit_test(a_refused_signature_leaves_the_vote_unsent_and_binding),
        cmocka_unit_test(real_signatures_work_as_well),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    qn_crypto_fini();
    return failed;
}
