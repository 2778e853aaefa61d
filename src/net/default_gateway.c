#include "net/default_gateway.h"

#include <arpa/inet.h>
#include <net/route.h>
#include <stdio.h>
#include <string.h>

enum { V4_AT = 12, TABLE_LEN_MAX = 16384, LINES_MAX = 512 };

struct route {
    unsigned destination; /* network order, as the kernel's hex shows it */
    unsigned gateway;
    unsigned flags;
    int metric;
    unsigned mask;
};

static bool read_route(struct route *route, const char *line)
{
    int fields = sscanf(line, "%*s %x %x %x %*d %*d %d %x", &route->destination, &route->gateway,
                        &route->flags, &route->metric, &route->mask);
    return fields == 5;
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
        memcpy(&gateway->ip[V4_AT], &best.gateway, 4); /* in the order of its bytes in memory */
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
