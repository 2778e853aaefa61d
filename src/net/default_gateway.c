#include "net/default_gateway.h"

#include <arpa/inet.h>
#include <net/route.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { V4_AT = 12, TABLE_LEN_MAX = 16384, LINES_MAX = 512 };

struct route {
    unsigned long destination; /* network order, as the kernel's hex shows it */
    unsigned long gateway;
    unsigned long flags;
    unsigned long metric;
    unsigned long mask;
};

/* The next field of a line: a number to this base. False: there is none. */
static bool read_field(const char **at, int base, unsigned long *value)
{
    char *end = NULL;
    *at += strspn(*at, " \t");
    *value = strtoul(*at, &end, base);
    bool is_number = end != *at && (*end == '\0' || strchr(" \t\n", *end) != NULL);
    *at = end;
    return is_number && *value <= UINT32_MAX;
}

/* Name, destination, gateway, flags, two counters, metric, mask, and more that is not read. */
static bool read_route(struct route *route, const char *line)
{
    unsigned long counter = 0;
    line += strcspn(line, " \t\n");
    return read_field(&line, 16, &route->destination) && read_field(&line, 16, &route->gateway) &&
           read_field(&line, 16, &route->flags) && read_field(&line, 10, &counter) &&
           read_field(&line, 10, &counter) && read_field(&line, 10, &route->metric) &&
           read_field(&line, 16, &route->mask);
}

static bool is_default(const struct route *route)
{
    return route->destination == 0 && route->mask == 0 && route->gateway != 0 &&
           (route->flags & (RTF_UP | RTF_GATEWAY)) == (RTF_UP | RTF_GATEWAY);
}

bool qn_default_gateway_parse(struct qn_net_address *gateway, const char *text)
{
    struct route best = {.metric = 0};
    bool found = false;
    const char *line = text;
    for (size_t i = 0; line != NULL && i < LINES_MAX; i++) {
        struct route route;
        if (read_route(&route, line) && is_default(&route) &&
            (!found || route.metric < best.metric)) {
            best = route;
            found = true;
        }
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    if (found) {
        *gateway = (struct qn_net_address){.ip = {[10] = 0xff, [11] = 0xff}};
        uint32_t bytes = (uint32_t)best.gateway; /* in the order that they have in memory */
        memcpy(&gateway->ip[V4_AT], &bytes, sizeof bytes);
    }
    return found;
}

bool qn_default_gateway(struct qn_net_address *gateway)
{
    char text[TABLE_LEN_MAX + 1]; /* of a longer table the first routes */
    FILE *file = fopen("/proc/net/route", "re");
    if (file == NULL) {
        return false;
    }
    size_t len = fread(text, 1, TABLE_LEN_MAX, file);
    (void)fclose(file);
    text[len] = '\0';
    return qn_default_gateway_parse(gateway, text);
}
