/* Where a node keeps what it knows: a data directory, or memory. */
#ifndef QN_DAEMON_STORE_H
#define QN_DAEMON_STORE_H

#include "cli/config.h"
#include "store/store.h"

/* Opens the configured one; *store is NULL for memory. why (QN_STORE_WHY_SIZE): the reason for people. */
QN_MUST_USE enum qn_err qn_daemon_open_storage(struct qn_store **store, struct qn_storage *storage,
                                               const struct qn_config *config, char *why);
/* Says at start what the choice means. */
void qn_daemon_tell_storage(const struct qn_log *log, const struct qn_store *store,
                            bool is_genesis_node);

#endif
