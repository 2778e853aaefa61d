/* Random transactions of all kinds against a simple model, with restarts in between and a second ledger that
 * executes every block. Most of what is tried is refused: the model says which. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/testing/committee_kit.h"

enum {
    BLOCKS = 300,
    NODES_MAX = 2000,
    TXS_MAX = 8,
    BATCHES = 10,
    REOPEN_EVERY = 25,
};

/* What the model knows of a node. */
struct node {
    struct qn_public_key key;
    struct qn_node_id id;
    uint64_t index;
    uint64_t sequence;
    uint32_t roles;
    bool is_gone; /* revoked or rotated */
    bool has_equivocated;
    bool is_member;
    uint64_t touched; /* height of the last block that did something to it */
    uint64_t approved;
};

struct world {
    struct qn_chain chain;
    struct qn_chain judge;
    struct qn_rng rng;
    size_t node_count;
    struct node nodes[NODES_MAX];
    uint64_t active;
    uint64_t entries;
    uint64_t height; /* of the block being filled */
    bool committee_changed;
    bool issued[BATCHES];
    size_t taken[QN_TX_EVIDENCE + 1];
};

static size_t below(struct world *w, size_t count)
{
    return (size_t)qn_rng_below(&w->rng, count);
}

static struct node *any(struct world *w)
{
    return &w->nodes[below(w, w->node_count)];
}

static size_t member_count(const struct world *w)
{
    size_t count = 0;
    for (size_t i = 0; i < w->node_count; i++) {
        count += w->nodes[i].is_member;
    }
    return count;
}

static struct node *any_member(struct world *w)
{
    size_t index = below(w, member_count(w));
    for (size_t i = 0;; i++) {
        if (w->nodes[i].is_member && index-- == 0) {
            return &w->nodes[i];
        }
    }
}

static bool is_free(const struct world *w, const struct node *node)
{
    return !node->is_gone && node->touched != w->height;
}

static void touch(struct world *w, struct node *node)
{
    node->touched = w->height;
}

static struct qn_tx base(const struct world *w, enum qn_tx_kind kind)
{
    return (struct qn_tx){
        .kind = kind,
        .network = w->chain.kit.genesis.network,
        .expires_ms = qn_chain_now(&w->chain) + QN_KIT_TX_LIFETIME_MS,
    };
}

static struct node *new_node(struct world *w, const struct qn_public_key *key)
{
    struct node *node = &w->nodes[w->node_count];
    QN_ASSERT(w->node_count < NODES_MAX);
    w->node_count += 1;
    *node = (struct node){.key = *key, .id = qn_public_key_id(key), .touched = w->height};
    return node;
}

/* Each maker fills a transaction; its expectation is applied to the model only if the ledger took it, and the
 * ledger must take it exactly if the maker says so. */
static bool make_register(struct world *w, struct qn_tx *tx, bool apply)
{
    if (!apply) {
        *tx = base(w, QN_TX_REGISTER);
        tx->key =
            w->node_count > 0 && below(w, 4) == 0 ? any(w)->key : qn_chain_random_key(&w->rng);
        tx->id = qn_public_key_id(&tx->key);
        tx->roles = (uint32_t)below(w, 4);
        tx->valid_until_ms = UINT64_MAX;
        for (size_t i = 0; i < w->node_count; i++) {
            if (qn_node_id_equal(&w->nodes[i].id, &tx->id)) {
                return false;
            }
        }
        return w->node_count < NODES_MAX;
    }
    struct node *node = new_node(w, &tx->key);
    node->index = w->entries;
    node->sequence = 1;
    node->roles = tx->roles;
    w->entries += 1;
    w->active += 1;
    return true;
}

static struct node *find(struct world *w, const struct qn_node_id *id)
{
    for (size_t i = 0; i < w->node_count; i++) {
        if (qn_node_id_equal(&w->nodes[i].id, id)) {
            return &w->nodes[i];
        }
    }
    return NULL;
}

static bool make_update(struct world *w, struct qn_tx *tx, bool apply)
{
    if (!apply) {
        struct node *node = any(w);
        *tx = base(w, QN_TX_UPDATE);
        tx->id = node->id;
        tx->sequence = node->sequence + (below(w, 5) != 0);
        tx->roles = (uint32_t)below(w, 4);
        tx->valid_until_ms = UINT64_MAX;
        return is_free(w, node) && tx->sequence == node->sequence + 1 &&
               (!node->is_member || tx->roles == node->roles);
    }
    struct node *node = find(w, &tx->id);
    node->sequence += 1;
    node->roles = tx->roles;
    touch(w, node);
    return true;
}

static void leave(struct world *w, struct node *node)
{
    if (node->is_member) {
        node->is_member = false;
        w->committee_changed = true;
    }
}

static bool make_revoke(struct world *w, struct qn_tx *tx, bool apply)
{
    if (!apply) {
        struct node *node = any(w);
        *tx = base(w, QN_TX_REVOKE);
        tx->id = node->id;
        tx->sequence = node->sequence + 1;
        return is_free(w, node) && !node->is_member;
    }
    struct node *node = find(w, &tx->id);
    node->is_gone = true;
    node->sequence += 1;
    w->active -= 1;
    touch(w, node);
    return true;
}

static bool make_rotate(struct world *w, struct qn_tx *tx, bool apply)
{
    if (!apply) {
        struct node *node = any(w);
        *tx = base(w, QN_TX_ROTATE);
        tx->id = node->id;
        tx->sequence = node->sequence + 1;
        bool is_known = below(w, 5) == 0;
        tx->key = is_known ? any(w)->key : qn_chain_random_key(&w->rng);
        tx->key_signature.len = 1;
        return is_free(w, node) && !is_known && w->node_count < NODES_MAX &&
               !(node->is_member && w->committee_changed);
    }
    struct node *next = new_node(w, &tx->key);
    struct node *node = find(w, &tx->id);
    next->index = node->index;
    next->roles = node->roles;
    next->has_equivocated = node->has_equivocated;
    next->is_member = node->is_member;
    leave(w, node);
    node->is_gone = true;
    touch(w, node);
    return true;
}

/* Motions are decided in one block, by the first q members: the model looks at whole decisions only. */
static bool make_motion_base(struct world *w, struct qn_tx *tx, enum qn_tx_kind kind)
{
    *tx = base(w, kind);
    tx->has_signer = true;
    tx->epoch = qn_ledger_epoch(w->chain.ledger);
    return true;
}

static bool make_validators(struct world *w, struct qn_tx *tx, bool apply)
{
    if (!apply) {
        size_t count = member_count(w);
        (void)make_motion_base(w, tx, QN_TX_VALIDATORS);
        struct node *added = any(w);
        struct node *removed = any_member(w);
        tx->add_count = (uint8_t)below(w, 2);
        tx->remove_count = (uint8_t)below(w, 2);
        tx->add[0] = added->id;
        tx->remove[0] = removed->id;
        bool add_ok = tx->add_count == 0 ||
                      (is_free(w, added) && !added->is_member && !added->has_equivocated &&
                       (added->roles & QN_ROLE_VALIDATOR) != 0);
        bool remove_ok = tx->remove_count == 0 || is_free(w, removed);
        count = count + tx->add_count - tx->remove_count;
        return add_ok && remove_ok && tx->add_count + tx->remove_count > 0 && count >= 4;
    }
    if (tx->add_count > 0) {
        find(w, &tx->add[0])->is_member = true;
        touch(w, find(w, &tx->add[0]));
    }
    if (tx->remove_count > 0) {
        find(w, &tx->remove[0])->is_member = false;
        touch(w, find(w, &tx->remove[0]));
    }
    w->committee_changed = true;
    return true;
}

static bool make_revoke_motion(struct world *w, struct qn_tx *tx, bool apply)
{
    if (!apply) {
        struct node *node = any(w);
        (void)make_motion_base(w, tx, QN_TX_REVOKE);
        tx->id = node->id;
        return is_free(w, node) && !(node->is_member && member_count(w) == 4);
    }
    struct node *node = find(w, &tx->id);
    leave(w, node);
    node->is_gone = true;
    node->sequence += 1;
    w->active -= 1;
    touch(w, node);
    return true;
}

static bool make_issue(struct world *w, struct qn_tx *tx, bool apply)
{
    if (!apply) {
        (void)make_motion_base(w, tx, QN_TX_ISSUE);
        tx->batch = (struct qn_activation_batch){.count = 1, .expires_ms = UINT64_MAX};
        tx->batch.root.bytes[0] = (uint8_t)below(w, BATCHES);
        return !w->issued[tx->batch.root.bytes[0]];
    }
    w->issued[tx->batch.root.bytes[0]] = true;
    return true;
}

typedef bool (*maker)(struct world *w, struct qn_tx *tx, bool apply);

/* A motion with all approvals it takes in a block of its own, so that it does take effect. */
static void decide(struct world *w, maker make)
{
    struct qn_tx tx;
    struct qn_ledger_commit commit;
    w->height = qn_ledger_height(w->chain.ledger) + 1;
    w->committee_changed = false;
    bool expected = make(w, &tx, false);
    enum qn_err err = qn_committee_judge(&w->chain, &tx, 0, NULL);
    assert_int_equal(err == QN_OK, expected);
    if (expected) {
        (void)make(w, &tx, true);
        qn_committee_decide(&w->chain, &commit, &tx);
        assert_int_equal(commit.epoch_end, w->committee_changed);
        w->taken[tx.kind] += 1;
    }
}

static void decide_evidence(struct world *w)
{
    struct qn_buf *bufs[QN_TX_VOTES];
    uint64_t epoch = qn_ledger_epoch(w->chain.ledger);
    struct qn_vote votes[] = {
        {.kind = QN_VOTE_NOTARIZE, .epoch = epoch, .view = 3, .block_id = {{1}}},
        {.kind = QN_VOTE_NOTARIZE, .epoch = epoch, .view = 3, .block_id = {{2}}},
    };
    struct node *voter = any_member(w);
    struct qn_ledger_commit commit;
    struct qn_tx tx = qn_committee_evidence(&w->chain, bufs, &any_member(w)->id, &voter->id, votes);
    struct qn_buf *bytes = qn_kit_tx_fake(&tx, 1);
    bool leaves = member_count(w) > 4;
    bool expected = !voter->has_equivocated;

    assert_int_equal(qn_chain_add(&w->chain, &commit, &bytes, 1), expected);
    assert_int_equal(commit.epoch_end, expected && leaves);
    if (expected) {
        voter->has_equivocated = true;
        voter->is_member = !leaves;
        w->taken[QN_TX_EVIDENCE] += 1;
    }
    qn_buf_drop(bufs[0]);
    qn_buf_drop(bufs[1]);
}

/* A block of several transactions of single nodes, some of which must be left out. */
static void add_block(struct world *w)
{
    static const maker makers[] = {make_register, make_update, make_revoke, make_rotate};
    struct qn_buf *txs[TXS_MAX];
    size_t expected = 0;
    size_t count = 1 + below(w, TXS_MAX);

    w->height = qn_ledger_height(w->chain.ledger) + 1;
    w->committee_changed = false;
    for (size_t i = 0; i < count; i++) {
        static const size_t weights[] = {0, 0, 0, 1, 1, 1, 1, 2, 3};
        maker make = makers[weights[below(w, QN_ARRAY_COUNT(weights))]];
        struct qn_tx tx;
        bool is_valid = make(w, &tx, false);
        txs[i] = qn_kit_tx_fake(&tx, (uint8_t)i);
        if (is_valid) {
            (void)make(w, &tx, true);
            expected += 1;
            w->taken[tx.kind] += 1;
        }
    }
    assert_int_equal(qn_chain_add(&w->chain, NULL, txs, count), expected);
}

static void follow(struct world *w)
{
    struct qn_buf *bytes = NULL;
    struct qn_buf *cert = NULL;
    struct qn_block *block = NULL;
    uint64_t height = qn_ledger_height(w->judge.ledger) + 1;

    assert_int_equal(qn_ledger_block(w->chain.ledger, &bytes, &cert, height), QN_OK);
    assert_int_equal(qn_block_decode(&block, qn_buf_span(bytes)), QN_OK);
    for (size_t i = 0; i < block->tx_count;
         i++) { /* judged by the parent alone, as signatures are */
        struct qn_tx_checks checks;
        assert_int_equal(
            qn_ledger_tx_checks(w->judge.ledger, &checks, &block->header.parent, block->txs[i]),
            QN_OK);
    }
    assert_int_equal(qn_ledger_execute(w->judge.ledger, block, 0), QN_OK);
    qn_chain_commit(&w->judge, NULL, &block->id, NULL);
    qn_block_drop(block);
    qn_buf_drop(bytes);
    qn_buf_drop(cert);
}

static void compare(const struct world *w)
{
    const struct qn_validator_set *set = qn_ledger_validators(w->chain.ledger);

    assert_int_equal(qn_ledger_entry_count(w->chain.ledger), w->entries);
    assert_int_equal(qn_ledger_active_count(w->chain.ledger), w->active);
    assert_int_equal(set->count, member_count(w));
    for (size_t i = 0; i < w->node_count; i++) {
        const struct node *node = &w->nodes[i];
        struct qn_registry_entry entry;
        assert_int_equal(qn_ledger_entry(w->chain.ledger, &entry, &node->id), QN_OK);
        assert_int_equal(entry.status != QN_ENTRY_ACTIVE, node->is_gone);
        assert_int_equal(entry.index, node->index);
        assert_int_equal(qn_validator_index(set, &node->id) >= 0, node->is_member);
        if (!node->is_gone) {
            struct qn_registry_entry at;
            assert_int_equal(entry.sequence, node->sequence);
            assert_int_equal(entry.roles, node->roles);
            assert_int_equal(entry.equivocated_height != 0, node->has_equivocated);
            assert_int_equal(qn_ledger_entry_at(w->chain.ledger, &at, node->index), QN_OK);
            assert_true(qn_node_id_equal(&at.id, &node->id));
        }
    }
}

static void init(struct world *w)
{
    static const struct qn_kit_options options = {5, QN_POLICY_OPEN, 0, 0};

    qn_chain_init(&w->chain, &options);
    qn_chain_init(&w->judge, &options);
    w->rng = qn_test_rng();
    for (size_t i = 0; i < options.genesis_count; i++) {
        struct node *node = new_node(w, qn_key_public(w->chain.kit.genesis_keys[i]));
        node->index = i;
        node->sequence = 1;
        node->roles = QN_ROLE_FULL | QN_ROLE_VALIDATOR;
        node->is_member = true;
        w->entries += 1;
        w->active += 1;
    }
}

static void the_ledger_does_what_the_model_does(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    (void)state;
    assert_non_null(w);
    init(w);
    for (size_t i = 1; i <= BLOCKS; i++) {
        switch (below(w, 9)) {
        case 0:
        case 1:
            decide(w, make_validators);
            break;
        case 2:
            decide(w, make_revoke_motion);
            break;
        case 3:
            decide_evidence(w);
            break;
        case 4:
            decide(w, make_issue);
            break;
        default:
            add_block(w);
            break;
        }
        while (qn_ledger_height(w->judge.ledger) < qn_ledger_height(w->chain.ledger)) {
            follow(w);
        }
        if (i % REOPEN_EVERY == 0) {
            compare(w);
            struct qn_hash root = qn_ledger_head(w->chain.ledger)->state_root;
            assert_int_equal(qn_chain_reopen(i % 2 == 0 ? &w->chain : &w->judge), QN_OK);
            assert_true(qn_hash_equal(&qn_ledger_head(w->chain.ledger)->state_root, &root));
            assert_true(qn_hash_equal(&qn_ledger_head(w->judge.ledger)->state_root, &root));
            compare(w);
        }
    }
    printf("epochs %llu, members %zu, nodes %zu; taken:",
           (unsigned long long)qn_ledger_epoch(w->chain.ledger), member_count(w), w->node_count);
    for (size_t i = 1; i < QN_ARRAY_COUNT(w->taken); i++) {
        printf(" %zu", w->taken[i]);
    }
    printf("\n");
    assert_true(w->taken[QN_TX_VALIDATORS] > 0 && w->taken[QN_TX_ROTATE] > 0);
    qn_chain_fini(&w->judge);
    qn_chain_fini(&w->chain);
    free(w);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ledger_does_what_the_model_does),
    };
    qn_test_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
