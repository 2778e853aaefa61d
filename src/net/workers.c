#include "net/workers.h"

#include "base/pool.h"
#include "net/clock.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct work_list {
    struct qn_work *first;
    struct qn_work *last;
};

struct qn_workers {
    pthread_mutex_t mutex;     /* guards everything below but the threads */
    pthread_cond_t has_work;   /* signatures and verifications */
    pthread_cond_t has_writes; /* or the end */
    struct work_list waiting[QN_WORK_KIND_COUNT];
    struct work_list finished;
    size_t depth[QN_WORK_KIND_COUNT];
    uint64_t done[QN_WORK_KIND_COUNT];
    enum qn_err persist_err; /* of the first write that failed; none is tried after it */
    bool is_stopping;
    void (*notify)(void *context);
    void *context;
    unsigned thread_count;
    pthread_t threads[QN_WORKER_THREADS_MAX];
    bool has_writer;
    pthread_t writer; /* waits for disks, so that the others need not */
};

enum { GROUP_MAX = 64 }; /* batches in one durable write */

const char *qn_work_kind_name(enum qn_work_kind kind)
{
    static const char *const names[QN_WORK_KIND_COUNT] = {"persist", "sign", "verify"};

    return names[kind];
}

struct qn_work *qn_work_new(enum qn_work_kind kind)
{
    struct qn_work *work = qn_pool_take_zeroed(sizeof *work);

    work->kind = kind;
    return work;
}

void qn_work_free(struct qn_work *work)
{
    if (work->kind == QN_WORK_PERSIST) {
        qn_batch_free(work->persist.batch);
    } else if (work->kind == QN_WORK_VERIFY) {
        free(work->verify);
    }
    qn_pool_give(work, sizeof *work);
}

static void append(struct work_list *list, struct qn_work *work)
{
    work->next = NULL;
    if (list->last == NULL) {
        list->first = work;
    } else {
        list->last->next = work;
    }
    list->last = work;
}

static struct qn_work *remove_first(struct work_list *list)
{
    struct qn_work *work = list->first;

    if (work != NULL) {
        list->first = work->next;
        if (list->first == NULL) {
            list->last = NULL;
        }
        work->next = NULL;
    }
    return work;
}

static void free_list(struct qn_work *work)
{
    while (work != NULL) {
        struct qn_work *next = work->next;
        qn_work_free(work);
        work = next;
    }
}

static void sign(struct qn_work *work)
{
    work->sign.ok = qn_sign(&work->sign.signature, work->sign.key, work->sign.sign_kind,
                            &work->sign.digest) == QN_OK;
}

static void verify(struct qn_verify_job *job)
{
    qn_time_us start = qn_clock_now();

    job->ok = qn_verify_job_holds(job);
    qn_time_us elapsed = qn_clock_now() - start;
    job->elapsed_us = elapsed > UINT32_MAX ? UINT32_MAX : (uint32_t)elapsed;
}

static void perform(struct qn_work *work)
{
    switch (work->kind) {
    case QN_WORK_SIGN:
        sign(work);
        break;
    case QN_WORK_VERIFY:
        verify(work->verify);
        break;
    case QN_WORK_PERSIST: /* the writer's */
    case QN_WORK_KIND_COUNT:
        break;
    }
}

/* With the mutex held. NULL: nothing that may begin now. */
static struct qn_work *choose(struct qn_workers *workers)
{
    if (workers->is_stopping) {
        return NULL;
    }
    struct qn_work *work = remove_first(&workers->waiting[QN_WORK_SIGN]);
    return work != NULL ? work : remove_first(&workers->waiting[QN_WORK_VERIFY]);
}

/* With the mutex held. */
static void finish(struct qn_workers *workers, struct qn_work *work)
{
    enum qn_work_kind kind = work->kind;

    workers->depth[kind] -= 1;
    workers->done[kind] += 1;
    append(&workers->finished, work);
}

static void *run(void *argument)
{
    struct qn_workers *workers = argument;

    (void)pthread_mutex_lock(&workers->mutex);
    for (;;) {
        struct qn_work *work = choose(workers);
        if (work == NULL && workers->is_stopping) {
            break;
        }
        if (work == NULL) {
            (void)pthread_cond_wait(&workers->has_work, &workers->mutex);
            continue;
        }
        (void)pthread_mutex_unlock(&workers->mutex);
        perform(work);
        (void)pthread_mutex_lock(&workers->mutex);
        finish(workers, work);
        if (!workers->is_stopping) {
            workers->notify(workers->context);
        }
    }
    (void)pthread_mutex_unlock(&workers->mutex);
    qn_crypto_thread_fini();
    return NULL;
}

/* ---- writes ---- */

/* With the mutex held: the writes that are next in line, as many as the storage takes at once. */
static size_t take_writes(struct qn_workers *workers, struct qn_work *works[GROUP_MAX])
{
    struct work_list *waiting = &workers->waiting[QN_WORK_PERSIST];
    size_t count = 0;

    while (waiting->first != NULL && count < GROUP_MAX) {
        const struct qn_storage *storage = waiting->first->persist.storage;
        if (count > 0 && (storage != works[0]->persist.storage || storage->apply_many == NULL)) {
            break;
        }
        works[count] = remove_first(waiting);
        count += 1;
    }
    return count;
}

static enum qn_err write_all(struct qn_work *const works[GROUP_MAX], size_t count)
{
    const struct qn_batch *batches[GROUP_MAX];
    struct qn_storage *storage = works[0]->persist.storage;

    for (size_t i = 0; i < count; i++) {
        batches[i] = works[i]->persist.batch;
    }
    return count == 1 ? storage->apply(storage->context, batches[0])
                      : storage->apply_many(storage->context, batches, count);
}

static void *run_writer(void *argument)
{
    struct qn_workers *workers = argument;
    struct qn_work *works[GROUP_MAX];

    (void)pthread_mutex_lock(&workers->mutex);
    for (;;) {
        size_t count = take_writes(workers, works);
        if (count == 0 && workers->is_stopping) {
            break;
        }
        if (count == 0) {
            (void)pthread_cond_wait(&workers->has_writes, &workers->mutex);
            continue;
        }
        if (workers->persist_err == QN_OK) {
            (void)pthread_mutex_unlock(&workers->mutex);
            enum qn_err err = write_all(works, count);
            (void)pthread_mutex_lock(&workers->mutex);
            workers->persist_err = err;
        }
        for (size_t i = 0; i < count; i++) {
            works[i]->persist.err = workers->persist_err;
            finish(workers, works[i]);
        }
        if (!workers->is_stopping) {
            workers->notify(workers->context);
        }
    }
    (void)pthread_mutex_unlock(&workers->mutex);
    qn_crypto_thread_fini();
    return NULL;
}

static unsigned default_threads(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    if (processors < QN_WORKER_THREADS_MIN) {
        return QN_WORKER_THREADS_MIN;
    }
    return processors > QN_WORKER_THREADS_MAX ? QN_WORKER_THREADS_MAX : (unsigned)processors;
}

/* Signals belong to the program's main thread. */
static void start_threads(struct qn_workers *workers, unsigned count)
{
    sigset_t all;
    sigset_t before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    while (workers->thread_count < count &&
           pthread_create(&workers->threads[workers->thread_count], NULL, run, workers) == 0) {
        workers->thread_count += 1;
    }
    workers->has_writer = pthread_create(&workers->writer, NULL, run_writer, workers) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct qn_workers *qn_workers_new(unsigned threads, void (*notify)(void *context), void *context)
{
    struct qn_workers *workers = calloc(1, sizeof *workers);

    QN_ASSERT(workers != NULL && threads <= QN_WORKER_THREADS_MAX);
    workers->notify = notify;
    workers->context = context;
    QN_ASSERT(pthread_mutex_init(&workers->mutex, NULL) == 0);
    QN_ASSERT(pthread_cond_init(&workers->has_work, NULL) == 0);
    QN_ASSERT(pthread_cond_init(&workers->has_writes, NULL) == 0);
    start_threads(workers, threads != 0 ? threads : default_threads());
    if (workers->thread_count == 0 || !workers->has_writer) {
        qn_workers_free(workers);
        return NULL;
    }
    return workers;
}

void qn_workers_put(struct qn_workers *workers, struct qn_work *work)
{
    (void)pthread_mutex_lock(&workers->mutex);
    workers->depth[work->kind] += 1;
    append(&workers->waiting[work->kind], work);
    (void)pthread_cond_signal(work->kind == QN_WORK_PERSIST ? &workers->has_writes
                                                            : &workers->has_work);
    (void)pthread_mutex_unlock(&workers->mutex);
}

struct qn_work *qn_workers_take(struct qn_workers *workers)
{
    (void)pthread_mutex_lock(&workers->mutex);
    struct qn_work *work = workers->finished.first;
    workers->finished = (struct work_list){0};
    (void)pthread_mutex_unlock(&workers->mutex);
    return work;
}

size_t qn_workers_depth(struct qn_workers *workers, enum qn_work_kind kind)
{
    (void)pthread_mutex_lock(&workers->mutex);
    size_t depth = workers->depth[kind];
    (void)pthread_mutex_unlock(&workers->mutex);
    return depth;
}

uint64_t qn_workers_done(struct qn_workers *workers, enum qn_work_kind kind)
{
    (void)pthread_mutex_lock(&workers->mutex);
    uint64_t done = workers->done[kind];
    (void)pthread_mutex_unlock(&workers->mutex);
    return done;
}

void qn_workers_free(struct qn_workers *workers)
{
    if (workers == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&workers->mutex);
    workers->is_stopping = true;
    (void)pthread_cond_broadcast(&workers->has_work);
    (void)pthread_cond_broadcast(&workers->has_writes);
    (void)pthread_mutex_unlock(&workers->mutex);
    for (unsigned i = 0; i < workers->thread_count; i++) {
        (void)pthread_join(workers->threads[i], NULL);
    }
    if (workers->has_writer) {
        (void)pthread_join(workers->writer, NULL);
    }
    for (size_t i = 0; i < QN_WORK_KIND_COUNT; i++) {
        free_list(workers->waiting[i].first);
    }
    free_list(workers->finished.first);
    (void)pthread_cond_destroy(&workers->has_work);
    (void)pthread_cond_destroy(&workers->has_writes);
    (void)pthread_mutex_destroy(&workers->mutex);
    free(workers);
}
