#include "ledger/ledger.h"
#include "ledger/testing/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { CODES = 10 };

static const struct qn_kit_options codes_options = {4, QN_POLICY_CODES, CODES, 0};
static const struct qn_kit_options open_options = {4, QN_POLICY_OPEN, CODES, 0};

/* The verdict on a transaction, which is dropped; text is compared if given. */
static void expect(const struct qn_chain *chain, struct qn_buf *tx, enum qn_err err,
                   const char *text)
{
    struct qn_tx_checks checks = {.signature_count = 99};
    char found[QN_TEXT_LEN_MAX + 1] = "";
    enum qn_err verdict =
        qn_ledger_check_tx(chain->ledger, &checks, found, qn_buf_span(tx), qn_chain_now(chain));

    if (verdict != err) {
        print_error("%s\n", found);
    }
    assert_int_equal(verdict, err);
    if (text != NULL) {
        assert_string_equal(found, text);
    }
    assert_true(err == QN_OK || checks.signature_count == 99);
    /* Without a place for the text the verdict is the same. */
    assert_int_equal(
        qn_ledger_check_tx(chain->ledger, &checks, NULL, qn_buf_span(tx), qn_chain_now(chain)),
        err);
    qn_buf_drop(tx);
}

static const char *short_id(char text[QN_SHORT_ID_TEXT_SIZE], const struct qn_key *key)
{
    struct qn_node_id id = qn_kit_id(key);

    return qn_node_id_short(text, &id);
}

static const char *batch_name(char text[QN_ID_TEXT_SIZE], const struct qn_kit *kit)
{
    qn_hex_encode(text, kit->batch.root.bytes, QN_HASH_LEN);
    text[8] = '\0';
    return text;
}

static struct qn_tx new_register(const struct qn_chain *chain, const struct qn_key *key)
{
    return qn_kit_register(&chain->kit, key, qn_chain_now(chain));
}

static void a_good_registration_names_its_two_signatures(void **state)
{
    struct qn_chain chain;
    struct qn_key *key = qn_kit_key(1000);
    struct qn_tx_checks checks = {0};
    char text[QN_TEXT_LEN_MAX + 1] = "unchanged";

    (void)state;
    qn_chain_init(&chain, &codes_options);
    struct qn_tx tx = new_register(&chain, key);
    qn_kit_use_code(&chain.kit, &tx, 3);
    struct qn_buf *bytes = qn_kit_tx_sign(&tx, key);
    assert_int_equal(
        qn_ledger_check_tx(chain.ledger, &checks, text, qn_buf_span(bytes), qn_chain_now(&chain)),
        QN_OK);
    assert_string_equal(text, "unchanged");
    assert_int_equal(checks.signature_count, 2);
    assert_int_equal(checks.signatures[0].kind, QN_SIGN_TRANSACTION);
    assert_int_equal(checks.signatures[1].kind, QN_SIGN_ACTIVATE);
    for (size_t i = 0; i < checks.signature_count; i++) {
        assert_true(checks.signatures[i].signature.at >= bytes->bytes);
        assert_true(checks.signatures[i].signature.at + checks.signatures[i].signature.len <=
                    bytes->bytes + bytes->len);
        assert_int_equal(qn_verify(&checks.signatures[i].key, checks.signatures[i].kind,
                                   &checks.signatures[i].digest, checks.signatures[i].signature),
                         QN_OK);
    }
    /* The code's signature is over this node's id: another node that replays the activation fails. */
    struct qn_key *thief = qn_kit_key(1001);
    struct qn_tx stolen = new_register(&chain, thief);
    stolen.has_activation = true;
    stolen.activation = tx.activation;
    struct qn_buf *stolen_bytes = qn_kit_tx_sign(&stolen, thief);
    assert_int_equal(qn_ledger_check_tx(chain.ledger, &checks, NULL, qn_buf_span(stolen_bytes),
                                        qn_chain_now(&chain)),
                     QN_OK); /* all but the signature */
    assert_int_equal(qn_verify(&checks.signatures[0].key, checks.signatures[0].kind,
                               &checks.signatures[0].digest, checks.signatures[0].signature),
                     QN_OK);
    assert_int_equal(qn_verify(&checks.signatures[1].key, checks.signatures[1].kind,
                               &checks.signatures[1].digest, checks.signatures[1].signature),
                     QN_ERR_BAD_SIGNATURE);
    qn_buf_drop(stolen_bytes);
    qn_buf_drop(bytes);
    qn_key_free(thief);
    qn_key_free(key);
    qn_chain_fini(&chain);
}

static const struct qn_kit_options work_options = {4, QN_POLICY_WORK, CODES, 0};

/* Finds the ticket as its maker would; key may be another's, whose ticket is then stolen. */
static void give_ticket(struct qn_tx *tx, const struct qn_key *key)
{
    struct qn_ticket ticket = qn_tx_ticket(tx, QN_KIT_WORK_BITS, QN_KIT_WORK_MEMORY_KIB);

    ticket.id = qn_kit_id(key);
    while (qn_ticket_search(&ticket, 64) != QN_OK) {
    }
    tx->has_work = true;
    memcpy(tx->work_nonce, ticket.nonce, sizeof ticket.nonce);
}

/* What a worker says of the ticket of a transaction that the rules let pass; it is dropped. */
static enum qn_err ticket_verdict(const struct qn_chain *chain, struct qn_buf *tx)
{
    struct qn_tx_checks checks = {0};

    assert_int_equal(
        qn_ledger_check_tx(chain->ledger, &checks, NULL, qn_buf_span(tx), qn_chain_now(chain)),
        QN_OK);
    assert_int_equal(checks.signature_count, 1);
    assert_true(checks.has_ticket);
    assert_int_equal(checks.ticket.bits, QN_KIT_WORK_BITS);
    assert_int_equal(checks.ticket.memory_kib, QN_KIT_WORK_MEMORY_KIB);
    qn_buf_drop(tx);
    return qn_ticket_check(&checks.ticket);
}

static void a_ticket_of_work_is_for_one_node_and_expiry(void **state)
{
    struct qn_chain chain;
    struct qn_key *key = qn_kit_key(1000);
    struct qn_key *other = qn_kit_key(1001);
    unsigned held = 0;

    (void)state;
    qn_chain_init(&chain, &work_options);
    struct qn_tx tx = new_register(&chain, key);
    give_ticket(&tx, key);
    assert_int_equal(ticket_verdict(&chain, qn_kit_tx_sign(&tx, key)), QN_OK);
    /* Another node's, another expiry's, another nonce: each holds by luck once in 2^bits. */
    for (unsigned i = 1; i <= 8; i++) {
        struct qn_tx stolen = new_register(&chain, other);
        stolen.expires_ms -= i;
        give_ticket(&stolen, key);
        held += ticket_verdict(&chain, qn_kit_tx_sign(&stolen, other)) == QN_OK;
        struct qn_tx later = tx;
        later.expires_ms -= i;
        held += ticket_verdict(&chain, qn_kit_tx_sign(&later, key)) == QN_OK;
        struct qn_tx wrong = tx;
        wrong.work_nonce[15] ^= (uint8_t)i;
        held += ticket_verdict(&chain, qn_kit_tx_sign(&wrong, key)) == QN_OK;
    }
    assert_in_range(held, 0, 4);
    /* Too few bits for a network that asks for one more than this ticket has. */
    struct qn_ticket ticket = qn_tx_ticket(&tx, QN_KIT_WORK_BITS, QN_KIT_WORK_MEMORY_KIB);
    unsigned bits = 0;
    assert_int_equal(qn_ticket_zero_bits(&ticket, &bits), QN_OK);
    ticket = qn_tx_ticket(&tx, (uint8_t)(bits + 1), QN_KIT_WORK_MEMORY_KIB);
    assert_int_equal(qn_ticket_check(&ticket), QN_ERR_BAD_WORK);
    qn_key_free(other);
    qn_key_free(key);
    qn_chain_fini(&chain);
}

static void a_ticket_is_needed_under_work_and_refused_elsewhere(void **state)
{
    struct qn_chain chain;
    struct qn_key *key = qn_kit_key(1000);

    (void)state;
    qn_chain_init(&chain, &work_options);
    struct qn_tx tx = new_register(&chain, key);
    expect(&chain, qn_kit_tx_sign(&tx, key), QN_ERR_WORK_REQUIRED,
           "this network registers nodes only with a ticket of work (6 bits over 8 KiB), and none "
           "is given");
    qn_kit_use_code(&chain.kit, &tx, 0); /* a code is no work */
    expect(&chain, qn_kit_tx_sign(&tx, key), QN_ERR_WORK_REQUIRED, NULL);
    tx = new_register(&chain, key);
    tx.expires_ms = qn_chain_now(&chain) - 1;
    give_ticket(&tx, key);
    expect(&chain, qn_kit_tx_sign(&tx, key), QN_ERR_EXPIRED, NULL);
    qn_chain_fini(&chain);
    static const struct qn_kit_options *const others[] = {&codes_options, &open_options};
    for (size_t i = 0; i < QN_ARRAY_COUNT(others); i++) {
        qn_chain_init(&chain, others[i]);
        tx = new_register(&chain, key);
        tx.has_work = true;
        expect(&chain, qn_kit_tx_sign(&tx, key), QN_ERR_INVALID,
               "a ticket of work is given, and this network asks for none");
        qn_chain_fini(&chain);
    }
    qn_key_free(key);
}

static void what_is_not_a_transaction_is_told(void **state)
{
    struct qn_chain chain;
    struct qn_key *key = qn_kit_key(1000);

    (void)state;
    qn_chain_init(&chain, &open_options);
    expect(&chain, qn_buf_copy((struct qn_span){(const uint8_t *)"\xa0", 1}), QN_ERR_MALFORMED,
           "not a transaction of this version: malformed: not the one canonical encoding");
    struct qn_buf *huge = qn_buf_new(QN_TX_LEN_MAX + 1);
    memset(huge->bytes, 0, huge->len);
    expect(&chain, huge, QN_ERR_TOO_BIG,
           "the transaction has 16385 bytes, at most 16384 are possible");
    struct qn_tx tx = new_register(&chain, key);
    struct qn_buf *cut = qn_kit_tx_fake(&tx, 1);
    cut->len -= 1;
    expect(&chain, cut, QN_ERR_MALFORMED, NULL);
    tx.key.spki[5] ^= 1; /* the algorithm's object identifier */
    expect(&chain, qn_kit_tx_fake(&tx, 1), QN_ERR_UNKNOWN_SUITE,
           "not a transaction of this version: unknown or unusable signature suite");
    qn_key_free(key);
    qn_chain_fini(&chain);
}

static void another_network_is_told(void **state)
{
    struct qn_chain chain;
    struct qn_key *key = qn_kit_key(1000);
    char ours[QN_ID_TEXT_SIZE];
    char text[QN_TEXT_LEN_MAX + 1];

    (void)state;
    qn_chain_init(&chain, &open_options);
    struct qn_tx tx = new_register(&chain, key);
    memset(tx.network.bytes, 0xcd, sizeof tx.network.bytes);
    qn_hex_encode(ours, chain.kit.genesis.network.bytes, QN_HASH_LEN);
    (void)snprintf(text, sizeof text,
                   "the transaction is for network cdcdcdcd, this is network %.8s", ours);
    expect(&chain, qn_kit_tx_fake(&tx, 1), QN_ERR_WRONG_NETWORK, text);
    qn_key_free(key);
    qn_chain_fini(&chain);
}

static void lifetimes_are_judged_to_the_millisecond(void **state)
{
    struct qn_chain chain;
    struct qn_key *key = qn_kit_key(1000);

    (void)state;
    qn_chain_init(&chain, &open_options);
    qn_unix_ms now = qn_chain_now(&chain);
    struct qn_tx tx = new_register(&chain, key);
    tx.expires_ms = now + 1;
    expect(&chain, qn_kit_tx_fake(&tx, 1), QN_OK, NULL);
    tx.expires_ms = now;
    expect(&chain, qn_kit_tx_fake(&tx, 1), QN_ERR_EXPIRED,
           "the transaction expired at 1700000001000 ms, 0 ms before the time of the block");
    tx.expires_ms = now - 250;
    expect(&chain, qn_kit_tx_fake(&tx, 1), QN_ERR_EXPIRED,
           "the transaction expired at 1700000000750 ms, 250 ms before the time of the block");
    tx.expires_ms = now + QN_TX_LIFETIME_MS_MAX;
    expect(&chain, qn_kit_tx_fake(&tx, 1), QN_OK, NULL);
    tx.expires_ms += 1;
    expect(&chain, qn_kit_tx_fake(&tx, 1), QN_ERR_INVALID,
           "the transaction expires 3600001 ms after the time of the block, at most 3600000 ms "
           "are allowed");
    tx = new_register(&chain, key);
    tx.valid_until_ms = now + 1;
    expect(&chain, qn_kit_tx_fake(&tx, 1), QN_OK, NULL);
    tx.valid_until_ms = now;
    expect(&chain, qn_kit_tx_fake(&tx, 1), QN_ERR_INVALID,
           "valid until 1700000001000 ms is 0 ms before the time of the block");
    qn_key_free(key);
    qn_chain_fini(&chain);
}

/* A clock behind the tip does not make a transaction valid that no block can take any more. */
static void a_slow_clock_is_not_believed(void **state)
{
    struct qn_chain chain;
    struct qn_key *key = qn_kit_key(1000);
    struct qn_tx_checks checks = {0};

    (void)state;
    qn_chain_init(&chain, &open_options);
    struct qn_tx tx = new_register(&chain, key);
    tx.expires_ms = QN_KIT_TIME_MS + 1; /* the earliest time of block 1 */
    struct qn_buf *bytes = qn_kit_tx_fake(&tx, 1);
    assert_int_equal(qn_ledger_check_tx(chain.ledger, &checks, NULL, qn_buf_span(bytes), 1),
                     QN_ERR_EXPIRED);
    qn_buf_drop(bytes);
    qn_key_free(key);
    qn_chain_fini(&chain);
}

static void a_known_node_cannot_register_again(void **state)
{
    struct qn_chain chain;
    struct qn_key *key = qn_kit_key(1000);
    struct qn_node_id id = qn_kit_id(key);
    char name[QN_SHORT_ID_TEXT_SIZE];
    char text[QN_TEXT_LEN_MAX + 1];

    (void)state;
    qn_chain_init(&chain, &open_options);
    assert_int_equal(qn_chain_add(&chain, NULL, NULL, 0), 0);
    struct qn_tx tx = new_register(&chain, key);
    qn_chain_add_one(&chain, qn_kit_tx_fake(&tx, 1));
    (void)snprintf(text, sizeof text, "node %s is already registered, as number 4 since height 2",
                   short_id(name, key));
    tx = new_register(&chain, key);
    expect(&chain, qn_kit_tx_fake(&tx, 2), QN_ERR_ALREADY_REGISTERED, text);

    struct qn_tx genesis_tx = new_register(&chain, chain.kit.genesis_keys[2]);
    (void)snprintf(text, sizeof text, "node %s is already registered, as number 2 since height 0",
                   short_id(name, chain.kit.genesis_keys[2]));
    expect(&chain, qn_kit_tx_fake(&genesis_tx, 2), QN_ERR_ALREADY_REGISTERED, text);

    struct qn_tx revoke = qn_kit_revoke(&chain.kit, &id, 2, qn_chain_now(&chain));
    qn_chain_add_one(&chain, qn_kit_tx_fake(&revoke, 1));
    (void)snprintf(text, sizeof text, "node %s was revoked at height 3 and cannot register again",
                   short_id(name, key));
    tx = new_register(&chain, key);
    expect(&chain, qn_kit_tx_fake(&tx, 3), QN_ERR_REVOKED, text);
    qn_key_free(key);
    qn_chain_fini(&chain);
}

static void the_role_validator_may_be_claimed(void **state)
{
    struct qn_chain chain;
    struct qn_key *key = qn_kit_key(1000);

    (void)state;
    qn_chain_init(&chain, &open_options);
    struct qn_tx tx = new_register(&chain, key);
    tx.roles = QN_ROLE_FULL | QN_ROLE_VALIDATOR; /* ready to be added to the committee */
    expect(&chain, qn_kit_tx_fake(&tx, 1), QN_OK, NULL);
    tx.roles = 0;
    expect(&chain, qn_kit_tx_fake(&tx, 1), QN_OK, NULL);
    qn_key_free(key);
    qn_chain_fini(&chain);
}

static void policies_differ_in_the_code_that_they_want(void **state)
{
    struct qn_chain chain;
    struct qn_key *key = qn_kit_key(1000);

    (void)state;
    qn_chain_init(&chain, &codes_options);
    struct qn_tx tx = new_register(&chain, key);
    expect(&chain, qn_kit_tx_fake(&tx, 1), QN_ERR_CODE_REQUIRED,
           "this network registers nodes only with an activation code, and none is given");
    qn_kit_use_code(&chain.kit, &tx, 0);
    expect(&chain, qn_kit_tx_fake(&tx, 1), QN_OK, NULL);
    qn_chain_fini(&chain);

    qn_chain_init(&chain, &open_options);
    tx = new_register(&chain, key);
    expect(&chain, qn_kit_tx_fake(&tx, 1), QN_OK, NULL);
    qn_kit_use_code(&chain.kit, &tx, 0);
    expect(&chain, qn_kit_tx_fake(&tx, 1), QN_OK, NULL);
    tx.activation.path[0].bytes[0] ^= 1; /* a code that is given must hold even here */
    expect(&chain, qn_kit_tx_fake(&tx, 1), QN_ERR_CODE_UNKNOWN, NULL);
    qn_key_free(key);
    qn_chain_fini(&chain);
}

static void a_code_must_be_in_an_issued_batch(void **state)
{
    struct qn_chain chain;
    struct qn_key *key = qn_kit_key(1000);
    char name[QN_ID_TEXT_SIZE];
    char text[QN_TEXT_LEN_MAX + 1];

    (void)state;
    qn_chain_init(&chain, &codes_options);
    struct qn_tx good = new_register(&chain, key);
    qn_kit_use_code(&chain.kit, &good, 7);

    struct qn_tx tx = good;
    memset(tx.activation.batch_root.bytes, 0xab, QN_HASH_LEN);
    expect(&chain, qn_kit_tx_fake(&tx, 1), QN_ERR_CODE_UNKNOWN,
           "the activation code #7 is of batch abababab, which this network has not issued");
    tx = good;
    tx.activation.index = CODES;
    (void)snprintf(text, sizeof text,
                   "the activation code #10 is not among the 10 codes of batch %s",
                   batch_name(name, &chain.kit));
    expect(&chain, qn_kit_tx_fake(&tx, 1), QN_ERR_CODE_UNKNOWN, text);
    tx = good;
    tx.activation.index = 6;
    (void)snprintf(text, sizeof text,
                   "the activation code is not #6 of batch %s: its path does not lead to the "
                   "batch's root",
                   batch_name(name, &chain.kit));
    expect(&chain, qn_kit_tx_fake(&tx, 1), QN_ERR_CODE_UNKNOWN, text);
    tx = good;
    tx.activation.path_count -= 1;
    expect(&chain, qn_kit_tx_fake(&tx, 1), QN_ERR_CODE_UNKNOWN, NULL);
    tx = good;
    tx.activation.code_key = *qn_key_public(key); /* a key that was never issued */
    expect(&chain, qn_kit_tx_fake(&tx, 1), QN_ERR_CODE_UNKNOWN, NULL);
    qn_key_free(key);
    qn_chain_fini(&chain);
}

static void a_batch_expires_to_the_millisecond(void **state)
{
    struct qn_chain chain;
    struct qn_key *key = qn_kit_key(1000);
    char name[QN_ID_TEXT_SIZE];
    char text[QN_TEXT_LEN_MAX + 1];

    (void)state;
    for (unsigned late = 0; late < 2; late++) {
        /* qn_chain_now is a second after block 0. */
        qn_chain_init(
            &chain, &(struct qn_kit_options){4, QN_POLICY_CODES, 2, QN_KIT_TIME_MS + 1001 - late});
        struct qn_tx tx = new_register(&chain, key);
        qn_kit_use_code(&chain.kit, &tx, 0);
        (void)snprintf(text, sizeof text,
                       "the activation codes of batch %s expired at 1700000001000 ms, 0 ms before "
                       "the time of the block",
                       batch_name(name, &chain.kit));
        expect(&chain, qn_kit_tx_fake(&tx, 1), late ? QN_ERR_CODE_EXPIRED : QN_OK,
               late ? text : "");
        qn_chain_fini(&chain);
    }
    qn_key_free(key);
}

static void a_code_works_once(void **state)
{
    struct qn_chain chain;
    struct qn_key *first = qn_kit_key(1000);
    struct qn_key *second = qn_kit_key(1001);
    char name[QN_ID_TEXT_SIZE];
    char user[QN_SHORT_ID_TEXT_SIZE];
    char text[QN_TEXT_LEN_MAX + 1];
    struct qn_registry_entry entry;

    (void)state;
    qn_chain_init(&chain, &codes_options);
    struct qn_tx tx = new_register(&chain, first);
    qn_kit_use_code(&chain.kit, &tx, 5);
    qn_chain_add_one(&chain, qn_kit_tx_sign(&tx, first));
    struct qn_node_id id = qn_kit_id(first);
    assert_int_equal(qn_ledger_entry(chain.ledger, &entry, &id), QN_OK);
    assert_int_equal(entry.code_class, QN_KIT_CODE_CLASS);

    tx = new_register(&chain, second);
    qn_kit_use_code(&chain.kit, &tx, 5);
    (void)snprintf(text, sizeof text,
                   "the activation code #5 of batch %s was used at height 1 by node %s",
                   batch_name(name, &chain.kit), short_id(user, first));
    expect(&chain, qn_kit_tx_sign(&tx, second), QN_ERR_CODE_USED, text);
    qn_kit_use_code(&chain.kit, &tx, 6);
    expect(&chain, qn_kit_tx_sign(&tx, second), QN_OK, NULL);
    qn_key_free(first);
    qn_key_free(second);
    qn_chain_fini(&chain);
}

static void the_entry_is_what_the_transaction_says(void **state)
{
    struct qn_chain chain;
    struct qn_key *key = qn_kit_key(1000);
    struct qn_node_id id = qn_kit_id(key);
    struct qn_registry_entry entry;

    (void)state;
    qn_chain_init(&chain, &open_options);
    assert_int_equal(qn_chain_add(&chain, NULL, NULL, 0), 0);
    struct qn_tx tx = new_register(&chain, key);
    qn_chain_add_one(&chain, qn_kit_tx_fake(&tx, 1));
    assert_int_equal(qn_ledger_entry(chain.ledger, &entry, &id), QN_OK);
    assert_int_equal(entry.index, 4);
    assert_true(qn_node_id_equal(&entry.id, &id));
    assert_int_equal(entry.suite, QN_SUITE_MLDSA65);
    assert_memory_equal(entry.key_hash.bytes, id.bytes, QN_HASH_LEN);
    assert_int_equal(entry.region, tx.region);
    assert_int_equal(entry.roles, tx.roles);
    assert_true(entry.has_endpoint && qn_endpoint_equal(&entry.endpoint, &tx.endpoint));
    assert_true(qn_hash_equal(&entry.announce_tip, &tx.announce_tip));
    assert_int_equal(entry.valid_until_ms, tx.valid_until_ms);
    assert_int_equal(entry.status, QN_ENTRY_ACTIVE);
    assert_int_equal(entry.sequence, 1);
    assert_int_equal(entry.registered_height, 2);
    assert_int_equal(entry.changed_height, 2);
    assert_int_equal(entry.code_class, 0);
    assert_true(qn_public_key_equal(&entry.key, qn_key_public(key)));
    qn_key_free(key);
    qn_chain_fini(&chain);
}

int main(int argc, char **argv)
{
    qn_test_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_registration_names_its_two_signatures),
        cmocka_unit_test(what_is_not_a_transaction_is_told),
        cmocka_unit_test(another_network_is_told),
        cmocka_unit_test(lifetimes_are_judged_to_the_millisecond),
        cmocka_unit_test(a_slow_clock_is_not_believed),
        cmocka_unit_test(a_known_node_cannot_register_again),
        cmocka_unit_test(the_role_validator_may_be_claimed),
        cmocka_unit_test(policies_differ_in_the_code_that_they_want),
        cmocka_unit_test(a_code_must_be_in_an_issued_batch),
        cmocka_unit_test(a_batch_expires_to_the_millisecond),
        cmocka_unit_test(a_code_works_once),
        cmocka_unit_test(the_entry_is_what_the_transaction_says),
        cmocka_unit_test(a_ticket_of_work_is_for_one_node_and_expiry),
        cmocka_unit_test(a_ticket_is_needed_under_work_and_refused_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
