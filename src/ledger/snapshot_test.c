/* Chunks of a state tree, good and hostile; manifests. */
#include "ledger/snapshot.h"
#include "ledger/state.h"
#include "ledger/testing/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ENTRIES = 60, CODES = 240, DEPTH = 3 };

/* A state of random entries and used codes, and a chunk of it as a reply. */
struct kit {
    struct qn_rng rng;
    struct qn_state state;
    struct qn_hash root;
    struct qn_snapshot reply;
    struct qn_chunk chunk;
};

static void put_entry(struct kit *kit, uint64_t index)
{
    struct qn_registry_entry entry = {.index = index,
                                      .suite = QN_SUITE_MLDSA65,
                                      .status = QN_ENTRY_ACTIVE,
                                      .sequence = 1,
                                      .key = qn_chain_random_key(&kit->rng)};
    entry.id = qn_public_key_id(&entry.key);
    entry.key_hash = qn_sha3(qn_public_key_span(&entry.key));
    qn_state_put_entry(&kit->state, &entry);
}

static struct kit *kit_new(size_t entries, size_t codes)
{
    struct kit *kit = calloc(1, sizeof *kit);
    assert_non_null(kit);
    kit->rng = qn_test_rng();
    for (size_t i = 0; i < entries; i++) {
        put_entry(kit, i);
    }
    for (size_t i = 0; i < codes; i++) {
        struct qn_hash code = {{0}};
        struct qn_code_use use = {.height = i};
        uint64_t random = qn_rng_next(&kit->rng);
        memcpy(code.bytes, &random, sizeof random);
        qn_state_put_code_use(&kit->state, &code, &use);
    }
    kit->root = qn_tree_root(kit->state.tree);
    return kit;
}

static void kit_free(struct kit *kit)
{
    qn_state_fini(&kit->state);
    free(kit);
}

static void make(struct kit *kit, struct qn_prefix prefix)
{
    assert_int_equal(
        qn_snapshot_chunk_make(&kit->reply, kit->state.tree, prefix, NULL, QN_MESSAGE_LEN_MAX),
        QN_OK);
}

static enum qn_err check(struct kit *kit, struct qn_prefix prefix)
{
    return qn_snapshot_chunk_check(&kit->chunk, &kit->reply, prefix, &kit->root, NULL);
}

/* Through the wire and back, as a receiver gets it. */
static struct qn_buf *resend(struct kit *kit)
{
    struct qn_buf *bytes = NULL;
    assert_int_equal(qn_snapshot_encode(&bytes, &kit->reply), QN_OK);
    assert_int_equal(qn_snapshot_decode(&kit->reply, qn_buf_span(bytes)), QN_OK);
    return bytes;
}

/* The tree again, from chunks at this depth. */
static struct qn_tree_node *rebuild(struct kit *kit, struct qn_prefix at, uint8_t depth)
{
    if (at.depth == depth) {
        make(kit, at);
        struct qn_buf *bytes = resend(kit);
        assert_int_equal(check(kit, at), QN_OK);
        assert_int_equal(kit->chunk.kind, QN_CHUNK_LEAVES);
        qn_buf_drop(bytes);
        return kit->chunk.subtree;
    }
    struct qn_tree_node *left = rebuild(kit, qn_prefix_half(at, 0), depth);
    return qn_tree_join(left, rebuild(kit, qn_prefix_half(at, 1), depth));
}

static void chunks_of_any_depth_are_the_tree(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 9, CODES};
    for (size_t i = 0; i < QN_ARRAY_COUNT(sizes); i++) {
        struct kit *kit = kit_new(sizes[i] / 4, sizes[i]);
        for (uint8_t depth = 0; depth <= 10; depth += 2) { /* 10: deeper than most leaves */
            struct qn_tree_node *tree = rebuild(kit, (struct qn_prefix){0}, depth);
            struct qn_hash root = qn_tree_root(tree);
            assert_true(qn_hash_equal(&root, &kit->root));
            qn_tree_drop(tree);
        }
        kit_free(kit);
    }
}

/* Each damages a chunk that has at least three leaves; what the check says to it. */
static const uint8_t other_value[] = {0xA2, 0x01, 0x40, 0x02, 0x00};

static void change_value(struct qn_snapshot *reply)
{
    reply->chunk.leaves[1].value = (struct qn_span){other_value, sizeof other_value};
    reply->chunk.leaves[1].extra.len = 0;
}

static void lose_a_leaf(struct qn_snapshot *reply)
{
    reply->chunk.leaf_count -= 1;
}

static void lose_all_leaves(struct qn_snapshot *reply)
{
    reply->chunk.leaf_count = 0;
}

static void add_a_leaf(struct qn_snapshot *reply)
{
    struct qn_snapshot_leaf *last = &reply->chunk.leaves[reply->chunk.leaf_count];
    *last = last[-1];
    last->key.bytes[QN_HASH_LEN - 1] ^= 1;
    last->value = (struct qn_span){other_value, sizeof other_value};
    last->extra.len = 0;
    if (memcmp(last->key.bytes, last[-1].key.bytes, QN_HASH_LEN) < 0) {
        struct qn_snapshot_leaf swap = *last;
        *last = last[-1];
        last[-1] = swap;
    }
    reply->chunk.leaf_count += 1;
}

static void change_a_sibling(struct qn_snapshot *reply)
{
    reply->chunk.siblings[1].bytes[5] ^= 1;
}

static void lose_a_sibling(struct qn_snapshot *reply)
{
    reply->chunk.sibling_count -= 1;
}

static void swap_leaves(struct qn_snapshot *reply)
{
    struct qn_snapshot_leaf swap = reply->chunk.leaves[0];
    reply->chunk.leaves[0] = reply->chunk.leaves[1];
    reply->chunk.leaves[1] = swap;
}

static void repeat_a_leaf(struct qn_snapshot *reply)
{
    reply->chunk.leaves[1] = reply->chunk.leaves[0];
}

static void leave_the_prefix(struct qn_snapshot *reply)
{
    reply->chunk.leaves[0].key.bytes[0] ^= 0x80;
}

static void claim_to_be_as_held(struct qn_snapshot *reply)
{
    reply->chunk.has_leaves = false;
}

static void claim_to_split(struct qn_snapshot *reply)
{
    reply->chunk.has_leaves = false;
    reply->chunk.has_children = true;
}

static void another_part(struct qn_snapshot *reply)
{
    reply->part = QN_SNAPSHOT_NONE;
}

static void hostile_chunks_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*damage)(struct qn_snapshot *reply);
        enum qn_err verdict;
    } cases[] = {
        {"wrong leaf", change_value, QN_ERR_WRONG_ROOT},
        {"missing leaf", lose_a_leaf, QN_ERR_WRONG_ROOT},
        {"nothing", lose_all_leaves, QN_ERR_WRONG_ROOT},
        {"leaf too many", add_a_leaf, QN_ERR_WRONG_ROOT},
        {"wrong sibling", change_a_sibling, QN_ERR_WRONG_ROOT},
        {"missing sibling", lose_a_sibling, QN_ERR_MALFORMED},
        {"out of order", swap_leaves, QN_ERR_MALFORMED},
        {"twice", repeat_a_leaf, QN_ERR_MALFORMED},
        {"beyond the prefix", leave_the_prefix, QN_ERR_MALFORMED},
        {"as held, unasked", claim_to_be_as_held, QN_ERR_MALFORMED},
        {"halves that are not", claim_to_split, QN_ERR_WRONG_ROOT},
        {"another part", another_part, QN_ERR_MALFORMED},
    };
    struct kit *kit = kit_new(ENTRIES, CODES);
    for (size_t i = 0; i < QN_ARRAY_COUNT(cases); i++) {
        struct qn_prefix prefix = {(uint32_t)qn_rng_below(&kit->rng, 1U << DEPTH), DEPTH};
        make(kit, prefix);
        assert_true(kit->reply.chunk.leaf_count > 3);
        cases[i].damage(&kit->reply);
        enum qn_err verdict = check(kit, prefix);
        if (verdict != cases[i].verdict) {
            fail_msg("%s: %s", cases[i].name, qn_err_name(verdict));
        }
    }
    kit_free(kit);
}

static void a_chunk_is_good_at_its_place_only(void **state)
{
    (void)state;
    struct kit *kit = kit_new(ENTRIES, CODES);
    make(kit, (struct qn_prefix){2, DEPTH});
    assert_int_equal(check(kit, (struct qn_prefix){3, DEPTH}), QN_ERR_MALFORMED);
    assert_int_equal(check(kit, (struct qn_prefix){2, DEPTH - 1}), QN_ERR_MALFORMED);
    kit->reply.chunk.leaf_count = 0; /* an empty answer fits everywhere by its form */
    assert_int_equal(check(kit, (struct qn_prefix){3, DEPTH}), QN_ERR_WRONG_ROOT);
    kit_free(kit);
}

/* The key beside an entry is not hashed with the leaf: a wrong one would not show in the root. */
static void an_entry_brings_its_own_key(void **state)
{
    (void)state;
    struct kit *kit = kit_new(ENTRIES, 0);
    struct qn_prefix all = {0};
    make(kit, all);
    struct qn_snapshot_leaf *leaves = kit->reply.chunk.leaves;
    struct qn_span key = leaves[0].extra;
    assert_true(key.len > 0);
    leaves[0].extra = leaves[1].extra;
    assert_int_equal(check(kit, all), QN_ERR_MALFORMED);
    leaves[0].extra.len = 0;
    assert_int_equal(check(kit, all), QN_ERR_MALFORMED);
    leaves[0].extra = key;
    assert_int_equal(check(kit, all), QN_OK);
    qn_tree_drop(kit->chunk.subtree);
    kit_free(kit);

    kit = kit_new(0, 2);
    make(kit, all);
    kit->reply.chunk.leaves[0].extra = (struct qn_span){other_value, sizeof other_value};
    assert_int_equal(check(kit, all), QN_ERR_MALFORMED);
    kit_free(kit);
}

static bool take_first_key(void *context, const struct qn_hash *key, struct qn_buf *value,
                           struct qn_buf *extra)
{
    (void)value;
    (void)extra;
    *(struct qn_hash *)context = *key;
    return false;
}

/* The deepest prefix at which there certainly is a leaf. */
static struct qn_prefix prefix_of_a_leaf(const struct kit *kit)
{
    struct qn_hash key;

    qn_tree_walk(kit->state.tree, take_first_key, &key);
    uint32_t bits = (uint32_t)key.bytes[0] << 24 | (uint32_t)key.bytes[1] << 16 |
                    (uint32_t)key.bytes[2] << 8 | key.bytes[3];
    return (struct qn_prefix){bits, QN_SNAPSHOT_DEPTH_MAX};
}

static void too_many_leaves_are_asked_for_by_halves(void **state)
{
    (void)state;
    struct kit *kit = kit_new(ENTRIES, CODES);
    struct qn_prefix all = {0};
    assert_int_equal(qn_snapshot_chunk_make(&kit->reply, kit->state.tree, all, NULL, 100000),
                     QN_OK);
    assert_true(kit->reply.chunk.has_children);
    assert_int_equal(check(kit, all), QN_OK);
    assert_int_equal(kit->chunk.kind, QN_CHUNK_SPLIT);
    kit->reply.chunk.children[1].bytes[0] ^= 1;
    assert_int_equal(check(kit, all), QN_ERR_WRONG_ROOT);
    kit_free(kit);

    kit = kit_new(0, QN_SNAPSHOT_LEAVES_MAX + 1);
    make(kit, all);
    assert_true(kit->reply.chunk.has_children);
    assert_int_equal(
        qn_snapshot_chunk_make(&kit->reply, kit->state.tree, prefix_of_a_leaf(kit), NULL, 1),
        QN_ERR_TOO_BIG); /* one leaf, and not even that */
    kit_free(kit);
}

static void what_is_held_is_not_sent_again(void **state)
{
    (void)state;
    struct kit *kit = kit_new(ENTRIES, CODES);
    struct qn_prefix prefix = {1, DEPTH};
    make(kit, prefix);
    assert_int_equal(check(kit, prefix), QN_OK);
    struct qn_hash held = qn_tree_root(kit->chunk.subtree);
    qn_tree_drop(kit->chunk.subtree);

    struct qn_hash code = {{7}};
    struct qn_code_use use = {.height = 1};
    qn_state_put_code_use(&kit->state, &code, &use); /* the root is another one now */
    struct qn_hash key = qn_state_code_key(&code);
    struct qn_hash root = qn_tree_root(kit->state.tree);
    for (uint32_t bits = 0; bits < 1U << DEPTH; bits++) {
        struct qn_prefix at = {bits, DEPTH};
        assert_int_equal(
            qn_snapshot_chunk_make(&kit->reply, kit->state.tree, at, &held, QN_MESSAGE_LEN_MAX),
            QN_OK);
        bool same = bits == prefix.bits && key.bytes[0] >> (8 - DEPTH) != bits;
        assert_int_equal(kit->reply.chunk.has_leaves, !same);
        if (same) {
            assert_int_equal(qn_snapshot_chunk_check(&kit->chunk, &kit->reply, at, &root, &held),
                             QN_OK);
            assert_int_equal(kit->chunk.kind, QN_CHUNK_AS_HELD);
            assert_int_equal(qn_snapshot_chunk_check(&kit->chunk, &kit->reply, at, &root, &root),
                             QN_ERR_WRONG_ROOT); /* holds something else */
        }
    }
    kit_free(kit);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_of_any_depth_are_the_tree),
        cmocka_unit_test(hostile_chunks_are_refused),
        cmocka_unit_test(a_chunk_is_good_at_its_place_only),
        cmocka_unit_test(an_entry_brings_its_own_key),
        cmocka_unit_test(too_many_leaves_are_asked_for_by_halves),
        cmocka_unit_test(what_is_held_is_not_sent_again),
    };
    qn_test_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
