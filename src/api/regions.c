#include "api/answer.h"
#include "api/resources.h"

struct data {
    qn_time_us now;
    struct qn_node_region regions[QN_REGION_COUNT];
    struct qn_node_balance balance;
};

static enum qn_api_progress read_regions(struct qn_api_call *call, const struct qn_node *node)
{
    struct data *data = qn_api_alloc(1, sizeof *data);
    call->data = data;
    data->now = call->host.now();
    qn_node_regions(node, data->regions);
    qn_node_balance(node, &data->balance);
    return QN_API_DONE;
}

static json_t *region_json(const struct qn_node_region *region, enum qn_region number)
{
    json_t *json = json_object();
    qn_json_set_text(json, "region", qn_region_name(number));
    qn_json_set_u64(json, "registered", region->registered);
    qn_json_set_u64(json, "known", region->known);
    qn_json_set_u64(json, "verified", region->verified);
    qn_json_set_u64(json, "linked", region->linked);
    qn_json_set_u64_if(json, "rtt_us_min", region->rtt_us_min > 0, region->rtt_us_min);
    qn_json_set_u64_if(json, "rtt_us_median", region->rtt_us_median > 0, region->rtt_us_median);
    qn_json_set_u64(json, "places", region->places);
    qn_json_set_u64(json, "fill_percent", region->fill_percent);
    qn_json_set_u64(json, "queued_bytes", region->queued_bytes);
    qn_json_set_u64(json, "cpu_percent", region->cpu_percent);
    qn_json_set_u64(json, "ticks_high", region->ticks_high);
    qn_json_set_u64(json, "ticks_low", region->ticks_low);
    qn_json_set_bool(json, "alarm", region->alarm);
    return json;
}

static json_t *move_json(const struct qn_move *move)
{
    char text[QN_MOVE_TEXT_SIZE];
    json_t *json = json_object();
    bool has_peer = move->kind != QN_MOVE_WANT;
    qn_json_set_u64(json, "at_us", move->at_us);
    qn_json_set_text(json, "kind", qn_move_kind_name(move->kind));
    qn_json_set_text(json, "reason", qn_move_reason_name(move->reason));
    qn_json_set_text(json, "region", qn_region_name(move->region));
    if (has_peer) {
        qn_json_set_hex(json, "id", move->id.bytes);
    } else {
        qn_json_set_null(json, "id");
    }
    qn_json_set_text(json, "text", qn_move_text(text, move));
    return json;
}

static void render_regions(struct qn_api_answer *answer, const struct qn_api_call *call)
{
    const struct data *data = call->data;
    json_t *regions = json_array();
    json_t *moves = json_array();

    for (unsigned i = 0; i < QN_REGION_COUNT; i++) {
        qn_json_append(regions, region_json(&data->regions[i], (enum qn_region)i));
    }
    for (size_t i = 0; i < data->balance.move_count; i++) {
        qn_json_append(moves, move_json(&data->balance.moves[i]));
    }
    json_t *json = json_object();
    qn_json_set_u64(json, "now_us", data->now);
    qn_json_set_u64(json, "cpu_percent", data->balance.cpu_percent);
    qn_json_set(json, "regions", regions);
    qn_json_set_u64(json, "moved", data->balance.moved);
    qn_json_set(json, "moves", moves);
    qn_api_answer_json(answer, 200, json);
}

const struct qn_api_handler qn_api_regions = {.read = read_regions, .render = render_regions};
