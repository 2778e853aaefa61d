/* The one table of commands and options: parsing, help, environment names, defaults and `qnet config`
 * all come from it. */
#ifndef QN_OPTIONS_H
#define QN_OPTIONS_H

#include "base/base.h"
#include "cli/exit.h"

struct qn_cli;

enum qn_option_trait {
    QN_OPTION_SWITCH = 1U << 0,   /* a flag without a value */
    QN_OPTION_SECRET = 1U << 1,   /* never on the command line, never shown */
    QN_OPTION_NUMBERED = 1U << 2, /* NAME_001 to NAME_999 in the environment; a flag that repeats */
    QN_OPTION_REPEATS = 1U << 3,  /* a flag that may be given several times */
    QN_OPTION_HIDDEN = 1U << 4,   /* between our own processes, not in help */
};

/* X(id, flag, letter, environment, placeholder, default, traits, help). Settings that the environment
 * may give come first, in the order in which `qnet config` shows them. */
#define QN_OPTION_LIST(X)                                                                          \
    X(BOOTSTRAP_ID, "bootstrap-id", 0, "QNET_BOOTSTRAP_ID", "001..999", NULL, 0,                   \
      "this node is the genesis node with this number")                                            \
    X(GENESIS_CERT, "genesis-cert", 0, "QNET_GENESIS_CERT", "CERT", NULL, QN_OPTION_NUMBERED,      \
      "genesis certificates of the network, at least 4")                                           \
    X(KEY, NULL, 0, "QNET_KEY", "HEX", NULL, QN_OPTION_SECRET,                                     \
      "the node's private key: the 64 hex digits of its seed")                                     \
    X(KEY_FILE, "key-file", 0, "QNET_KEY_FILE", "FILE", NULL, 0,                                   \
      "file with the private key, readable by its owner only; - is standard input")                \
    X(SUITE, "suite", 0, "QNET_SUITE", "NAME", "ML-DSA-65", 0,                                     \
      "signature suite of the key: ML-DSA-44, ML-DSA-65 or ML-DSA-87")                             \
    X(NEW_KEY, NULL, 0, "QNET_NEW_KEY", "HEX", NULL, QN_OPTION_SECRET,                             \
      "the private key that takes the node's place: the 64 hex digits of its seed")                \
    X(NEW_KEY_FILE, "new-key-file", 0, "QNET_NEW_KEY_FILE", "FILE", NULL, 0,                       \
      "file with the new private key, readable by its owner only; - is standard input")            \
    X(NEW_SUITE, "new-suite", 0, "QNET_NEW_SUITE", "NAME", NULL, 0,                                \
      "signature suite of the new key; that of the old one unless given")                          \
    X(REGION, "region", 0, "QNET_REGION", "REGION", NULL, 0,                                       \
      "north-america, south-america, europe, asia, africa or oceania")                             \
    X(REGION_CHECK, "region-check", 0, "QNET_REGION_CHECK", "auto|always|off", "auto", 0,          \
      "whether declared regions are measured; auto: those of peers at global addresses")           \
    X(LOCATION_DB, "location-db", 0, "QNET_LOCATION_DB", "FILE|off", NULL, 0,                      \
      "libloc database of addresses, a hint; unless set the system's, where libloc is installed")  \
    X(FALLBACK_PEERS, "fallback-peers", 0, "QNET_FALLBACK_PEERS", "[ID@]HOST:PORT,...", NULL, 0,   \
      "addresses to try when no other answers")                                                    \
    X(RESERVED_PEERS, "reserved-peers", 0, "QNET_RESERVED_PEERS", "ID@HOST:PORT,...", NULL, 0,     \
      "peers that are always dialled, have places of their own and are never given up")            \
    X(DNS_SEEDS, "dns-seeds", 0, "QNET_DNS_SEEDS", "NAME[:PORT],...", NULL, 0,                     \
      "names that are asked for addresses of nodes, by service record (_qnet._tcp) or address")    \
    X(PORT_MAPPING, "port-mapping", 0, "QNET_PORT_MAPPING", "on|off", "off", 0,                    \
      "have the gateway forward the port that is listened on, by PCP or NAT-PMP")                  \
    X(NAT_GATEWAY, "nat-gateway", 0, "QNET_NAT_GATEWAY", "IPV4[:PORT]", NULL, 0,                   \
      "the gateway that is asked for it, unless it is the default router")                         \
    X(LAN_DISCOVERY, "lan-discovery", 0, "QNET_LAN_DISCOVERY", "on|off", "off", 0,                 \
      "find other nodes in the local network by multicast, and be found there")                    \
    X(LAN_INTERFACES, "lan-interfaces", 0, "QNET_LAN_INTERFACES", "NAME,...", NULL, 0,             \
      "interfaces that discovery uses; unless set all that are up and take multicast, but lo")     \
    X(ACTIVATION_CODE, NULL, 0, "QNET_ACTIVATION_CODE", "CODE", NULL, QN_OPTION_SECRET,            \
      "activation code that pays for this node's registration")                                    \
    X(ACTIVATION_CODE_FILE, "activation-code-file", 0, "QNET_ACTIVATION_CODE_FILE", "FILE", NULL,  \
      0, "file with the activation code, readable by its owner only; - is standard input")         \
    X(ACTIVATION_POLICY, "activation-policy", 0, "QNET_ACTIVATION_POLICY",                         \
      "codes|open|work[:BITS[:KIB]]", "codes", 0,                                                  \
      "what a registration needs; part of the network's identity")                                 \
    X(ACTIVATION_BATCH, "activation-batch", 0, "QNET_ACTIVATION_BATCH", "BATCH", NULL,             \
      QN_OPTION_NUMBERED, "issued batches of activation codes; part of the network's identity")    \
    X(LISTEN, "listen", 0, "QNET_LISTEN", "HOST:PORT|off", "0.0.0.0:9876", 0,                      \
      "where other nodes reach us; port 0 is any free one; [::] takes IPv4 and IPv6")              \
    X(ADVERTISE, "advertise", 0, "QNET_ADVERTISE", "HOST:PORT", NULL, 0,                           \
      "the address others are told; else that of the certificate or of --listen")                  \
    X(API, "api", 0, "QNET_API", "HOST:PORT|off", "127.0.0.1:8001", 0,                             \
      "where the HTTP API listens; port 0 is any free one")                                        \
    X(API_URL, "api-url", 0, "QNET_API_URL", "URL", "http://127.0.0.1:8001", 0,                    \
      "the API that client commands ask")                                                          \
    X(LOG, "log", 0, "QNET_LOG", "LEVEL", "info", 0,                                               \
      "error, warn, info or debug; single modules by info,net=debug")                              \
    X(LOG_FORMAT, "log-format", 0, "QNET_LOG_FORMAT", "auto|text|json", "auto", 0,                 \
      "auto: text on a terminal, JSON otherwise")                                                  \
    X(MAX_LINKS, "max-links", 0, "QNET_MAX_LINKS", "N", "1024", 0, "most live links at a time")    \
    X(MAX_MEMORY, "max-memory", 0, "QNET_MAX_MEMORY", "SIZE", NULL, 0,                             \
      "most memory for links and the peer list, as in 64M: 40 KiB a link; no limit unless set")    \
    X(MAX_BANDWIDTH, "max-bandwidth", 0, "QNET_MAX_BANDWIDTH", "SIZE", NULL, 0,                    \
      "bytes a second that all links may take, as in 2M; no limit unless set")                     \
    X(DATA_DIR, "data-dir", 0, "QNET_DATA_DIR", "DIR", NULL, 0,                                    \
      "keep the node's data in this folder; without it all is in memory and lost at the end")      \
    X(DATA_MAX, "data-max", 0, "QNET_DATA_MAX", "SIZE", "64G", 0,                                  \
      "most the data file may grow to, as in 500M or 64G")                                         \
    X(PARENT, "parent", 0, NULL, "PID", NULL, QN_OPTION_HIDDEN,                                    \
      "stop when this parent process is gone")                                                     \
    X(VALIDATOR, "validator", 0, NULL, NULL, NULL, QN_OPTION_SWITCH,                               \
      "be ready for the committee: it may then add the node")                                      \
    X(OUT, "out", 0, NULL, "FILE", NULL, 0,                                                        \
      "write the private key to this new file (mode 0600) instead of showing it")                  \
    X(NETWORK, "network", 0, NULL, "NAME", NULL, 0, "name of the network, for people")             \
    X(CERT_ID, "id", 0, NULL, "001..999", NULL, 0, "bootstrap id of the certificate")              \
    X(ENDPOINT, "endpoint", 0, NULL, "HOST:PORT", NULL, QN_OPTION_REPEATS,                         \
      "address at which others reach the node")                                                    \
    X(CODES, "count", 0, NULL, "N", "1", 0, "how many codes")                                      \
    X(CLASS, "class", 0, NULL, "C", "0", 0, "class of the codes: a number kept in the registry")   \
    X(EXPIRES, "expires", 0, NULL, "DAYS", "365", 0, "days until the codes expire")                \
    X(REASON, "reason", 0, NULL, "REASON", "unspecified", 0,                                       \
      "unspecified, key-compromised or retired")                                                   \
    X(PEER_ID, "id", 0, NULL, "ID", NULL, 0, "node id that it must have, 64 hex digits")           \
    X(FROM, "from", 0, NULL, "INDEX", "0", 0, "first registry index to list")                      \
    X(LIMIT, "limit", 0, NULL, "N", "100", 0, "most entries to list, up to 1000")                  \
    X(HEIGHT, "height", 0, NULL, "H", NULL, 0, "block whose state is proved, else the newest")     \
    X(TIMEOUT, "timeout", 0, NULL, "SECONDS", "10", 0, "give up after so long")                    \
    X(GENESIS, "genesis", 0, NULL, "N", "5", 0, "genesis nodes, at least 4")                       \
    X(NODES, "nodes", 0, NULL, "M", "3", 0, "ordinary nodes")                                      \
    X(REGIONS, "regions", 0, NULL, "A,B,...", NULL, 0,                                             \
      "regions dealt out in turn; all six unless given")                                           \
    X(BASE_PORT, "base-port", 0, NULL, "PORT", "0", 0,                                             \
      "first of consecutive ports: genesis nodes, ordinary nodes, then APIs; 0: free ones")        \
    X(FOR, "for", 0, NULL, "SECONDS", NULL, 0, "run so long, judge, end")                          \
    X(BAN_FOR, "for", 0, NULL, "DURATION", NULL, 0, "as in 90s, 30m, 12h or 7d; else for good")    \
    X(BAN_REASON, "reason", 0, NULL, "TEXT", NULL, 0, "for people: shown by qnet ban list")        \
    X(NO_VIEW, "no-view", 0, NULL, NULL, NULL, QN_OPTION_SWITCH,                                   \
      "progress lines instead of the live view")                                                   \
    X(LOG_DIR, "log-dir", 0, NULL, "DIR", NULL, 0, "keep the nodes' logs in this folder")          \
    X(OUTPUT, "output", 'o', NULL, "text|json", "text", 0, "text for people, json for programs")   \
    X(HELP, "help", 'h', NULL, NULL, NULL, QN_OPTION_SWITCH, "show this")

enum qn_option_id {
#define QN_OPTION_ENUM(id, ...) QN_OPTION_##id,
    QN_OPTION_LIST(QN_OPTION_ENUM)
#undef QN_OPTION_ENUM
        QN_OPTION_COUNT,
};

struct qn_option {
    enum qn_option_id id;
    const char *flag;        /* without dashes; NULL: environment only */
    char letter;             /* 0: none */
    const char *environment; /* NULL: flag only */
    const char *placeholder; /* NULL with QN_OPTION_SWITCH */
    const char *fallback;    /* default as text; NULL: none */
    unsigned traits;
    const char *help;
};

enum {
    QN_COMMAND_OPTIONS_MAX = 40,
    QN_POSITIONALS_MAX = 2,
};

struct qn_command {
    const char *name;      /* "keys new": one or two words */
    const char *arguments; /* positional ones for the usage line, or NULL */
    size_t positional_min;
    size_t positional_max;
    const char *summary;
    const char *details; /* more lines of help, or NULL */
    enum qn_exit (*run)(const struct qn_cli *cli);
    size_t option_count; /* --output and --help not counted: every command has them */
    enum qn_option_id options[QN_COMMAND_OPTIONS_MAX];
};

const struct qn_option *qn_option_at(enum qn_option_id id);
/* The option of this command with this flag (name_len characters), or NULL. */
const struct qn_option *qn_option_by_flag(const struct qn_command *command, const char *name,
                                          size_t name_len);
const struct qn_option *qn_option_by_letter(const struct qn_command *command, char letter);
bool qn_command_has(const struct qn_command *command, enum qn_option_id id);

const struct qn_command *qn_command_list(size_t *count);
/* By its words; second may be NULL. *words is how many of them name the command. NULL if unknown. */
const struct qn_command *qn_command_find(const char *first, const char *second, size_t *words);

#endif
