/* A registry proof as one file of CBOR, for those who verify it by themselves. */
#include "api/answer.h"
#include "api/resources.h"
#include "api/route.h"
#include "ledger/proof_bundle.h"

#include <string.h>

struct data {
    size_t len;
    uint8_t bytes[];
};

static unsigned status_of(enum qn_err err)
{
    switch (err) {
    case QN_ERR_NOT_FOUND:
        return 404;
    case QN_ERR_TOO_BIG:
        return 413;
    default: /* not ready, busy, or storage that fails */
        return 503;
    }
}

static enum qn_api_progress read_proof(struct qn_api_call *call, const struct qn_node *node)
{
    const struct qn_api_request *request = &call->request;
    struct qn_buf *bundle = NULL;
    char text[QN_TEXT_LEN_MAX + 1];
    enum qn_err err = qn_ledger_prove_at(qn_node_ledger(node), &bundle, text, &request->id,
                                         request->has_height ? request->height : QN_PROVE_NEWEST);

    if (err == QN_OK && bundle->len > QN_API_PROOF_LEN_MAX) {
        qn_api_problem_set(&call->problem, 413, qn_err_name(QN_ERR_TOO_BIG),
                           "the proof has %zu bytes, of which an answer takes %d", bundle->len,
                           (int)QN_API_PROOF_LEN_MAX);
    } else if (err != QN_OK) {
        qn_api_problem_set(&call->problem, status_of(err), qn_err_name(err), "%s", text);
    } else {
        struct data *data = qn_api_alloc(1, sizeof *data + bundle->len);
        data->len = bundle->len;
        memcpy(data->bytes, bundle->bytes, bundle->len);
        call->data = data;
    }
    qn_buf_drop(bundle);
    return QN_API_DONE;
}

static void render_proof(struct qn_api_answer *answer, const struct qn_api_call *call)
{
    const struct data *data = call->data;
    uint8_t *bytes = qn_api_alloc(1, data->len);

    memcpy(bytes, data->bytes, data->len);
    qn_api_answer_bytes(answer, 200, "application/cbor", bytes, data->len);
}

static size_t cost_proof(const struct qn_api_request *request)
{
    (void)request;
    return QN_API_PROOF_LEN_MAX;
}

const struct qn_api_handler qn_api_proof_file = {
    .read = read_proof, .render = render_proof, .cost = cost_proof};
