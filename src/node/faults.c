#include "node/faults.h"

#include "node/parts.h"

void qn_node_faults_init(struct qn_node *node)
{
    struct qn_rng rng;
    qn_rng_init(&rng, ~node->config.seed);
    uint64_t key0 = qn_rng_next(&rng);
    uint64_t key1 = qn_rng_next(&rng);
    qn_bans_init(&node->faults.bans, key0, key1);
}

void qn_node_faults_fini(struct qn_node *node)
{
    qn_bans_fini(&node->faults.bans);
}

/* ---- who ---- */

/* What is known of a peer, with a place for its address. */
struct profile {
    struct qn_suspect suspect;
    struct qn_net_address address;
};

/* By the operator: links with it are kept whatever happens. */
static bool is_chosen(const struct qn_node *node, const struct qn_node_id *id)
{
    for (size_t i = 0; i < node->config.reserved_count; i++) {
        if (qn_node_id_equal(&node->config.reserved[i].id, id)) {
            return true;
        }
    }
    return false;
}

/* Whom we dialled ourselves we may not know yet: it answers as the one that was dialled. */
static void profile(struct profile *profile, const struct qn_node *node,
                    const struct qn_node_id *id, const struct qn_endpoint *remote, bool outbound)
{
    *profile = (struct profile){.suspect = {.id = id}};
    if (qn_net_address_parse(&profile->address, remote)) {
        profile->suspect.address = &profile->address;
    }
    if (id == NULL) {
        return;
    }
    enum qn_standing standing = qn_node_standing(node, id, NULL);
    profile->suspect.is_reserved = standing == QN_STANDING_GENESIS ||
                                   qn_validator_index(&node->committee, id) >= 0 ||
                                   is_chosen(node, id);
    /* Whoever is reserved answers by its id, registered or not: others share its address. */
    profile->suspect.is_stranger =
        standing == QN_STANDING_UNREGISTERED && !outbound && !profile->suspect.is_reserved;
}

bool qn_node_is_banned(const struct qn_node *node, const struct qn_node_id *id,
                       const struct qn_endpoint *remote, bool outbound)
{
    struct profile whom;
    profile(&whom, node, id, remote, outbound);
    return qn_bans_check(&node->faults.bans, &whom.suspect, node->now) == QN_BLAME_BANNED;
}

/* ---- what ---- */

bool qn_fault_of(enum qn_fault *fault, enum qn_err err)
{
    switch (err) {
    case QN_OK:
    /* What comes of this node's own load, knowledge, clock, disk or library. */
    case QN_ERR_FULL:
    case QN_ERR_NOT_FOUND:
    case QN_ERR_STALE:
    case QN_ERR_NOT_YET_VALID:
    case QN_ERR_NOT_READY:
    case QN_ERR_BUSY:
    case QN_ERR_TIMEOUT:
    case QN_ERR_CLOSED:
    case QN_ERR_IO:
    case QN_ERR_NO_MEMORY:
    case QN_ERR_CRYPTO:
    case QN_ERR_WRONG_EPOCH: /* one of the two is behind */
    case QN_ERR_WRONG_VERSION:
        return false;
    case QN_ERR_MALFORMED:
    case QN_ERR_TOO_BIG:
        *fault = QN_FAULT_MALFORMED;
        return true;
    case QN_ERR_BAD_SIGNATURE:
        *fault = QN_FAULT_BAD_SIGNATURE;
        return true;
    case QN_ERR_DUPLICATE: /* consensus: a second vote where one is allowed */
        *fault = QN_FAULT_CONTRADICTION;
        return true;
    case QN_ERR_EXPIRED: /* by the time of the block, not by our clock */
    case QN_ERR_NOT_REGISTERED:
    case QN_ERR_WRONG_NETWORK:
    case QN_ERR_ALREADY_REGISTERED:
    case QN_ERR_REVOKED:
    case QN_ERR_CODE_USED:
    case QN_ERR_CODE_UNKNOWN:
    case QN_ERR_CODE_REQUIRED:
    case QN_ERR_CODE_EXPIRED:
    case QN_ERR_WRONG_SEQUENCE:
    case QN_ERR_WRONG_ROOT:
    case QN_ERR_WRONG_PARENT:
    case QN_ERR_UNKNOWN_SUITE:
    case QN_ERR_NO_QUORUM:
    case QN_ERR_REFUSED:
    case QN_ERR_INVALID:
    case QN_ERR_KEY_MISMATCH:
    case QN_ERR_WORK_REQUIRED:
    case QN_ERR_BAD_WORK:
        *fault = QN_FAULT_BAD_BLOCK;
        return true;
    }
    return false;
}

static enum qn_close_reason close_reason(enum qn_fault fault)
{
    switch (fault) {
    case QN_FAULT_MALFORMED:
    case QN_FAULT_CONTRADICTION:
        return QN_CLOSE_MALFORMED;
    case QN_FAULT_UNEXPECTED:
        return QN_CLOSE_UNEXPECTED;
    case QN_FAULT_BAD_SIGNATURE:
        return QN_CLOSE_BAD_SIGNATURE;
    case QN_FAULT_BAD_BLOCK:
        return QN_CLOSE_BAD_BLOCK;
    case QN_FAULT_FLOOD:
        return QN_CLOSE_RATE_LIMITED;
    case QN_FAULT_COUNT:
        break;
    }
    QN_ASSERT(!"no such fault");
}

static const char *blame_name(enum qn_blame blame)
{
    return blame == QN_BLAME_BANNED        ? "banned"
           : blame == QN_BLAME_DISCOURAGED ? "discouraged"
                                           : "noted";
}

void qn_node_blame(struct qn_node *node, struct qn_link *link, enum qn_fault fault,
                   const char *text)
{
    struct profile whom;
    struct qn_bans *bans = &node->faults.bans;
    char peer[QN_SHORT_ID_TEXT_SIZE];
    char remote[QN_ENDPOINT_TEXT_SIZE];
    profile(&whom, node, &link->peer, &link->remote, link->outbound);
    bool was_banned = qn_bans_check(bans, &whom.suspect, node->now) == QN_BLAME_BANNED;
    enum qn_blame blame = qn_bans_fault(bans, &whom.suspect, fault, node->now);
    node->faults.counts[fault] += 1;
    node->faults.bans_begun += blame == QN_BLAME_BANNED && !was_banned;
    node->faults.is_news = node->faults.is_news || (blame == QN_BLAME_BANNED && !was_banned);
    qn_log(node->log, QN_LOG_WARN, "peer", "fault",
           "peer=\"%s\" remote=%s fault=%s points=%u result=%s text=\"%s\"",
           qn_node_id_short(peer, &link->peer), qn_endpoint_format(remote, &link->remote),
           qn_fault_name(fault), qn_fault_points(fault), blame_name(blame),
           text == NULL ? "" : text);
    qn_node_close(node, link, close_reason(fault), text);
}

bool qn_node_blame_error(struct qn_node *node, struct qn_link *link, enum qn_err err,
                         const char *text)
{
    enum qn_fault fault;
    if (!qn_fault_of(&fault, err)) {
        return false;
    }
    qn_node_blame(node, link, fault, text == NULL ? qn_err_text(err) : text);
    return true;
}

void qn_node_close_banned(struct qn_node *node)
{
    for (size_t i = 0; i < node->links_capacity; i++) {
        struct qn_link *link = &node->links[i];
        if (link->id != 0 && qn_node_is_banned(node, &link->peer, &link->remote, link->outbound)) {
            qn_node_close(node, link, QN_CLOSE_BANNED, NULL);
        }
    }
}
