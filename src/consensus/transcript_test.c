/* Protocol steps as readable transcripts, compared line by line with committed ones:
 *
 *   microseconds node event-or-action ...
 *
 * Messages take 1 ms, SIGN 500 us, VERIFY 150, PERSIST 200, BUILD 300, CHECK 400. With --update the files
 * are written anew; the change of the protocol is then to be read in the diff. */
#include "consensus/testing/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PATH_MAX_LEN = 512, LINE_SIZE = 256 };

static bool update;

static struct harness *start(unsigned n, enum harness_fault leader)
{
    struct harness_config config = {.n = n,
                                    .seed = 1,
                                    .delta = QN_MS(100),
                                    .delay_min = QN_MS(1),
                                    .delay_max = QN_MS(1),
                                    .fixed_work = true};

    config.faults[1] = leader; /* of view 1 */
    /* Both copies talk to v2; v0 hears only the first, v3 and v4 only the second. */
    config.twin_recipients[0] = 1U << 0 | 1U << 2;
    config.twin_recipients[1] = 1U << 2 | 1U << 3 | 1U << 4;
    struct harness *h = harness_new(&config);
    harness_start(h);
    harness_run(h, QN_MS(10));
    harness_show(h, true);
    return h;
}

/* Copies one line without its end; false at the end of the text. */
static bool next_line(char line[LINE_SIZE], const char **text)
{
    size_t len = strcspn(*text, "\n");

    if (**text == '\0') {
        return false;
    }
    (void)snprintf(line, LINE_SIZE, "%.*s", (int)len, *text);
    *text += len + ((*text)[len] == '\n');
    return true;
}

static void compare(const char *name, const char *expected, const char *got)
{
    char want[LINE_SIZE];
    char have[LINE_SIZE];

    for (unsigned number = 1;; number++) {
        bool more_expected = next_line(want, &expected);
        bool more_got = next_line(have, &got);
        if (!more_expected && !more_got) {
            return;
        }
        if (!more_expected || !more_got || strcmp(want, have) != 0) {
            fail_msg("%s, line %u:\n  expected %s\n  got      %s", name, number,
                     more_expected ? want : "the end", more_got ? have : "the end");
        }
    }
}

static void end(struct harness *h, const char *name)
{
    char path[PATH_MAX_LEN];
    const char *root = getenv("QNET_SOURCE_DIR");
    const char *got = harness_transcript(h);

    assert_null(harness_failure(h));
    (void)snprintf(path, sizeof path, "%s/src/consensus/testing/transcripts/%s.txt",
                   root != NULL ? root : ".", name);
    FILE *file = fopen(path, update ? "w" : "r");
    assert_non_null(file);
    if (update) {
        assert_int_equal(fwrite(got, 1, strlen(got), file), strlen(got));
        assert_int_equal(fclose(file), 0);
    } else {
        char *expected = calloc(1, strlen(got) + LINE_SIZE);
        assert_non_null(expected);
        size_t len = fread(expected, 1, strlen(got) + LINE_SIZE - 1, file);
        expected[len] = '\0';
        (void)fclose(file);
        compare(name, expected, got);
        free(expected);
    }
    harness_free(h);
}

/* Runs until it is final and the network rests again, before the next heartbeat. */
static void submit_and_rest(struct harness *h, int validator)
{
    (void)harness_submit(h, validator);
    assert_true(harness_run_until_final(h, QN_SECONDS(5)));
    harness_run(h, QN_SECONDS(2));
}

static void good_case_of_4(void **state)
{
    (void)state;
    struct harness *h = start(4, HARNESS_HONEST);

    submit_and_rest(h, 1);
    end(h, "good_case_of_4");
}

static void silent_leader_of_4(void **state)
{
    (void)state;
    struct harness *h = start(4, HARNESS_SILENT);

    submit_and_rest(h, 0);
    end(h, "silent_leader_of_4");
}

static void silent_leader_of_5(void **state)
{
    (void)state;
    struct harness *h = start(5, HARNESS_SILENT);

    submit_and_rest(h, 0);
    end(h, "silent_leader_of_5");
}

static void leader_whose_link_is_down_is_skipped_at_once(void **state)
{
    (void)state;
    struct harness *h = start(4, HARNESS_HONEST);

    harness_crash(h, 1);
    harness_run(h, QN_MS(10));
    submit_and_rest(h, 0);
    end(h, "crashed_leader_of_4");
}

static void equivocating_leader_of_4(void **state)
{
    (void)state;
    struct harness *h = start(4, HARNESS_TWINS);

    submit_and_rest(h, 1);
    assert_true(harness_fault_count(h, 1) > 0);
    end(h, "equivocating_leader_of_4");
}

static void equivocating_leader_of_5(void **state)
{
    (void)state;
    struct harness *h = start(5, HARNESS_TWINS);

    submit_and_rest(h, 1);
    assert_true(harness_fault_count(h, 1) > 0);
    end(h, "equivocating_leader_of_5");
}

static void lost_proposal_is_requested(void **state)
{
    (void)state;
    struct harness *h = start(4, HARNESS_HONEST);

    harness_lose(h, 1, 3, QN_PROPOSE);
    submit_and_rest(h, 1);
    end(h, "lost_proposal");
}

static void invalid_state_root_is_nullified_at_once(void **state)
{
    (void)state;
    struct harness *h = start(4, HARNESS_BAD_ROOT);

    submit_and_rest(h, 0);
    assert_true(harness_fault_count(h, 1) > 0);
    end(h, "invalid_state_root");
}

/* One forgets everything: it asks, is carried past its ceiling, and votes again. */
static void restart_without_memory_of_4(void **state)
{
    (void)state;
    struct harness *h = start(4, HARNESS_HONEST);

    harness_show(h, false);
    (void)harness_submit(h, 1);
    assert_true(harness_run_until_final(h, QN_SECONDS(5)));
    harness_run(h, QN_SECONDS(2));
    harness_show(h, true);
    harness_restart(h, 3, HARNESS_LOG_LOST);
    harness_run(h, QN_SECONDS(2));
    end(h, "restart_without_memory_of_4");
}

/* All end while a block is being finalized, and start again with their logs: the block becomes final. */
static void restart_of_all_4(void **state)
{
    (void)state;
    struct harness *h = start(4, HARNESS_HONEST);

    harness_show(h, false);
    (void)harness_submit(h, 1);
    harness_run(h, 4100); /* FINALIZE is durable and not signed yet */
    harness_show(h, true);
    for (int i = 0; i < 4; i++) {
        harness_restart(h, i, HARNESS_INTACT);
    }
    assert_true(harness_run_until_final(h, QN_SECONDS(6)));
    end(h, "restart_of_all_4");
}

/* The FINALIZE votes for the last block of an epoch are lost: the next leader proposes it again. */
static void last_block_of_an_epoch_of_4(void **state)
{
    (void)state;
    struct harness *h = start(4, HARNESS_HONEST);

    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++) {
            if (i != j) {
                harness_lose(h, i, j, QN_FINALIZE);
            }
        }
    }
    harness_end_epoch(h);
    harness_run(h, QN_MS(20));
    harness_heal(h);
    assert_true(harness_run_until_ended(h, QN_SECONDS(5)));
    end(h, "last_block_of_an_epoch_of_4");
}

int main(int argc, char **argv)
{
    const char *why = NULL;

    update = argc > 1 && strcmp(argv[1], "--update") == 0;
    if (qn_crypto_init(&why) != QN_OK) {
        (void)fprintf(stderr, "crypto: %s\n", why);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_case_of_4),
        cmocka_unit_test(silent_leader_of_4),
        cmocka_unit_test(silent_leader_of_5),
        cmocka_unit_test(leader_whose_link_is_down_is_skipped_at_once),
        cmocka_unit_test(equivocating_leader_of_4),
        cmocka_unit_test(equivocating_leader_of_5),
        cmocka_unit_test(lost_proposal_is_requested),
        cmocka_unit_test(invalid_state_root_is_nullified_at_once),
        cmocka_unit_test(restart_without_memory_of_4),
        cmocka_unit_test(restart_of_all_4),
        cmocka_unit_test(last_block_of_an_epoch_of_4),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    qn_crypto_fini();
    return failed;
}
