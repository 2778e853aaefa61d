/* A small ledger with a history, the same in every run, and the seeds of the fuzz targets that use it. */
#ifndef QN_SMALL_LEDGER_H
#define QN_SMALL_LEDGER_H

#include "ledger/testing/chain.h"

/* Four genesis nodes and codes 0 to 3; the kit's node 1000 registered with code 0, node 1001 with code 1
 * and revoked since; codes 2 and 3 are unused. Height 3. */
void qn_small_ledger_init(struct qn_chain *chain);

/* Hands each seed of each target to write: target and name are a folder and a file of fuzz/corpus/. */
typedef void (*qn_seed_write)(const char *target, const char *name, struct qn_span bytes);
void qn_small_ledger_seeds(qn_seed_write write);

#endif
