#include "api/answer.h"
#include "api/resources.h"

#include <inttypes.h>

enum { ENTRY_JSON_LEN_MAX = QN_BASE64URL_SIZE(QN_SPKI_LEN_MAX) + 1024 };

struct page {
    uint64_t height;
    struct qn_hash state_root;
    uint64_t entries;
    uint64_t active;
    qn_unix_ms unix_ms;
    size_t count;
    struct qn_registry_entry items[];
};

static void read_head(struct page *page, const struct qn_api_call *call,
                      const struct qn_ledger *ledger)
{
    page->height = qn_ledger_height(ledger);
    page->state_root = qn_ledger_head(ledger)->state_root;
    page->entries = qn_ledger_entry_count(ledger);
    page->active = qn_ledger_active_count(ledger);
    page->unix_ms = call->host.unix_ms();
}

static enum qn_api_progress read_page(struct qn_api_call *call, const struct qn_node *node)
{
    const struct qn_ledger *ledger = qn_node_ledger(node);
    uint64_t entries = qn_ledger_entry_count(ledger);
    uint64_t from = call->request.from;
    uint64_t left = from < entries ? entries - from : 0;
    size_t count = (size_t)(left < call->request.limit ? left : call->request.limit);
    struct page *page = qn_api_alloc(1, sizeof *page + count * sizeof page->items[0]);

    call->data = page;
    read_head(page, call, ledger);
    for (; page->count < count; page->count++) {
        if (qn_ledger_entry_at(ledger, &page->items[page->count], from + page->count) != QN_OK) {
            qn_api_problem_set(&call->problem, 503, "not_ready",
                               "entry %" PRIu64 " cannot be read now", from + page->count);
            break;
        }
    }
    return QN_API_DONE;
}

static const char *status_name(const struct qn_registry_entry *entry, qn_unix_ms unix_ms)
{
    switch (qn_registry_entry_usable(entry, unix_ms)) {
    case QN_OK:
        return "active";
    case QN_ERR_EXPIRED:
        return "expired";
    default:
        return entry->status == QN_ENTRY_ROTATED ? "rotated" : "revoked";
    }
}

static json_t *entry_json(const struct qn_registry_entry *entry, qn_unix_ms unix_ms)
{
    const struct qn_suite *suite = qn_suite_find(entry->suite);
    json_t *json = json_object();

    qn_json_set_u64(json, "index", entry->index);
    qn_json_set_hex(json, "id", entry->id.bytes);
    qn_json_set_u64(json, "suite", entry->suite);
    qn_json_set_text(json, "algorithm", suite == NULL ? "unknown" : suite->name);
    qn_json_set_base64url(json, "key", qn_public_key_span(&entry->key));
    qn_json_set_text(json, "region", qn_region_name(entry->region));
    qn_json_set_roles(json, "roles", entry->roles);
    if (entry->has_endpoint) {
        qn_json_set_endpoint(json, "endpoint", &entry->endpoint);
    } else {
        qn_json_set_null(json, "endpoint");
    }
    qn_json_set_hex(json, "announce_tip", entry->announce_tip.bytes);
    qn_json_set_u64_if(json, "valid_until_ms", entry->valid_until_ms != UINT64_MAX,
                       entry->valid_until_ms);
    qn_json_set_text(json, "status", status_name(entry, unix_ms));
    qn_json_set_u64(json, "sequence", entry->sequence);
    qn_json_set_u64(json, "registered_height", entry->registered_height);
    qn_json_set_u64(json, "changed_height", entry->changed_height);
    qn_json_set_u64(json, "revoke_reason", entry->revoke_reason);
    qn_json_set_u64(json, "code_class", entry->code_class);
    if (entry->status == QN_ENTRY_ROTATED) {
        qn_json_set_hex(json, "successor", entry->successor.bytes);
    } else {
        qn_json_set_null(json, "successor");
    }
    qn_json_set_u64_if(json, "equivocated_height", entry->equivocated_height != 0,
                       entry->equivocated_height);
    return json;
}

static void set_state(json_t *json, const struct page *page)
{
    qn_json_set_u64(json, "height", page->height);
    qn_json_set_hex(json, "state_root", page->state_root.bytes);
}

static void render_page(struct qn_api_answer *answer, const struct qn_api_call *call)
{
    const struct page *page = call->data;
    json_t *json = json_object();
    json_t *items = json_array();
    uint64_t next = call->request.from + page->count;

    for (size_t i = 0; i < page->count; i++) {
        qn_json_append(items, entry_json(&page->items[i], page->unix_ms));
    }
    set_state(json, page);
    qn_json_set_u64(json, "entries", page->entries);
    qn_json_set_u64(json, "active", page->active);
    qn_json_set_u64_if(json, "next", page->count > 0 && next < page->entries, next);
    qn_json_set(json, "items", items);
    qn_api_answer_json(answer, 200, json);
}

static size_t cost_page(const struct qn_api_request *request)
{
    return (size_t)request->limit * ENTRY_JSON_LEN_MAX;
}

static enum qn_api_progress read_entry(struct qn_api_call *call, const struct qn_node *node)
{
    const struct qn_ledger *ledger = qn_node_ledger(node);
    struct page *page = qn_api_alloc(1, sizeof *page + sizeof page->items[0]);

    call->data = page;
    read_head(page, call, ledger);
    page->count = 1;
    if (qn_ledger_entry(ledger, &page->items[0], &call->request.id) != QN_OK) {
        qn_api_problem_set(&call->problem, 404, "not_registered",
                           "no such node id in the registry at height %" PRIu64, page->height);
    }
    return QN_API_DONE;
}

static void render_entry(struct qn_api_answer *answer, const struct qn_api_call *call)
{
    const struct page *page = call->data;
    json_t *json = entry_json(&page->items[0], page->unix_ms);
    set_state(json, page);
    qn_api_answer_json(answer, 200, json);
}

const struct qn_api_handler qn_api_registry = {
    .read = read_page, .render = render_page, .cost = cost_page};
const struct qn_api_handler qn_api_entry = {.read = read_entry, .render = render_entry};
