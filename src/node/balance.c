#include "node/balance.h"

#include "node/parts.h"

/* Where the redirect came from; a peer that was reached by name counts as one of the internet. */
static struct qn_net_address remote_of(const struct qn_link *link)
{
    struct qn_net_address address;
    if (!qn_net_address_parse(&address, &link->remote)) {
        address = (struct qn_net_address){.ip = {0x20, 0x01}, .port = link->remote.port};
    }
    return address;
}

/* With room for the GOODBYE that follows. */
static struct qn_buf *encode_within(struct qn_redirect *redirect, size_t room)
{
    enum { GOODBYE_LEN = QN_FRAME_HEADER_LEN + QN_RECORD_OVERHEAD + 5 };
    for (; redirect->count > 0; redirect->count--) {
        struct qn_buf *bytes = qn_redirect_encode(redirect);
        if (bytes->len + GOODBYE_LEN <= room) {
            return bytes;
        }
        qn_buf_drop(bytes);
    }
    return NULL;
}

void qn_node_redirect(struct qn_node *node, struct qn_link *link, enum qn_region region)
{
    struct qn_redirect redirect;
    struct qn_net_address remote = remote_of(link);
    if (qn_redirect_choose(&redirect, &node->peers.list, &link->peer, &remote, region,
                           &node->rng) == 0) {
        return;
    }
    struct qn_buf *bytes = encode_within(&redirect, qn_node_room(link));
    if (bytes != NULL) {
        node->redirects.sent += 1;
        qn_node_send(node, link, QN_REDIRECT, 0, bytes);
    }
}

void qn_node_send_elsewhere(struct qn_node *node, qn_link_id id, enum qn_region region)
{
    struct qn_link *link = qn_node_link(node, id);
    if (link != NULL) { /* else something else closed it in this very step */
        qn_node_redirect(node, link, region);
        qn_node_close(node, link, QN_CLOSE_FULL, "this node has too much to do");
    }
}

/* Hearsay takes no place of what is signed. */
static bool is_known(const struct qn_node *node, const struct qn_node_id *id)
{
    const struct qn_peer_entry *entry = qn_peer_list_find(&node->peers.list, id);
    return (entry != NULL && entry->record != NULL) || qn_genesis_by_id(node->genesis, id) != NULL;
}

void qn_node_on_redirect(struct qn_node *node, struct qn_link *link, struct qn_span bytes)
{
    struct qn_redirect redirect;
    char peer[QN_SHORT_ID_TEXT_SIZE];
    if (qn_redirect_decode(&redirect, bytes) != QN_OK) {
        qn_node_blame(node, link, QN_FAULT_MALFORMED, "redirect");
        return;
    }
    if (!link->outbound && link->standing == QN_STANDING_UNREGISTERED) {
        node->counters.messages_unexpected += 1; /* nobody's stranger sends us anywhere */
        return;
    }
    struct qn_net_address remote = remote_of(link);
    size_t count = qn_redirect_prune(&redirect, &node->id, &link->peer, &remote);
    bool follow = qn_redirects_follow(&node->redirects, &link->peer, &redirect, node->now);
    qn_log(node->log, QN_LOG_INFO, "link", "redirected", "peer=\"%s\" entries=%zu followed=%s",
           qn_node_id_short(peer, &link->peer), count, follow ? "yes" : "no");
    for (size_t i = 0; follow && i < count; i++) {
        const struct qn_redirect_entry *entry = &redirect.entries[i];
        if (!is_known(node, &entry->id)) {
            struct qn_heard heard = {.id = &entry->id,
                                     .from = QN_HEARD_REDIRECT,
                                     .region = entry->region,
                                     .endpoints = &entry->endpoint,
                                     .endpoint_count = 1,
                                     .link = link->id};
            qn_peering_heard(node->peering, &heard, node->now);
        }
    }
}
