#include "ledger/ledger.h"
#include "ledger/testing/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A chain with one registered node. */
struct scene {
    struct qn_chain chain;
    struct qn_key *key;
    struct qn_node_id id;
    char name[QN_SHORT_ID_TEXT_SIZE];
};

static void scene_init(struct scene *scene)
{
    qn_chain_init(&scene->chain, &(struct qn_kit_options){4, QN_POLICY_OPEN, 0, 0});
    scene->key = qn_kit_key(1000);
    scene->id = qn_kit_id(scene->key);
    qn_node_id_short(scene->name, &scene->id);
    struct qn_tx tx = qn_kit_register(&scene->chain.kit, scene->key, qn_chain_now(&scene->chain));
    qn_chain_add_one(&scene->chain, qn_kit_tx_sign(&tx, scene->key));
}

static void scene_fini(struct scene *scene)
{
    qn_key_free(scene->key);
    qn_chain_fini(&scene->chain);
}

static struct qn_tx update_of(const struct scene *scene, uint64_t sequence)
{
    return qn_kit_update(&scene->chain.kit, &scene->id, sequence, qn_chain_now(&scene->chain));
}

static struct qn_tx revoke_of(const struct scene *scene, uint64_t sequence)
{
    return qn_kit_revoke(&scene->chain.kit, &scene->id, sequence, qn_chain_now(&scene->chain));
}

static void expect(const struct scene *scene, const struct qn_tx *tx, enum qn_err err,
                   const char *text)
{
    struct qn_tx_checks checks = {0};
    char found[QN_TEXT_LEN_MAX + 1] = "";
    struct qn_buf *bytes = qn_kit_tx_fake(tx, 1);
    enum qn_err verdict = qn_ledger_check_tx(scene->chain.ledger, &checks, found,
                                             qn_buf_span(bytes), qn_chain_now(&scene->chain));

    if (verdict != err) {
        print_error("%s\n", found);
    }
    assert_int_equal(verdict, err);
    assert_string_equal(found, text);
    qn_buf_drop(bytes);
}

static struct qn_registry_entry entry_of(const struct scene *scene)
{
    struct qn_registry_entry entry;

    assert_int_equal(qn_ledger_entry(scene->chain.ledger, &entry, &scene->id), QN_OK);
    return entry;
}

static void an_update_changes_the_entry_and_is_signed_by_its_key(void **state)
{
    struct scene scene;
    struct qn_tx_checks checks = {0};

    (void)state;
    scene_init(&scene);
    struct qn_registry_entry before = entry_of(&scene);
    struct qn_tx tx = update_of(&scene, 2);
    tx.region = QN_REGION_ASIA;
    tx.roles = 0;
    tx.has_endpoint = false;
    tx.announce_tip.bytes[0] = 0x77;
    tx.valid_until_ms += 5;
    struct qn_buf *bytes = qn_kit_tx_sign(&tx, scene.key);
    assert_int_equal(qn_ledger_check_tx(scene.chain.ledger, &checks, NULL, qn_buf_span(bytes),
                                        qn_chain_now(&scene.chain)),
                     QN_OK);
    assert_int_equal(checks.signature_count, 1);
    assert_true(qn_public_key_equal(&checks.signatures[0].key, qn_key_public(scene.key)));
    assert_int_equal(qn_verify(&checks.signatures[0].key, checks.signatures[0].kind,
                               &checks.signatures[0].digest, checks.signatures[0].signature),
                     QN_OK);
    qn_chain_add_one(&scene.chain, bytes);

    struct qn_registry_entry after = entry_of(&scene);
    assert_int_equal(after.index, before.index);
    assert_int_equal(after.region, QN_REGION_ASIA);
    assert_int_equal(after.roles, 0);
    assert_false(after.has_endpoint);
    assert_true(qn_hash_equal(&after.announce_tip, &tx.announce_tip));
    assert_int_equal(after.valid_until_ms, tx.valid_until_ms);
    assert_int_equal(after.sequence, 2);
    assert_int_equal(after.registered_height, before.registered_height);
    assert_int_equal(after.changed_height, 2);
    assert_true(qn_public_key_equal(&after.key, &before.key));
    assert_int_equal(qn_ledger_active_count(scene.chain.ledger), 5);
    scene_fini(&scene);
}

static void sequence_numbers_go_up_by_one(void **state)
{
    struct scene scene;
    char text[QN_TEXT_LEN_MAX + 1];

    (void)state;
    scene_init(&scene);
    struct qn_tx update = update_of(&scene, 2);
    qn_chain_add_one(&scene.chain, qn_kit_tx_fake(&update, 1));
    static const uint64_t wrong[] = {0, 1, 2, 4, UINT64_MAX};
    for (size_t i = 0; i < QN_ARRAY_COUNT(wrong); i++) {
        (void)snprintf(text, sizeof text,
                       "sequence number %llu given, node %s is at 2, so 3 is next",
                       (unsigned long long)wrong[i], scene.name);
        update = update_of(&scene, wrong[i]);
        expect(&scene, &update, QN_ERR_WRONG_SEQUENCE, text);
        struct qn_tx revoke = revoke_of(&scene, wrong[i]);
        expect(&scene, &revoke, QN_ERR_WRONG_SEQUENCE, text);
    }
    update = update_of(&scene, 3);
    expect(&scene, &update, QN_OK, "");
    scene_fini(&scene);
}

static void strangers_have_nothing_to_change(void **state)
{
    struct scene scene;
    struct qn_node_id stranger = {{0xab, 0xcd, 0xef, 0x01}};

    (void)state;
    scene_init(&scene);
    struct qn_tx tx = update_of(&scene, 2);
    tx.id = stranger;
    expect(&scene, &tx, QN_ERR_NOT_REGISTERED, "node abcdef01 is not registered");
    tx = revoke_of(&scene, 2);
    tx.id = stranger;
    expect(&scene, &tx, QN_ERR_NOT_REGISTERED, "node abcdef01 is not registered");
    scene_fini(&scene);
}

static void times_and_roles_are_judged_as_at_registration(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene);
    struct qn_tx tx = update_of(&scene, 2);
    tx.expires_ms = qn_chain_now(&scene.chain);
    expect(&scene, &tx, QN_ERR_EXPIRED,
           "the transaction expired at 1700000002000 ms, 0 ms before the time of the block");
    tx = update_of(&scene, 2);
    tx.valid_until_ms = qn_chain_now(&scene.chain) - 1;
    expect(&scene, &tx, QN_ERR_INVALID,
           "valid until 1700000001999 ms is 1 ms before the time of the block");
    tx = update_of(&scene, 2);
    tx.roles = QN_ROLES_ALL; /* ready to be added to the committee */
    expect(&scene, &tx, QN_OK, "");
    tx = revoke_of(&scene, 2);
    tx.expires_ms = qn_chain_now(&scene.chain) + (qn_unix_ms)2 * QN_TX_LIFETIME_MS_MAX;
    expect(&scene, &tx, QN_ERR_INVALID,
           "the transaction expires 7200000 ms after the time of the block, at most 3600000 ms "
           "are allowed");
    scene_fini(&scene);
}

/* Whose validity ran out may still renew it: the key is the same, and the index is taken anyway. */
static void an_expired_node_may_renew(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene);
    struct qn_tx tx = update_of(&scene, 2);
    tx.valid_until_ms = qn_chain_now(&scene.chain) + 1;
    qn_chain_add_one(&scene.chain, qn_kit_tx_fake(&tx, 1));
    struct qn_registry_entry entry = entry_of(&scene);
    assert_int_equal(qn_registry_entry_usable(&entry, qn_chain_now(&scene.chain)), QN_ERR_EXPIRED);
    tx = update_of(&scene, 3);
    qn_chain_add_one(&scene.chain, qn_kit_tx_fake(&tx, 1));
    entry = entry_of(&scene);
    assert_int_equal(qn_registry_entry_usable(&entry, qn_chain_now(&scene.chain)), QN_OK);
    scene_fini(&scene);
}

static void revocation_is_for_good(void **state)
{
    struct scene scene;
    char text[QN_TEXT_LEN_MAX + 1];

    (void)state;
    scene_init(&scene);
    struct qn_tx tx = revoke_of(&scene, 2);
    tx.reason = QN_REVOKE_KEY_COMPROMISED;
    qn_chain_add_one(&scene.chain, qn_kit_tx_fake(&tx, 1));
    struct qn_registry_entry entry = entry_of(&scene);
    assert_int_equal(entry.status, QN_ENTRY_REVOKED);
    assert_int_equal(entry.revoke_reason, QN_REVOKE_KEY_COMPROMISED);
    assert_int_equal(entry.sequence, 2);
    assert_int_equal(entry.changed_height, 2);
    assert_int_equal(qn_ledger_active_count(scene.chain.ledger), 4);
    assert_int_equal(qn_ledger_entry_count(scene.chain.ledger), 5);

    (void)snprintf(text, sizeof text, "node %s was revoked at height 2", scene.name);
    tx = revoke_of(&scene, 3);
    expect(&scene, &tx, QN_ERR_REVOKED, text);
    tx = update_of(&scene, 3);
    expect(&scene, &tx, QN_ERR_REVOKED, text);
    scene_fini(&scene);
}

static void the_committee_changes_only_by_a_committee_change(void **state)
{
    struct scene scene;
    char text[QN_TEXT_LEN_MAX + 1];

    (void)state;
    scene_init(&scene);
    scene.id = qn_kit_id(scene.chain.kit.genesis_keys[1]);
    qn_node_id_short(scene.name, &scene.id);
    struct qn_tx tx = revoke_of(&scene, 2);
    (void)snprintf(text, sizeof text,
                   "node %s is in the committee and cannot be revoked: a committee change is "
                   "needed first",
                   scene.name);
    expect(&scene, &tx, QN_ERR_REFUSED, text);

    tx = update_of(&scene, 2);
    tx.valid_until_ms = UINT64_MAX;
    (void)snprintf(text, sizeof text,
                   "node %s is in the committee: its roles stay 0x3 until a committee change, 0x1 "
                   "given",
                   scene.name);
    expect(&scene, &tx, QN_ERR_REFUSED, text);
    tx.roles = QN_ROLES_ALL;
    tx.valid_until_ms -= 1;
    (void)snprintf(text, sizeof text,
                   "node %s is in the committee: its validity may grow, not shrink", scene.name);
    expect(&scene, &tx, QN_ERR_REFUSED, text);
    tx.valid_until_ms = UINT64_MAX; /* an address may change */
    qn_chain_add_one(&scene.chain, qn_kit_tx_fake(&tx, 1));
    struct qn_registry_entry entry = entry_of(&scene);
    assert_true(qn_endpoint_equal(&entry.endpoint, &tx.endpoint));
    assert_int_equal(entry.roles, QN_ROLES_ALL);
    assert_int_equal(entry.valid_until_ms, UINT64_MAX);
    scene_fini(&scene);
}

int main(int argc, char **argv)
{
    qn_test_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_update_changes_the_entry_and_is_signed_by_its_key),
        cmocka_unit_test(sequence_numbers_go_up_by_one),
        cmocka_unit_test(strangers_have_nothing_to_change),
        cmocka_unit_test(times_and_roles_are_judged_as_at_registration),
        cmocka_unit_test(an_expired_node_may_renew),
        cmocka_unit_test(revocation_is_for_good),
        cmocka_unit_test(the_committee_changes_only_by_a_committee_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
