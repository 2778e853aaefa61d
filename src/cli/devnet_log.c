#include "cli/devnet.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_LEN = 4096 };

static void end_line(struct qn_devnet_log *log)
{
    char *line = log->lines[log->line_count % QN_DEVNET_LOG_LINES];
    memcpy(line, log->partial, log->partial_len);
    line[log->partial_len] = '\0';
    log->line_count += 1;
    log->partial_len = 0;
}

/* Lines of a child may be shown on a terminal: only printable ones stay as they are. */
static void take(struct qn_devnet_log *log, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c == '\n') {
            end_line(log);
        } else if (log->partial_len + 1 < sizeof log->partial) {
            log->partial[log->partial_len] = c < 0x20 || c >= 0x7f ? '?' : (char)c;
            log->partial_len += 1;
        }
    }
}

static void write_file(struct qn_devnet_log *log, const char *bytes, size_t len)
{
    while (log->file_fd >= 0 && len > 0) {
        ssize_t count = write(log->file_fd, bytes, len);
        if (count < 0 && errno != EINTR) {
            (void)close(log->file_fd);
            log->file_fd = -1;
        } else if (count > 0) {
            bytes += count;
            len -= (size_t)count;
        }
    }
}

static void close_log(struct qn_devnet_log *log)
{
    if (log->partial_len > 0) {
        end_line(log);
    }
    (void)close(log->fd);
    log->fd = -1;
    if (log->file_fd >= 0) {
        (void)close(log->file_fd);
        log->file_fd = -1;
    }
}

static void read_some(struct qn_devnet *devnet, struct qn_devnet_log *log)
{
    char bytes[READ_LEN];
    ssize_t count = read(log->fd, bytes, sizeof bytes);
    (void)pthread_mutex_lock(&devnet->mutex);
    if (count > 0) {
        take(log, bytes, (size_t)count);
        write_file(log, bytes, (size_t)count);
    } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
        close_log(log);
    }
    (void)pthread_mutex_unlock(&devnet->mutex);
}

/* Fills the list of what to wait for; owners[i] is the log of fds[i], NULL for the wake-up pipe. */
static nfds_t list_fds(struct qn_devnet *devnet, struct pollfd *fds, struct qn_devnet_log **owners,
                       bool *is_over)
{
    nfds_t count = 1;
    fds[0] = (struct pollfd){.fd = devnet->log_wake[0], .events = POLLIN};
    owners[0] = NULL;
    (void)pthread_mutex_lock(&devnet->mutex);
    for (size_t i = 0; i < devnet->child_count; i++) {
        struct qn_devnet_log *log = &devnet->children[i].log;
        if (log->fd >= 0) {
            fds[count] = (struct pollfd){.fd = log->fd, .events = POLLIN};
            owners[count] = log;
            count += 1;
        }
    }
    /* The children have ended before is_stopping comes to count: read what they left to the end. */
    *is_over = devnet->is_stopping && count == 1;
    (void)pthread_mutex_unlock(&devnet->mutex);
    return count;
}

static void *run_logs(void *context)
{
    struct qn_devnet *devnet = context;
    struct pollfd *fds = calloc(devnet->child_count + 1, sizeof *fds);
    struct qn_devnet_log **owners = calloc(devnet->child_count + 1, sizeof *owners);
    QN_ASSERT(fds != NULL && owners != NULL);
    for (;;) {
        bool is_over;
        nfds_t count = list_fds(devnet, fds, owners, &is_over);
        if (is_over) {
            break;
        }
        if (poll(fds, count, -1) < 0) {
            continue; /* EINTR; nothing else can be wrong with these arguments */
        }
        if (fds[0].revents != 0) {
            char bytes[64];
            ssize_t ignored = read(devnet->log_wake[0], bytes, sizeof bytes);
            (void)ignored;
        }
        for (nfds_t i = 1; i < count; i++) {
            if (fds[i].revents != 0) {
                read_some(devnet, owners[i]);
            }
        }
    }
    free(owners);
    free(fds);
    return NULL;
}

static void wake(const struct qn_devnet *devnet)
{
    ssize_t ignored = write(devnet->log_wake[1], "", 1);
    (void)ignored;
}

void qn_devnet_logs_open(struct qn_devnet *devnet)
{
    QN_ASSERT(pipe2(devnet->log_wake, O_CLOEXEC | O_NONBLOCK) == 0);
    QN_ASSERT(pthread_create(&devnet->log_thread, NULL, run_logs, devnet) == 0);
    devnet->has_log_thread = true;
}

static int open_file(const struct qn_devnet_child *child)
{
    char path[PATH_MAX];
    char name[QN_DEVNET_NAME_SIZE];
    const struct qn_devnet_plan *plan = &child->devnet->plan;
    if (plan->log_dir == NULL) {
        return -1;
    }
    (void)snprintf(name, sizeof name, "%s", child->name);
    char *blank = strchr(name, ' ');
    if (blank != NULL) {
        *blank = '-';
    }
    int len = snprintf(path, sizeof path, "%s/%s.log", plan->log_dir, name);
    if (len < 0 || (size_t)len >= sizeof path) {
        return -1;
    }
    return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
}

void qn_devnet_log_add(struct qn_devnet_child *child, int fd)
{
    int file_fd = open_file(child);
    (void)pthread_mutex_lock(&child->devnet->mutex);
    child->log.fd = fd;
    child->log.file_fd = file_fd;
    (void)pthread_mutex_unlock(&child->devnet->mutex);
    wake(child->devnet);
}

void qn_devnet_logs_close(struct qn_devnet *devnet)
{
    if (!devnet->has_log_thread) {
        return;
    }
    (void)pthread_mutex_lock(&devnet->mutex);
    devnet->is_stopping = true;
    (void)pthread_mutex_unlock(&devnet->mutex);
    wake(devnet);
    (void)pthread_join(devnet->log_thread, NULL);
    devnet->has_log_thread = false;
    (void)close(devnet->log_wake[0]);
    (void)close(devnet->log_wake[1]);
}

size_t qn_devnet_log_tail(struct qn_devnet_child *child,
                          char lines[QN_DEVNET_TAIL_MAX][QN_DEVNET_LOG_LINE_SIZE], size_t count)
{
    (void)pthread_mutex_lock(&child->devnet->mutex);
    const struct qn_devnet_log *log = &child->log;
    size_t kept = log->line_count < QN_DEVNET_LOG_LINES ? log->line_count : QN_DEVNET_LOG_LINES;
    count = count < kept ? count : kept;
    for (size_t i = 0; i < count; i++) {
        size_t index = (log->line_count - count + i) % QN_DEVNET_LOG_LINES;
        memcpy(lines[i], log->lines[index], QN_DEVNET_LOG_LINE_SIZE);
    }
    (void)pthread_mutex_unlock(&child->devnet->mutex);
    return count;
}
