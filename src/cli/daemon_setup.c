#include "cli/daemon_setup.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Where others can dial us: as told, else as the certificate says, else where we listen, if that is an
 * address. */
static void fill_endpoints(struct qn_node_config *node, const struct qn_config *config,
                           const struct qn_endpoint *bound)
{
    const struct qn_genesis_cert *cert =
        config->bootstrap_id != 0 ? qn_genesis_by_number(&config->genesis, config->bootstrap_id)
                                  : NULL;
    if (config->has_advertise) {
        node->endpoint_count = 1;
        node->endpoints[0] = config->advertise;
    } else if (cert != NULL) {
        node->endpoint_count = cert->endpoint_count;
        memcpy(node->endpoints, cert->endpoints, sizeof node->endpoints);
    } else if (config->listens && !config->maps_port && !qn_host_is_any(config->listen.host) &&
               !qn_endpoint_has_zone(&config->listen)) {
        node->endpoint_count = 1;
        node->endpoints[0] = config->listen;
        node->endpoints[0].port = bound->port;
    }
}

void qn_daemon_activation(struct qn_activation *activation, const struct qn_config *config)
{
    *activation = (struct qn_activation){
        .batch_root = config->code.batch_root,
        .index = config->code.index,
        .code_key = *qn_key_public(config->code_key),
        .path_count = config->code.path_count,
    };
    memcpy(activation->path, config->code.path, sizeof activation->path);
}

void qn_daemon_node_config(struct qn_node_config *node, const struct qn_config *config,
                           const struct qn_endpoint *bound)
{
    bool is_genesis_node = config->bootstrap_id != 0;
    *node = (struct qn_node_config){
        .genesis = &config->genesis,
        .key = *qn_key_public(config->key),
        .bootstrap_id = config->bootstrap_id,
        .region = config->region,
        .announce_tip = config->announce_tip,
        .registration_lifetime_ms = QN_REGISTRATION_LIFETIME_MS,
        .has_activation = config->has_code,
        /* Without a code there is nothing to register with, where one is needed. */
        .auto_register = !is_genesis_node &&
                         (config->has_code || config->genesis.parameters.policy != QN_POLICY_CODES),
        .fallback_count = config->fallback_count,
        .reserved_count = config->reserved_count,
        .links_max = config->links_max,
        .locator = qn_location_locator(config->location),
        .has_lan = config->has_lan,
        .region_check = config->region_check,
        .memory_max = config->memory_max,
        .bandwidth_max = config->bandwidth_max,
        .heartbeat = QN_HEARTBEAT_INTERVAL,
    };
    fill_endpoints(node, config, bound);
    if (config->listens) {
        node->listen = *bound;
    }
    memcpy(node->fallbacks, config->fallbacks, sizeof node->fallbacks);
    memcpy(node->reserved, config->reserved, sizeof node->reserved);
    node->dns_seed_count = config->dns_seed_count;
    memcpy(node->dns_seeds, config->dns_seeds, sizeof node->dns_seeds);
    if (config->has_code) {
        qn_daemon_activation(&node->activation, config);
    }
    qn_random_bytes((uint8_t *)&node->seed, sizeof node->seed);
}

static bool is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
           strcmp(host, "localhost") == 0;
}

static void warn_of_region(const struct qn_log *log, const struct qn_config *config)
{
    enum qn_region located;
    const char *host = NULL;
    if (qn_config_locate(config, &located, &host) && located != config->region) {
        qn_log(log, QN_LOG_WARN, "node", "region_hint",
               "declared=%s located=%s text=\"the database of addresses places %s elsewhere than "
               "QNET_REGION says; if it is right, others will refute the region\"",
               qn_region_name(config->region), qn_region_name(located), host);
    }
}

void qn_daemon_warn(const struct qn_log *log, const struct qn_config *config)
{
    bool is_genesis_node = config->bootstrap_id != 0;
    if (!is_genesis_node && !config->has_advertise && !config->listens) {
        qn_log(log, QN_LOG_WARN, "node", "not_dialable",
               "text=\"this node does not listen, and others are told no address of it\"");
    } else if (!is_genesis_node && !config->has_advertise &&
               (qn_host_is_any(config->listen.host) || qn_endpoint_has_zone(&config->listen))) {
        qn_log(log, QN_LOG_WARN, "node", "no_address",
               "text=\"QNET_ADVERTISE is not set: others are told an address of this node when "
               "peers of three networks have seen the same one\"");
    }
    if (!is_genesis_node && !config->has_code &&
        config->genesis.parameters.policy == QN_POLICY_CODES) {
        qn_log(log, QN_LOG_WARN, "node", "no_code",
               "text=\"QNET_ACTIVATION_CODE is not set: this node takes part only if it is "
               "registered already\"");
    }
    warn_of_region(log, config);
    if (config->has_api && !is_loopback(config->api.host)) {
        qn_log(log, QN_LOG_WARN, "api", "not_loopback",
               "text=\"the API answers everybody who reaches it, without encryption\"");
    }
}

void qn_daemon_raise_file_limit(const struct qn_log *log, size_t links_max)
{
    enum { SPARE = 128 }; /* libraries, listeners, pipes, standard streams */
    struct rlimit limit;
    rlim_t needed = (rlim_t)(links_max + QN_HALF_OPEN_MAX + QN_API_CONNECTIONS_MAX + SPARE);
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) {
        return;
    }
    limit.rlim_cur = limit.rlim_max < needed ? limit.rlim_max : needed;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < needed) {
        qn_log(log, QN_LOG_WARN, "node", "file_limit",
               "have=%llu wanted=%llu text=\"raise the limit of open files (ulimit -n)\"",
               (unsigned long long)limit.rlim_cur, (unsigned long long)needed);
    }
}

bool qn_daemon_follow_parent(const char *parent)
{
    uint64_t pid;
    if (!qn_number_parse(&pid, parent, 1, INT32_MAX) || prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) {
        return false;
    }
    /* It may have ended before it could be followed. */
    return (uint64_t)getppid() == pid;
}
