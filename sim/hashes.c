#include "sim/hashes.h"

#include "sim/run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 64, LINE_LEN_MAX = 160, NODES_MAX = 10 };

struct line {
    char comment[LINE_LEN_MAX]; /* empty: the line is a run */
    uint64_t seed;
    uint64_t nodes;
    uint64_t hash;
};

struct list {
    struct line lines[LINES_MAX];
    size_t count;
};

static bool parse_field(uint64_t *value, char **at, int base)
{
    char *end = *at;

    errno = 0;
    *value = strtoull(*at, &end, base);
    bool good = errno == 0 && end != *at && strchr("+-", (*at)[strspn(*at, " ")]) == NULL;
    *at = end;
    return good;
}

static bool parse_line(struct line *line, char *text)
{
    *line = (struct line){0};
    text[strcspn(text, "\n")] = '\0';
    if (text[0] == '#' || text[0] == '\0') {
        (void)snprintf(line->comment, sizeof line->comment, "%s", text[0] == '\0' ? "#" : text);
        return true;
    }
    return parse_field(&line->seed, &text, 10) && parse_field(&line->nodes, &text, 10) &&
           parse_field(&line->hash, &text, 16) && *text == '\0' && line->nodes <= NODES_MAX &&
           (line->nodes == 0 || line->nodes >= 4);
}

static bool read_list(struct list *list, const char *path)
{
    char text[LINE_LEN_MAX];
    FILE *file = fopen(path, "r");
    bool good = true;

    list->count = 0;
    if (file == NULL) {
        (void)fprintf(stderr, "error: %s: %s\n", path, strerror(errno));
        return false;
    }
    while (good && fgets(text, sizeof text, file) != NULL) {
        good = list->count < LINES_MAX && parse_line(&list->lines[list->count], text);
        list->count += 1;
    }
    if (!good) {
        (void)fprintf(stderr, "error: %s:%zu: expected \"seed nodes hash\", at most %d lines\n",
                      path, list->count, LINES_MAX);
    }
    (void)fclose(file);
    return good;
}

/* The run's own failure is told too: a hash of a broken run is not worth keeping. */
static bool run(struct qn_sim_result *result, const struct line *line)
{
    struct qn_sim_coverage coverage = {0};

    qn_sim_run(result, &coverage, line->seed, (unsigned)line->nodes, NULL);
    if (!result->ok) {
        (void)printf("seed %" PRIu64 " FAILED: %s\n", line->seed, result->failure);
    }
    return result->ok;
}

bool qn_sim_hashes_check(const char *path)
{
    static struct list list;
    struct qn_sim_result result;
    unsigned runs = 0;
    unsigned wrong = 0;

    if (!read_list(&list, path)) {
        return false;
    }
    for (size_t i = 0; i < list.count; i++) {
        const struct line *line = &list.lines[i];
        if (line->comment[0] != '\0') {
            continue;
        }
        bool good = run(&result, line) && result.trace == line->hash;
        runs += 1;
        wrong += !good;
        (void)printf("seed %" PRIu64 ", nodes %" PRIu64 ": %016" PRIx64 "%s\n", line->seed,
                     line->nodes, result.trace, good ? "" : " DIFFERS");
    }
    if (wrong > 0) {
        (void)printf("%u of %u differ from %s. Either this build tells another story than others "
                     "of the same commit, or\nwhat nodes do has changed since the list was made: "
                     "then ./dev sim --write-hashes %s\n",
                     wrong, runs, path, path);
    }
    return wrong == 0 && runs > 0;
}

bool qn_sim_hashes_write(const char *path)
{
    static struct list list;
    struct qn_sim_result result;
    bool good = true;

    if (!read_list(&list, path)) {
        return false;
    }
    for (size_t i = 0; i < list.count; i++) {
        if (list.lines[i].comment[0] == '\0') {
            good = run(&result, &list.lines[i]) && good;
            list.lines[i].hash = result.trace;
        }
    }
    FILE *file = good ? fopen(path, "w") : NULL;
    for (size_t i = 0; file != NULL && i < list.count; i++) {
        const struct line *line = &list.lines[i];
        if (line->comment[0] != '\0') {
            (void)fprintf(file, "%s\n", line->comment);
        } else {
            (void)fprintf(file, "%" PRIu64 " %" PRIu64 " %016" PRIx64 "\n", line->seed, line->nodes,
                          line->hash);
        }
    }
    if (file == NULL || fclose(file) != 0) {
        (void)fprintf(stderr, "error: %s is not written: %s\n", path,
                      good ? strerror(errno) : "a run failed");
        return false;
    }
    return true;
}
