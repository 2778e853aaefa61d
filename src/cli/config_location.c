/* The database of addresses, and what it says of this node's own one: for people, never a setting by itself. */
#include "cli/config_internal.h"

#include "net/location.h"

#include <string.h>

void qn_config_location(const struct qn_config_load *load)
{
    static const char *const usual[] = {QN_LOCATION_DATABASE, QN_LOCATION_DATABASE_SHIPPED};
    char why[QN_TEXT_LEN_MAX + 1] = "";
    const char *path = qn_config_value(load, QN_OPTION_LOCATION_DB);
    if (!qn_command_has(load->command, QN_OPTION_LOCATION_DB) ||
        (path != NULL && strcmp(path, "off") == 0)) {
        return;
    }
    if (path != NULL) {
        if (qn_location_open(&load->config->location, path, why) != QN_OK) {
            qn_config_complain(load, QN_OPTION_LOCATION_DB, "%s", why);
        }
        return;
    }
    for (size_t i = 0; i < QN_ARRAY_COUNT(usual); i++) {
        if (qn_location_open(&load->config->location, usual[i], why) == QN_OK) {
            return; /* and nobody misses what he did not ask for */
        }
    }
}

bool qn_config_locate(const struct qn_config *config, enum qn_region *region, const char **host)
{
    const struct qn_genesis_cert *cert = qn_config_own_cert(config);
    const struct qn_endpoint *own = config->has_advertise ? &config->advertise
                                    : cert != NULL        ? &cert->endpoints[0]
                                                          : &config->listen;
    struct qn_locator locator = qn_location_locator(config->location);
    struct qn_net_address address;
    *host = own->host;
    return !qn_host_is_any(own->host) && qn_net_address_parse(&address, own) &&
           qn_net_scope(&address) == QN_NET_GLOBAL && qn_locate(&locator, region, &address);
}
