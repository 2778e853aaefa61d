/* Block sync against honest, lying, silent and busy sources. */
#include "consensus/follower_state.h"
#include "consensus/testing/harness_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CHAIN = 200, VALIDATORS = 5, HONEST = 1, LIAR = 2, OTHER = 3 };

struct kit {
    struct harness *h; /* for its keys only */
    struct qn_block *blocks[CHAIN + 1];
    struct qn_follower *f;
    struct qn_follower_actions actions;
    qn_time_us now;

    bool asked;
    struct qn_follower_action request; /* the last one */
    unsigned request_count;
    unsigned verify_count;
    unsigned good_count; /* good verifications of the certificate under way */
    unsigned check_count;
    unsigned fault_count;
    qn_follower_source accused;
    uint64_t height; /* committed */
    uint64_t refused_height;
    bool hold_checks; /* CHECKs are not answered */
    bool executed[CHAIN + 1];
};

static struct qn_block *make_block(const struct harness *h, const struct qn_block *parent,
                                   uint8_t salt)
{
    struct qn_header header = {.version = 1, .network = *harness_network(h), .time_ms = 1};

    if (parent != NULL) {
        header.height = parent->header.height + 1;
        header.parent = parent->id;
    }
    header.state_root.bytes[0] = salt;
    return qn_block_new(&header, NULL, 0);
}

/* bad: index of a signature that is spoilt, or -1; signers may be other than q. */
static struct qn_buf *make_cert_of(const struct kit *kit, const struct qn_block *block,
                                   enum qn_vote_kind kind, unsigned signers, int bad)
{
    struct qn_cert cert = {.kind = kind,
                           .view = block->header.height + 5,
                           .parent_view = block->header.height + 4,
                           .block_id = block->id,
                           .bitmap_len = 1,
                           .bitmap = {(uint8_t)((1U << signers) - 1)},
                           .signature_count = signers};
    struct qn_signature signatures[VALIDATORS];

    struct qn_hash digest = qn_cert_digest(&cert, harness_network(kit->h));
    for (unsigned i = 0; i < signers; i++) {
        harness_sign(kit->h, &signatures[i], (int)i, qn_vote_sign_kind(kind), &digest);
        signatures[i].bytes[0] ^= (int)i == bad ? 1U : 0U;
        cert.signatures[i] = (struct qn_span){signatures[i].bytes, signatures[i].len};
    }
    return qn_cert_encode(&cert);
}

static struct qn_buf *make_cert(const struct kit *kit, const struct qn_block *block)
{
    return make_cert_of(kit, block, QN_VOTE_FINALIZE, qn_quorum(VALIDATORS), -1);
}

static struct kit *kit_new(void)
{
    struct kit *kit = calloc(1, sizeof *kit);
    struct harness_config config = {
        .n = VALIDATORS, .seed = 1, .delta = 1, .delay_min = 1, .delay_max = 1};

    assert_non_null(kit);
    kit->h = harness_new(&config);
    for (unsigned i = 0; i <= CHAIN; i++) {
        kit->blocks[i] = make_block(kit->h, i == 0 ? NULL : kit->blocks[i - 1], 0);
    }
    struct qn_follower_config follower = {.network = *harness_network(kit->h),
                                          .validators = harness_validators(kit->h),
                                          .final_id = kit->blocks[0]->id};
    kit->f = qn_follower_new(&follower);
    qn_follower_actions_init(&kit->actions);
    return kit;
}

static void kit_free(struct kit *kit)
{
    for (unsigned i = 0; i <= CHAIN; i++) {
        qn_block_drop(kit->blocks[i]);
    }
    qn_follower_free(kit->f);
    qn_follower_actions_fini(&kit->actions);
    harness_free(kit->h);
    free(kit);
}

static void on_verify(struct kit *kit, const struct qn_follower_action *action)
{
    struct qn_span signature = {action->signature.bytes, action->signature.len};
    bool good =
        harness_verify(kit->h, action->validator, action->sign_kind, &action->digest, signature);

    kit->verify_count += 1;
    kit->good_count += good;
    qn_follower_on_verified(kit->f, &kit->actions, action->cookie, good, kit->now);
}

/* Nothing is executed before a quorum's signatures for it or for a later block were found good. */
static void on_check(struct kit *kit, const struct qn_follower_action *action)
{
    uint64_t height = action->block->header.height;

    kit->check_count += 1;
    assert_int_equal(height, kit->height + 1);
    assert_true(kit->good_count >= qn_quorum(VALIDATORS));
    if (kit->hold_checks) {
        return;
    }
    bool refused = height == kit->refused_height;
    kit->executed[height] = !refused;
    qn_follower_on_checked(kit->f, &kit->actions, action->cookie,
                           refused ? QN_ERR_WRONG_ROOT : QN_OK, kit->now);
}

static void on_commit(struct kit *kit, const struct qn_follower_action *action)
{
    uint64_t height = action->block->header.height;

    assert_int_equal(height, kit->height + 1);
    assert_true(kit->executed[height]);
    assert_true(qn_hash_equal(&action->block->id, &kit->blocks[height]->id));
    assert_int_equal(action->view, action->cert != NULL ? height + 5 : 0);
    kit->height = height;
}

static void pump(struct kit *kit)
{
    struct qn_follower_action action;

    while (qn_follower_actions_pop(&kit->actions, &action)) {
        switch (action.kind) {
        case QN_FOLLOWER_REQUEST:
            kit->asked = true;
            kit->request = action;
            kit->request_count += 1;
            if (action.request.from_height == kit->height + 1) { /* not one that is asked ahead */
                kit->good_count = 0;
            }
            break;
        case QN_FOLLOWER_VERIFY:
            on_verify(kit, &action);
            break;
        case QN_FOLLOWER_CHECK:
            on_check(kit, &action);
            break;
        case QN_FOLLOWER_COMMIT:
            on_commit(kit, &action);
            break;
        case QN_FOLLOWER_FAULT:
            kit->fault_count += 1;
            kit->accused = action.source;
            break;
        }
        qn_block_drop(action.block);
        qn_buf_drop(action.cert);
    }
}

static void head(struct kit *kit, qn_follower_source source, uint64_t height)
{
    qn_follower_on_head(kit->f, &kit->actions, source, height, kit->now);
    pump(kit);
}

static void wait(struct kit *kit, qn_time_us duration)
{
    kit->now += duration;
    qn_follower_poll(kit->f, &kit->actions, kit->now);
    pump(kit);
}

/* Answers the request under way with bytes; takes over the reference. */
static enum qn_err reply_bytes(struct kit *kit, struct qn_buf *bytes)
{
    assert_true(kit->asked);
    kit->asked = false;
    enum qn_err err = qn_follower_on_blocks(kit->f, &kit->actions, kit->request.source,
                                            qn_buf_span(bytes), kit->now);
    qn_buf_drop(bytes);
    pump(kit);
    return err;
}

static struct qn_buf *encode(const struct qn_blocks *blocks)
{
    struct qn_buf *bytes = NULL;

    assert_int_equal(qn_blocks_encode(&bytes, blocks), QN_OK);
    return bytes;
}

/* These blocks; certificates for every nth of them and for the last. */
static struct qn_buf *make_reply(const struct kit *kit, uint64_t from, size_t count, size_t nth)
{
    struct qn_blocks blocks = {.count = count};
    struct qn_buf *certs[QN_BLOCKS_PER_REPLY_MAX] = {0};

    for (size_t i = 0; i < count; i++) {
        blocks.items[i].block = qn_buf_span(kit->blocks[from + i]->encoded);
        if (i + 1 == count || i % nth == 0) {
            certs[i] = make_cert(kit, kit->blocks[from + i]);
            blocks.items[i].cert = qn_buf_span(certs[i]);
        }
    }
    struct qn_buf *bytes = encode(&blocks);
    for (size_t i = 0; i < count; i++) {
        qn_buf_drop(certs[i]);
    }
    return bytes;
}

static enum qn_err reply_one(struct kit *kit, const struct qn_block *block, struct qn_buf *cert)
{
    struct qn_blocks blocks = {.count = 1};

    blocks.items[0].block = qn_buf_span(block->encoded);
    if (cert != NULL) {
        blocks.items[0].cert = qn_buf_span(cert);
    }
    struct qn_buf *bytes = encode(&blocks);
    qn_buf_drop(cert);
    return reply_bytes(kit, bytes);
}

static void syncs_a_long_chain_in_several_replies(void **state)
{
    (void)state;
    struct kit *kit = kit_new();

    head(kit, HONEST, CHAIN);
    assert_int_equal(qn_follower_target(kit->f), CHAIN);
    while (kit->height < CHAIN) {
        uint64_t from = kit->request.request.from_height;
        assert_int_equal(from, kit->height + 1);
        size_t left = CHAIN - kit->height;
        size_t count = left < 48 ? left : 48;
        assert_int_equal(reply_bytes(kit, make_reply(kit, from, count, 1)), QN_OK);
    }
    assert_int_equal(qn_follower_height(kit->f), CHAIN);
    assert_int_equal(kit->verify_count, CHAIN * qn_quorum(VALIDATORS)); /* each certificate once */
    assert_false(kit->asked);
    assert_int_equal(qn_follower_deadline(kit->f), UINT64_MAX);
    kit_free(kit);
}

static void blocks_without_certificate_are_proved_by_a_later_one(void **state)
{
    (void)state;
    struct kit *kit = kit_new();

    head(kit, HONEST, 20);
    assert_int_equal(reply_bytes(kit, make_reply(kit, 1, 20, 1000)), QN_OK);
    assert_int_equal(kit->height, 20);
    assert_int_equal(kit->verify_count, 2 * qn_quorum(VALIDATORS)); /* of the first and last */
    kit_free(kit);
}

/* Blocks from 1 on without certificates, the headers above them up to top, and top's certificate. */
static struct qn_buf *make_path_reply(const struct kit *kit, size_t count, size_t skip, size_t top,
                                      struct qn_buf *cert)
{
    struct qn_blocks blocks = {.count = count};
    uint8_t headers[CHAIN][QN_HEADER_LEN_MAX];

    for (size_t i = 0; i < count; i++) {
        blocks.items[i].block = qn_buf_span(kit->blocks[1 + i]->encoded);
    }
    for (size_t height = count + 1 + skip; height <= top; height++) {
        size_t at = blocks.header_count++;
        assert_int_equal(qn_header_encode(&kit->blocks[height]->header, headers[at],
                                          sizeof headers[at], &blocks.headers[at]),
                         QN_OK);
    }
    blocks.cert = qn_buf_span(cert);
    struct qn_buf *bytes = encode(&blocks);
    qn_buf_drop(cert);
    return bytes;
}

static void old_blocks_are_proved_by_the_headers_above_them(void **state)
{
    (void)state;
    struct kit *kit = kit_new();

    head(kit, HONEST, 30);
    assert_int_equal(
        reply_bytes(kit, make_path_reply(kit, 30, 0, CHAIN, make_cert(kit, kit->blocks[CHAIN]))),
        QN_OK);
    assert_int_equal(kit->height, 30);
    assert_int_equal(kit->verify_count, qn_quorum(VALIDATORS)); /* one certificate for all */
    kit_free(kit);
}

static void paths_that_prove_nothing_are_refused(void **state)
{
    (void)state;
    struct kit *kit = kit_new();
    const struct qn_block *top = kit->blocks[60];

    head(kit, LIAR, 40);
    assert_int_equal(reply_bytes(kit, make_path_reply(kit, 40, 1, 60, make_cert(kit, top))),
                     QN_ERR_WRONG_PARENT); /* a header is missing */
    wait(kit, 2 * QN_FOLLOWER_RETRY_MIN);
    assert_int_equal(reply_bytes(kit, make_path_reply(kit, 40, 0, 59, make_cert(kit, top))),
                     QN_ERR_NO_QUORUM); /* the certificate is another block's */
    wait(kit, 4 * QN_FOLLOWER_RETRY_MIN);
    struct qn_buf *notarized = make_cert_of(kit, top, QN_VOTE_NOTARIZE, qn_quorum(VALIDATORS), -1);
    assert_int_equal(reply_bytes(kit, make_path_reply(kit, 40, 0, 60, notarized)),
                     QN_ERR_NO_QUORUM); /* not of the kind that makes final */
    wait(kit, 8 * QN_FOLLOWER_RETRY_MIN);
    assert_int_equal(kit->verify_count, 0);
    struct qn_buf *forged = make_cert_of(kit, top, QN_VOTE_FINALIZE, qn_quorum(VALIDATORS), 1);
    assert_int_equal(reply_bytes(kit, make_path_reply(kit, 40, 0, 60, forged)), QN_OK);
    assert_int_equal(kit->fault_count, 1);
    assert_int_equal(kit->check_count, 0);
    assert_int_equal(kit->height, 0);
    kit_free(kit);
}

/* A block that nobody voted for, below headers that are good: they do not stand on it. */
static void path_must_stand_on_the_last_block(void **state)
{
    (void)state;
    struct kit *kit = kit_new();
    struct qn_block *honest = kit->blocks[1];
    struct qn_block *forged = make_block(kit->h, kit->blocks[0], 9);

    head(kit, LIAR, 1);
    kit->blocks[1] = forged;
    struct qn_buf *bytes = make_path_reply(kit, 1, 0, 30, make_cert(kit, kit->blocks[30]));
    kit->blocks[1] = honest;
    assert_int_equal(reply_bytes(kit, bytes), QN_ERR_WRONG_PARENT);
    assert_int_equal(kit->verify_count + kit->check_count, 0);
    qn_block_drop(forged);
    kit_free(kit);
}

static void what_comes_next_is_asked_for_while_a_reply_is_executed(void **state)
{
    (void)state;
    struct kit *kit = kit_new();

    head(kit, HONEST, 20);
    head(kit, OTHER, 20);
    kit->hold_checks = true;
    assert_int_equal(reply_bytes(kit, make_reply(kit, 1, 8, 1000)), QN_OK);
    assert_int_equal(kit->height, 0);
    assert_int_equal(kit->request.source, OTHER);
    assert_int_equal(kit->request.request.from_height, 9);
    assert_int_equal(reply_bytes(kit, make_reply(kit, 9, 8, 1000)), QN_OK); /* kept for its turn */
    kit->hold_checks = false;
    kit->executed[1] = true;
    qn_follower_on_checked(kit->f, &kit->actions, kit->f->generation << 18, QN_OK, kit->now);
    pump(kit);
    assert_int_equal(kit->height, 16);
    assert_int_equal(kit->request.request.from_height, 17);
    kit_free(kit);
}

/* What was asked ahead may be of no use, and its sender a liar: then as if it had been asked just now. */
static void bad_answer_asked_for_ahead_accuses_its_source(void **state)
{
    (void)state;
    struct kit *kit = kit_new();

    head(kit, HONEST, 20);
    head(kit, LIAR, 20);
    kit->hold_checks = true;
    assert_int_equal(reply_bytes(kit, make_reply(kit, 1, 8, 1000)), QN_OK);
    assert_int_equal(kit->request.source, LIAR);
    struct qn_buf *junk = make_reply(kit, 9, 8, 1000);
    junk->len -= 1;
    assert_int_equal(reply_bytes(kit, junk), QN_OK);
    kit->hold_checks = false;
    kit->executed[1] = true;
    qn_follower_on_checked(kit->f, &kit->actions, kit->f->generation << 18, QN_OK, kit->now);
    pump(kit);
    assert_int_equal(kit->height, 8);
    assert_int_equal(kit->accused, LIAR);
    assert_int_equal(kit->request.source, HONEST);
    assert_int_equal(kit->request.request.from_height, 9);
    kit_free(kit);
}

static void last_block_must_have_a_certificate(void **state)
{
    (void)state;
    struct kit *kit = kit_new();

    head(kit, LIAR, 1);
    assert_int_equal(reply_one(kit, kit->blocks[1], NULL), QN_ERR_NO_QUORUM);
    assert_int_equal(kit->height, 0);
    assert_int_equal(kit->check_count + kit->verify_count, 0);
    kit_free(kit);
}

static void bad_signature_accuses_the_source_and_the_next_is_asked(void **state)
{
    (void)state;
    unsigned quorum = qn_quorum(VALIDATORS);

    for (unsigned bad = 0; bad < quorum; bad++) {
        struct kit *kit = kit_new();
        head(kit, LIAR, 1);
        head(kit, HONEST, 1);
        assert_int_equal(kit->request.source, LIAR);
        struct qn_buf *cert = make_cert_of(kit, kit->blocks[1], QN_VOTE_FINALIZE, quorum, (int)bad);
        assert_int_equal(reply_one(kit, kit->blocks[1], cert), QN_OK);
        assert_int_equal(kit->fault_count, 1);
        assert_int_equal(kit->accused, LIAR);
        assert_int_equal(kit->height, 0);
        assert_int_equal(kit->check_count, 0);
        assert_int_equal(kit->request.source, HONEST);
        assert_int_equal(reply_bytes(kit, make_reply(kit, 1, 1, 1)), QN_OK);
        assert_int_equal(kit->height, 1);
        kit_free(kit);
    }
}

static void bad_signature_below_the_last_certificate_is_found_too(void **state)
{
    (void)state;
    struct kit *kit = kit_new();
    struct qn_blocks blocks = {.count = 3};
    struct qn_buf *middle =
        make_cert_of(kit, kit->blocks[2], QN_VOTE_FINALIZE, qn_quorum(VALIDATORS), 1);
    struct qn_buf *last = make_cert(kit, kit->blocks[3]);

    head(kit, LIAR, 3);
    for (size_t i = 0; i < 3; i++) {
        blocks.items[i].block = qn_buf_span(kit->blocks[i + 1]->encoded);
    }
    blocks.items[1].cert = qn_buf_span(middle);
    blocks.items[2].cert = qn_buf_span(last);
    assert_int_equal(reply_bytes(kit, encode(&blocks)), QN_OK);
    assert_int_equal(kit->height, 1); /* proved by the last one; the second came with a forgery */
    assert_int_equal(kit->fault_count, 1);
    qn_buf_drop(middle);
    qn_buf_drop(last);
    kit_free(kit);
}

static void certificates_of_the_wrong_form_are_errors(void **state)
{
    (void)state;
    unsigned quorum = qn_quorum(VALIDATORS);

    for (unsigned round = 0; round < 5; round++) {
        struct kit *kit = kit_new();
        const struct qn_block *block = kit->blocks[1];
        head(kit, LIAR, 1);
        struct qn_buf *cert =
            round == 0   ? make_cert_of(kit, block, QN_VOTE_FINALIZE, quorum - 1, -1)
            : round == 1 ? make_cert_of(kit, block, QN_VOTE_FINALIZE, quorum + 1, -1)
            : round == 2 ? make_cert_of(kit, block, QN_VOTE_NOTARIZE, quorum, -1)
            : round == 3 ? make_cert(kit, kit->blocks[2])
                         : qn_buf_copy((struct qn_span){(const uint8_t *)"\xa0", 1});
        assert_int_not_equal(reply_one(kit, block, cert), QN_OK);
        assert_int_equal(kit->verify_count + kit->check_count, 0);
        assert_int_equal(kit->height, 0);
        kit_free(kit);
    }
}

static void gaps_and_wrong_parents_are_errors(void **state)
{
    (void)state;
    struct kit *kit = kit_new();

    head(kit, LIAR, 10);
    assert_int_equal(reply_bytes(kit, make_reply(kit, 2, 3, 1)), QN_ERR_WRONG_PARENT);
    wait(kit, QN_FOLLOWER_RETRY_MIN);
    struct qn_blocks blocks = {.count = 2}; /* 1 and then 3 */
    struct qn_buf *cert = make_cert(kit, kit->blocks[3]);
    blocks.items[0].block = qn_buf_span(kit->blocks[1]->encoded);
    blocks.items[1].block = qn_buf_span(kit->blocks[3]->encoded);
    blocks.items[1].cert = qn_buf_span(cert);
    assert_int_equal(reply_bytes(kit, encode(&blocks)), QN_ERR_WRONG_PARENT);
    wait(kit, 2 * QN_FOLLOWER_RETRY_MIN);
    struct qn_block *other = make_block(kit->h, kit->blocks[0], 9); /* not the parent of 2 */
    blocks.items[0].block = qn_buf_span(other->encoded);
    blocks.items[1].block = qn_buf_span(kit->blocks[2]->encoded);
    qn_buf_drop(cert);
    cert = make_cert(kit, kit->blocks[2]);
    blocks.items[1].cert = qn_buf_span(cert);
    assert_int_equal(reply_bytes(kit, encode(&blocks)), QN_ERR_WRONG_PARENT);
    wait(kit, 4 * QN_FOLLOWER_RETRY_MIN);
    struct qn_block *genesis =
        make_block(kit->h, NULL, 9); /* right height, another network's past */
    struct qn_block *stranger = make_block(kit->h, genesis, 0);
    assert_int_equal(reply_one(kit, stranger, make_cert(kit, stranger)), QN_ERR_WRONG_PARENT);
    assert_int_equal(kit->verify_count, 0);
    qn_buf_drop(cert);
    qn_block_drop(other);
    qn_block_drop(genesis);
    qn_block_drop(stranger);
    kit_free(kit);
}

static void lying_claim_is_forgotten_when_nothing_is_there(void **state)
{
    (void)state;
    struct kit *kit = kit_new();
    struct qn_blocks none = {0};

    head(kit, LIAR, 1000000);
    assert_int_equal(qn_follower_target(kit->f), 1000000);
    assert_int_equal(reply_bytes(kit, encode(&none)), QN_OK);
    assert_int_equal(qn_follower_target(kit->f), 0);
    assert_false(kit->asked);
    for (unsigned i = 0; i < 50; i++) { /* however often it repeats the claim */
        head(kit, LIAR, 1000000);
        assert_false(kit->asked);
    }
    wait(kit, QN_FOLLOWER_RETRY_MIN);
    assert_true(kit->asked);
    assert_int_equal(reply_bytes(kit, encode(&none)), QN_OK);
    head(kit, LIAR, 1000000);
    wait(kit, QN_FOLLOWER_RETRY_MIN);
    assert_false(kit->asked); /* twice as long now */
    head(kit, HONEST, 5);
    assert_int_equal(kit->request.source, HONEST);
    assert_int_equal(reply_bytes(kit, make_reply(kit, 1, 5, 1)), QN_OK);
    assert_int_equal(kit->height, 5);
    kit_free(kit);
}

static void silent_source_times_out_and_the_next_is_asked(void **state)
{
    (void)state;
    struct kit *kit = kit_new();

    head(kit, LIAR, 3);
    head(kit, HONEST, 3);
    assert_int_equal(kit->request.source, LIAR);
    assert_int_equal(qn_follower_deadline(kit->f), kit->now + QN_FOLLOWER_TIMEOUT);
    wait(kit, QN_FOLLOWER_TIMEOUT - 1);
    assert_int_equal(kit->request_count, 1);
    wait(kit, 1);
    assert_int_equal(kit->request.source, HONEST);
    /* The late answer of the first is not taken for the second's. */
    struct qn_buf *late = make_reply(kit, 1, 2, 1);
    assert_int_equal(
        qn_follower_on_blocks(kit->f, &kit->actions, LIAR, qn_buf_span(late), kit->now), QN_OK);
    qn_buf_drop(late);
    pump(kit);
    assert_int_equal(kit->height, 0);
    assert_int_equal(reply_bytes(kit, make_reply(kit, 1, 3, 1)), QN_OK);
    assert_int_equal(kit->height, 3);
    kit_free(kit);
}

static void busy_source_is_asked_again_later(void **state)
{
    (void)state;
    struct kit *kit = kit_new();

    head(kit, HONEST, 3);
    kit->asked = false;
    assert_int_equal(
        qn_follower_on_blocks(kit->f, &kit->actions, HONEST, (struct qn_span){NULL, 0}, kit->now),
        QN_OK);
    pump(kit);
    assert_false(kit->asked);
    assert_int_equal(qn_follower_deadline(kit->f), kit->now + QN_FOLLOWER_RETRY_MIN);
    wait(kit, QN_FOLLOWER_RETRY_MIN);
    assert_true(kit->asked);
    assert_int_equal(reply_bytes(kit, make_reply(kit, 1, 3, 1)), QN_OK);
    assert_int_equal(kit->height, 3);
    kit_free(kit);
}

static void source_gone_in_mid_request_is_replaced_at_once(void **state)
{
    (void)state;
    struct kit *kit = kit_new();

    head(kit, LIAR, 3);
    head(kit, HONEST, 3);
    qn_follower_on_gone(kit->f, &kit->actions, LIAR, kit->now);
    pump(kit);
    assert_int_equal(kit->request.source, HONEST);
    qn_follower_on_gone(kit->f, &kit->actions, HONEST, kit->now);
    pump(kit);
    assert_int_equal(qn_follower_target(kit->f), 0);
    assert_int_equal(qn_follower_deadline(kit->f), UINT64_MAX);
    kit_free(kit);
}

static void source_gone_after_its_reply_does_not_matter(void **state)
{
    (void)state;
    struct kit *kit = kit_new();

    kit->hold_checks = true;
    head(kit, HONEST, 3);
    assert_int_equal(reply_bytes(kit, make_reply(kit, 1, 3, 1)), QN_OK);
    assert_int_equal(kit->height, 0);
    qn_follower_on_gone(kit->f, &kit->actions, HONEST, kit->now);
    pump(kit);
    kit->hold_checks = false;
    kit->executed[1] = true;
    qn_follower_on_checked(kit->f, &kit->actions, kit->f->generation << 18, QN_OK, kit->now);
    pump(kit);
    assert_int_equal(kit->height, 3);
    kit_free(kit);
}

static void several_sources_share_the_requests(void **state)
{
    (void)state;
    struct kit *kit = kit_new();
    unsigned asked[OTHER + 1] = {0};

    head(kit, HONEST, 9);
    head(kit, LIAR, 9);
    head(kit, OTHER, 9);
    for (uint64_t height = 1; height <= 9; height++) {
        asked[kit->request.source] += 1;
        assert_int_equal(reply_bytes(kit, make_reply(kit, height, 1, 1)), QN_OK);
    }
    for (size_t i = HONEST; i <= OTHER; i++) {
        assert_int_equal(asked[i], 3);
    }
    assert_int_equal(kit->height, 9);
    kit_free(kit);
}

static void final_block_that_does_not_execute_is_not_committed(void **state)
{
    (void)state;
    struct kit *kit = kit_new();

    kit->refused_height = 2;
    head(kit, HONEST, 3);
    assert_int_equal(reply_bytes(kit, make_reply(kit, 1, 3, 1)), QN_OK);
    assert_int_equal(kit->height, 1);
    /* The certificate vouches for the header: the transactions under it are the source's doing. */
    assert_int_equal(kit->fault_count, 1);
    assert_false(kit->asked);
    wait(kit, QN_FOLLOWER_RETRY_MIN);
    assert_int_equal(kit->request.request.from_height, 2);
    kit_free(kit);
}

static void what_consensus_committed_is_not_asked_for(void **state)
{
    (void)state;
    struct kit *kit = kit_new();

    head(kit, HONEST, 6);
    kit->height = 4; /* by votes, while the reply is on its way */
    qn_follower_on_committed(kit->f, &kit->actions, 4, &kit->blocks[4]->id, kit->now);
    pump(kit);
    assert_int_equal(reply_bytes(kit, make_reply(kit, 1, 6, 1)), QN_OK);
    assert_int_equal(kit->height, 6);
    head(kit, HONEST, 9);
    kit->hold_checks = true; /* and while it is being executed */
    assert_int_equal(reply_bytes(kit, make_reply(kit, 7, 3, 1)), QN_OK);
    kit->height = 8;
    kit->hold_checks = false;
    qn_follower_on_committed(kit->f, &kit->actions, 8, &kit->blocks[8]->id, kit->now);
    pump(kit);
    assert_int_equal(kit->request.request.from_height, 9);
    assert_int_equal(reply_bytes(kit, make_reply(kit, 9, 1, 1)), QN_OK);
    assert_int_equal(kit->height, 9);
    kit_free(kit);
}

static void broken_replies_are_errors(void **state)
{
    (void)state;
    struct kit *kit = kit_new();

    head(kit, LIAR, 6);
    struct qn_buf *reply = make_reply(kit, 1, 2, 1);
    reply->len -= 1;
    assert_int_equal(reply_bytes(kit, reply), QN_ERR_MALFORMED);
    assert_int_equal(kit->height, 0);
    kit_free(kit);
}

static void sources_beyond_the_table_are_left_out(void **state)
{
    (void)state;
    struct kit *kit = kit_new();

    for (uint64_t i = 0; i < QN_FOLLOWER_SOURCES_MAX + 100; i++) {
        head(kit, 1000 + i, 1 + i);
    }
    assert_int_equal(kit->f->source_count, QN_FOLLOWER_SOURCES_MAX);
    assert_int_equal(qn_follower_target(kit->f), QN_FOLLOWER_SOURCES_MAX);
    for (uint64_t i = 0; i < QN_FOLLOWER_SOURCES_MAX; i++) {
        qn_follower_on_gone(kit->f, &kit->actions, 1000 + i, kit->now);
        pump(kit);
    }
    assert_int_equal(kit->f->source_count, 0);
    kit_free(kit);
}

int main(void)
{
    const char *why = NULL;
    if (qn_crypto_init(&why) != QN_OK) {
        (void)fprintf(stderr, "crypto: %s\n", why);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(syncs_a_long_chain_in_several_replies),
        cmocka_unit_test(blocks_without_certificate_are_proved_by_a_later_one),
        cmocka_unit_test(old_blocks_are_proved_by_the_headers_above_them),
        cmocka_unit_test(paths_that_prove_nothing_are_refused),
        cmocka_unit_test(path_must_stand_on_the_last_block),
        cmocka_unit_test(what_comes_next_is_asked_for_while_a_reply_is_executed),
        cmocka_unit_test(bad_answer_asked_for_ahead_accuses_its_source),
        cmocka_unit_test(last_block_must_have_a_certificate),
        cmocka_unit_test(bad_signature_accuses_the_source_and_the_next_is_asked),
        cmocka_unit_test(bad_signature_below_the_last_certificate_is_found_too),
        cmocka_unit_test(certificates_of_the_wrong_form_are_errors),
        cmocka_unit_test(gaps_and_wrong_parents_are_errors),
        cmocka_unit_test(lying_claim_is_forgotten_when_nothing_is_there),
        cmocka_unit_test(silent_source_times_out_and_the_next_is_asked),
        cmocka_unit_test(busy_source_is_asked_again_later),
        cmocka_unit_test(source_gone_in_mid_request_is_replaced_at_once),
        cmocka_unit_test(source_gone_after_its_reply_does_not_matter),
        cmocka_unit_test(several_sources_share_the_requests),
        cmocka_unit_test(final_block_that_does_not_execute_is_not_committed),
        cmocka_unit_test(what_consensus_committed_is_not_asked_for),
        cmocka_unit_test(broken_replies_are_errors),
        cmocka_unit_test(sources_beyond_the_table_are_left_out),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    qn_crypto_fini();
    return failed;
}
