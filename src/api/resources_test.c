#include "api/resources.h"

#include "api/client.h"
#include "api/testing/api_fixture.h"
#include "ledger/state_tree.h"
#include "wire/vote.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int set_up(void **state)
{
    static struct qn_api_fixture fixture;
    qn_api_fixture_init(&fixture, 5, 3, NULL);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    qn_api_fixture_fini(*state);
    return 0;
}

static void status_tells_all_of_a_validator(void **state)
{
    struct qn_api_fixture *fixture = *state;
    const struct qn_node *node = fixture->node;
    json_t *json = qn_api_fixture_get(fixture, "/v1/status", 200);

    qn_json_expect_hex(json, "id", node->status.id.bytes);
    qn_json_expect_u64(json, "bootstrap_id", 1);
    qn_json_expect_hex(json, "network.id", node->status.network.bytes);
    qn_json_expect_text(json, "network.name", "test");
    qn_json_expect_text(json, "region", "europe");
    qn_json_expect_text(json, "roles.0", "full");
    qn_json_expect_text(json, "roles.1", "validator");
    qn_json_expect_text(json, "software", "qnet/0.1.0");
    qn_json_expect_u64(json, "protocol", 1);
    qn_json_expect_text(json, "endpoints.0", "10.0.0.1:9876");
    qn_json_expect_text(json, "external_address.endpoint", "198.51.100.7:9876");
    qn_json_expect_text(json, "external_address.source", "peers");
    qn_json_expect_text(json, "external_address.seen.0.host", "198.51.100.7");
    qn_json_expect_u64(json, "external_address.seen.0.peers", 4);
    qn_json_expect_u64(json, "height", 3);
    qn_json_expect_hex(json, "head_id", node->ledger.head_id.bytes);
    qn_json_expect_u64(json, "head_time_ms", QN_FAKE_UNIX_MS - 997);
    qn_json_expect_hex(json, "state_root", node->ledger.head.state_root.bytes);
    qn_json_expect_u64(json, "target_height", 4);
    qn_json_expect_u64(json, "registry.entries", 5);
    qn_json_expect_u64(json, "registry.active", 5);
    qn_json_expect_bool(json, "registered", true);
    qn_json_expect_u64(json, "registry_index", 0);
    qn_json_expect_u64(json, "links.live", 4);
    qn_json_expect_u64(json, "links.unregistered", 1);
    qn_json_expect_u64(json, "peers_known", 3);
    qn_json_expect_u64(json, "mempool", 2);
    const json_t *sync = json_object_get(json, "sync");
    assert_string_equal(json_string_value(json_object_get(sync, "phase")), "snapshot");
    qn_json_expect_u64(sync, "height", 7);
    qn_json_expect_u64(sync, "target", 2048);
    qn_json_expect_u64(sync, "bytes", 700000);
    qn_json_expect_u64(sync, "sources", 4);
    qn_json_expect_u64(json_object_get(sync, "chunks"), "done", 3);
    qn_json_expect_u64(json_object_get(sync, "chunks"), "total", 16);
    qn_json_expect_text(json, "storage", "memory");
    qn_json_expect_null(json, "storage_path");
    qn_json_expect_null(json, "storage_bytes");
    qn_json_expect_bool(json, "consensus.validator", true);
    qn_json_expect_bool(json, "consensus.started", true);
    qn_json_expect_u64(json, "consensus.epoch", 6);
    qn_json_expect_u64(json, "consensus.view", 9);
    qn_json_expect_u64(json, "consensus.validators", 5);
    qn_json_expect_u64(json, "consensus.live", 5);
    qn_json_expect_u64(json, "consensus.quorum", 4);
    qn_json_expect_u64(json, "uptime_us", 123456789);
    qn_json_expect_bool(json, "ready", true);
    assert_int_equal(json_array_size(qn_json_at(json, "missing")), 0);
    qn_json_expect_bytes(json, "record", qn_buf_span(node->record));
    qn_json_expect_u64(json, "timings.verify_us.count", 100);
    qn_json_expect_u64(json, "timings.verify_us.p50", 50);
    qn_json_expect_u64(json, "timings.verify_us.p99", 99);
    qn_json_expect_u64(json, "timings.submit_us.count", 0);
    qn_json_expect_null(json, "timings.submit_us.p50");
    qn_json_expect_text(json, "alarms.0.name", "region_silent");
    qn_json_expect_text(json, "alarms.0.region", "asia");
    qn_json_expect_text(json, "alarms.0.text", "no sign of life from asia for 12 s");
    qn_json_expect_text(json, "alarms.1.name", "cut_off");
    qn_json_expect_null(json, "alarms.1.region");
    json_decref(json);
}

static void status_of_a_stranger_has_nulls(void **state)
{
    struct qn_api_fixture *fixture = *state;
    struct qn_node *node = fixture->node;

    node->status.bootstrap_id = 0;
    node->status.registered = false;
    node->status.durable = true;
    node->status.roles = QN_ROLE_FULL;
    qn_buf_drop(node->record);
    node->record = NULL;
    node->missing_count = 1;
    snprintf(node->missing[0].name, sizeof node->missing[0].name, "registration");
    snprintf(node->missing[0].text, sizeof node->missing[0].text, "bad text \xff here");
    json_t *json = qn_api_fixture_get(fixture, "/v1/status", 200);
    qn_json_expect_null(json, "bootstrap_id");
    qn_json_expect_bool(json, "registered", false);
    qn_json_expect_null(json, "registry_index");
    qn_json_expect_null(json, "record");
    qn_json_expect_text(json, "storage", "durable");
    qn_json_expect_text(json, "storage_path", "/var/lib/qnet/9a41c07de25b38f6");
    qn_json_expect_u64(json, "storage_bytes", 123456);
    assert_int_equal(json_array_size(qn_json_at(json, "endpoints")), 0);
    assert_int_equal(json_array_size(qn_json_at(json, "roles")), 1);
    qn_json_expect_bool(json, "ready", false);
    qn_json_expect_text(json, "missing.0.name", "registration");
    qn_json_expect_text(json, "missing.0.text", "bad text \\xff here");
    json_decref(json);
}

static void timings_gives_the_samples_themselves(void **state)
{
    json_t *json = qn_api_fixture_get(*state, "/v1/timings", 200);

    assert_int_equal(json_array_size(qn_json_at(json, "verify_us")), 100);
    qn_json_expect_u64(json, "verify_us.41", 42);
    assert_int_equal(json_array_size(qn_json_at(json, "handshake_us")), 0);
    assert_int_equal(json_object_size(json), QN_TIMING_COUNT);
    json_decref(json);
}

static void a_peer_without_a_link_has_no_link_fields(void **state)
{
    struct qn_api_fixture *fixture = *state;
    json_t *json = qn_api_fixture_get(fixture, "/v1/peers", 200);

    qn_json_expect_u64(json, "now_us", 5000000);
    assert_int_equal(json_array_size(qn_json_at(json, "peers")), 3);
    const json_t *unlinked = qn_json_at(json, "peers.0");
    qn_json_expect_hex(unlinked, "id", fixture->node->peers[0].id.bytes);
    qn_json_expect_text(unlinked, "region", "north-america");
    qn_json_expect_text(unlinked, "endpoints.0", "10.0.0.0:9876");
    qn_json_expect_u64(unlinked, "sequence", QN_FAKE_UNIX_MS - 1000);
    qn_json_expect_u64(unlinked, "learned_us", 1000000);
    qn_json_expect_u64(unlinked, "hops", 0);
    qn_json_expect_bool(unlinked, "record_held", true);
    qn_json_expect_bool(unlinked, "linked", false);
    qn_json_expect_bool(unlinked, "outbound", false);
    qn_json_expect_null(unlinked, "remote");
    qn_json_expect_null(unlinked, "protocol");
    qn_json_expect_null(unlinked, "head_height");
    qn_json_expect_null(unlinked, "rtt_us");
    qn_json_expect_null(unlinked, "rtt_min_us");
    qn_json_expect_null(unlinked, "linked_since_us");
    const json_t *linked = qn_json_at(json, "peers.1");
    qn_json_expect_bool(linked, "record_held", false);
    qn_json_expect_null(linked, "sequence");
    qn_json_expect_null(linked, "learned_us");
    qn_json_expect_null(linked, "hops");
    qn_json_expect_bool(linked, "linked", true);
    qn_json_expect_bool(linked, "outbound", true);
    qn_json_expect_text(linked, "remote", "10.0.0.8:9876");
    qn_json_expect_u64(linked, "protocol", 1);
    qn_json_expect_u64(linked, "head_height", 3);
    qn_json_expect_u64(linked, "rtt_us", 250);
    qn_json_expect_u64(linked, "rtt_min_us", 200);
    qn_json_expect_u64(linked, "linked_since_us", 900000);
    json_decref(json);
}

static void the_committee_comes_with_its_motions(void **state)
{
    struct qn_api_fixture *fixture = *state;
    const struct qn_node *node = fixture->node;
    const struct qn_validator *members = node->ledger.validators;
    json_t *json = qn_api_fixture_get(fixture, "/v1/committee", 200);

    qn_json_expect_u64(json, "epoch", 0);
    qn_json_expect_u64(json, "height", 3);
    qn_json_expect_u64(json, "quorum", 4);
    qn_json_expect_u64(json, "remove_max", 1);
    qn_json_expect_u64(json, "add_max", 1);
    assert_int_equal(json_array_size(qn_json_at(json, "members")), QN_FAKE_VALIDATORS);
    qn_json_expect_u64(json, "members.2.index", 2);
    qn_json_expect_hex(json, "members.2.id", members[2].id.bytes);
    qn_json_expect_text(json, "members.2.algorithm", "ML-DSA-65");
    assert_int_equal(json_array_size(qn_json_at(json, "motions")), QN_FAKE_MOTIONS);
    const json_t *change = qn_json_at(json, "motions.0");
    qn_json_expect_text(change, "kind", "validators");
    qn_json_expect_u64(change, "expires_ms", QN_FAKE_UNIX_MS + 1000);
    assert_int_equal(json_array_size(qn_json_at(change, "add")), 1);
    qn_json_expect_hex(change, "remove.0", members[1].id.bytes);
    assert_int_equal(json_array_size(qn_json_at(change, "approvals")), 2);
    qn_json_expect_hex(change, "approvals.1", members[2].id.bytes);
    qn_json_expect_bytes(change, "transaction", qn_buf_span(node->motions[0]));
    qn_json_expect_null(change, "batch");
    qn_json_expect_text(json, "motions.1.kind", "issue");
    qn_json_expect_u64(json, "motions.1.batch.class", 3);
    qn_json_expect_null(json, "motions.1.add");
    qn_json_expect_text(json, "motions.2.kind", "revoke");
    qn_json_expect_u64(json, "motions.2.reason", QN_REVOKE_RETIRED);
    json_decref(json);
}

static void regions_are_always_six(void **state)
{
    json_t *json = qn_api_fixture_get(*state, "/v1/regions", 200);

    assert_int_equal(json_array_size(qn_json_at(json, "regions")), QN_REGION_COUNT);
    qn_json_expect_text(json, "regions.2.region", "europe");
    qn_json_expect_u64(json, "regions.2.registered", 3);
    qn_json_expect_u64(json, "regions.2.known", 2);
    qn_json_expect_u64(json, "regions.2.linked", 1);
    qn_json_expect_u64(json, "regions.2.rtt_us_median", 777);
    qn_json_expect_text(json, "regions.5.region", "oceania");
    qn_json_expect_null(json, "regions.5.rtt_us_median");
    json_decref(json);
}

static void regions_tell_load_and_moves(void **state)
{
    const uint8_t id[QN_HASH_LEN] = {0xab};
    json_t *json = qn_api_fixture_get(*state, "/v1/regions", 200);

    qn_json_expect_u64(json, "cpu_percent", 13);
    qn_json_expect_u64(json, "regions.2.verified", 1);
    qn_json_expect_u64(json, "regions.2.rtt_us_min", 555);
    qn_json_expect_u64(json, "regions.2.places", 8);
    qn_json_expect_u64(json, "regions.2.fill_percent", 87);
    qn_json_expect_u64(json, "regions.2.queued_bytes", 4096);
    qn_json_expect_u64(json, "regions.2.cpu_percent", 12);
    qn_json_expect_u64(json, "regions.2.ticks_high", 3);
    qn_json_expect_u64(json, "regions.2.ticks_low", 0);
    qn_json_expect_bool(json, "regions.2.alarm", true);
    qn_json_expect_bool(json, "regions.0.alarm", false);
    qn_json_expect_u64(json, "moved", 70);
    assert_int_equal(json_array_size(qn_json_at(json, "moves")), 2);
    qn_json_expect_u64(json, "moves.0.at_us", 5000000);
    qn_json_expect_text(json, "moves.0.kind", "redirect");
    qn_json_expect_text(json, "moves.0.reason", "region_full");
    qn_json_expect_text(json, "moves.0.region", "europe");
    qn_json_expect_hex(json, "moves.0.id", id);
    qn_json_expect_text(
        json, "moves.0.text",
        "redirected (europe, round trip 777 us, 12 bytes queued): 87 % of the places "
        "of europe are taken");
    qn_json_expect_text(json, "moves.1.kind", "want");
    qn_json_expect_null(json, "moves.1.id");
    json_decref(json);
}

static void the_registry_comes_in_pages(void **state)
{
    struct qn_api_fixture *fixture = *state;
    json_t *json = qn_api_fixture_get(fixture, "/v1/registry?limit=2", 200);

    qn_json_expect_u64(json, "height", 3);
    qn_json_expect_hex(json, "state_root", fixture->node->ledger.head.state_root.bytes);
    qn_json_expect_u64(json, "entries", 5);
    qn_json_expect_u64(json, "active", 4);
    qn_json_expect_u64(json, "next", 2);
    assert_int_equal(json_array_size(qn_json_at(json, "items")), 2);
    json_decref(json);

    json = qn_api_fixture_get(fixture, "/v1/registry?from=2&limit=3", 200);
    assert_int_equal(json_array_size(qn_json_at(json, "items")), 3);
    qn_json_expect_u64(json, "items.0.index", 2);
    qn_json_expect_null(json, "next");
    json_decref(json);

    json = qn_api_fixture_get(fixture, "/v1/registry?from=5", 200);
    assert_int_equal(json_array_size(qn_json_at(json, "items")), 0);
    qn_json_expect_null(json, "next");
    json_decref(json);
}

static void entries_tell_their_standing(void **state)
{
    struct qn_api_fixture *fixture = *state;
    const struct qn_registry_entry *entry = &fixture->node->ledger.entries[2];
    json_t *json = qn_api_fixture_get(fixture, "/v1/registry", 200);

    qn_json_expect_text(json, "items.0.status", "active");
    qn_json_expect_text(json, "items.1.status", "active");
    qn_json_expect_null(json, "items.1.valid_until_ms");
    qn_json_expect_null(json, "items.1.endpoint");
    qn_json_expect_text(json, "items.3.status", "expired");
    const json_t *revoked = qn_json_at(json, "items.2");
    qn_json_expect_u64(revoked, "index", 2);
    qn_json_expect_hex(revoked, "id", entry->id.bytes);
    qn_json_expect_u64(revoked, "suite", 1);
    qn_json_expect_text(revoked, "algorithm", "ML-DSA-65");
    qn_json_expect_bytes(revoked, "key", qn_public_key_span(&entry->key));
    qn_json_expect_text(revoked, "region", "asia");
    qn_json_expect_text(revoked, "roles.0", "full");
    qn_json_expect_text(revoked, "endpoint", "[2001:db8::1]:9876");
    qn_json_expect_hex(revoked, "announce_tip", entry->announce_tip.bytes);
    qn_json_expect_u64(revoked, "valid_until_ms", QN_FAKE_UNIX_MS + 1000);
    qn_json_expect_text(revoked, "status", "revoked");
    qn_json_expect_u64(revoked, "sequence", 2);
    qn_json_expect_u64(revoked, "registered_height", 2);
    qn_json_expect_u64(revoked, "changed_height", 3);
    qn_json_expect_u64(revoked, "revoke_reason", QN_REVOKE_KEY_COMPROMISED);
    qn_json_expect_u64(revoked, "code_class", 5);
    json_decref(json);
}

static json_t *get_of_id(const struct qn_api_fixture *fixture, const struct qn_node_id *id,
                         const char *suffix, unsigned status)
{
    char hex[QN_ID_TEXT_SIZE];
    char path[128];
    qn_hex_encode(hex, id->bytes, sizeof id->bytes);
    snprintf(path, sizeof path, "/v1/registry/%s%s", hex, suffix);
    return qn_api_fixture_get(fixture, path, status);
}

static void one_entry_is_found_by_its_id(void **state)
{
    struct qn_api_fixture *fixture = *state;
    struct qn_node_id id = fixture->node->ledger.entries[4].id;
    json_t *json = get_of_id(fixture, &id, "", 200);

    qn_json_expect_u64(json, "index", 4);
    qn_json_expect_u64(json, "height", 3);
    qn_json_expect_hex(json, "state_root", fixture->node->ledger.head.state_root.bytes);
    json_decref(json);

    id.bytes[0] ^= 1;
    json = get_of_id(fixture, &id, "", 404);
    qn_json_expect_text(json, "code", "not_registered");
    json_decref(json);
}

/* Decodes a member into heap memory. */
static struct qn_span bytes_at(const json_t *json, const char *path)
{
    const json_t *member = qn_json_at(json, path);
    size_t capacity = json_string_length(member) + 1;
    uint8_t *bytes = qn_api_alloc(capacity, 1);
    size_t len = 0;
    assert_true(json_is_string(member));
    assert_int_equal(qn_base64url_decode(bytes, capacity, &len, json_string_value(member)), QN_OK);
    return (struct qn_span){bytes, len};
}

static void free_bytes(struct qn_span bytes)
{
    free((void *)(uintptr_t)bytes.at);
}

/* As a light client does it: header, state root in it, path to the entry. */
static void expect_proved(const json_t *json, const struct qn_node_id *id, bool is_present)
{
    struct qn_span header_bytes = bytes_at(json, "header");
    struct qn_span proof_bytes = bytes_at(json, "proof");
    struct qn_tree_proof proof;
    struct qn_header header;
    struct qn_hash value_hash = {0};
    struct qn_hash key = qn_sha3((struct qn_span){id->bytes, sizeof id->bytes});

    assert_int_equal(qn_header_decode(&header, header_bytes), QN_OK);
    assert_int_equal(qn_tree_proof_decode(&proof, proof_bytes), QN_OK);
    qn_json_expect_bool(json, "present", is_present);
    qn_json_expect_u64(json, "height", header.height);
    if (is_present) {
        struct qn_span entry = bytes_at(json, "entry");
        value_hash = qn_sha3(entry);
        free_bytes(entry);
    } else {
        qn_json_expect_null(json, "entry");
    }
    assert_true(
        qn_tree_proof_holds(&proof, &header.state_root, &key, is_present ? &value_hash : NULL));
    free_bytes(header_bytes);
    free_bytes(proof_bytes);
}

static void presence_and_absence_are_proved(void **state)
{
    struct qn_api_fixture *fixture = *state;
    const struct qn_ledger *ledger = &fixture->node->ledger;
    struct qn_node_id id = ledger->entries[3].id;

    json_t *json = get_of_id(fixture, &id, "/proof", 200);
    qn_json_expect_hex(json, "id", id.bytes);
    qn_json_expect_bytes(json, "certificate", qn_buf_span(ledger->certs[3]));
    expect_proved(json, &id, true);
    json_decref(json);

    id.bytes[31] ^= 1;
    json = get_of_id(fixture, &id, "/proof", 200);
    expect_proved(json, &id, false);
    json_decref(json);
}

static void a_head_without_certificate_proves_all_the_same(void **state)
{
    struct qn_api_fixture *fixture = *state;
    struct qn_ledger *ledger = &fixture->node->ledger;

    qn_buf_drop(ledger->certs[3]);
    ledger->certs[3] = NULL;
    json_t *json = get_of_id(fixture, &ledger->entries[0].id, "/proof", 200);
    qn_json_expect_null(json, "certificate");
    expect_proved(json, &ledger->entries[0].id, true);
    json_decref(json);
}

static void a_proof_file_is_the_ledgers(void **state)
{
    const struct qn_api_fixture *fixture = *state;
    const struct qn_node_id *id = &fixture->node->ledger.entries[0].id;
    char path[160] = "/v1/registry/";
    char why[QN_TEXT_LEN_MAX + 1];
    struct qn_api_client_answer answer;

    qn_hex_encode(path + strlen(path), id->bytes, QN_HASH_LEN);
    strcat(path, "/proof.cbor");
    assert_int_equal(qn_api_client_get(&answer, fixture->server, path, 10000, why), QN_OK);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.content_type, "application/cbor");
    assert_int_equal(answer.body_len, QN_HASH_LEN);
    assert_memory_equal(answer.body, id->bytes, QN_HASH_LEN);
    qn_api_client_answer_fini(&answer);

    json_t *json = get_of_id(fixture, id, "/proof.cbor?height=9", 404);
    qn_json_expect_text(json, "code", "not_found");
    json_decref(json);
    json = get_of_id(fixture, id, "/proof.cbor?height=1", 503);
    qn_json_expect_text(json, "code", "busy");
    json_decref(json);
    json = get_of_id(fixture, id, "/proof.cbor?height=x", 400);
    json_decref(json);
    json = get_of_id(fixture, id, "/proof.cbor?from=1", 400);
    qn_json_expect_text(json, "detail", "/v1/registry/{id}/proof.cbor takes the parameter height");
    json_decref(json);
}

static void a_block_has_transactions_and_certificate(void **state)
{
    struct qn_api_fixture *fixture = *state;
    const struct qn_ledger *ledger = &fixture->node->ledger;
    static const char *const kinds[] = {"register", "update", "revoke"};
    json_t *json = qn_api_fixture_get(fixture, "/v1/blocks/3", 200);

    qn_json_expect_u64(json, "height", 3);
    qn_json_expect_hex(json, "id", ledger->head_id.bytes);
    qn_json_expect_hex(json, "parent", ledger->head.parent.bytes);
    qn_json_expect_u64(json, "time_ms", ledger->head.time_ms);
    qn_json_expect_u64(json, "epoch", 0);
    qn_json_expect_hex(json, "tx_root", ledger->head.tx_root.bytes);
    qn_json_expect_hex(json, "state_root", ledger->head.state_root.bytes);
    qn_json_expect_hex(json, "history_root", ledger->head.history_root.bytes);
    qn_json_expect_hex(json, "validators_hash", ledger->head.validators_hash.bytes);
    struct qn_span header = bytes_at(json, "header");
    assert_true(memcmp(qn_sha3(header).bytes, ledger->head_id.bytes, QN_HASH_LEN) == 0);
    free_bytes(header);
    assert_int_equal(json_array_size(qn_json_at(json, "transactions")), 3);
    for (size_t i = 0; i < QN_ARRAY_COUNT(kinds); i++) {
        char path[32];
        snprintf(path, sizeof path, "transactions.%zu", i);
        const json_t *tx = qn_json_at(json, path);
        qn_json_expect_hex(tx, "id", ledger->tx_ids[i].bytes);
        qn_json_expect_text(tx, "kind", kinds[i]);
        qn_json_expect_bytes(tx, "bytes", qn_buf_span(ledger->txs[i]));
        assert_int_equal(json_string_length(qn_json_at(tx, "node")), 2 * QN_HASH_LEN);
    }
    json_decref(json);
}

static void a_certificate_tells_what_was_signed_by_whom(void **state)
{
    struct qn_api_fixture *fixture = *state;
    const struct qn_ledger *ledger = &fixture->node->ledger;
    struct qn_cert cert;
    json_t *json = qn_api_fixture_get(fixture, "/v1/blocks/head", 200);
    const json_t *shown = qn_json_at(json, "certificate");

    assert_int_equal(qn_cert_decode(&cert, qn_buf_span(ledger->certs[3])), QN_OK);
    struct qn_hash digest = qn_cert_digest(&cert, &ledger->genesis.network);
    qn_json_expect_text(shown, "kind", "finalize");
    qn_json_expect_u64(shown, "epoch", 0);
    qn_json_expect_u64(shown, "view", 8);
    qn_json_expect_u64(shown, "parent_view", 7);
    qn_json_expect_hex(shown, "digest", digest.bytes);
    qn_json_expect_text(shown, "context", "qnet/1/finalize");
    qn_json_expect_bytes(shown, "bytes", qn_buf_span(ledger->certs[3]));
    assert_int_equal(json_array_size(qn_json_at(shown, "signers")), 4);
    qn_json_expect_u64(shown, "signers.1.index", 2); /* number 1 did not sign */
    qn_json_expect_hex(shown, "signers.1.id", ledger->validators[2].id.bytes);
    qn_json_expect_bytes(shown, "signers.1.signature", cert.signatures[1]);
    json_decref(json);
}

static void blocks_that_are_not_there_say_why(void **state)
{
    json_t *json = qn_api_fixture_get(*state, "/v1/blocks/2", 200);
    qn_json_expect_null(json, "certificate");
    assert_int_equal(json_array_size(qn_json_at(json, "transactions")), 0);
    json_decref(json);

    json = qn_api_fixture_get(*state, "/v1/blocks/1", 404);
    qn_json_expect_text(json, "detail", "block 1 is no longer held; the head is 3");
    json_decref(json);

    json = qn_api_fixture_get(*state, "/v1/blocks/4", 404);
    qn_json_expect_text(json, "detail", "no block 4 yet: the head is 3");
    json_decref(json);
}

static void health_follows_the_node(void **state)
{
    struct qn_api_fixture *fixture = *state;
    struct qn_api_client_answer answer;
    char why[QN_TEXT_LEN_MAX + 1];

    assert_int_equal(qn_api_client_get(&answer, fixture->server, "/livez", 60000, why), QN_OK);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.content_type, "text/plain");
    assert_string_equal(answer.body, "ok\n");
    qn_api_client_answer_fini(&answer);

    json_t *json = qn_api_fixture_get(fixture, "/readyz", 200);
    qn_json_expect_bool(json, "ready", true);
    assert_int_equal(json_object_size(json), 1);
    json_decref(json);

    fixture->node->missing_count = 1;
    snprintf(fixture->node->missing[0].name, sizeof fixture->node->missing[0].name, "quorum");
    snprintf(fixture->node->missing[0].text, sizeof fixture->node->missing[0].text,
             "consensus halted: 3 of 5 validators live, 4 needed");
    json = qn_api_fixture_get(fixture, "/readyz", 503);
    qn_json_expect_bool(json, "ready", false);
    qn_json_expect_text(json, "missing.0.name", "quorum");
    qn_json_expect_text(json, "missing.0.text",
                        "consensus halted: 3 of 5 validators live, 4 needed");
    json_decref(json);

    fixture->node->halted = "storage failed while writing (full: no room within the limit)";
    json = qn_api_fixture_get(fixture, "/livez", 503);
    qn_json_expect_text(json, "code", "halted");
    qn_json_expect_text(json, "detail", fixture->node->halted);
    json_decref(json);
}

static void metrics_are_prometheus_text(void **state)
{
    struct qn_api_fixture *fixture = *state;
    struct qn_api_client_answer answer;
    char why[QN_TEXT_LEN_MAX + 1];

    assert_int_equal(qn_api_client_get(&answer, fixture->server, "/metrics", 60000, why), QN_OK);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.content_type, "text/plain");
    assert_non_null(strstr(answer.body,
                           "# HELP qnet_frames_total Frames by \\\\ class\\nand more\n"
                           "# TYPE qnet_frames_total counter\n"
                           "qnet_frames_total{class=\"p0\"} 12\n"
                           "qnet_frames_total{class=\"p\\\"1\\\\\\n\",kind=\"x\"} 0.5\n"));
    assert_non_null(strstr(answer.body, "# HELP qnet_height Height of the final head\n"
                                        "# TYPE qnet_height gauge\n"
                                        "qnet_height 3\n"));
    assert_non_null(strstr(answer.body, "\nqnet_api_connections 1\n"));
    assert_non_null(strstr(answer.body, "\nqnet_api_answers_total{status=\"200\"} 0\n"));
    qn_api_client_answer_fini(&answer);
}

static void the_largest_answers_fit_the_client(void **state)
{
    struct qn_api_fixture fixture;
    (void)state;

    qn_api_fixture_init(&fixture, QN_FAKE_ENTRIES_MAX, QN_FAKE_PEERS_MAX, NULL);
    json_t *json = qn_api_fixture_get(&fixture, "/v1/registry?from=1000&limit=1000", 200);
    assert_int_equal(json_array_size(qn_json_at(json, "items")), 1000);
    qn_json_expect_u64(json, "next", 2000);
    qn_json_expect_u64(json, "items.999.index", 1999);
    json_decref(json);
    json = qn_api_fixture_get(&fixture, "/v1/registry", 200);
    assert_int_equal(json_array_size(qn_json_at(json, "items")), 100);
    json_decref(json);
    json = qn_api_fixture_get(&fixture, "/v1/peers", 200);
    assert_int_equal(json_array_size(qn_json_at(json, "peers")), QN_FAKE_PEERS_MAX);
    json_decref(json);
    qn_api_fixture_fini(&fixture);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(status_tells_all_of_a_validator),
        TEST(status_of_a_stranger_has_nulls),
        TEST(timings_gives_the_samples_themselves),
        TEST(a_peer_without_a_link_has_no_link_fields),
        TEST(the_committee_comes_with_its_motions),
        TEST(regions_are_always_six),
        TEST(regions_tell_load_and_moves),
        TEST(the_registry_comes_in_pages),
        TEST(entries_tell_their_standing),
        TEST(one_entry_is_found_by_its_id),
        TEST(presence_and_absence_are_proved),
        TEST(a_head_without_certificate_proves_all_the_same),
        TEST(a_proof_file_is_the_ledgers),
        TEST(a_block_has_transactions_and_certificate),
        TEST(a_certificate_tells_what_was_signed_by_whom),
        TEST(blocks_that_are_not_there_say_why),
        TEST(health_follows_the_node),
        TEST(metrics_are_prometheus_text),
        cmocka_unit_test(the_largest_answers_fit_the_client),
    };
    return cmocka_run_group_tests(tests, qn_api_tests_begin, qn_api_tests_end);
}
