#include "peer/token_bucket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_burst_is_bounded_and_tokens_come_back_one_by_one(void **state)
{
    (void)state;
    struct qn_token_bucket bucket;
    qn_token_bucket_init(&bucket, 3, 100, 1000);
    for (int i = 0; i < 3; i++) {
        assert_true(qn_token_bucket_take(&bucket, 1000));
    }
    assert_false(qn_token_bucket_take(&bucket, 1000));
    assert_false(qn_token_bucket_take(&bucket, 1099));
    assert_true(qn_token_bucket_take(&bucket, 1100));
    assert_false(qn_token_bucket_take(&bucket, 1199));
    assert_true(qn_token_bucket_take(&bucket, 1200));
}

static void a_long_pause_fills_no_more_than_the_capacity(void **state)
{
    (void)state;
    struct qn_token_bucket bucket;
    qn_token_bucket_init(&bucket, 2, 10, 0);
    qn_time_us later = UINT64_MAX / 2;
    assert_true(qn_token_bucket_take(&bucket, later));
    assert_true(qn_token_bucket_take(&bucket, later));
    assert_false(qn_token_bucket_take(&bucket, later));
}

static void several_are_taken_together_or_not_at_all(void **state)
{
    (void)state;
    struct qn_token_bucket bucket;
    qn_token_bucket_init(&bucket, 10, 100, 0);
    assert_true(qn_token_bucket_take_many(&bucket, 8, 0));
    assert_false(qn_token_bucket_take_many(&bucket, 3, 0));
    assert_true(qn_token_bucket_take_many(&bucket, 2, 0));
    assert_true(qn_token_bucket_take_many(&bucket, 0, 0));
    assert_false(qn_token_bucket_take_many(&bucket, 3, 299));
    assert_true(qn_token_bucket_take_many(&bucket, 3, 300));
    assert_false(qn_token_bucket_take_many(&bucket, 11, 1000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_is_bounded_and_tokens_come_back_one_by_one),
        cmocka_unit_test(several_are_taken_together_or_not_at_all),
        cmocka_unit_test(a_long_pause_fills_no_more_than_the_capacity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
