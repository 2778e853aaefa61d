#include "ledger/merkle.h"

#include "ledger/testing/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { COUNT_MAX = 70 };

static struct qn_hash leaf_of(size_t number)
{
    return qn_merkle_leaf((struct qn_span){(const uint8_t *)&number, sizeof number});
}

/* The definition, level by level. */
static struct qn_hash level_root(const struct qn_hash *leaves, size_t count)
{
    struct qn_hash level[COUNT_MAX];

    memcpy(level, leaves, count * sizeof level[0]);
    while (count > 1) {
        size_t next = 0;
        for (size_t i = 0; i < count; i += 2) {
            level[next] = level[i];
            if (i + 1 < count) {
                uint8_t bytes[65] = {1};
                memcpy(bytes + 1, level[i].bytes, 32);
                memcpy(bytes + 33, level[i + 1].bytes, 32);
                level[next] = qn_sha3((struct qn_span){bytes, sizeof bytes});
            }
            next += 1;
        }
        count = next;
    }
    return level[0];
}

static void the_root_joins_pairs_level_by_level(void **state)
{
    struct qn_hash leaves[COUNT_MAX];
    struct qn_hash none = qn_merkle_root(NULL, 0);

    (void)state;
    assert_true(qn_hash_is_zero(&none));
    for (size_t count = 1; count <= COUNT_MAX; count++) {
        leaves[count - 1] = leaf_of(count);
        struct qn_hash root = qn_merkle_root(leaves, count);
        struct qn_hash expected = level_root(leaves, count);
        assert_memory_equal(root.bytes, expected.bytes, 32);
    }
}

static void a_leaf_is_not_an_inner_node(void **state)
{
    struct qn_hash leaves[2] = {leaf_of(1), leaf_of(2)};
    struct qn_hash root = qn_merkle_root(leaves, 2);
    struct qn_hash as_leaf = qn_merkle_leaf((struct qn_span){leaves[0].bytes, 64});

    (void)state;
    assert_false(qn_hash_equal(&root, &as_leaf));
}

static void a_path_holds_at_its_own_place_only(void **state)
{
    struct qn_hash leaves[COUNT_MAX];

    (void)state;
    for (size_t count = 1; count <= 40; count++) {
        leaves[count - 1] = leaf_of(count);
        struct qn_hash root = qn_merkle_root(leaves, count);
        for (size_t index = 0; index < count; index++) {
            struct qn_hash path[QN_MERKLE_PATH_MAX];
            size_t len = qn_merkle_path(path, leaves, count, index);
            for (size_t other = 0; other < count + 2; other++) {
                bool holds = qn_merkle_path_holds(&root, &leaves[index], count, other, path, len);
                assert_int_equal(holds, other == index);
            }
        }
    }
}

/* In memory of exactly its size, so that a sanitizer sees a read beyond it. */
static void a_path_that_is_too_short_is_not_read_beyond_its_end(void **state)
{
    struct qn_hash leaves[COUNT_MAX];
    struct qn_hash path[QN_MERKLE_PATH_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT_MAX; i++) {
        leaves[i] = leaf_of(i);
    }
    struct qn_hash root = qn_merkle_root(leaves, COUNT_MAX);
    size_t len = qn_merkle_path(path, leaves, COUNT_MAX, 20);
    for (size_t cut = 1; cut <= len; cut++) {
        size_t size = (len - cut) * sizeof path[0];
        struct qn_hash *exact = malloc(size + (size == 0));
        assert_non_null(exact);
        memcpy(exact, path, size);
        assert_false(qn_merkle_path_holds(&root, &leaves[20], COUNT_MAX, 20, exact, len - cut));
        free(exact);
    }
}

int main(int argc, char **argv)
{
    qn_test_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_root_joins_pairs_level_by_level),
        cmocka_unit_test(a_leaf_is_not_an_inner_node),
        cmocka_unit_test(a_path_that_is_too_short_is_not_read_beyond_its_end),
        cmocka_unit_test(a_path_holds_at_its_own_place_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
