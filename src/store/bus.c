/* A page of the mapped file that cannot be had is a bus error: the program ends, but with words. */
#include "store/store_internal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DECIMAL = 10, HEX = 16 };

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

/* Of a line "from-to rights offset device inode path"; 0: none. */
static unsigned long inode_of(char *line)
{
    enum { FIELDS_BEFORE = 4 };
    char *at = line;

    for (unsigned i = 0; i < FIELDS_BEFORE && at != NULL; i++) {
        at = strchr(at, ' ');
        at = at == NULL ? NULL : at + 1;
    }
    return at == NULL ? 0 : strtoul(at, NULL, DECIMAL);
}

/* LMDB does not tell where its map is; the system does. */
void qn_store_watch_map(const struct qn_store_env *env, const char *path)
{
    char line[QN_STORE_PATH_SIZE];
    struct stat about;

    map_at = NULL;
    if (env == NULL || fstat(env->fd, &about) != 0) {
        return;
    }
    FILE *maps = fopen("/proc/self/maps", "re");
    if (maps == NULL) {
        return;
    }
    (void)snprintf(map_path, sizeof map_path, "%s", path);
    while (map_at == NULL && fgets(line, sizeof line, maps) != NULL) {
        if (inode_of(line) == about.st_ino) {
            char *end = line;
            unsigned long from = strtoul(line, &end, HEX);
            map_len = strtoul(end + 1, NULL, HEX) - from;
            map_at = (const uint8_t *)from;
        }
    }
    (void)fclose(maps);
}
