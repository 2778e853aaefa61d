#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BAR_WIDTH = 30, LINE_LEN_MAX = 79 };

void qn_progress_init(struct qn_progress *progress, const struct qn_cli *cli)
{
    *progress = (struct qn_progress){.is_quiet = cli->arguments.json,
                                     .is_terminal = isatty(STDERR_FILENO) == 1,
                                     .per_cent = 101};
}

static void draw(const struct qn_progress *progress)
{
    char bar[BAR_WIDTH + 1];
    size_t filled = (size_t)progress->per_cent * BAR_WIDTH / 100;
    memset(bar, ' ', BAR_WIDTH);
    memset(bar, '#', filled);
    bar[BAR_WIDTH] = '\0';
    (void)fprintf(stderr, "\r%-14s [%s] %3u %%", progress->phase, bar, progress->per_cent);
    (void)fflush(stderr);
}

void qn_progress_tell(struct qn_progress *progress, const char *phase, uint64_t done, uint64_t all)
{
    bool is_new = strcmp(phase, progress->phase) != 0;
    unsigned per_cent = all == 0 || done >= all ? 100 : (unsigned)(done * 100 / all);
    if (progress->is_quiet || (!is_new && per_cent == progress->per_cent)) {
        return;
    }
    (void)snprintf(progress->phase, sizeof progress->phase, "%s", phase);
    progress->per_cent = per_cent;
    if (progress->is_terminal) {
        draw(progress);
    } else if (is_new) {
        (void)fprintf(stderr, "reading %s\n", phase);
    }
}

void qn_progress_count(struct qn_progress *progress, const char *phase, uint64_t done,
                       uint64_t average)
{
    bool is_new = strcmp(phase, progress->phase) != 0;
    if (progress->is_quiet || (!is_new && !progress->is_terminal)) {
        return;
    }
    (void)snprintf(progress->phase, sizeof progress->phase, "%s", phase);
    if (progress->is_terminal) {
        (void)fprintf(stderr, "\r%s: %8" PRIu64 " tries, %" PRIu64 " on average", phase, done,
                      average);
        (void)fflush(stderr);
    } else {
        (void)fprintf(stderr, "looking for a %s: %" PRIu64 " tries on average\n", phase, average);
    }
}

void qn_progress_end(struct qn_progress *progress)
{
    if (!progress->is_quiet && progress->is_terminal && progress->phase[0] != '\0') {
        (void)fprintf(stderr, "\r%*s\r", LINE_LEN_MAX, "");
    }
    progress->phase[0] = '\0';
}
