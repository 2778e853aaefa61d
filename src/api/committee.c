/* The committee that votes on the next block, and what its members are asked to approve. */
#include "api/answer.h"
#include "api/resources.h"
#include "wire/signed.h"

#include <string.h>

struct data {
    uint64_t epoch;
    uint64_t height;
    size_t member_count;
    struct {
        struct qn_node_id id;
        uint8_t suite;
    } members[QN_VALIDATORS_MAX];
    size_t motion_count;
    struct {
        struct qn_node_motion motion;
        size_t offset; /* of its transaction, in bytes */
    } motions[QN_NODE_MOTIONS_MAX];
    uint8_t bytes[];
};

static size_t bytes_of_motions(const struct qn_node *node)
{
    size_t len = 0;
    for (size_t i = 0; i < qn_node_motion_count(node); i++) {
        struct qn_node_motion motion;
        qn_node_motion_at(node, i, &motion);
        len += motion.tx.len;
    }
    return len;
}

static enum qn_api_progress read_committee(struct qn_api_call *call, const struct qn_node *node)
{
    const struct qn_validator_set *set = qn_node_committee(node);
    const struct qn_ledger *ledger = qn_node_ledger(node);
    struct data *data = qn_api_alloc(1, sizeof *data + bytes_of_motions(node));
    size_t offset = 0;

    call->data = data;
    data->epoch = qn_ledger_epoch(ledger);
    data->height = qn_ledger_height(ledger);
    data->member_count = set->count;
    for (size_t i = 0; i < data->member_count; i++) {
        data->members[i].id = set->members[i].id;
        data->members[i].suite = (uint8_t)set->members[i].key.suite;
    }
    data->motion_count = qn_node_motion_count(node);
    for (size_t i = 0; i < data->motion_count; i++) {
        qn_node_motion_at(node, i, &data->motions[i].motion);
        struct qn_span tx = data->motions[i].motion.tx;
        memcpy(data->bytes + offset, tx.at, tx.len);
        data->motions[i].offset = offset;
        offset += tx.len;
    }
    return QN_API_DONE;
}

static json_t *ids_json(const struct qn_node_id *ids, size_t count)
{
    json_t *json = json_array();
    for (size_t i = 0; i < count; i++) {
        char text[QN_ID_TEXT_SIZE];
        qn_hex_encode(text, ids[i].bytes, sizeof ids[i].bytes);
        qn_json_append(json, json_string(text));
    }
    return json;
}

static json_t *approvals_json(const struct data *data, const struct qn_node_motion *motion)
{
    json_t *json = json_array();
    for (size_t i = 0; i < data->member_count; i++) {
        if (motion->approvals[i / 8] >> i % 8 & 1) {
            char text[QN_ID_TEXT_SIZE];
            qn_hex_encode(text, data->members[i].id.bytes, QN_HASH_LEN);
            qn_json_append(json, json_string(text));
        }
    }
    return json;
}

static json_t *batch_json(const struct qn_activation_batch *batch)
{
    json_t *json = json_object();
    qn_json_set_hex(json, "root", batch->root.bytes);
    qn_json_set_u64(json, "count", batch->count);
    qn_json_set_u64(json, "class", batch->class);
    qn_json_set_u64(json, "expires_ms", batch->expires_ms);
    return json;
}

/* What a motion wants, by its kind; the other members are null. */
static void set_content(json_t *json, const struct qn_tx *tx)
{
    static const char *const kinds[] = {
        [QN_TX_REVOKE] = "revoke", [QN_TX_ISSUE] = "issue", [QN_TX_VALIDATORS] = "validators"};
    bool is_change = tx->kind == QN_TX_VALIDATORS;
    qn_json_set_text(json, "kind", kinds[tx->kind]);
    qn_json_set(json, "add", is_change ? ids_json(tx->add, tx->add_count) : json_null());
    qn_json_set(json, "remove", is_change ? ids_json(tx->remove, tx->remove_count) : json_null());
    qn_json_set(json, "batch", tx->kind == QN_TX_ISSUE ? batch_json(&tx->batch) : json_null());
    if (tx->kind == QN_TX_REVOKE) {
        qn_json_set_hex(json, "node", tx->id.bytes);
    } else {
        qn_json_set_null(json, "node");
    }
    qn_json_set_u64_if(json, "reason", tx->kind == QN_TX_REVOKE, tx->reason);
}

static json_t *motion_json(const struct data *data, size_t index)
{
    const struct qn_node_motion *motion = &data->motions[index].motion;
    struct qn_span bytes = {data->bytes + data->motions[index].offset, motion->tx.len};
    struct qn_signed envelope;
    struct qn_tx tx;
    json_t *json = json_object();

    QN_ASSERT(qn_tx_decode(&tx, &envelope, bytes) == QN_OK); /* of a final block */
    qn_json_set_hex(json, "id", motion->id.bytes);
    qn_json_set_u64(json, "height", motion->height);
    qn_json_set_u64(json, "expires_ms", motion->expires_ms);
    qn_json_set(json, "approvals", approvals_json(data, motion));
    set_content(json, &tx);
    qn_json_set_base64url(json, "transaction", bytes);
    return json;
}

static void render_committee(struct qn_api_answer *answer, const struct qn_api_call *call)
{
    const struct data *data = call->data;
    unsigned count = (unsigned)data->member_count;
    json_t *json = json_object();
    json_t *members = json_array();
    json_t *motions = json_array();

    for (size_t i = 0; i < data->member_count; i++) {
        const struct qn_suite *suite = qn_suite_find(data->members[i].suite);
        json_t *member = json_object();
        qn_json_set_u64(member, "index", i);
        qn_json_set_hex(member, "id", data->members[i].id.bytes);
        qn_json_set_text(member, "algorithm", suite == NULL ? "unknown" : suite->name);
        qn_json_append(members, member);
    }
    for (size_t i = 0; i < data->motion_count; i++) {
        qn_json_append(motions, motion_json(data, i));
    }
    qn_json_set_u64(json, "epoch", data->epoch);
    qn_json_set_u64(json, "height", data->height);
    qn_json_set_u64(json, "quorum", qn_quorum(count));
    qn_json_set_u64(json, "remove_max", qn_fault_limit(count));
    qn_json_set_u64(json, "add_max", qn_fault_limit(count) > 1 ? qn_fault_limit(count) : 1);
    qn_json_set(json, "members", members);
    qn_json_set(json, "motions", motions);
    qn_api_answer_json(answer, 200, json);
}

static size_t cost_committee(const struct qn_api_request *request)
{
    (void)request;
    return (size_t)QN_NODE_MOTIONS_MAX * 2 * QN_TX_LEN_MAX;
}

const struct qn_api_handler qn_api_committee = {
    .read = read_committee, .render = render_committee, .cost = cost_committee};
