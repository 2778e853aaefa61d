/* How far a long work is: a bar on a terminal, a line for each phase otherwise, on standard error. */
#ifndef QN_PROGRESS_H
#define QN_PROGRESS_H

#include "cli/cli.h"

struct qn_progress {
    bool is_quiet; /* -o json */
    bool is_terminal;
    char phase[32];
    unsigned per_cent; /* that is shown */
};
void qn_progress_init(struct qn_progress *progress, const struct qn_cli *cli);
/* done of all (0: not known) in this phase. */
void qn_progress_tell(struct qn_progress *progress, const char *phase, uint64_t done, uint64_t all);
/* For a search that may end at any time: done tries so far, of this many on average. */
void qn_progress_count(struct qn_progress *progress, const char *phase, uint64_t done,
                       uint64_t average);
/* Leaves no bar behind. */
void qn_progress_end(struct qn_progress *progress);

#endif
