#include "cli/config_internal.h"
#include "peer/net_address.h"

#include <stdio.h>
#include <string.h>

bool qn_host_is_any(const char *host)
{
    return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

enum qn_err qn_listen_parse(struct qn_endpoint *endpoint, const char *text)
{
    enum { TEXT_SIZE = QN_ENDPOINT_TEXT_SIZE + 8 };
    char with_port[TEXT_SIZE];
    size_t len = strlen(text);
    if (len < 2 || strcmp(text + len - 2, ":0") != 0) {
        return qn_endpoint_parse_local(endpoint, text);
    }
    (void)snprintf(with_port, sizeof with_port, "%.*s:1", (int)(len - 2), text);
    enum qn_err err =
        len >= sizeof with_port ? QN_ERR_INVALID : qn_endpoint_parse_local(endpoint, with_port);
    if (err == QN_OK) {
        endpoint->port = 0;
    }
    return err;
}

/* id@host:port or host:port, len characters. */
static bool parse_peer(struct qn_peer_hint *peer, const char *text, size_t len)
{
    enum { PEER_SIZE = QN_ID_TEXT_SIZE + QN_ENDPOINT_TEXT_SIZE };
    char copy[PEER_SIZE];
    if (len >= sizeof copy) {
        return false;
    }
    *peer = (struct qn_peer_hint){0};
    (void)snprintf(copy, sizeof copy, "%.*s", (int)len, text);
    char *at = strchr(copy, '@');
    if (at != NULL) {
        *at = '\0';
        peer->has_id = true;
        if (qn_hex_decode(peer->id.bytes, sizeof peer->id.bytes, copy) != QN_OK) {
            return false;
        }
    }
    return qn_endpoint_parse_local(&peer->endpoint, at != NULL ? at + 1 : copy) == QN_OK;
}

static void complain_of_peer(const struct qn_config_load *load, enum qn_option_id option,
                             bool needs_id, const char *text, size_t len)
{
    int shown = (int)(len < 100 ? len : 100);
    if (needs_id) {
        qn_config_complain(load, option,
                           "\"%.*s\" is no peer: id@host:port, the id with all its 64 hex digits",
                           shown, text);
    } else {
        qn_config_complain(load, option,
                           "\"%.*s\" is no address: host:port, or 64 hex digits of the node id "
                           "before it, as in id@host:port",
                           shown, text);
    }
}

/* A list of peers with commas between them. Returns how many there are. */
static size_t load_peers(const struct qn_config_load *load, enum qn_option_id option,
                         struct qn_peer_hint *peers, size_t most, bool needs_id)
{
    size_t count = 0;
    const char *at = qn_config_value(load, option);
    while (at != NULL) {
        size_t len = strcspn(at, ",");
        if (count == most) {
            qn_config_complain(load, option, "has more than %zu addresses", most);
            return count;
        }
        if (!parse_peer(&peers[count], at, len) || (needs_id && !peers[count].has_id)) {
            complain_of_peer(load, option, needs_id, at, len);
        } else {
            count += 1;
        }
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    return count;
}

/* A name with or without a port; an address is not looked up. len characters. */
static bool parse_dns_seed(struct qn_endpoint *seed, const char *text, size_t len)
{
    char copy[QN_ENDPOINT_TEXT_SIZE];
    struct qn_net_address address;
    bool has_port = memchr(text, ':', len) != NULL;
    int wanted =
        snprintf(copy, sizeof copy, has_port ? "%.*s" : "%.*s:%d", (int)len, text, QN_DEFAULT_PORT);
    if (wanted < 0 || (size_t)wanted >= sizeof copy || qn_endpoint_parse(seed, copy) != QN_OK) {
        return false;
    }
    return qn_endpoint_is_localhost(seed) || !qn_net_address_parse(&address, seed);
}

static void load_dns_seeds(const struct qn_config_load *load)
{
    struct qn_config *config = load->config;
    const char *at = qn_config_value(load, QN_OPTION_DNS_SEEDS);
    while (at != NULL) {
        size_t len = strcspn(at, ",");
        if (config->dns_seed_count == QN_DNS_SEEDS_MAX) {
            qn_config_complain(load, QN_OPTION_DNS_SEEDS, "has more than %d names",
                               QN_DNS_SEEDS_MAX);
            return;
        }
        if (!parse_dns_seed(&config->dns_seeds[config->dns_seed_count], at, len)) {
            qn_config_complain(load, QN_OPTION_DNS_SEEDS,
                               "\"%.*s\" is no DNS name: name or name:port; an address belongs in "
                               "QNET_FALLBACK_PEERS",
                               (int)(len < 100 ? len : 100), at);
        } else {
            config->dns_seed_count += 1;
        }
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
}

/* Names with commas between them. */
static void load_lan_interfaces(const struct qn_config_load *load, const char *text)
{
    struct qn_lan_choice *lan = &load->config->lan;
    const char *at = text;
    while (at != NULL) {
        size_t len = strcspn(at, ",");
        if (lan->name_count == QN_LAN_INTERFACES_MAX) {
            qn_config_complain(load, QN_OPTION_LAN_INTERFACES, "has more than %d names",
                               QN_LAN_INTERFACES_MAX);
            return;
        }
        if (len == 0 || len >= sizeof lan->names[0]) {
            qn_config_complain(load, QN_OPTION_LAN_INTERFACES,
                               "\"%.*s\" is no name of an interface, such as eth0",
                               (int)(len < 100 ? len : 100), at);
        } else {
            memcpy(lan->names[lan->name_count], at, len);
            lan->name_count += 1;
        }
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
}

static void load_lan(const struct qn_config_load *load)
{
    const char *text = qn_config_value(load, QN_OPTION_LAN_DISCOVERY);
    const char *interfaces = qn_config_value(load, QN_OPTION_LAN_INTERFACES);
    if (text == NULL) {
        return;
    }
    load->config->has_lan = strcmp(text, "on") == 0;
    if (!load->config->has_lan && strcmp(text, "off") != 0) {
        qn_config_complain(load, QN_OPTION_LAN_DISCOVERY, "\"%.20s\" is not possible: on or off",
                           text);
    } else if (!load->config->has_lan && interfaces != NULL) {
        qn_config_complain(load, QN_OPTION_LAN_INTERFACES,
                           "is set, but discovery is off: set QNET_LAN_DISCOVERY to on");
    }
    load_lan_interfaces(load, interfaces);
}

static void load_listen(const struct qn_config_load *load)
{
    struct qn_config *config = load->config;
    const char *text = qn_config_value(load, QN_OPTION_LISTEN);
    if (text == NULL) {
        return;
    }
    if (strcmp(text, "off") == 0) {
        if (config->bootstrap_id != 0) {
            qn_config_complain(load, QN_OPTION_LISTEN,
                               "off, but a genesis node must be reachable by the others");
        }
        return;
    }
    config->listens = true;
    if (qn_listen_parse(&config->listen, text) != QN_OK) {
        qn_config_complain(load, QN_OPTION_LISTEN,
                           "\"%.80s\" is no address: host:port or [v6]:port, port 0 for any free "
                           "one; or off",
                           text);
        return;
    }
    /* A genesis node listens on the port that its certificate promises. */
    const struct qn_genesis_cert *cert = qn_config_own_cert(config);
    if (cert != NULL && config->settings.items[QN_OPTION_LISTEN].source == QN_SOURCE_DEFAULT) {
        config->listen.port = cert->endpoints[0].port;
        config->settings.items[QN_OPTION_LISTEN] = (struct qn_setting){
            qn_endpoint_format(config->listen_text, &config->listen), QN_SOURCE_CERTIFICATE};
    }
}

static void load_advertise(const struct qn_config_load *load)
{
    struct qn_config *config = load->config;
    const char *text = qn_config_value(load, QN_OPTION_ADVERTISE);
    const struct qn_genesis_cert *cert = qn_config_own_cert(config);
    if (text == NULL) {
        if (cert != NULL) {
            config->settings.items[QN_OPTION_ADVERTISE] =
                (struct qn_setting){qn_endpoint_format(config->advertise_text, &cert->endpoints[0]),
                                    QN_SOURCE_CERTIFICATE};
        }
        return;
    }
    config->has_advertise = qn_endpoint_parse(&config->advertise, text) == QN_OK &&
                            !qn_host_is_any(config->advertise.host);
    if (!config->has_advertise) {
        qn_config_complain(load, QN_OPTION_ADVERTISE,
                           "\"%.80s\" is no address that others could dial: host:port with the "
                           "host's own name or address",
                           text);
    }
}

static void load_api(const struct qn_config_load *load)
{
    struct qn_config *config = load->config;
    const char *text = qn_config_value(load, QN_OPTION_API);
    if (text == NULL || strcmp(text, "off") == 0) {
        return;
    }
    config->has_api = qn_listen_parse(&config->api, text) == QN_OK;
    if (!config->has_api) {
        qn_config_complain(load, QN_OPTION_API,
                           "\"%.80s\" is no address: host:port or [v6]:port, port 0 for any free "
                           "one; or off",
                           text);
    } else if (config->listens && config->api.port != 0 &&
               qn_endpoint_equal(&config->api, &config->listen)) {
        qn_config_complain(load, QN_OPTION_API, "%s is also where other nodes are listened for",
                           text);
    }
}

static void load_api_url(const struct qn_config_load *load)
{
    static const char scheme[] = "http://";
    char host[QN_ENDPOINT_TEXT_SIZE];
    const char *text = qn_config_value(load, QN_OPTION_API_URL);
    if (text == NULL) {
        return;
    }
    const char *rest = strncmp(text, scheme, strlen(scheme)) == 0 ? text + strlen(scheme) : text;
    size_t len = strlen(rest);
    if (len > 0 && rest[len - 1] == '/') {
        len -= 1;
    }
    (void)snprintf(host, sizeof host, "%.*s", (int)(len < sizeof host ? len : sizeof host - 1),
                   rest);
    if (len >= sizeof host || qn_endpoint_parse_local(&load->config->api_url, host) != QN_OK) {
        qn_config_complain(load, QN_OPTION_API_URL,
                           "\"%.80s\" is no address of an API: http://host:port", text);
    }
}

void qn_config_addresses(const struct qn_config_load *load)
{
    struct qn_config *config = load->config;
    config->fallback_count =
        load_peers(load, QN_OPTION_FALLBACK_PEERS, config->fallbacks, QN_FALLBACK_PEERS_MAX, false);
    config->reserved_count =
        load_peers(load, QN_OPTION_RESERVED_PEERS, config->reserved, QN_RESERVED_PEERS_MAX, true);
    load_dns_seeds(load);
    load_lan(load);
    load_listen(load);
    load_advertise(load);
    qn_config_port_mapping(load);
    load_api(load);
    load_api_url(load);
}
