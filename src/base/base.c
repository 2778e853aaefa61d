#include "base/base.h"

#include <string.h>

bool qn_span_equal(struct qn_span a, struct qn_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}
