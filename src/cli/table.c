#include "cli/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CELL_SIZE = 8192, CELLS_FIRST = 64 };

void qn_table_init(struct qn_table *table, const char *alignment)
{
    *table = (struct qn_table){.alignment = alignment, .columns = strlen(alignment)};
    QN_ASSERT(table->columns > 0 && table->columns <= QN_TABLE_COLUMNS_MAX);
}

static void add(struct qn_table *table, const char *text)
{
    if (table->cell_count == table->capacity) {
        table->capacity = table->capacity == 0 ? CELLS_FIRST : 2 * table->capacity;
        table->cells = realloc(table->cells, table->capacity * sizeof *table->cells);
        QN_ASSERT(table->cells != NULL);
    }
    char *copy = strdup(text);
    QN_ASSERT(copy != NULL);
    table->cells[table->cell_count] = copy;
    table->cell_count += 1;
}

void qn_table_add(struct qn_table *table, const char *format, ...)
{
    char text[CELL_SIZE];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(text, sizeof text, format, values);
    va_end(values);
    add(table, text);
}

void qn_table_pair(struct qn_table *table, const char *name, const char *format, ...)
{
    char text[CELL_SIZE];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(text, sizeof text, format, values);
    va_end(values);
    add(table, name);
    add(table, text);
}

static void print_row(const struct qn_table *table, char *const *row, const size_t *widths)
{
    for (size_t i = 0; i < table->columns; i++) {
        bool is_last = i + 1 == table->columns;
        int width = (int)widths[i];
        if (table->alignment[i] == 'r') {
            (void)printf("%*s", width, row[i]);
        } else {
            /* No blanks at the end of a line. */
            (void)printf("%-*s", is_last ? 0 : width, row[i]);
        }
        (void)fputs(is_last ? "\n" : "  ", stdout);
    }
}

void qn_table_finish(struct qn_table *table)
{
    size_t widths[QN_TABLE_COLUMNS_MAX] = {0};
    QN_ASSERT(table->cell_count % table->columns == 0);
    for (size_t i = 0; i < table->cell_count; i++) {
        size_t len = strlen(table->cells[i]);
        size_t *width = &widths[i % table->columns];
        *width = len > *width ? len : *width;
    }
    for (size_t i = 0; i < table->cell_count; i += table->columns) {
        print_row(table, &table->cells[i], widths);
    }
    for (size_t i = 0; i < table->cell_count; i++) {
        free(table->cells[i]);
    }
    free(table->cells);
    *table = (struct qn_table){0};
}
