/* The process that an API lives in: a thread that runs posted work over a fake node. */
#ifndef QN_API_TESTING_FAKE_HOST_H
#define QN_API_TESTING_FAKE_HOST_H

#include "api/server.h"
#include "api/testing/fake_node.h"

struct qn_fake_host;

/* The host owns the node from now on, and starts its thread. */
struct qn_fake_host *qn_fake_host_new(struct qn_node *node);
/* Runs what was posted, then ends the thread. Later posts are refused. */
void qn_fake_host_stop(struct qn_fake_host *host);
/* Stops if need be. */
void qn_fake_host_free(struct qn_fake_host *host);
struct qn_api_host qn_fake_host_interface(struct qn_fake_host *host);
struct qn_node *qn_fake_host_node(struct qn_fake_host *host);

/* While paused, posted work waits. */
void qn_fake_host_pause(struct qn_fake_host *host);
void qn_fake_host_resume(struct qn_fake_host *host);
/* Waits until so much work stands in the queue of a paused host, at most 10 s. False: it never did. */
bool qn_fake_host_wait_queued(struct qn_fake_host *host, size_t count);

/* What submissions are answered with; the transaction's id is added. */
void qn_fake_host_set_result(struct qn_fake_host *host, enum qn_err code, const char *text,
                             uint64_t height, uint64_t index);
/* Submissions stay unanswered until release. */
void qn_fake_host_hold_submissions(struct qn_fake_host *host);
bool qn_fake_host_wait_held(struct qn_fake_host *host, size_t count);
void qn_fake_host_release_submissions(struct qn_fake_host *host);

/* An API with these limits on a free port of this loopback address; fails the test if that fails. */
struct qn_api *qn_fake_host_open_api(struct qn_fake_host *host, const char *address,
                                     const struct qn_api_limits *limits);

#endif
