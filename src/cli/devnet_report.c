#include "cli/devnet_report.h"

#include "cli/output.h"
#include "net/runtime.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    JUDGE_MS = 4000, /* how long agreement is waited for: the network makes blocks meanwhile */
    ROUND_MS = 2000,
    JUDGE_PAUSE_MS = 50,
};

void qn_devnet_say(const struct qn_devnet *devnet, const char *format, ...)
{
    FILE *out = devnet->plan.json ? stderr : stdout;
    va_list values;
    (void)fprintf(out, "%7.1f s  ", (double)(qn_runtime_now() - devnet->started_us) / 1e6);
    va_start(values, format);
    (void)vfprintf(out, format, values);
    va_end(values);
    (void)fputc('\n', out);
    (void)fflush(out);
}

/* ---- the verdict ---- */

void qn_devnet_verdict_add(struct qn_devnet_verdict *verdict, const char *format, ...)
{
    if (verdict->problem_count == QN_DEVNET_PROBLEMS_MAX) {
        return;
    }
    va_list values;
    va_start(values, format);
    (void)vsnprintf(verdict->problems[verdict->problem_count], QN_DEVNET_PROBLEM_SIZE, format,
                    values);
    va_end(values);
    verdict->problem_count += 1;
}

static void judge_child(const struct qn_devnet_child *child, struct qn_devnet_verdict *verdict)
{
    char text[QN_TEXT_LEN_MAX + 1];
    const struct qn_devnet_state *state = &child->state;
    if (child->has_ended) {
        qn_devnet_verdict_add(verdict, "%s %s", child->name, qn_devnet_child_end(text, child));
    } else if (!child->is_started) {
        qn_devnet_verdict_add(verdict, "%s was not started in time", child->name);
    } else if (!state->is_answering) {
        qn_devnet_verdict_add(verdict, "%s does not answer", child->name);
    } else if (!state->is_registered) {
        qn_devnet_verdict_add(verdict, "%s is not registered%s%s", child->name,
                              state->missing[0] != '\0' ? ": " : "", state->missing);
    } else {
        verdict->registered += 1;
    }
}

/* All who run are at one height with one root? */
static void judge_roots(const struct qn_devnet *devnet, struct qn_devnet_verdict *verdict)
{
    const struct qn_devnet_child *first = NULL;
    for (size_t i = 0; i < devnet->child_count; i++) {
        const struct qn_devnet_child *child = &devnet->children[i];
        if (child->has_ended || !child->state.has_answered) {
            continue;
        }
        if (first == NULL) {
            first = child;
            verdict->height = child->state.height;
            verdict->state_root = child->state.state_root;
            verdict->has_root = true;
        } else if (child->state.height != first->state.height ||
                   !qn_hash_equal(&child->state.state_root, &first->state.state_root)) {
            verdict->has_root = false;
            qn_devnet_verdict_add(verdict, "%s is at height %llu, %s at height %llu%s", first->name,
                                  (unsigned long long)first->state.height, child->name,
                                  (unsigned long long)child->state.height,
                                  child->state.height == first->state.height ? " with another root"
                                                                             : "");
        }
    }
    if (verdict->has_root && verdict->height == 0) {
        qn_devnet_verdict_add(verdict, "no block was produced");
    }
}

static bool holds_record(const struct qn_devnet_child *child, const struct qn_node_id *id)
{
    for (size_t i = 0; i < child->details.record_count; i++) {
        if (child->details.records[i].is_held &&
            qn_node_id_equal(&child->details.records[i].id, id)) {
            return true;
        }
    }
    return false;
}

static void judge_records(const struct qn_devnet *devnet, struct qn_devnet_verdict *verdict)
{
    for (size_t i = 0; i < devnet->child_count; i++) {
        const struct qn_devnet_child *holder = &devnet->children[i];
        size_t missing = 0;
        const char *example = "";
        if (holder->has_ended || !holder->state.has_answered) {
            continue;
        }
        for (size_t j = 0; j < devnet->child_count; j++) {
            const struct qn_devnet_child *subject = &devnet->children[j];
            bool has_place = !holder->details.region_is_full[subject->region];
            if (j != i && subject->is_started && has_place && !holds_record(holder, &subject->id)) {
                missing += 1;
                example = subject->name;
            }
        }
        if (missing > 0) {
            qn_devnet_verdict_add(verdict, "%s lacks the records of %zu node%s, such as %s",
                                  holder->name, missing, missing == 1 ? "" : "s", example);
        }
    }
}

void qn_devnet_judge_now(struct qn_devnet *devnet, struct qn_devnet_verdict *verdict)
{
    *verdict = (struct qn_devnet_verdict){0};
    (void)pthread_mutex_lock(&devnet->mutex);
    for (size_t i = 0; i < devnet->child_count; i++) {
        judge_child(&devnet->children[i], verdict);
    }
    judge_roots(devnet, verdict);
    judge_records(devnet, verdict);
    (void)pthread_mutex_unlock(&devnet->mutex);
}

static void judge_once(struct qn_devnet *devnet, struct qn_devnet_verdict *verdict)
{
    bool is_whole = qn_devnet_poll_round(devnet, ROUND_MS);
    qn_devnet_judge_now(devnet, verdict);
    if (!is_whole && verdict->problem_count == 0) {
        qn_devnet_verdict_add(verdict, "not every node answered in time");
    }
}

void qn_devnet_judge(struct qn_devnet *devnet, struct qn_devnet_verdict *verdict)
{
    const struct timespec pause = {.tv_nsec = JUDGE_PAUSE_MS * 1000000L};
    qn_time_us deadline = qn_runtime_now() + QN_MS(JUDGE_MS);
    judge_once(devnet, verdict);
    while (verdict->problem_count > 0 && qn_runtime_now() < deadline) {
        (void)nanosleep(&pause, NULL);
        judge_once(devnet, verdict);
    }
    qn_devnet_measure_announces(devnet);
}

/* ---- JSON ---- */

/* p50, p99 and count, in the unit of which there are per_us in a microsecond; null: not measured. */
static json_t *quantiles_json(struct qn_devnet *devnet, enum qn_devnet_measure measure, bool is_ms)
{
    struct qn_devnet_quantiles measured = qn_devnet_measured(devnet, measure);
    if (measured.count == 0) {
        return json_pack("{s:n, s:n, s:i}", "p50", "p99", "count", 0);
    }
    if (is_ms) {
        return json_pack("{s:f, s:f, s:I}", "p50", measured.p50_us / 1000.0, "p99",
                         measured.p99_us / 1000.0, "count", (json_int_t)measured.count);
    }
    return json_pack("{s:I, s:I, s:I}", "p50", (json_int_t)measured.p50_us, "p99",
                     (json_int_t)measured.p99_us, "count", (json_int_t)measured.count);
}

static json_t *members_json(const struct qn_devnet *devnet)
{
    json_t *list = json_array();
    for (size_t i = 0; i < devnet->child_count; i++) {
        const struct qn_devnet_child *child = &devnet->children[i];
        char id_text[QN_ID_TEXT_SIZE];
        char listen[QN_ENDPOINT_TEXT_SIZE];
        char api[QN_ENDPOINT_TEXT_SIZE];
        qn_hex_encode(id_text, child->id.bytes, sizeof child->id.bytes);
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "name",
                                                    child->name, "id", id_text, "region",
                                                    qn_region_name(child->region), "listen",
                                                    qn_endpoint_format(listen, &child->listen),
                                                    "api", qn_endpoint_format(api, &child->api)));
    }
    return list;
}

void qn_devnet_print_json(struct qn_devnet *devnet, const struct qn_devnet_verdict *verdict)
{
    char root[QN_ID_TEXT_SIZE];
    json_t *problems = json_array();
    for (size_t i = 0; i < verdict->problem_count; i++) {
        (void)json_array_append_new(problems, json_string(verdict->problems[i]));
    }
    qn_hex_encode(root, verdict->state_root.bytes, sizeof verdict->state_root.bytes);
    qn_output_json(json_pack("{s:i, s:i, s:I, s:i, s:o, s:o, s:o, s:o, s:o, s:s?, s:b, s:o, s:o}",
                             "genesis", (int)devnet->plan.genesis_count, "nodes",
                             (int)devnet->plan.node_count, "height", (json_int_t)verdict->height,
                             "registered", (int)verdict->registered, "verify_us",
                             quantiles_json(devnet, QN_DEVNET_VERIFY, false), "handshake_us",
                             quantiles_json(devnet, QN_DEVNET_HANDSHAKE, false), "handshake_cpu_us",
                             quantiles_json(devnet, QN_DEVNET_HANDSHAKE_CPU, false), "register_ms",
                             quantiles_json(devnet, QN_DEVNET_REGISTER, true), "announce_ms",
                             quantiles_json(devnet, QN_DEVNET_ANNOUNCE, true), "state_root",
                             verdict->has_root ? root : NULL, "ok", verdict->problem_count == 0,
                             "problems", problems, "members", members_json(devnet)));
}

/* ---- text ---- */

void qn_devnet_print_measured(struct qn_devnet *devnet)
{
    struct qn_table table;
    qn_table_init(&table, "lrrr");
    qn_table_add(&table, "measured");
    qn_table_add(&table, "p50");
    qn_table_add(&table, "p99");
    qn_table_add(&table, "count");
    for (unsigned i = 0; i < QN_DEVNET_MEASURE_COUNT; i++) {
        char p50[QN_DURATION_TEXT_SIZE];
        char p99[QN_DURATION_TEXT_SIZE];
        struct qn_devnet_quantiles q = qn_devnet_measured(devnet, (enum qn_devnet_measure)i);
        qn_table_add(&table, "%s", qn_devnet_measure_label((enum qn_devnet_measure)i));
        qn_table_add(&table, "%s", q.count > 0 ? qn_text_duration(p50, q.p50_us) : "-");
        qn_table_add(&table, "%s", q.count > 0 ? qn_text_duration(p99, q.p99_us) : "-");
        qn_table_add(&table, "%zu", q.count);
    }
    qn_table_finish(&table);
    (void)fflush(stdout);
}

void qn_devnet_print_apis(const struct qn_devnet *devnet)
{
    struct qn_table table;
    qn_table_init(&table, "llll");
    for (size_t i = 0; i < devnet->child_count; i++) {
        const struct qn_devnet_child *child = &devnet->children[i];
        char text[QN_ENDPOINT_TEXT_SIZE];
        char short_id[QN_SHORT_ID_TEXT_SIZE];
        if (!child->has_ended) {
            qn_table_add(&table, "%s", child->name);
            qn_table_add(&table, "%s", qn_node_id_short(short_id, &child->id));
            qn_table_add(&table, "%s", qn_region_name(child->region));
            qn_table_add(&table, "http://%s", qn_endpoint_format(text, &child->api));
        }
    }
    qn_table_finish(&table);
    (void)fflush(stdout);
}

void qn_devnet_print_verdict(const struct qn_devnet_verdict *verdict)
{
    char root[QN_ID_TEXT_SIZE];
    if (verdict->problem_count == 0) {
        qn_hex_encode(root, verdict->state_root.bytes, sizeof verdict->state_root.bytes);
        (void)printf("ok: %u registered, all at height %llu with registry root %.16s...\n",
                     verdict->registered, (unsigned long long)verdict->height, root);
    }
    for (size_t i = 0; i < verdict->problem_count; i++) {
        (void)printf("problem: %s\n", verdict->problems[i]);
    }
    (void)fflush(stdout);
}
