#include "ledger/registry_record.h"

#include "ledger/testing/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct qn_registry_entry largest_entry(void)
{
    struct qn_registry_entry entry = {
        .index = UINT64_MAX,
        .suite = QN_SUITE_MLDSA87,
        .region = QN_REGION_OCEANIA,
        .roles = UINT32_MAX,
        .has_endpoint = true,
        .endpoint = {.port = 65535},
        .valid_until_ms = UINT64_MAX,
        .status = QN_ENTRY_ROTATED,
        .sequence = UINT64_MAX,
        .registered_height = UINT64_MAX,
        .changed_height = UINT64_MAX,
        .revoke_reason = UINT32_MAX,
        .code_class = UINT32_MAX,
        .equivocated_height = UINT64_MAX,
    };

    memset(entry.id.bytes, 0xf1, sizeof entry.id.bytes);
    memset(entry.key_hash.bytes, 0xf2, sizeof entry.key_hash.bytes);
    memset(entry.successor.bytes, 0xf4, sizeof entry.successor.bytes);
    memset(entry.announce_tip.bytes, 0xf3, sizeof entry.announce_tip.bytes);
    memset(entry.endpoint.host, 'h', QN_HOST_LEN_MAX);
    return entry;
}

static void assert_comes_back(const struct qn_registry_entry *entry)
{
    uint8_t out[QN_REGISTRY_ENTRY_LEN_MAX];
    uint8_t again[QN_REGISTRY_ENTRY_LEN_MAX];
    struct qn_registry_entry back;
    struct qn_span bytes;
    struct qn_span bytes_again;

    memset(&back, 0xee, sizeof back);
    assert_int_equal(qn_registry_entry_encode(entry, out, sizeof out, &bytes), QN_OK);
    assert_int_equal(qn_registry_entry_decode(&back, bytes), QN_OK);
    assert_int_equal(qn_registry_entry_encode(&back, again, sizeof again, &bytes_again), QN_OK);
    assert_true(qn_span_equal(bytes, bytes_again));
    assert_int_equal(back.index, entry->index);
    assert_true(qn_node_id_equal(&back.id, &entry->id));
    assert_int_equal(back.suite, entry->suite);
    assert_true(qn_hash_equal(&back.key_hash, &entry->key_hash));
    assert_int_equal(back.region, entry->region);
    assert_int_equal(back.roles, entry->roles);
    assert_int_equal(back.has_endpoint, entry->has_endpoint);
    assert_true(!entry->has_endpoint || qn_endpoint_equal(&back.endpoint, &entry->endpoint));
    assert_true(qn_hash_equal(&back.announce_tip, &entry->announce_tip));
    assert_int_equal(back.valid_until_ms, entry->valid_until_ms);
    assert_int_equal(back.status, entry->status);
    assert_int_equal(back.sequence, entry->sequence);
    assert_int_equal(back.registered_height, entry->registered_height);
    assert_int_equal(back.changed_height, entry->changed_height);
    assert_int_equal(back.revoke_reason, entry->revoke_reason);
    assert_int_equal(back.code_class, entry->code_class);
    assert_int_equal(back.key.spki_len, 0);
}

static void entries_come_back_whole_within_the_limit(void **state)
{
    struct qn_registry_entry entry = largest_entry();

    (void)state;
    assert_comes_back(&entry);
    entry.has_endpoint = false;
    assert_comes_back(&entry);
    struct qn_registry_entry smallest = {.status = QN_ENTRY_ACTIVE};
    assert_comes_back(&smallest);
}

static void what_is_no_entry_is_refused_and_leaves_the_output_alone(void **state)
{
    struct qn_registry_entry entry = largest_entry();
    struct qn_registry_entry untouched;
    struct qn_registry_entry copy;
    uint8_t out[QN_REGISTRY_ENTRY_LEN_MAX + 1];
    struct qn_span bytes;

    (void)state;
    memset(&untouched, 0x11, sizeof untouched);
    memcpy(&copy, &untouched, sizeof copy);
    assert_int_equal(qn_registry_entry_encode(&entry, out, sizeof out, &bytes), QN_OK);
    for (size_t len = 0; len < bytes.len; len++) {
        assert_int_equal(qn_registry_entry_decode(&untouched, (struct qn_span){out, len}),
                         QN_ERR_MALFORMED);
    }
    out[bytes.len] = 0;
    bytes.len += 1;
    assert_int_equal(qn_registry_entry_decode(&untouched, bytes), QN_ERR_MALFORMED);
    entry.status = (enum qn_entry_status)0;
    assert_int_equal(qn_registry_entry_encode(&entry, out, sizeof out, &bytes), QN_OK);
    assert_int_equal(qn_registry_entry_decode(&untouched, bytes), QN_ERR_MALFORMED);
    entry.status = (enum qn_entry_status)4;
    assert_int_equal(qn_registry_entry_encode(&entry, out, sizeof out, &bytes), QN_OK);
    assert_int_equal(qn_registry_entry_decode(&untouched, bytes), QN_ERR_MALFORMED);
    assert_memory_equal(&untouched, &copy, sizeof copy);
    entry = largest_entry();
    assert_int_equal(qn_registry_entry_encode(&entry, out, 100, &bytes), QN_ERR_TOO_BIG);
}

static void usable_means_active_and_not_expired(void **state)
{
    struct qn_registry_entry entry = {.status = QN_ENTRY_ACTIVE, .valid_until_ms = 1000};

    (void)state;
    assert_int_equal(qn_registry_entry_usable(&entry, 999), QN_OK);
    assert_int_equal(qn_registry_entry_usable(&entry, 1000), QN_ERR_EXPIRED);
    entry.status = QN_ENTRY_REVOKED;
    assert_int_equal(qn_registry_entry_usable(&entry, 999), QN_ERR_REVOKED);
    assert_int_equal(qn_registry_entry_usable(&entry, 1000), QN_ERR_REVOKED);
    struct qn_registry_entry genesis = {.status = QN_ENTRY_ACTIVE, .valid_until_ms = UINT64_MAX};
    assert_int_equal(qn_registry_entry_usable(&genesis, UINT64_MAX - 1), QN_OK);
}

int main(int argc, char **argv)
{
    qn_test_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_come_back_whole_within_the_limit),
        cmocka_unit_test(what_is_no_entry_is_refused_and_leaves_the_output_alone),
        cmocka_unit_test(usable_means_active_and_not_expired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
