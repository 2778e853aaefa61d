/* What goes wrong, as RFC 9457 problem JSON. */
#ifndef QN_API_PROBLEM_H
#define QN_API_PROBLEM_H

#include "base/base.h"
#include "base/limits.h"

struct qn_api_problem {
    unsigned status;  /* HTTP; 0: no problem */
    const char *code; /* for programs; static */
    char detail[QN_TEXT_LEN_MAX + 1];
};

/* Sets all three; detail is cut at its limit. */
void qn_api_problem_set(struct qn_api_problem *problem, unsigned status, const char *code,
                        const char *format, ...) QN_PRINTF(4, 5);

#endif
