#include "cli/nearest.h"

#include <string.h>

enum { WORD_LEN_MAX = 64 };

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein distance of two words of at most WORD_LEN_MAX characters, row by row. */
static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t row[WORD_LEN_MAX + 1];
    for (size_t j = 0; j <= b_len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t above = row[j];
            size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = min3(above + 1, row[j - 1] + 1, replaced);
            diagonal = above;
        }
    }
    return row[b_len];
}

struct qn_nearest qn_nearest_start(const char *typed)
{
    size_t len = strlen(typed);
    /* A third of the letters wrong, or two in a short word: beyond that it is another word. */
    size_t tolerated = len / 3 < 2 ? 2 : len / 3;
    return (struct qn_nearest){.typed = typed, .distance = tolerated + 1};
}

void qn_nearest_offer(struct qn_nearest *nearest, const char *candidate)
{
    size_t typed_len = strlen(nearest->typed);
    size_t len = strlen(candidate);
    if (typed_len == 0 || typed_len > WORD_LEN_MAX || len > WORD_LEN_MAX) {
        return;
    }
    size_t distance = edit_distance(nearest->typed, typed_len, candidate, len);
    /* A word of which nothing is left is no match, however short. */
    if (distance < nearest->distance && distance < len) {
        nearest->best = candidate;
        nearest->distance = distance;
    }
}
