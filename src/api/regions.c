#include "api/answer.h"
#include "api/resources.h"

struct data {
    struct qn_node_region regions[QN_REGION_COUNT];
};

static enum qn_api_progress read_regions(struct qn_api_call *call, const struct qn_node *node)
{
    struct data *data = qn_api_alloc(1, sizeof *data);
    call->data = data;
    qn_node_regions(node, data->regions);
    return QN_API_DONE;
}

static void render_regions(struct qn_api_answer *answer, const struct qn_api_call *call)
{
    const struct data *data = call->data;
    json_t *regions = json_array();

    for (unsigned i = 0; i < QN_REGION_COUNT; i++) {
        const struct qn_node_region *region = &data->regions[i];
        json_t *item = json_object();
        qn_json_set_text(item, "region", qn_region_name((enum qn_region)i));
        qn_json_set_u64(item, "registered", region->registered);
        qn_json_set_u64(item, "known", region->known);
        qn_json_set_u64(item, "linked", region->linked);
        qn_json_set_u64_if(item, "rtt_us_median", region->rtt_us_median > 0, region->rtt_us_median);
        qn_json_append(regions, item);
    }
    json_t *json = json_object();
    qn_json_set(json, "regions", regions);
    qn_api_answer_json(answer, 200, json);
}

const struct qn_api_handler qn_api_regions = {.read = read_regions, .render = render_regions};
