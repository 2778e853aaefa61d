/* qnet regions: what this node has in each region, how full it is, and whom it moved lately. */
#include "cli/api_access.h"
#include "cli/commands.h"
#include "cli/output.h"

#include <jansson.h>

enum { MOVES_SHOWN = 20 };
typedef unsigned long long number; /* as printf takes it */

static void add_number(struct qn_table *table, const json_t *region, const char *name)
{
    qn_table_add(table, "%llu", (number)qn_json_number(region, name));
}

static void add_duration(struct qn_table *table, const json_t *region, const char *name)
{
    char duration[QN_DURATION_TEXT_SIZE];
    uint64_t us = qn_json_number(region, name);
    qn_table_add(table, "%s", us > 0 ? qn_text_duration(duration, us) : "-");
}

/* "high 2 s": for how long it has been where the balancer acts; who is silent has other troubles. */
static void add_ticks(struct qn_table *table, const json_t *region)
{
    uint64_t high = qn_json_number(region, "ticks_high");
    uint64_t low = qn_json_number(region, "ticks_low");
    if (qn_json_flag(region, "alarm")) {
        qn_table_add(table, "silent");
    } else if (high == 0 && low == 0) {
        qn_table_add(table, "-");
    } else {
        qn_table_add(table, "%s %llu s", high > 0 ? "high" : "low",
                     (number)(high > 0 ? high : low));
    }
}

static void show_region(struct qn_table *table, const json_t *region)
{
    char size[QN_SIZE_TEXT_SIZE];
    qn_table_add(table, "%s", qn_json_text(region, "region"));
    add_number(table, region, "registered");
    add_number(table, region, "known");
    add_number(table, region, "verified");
    add_number(table, region, "linked");
    add_number(table, region, "places");
    qn_table_add(table, "%llu %%", (number)qn_json_number(region, "fill_percent"));
    add_duration(table, region, "rtt_us_min");
    add_duration(table, region, "rtt_us_median");
    qn_table_add(table, "%s", qn_text_size(size, qn_json_number(region, "queued_bytes")));
    qn_table_add(table, "%llu %%", (number)qn_json_number(region, "cpu_percent"));
    add_ticks(table, region);
}

static void show_moves(const json_t *object)
{
    struct qn_table table;
    const json_t *move;
    size_t i;
    uint64_t now = qn_json_number(object, "now_us");
    qn_table_init(&table, "rll");
    qn_table_add(&table, "ago");
    qn_table_add(&table, "peer");
    qn_table_add(&table, "moves: %llu so far", (number)qn_json_number(object, "moved"));
    json_array_foreach(json_object_get(object, "moves"), i, move)
    {
        char ago[QN_DURATION_TEXT_SIZE];
        uint64_t at = qn_json_number(move, "at_us");
        const json_t *id = json_object_get(move, "id");
        if (i == MOVES_SHOWN) {
            break;
        }
        qn_table_add(&table, "%s", qn_text_duration(ago, now > at ? now - at : 0));
        qn_table_add(&table, "%.8s", json_is_string(id) ? json_string_value(id) : "-");
        qn_table_add(&table, "%s", qn_json_text(move, "text"));
    }
    qn_table_finish(&table);
}

static void show_regions(const json_t *object)
{
    static const char *const heads[] = {"region", "registered", "known",     "verified",
                                        "linked", "places",     "fill",      "min rtt",
                                        "median", "queued",     "processor", "balance"};
    struct qn_table table;
    const json_t *region;
    size_t i;
    qn_table_init(&table, "lrrrrrrrrrrl");
    for (i = 0; i < QN_ARRAY_COUNT(heads); i++) {
        qn_table_add(&table, "%s", heads[i]);
    }
    json_array_foreach(json_object_get(object, "regions"), i, region)
    {
        show_region(&table, region);
    }
    qn_table_finish(&table);
    if (json_array_size(json_object_get(object, "moves")) > 0) {
        show_moves(object);
    }
}

enum qn_exit qn_cli_regions(const struct qn_cli *cli)
{
    return qn_api_show(cli, "/v1/regions", show_regions);
}
