#include "wire/testing/family.h"

#include <string.h>

#include "wire/announce.h"
#include "wire/block.h"
#include "wire/control.h"
#include "wire/genesis_cert.h"
#include "wire/genesis_reply.h"
#include "wire/lan.h"
#include "wire/measure.h"
#include "wire/redirect.h"
#include "wire/snapshot.h"
#include "wire/testing/family_samples.h"
#include "wire/testing/run.h"
#include "wire/transaction.h"
#include "wire/vote.h"

enum { PATTERN = 0xA5 }; /* what memory holds before a decoder is called */

/* Each byte is its successor: quick for large records too. */
static void assert_untouched(const void *memory, size_t len)
{
    const uint8_t *bytes = memory;
    QN_ASSERT(bytes[0] == PATTERN && memcmp(bytes, bytes + 1, len - 1) == 0);
}

/* For the messages whose encoder and decoder have the common signatures. */
#define RECODE(name, type)                                                                         \
    static enum qn_err recode_##name(struct qn_buf **out, struct qn_span bytes)                    \
    {                                                                                              \
        type value;                                                                                \
        memset(&value, PATTERN, sizeof value);                                                     \
        enum qn_err err = qn_##name##_decode(&value, bytes);                                       \
        if (err != QN_OK) {                                                                        \
            assert_untouched(&value, sizeof value);                                                \
            return err;                                                                            \
        }                                                                                          \
        *out = qn_##name##_encode(&value);                                                         \
        return QN_OK;                                                                              \
    }
RECODE(hello, struct qn_hello)
RECODE(goodbye, struct qn_goodbye)
RECODE(ping, struct qn_ping)
RECODE(pong, struct qn_pong)
RECODE(get_rtt, struct qn_get_rtt)
RECODE(rtt, struct qn_rtt)
RECODE(redirect, struct qn_redirect)
RECODE(get_genesis, struct qn_get_genesis)
RECODE(announce, struct qn_announce)
RECODE(head, struct qn_head)
RECODE(propose, struct qn_propose)
RECODE(cert, struct qn_cert)
RECODE(status, struct qn_status)
RECODE(consensus_request, struct qn_consensus_request)
RECODE(recover, struct qn_recover)
RECODE(submit, struct qn_submit)
RECODE(submit_result, struct qn_submit_result)
RECODE(get_blocks, struct qn_get_blocks)
RECODE(get_snapshot, struct qn_get_snapshot)

/* For those whose encoder may refuse, which it does not for what was decoded. */
#define RECODE_BOUNDED(name, type)                                                                 \
    static enum qn_err recode_##name(struct qn_buf **out, struct qn_span bytes)                    \
    {                                                                                              \
        type value;                                                                                \
        memset(&value, PATTERN, sizeof value);                                                     \
        enum qn_err err = qn_##name##_decode(&value, bytes);                                       \
        if (err != QN_OK) {                                                                        \
            assert_untouched(&value, sizeof value);                                                \
            return err;                                                                            \
        }                                                                                          \
        QN_ASSERT(qn_##name##_encode(out, &value) == QN_OK);                                       \
        return QN_OK;                                                                              \
    }
RECODE_BOUNDED(blocks, struct qn_blocks)
RECODE_BOUNDED(genesis_reply, struct qn_genesis_reply)
RECODE_BOUNDED(snapshot, struct qn_snapshot)

/* For what is signed: payload and signature, the first made anew from the decoded record. */
#define RECODE_SIGNED(name, type, capacity)                                                        \
    static enum qn_err recode_##name(struct qn_buf **out, struct qn_span bytes)                    \
    {                                                                                              \
        type value;                                                                                \
        struct qn_signed envelope;                                                                 \
        memset(&value, PATTERN, sizeof value);                                                     \
        memset(&envelope, PATTERN, sizeof envelope);                                               \
        enum qn_err err = qn_##name##_decode(&value, &envelope, bytes);                            \
        if (err != QN_OK) {                                                                        \
            assert_untouched(&value, sizeof value);                                                \
            assert_untouched(&envelope, sizeof envelope);                                          \
            return err;                                                                            \
        }                                                                                          \
        uint8_t payload[capacity];                                                                 \
        struct qn_span written;                                                                    \
        QN_ASSERT(qn_##name##_payload(&value, payload, sizeof payload, &written) == QN_OK);        \
        *out = qn_signed_encode(written, envelope.signature);                                      \
        return QN_OK;                                                                              \
    }
RECODE_SIGNED(record, struct qn_record, QN_RECORD_PAYLOAD_LEN_MAX)
RECODE_SIGNED(genesis_cert, struct qn_genesis_cert, QN_GENESIS_CERT_LEN_MAX)
RECODE_SIGNED(tx, struct qn_tx, QN_TX_LEN_MAX)

static enum qn_err recode_vote(struct qn_buf **out, enum qn_vote_kind kind, struct qn_span bytes)
{
    struct qn_vote vote;
    memset(&vote, PATTERN, sizeof vote);
    enum qn_err err = qn_vote_decode(&vote, kind, bytes);
    if (err != QN_OK) {
        assert_untouched(&vote, sizeof vote);
        return err;
    }
    *out = qn_vote_encode(&vote);
    return QN_OK;
}

/* Its reader leaves the certificate and the vote to whoever uses them. */
static enum qn_err recode_recover_reply(struct qn_buf **out, struct qn_span bytes)
{
    struct qn_recover_reply reply;
    struct qn_cert cert;
    struct qn_vote vote;
    memset(&reply, PATTERN, sizeof reply);
    enum qn_err err = qn_recover_reply_decode(&reply, bytes);
    if (err != QN_OK) {
        assert_untouched(&reply, sizeof reply);
        return err;
    }
    if (reply.cert.len > 0) {
        err = qn_cert_decode(&cert, reply.cert);
    }
    if (err == QN_OK && reply.vote_kind != 0) {
        err = qn_vote_decode(&vote, (enum qn_vote_kind)reply.vote_kind, reply.vote);
    }
    if (err == QN_OK) {
        *out = qn_recover_reply_encode(&reply);
    }
    return err;
}

static enum qn_err recode_notarize(struct qn_buf **out, struct qn_span bytes)
{
    return recode_vote(out, QN_VOTE_NOTARIZE, bytes);
}

static enum qn_err recode_finalize(struct qn_buf **out, struct qn_span bytes)
{
    return recode_vote(out, QN_VOTE_FINALIZE, bytes);
}

static enum qn_err recode_nullify(struct qn_buf **out, struct qn_span bytes)
{
    return recode_vote(out, QN_VOTE_NULLIFY, bytes);
}

static enum qn_err recode_tx_message(struct qn_buf **out, struct qn_span bytes)
{
    struct qn_span tx;
    memset(&tx, PATTERN, sizeof tx);
    enum qn_err err = qn_tx_message_decode(&tx, bytes);
    if (err != QN_OK) {
        assert_untouched(&tx, sizeof tx);
        return err;
    }
    *out = qn_tx_message_encode(tx);
    return QN_OK;
}

static enum qn_err recode_empty(struct qn_buf **out, struct qn_span bytes)
{
    enum qn_err err = qn_empty_decode(bytes);
    if (err == QN_OK) {
        *out = qn_empty_encode();
    }
    return err;
}

static enum qn_err recode_lan_beacon(struct qn_buf **out, struct qn_span bytes)
{
    struct qn_lan_beacon beacon;
    uint8_t encoded[QN_LAN_BEACON_LEN];
    memset(&beacon, PATTERN, sizeof beacon);
    enum qn_err err = qn_lan_beacon_decode(&beacon, bytes);
    if (err != QN_OK) {
        assert_untouched(&beacon, sizeof beacon);
        return err;
    }
    qn_lan_beacon_encode(encoded, &beacon);
    *out = qn_buf_copy((struct qn_span){encoded, sizeof encoded});
    return QN_OK;
}

static enum qn_err recode_header(struct qn_buf **out, struct qn_span bytes)
{
    struct qn_header header;
    memset(&header, PATTERN, sizeof header);
    enum qn_err err = qn_header_decode(&header, bytes);
    if (err != QN_OK) {
        assert_untouched(&header, sizeof header);
        return err;
    }
    uint8_t encoded[QN_HEADER_LEN_MAX];
    struct qn_span written;
    QN_ASSERT(qn_header_encode(&header, encoded, sizeof encoded, &written) == QN_OK);
    *out = qn_buf_copy(written);
    return QN_OK;
}

static enum qn_err recode_block(struct qn_buf **out, struct qn_span bytes)
{
    struct qn_block *block = NULL;
    enum qn_err err = qn_block_decode(&block, bytes);
    if (err != QN_OK) {
        QN_ASSERT(block == NULL);
        return err;
    }
    struct qn_block *again = qn_block_new(&block->header, block->txs, block->tx_count);
    struct qn_hash id = qn_header_id(&block->header);
    QN_ASSERT(qn_hash_equal(&again->id, &block->id) && qn_hash_equal(&id, &block->id));
    *out = qn_buf_hold(again->encoded);
    qn_block_drop(again);
    qn_block_drop(block);
    return QN_OK;
}

static const struct qn_family families[] = {
    {"hello", "control", true, qn_sample_hello, recode_hello},
    {"goodbye", "control", true, qn_sample_goodbye, recode_goodbye},
    {"ping", "control", false, qn_sample_ping, recode_ping},
    {"empty", "control", false, qn_sample_empty, recode_empty},
    {"redirect", "control", true, qn_sample_redirect, recode_redirect},
    {"lan-beacon", "lan", false, qn_sample_lan_beacon, recode_lan_beacon},
    {"record", "announce", false, qn_sample_record, recode_record},
    {"announce", "announce", true, qn_sample_announce, recode_announce},
    {"head", "announce", false, qn_sample_head, recode_head},
    {"genesis-cert", "genesis", false, qn_sample_genesis_cert, recode_genesis_cert},
    {"genesis", "genesis", false, qn_sample_genesis, recode_genesis_reply},
    {"get-genesis", "genesis", false, qn_sample_get_genesis, recode_get_genesis},
    {"register", "transaction", false, qn_sample_register, recode_tx},
    {"update", "transaction", false, qn_sample_update, recode_tx},
    {"revoke", "transaction", false, qn_sample_revoke, recode_tx},
    {"rotate", "transaction", false, qn_sample_rotate, recode_tx},
    {"issue", "transaction", false, qn_sample_issue, recode_tx},
    {"validators", "transaction", false, qn_sample_validators, recode_tx},
    {"evidence", "transaction", false, qn_sample_evidence, recode_tx},
    {"tx", "transaction", false, qn_sample_tx, recode_tx_message},
    {"submit", "transaction", false, qn_sample_submit, recode_submit},
    {"submit-result", "transaction", true, qn_sample_submit_result, recode_submit_result},
    {"header", "block", false, qn_sample_header, recode_header},
    {"block", "block", false, qn_sample_block, recode_block},
    {"get-blocks", "block", false, qn_sample_get_blocks, recode_get_blocks},
    {"blocks", "block", false, qn_sample_blocks, recode_blocks},
    {"get-snapshot", "snapshot", false, qn_sample_get_snapshot, recode_get_snapshot},
    {"snapshot", "snapshot", false, qn_sample_snapshot, recode_snapshot},
    {"snapshot-manifest", "snapshot", false, qn_sample_snapshot_manifest, recode_snapshot},
    {"snapshot-epochs", "snapshot", false, qn_sample_snapshot_epochs, recode_snapshot},
    {"pong", "measure", false, qn_sample_pong, recode_pong},
    {"get-rtt", "measure", false, qn_sample_get_rtt, recode_get_rtt},
    {"rtt", "measure", false, qn_sample_rtt, recode_rtt},
    {"snapshot-chunk", "snapshot", false, qn_sample_snapshot_chunk, recode_snapshot},
    {"notarize", "vote", false, qn_sample_notarize, recode_notarize},
    {"finalize", "vote", false, qn_sample_finalize, recode_finalize},
    {"nullify", "vote", false, qn_sample_nullify, recode_nullify},
    {"propose", "vote", false, qn_sample_propose, recode_propose},
    {"cert", "vote", false, qn_sample_cert, recode_cert},
    {"block-cert", "vote", false, qn_sample_block_cert, recode_cert},
    {"nullify-cert", "vote", false, qn_sample_nullify_cert, recode_cert},
    {"status", "vote", true, qn_sample_status, recode_status},
    {"consensus-request", "vote", false, qn_sample_consensus_request, recode_consensus_request},
    {"recover", "vote", false, qn_sample_recover, recode_recover},
    {"recover-reply", "vote", false, qn_sample_recover_reply, recode_recover_reply},
};

const struct qn_family *qn_families(size_t *count)
{
    *count = QN_ARRAY_COUNT(families);
    return families;
}

const struct qn_family *qn_family_find(const char *name)
{
    for (size_t i = 0; i < QN_ARRAY_COUNT(families); i++) {
        if (strcmp(families[i].name, name) == 0) {
            return &families[i];
        }
    }
    return NULL;
}

enum qn_err qn_family_check(const struct qn_family *family, struct qn_span bytes)
{
    struct qn_buf *once = NULL;
    enum qn_err err = family->recode(&once, bytes);
    if (err != QN_OK) {
        QN_ASSERT(err == QN_ERR_MALFORMED || err == QN_ERR_TOO_BIG || err == QN_ERR_UNKNOWN_SUITE);
        QN_ASSERT(once == NULL);
        return err;
    }
    struct qn_buf *twice = NULL;
    QN_ASSERT(family->recode(&twice, qn_buf_span(once)) == QN_OK);
    QN_ASSERT(qn_span_equal(qn_buf_span(once), qn_buf_span(twice)));
    /* One value has one encoding; only extensions are forgotten. */
    bool is_same = qn_span_equal(qn_buf_span(once), bytes);
    QN_ASSERT(is_same || (family->is_extensible && once->len < bytes.len));
    qn_buf_drop(once);
    qn_buf_drop(twice);
    return QN_OK;
}

void qn_family_fuzz(const struct qn_family *table, size_t table_count, const char *group,
                    const uint8_t *data, size_t size)
{
    size_t member_count = 0;
    for (size_t i = 0; i < table_count; i++) {
        member_count += strcmp(table[i].group, group) == 0;
    }
    qn_test_start();
    QN_ASSERT(member_count > 0);
    if (size == 0) {
        return;
    }
    size_t wanted = data[0] % member_count;
    for (size_t i = 0; i < table_count; i++) {
        if (strcmp(table[i].group, group) != 0) {
            continue;
        }
        if (wanted == 0) {
            (void)qn_family_check(&table[i], (struct qn_span){data + 1, size - 1});
            return;
        }
        wanted -= 1;
    }
}
