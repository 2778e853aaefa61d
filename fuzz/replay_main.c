/* Runs every file of a corpus through one fuzz target, without libFuzzer: the ordinary test run's
 * way to see that inputs which once broke something do no longer.
 *
 *   fuzz_<name> <file or folder>...
 *
 * Fails when an argument is missing or a folder is empty: a corpus that was lost would otherwise
 * pass as one without failures. */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Counts the inputs run; -1 after a message when something could not be read. */
static long replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    if (file == NULL || fstat(fileno(file), &status) != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        if (file != NULL) {
            (void)fclose(file);
        }
        return -1;
    }
    size_t size = (size_t)status.st_size;
    /* Exactly as large as the input, so that a sanitizer sees the first byte read beyond it. */
    uint8_t *data = malloc(size > 0 ? size : 1);
    bool complete = data != NULL && fread(data, 1, size, file) == size;
    (void)fclose(file);
    if (!complete) {
        fprintf(stderr, "%s: cannot read\n", path);
        free(data);
        return -1;
    }
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 1;
}

static long replay(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    if (!S_ISDIR(status.st_mode)) {
        return replay_file(path);
    }

    struct dirent **entries = NULL;
    int found = scandir(path, &entries, NULL, alphasort);
    long count = 0;
    for (int i = 0; i < found; i++) {
        char name[4096];
        int len = snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
        bool hidden = entries[i]->d_name[0] == '.';
        free(entries[i]);
        if (hidden || count < 0) {
            continue;
        }
        long ran = len > 0 && (size_t)len < sizeof name ? replay(name) : -1;
        count = ran < 0 ? -1 : count + ran;
    }
    free(entries);
    if (count == 0) {
        fprintf(stderr, "%s: no inputs in this folder\n", path);
        return -1;
    }
    return count;
}

int main(int argc, char **argv)
{
    long total = 0;
    if (argc < 2) {
        fprintf(stderr, "usage: %s <file or folder>...\n", argv[0]);
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        long count = replay(argv[i]);
        if (count < 0) {
            return 1;
        }
        total += count;
    }
    printf("%ld inputs, no failure\n", total);
    return 0;
}
