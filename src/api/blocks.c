#include "api/answer.h"
#include "api/resources.h"
#include "wire/block.h"
#include "wire/vote.h"

#include <inttypes.h>
#include <string.h>

struct data {
    struct qn_network_id network;
    size_t validator_count;
    struct qn_node_id validators[QN_VALIDATORS_MAX];
    size_t block_len;
    size_t cert_len; /* 0: none of its own */
    uint8_t bytes[]; /* the block, then the certificate */
};

/* The committee of the certificate's epoch; none, if this ledger does not go back to it. */
static void read_validators(struct data *data, const struct qn_ledger *ledger,
                            const struct qn_buf *cert)
{
    struct qn_validator_set set = {0};
    struct qn_cert decoded;

    data->network = qn_ledger_genesis(ledger)->network;
    if (cert == NULL || qn_cert_decode(&decoded, qn_buf_span(cert)) != QN_OK ||
        qn_ledger_validators_at(ledger, decoded.epoch, &set, NULL) != QN_OK) {
        return;
    }
    data->validator_count = set.count;
    for (size_t i = 0; i < data->validator_count; i++) {
        data->validators[i] = set.members[i].id;
    }
    qn_validator_set_fini(&set);
}

static enum qn_api_progress read_block(struct qn_api_call *call, const struct qn_node *node)
{
    const struct qn_ledger *ledger = qn_node_ledger(node);
    uint64_t head = qn_ledger_height(ledger);
    uint64_t height = call->request.is_head ? head : call->request.height;
    struct qn_buf *block = NULL;
    struct qn_buf *cert = NULL;

    if (height > head || qn_ledger_block(ledger, &block, &cert, height) != QN_OK) {
        qn_api_problem_set(&call->problem, 404, "not_found",
                           height > head ? "no block %" PRIu64 " yet: the head is %" PRIu64
                                         : "block %" PRIu64
                                           " is no longer held; the head is %" PRIu64,
                           height, head);
        return QN_API_DONE;
    }
    size_t cert_len = cert == NULL ? 0 : cert->len;
    struct data *data = qn_api_alloc(1, sizeof *data + block->len + cert_len);
    call->data = data;
    read_validators(data, ledger, cert);
    data->block_len = block->len;
    data->cert_len = cert_len;
    memcpy(data->bytes, block->bytes, block->len);
    if (cert != NULL) {
        memcpy(data->bytes + block->len, cert->bytes, cert_len);
    }
    qn_buf_drop(block);
    qn_buf_drop(cert);
    return QN_API_DONE;
}

static const char *tx_kind_name(enum qn_tx_kind kind)
{
    switch (kind) {
    case QN_TX_REGISTER:
        return "register";
    case QN_TX_UPDATE:
        return "update";
    case QN_TX_REVOKE:
        return "revoke";
    case QN_TX_ROTATE:
        return "rotate";
    case QN_TX_ISSUE:
        return "issue";
    case QN_TX_VALIDATORS:
        return "validators";
    case QN_TX_EVIDENCE:
        return "evidence";
    }
    return "unknown";
}

static json_t *tx_json(struct qn_span bytes)
{
    struct qn_signed envelope;
    struct qn_tx tx;
    json_t *json = json_object();
    struct qn_hash id = qn_tx_id(bytes);
    /* What is in a final block was decoded by a quorum; so nothing but our own fault fails here. */
    QN_ASSERT(qn_tx_decode(&tx, &envelope, bytes) == QN_OK);

    qn_json_set_hex(json, "id", id.bytes);
    qn_json_set_text(json, "kind", tx_kind_name(tx.kind));
    qn_json_set_hex(json, "node", tx.id.bytes);
    qn_json_set_base64url(json, "bytes", bytes);
    return json;
}

static const char *vote_kind_name(enum qn_vote_kind kind)
{
    switch (kind) {
    case QN_VOTE_NOTARIZE:
        return "notarize";
    case QN_VOTE_FINALIZE:
        return "finalize";
    case QN_VOTE_NULLIFY:
        return "nullify";
    }
    return "unknown";
}

static json_t *signers_json(const struct data *data, const struct qn_cert *cert)
{
    json_t *signers = json_array();
    for (size_t i = 0; i < cert->signature_count; i++) {
        int index = qn_cert_signer(cert, i);
        bool is_known = index >= 0 && (size_t)index < data->validator_count;
        json_t *signer = json_object();
        qn_json_set_u64(signer, "index", (uint64_t)index);
        if (is_known) {
            qn_json_set_hex(signer, "id", data->validators[index].bytes);
        } else {
            qn_json_set_null(signer, "id");
        }
        qn_json_set_base64url(signer, "signature", cert->signatures[i]);
        qn_json_append(signers, signer);
    }
    return signers;
}

static json_t *certificate_json(const struct data *data)
{
    struct qn_span bytes = {data->bytes + data->block_len, data->cert_len};
    struct qn_cert cert;

    if (bytes.len == 0) {
        return json_null();
    }
    QN_ASSERT(qn_cert_decode(&cert, bytes) == QN_OK); /* ours: it was verified when it came */
    struct qn_hash digest = qn_cert_digest(&cert, &data->network);
    json_t *json = json_object();
    qn_json_set_text(json, "kind", vote_kind_name(cert.kind));
    qn_json_set_u64(json, "epoch", cert.epoch);
    qn_json_set_u64(json, "view", cert.view);
    qn_json_set_u64(json, "parent_view", cert.parent_view);
    qn_json_set_hex(json, "digest", digest.bytes);
    qn_json_set_text(json, "context", qn_sign_kind_context(qn_vote_sign_kind(cert.kind)));
    qn_json_set(json, "signers", signers_json(data, &cert));
    qn_json_set_base64url(json, "bytes", bytes);
    return json;
}

static void set_header(json_t *json, const struct qn_block *block)
{
    const struct qn_header *header = &block->header;
    uint8_t encoded[QN_HEADER_LEN_MAX];
    struct qn_span bytes;

    QN_ASSERT(qn_header_encode(header, encoded, sizeof encoded, &bytes) == QN_OK);
    qn_json_set_u64(json, "height", header->height);
    qn_json_set_hex(json, "id", block->id.bytes);
    qn_json_set_hex(json, "parent", header->parent.bytes);
    qn_json_set_u64(json, "time_ms", header->time_ms);
    qn_json_set_u64(json, "epoch", header->epoch);
    qn_json_set_hex(json, "tx_root", header->tx_root.bytes);
    qn_json_set_hex(json, "state_root", header->state_root.bytes);
    qn_json_set_hex(json, "history_root", header->history_root.bytes);
    qn_json_set_hex(json, "validators_hash", header->validators_hash.bytes);
    qn_json_set_base64url(json, "header", bytes);
}

static void render_block(struct qn_api_answer *answer, const struct qn_api_call *call)
{
    const struct data *data = call->data;
    json_t *json = json_object();
    json_t *transactions = json_array();
    struct qn_block *block = NULL;

    QN_ASSERT(qn_block_decode(&block, (struct qn_span){data->bytes, data->block_len}) == QN_OK);
    set_header(json, block);
    for (size_t i = 0; i < block->tx_count; i++) {
        qn_json_append(transactions, tx_json(block->txs[i]));
    }
    qn_json_set(json, "transactions", transactions);
    qn_json_set(json, "certificate", certificate_json(data));
    qn_block_drop(block);
    qn_api_answer_json(answer, 200, json);
}

static size_t cost_block(const struct qn_api_request *request)
{
    (void)request;
    return (size_t)2 * QN_MESSAGE_LEN_MAX;
}

const struct qn_api_handler qn_api_block = {
    .read = read_block, .render = render_block, .cost = cost_block};
