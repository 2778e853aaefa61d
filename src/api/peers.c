#include "api/answer.h"
#include "api/resources.h"

enum { PEER_JSON_LEN_MAX = 1200 };

struct data {
    qn_time_us now;
    struct qn_node_limits limits;
    size_t count;
    struct qn_node_peer peers[];
};

static enum qn_api_progress read_peers(struct qn_api_call *call, const struct qn_node *node)
{
    size_t count = qn_node_peer_count(node);
    count = count < QN_NODE_PEERS_MAX ? count : QN_NODE_PEERS_MAX;
    struct data *data = qn_api_alloc(1, sizeof *data + count * sizeof data->peers[0]);
    call->data = data;
    data->now = call->host.now();
    data->count = qn_node_peers(node, data->peers, count);
    qn_node_limits(node, &data->limits);
    return QN_API_DONE;
}

/* What is known of a link is null where there is none. */
static void set_link(json_t *json, const struct qn_node_peer *peer)
{
    qn_json_set_bool(json, "linked", peer->linked);
    qn_json_set_bool(json, "outbound", peer->linked && peer->outbound);
    qn_json_set_bool(json, "registered", peer->registered);
    qn_json_set_bool(json, "genesis", peer->genesis);
    if (peer->linked) {
        qn_json_set_endpoint(json, "remote", &peer->remote);
    } else {
        qn_json_set_null(json, "remote");
    }
    qn_json_set_u64_if(json, "protocol", peer->linked, peer->version);
    qn_json_set_u64_if(json, "head_height", peer->linked, peer->head_height);
    qn_json_set_u64_if(json, "rtt_us", peer->linked && peer->rtt_us > 0, peer->rtt_us);
    qn_json_set_u64_if(json, "rtt_min_us", peer->linked && peer->rtt_min_us > 0, peer->rtt_min_us);
    qn_json_set_u64_if(json, "linked_since_us", peer->linked, peer->linked_since_us);
}

static json_t *reasons_json(unsigned reasons)
{
    json_t *json = json_array();
    for (unsigned i = 0; i < QN_HELD_COUNT; i++) {
        if ((reasons >> i & 1U) != 0) {
            qn_json_append(json, json_string(qn_peer_reason_name((enum qn_peer_reason)i)));
        }
    }
    return json;
}

static json_t *peer_json(const struct qn_node_peer *peer)
{
    json_t *json = json_object();

    qn_json_set_hex(json, "id", peer->id.bytes);
    qn_json_set_text(json, "region", qn_region_name(peer->region));
    qn_json_set_text(json, "region_verdict", qn_region_verdict_name(peer->verdict));
    if (peer->has_region_hint) {
        qn_json_set_text(json, "region_hint", qn_region_name(peer->region_hint));
    } else {
        qn_json_set_null(json, "region_hint");
    }
    qn_json_set_text(json, "state", qn_peer_state_name(peer->state));
    qn_json_set(json, "held_for", reasons_json(peer->held_for));
    qn_json_set_u64(json, "first_seen_us", peer->first_seen_us);
    qn_json_set_roles(json, "roles", peer->roles);
    qn_json_set_endpoints(json, "endpoints", peer->endpoints, peer->endpoint_count);
    qn_json_set_text(json, "software", peer->software);
    qn_json_set_u64_if(json, "sequence", peer->has_record, peer->record_sequence);
    qn_json_set_u64_if(json, "learned_us", peer->has_record, peer->learned_us);
    qn_json_set_u64_if(json, "hops", peer->has_record, peer->hops);
    qn_json_set_bool(json, "record_held", peer->has_record);
    set_link(json, peer);
    return json;
}

/* Where more peers exist than there are places for. */
static json_t *full_regions_json(const struct qn_node_limits *limits)
{
    json_t *json = json_array();
    for (int i = 0; i < QN_REGION_COUNT; i++) {
        if (limits->counted[i] >= qn_peer_limits_per_region(&limits->limits)) {
            qn_json_append(json, json_string(qn_region_name((enum qn_region)i)));
        }
    }
    return json;
}

static void render_peers(struct qn_api_answer *answer, const struct qn_api_call *call)
{
    const struct data *data = call->data;
    json_t *json = json_object();
    json_t *peers = json_array();

    for (size_t i = 0; i < data->count; i++) {
        qn_json_append(peers, peer_json(&data->peers[i]));
    }
    qn_json_set_u64(json, "now_us", data->now);
    qn_json_set(json, "full_regions", full_regions_json(&data->limits));
    qn_json_set(json, "peers", peers);
    qn_api_answer_json(answer, 200, json);
}

static size_t cost_peers(const struct qn_api_request *request)
{
    (void)request;
    return (size_t)QN_NODE_PEERS_MAX * PEER_JSON_LEN_MAX;
}

const struct qn_api_handler qn_api_peers = {
    .read = read_peers, .render = render_peers, .cost = cost_peers};
