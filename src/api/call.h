/* One request on its way between the two threads.
 *
 * HTTP thread: parse (may refuse). Loop thread: read, which only copies what the answer needs, so that
 * consensus never waits for JSON. HTTP thread again: render.
 *
 * A call has two holders, the HTTP side and the loop's, each with one reference. Whoever is first ends
 * the wait: the loop with its result, or the HTTP side, which abandons the call when the API closes; the
 * loop then finds it abandoned and lets go. */
#ifndef QN_API_CALL_H
#define QN_API_CALL_H

#include "api/api.h"
#include "api/problem.h"
#include "peer/bans.h"

#include <pthread.h>

struct qn_api_call;
struct qn_api_stats;

/* What a request says, once it is understood. */
struct qn_api_request {
    struct qn_node_id id;                 /* {id} */
    uint64_t height;                      /* {height}, ?height= */
    bool has_height;                      /* ?height= was given */
    bool is_head;                         /* {height} was "head" */
    uint64_t from;                        /* ?from= */
    uint64_t limit;                       /* ?limit= */
    char target[QN_BAN_TARGET_TEXT_SIZE]; /* ?target=; "" if none was given */
    const char *body_type;
    uint8_t *body; /* heap */
    size_t body_len;
};

struct qn_api_answer {
    unsigned status;
    const char *content_type; /* static */
    char *body;               /* heap, taken over by whoever sends it */
    size_t body_len;
};

enum qn_api_progress {
    QN_API_DONE,  /* call->data or call->problem is set */
    QN_API_LATER, /* qn_api_call_finish will be called once, on the loop thread */
};

struct qn_api_handler {
    /* Understands body and parameters, or sets call->problem. May be NULL. */
    void (*parse)(struct qn_api_call *call);
    enum qn_api_progress (*read)(struct qn_api_call *call, const struct qn_node *node);
    /* Makes the answer from call->data. */
    void (*render)(struct qn_api_answer *answer, const struct qn_api_call *call);
    /* Upper estimate of the answer's bytes, which count against a budget while they are held. */
    size_t (*cost)(const struct qn_api_request *request);
};

enum qn_api_call_state { QN_API_CALL_WAITING, QN_API_CALL_ANSWERED, QN_API_CALL_ABANDONED };

struct qn_api_call {
    pthread_mutex_t mutex; /* over references and state */
    unsigned references;
    enum qn_api_call_state state;
    const struct qn_api_handler *handler; /* static */
    struct qn_api_host host;
    const char *software; /* HTTP thread only, like stats */
    const struct qn_api_stats *stats;
    /* Wakes the HTTP side: called at most once, under the mutex, by whoever ends the wait. */
    void (*wake)(void *waiter);
    void *waiter;
    struct qn_api_request request;
    struct qn_api_problem problem;
    void *data; /* heap, from read to render; freed with the call */
};

/* One reference, the HTTP side's. */
struct qn_api_call *qn_api_call_new(const struct qn_api_handler *handler,
                                    const struct qn_api_host *host);
/* Posts it to the loop, which gets its reference. From now on the fields belong to the loop until wake
 * was called. False: the loop is stopping; nothing was posted. */
bool qn_api_call_post(struct qn_api_call *call);
/* Loop thread, after QN_API_LATER: the result is in. */
void qn_api_call_finish(struct qn_api_call *call);
/* HTTP side: stops waiting; wakes unless that was done. */
void qn_api_call_abandon(struct qn_api_call *call);
/* Was read to its end? What is not was abandoned, and only state may be looked at. */
bool qn_api_call_is_answered(struct qn_api_call *call);
void qn_api_call_drop(struct qn_api_call *call);

/* The answer to a finished call, or to its problem. HTTP thread. */
void qn_api_call_render(struct qn_api_answer *answer, const struct qn_api_call *call);

#endif
