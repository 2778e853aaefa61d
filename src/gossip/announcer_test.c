#include "gossip/announcer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/key.h"

static bool is_new(struct qn_announcer *announcer, uint32_t number)
{
    return qn_announcer_is_new(announcer,
                               (struct qn_span){(const uint8_t *)&number, sizeof number});
}

static void park(struct qn_announcer *announcer, uint32_t number, uint64_t sequence)
{
    struct qn_record record = {.sequence = sequence};
    memcpy(record.id.bytes, &number, sizeof number);
    struct qn_buf *bytes =
        qn_buf_copy((struct qn_span){(const uint8_t *)&sequence, sizeof sequence});
    qn_announcer_park(announcer, &record, bytes, 1, 9);
    qn_buf_drop(bytes);
}

static bool unpark(struct qn_announcer *announcer, uint32_t number, uint64_t *sequence)
{
    struct qn_announcer_waiting waiting;
    struct qn_node_id id = {{0}};
    memcpy(id.bytes, &number, sizeof number);
    if (!qn_announcer_unpark(announcer, &waiting, &id)) {
        return false;
    }
    *sequence = waiting.sequence;
    qn_buf_drop(waiting.record);
    return true;
}

static void a_record_is_new_once_and_the_filter_forgets_the_oldest(void **state)
{
    (void)state;
    struct qn_announcer announcer;
    qn_announcer_init(&announcer, 3, 4);
    for (uint32_t i = 0; i < QN_ANNOUNCER_SEEN_MAX; i++) {
        assert_true(is_new(&announcer, i));
        assert_false(is_new(&announcer, i));
    }
    assert_int_equal(announcer.duplicates, QN_ANNOUNCER_SEEN_MAX);
    assert_true(is_new(&announcer, QN_ANNOUNCER_SEEN_MAX)); /* pushes out 0 */
    assert_false(is_new(&announcer, 1));
    assert_true(is_new(&announcer, 0));
    qn_announcer_fini(&announcer);
}

static void hops_are_bounded(void **state)
{
    (void)state;
    struct qn_announcer announcer;
    qn_announcer_init(&announcer, 3, 4);
    assert_true(qn_announcer_goes_on(&announcer, 0));
    assert_true(qn_announcer_goes_on(&announcer, QN_ANNOUNCE_HOPS_MAX - 1));
    assert_false(qn_announcer_goes_on(&announcer, QN_ANNOUNCE_HOPS_MAX));
    assert_int_equal(announcer.hop_limited, 1);
    qn_announcer_fini(&announcer);
}

static void the_newest_record_of_an_id_waits(void **state)
{
    (void)state;
    struct qn_announcer announcer;
    uint64_t sequence = 0;
    qn_announcer_init(&announcer, 3, 4);
    park(&announcer, 1, 5);
    park(&announcer, 1, 7);
    park(&announcer, 1, 6);
    assert_int_equal(announcer.waiting_count, 1);
    assert_true(unpark(&announcer, 1, &sequence));
    assert_int_equal(sequence, 7);
    assert_false(unpark(&announcer, 1, &sequence));
    qn_announcer_fini(&announcer);
}

static void the_waiting_room_is_bounded_and_the_oldest_gives_way(void **state)
{
    (void)state;
    struct qn_announcer announcer;
    uint64_t sequence = 0;
    qn_announcer_init(&announcer, 3, 4);
    for (uint32_t i = 0; i < QN_ANNOUNCER_WAITING_MAX + 10; i++) {
        park(&announcer, i, i + 1);
    }
    assert_int_equal(announcer.waiting_count, QN_ANNOUNCER_WAITING_MAX);
    assert_false(unpark(&announcer, 9, &sequence));
    assert_true(unpark(&announcer, 10, &sequence));
    assert_true(unpark(&announcer, QN_ANNOUNCER_WAITING_MAX + 9, &sequence));
    assert_int_equal(sequence, QN_ANNOUNCER_WAITING_MAX + 10);
    qn_announcer_fini(&announcer);
}

int main(void)
{
    const char *why = NULL;
    if (qn_crypto_init(&why) != QN_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_new_once_and_the_filter_forgets_the_oldest),
        cmocka_unit_test(hops_are_bounded),
        cmocka_unit_test(the_newest_record_of_an_id_waits),
        cmocka_unit_test(the_waiting_room_is_bounded_and_the_oldest_gives_way),
    };
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    qn_crypto_fini();
    return failures;
}
