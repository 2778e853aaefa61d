/* What Byzantine hosts make of what their honest core wants to send. They have their own key only. */
#include "node/state.h"
#include "sim/checker.h"
#include "sim/sim.h"

#include <string.h>

enum { FAR_FUTURE = 1000, TRICKS = 12, SILENT_LEADER_PERMILLE = 900 };

static const struct qn_network_id *network_of(const struct qn_sim *sim)
{
    return &qn_sim_genesis(sim->plan.n)->network;
}

static void transmit(struct qn_sim *sim, struct qn_sim_host *host, qn_link_id link,
                     enum qn_message_kind kind, struct qn_buf *bytes)
{
    qn_sim_check_heard(sim, kind, qn_buf_span(bytes), host);
    qn_sim_transmit(sim, host, link, kind, 0, bytes);
}

static void cover(struct qn_sim *sim, enum qn_sim_cover cover)
{
    sim->coverage->counts[cover] += 1;
}

static void consensus_info(const struct qn_sim_host *host, struct qn_consensus_info *info)
{
    *info = (struct qn_consensus_info){0};
    if (host->node->consensus != NULL) {
        qn_consensus_info(host->node->consensus, info);
    }
}

static void send_vote(struct qn_sim *sim, struct qn_sim_host *host, qn_link_id link,
                      struct qn_vote vote, const struct qn_network_id *network, bool good)
{
    struct qn_hash digest = qn_nullify_digest(network, vote.epoch, vote.view);

    if (vote.kind != QN_VOTE_NULLIFY) {
        digest =
            qn_proposal_digest(network, vote.epoch, vote.view, vote.parent_view, &vote.block_id);
        vote.p = digest;
    }
    qn_sim_sign(&vote.signature, host->identity->key, qn_vote_sign_kind(vote.kind), &digest,
                sim->plan.real_signatures);
    if (!good) {
        vote.signature.bytes[vote.signature.len - 1] ^= 1U;
    }
    enum qn_message_kind kind = (enum qn_message_kind)(QN_NOTARIZE + vote.kind - QN_VOTE_NOTARIZE);
    struct qn_buf *bytes = qn_vote_encode(&vote);
    if (good) {
        transmit(sim, host, link, kind, bytes);
    } else {
        qn_sim_transmit(sim, host, link, kind, 0, bytes);
    }
}

static struct qn_vote some_vote(struct qn_sim *sim, const struct qn_sim_host *host)
{
    struct qn_consensus_info info;
    struct qn_vote vote;

    memset(&vote, 0, sizeof vote);
    consensus_info(host, &info);
    vote.kind = (enum qn_vote_kind)(QN_VOTE_NOTARIZE + qn_rng_below(&sim->rng, 3));
    vote.epoch = info.epoch;
    vote.view = info.view;
    vote.block_id.bytes[0] = (uint8_t)qn_rng_below(&sim->rng, 4);
    return vote;
}

/* signers signatures, of which only the own one is good. */
static void send_cert(struct qn_sim *sim, struct qn_sim_host *host, qn_link_id link,
                      unsigned signers)
{
    const struct qn_validator_set *set = &qn_sim_genesis(sim->plan.n)->validators;
    struct qn_vote vote = some_vote(sim, host);
    struct qn_signature signature;
    struct qn_cert cert = {.kind = vote.kind,
                           .epoch = vote.epoch,
                           .view = vote.view + qn_rng_below(&sim->rng, 3),
                           .bitmap_len = (set->count + 7U) / 8,
                           .signature_count = signers};

    cert.block_id.bytes[0] = 7;
    struct qn_hash digest = qn_cert_digest(&cert, network_of(sim));
    qn_sim_sign(&signature, host->identity->key, qn_vote_sign_kind(cert.kind), &digest,
                sim->plan.real_signatures);
    int self = qn_validator_index(set, &host->identity->id);
    for (unsigned i = 0; i < signers; i++) {
        unsigned member = ((unsigned)self + i) % set->count;
        cert.bitmap[member / 8] = (uint8_t)(cert.bitmap[member / 8] | 1U << member % 8);
        cert.signatures[i] = (struct qn_span){signature.bytes, signature.len};
    }
    qn_sim_transmit(sim, host, link, QN_CERT, 0, qn_cert_encode(&cert));
}

static void send_status_lie(struct qn_sim *sim, struct qn_sim_host *host, qn_link_id link)
{
    struct qn_consensus_info info;
    struct qn_status status;

    memset(&status, 0, sizeof status);
    consensus_info(host, &info);
    status.epoch = info.epoch;
    status.view = qn_sim_chance(sim, 500) ? 1 : UINT64_MAX - 1;
    status.final_height = qn_rng_below(&sim->rng, 100000);
    status.ceiling = qn_sim_chance(sim, 500) ? UINT64_MAX : 0;
    qn_sim_transmit(sim, host, link, QN_STATUS, 0, qn_status_encode(&status));
    struct qn_head head;
    memset(&head, 0, sizeof head);
    head.height = qn_rng_below(&sim->rng, 100000);
    qn_sim_transmit(sim, host, link, QN_HEAD, 0, qn_head_encode(&head));
    struct qn_consensus_request request = {.want = QN_WANT_VIEW,
                                           .number = qn_rng_below(&sim->rng, 50)};
    qn_sim_transmit(sim, host, link, QN_CONSENSUS_REQUEST, 0,
                    qn_consensus_request_encode(&request));
    cover(sim, QN_SIM_COVER_LYING_STATUS);
}

static void send_far_future(struct qn_sim *sim, struct qn_sim_host *host, qn_link_id link)
{
    struct qn_vote vote = some_vote(sim, host);

    vote.view += FAR_FUTURE + qn_rng_below(&sim->rng, FAR_FUTURE);
    send_vote(sim, host, link, vote, network_of(sim), true);
    cover(sim, QN_SIM_COVER_FAR_FUTURE_VOTE);
}

/* Good signatures, but of another epoch or another network. */
static void send_foreign(struct qn_sim *sim, struct qn_sim_host *host, qn_link_id link)
{
    struct qn_vote vote = some_vote(sim, host);
    struct qn_network_id other = *network_of(sim);

    if (qn_sim_chance(sim, 500)) {
        other.bytes[0] ^= 1U;
    } else {
        vote.epoch += 1;
    }
    struct qn_hash digest = qn_nullify_digest(&other, vote.epoch, vote.view);
    vote.kind = QN_VOTE_NULLIFY;
    qn_sim_sign(&vote.signature, host->identity->key, QN_SIGN_NULLIFY, &digest,
                sim->plan.real_signatures);
    qn_sim_transmit(sim, host, link, QN_NULLIFY, 0, qn_vote_encode(&vote));
    cover(sim, QN_SIM_COVER_FOREIGN);
}

/* What it has heard from others, or sent before, once more. */
static void send_replay(struct qn_sim *sim, struct qn_sim_host *host, qn_link_id link)
{
    size_t at = (size_t)qn_rng_below(&sim->rng, QN_SIM_REPLAYS);

    if (sim->replays[at].bytes != NULL) {
        qn_sim_transmit(sim, host, link, sim->replays[at].kind, 0,
                        qn_buf_hold(sim->replays[at].bytes));
        cover(sim, QN_SIM_COVER_REPLAY);
    }
}

static void send_corrupted(struct qn_sim *sim, struct qn_sim_host *host, qn_link_id link,
                           enum qn_message_kind kind, const struct qn_buf *bytes)
{
    struct qn_buf *copy = qn_buf_copy(qn_buf_span(bytes));

    if (copy->len > 0) {
        copy->bytes[qn_rng_below(&sim->rng, copy->len)] ^=
            (uint8_t)(1U << qn_rng_below(&sim->rng, 8));
    }
    qn_sim_transmit(sim, host, link, kind, 0, copy);
}

/* Beside or instead of an honest message; true: instead. */
static bool play_trick(struct qn_sim *sim, struct qn_sim_host *host, qn_link_id link,
                       enum qn_message_kind kind, const struct qn_buf *bytes)
{
    cover(sim, QN_SIM_COVER_FORGED);
    switch (qn_rng_below(&sim->rng, TRICKS)) {
    case 0:
        send_corrupted(sim, host, link, kind, bytes);
        return true;
    case 1:
        send_vote(sim, host, link, some_vote(sim, host), network_of(sim), false);
        return true;
    case 2:
        send_far_future(sim, host, link);
        return false;
    case 3:
        send_vote(sim, host, link, some_vote(sim, host), network_of(sim), true);
        return false;
    case 4:
        send_cert(sim, host, link, 1);
        return false;
    case 5:
        send_cert(sim, host, link, qn_quorum(sim->plan.n));
        return false;
    case 6:
        send_status_lie(sim, host, link);
        return false;
    case 7:
        send_replay(sim, host, link);
        return false;
    case 8:
        return true;
    case 9:
        send_foreign(sim, host, link);
        return false;
    default:
        return false;
    }
}

static struct qn_buf *propose_again(struct qn_sim *sim, struct qn_sim_host *host,
                                    struct qn_propose *propose, struct qn_block *block)
{
    struct qn_hash digest = qn_proposal_digest(network_of(sim), propose->epoch, propose->view,
                                               propose->parent_view, &block->id);

    propose->block = qn_buf_span(block->encoded);
    qn_sim_sign(&propose->signature, host->identity->key, QN_SIGN_NOTARIZE, &digest,
                sim->plan.real_signatures);
    return qn_propose_encode(propose);
}

/* The proposal with a false state root, or (the id is that of the header) without its transactions. */
static struct qn_buf *falsify(struct qn_sim *sim, struct qn_sim_host *host,
                              const struct qn_buf *bytes, bool root)
{
    struct qn_propose propose;
    struct qn_block *block = NULL;

    if (qn_propose_decode(&propose, qn_buf_span(bytes)) != QN_OK ||
        qn_block_decode(&block, propose.block) != QN_OK) {
        return qn_buf_copy(qn_buf_span(bytes));
    }
    struct qn_header header = block->header;
    header.state_root.bytes[0] ^= root ? 1U : 0U;
    struct qn_block *other = qn_block_new(&header, block->txs, root ? block->tx_count : 0);
    struct qn_buf *falsified = root ? propose_again(sim, host, &propose, other) : NULL;
    if (!root) {
        propose.block = qn_buf_span(other->encoded);
        falsified = qn_propose_encode(&propose);
    }
    cover(sim, root ? QN_SIM_COVER_FALSE_ROOT : QN_SIM_COVER_FALSE_BODY);
    qn_block_drop(other);
    qn_block_drop(block);
    return falsified;
}

/* Proposals of its own, not those it passes on. */
static bool leads(const struct qn_sim_host *host, const struct qn_buf *bytes)
{
    struct qn_propose propose;
    struct qn_consensus_info info;

    consensus_info(host, &info);
    return qn_propose_decode(&propose, qn_buf_span(bytes)) == QN_OK && propose.view >= info.view;
}

static bool is_told(struct qn_sim *sim, const struct qn_sim_host *host, qn_link_id link)
{
    const struct qn_sim_host *other = qn_sim_link_other(sim, host, link);

    return other != NULL && (host->recipients >> other->index & 1U) != 0;
}

/* True: the message goes out as it is. */
static bool passes(struct qn_sim *sim, struct qn_sim_host *host, qn_link_id link,
                   enum qn_message_kind kind, struct qn_buf **bytes)
{
    struct qn_buf *changed = NULL;

    switch (host->byzantine) {
    case QN_SIM_HONEST:
    case QN_SIM_BYZANTINE_COUNT:
        break;
    case QN_SIM_TWINS:
        return is_told(sim, host, link);
    case QN_SIM_MUTATOR:
        return !play_trick(sim, host, link, kind, *bytes);
    case QN_SIM_SILENT:
        return false;
    case QN_SIM_SILENT_LEADER:
        if (kind == QN_PROPOSE && qn_sim_chance(sim, SILENT_LEADER_PERMILLE)) {
            cover(sim, QN_SIM_COVER_SILENT_LEADER);
            return false;
        }
        break;
    case QN_SIM_WITHHOLDER:
        if (kind == QN_CERT || (kind == QN_FINALIZE && qn_sim_chance(sim, 500))) {
            cover(sim, QN_SIM_COVER_WITHHELD_CERTIFICATE);
            return false;
        }
        break;
    case QN_SIM_LIAR:
        if (qn_sim_chance(sim, 300)) {
            send_status_lie(sim, host, link);
            send_far_future(sim, host, link);
        }
        break;
    case QN_SIM_FALSE_ROOT:
    case QN_SIM_FALSE_BODY:
        if (kind == QN_PROPOSE && leads(host, *bytes) && qn_sim_chance(sim, 600)) {
            changed = falsify(sim, host, *bytes, host->byzantine == QN_SIM_FALSE_ROOT);
            qn_buf_drop(*bytes);
            *bytes = changed;
        }
        break;
    }
    return true;
}

static bool is_of_consensus(enum qn_message_kind kind)
{
    return kind >= QN_PROPOSE && kind < QN_TX;
}

static void remember(struct qn_sim *sim, enum qn_message_kind kind, struct qn_buf *bytes)
{
    size_t at = sim->replay_next++ % QN_SIM_REPLAYS;

    qn_buf_drop(sim->replays[at].bytes);
    sim->replays[at].bytes = qn_buf_hold(bytes);
    sim->replays[at].kind = kind;
}

void qn_sim_adversary_send(struct qn_sim *sim, struct qn_sim_host *host, qn_link_id link,
                           enum qn_message_kind kind, uint32_t request_id, struct qn_buf *bytes)
{
    if (!is_of_consensus(kind)) {
        bool withheld = host->byzantine == QN_SIM_WITHHOLDER && kind == QN_BLOCKS;
        if (host->is_second || withheld) {
            qn_buf_drop(bytes);
        } else {
            qn_sim_transmit(sim, host, link, kind, request_id, bytes);
        }
        return;
    }
    remember(sim, kind, bytes);
    if (!passes(sim, host, link, kind, &bytes)) {
        qn_buf_drop(bytes);
        return;
    }
    transmit(sim, host, link, kind, bytes);
}
