#include "cli/api_access.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/output.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = 320 };

static void show_readiness(struct qn_table *table, const json_t *status)
{
    size_t i;
    const json_t *line;
    if (qn_json_flag(status, "ready")) {
        qn_table_pair(table, "ready", "yes");
        return;
    }
    json_array_foreach(json_object_get(status, "missing"), i, line)
    {
        char text[TEXT_SIZE];
        qn_table_pair(table, i == 0 ? "not ready" : "", "%s",
                      qn_json_printable(text, sizeof text, line, "text"));
    }
}

static void show_consensus(struct qn_table *table, const json_t *consensus)
{
    qn_table_pair(table, "consensus", "%s, epoch %llu, %llu of %llu validators live, quorum %llu",
                  !qn_json_flag(consensus, "validator") ? "follower"
                  : qn_json_flag(consensus, "started")  ? "validator"
                                                        : "validator, not started",
                  (unsigned long long)qn_json_number(consensus, "epoch"),
                  (unsigned long long)qn_json_number(consensus, "live"),
                  (unsigned long long)qn_json_number(consensus, "validators"),
                  (unsigned long long)qn_json_number(consensus, "quorum"));
}

enum { BAR_WIDTH = 24, BAR_TEXT_SIZE = 80 };

/* "[#####.....] 42 %"; full only when nothing is left. */
static const char *bar(char text[BAR_TEXT_SIZE], uint64_t done, uint64_t all)
{
    double share = all == 0 ? 1.0 : (double)done / (double)all;
    int filled = share >= 1.0 ? BAR_WIDTH : (int)(share * BAR_WIDTH);
    (void)snprintf(text, BAR_TEXT_SIZE, "[%.*s%.*s] %d %%", filled, "########################",
                   BAR_WIDTH - filled, "........................",
                   share >= 1.0 ? 100 : (int)(share * 100.0));
    return text;
}

static void show_sync(struct qn_table *table, const json_t *sync)
{
    const char *phase = qn_json_text(sync, "phase");
    const json_t *chunks = json_object_get(sync, "chunks");
    uint64_t done = qn_json_number(chunks, "done");
    uint64_t total = qn_json_number(chunks, "total");
    uint64_t height = qn_json_number(sync, "height");
    uint64_t target = qn_json_number(sync, "target");
    unsigned long long sources = qn_json_number(sync, "sources");
    char text[BAR_TEXT_SIZE];
    char size[QN_SIZE_TEXT_SIZE];
    if (strcmp(phase, "snapshot") == 0) {
        qn_table_pair(table, "sync", "%s snapshot at %llu: %llu of %llu chunks, %s, %llu sources",
                      bar(text, done, total), (unsigned long long)target, (unsigned long long)done,
                      (unsigned long long)total, qn_text_size(size, qn_json_number(sync, "bytes")),
                      sources);
    } else if (strcmp(phase, "blocks") == 0) {
        qn_table_pair(table, "sync", "%s blocks: %llu of %llu, %llu sources",
                      bar(text, height, target), (unsigned long long)height,
                      (unsigned long long)target, sources);
    }
}

static void show_timings(struct qn_table *table, const json_t *timings)
{
    static const struct {
        const char *name;
        const char *label;
    } rows[] = {
        {"verify_us", "peer verification"},    {"handshake_us", "handshake"},
        {"handshake_cpu_us", "handshake CPU"}, {"register_us", "registration"},
        {"submit_us", "submissions"},
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(rows); i++) {
        const json_t *timing = json_object_get(timings, rows[i].name);
        char p50[QN_DURATION_TEXT_SIZE];
        char p99[QN_DURATION_TEXT_SIZE];
        if (qn_json_number(timing, "count") > 0) {
            qn_table_pair(table, rows[i].label, "p50 %s, p99 %s, %llu measured",
                          qn_text_duration(p50, qn_json_number(timing, "p50")),
                          qn_text_duration(p99, qn_json_number(timing, "p99")),
                          (unsigned long long)qn_json_number(timing, "count"));
        }
    }
}

static void show_storage(struct qn_table *table, const json_t *status)
{
    char path[TEXT_SIZE];
    char size[QN_SIZE_TEXT_SIZE];
    if (strcmp(qn_json_text(status, "storage"), "durable") != 0) {
        qn_table_pair(table, "storage", "memory: nothing is kept when the node ends");
        return;
    }
    qn_table_pair(table, "storage", "durable, %s, %s",
                  qn_json_printable(path, sizeof path, status, "storage_path"),
                  qn_text_size(size, qn_json_number(status, "storage_bytes")));
}

static void show_external(struct qn_table *table, const json_t *external)
{
    size_t i;
    const json_t *seen;
    char text[TEXT_SIZE];
    const char *endpoint = json_string_value(json_object_get(external, "endpoint"));
    if (endpoint == NULL) {
        qn_table_pair(table, "reached at", "nowhere: others are told no address of this node");
    } else {
        qn_table_pair(table, "reached at", "%s (%s)", endpoint,
                      qn_json_printable(text, sizeof text, external, "source"));
    }
    json_array_foreach(json_object_get(external, "seen"), i, seen)
    {
        qn_table_pair(table, i == 0 ? "seen at" : "", "%s, by %llu networks",
                      qn_json_printable(text, sizeof text, seen, "host"),
                      (unsigned long long)qn_json_number(seen, "peers"));
    }
}

static void show_alarms(struct qn_table *table, const json_t *alarms)
{
    size_t i;
    const json_t *alarm;
    json_array_foreach(alarms, i, alarm)
    {
        char text[TEXT_SIZE];
        qn_table_pair(table, i == 0 ? "alarm" : "", "%s",
                      qn_json_printable(text, sizeof text, alarm, "text"));
    }
}

static void show_status(const json_t *status)
{
    struct qn_table table;
    char text[TEXT_SIZE];
    char duration[QN_DURATION_TEXT_SIZE];
    const json_t *network = json_object_get(status, "network");
    const json_t *registry = json_object_get(status, "registry");
    const json_t *links = json_object_get(status, "links");
    uint64_t bootstrap_id = qn_json_number(status, "bootstrap_id");

    qn_table_init(&table, "ll");
    qn_table_pair(&table, "node", "%s", qn_json_text(status, "id"));
    if (bootstrap_id > 0) {
        qn_table_pair(&table, "genesis node", "%03u", (unsigned)bootstrap_id);
    }
    qn_table_pair(&table, "network", "%s (%.16s...)",
                  qn_json_printable(text, sizeof text, network, "name"),
                  qn_json_text(network, "id"));
    qn_table_pair(&table, "region", "%s", qn_json_text(status, "region"));
    qn_table_pair(&table, "software", "%s",
                  qn_json_printable(text, sizeof text, status, "software"));
    show_external(&table, json_object_get(status, "external_address"));
    qn_table_pair(&table, "up", "%s",
                  qn_text_duration(duration, qn_json_number(status, "uptime_us")));
    qn_table_pair(&table, "height", "%llu of %llu",
                  (unsigned long long)qn_json_number(status, "height"),
                  (unsigned long long)qn_json_number(status, "target_height"));
    show_sync(&table, json_object_get(status, "sync"));
    qn_table_pair(&table, "state root", "%s", qn_json_text(status, "state_root"));
    qn_table_pair(&table, "registry", "%llu entries, %llu active",
                  (unsigned long long)qn_json_number(registry, "entries"),
                  (unsigned long long)qn_json_number(registry, "active"));
    if (qn_json_flag(status, "registered")) {
        qn_table_pair(&table, "registered", "yes, index %llu",
                      (unsigned long long)qn_json_number(status, "registry_index"));
    } else {
        qn_table_pair(&table, "registered", "no");
    }
    qn_table_pair(&table, "links", "%llu live, %llu of them unregistered",
                  (unsigned long long)qn_json_number(links, "live"),
                  (unsigned long long)qn_json_number(links, "unregistered"));
    qn_table_pair(&table, "peers known", "%llu",
                  (unsigned long long)qn_json_number(status, "peers_known"));
    show_consensus(&table, json_object_get(status, "consensus"));
    show_storage(&table, status);
    show_timings(&table, json_object_get(status, "timings"));
    show_alarms(&table, json_object_get(status, "alarms"));
    show_readiness(&table, status);
    qn_table_finish(&table);
}

enum qn_exit qn_cli_status(const struct qn_cli *cli)
{
    return qn_api_show(cli, "/v1/status", show_status);
}

static const char *peer_link(const json_t *peer)
{
    if (!qn_json_flag(peer, "linked")) {
        return "-";
    }
    return qn_json_flag(peer, "outbound") ? "out" : "in";
}

static const char *peer_standing(const json_t *peer)
{
    if (qn_json_flag(peer, "genesis")) {
        return "genesis";
    }
    /* Of somebody who is not linked nothing but the record is known. */
    return qn_json_flag(peer, "registered")    ? "registered"
           : qn_json_flag(peer, "linked")      ? "unregistered"
           : qn_json_flag(peer, "record_held") ? "known"
                                               : "-";
}

/* "committee,link": why it has its place. */
static const char *peer_reasons(char text[TEXT_SIZE], const json_t *peer)
{
    size_t len = 0;
    size_t i;
    const json_t *reason;
    snprintf(text, TEXT_SIZE, "-");
    json_array_foreach(json_object_get(peer, "held_for"), i, reason)
    {
        const char *name = json_string_value(reason);
        if (name != NULL && len < TEXT_SIZE) {
            len += (size_t)snprintf(text + len, TEXT_SIZE - len, len == 0 ? "%s" : ",%s", name);
        }
    }
    return text;
}

static void show_peer(struct qn_table *table, const json_t *peer)
{
    char text[TEXT_SIZE];
    char duration[QN_DURATION_TEXT_SIZE];
    const char *endpoint = json_string_value(json_array_get(json_object_get(peer, "endpoints"), 0));
    uint64_t rtt = qn_json_number(peer, "rtt_us");
    qn_table_add(table, "%.8s", qn_json_text(peer, "id"));
    qn_table_add(table, "%s", qn_json_text(peer, "region"));
    qn_table_add(table, "%s", qn_json_text(peer, "region_verdict"));
    qn_table_add(table, "%s", peer_standing(peer));
    qn_table_add(table, "%s", qn_json_text(peer, "state"));
    qn_table_add(table, "%s", peer_link(peer));
    qn_table_add(table, "%s", rtt > 0 ? qn_text_duration(duration, rtt) : "-");
    qn_table_add(table, "%llu", (unsigned long long)qn_json_number(peer, "head_height"));
    qn_table_add(table, "%s", peer_reasons(text, peer));
    qn_table_add(table, "%s", endpoint != NULL ? endpoint : qn_json_text(peer, "remote"));
    qn_table_add(table, "%s", qn_json_printable(text, sizeof text, peer, "software"));
}

static void show_peers(const json_t *object)
{
    static const char *const headings[] = {"node",     "region",  "verdict", "standing",
                                           "state",    "link",    "rtt",     "height",
                                           "held for", "address", "software"};
    struct qn_table table;
    size_t i;
    const json_t *peer;
    qn_table_init(&table, "llllllrrlll");
    for (i = 0; i < QN_ARRAY_COUNT(headings); i++) {
        qn_table_add(&table, "%s", headings[i]);
    }
    json_array_foreach(json_object_get(object, "peers"), i, peer)
    {
        show_peer(&table, peer);
    }
    qn_table_finish(&table);
}

enum qn_exit qn_cli_peers(const struct qn_cli *cli)
{
    return qn_api_show(cli, "/v1/peers", show_peers);
}
