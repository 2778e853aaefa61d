/* The head of an HTTP/1.x answer, as the client reads it. Pure. */
#ifndef QN_API_CLIENT_PARSE_H
#define QN_API_CLIENT_PARSE_H

#include "api/client.h"

struct qn_api_client_head {
    unsigned status;
    bool has_length; /* else the body ends with the connection */
    size_t length;
    char content_type[QN_API_CLIENT_TYPE_LEN_MAX + 1];
};

/* Where the head ends (behind its empty line) in len bytes; 0: not yet. */
size_t qn_api_client_head_end(const char *bytes, size_t len);
/* head_len as found above. QN_ERR_MALFORMED; QN_ERR_TOO_BIG for a body over the limit. */
QN_MUST_USE enum qn_err qn_api_client_head_parse(struct qn_api_client_head *head, const char *bytes,
                                                 size_t head_len);

#endif
