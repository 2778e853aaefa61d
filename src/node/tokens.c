/* What a peer's messages cost it: every message takes tokens of its link's bucket, most of all those that
 * make this node read its storage, verify or answer. Without tokens a request gets BUSY and anything else
 * is dropped; to go on all the same is a fault, unless this node is the one who does not know better. */
#include "node/faults.h"
#include "node/parts.h"

enum {
    REQUEST_COST = 8, /* registered: 256 requests a second, or 2,048 other messages */
    TOKENS_MAX = 8192,
    TOKENS_PER_SECOND = 2048,

    STRANGER_REQUEST_COST = 60, /* unregistered: 8 requests a minute, if nothing else */
    STRANGER_TOKENS_MAX = QN_UNREGISTERED_REQUESTS_MAX * STRANGER_REQUEST_COST + 64,
    STRANGER_TOKENS_PER_SECOND = 10, /* pings and their answers take two */
    STRANGER_BYTES_PER_TOKEN = 4096,

    EXCESS_MAX = 1024, /* messages beyond the tokens of a registered peer that are one fault */
};

bool qn_node_is_stranger(const struct qn_link *link)
{
    return link->standing == QN_STANDING_UNREGISTERED && !link->outbound;
}

void qn_node_remember(struct qn_node *node, const struct qn_link *link)
{
    if (!link->outbound && !qn_node_is_stranger(link)) {
        struct qn_action *action = qn_actions_add(node->actions, QN_ACTION_REMEMBER);
        action->remember.link = link->id;
    }
}

size_t qn_node_room(const struct qn_link *link)
{
    return qn_node_is_stranger(link) ? qn_allowance_room(&link->allowance) : QN_MESSAGE_LEN_MAX;
}

void qn_node_init_tokens(struct qn_link *link, qn_time_us now)
{
    if (qn_node_is_stranger(link)) {
        qn_token_bucket_init(&link->tokens, STRANGER_TOKENS_MAX,
                             QN_SECONDS(1) / STRANGER_TOKENS_PER_SECOND, now);
    } else {
        qn_token_bucket_init(&link->tokens, TOKENS_MAX, QN_SECONDS(1) / TOKENS_PER_SECOND, now);
    }
    link->excess = 0;
}

static uint32_t cost_of(const struct qn_link *link, const struct qn_message_bytes *message)
{
    bool is_request = qn_kind_find(message->kind)->is_request;
    if (qn_node_is_stranger(link)) {
        return (is_request ? STRANGER_REQUEST_COST : 1) +
               (uint32_t)(message->bytes.len / STRANGER_BYTES_PER_TOKEN);
    }
    if (is_request) {
        return REQUEST_COST;
    }
    /* Of members consensus takes the first of each kind and view, whatever more they send. */
    return link->validator >= 0 ? 0 : 1;
}

/* Does this node hold the registry as far as those say who are in it? Else a stranger may be none. */
static bool knows_the_registry(const struct qn_node *node)
{
    uint64_t height = qn_ledger_height(node->ledger);
    for (size_t i = 0; i < node->links_capacity; i++) {
        const struct qn_link *link = &node->links[i];
        if (link->id != 0 && link->live && !qn_node_is_stranger(link) &&
            link->head_height > height + 1) {
            return false;
        }
    }
    return true;
}

static void on_excess(struct qn_node *node, struct qn_link *link,
                      const struct qn_message_bytes *message)
{
    bool is_request = qn_kind_find(message->kind)->is_request;
    node->counters.messages_excess += 1;
    link->excess += 1;
    if (qn_node_is_stranger(link) ? is_request && knows_the_registry(node)
                                  : link->excess == EXCESS_MAX) {
        qn_node_blame(node, link, QN_FAULT_FLOOD, NULL);
    } else if (is_request) {
        qn_node_send(node, link, QN_BUSY, message->request_id, qn_empty_encode());
    }
}

bool qn_node_take_tokens(struct qn_node *node, struct qn_link *link,
                         const struct qn_message_bytes *message)
{
    if (qn_token_bucket_take_many(&link->tokens, cost_of(link, message), node->now)) {
        return true;
    }
    on_excess(node, link, message);
    return false;
}
