/* The whole program with a validator that lies: the linker puts itself between runtime and node
 * (--wrap=qn_node_step), and what the honest node wants to send is changed on the way out. ROGUE says
 * how:
 *
 *     bad_vote     every vote has one bit of its signature changed
 *     false_root   every proposal of its own claims a state root that its transactions do not lead
 *                  to, and is signed as it should be; it casts no other NOTARIZE
 *     twin         every NOTARIZE goes with a second one of the same view for another block, signed as
 *                  well as the first
 *
 * It is configured as qnet is, with the key of a genesis node. */
#include "cli/cli.h"
#include "node/node.h"
#include "node/view.h"
#include "wire/vote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum mode { BAD_VOTE, FALSE_ROOT, TWIN };

static enum mode mode;
static uint8_t seed[QN_SEED_LEN];
static struct qn_key *key;

/* The last proposal that was changed: it goes to several links. */
static struct qn_buf *changed_from;
static struct qn_buf *changed_to;

/* Names that the linker makes of the wrapped one. */
void __real_qn_node_step(struct qn_node *node, const struct qn_event *event,
                         struct qn_actions *actions);
void __wrap_qn_node_step(struct qn_node *node, const struct qn_event *event,
                         struct qn_actions *actions);

static enum qn_vote_kind vote_kind(enum qn_message_kind kind)
{
    return kind == QN_NOTARIZE   ? QN_VOTE_NOTARIZE
           : kind == QN_FINALIZE ? QN_VOTE_FINALIZE
                                 : QN_VOTE_NULLIFY;
}

static bool is_vote(enum qn_message_kind kind)
{
    return kind == QN_NOTARIZE || kind == QN_FINALIZE || kind == QN_NULLIFY;
}

static struct qn_buf *spoil_vote(const struct qn_buf *bytes, enum qn_message_kind kind)
{
    struct qn_vote vote;
    enum qn_err err = qn_vote_decode(&vote, vote_kind(kind), qn_buf_span(bytes));
    QN_ASSERT(err == QN_OK); /* the node's own */
    vote.signature.bytes[vote.signature.len / 2] ^= 1;
    return qn_vote_encode(&vote);
}

static struct qn_buf *make_false(const struct qn_buf *bytes)
{
    struct qn_propose propose;
    struct qn_block *block = NULL;
    enum qn_err err = qn_propose_decode(&propose, qn_buf_span(bytes));
    QN_ASSERT(err == QN_OK);
    err = qn_block_decode(&block, propose.block);
    QN_ASSERT(err == QN_OK);
    struct qn_header header = block->header;
    header.state_root.bytes[0] ^= 1;
    struct qn_block *lie = qn_block_new(&header, block->txs, block->tx_count);
    struct qn_hash p = qn_proposal_digest(&header.network, propose.epoch, propose.view,
                                          propose.parent_view, &lie->id);
    err = qn_sign(&propose.signature, key, QN_SIGN_NOTARIZE, &p);
    QN_ASSERT(err == QN_OK);
    propose.block = qn_buf_span(lie->encoded);
    struct qn_buf *result = qn_propose_encode(&propose);
    qn_block_drop(lie);
    qn_block_drop(block);
    return result;
}

/* Somebody else's proposal, passed on, is of no use to it. */
static bool is_own(const struct qn_buf *bytes)
{
    struct qn_propose propose;
    struct qn_block *block = NULL;
    enum qn_err err = qn_propose_decode(&propose, qn_buf_span(bytes));
    QN_ASSERT(err == QN_OK);
    err = qn_block_decode(&block, propose.block);
    QN_ASSERT(err == QN_OK);
    struct qn_hash p = qn_proposal_digest(&block->header.network, propose.epoch, propose.view,
                                          propose.parent_view, &block->id);
    qn_block_drop(block);
    struct qn_span signature = {propose.signature.bytes, propose.signature.len};
    return qn_verify(qn_key_public(key), QN_SIGN_NOTARIZE, &p, signature) == QN_OK;
}

static struct qn_buf *lie_about(struct qn_buf *bytes)
{
    if (changed_from != bytes) {
        qn_buf_drop(changed_from);
        qn_buf_drop(changed_to);
        changed_from = qn_buf_hold(bytes);
        changed_to = is_own(bytes) ? make_false(bytes) : qn_buf_hold(bytes);
    }
    return qn_buf_hold(changed_to);
}

/* False: it is not to be sent at all. */
static bool change(struct qn_action *action)
{
    if (action->kind != QN_ACTION_SEND) {
        return true;
    }
    struct qn_buf *bytes = action->send.bytes;
    if (mode == BAD_VOTE && is_vote(action->send.kind)) {
        action->send.bytes = spoil_vote(bytes, action->send.kind);
        qn_buf_drop(bytes);
    } else if (mode == FALSE_ROOT && action->send.kind == QN_PROPOSE) {
        action->send.bytes = lie_about(bytes);
        qn_buf_drop(bytes);
    }
    return mode != FALSE_ROOT || action->send.kind != QN_NOTARIZE;
}

static struct qn_buf *contradict(const struct qn_node *node, const struct qn_buf *bytes)
{
    struct qn_vote vote;
    struct qn_node_status status;
    enum qn_err err = qn_vote_decode(&vote, QN_VOTE_NOTARIZE, qn_buf_span(bytes));
    QN_ASSERT(err == QN_OK);
    qn_node_status(node, &status, 0);
    vote.block_id.bytes[0] ^= 1;
    struct qn_hash p = qn_proposal_digest(&status.network, vote.epoch, vote.view, vote.parent_view,
                                          &vote.block_id);
    err = qn_sign(&vote.signature, key, QN_SIGN_NOTARIZE, &p);
    QN_ASSERT(err == QN_OK);
    return qn_vote_encode(&vote);
}

static void add_twins(const struct qn_node *node, struct qn_actions *actions, size_t first)
{
    size_t count = actions->count;
    for (size_t i = first; i < count; i++) {
        if (actions->items[i].kind != QN_ACTION_SEND ||
            actions->items[i].send.kind != QN_NOTARIZE) {
            continue;
        }
        qn_link_id link = actions->items[i].send.link;
        struct qn_buf *bytes = contradict(node, actions->items[i].send.bytes);
        struct qn_action *twin = qn_actions_add(actions, QN_ACTION_SEND);
        twin->send.link = link;
        twin->send.kind = QN_NOTARIZE;
        twin->send.bytes = bytes;
    }
}

void __wrap_qn_node_step(struct qn_node *node, const struct qn_event *event,
                         struct qn_actions *actions)
{
    size_t before = actions->count;
    __real_qn_node_step(node, event, actions);
    if (key == NULL) {
        key = qn_key_from_seed(QN_SUITE_MLDSA65, seed);
        QN_ASSERT(key != NULL);
    }
    size_t kept = before;
    for (size_t i = before; i < actions->count; i++) {
        if (change(&actions->items[i])) {
            actions->items[kept++] = actions->items[i];
        } else {
            qn_action_drop(&actions->items[i]);
        }
    }
    actions->count = kept;
    if (mode == TWIN) {
        add_twins(node, actions, before);
    }
}

int main(int argc, char **argv)
{
    const char *how = getenv("ROGUE");
    const char *hex = getenv("QNET_KEY"); /* the program wipes it */
    if (how == NULL || hex == NULL || qn_hex_decode(seed, sizeof seed, hex) != QN_OK) {
        (void)fprintf(stderr, "rogue_node: ROGUE and QNET_KEY are needed\n");
        return 2;
    }
    mode = strcmp(how, "bad_vote") == 0 ? BAD_VOTE : strcmp(how, "twin") == 0 ? TWIN : FALSE_ROOT;
    int status = qn_cli_main(argc, argv, environ);
    qn_buf_drop(changed_from);
    qn_buf_drop(changed_to);
    qn_key_free(key);
    return status;
}
