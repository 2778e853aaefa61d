#include "sim/campaign.h"

#include "crypto/key.h"
#include "sim/identity.h"
#include "sim/progress.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS_MAX = 64, POLL_MS = 250 };

struct report {
    uint64_t seed;
    struct qn_sim_result result;
    struct qn_sim_coverage coverage;
};

struct worker {
    pid_t pid;
    int pipe; /* -1: done */
};

static uint64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool write_whole(int fd, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    while (len > 0) {
        ssize_t written = write(fd, at, len);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        at += written;
        len -= (size_t)written;
    }
    return true;
}

/* True: a whole report; false: the worker has ended. */
static bool read_whole(int fd, void *bytes, size_t len)
{
    uint8_t *at = bytes;

    while (len > 0) {
        ssize_t got = read(fd, at, len);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        at += got;
        len -= (size_t)got;
    }
    return true;
}

/* A mutant is to be caught by an invariant: that progress ends is not enough. */
static bool counts(const struct qn_sim_options *options, const struct qn_sim_result *result)
{
    return !result->ok && !(options->gate && strncmp(result->failure, "progress", 8) == 0);
}

/* Every jobs-th seed from its first on, until the parent closes the pipe. */
static void work(const struct qn_sim_options *options, unsigned number, int fd)
{
    struct report report;

    for (uint64_t seed = options->first_seed + number; seed <= options->last_seed;
         seed += options->jobs) {
        report = (struct report){.seed = seed};
        qn_sim_run(&report.result, &report.coverage, seed, options->nodes, NULL);
        if (!write_whole(fd, &report, sizeof report) || counts(options, &report.result)) {
            break;
        }
    }
    qn_sim_keys_fini();
    qn_crypto_fini();
}

static bool spawn(struct worker *worker, const struct qn_sim_options *options, unsigned number,
                  const struct worker *others)
{
    int ends[2];

    if (pipe(ends) != 0) {
        return false;
    }
    (void)fflush(NULL);
    worker->pid = fork();
    if (worker->pid < 0) {
        (void)close(ends[0]);
        (void)close(ends[1]);
        return false;
    }
    if (worker->pid == 0) {
        (void)signal(SIGPIPE, SIG_IGN);
        (void)close(ends[0]);
        for (unsigned i = 0; i < number; i++) {
            (void)close(others[i].pipe);
        }
        work(options, number, ends[1]);
        _exit(0);
    }
    (void)close(ends[1]);
    worker->pipe = ends[0];
    return true;
}

static void note(struct qn_sim_campaign *campaign, const struct qn_sim_options *options,
                 const struct report *report)
{
    campaign->runs += 1;
    campaign->blocks += report->result.blocks;
    campaign->steps += report->result.steps;
    campaign->last_seed = report->seed > campaign->last_seed ? report->seed : campaign->last_seed;
    qn_sim_coverage_add(&campaign->coverage, &report->coverage);
    if (options->hashes) {
        (void)printf("%llu %016llx\n", (unsigned long long)report->seed,
                     (unsigned long long)report->result.trace);
    }
    if (counts(options, &report->result) &&
        (!campaign->failed || report->seed < campaign->failed_seed)) {
        campaign->failed = true;
        campaign->failed_seed = report->seed;
        campaign->failure = report->result;
    }
}

/* A worker that dies without a word has broken an assertion: that is a failure of its run. */
static void reap(struct qn_sim_campaign *campaign, const struct qn_sim_options *options,
                 struct worker *worker, unsigned number, uint64_t runs)
{
    int status = 0;

    (void)close(worker->pipe);
    worker->pipe = -1;
    while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return;
    }
    campaign->failed = true;
    campaign->failed_seed = options->first_seed + number + runs * options->jobs;
    campaign->failure = (struct qn_sim_result){0};
    (void)snprintf(campaign->failure.failure, sizeof campaign->failure.failure,
                   "no_assertion_breaks: the run ended with %s %d",
                   WIFSIGNALED(status) ? "signal" : "exit status",
                   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static unsigned wait_for_reports(struct worker *workers, struct pollfd *waiting, unsigned jobs)
{
    unsigned live = 0;

    for (unsigned i = 0; i < jobs; i++) {
        waiting[i] = (struct pollfd){.fd = workers[i].pipe, .events = POLLIN};
        live += workers[i].pipe >= 0;
    }
    if (live > 0) {
        (void)poll(waiting, jobs, POLL_MS);
    }
    return live;
}

static void stop(struct worker *workers, unsigned jobs)
{
    for (unsigned i = 0; i < jobs; i++) {
        if (workers[i].pipe >= 0) {
            (void)kill(workers[i].pid, SIGKILL);
            (void)close(workers[i].pipe);
            while (waitpid(workers[i].pid, NULL, 0) < 0 && errno == EINTR) {
            }
        }
    }
}

bool qn_sim_campaign_run(struct qn_sim_campaign *campaign, const struct qn_sim_options *options)
{
    struct worker workers[WORKERS_MAX];
    struct pollfd waiting[WORKERS_MAX];
    uint64_t runs[WORKERS_MAX] = {0};
    struct qn_sim_progress progress;
    uint64_t start = now_ms();
    uint64_t end = options->minutes > 0 ? start + options->minutes * 60000ULL : UINT64_MAX;

    *campaign = (struct qn_sim_campaign){0};
    for (unsigned i = 0; i < options->jobs; i++) {
        if (!spawn(&workers[i], options, i, workers)) {
            stop(workers, i);
            return false;
        }
    }
    qn_sim_progress_init(&progress);
    while (!campaign->failed && now_ms() < end &&
           wait_for_reports(workers, waiting, options->jobs) > 0) {
        for (unsigned i = 0; i < options->jobs && !campaign->failed; i++) {
            struct report report;
            if (workers[i].pipe < 0 || waiting[i].revents == 0) {
                continue;
            }
            if (read_whole(workers[i].pipe, &report, sizeof report)) {
                runs[i] += 1;
                note(campaign, options, &report);
            } else {
                reap(campaign, options, &workers[i], i, runs[i]);
            }
        }
        campaign->elapsed_ms = now_ms() - start;
        qn_sim_progress_show(&progress, campaign);
    }
    campaign->elapsed_ms = now_ms() - start;
    stop(workers, options->jobs);
    qn_sim_progress_end(&progress);
    return true;
}
