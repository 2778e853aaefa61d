/* Restarts: with the log, without it, with an old copy of it, of one and of all at once. */
#include "consensus/state.h"
#include "consensus/testing/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct harness *start(unsigned n)
{
    struct harness_config config = {.n = n,
                                    .seed = 1,
                                    .delta = QN_MS(100),
                                    .delay_min = QN_MS(1),
                                    .delay_max = QN_MS(1),
                                    .fixed_work = true,
                                    .joins = true};
    struct harness *h = harness_new(&config);

    harness_start(h);
    harness_run(h, QN_MS(50));
    return h;
}

static void finish(struct harness *h)
{
    if (harness_failure(h) != NULL) {
        print_message("%s\n", harness_failure(h));
    }
    assert_null(harness_failure(h));
    harness_free(h);
}

static void commit_some(struct harness *h, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        (void)harness_submit(h, 0);
        assert_true(harness_run_until_final(h, QN_SECONDS(5)));
    }
}

static struct qn_consensus_info info_of(struct harness *h, int validator)
{
    struct qn_consensus_info info;

    qn_consensus_info(harness_consensus(h, validator), &info);
    return info;
}

/* It forgot everything; it does not vote where it may have voted, and then counts again. */
static void a_restarted_validator_votes_again_after_its_ceiling(void **state)
{
    (void)state;
    struct harness *h = start(5);

    commit_some(h, 5);
    harness_restart(h, 2, HARNESS_ALL_LOST);
    harness_run(h, QN_SECONDS(1));
    struct qn_consensus_info info = info_of(h, 2);
    assert_false(info.joining);
    assert_true(info.ceiling >= 6);
    assert_int_equal(harness_height(h, 2), harness_height(h, 0));
    harness_run(h, 3 * QN_HEARTBEAT_INTERVAL);
    assert_int_equal(info_of(h, 2).next_memory, QN_MEMORY_TRUSTED);
    harness_crash(h, 0); /* now q needs it */
    (void)harness_submit(h, 1);
    assert_true(harness_run_until_final(h, QN_SECONDS(5)));
    finish(h);
}

/* Of the next epoch it may have forgotten votes too, unless a block of this one became final since. */
static void lost_memory_may_be_of_the_next_epoch(void **state)
{
    (void)state;
    struct harness *h = start(5);

    commit_some(h, 2);
    harness_end_epoch(h);
    harness_run(h, QN_MS(4)); /* proposed, and not final */
    harness_restart(h, 2, HARNESS_LOG_LOST);
    assert_true(harness_run_until_ended(h, QN_SECONDS(5)));
    assert_int_equal(info_of(h, 0).next_memory, QN_MEMORY_TRUSTED);
    assert_int_equal(info_of(h, 2).next_memory, QN_MEMORY_LOST);
    finish(h);
}

/* An idle network must not wait for the heartbeat to take it back. */
static void peers_carry_it_past_its_ceiling_at_once(void **state)
{
    (void)state;
    struct harness *h = start(4);

    commit_some(h, 2);
    harness_run(h, QN_SECONDS(1));
    harness_restart(h, 3, HARNESS_LOG_LOST);
    harness_run(h, QN_SECONDS(3));
    struct qn_consensus_info info = info_of(h, 3);
    assert_false(info.joining);
    assert_true(info.view > info.ceiling);
    finish(h);
}

static void without_enough_answers_it_does_not_vote(void **state)
{
    (void)state;
    struct harness *h = start(5);

    commit_some(h, 3);
    for (int i = 0; i < 3; i++) {
        harness_lose(h, i, 4, QN_RECOVER_REPLY);
    }
    harness_restart(h, 4, HARNESS_ALL_LOST);
    harness_run(h, QN_SECONDS(15));
    assert_true(info_of(h, 4).joining);
    assert_int_equal(info_of(h, 4).answers, 1);
    assert_int_equal(info_of(h, 4).answers_needed, 3);
    harness_heal(h);
    harness_run(h, QN_SECONDS(6));
    assert_false(info_of(h, 4).joining);
    finish(h);
}

static void inject_reply(struct harness *h, int from, int to, uint64_t view)
{
    struct qn_recover_reply reply = {
        .nonce = harness_consensus(h, to)->nonce, .state = QN_RECOVER_NORMAL, .view = view};
    struct qn_hash digest = qn_recover_digest(harness_network(h), &reply);

    harness_sign(h, &reply.signature, from, QN_SIGN_RECOVER, &digest);
    harness_inject(h, from, to, QN_RECOVER_REPLY, qn_recover_reply_encode(&reply));
}

/* A number alone bars nobody: not even as long as it lasts. */
static void views_that_no_certificate_proves_do_not_count(void **state)
{
    (void)state;
    struct harness *h = start(5);

    commit_some(h, 3);
    harness_restart(h, 2, HARNESS_ALL_LOST);
    inject_reply(h, 0, 2, UINT64_MAX - 1);
    harness_run(h, QN_SECONDS(2));
    assert_false(info_of(h, 2).joining); /* by the three others */
    assert_true(info_of(h, 2).ceiling < 100);
    finish(h);
    h = start(5);
    commit_some(h, 3);
    harness_restart(h, 2, HARNESS_ALL_LOST);
    inject_reply(h, 0, 2, 1000);
    inject_reply(h, 1, 2, 1000);
    harness_run(h, QN_SECONDS(2));
    assert_true(info_of(h, 2).joining);
    finish(h);
}

static void an_answer_with_a_bad_signature_is_a_fault(void **state)
{
    (void)state;
    struct harness_config config = {.n = 4, .seed = 1, .delta = QN_MS(100), .joins = true};

    config.faults[0] = HARNESS_SILENT;
    struct harness *h = harness_new(&config);
    harness_start(h);
    struct qn_recover_reply reply = {.nonce = harness_consensus(h, 2)->nonce,
                                     .state = QN_RECOVER_NORMAL,
                                     .view = 1,
                                     .signature = {.len = 1, .bytes = {1}}};
    harness_inject(h, 0, 2, QN_RECOVER_REPLY, qn_recover_reply_encode(&reply));
    harness_run(h, QN_MS(100));
    assert_int_equal(harness_fault_count(h, 0), 1);
    finish(h);
}

/* What it voted binds it still, and it votes at once where it has not voted. */
static void with_an_intact_log_it_goes_on(void **state)
{
    (void)state;
    struct harness *h = start(4);

    commit_some(h, 4);
    harness_restart(h, 1, HARNESS_INTACT);
    harness_run(h, QN_MS(300));
    struct qn_consensus_info info = info_of(h, 1);
    assert_false(info.joining);
    assert_int_equal(info.ceiling, 0);
    assert_int_equal(info.next_memory, QN_MEMORY_TRUSTED);
    assert_int_equal(harness_height(h, 1), harness_height(h, 0));
    harness_crash(h, 0);
    (void)harness_submit(h, 1);
    assert_true(harness_run_until_final(h, QN_SECONDS(2)));
    finish(h);
}

/* Between FINALIZE and commit, all at once: the block is on the disks, and no other can take its place. */
static void all_restart_at_once_in_every_moment_of_a_block(void **state)
{
    (void)state;
    for (qn_time_us moment = 0; moment < QN_MS(8); moment += 200) {
        struct harness *h = start(4);
        commit_some(h, 1);
        unsigned tx = harness_submit(h, 1);
        harness_run(h, moment);
        for (int i = 0; i < 4; i++) {
            harness_restart(h, i, HARNESS_INTACT);
        }
        harness_run(h, QN_SECONDS(6));
        harness_heal(h); /* whoever submitted it asks again */
        assert_true(harness_run_until_final(h, QN_SECONDS(5)));
        assert_true(harness_is_final(h, 2, tx));
        finish(h);
    }
}

static void all_restart_at_once_and_one_of_them_without_its_log(void **state)
{
    (void)state;
    static const unsigned sizes[] = {4, 5, 7, 10};

    for (size_t i = 0; i < QN_ARRAY_COUNT(sizes); i++) {
        struct harness *h = start(sizes[i]);
        commit_some(h, 3);
        (void)harness_submit(h, 1);
        harness_run(h, QN_MS(4));
        for (int v = 0; v < (int)sizes[i]; v++) {
            harness_restart(h, v, v == 2 ? HARNESS_ALL_LOST : HARNESS_INTACT);
        }
        harness_run(h, QN_SECONDS(12));
        assert_false(info_of(h, 2).joining);
        commit_some(h, 1);
        finish(h);
    }
}

/* An old copy of the disk lacks votes that the others have seen. */
static void a_log_that_lacks_a_vote_counts_as_lost(void **state)
{
    (void)state;
    struct harness *h = start(4);

    commit_some(h, 2);
    harness_copy_disk(h, 3);
    commit_some(h, 3);
    harness_restart(h, 3, HARNESS_ROLLED_BACK);
    harness_run(h, QN_MS(300));
    assert_int_equal(harness_consensus(h, 3)->memory, QN_MEMORY_LOST);
    assert_true(harness_consensus(h, 3)->lied);
    harness_run(h, QN_SECONDS(12));
    assert_false(info_of(h, 3).joining);
    assert_true(info_of(h, 3).ceiling > 0);
    commit_some(h, 2);
    finish(h);
}

/* It lost its log, and is restarted before it has voted again: the new log is not all there is. */
static void lost_memory_stays_lost_until_the_next_vote(void **state)
{
    (void)state;
    struct harness *h = start(5);

    commit_some(h, 3);
    for (int i = 0; i < 3; i++) {
        harness_lose(h, i, 4, QN_RECOVER_REPLY);
    }
    harness_restart(h, 4, HARNESS_LOG_LOST);
    harness_run(h, QN_SECONDS(1));
    harness_restart(h, 4, HARNESS_INTACT);
    assert_int_equal(harness_consensus(h, 4)->memory, QN_MEMORY_LOST);
    harness_heal(h);
    harness_run(h, QN_SECONDS(15));
    uint64_t ceiling = info_of(h, 4).ceiling;
    assert_true(ceiling > 0);
    assert_true(info_of(h, 4).view > ceiling);
    commit_some(h, 1);
    harness_restart(h, 4, HARNESS_INTACT); /* now it has voted, and the log knows the ceiling */
    harness_run(h, QN_MS(100));
    assert_int_equal(harness_consensus(h, 4)->memory, QN_MEMORY_INTACT);
    assert_int_equal(info_of(h, 4).ceiling, ceiling);
    finish(h);
}

static void more_than_f_without_memory_stand(void **state)
{
    (void)state;
    struct harness *h = start(4);

    commit_some(h, 2);
    harness_restart(h, 0, HARNESS_ALL_LOST);
    harness_restart(h, 1, HARNESS_LOG_LOST);
    harness_run(h, QN_SECONDS(30));
    assert_true(info_of(h, 0).joining && info_of(h, 1).joining);
    assert_int_equal(info_of(h, 0).lost, 2);
    finish(h);
}

/* In the first view of a new network: the others remember that it asked before. */
static void forgetting_the_first_view_is_noticed(void **state)
{
    (void)state;
    struct harness *h = start(4);

    for (int i = 0; i < 4; i++) { /* nobody sees the vote, nor has a reason to leave the view */
        harness_block(h, 1, i, true);
    }
    (void)harness_submit(h, 1);
    harness_run(h, QN_MS(5));
    assert_true(qn_slot_find(harness_consensus(h, 1), 1)->own[QN_VOTE_NOTARIZE - 1].cast);
    harness_restart(h, 1, HARNESS_ALL_LOST);
    for (int i = 0; i < 4; i++) {
        harness_block(h, 1, i, false);
    }
    harness_run(h, QN_MS(700));
    assert_false(info_of(h, 1).joining);
    assert_int_equal(harness_consensus(h, 1)->ceiling, 2);
    harness_heal(h);
    harness_run(h, 2 * QN_HEARTBEAT_INTERVAL);
    commit_some(h, 1);
    finish(h);
}

static void a_new_network_begins_without_any_memory(void **state)
{
    (void)state;
    static const unsigned sizes[] = {4, 5, 7, 10};

    for (size_t i = 0; i < QN_ARRAY_COUNT(sizes); i++) {
        struct harness *h = start(sizes[i]);
        for (int v = 0; v < (int)sizes[i]; v++) {
            assert_false(info_of(h, v).joining);
            assert_int_equal(info_of(h, v).ceiling, 0);
            assert_int_equal(info_of(h, v).next_memory, QN_MEMORY_TRUSTED);
        }
        commit_some(h, 2);
        finish(h);
    }
}

/* A validator of epoch 1 in its first view, alone with its answers. */
struct lone {
    struct harness *h;
    struct qn_block *last;
    struct qn_consensus *c;
    struct qn_consensus_actions actions;
    struct qn_consensus_info before_start;
};

static void start_lone(struct lone *lone)
{
    lone->h = start(5);
    struct qn_header header = {.version = 1,
                               .network = *harness_network(lone->h),
                               .height = 7,
                               .flags = QN_HEADER_EPOCH_END};
    lone->last = qn_block_new(&header, NULL, 0);
    struct qn_consensus_config config = {.network = *harness_network(lone->h),
                                         .epoch = 1,
                                         .validators = harness_validators(lone->h),
                                         .self = 4,
                                         .delta = QN_MS(100),
                                         .heartbeat = QN_SECONDS(10),
                                         .memory = QN_MEMORY_LOST,
                                         .resend_min = QN_MS(200),
                                         .resend_max = QN_SECONDS(5),
                                         .seed = 1,
                                         .final_block = lone->last};
    lone->c = qn_consensus_new(&config, 1000);
    qn_consensus_actions_init(&lone->actions);
    qn_consensus_info(lone->c, &lone->before_start);
    qn_consensus_start(lone->c, &lone->actions, 1000);
}

static void finish_lone(struct lone *lone)
{
    qn_consensus_free(lone->c);
    qn_consensus_actions_fini(&lone->actions);
    qn_block_drop(lone->last);
    finish(lone->h);
}

static void answer(struct lone *lone, int from, enum qn_recover_state state, bool asked_before)
{
    struct qn_recover_reply reply = {.epoch = 1,
                                     .nonce = lone->c->nonce,
                                     .state = state,
                                     .view = 1,
                                     .asked_before = asked_before,
                                     .signature = {.len = 1, .bytes = {(uint8_t)from}}};
    struct qn_buf *bytes = qn_recover_reply_encode(&reply);
    struct qn_consensus_action action;

    assert_int_equal(qn_consensus_on_message(lone->c, &lone->actions, from, QN_RECOVER_REPLY,
                                             qn_buf_span(bytes), 2000),
                     QN_OK);
    qn_buf_drop(bytes);
    while (qn_consensus_actions_pop(&lone->actions, &action)) {
        if (action.kind == QN_CONSENSUS_VERIFY) {
            qn_consensus_on_verified(lone->c, &lone->actions, action.cookie, true, 2000);
        }
        qn_consensus_action_drop(&action);
    }
}

/* Several may be new at once, more than f: when all are there and none has seen a vote, none is barred. */
static void new_members_of_an_epoch_vote_at_once(void **state)
{
    (void)state;
    struct lone lone;

    start_lone(&lone);
    for (int from = 0; from < 3; from++) {
        assert_int_equal(lone.c->ceiling, UINT64_MAX);
        answer(&lone, from, QN_RECOVER_NORMAL, false);
    }
    assert_false(lone.c->joining);
    assert_int_equal(lone.c->ceiling, 2); /* it may have voted in view 1 */
    answer(&lone, 3, QN_RECOVER_LOST, false);
    assert_int_equal(lone.c->ceiling, 0);
    finish_lone(&lone);
}

/* Sync may bring it into the next epoch before it has asked, or heard enough. */
static void memory_that_was_not_asked_for_stays_lost(void **state)
{
    (void)state;
    struct lone lone;
    struct qn_consensus_info info;

    start_lone(&lone);
    assert_int_equal(lone.before_start.next_memory, QN_MEMORY_LOST);
    answer(&lone, 0, QN_RECOVER_NORMAL, false);
    qn_consensus_info(lone.c, &info);
    assert_int_equal(info.next_memory, QN_MEMORY_LOST);
    finish_lone(&lone);
}

/* Restarted after a recovery, with a log that is whole since then, and carried off by sync before it started. */
static void a_recovery_is_not_forgotten_by_a_restart(void **state)
{
    (void)state;
    struct harness *h = start(4);
    struct qn_consensus_info info;
    struct qn_consensus_config config = {.network = *harness_network(h),
                                         .validators = harness_validators(h),
                                         .delta = QN_MS(100),
                                         .heartbeat = QN_SECONDS(10),
                                         .memory = QN_MEMORY_INTACT,
                                         .head = {.recovered = true, .ceiling = 9},
                                         .resend_min = QN_MS(200),
                                         .resend_max = QN_SECONDS(5),
                                         .final_block = harness_consensus(h, 0)->final_block};
    struct qn_consensus *c = qn_consensus_new(&config, 1000);

    qn_consensus_info(c, &info);
    assert_int_equal(info.next_memory, QN_MEMORY_LOST);
    qn_consensus_free(c);

    config.final_view = 9; /* became final after the head was written, and before the restart */
    c = qn_consensus_new(&config, 1000);
    qn_consensus_info(c, &info);
    assert_int_equal(info.next_memory, QN_MEMORY_INTACT);
    qn_consensus_free(c);
    finish(h);
}

/* A vote in a view that no certificate leads to, or one that is not what was signed, is no memory. */
static void records_that_contradict_each_other_count_as_lost(void **state)
{
    (void)state;
    for (unsigned broken = 0; broken < 3; broken++) {
        struct harness *h = start(4);
        struct qn_own_record own = {.view = broken == 1 ? 2 : 1, .kind = QN_VOTE_NULLIFY};
        own.digest = qn_nullify_digest(harness_network(h), 0, own.view);
        own.digest.bytes[0] ^= broken == 2;
        struct qn_consensus_record record = {
            .kind = QN_RECORD_NULLIFY, .view = own.view, .bytes = qn_own_record_encode(&own)};
        struct qn_consensus_config config = {.network = *harness_network(h),
                                             .validators = harness_validators(h),
                                             .delta = QN_MS(100),
                                             .heartbeat = QN_SECONDS(10),
                                             .memory = QN_MEMORY_INTACT,
                                             .records = &record,
                                             .record_count = 1,
                                             .resend_min = QN_MS(200),
                                             .resend_max = QN_SECONDS(5),
                                             .final_block = harness_consensus(h, 0)->final_block};
        struct qn_consensus *c = qn_consensus_new(&config, 1000);
        assert_int_equal(c->memory, broken == 0 ? QN_MEMORY_INTACT : QN_MEMORY_LOST);
        assert_int_equal(qn_slot_own_any(qn_slot_find(c, own.view)), broken == 0);
        qn_consensus_free(c);
        qn_buf_drop(record.bytes);
        finish(h);
    }
}

static void a_member_that_asked_before_is_not_new(void **state)
{
    (void)state;
    struct lone lone;

    start_lone(&lone);
    for (int from = 0; from < 3; from++) {
        answer(&lone, from, QN_RECOVER_NORMAL, from == 1);
    }
    answer(&lone, 3, QN_RECOVER_LOST, false);
    assert_false(lone.c->joining);
    assert_int_equal(lone.c->ceiling, 2);
    finish_lone(&lone);
}

int main(void)
{
    const char *why = NULL;
    if (qn_crypto_init(&why) != QN_OK) {
        (void)fprintf(stderr, "crypto: %s\n", why);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_network_begins_without_any_memory),
        cmocka_unit_test(a_restarted_validator_votes_again_after_its_ceiling),
        cmocka_unit_test(lost_memory_may_be_of_the_next_epoch),
        cmocka_unit_test(peers_carry_it_past_its_ceiling_at_once),
        cmocka_unit_test(without_enough_answers_it_does_not_vote),
        cmocka_unit_test(views_that_no_certificate_proves_do_not_count),
        cmocka_unit_test(an_answer_with_a_bad_signature_is_a_fault),
        cmocka_unit_test(with_an_intact_log_it_goes_on),
        cmocka_unit_test(all_restart_at_once_in_every_moment_of_a_block),
        cmocka_unit_test(all_restart_at_once_and_one_of_them_without_its_log),
        cmocka_unit_test(a_log_that_lacks_a_vote_counts_as_lost),
        cmocka_unit_test(lost_memory_stays_lost_until_the_next_vote),
        cmocka_unit_test(more_than_f_without_memory_stand),
        cmocka_unit_test(forgetting_the_first_view_is_noticed),
        cmocka_unit_test(new_members_of_an_epoch_vote_at_once),
        cmocka_unit_test(a_member_that_asked_before_is_not_new),
        cmocka_unit_test(memory_that_was_not_asked_for_stays_lost),
        cmocka_unit_test(a_recovery_is_not_forgotten_by_a_restart),
        cmocka_unit_test(records_that_contradict_each_other_count_as_lost),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    qn_crypto_fini();
    return failed;
}
