#include "node/book.h"

#include "ledger/store_keys.h"
#include "node/parts.h"

enum { LEDGER_HINTS = 16 }; /* endpoints of the registry told at once */
#define BOOK_WRITE_INTERVAL QN_SECONDS(60)
#define LEDGER_HINT_INTERVAL QN_SECONDS(5)

/* ---- storage ---- */

static struct qn_store_key page_key(size_t page)
{
    return qn_store_key_height(QN_STORE_BOOK, page);
}

void qn_node_book_init(struct qn_node *node)
{
    struct qn_book *book = qn_peering_book(node->peering);
    node->book.next_write_us = node->now + BOOK_WRITE_INTERVAL;
    for (size_t page = 0; page < QN_BOOK_PAGES && node->storage.durable; page++) {
        struct qn_store_key key = page_key(page);
        struct qn_buf *bytes = NULL;
        if (node->storage.get(node->storage.context, &bytes, qn_store_key_span(&key)) != QN_OK) {
            continue; /* none yet, or halt.c has noticed */
        }
        enum qn_err err = qn_book_page_decode(book, page, qn_buf_span(bytes), node->now);
        if (err != QN_OK) {
            qn_log(node->log, QN_LOG_WARN, "book", "page_refused",
                   "page=%zu text=\"stored addresses %s and are left out\"", page,
                   err == QN_ERR_WRONG_VERSION ? "are of another version of qnet"
                                               : "cannot be read");
        }
        qn_buf_drop(bytes);
    }
}

void qn_node_book_write(struct qn_node *node)
{
    struct qn_book *book = qn_peering_book(node->peering);
    struct qn_batch *batch = NULL;
    if (!node->storage.durable) {
        return;
    }
    for (size_t page = 0; page < QN_BOOK_PAGES; page++) {
        if (!qn_book_page_changed(book, page)) {
            continue;
        }
        struct qn_store_key key = page_key(page);
        struct qn_buf *bytes = qn_book_page_encode(book, page, node->now);
        batch = batch == NULL ? qn_batch_new() : batch;
        qn_batch_put(batch, qn_store_key_span(&key), bytes);
        qn_buf_drop(bytes);
    }
    if (batch != NULL) {
        qn_node_persist(node, QN_OWNER_BOOK, 0, batch);
    }
}

/* ---- sources ---- */

static void tell_ledger_hints(struct qn_node *node)
{
    uint64_t count = qn_ledger_entry_count(node->ledger);
    for (unsigned i = 0; i < LEDGER_HINTS && count > 0; i++) {
        struct qn_registry_entry entry;
        uint64_t index = qn_rng_below(&node->rng, count);
        if (qn_ledger_entry_at(node->ledger, &entry, index) != QN_OK || !entry.has_endpoint ||
            qn_registry_entry_usable(&entry, node->unix_ms) != QN_OK) {
            continue;
        }
        struct qn_node_id id = qn_public_key_id(&entry.key);
        struct qn_heard heard = {.id = &id,
                                 .from = QN_HEARD_LEDGER,
                                 .region = entry.region,
                                 .endpoints = &entry.endpoint,
                                 .endpoint_count = 1};
        qn_peering_heard(node->peering, &heard, node->now);
    }
}

void qn_node_poll_book(struct qn_node *node)
{
    unsigned seed = 0;
    bool needs_links = qn_node_live_count(node) < QN_SOURCES_LIVE_ENOUGH;
    if (needs_links && node->now >= node->book.next_hints_us &&
        qn_peering_may_dial(node->peering, QN_PEER_SOURCE_LEDGER)) {
        node->book.next_hints_us = node->now + LEDGER_HINT_INTERVAL;
        tell_ledger_hints(node);
    }
    if (qn_peering_wants_lookup(node->peering, &seed, node->now)) {
        struct qn_action *action = qn_actions_add(node->actions, QN_ACTION_LOOKUP);
        action->lookup.seed = seed;
        action->lookup.name = node->config.dns_seeds[seed];
    }
    if (qn_peering_wants_neighbours(node->peering, node->now)) {
        (void)qn_actions_add(node->actions, QN_ACTION_ASK_NEIGHBOURS);
    }
    if (node->now >= node->book.next_write_us) {
        node->book.next_write_us = node->now + BOOK_WRITE_INTERVAL;
        qn_node_book_write(node);
    }
}

void qn_node_on_found(struct qn_node *node, const struct qn_event *event)
{
    qn_log(node->log, QN_LOG_INFO, "dns", "found", "seed=%u addresses=%zu", event->found.seed,
           event->found.count);
    for (size_t i = 0; i < event->found.count; i++) {
        struct qn_heard heard = {.from = QN_HEARD_DNS,
                                 .region = node->config.region,
                                 .endpoints = &event->found.endpoints[i],
                                 .endpoint_count = 1};
        qn_peering_heard(node->peering, &heard, node->now);
    }
}

void qn_node_on_neighbour(struct qn_node *node, const struct qn_event *event)
{
    char peer[QN_SHORT_ID_TEXT_SIZE];
    char text[QN_ENDPOINT_TEXT_SIZE];
    struct qn_heard heard = {.id = &event->neighbour.id,
                             .from = QN_HEARD_LAN,
                             .region = node->config.region,
                             .endpoints = &event->neighbour.endpoint,
                             .endpoint_count = 1};
    qn_log(node->log, QN_LOG_DEBUG, "lan", "heard", "peer=\"%s\" address=\"%s\"",
           qn_node_id_short(peer, &event->neighbour.id),
           qn_endpoint_format(text, &event->neighbour.endpoint));
    qn_peering_heard(node->peering, &heard, node->now);
}
