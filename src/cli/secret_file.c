#include "cli/secret_file.h"

#include "crypto/key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum qn_err check_private(int fd, char *why)
{
    struct stat about;
    if (fstat(fd, &about) != 0) {
        (void)snprintf(why, QN_SECRET_WHY_SIZE, "cannot be examined: %s", strerror(errno));
        return QN_ERR_IO;
    }
    /* A FIFO is what a shell's <(command) gives. */
    if (!S_ISREG(about.st_mode) && !S_ISFIFO(about.st_mode)) {
        (void)snprintf(why, QN_SECRET_WHY_SIZE, "is not a file");
        return QN_ERR_REFUSED;
    }
    if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        (void)snprintf(why, QN_SECRET_WHY_SIZE, "has mode %04o, so others may use it: chmod 600",
                       (unsigned)(about.st_mode & 07777));
        return QN_ERR_REFUSED;
    }
    if (about.st_uid != geteuid() && about.st_uid != 0) {
        (void)snprintf(why, QN_SECRET_WHY_SIZE, "belongs to another user (uid %u)",
                       (unsigned)about.st_uid);
        return QN_ERR_REFUSED;
    }
    return QN_OK;
}

static enum qn_err read_all(int fd, char *text, size_t size, size_t *len, char *why)
{
    size_t total = 0;
    while (total < size) {
        ssize_t count = read(fd, text + total, size - total);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            (void)snprintf(why, QN_SECRET_WHY_SIZE, "cannot be read: %s", strerror(errno));
            return QN_ERR_IO;
        }
        if (count == 0) {
            *len = total;
            return QN_OK;
        }
        total += (size_t)count;
    }
    (void)snprintf(why, QN_SECRET_WHY_SIZE, "has more than %zu characters", size - 1);
    return QN_ERR_TOO_BIG;
}

static enum qn_err keep_line(char *text, size_t len, char *why)
{
    if (len > 0 && text[len - 1] == '\n') {
        len -= 1;
    }
    text[len] = '\0';
    if (len == 0) {
        (void)snprintf(why, QN_SECRET_WHY_SIZE, "is empty");
        return QN_ERR_MALFORMED;
    }
    if (strlen(text) != len || strchr(text, '\n') != NULL) {
        (void)snprintf(why, QN_SECRET_WHY_SIZE, "holds more than one line");
        return QN_ERR_MALFORMED;
    }
    return QN_OK;
}

enum qn_err qn_secret_file_read(char *text, size_t size, char *why, const char *path)
{
    bool is_stdin = strcmp(path, "-") == 0;
    size_t len = 0;
    enum qn_err err = QN_OK;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        (void)snprintf(why, QN_SECRET_WHY_SIZE, "cannot be opened: %s", strerror(errno));
        return QN_ERR_IO;
    }
    if (!is_stdin) {
        err = check_private(fd, why);
    }
    if (err == QN_OK) {
        err = read_all(fd, text, size, &len, why);
    }
    if (err == QN_OK) {
        err = keep_line(text, len, why);
    }
    if (!is_stdin) {
        (void)close(fd);
    }
    if (err != QN_OK) {
        qn_wipe(text, size);
    }
    return err;
}

enum qn_err qn_secret_file_write(const char *path, char *why, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        (void)snprintf(why, QN_SECRET_WHY_SIZE, "cannot be created: %s", strerror(errno));
        return QN_ERR_IO;
    }
    size_t len = strlen(text);
    bool is_written =
        write(fd, text, len) == (ssize_t)len && write(fd, "\n", 1) == 1 && fsync(fd) == 0;
    int write_errno = errno;
    if (close(fd) != 0 || !is_written) {
        (void)snprintf(why, QN_SECRET_WHY_SIZE, "cannot be written: %s", strerror(write_errno));
        (void)unlink(path);
        return QN_ERR_IO;
    }
    return QN_OK;
}
