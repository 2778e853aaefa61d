/* A committee that agrees on block after block, each message handed over at once: in steady state it asks
 * the allocator for nothing. */
#include "base/testing/allocations.h"
#include "consensus/consensus.h"
#include "wire/testing/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
    VALIDATORS = 4,
    QUEUE = 4096,
    BUILT_KEPT = 64,       /* blocks whose heights can be looked up as parents */
    BLOCKS_WARM = 400,     /* all slots of the window and of its history were used */
    BLOCKS_MEASURED = 200, /* and these allocate nothing */
    STEPS_MAX = 200000,
};

struct delivery {
    int to;
    int from;
    struct qn_consensus_action action; /* as it left; SEND: as it arrives */
};

struct node {
    struct qn_consensus *c;
    struct qn_consensus_actions actions;
    uint64_t height;
};

struct network {
    struct node nodes[VALIDATORS];
    struct qn_validator_set validators;
    int down; /* this one is dead; -1: none */
    qn_time_us now;
    uint64_t transactions;
    size_t head;
    size_t count;
    struct delivery queue[QUEUE];
    size_t built_count;
    struct qn_header genesis;
    struct qn_hash built_ids[BUILT_KEPT];
    uint64_t built_heights[BUILT_KEPT];
};

static struct network network; /* too large for the stack */

static void push(int to, int from, const struct qn_consensus_action *action)
{
    assert_true(network.count < QUEUE);
    struct delivery *at = &network.queue[(network.head + network.count) % QUEUE];
    at->to = to;
    at->from = from;
    at->action = *action;
    network.count += 1;
}

static void note_height(const struct qn_hash *id, uint64_t height)
{
    network.built_ids[network.built_count % BUILT_KEPT] = *id;
    network.built_heights[network.built_count % BUILT_KEPT] = height;
    network.built_count += 1;
}

static uint64_t height_of(const struct qn_hash *id)
{
    for (size_t i = 0; i < BUILT_KEPT; i++) {
        if (qn_hash_equal(&network.built_ids[i], id)) {
            return network.built_heights[i];
        }
    }
    fail_msg("a parent that nobody built");
    return 0;
}

static void build(struct node *node, const struct qn_consensus_action *action)
{
    uint8_t tx[3000] = {0};
    struct qn_span txs[] = {{tx, sizeof tx}};
    struct qn_header header = network.genesis;

    network.transactions += 1;
    memcpy(tx, &network.transactions, sizeof network.transactions);
    header.height = height_of(&action->digest) + 1;
    header.parent = action->digest;
    header.time_ms = network.transactions;
    struct qn_block *block = qn_block_new(&header, txs, QN_ARRAY_COUNT(txs));
    note_height(&block->id, header.height);
    qn_consensus_on_built(node->c, &node->actions, action->cookie, block, network.now);
    qn_block_drop(block);
}

static void sign(struct node *node, const struct qn_consensus_action *action)
{
    struct qn_signature signature = {.len = 3309};

    memcpy(signature.bytes, action->digest.bytes, sizeof action->digest.bytes);
    signature.bytes[40] = (uint8_t)(node - network.nodes);
    qn_consensus_on_signed(node->c, &node->actions, action->cookie, &signature, network.now);
}

static void commit(struct node *node, const struct qn_consensus_action *action)
{
    assert_int_equal(action->height, node->height + 1);
    node->height = action->height;
    qn_consensus_on_pending(node->c, &node->actions, true, network.now);
}

static void deliver(struct delivery *delivery)
{
    struct node *node = &network.nodes[delivery->to];
    struct qn_consensus_action *action = &delivery->action;

    switch (action->kind) {
    case QN_CONSENSUS_SEND:
        assert_int_equal(qn_consensus_on_message(node->c, &node->actions, delivery->from,
                                                 action->message_kind, qn_buf_span(action->bytes),
                                                 network.now),
                         QN_OK);
        break;
    case QN_CONSENSUS_SIGN:
        sign(node, action);
        break;
    case QN_CONSENSUS_VERIFY:
        qn_consensus_on_verified(node->c, &node->actions, action->cookie, true, network.now);
        break;
    case QN_CONSENSUS_PERSIST:
        if (action->cookie != 0) {
            qn_consensus_on_persisted(node->c, &node->actions, action->cookie, network.now);
        }
        break;
    case QN_CONSENSUS_BUILD:
        build(node, action);
        break;
    case QN_CONSENSUS_CHECK:
        qn_consensus_on_checked(node->c, &node->actions, action->cookie, QN_OK, network.now);
        break;
    case QN_CONSENSUS_COMMIT:
        commit(node, action);
        break;
    default:
        fail_msg("action %d in a network without faults", (int)action->kind);
    }
    qn_consensus_action_drop(action);
}

static void send(int from, struct qn_consensus_action *action)
{
    for (int to = 0; to < VALIDATORS; to++) {
        bool wanted = action->validator == QN_CONSENSUS_ALL || action->validator == to;
        if (to != from && to != network.down && wanted) {
            struct qn_consensus_action copy = *action;
            copy.bytes = qn_buf_hold(action->bytes);
            push(to, from, &copy);
        }
    }
    qn_buf_drop(action->bytes);
}

static void drain(int index)
{
    struct qn_consensus_action action;

    while (qn_consensus_actions_pop(&network.nodes[index].actions, &action)) {
        if (action.kind == QN_CONSENSUS_SEND) {
            send(index, &action);
        } else {
            push(index, index, &action);
        }
    }
}

/* Nobody has anything to do but to wait. */
static void let_time_pass(void)
{
    network.now += QN_MS(10);
    for (int i = 0; i < VALIDATORS; i++) {
        if (i != network.down) {
            qn_consensus_poll(network.nodes[i].c, &network.nodes[i].actions, network.now);
            drain(i);
        }
    }
}

static uint64_t lowest_height(void)
{
    uint64_t lowest = UINT64_MAX;

    for (int i = 0; i < VALIDATORS; i++) {
        if (i != network.down && network.nodes[i].height < lowest) {
            lowest = network.nodes[i].height;
        }
    }
    return lowest;
}

static void run_to(uint64_t height)
{
    for (size_t step = 0; lowest_height() < height; step++) {
        assert_true(step < STEPS_MAX);
        if (network.count == 0) {
            let_time_pass();
            continue;
        }
        struct delivery delivery = network.queue[network.head];
        network.head = (network.head + 1) % QUEUE;
        network.count -= 1;
        network.now += 1;
        deliver(&delivery);
        drain(delivery.to);
    }
}

static void start(int down)
{
    memset(&network, 0, sizeof network);
    network.down = down;
    network.validators.count = VALIDATORS;
    network.genesis = (struct qn_header){.version = 1, .time_ms = 1};
    struct qn_block *genesis = qn_block_new(&network.genesis, NULL, 0);
    note_height(&genesis->id, 0);
    for (int i = 0; i < VALIDATORS; i++) {
        struct qn_consensus_config config = {.validators = &network.validators,
                                             .self = i,
                                             .delta = QN_MS(300),
                                             .heartbeat = QN_HEARTBEAT_INTERVAL,
                                             .resend_min = QN_MS(600),
                                             .resend_max = QN_SECONDS(5),
                                             .seed = (uint64_t)i,
                                             .final_block = genesis};
        network.nodes[i].c = qn_consensus_new(&config, 0);
        qn_consensus_actions_init(&network.nodes[i].actions);
    }
    qn_block_drop(genesis);
    for (int i = 0; i < VALIDATORS; i++) {
        struct node *node = &network.nodes[i];
        if (i == down) {
            continue;
        }
        for (int j = 0; j < VALIDATORS; j++) {
            if (j != i && j != down) {
                qn_consensus_on_link(node->c, &node->actions, j, true, 0);
            }
        }
        qn_consensus_start(node->c, &node->actions, 0);
        qn_consensus_on_pending(node->c, &node->actions, true, 0);
        drain(i);
    }
}

static void stop(void)
{
    for (; network.count > 0; network.count--) {
        qn_consensus_action_drop(&network.queue[network.head].action);
        network.head = (network.head + 1) % QUEUE;
    }
    for (int i = 0; i < VALIDATORS; i++) {
        qn_consensus_actions_fini(&network.nodes[i].actions);
        qn_consensus_free(network.nodes[i].c);
    }
    qn_crypto_thread_fini();
}

static void agreeing_allocates_nothing(int down)
{
    start(down);
    run_to(BLOCKS_WARM);
    uint64_t calls = qn_allocations();
    run_to(BLOCKS_WARM + BLOCKS_MEASURED);
    printf("%llu allocations in %d blocks of %d validators\n",
           (unsigned long long)(qn_allocations() - calls), BLOCKS_MEASURED, VALIDATORS);
    assert_int_equal(qn_allocations(), calls);
    struct qn_consensus_info info;
    qn_consensus_info(network.nodes[0].c, &info);
    assert_true(down < 0 ? info.nullified_views == 0 : info.nullified_views > BLOCKS_WARM / 4);
    stop();
}

static void agreeing_on_blocks_allocates_nothing(void **state)
{
    (void)state;
    agreeing_allocates_nothing(-1);
}

static void nullifying_the_views_of_a_dead_leader_allocates_nothing(void **state)
{
    (void)state;
    agreeing_allocates_nothing(VALIDATORS - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agreeing_on_blocks_allocates_nothing),
        cmocka_unit_test(nullifying_the_views_of_a_dead_leader_allocates_nothing),
    };

    qn_test_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
