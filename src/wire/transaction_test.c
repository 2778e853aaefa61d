/* Field by field; what holds for every message alike is in every_message_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "wire/testing/hex.h"
#include "wire/testing/run.h"
#include "wire/transaction.h"

#define SPKI "590536 30820532300B060960864801650304031103820521 00 77*1312"      /* ML-DSA-44 */
#define CODE_SPKI "5907B6 308207B2300B0609608648016503040312038207A1 00 66*1952" /* ML-DSA-65 */
#define ED25519_SPKI "582C 302A300506032B6570032100 77*32"
#define START(kind) " 01 " kind " 02 5820 22*32 03 18 64"
#define HASH(byte) "5820 " byte "*32 "
#define ENDPOINT "82 61 61 07"
#define ACTIVATION(code_spki)                                                                      \
    "A5 01 " HASH("A1") " 02 18 2A 03 " code_spki " 04 82 " HASH("B1") HASH("B2") " 05 42 CCCC"

#define REGISTER                                                                                   \
    "AB" START("01") " 04 03 05 " SPKI " 06 02 07 03 08 " ENDPOINT                                 \
                     " 09 " HASH("99") " 0A 190100"                                                \
                                       " 0B " ACTIVATION(CODE_SPKI)
#define REGISTER_PLAIN "A9" START("01") " 04 03 05 " SPKI " 06 02 07 03 09 " HASH("99") " 0A 190100"
#define UPDATE                                                                                     \
    "AA" START("02") " 04 " HASH("44") " 05 05 06 02 07 03 08 " ENDPOINT                           \
                                       " 09 " HASH("99") " 0A 190100"
#define UPDATE_PLAIN                                                                               \
    "A9" START("02") " 04 " HASH("44") " 05 05 06 02 07 03 09 " HASH("99") " 0A 190100"
#define REVOKE "A6" START("03") " 04 " HASH("44") " 05 05 06 01"
#define REVOKE_MOTION "A7" START("03") " 04 " HASH("44") " 05 00 06 01 07 " HASH("55")
#define ROTATE "A8" START("04") " 04 " HASH("44") " 05 05 06 03 07 " SPKI " 08 42 DDDD"
#define ISSUE "A5" START("05") " 04 " HASH("55") " 05 A4 01 " HASH("A1") " 02 1864 03 07 04 190200"
#define VALIDATORS                                                                                 \
    "A7" START("06") " 04 " HASH("55") " 05 09 06 82 " HASH("A1") HASH("A2") " 07 81 " HASH("A3")
#define NULLIFY_VOTE "A3 01 09 02 08 03 41 EE"                          /* 8 bytes */
#define FINALIZE_VOTE "A5 01 09 02 08 03 07 04 " HASH("BB") " 05 41 EE" /* 45 bytes */
#define EVIDENCE                                                                                   \
    "A7" START("07") " 04 " HASH("55") " 05 82 03 48 " NULLIFY_VOTE                                \
                                       " 06 82 02 582D " FINALIZE_VOTE " 07 " HASH("44")

/* Decodes a transaction with this payload and a signature of one byte. */
static enum qn_err decode(struct qn_tx *tx, const char *payload_hex)
{
    struct qn_buf *payload = qn_hex_buf(payload_hex);
    struct qn_buf *buf =
        qn_signed_encode(qn_buf_span(payload), (struct qn_span){(const uint8_t *)"\xBB", 1});
    struct qn_signed envelope;
    enum qn_err err = qn_tx_decode(tx, &envelope, qn_buf_span(buf));
    if (err == QN_OK) {
        assert_true(qn_span_equal(envelope.payload, qn_buf_span(payload)));
        assert_int_equal(envelope.signature.len, 1);
    }
    qn_buf_drop(buf);
    qn_buf_drop(payload);
    return err;
}

static void assert_payload(const struct qn_tx *tx, const char *hex)
{
    uint8_t out[QN_TX_LEN_MAX];
    struct qn_span written;
    assert_int_equal(qn_tx_payload(tx, out, sizeof out, &written), QN_OK);
    qn_assert_hex(qn_buf_copy(written), hex);
    struct qn_span untouched = {NULL, 99};
    assert_int_equal(qn_tx_payload(tx, out, written.len - 1, &untouched), QN_ERR_TOO_BIG);
    assert_int_equal(untouched.len, 99);
}

static void register_has_these_fields(void **state)
{
    (void)state;
    struct qn_tx tx;
    assert_int_equal(decode(&tx, REGISTER), QN_OK);
    assert_int_equal(tx.kind, QN_TX_REGISTER);
    assert_int_equal(tx.network.bytes[0], 0x22);
    assert_int_equal(tx.expires_ms, 100);
    assert_int_equal(tx.key.suite, QN_SUITE_MLDSA44);
    assert_int_equal(tx.key.spki_len, 1334);
    struct qn_node_id id = qn_public_key_id(&tx.key);
    assert_true(qn_node_id_equal(&tx.id, &id));
    assert_int_equal(tx.region, QN_REGION_EUROPE);
    assert_int_equal(tx.roles, QN_ROLES_ALL);
    assert_true(tx.has_endpoint);
    assert_string_equal(tx.endpoint.host, "a");
    assert_int_equal(tx.endpoint.port, 7);
    assert_int_equal(tx.announce_tip.bytes[31], 0x99);
    assert_int_equal(tx.valid_until_ms, 256);
    assert_true(tx.has_activation);
    assert_int_equal(tx.activation.batch_root.bytes[0], 0xA1);
    assert_int_equal(tx.activation.index, 42);
    assert_int_equal(tx.activation.code_key.suite, QN_SUITE_MLDSA65);
    assert_int_equal(tx.activation.code_key.spki[1973], 0x66);
    assert_int_equal(tx.activation.path_count, 2);
    assert_int_equal(tx.activation.path[0].bytes[0], 0xB1);
    assert_int_equal(tx.activation.path[1].bytes[31], 0xB2);
    assert_int_equal(tx.activation.signature.len, 2);
    assert_payload(&tx, REGISTER);
}

static void register_may_lack_endpoint_and_activation(void **state)
{
    (void)state;
    struct qn_tx tx;
    assert_int_equal(decode(&tx, REGISTER_PLAIN), QN_OK);
    assert_false(tx.has_endpoint);
    assert_false(tx.has_activation);
    assert_payload(&tx, REGISTER_PLAIN);
}

static void update_has_these_fields(void **state)
{
    (void)state;
    struct qn_tx tx;
    assert_int_equal(decode(&tx, UPDATE), QN_OK);
    assert_int_equal(tx.kind, QN_TX_UPDATE);
    assert_int_equal(tx.expires_ms, 100);
    assert_int_equal(tx.id.bytes[0], 0x44);
    assert_int_equal(tx.sequence, 5);
    assert_int_equal(tx.region, QN_REGION_EUROPE);
    assert_int_equal(tx.roles, QN_ROLES_ALL);
    assert_true(tx.has_endpoint);
    assert_int_equal(tx.announce_tip.bytes[31], 0x99);
    assert_int_equal(tx.valid_until_ms, 256);
    assert_payload(&tx, UPDATE);
    assert_int_equal(decode(&tx, UPDATE_PLAIN), QN_OK);
    assert_false(tx.has_endpoint);
    assert_payload(&tx, UPDATE_PLAIN);
}

static void revoke_has_these_fields(void **state)
{
    (void)state;
    struct qn_tx tx;
    assert_int_equal(decode(&tx, REVOKE), QN_OK);
    assert_int_equal(tx.kind, QN_TX_REVOKE);
    assert_int_equal(tx.id.bytes[0], 0x44);
    assert_int_equal(tx.sequence, 5);
    assert_int_equal(tx.reason, QN_REVOKE_KEY_COMPROMISED);
    assert_payload(&tx, REVOKE);
}

static void revoke_by_the_committee_names_its_signer(void **state)
{
    (void)state;
    struct qn_tx tx;
    assert_int_equal(decode(&tx, REVOKE), QN_OK);
    assert_false(tx.has_signer);
    assert_false(qn_tx_is_motion(&tx));
    assert_ptr_equal(qn_tx_signer(&tx), &tx.id);
    assert_int_equal(decode(&tx, REVOKE_MOTION), QN_OK);
    assert_true(tx.has_signer);
    assert_true(qn_tx_is_motion(&tx));
    assert_int_equal(qn_tx_signer(&tx)->bytes[0], 0x55);
    assert_payload(&tx, REVOKE_MOTION);
}

static void rotate_has_these_fields(void **state)
{
    (void)state;
    struct qn_tx tx;
    assert_int_equal(decode(&tx, ROTATE), QN_OK);
    assert_int_equal(tx.kind, QN_TX_ROTATE);
    assert_int_equal(tx.id.bytes[0], 0x44);
    assert_int_equal(tx.sequence, 5);
    assert_int_equal(tx.key.suite, QN_SUITE_MLDSA44);
    assert_int_equal(tx.key_signature.len, 2);
    assert_int_equal(tx.key_signature.bytes[0], 0xDD);
    assert_payload(&tx, ROTATE);
}

static void issue_has_these_fields(void **state)
{
    (void)state;
    struct qn_tx tx;
    assert_int_equal(decode(&tx, ISSUE), QN_OK);
    assert_int_equal(tx.signer.bytes[0], 0x55);
    assert_int_equal(tx.batch.root.bytes[0], 0xA1);
    assert_int_equal(tx.batch.count, 100);
    assert_int_equal(tx.batch.class, 7);
    assert_int_equal(tx.batch.expires_ms, 512);
    assert_true(qn_tx_is_motion(&tx));
    assert_payload(&tx, ISSUE);
}

static void validators_has_these_fields(void **state)
{
    (void)state;
    struct qn_tx tx;
    assert_int_equal(decode(&tx, VALIDATORS), QN_OK);
    assert_int_equal(tx.signer.bytes[0], 0x55);
    assert_int_equal(tx.epoch, 9);
    assert_int_equal(tx.add_count, 2);
    assert_int_equal(tx.add[1].bytes[31], 0xA2);
    assert_int_equal(tx.remove_count, 1);
    assert_int_equal(tx.remove[0].bytes[0], 0xA3);
    assert_true(qn_tx_is_motion(&tx));
    assert_payload(&tx, VALIDATORS);
}

static void evidence_has_these_fields(void **state)
{
    (void)state;
    struct qn_tx tx;
    struct qn_vote vote;
    /* The votes point into the transaction's bytes, which here must outlive the decoding. */
    struct qn_buf *payload = qn_hex_buf(EVIDENCE);
    struct qn_buf *bytes =
        qn_signed_encode(qn_buf_span(payload), (struct qn_span){(const uint8_t *)"\xBB", 1});
    struct qn_signed envelope;
    assert_int_equal(qn_tx_decode(&tx, &envelope, qn_buf_span(bytes)), QN_OK);
    assert_int_equal(tx.id.bytes[0], 0x44);
    assert_int_equal(tx.signer.bytes[0], 0x55);
    assert_int_equal(tx.votes[0].kind, QN_VOTE_NULLIFY);
    assert_int_equal(qn_tx_vote_decode(&vote, &tx.votes[1]), QN_OK);
    assert_int_equal(vote.kind, QN_VOTE_FINALIZE);
    assert_int_equal(vote.block_id.bytes[0], 0xBB);
    assert_int_equal(vote.parent_view, 7);
    struct qn_buf *again = qn_tx_vote_encode(&vote);
    assert_true(qn_span_equal(qn_buf_span(again), tx.votes[1].bytes));
    qn_buf_drop(again);
    assert_false(qn_tx_is_motion(&tx));
    assert_payload(&tx, EVIDENCE);
    qn_buf_drop(bytes);
    qn_buf_drop(payload);
}

static void a_motion_is_the_same_whoever_signs_it(void **state)
{
    (void)state;
    struct qn_tx tx;
    assert_int_equal(decode(&tx, VALIDATORS), QN_OK);
    struct qn_hash hash = qn_tx_motion_hash(&tx, 9);
    tx.signer.bytes[3] ^= 1;
    struct qn_hash other = qn_tx_motion_hash(&tx, 9);
    assert_true(qn_hash_equal(&hash, &other));
    other = qn_tx_motion_hash(&tx, 10);
    assert_false(qn_hash_equal(&hash, &other));
    tx.remove[0].bytes[3] ^= 1;
    other = qn_tx_motion_hash(&tx, 9);
    assert_false(qn_hash_equal(&hash, &other));
    tx.remove[0].bytes[3] ^= 1;
    tx.expires_ms += 1;
    other = qn_tx_motion_hash(&tx, 9);
    assert_false(qn_hash_equal(&hash, &other));
}

static void another_form_is_refused(void **state)
{
    (void)state;
    static const char *const payloads[] = {
        "A3" START("00"), /* no such kind */
        "A6" START("00") " 04 " HASH("44") " 05 05 06 01",
        "A6" START("08") " 04 " HASH("44") " 05 05 06 01",
        /* ids not ascending, twice the same; a vote of no kind, of another kind, of no form */
        "A7" START("06") " 04 " HASH("55") " 05 09 06 82 " HASH("A2") HASH("A1") " 07 80",
        "A7" START("06") " 04 " HASH("55") " 05 09 06 80 07 82 " HASH("A2") HASH("A2"),
        "A7" START("07") " 04 " HASH("55") " 05 82 00 48 " NULLIFY_VOTE " 06 82 03 48 " NULLIFY_VOTE
                                           " 07 " HASH("44"),
        "A7" START("07") " 04 " HASH("55") " 05 82 03 48 " NULLIFY_VOTE " 06 82 02 48 " NULLIFY_VOTE
                                           " 07 " HASH("44"),
        "A7" START("07") " 04 " HASH("55") " 05 82 03 48 " NULLIFY_VOTE
                                           " 06 82 03 41 00 07 " HASH("44"),
        "A6" START("03") " 04 " HASH("44") " 05 05 06 03",         /* no such reason */
        "A7" START("03") " 04 " HASH("44") " 05 05 06 01 08 00",   /* one field more */
        "A7" START("03") " 04 " HASH("44") " 05 05 06 01 1880 00", /* no extensions */
        "A5" START("03") " 04 " HASH("44") " 05 05",
        /* an update in a registration's clothes, and the reverse */
        "A9" START("01") " 04 " HASH("44") " 05 05 06 02 07 03 09 " HASH("99") " 0A 190100",
        "A9" START("02") " 04 03 05 " SPKI " 06 02 07 03 09 " HASH("99") " 0A 190100",
        /* an update with an activation */
        "AA" START("02") " 04 " HASH("44") " 05 05 06 02 07 03 09 " HASH(
            "99") " 0A 190100 0B " ACTIVATION(CODE_SPKI),
        "A9" START("02") " 04 " HASH("44") " 05 05 06 06 07 03 09 " HASH("99") " 0A 190100",
        "A9" START("02") " 04 " HASH("44") " 05 05 06 02 07 04 09 " HASH("99") " 0A 190100",
        /* the suite of another key */
        "A9" START("01") " 04 01 05 " SPKI " 06 02 07 03 09 " HASH("99") " 0A 190100",
        "A9" START("01") " 04 18FF 05 " SPKI " 06 02 07 03 09 " HASH("99") " 0A 190100",
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(payloads); i++) {
        struct qn_tx tx;
        if (decode(&tx, payloads[i]) != QN_ERR_MALFORMED) {
            fail_msg("payload %zu was taken", i);
        }
    }
}

static void an_activation_is_held_to_its_limits(void **state)
{
    (void)state;
#define WITH(activation)                                                                           \
    "AA" START("01") " 04 03 05 " SPKI " 06 02 07 03 09 " HASH("99") " 0A 190100 0B " activation
#define PATH_8                                                                                     \
    HASH("B1") HASH("B2") HASH("B3") HASH("B4") HASH("B5") HASH("B6") HASH("B7") HASH("B8")
    struct qn_tx tx;
    assert_int_equal(
        decode(&tx, WITH("A5 01 " HASH("A1") " 02 1AFFFFFFFF 03 " CODE_SPKI
                                             " 04 9818" PATH_8 PATH_8 PATH_8 " 05 41 CC")),
        QN_OK);
    assert_int_equal(tx.activation.path_count, QN_ACTIVATION_PATH_MAX);
    assert_int_equal(tx.activation.index, UINT32_MAX);
    assert_int_equal(
        decode(&tx, WITH("A5 01 " HASH("A1") " 02 00 03 " CODE_SPKI " 04 80 05 41 CC")), QN_OK);
    assert_int_equal(decode(&tx, WITH("A5 01 " HASH("A1") " 02 00 03 " CODE_SPKI
                                                          " 04 9819" PATH_8 PATH_8 PATH_8 HASH(
                                                              "B9") " 05 41 CC")),
                     QN_ERR_MALFORMED);
    assert_int_equal(decode(&tx, WITH("A5 01 " HASH("A1") " 02 1B0000000100000000 03 " CODE_SPKI
                                                          " 04 80 05 41 CC")),
                     QN_ERR_MALFORMED);
    assert_int_equal(
        decode(&tx, WITH("A5 01 " HASH("A1") " 02 00 03 " CODE_SPKI " 04 81 581F B1*31 05 41 CC")),
        QN_ERR_MALFORMED);
    assert_int_equal(decode(&tx, WITH("A5 01 " HASH("A1") " 02 00 03 " CODE_SPKI " 04 80 05 40")),
                     QN_ERR_MALFORMED);
#undef PATH_8
#undef WITH
}

static void a_key_of_no_known_suite_is_told_apart_from_bad_form(void **state)
{
    (void)state;
    struct qn_tx tx;
    assert_int_equal(decode(&tx, "A9" START("01") " 04 03 05 " ED25519_SPKI
                                                  " 06 02 07 03 09 " HASH("99") " 0A 190100"),
                     QN_ERR_UNKNOWN_SUITE);
    assert_int_equal(decode(&tx, "AA" START("01") " 04 03 05 " SPKI " 06 02 07 03 09 " HASH(
                                     "99") " 0A 190100 0B " ACTIVATION(ED25519_SPKI)),
                     QN_ERR_UNKNOWN_SUITE);
    assert_int_equal(decode(&tx, "A9" START("01") " 04 03 05 " ED25519_SPKI
                                                  " 06 06 07 03 09 " HASH("99") " 0A 190100"),
                     QN_ERR_MALFORMED);
}

static void a_transaction_above_its_limit_is_too_big(void **state)
{
    (void)state;
    static const uint8_t bytes[QN_TX_LEN_MAX + 1];
    struct qn_tx tx;
    struct qn_signed envelope;
    assert_int_equal(qn_tx_decode(&tx, &envelope, (struct qn_span){bytes, QN_TX_LEN_MAX}),
                     QN_ERR_MALFORMED);
    assert_int_equal(qn_tx_decode(&tx, &envelope, (struct qn_span){bytes, QN_TX_LEN_MAX + 1}),
                     QN_ERR_TOO_BIG);
}

/* Two ML-DSA-87 keys, two of its signatures and the longest path: what QN_TX_LEN_MAX is for. */
static void the_largest_transaction_fits_its_limit(void **state)
{
    (void)state;
    enum { ENVELOPE = 8 };
    struct qn_tx tx;
    uint8_t out[QN_TX_LEN_MAX];
    struct qn_span written;
    assert_int_equal(decode(&tx, REGISTER), QN_OK);
    tx.expires_ms = tx.valid_until_ms = UINT64_MAX;
    tx.key.spki_len = tx.activation.code_key.spki_len = QN_SPKI_LEN_MAX;
    tx.activation.path_count = QN_ACTIVATION_PATH_MAX;
    tx.activation.index = UINT32_MAX;
    tx.activation.signature.len = QN_NODE_SIGNATURE_LEN_MAX;
    memset(tx.endpoint.host, 'h', QN_HOST_LEN_MAX);
    tx.endpoint.port = UINT16_MAX;
    assert_int_equal(qn_tx_payload(&tx, out, sizeof out, &written), QN_OK);
    assert_true(written.len + QN_NODE_SIGNATURE_LEN_MAX + ENVELOPE <= QN_TX_LEN_MAX);
}

static void an_id_is_the_hash_of_all_bytes(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {1, 2, 3};
    struct qn_hash expected = qn_sha3((struct qn_span){bytes, sizeof bytes});
    struct qn_hash id = qn_tx_id((struct qn_span){bytes, sizeof bytes});
    assert_true(qn_hash_equal(&id, &expected));
}

static void the_activation_digest_covers_network_batch_index_and_node(void **state)
{
    (void)state;
    struct qn_network_id network;
    struct qn_hash root;
    struct qn_node_id id;
    memset(network.bytes, 0x99, sizeof network.bytes);
    memset(root.bytes, 0xA1, sizeof root.bytes);
    memset(id.bytes, 0x44, sizeof id.bytes);
    struct qn_buf *signed_bytes = qn_hex_buf("99*32 83 5820 A1*32 1AFFFFFFFF 5820 44*32");
    struct qn_hash expected = qn_sha3(qn_buf_span(signed_bytes));
    struct qn_hash digest = qn_activation_digest(&network, &root, UINT32_MAX, &id);
    assert_true(qn_hash_equal(&digest, &expected));
    qn_buf_drop(signed_bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(register_has_these_fields),
        cmocka_unit_test(register_may_lack_endpoint_and_activation),
        cmocka_unit_test(update_has_these_fields),
        cmocka_unit_test(revoke_has_these_fields),
        cmocka_unit_test(revoke_by_the_committee_names_its_signer),
        cmocka_unit_test(rotate_has_these_fields),
        cmocka_unit_test(issue_has_these_fields),
        cmocka_unit_test(validators_has_these_fields),
        cmocka_unit_test(evidence_has_these_fields),
        cmocka_unit_test(a_motion_is_the_same_whoever_signs_it),
        cmocka_unit_test(another_form_is_refused),
        cmocka_unit_test(an_activation_is_held_to_its_limits),
        cmocka_unit_test(a_key_of_no_known_suite_is_told_apart_from_bad_form),
        cmocka_unit_test(a_transaction_above_its_limit_is_too_big),
        cmocka_unit_test(the_largest_transaction_fits_its_limit),
        cmocka_unit_test(an_id_is_the_hash_of_all_bytes),
        cmocka_unit_test(the_activation_digest_covers_network_batch_index_and_node),
    };
    qn_test_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
