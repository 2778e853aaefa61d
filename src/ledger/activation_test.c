#include "ledger/activation.h"

#include "ledger/testing/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { CODES = 40 };

/* Keys that nobody holds do for trees. */
static void draw_leaves(struct qn_hash leaves[CODES])
{
    struct qn_rng rng = qn_test_rng();

    for (size_t i = 0; i < CODES; i++) {
        struct qn_public_key key = qn_chain_random_key(&rng);
        leaves[i] = qn_activation_leaf(&key);
    }
}

static void every_index_of_every_count_has_a_path_that_holds(void **state)
{
    struct qn_hash leaves[CODES];
    struct qn_hash path[QN_ACTIVATION_PATH_MAX];

    (void)state;
    draw_leaves(leaves);
    for (uint32_t count = 1; count <= CODES; count++) {
        struct qn_activation_batch batch = {.root = qn_activation_root(leaves, count),
                                            .count = count};
        for (uint32_t index = 0; index < count; index++) {
            size_t len = qn_activation_path(path, leaves, count, index);
            assert_true(len <= 6);
            assert_true(qn_activation_path_holds(&batch, &leaves[index], index, path, len));
            assert_int_equal(
                qn_activation_path_holds(&batch, &leaves[(index + 1) % count], index, path, len),
                count == 1);
            for (uint32_t wrong = 0; wrong <= count; wrong++) {
                assert_true(wrong == index ||
                            !qn_activation_path_holds(&batch, &leaves[index], wrong, path, len));
            }
        }
    }
}

static void no_path_holds_with_another_root_count_or_hash(void **state)
{
    struct qn_hash leaves[CODES];
    struct qn_hash path[QN_ACTIVATION_PATH_MAX];

    (void)state;
    draw_leaves(leaves);
    for (uint32_t count = 2; count <= CODES; count++) {
        uint32_t index = count / 3;
        struct qn_activation_batch batch = {.root = qn_activation_root(leaves, count),
                                            .count = count};
        size_t len = qn_activation_path(path, leaves, count, index);
        struct qn_activation_batch other = batch;
        other.root.bytes[count % 32] ^= 1;
        assert_false(qn_activation_path_holds(&other, &leaves[index], index, path, len));
        other = batch;
        other.count = index; /* the index is beyond the end */
        assert_false(qn_activation_path_holds(&other, &leaves[index], index, path, len));
        assert_false(qn_activation_path_holds(&batch, &leaves[index], index, path, len - 1));
        assert_false(qn_activation_path_holds(&batch, &leaves[index], index, path, len + 1));
        for (size_t i = 0; i < len; i++) {
            path[i].bytes[i] ^= 0x40;
            assert_false(qn_activation_path_holds(&batch, &leaves[index], index, path, len));
            path[i].bytes[i] ^= 0x40;
        }
        assert_true(qn_activation_path_holds(&batch, &leaves[index], index, path, len));
    }
}

static struct qn_activation_code longest_code(void)
{
    struct qn_activation_code code = {.index = (1U << QN_ACTIVATION_PATH_MAX) - 1,
                                      .path_count = QN_ACTIVATION_PATH_MAX};

    memset(code.seed, 0xfe, sizeof code.seed);
    memset(code.batch_root.bytes, 0xdc, sizeof code.batch_root.bytes);
    memset(code.path, 0xba, sizeof code.path);
    return code;
}

static void assert_same_code(const struct qn_activation_code *a, const struct qn_activation_code *b)
{
    assert_memory_equal(a->seed, b->seed, sizeof a->seed);
    assert_true(qn_hash_equal(&a->batch_root, &b->batch_root));
    assert_int_equal(a->index, b->index);
    assert_int_equal(a->path_count, b->path_count);
    assert_memory_equal(a->path, b->path, a->path_count * sizeof a->path[0]);
}

static void a_code_comes_back_from_its_text(void **state)
{
    struct qn_kit kit;
    char text[QN_ACTIVATION_CODE_TEXT_SIZE];

    (void)state;
    qn_kit_init(&kit, &(struct qn_kit_options){4, QN_POLICY_CODES, 11, 0});
    for (uint32_t i = 0; i < 11; i++) {
        struct qn_activation_code code = qn_kit_code(&kit, i);
        struct qn_activation_code back;
        assert_int_equal(qn_activation_code_format(text, &code), QN_OK);
        assert_memory_equal(text, "qna1", 4);
        assert_int_equal(qn_activation_code_parse(&back, text), QN_OK);
        assert_same_code(&code, &back);
        /* All that a holder needs: the seed's key is the leaf at the index. */
        struct qn_key *key = qn_key_from_seed(QN_SUITE_MLDSA65, back.seed);
        struct qn_hash leaf = qn_activation_leaf(qn_key_public(key));
        assert_true(
            qn_activation_path_holds(&kit.batch, &leaf, back.index, back.path, back.path_count));
        qn_key_free(key);
    }
    qn_kit_fini(&kit);

    struct qn_activation_code code = longest_code();
    struct qn_activation_code back;
    assert_int_equal(qn_activation_code_format(text, &code), QN_OK);
    assert_true(strlen(text) < sizeof text);
    assert_int_equal(qn_activation_code_parse(&back, text), QN_OK);
    assert_same_code(&code, &back);
}

static void bad_text_is_refused_and_leaves_the_code_alone(void **state)
{
    static const char *const bad[] = {"",      "qna",     "qna1",   "qna2oQ",  "QNA1oQ",
                                      "qna1!", "qna1 oQ", "qna1oA", "qna1AAAA"};
    struct qn_activation_code code = longest_code();
    struct qn_activation_code untouched;
    char text[QN_ACTIVATION_CODE_TEXT_SIZE + 2];

    (void)state;
    memset(&untouched, 0x77, sizeof untouched);
    struct qn_activation_code copy = untouched;
    for (size_t i = 0; i < QN_ARRAY_COUNT(bad); i++) {
        assert_int_equal(qn_activation_code_parse(&untouched, bad[i]), QN_ERR_MALFORMED);
    }
    assert_int_equal(qn_activation_code_format(text, &code), QN_OK);
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i += 5) { /* cut anywhere */
        char saved = text[i];
        text[i] = '\0';
        assert_int_equal(qn_activation_code_parse(&untouched, text), QN_ERR_MALFORMED);
        text[i] = saved;
    }
    memcpy(text + len, "A", 2); /* something behind it */
    assert_int_not_equal(qn_activation_code_parse(&untouched, text), QN_OK);
    code.path_count = QN_ACTIVATION_PATH_MAX + 1;
    assert_int_equal(qn_activation_code_format(text, &code), QN_ERR_INVALID);
    assert_memory_equal(&untouched, &copy, sizeof copy);

    char huge[4 + 4 * QN_ACTIVATION_CODE_LEN_MAX + 1];
    memset(huge, 'A', sizeof huge);
    memcpy(huge, "qna1", 4);
    huge[sizeof huge - 1] = '\0';
    assert_int_equal(qn_activation_code_parse(&untouched, huge), QN_ERR_TOO_BIG);
}

int main(int argc, char **argv)
{
    qn_test_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_index_of_every_count_has_a_path_that_holds),
        cmocka_unit_test(no_path_holds_with_another_root_count_or_hash),
        cmocka_unit_test(a_code_comes_back_from_its_text),
        cmocka_unit_test(bad_text_is_refused_and_leaves_the_code_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
