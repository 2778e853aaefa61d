#include "api/answer.h"
#include "api/resources.h"

struct data {
    qn_time_us now;
    struct qn_node_limits limits;
};

static enum qn_api_progress read_limits(struct qn_api_call *call, const struct qn_node *node)
{
    struct data *data = qn_api_alloc(1, sizeof *data);
    call->data = data;
    data->now = call->host.now();
    qn_node_limits(node, &data->limits);
    return QN_API_DONE;
}

static json_t *bounds_json(const struct qn_peer_limits *limits)
{
    json_t *json = json_array();
    for (int i = 0; i < QN_BOUND_COUNT; i++) {
        enum qn_peer_bound bound = (enum qn_peer_bound)i;
        size_t links = qn_peer_limits_bound(limits, bound);
        json_t *item = json_object();
        qn_json_set_text(item, "name", qn_peer_bound_name(bound));
        qn_json_set_u64_if(item, "links", links != SIZE_MAX, links);
        qn_json_append(json, item);
    }
    return json;
}

static json_t *steps_json(void)
{
    json_t *json = json_array();
    for (size_t i = 0; i < QN_PEER_LIMIT_STEPS; i++) {
        json_t *item = json_object();
        qn_json_set_u64(item, "above", qn_peer_limit_steps[i].above);
        qn_json_set_u64(item, "per_region", qn_peer_limit_steps[i].per_region);
        qn_json_append(json, item);
    }
    return json;
}

static json_t *regions_json(const struct qn_node_limits *limits)
{
    json_t *json = json_array();
    for (int i = 0; i < QN_REGION_COUNT; i++) {
        json_t *item = json_object();
        qn_json_set_text(item, "region", qn_region_name((enum qn_region)i));
        qn_json_set_u64(item, "places_taken", limits->counted[i]);
        for (int state = 0; state < QN_PEER_STATE_COUNT; state++) {
            qn_json_set_u64(item, qn_peer_state_name((enum qn_peer_state)state),
                            limits->counts[i][state]);
        }
        qn_json_append(json, item);
    }
    return json;
}

static json_t *list_json(const struct qn_node_limits *limits)
{
    json_t *json = json_object();
    qn_json_set_u64(json, "bytes", limits->list_bytes);
    qn_json_set_u64(json, "record_bytes", limits->record_bytes);
    qn_json_set_u64(json, "exempt", limits->exempt);
    qn_json_set_u64(json, "exempt_max", QN_PEERS_EXEMPT_MAX);
    return json;
}

static void render_limits(struct qn_api_answer *answer, const struct qn_api_call *call)
{
    const struct data *data = call->data;
    const struct qn_peer_limits *limits = &data->limits.limits;
    enum qn_peer_bound binds = QN_BOUND_SIZE;
    size_t hot = qn_peer_limits_hot(limits, &binds);
    qn_time_us down_at = qn_peer_limits_down_at(limits);
    qn_time_us down_in = down_at > data->now ? down_at - data->now : 0;
    json_t *json = json_object();

    qn_json_set_u64(json, "active", limits->active);
    qn_json_set_u64(json, "per_region", qn_peer_limits_per_region(limits));
    qn_json_set_u64_if(json, "down_in_us", down_at != UINT64_MAX, down_in);
    qn_json_set(json, "steps", steps_json());
    qn_json_set_u64(json, "hot", hot);
    qn_json_set_text(json, "binds", qn_peer_bound_name(binds));
    qn_json_set(json, "bounds", bounds_json(limits));
    qn_json_set_u64(json, "links", data->limits.links);
    qn_json_set_u64_if(json, "link_rate", limits->link_rate > 0, limits->link_rate);
    qn_json_set(json, "list", list_json(&data->limits));
    qn_json_set(json, "regions", regions_json(&data->limits));
    qn_api_answer_json(answer, 200, json);
}

const struct qn_api_handler qn_api_peer_limits = {.read = read_limits, .render = render_limits};
