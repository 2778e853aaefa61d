/* The qnet program on a disk that fails on command: for e2e_disk_test.py.
 *
 * LMDB's writes end here, since a symbol of the program comes before one of a library. When the file named by
 * FAULTY_DISK exists and holds "<operation> <errno>", that operation fails with that number on data.mdb:
 * write (any data page), sync (fdatasync), or torn (half of a write arrives, then it fails). */
#include "cli/cli.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static const char data_name[] = "/data.mdb";

static int is_data(int fd)
{
    char link[64];
    char path[4096];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof path);
    size_t tail = sizeof data_name - 1;
    return len > (ssize_t)tail && memcmp(path + len - tail, data_name, tail) == 0;
}

/* The error number that this operation is to fail with; 0: none. */
static int fault(const char *operation, int fd)
{
    char line[32] = "";
    const char *path = getenv("FAULTY_DISK");
    FILE *file = path == NULL || !is_data(fd) ? NULL : fopen(path, "re");
    size_t len = strlen(operation);
    if (file == NULL) {
        return 0;
    }
    (void)!fgets(line, sizeof line, file);
    (void)fclose(file);
    return strncmp(line, operation, len) == 0 && line[len] == ' '
               ? (int)strtol(line + len, NULL, 10)
               : 0;
}

static void *next(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);
    if (function == NULL) {
        (void)fprintf(stderr, "faulty disk: no %s\n", name);
        abort();
    }
    return function;
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
    ssize_t (*real)(int, const void *, size_t, off_t);
    *(void **)&real = next("pwrite");
    int number = fault("write", fd);
    if (number == 0 && (number = fault("torn", fd)) != 0) {
        (void)!real(fd, bytes, len / 2, offset);
    }
    if (number != 0) {
        errno = number;
        return -1;
    }
    return real(fd, bytes, len, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off_t offset)
{
    return pwrite(fd, bytes, len, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    ssize_t (*real)(int, const struct iovec *, int);
    *(void **)&real = next("writev");
    int number = fault("write", fd);
    if (number == 0 && (number = fault("torn", fd)) != 0) {
        (void)!real(fd, parts, count / 2);
    }
    if (number != 0) {
        errno = number;
        return -1;
    }
    return real(fd, parts, count);
}

int fdatasync(int fd)
{
    int (*real)(int);
    *(void **)&real = next("fdatasync");
    int number = fault("sync", fd);
    if (number != 0) {
        errno = number;
        return -1;
    }
    return real(fd);
}

int main(int argc, char **argv)
{
    return qn_cli_main(argc, argv, environ);
}
