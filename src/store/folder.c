#include "store/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

bool qn_store_join(char *joined, const char *path, const char *name)
{
    int len = snprintf(joined, QN_STORE_PATH_SIZE, "%s/%s", path, name);

    return len > 0 && len < QN_STORE_PATH_SIZE;
}

bool qn_store_folder_path(char *path, const char *data_dir, const struct qn_network_id *network)
{
    enum { BYTES_SHOWN = 8 };
    char name[2 * BYTES_SHOWN + 1];

    qn_hex_encode(name, network->bytes, BYTES_SHOWN);
    return qn_store_join(path, data_dir, name);
}

static enum qn_err system_error(char *why, const char *what, const char *path)
{
    int error = errno;

    (void)snprintf(why, QN_STORE_WHY_SIZE, "cannot %s %s: %s", what, path, strerror(error));
    return qn_store_err(error);
}

static enum qn_err make_folder(const char *path, char *why)
{
    if (mkdir(path, S_IRWXU) == 0 || errno == EEXIST) {
        return QN_OK;
    }
    return system_error(why, "make the folder", path);
}

/* Whoever may write here could put a folder of his own in the place of ours. */
static enum qn_err check_parent(const char *path, char *why)
{
    struct stat about;

    if (stat(path, &about) != 0) {
        return system_error(why, "look at", path);
    }
    if (!S_ISDIR(about.st_mode)) {
        (void)snprintf(why, QN_STORE_WHY_SIZE, "%s is not a folder", path);
        return QN_ERR_REFUSED;
    }
    if (about.st_uid != geteuid() && about.st_uid != 0) {
        (void)snprintf(why, QN_STORE_WHY_SIZE,
                       "%s belongs to another user (uid %u): give the node a folder of its own",
                       path, (unsigned)about.st_uid);
        return QN_ERR_REFUSED;
    }
    if ((about.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (about.st_mode & S_ISVTX) == 0) {
        (void)snprintf(why, QN_STORE_WHY_SIZE, "others may write to %s (mode %04o): chmod go-w %s",
                       path, (unsigned)(about.st_mode & 07777), path);
        return QN_ERR_REFUSED;
    }
    return QN_OK;
}

static enum qn_err check_own(const char *path, char *why)
{
    struct stat about;

    if (lstat(path, &about) != 0) {
        return system_error(why, "look at", path);
    }
    if (!S_ISDIR(about.st_mode)) {
        (void)snprintf(why, QN_STORE_WHY_SIZE, "%s is not a folder", path);
        return QN_ERR_REFUSED;
    }
    if (about.st_uid != geteuid()) {
        (void)snprintf(why, QN_STORE_WHY_SIZE,
                       "%s belongs to another user (uid %u): chown it, or run as that user", path,
                       (unsigned)about.st_uid);
        return QN_ERR_REFUSED;
    }
    if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        (void)snprintf(why, QN_STORE_WHY_SIZE,
                       "%s has mode %04o, so others may use it: chmod 700 %s", path,
                       (unsigned)(about.st_mode & 07777), path);
        return QN_ERR_REFUSED;
    }
    return QN_OK;
}

enum qn_err qn_store_folder_make(const char *data_dir, const char *path, char *why)
{
    enum qn_err err = make_folder(data_dir, why);

    if (err == QN_OK) {
        err = check_parent(data_dir, why);
    }
    if (err == QN_OK) {
        err = make_folder(path, why);
    }
    if (err == QN_OK) {
        err = check_own(path, why);
    }
    return err == QN_OK ? qn_store_sync_folder(data_dir, why) : err;
}

/* The number that the holder wrote; it may be on its way in. */
static long holder_of(int fd)
{
    char text[24] = "";
    ssize_t len = pread(fd, text, sizeof text - 1, 0);
    long pid = 0;

    for (ssize_t i = 0; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
        pid = 10 * pid + (text[i] - '0');
    }
    return pid;
}

static enum qn_err note_holder(int fd, const char *path, char *why)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());

    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len) {
        return system_error(why, "write", path);
    }
    return QN_OK;
}

enum qn_err qn_store_folder_lock(int *fd, const char *path, char *why)
{
    char name[QN_STORE_PATH_SIZE];

    if (!qn_store_join(name, path, "lock")) {
        (void)snprintf(why, QN_STORE_WHY_SIZE, "the path of the data directory is too long");
        return QN_ERR_TOO_BIG;
    }
    int opened = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (opened < 0) {
        return system_error(why, "open", name);
    }
    enum qn_err err = QN_OK;
    if (flock(opened, LOCK_EX | LOCK_NB) == 0) {
        err = note_holder(opened, name, why);
    } else if (errno == EWOULDBLOCK) {
        (void)snprintf(why, QN_STORE_WHY_SIZE,
                       "another node runs on %s (process %ld): stop it first, or use another "
                       "--data-dir",
                       path, holder_of(opened));
        err = QN_ERR_BUSY;
    } else {
        err = system_error(why, "lock", name);
    }
    if (err != QN_OK) {
        (void)close(opened);
        return err;
    }
    *fd = opened;
    return QN_OK;
}

long qn_store_folder_holder(const char *path)
{
    char name[QN_STORE_PATH_SIZE];

    if (!qn_store_join(name, path, "lock")) {
        return 0;
    }
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return 0;
    }
    long pid = flock(fd, LOCK_SH | LOCK_NB) == 0 ? 0 : holder_of(fd);
    (void)close(fd);
    return pid;
}

enum qn_err qn_store_sync_folder(const char *path, char *why)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) {
        return system_error(why, "open", path);
    }
    enum qn_err err = fsync(fd) == 0 ? QN_OK : system_error(why, "write", path);
    (void)close(fd);
    return err;
}

enum qn_err qn_store_mark_made(const char *path, char *why)
{
    char name[QN_STORE_PATH_SIZE];

    if (!qn_store_join(name, path, "made")) {
        return QN_ERR_TOO_BIG;
    }
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        return system_error(why, "make", name);
    }
    enum qn_err err = fsync(fd) == 0 ? QN_OK : system_error(why, "write", name);
    (void)close(fd);
    return err == QN_OK ? qn_store_sync_folder(path, why) : err;
}

bool qn_store_is_marked(const char *path)
{
    char name[QN_STORE_PATH_SIZE];
    struct stat about;

    return qn_store_join(name, path, "made") && stat(name, &about) == 0;
}
