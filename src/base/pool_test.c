#include "base/pool.h"

#include "base/testing/allocations.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

static void every_size_has_its_room(void **state)
{
    (void)state;
    size_t before = 0;
    for (size_t size = 0; size <= QN_POOL_SIZE_MAX; size += 1 + size / 64) {
        size_t room = qn_pool_room(size);
        assert_true(room >= size && room >= QN_POOL_SIZE_MIN && room >= before);
        assert_true(size < 128 || room - size <= size / 4 + 16);
        before = room;
    }
    assert_int_equal(qn_pool_room(QN_POOL_SIZE_MAX + 1), QN_POOL_SIZE_MAX + 1);
}

static void what_was_given_back_is_taken_again(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 56, 57, 120, 1990, 3400, 13300, 65536, 400000};
    for (size_t i = 0; i < QN_ARRAY_COUNT(sizes); i++) {
        void *piece = qn_pool_take(sizes[i]);
        memset(piece, 0xa5, sizes[i]);
        qn_pool_give(piece, sizes[i]);
        uint64_t calls = qn_allocations();
        assert_ptr_equal(qn_pool_take(sizes[i]), piece);
        assert_int_equal(qn_allocations(), calls);
        qn_pool_give(piece, sizes[i]);
    }
    qn_pool_give(NULL, 100);
    qn_pool_thread_fini();
}

/* Or the pool would hide what AddressSanitizer is there to find. */
static void what_waits_must_not_be_touched(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    uint8_t *piece = qn_pool_take(300);
    qn_pool_give(piece, 300);
    assert_true(__asan_address_is_poisoned(piece));
    assert_true(__asan_address_is_poisoned(piece + 299));
    assert_ptr_equal(qn_pool_take(300), piece);
    assert_null(__asan_region_is_poisoned(piece, 300));
    qn_pool_give(piece, 300);
    qn_pool_thread_fini();
#else
    skip();
#endif
}

static void zeroed_is_zeroed_when_taken_again(void **state)
{
    (void)state;
    uint8_t *piece = qn_pool_take(200);
    memset(piece, 0xff, 200);
    qn_pool_give(piece, 200);
    uint8_t *again = qn_pool_take_zeroed(200);
    assert_ptr_equal(again, piece);
    for (size_t i = 0; i < 200; i++) {
        assert_int_equal(again[i], 0);
    }
    qn_pool_give(again, 200);
    qn_pool_thread_fini();
}

/* A burst of one size fills the pool; then another size is in use all the time and must find its place. */
static void a_burst_does_not_keep_others_out(void **state)
{
    (void)state;
    enum { PIECE = 4000, PIECES = 2 * QN_POOL_KEPT_LEN_MAX / PIECE, OTHER = 9000 };
    void **burst = calloc(PIECES, sizeof *burst);
    assert_non_null(burst);
    for (size_t i = 0; i < PIECES; i++) {
        burst[i] = qn_pool_take(PIECE);
    }
    for (size_t i = 0; i < PIECES; i++) {
        qn_pool_give(burst[i], PIECE);
    }
    free(burst);
    qn_pool_give(qn_pool_take(OTHER), OTHER);
    uint64_t calls = qn_allocations();
    for (int i = 0; i < 100; i++) {
        qn_pool_give(qn_pool_take(OTHER), OTHER);
    }
    assert_int_equal(qn_allocations(), calls);
    qn_pool_thread_fini();
}

static void too_large_a_piece_is_not_kept(void **state)
{
    (void)state;
    qn_pool_give(qn_pool_take(QN_POOL_SIZE_MAX + 1), QN_POOL_SIZE_MAX + 1);
    uint64_t calls = qn_allocations();
    qn_pool_give(qn_pool_take(QN_POOL_SIZE_MAX + 1), QN_POOL_SIZE_MAX + 1);
    assert_int_equal(qn_allocations(), calls + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_has_its_room),
        cmocka_unit_test(what_was_given_back_is_taken_again),
        cmocka_unit_test(what_waits_must_not_be_touched),
        cmocka_unit_test(zeroed_is_zeroed_when_taken_again),
        cmocka_unit_test(a_burst_does_not_keep_others_out),
        cmocka_unit_test(too_large_a_piece_is_not_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
