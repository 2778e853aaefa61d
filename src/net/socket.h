/* Small steps with TCP sockets. All sockets are non-blocking and closed on exec. */
#ifndef QN_SOCKET_H
#define QN_SOCKET_H

#include "wire/types.h"

#include <sys/socket.h>

/* Text and port of an IPv4 or IPv6 address; an IPv4 address mapped into IPv6 is shown as IPv4. */
void qn_socket_describe(struct qn_endpoint *endpoint, const struct sockaddr_storage *address);
/* No delay for small writes, and little unsent data in the kernel, where it would be ahead of
 * more urgent messages. send_buffer_len 0: the system's. */
void qn_socket_tune(int fd, int send_buffer_len);
/* A socket that is connected or about to be; -1: errno says why. */
int qn_socket_connect(const struct sockaddr_storage *address, socklen_t len);
/* What became of a connection that was about to be; 0: it stands, else an errno. */
int qn_socket_error(int fd);
/* A listening socket, *bound where it really is; -1: errno says why, or error_text if it is set. */
int qn_socket_listen(const struct qn_endpoint *endpoint, struct qn_endpoint *bound,
                     const char **error_text);
/* An errno of connecting as a reason. */
enum qn_close_reason qn_socket_reason(int error);
/* Lower case, no full stop; static. */
const char *qn_socket_error_text(int error);

#endif
