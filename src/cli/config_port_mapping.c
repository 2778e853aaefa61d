#include "cli/config_internal.h"
#include "net/port_map_codec.h"

#include <stdio.h>
#include <string.h>

/* An IPv4 address, with or without a port. */
static bool parse_gateway(struct qn_net_address *gateway, const char *text)
{
    enum { TEXT_SIZE = QN_ENDPOINT_TEXT_SIZE + 8 };
    char with_port[TEXT_SIZE];
    struct qn_endpoint endpoint;
    bool has_port = strchr(text, ':') != NULL;
    int wanted =
        snprintf(with_port, sizeof with_port, has_port ? "%s" : "%s:%d", text, QN_PORT_MAP_PORT);
    return wanted > 0 && (size_t)wanted < sizeof with_port &&
           qn_endpoint_parse(&endpoint, with_port) == QN_OK &&
           qn_net_address_parse(gateway, &endpoint) && qn_net_address_is_v4(gateway) &&
           qn_net_address_is_usable(gateway);
}

void qn_config_port_mapping(const struct qn_config_load *load)
{
    struct qn_config *config = load->config;
    const char *text = qn_config_value(load, QN_OPTION_PORT_MAPPING);
    const char *gateway = qn_config_value(load, QN_OPTION_NAT_GATEWAY);
    if (text == NULL) {
        return;
    }
    config->maps_port = strcmp(text, "on") == 0;
    if (!config->maps_port && strcmp(text, "off") != 0) {
        qn_config_complain(load, QN_OPTION_PORT_MAPPING, "\"%.20s\" is not possible: on or off",
                           text);
    } else if (config->maps_port && !config->listens) {
        qn_config_complain(load, QN_OPTION_PORT_MAPPING,
                           "is on, but QNET_LISTEN is off: there is no port to map");
    } else if (!config->maps_port && gateway != NULL) {
        qn_config_complain(load, QN_OPTION_NAT_GATEWAY,
                           "is set, but port mapping is off: set QNET_PORT_MAPPING to on");
    }
    if (gateway != NULL) {
        config->has_gateway = parse_gateway(&config->gateway, gateway);
        if (!config->has_gateway) {
            qn_config_complain(load, QN_OPTION_NAT_GATEWAY,
                               "\"%.80s\" is no gateway: its IPv4 address, and its port unless "
                               "that is %d",
                               gateway, QN_PORT_MAP_PORT);
        }
    }
}
