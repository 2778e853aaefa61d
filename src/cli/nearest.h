/* "Did you mean": the candidate with the smallest edit distance to what was typed. */
#ifndef QN_NEAREST_H
#define QN_NEAREST_H

#include "base/base.h"

struct qn_nearest {
    const char *typed;
    const char *best; /* NULL: nothing is near enough to be worth saying */
    size_t distance;
};

struct qn_nearest qn_nearest_start(const char *typed);
/* The candidate stays the caller's and must outlive the search. */
void qn_nearest_offer(struct qn_nearest *nearest, const char *candidate);

#endif
