/* A page of the mapped file that cannot be had is a bus error: the program ends, but with words. */
#include "store/store_internal.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* For the signal handler, which gets no context. One node, one store. */
static const uint8_t *volatile map_at;
static volatile size_t map_len;
static char map_path[QN_STORE_PATH_SIZE];

static void tell(const char *text)
{
    (void)!write(STDERR_FILENO, text, strlen(text));
}

static void on_bus_error(int signal_number, siginfo_t *info, void *context)
{
    const uint8_t *at = info->si_addr;
    (void)context;

    if (map_at == NULL || at < map_at || at >= map_at + map_len) {
        (void)signal(signal_number, SIG_DFL); /* not ours: it happens again, and ends us */
        return;
    }
    tell("qnet: the node stopped: a page of the data file in ");
    tell(map_path);
    tell(" is gone: the file was cut off or the disk cannot be read; run qnet db check\n");
    _exit(1);
}

void qn_store_catch_bus_errors(void)
{
    struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};

    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGBUS, &action, NULL);
    /* A file that may not grow is an error of the write, not the end of the process. */
    (void)signal(SIGXFSZ, SIG_IGN);
}

void qn_store_watch_map(const struct qn_store_env *env, const char *path)
{
    char line[QN_STORE_PATH_SIZE];
    struct stat about;

    map_at = NULL;
    FILE *maps = env == NULL ? NULL : fopen("/proc/self/maps", "re");
    if (maps == NULL || fstat(env->fd, &about) != 0) {
        return;
    }
    (void)snprintf(map_path, sizeof map_path, "%s", path);
    /* LMDB does not tell where its map is. "from-to rights offset device inode path" */
    while (map_at == NULL && fgets(line, sizeof line, maps) != NULL) {
        unsigned long from = 0;
        unsigned long to = 0;
        unsigned long inode = 0;
        if (sscanf(line, "%lx-%lx %*s %*s %*s %lu", &from, &to, &inode) == 3 &&
            inode == about.st_ino) {
            map_len = to - from;
            map_at = (const uint8_t *)from;
        }
    }
    (void)fclose(maps);
}
