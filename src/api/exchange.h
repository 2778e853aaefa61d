/* One HTTP request and its answer, between libmicrohttpd's callbacks. */
#ifndef QN_API_EXCHANGE_H
#define QN_API_EXCHANGE_H

#include "api/server.h"

#include <microhttpd.h>

/* libmicrohttpd's access handler and completion callback; context is the qn_api. HTTP thread. */
enum MHD_Result qn_api_exchange_on_request(void *context, struct MHD_Connection *connection,
                                           const char *url, const char *method, const char *version,
                                           const char *upload, size_t *upload_len,
                                           void **request_context);
void qn_api_exchange_on_completed(void *context, struct MHD_Connection *connection,
                                  void **request_context, enum MHD_RequestTerminationCode code);
/* Any thread, with the API's mutex held: stops waiting for the loop. */
void qn_api_exchange_abandon_all(struct qn_api_exchange *first);

#endif
