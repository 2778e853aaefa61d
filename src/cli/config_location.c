/* The database of addresses, and what it says of this node's own one: for people, never a setting by itself. */
#include "cli/config_internal.h"

#include "net/location.h"

#include <string.h>

void qn_config_location(const struct qn_config_load *load)
{
    char why[QN_TEXT_LEN_MAX + 1] = "";
    const char *path = qn_config_value(load, QN_OPTION_LOCATION_DB);
    if (!qn_command_has(load->command, QN_OPTION_LOCATION_DB) ||
        (path != NULL && strcmp(path, "off") == 0)) {
        return;
    }
    enum qn_err err =
        qn_location_open(&load->config->location, path != NULL ? path : QN_LOCATION_DATABASE, why);
    if (err != QN_OK && path != NULL) { /* nobody misses what he did not ask for */
        qn_config_complain(load, QN_OPTION_LOCATION_DB, "%s", why);
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
    return qn_net_address_parse(&address, own) && qn_net_scope(&address) == QN_NET_GLOBAL &&
           qn_locate(&locator, region, &address);
}
