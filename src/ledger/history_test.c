#include "ledger/history.h"

#include "ledger/merkle.h"
#include "ledger/testing/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { IDS = 300 };

static struct qn_hash id_of(uint64_t number)
{
    return qn_sha3((struct qn_span){(const uint8_t *)&number, sizeof number});
}

/* The definition: full trees over runs of ids, the largest first. */
static struct qn_hash model_root(size_t count)
{
    uint8_t bytes[9 + 64 * 32] = {2};
    size_t len = 9;
    size_t from = 0;
    struct qn_hash leaves[IDS];

    for (size_t i = 0; i < 8; i++) {
        bytes[8 - i] = (uint8_t)(count >> (8 * i));
    }
    for (size_t i = 0; i < count; i++) {
        struct qn_hash id = id_of(i);
        leaves[i] = qn_merkle_leaf((struct qn_span){id.bytes, 32});
    }
    for (size_t size = 256; size > 0; size /= 2) {
        if ((count & size) != 0) {
            struct qn_hash peak = qn_merkle_root(leaves + from, size);
            memcpy(bytes + len, peak.bytes, 32);
            len += 32;
            from += size;
        }
    }
    return qn_sha3((struct qn_span){bytes, len});
}

static void no_ids_have_the_zero_root(void **state)
{
    struct qn_history history = {0};
    struct qn_hash root = qn_history_root(&history);

    (void)state;
    assert_true(qn_hash_is_zero(&root));
}

static void roots_are_those_of_the_definition(void **state)
{
    struct qn_history history = {0};

    (void)state;
    for (size_t i = 0; i < IDS; i++) {
        struct qn_hash id = id_of(i);
        qn_history_append(&history, &id);
        struct qn_hash root = qn_history_root(&history);
        struct qn_hash expected = model_root(i + 1);
        assert_int_equal(history.count, i + 1);
        assert_memory_equal(root.bytes, expected.bytes, 32);
    }
}

static void each_id_and_its_place_count(void **state)
{
    struct qn_hash roots[10];

    (void)state;
    for (size_t swapped = 0; swapped < 10; swapped++) {
        struct qn_history history = {0};
        for (size_t i = 0; i < 10; i++) { /* id 0 and id `swapped` change places */
            struct qn_hash id = id_of(i == 0 ? swapped : i == swapped ? 0 : i);
            qn_history_append(&history, &id);
        }
        roots[swapped] = qn_history_root(&history);
        for (size_t i = 0; i < swapped; i++) {
            assert_false(qn_hash_equal(&roots[i], &roots[swapped]));
        }
    }
}

int main(int argc, char **argv)
{
    qn_test_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_ids_have_the_zero_root),
        cmocka_unit_test(roots_are_those_of_the_definition),
        cmocka_unit_test(each_id_and_its_place_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
