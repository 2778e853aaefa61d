/* Keys below 's', for snapshot_store.c and snapshot_install.c only. */
#ifndef QN_SNAPSHOT_KEYS_H
#define QN_SNAPSHOT_KEYS_H

#include "ledger/snapshot.h"
#include "ledger/store_keys.h"

enum {
    QN_STAGING_CHUNK = 'c',
    QN_STAGING_PROVED = 'k',
    QN_STAGING_HEIGHT = 'h',
    QN_STAGING_STEP = 'p',
    QN_STAGING_INSTALL = 'i',
};

/* Of what there is one, or where a walk over all of a kind begins. */
struct qn_store_key qn_staging_key(char what);
struct qn_store_key qn_staging_key_prefix(char what, struct qn_prefix prefix);
/* A height as it lies in storage. */
uint64_t qn_staging_number(const struct qn_buf *value);

#endif
