/* Single transactions: the verdict, and the signatures that remain to be verified. */
#include "ledger/ledger_state.h"
#include "ledger/rules.h"

#include <string.h>

/* Key 12 of a REGISTER: its number, a map of one pair, and its nonce. */
enum { TICKET_LEN = 1 + 1 + 1 + 1 + QN_TICKET_NONCE_LEN };

/* Of an encoding whose last item is a signature: a vote, and the payload of a ROTATE. */
static struct qn_span last_signature(struct qn_span encoded, const struct qn_signature *signature)
{
    QN_ASSERT(signature->len <= encoded.len);
    struct qn_span span = {encoded.at + encoded.len - signature->len, signature->len};
    QN_ASSERT(memcmp(span.at, signature->bytes, span.len) == 0);
    return span;
}

static void add_signature(struct qn_tx_checks *checks, const struct qn_tx_signature *signature)
{
    QN_ASSERT(checks->signature_count < QN_TX_SIGNATURES_MAX);
    checks->signatures[checks->signature_count] = *signature;
    checks->signature_count += 1;
}

static void add_code(struct qn_tx_checks *checks, const struct qn_tx *tx,
                     const struct qn_signed *envelope)
{
    const struct qn_activation *activation = &tx->activation;
    struct qn_span payload = envelope->payload;

    /* The ticket, if there is one, stands behind the activation. */
    payload.len -= tx->has_work ? TICKET_LEN : 0;
    add_signature(checks, &(struct qn_tx_signature){
                              .key = activation->code_key,
                              .kind = QN_SIGN_ACTIVATE,
                              .digest = qn_activation_digest(&tx->network, &activation->batch_root,
                                                             activation->index, &tx->id),
                              .signature = last_signature(payload, &activation->signature),
                          });
}

static void add_vote(struct qn_tx_checks *checks, const struct qn_tx *tx,
                     const struct qn_effect *effect, size_t index)
{
    const struct qn_vote *vote = &effect->votes[index];
    struct qn_hash digest = vote->kind == QN_VOTE_NULLIFY
                                ? qn_nullify_digest(&tx->network, vote->epoch, vote->view)
                                : qn_proposal_digest(&tx->network, vote->epoch, vote->view,
                                                     vote->parent_view, &vote->block_id);

    add_signature(checks, &(struct qn_tx_signature){
                              .key = effect->vote_key,
                              .kind = qn_vote_sign_kind(vote->kind),
                              .digest = digest,
                              .signature = last_signature(tx->votes[index].bytes, &vote->signature),
                          });
}

static void list_checks(struct qn_tx_checks *checks, const struct qn_tx *tx,
                        const struct qn_signed *envelope, const struct qn_effect *effect)
{
    *checks = (struct qn_tx_checks){.has_ticket = effect->has_ticket, .ticket = effect->ticket};
    add_signature(checks, &(struct qn_tx_signature){
                              .key = effect->signer_key,
                              .kind = QN_SIGN_TRANSACTION,
                              .digest = qn_signing_digest(&tx->network, envelope->payload),
                              .signature = envelope->signature,
                          });
    if (effect->uses_code) {
        add_code(checks, tx, envelope);
    }
    if (tx->kind == QN_TX_ROTATE) {
        add_signature(checks,
                      &(struct qn_tx_signature){
                          .key = tx->key,
                          .kind = QN_SIGN_ROTATE,
                          .digest = qn_rotate_digest(tx),
                          .signature = last_signature(envelope->payload, &tx->key_signature),
                      });
    }
    if (tx->kind == QN_TX_EVIDENCE) {
        add_vote(checks, tx, effect, 0);
        add_vote(checks, tx, effect, 1);
    }
}

static enum qn_err check_form(const struct qn_rule_view *view, struct qn_tx *tx,
                              struct qn_signed *envelope, struct qn_span tx_bytes)
{
    enum qn_err err = qn_tx_decode(tx, envelope, tx_bytes);

    if (err == QN_ERR_TOO_BIG) {
        return qn_refuse(view, err, "the transaction has %zu bytes, at most %d are possible",
                         tx_bytes.len, QN_TX_LEN_MAX);
    }
    if (err != QN_OK) {
        return qn_refuse(view, err, "not a transaction of this version: %s", qn_err_text(err));
    }
    return QN_OK;
}

static enum qn_err check(const struct qn_rule_view *view, struct qn_tx_checks *checks,
                         struct qn_span tx_bytes)
{
    struct qn_tx tx;
    struct qn_signed envelope;
    struct qn_effect effect;
    enum qn_err err = check_form(view, &tx, &envelope, tx_bytes);

    if (err == QN_OK) {
        err = qn_rule_check(view, &effect, &tx);
    }
    if (err == QN_OK && checks != NULL) {
        list_checks(checks, &tx, &envelope, &effect);
    }
    return err;
}

enum qn_err qn_ledger_check_tx(const struct qn_ledger *ledger, struct qn_tx_checks *checks,
                               char *text, struct qn_span tx_bytes, qn_unix_ms unix_ms)
{
    qn_unix_ms time_min = qn_block_time_min(ledger->tip);
    qn_unix_ms time_ms = unix_ms > time_min ? unix_ms : time_min;
    struct qn_rule_view view = {
        .genesis = ledger->genesis,
        .state = &ledger->tip->state,
        .committee = ledger->tip->committee,
        .height = qn_ledger_height(ledger) + 1,
        .time_ms = time_ms,
        .expires_ms_max = time_ms + QN_TX_LIFETIME_MS_MAX,
        .text = text,
    };

    return check(&view, checks, tx_bytes);
}

enum qn_err qn_ledger_tx_checks(const struct qn_ledger *ledger, struct qn_tx_checks *checks,
                                const struct qn_hash *parent, struct qn_span tx_bytes)
{
    const struct qn_block_state *parent_state = qn_ledger_find_state(ledger, parent);

    if (parent_state == NULL) {
        return QN_ERR_NOT_FOUND;
    }
    /* The block's own time is not known here, only that it is above the parent's: execute judges it. */
    struct qn_rule_view view = {
        .genesis = ledger->genesis,
        .state = &parent_state->state,
        .committee = parent_state->committee,
        .height = parent_state->history.count + 1,
        .time_ms = qn_block_time_min(parent_state),
        .expires_ms_max = UINT64_MAX,
    };
    return check(&view, checks, tx_bytes);
}
