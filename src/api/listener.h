/* The listening socket. */
#ifndef QN_API_LISTENER_H
#define QN_API_LISTENER_H

#include "wire/types.h"

/* Binds and listens; *bound is the address really bound, as text and port. why (QN_TEXT_LEN_MAX + 1):
 * the reason for people. QN_ERR_IO. */
QN_MUST_USE enum qn_err qn_api_listener_open(int *fd, struct qn_endpoint *bound,
                                             const struct qn_endpoint *listen, char *why);

#endif
