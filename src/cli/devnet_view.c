#include "cli/devnet_report.h"
#include "cli/output.h"
#include "net/runtime.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum {
    COLUMNS_DEFAULT = 80,
    ROWS_DEFAULT = 24,
    LINE_SIZE = 512,
    DEATH_LINES = 3, /* last log lines of each child that ended */
};

/* Terminal control sequences (ECMA-48 and xterm's private modes). */
#define ENTER_SCREEN "\033[?1049h\033[?25l"
#define LEAVE_SCREEN "\033[?25h\033[?1049l"
#define BEGIN_FRAME "\033[?2026h\033[H"
#define END_LINE "\033[0m\033[K\r\n"
#define END_FRAME "\033[0m\033[J\033[?2026l"

/* What is to be given back. One view a process: there is one terminal. */
static struct {
    bool is_open;
    bool has_mode;
    struct termios mode;
} terminal;

bool qn_devnet_view_is_possible(void)
{
    const char *kind = getenv("TERM");
    return isatty(STDOUT_FILENO) == 1 && kind != NULL && kind[0] != '\0' &&
           strcmp(kind, "dumb") != 0;
}

static void write_all(const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t count = write(STDOUT_FILENO, bytes, len);
        if (count < 0 && errno != EINTR && errno != EAGAIN) {
            return; /* the terminal is gone; the network goes on until it is stopped */
        }
        if (count > 0) {
            bytes += count;
            len -= (size_t)count;
        }
    }
}

/* Keys that are pressed do not show up between the lines. Only from the foreground: in the background
 * asking for it would stop us. */
static void silence_keys(void)
{
    terminal.has_mode =
        tcgetpgrp(STDOUT_FILENO) == getpgrp() && tcgetattr(STDOUT_FILENO, &terminal.mode) == 0;
    if (terminal.has_mode) {
        struct termios mode = terminal.mode;
        mode.c_lflag &= ~(tcflag_t)ECHO;
        (void)tcsetattr(STDOUT_FILENO, TCSANOW, &mode);
    }
}

void qn_devnet_view_open(void)
{
    (void)fflush(stdout);
    silence_keys();
    write_all(ENTER_SCREEN, strlen(ENTER_SCREEN));
    terminal.is_open = true;
}

void qn_devnet_view_close(void)
{
    if (!terminal.is_open) {
        return;
    }
    write_all(LEAVE_SCREEN, strlen(LEAVE_SCREEN));
    if (terminal.has_mode) {
        /* What was typed was not meant for the shell. */
        (void)tcsetattr(STDOUT_FILENO, TCSAFLUSH, &terminal.mode);
    }
    terminal.is_open = false;
}

/* ---- a frame: composed in memory, written at once ---- */

struct frame {
    FILE *out;
    int columns;
    int rows;
    int row;
    bool has_colour;
};

static void measure_terminal(struct frame *frame)
{
    struct winsize size = {0};
    const char *no_colour = getenv("NO_COLOR");
    bool is_known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    frame->columns = is_known ? size.ws_col : COLUMNS_DEFAULT;
    frame->rows = is_known && size.ws_row > 0 ? size.ws_row : ROWS_DEFAULT;
    frame->has_colour = no_colour == NULL || no_colour[0] == '\0';
}

/* One line, cut at the terminal's width. The last row stays free, so that nothing ever scrolls. */
static void put_line(struct frame *frame, const char *style, const char *text)
{
    if (frame->row + 1 >= frame->rows) {
        return;
    }
    if (frame->has_colour && style[0] != '\0') {
        (void)fprintf(frame->out, "\033[%sm", style);
    }
    (void)fprintf(frame->out, "%.*s%s", frame->columns, text, END_LINE);
    frame->row += 1;
}

/* ---- the table of nodes ---- */

enum column { NAME, ID, REGION, LINKS, PEERS, HEIGHT, STATE, API, COLUMN_COUNT };

static const struct {
    const char *heading;
    int width; /* STATE: at least */
    bool right;
    int priority; /* lower ones go first when the terminal is narrow */
} columns[COLUMN_COUNT] = {
    [NAME] = {"node", 11, false, 9},     [ID] = {"id", 8, false, 3},
    [REGION] = {"region", 13, false, 6}, [LINKS] = {"links", 5, true, 7},
    [PEERS] = {"peers", 5, true, 2},     [HEIGHT] = {"height", 6, true, 8},
    [STATE] = {"state", 10, false, 9},   [API] = {"API", 22, false, 4},
};

/* Which columns fit; the rest of the width goes to the state. */
static int choose_columns(bool shown[COLUMN_COUNT], int available)
{
    int width = -2;
    for (int i = 0; i < COLUMN_COUNT; i++) {
        shown[i] = true;
        width += columns[i].width + 2;
    }
    for (int priority = 0; width > available && priority < 9; priority++) {
        for (int i = 0; i < COLUMN_COUNT; i++) {
            if (columns[i].priority == priority) {
                shown[i] = false;
                width -= columns[i].width + 2;
            }
        }
    }
    enum { STATE_WIDTH_MAX = 56 };
    int state = columns[STATE].width + (available > width ? available - width : 0);
    return state < STATE_WIDTH_MAX ? state : STATE_WIDTH_MAX;
}

struct row {
    char cells[COLUMN_COUNT][QN_TEXT_LEN_MAX + 1];
    const char *style;
};

static void fill_state(struct row *row, const struct qn_devnet_child *child,
                       const struct qn_devnet_state *state)
{
    char *cell = row->cells[STATE];
    if (child->has_ended) {
        (void)qn_devnet_child_end(cell, child);
        row->style = "31";
    } else if (!child->is_started) {
        (void)snprintf(cell, QN_TEXT_LEN_MAX + 1, "to be started");
        row->style = "2";
    } else if (!state->has_answered) {
        (void)snprintf(cell, QN_TEXT_LEN_MAX + 1, "starting");
        row->style = "33";
    } else if (!state->is_answering) {
        (void)snprintf(cell, QN_TEXT_LEN_MAX + 1, "does not answer");
        row->style = "31";
    } else if (!state->is_ready) {
        (void)snprintf(cell, QN_TEXT_LEN_MAX + 1, "%s",
                       state->missing[0] != '\0' ? state->missing : "not ready");
        row->style = "33";
    } else {
        (void)snprintf(cell, QN_TEXT_LEN_MAX + 1, "ready%s",
                       child->is_genesis ? ", validator" : "");
        row->style = "32";
    }
}

static void fill_row(struct row *row, struct qn_devnet_child *child)
{
    char text[QN_ENDPOINT_TEXT_SIZE];
    struct qn_devnet_state state = qn_devnet_state_of(child);
    *row = (struct row){.style = ""};
    (void)snprintf(row->cells[NAME], sizeof row->cells[NAME], "%s", child->name);
    (void)qn_node_id_short(row->cells[ID], &child->id);
    (void)snprintf(row->cells[REGION], sizeof row->cells[REGION], "%s",
                   qn_region_name(child->region));
    (void)snprintf(row->cells[API], sizeof row->cells[API], "http://%s",
                   qn_endpoint_format(text, &child->api));
    (void)snprintf(row->cells[LINKS], sizeof row->cells[LINKS], "%llu",
                   (unsigned long long)state.links);
    (void)snprintf(row->cells[PEERS], sizeof row->cells[PEERS], "%llu",
                   (unsigned long long)state.peers);
    (void)snprintf(row->cells[HEIGHT], sizeof row->cells[HEIGHT], "%llu",
                   (unsigned long long)state.height);
    fill_state(row, child, &state);
}

static void put_row(struct frame *frame, const struct row *row, const bool shown[COLUMN_COUNT],
                    int state_width)
{
    char line[LINE_SIZE];
    int len = 0;
    for (int i = 0; i < COLUMN_COUNT && len < LINE_SIZE; i++) {
        int width = i == STATE ? state_width : columns[i].width;
        if (shown[i]) {
            len += snprintf(line + len, (size_t)(LINE_SIZE - len),
                            columns[i].right ? "%*.*s  " : "%-*.*s  ", width, width, row->cells[i]);
        }
    }
    put_line(frame, row->style, line);
}

static void put_nodes(struct frame *frame, struct qn_devnet *devnet, int rows_max)
{
    bool shown[COLUMN_COUNT];
    char text[LINE_SIZE];
    struct row row = {.style = "1"};
    int state_width = choose_columns(shown, frame->columns);
    size_t fits = rows_max > 0 ? (size_t)rows_max : 0;
    for (int i = 0; i < COLUMN_COUNT; i++) {
        (void)snprintf(row.cells[i], sizeof row.cells[i], "%s", columns[i].heading);
    }
    put_row(frame, &row, shown, state_width);
    bool is_cut = devnet->child_count > fits;
    size_t count = is_cut ? (fits > 0 ? fits - 1 : 0) : devnet->child_count;
    for (size_t i = 0; i < count; i++) {
        fill_row(&row, &devnet->children[i]);
        put_row(frame, &row, shown, state_width);
    }
    if (is_cut) {
        (void)snprintf(text, sizeof text, "and %zu more: the window is too low for them",
                       devnet->child_count - count);
        put_line(frame, "2", text);
    }
}

/* ---- the rest ---- */

static void put_head(struct frame *frame, struct qn_devnet *devnet)
{
    char text[LINE_SIZE];
    char duration[QN_DURATION_TEXT_SIZE];
    unsigned running = 0;
    unsigned registered = 0;
    uint64_t height = 0;
    for (size_t i = 0; i < devnet->child_count; i++) {
        struct qn_devnet_state state = qn_devnet_state_of(&devnet->children[i]);
        running += devnet->children[i].pid != 0 ? 1 : 0;
        registered += state.is_registered && !devnet->children[i].has_ended ? 1 : 0;
        height = state.height > height ? state.height : height;
    }
    uint64_t seconds = (qn_runtime_now() - devnet->started_us) / 1000000U;
    (void)snprintf(text, sizeof text,
                   "QNet devnet  %u/%zu nodes run  %u registered  height %llu  up %s", running,
                   devnet->child_count, registered, (unsigned long long)height,
                   qn_text_duration(duration, QN_SECONDS(seconds)));
    put_line(frame, "1", text);
    put_line(frame, "", "");
}

static void put_measured(struct frame *frame, struct qn_devnet *devnet)
{
    char text[LINE_SIZE];
    put_line(frame, "", "");
    (void)snprintf(text, sizeof text, "%-29s  %9s  %9s  %6s", "measured", "p50", "p99", "count");
    put_line(frame, "1", text);
    for (unsigned i = 0; i < QN_DEVNET_MEASURE_COUNT; i++) {
        char p50[QN_DURATION_TEXT_SIZE];
        char p99[QN_DURATION_TEXT_SIZE];
        struct qn_devnet_quantiles q = qn_devnet_measured(devnet, (enum qn_devnet_measure)i);
        (void)snprintf(text, sizeof text, "%-29s  %9s  %9s  %6zu",
                       qn_devnet_measure_label((enum qn_devnet_measure)i),
                       q.count > 0 ? qn_text_duration(p50, q.p50_us) : "-",
                       q.count > 0 ? qn_text_duration(p99, q.p99_us) : "-", q.count);
        put_line(frame, "", text);
    }
}

static void put_deaths(struct frame *frame, struct qn_devnet *devnet)
{
    for (size_t i = 0; i < devnet->child_count; i++) {
        struct qn_devnet_child *child = &devnet->children[i];
        char lines[QN_DEVNET_TAIL_MAX][QN_DEVNET_LOG_LINE_SIZE];
        if (!child->has_ended) {
            continue;
        }
        size_t count = qn_devnet_log_tail(child, lines, DEATH_LINES);
        for (size_t j = 0; j < count; j++) {
            char text[LINE_SIZE];
            (void)snprintf(text, sizeof text, "%s: %s", child->name, lines[j]);
            put_line(frame, "2", text);
        }
    }
}

void qn_devnet_view_draw(struct qn_devnet *devnet)
{
    enum { ROWS_BESIDE_NODES = 14 }; /* head, headings, measured times, the last lines */
    char *bytes = NULL;
    size_t len = 0;
    struct frame frame = {.out = open_memstream(&bytes, &len)};
    QN_ASSERT(frame.out != NULL);
    measure_terminal(&frame);
    (void)fputs(BEGIN_FRAME, frame.out);
    put_head(&frame, devnet);
    put_nodes(&frame, devnet, frame.rows - ROWS_BESIDE_NODES);
    put_measured(&frame, devnet);
    put_line(&frame, "", "");
    put_deaths(&frame, devnet);
    put_line(&frame, "2",
             devnet->plan.for_seconds > 0 ? "Ends by itself; Ctrl-C ends it now."
                                          : "Ctrl-C ends all of them.");
    (void)fputs(END_FRAME, frame.out);
    QN_ASSERT(fclose(frame.out) == 0);
    write_all(bytes, len);
    free(bytes);
}
