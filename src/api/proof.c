#include "api/answer.h"
#include "api/resources.h"

#include <string.h>

struct data {
    uint64_t height;
    struct qn_header header;
    struct qn_tree_proof proof;
    bool is_present;
    size_t entry_len;
    uint8_t entry[QN_REGISTRY_ENTRY_LEN_MAX];
    bool is_certified;
    size_t cert_len;
    uint8_t cert[]; /* whoever made room for it */
};

/* The head's own certificate; NULL if it has none (block 0 needs none: it follows from genesis). */
static struct qn_buf *head_certificate(const struct qn_ledger *ledger)
{
    struct qn_buf *block = NULL;
    struct qn_buf *cert = NULL;

    if (qn_ledger_block(ledger, &block, &cert, qn_ledger_height(ledger)) != QN_OK) {
        return NULL;
    }
    qn_buf_drop(block);
    return cert;
}

static enum qn_api_progress read_proof(struct qn_api_call *call, const struct qn_node *node)
{
    const struct qn_ledger *ledger = qn_node_ledger(node);
    struct qn_buf *cert = head_certificate(ledger);
    size_t cert_len = cert == NULL ? 0 : cert->len;
    struct data *data = qn_api_alloc(1, sizeof *data + cert_len);
    struct qn_buf *entry = NULL;

    call->data = data;
    data->height = qn_ledger_height(ledger);
    data->header = *qn_ledger_head(ledger);
    qn_ledger_prove(ledger, &data->proof, &entry, &call->request.id);
    data->is_present = entry != NULL;
    if (entry != NULL) {
        QN_ASSERT(entry->len <= sizeof data->entry);
        data->entry_len = entry->len;
        memcpy(data->entry, entry->bytes, entry->len);
    }
    data->is_certified = cert != NULL;
    data->cert_len = cert_len;
    if (cert != NULL) {
        memcpy(data->cert, cert->bytes, cert->len);
    }
    qn_buf_drop(entry);
    qn_buf_drop(cert);
    return QN_API_DONE;
}

static void render_proof(struct qn_api_answer *answer, const struct qn_api_call *call)
{
    const struct data *data = call->data;
    json_t *json = json_object();
    uint8_t encoded[QN_PROOF_LEN_MAX];
    struct qn_span bytes;

    qn_json_set_hex(json, "id", call->request.id.bytes);
    qn_json_set_bool(json, "present", data->is_present);
    qn_json_set_base64url(json, "entry",
                          (struct qn_span){data->is_present ? data->entry : NULL, data->entry_len});
    QN_ASSERT(qn_tree_proof_encode(&data->proof, encoded, sizeof encoded, &bytes) == QN_OK);
    qn_json_set_base64url(json, "proof", bytes);
    qn_json_set_u64(json, "height", data->height);
    QN_ASSERT(qn_header_encode(&data->header, encoded, sizeof encoded, &bytes) == QN_OK);
    qn_json_set_base64url(json, "header", bytes);
    qn_json_set_base64url(json, "certificate",
                          (struct qn_span){data->is_certified ? data->cert : NULL, data->cert_len});
    qn_api_answer_json(answer, 200, json);
}

static size_t cost_proof(const struct qn_api_request *request)
{
    (void)request;
    return QN_BASE64URL_SIZE(QN_VALIDATORS_MAX * (QN_NODE_SIGNATURE_LEN_MAX + 4)) +
           QN_PROOF_LEN_MAX;
}

const struct qn_api_handler qn_api_proof = {
    .read = read_proof, .render = render_proof, .cost = cost_proof};
