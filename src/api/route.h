/* One table says which requests there are: method, path, handler. 404, 405 and Allow follow from it. */
#ifndef QN_API_ROUTE_H
#define QN_API_ROUTE_H

#include "api/call.h"

enum qn_api_method { QN_API_GET, QN_API_POST, QN_API_DELETE }; /* HEAD is GET without the body */

enum qn_api_query {
    QN_API_QUERY_NONE,
    QN_API_QUERY_PAGE,   /* ?from= and ?limit= */
    QN_API_QUERY_HEIGHT, /* ?height= */
    QN_API_QUERY_TARGET, /* ?target= */
};

enum {
    QN_API_PAGE_LIMIT_MAX = 1000,
    QN_API_PAGE_LIMIT_DEFAULT = 100,
    QN_API_PATH_LEN_MAX = 1024,
    QN_API_PROOF_LEN_MAX = 8 * 1024 * 1024, /* bytes of a proof, as much as the client takes */
};

struct qn_api_route {
    enum qn_api_method method;
    const char *pattern; /* "/v1/registry/{id}"; {id} and {height} are the only variables */
    enum qn_api_query query;
    const struct qn_api_handler *handler;
    bool is_local; /* the operator's own business: answered to clients on this machine only */
};

/* All routes; for the documentation's test. */
const struct qn_api_route *qn_api_routes(size_t *count);

/* The route of this request, its variables put into *request; NULL: *problem says why, and for 405
 * *allow (static) is what the path takes, else it is untouched. */
const struct qn_api_route *qn_api_route_find(struct qn_api_request *request,
                                             struct qn_api_problem *problem, const char **allow,
                                             const char *method, const char *path);
/* One query parameter (value NULL: none given). False: *problem says why. */
bool qn_api_route_parameter(const struct qn_api_route *route, struct qn_api_request *request,
                            struct qn_api_problem *problem, const char *name, const char *value);

#endif
