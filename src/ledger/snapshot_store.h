/* A snapshot in storage: chunks as they come, and the way from them to a ledger.
 *
 *   's' 'c' depth bits   a verified CHUNK, encoded (depth one byte, bits four, big-endian)
 *   's' 'k' depth bits   8 bytes: height of the checkpoint that it was last proved against
 *   's' 'h'              8 bytes: height of the checkpoint that is being fetched
 *   's' 'p' epoch        EPOCHS with one step, encoded: the end of that epoch; stays, to be served
 *   's' 'i'              MANIFEST, encoded: its chunks are being put into the ledger's place
 *
 * The install is a sequence of bounded batches. Once the first one ('s' 'i') is durable the old ledger is
 * given up; the last one makes the new head and takes 's' 'i' away. Whoever finds it begins again. */
#ifndef QN_SNAPSHOT_STORE_H
#define QN_SNAPSHOT_STORE_H

#include "ledger/snapshot.h"
#include "ledger/storage.h"

/* ---- while it is fetched ---- */

void qn_staging_put_height(struct qn_batch *batch, uint64_t height);
/* 0: nothing was being fetched. */
QN_MUST_USE enum qn_err qn_staging_height(const struct qn_storage *storage, uint64_t *height);
/* bytes NULL: the chunk that is there was proved against this checkpoint too. */
void qn_staging_put_chunk(struct qn_batch *batch, struct qn_prefix prefix, uint64_t height,
                          struct qn_buf *bytes);
/* One reference, the caller's, and the checkpoint that it was last proved against. QN_ERR_NOT_FOUND. */
QN_MUST_USE enum qn_err qn_staging_chunk(const struct qn_storage *storage, struct qn_buf **bytes,
                                         uint64_t *height, struct qn_prefix prefix);
void qn_staging_put_step(struct qn_batch *batch, uint64_t epoch, struct qn_buf *bytes);
QN_MUST_USE enum qn_err qn_staging_step(const struct qn_storage *storage, struct qn_buf **bytes,
                                        uint64_t epoch);

/* ---- installing ---- */

struct qn_install;
/* All chunks of this MANIFEST (encoded, verified) are staged. Keeps a reference; storage outlives it. */
struct qn_install *qn_install_new(const struct qn_storage *storage, struct qn_buf *manifest);
void qn_install_free(struct qn_install *install);
enum qn_install_step {
    QN_INSTALL_BATCH, /* *batch is to be durable before the next call */
    QN_INSTALL_HEAD,  /* the same, and with it the ledger's head is the checkpoint */
    QN_INSTALL_DONE,  /* nothing is left, of the staged chunks neither */
};
/* batch: the caller's to free. Errors are storage's, or QN_ERR_MALFORMED: what is staged is no snapshot. */
QN_MUST_USE enum qn_err qn_install_next(struct qn_install *install, enum qn_install_step *step,
                                        struct qn_batch **batch);

/* Ends an install that was interrupted, if there is one. Before a ledger is made of this storage; writes
 * by itself. */
QN_MUST_USE enum qn_err qn_install_recover(const struct qn_storage *storage);
/* Is one interrupted? Then there is no ledger to be made. */
QN_MUST_USE enum qn_err qn_install_pending(const struct qn_storage *storage, bool *pending);

#endif
