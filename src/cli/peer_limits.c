/* qnet peers limits: how many peers and links this node takes, and why. */
#include "cli/api_access.h"
#include "cli/commands.h"
#include "cli/output.h"

#include <jansson.h>
#include <string.h>

typedef unsigned long long number; /* as printf takes it */

static void show_size(struct qn_table *table, const json_t *object)
{
    char duration[QN_DURATION_TEXT_SIZE];
    const json_t *down = json_object_get(object, "down_in_us");
    qn_table_pair(table, "network", "%llu active registrations",
                  (number)qn_json_number(object, "active"));
    qn_table_pair(table, "places per region", "%llu", (number)qn_json_number(object, "per_region"));
    if (json_is_integer(down)) {
        qn_table_pair(table, "fewer places in", "%s, if the network stays as small",
                      qn_text_duration(duration, qn_json_number(object, "down_in_us")));
    }
}

static void show_links(struct qn_table *table, const json_t *object)
{
    const json_t *bound;
    size_t i;
    qn_table_pair(table, "links", "%llu live, %llu at most; %s binds",
                  (number)qn_json_number(object, "links"), (number)qn_json_number(object, "hot"),
                  qn_json_text(object, "binds"));
    json_array_foreach(json_object_get(object, "bounds"), i, bound)
    {
        if (json_is_integer(json_object_get(bound, "links"))) {
            qn_table_pair(table, qn_json_text(bound, "name"), "%llu links",
                          (number)qn_json_number(bound, "links"));
        } else {
            qn_table_pair(table, qn_json_text(bound, "name"), "not set");
        }
    }
    if (json_is_integer(json_object_get(object, "link_rate"))) {
        char size[QN_SIZE_TEXT_SIZE];
        qn_table_pair(table, "a link takes", "%s a second, measured",
                      qn_text_size(size, qn_json_number(object, "link_rate")));
    }
}

static void show_list(struct qn_table *table, const json_t *list)
{
    char bytes[QN_SIZE_TEXT_SIZE];
    char records[QN_SIZE_TEXT_SIZE];
    qn_table_pair(table, "peer list", "%s, and %s of records",
                  qn_text_size(bytes, qn_json_number(list, "bytes")),
                  qn_text_size(records, qn_json_number(list, "record_bytes")));
    qn_table_pair(table, "not limited", "%llu of %llu: committee, reserved, anchors",
                  (number)qn_json_number(list, "exempt"),
                  (number)qn_json_number(list, "exempt_max"));
}

static void show_regions(const json_t *object)
{
    static const char *const columns[] = {"cold", "warm", "hot", "places_taken"};
    struct qn_table table;
    const json_t *region;
    size_t i;
    qn_table_init(&table, "lrrrr");
    qn_table_add(&table, "region");
    for (i = 0; i < QN_ARRAY_COUNT(columns); i++) {
        qn_table_add(&table, "%s", strcmp(columns[i], "places_taken") == 0 ? "places" : columns[i]);
    }
    json_array_foreach(json_object_get(object, "regions"), i, region)
    {
        qn_table_add(&table, "%s", qn_json_text(region, "region"));
        for (size_t column = 0; column + 1 < QN_ARRAY_COUNT(columns); column++) {
            qn_table_add(&table, "%llu", (number)qn_json_number(region, columns[column]));
        }
        qn_table_add(&table, "%llu of %llu", (number)qn_json_number(region, "places_taken"),
                     (number)qn_json_number(object, "per_region"));
    }
    qn_table_finish(&table);
}

static void show_limits(const json_t *object)
{
    struct qn_table table;
    qn_table_init(&table, "ll");
    show_size(&table, object);
    show_links(&table, object);
    show_list(&table, json_object_get(object, "list"));
    qn_table_finish(&table);
    show_regions(object);
}

enum qn_exit qn_cli_peer_limits(const struct qn_cli *cli)
{
    return qn_api_show(cli, "/v1/peers/limits", show_limits);
}
