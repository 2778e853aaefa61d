/* Executing blocks: parent before child, each block once, before it is voted for, built upon, finalized or
 * committed. */
#include "consensus/state.h"

/* NULL if it is unknown or was not executed. */
static const struct qn_block *executed(struct qn_consensus *c, const struct qn_hash *block_id)
{
    if (qn_hash_equal(&c->final_block->id, block_id)) {
        return c->final_block;
    }
    const struct qn_body *body = qn_window_executed(c, block_id);

    return body != NULL ? body->block : NULL;
}

bool qn_block_executed(struct qn_consensus *c, const struct qn_hash *block_id)
{
    return executed(c, block_id) != NULL;
}

static bool header_fits(const struct qn_consensus *c, const struct qn_header *header,
                        const struct qn_block *parent)
{
    return header->epoch == c->epoch && qn_network_id_equal(&header->network, &c->network) &&
           header->height == parent->header.height + 1;
}

/* A block that a quorum vouches for is executed again if it was refused before: the refusal may have
 * come of this machine's clock, which is then not asked. */
void qn_check_try(struct qn_consensus *c, struct qn_view_slot *slot, struct qn_body *body)
{
    bool certified = qn_slot_body(slot) == body;
    bool again = body->check == QN_CHECK_INVALID && certified && !body->check_certified;

    if (body->check != QN_CHECK_NONE && !again) {
        return;
    }
    const struct qn_block *parent = executed(c, &body->block->header.parent);
    if (parent == NULL) {
        return;
    }
    if (!header_fits(c, &body->block->header, parent)) {
        body->check = QN_CHECK_INVALID;
        body->check_certified = certified;
        return;
    }
    if (QN_MUTANT_IS(QN_MUTANT_NO_EXECUTION)) {
        body->check = QN_CHECK_VALID;
        return;
    }
    c->cookie += 1;
    body->check = QN_CHECK_RUNNING;
    body->check_certified = certified;
    body->check_cookie = c->cookie;
    struct qn_consensus_action *action = qn_consensus_emit(c, QN_CONSENSUS_CHECK);
    action->cookie = body->check_cookie;
    action->block = qn_block_hold(body->block);
    action->certified = certified;
}

static struct qn_body *find_check(struct qn_consensus *c, struct qn_view_slot **slot,
                                  uint64_t cookie)
{
    for (size_t i = 0; i < QN_CONSENSUS_RING; i++) {
        struct qn_body *bodies[] = {&c->slots[i].proposed, &c->slots[i].other};
        for (size_t j = 0; j < QN_ARRAY_COUNT(bodies); j++) {
            if (bodies[j]->check == QN_CHECK_RUNNING && bodies[j]->check_cookie == cookie) {
                *slot = &c->slots[i];
                return bodies[j];
            }
        }
    }
    return NULL;
}

/* What no honest validator sends: not what comes of this machine's clock, load or knowledge. */
static bool is_senders_fault(enum qn_err verdict)
{
    return verdict != QN_OK && verdict != QN_ERR_NOT_YET_VALID && verdict != QN_ERR_BUSY &&
           verdict != QN_ERR_NOT_FOUND;
}

/* A quorum executed the block of this id, and the id stands for the header alone: what was refused here came
 * with other transactions. It is thrown away, and request.c asks for the right ones. */
static void discard(struct qn_view_slot *slot, struct qn_body *body)
{
    if (body == &slot->other) {
        qn_body_clear(body);
    } else {
        body->useless = true;
    }
}

static void replace(struct qn_body *body, struct qn_block *block)
{
    struct qn_block *before = body->block;

    body->block = qn_block_hold(block);
    qn_block_drop(before);
}

static void checked(struct qn_consensus *c, uint64_t cookie, enum qn_err verdict)
{
    struct qn_view_slot *slot = NULL;
    struct qn_body *body = find_check(c, &slot, cookie);

    if (body == NULL) {
        return; /* of a view long gone */
    }
    if (verdict == QN_OK) { /* perhaps because the ledger knew the id: then what it knew counts */
        const struct qn_body *executed = qn_window_executed(c, &body->block->id);
        replace(body, executed != NULL ? executed->block : body->block);
    }
    body->check = verdict == QN_OK ? QN_CHECK_VALID : QN_CHECK_INVALID;
    if (verdict != QN_OK) {
        bool certified = body->check_certified;
        qn_log(c->log, certified ? QN_LOG_ERROR : QN_LOG_WARN, "consensus", "bad_block",
               "view=%llu height=%llu certified=%d reason=%s", (unsigned long long)slot->view,
               (unsigned long long)body->block->header.height, certified, qn_err_name(verdict));
        if (is_senders_fault(verdict)) {
            int from = body->from;
            if (certified) {
                discard(slot, body);
            }
            if (from != c->self) { /* the leader, or one who passed on what it had not executed */
                qn_consensus_fault(c, from, verdict);
            }
        }
    }
}

void qn_consensus_on_checked(struct qn_consensus *c, struct qn_consensus_actions *out,
                             uint64_t cookie, enum qn_err verdict, qn_time_us now)
{
    qn_consensus_begin(c, out, now);
    checked(c, cookie, verdict);
    qn_consensus_end(c);
}
