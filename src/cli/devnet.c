#include "cli/devnet.h"

#include "cli/commands.h"
#include "cli/daemon_setup.h"
#include "cli/devnet_report.h"
#include "cli/output.h"
#include "net/runtime.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum {
    TICK_MS = 200,       /* between two looks at everything */
    GENESIS_WAIT_S = 20, /* for blocks, before ordinary nodes are started all the same */
    NODE_WAIT_S = 5,     /* for one ordinary node to be ready, before the next one starts */
    SETTLE_MS = 1200,    /* after the last one is ready, before the table: late samples come in */
    DEATH_LINES = 8,     /* last log lines of a child that ended */
};

/* How far the start-up is. */
enum phase { PHASE_GENESIS, PHASE_NODES, PHASE_SETTLE, PHASE_UP };

struct progress {
    enum phase phase;
    qn_time_us since_us; /* of this phase, or of the last ordinary node started */
    size_t next_node;    /* index of the next child to start */
    bool is_over;
    bool was_stopped; /* by a signal */
};

/* ---- signals: blocked in all threads, taken one by one by the main thread ---- */

static sigset_t signals_of_ours(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGCHLD);
    (void)sigaddset(&set, SIGWINCH);
    (void)sigaddset(&set, SIGTSTP);
    return set;
}

/* Ctrl-Z: the shell gets its terminal as it was; the nodes go on. */
static void pause_view(const struct qn_devnet *devnet)
{
    qn_devnet_view_close();
    (void)raise(SIGSTOP);
    if (devnet->plan.has_view) {
        qn_devnet_view_open();
    }
}

/* Sleeps for a tick or until something happens. True: we are to stop. */
static bool wait_for_signal(const struct qn_devnet *devnet)
{
    const struct timespec tick = {.tv_nsec = TICK_MS * 1000000L};
    sigset_t set = signals_of_ours();
    int signal_number = sigtimedwait(&set, NULL, &tick);
    if (signal_number == SIGTSTP) {
        pause_view(devnet);
    }
    return signal_number == SIGINT || signal_number == SIGTERM || signal_number == SIGHUP;
}

/* ---- starting ---- */

static enum qn_exit start_child(struct qn_devnet *devnet, const struct qn_cli *cli, size_t index)
{
    char why[QN_TEXT_LEN_MAX + 1];
    if (qn_devnet_child_start(&devnet->children[index], why) != QN_OK) {
        qn_devnet_view_close();
        return qn_output_fail(cli, QN_EXIT_RUNTIME, "io", "%s", why);
    }
    return QN_EXIT_OK;
}

static enum qn_exit start_genesis(struct qn_devnet *devnet, const struct qn_cli *cli)
{
    for (size_t i = 0; i < devnet->plan.genesis_count; i++) {
        enum qn_exit status = start_child(devnet, cli, i);
        if (status != QN_EXIT_OK) {
            return status;
        }
    }
    if (!devnet->plan.has_view) {
        qn_devnet_say(devnet, "%u genesis nodes started", devnet->plan.genesis_count);
    }
    return QN_EXIT_OK;
}

static void enter(struct progress *progress, enum phase phase)
{
    progress->phase = phase;
    progress->since_us = qn_runtime_now();
}

/* Do blocks come, everywhere where somebody runs? */
static bool genesis_is_up(struct qn_devnet *devnet)
{
    for (size_t i = 0; i < devnet->plan.genesis_count; i++) {
        struct qn_devnet_state state = qn_devnet_state_of(&devnet->children[i]);
        if (!devnet->children[i].has_ended && (!state.is_ready || state.height == 0)) {
            return false;
        }
    }
    return true;
}

/* One ordinary node after the other: what each takes to register and to be announced is then its own
 * time, and not that of a crowd. */
static enum qn_exit start_next_node(struct qn_devnet *devnet, const struct qn_cli *cli,
                                    struct progress *progress)
{
    bool is_first = progress->next_node == devnet->plan.genesis_count;
    if (!is_first) {
        struct qn_devnet_child *last = &devnet->children[progress->next_node - 1];
        bool is_patient = qn_runtime_now() - progress->since_us < QN_SECONDS(NODE_WAIT_S);
        if (qn_devnet_state_of(last).ready_us == 0 && !last->has_ended && is_patient) {
            return QN_EXIT_OK;
        }
    }
    if (progress->next_node == devnet->child_count) {
        enter(progress, PHASE_SETTLE);
        return QN_EXIT_OK;
    }
    enum qn_exit status = start_child(devnet, cli, progress->next_node);
    progress->next_node += 1;
    progress->since_us = qn_runtime_now();
    return status;
}

/* Everybody who runs is ready? */
static bool all_are_ready(struct qn_devnet *devnet)
{
    for (size_t i = 0; i < devnet->child_count; i++) {
        if (!devnet->children[i].has_ended &&
            qn_devnet_state_of(&devnet->children[i]).ready_us == 0) {
            return false;
        }
    }
    return true;
}

static void tell_up(struct qn_devnet *devnet)
{
    if (devnet->plan.has_view || devnet->plan.json) {
        return;
    }
    qn_devnet_say(devnet, "the network is up");
    (void)puts("");
    qn_devnet_print_apis(devnet);
    (void)puts("");
    if (devnet->plan.for_seconds == 0) {
        qn_devnet_print_measured(devnet);
        (void)puts("\nCtrl-C ends all of them.");
    }
    (void)fflush(stdout);
}

static enum qn_exit advance(struct qn_devnet *devnet, const struct qn_cli *cli,
                            struct progress *progress)
{
    qn_time_us waited_us = qn_runtime_now() - progress->since_us;
    switch (progress->phase) {
    case PHASE_GENESIS:
        if (genesis_is_up(devnet) || waited_us > QN_SECONDS(GENESIS_WAIT_S)) {
            enter(progress, PHASE_NODES);
        }
        return QN_EXIT_OK;
    case PHASE_NODES:
        return start_next_node(devnet, cli, progress);
    case PHASE_SETTLE:
        if (!all_are_ready(devnet)) {
            progress->since_us = qn_runtime_now();
        } else if (waited_us > QN_MS(SETTLE_MS)) {
            (void)qn_devnet_poll_round(devnet, SETTLE_MS);
            qn_devnet_measure_announces(devnet);
            enter(progress, PHASE_UP);
            tell_up(devnet);
        }
        return QN_EXIT_OK;
    case PHASE_UP:
        return QN_EXIT_OK;
    }
    return QN_EXIT_OK;
}

/* ---- telling ---- */

static void tell_ready(struct qn_devnet *devnet, struct qn_devnet_child *child)
{
    char duration[QN_DURATION_TEXT_SIZE];
    struct qn_devnet_state state = qn_devnet_state_of(child);
    if (child->told_ready || state.ready_us == 0) {
        return;
    }
    child->told_ready = true;
    if (state.register_us > 0) {
        qn_devnet_say(devnet, "%s registered as index %llu, %s from submit to final", child->name,
                      (unsigned long long)state.registry_index,
                      qn_text_duration(duration, state.register_us));
    } else {
        qn_devnet_say(devnet, "%s ready: height %llu, %llu links", child->name,
                      (unsigned long long)state.height, (unsigned long long)state.links);
    }
}

static void tell_death(struct qn_devnet *devnet, struct qn_devnet_child *child)
{
    char text[QN_TEXT_LEN_MAX + 1];
    char lines[QN_DEVNET_TAIL_MAX][QN_DEVNET_LOG_LINE_SIZE];
    qn_devnet_say(devnet, "%s %s", child->name, qn_devnet_child_end(text, child));
    size_t count = qn_devnet_log_tail(child, lines, DEATH_LINES);
    for (size_t i = 0; i < count; i++) {
        qn_devnet_say(devnet, "  %s: %s", child->name, lines[i]);
    }
}

static void notice_deaths(struct qn_devnet *devnet)
{
    devnet->deaths += qn_devnet_reap(devnet);
    for (size_t i = 0; i < devnet->child_count; i++) {
        struct qn_devnet_child *child = &devnet->children[i];
        if (child->has_ended && !child->told_death) {
            child->told_death = true;
            if (!devnet->plan.has_view) {
                tell_death(devnet, child);
            }
        }
    }
}

static void show(struct qn_devnet *devnet)
{
    if (devnet->plan.has_view) {
        qn_devnet_view_draw(devnet);
        return;
    }
    for (size_t i = 0; i < devnet->child_count; i++) {
        tell_ready(devnet, &devnet->children[i]);
    }
}

/* ---- the whole ---- */

static bool is_time_up(const struct qn_devnet *devnet)
{
    return devnet->plan.for_seconds > 0 &&
           qn_runtime_now() - devnet->started_us >= QN_SECONDS(devnet->plan.for_seconds);
}

static enum qn_exit run(struct qn_devnet *devnet, const struct qn_cli *cli,
                        struct progress *progress)
{
    progress->next_node = devnet->plan.genesis_count;
    enum qn_exit status = start_genesis(devnet, cli);
    enter(progress, PHASE_GENESIS);
    while (status == QN_EXIT_OK && !progress->was_stopped && !is_time_up(devnet)) {
        progress->was_stopped = wait_for_signal(devnet);
        notice_deaths(devnet);
        status = advance(devnet, cli, progress);
        qn_devnet_measure_announces(devnet);
        show(devnet);
    }
    return status;
}

/* An orderly end, or our own SIGTERM before a node that was still starting could take it in hand. */
static bool has_ended_well(const struct qn_devnet_child *child)
{
    int status = child->wait_status;
    return status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

/* Everybody goes, and whoever does not go as a node should is a problem too. */
static void stop_all(struct qn_devnet *devnet, struct qn_devnet_verdict *verdict)
{
    qn_devnet_poll_stop(devnet);
    qn_devnet_stop_children(devnet);
    qn_devnet_logs_close(devnet);
    for (size_t i = 0; i < devnet->child_count; i++) {
        struct qn_devnet_child *child = &devnet->children[i];
        char text[QN_TEXT_LEN_MAX + 1];
        if (child->is_started && !child->told_death && !has_ended_well(child)) {
            qn_devnet_verdict_add(verdict, "%s did not end as it should: %s", child->name,
                                  qn_devnet_child_end(text, child));
            tell_death(devnet, child);
        }
    }
}

static void print_end(struct qn_devnet *devnet, const struct qn_devnet_verdict *verdict,
                      bool is_judged)
{
    if (devnet->plan.json) {
        qn_devnet_print_json(devnet, verdict);
        return;
    }
    (void)puts("");
    qn_devnet_print_measured(devnet);
    if (is_judged || verdict->problem_count > 0) {
        (void)puts("");
        qn_devnet_print_verdict(verdict);
    }
}

/* Judges while the nodes still run, ends them, says what came out. */
static enum qn_exit conclude(struct qn_devnet *devnet, const struct progress *progress)
{
    struct qn_devnet_verdict *verdict = calloc(1, sizeof *verdict);
    bool is_judged = devnet->plan.for_seconds > 0 || devnet->plan.json;
    QN_ASSERT(verdict != NULL);
    if (is_judged) {
        qn_devnet_judge(devnet, verdict);
    }
    if (progress->was_stopped && devnet->plan.for_seconds > 0) {
        qn_devnet_verdict_add(verdict, "stopped by a signal before its time");
    }
    stop_all(devnet, verdict);
    print_end(devnet, verdict, is_judged);
    enum qn_exit status = verdict->problem_count == 0 ? QN_EXIT_OK : QN_EXIT_RUNTIME;
    free(verdict);
    return status;
}

static void init(struct qn_devnet *devnet)
{
    pthread_condattr_t attributes;
    QN_ASSERT(pthread_mutex_init(&devnet->mutex, NULL) == 0);
    QN_ASSERT(pthread_condattr_init(&attributes) == 0);
    QN_ASSERT(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    QN_ASSERT(pthread_cond_init(&devnet->wake, &attributes) == 0);
    (void)pthread_condattr_destroy(&attributes);
    devnet->started_us = qn_runtime_now();
}

static enum qn_exit run_all(struct qn_devnet *devnet, const struct qn_cli *cli)
{
    struct progress progress = {0};
    sigset_t set = signals_of_ours();
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    /* Of each child: a pipe, two reserved ports, a request. */
    qn_daemon_raise_file_limit(NULL,
                               (size_t)4 * (devnet->plan.genesis_count + devnet->plan.node_count));
    enum qn_exit status = qn_devnet_prepare(devnet, cli);
    if (status == QN_EXIT_OK) {
        qn_devnet_logs_open(devnet);
        if (devnet->plan.has_view) {
            qn_devnet_view_open();
        }
        status = run(devnet, cli, &progress);
        qn_devnet_view_close();
        if (status == QN_EXIT_OK) {
            status = conclude(devnet, &progress);
        } else {
            qn_devnet_poll_stop(devnet);
            qn_devnet_stop_children(devnet);
            qn_devnet_logs_close(devnet);
        }
        qn_devnet_poll_free(devnet);
    }
    qn_devnet_prepare_fini(devnet);
    return status;
}

enum qn_exit qn_cli_devnet(const struct qn_cli *cli)
{
    struct qn_devnet *devnet = calloc(1, sizeof *devnet);
    QN_ASSERT(devnet != NULL);
    enum qn_exit status = qn_devnet_plan_read(&devnet->plan, cli);
    if (status == QN_EXIT_OK) {
        init(devnet);
        status = run_all(devnet, cli);
        (void)pthread_cond_destroy(&devnet->wake);
        (void)pthread_mutex_destroy(&devnet->mutex);
    }
    free(devnet);
    return status;
}
