/* The last block of an epoch: no child, proposed again until it is final, committed once, and then the end. */
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
                                    .fixed_work = true};
    struct harness *h = harness_new(&config);

    harness_start(h);
    (void)harness_submit(h, 0);
    assert_true(harness_run_until_final(h, QN_SECONDS(2)));
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

static void at_its_end_it_votes_no_more_and_still_answers(void **state)
{
    (void)state;
    struct harness *h = start(4);

    harness_end_epoch(h);
    assert_true(harness_run_until_ended(h, QN_SECONDS(2)));
    uint64_t height = harness_height(h, 0);
    harness_run(h, QN_SECONDS(1));
    uint64_t sent = harness_sent(h);
    (void)harness_submit(h, 1);
    harness_run(h, 3 * QN_HEARTBEAT_INTERVAL);
    assert_int_equal(harness_sent(h), sent);
    assert_int_equal(harness_height(h, 0), height);
    struct qn_consensus_info info;
    qn_consensus_info(harness_consensus(h, 2), &info);
    assert_true(info.ended);
    struct qn_consensus_request request = {.want = QN_WANT_VIEW, .number = info.final_view};
    harness_inject(h, 1, 2, QN_CONSENSUS_REQUEST, qn_consensus_request_encode(&request));
    harness_run(h, QN_MS(10));
    assert_true(harness_sent(h) > sent);
    finish(h);
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

/* Its FINALIZE votes are lost for some views: the later leaders propose nothing else. */
static void it_is_proposed_again_until_it_is_final(void **state)
{
    (void)state;
    static const unsigned sizes[] = {4, 5, 7};

    for (size_t i = 0; i < QN_ARRAY_COUNT(sizes); i++) {
        struct harness *h = start(sizes[i]);
        uint64_t height = harness_height(h, 0);
        uint64_t view = harness_view(h, 0);
        lose_kind(h, sizes[i], QN_FINALIZE);
        unsigned tx = harness_submit(h, 0);
        harness_run(h, QN_MS(20)); /* its block is not final either */
        harness_end_epoch(h);
        harness_run(h, QN_SECONDS(3));
        assert_int_equal(harness_height(h, 0), height);
        assert_true(harness_view(h, 0) >= view + 3);
        harness_heal(h);
        assert_true(harness_run_until_ended(h, QN_SECONDS(5)));
        for (int v = 0; v < (int)sizes[i]; v++) {
            assert_true(harness_is_final(h, v, tx));
            assert_int_equal(harness_height(h, v), height + 2); /* each once */
        }
        finish(h);
    }
}

/* A leader that builds on it is given up. */
static void it_gets_no_child(void **state)
{
    (void)state;
    struct harness *h = start(4);
    lose_kind(h, 4, QN_FINALIZE);
    uint64_t view = harness_view(h, 0);
    harness_end_epoch(h);
    harness_run(h, QN_MS(20));
    struct qn_consensus *c = harness_consensus(h, 0);
    assert_int_equal(c->view, view + 1);
    struct qn_view_slot *slot = qn_slot_find(c, view);
    assert_non_null(slot);
    const struct qn_block *last = qn_slot_body(slot)->block;
    assert_true(qn_ends_epoch(last));
    struct qn_header header = last->header; /* of an empty child */
    header.parent = last->id;
    header.height += 1;
    header.flags = 0;
    struct qn_block *child = qn_block_new(&header, NULL, 0);
    int leader = qn_view_leader(c, view + 1);
    struct qn_propose propose = {
        .view = view + 1, .parent_view = view, .block = qn_buf_span(child->encoded)};
    struct qn_hash p = qn_proposal_digest(harness_network(h), 0, view + 1, view, &child->id);
    harness_sign(h, &propose.signature, leader, QN_SIGN_NOTARIZE, &p);
    int other = (leader + 1) % 4;
    harness_inject(h, leader, other, QN_PROPOSE, qn_propose_encode(&propose));
    harness_run(h, QN_MS(2));
    const struct qn_view_slot *next = qn_slot_find(harness_consensus(h, other), view + 1);
    assert_true(next->own[QN_VOTE_NULLIFY - 1].cast);
    assert_false(next->own[QN_VOTE_NOTARIZE - 1].cast);
    qn_block_drop(child);
    finish(h);
}

static void statuses_of_other_epochs_lead_to_sync_and_to_an_answer(void **state)
{
    (void)state;
    struct harness *h = start(4);
    struct qn_status ahead = {.epoch = 1, .view = 1, .final_height = 100};

    harness_show(h, true);
    harness_inject(h, 1, 2, QN_STATUS, qn_status_encode(&ahead));
    harness_run(h, QN_MS(5));
    assert_non_null(strstr(harness_transcript(h), "v2  behind   v1 height=100"));
    assert_int_equal(harness_consensus(h, 2)->peers[1].ceiling,
                     0); /* its views mean nothing here */
    finish(h);
}

int main(void)
{
    const char *why = NULL;
    if (qn_crypto_init(&why) != QN_OK) {
        (void)fprintf(stderr, "crypto: %s\n", why);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_its_end_it_votes_no_more_and_still_answers),
        cmocka_unit_test(it_is_proposed_again_until_it_is_final),
        cmocka_unit_test(it_gets_no_child),
        cmocka_unit_test(statuses_of_other_epochs_lead_to_sync_and_to_an_answer),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    qn_crypto_fini();
    return failed;
}
