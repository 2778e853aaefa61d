/* Rules broken on purpose: a build with QN_MUTANT set is one that the harness must catch
 * (CONSENSUS.md, mutation gates). Every ordinary build has it 0, and all of it folds away. */
#ifndef QN_CONSENSUS_MUTANT_H
#define QN_CONSENSUS_MUTANT_H

#define QN_MUTANT_SMALL_QUORUM 1
#define QN_MUTANT_FINALIZE_AFTER_NULLIFY 2
#define QN_MUTANT_NULLIFY_AFTER_FINALIZE 3
#define QN_MUTANT_NO_GAP_CHECK 4
#define QN_MUTANT_NO_MEMBER_CHECK 5
#define QN_MUTANT_SEND_BEFORE_DURABLE 6
#define QN_MUTANT_NO_EXECUTION 7
#define QN_MUTANT_NAIVE_RESTART 8
#define QN_MUTANT_CHILD_OF_EPOCH_END 9

#ifndef QN_MUTANT
#define QN_MUTANT 0
#endif

/* An if over constants, so that both branches are always compiled. */
#define QN_MUTANT_IS(name) (QN_MUTANT == (name))

#endif
