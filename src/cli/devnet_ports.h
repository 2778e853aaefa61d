/* Ports for processes that are about to start.
 *
 * A certificate names its port before the process that will listen on it exists, and a port that was
 * free when it was chosen may be gone by then. So each is held by a socket that is bound and never
 * listens: the system gives such a port to nobody who asks for any, and refuses it to whoever asks for
 * it without SO_REUSEADDR. Our own nodes set that option, with which Linux lets a second socket bind
 * beside one that does not listen. */
#ifndef QN_DEVNET_PORTS_H
#define QN_DEVNET_PORTS_H

#include "wire/types.h"

/* Holds this loopback port, or any free one for 0, and fills *endpoint. QN_ERR_IO: why
 * (QN_TEXT_LEN_MAX + 1) says so; *fd and *endpoint are untouched. */
QN_MUST_USE enum qn_err qn_devnet_port_hold(int *fd, struct qn_endpoint *endpoint, uint16_t port,
                                            char *why);
/* Sets *fd to -1; -1 is allowed. */
void qn_devnet_port_release(int *fd);

#endif
