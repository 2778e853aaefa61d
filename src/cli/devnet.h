/* `qnet devnet`: a whole network on this machine, each node a process of its own, and what it measured.
 *
 * Threads: the main thread starts and ends children, draws and judges; each child has one that polls
 * its API (devnet_poll.c); one reads all logs (devnet_log.c). What they share is guarded by one mutex. */
#ifndef QN_DEVNET_H
#define QN_DEVNET_H

#include "cli/cli.h"
#include "node/view.h"

#include <pthread.h>
#include <sys/types.h>

enum {
    QN_DEVNET_NODES_MAX = 200, /* ordinary nodes */
    QN_DEVNET_CHILDREN_MAX = QN_VALIDATORS_MAX + QN_DEVNET_NODES_MAX,
    QN_DEVNET_LOG_LINES = 40, /* of each child, kept in memory */
    QN_DEVNET_LOG_LINE_SIZE = 256,
    QN_DEVNET_NAME_SIZE = 24,
    QN_DEVNET_FOR_S_MAX = 86400,
};

struct qn_devnet_plan {
    unsigned genesis_count;
    unsigned node_count;
    size_t region_count;
    enum qn_region regions[QN_REGION_COUNT];
    uint16_t base_port;   /* 0: free ports */
    unsigned for_seconds; /* 0: until it is stopped */
    bool json;
    bool has_view;
    const char *log_dir;   /* NULL: logs stay in memory */
    const char *log_level; /* of the children */
    const char *data_dir;  /* of the children's own folders; NULL: memory */
};

/* A peer record as a child holds it. */
struct qn_devnet_record {
    struct qn_node_id id;
    uint64_t sequence;
    qn_time_us learned_us;
    bool is_held;
};

/* What a child's API said last. */
struct qn_devnet_state {
    bool has_answered;   /* ever */
    bool is_answering;   /* the last time */
    uint64_t round;      /* the last complete poll, details included */
    qn_time_us ready_us; /* when it was first seen registered and linked; 0: not yet */
    bool is_ready;
    bool is_registered;
    uint64_t registry_index;
    uint64_t height;
    struct qn_hash state_root;
    uint64_t links;
    uint64_t peers;
    uint64_t validators_live;
    bool consensus_started;
    char missing[QN_TEXT_LEN_MAX + 1]; /* the first thing that keeps it from being ready */
    uint64_t register_us;              /* own registration, submit to final; 0: not measured */
};

/* Samples that a child measured itself, and the records it holds; heap, owned. */
struct qn_devnet_details {
    size_t sample_counts[QN_TIMING_COUNT];
    uint32_t *samples[QN_TIMING_COUNT];
    bool clock_is_common; /* its monotonic clock is ours, so that learned_us can be compared */
    bool region_is_full[QN_REGION_COUNT]; /* more peers of it than it has places for */
    size_t record_count;
    struct qn_devnet_record *records; /* sorted by id */
};

struct qn_devnet_log {
    int fd;            /* read end of the child's output; -1: closed */
    int file_fd;       /* -1: memory only */
    size_t line_count; /* ever */
    char lines[QN_DEVNET_LOG_LINES][QN_DEVNET_LOG_LINE_SIZE];
    size_t partial_len;
    char partial[QN_DEVNET_LOG_LINE_SIZE];
};

struct qn_devnet;

struct qn_devnet_child {
    /* fixed by the plan */
    struct qn_devnet *devnet;
    char name[QN_DEVNET_NAME_SIZE]; /* "genesis 001", "node 1" */
    bool is_genesis;
    unsigned number;
    enum qn_region region;
    struct qn_node_id id;
    struct qn_endpoint listen;
    struct qn_endpoint api;
    int held_fds[2];    /* sockets that reserve the two ports */
    char **environment; /* heap; secrets inside, wiped when the child has them */
    /* main thread */
    pid_t pid; /* 0: not started, or ended */
    bool is_started;
    bool has_ended;
    int wait_status;
    qn_time_us started_us;
    bool told_ready; /* progress lines: already said */
    bool told_death;
    uint64_t announced_sequence; /* the last record whose announcement was measured */
    pthread_t poll_thread;
    bool has_poll_thread;
    /* guarded by the mutex */
    struct qn_devnet_state state;
    struct qn_devnet_details details;
    struct qn_devnet_log log;
};

enum { QN_DEVNET_ANNOUNCES_MAX = 4096 };

struct qn_devnet {
    struct qn_devnet_plan plan;
    qn_time_us started_us;
    size_t child_count;
    struct qn_devnet_child *children; /* genesis nodes first */
    /* main thread */
    size_t announce_count; /* ever measured; a ring of the last ones */
    uint32_t announces_us[QN_DEVNET_ANNOUNCES_MAX];
    unsigned deaths; /* children that ended by themselves */
    /* guarded by the mutex */
    pthread_mutex_t mutex;
    pthread_cond_t wake; /* a round is wanted, or all is over */
    uint64_t round_wanted;
    bool is_stopping;
    pthread_t log_thread;
    bool has_log_thread;
    int log_wake
        [2]; /* a byte tells the log thread that there are more pipes, or that all is over */
};

/* ---- devnet_plan.c ---- */

/* QN_EXIT_OK, or the error has been reported. */
enum qn_exit qn_devnet_plan_read(struct qn_devnet_plan *plan, const struct qn_cli *cli);
/* Makes keys, certificates and codes, reserves ports, and fills children. The same. */
enum qn_exit qn_devnet_prepare(struct qn_devnet *devnet, const struct qn_cli *cli);
void qn_devnet_prepare_fini(struct qn_devnet *devnet);

/* ---- devnet_child.c: main thread ---- */

/* QN_ERR_IO: it could not be started; why (QN_TEXT_LEN_MAX + 1) says so. */
QN_MUST_USE enum qn_err qn_devnet_child_start(struct qn_devnet_child *child, char *why);
/* Takes note of children that ended. Returns how many did. */
unsigned qn_devnet_reap(struct qn_devnet *devnet);
/* SIGTERM, a bounded wait, SIGKILL for who is left. Those that had ended before are not asked. */
void qn_devnet_stop_children(struct qn_devnet *devnet);
/* "exited with status 3", "killed by signal 9 (Killed)"; text holds QN_TEXT_LEN_MAX + 1. */
const char *qn_devnet_child_end(char *text, const struct qn_devnet_child *child);

/* ---- devnet_log.c ---- */

void qn_devnet_logs_open(struct qn_devnet *devnet);
/* Tells the log thread about a new pipe, which it then owns. */
void qn_devnet_log_add(struct qn_devnet_child *child, int fd);
void qn_devnet_logs_close(struct qn_devnet *devnet);
/* The last lines, oldest first, at most count. Returns how many. */
enum { QN_DEVNET_TAIL_MAX = 12 };
size_t qn_devnet_log_tail(struct qn_devnet_child *child,
                          char lines[QN_DEVNET_TAIL_MAX][QN_DEVNET_LOG_LINE_SIZE], size_t count);

/* ---- devnet_poll.c ---- */

/* Begins to poll a child that was started. */
void qn_devnet_poll_start(struct qn_devnet_child *child);
/* Ends all polling; what came back stays. */
void qn_devnet_poll_stop(struct qn_devnet *devnet);
void qn_devnet_poll_free(struct qn_devnet *devnet);
/* A copy of the last state. */
struct qn_devnet_state qn_devnet_state_of(struct qn_devnet_child *child);
/* Asks all children now, details included; true when every one that runs has answered in time. */
bool qn_devnet_poll_round(struct qn_devnet *devnet, unsigned timeout_ms);

#endif
