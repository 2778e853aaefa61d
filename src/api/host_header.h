/* The Host header against DNS rebinding: a page that made a browser resolve its own name to 127.0.0.1
 * still sends that name. */
#ifndef QN_API_HOST_HEADER_H
#define QN_API_HOST_HEADER_H

#include "wire/types.h"

/* "localhost", 127.0.0.0/8, ::1. */
bool qn_api_host_is_loopback(const char *host);
/* May a request with this Host header (NULL: none) be answered on this address? Always, unless it is a
 * loopback address; then only for loopback names and for the address itself, whatever the port, which
 * differs behind a forwarded one. */
bool qn_api_host_is_allowed(const char *header, const struct qn_endpoint *listen);

#endif
