#include "api/answer.h"
#include "api/missing.h"
#include "api/resources.h"
#include "api/timings.h"
#include "wire/announce.h"

#include <stdio.h>
#include <string.h>

struct data {
    struct qn_node_status status;
    struct qn_api_missing missing;
    struct qn_api_timing_data timings;
    const char *storage_path; /* NULL: memory; lives as long as the node */
    uint64_t storage_bytes;
    size_t record_len; /* 0: none held */
    uint8_t record[QN_RECORD_LEN_MAX];
};

static enum qn_api_progress read_status(struct qn_api_call *call, const struct qn_node *node)
{
    struct data *data = qn_api_alloc(1, sizeof *data);
    call->data = data;

    qn_node_status(node, &data->status, call->host.now());
    qn_api_missing_read(&data->missing, &call->host, node);
    qn_api_timing_read(&data->timings, node);
    data->storage_path = call->host.storage(call->host.context, &data->storage_bytes);
    struct qn_span record = qn_node_record(node, &data->status.id);
    if (record.len <= sizeof data->record) {
        data->record_len = record.len;
        if (record.len > 0) {
            memcpy(data->record, record.at, record.len);
        }
    }
    return QN_API_DONE;
}

static json_t *network_json(const struct qn_node_status *status)
{
    json_t *network = json_object();
    qn_json_set_hex(network, "id", status->network.bytes);
    qn_json_set_text(network, "name", status->network_name);
    return network;
}

static json_t *consensus_json(const struct qn_node_status *status)
{
    json_t *consensus = json_object();
    qn_json_set_bool(consensus, "validator", status->is_validator);
    qn_json_set_bool(consensus, "started", status->consensus_started);
    qn_json_set_u64(consensus, "view", status->view);
    qn_json_set_u64(consensus, "epoch", status->epoch);
    qn_json_set_u64(consensus, "validators", status->validators);
    qn_json_set_u64(consensus, "live", status->validators_live);
    qn_json_set_u64(consensus, "quorum", status->quorum);
    return consensus;
}

static json_t *sync_json(const struct qn_node_sync *sync)
{
    static const char *const phases[] = {"done", "blocks", "snapshot"};
    json_t *json = json_object();
    json_t *chunks = json_object();
    qn_json_set_text(json, "phase", phases[sync->phase]);
    qn_json_set_u64(json, "height", sync->height);
    qn_json_set_u64(json, "target", sync->target);
    qn_json_set_u64(chunks, "done", sync->chunks_done);
    qn_json_set_u64(chunks, "total", sync->chunks_total);
    qn_json_set(json, "chunks", chunks);
    qn_json_set_u64(json, "bytes", sync->bytes);
    qn_json_set_u64(json, "sources", sync->sources);
    return json;
}

static void set_ledger(json_t *json, const struct qn_node_status *status)
{
    qn_json_set_u64(json, "height", status->height);
    qn_json_set_hex(json, "head_id", status->head_id.bytes);
    qn_json_set_u64(json, "head_time_ms", status->head_time_ms);
    qn_json_set_hex(json, "state_root", status->state_root.bytes);
    qn_json_set_u64(json, "target_height", status->target_height);
    qn_json_set(json, "sync", sync_json(&status->sync));
    json_t *registry = json_object();
    qn_json_set_u64(registry, "entries", status->registry_entries);
    qn_json_set_u64(registry, "active", status->registry_active);
    qn_json_set(json, "registry", registry);
    qn_json_set_bool(json, "registered", status->registered);
    qn_json_set_u64_if(json, "registry_index", status->registered, status->registry_index);
}

static json_t *alarm_json(const char *name, const char *region, qn_time_us silent_us)
{
    char text[QN_TEXT_LEN_MAX + 1];
    json_t *alarm = json_object();
    (void)snprintf(text, sizeof text, "no sign of life from %s for %llu s",
                   region == NULL ? "any other region" : region,
                   (unsigned long long)(silent_us / QN_SECONDS(1)));
    qn_json_set_text(alarm, "name", name);
    if (region != NULL) {
        qn_json_set_text(alarm, "region", region);
    } else {
        qn_json_set_null(alarm, "region");
    }
    qn_json_set_u64(alarm, "silent_us", silent_us);
    qn_json_set_text(alarm, "text", text);
    return alarm;
}

/* Cut off since the last of them fell silent. */
static void set_alarms(json_t *json, const struct qn_node_status *status)
{
    json_t *alarms = json_array();
    qn_time_us least = 0;
    for (unsigned i = 0; i < QN_REGION_COUNT; i++) {
        qn_time_us silent_us = status->silent_us[i];
        if (silent_us > 0) {
            qn_json_append(
                alarms, alarm_json("region_silent", qn_region_name((enum qn_region)i), silent_us));
            least = least == 0 || silent_us < least ? silent_us : least;
        }
    }
    if (status->cut_off) {
        qn_json_append(alarms, alarm_json("cut_off", NULL, least));
    }
    qn_json_set(json, "alarms", alarms);
}

static void set_links(json_t *json, const struct qn_node_status *status)
{
    json_t *links = json_object();
    qn_json_set_u64(links, "live", status->links);
    qn_json_set_u64(links, "unregistered", status->links_unregistered);
    qn_json_set(json, "links", links);
    qn_json_set_u64(json, "peers_known", status->peers_known);
    qn_json_set_u64(json, "mempool", status->mempool);
}

/* Where others can dial us is what our own signed record says. */
static void set_record(json_t *json, const struct data *data)
{
    struct qn_span bytes = {data->record_len == 0 ? NULL : data->record, data->record_len};
    struct qn_record record = {0};
    struct qn_signed envelope;

    if (bytes.len > 0 && qn_record_decode(&record, &envelope, bytes) != QN_OK) {
        record.endpoint_count = 0;
    }
    qn_json_set_endpoints(json, "endpoints", record.endpoints, record.endpoint_count);
    qn_json_set_base64url(json, "record", bytes);
}

static void set_external(json_t *json, const struct qn_node_status *status)
{
    json_t *external = json_object();
    json_t *seen = json_array();
    const struct qn_reach *reach = &status->reach;

    if (reach->count > 0) {
        qn_json_set_endpoint(external, "endpoint", &reach->endpoints[0]);
    } else {
        qn_json_set_null(external, "endpoint");
    }
    qn_json_set_text(external, "source", qn_reach_source_name(reach->source));
    for (size_t i = 0; i < QN_IP_FAMILIES; i++) {
        const struct qn_own_host *host = &status->seen[i];
        if (host->is_known) {
            struct qn_net_address address = {.port = 0};
            struct qn_endpoint endpoint;
            json_t *item = json_object();
            memcpy(address.ip, host->ip, sizeof address.ip);
            qn_net_address_endpoint(&endpoint, &address);
            qn_json_set_text(item, "host", endpoint.host);
            qn_json_set_u64(item, "peers", host->votes);
            qn_json_append(seen, item);
        }
    }
    qn_json_set(external, "seen", seen);
    qn_json_set(json, "external_address", external);
}

static void set_storage(json_t *json, const struct data *data)
{
    bool is_durable = data->storage_path != NULL;
    qn_json_set_text(json, "storage", is_durable ? "durable" : "memory");
    if (is_durable) {
        qn_json_set_text(json, "storage_path", data->storage_path);
    } else {
        qn_json_set_null(json, "storage_path");
    }
    qn_json_set_u64_if(json, "storage_bytes", is_durable, data->storage_bytes);
}

static void render_status(struct qn_api_answer *answer, const struct qn_api_call *call)
{
    const struct data *data = call->data;
    const struct qn_node_status *status = &data->status;
    json_t *json = json_object();

    qn_json_set_hex(json, "id", status->id.bytes);
    qn_json_set_u64_if(json, "bootstrap_id", status->bootstrap_id != 0, status->bootstrap_id);
    qn_json_set(json, "network", network_json(status));
    qn_json_set_text(json, "activation_policy", status->activation_policy);
    qn_json_set_text(json, "region", qn_region_name(status->region));
    qn_json_set_roles(json, "roles", status->roles);
    qn_json_set_text(json, "software", call->software);
    qn_json_set_u64(json, "protocol", QN_PROTOCOL_VERSION);
    set_record(json, data);
    set_external(json, status);
    set_ledger(json, status);
    set_links(json, status);
    set_alarms(json, status);
    set_storage(json, data);
    qn_json_set(json, "consensus", consensus_json(status));
    qn_json_set_u64(json, "uptime_us", status->uptime_us);
    qn_json_set_bool(json, "ready", data->missing.count == 0);
    qn_json_set(json, "missing", qn_api_missing_json(&data->missing));
    qn_json_set(json, "timings", qn_api_timing_summary_json(&data->timings));
    qn_api_answer_json(answer, 200, json);
}

const struct qn_api_handler qn_api_status = {.read = read_status, .render = render_status};
