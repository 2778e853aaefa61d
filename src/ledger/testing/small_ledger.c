#include "ledger/testing/small_ledger.h"

#include "ledger/testing/committee_kit.h"

#include <stdio.h>
#include <string.h>

enum {
    REGISTERED = 1000,
    REVOKED = 1001,
    STRANGER = 1002,
    SEED_LEN_MAX = 1 + 4 * (2 + QN_TX_LEN_MAX)
};

static void add_node(struct qn_chain *chain, unsigned number, uint32_t code)
{
    struct qn_key *key = qn_kit_key(number);
    struct qn_tx tx = qn_kit_register(&chain->kit, key, qn_chain_now(chain));

    qn_kit_use_code(&chain->kit, &tx, code);
    qn_chain_add_one(chain, qn_kit_tx_sign(&tx, key));
    qn_key_free(key);
}

static struct qn_node_id id_of(unsigned number)
{
    struct qn_key *key = qn_kit_key(number);
    struct qn_node_id id = qn_kit_id(key);

    qn_key_free(key);
    return id;
}

void qn_small_ledger_init(struct qn_chain *chain)
{
    qn_chain_init(chain, &(struct qn_kit_options){4, QN_POLICY_CODES, 4, 0});
    add_node(chain, REGISTERED, 0);
    add_node(chain, REVOKED, 1);
    struct qn_node_id id = id_of(REVOKED);
    struct qn_tx revoke = qn_kit_revoke(&chain->kit, &id, 2, qn_chain_now(chain));
    qn_chain_add_one(chain, qn_kit_tx_fake(&revoke, 1));
}

/* The payload alone; returns its length. */
static size_t payload_of(uint8_t *out, const struct qn_tx *tx)
{
    struct qn_span payload;

    QN_ASSERT(qn_tx_payload(tx, out, QN_TX_LEN_MAX, &payload) == QN_OK);
    return payload.len;
}

/* Transactions that the small ledger takes (even numbers) or refuses (odd ones). */
enum { SAMPLES = 8 };
static const char *const sample_names[SAMPLES] = {"register", "code-used",     "update",
                                                  "revoked",  "revoke",        "committee",
                                                  "no-node",  "wrong-sequence"};

static struct qn_tx sample(const struct qn_chain *chain, size_t number)
{
    qn_unix_ms now = qn_chain_now(chain);
    struct qn_node_id registered = id_of(REGISTERED);
    struct qn_node_id revoked = id_of(REVOKED);
    struct qn_key *stranger = qn_kit_key(STRANGER);
    struct qn_tx tx = qn_kit_register(&chain->kit, stranger, now);

    switch (number) {
    case 0:
    case 1:
        qn_kit_use_code(&chain->kit, &tx, number == 0 ? 2 : 0);
        break;
    case 2:
        tx = qn_kit_update(&chain->kit, &registered, 2, now);
        break;
    case 3:
        tx = qn_kit_update(&chain->kit, &revoked, 3, now);
        break;
    case 4:
        tx = qn_kit_revoke(&chain->kit, &registered, 2, now);
        break;
    case 5: {
        struct qn_node_id genesis = qn_kit_id(chain->kit.genesis_keys[0]);
        tx = qn_kit_revoke(&chain->kit, &genesis, 2, now);
        break;
    }
    case 6: {
        struct qn_node_id id = qn_kit_id(stranger);
        tx = qn_kit_update(&chain->kit, &id, 2, now);
        break;
    }
    default:
        tx = qn_kit_update(&chain->kit, &registered, 7, now);
        break;
    }
    qn_key_free(stranger);
    return tx;
}

static void write_tx(qn_seed_write write, const char *name, const struct qn_tx *tx)
{
    uint8_t seed[1 + QN_TX_LEN_MAX];

    seed[0] = 1; /* a payload */
    write("ledger_tx", name, (struct qn_span){seed, 1 + payload_of(seed + 1, tx)});
}

static void write_txs(const struct qn_chain *chain, qn_seed_write write)
{
    uint8_t seed[1 + QN_TX_LEN_MAX];

    for (size_t i = 0; i < SAMPLES; i++) {
        struct qn_tx tx = sample(chain, i);
        write_tx(write, sample_names[i], &tx);
    }
    struct qn_tx tx = sample(chain, 2);
    struct qn_key *key = qn_kit_key(REGISTERED);
    struct qn_buf *whole = qn_kit_tx_sign(&tx, key);
    seed[0] = 0; /* an envelope */
    memcpy(seed + 1, whole->bytes, whole->len);
    write("ledger_tx", "update-whole", (struct qn_span){seed, 1 + whole->len});
    qn_buf_drop(whole);
    qn_key_free(key);
}

/* A byte that selects what happens to the header, then payloads, each after its length in two bytes. */
static void write_block(qn_seed_write write, const char *name, uint8_t change,
                        const struct qn_tx txs[2])
{
    static uint8_t seed[SEED_LEN_MAX];
    size_t len = 1;

    seed[0] = change;
    for (size_t i = 0; i < 2; i++) {
        size_t payload_len = payload_of(seed + len + 2, &txs[i]);
        seed[len] = (uint8_t)(payload_len >> 8);
        seed[len + 1] = (uint8_t)payload_len;
        len += 2 + payload_len;
    }
    write("ledger_block", name, (struct qn_span){seed, len});
}

static void write_blocks(const struct qn_chain *chain, qn_seed_write write)
{
    static const size_t pairs[][2] = {{0, 2}, {0, 0}, {2, 4}, {4, 1}, {6, 7}};

    for (size_t i = 0; i < QN_ARRAY_COUNT(pairs); i++) {
        struct qn_tx txs[] = {sample(chain, pairs[i][0]), sample(chain, pairs[i][1])};
        char name[64];
        (void)snprintf(name, sizeof name, "%s-%s", sample_names[pairs[i][0]],
                       sample_names[pairs[i][1]]);
        write_block(write, name, (uint8_t)i, txs);
    }
}

/* A motion of the first member, and in a block with the second one's. */
static void write_motion(const struct qn_chain *chain, qn_seed_write write, const char *name,
                         const struct qn_tx *motion)
{
    struct qn_tx txs[] = {*motion, *motion};

    for (size_t i = 0; i < 2; i++) {
        txs[i].signer = qn_ledger_validators(chain->ledger)->members[i].id;
    }
    write_tx(write, name, &txs[0]);
    write_block(write, name, 0, txs);
}

static void write_motions(const struct qn_chain *chain, qn_seed_write write)
{
    struct qn_node_id node = id_of(REGISTERED);
    struct qn_node_id revoked = id_of(REVOKED);
    struct qn_node_id member = qn_ledger_validators(chain->ledger)->members[3].id;
    struct qn_activation_batch batch = {
        .root = {{7}}, .count = 8, .expires_ms = qn_chain_now(chain) + 3600000};
    struct qn_tx motion = qn_committee_change(chain, &node, 1, &member, 1);
    write_motion(chain, write, "validators", &motion);
    motion = qn_committee_change(chain, &revoked, 1, NULL, 0);
    write_motion(chain, write, "validators-revoked", &motion);
    motion = qn_committee_revoke(chain, &node);
    write_motion(chain, write, "revoke-motion", &motion);
    motion = qn_committee_issue(chain, &batch);
    write_motion(chain, write, "issue", &motion);
}

static void write_rotations(const struct qn_chain *chain, qn_seed_write write)
{
    struct qn_key *key = qn_kit_key(STRANGER);
    struct qn_node_id node = id_of(REGISTERED);
    struct qn_tx rotate = qn_kit_revoke(&chain->kit, &node, 2, qn_chain_now(chain));

    rotate.kind = QN_TX_ROTATE;
    rotate.key = *qn_key_public(key);
    rotate.key_signature.len = 1;
    struct qn_tx txs[] = {rotate, qn_kit_update(&chain->kit, &node, 3, qn_chain_now(chain))};
    write_tx(write, "rotate", &rotate);
    write_block(write, "rotate-update", 0, txs);
    qn_key_free(key);
}

/* A member notarized two blocks in one view. */
static void write_evidence(const struct qn_chain *chain, qn_seed_write write)
{
    struct qn_node_id node = id_of(REGISTERED);
    struct qn_node_id voter = qn_ledger_validators(chain->ledger)->members[0].id;
    struct qn_vote votes[QN_TX_VOTES] = {
        {.kind = QN_VOTE_NOTARIZE, .view = 7, .parent_view = 6, .block_id = {{1}}},
        {.kind = QN_VOTE_NOTARIZE, .view = 7, .parent_view = 6, .block_id = {{2}}},
    };
    struct qn_buf *bufs[QN_TX_VOTES];
    struct qn_tx txs[2];

    txs[0] = qn_committee_evidence(chain, bufs, &node, &voter, votes);
    txs[1] = txs[0];
    write_tx(write, "evidence", &txs[0]);
    write_block(write, "evidence-evidence", 0, txs);
    for (size_t i = 0; i < QN_TX_VOTES; i++) {
        qn_buf_drop(bufs[i]);
    }
}

/* Proofs of each entry and of one that is not there, after a byte that selects the claim's key. */
static void write_proofs(const struct qn_chain *chain, qn_seed_write write)
{
    static const unsigned numbers[] = {1, 2, REGISTERED, REVOKED, STRANGER};
    uint8_t seed[2048];

    for (size_t i = 0; i < QN_ARRAY_COUNT(numbers); i++) {
        struct qn_node_id id = id_of(numbers[i]);
        struct qn_tree_proof proof;
        struct qn_buf *entry = NULL;
        struct qn_span bytes;
        char name[32];
        qn_ledger_prove(chain->ledger, &proof, &entry, &id);
        QN_ASSERT(qn_tree_proof_encode(&proof, seed + 1, sizeof seed - 1, &bytes) == QN_OK);
        seed[0] = (uint8_t)i;
        (void)snprintf(name, sizeof name, "node-%u", numbers[i]);
        write("ledger_proof", name, (struct qn_span){seed, 1 + bytes.len});
        qn_buf_drop(entry);
    }
}

void qn_small_ledger_seeds(qn_seed_write write)
{
    struct qn_chain chain;

    qn_small_ledger_init(&chain);
    write_txs(&chain, write);
    write_blocks(&chain, write);
    write_motions(&chain, write);
    write_rotations(&chain, write);
    write_evidence(&chain, write);
    write_proofs(&chain, write);
    qn_chain_fini(&chain);
}
