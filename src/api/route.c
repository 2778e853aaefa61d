#include "api/route.h"

#include "api/resources.h"

#include <stdio.h>
#include <string.h>

static const struct qn_api_route routes[] = {
    {QN_API_GET, "/v1/status", QN_API_QUERY_NONE, &qn_api_status, false},
    {QN_API_GET, "/v1/timings", QN_API_QUERY_NONE, &qn_api_timings, false},
    {QN_API_GET, "/v1/peers", QN_API_QUERY_NONE, &qn_api_peers, false},
    {QN_API_GET, "/v1/peers/limits", QN_API_QUERY_NONE, &qn_api_peer_limits, false},
    {QN_API_GET, "/v1/bans", QN_API_QUERY_NONE, &qn_api_bans, true},
    {QN_API_POST, "/v1/bans", QN_API_QUERY_NONE, &qn_api_ban, true},
    {QN_API_DELETE, "/v1/bans", QN_API_QUERY_TARGET, &qn_api_unban, true},
    {QN_API_GET, "/v1/regions", QN_API_QUERY_NONE, &qn_api_regions, false},
    {QN_API_GET, "/v1/committee", QN_API_QUERY_NONE, &qn_api_committee, false},
    {QN_API_GET, "/v1/registry", QN_API_QUERY_PAGE, &qn_api_registry, false},
    {QN_API_POST, "/v1/registry", QN_API_QUERY_NONE, &qn_api_submit, false},
    {QN_API_GET, "/v1/registry/{id}", QN_API_QUERY_NONE, &qn_api_entry, false},
    {QN_API_GET, "/v1/registry/{id}/proof", QN_API_QUERY_NONE, &qn_api_proof, false},
    {QN_API_GET, "/v1/registry/{id}/proof.cbor", QN_API_QUERY_HEIGHT, &qn_api_proof_file, false},
    {QN_API_GET, "/v1/blocks/{height}", QN_API_QUERY_NONE, &qn_api_block, false},
    {QN_API_GET, "/livez", QN_API_QUERY_NONE, &qn_api_livez, false},
    {QN_API_GET, "/readyz", QN_API_QUERY_NONE, &qn_api_readyz, false},
    {QN_API_GET, "/metrics", QN_API_QUERY_NONE, &qn_api_metrics, false},
};

const struct qn_api_route *qn_api_routes(size_t *count)
{
    *count = QN_ARRAY_COUNT(routes);
    return routes;
}

/* Length of the segment at text, which ends in '/' or NUL. */
static size_t segment_len(const char *text)
{
    return strcspn(text, "/");
}

/* Does path have the pattern's form? A variable stands for one segment that is not empty; where it
 * begins is put into *variable. */
static bool matches(const char *pattern, const char *path, const char **variable)
{
    while (*pattern != '\0') {
        if (*pattern == '{') {
            if (segment_len(path) == 0) {
                return false;
            }
            *variable = path;
            path += segment_len(path);
            pattern += segment_len(pattern);
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *path == '\0';
}

/* Decimal digits only, without leading zeros. */
static bool parse_number(uint64_t *number, const char *text, size_t len)
{
    uint64_t value = 0;

    if (len == 0 || len > 19 || (len > 1 && text[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    *number = value;
    return true;
}

static bool parse_id(struct qn_node_id *id, const char *text, size_t len)
{
    char hex[QN_ID_TEXT_SIZE];

    if (len != sizeof hex - 1) {
        return false;
    }
    memcpy(hex, text, len);
    hex[len] = '\0';
    return qn_hex_decode(id->bytes, sizeof id->bytes, hex) == QN_OK;
}

static bool parse_variable(const struct qn_api_route *route, struct qn_api_request *request,
                           struct qn_api_problem *problem, const char *variable)
{
    size_t len = segment_len(variable);

    if (strstr(route->pattern, "{id}") != NULL) {
        if (!parse_id(&request->id, variable, len)) {
            qn_api_problem_set(problem, 400, "invalid", "a node id has 64 hex digits");
            return false;
        }
        return true;
    }
    request->is_head = len == 4 && memcmp(variable, "head", 4) == 0;
    if (!request->is_head && !parse_number(&request->height, variable, len)) {
        qn_api_problem_set(problem, 400, "invalid", "a height is a decimal number, or \"head\"");
        return false;
    }
    return true;
}

static bool method_is(enum qn_api_method method, const char *text)
{
    switch (method) {
    case QN_API_GET:
        return strcmp(text, "GET") == 0 || strcmp(text, "HEAD") == 0;
    case QN_API_POST:
        return strcmp(text, "POST") == 0;
    case QN_API_DELETE:
        return strcmp(text, "DELETE") == 0;
    }
    return false;
}

/* methods: a bit of each. */
static const char *allow_text(unsigned methods)
{
    static const char *const texts[] = {
        "",       "GET, HEAD",         "POST",         "GET, HEAD, POST",
        "DELETE", "GET, HEAD, DELETE", "POST, DELETE", "GET, HEAD, POST, DELETE",
    };
    return texts[methods];
}

const struct qn_api_route *qn_api_route_find(struct qn_api_request *request,
                                             struct qn_api_problem *problem, const char **allow,
                                             const char *method, const char *path)
{
    unsigned methods = 0;

    for (size_t i = 0; i < QN_ARRAY_COUNT(routes); i++) {
        const char *variable = NULL;
        if (!matches(routes[i].pattern, path, &variable)) {
            continue;
        }
        if (method_is(routes[i].method, method)) {
            request->limit = QN_API_PAGE_LIMIT_DEFAULT;
            if (variable != NULL && !parse_variable(&routes[i], request, problem, variable)) {
                return NULL;
            }
            return &routes[i];
        }
        methods |= 1U << routes[i].method;
    }
    if (methods != 0) {
        *allow = allow_text(methods);
        qn_api_problem_set(problem, 405, "method_not_allowed", "this path takes %s", *allow);
    } else {
        qn_api_problem_set(problem, 404, "not_found", "no such path; docs/api.md lists them");
    }
    return NULL;
}

static bool set_page(struct qn_api_request *request, struct qn_api_problem *problem, bool is_from,
                     uint64_t number)
{
    if (is_from) {
        request->from = number;
        return true;
    }
    if (number < 1 || number > QN_API_PAGE_LIMIT_MAX) {
        qn_api_problem_set(problem, 400, "invalid", "limit is from 1 to %d", QN_API_PAGE_LIMIT_MAX);
        return false;
    }
    request->limit = number;
    return true;
}

static bool set_target(struct qn_api_request *request, struct qn_api_problem *problem,
                       const char *value)
{
    if (value == NULL || strlen(value) >= sizeof request->target) {
        qn_api_problem_set(problem, 400, "invalid",
                           "target is a node id, an address or an address prefix");
        return false;
    }
    memcpy(request->target, value, strlen(value) + 1);
    return true;
}

bool qn_api_route_parameter(const struct qn_api_route *route, struct qn_api_request *request,
                            struct qn_api_problem *problem, const char *name, const char *value)
{
    static const char *const taken[] = {
        [QN_API_QUERY_NONE] = "no parameters",
        [QN_API_QUERY_PAGE] = "the parameters from and limit",
        [QN_API_QUERY_HEIGHT] = "the parameter height",
        [QN_API_QUERY_TARGET] = "the parameter target",
    };
    uint64_t number = 0;
    bool is_page = route->query == QN_API_QUERY_PAGE;
    bool is_from = is_page && strcmp(name, "from") == 0;
    bool is_limit = is_page && strcmp(name, "limit") == 0;
    bool is_height = route->query == QN_API_QUERY_HEIGHT && strcmp(name, "height") == 0;

    if (route->query == QN_API_QUERY_TARGET && strcmp(name, "target") == 0) {
        return set_target(request, problem, value);
    }

    if (!is_from && !is_limit && !is_height) {
        qn_api_problem_set(problem, 400, "invalid", "%s takes %s", route->pattern,
                           taken[route->query]);
        return false;
    }
    if (value == NULL || !parse_number(&number, value, strlen(value))) {
        qn_api_problem_set(problem, 400, "invalid", "%s is a decimal number",
                           is_from    ? "from"
                           : is_limit ? "limit"
                                      : "height");
        return false;
    }
    if (is_height) {
        request->has_height = true;
        request->height = number;
        return true;
    }
    return set_page(request, problem, is_from, number);
}
