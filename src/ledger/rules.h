/* The rules of the registry: may this transaction change the state so, and into what?
 *
 * Pure: a check reads the state and says what would become of the entry; apply makes it so. Signatures are
 * the caller's to verify. One file per group of kinds: rule_register.c, rule_change.c. */
#ifndef QN_RULES_H
#define QN_RULES_H

#include "ledger/state.h"
#include "wire/transaction.h"

/* Where a transaction is judged. */
struct qn_rule_view {
    const struct qn_genesis *genesis;
    const struct qn_state *state;
    uint64_t height;           /* of the block that it would be in */
    qn_unix_ms time_ms;        /* of that block: what ends at it or before is over */
    qn_unix_ms expires_ms_max; /* a transaction may not live beyond it */
    char *text;                /* of QN_TEXT_LEN_MAX + 1: why it is refused, for people; or NULL */
};

/* What a transaction does. */
struct qn_effect {
    struct qn_registry_entry entry; /* as it will be */
    bool uses_code;
    struct qn_hash code_leaf;
};

/* QN_OK and *effect, or the reason and, unless it is NULL, view's text; *effect is then undefined.
 *
 * A node has one transaction a block at most: the signatures of a whole block can then be checked against
 * the state before it. */
QN_MUST_USE enum qn_err qn_rule_check(const struct qn_rule_view *view, struct qn_effect *effect,
                                      const struct qn_tx *tx);
void qn_rule_apply(struct qn_state *state, const struct qn_effect *effect, enum qn_tx_kind kind);

/* For the files of the rules: the kinds, and a refusal with its text (returns err). */
QN_MUST_USE enum qn_err qn_rule_register(const struct qn_rule_view *view, struct qn_effect *effect,
                                         const struct qn_tx *tx);
QN_MUST_USE enum qn_err qn_rule_update(const struct qn_rule_view *view, struct qn_effect *effect,
                                       const struct qn_tx *tx);
QN_MUST_USE enum qn_err qn_rule_revoke(const struct qn_rule_view *view, struct qn_effect *effect,
                                       const struct qn_tx *tx);
QN_MUST_USE enum qn_err qn_rule_roles(const struct qn_rule_view *view, const struct qn_tx *tx);
QN_MUST_USE enum qn_err qn_rule_validity(const struct qn_rule_view *view, const struct qn_tx *tx);
enum qn_err qn_refuse(const struct qn_rule_view *view, enum qn_err err, const char *format, ...)
    QN_PRINTF(3, 4);

#endif
