#include "api/answer.h"
#include "api/resources.h"
#include "api/stats.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    METRICS_MAX = 1024,
    NAME_SIZE = 96,
    HELP_SIZE = 160,
    LABEL_SIZE = 64,
    LINE_SIZE = 640,
    TEXT_LEN_MAX = METRICS_MAX * LINE_SIZE,
};

/* A copy: what a module hands over is only good during the walk. */
struct metric {
    char name[NAME_SIZE];
    char help[HELP_SIZE];
    enum qn_metric_type type;
    bool has_label;
    char label[LABEL_SIZE];
    char label_value[LABEL_SIZE];
    bool has_label2;
    char label2[LABEL_SIZE];
    char label2_value[LABEL_SIZE];
    double value;
    bool is_printed;
};

struct data {
    size_t count;
    struct metric metrics[METRICS_MAX];
};

static void take(void *context, const struct qn_metric *metric)
{
    struct data *data = context;
    if (data->count == METRICS_MAX) {
        return;
    }
    struct metric *copy = &data->metrics[data->count++];
    *copy = (struct metric){.type = metric->type, .value = metric->value};
    snprintf(copy->name, sizeof copy->name, "%s", metric->name);
    snprintf(copy->help, sizeof copy->help, "%s", metric->help);
    if (metric->label != NULL) {
        copy->has_label = true;
        snprintf(copy->label, sizeof copy->label, "%s", metric->label);
        snprintf(copy->label_value, sizeof copy->label_value, "%s", metric->label_value);
    }
    if (metric->label2 != NULL) {
        copy->has_label2 = true;
        snprintf(copy->label2, sizeof copy->label2, "%s", metric->label2);
        snprintf(copy->label2_value, sizeof copy->label2_value, "%s", metric->label2_value);
    }
}

static enum qn_api_progress read_metrics(struct qn_api_call *call, const struct qn_node *node)
{
    (void)node;
    struct data *data = qn_api_alloc(1, sizeof *data);
    const struct qn_metric_sink sink = {.metric = take, .context = data};

    call->data = data;
    call->host.collect(call->host.context, &sink);
    return QN_API_DONE;
}

struct text {
    size_t len;
    char *at; /* TEXT_LEN_MAX + 1 */
};

static void add(struct text *text, const char *piece)
{
    size_t len = strlen(piece);
    if (len <= TEXT_LEN_MAX - text->len) {
        memcpy(text->at + text->len, piece, len + 1);
        text->len += len;
    }
}

/* Backslash, line end and (in label values) quote have escapes in the text format. */
static void add_escaped(struct text *text, const char *piece, bool is_label_value)
{
    for (const char *at = piece; *at != '\0'; at++) {
        char one[3] = {*at, '\0', '\0'};
        if (*at == '\\' || *at == '\n' || (is_label_value && *at == '"')) {
            one[0] = '\\';
            one[1] = *at == '\n' ? 'n' : *at;
        }
        add(text, one);
    }
}

static void add_value(struct text *text, double value)
{
    char number[64];
    if (isnan(value)) {
        add(text, "NaN");
    } else if (isinf(value)) {
        add(text, value > 0 ? "+Inf" : "-Inf");
    } else {
        snprintf(number, sizeof number, "%.17g", value);
        add(text, number);
    }
}

static void add_label(struct text *text, const char *name, const char *value)
{
    add(text, name);
    add(text, "=\"");
    add_escaped(text, value, true);
    add(text, "\"");
}

static void add_sample(struct text *text, const struct metric *metric)
{
    add(text, metric->name);
    if (metric->has_label) {
        add(text, "{");
        add_label(text, metric->label, metric->label_value);
        if (metric->has_label2) {
            add(text, ",");
            add_label(text, metric->label2, metric->label2_value);
        }
        add(text, "}");
    }
    add(text, " ");
    add_value(text, metric->value);
    add(text, "\n");
}

/* All lines of one name stand together under one HELP and one TYPE, whatever the order of the walk. */
static void add_family(struct text *text, struct data *data, size_t first)
{
    const struct metric *head = &data->metrics[first];

    add(text, "# HELP ");
    add(text, head->name);
    add(text, " ");
    add_escaped(text, head->help, false);
    add(text, "\n# TYPE ");
    add(text, head->name);
    add(text, head->type == QN_METRIC_COUNTER ? " counter\n" : " gauge\n");
    for (size_t i = first; i < data->count; i++) {
        struct metric *metric = &data->metrics[i];
        if (!metric->is_printed && strcmp(metric->name, head->name) == 0) {
            add_sample(text, metric);
            metric->is_printed = true;
        }
    }
}

static void render_metrics(struct qn_api_answer *answer, const struct qn_api_call *call)
{
    struct data *data = call->data;
    struct text text = {.at = qn_api_alloc(TEXT_LEN_MAX + 1, 1)};
    const struct qn_metric_sink sink = {.metric = take, .context = data};

    qn_api_stats_collect(call->stats, &sink);
    for (size_t i = 0; i < data->count; i++) {
        if (!data->metrics[i].is_printed) {
            add_family(&text, data, i);
        }
    }
    *answer = (struct qn_api_answer){.status = 200,
                                     .content_type = "text/plain; version=0.0.4; charset=utf-8",
                                     .body = text.at,
                                     .body_len = text.len};
}

static size_t cost_metrics(const struct qn_api_request *request)
{
    (void)request;
    return TEXT_LEN_MAX;
}

const struct qn_api_handler qn_api_metrics = {
    .read = read_metrics, .render = render_metrics, .cost = cost_metrics};
