/* The rules of the registry: may this transaction change the state so, and into what?
 *
 * Pure: a check reads the state and says what would become of it; apply makes it so. Signatures are the
 * caller's to verify. One file per group of kinds: rule_register.c, rule_change.c, rule_rotate.c,
 * rule_motion.c, rule_evidence.c.
 *
 * The signatures of a whole block are checked against the state before it, so nothing that a block does may
 * make another transaction of it valid: a node has one transaction a block, as signer or as subject; a batch
 * counts from the next block on; after a change of the committee no transaction that looks at it is taken. */
#ifndef QN_RULES_H
#define QN_RULES_H

#include "ledger/committee.h"
#include "ledger/motion.h"
#include "ledger/state.h"
#include "wire/transaction.h"

/* Where a transaction is judged. */
struct qn_rule_view {
    const struct qn_genesis *genesis;
    const struct qn_state *state;
    const struct qn_committee *committee; /* that votes on the block */
    bool committee_ends;       /* a transaction before this one has changed the next one */
    uint64_t height;           /* of the block that it would be in */
    qn_unix_ms time_ms;        /* of that block: what ends at it or before is over */
    qn_unix_ms expires_ms_max; /* a transaction may not live beyond it */
    char *text;                /* of QN_TEXT_LEN_MAX + 1: why it is refused, for people; or NULL */
};

/* Who leaves the committee at the end of this block, and who comes. */
struct qn_committee_change {
    uint8_t add_count;
    uint8_t remove_count;
    struct qn_node_id add[QN_COMMITTEE_CHANGE_MAX];
    struct qn_node_id remove[QN_COMMITTEE_CHANGE_MAX];
};

/* What a transaction does. */
struct qn_effect {
    /* The entry that it is about, as it will be; of ISSUE and VALIDATORS the signer's, unchanged. */
    struct qn_registry_entry entry;
    bool puts_entry;
    struct qn_public_key signer_key; /* of the envelope */
    bool in_effect;                  /* false: a motion that waits for more approvals */
    bool uses_code;                  /* REGISTER */
    struct qn_hash code_leaf;
    bool has_ticket; /* REGISTER: to be checked */
    struct qn_ticket ticket;
    struct qn_registry_entry successor; /* ROTATE */
    struct qn_public_key vote_key;      /* EVIDENCE: of both votes */
    struct qn_vote votes[QN_TX_VOTES];
    struct qn_hash motion_hash; /* motions */
    struct qn_motion motion;
    struct qn_proposer proposer;
    bool changes_committee;
    struct qn_committee_change change;
};

/* QN_OK and *effect, or the reason and, unless it is NULL, view's text; *effect is then undefined. */
QN_MUST_USE enum qn_err qn_rule_check(const struct qn_rule_view *view, struct qn_effect *effect,
                                      const struct qn_tx *tx);
/* Makes it so in a block of this height; *committee, which holds a reference, becomes another one if the
 * effect changes it. */
void qn_rule_apply(struct qn_state *state, struct qn_committee **committee,
                   const struct qn_effect *effect, const struct qn_tx *tx, uint64_t height);

/* For the files of the rules: the kinds, which find *effect all zero, and what they share. */
QN_MUST_USE enum qn_err qn_rule_register(const struct qn_rule_view *view, struct qn_effect *effect,
                                         const struct qn_tx *tx);
QN_MUST_USE enum qn_err qn_rule_update(const struct qn_rule_view *view, struct qn_effect *effect,
                                       const struct qn_tx *tx);
QN_MUST_USE enum qn_err qn_rule_revoke(const struct qn_rule_view *view, struct qn_effect *effect,
                                       const struct qn_tx *tx);
QN_MUST_USE enum qn_err qn_rule_rotate(const struct qn_rule_view *view, struct qn_effect *effect,
                                       const struct qn_tx *tx);
QN_MUST_USE enum qn_err qn_rule_motion(const struct qn_rule_view *view, struct qn_effect *effect,
                                       const struct qn_tx *tx);
QN_MUST_USE enum qn_err qn_rule_evidence(const struct qn_rule_view *view, struct qn_effect *effect,
                                         const struct qn_tx *tx);
QN_MUST_USE enum qn_err qn_rule_roles(const struct qn_rule_view *view, const struct qn_tx *tx);
QN_MUST_USE enum qn_err qn_rule_validity(const struct qn_rule_view *view, const struct qn_tx *tx);
/* The entry of a node that signs or that something is done to: there, active, and without another transaction
 * in this block. */
QN_MUST_USE enum qn_err qn_rule_entry(const struct qn_rule_view *view,
                                      struct qn_registry_entry *entry, const struct qn_node_id *id);
/* The same of a node that changes its own entry: the sequence follows. */
QN_MUST_USE enum qn_err qn_rule_own_entry(const struct qn_rule_view *view,
                                          struct qn_registry_entry *entry, const struct qn_tx *tx);
/* Members do not expire while they are in the committee. */
QN_MUST_USE enum qn_err qn_rule_not_expired(const struct qn_rule_view *view,
                                            const struct qn_registry_entry *entry);
bool qn_rule_in_committee(const struct qn_rule_view *view, const struct qn_node_id *id);
/* QN_ERR_BUSY if the committee of the next block is not this one's any more. */
QN_MUST_USE enum qn_err qn_rule_committee_stays(const struct qn_rule_view *view);
enum qn_err qn_refuse(const struct qn_rule_view *view, enum qn_err err, const char *format, ...)
    QN_PRINTF(3, 4);

#endif
