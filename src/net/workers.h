/* The worker pool: signing, verifying and durable writes, off the loop's thread.
 *
 * put and take belong to the loop's thread; the notify callback comes from a worker. Writes have
 * a thread of their own and are done in the order they came, those that wait in one go if the storage can
 * (apply_many); the other threads prefer signatures to verifications. After a write that
 * failed all later ones fail with its error, untried: storage never has a gap. */
#ifndef QN_WORKERS_H
#define QN_WORKERS_H

#include "crypto/key.h"
#include "ledger/storage.h"
#include "node/event.h"

enum { QN_WORKER_THREADS_MIN = 1, QN_WORKER_THREADS_MAX = 8 };

enum qn_work_kind { QN_WORK_PERSIST, QN_WORK_SIGN, QN_WORK_VERIFY, QN_WORK_KIND_COUNT };
/* "persist", "sign", "verify"; static. */
const char *qn_work_kind_name(enum qn_work_kind kind);

/* Heap; owned by the pool from put to take. */
struct qn_work {
    struct qn_work *next;
    enum qn_work_kind kind;
    union {
        struct {
            uint64_t cookie;
            struct qn_batch *batch;
            struct qn_storage *storage;
            enum qn_err err;
        } persist;
        struct {
            uint64_t cookie;
            const struct qn_key *key;
            enum qn_sign_kind sign_kind;
            struct qn_hash digest;
            struct qn_signature signature;
            bool ok;
        } sign;
        struct qn_verify_job *verify;
    };
};
/* Zeroed. */
struct qn_work *qn_work_new(enum qn_work_kind kind);
/* With what it holds. */
void qn_work_free(struct qn_work *work);

struct qn_workers;
/* threads 0: as many as there are processors, within the bounds. NULL: no thread could be started. */
struct qn_workers *qn_workers_new(unsigned threads, void (*notify)(void *context), void *context);
void qn_workers_put(struct qn_workers *workers, struct qn_work *work);
/* All that is done, in the order it was finished, as a list; NULL: nothing. The caller frees it. */
struct qn_work *qn_workers_take(struct qn_workers *workers);
/* Put but not finished, of this kind. */
size_t qn_workers_depth(struct qn_workers *workers, enum qn_work_kind kind);
/* Done since the start. */
uint64_t qn_workers_done(struct qn_workers *workers, enum qn_work_kind kind);
/* Finishes the writes that were put (they were promised to be durable), drops what else waits, waits
 * for what runs. NULL is allowed. */
void qn_workers_free(struct qn_workers *workers);

#endif
