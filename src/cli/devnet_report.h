/* What the devnet measured, what it concludes, and how it shows both. All on the main thread. */
#ifndef QN_DEVNET_REPORT_H
#define QN_DEVNET_REPORT_H

#include "cli/devnet.h"

/* ---- devnet_measure.c ---- */

/* Looks for records that have reached everybody since the last call. */
void qn_devnet_measure_announces(struct qn_devnet *devnet);

enum qn_devnet_measure {
    QN_DEVNET_VERIFY,
    QN_DEVNET_HANDSHAKE,
    QN_DEVNET_HANDSHAKE_CPU,
    QN_DEVNET_REGISTER,
    QN_DEVNET_ANNOUNCE,
    QN_DEVNET_MEASURE_COUNT,
};
struct qn_devnet_quantiles {
    size_t count; /* 0: nothing was measured, and the others mean nothing */
    uint32_t p50_us;
    uint32_t p99_us;
};
/* Over the samples of all children. */
struct qn_devnet_quantiles qn_devnet_measured(struct qn_devnet *devnet,
                                              enum qn_devnet_measure measure);
/* "peer verification"; static. */
const char *qn_devnet_measure_label(enum qn_devnet_measure measure);

/* ---- devnet_report.c ---- */

enum { QN_DEVNET_PROBLEMS_MAX = 32, QN_DEVNET_PROBLEM_SIZE = 320 };
struct qn_devnet_verdict {
    size_t problem_count;
    char problems[QN_DEVNET_PROBLEMS_MAX][QN_DEVNET_PROBLEM_SIZE];
    unsigned registered;
    uint64_t height;
    bool has_root;
    struct qn_hash state_root; /* of all, at that height */
};
/* Says what is not as it should be, by what the last polls brought. */
void qn_devnet_judge_now(struct qn_devnet *devnet, struct qn_devnet_verdict *verdict);
/* Polls until all is as it should be, or the time is up, and says what is not. */
void qn_devnet_judge(struct qn_devnet *devnet, struct qn_devnet_verdict *verdict);
void qn_devnet_verdict_add(struct qn_devnet_verdict *verdict, const char *format, ...)
    QN_PRINTF(2, 3);
void qn_devnet_print_json(struct qn_devnet *devnet, const struct qn_devnet_verdict *verdict);
/* The table of measured times, then the addresses of the APIs. */
void qn_devnet_print_measured(struct qn_devnet *devnet);
void qn_devnet_print_apis(const struct qn_devnet *devnet);
void qn_devnet_print_verdict(const struct qn_devnet_verdict *verdict);
/* A progress line with the time since the start; in JSON mode on standard error. */
void qn_devnet_say(const struct qn_devnet *devnet, const char *format, ...) QN_PRINTF(2, 3);

/* ---- devnet_view.c ---- */

/* Is there a terminal that can show the view? */
bool qn_devnet_view_is_possible(void);
void qn_devnet_view_open(void);
void qn_devnet_view_draw(struct qn_devnet *devnet);
/* Gives the terminal back as it was. Harmless if it is not open. */
void qn_devnet_view_close(void);

#endif
