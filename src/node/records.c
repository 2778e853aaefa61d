/* Peer records and their announcement, simple form: a record that is new to us and verified is passed on
 * to every other link at once. */
#include "node/parts.h"

#include <stdio.h>
#include <string.h>

enum { QN_RECORDS_ON_LINK_UP_MAX = 128 }; /* known records told to a new link: half of a P1 queue */

static void announce(struct qn_node *node, struct qn_link *link, uint8_t hops,
                     struct qn_buf *record)
{
    struct qn_announce message = {.hops = hops, .record = qn_buf_span(record)};
    qn_node_send(node, link, QN_ANNOUNCE, 0, qn_announce_encode(&message));
}

/* One shared buffer to every live link but the one it came from. Strangers hear of nobody: they could not
 * verify it, have not paid for it, and would get more than they sent. */
static void announce_to_all(struct qn_node *node, qn_link_id except, uint8_t hops,
                            struct qn_buf *record)
{
    struct qn_announce message = {.hops = hops, .record = qn_buf_span(record)};
    struct qn_buf *bytes = qn_announce_encode(&message);
    for (size_t i = 0; i < node->links_capacity; i++) {
        struct qn_link *link = &node->links[i];
        bool wanted =
            link->id != 0 && link->live && link->id != except && !qn_node_is_stranger(link);
        if (wanted) {
            qn_node_send(node, link, QN_ANNOUNCE, 0, qn_buf_hold(bytes));
        }
    }
    qn_buf_drop(bytes);
}

/* The registry's word on us counts for more than our configuration. */
static void describe_self(const struct qn_node *node, struct qn_record *record)
{
    struct qn_registry_entry entry;
    *record = (struct qn_record){.id = node->id,
                                 .sequence = node->unix_ms,
                                 .endpoint_count = node->reach.told.count,
                                 .region = node->config.region,
                                 .roles = QN_ROLE_FULL};
    memcpy(record->endpoints, node->reach.told.endpoints, sizeof record->endpoints);
    record->roles |= node->validator >= 0 ? QN_ROLE_VALIDATOR : 0;
    snprintf(record->software, sizeof record->software, "%s", node->config.software);
    if (node->config.bootstrap_id == 0 &&
        qn_ledger_entry(node->ledger, &entry, &node->id) == QN_OK) {
        record->region = entry.region;
        record->roles |= entry.roles;
        if (entry.has_endpoint) {
            if (node->reach.told.source == QN_REACH_MAPPED) { /* one that is to be had as well */
                record->endpoints[1] = record->endpoints[0];
                record->endpoint_count += 1;
            }
            record->endpoints[0] = entry.endpoint;
            record->endpoint_count = record->endpoint_count == 0 ? 1 : record->endpoint_count;
        }
    }
    if (record->sequence <= node->own_record_fields.sequence) {
        record->sequence = node->own_record_fields.sequence + 1; /* the clock went back */
    }
}

static struct qn_span own_payload(const struct qn_node *node, uint8_t *out, size_t capacity)
{
    struct qn_span payload = {0};
    enum qn_err err = qn_record_payload(&node->own_record_fields, out, capacity, &payload);
    QN_ASSERT(err == QN_OK); /* every field is within its limit */
    return payload;
}

void qn_node_make_record(struct qn_node *node)
{
    uint8_t scratch[QN_RECORD_PAYLOAD_LEN_MAX];
    struct qn_record record;
    if (node->own_record_signing) {
        return; /* on_record_signed looks again whether it is still true */
    }
    describe_self(node, &record);
    node->own_record_fields = record;
    node->own_record_signing = true;
    struct qn_span payload = own_payload(node, scratch, sizeof scratch);
    struct qn_hash digest = qn_signing_digest(&node->genesis->network, payload);
    qn_node_sign(node, QN_OWNER_RECORD, 0, QN_SIGNER_NODE, QN_SIGN_RECORD, &digest);
}

static bool is_still_true(const struct qn_node *node)
{
    struct qn_record now;
    struct qn_record then = node->own_record_fields;
    describe_self(node, &now);
    bool same = now.region == then.region && now.roles == then.roles &&
                now.endpoint_count == then.endpoint_count;
    for (size_t i = 0; same && i < now.endpoint_count; i++) {
        same = qn_endpoint_equal(&now.endpoints[i], &then.endpoints[i]);
    }
    return same;
}

void qn_node_on_record_signed(struct qn_node *node, const struct qn_event *event)
{
    node->own_record_signing = false;
    if (!event->signed_.ok) {
        qn_log(node->log, QN_LOG_ERROR, "record", "sign_failed", "what=own_record");
        return; /* the next tick tries again */
    }
    uint8_t scratch[QN_RECORD_PAYLOAD_LEN_MAX];
    struct qn_span payload = own_payload(node, scratch, sizeof scratch);
    struct qn_span signature = {event->signed_.signature.bytes, event->signed_.signature.len};
    qn_buf_drop(node->own_record);
    node->own_record = qn_signed_encode(payload, signature);
    announce_to_all(node, 0, 0, node->own_record);
    if (!is_still_true(node)) {
        qn_node_make_record(node);
    }
}

/* Asks for the signature to be verified, if the registry or a pin gives the key and the record is newer
 * than ours; parks it if nobody knows the subject yet. */
static void consider(struct qn_node *node, const struct qn_record *record,
                     const struct qn_signed *envelope, struct qn_buf *bytes, uint8_t hops,
                     qn_link_id from)
{
    struct qn_registry_entry entry;
    const struct qn_peer_entry *known = qn_peer_list_find(&node->peers.list, &record->id);
    if (known != NULL && known->record_sequence >= record->sequence) {
        return;
    }
    switch (qn_node_standing(node, &record->id, &entry)) {
    case QN_STANDING_UNREGISTERED:
        qn_announcer_park(&node->announcer, record, bytes, hops, from);
        return;
    case QN_STANDING_REVOKED:
    case QN_STANDING_EXPIRED:
        return;
    case QN_STANDING_REGISTERED:
    case QN_STANDING_GENESIS: /* genesis nodes are in the registry from block 0 on */
        break;
    }
    /* A record under verification waits in the parking place, so that its bytes outlive the message. */
    qn_announcer_park(&node->announcer, record, bytes, hops, from);
    struct qn_verify_job *job = qn_node_job(node, QN_OWNER_RECORD, record->sequence);
    job->key = entry.key;
    job->kind = QN_SIGN_RECORD;
    job->digest = qn_signing_digest(&node->genesis->network, envelope->payload);
    job->signature.len = (uint16_t)envelope->signature.len;
    memcpy(job->signature.bytes, envelope->signature.at, envelope->signature.len);
    qn_node_verify(node, job);
}

void qn_node_on_announce(struct qn_node *node, struct qn_link *link, struct qn_span bytes)
{
    struct qn_announce message;
    struct qn_record record;
    struct qn_signed envelope;
    if (qn_announce_decode(&message, bytes) != QN_OK ||
        qn_record_decode(&record, &envelope, message.record) != QN_OK) {
        qn_node_blame(node, link, QN_FAULT_MALFORMED, "announce");
        return;
    }
    bool of_itself = qn_node_id_equal(&record.id, &link->peer);
    if (!of_itself && !link->outbound && link->standing == QN_STANDING_UNREGISTERED) {
        node->counters.messages_unexpected += 1; /* it may speak of itself only */
        return;
    }
    if (qn_node_id_equal(&record.id, &node->id)) {
        return;
    }
    bool is_new = qn_announcer_is_new(&node->announcer, message.record);
    qn_peering_on_delivery(node->peering, link->id, is_new, node->now);
    if (!is_new) {
        return;
    }
    struct qn_buf *copy = qn_buf_copy(message.record);
    consider(node, &record, &envelope, copy, message.hops, link->id);
    qn_buf_drop(copy);
}

static void accept(struct qn_node *node, const struct qn_announcer_waiting *waiting,
                   const struct qn_record *record)
{
    char peer[QN_SHORT_ID_TEXT_SIZE];
    enum qn_err err = qn_node_put_record(node, record, waiting->record, waiting->hops);
    if (err == QN_ERR_STALE) {
        return;
    }
    /* FULL: it is news to others all the same, and somebody to dial. */
    qn_log(node->log, QN_LOG_DEBUG, "record", "accept", "peer=\"%s\" sequence=%llu hops=%u kept=%d",
           qn_node_id_short(peer, &record->id), (unsigned long long)record->sequence,
           (unsigned)waiting->hops, err == QN_OK);
    qn_node_learn_endpoints(node, record, waiting->from);
    if (qn_announcer_goes_on(&node->announcer, waiting->hops)) {
        announce_to_all(node, waiting->from, (uint8_t)(waiting->hops + 1), waiting->record);
    }
}

static void blame(struct qn_node *node, const struct qn_announcer_waiting *waiting)
{
    node->counters.records_bad += 1;
    struct qn_link *link = qn_node_link(node, waiting->from);
    if (link != NULL) { /* who passes a record on has verified it: this one lied */
        qn_node_blame(node, link, QN_FAULT_BAD_SIGNATURE, "peer record");
    }
}

void qn_node_on_record_verified(struct qn_node *node, struct qn_verify_job *job)
{
    struct qn_announcer_waiting waiting;
    struct qn_record record;
    struct qn_signed envelope;
    struct qn_node_id id = qn_public_key_id(&job->key);
    qn_samples_add(&node->samples[QN_TIMING_VERIFY], job->elapsed_us);
    node->counters.records_verified += 1;
    if (!qn_announcer_unpark(&node->announcer, &waiting, &id)) {
        return; /* gave way to others meanwhile; repaired by the next announcement */
    }
    enum qn_err err = qn_record_decode(&record, &envelope, qn_buf_span(waiting.record));
    QN_ASSERT(err == QN_OK); /* it was decoded before it was parked */
    struct qn_hash digest = qn_signing_digest(&node->genesis->network, envelope.payload);
    if (!qn_hash_equal(&digest, &job->digest)) { /* a newer one came: its own verdict follows */
        qn_announcer_park(&node->announcer, &record, waiting.record, waiting.hops, waiting.from);
    } else if (job->ok) {
        accept(node, &waiting, &record);
    } else {
        blame(node, &waiting);
    }
    qn_buf_drop(waiting.record);
}

void qn_node_tell_records(struct qn_node *node, struct qn_link *link)
{
    if (qn_node_is_stranger(link)) {
        return;
    }
    if (node->own_record != NULL) {
        announce(node, link, 0, node->own_record);
    }
    const struct qn_peer_list *peers = &node->peers.list;
    size_t first = qn_rng_below(&node->rng, peers->capacity);
    size_t told = 0;
    for (size_t i = 0; i < peers->capacity && told < QN_RECORDS_ON_LINK_UP_MAX; i++) {
        const struct qn_peer_entry *peer = qn_peer_list_at(peers, (first + i) % peers->capacity);
        bool is_told = peer != NULL && peer->record != NULL && peer->hops < QN_ANNOUNCE_HOPS_MAX &&
                       !qn_node_id_equal(&peer->id, &link->peer);
        if (is_told) {
            announce(node, link, (uint8_t)(peer->hops + 1), peer->record);
            told += 1;
        }
    }
}

void qn_node_records_on_change(struct qn_node *node, const struct qn_ledger_change *change)
{
    struct qn_announcer_waiting waiting;
    if (qn_node_id_equal(&change->id, &node->id)) {
        /* A renewal is told as well: whoever forgot us when we expired hears of us again. */
        bool is_news = change->kind == QN_TX_UPDATE || !is_still_true(node);
        if (node->own_record != NULL && is_news) {
            qn_node_make_record(node);
        }
        return;
    }
    const struct qn_node_id *subject = &change->id;
    switch (change->kind) {
    case QN_TX_REVOKE:
    case QN_TX_ROTATE:
        if (change->in_effect) {
            qn_node_peers_on_change(node, &change->id);
            qn_peering_forget(node->peering, &change->id);
        }
        if (change->kind == QN_TX_REVOKE) {
            return;
        }
        subject = &change->successor; /* it may have announced itself before */
        break;
    case QN_TX_ISSUE:
    case QN_TX_VALIDATORS:
    case QN_TX_EVIDENCE:
        return;
    case QN_TX_REGISTER:
    case QN_TX_UPDATE:
        qn_node_peers_on_change(node, &change->id);
        break;
    }
    if (qn_announcer_unpark(&node->announcer, &waiting, subject)) {
        struct qn_record record;
        struct qn_signed envelope;
        enum qn_err err = qn_record_decode(&record, &envelope, qn_buf_span(waiting.record));
        QN_ASSERT(err == QN_OK); /* it was decoded before it was parked */
        consider(node, &record, &envelope, waiting.record, waiting.hops, waiting.from);
        qn_buf_drop(waiting.record);
    }
}
