#include "api/timings.h"

#include "api/answer.h"
#include "api/resources.h"

void qn_api_timing_read(struct qn_api_timing_data *data, const struct qn_node *node)
{
    for (unsigned i = 0; i < QN_TIMING_COUNT; i++) {
        data->samples[i] = *qn_node_samples(node, (enum qn_node_timing)i);
    }
}

json_t *qn_api_timing_summary_json(const struct qn_api_timing_data *data)
{
    json_t *json = json_object();
    for (unsigned i = 0; i < QN_TIMING_COUNT; i++) {
        const struct qn_samples *samples = &data->samples[i];
        json_t *summary = json_object();
        qn_json_set_u64(summary, "count", samples->count);
        qn_json_set_u64_if(summary, "p50", samples->count > 0, qn_samples_quantile(samples, 500));
        qn_json_set_u64_if(summary, "p99", samples->count > 0, qn_samples_quantile(samples, 990));
        qn_json_set(json, qn_node_timing_name((enum qn_node_timing)i), summary);
    }
    return json;
}

static enum qn_api_progress read_timings(struct qn_api_call *call, const struct qn_node *node)
{
    struct qn_api_timing_data *data = qn_api_alloc(1, sizeof *data);
    call->data = data;
    qn_api_timing_read(data, node);
    return QN_API_DONE;
}

static void render_timings(struct qn_api_answer *answer, const struct qn_api_call *call)
{
    const struct qn_api_timing_data *data = call->data;
    json_t *json = json_object();

    for (unsigned i = 0; i < QN_TIMING_COUNT; i++) {
        const struct qn_samples *samples = &data->samples[i];
        json_t *values = json_array();
        for (size_t k = 0; k < qn_samples_held(samples); k++) {
            qn_json_append(values, json_integer(samples->values[k]));
        }
        qn_json_set(json, qn_node_timing_name((enum qn_node_timing)i), values);
    }
    qn_api_answer_json(answer, 200, json);
}

static size_t cost_timings(const struct qn_api_request *request)
{
    (void)request;
    return sizeof(struct qn_api_timing_data) * 4; /* at most 11 characters for 4 bytes */
}

const struct qn_api_handler qn_api_timings = {
    .read = read_timings, .render = render_timings, .cost = cost_timings};
