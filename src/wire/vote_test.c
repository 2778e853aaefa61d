/* Field by field; what holds for every message alike is in every_message_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "wire/testing/hex.h"
#include "wire/testing/run.h"
#include "wire/vote.h"

static void notarize_has_these_fields(void **state)
{
    (void)state;
    static const char hex[] = "A5 01 01 02 02 03 03 04 5820 44*32 05 42 BBCC";
    struct qn_buf *buf = qn_hex_buf(hex);
    struct qn_vote vote;
    assert_int_equal(qn_vote_decode(&vote, QN_VOTE_NOTARIZE, qn_buf_span(buf)), QN_OK);
    assert_int_equal(vote.kind, QN_VOTE_NOTARIZE);
    assert_int_equal(vote.epoch, 1);
    assert_int_equal(vote.view, 2);
    assert_int_equal(vote.parent_view, 3);
    assert_int_equal(vote.block_id.bytes[0], 0x44);
    assert_int_equal(vote.signature.len, 2);
    assert_memory_equal(vote.signature.bytes, "\xBB\xCC", 2);
    qn_assert_hex(qn_vote_encode(&vote), hex);
    qn_buf_drop(buf);
}

static void finalize_has_these_fields(void **state)
{
    (void)state;
    static const char hex[] = "A4 01 01 02 02 03 5820 33*32 04 41 BB";
    struct qn_buf *buf = qn_hex_buf(hex);
    struct qn_vote vote;
    assert_int_equal(qn_vote_decode(&vote, QN_VOTE_FINALIZE, qn_buf_span(buf)), QN_OK);
    assert_int_equal(vote.epoch, 1);
    assert_int_equal(vote.view, 2);
    assert_int_equal(vote.p.bytes[31], 0x33);
    qn_assert_hex(qn_vote_encode(&vote), hex);
    qn_buf_drop(buf);
}

static void nullify_has_these_fields(void **state)
{
    (void)state;
    static const char hex[] = "A3 01 01 02 02 03 41 BB";
    struct qn_buf *buf = qn_hex_buf(hex);
    struct qn_vote vote;
    assert_int_equal(qn_vote_decode(&vote, QN_VOTE_NULLIFY, qn_buf_span(buf)), QN_OK);
    assert_int_equal(vote.epoch, 1);
    assert_int_equal(vote.view, 2);
    qn_assert_hex(qn_vote_encode(&vote), hex);
    qn_buf_drop(buf);
}

static void one_kind_of_vote_is_not_another(void **state)
{
    (void)state;
    static const char *const hexes[] = {
        [QN_VOTE_NOTARIZE] = "A5 01 01 02 02 03 03 04 5820 44*32 05 42 BBCC",
        [QN_VOTE_FINALIZE] = "A4 01 01 02 02 03 5820 33*32 04 41 BB",
        [QN_VOTE_NULLIFY] = "A3 01 01 02 02 03 41 BB",
    };
    for (unsigned made = QN_VOTE_NOTARIZE; made <= QN_VOTE_NULLIFY; made++) {
        struct qn_buf *buf = qn_hex_buf(hexes[made]);
        for (unsigned read = QN_VOTE_NOTARIZE; read <= QN_VOTE_NULLIFY; read++) {
            struct qn_vote vote;
            assert_int_equal(qn_vote_decode(&vote, (enum qn_vote_kind)read, qn_buf_span(buf)),
                             made == read ? QN_OK : QN_ERR_MALFORMED);
        }
        qn_buf_drop(buf);
    }
}

static void signatures_have_a_length_that_a_node_may_sign(void **state)
{
    (void)state;
    struct qn_vote vote;
    struct qn_buf *buf = qn_hex_buf("A3 01 01 02 02 03 59 1213 BB*4627");
    assert_int_equal(qn_vote_decode(&vote, QN_VOTE_NULLIFY, qn_buf_span(buf)), QN_OK);
    assert_int_equal(vote.signature.len, 4627);
    qn_buf_drop(buf);
    static const char *const refused[] = {"A3 01 01 02 02 03 59 1214 BB*4628",
                                          "A3 01 01 02 02 03 40"};
    for (size_t i = 0; i < QN_ARRAY_COUNT(refused); i++) {
        buf = qn_hex_buf(refused[i]);
        assert_int_equal(qn_vote_decode(&vote, QN_VOTE_NULLIFY, qn_buf_span(buf)),
                         QN_ERR_MALFORMED);
        qn_buf_drop(buf);
    }
}

static void propose_has_these_fields(void **state)
{
    (void)state;
    static const char hex[] = "A5 01 01 02 02 03 03 04 43 A1B2C3 05 42 BBCC";
    struct qn_buf *buf = qn_hex_buf(hex);
    struct qn_propose propose;
    assert_int_equal(qn_propose_decode(&propose, qn_buf_span(buf)), QN_OK);
    assert_int_equal(propose.epoch, 1);
    assert_int_equal(propose.view, 2);
    assert_int_equal(propose.parent_view, 3);
    assert_ptr_equal(propose.block.at, buf->bytes + 9);
    assert_int_equal(propose.block.len, 3);
    assert_int_equal(propose.signature.len, 2);
    qn_assert_hex(qn_propose_encode(&propose), hex);
    qn_buf_drop(buf);
}

static struct qn_hash digest_of(const char *hex)
{
    struct qn_buf *buf = qn_hex_buf(hex);
    struct qn_hash hash = qn_sha3(qn_buf_span(buf));
    qn_buf_drop(buf);
    return hash;
}

static void digests_cover_the_network_and_every_field(void **state)
{
    (void)state;
    struct qn_network_id network;
    struct qn_hash block_id;
    memset(network.bytes, 0x99, sizeof network.bytes);
    memset(block_id.bytes, 0x44, sizeof block_id.bytes);
    struct qn_hash p = qn_proposal_digest(&network, 1, 256, UINT64_MAX, &block_id);
    struct qn_hash expected = digest_of("99*32 84 01 190100 1BFFFFFFFFFFFFFFFF 5820 44*32");
    assert_true(qn_hash_equal(&p, &expected));
    struct qn_hash nullify = qn_nullify_digest(&network, 1, 256);
    expected = digest_of("99*32 82 01 190100");
    assert_true(qn_hash_equal(&nullify, &expected));
    assert_int_equal(qn_vote_sign_kind(QN_VOTE_NOTARIZE), QN_SIGN_NOTARIZE);
    assert_int_equal(qn_vote_sign_kind(QN_VOTE_FINALIZE), QN_SIGN_FINALIZE);
    assert_int_equal(qn_vote_sign_kind(QN_VOTE_NULLIFY), QN_SIGN_NULLIFY);
}

static void status_has_these_fields(void **state)
{
    (void)state;
    static const char hex[] = "A5 01 01 02 02 03 03 04 5820 44*32 05 09";
    struct qn_buf *buf = qn_hex_buf(hex);
    struct qn_status status;
    assert_int_equal(qn_status_decode(&status, qn_buf_span(buf)), QN_OK);
    assert_int_equal(status.epoch, 1);
    assert_int_equal(status.view, 2);
    assert_int_equal(status.final_height, 3);
    assert_int_equal(status.final_id.bytes[0], 0x44);
    assert_int_equal(status.ceiling, 9);
    qn_assert_hex(qn_status_encode(&status), hex);
    qn_buf_drop(buf);
}

static void a_request_wants_a_view_or_a_height(void **state)
{
    (void)state;
    for (unsigned want = 0; want <= 3; want++) {
        struct qn_buf *buf = qn_hex_buf("A2 01 00 02 18 64");
        struct qn_consensus_request request;
        bool is_known = want == QN_WANT_VIEW || want == QN_WANT_HEIGHT;
        buf->bytes[2] = (uint8_t)want;
        assert_int_equal(qn_consensus_request_decode(&request, qn_buf_span(buf)),
                         is_known ? QN_OK : QN_ERR_MALFORMED);
        if (is_known) {
            assert_int_equal(request.want, want);
            assert_int_equal(request.number, 100);
        }
        qn_buf_drop(buf);
    }
}

static void recover_has_these_fields(void **state)
{
    (void)state;
    static const char hex[] = "A2 01 01 02 1903E8";
    struct qn_buf *buf = qn_hex_buf(hex);
    struct qn_recover recover;
    assert_int_equal(qn_recover_decode(&recover, qn_buf_span(buf)), QN_OK);
    assert_int_equal(recover.epoch, 1);
    assert_int_equal(recover.nonce, 1000);
    qn_assert_hex(qn_recover_encode(&recover), hex);
    qn_buf_drop(buf);
}

static void recover_reply_has_these_fields(void **state)
{
    (void)state;
    static const char bare[] = "A7 01 01 02 02 03 03 04 04 05 05 06 F5 0A 41 BB";
    static const char full[] =
        "AA 01 01 02 02 03 01 04 04 05 05 06 F4 07 42 CCCC 08 03 09 41 DD 0A 41 BB";
    struct qn_buf *buf = qn_hex_buf(bare);
    struct qn_recover_reply reply;
    assert_int_equal(qn_recover_reply_decode(&reply, qn_buf_span(buf)), QN_OK);
    assert_int_equal(reply.epoch, 1);
    assert_int_equal(reply.nonce, 2);
    assert_int_equal(reply.state, QN_RECOVER_LOST);
    assert_int_equal(reply.view, 4);
    assert_int_equal(reply.ceiling, 5);
    assert_true(reply.asked_before);
    assert_int_equal(reply.cert.len, 0);
    assert_int_equal(reply.vote_kind, 0);
    qn_assert_hex(qn_recover_reply_encode(&reply), bare);
    qn_buf_drop(buf);
    buf = qn_hex_buf(full);
    assert_int_equal(qn_recover_reply_decode(&reply, qn_buf_span(buf)), QN_OK);
    assert_int_equal(reply.state, QN_RECOVER_NORMAL);
    assert_false(reply.asked_before);
    assert_int_equal(reply.cert.len, 2);
    assert_int_equal(reply.vote_kind, QN_VOTE_NULLIFY);
    assert_int_equal(reply.vote.at[0], 0xDD);
    qn_assert_hex(qn_recover_reply_encode(&reply), full);
    qn_buf_drop(buf);
}

/* A vote without its kind, a kind without its vote, and kinds and states that there are not. */
static void a_recover_reply_is_whole(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "A8 01 01 02 02 03 03 04 04 05 05 06 F5 08 03 0A 41 BB",
        "A8 01 01 02 02 03 03 04 04 05 05 06 F5 09 41 DD 0A 41 BB",
        "A9 01 01 02 02 03 01 04 04 05 05 06 F4 08 00 09 41 DD 0A 41 BB",
        "A9 01 01 02 02 03 01 04 04 05 05 06 F4 08 04 09 41 DD 0A 41 BB",
        "A7 01 01 02 02 03 00 04 04 05 05 06 F5 0A 41 BB",
        "A7 01 01 02 02 03 04 04 04 05 05 06 F5 0A 41 BB",
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(broken); i++) {
        struct qn_buf *buf = qn_hex_buf(broken[i]);
        struct qn_recover_reply reply;
        assert_int_equal(qn_recover_reply_decode(&reply, qn_buf_span(buf)), QN_ERR_MALFORMED);
        qn_buf_drop(buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notarize_has_these_fields),
        cmocka_unit_test(finalize_has_these_fields),
        cmocka_unit_test(nullify_has_these_fields),
        cmocka_unit_test(one_kind_of_vote_is_not_another),
        cmocka_unit_test(signatures_have_a_length_that_a_node_may_sign),
        cmocka_unit_test(propose_has_these_fields),
        cmocka_unit_test(digests_cover_the_network_and_every_field),
        cmocka_unit_test(status_has_these_fields),
        cmocka_unit_test(a_request_wants_a_view_or_a_height),
        cmocka_unit_test(recover_has_these_fields),
        cmocka_unit_test(recover_reply_has_these_fields),
        cmocka_unit_test(a_recover_reply_is_whole),
    };
    qn_test_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
