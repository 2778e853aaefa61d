#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "wire/frame.h"
#include "wire/testing/hex.h"
#include "wire/testing/run.h"
#include "wire/testing/sample.h"
#include "wire/vote.h"

/* Of validators 0, 2 and 9. */
#define NOTARIZE_HEX "A7 01 01 02 02 03 03 04 04 05 5820 55*32 06 42 0502 07 83 41 A0 42 A2A2 41 A9"
#define NULLIFY_HEX "A5 01 03 02 02 03 03 06 42 0502 07 83 41 A0 42 A2A2 41 A9"

static void a_certificate_has_these_fields(void **state)
{
    (void)state;
    struct qn_buf *buf = qn_hex_buf(NOTARIZE_HEX);
    struct qn_cert cert;
    assert_int_equal(qn_cert_decode(&cert, qn_buf_span(buf)), QN_OK);
    assert_int_equal(cert.kind, QN_VOTE_NOTARIZE);
    assert_int_equal(cert.epoch, 2);
    assert_int_equal(cert.view, 3);
    assert_int_equal(cert.parent_view, 4);
    assert_int_equal(cert.block_id.bytes[0], 0x55);
    assert_int_equal(cert.bitmap_len, 2);
    assert_int_equal(cert.signature_count, 3);
    assert_int_equal(cert.signatures[1].len, 2);
    assert_int_equal(cert.signatures[1].at[0], 0xA2);
    qn_assert_hex(qn_cert_encode(&cert), NOTARIZE_HEX);
    qn_buf_drop(buf);
}

static void a_nullification_names_no_block(void **state)
{
    (void)state;
    struct qn_buf *buf = qn_hex_buf(NULLIFY_HEX);
    struct qn_cert cert;
    assert_int_equal(qn_cert_decode(&cert, qn_buf_span(buf)), QN_OK);
    assert_int_equal(cert.kind, QN_VOTE_NULLIFY);
    assert_int_equal(cert.parent_view, 0);
    assert_true(qn_hash_is_zero(&cert.block_id));
    qn_assert_hex(qn_cert_encode(&cert), NULLIFY_HEX);
    qn_buf_drop(buf);
}

static void signers_are_the_set_bits_in_order(void **state)
{
    (void)state;
    struct qn_buf *buf = qn_hex_buf(NOTARIZE_HEX);
    struct qn_cert cert;
    assert_int_equal(qn_cert_decode(&cert, qn_buf_span(buf)), QN_OK);
    assert_int_equal(qn_cert_signer(&cert, 0), 0);
    assert_int_equal(qn_cert_signer(&cert, 1), 2);
    assert_int_equal(qn_cert_signer(&cert, 2), 9);
    assert_int_equal(qn_cert_signer(&cert, 3), -1);
    assert_int_equal(qn_cert_signer(&cert, SIZE_MAX), -1);
    qn_buf_drop(buf);
}

static void another_form_is_refused(void **state)
{
    (void)state;
    static const char *const forms[] = {
        /* kind 0, kind 4 */
        "A7 01 00 02 02 03 03 04 04 05 5820 55*32 06 41 01 07 81 41 A0",
        "A7 01 04 02 02 03 03 04 04 05 5820 55*32 06 41 01 07 81 41 A0",
        /* a nullification with a block, a notarization without */
        "A7 01 03 02 02 03 03 04 04 05 5820 55*32 06 41 01 07 81 41 A0",
        "A5 01 01 02 02 03 03 06 41 01 07 81 41 A0",
        /* a bit without a signature, a signature without a bit, neither */
        "A5 01 03 02 02 03 03 06 41 03 07 81 41 A0",
        "A5 01 03 02 02 03 03 06 41 01 07 82 41 A0 41 A1",
        "A5 01 03 02 02 03 03 06 41 00 07 80",
        /* no bitmap, one longer than any committee's */
        "A5 01 03 02 02 03 03 06 40 07 80",
        "A5 01 03 02 02 03 03 06 4E 01 00*13 07 81 41 A0",
        /* an empty signature, one too long */
        "A5 01 03 02 02 03 03 06 41 01 07 81 40",
        "A5 01 03 02 02 03 03 06 41 01 07 81 59 1214 A0*4628",
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(forms); i++) {
        struct qn_buf *buf = qn_hex_buf(forms[i]);
        struct qn_cert cert;
        if (qn_cert_decode(&cert, qn_buf_span(buf)) != QN_ERR_MALFORMED) {
            fail_msg("%s was taken", forms[i]);
        }
        qn_buf_drop(buf);
    }
}

/* A certificate with signatures of one byte each by validators first..first+count-1. */
static struct qn_cert cert_by(size_t bitmap_len, size_t first, size_t count)
{
    static const uint8_t signature[] = {0xA0};
    struct qn_cert cert = {
        .kind = QN_VOTE_NULLIFY,
        .bitmap_len = bitmap_len,
        .signature_count = count,
    };
    for (size_t i = 0; i < count; i++) {
        cert.bitmap[(first + i) / 8] |= (uint8_t)(1U << (first + i) % 8);
        cert.signatures[i] = (struct qn_span){signature, 1};
    }
    return cert;
}

static void no_more_signatures_than_the_largest_quorum_decode(void **state)
{
    (void)state;
    assert_int_equal(QN_CERT_SIGNATURES_MAX, qn_quorum(QN_VALIDATORS_MAX));
    assert_int_equal(QN_CERT_SIGNATURES_MAX, 67);
    struct qn_cert cert = cert_by(QN_CERT_BITMAP_LEN_MAX, 30, QN_CERT_SIGNATURES_MAX);
    struct qn_cert decoded;
    struct qn_buf *most = qn_cert_encode(&cert);
    assert_int_equal(qn_cert_decode(&decoded, qn_buf_span(most)), QN_OK);
    assert_int_equal(decoded.signature_count, QN_CERT_SIGNATURES_MAX);

    /* One more, by validator 0. */
    struct qn_buf *more = qn_buf_new(most->len + 2);
    memcpy(more->bytes, most->bytes, most->len);
    memcpy(more->bytes + most->len, "\x41\xA0", 2);
    size_t bitmap_at = 9;
    assert_int_equal(more->bytes[bitmap_at - 2], 6); /* key, then the bitmap's head */
    more->bytes[bitmap_at] |= 1;
    uint8_t *count = more->bytes + bitmap_at + QN_CERT_BITMAP_LEN_MAX + 2;
    assert_int_equal(*count, QN_CERT_SIGNATURES_MAX);
    *count += 1;
    assert_int_equal(qn_cert_decode(&decoded, qn_buf_span(more)), QN_ERR_MALFORMED);
    qn_buf_drop(more);
    qn_buf_drop(most);
}

static struct qn_validator_set make_set(size_t count)
{
    struct qn_sampler s = {.size = QN_SAMPLE_RANDOM};
    struct qn_public_key *keys = calloc(count, sizeof *keys);
    struct qn_validator_set set;
    assert_non_null(keys);
    qn_rng_init(&s.rng, count);
    for (size_t i = 0; i < count; i++) {
        keys[i] = qn_sample_public_key(&s);
    }
    assert_int_equal(qn_validator_set_init(&set, keys, count), QN_OK);
    free(keys);
    return set;
}

static void exactly_one_quorum_of_members_is_taken(void **state)
{
    (void)state;
    static const size_t counts[] = {4, 5, 6, 7, 8, 9, 16, 99, 100};
    for (size_t i = 0; i < QN_ARRAY_COUNT(counts); i++) {
        struct qn_validator_set set = make_set(counts[i]);
        size_t quorum = qn_quorum(set.count);
        size_t bitmap_len = (counts[i] + 7) / 8;
        struct qn_cert cert = cert_by(bitmap_len, 0, quorum);
        assert_int_equal(qn_cert_check_members(&cert, &set), QN_OK);
        cert = cert_by(bitmap_len, counts[i] - quorum, quorum);
        assert_int_equal(qn_cert_check_members(&cert, &set), QN_OK);
        cert = cert_by(bitmap_len, 0, quorum - 1);
        assert_int_equal(qn_cert_check_members(&cert, &set), QN_ERR_NO_QUORUM);
        if (quorum < QN_CERT_SIGNATURES_MAX) {
            cert = cert_by(bitmap_len, 0, quorum + 1);
            assert_int_equal(qn_cert_check_members(&cert, &set), QN_ERR_NO_QUORUM);
        }
        qn_validator_set_fini(&set);
    }
}

static void a_bitmap_of_another_committee_is_malformed(void **state)
{
    (void)state;
    struct qn_validator_set set = make_set(5);
    struct qn_cert cert = cert_by(1, 2, 4); /* validator 5 of 0..4 */
    assert_int_equal(qn_cert_check_members(&cert, &set), QN_ERR_MALFORMED);
    cert = cert_by(2, 0, 4); /* one byte more than five validators need */
    assert_int_equal(qn_cert_check_members(&cert, &set), QN_ERR_MALFORMED);
    cert = cert_by(1, 0, 4);
    cert.signature_count = 3; /* cannot come from a decoder */
    assert_int_equal(qn_cert_check_members(&cert, &set), QN_ERR_MALFORMED);
    qn_validator_set_fini(&set);

    set = make_set(9);
    cert = cert_by(1, 0, 7);
    assert_int_equal(qn_cert_check_members(&cert, &set), QN_ERR_MALFORMED);
    qn_validator_set_fini(&set);
}

static void its_digest_is_what_each_vote_signed(void **state)
{
    (void)state;
    struct qn_network_id network;
    memset(network.bytes, 0x99, sizeof network.bytes);
    struct qn_cert cert = {.epoch = 1, .view = 2, .parent_view = 3};
    memset(cert.block_id.bytes, 0x55, sizeof cert.block_id.bytes);
    struct qn_hash p = qn_proposal_digest(&network, 1, 2, 3, &cert.block_id);
    struct qn_hash nullify = qn_nullify_digest(&network, 1, 2);

    cert.kind = QN_VOTE_NOTARIZE;
    struct qn_hash digest = qn_cert_digest(&cert, &network);
    assert_true(qn_hash_equal(&digest, &p));
    cert.kind = QN_VOTE_FINALIZE;
    digest = qn_cert_digest(&cert, &network);
    assert_true(qn_hash_equal(&digest, &p));
    cert.kind = QN_VOTE_NULLIFY;
    digest = qn_cert_digest(&cert, &network);
    assert_true(qn_hash_equal(&digest, &nullify));
}

static void the_largest_certificate_has_exactly_its_limit(void **state)
{
    (void)state;
    uint8_t signature[QN_NODE_SIGNATURE_LEN_MAX] = {0};
    struct qn_cert cert = cert_by(QN_CERT_BITMAP_LEN_MAX, 33, QN_CERT_SIGNATURES_MAX);
    cert.kind = QN_VOTE_FINALIZE;
    cert.epoch = cert.view = cert.parent_view = UINT64_MAX;
    for (size_t i = 0; i < cert.signature_count; i++) {
        cert.signatures[i] = (struct qn_span){signature, sizeof signature};
    }
    struct qn_buf *buf = qn_cert_encode(&cert);
    assert_int_equal(buf->len, QN_CERT_LEN_MAX);
    assert_int_equal(qn_kind_find(QN_CERT)->len_max, QN_CERT_LEN_MAX);
    qn_buf_drop(buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_has_these_fields),
        cmocka_unit_test(a_nullification_names_no_block),
        cmocka_unit_test(signers_are_the_set_bits_in_order),
        cmocka_unit_test(another_form_is_refused),
        cmocka_unit_test(no_more_signatures_than_the_largest_quorum_decode),
        cmocka_unit_test(exactly_one_quorum_of_members_is_taken),
        cmocka_unit_test(a_bitmap_of_another_committee_is_malformed),
        cmocka_unit_test(its_digest_is_what_each_vote_signed),
        cmocka_unit_test(the_largest_certificate_has_exactly_its_limit),
    };
    qn_test_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
