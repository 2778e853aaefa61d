#include "sim/clients.h"

#include "sim/checker.h"
#include "wire/signed.h"

#include <stdlib.h>

enum {
    TX_LIFETIME_MS = 1800000,
    ENTRY_LIFETIME_MS = 3600000,
    NEWCOMERS_FIRST = QN_SIM_CLIENTS_MAX - 16, /* kept for the time after healing */
    ASK_AGAIN_US = 3000000,
};

struct client {
    struct qn_buf *tx;      /* undecided; NULL: none */
    qn_request_token token; /* 0: not asked at the moment */
    uint32_t host;
    uint32_t incarnation;
    qn_time_us asked_us;
    uint64_t changes;
};

struct qn_sim_clients {
    struct client clients[QN_SIM_CLIENTS_MAX];
    uint64_t tokens;
    size_t newcomers;
};

struct qn_sim_clients *qn_sim_clients_new(void)
{
    struct qn_sim_clients *clients = calloc(1, sizeof *clients);

    QN_ASSERT(clients != NULL);
    return clients;
}

void qn_sim_clients_free(struct qn_sim_clients *clients)
{
    for (size_t i = 0; i < QN_SIM_CLIENTS_MAX; i++) {
        qn_buf_drop(clients->clients[i].tx);
    }
    free(clients);
}

static struct qn_buf *sign(struct qn_sim *sim, const struct qn_sim_identity *identity,
                           const struct qn_tx *tx)
{
    uint8_t scratch[QN_TX_LEN_MAX];
    struct qn_span payload;
    struct qn_signature signature;
    enum qn_err err = qn_tx_payload(tx, scratch, sizeof scratch, &payload);

    QN_ASSERT(err == QN_OK);
    struct qn_hash digest = qn_signing_digest(&tx->network, payload);
    qn_sim_sign(&signature, identity->key, QN_SIGN_TRANSACTION, &digest, sim->plan.real_signatures);
    return qn_signed_encode(payload, (struct qn_span){signature.bytes, signature.len});
}

/* What suits the entry as this host shows it. NULL: a revoked one is done. */
static struct qn_buf *make_tx(struct qn_sim *sim, const struct qn_sim_host *host, size_t number)
{
    const struct qn_ledger *ledger = qn_node_ledger(host->node);
    const struct qn_sim_identity *fresh = &sim->keys->rotated[number];
    const struct qn_sim_identity *identity = &sim->keys->clients[number];
    struct client *client = &sim->clients->clients[number];
    qn_unix_ms now = QN_SIM_UNIX_MS + sim->now / 1000;
    struct qn_registry_entry entry;
    if (qn_ledger_entry(ledger, &entry, &fresh->id) == QN_OK) {
        identity = fresh; /* it has rotated its key */
    }
    struct qn_tx tx = {.kind = QN_TX_REGISTER,
                       .network = qn_sim_genesis(sim->plan.n)->network,
                       .expires_ms = now + TX_LIFETIME_MS,
                       .id = identity->id,
                       .key = *qn_key_public(identity->key),
                       .region = (enum qn_region)(client->changes % QN_REGION_COUNT),
                       .roles = QN_ROLE_FULL,
                       .has_endpoint = true,
                       .endpoint = identity->endpoint,
                       .valid_until_ms = now + ENTRY_LIFETIME_MS + client->changes};

    client->changes += 1;
    if (qn_ledger_entry(ledger, &entry, &identity->id) != QN_OK) {
        sim->coverage->counts[QN_SIM_COVER_REGISTER] += 1;
        return sign(sim, identity, &tx);
    }
    if (entry.status != QN_ENTRY_ACTIVE) {
        return NULL;
    }
    tx.sequence = entry.sequence + 1;
    if (identity != fresh && qn_sim_chance(sim, 250)) {
        tx.kind = QN_TX_ROTATE;
        tx.key = *qn_key_public(fresh->key);
        struct qn_hash digest = qn_rotate_digest(&tx);
        qn_sim_sign(&tx.key_signature, fresh->key, QN_SIGN_ROTATE, &digest,
                    sim->plan.real_signatures);
        sim->coverage->counts[QN_SIM_COVER_ROTATE] += 1;
    } else if (qn_sim_chance(sim, 250)) {
        tx.kind = QN_TX_REVOKE;
        tx.reason = QN_REVOKE_RETIRED;
        sim->coverage->counts[QN_SIM_COVER_REVOKE] += 1;
    } else {
        tx.kind = QN_TX_UPDATE;
        sim->coverage->counts[QN_SIM_COVER_UPDATE] += 1;
    }
    return sign(sim, identity, &tx);
}

static struct qn_sim_host *some_host(struct qn_sim *sim)
{
    size_t first = (size_t)qn_rng_below(&sim->rng, sim->host_count);

    for (size_t i = 0; i < sim->host_count; i++) {
        struct qn_sim_host *host = &sim->hosts[(first + i) % sim->host_count];
        if (host->node != NULL && !host->is_second) {
            return host;
        }
    }
    return NULL;
}

static void ask(struct qn_sim *sim, struct client *client, struct qn_sim_host *host)
{
    client->token = ++sim->clients->tokens;
    client->host = (uint32_t)host->index;
    client->incarnation = host->incarnation;
    client->asked_us = sim->now;
    qn_sim_queue_add(&sim->queue,
                     &(struct qn_sim_event){.at = sim->now + 1,
                                            .kind = QN_SIM_REQUEST,
                                            .host = (uint32_t)host->index,
                                            .incarnation = host->incarnation,
                                            .cookie = client->token,
                                            .bytes = qn_buf_hold(client->tx)},
                     false);
}

void qn_sim_clients_act(struct qn_sim *sim)
{
    size_t number = (size_t)qn_rng_below(&sim->rng, NEWCOMERS_FIRST);
    struct client *client = &sim->clients->clients[number];
    struct qn_sim_host *host = some_host(sim);

    if (host == NULL || client->token != 0) {
        return;
    }
    if (client->tx == NULL) {
        client->tx = make_tx(sim, host, number);
    }
    if (client->tx != NULL) {
        ask(sim, client, host);
    }
}

void qn_sim_clients_hand_in(struct qn_sim *sim, const struct qn_sim_identity *identity,
                            const struct qn_tx *tx)
{
    struct qn_sim_host *host = some_host(sim);
    struct client nobody = {.tx = sign(sim, identity, tx)};

    if (host != NULL) {
        ask(sim, &nobody, host);
    }
    qn_buf_drop(nobody.tx);
}

static void decided(struct client *client)
{
    qn_buf_drop(client->tx);
    client->tx = NULL;
    client->token = 0;
}

void qn_sim_clients_on_reply(struct qn_sim *sim, struct qn_sim_host *host, qn_request_token token,
                             const struct qn_submit_result *result)
{
    for (size_t i = 0; i < QN_SIM_CLIENTS_MAX; i++) {
        struct client *client = &sim->clients->clients[i];
        if (client->token != token || client->host != host->index) {
            continue;
        }
        if (result->code == QN_OK) {
            qn_sim_check_acknowledged(sim, host, result);
            decided(client);
        } else if (result->code == QN_ERR_TIMEOUT || result->code == QN_ERR_BUSY ||
                   result->code == QN_ERR_FULL || result->code == QN_ERR_NOT_READY ||
                   result->code == QN_ERR_CLOSED) {
            client->token = 0; /* asked again, here or elsewhere */
        } else {
            sim->coverage->counts[QN_SIM_COVER_REFUSED] += 1;
            decided(client);
        }
        return;
    }
}

void qn_sim_clients_on_crash(struct qn_sim *sim, const struct qn_sim_host *host)
{
    for (size_t i = 0; i < QN_SIM_CLIENTS_MAX; i++) {
        struct client *client = &sim->clients->clients[i];
        if (client->token != 0 && client->host == host->index) {
            client->token = 0;
        }
    }
}

bool qn_sim_clients_newcomer(struct qn_sim *sim, struct qn_sim_host *host)
{
    size_t number = NEWCOMERS_FIRST + sim->clients->newcomers;

    if (number >= QN_SIM_CLIENTS_MAX) {
        return false;
    }
    struct client *client = &sim->clients->clients[number];
    sim->clients->newcomers += 1;
    client->tx = make_tx(sim, host, number);
    ask(sim, client, host);
    return true;
}

bool qn_sim_clients_settle(struct qn_sim *sim)
{
    bool settled = true;

    for (size_t i = 0; i < QN_SIM_CLIENTS_MAX; i++) {
        struct client *client = &sim->clients->clients[i];
        if (client->tx == NULL) {
            continue;
        }
        settled = false;
        if (client->token == 0 || sim->now - client->asked_us >= ASK_AGAIN_US) {
            struct qn_sim_host *host = some_host(sim);
            if (host != NULL) {
                ask(sim, client, host);
            }
        }
    }
    return settled;
}
