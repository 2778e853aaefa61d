#include "ledger/activation.h"
#include "ledger/rules.h"

#include <inttypes.h>
#include <string.h>

static enum qn_err check_identity(const struct qn_rule_view *view, const struct qn_tx *tx)
{
    struct qn_registry_entry entry;
    char id[QN_SHORT_ID_TEXT_SIZE];

    qn_node_id_short(id, &tx->id);
    if (qn_state_entry(view->state, &entry, &tx->id) != QN_OK) {
        return QN_OK;
    }
    if (entry.status == QN_ENTRY_REVOKED) {
        return qn_refuse(view, QN_ERR_REVOKED,
                         "node %s was revoked at height %" PRIu64 " and cannot register again", id,
                         entry.changed_height);
    }
    if (entry.status == QN_ENTRY_ROTATED) {
        return qn_refuse(view, QN_ERR_REVOKED,
                         "node %s got another key at height %" PRIu64 " and cannot register again",
                         id, entry.changed_height);
    }
    return qn_refuse(view, QN_ERR_ALREADY_REGISTERED,
                     "node %s is already registered, as number %" PRIu64 " since height %" PRIu64,
                     id, entry.index, entry.registered_height);
}

/* One of genesis, or one that the committee issued before this block. */
static bool find_batch(const struct qn_rule_view *view, struct qn_activation_batch *batch,
                       const struct qn_hash *root)
{
    const struct qn_genesis_parameters *parameters = &view->genesis->parameters;
    uint64_t height = 0;

    for (size_t i = 0; i < parameters->batch_count; i++) {
        if (qn_hash_equal(&parameters->batches[i].root, root)) {
            *batch = parameters->batches[i];
            return true;
        }
    }
    return qn_state_batch(view->state, batch, &height, root) == QN_OK && height < view->height;
}

/* The code is one of the batch, whose first hex digits are name. */
static enum qn_err check_membership(const struct qn_rule_view *view,
                                    const struct qn_activation_batch *batch, const char *name,
                                    const struct qn_activation *activation,
                                    const struct qn_hash *leaf)
{
    if (activation->index >= batch->count) {
        return qn_refuse(view, QN_ERR_CODE_UNKNOWN,
                         "the activation code #%" PRIu32 " is not among the %" PRIu32
                         " codes of batch %s",
                         activation->index, batch->count, name);
    }
    if (!qn_activation_path_holds(batch, leaf, activation->index, activation->path,
                                  activation->path_count)) {
        return qn_refuse(view, QN_ERR_CODE_UNKNOWN,
                         "the activation code is not #%" PRIu32
                         " of batch %s: its path does not lead to the batch's root",
                         activation->index, name);
    }
    return QN_OK;
}

static enum qn_err check_unused(const struct qn_rule_view *view, const char *name,
                                const struct qn_activation *activation, const struct qn_hash *leaf)
{
    struct qn_code_use use;
    char user[QN_SHORT_ID_TEXT_SIZE];

    if (qn_state_code_use(view->state, &use, leaf) != QN_OK) {
        return QN_OK;
    }
    return qn_refuse(view, QN_ERR_CODE_USED,
                     "the activation code #%" PRIu32 " of batch %s was used at height %" PRIu64
                     " by node %s",
                     activation->index, name, use.height, qn_node_id_short(user, &use.id));
}

/* An activation that is there must hold, whatever the policy: a code is never taken in vain. */
static enum qn_err check_code(const struct qn_rule_view *view, struct qn_effect *effect,
                              const struct qn_activation *activation)
{
    struct qn_activation_batch batch;
    char name[QN_ID_TEXT_SIZE];

    qn_hex_encode(name, activation->batch_root.bytes, QN_HASH_LEN);
    name[QN_SHORT_ID_TEXT_SIZE - 1] = '\0';
    if (!find_batch(view, &batch, &activation->batch_root)) {
        return qn_refuse(view, QN_ERR_CODE_UNKNOWN,
                         "the activation code #%" PRIu32 " is of batch %s, which this network has "
                         "not issued",
                         activation->index, name);
    }
    if (batch.expires_ms <= view->time_ms) {
        return qn_refuse(view, QN_ERR_CODE_EXPIRED,
                         "the activation codes of batch %s expired at %" PRIu64 " ms, %" PRIu64
                         " ms before the time of the block",
                         name, batch.expires_ms, view->time_ms - batch.expires_ms);
    }
    effect->uses_code = true;
    effect->code_leaf = qn_activation_leaf(&activation->code_key);
    effect->entry.code_class = batch.class;
    enum qn_err err = check_membership(view, &batch, name, activation, &effect->code_leaf);
    return err == QN_OK ? check_unused(view, name, activation, &effect->code_leaf) : err;
}

/* Whether the ticket holds is for the workers to find out. */
static enum qn_err check_ticket(const struct qn_rule_view *view, struct qn_effect *effect,
                                const struct qn_tx *tx)
{
    const struct qn_work_cost *cost = &view->genesis->parameters.work;
    bool is_asked = view->genesis->parameters.policy == QN_POLICY_WORK;

    if (tx->has_work && !is_asked) {
        return qn_refuse(view, QN_ERR_INVALID,
                         "a ticket of work is given, and this network asks for none");
    }
    if (!tx->has_work && is_asked) {
        return qn_refuse(view, QN_ERR_WORK_REQUIRED,
                         "this network registers nodes only with a ticket of work (%u bits over "
                         "%" PRIu32 " KiB), and none is given",
                         (unsigned)cost->bits, cost->memory_kib);
    }
    effect->has_ticket = tx->has_work;
    if (tx->has_work) {
        effect->ticket = qn_tx_ticket(tx, cost->bits, cost->memory_kib);
    }
    return QN_OK;
}

static enum qn_err check_activation(const struct qn_rule_view *view, struct qn_effect *effect,
                                    const struct qn_tx *tx)
{
    enum qn_err err = check_ticket(view, effect, tx);

    if (err != QN_OK) {
        return err;
    }
    if (tx->has_activation) {
        return check_code(view, effect, &tx->activation);
    }
    if (view->genesis->parameters.policy != QN_POLICY_CODES) {
        return QN_OK;
    }
    return qn_refuse(
        view, QN_ERR_CODE_REQUIRED,
        "this network registers nodes only with an activation code, and none is given");
}

static enum qn_err check_capacity(const struct qn_rule_view *view)
{
    if (view->state->counters.next_index < QN_REGISTRY_ENTRIES_MAX) {
        return QN_OK;
    }
    return qn_refuse(view, QN_ERR_FULL, "the registry is full: it holds %" PRIu64 " nodes",
                     view->state->counters.next_index);
}

static enum qn_err check_suite(const struct qn_rule_view *view, const struct qn_tx *tx)
{
    const struct qn_suite *suite = qn_suite_find(tx->key.suite);

    if (suite != NULL && suite->tls_sigalg != NULL) {
        return QN_OK;
    }
    return qn_refuse(view, QN_ERR_UNKNOWN_SUITE, "suite %u is none that a node may have",
                     (unsigned)tx->key.suite);
}

enum qn_err qn_rule_register(const struct qn_rule_view *view, struct qn_effect *effect,
                             const struct qn_tx *tx)
{
    struct qn_hash key_hash;

    /* A node's id is the hash of its key, and decoding made the id of it. */
    memcpy(key_hash.bytes, tx->id.bytes, sizeof key_hash.bytes);
    effect->signer_key = tx->key;
    effect->puts_entry = true;
    effect->entry = (struct qn_registry_entry){
        .index = view->state->counters.next_index,
        .id = tx->id,
        .suite = tx->key.suite,
        .key_hash = key_hash,
        .region = tx->region,
        .roles = tx->roles,
        .has_endpoint = tx->has_endpoint,
        .endpoint = tx->endpoint,
        .announce_tip = tx->announce_tip,
        .valid_until_ms = tx->valid_until_ms,
        .status = QN_ENTRY_ACTIVE,
        .sequence = 1,
        .registered_height = view->height,
        .changed_height = view->height,
        .key = tx->key,
    };
    enum qn_err err = check_identity(view, tx);
    if (err == QN_OK) {
        err = check_suite(view, tx);
    }
    if (err == QN_OK) {
        err = qn_rule_roles(view, tx);
    }
    if (err == QN_OK) {
        err = qn_rule_validity(view, tx);
    }
    if (err == QN_OK) {
        err = check_activation(view, effect, tx);
    }
    return err == QN_OK ? check_capacity(view) : err;
}
