/* A validator that changes, withholds, replays and invents messages. It has its own key only. */
#include "consensus/testing/harness_state.h"

#include <string.h>

/* Tricks 0, 1 and 8 replace the message, the others go beside it; from 9 on it is honest. */
enum { FAR_FUTURE = 1000, TRICKS = 12 };

void harness_remember(struct harness *h, enum qn_message_kind kind, struct qn_buf *bytes)
{
    size_t at = h->replay_next++ % HARNESS_REPLAYS;

    qn_buf_drop(h->replays[at]);
    h->replays[at] = qn_buf_hold(bytes);
    h->replay_kinds[at] = kind;
}

static void send_vote(struct harness *h, struct harness_node *node, int to, enum qn_vote_kind kind,
                      uint64_t view, bool good_signature)
{
    struct qn_vote vote = {.kind = kind, .view = view};
    struct qn_hash digest;

    vote.block_id.bytes[0] = (uint8_t)qn_rng_below(&h->rng, 4);
    digest = kind == QN_VOTE_NULLIFY ? qn_nullify_digest(&h->network, 0, view)
                                     : qn_proposal_digest(&h->network, 0, view, 0, &vote.block_id);
    vote.p = digest;
    harness_sign(h, &vote.signature, node->validator, qn_vote_sign_kind(kind), &digest);
    if (!good_signature) {
        vote.signature.bytes[vote.signature.len - 1] ^= 1U;
    }
    harness_transmit(h, node, to, qn_vote_message_kind(kind), qn_vote_encode(&vote));
}

/* signers signatures, of which only the own one is good. */
static void send_cert(struct harness *h, struct harness_node *node, int to, enum qn_vote_kind kind,
                      uint64_t view, unsigned signers)
{
    struct qn_cert cert = {.kind = kind, .view = view, .bitmap_len = (h->config.n + 7) / 8};
    struct qn_signature signature;

    cert.block_id.bytes[0] = 7;
    struct qn_hash digest = qn_cert_digest(&cert, &h->network);
    harness_sign(h, &signature, node->validator, qn_vote_sign_kind(kind), &digest);
    for (unsigned i = 0; i < signers; i++) {
        unsigned member = ((unsigned)node->validator + i) % h->config.n;
        cert.bitmap[member / 8] = (uint8_t)(cert.bitmap[member / 8] | 1U << member % 8);
        cert.signatures[i] = (struct qn_span){signature.bytes, signature.len};
    }
    cert.signature_count = signers;
    harness_transmit(h, node, to, QN_CERT, qn_cert_encode(&cert));
}

static void send_corrupted(struct harness *h, struct harness_node *node, int to,
                           enum qn_message_kind kind, const struct qn_buf *bytes)
{
    struct qn_buf *copy = qn_buf_copy(qn_buf_span(bytes));

    copy->bytes[qn_rng_below(&h->rng, copy->len)] ^= (uint8_t)(1U << qn_rng_below(&h->rng, 8));
    harness_transmit(h, node, to, kind, copy);
}

static void send_lies(struct harness *h, struct harness_node *node, int to)
{
    struct qn_status status = {.view = qn_rng_below(&h->rng, 2) != 0 ? 1 : UINT64_MAX - 1,
                               .final_height = qn_rng_below(&h->rng, 100000)};
    struct qn_consensus_request request = {.want = QN_WANT_VIEW,
                                           .number = qn_rng_below(&h->rng, 50)};

    harness_transmit(h, node, to, QN_STATUS, qn_status_encode(&status));
    for (unsigned i = 0; i < 3; i++) {
        harness_transmit(h, node, to, QN_CONSENSUS_REQUEST, qn_consensus_request_encode(&request));
    }
}

static void send_replay(struct harness *h, struct harness_node *node, int to)
{
    size_t at = (size_t)qn_rng_below(&h->rng, HARNESS_REPLAYS);

    if (h->replays[at] != NULL) {
        harness_transmit(h, node, to, h->replay_kinds[at], qn_buf_hold(h->replays[at]));
    }
}

static void play_trick(struct harness *h, struct harness_node *node, int to, uint64_t trick,
                       enum qn_message_kind kind, const struct qn_buf *bytes)
{
    uint64_t view = node->c->view;
    enum qn_vote_kind vote_kind = (enum qn_vote_kind)(1 + qn_rng_below(&h->rng, 3));

    switch (trick) {
    case 0:
        send_corrupted(h, node, to, kind, bytes);
        break;
    case 1:
        send_vote(h, node, to, vote_kind, view, false);
        break;
    case 2:
        send_vote(h, node, to, vote_kind, view + FAR_FUTURE, true);
        break;
    case 3:
        send_vote(h, node, to, vote_kind, view, true);
        break;
    case 4:
        send_cert(h, node, to, vote_kind, view, 1);
        break;
    case 5:
        send_cert(h, node, to, vote_kind, view + qn_rng_below(&h->rng, 3), qn_quorum(h->config.n));
        break;
    case 6:
        send_lies(h, node, to);
        break;
    case 7:
        send_replay(h, node, to);
        break;
    default:
        break;
    }
}

/* The proposal without its transactions: the block id is that of the header, and stays. */
static struct qn_buf *strip(const struct qn_buf *bytes)
{
    struct qn_propose propose;
    struct qn_block *block = NULL;

    QN_ASSERT(qn_propose_decode(&propose, qn_buf_span(bytes)) == QN_OK);
    QN_ASSERT(qn_block_decode(&block, propose.block) == QN_OK);
    struct qn_block *empty = qn_block_new(&block->header, NULL, 0);
    QN_ASSERT(qn_hash_equal(&empty->id, &block->id));
    propose.block = qn_buf_span(empty->encoded);
    struct qn_buf *stripped = qn_propose_encode(&propose);
    qn_block_drop(empty);
    qn_block_drop(block);
    return stripped;
}

void harness_strip(struct harness *h, struct harness_node *node, int to, enum qn_message_kind kind,
                   struct qn_buf *bytes)
{
    for (int i = 0; i < (int)h->config.n; i++) {
        if (to == QN_CONSENSUS_ALL || to == i) {
            bool stripped = kind == QN_PROPOSE && i == (node->validator + 2) % (int)h->config.n;
            harness_transmit(h, node, i, kind, stripped ? strip(bytes) : qn_buf_hold(bytes));
        }
    }
    qn_buf_drop(bytes);
}

void harness_forge(struct harness *h, struct harness_node *node, int to, enum qn_message_kind kind,
                   struct qn_buf *bytes)
{
    for (int i = 0; i < (int)h->config.n; i++) {
        if (to != QN_CONSENSUS_ALL && to != i) {
            continue;
        }
        uint64_t trick = qn_rng_below(&h->rng, TRICKS);
        play_trick(h, node, i, trick, kind, bytes);
        if (trick > 1 && trick != 8) {
            harness_transmit(h, node, i, kind, qn_buf_hold(bytes));
        }
    }
    qn_buf_drop(bytes);
}
