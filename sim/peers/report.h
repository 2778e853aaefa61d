/* What a run found: figures that it counted, and the claims that they bear out or not. */
#ifndef QN_PEERS_REPORT_H
#define QN_PEERS_REPORT_H

#include "base/base.h"

enum {
    QN_PEERS_FIGURES_MAX = 40,
    QN_PEERS_FIGURE_NAME_SIZE = 64,
    QN_PEERS_FAILURE_SIZE = 200,
};

struct qn_peers_figure {
    char name[QN_PEERS_FIGURE_NAME_SIZE];
    const char *unit; /* static */
    uint64_t value;
};

struct qn_peers_report {
    size_t count;
    struct qn_peers_figure figures[QN_PEERS_FIGURES_MAX];
    bool failed;
    char failure[QN_PEERS_FAILURE_SIZE]; /* the first claim that does not hold */
    uint64_t digest; /* of everything that happened: equal runs have equal ones */
};

/* One figure; the text is copied, the unit is not. */
void qn_peers_report_figure(struct qn_peers_report *report, const char *name, uint64_t value,
                            const char *unit);
/* The same of a region: "links in europe". */
void qn_peers_report_of_region(struct qn_peers_report *report, const char *name, unsigned region,
                               uint64_t value, const char *unit);
/* The first that does not hold is kept. */
void qn_peers_report_claim(struct qn_peers_report *report, bool holds, const char *claim);
/* Mixes in what happened. */
void qn_peers_report_note(struct qn_peers_report *report, uint64_t what);

#endif
