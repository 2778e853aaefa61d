#include "cli/options.h"

#include "cli/commands.h"

#include <string.h>

static const struct qn_option options[QN_OPTION_COUNT] = {
#define QN_OPTION_ROW(id_, flag_, letter_, environment_, placeholder_, fallback_, traits_, help_)  \
    [QN_OPTION_##id_] = {.id = QN_OPTION_##id_,                                                    \
                         .flag = (flag_),                                                          \
                         .letter = (letter_),                                                      \
                         .environment = (environment_),                                            \
                         .placeholder = (placeholder_),                                            \
                         .fallback = (fallback_),                                                  \
                         .traits = (traits_),                                                      \
                         .help = (help_)},
    QN_OPTION_LIST(QN_OPTION_ROW)
#undef QN_OPTION_ROW
};

#define OPTIONS(...)                                                                               \
    .options = {__VA_ARGS__},                                                                      \
    .option_count = sizeof((enum qn_option_id[]){__VA_ARGS__}) / sizeof(enum qn_option_id)

#define IDENTITY_OPTIONS QN_OPTION_KEY, QN_OPTION_KEY_FILE, QN_OPTION_SUITE
#define GENESIS_OPTIONS                                                                            \
    QN_OPTION_GENESIS_CERT, QN_OPTION_ACTIVATION_POLICY, QN_OPTION_ACTIVATION_BATCH
#define CODE_OPTIONS QN_OPTION_ACTIVATION_CODE, QN_OPTION_ACTIVATION_CODE_FILE
#define NODE_OPTIONS                                                                               \
    QN_OPTION_BOOTSTRAP_ID, GENESIS_OPTIONS, IDENTITY_OPTIONS, QN_OPTION_REGION,                   \
        QN_OPTION_FALLBACK_PEERS, QN_OPTION_RESERVED_PEERS, QN_OPTION_DNS_SEEDS,                   \
        QN_OPTION_LAN_DISCOVERY, QN_OPTION_LAN_INTERFACES, CODE_OPTIONS, QN_OPTION_LISTEN,         \
        QN_OPTION_ADVERTISE, QN_OPTION_PORT_MAPPING, QN_OPTION_NAT_GATEWAY, QN_OPTION_API,         \
        QN_OPTION_LOG, QN_OPTION_LOG_FORMAT, QN_OPTION_MAX_LINKS, QN_OPTION_MAX_MEMORY,            \
        QN_OPTION_MAX_BANDWIDTH, QN_OPTION_REGION_CHECK, QN_OPTION_LOCATION_DB,                    \
        QN_OPTION_DATA_DIR, QN_OPTION_DATA_MAX

#define MOTION_DETAILS                                                                             \
    "The key is a member's. The motion takes effect once a quorum of members has approved it,\n"   \
    "each with qnet committee approve, within 55 minutes.\n"

/* In the order in which `qnet help` shows them. */
static const struct qn_command commands[] = {
    {.name = "node",
     .summary = "run a node of the network",
     .details =
         "Everything comes from flags and the environment; no file is read unless it is named.\n"
         "Without --data-dir all is kept in memory: after a restart the registry is fetched from\n"
         "the other nodes, and a validator votes again only when enough of them have answered.\n"
         "A node without a private key makes one that is lost when it ends.\n",
     .run = qn_cli_node,
     OPTIONS(NODE_OPTIONS, QN_OPTION_PARENT)},
    {.name = "devnet",
     .summary = "run a whole network on this machine and measure it",
     .details =
         "Each node is a process of its own. Keys, certificates and codes are made in memory and\n"
         "passed by environment; nothing is written to disk, unless --data-dir gives each node a\n"
         "folder of its own. Each run is a new network. Ctrl-C ends all of it.\n"
         "With --for it exits 0 only if every node registered, all agree on the registry's root\n"
         "and each holds the record of all others that its peer list has places for.\n",
     .run = qn_cli_devnet,
     OPTIONS(QN_OPTION_GENESIS, QN_OPTION_NODES, QN_OPTION_REGIONS, QN_OPTION_BASE_PORT,
             QN_OPTION_FOR, QN_OPTION_NO_VIEW, QN_OPTION_LOG_DIR, QN_OPTION_LOG,
             QN_OPTION_DATA_DIR)},
    {.name = "keys new",
     .summary = "make a private key and show it, or write it to a file",
     .run = qn_cli_keys_new,
     OPTIONS(QN_OPTION_SUITE, QN_OPTION_OUT)},
    {.name = "keys show",
     .summary = "show the id and the public key of the configured private key",
     .run = qn_cli_keys_show,
     OPTIONS(IDENTITY_OPTIONS)},
    {.name = "genesis cert",
     .summary = "sign this node's genesis certificate",
     .details = "Prints the line for the environment of every node of the network.\n",
     .run = qn_cli_genesis_cert,
     OPTIONS(QN_OPTION_NETWORK, QN_OPTION_CERT_ID, QN_OPTION_REGION, QN_OPTION_ENDPOINT,
             IDENTITY_OPTIONS)},
    {.name = "genesis show",
     .summary = "check the configured certificates and show the network they make",
     .run = qn_cli_genesis_show,
     OPTIONS(GENESIS_OPTIONS)},
    {.name = "activation issue",
     .summary = "make a batch of activation codes for a genesis set-up",
     .details = "The batch goes into the environment of every node as QNET_ACTIVATION_BATCH_001 "
                "and so on;\n"
                "each code is a secret for the one node that registers with it.\n",
     .run = qn_cli_activation_issue,
     OPTIONS(QN_OPTION_CODES, QN_OPTION_CLASS, QN_OPTION_EXPIRES)},
    {.name = "activation submit",
     .arguments = "BATCH",
     .positional_min = 1,
     .positional_max = 1,
     .summary = "move that a running network takes a batch of activation codes",
     .details =
         "BATCH is what qnet activation issue printed after QNET_ACTIVATION_BATCH_001=. The\n"
         "key is a committee member's; the others approve with qnet committee approve.\n",
     .run = qn_cli_activation_submit,
     OPTIONS(IDENTITY_OPTIONS, GENESIS_OPTIONS, QN_OPTION_API_URL)},
    {.name = "committee list",
     .summary = "show the committee and the motions that wait for approval",
     .run = qn_cli_committee_list,
     OPTIONS(QN_OPTION_API_URL)},
    {.name = "committee add",
     .arguments = "ID",
     .positional_min = 1,
     .positional_max = 1,
     .summary = "move that a registered node joins the committee",
     .details = MOTION_DETAILS,
     .run = qn_cli_committee_add,
     OPTIONS(IDENTITY_OPTIONS, GENESIS_OPTIONS, QN_OPTION_API_URL)},
    {.name = "committee remove",
     .arguments = "ID",
     .positional_min = 1,
     .positional_max = 1,
     .summary = "move that a member leaves the committee",
     .details = MOTION_DETAILS,
     .run = qn_cli_committee_remove,
     OPTIONS(IDENTITY_OPTIONS, GENESIS_OPTIONS, QN_OPTION_API_URL)},
    {.name = "committee replace",
     .arguments = "ID NEW_ID",
     .positional_min = 2,
     .positional_max = 2,
     .summary = "move that a registered node takes a member's place",
     .details = MOTION_DETAILS,
     .run = qn_cli_committee_replace,
     OPTIONS(IDENTITY_OPTIONS, GENESIS_OPTIONS, QN_OPTION_API_URL)},
    {.name = "committee approve",
     .arguments = "MOTION",
     .positional_min = 1,
     .positional_max = 1,
     .summary = "approve a motion that waits, as a member of the committee",
     .details = "Look at it first: qnet committee list shows what each motion wants.\n",
     .run = qn_cli_committee_approve,
     OPTIONS(IDENTITY_OPTIONS, GENESIS_OPTIONS, QN_OPTION_API_URL)},
    {.name = "register",
     .summary = "register the configured key and wait until it is final",
     .run = qn_cli_register,
     OPTIONS(IDENTITY_OPTIONS, CODE_OPTIONS, GENESIS_OPTIONS, QN_OPTION_REGION, QN_OPTION_ADVERTISE,
             QN_OPTION_VALIDATOR, QN_OPTION_API_URL)},
    {.name = "update",
     .summary = "change or renew the configured key's registration",
     .details =
         "Region, address and --validator as given, all else as it stands, valid for as long\n"
         "as a new registration. A running node renews its own by itself.\n",
     .run = qn_cli_update,
     OPTIONS(IDENTITY_OPTIONS, GENESIS_OPTIONS, QN_OPTION_REGION, QN_OPTION_ADVERTISE,
             QN_OPTION_VALIDATOR, QN_OPTION_API_URL)},
    {.name = "revoke",
     .summary = "revoke the configured key, for good",
     .run = qn_cli_revoke,
     OPTIONS(IDENTITY_OPTIONS, GENESIS_OPTIONS, QN_OPTION_REASON, QN_OPTION_API_URL)},
    {.name = "registry revoke",
     .arguments = "ID",
     .positional_min = 1,
     .positional_max = 1,
     .summary = "move that somebody else's registration is revoked, for good",
     .details = MOTION_DETAILS,
     .run = qn_cli_registry_revoke,
     OPTIONS(IDENTITY_OPTIONS, GENESIS_OPTIONS, QN_OPTION_REASON, QN_OPTION_API_URL)},
    {.name = "registry rotate",
     .summary = "put a new key in the place of the configured one",
     .details =
         "Both keys sign. The registration goes on under the new key's id, with the same index; "
         "the\n"
         "old key is worthless from then on. Start the node again with the new key, and without\n"
         "QNET_BOOTSTRAP_ID if it was a genesis node.\n",
     .run = qn_cli_registry_rotate,
     OPTIONS(IDENTITY_OPTIONS, QN_OPTION_NEW_KEY, QN_OPTION_NEW_KEY_FILE, QN_OPTION_NEW_SUITE,
             GENESIS_OPTIONS, QN_OPTION_API_URL)},
    {.name = "status",
     .summary = "show what a node is doing",
     .run = qn_cli_status,
     OPTIONS(QN_OPTION_API_URL)},
    {.name = "peers",
     .summary = "list the peers that a node knows",
     .run = qn_cli_peers,
     OPTIONS(QN_OPTION_API_URL)},
    {.name = "peers limits",
     .summary = "show how many peers and links a node takes, and what limits them",
     .run = qn_cli_peer_limits,
     OPTIONS(QN_OPTION_API_URL)},
    {.name = "regions",
     .summary = "show registrations, links and round trips by region",
     .run = qn_cli_regions,
     OPTIONS(QN_OPTION_API_URL)},
    {.name = "ban add",
     .arguments = "ID|CIDR",
     .positional_min = 1,
     .positional_max = 1,
     .summary = "ban a node or an address prefix: its links close and stay closed",
     .details =
         "Kept over restarts if the node has a data directory. This node's judgement alone:\n"
         "others still talk to it.\n",
     .run = qn_cli_ban_add,
     OPTIONS(QN_OPTION_BAN_FOR, QN_OPTION_BAN_REASON, QN_OPTION_API_URL)},
    {.name = "ban list",
     .summary = "show who is banned, by the operator or for faults",
     .run = qn_cli_ban_list,
     OPTIONS(QN_OPTION_API_URL)},
    {.name = "ban remove",
     .arguments = "ID|CIDR",
     .positional_min = 1,
     .positional_max = 1,
     .summary = "lift a ban, whoever made it, and forget the faults",
     .run = qn_cli_ban_remove,
     OPTIONS(QN_OPTION_API_URL)},
    {.name = "registry list",
     .summary = "list the entries of the registry",
     .run = qn_cli_registry_list,
     OPTIONS(QN_OPTION_FROM, QN_OPTION_LIMIT, QN_OPTION_API_URL)},
    {.name = "registry get",
     .arguments = "ID",
     .positional_min = 1,
     .positional_max = 1,
     .summary = "show one entry of the registry",
     .run = qn_cli_registry_get,
     OPTIONS(QN_OPTION_API_URL)},
    {.name = "registry proof",
     .arguments = "ID",
     .positional_min = 1,
     .positional_max = 1,
     .summary = "fetch a proof of an entry, or of its absence, for a file",
     .details =
         "Writes CBOR to standard output: qnet registry proof ID > proof.cbor. Whoever has the\n"
         "genesis certificates can verify it, without this or any other node.\n",
     .run = qn_cli_registry_proof,
     OPTIONS(QN_OPTION_HEIGHT, QN_OPTION_TIMEOUT, QN_OPTION_API_URL)},
    {.name = "registry verify",
     .arguments = "FILE",
     .positional_min = 1,
     .positional_max = 1,
     .summary = "hold a proof to the genesis certificates, without any node",
     .details =
         "FILE is what qnet registry proof wrote; - is standard input. Exits 1 if it does not "
         "hold.\n"
         "The genesis certificates are enough; with the policy or batches configured as well, the\n"
         "proof must be of exactly that network.\n",
     .run = qn_cli_registry_verify,
     OPTIONS(GENESIS_OPTIONS, QN_OPTION_PEER_ID)},
    {.name = "verify",
     .arguments = "HOST:PORT",
     .positional_min = 1,
     .positional_max = 1,
     .summary = "dial a node, check who it is, say how long that took",
     .details = "Its registration is looked up among the configured genesis certificates, else "
                "through the\n"
                "API. Without a private key, a fresh one is used for this one handshake.\n",
     .run = qn_cli_verify,
     OPTIONS(QN_OPTION_PEER_ID, QN_OPTION_TIMEOUT, IDENTITY_OPTIONS, GENESIS_OPTIONS,
             QN_OPTION_API_URL)},
    {.name = "db check",
     .summary = "check a node's data directory: every value, block and certificate",
     .details = "Works beside the running node. Blocks, state and signatures are checked if the\n"
                "genesis certificates are set. Exits 1 if anything is damaged.\n",
     .run = qn_cli_db_check,
     OPTIONS(QN_OPTION_DATA_DIR, GENESIS_OPTIONS)},
    {.name = "db backup",
     .arguments = "FILE",
     .positional_min = 1,
     .positional_max = 1,
     .summary = "copy a node's data directory to a new file, while the node runs",
     .run = qn_cli_db_backup,
     OPTIONS(QN_OPTION_DATA_DIR, GENESIS_OPTIONS)},
    {.name = "db restore",
     .arguments = "FILE",
     .positional_min = 1,
     .positional_max = 1,
     .summary = "make a node's data directory from a backup",
     .details = "Nothing that is there is replaced. The node goes on with the key it had.\n",
     .run = qn_cli_db_restore,
     OPTIONS(QN_OPTION_DATA_DIR)},
    {.name = "db stat",
     .summary = "show what a node's data directory holds",
     .run = qn_cli_db_stat,
     OPTIONS(QN_OPTION_DATA_DIR, GENESIS_OPTIONS)},
    {.name = "config",
     .summary = "show the effective configuration of a node and what is wrong with it",
     .run = qn_cli_config,
     OPTIONS(NODE_OPTIONS, QN_OPTION_API_URL)},
    {.name = "version", .summary = "show version, libraries and suites", .run = qn_cli_version},
};

const struct qn_option *qn_option_at(enum qn_option_id id)
{
    QN_ASSERT((unsigned)id < QN_OPTION_COUNT);
    return &options[id];
}

bool qn_command_has(const struct qn_command *command, enum qn_option_id id)
{
    if (id == QN_OPTION_OUTPUT || id == QN_OPTION_HELP) {
        return true;
    }
    for (size_t i = 0; i < command->option_count; i++) {
        if (command->options[i] == id) {
            return true;
        }
    }
    return false;
}

const struct qn_option *qn_option_by_flag(const struct qn_command *command, const char *name,
                                          size_t name_len)
{
    for (size_t i = 0; i < QN_OPTION_COUNT; i++) {
        const char *flag = options[i].flag;
        if (flag != NULL && strlen(flag) == name_len && memcmp(flag, name, name_len) == 0 &&
            qn_command_has(command, (enum qn_option_id)i)) {
            return &options[i];
        }
    }
    return NULL;
}

const struct qn_option *qn_option_by_letter(const struct qn_command *command, char letter)
{
    for (size_t i = 0; i < QN_OPTION_COUNT; i++) {
        if (letter != 0 && options[i].letter == letter &&
            qn_command_has(command, (enum qn_option_id)i)) {
            return &options[i];
        }
    }
    return NULL;
}

const struct qn_command *qn_command_list(size_t *count)
{
    *count = QN_ARRAY_COUNT(commands);
    return commands;
}

/* Does the name consist of exactly these words? */
static bool is_named(const char *name, const char *first, const char *second)
{
    size_t first_len = strlen(first);
    if (strncmp(name, first, first_len) != 0) {
        return false;
    }
    if (name[first_len] == '\0') {
        return true;
    }
    return name[first_len] == ' ' && second != NULL && strcmp(name + first_len + 1, second) == 0;
}

/* Of "peers" and "peers limits" the longer one that is meant. */
const struct qn_command *qn_command_find(const char *first, const char *second, size_t *words)
{
    const struct qn_command *found = NULL;
    for (size_t i = 0; i < QN_ARRAY_COUNT(commands); i++) {
        size_t length = strchr(commands[i].name, ' ') != NULL ? 2 : 1;
        if (is_named(commands[i].name, first, second) && (found == NULL || length > *words)) {
            *words = length;
            found = &commands[i];
        }
    }
    return found;
}
