#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

enum { PAIRS_SIZE = 512, ESCAPE_LEN = 4 };

void qn_log(const struct qn_log *log, enum qn_log_level level, const char *module,
            const char *event, const char *format, ...)
{
    if (log == NULL || level > log->level_max) {
        return;
    }
    char pairs[PAIRS_SIZE];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(pairs, sizeof pairs, format, args);
    va_end(args);
    if (len < 0) {
        pairs[0] = '\0'; /* the event itself still counts */
    }
    log->write(log->context, level, module, event, pairs);
}

/* The backslash too, or a peer could write an escape of its own. */
static bool is_plain(char c)
{
    return c >= ' ' && c <= '~' && c != '"' && c != '\'' && c != '\\';
}

const char *qn_log_escape(char *out, size_t out_size, const char *text, size_t text_len)
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;

    QN_ASSERT(out_size > 0);
    for (size_t i = 0; i < text_len; i++) {
        size_t needed = is_plain(text[i]) ? 1 : ESCAPE_LEN;
        if (out_size - at <= needed) { /* an escape is never cut in the middle */
            break;
        }
        if (needed == 1) {
            out[at] = text[i];
        } else {
            out[at] = '\\';
            out[at + 1] = 'x';
            out[at + 2] = digits[(unsigned char)text[i] >> 4];
            out[at + 3] = digits[(unsigned char)text[i] & 15];
        }
        at += needed;
    }
    out[at] = '\0';
    return out;
}
