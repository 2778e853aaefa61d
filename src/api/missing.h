/* What a node lacks before it is ready. */
#ifndef QN_API_MISSING_H
#define QN_API_MISSING_H

#include "api/call.h"
#include "api/json.h"

struct qn_api_missing {
    size_t count; /* 0: ready */
    struct qn_ready_line lines[QN_READY_LINES_MAX];
};

/* Loop thread. */
void qn_api_missing_read(struct qn_api_missing *missing, const struct qn_api_host *host,
                         const struct qn_node *node);
/* [{"name", "text"}] */
json_t *qn_api_missing_json(const struct qn_api_missing *missing);

#endif
