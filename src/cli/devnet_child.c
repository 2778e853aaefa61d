#include "cli/devnet.h"
#include "crypto/key.h"
#include "net/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    STOP_WAIT_MS = 5000, /* a node says goodbye for at most 2 s */
    STOP_POLL_MS = 20,
};

/* Signals as a program expects them, in a process group of its own: Ctrl-C is ours to handle, since
 * children that ended by themselves are to be told from those that we ended. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t defaults;
    (void)sigemptyset(&none);
    (void)sigemptyset(&defaults);
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD, SIGTSTP};
    for (size_t i = 0; i < QN_ARRAY_COUNT(signals); i++) {
        (void)sigaddset(&defaults, signals[i]);
    }
    int error = posix_spawnattr_setsigmask(attributes, &none);
    error = error != 0 ? error : posix_spawnattr_setsigdefault(attributes, &defaults);
    error = error != 0 ? error : posix_spawnattr_setpgroup(attributes, 0);
    return error != 0 ? error
                      : posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK |
                                                                 POSIX_SPAWN_SETSIGDEF |
                                                                 POSIX_SPAWN_SETPGROUP);
}

static int set_files(posix_spawn_file_actions_t *files, int output)
{
    int error = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    error = error != 0 ? error : posix_spawn_file_actions_adddup2(files, output, STDOUT_FILENO);
    return error != 0 ? error : posix_spawn_file_actions_adddup2(files, output, STDERR_FILENO);
}

static int spawn(struct qn_devnet_child *child, int output)
{
    char program[] = "qnet";
    char command[] = "node";
    char flag[] = "--parent";
    char parent[24];
    char *arguments[] = {program, command, flag, parent, NULL};
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t files;
    (void)snprintf(parent, sizeof parent, "%d", (int)getpid());
    int error = posix_spawnattr_init(&attributes);
    if (error != 0) {
        return error;
    }
    error = posix_spawn_file_actions_init(&files);
    if (error == 0) {
        error = set_attributes(&attributes);
        error = error != 0 ? error : set_files(&files, output);
        error = error != 0 ? error
                           : posix_spawn(&child->pid, "/proc/self/exe", &files, &attributes,
                                         arguments, child->environment);
        (void)posix_spawn_file_actions_destroy(&files);
    }
    (void)posix_spawnattr_destroy(&attributes);
    return error;
}

static void wipe_environment(struct qn_devnet_child *child)
{
    for (size_t i = 0; child->environment[i] != NULL; i++) {
        qn_wipe(child->environment[i], strlen(child->environment[i]));
        free(child->environment[i]);
    }
    free(child->environment);
    child->environment = NULL;
}

enum qn_err qn_devnet_child_start(struct qn_devnet_child *child, char *why)
{
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
        (void)snprintf(why, QN_TEXT_LEN_MAX + 1, "%s cannot be started: %s", child->name,
                       strerror(errno));
        return QN_ERR_IO;
    }
    int error = spawn(child, pipe_fds[1]);
    (void)close(pipe_fds[1]);
    if (error != 0) {
        (void)close(pipe_fds[0]);
        child->pid = 0;
        (void)snprintf(why, QN_TEXT_LEN_MAX + 1, "%s cannot be started: %s", child->name,
                       strerror(error));
        return QN_ERR_IO;
    }
    wipe_environment(child);
    child->is_started = true;
    child->started_us = qn_runtime_now();
    qn_devnet_log_add(child, pipe_fds[0]);
    qn_devnet_poll_start(child);
    return QN_OK;
}

/* Under the mutex, since the child's poll thread ends by it. */
static void note_end(struct qn_devnet_child *child, int status)
{
    (void)pthread_mutex_lock(&child->devnet->mutex);
    child->pid = 0;
    child->has_ended = true;
    child->wait_status = status;
    child->state.is_answering = false;
    (void)pthread_mutex_unlock(&child->devnet->mutex);
}

unsigned qn_devnet_reap(struct qn_devnet *devnet)
{
    unsigned count = 0;
    for (size_t i = 0; i < devnet->child_count; i++) {
        struct qn_devnet_child *child = &devnet->children[i];
        int status;
        /* By its own id: this process may have other children, now or later. */
        if (child->pid != 0 && waitpid(child->pid, &status, WNOHANG) == child->pid) {
            note_end(child, status);
            count += 1;
        }
    }
    return count;
}

static bool any_runs(const struct qn_devnet *devnet)
{
    for (size_t i = 0; i < devnet->child_count; i++) {
        if (devnet->children[i].pid != 0) {
            return true;
        }
    }
    return false;
}

static void signal_all(const struct qn_devnet *devnet, int signal_number)
{
    for (size_t i = 0; i < devnet->child_count; i++) {
        if (devnet->children[i].pid != 0) {
            (void)kill(devnet->children[i].pid, signal_number);
        }
    }
}

void qn_devnet_stop_children(struct qn_devnet *devnet)
{
    const struct timespec pause = {.tv_nsec = STOP_POLL_MS * 1000000L};
    signal_all(devnet, SIGTERM);
    /* One that somebody paused has to run to hear it. */
    signal_all(devnet, SIGCONT);
    for (unsigned waited = 0; waited < STOP_WAIT_MS && any_runs(devnet); waited += STOP_POLL_MS) {
        (void)qn_devnet_reap(devnet);
        if (any_runs(devnet)) {
            (void)nanosleep(&pause, NULL);
        }
    }
    signal_all(devnet, SIGKILL);
    for (size_t i = 0; i < devnet->child_count; i++) {
        int status;
        if (devnet->children[i].pid != 0 &&
            waitpid(devnet->children[i].pid, &status, 0) == devnet->children[i].pid) {
            note_end(&devnet->children[i], status);
        }
    }
}

const char *qn_devnet_child_end(char *text, const struct qn_devnet_child *child)
{
    int status = child->wait_status;
    if (WIFSIGNALED(status)) {
        (void)snprintf(text, QN_TEXT_LEN_MAX + 1, "killed by signal %d (%s)", WTERMSIG(status),
                       strsignal(WTERMSIG(status)));
    } else {
        (void)snprintf(text, QN_TEXT_LEN_MAX + 1, "exited with status %d", WEXITSTATUS(status));
    }
    return text;
}
