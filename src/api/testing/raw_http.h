/* HTTP by hand: what a client sends that is slow, wrong or gone. Every wait ends after 20 s. */
#ifndef QN_API_TESTING_RAW_HTTP_H
#define QN_API_TESTING_RAW_HTTP_H

#include "wire/types.h"

/* Connected, or the test fails. */
int qn_raw_connect(const struct qn_endpoint *server);
/* With a receive buffer so small that a large answer gets stuck. */
int qn_raw_connect_small(const struct qn_endpoint *server);
/* False: the other side has closed. */
bool qn_raw_send(int fd, const char *text);
bool qn_raw_send_bytes(int fd, const void *bytes, size_t len);
/* Reads until the server closes; returns how many bytes, cut at size - 1, NUL-terminated. */
size_t qn_raw_read_all(int fd, char *out, size_t size);
/* Reads one answer with Content-Length; the connection stays. Returns its status, 0: closed. */
unsigned qn_raw_read_answer(int fd, char *out, size_t size);
/* Waits until the server has closed, whatever it sends before. False: it did not in 20 s. */
bool qn_raw_wait_closed(int fd);
void qn_raw_close(int fd);
/* Closes with a reset. */
void qn_raw_abort(int fd);

#endif
