/* The configuration of a command, validated whole: what the settings mean (DESIGN section 5). */
#ifndef QN_CONFIG_H
#define QN_CONFIG_H

#include "cli/log_levels.h"
#include "cli/settings.h"
#include "crypto/key.h"
#include "ledger/activation.h"
#include "ledger/genesis.h"
#include "net/lan_interfaces.h"
#include "net/location.h"
#include "net/log_stderr.h"
#include "node/node.h"

/* What must be there; what is there and belongs to the command is checked in any case. */
enum qn_config_need {
    QN_CONFIG_NEEDS_GENESIS = 1U << 0,
    QN_CONFIG_NEEDS_KEY = 1U << 1,
    QN_CONFIG_NEEDS_REGION = 1U << 2,
    /* All that a node needs: a region and a key depend on whether it is a genesis node. */
    QN_CONFIG_NEEDS_NODE = 1U << 3,
};

enum { QN_CONFIG_LINKS_MIN = 8, QN_CONFIG_LINKS_MAX = 16384 };

struct qn_config {
    struct qn_settings settings;
    unsigned bootstrap_id; /* 0: not a genesis node */
    bool has_genesis;
    struct qn_genesis genesis;
    enum qn_suite_id suite;
    struct qn_key *key;          /* NULL: none configured */
    struct qn_key *new_key;      /* NULL: none configured */
    struct qn_hash announce_tip; /* of the key's announcement chain; valid with key */
    bool has_region;
    enum qn_region region;
    size_t fallback_count;
    struct qn_peer_hint fallbacks[QN_FALLBACK_PEERS_MAX];
    size_t reserved_count;
    struct qn_peer_hint reserved[QN_RESERVED_PEERS_MAX]; /* each with an id */
    size_t dns_seed_count;
    struct qn_endpoint dns_seeds[QN_DNS_SEEDS_MAX];
    bool maps_port;
    bool has_gateway;
    struct qn_net_address gateway; /* IPv4, with its port */
    bool has_lan;
    struct qn_lan_choice lan; /* its names only */
    bool has_code;
    struct qn_activation_code code; /* its seed is wiped: code_key is made of it */
    struct qn_key *code_key;
    bool listens;
    struct qn_endpoint listen; /* port 0: any free one */
    char listen_text[QN_ENDPOINT_TEXT_SIZE];
    char advertise_text[QN_ENDPOINT_TEXT_SIZE];
    bool has_advertise;
    struct qn_endpoint advertise;
    bool has_api;
    struct qn_endpoint api; /* port 0: any free one */
    struct qn_endpoint api_url;
    struct qn_log_levels log_levels;
    enum qn_log_format log_format;
    size_t links_max;
    enum qn_region_check_policy region_check;
    struct qn_location *location; /* NULL: no database of addresses */
    uint64_t memory_max;          /* bytes; 0: not limited */
    uint64_t bandwidth_max;       /* bytes/s; 0: not limited */
    const char *data_dir;         /* NULL: memory */
    uint64_t data_max;            /* bytes */
};

/* Reads and checks everything that the command has options for. Every problem is added to problems;
 * with none, *config is complete. The environment's copies of secrets are wiped. Fini in both cases. */
void qn_config_load(struct qn_config *config, struct qn_problems *problems,
                    const struct qn_cli *cli, unsigned needs);
void qn_config_fini(struct qn_config *config);

/* Load for a command that goes on only when all is well: reports the problems if there are any.
 * False: *config needs no fini, and the command ends with QN_EXIT_CONFIG. */
bool qn_config_load_or_report(struct qn_config *config, const struct qn_cli *cli, unsigned needs);

/* Where the database of addresses places this node's own address, *host, which must be a global one. False: nobody knows. */
bool qn_config_locate(const struct qn_config *config, enum qn_region *region, const char **host);

/* "host:port" where, unlike in an address to dial, port 0 stands for any free one. */
QN_MUST_USE enum qn_err qn_listen_parse(struct qn_endpoint *endpoint, const char *text);
/* 1..999 from three digits; 0: something else. */
unsigned qn_bootstrap_id_parse(const char *text);
/* Decimal without sign or leading zero, min to max. False: something else, *value untouched. */
bool qn_number_parse(uint64_t *value, const char *text, uint64_t min, uint64_t max);
/* The same with K, M, G or T behind it, powers of 1,024. */
bool qn_size_parse(uint64_t *bytes, const char *text, uint64_t min, uint64_t max);
/* Is this address none in particular: 0.0.0.0 or ::? */
bool qn_host_is_any(const char *host);

#endif
