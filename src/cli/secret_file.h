/* Secrets in files: read only if nobody else can read them, written so that nobody else can. */
#ifndef QN_SECRET_FILE_H
#define QN_SECRET_FILE_H

#include "base/base.h"

enum { QN_SECRET_WHY_SIZE = 300 };

/* Reads the one line of a file ("-": standard input) without its end; text is wiped on error.
 * QN_ERR_REFUSED  others may read it, or it is not ours; why says so.
 * QN_ERR_IO, QN_ERR_TOO_BIG (more than size - 1 characters), QN_ERR_MALFORMED (more than a line). */
QN_MUST_USE enum qn_err qn_secret_file_read(char *text, size_t size, char *why, const char *path);
/* Writes a new file of mode 0600; an existing one is never replaced. On error nothing stays. */
QN_MUST_USE enum qn_err qn_secret_file_write(const char *path, char *why, const char *text);

#endif
