#include "cli/config.h"

#include "cli/testing/config_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct qn_fixture_network network;

static int make_network(void **state)
{
    const char *why;
    (void)state;
    if (qn_crypto_init(&why) != QN_OK) {
        return -1;
    }
    qn_fixture_network_init(&network);
    return 0;
}

static int drop_network(void **state)
{
    (void)state;
    qn_fixture_network_fini(&network);
    qn_crypto_fini();
    return 0;
}

static void print_problems(const struct qn_fixture *fixture)
{
    for (size_t i = 0; i < qn_problems_kept(&fixture->problems); i++) {
        print_message("%s: %s\n", fixture->problems.items[i].name, fixture->problems.items[i].text);
    }
}

static void assert_count(const struct qn_fixture *fixture, size_t count)
{
    if (fixture->problems.count != count) {
        print_problems(fixture);
    }
    assert_int_equal(fixture->problems.count, count);
}

static void assert_problem(const struct qn_fixture *fixture, const char *name, const char *part)
{
    for (size_t i = 0; i < qn_problems_kept(&fixture->problems); i++) {
        if (strcmp(fixture->problems.items[i].name, name) == 0 &&
            strstr(fixture->problems.items[i].text, part) != NULL) {
            return;
        }
    }
    print_problems(fixture);
    fail_msg("no problem of %s with \"%s\"", name, part);
}

static void a_genesis_node_needs_key_number_and_certificates(void **state)
{
    struct qn_fixture fixture;

    (void)state;
    qn_fixture_init(&fixture);
    qn_fixture_set_genesis_node(&fixture, &network);
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_count(&fixture, 0);
    const struct qn_config *config = &fixture.config;
    assert_int_equal(config->bootstrap_id, 1);
    assert_true(config->has_genesis);
    assert_int_equal(config->genesis.cert_count, QN_FIXTURE_CERTS);
    assert_int_equal(config->genesis.parameters.batch_count, 1);
    assert_non_null(config->key);
    /* What it does not say follows from its certificate. */
    assert_int_equal(config->region, QN_REGION_EUROPE);
    assert_int_equal(config->listen.port, 4001);
    assert_string_equal(config->listen.host, "0.0.0.0");
    assert_int_equal(config->settings.items[QN_OPTION_REGION].source, QN_SOURCE_CERTIFICATE);
    assert_int_equal(config->settings.items[QN_OPTION_LISTEN].source, QN_SOURCE_CERTIFICATE);
    assert_string_equal(config->settings.items[QN_OPTION_ADVERTISE].value, "10.0.0.1:4001");
    qn_fixture_fini(&fixture);
}

static void an_ordinary_node_gets_the_defaults(void **state)
{
    struct qn_fixture fixture;

    (void)state;
    qn_fixture_init(&fixture);
    qn_fixture_set_ordinary_node(&fixture, &network);
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_count(&fixture, 0);
    const struct qn_config *config = &fixture.config;
    assert_int_equal(config->bootstrap_id, 0);
    assert_true(config->listens);
    assert_int_equal(config->listen.port, QN_DEFAULT_PORT);
    assert_true(config->has_api);
    assert_string_equal(config->api.host, "127.0.0.1");
    assert_int_equal(config->api.port, QN_DEFAULT_API_PORT);
    assert_int_equal(config->links_max, QN_LINKS_MAX);
    assert_int_equal(config->memory_max, 0);
    assert_int_equal(config->bandwidth_max, 0);
    assert_int_equal(config->suite, QN_SUITE_MLDSA65);
    assert_int_equal(config->log_levels.level, QN_LOG_INFO);
    assert_int_equal(config->log_format, QN_LOG_AUTO);
    assert_true(config->has_code);
    assert_non_null(config->code_key);
    assert_int_equal(config->code.index, 1);
    assert_false(config->has_advertise);
    assert_int_equal(config->genesis.parameters.policy, QN_POLICY_CODES);
    qn_fixture_fini(&fixture);
}

/* A valid ordinary node with one thing changed has one problem, of this name. */
static const struct {
    const char *name;
    const char *value; /* NULL: unset */
    const char *problem;
    const char *part;
} single_problems[] = {
    {"QNET_REGION", "mars", "QNET_REGION", "north-america, south-america, europe, asia"},
    {"QNET_REGION", NULL, "QNET_REGION", "is not set"},
    {"QNET_REGION", "", "QNET_REGION", "is not set"},
    {"QNET_BOOTSTRAP_ID", "1", "QNET_BOOTSTRAP_ID", "three digits, 001 to 999"},
    {"QNET_BOOTSTRAP_ID", "000", "QNET_BOOTSTRAP_ID", "three digits, 001 to 999"},
    {"QNET_BOOTSTRAP_ID", "1000", "QNET_BOOTSTRAP_ID", "three digits, 001 to 999"},
    {"QNET_KEY", "abc", "QNET_KEY", "64 hex digits of a key's seed: it has 3 characters"},
    {"QNET_KEY", "zz1d9f2a0b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6", "QNET_KEY",
     "not all of them hex digits"},
    {"QNET_SUITE", "RSA", "QNET_SUITE", "ML-DSA-44, ML-DSA-65 or ML-DSA-87"},
    {"QNET_SUITE", "SLH-DSA-SHA2-128s", "QNET_SUITE", "no suite for a node"},
    {"QNET_FALLBACK_PEERS", "example.org", "QNET_FALLBACK_PEERS", "host:port"},
    {"QNET_FALLBACK_PEERS", "a:1,abcd@b:2", "QNET_FALLBACK_PEERS", "\"abcd@b:2\""},
    {"QNET_RESERVED_PEERS", "example.org:1", "QNET_RESERVED_PEERS", "is no peer: id@host:port"},
    {"QNET_FALLBACK_PEERS", "a:1,,b:2", "QNET_FALLBACK_PEERS", "\"\" is no address"},
    {"QNET_DNS_SEEDS", "192.0.2.1", "QNET_DNS_SEEDS", "QNET_FALLBACK_PEERS"},
    {"QNET_LOCATION_DB", "/nonexistent/database", "QNET_LOCATION_DB", ""},
    {"QNET_PORT_MAPPING", "yes", "QNET_PORT_MAPPING", "on or off"},
    {"QNET_NAT_GATEWAY", "192.0.2.1", "QNET_NAT_GATEWAY", "set QNET_PORT_MAPPING to on"},
    {"QNET_LAN_DISCOVERY", "yes", "QNET_LAN_DISCOVERY", "on or off"},
    {"QNET_LAN_INTERFACES", "eth0", "QNET_LAN_INTERFACES", "set QNET_LAN_DISCOVERY to on"},
    {"QNET_ADVERTISE", "[fe80::1%eth0]:1", "QNET_ADVERTISE", "no address that others could dial"},
    {"QNET_ACTIVATION_CODE", "qna1-broken", "QNET_ACTIVATION_CODE", "is no activation code"},
    {"QNET_ACTIVATION_POLICY", "free", "QNET_ACTIVATION_POLICY", "codes"},
    {"QNET_ACTIVATION_POLICY", "work:33", "QNET_ACTIVATION_POLICY", "1 to 32 bits"},
    {"QNET_ACTIVATION_POLICY", "work:8:4", "QNET_ACTIVATION_POLICY", "8 to 262144 KiB"},
    {"QNET_ACTIVATION_BATCH_002", "x!", "QNET_ACTIVATION_BATCH_002", "base64url"},
    {"QNET_ACTIVATION_BATCH_002", "AAAA", "QNET_ACTIVATION_BATCH_002", "activation issue"},
    {"QNET_LISTEN", "9876", "QNET_LISTEN", "host:port"},
    {"QNET_LISTEN", "[::1:9876", "QNET_LISTEN", "[v6]:port"},
    {"QNET_LISTEN", "a:70000", "QNET_LISTEN", "host:port"},
    {"QNET_ADVERTISE", "0.0.0.0:9876", "QNET_ADVERTISE", "others could dial"},
    {"QNET_ADVERTISE", "host:0", "QNET_ADVERTISE", "others could dial"},
    {"QNET_API", "here", "QNET_API", "or off"},
    {"QNET_API", "0.0.0.0:9876", "QNET_API", "also where other nodes"},
    {"QNET_LOG", "loud", "QNET_LOG", "error, warn, info or debug"},
    {"QNET_LOG", "info,net", "QNET_LOG", "error, warn, info or debug"},
    {"QNET_LOG_FORMAT", "xml", "QNET_LOG_FORMAT", "auto, text or json"},
    {"QNET_REGION_CHECK", "sometimes", "QNET_REGION_CHECK", "auto, always or off"},
    {"QNET_MAX_LINKS", "0", "QNET_MAX_LINKS", "8 to 16384"},
    {"QNET_MAX_LINKS", "99999", "QNET_MAX_LINKS", "8 to 16384"},
    {"QNET_MAX_LINKS", "0100", "QNET_MAX_LINKS", "8 to 16384"},
    {"QNET_MAX_MEMORY", "1000K", "QNET_MAX_MEMORY", "1M to 1T"},
    {"QNET_MAX_MEMORY", "much", "QNET_MAX_MEMORY", "as in 64M"},
    {"QNET_MAX_BANDWIDTH", "15K", "QNET_MAX_BANDWIDTH", "16K to 1T bytes a second"},
    {"QNET_MAX_BANDWIDTH", "2T", "QNET_MAX_BANDWIDTH", "16K to 1T bytes a second"},
    {"QNET_DATA_MAX", "64", "QNET_DATA_MAX", "500M or 64G"},
    {"QNET_DATA_MAX", "12Q", "QNET_DATA_MAX", "500M or 64G"},
    {"QNET_DATA_MAX", "G", "QNET_DATA_MAX", "500M or 64G"},
    {"QNET_DATA_MAX", "65T", "QNET_DATA_MAX", "500M or 64G"},
    {"QNET_DATA_MAX", "999999999999999T", "QNET_DATA_MAX", "500M or 64G"},
    {"QNET_KEY_FILE", "/some/file", "QNET_KEY_FILE", "both set"},
    {"QNET_GENESIS_CERT_006", "not base64url", "QNET_GENESIS_CERT_006", "base64url"},
    {"QNET_GENESIS_CERT_006", "AAAA", "QNET_GENESIS_CERT_006", "not a genesis certificate"},
    {"QNET_GENESIS_CERT_6", "AAAA", "QNET_GENESIS_CERT_6", "three digits"},
    {"QNET_GENESIS_CERT_000", "AAAA", "QNET_GENESIS_CERT_000", "001 to 999"},
    {"QNET_LISTNE", "x", "QNET_LISTNE", "did you mean QNET_LISTEN?"},
    {"QNET_ACTIVATION_CODE_FIL", "x", "QNET_ACTIVATION_CODE_FIL", "QNET_ACTIVATION_CODE_FILE?"},
    {"QNET_GENESIS_CERTS", "x", "QNET_GENESIS_CERTS", "did you mean QNET_GENESIS_CERT_001?"},
    {"QNET_SOMETHING_ELSE_ENTIRELY", "x", "QNET_SOMETHING_ELSE_ENTIRELY", "is no setting"},
};

static void each_problem_is_told_alone_by_name_and_with_what_would_be_valid(void **state)
{
    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(single_problems); i++) {
        struct qn_fixture fixture;
        qn_fixture_init(&fixture);
        qn_fixture_set_ordinary_node(&fixture, &network);
        qn_fixture_set(&fixture, single_problems[i].name, single_problems[i].value);
        print_message("%s=%s\n", single_problems[i].name,
                      single_problems[i].value != NULL ? single_problems[i].value : "(unset)");
        qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
        assert_problem(&fixture, single_problems[i].problem, single_problems[i].part);
        assert_count(&fixture, 1);
        qn_fixture_fini(&fixture);
    }
}

static void all_problems_are_told_at_once(void **state)
{
    struct qn_fixture fixture;

    (void)state;
    qn_fixture_init(&fixture);
    qn_fixture_set_network(&fixture, &network, 3);
    qn_fixture_set(&fixture, "QNET_KEY", "12");
    qn_fixture_set(&fixture, "QNET_REGION", "atlantis");
    qn_fixture_set(&fixture, "QNET_LISTEN", "nowhere");
    qn_fixture_set(&fixture, "QNET_API", "nowhere");
    qn_fixture_set(&fixture, "QNET_LOG", "nothing");
    qn_fixture_set(&fixture, "QNET_LOGS", "info");
    qn_fixture_load(&fixture, "node --max-links 1", QN_CONFIG_NEEDS_NODE);
    assert_problem(&fixture, "QNET_GENESIS_CERT_001...", "3 genesis certificates");
    assert_problem(&fixture, "QNET_KEY", "2 characters");
    assert_problem(&fixture, "QNET_REGION", "atlantis");
    assert_problem(&fixture, "QNET_LISTEN", "nowhere");
    assert_problem(&fixture, "QNET_API", "nowhere");
    assert_problem(&fixture, "QNET_LOG", "nothing");
    assert_problem(&fixture, "QNET_LOGS", "QNET_LOG?");
    /* Under the name by which it was given. */
    assert_problem(&fixture, "--max-links", "8 to 16384");
    assert_count(&fixture, 8);
    qn_fixture_fini(&fixture);
}

static void certificates_are_checked_as_a_set(void **state)
{
    struct qn_fixture fixture;

    (void)state;
    qn_fixture_init(&fixture);
    qn_fixture_set_ordinary_node(&fixture, &network);
    qn_fixture_set(&fixture, "QNET_GENESIS_CERT_004", network.other_cert);
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_problem(&fixture, "QNET_GENESIS_CERT_004", "its network is \"other\"");
    assert_count(&fixture, 1);

    qn_fixture_set(&fixture, "QNET_GENESIS_CERT_004", network.certs[2]);
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_problem(&fixture, "QNET_GENESIS_CERT_004", "belongs in QNET_GENESIS_CERT_003");
    assert_problem(&fixture, "QNET_GENESIS_CERT_004", "same node");
    qn_fixture_fini(&fixture);
}

static void an_undecodable_certificate_is_not_counted_as_missing_as_well(void **state)
{
    struct qn_fixture fixture;

    (void)state;
    qn_fixture_init(&fixture);
    qn_fixture_set_ordinary_node(&fixture, &network);
    qn_fixture_set(&fixture, "QNET_GENESIS_CERT_005", NULL);
    qn_fixture_set(&fixture, "QNET_GENESIS_CERT_004", "not/base64url");
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_problem(&fixture, "QNET_GENESIS_CERT_004", "base64url");
    assert_count(&fixture, 1);
    qn_fixture_fini(&fixture);
}

static void a_changed_certificate_no_longer_verifies(void **state)
{
    struct qn_fixture fixture;
    static char changed[QN_CERTIFICATE_TEXT_SIZE];

    (void)state;
    (void)snprintf(changed, sizeof changed, "%s", network.certs[1]);
    size_t middle = strlen(changed) - 1000; /* inside the signature */
    changed[middle] = changed[middle] == 'A' ? 'B' : 'A';
    qn_fixture_init(&fixture);
    qn_fixture_set_ordinary_node(&fixture, &network);
    qn_fixture_set(&fixture, "QNET_GENESIS_CERT_002", changed);
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_problem(&fixture, "QNET_GENESIS_CERT_002", "self-signature");
    assert_count(&fixture, 1);
    qn_fixture_fini(&fixture);
}

static void a_genesis_node_is_held_to_its_certificate(void **state)
{
    struct qn_fixture fixture;

    (void)state;
    qn_fixture_init(&fixture);
    qn_fixture_set_genesis_node(&fixture, &network);
    qn_fixture_set(&fixture, "QNET_KEY", network.seeds[1]);
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_problem(&fixture, "QNET_KEY", "not the key of genesis certificate 001");
    assert_problem(&fixture, "QNET_KEY", "another genesis node's");
    assert_count(&fixture, 1);

    qn_fixture_set(&fixture, "QNET_KEY", NULL);
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_problem(&fixture, "QNET_KEY", "a genesis node has a key of its own");
    assert_count(&fixture, 1);

    qn_fixture_set(&fixture, "QNET_KEY", network.seeds[0]);
    qn_fixture_set(&fixture, "QNET_REGION", "asia");
    qn_fixture_set(&fixture, "QNET_LISTEN", "off");
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_problem(&fixture, "QNET_REGION", "certificate 001 says europe");
    assert_problem(&fixture, "QNET_LISTEN", "must be reachable");
    assert_count(&fixture, 2);

    qn_fixture_set(&fixture, "QNET_REGION", NULL);
    qn_fixture_set(&fixture, "QNET_LISTEN", NULL);
    qn_fixture_set(&fixture, "QNET_KEY", network.seeds[0]);
    qn_fixture_set(&fixture, "QNET_BOOTSTRAP_ID", "009");
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_problem(&fixture, "QNET_BOOTSTRAP_ID", "no such genesis node");
    qn_fixture_fini(&fixture);
}

static void a_genesis_key_without_its_number_is_noticed(void **state)
{
    struct qn_fixture fixture;

    (void)state;
    qn_fixture_init(&fixture);
    qn_fixture_set_ordinary_node(&fixture, &network);
    qn_fixture_set(&fixture, "QNET_KEY", network.seeds[2]);
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_problem(&fixture, "QNET_BOOTSTRAP_ID", "genesis node 003");
    assert_count(&fixture, 1);
    qn_fixture_fini(&fixture);
}

static void an_ordinary_node_may_lack_key_and_code(void **state)
{
    struct qn_fixture fixture;

    (void)state;
    qn_fixture_init(&fixture);
    qn_fixture_set_network(&fixture, &network, 4);
    qn_fixture_load(&fixture, "node --region africa --listen off --api off", QN_CONFIG_NEEDS_NODE);
    assert_count(&fixture, 0);
    assert_null(fixture.config.key);
    assert_false(fixture.config.has_code);
    assert_false(fixture.config.listens);
    assert_false(fixture.config.has_api);
    qn_fixture_fini(&fixture);
}

/* The committee may have issued its batch since: the ledger knows. */
static void a_code_of_a_batch_that_is_not_configured_is_no_problem(void **state)
{
    struct qn_fixture fixture;
    char code[QN_ACTIVATION_CODE_TEXT_SIZE];

    (void)state;
    assert_int_equal(qn_activation_code_format(code, &network.foreign_codes.codes[0]), QN_OK);
    qn_fixture_init(&fixture);
    qn_fixture_set_ordinary_node(&fixture, &network);
    qn_fixture_set(&fixture, "QNET_ACTIVATION_CODE", code);
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_count(&fixture, 0);
    assert_true(fixture.config.has_code);
    qn_fixture_fini(&fixture);
}

static void rotating_needs_a_new_key_of_a_suite_for_nodes(void **state)
{
    struct qn_fixture fixture;

    (void)state;
    qn_fixture_init(&fixture);
    qn_fixture_set(&fixture, "QNET_KEY", network.fresh_seed);
    qn_fixture_load(&fixture, "registry rotate", QN_CONFIG_NEEDS_KEY);
    assert_problem(&fixture, "QNET_NEW_KEY", "is not set");
    assert_count(&fixture, 1);

    qn_fixture_set(&fixture, "QNET_KEY", network.fresh_seed);
    qn_fixture_set(&fixture, "QNET_NEW_KEY", "abc");
    qn_fixture_load(&fixture, "registry rotate", QN_CONFIG_NEEDS_KEY);
    assert_problem(&fixture, "QNET_NEW_KEY", "it has 3 characters");

    qn_fixture_set(&fixture, "QNET_KEY", network.fresh_seed);
    qn_fixture_set(&fixture, "QNET_NEW_KEY", network.fresh_seed);
    qn_fixture_set(&fixture, "QNET_NEW_SUITE", "SLH-DSA-SHA2-128s");
    qn_fixture_load(&fixture, "registry rotate", QN_CONFIG_NEEDS_KEY);
    assert_problem(&fixture, "QNET_NEW_SUITE", "no suite for a node");

    qn_fixture_set(&fixture, "QNET_KEY", network.fresh_seed);
    qn_fixture_set(&fixture, "QNET_NEW_KEY", network.fresh_seed);
    qn_fixture_set(&fixture, "QNET_NEW_SUITE", "ML-DSA-87");
    qn_fixture_load(&fixture, "registry rotate", QN_CONFIG_NEEDS_KEY);
    assert_count(&fixture, 0);
    assert_int_equal(qn_key_public(fixture.config.key)->suite, QN_SUITE_MLDSA65);
    assert_int_equal(qn_key_public(fixture.config.new_key)->suite, QN_SUITE_MLDSA87);
    qn_fixture_fini(&fixture);
}

static void the_network_id_follows_from_certificates_policy_and_batches(void **state)
{
    struct qn_fixture fixture;

    (void)state;
    qn_fixture_init(&fixture);
    qn_fixture_set_network(&fixture, &network, 4);
    qn_fixture_load(&fixture, "genesis show", QN_CONFIG_NEEDS_GENESIS);
    struct qn_network_id first = fixture.config.genesis.network;
    qn_fixture_load(&fixture, "genesis show", QN_CONFIG_NEEDS_GENESIS);
    assert_true(qn_network_id_equal(&first, &fixture.config.genesis.network));
    qn_fixture_load(&fixture, "genesis show --activation-policy open", QN_CONFIG_NEEDS_GENESIS);
    assert_count(&fixture, 0);
    assert_false(qn_network_id_equal(&first, &fixture.config.genesis.network));
    qn_fixture_set(&fixture, "QNET_ACTIVATION_BATCH_001", NULL);
    qn_fixture_load(&fixture, "genesis show", QN_CONFIG_NEEDS_GENESIS);
    assert_count(&fixture, 0);
    assert_false(qn_network_id_equal(&first, &fixture.config.genesis.network));
    qn_fixture_fini(&fixture);
}

static void the_same_batch_twice_is_a_problem(void **state)
{
    struct qn_fixture fixture;

    (void)state;
    qn_fixture_init(&fixture);
    qn_fixture_set_ordinary_node(&fixture, &network);
    qn_fixture_set(&fixture, "QNET_ACTIVATION_BATCH_009", network.codes.text);
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_problem(&fixture, "QNET_ACTIVATION_BATCH_009", "same batch");
    assert_count(&fixture, 1);
    qn_fixture_fini(&fixture);
}

static void flags_come_before_the_environment_and_that_before_defaults(void **state)
{
    struct qn_fixture fixture;

    (void)state;
    qn_fixture_init(&fixture);
    qn_fixture_set_ordinary_node(&fixture, &network);
    qn_fixture_set(&fixture, "QNET_LISTEN", "10.1.1.1:1");
    qn_fixture_set(&fixture, "QNET_MAX_LINKS", "99");
    qn_fixture_set(&fixture, "QNET_MAX_MEMORY", "64M");
    qn_fixture_load(&fixture, "node --listen 10.2.2.2:2 --max-bandwidth 2M", QN_CONFIG_NEEDS_NODE);
    assert_count(&fixture, 0);
    const struct qn_setting *items = fixture.config.settings.items;
    assert_string_equal(fixture.config.listen.host, "10.2.2.2");
    assert_int_equal(items[QN_OPTION_LISTEN].source, QN_SOURCE_FLAG);
    assert_int_equal(fixture.config.links_max, 99);
    assert_int_equal(fixture.config.memory_max, 64 << 20);
    assert_int_equal(fixture.config.bandwidth_max, 2 << 20);
    assert_int_equal(items[QN_OPTION_MAX_LINKS].source, QN_SOURCE_ENVIRONMENT);
    assert_int_equal(items[QN_OPTION_API].source, QN_SOURCE_DEFAULT);
    assert_int_equal(items[QN_OPTION_ADVERTISE].source, QN_SOURCE_UNSET);
    qn_fixture_fini(&fixture);
}

static void a_data_directory_wants_a_key_that_stays(void **state)
{
    struct qn_fixture fixture;

    (void)state;
    qn_fixture_init(&fixture);
    qn_fixture_set_network(&fixture, &network, 5);
    qn_fixture_load(&fixture, "node --data-dir /d --region asia", QN_CONFIG_NEEDS_NODE);
    assert_problem(&fixture, "--data-dir", "needs a key that stays the same");
    assert_count(&fixture, 1);
    qn_fixture_fini(&fixture);
    qn_fixture_init(&fixture);
    qn_fixture_set_genesis_node(&fixture, &network);
    qn_fixture_load(&fixture, "node --data-dir /d --data-max 500M", QN_CONFIG_NEEDS_NODE);
    assert_count(&fixture, 0);
    assert_string_equal(fixture.config.data_dir, "/d");
    assert_int_equal(fixture.config.data_max, 500 << 20);
    qn_fixture_fini(&fixture);
}

static void certificate_flags_replace_all_of_the_environment(void **state)
{
    struct qn_fixture fixture;

    (void)state;
    qn_fixture_init(&fixture);
    qn_fixture_set_network(&fixture, &network, 5);
    qn_fixture_load(&fixture, "node --genesis-cert AAAA --region asia", QN_CONFIG_NEEDS_NODE);
    assert_problem(&fixture, "--genesis-cert", "not a genesis certificate");
    assert_problem(&fixture, "QNET_GENESIS_CERT_001...", "1 genesis certificates given");
    assert_count(&fixture, 2);
    qn_fixture_fini(&fixture);
}

static void secrets_are_wiped_from_the_environment_and_never_told(void **state)
{
    struct qn_fixture fixture;
    static const char secret[] = "5ec2e75ec2e75ec2e75ec2e7";

    (void)state;
    qn_fixture_init(&fixture);
    qn_fixture_set_ordinary_node(&fixture, &network);
    qn_fixture_set(&fixture, "QNET_KEY", secret);
    qn_fixture_set(&fixture, "QNET_ACTIVATION_CODE", secret);
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_count(&fixture, 2);
    for (size_t i = 0; i < qn_problems_kept(&fixture.problems); i++) {
        assert_null(strstr(fixture.problems.items[i].text, secret));
    }
    for (size_t i = 0; i < fixture.count; i++) {
        assert_null(strstr(fixture.environment[i], secret));
    }
    qn_fixture_fini(&fixture);
}

static void a_command_is_not_bothered_with_what_it_does_not_use(void **state)
{
    struct qn_fixture fixture;

    (void)state;
    qn_fixture_init(&fixture);
    qn_fixture_set(&fixture, "QNET_REGION", "mars");
    qn_fixture_set(&fixture, "QNET_GENESIS_CERT_001", "AAAA");
    qn_fixture_set(&fixture, "QNET_API_URL", "http://[::1]:8001/");
    qn_fixture_load(&fixture, "status", 0);
    assert_count(&fixture, 0);
    assert_string_equal(fixture.config.api_url.host, "::1");
    assert_int_equal(fixture.config.api_url.port, 8001);
    /* A variable that no command knows is told by all of them. */
    qn_fixture_set(&fixture, "QNET_API_URLL", "x");
    qn_fixture_load(&fixture, "status", 0);
    assert_problem(&fixture, "QNET_API_URLL", "QNET_API_URL?");
    /* Those of the build and its tests are somebody else's. */
    qn_fixture_set(&fixture, "QNET_API_URLL", NULL);
    qn_fixture_set(&fixture, "QNET_JOBS", "2");
    qn_fixture_load(&fixture, "status --api-url https://x:1", 0);
    assert_problem(&fixture, "--api-url", "http://host:port");
    assert_count(&fixture, 1);
    qn_fixture_fini(&fixture);
}

static void fallback_peers_may_have_ids(void **state)
{
    struct qn_fixture fixture;
    static const char id[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    char peers[256];

    (void)state;
    (void)snprintf(peers, sizeof peers, "%s@example.org:9876,[2001:db8::1]:1", id);
    qn_fixture_init(&fixture);
    qn_fixture_set_ordinary_node(&fixture, &network);
    qn_fixture_set(&fixture, "QNET_FALLBACK_PEERS", peers);
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_count(&fixture, 0);
    assert_int_equal(fixture.config.fallback_count, 2);
    assert_true(fixture.config.fallbacks[0].has_id);
    assert_int_equal(fixture.config.fallbacks[0].id.bytes[1], 0x11);
    assert_string_equal(fixture.config.fallbacks[0].endpoint.host, "example.org");
    assert_false(fixture.config.fallbacks[1].has_id);
    assert_string_equal(fixture.config.fallbacks[1].endpoint.host, "2001:db8::1");
    qn_fixture_fini(&fixture);
}

static void reserved_peers_need_their_ids(void **state)
{
    struct qn_fixture fixture;
    static const char id[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    char peers[256];

    (void)state;
    (void)snprintf(peers, sizeof peers, "%s@example.org:9876", id);
    qn_fixture_init(&fixture);
    qn_fixture_set_ordinary_node(&fixture, &network);
    qn_fixture_set(&fixture, "QNET_RESERVED_PEERS", peers);
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_count(&fixture, 0);
    assert_int_equal(fixture.config.reserved_count, 1);
    assert_true(fixture.config.reserved[0].has_id);
    assert_int_equal(fixture.config.reserved[0].endpoint.port, 9876);
    qn_fixture_fini(&fixture);
}

static void a_gateway_is_an_address_of_ipv4(void **state)
{
    struct qn_fixture fixture;

    (void)state;
    qn_fixture_init(&fixture);
    qn_fixture_set_ordinary_node(&fixture, &network);
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_false(fixture.config.maps_port); /* unless told otherwise */
    qn_fixture_set(&fixture, "QNET_PORT_MAPPING", "on");
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_count(&fixture, 0);
    assert_true(fixture.config.maps_port);
    assert_false(fixture.config.has_gateway);
    qn_fixture_set(&fixture, "QNET_NAT_GATEWAY", "192.0.2.1");
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_count(&fixture, 0);
    assert_int_equal(fixture.config.gateway.port, 5351);
    assert_int_equal(fixture.config.gateway.ip[12], 192);
    qn_fixture_set(&fixture, "QNET_NAT_GATEWAY", "192.0.2.1:7000");
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_count(&fixture, 0);
    assert_int_equal(fixture.config.gateway.port, 7000);
    static const char *const wrong[] = {"router.example", "[fe80::1]:5351", "192.0.2.1:0",
                                        "0.0.0.0"};
    for (size_t i = 0; i < QN_ARRAY_COUNT(wrong); i++) {
        qn_fixture_set(&fixture, "QNET_NAT_GATEWAY", wrong[i]);
        qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
        assert_problem(&fixture, "QNET_NAT_GATEWAY", "is no gateway");
    }
    qn_fixture_set(&fixture, "QNET_NAT_GATEWAY", "192.0.2.1");
    qn_fixture_set(&fixture, "QNET_LISTEN", "off");
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_problem(&fixture, "QNET_PORT_MAPPING", "no port to map");
    qn_fixture_fini(&fixture);
}

static void interfaces_of_the_local_network_are_names(void **state)
{
    struct qn_fixture fixture;

    (void)state;
    qn_fixture_init(&fixture);
    qn_fixture_set_ordinary_node(&fixture, &network);
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_count(&fixture, 0);
    assert_false(fixture.config.has_lan); /* unless told otherwise */
    qn_fixture_set(&fixture, "QNET_LAN_DISCOVERY", "on");
    qn_fixture_set(&fixture, "QNET_LAN_INTERFACES", "eth0,wlan0.7");
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_count(&fixture, 0);
    assert_true(fixture.config.has_lan);
    assert_int_equal(fixture.config.lan.name_count, 2);
    assert_string_equal(fixture.config.lan.names[1], "wlan0.7");
    static const char *const wrong[] = {"eth0,", ",", "a-name-that-is-too-long"};
    for (size_t i = 0; i < QN_ARRAY_COUNT(wrong); i++) {
        qn_fixture_set(&fixture, "QNET_LAN_INTERFACES", wrong[i]);
        qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
        assert_problem(&fixture, "QNET_LAN_INTERFACES", "is no name of an interface");
    }
    qn_fixture_set(&fixture, "QNET_LAN_INTERFACES", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q");
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_problem(&fixture, "QNET_LAN_INTERFACES", "more than 16 names");
    qn_fixture_fini(&fixture);
}

static void dns_seeds_are_names_with_or_without_a_port(void **state)
{
    struct qn_fixture fixture;

    (void)state;
    qn_fixture_init(&fixture);
    qn_fixture_set_ordinary_node(&fixture, &network);
    qn_fixture_set(&fixture, "QNET_DNS_SEEDS", "seed.example.org,other.example.org:7001");
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_count(&fixture, 0);
    assert_int_equal(fixture.config.dns_seed_count, 2);
    assert_string_equal(fixture.config.dns_seeds[0].host, "seed.example.org");
    assert_int_equal(fixture.config.dns_seeds[0].port, QN_DEFAULT_PORT);
    assert_int_equal(fixture.config.dns_seeds[1].port, 7001);
    static const char *const wrong[] = {"192.0.2.1", "192.0.2.1:1",        "[2001:db8::1]:1",
                                        "a b",       "seed.example.org:0", "seed.example.org,"};
    for (size_t i = 0; i < QN_ARRAY_COUNT(wrong); i++) {
        qn_fixture_set(&fixture, "QNET_DNS_SEEDS", wrong[i]);
        qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
        assert_problem(&fixture, "QNET_DNS_SEEDS", "is no DNS name");
    }
    qn_fixture_set(&fixture, "QNET_DNS_SEEDS", "a,b,c,d,e,f,g,h,i");
    qn_fixture_load(&fixture, "node", QN_CONFIG_NEEDS_NODE);
    assert_problem(&fixture, "QNET_DNS_SEEDS", "more than 8 names");
    qn_fixture_fini(&fixture);
}

static void port_zero_is_for_listening_only(void **state)
{
    struct qn_endpoint endpoint;

    (void)state;
    assert_int_equal(qn_listen_parse(&endpoint, "127.0.0.1:0"), QN_OK);
    assert_int_equal(endpoint.port, 0);
    assert_string_equal(endpoint.host, "127.0.0.1");
    assert_int_equal(qn_listen_parse(&endpoint, "[::]:0"), QN_OK);
    assert_string_equal(endpoint.host, "::");
    assert_int_equal(qn_listen_parse(&endpoint, "host:12"), QN_OK);
    assert_int_equal(endpoint.port, 12);
    assert_int_equal(qn_listen_parse(&endpoint, ":0"), QN_ERR_INVALID);
    assert_int_equal(qn_listen_parse(&endpoint, "0"), QN_ERR_INVALID);
    assert_int_equal(qn_listen_parse(&endpoint, ""), QN_ERR_INVALID);
}

static void numbers_are_plain_decimals_within_bounds(void **state)
{
    uint64_t value = 77;

    (void)state;
    assert_true(qn_number_parse(&value, "0", 0, 9));
    assert_int_equal(value, 0);
    assert_true(qn_number_parse(&value, "4294967295", 0, UINT32_MAX));
    static const char *const wrong[] = {"",   "-1",  "+1",  " 1", "1 ",
                                        "01", "1.0", "0x1", "10", "99999999999999999999"};
    value = 77;
    for (size_t i = 0; i < QN_ARRAY_COUNT(wrong); i++) {
        assert_false(qn_number_parse(&value, wrong[i], 0, 9));
        assert_int_equal(value, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_genesis_node_needs_key_number_and_certificates),
        cmocka_unit_test(an_ordinary_node_gets_the_defaults),
        cmocka_unit_test(each_problem_is_told_alone_by_name_and_with_what_would_be_valid),
        cmocka_unit_test(all_problems_are_told_at_once),
        cmocka_unit_test(certificates_are_checked_as_a_set),
        cmocka_unit_test(an_undecodable_certificate_is_not_counted_as_missing_as_well),
        cmocka_unit_test(a_changed_certificate_no_longer_verifies),
        cmocka_unit_test(a_genesis_node_is_held_to_its_certificate),
        cmocka_unit_test(a_genesis_key_without_its_number_is_noticed),
        cmocka_unit_test(an_ordinary_node_may_lack_key_and_code),
        cmocka_unit_test(a_code_of_a_batch_that_is_not_configured_is_no_problem),
        cmocka_unit_test(rotating_needs_a_new_key_of_a_suite_for_nodes),
        cmocka_unit_test(the_network_id_follows_from_certificates_policy_and_batches),
        cmocka_unit_test(the_same_batch_twice_is_a_problem),
        cmocka_unit_test(flags_come_before_the_environment_and_that_before_defaults),
        cmocka_unit_test(a_data_directory_wants_a_key_that_stays),
        cmocka_unit_test(certificate_flags_replace_all_of_the_environment),
        cmocka_unit_test(secrets_are_wiped_from_the_environment_and_never_told),
        cmocka_unit_test(a_command_is_not_bothered_with_what_it_does_not_use),
        cmocka_unit_test(fallback_peers_may_have_ids),
        cmocka_unit_test(reserved_peers_need_their_ids),
        cmocka_unit_test(a_gateway_is_an_address_of_ipv4),
        cmocka_unit_test(interfaces_of_the_local_network_are_names),
        cmocka_unit_test(dns_seeds_are_names_with_or_without_a_port),
        cmocka_unit_test(port_zero_is_for_listening_only),
        cmocka_unit_test(numbers_are_plain_decimals_within_bounds),
    };
    return cmocka_run_group_tests(tests, make_network, drop_network);
}
