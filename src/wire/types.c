#include "wire/types.h"

#include <string.h>

static const char *const region_names[QN_REGION_COUNT] = {
    [QN_REGION_NORTH_AMERICA] = "north-america",
    [QN_REGION_SOUTH_AMERICA] = "south-america",
    [QN_REGION_EUROPE] = "europe",
    [QN_REGION_ASIA] = "asia",
    [QN_REGION_AFRICA] = "africa",
    [QN_REGION_OCEANIA] = "oceania",
};

const char *qn_region_name(enum qn_region region)
{
    QN_ASSERT((unsigned)region < QN_REGION_COUNT);
    return region_names[region];
}

bool qn_region_parse(enum qn_region *region, const char *name)
{
    for (unsigned i = 0; i < QN_REGION_COUNT; i++) {
        if (strcmp(name, region_names[i]) == 0) {
            *region = (enum qn_region)i;
            return true;
        }
    }
    return false;
}

const char *qn_close_reason_name(unsigned reason)
{
    static const char *const names[QN_CLOSE_COUNT] = {
#define QN_CLOSE_NAME(name, number, text) [number] = (text),
        QN_CLOSE_LIST(QN_CLOSE_NAME)
#undef QN_CLOSE_NAME
    };
    return reason < QN_CLOSE_COUNT ? names[reason] : "unknown";
}
