/* What commands print: one JSON object for programs, sentences and tables for people. */
#ifndef QN_OUTPUT_H
#define QN_OUTPUT_H

#include "cli/cli.h"

#include <jansson.h>

/* Prints the object on a line of its own on standard output; the reference passes to this function. */
void qn_output_json(json_t *object);

/* "qnet: <text>" on standard error, and with -o json {"error": {"code", "text"}} on standard output.
 * Returns status. */
enum qn_exit qn_output_fail(const struct qn_cli *cli, enum qn_exit status, const char *code,
                            const char *format, ...) QN_PRINTF(4, 5);

/* ---- text forms ---- */

enum { QN_DURATION_TEXT_SIZE = 24, QN_DATE_TEXT_SIZE = 24 };
/* "640 us", "1.27 ms", "12.3 s", "3 min 20 s", "5 h 12 min"; returns text. */
const char *qn_text_duration(char *text, uint64_t us);
enum { QN_SIZE_TEXT_SIZE = 24 };
/* "640 B", "1.3 KiB", "24.0 GiB"; returns text. */
const char *qn_text_size(char *text, uint64_t bytes);
/* "2026-07-01 12:00:00Z"; "never" for UINT64_MAX. Returns text. */
const char *qn_text_date(char *text, qn_unix_ms unix_ms);

/* ---- tables ---- */

enum { QN_TABLE_COLUMNS_MAX = 12 };
/* Cells are added row by row; nothing is printed before all widths are known. */
struct qn_table {
    const char *alignment; /* one 'l' or 'r' for each column */
    size_t columns;
    size_t cell_count;
    size_t capacity;
    char **cells; /* heap, owned */
};
void qn_table_init(struct qn_table *table, const char *alignment);
void qn_table_add(struct qn_table *table, const char *format, ...) QN_PRINTF(2, 3);
/* Two columns of a listing: "name  value". */
void qn_table_pair(struct qn_table *table, const char *name, const char *format, ...)
    QN_PRINTF(3, 4);
/* Prints to standard output and frees. */
void qn_table_finish(struct qn_table *table);

#endif
