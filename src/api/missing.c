#include "api/missing.h"

void qn_api_missing_read(struct qn_api_missing *missing, const struct qn_api_host *host,
                         const struct qn_node *node)
{
    missing->count = qn_node_missing(node, missing->lines, host->now(), host->unix_ms());
    QN_ASSERT(missing->count <= QN_READY_LINES_MAX);
}

json_t *qn_api_missing_json(const struct qn_api_missing *missing)
{
    json_t *array = json_array();
    for (size_t i = 0; i < missing->count; i++) {
        json_t *line = json_object();
        qn_json_set_text(line, "name", missing->lines[i].name);
        qn_json_set_text(line, "text", missing->lines[i].text);
        qn_json_append(array, line);
    }
    return array;
}
