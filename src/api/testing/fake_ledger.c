#include "api/testing/fake_node.h"
#include "ledger/proof_bundle.h"

#include "wire/transaction.h"
#include "wire/vote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void qn_fake_ledger_init(struct qn_ledger *ledger, size_t entry_count);
void qn_fake_ledger_fini(struct qn_ledger *ledger);

static void fill(uint8_t *bytes, size_t len, unsigned number)
{
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(number * (size_t)31 + i * 7 + (i >> 8) + (number >> 8));
    }
}

/* The form of a key is all that is looked at here. */
static struct qn_public_key make_key(unsigned number)
{
    const struct qn_suite *suite = qn_suite_find(QN_SUITE_MLDSA65);
    struct qn_public_key key = {.suite = QN_SUITE_MLDSA65};

    key.spki_len = (uint16_t)(suite->spki_prefix_len + suite->public_key_len);
    memcpy(key.spki, suite->spki_prefix, suite->spki_prefix_len);
    fill(key.spki + suite->spki_prefix_len, suite->public_key_len, number);
    return key;
}

static void init_genesis(struct qn_ledger *ledger)
{
    struct qn_genesis *genesis = &ledger->genesis;

    fill(genesis->network.bytes, sizeof genesis->network.bytes, 9000);
    snprintf(genesis->name, sizeof genesis->name, "test");
    for (unsigned i = 0; i < QN_FAKE_VALIDATORS; i++) {
        ledger->validators[i].key = make_key(9100 + i);
        ledger->validators[i].id = qn_public_key_id(&ledger->validators[i].key);
    }
    genesis->validators.count = QN_FAKE_VALIDATORS;
    genesis->validators.members = ledger->validators;
}

static void init_entry(struct qn_registry_entry *entry, unsigned index)
{
    entry->index = index;
    entry->key = make_key(index);
    entry->id = qn_public_key_id(&entry->key);
    entry->suite = entry->key.suite;
    memcpy(entry->key_hash.bytes, entry->id.bytes, sizeof entry->key_hash.bytes);
    entry->region = QN_REGION_ASIA;
    entry->roles = QN_ROLE_FULL;
    entry->has_endpoint = index != 1;
    entry->endpoint = (struct qn_endpoint){.host = "2001:db8::1", .port = 9876};
    fill(entry->announce_tip.bytes, sizeof entry->announce_tip.bytes, index + 1);
    entry->valid_until_ms = QN_FAKE_UNIX_MS + 1000;
    if (index == 1) {
        entry->valid_until_ms = UINT64_MAX;
    } else if (index == 3) {
        entry->valid_until_ms = QN_FAKE_UNIX_MS;
    }
    entry->status = index == 2 ? QN_ENTRY_REVOKED : QN_ENTRY_ACTIVE;
    entry->revoke_reason = index == 2 ? QN_REVOKE_KEY_COMPROMISED : 0;
    entry->sequence = index == 2 ? 2 : 1;
    entry->registered_height = 2;
    entry->changed_height = index == 2 ? 3 : 2;
    entry->code_class = 5;
}

static void put_entry(struct qn_ledger *ledger, const struct qn_registry_entry *entry)
{
    uint8_t encoded[QN_REGISTRY_ENTRY_LEN_MAX];
    struct qn_span bytes;

    QN_ASSERT(qn_registry_entry_encode(entry, encoded, sizeof encoded, &bytes) == QN_OK);
    struct qn_hash key = qn_sha3((struct qn_span){entry->id.bytes, sizeof entry->id.bytes});
    struct qn_buf *value = qn_buf_copy(bytes);
    struct qn_tree_node *tree = qn_tree_put(ledger->tree, &key, value, NULL);
    qn_tree_drop(ledger->tree);
    qn_buf_drop(value);
    ledger->tree = tree;
}

static void init_tx(struct qn_ledger *ledger, size_t position, enum qn_tx_kind kind)
{
    uint8_t payload[QN_TX_LEN_MAX];
    uint8_t signature[3309];
    struct qn_span bytes;
    struct qn_tx tx = {.kind = kind,
                       .network = ledger->genesis.network,
                       .expires_ms = QN_FAKE_UNIX_MS,
                       .key = make_key(42),
                       .sequence = 2,
                       .region = QN_REGION_ASIA,
                       .roles = QN_ROLE_FULL,
                       .valid_until_ms = QN_FAKE_UNIX_MS};

    tx.id = qn_public_key_id(&tx.key);
    fill(signature, sizeof signature, (unsigned)position);
    QN_ASSERT(qn_tx_payload(&tx, payload, sizeof payload, &bytes) == QN_OK);
    ledger->txs[position] = qn_signed_encode(bytes, (struct qn_span){signature, sizeof signature});
    ledger->tx_ids[position] = qn_tx_id(qn_buf_span(ledger->txs[position]));
}

static struct qn_buf *make_cert(const struct qn_header *header)
{
    enum { QUORUM = 4, SIGNATURE_LEN = 3309 };
    uint8_t signatures[QUORUM][SIGNATURE_LEN];
    struct qn_cert cert = {.kind = QN_VOTE_FINALIZE,
                           .view = 8,
                           .parent_view = 7,
                           .block_id = qn_header_id(header),
                           .bitmap_len = 1,
                           .signature_count = QUORUM};

    cert.bitmap[0] = 0x1d; /* all but number 1 */
    for (unsigned i = 0; i < QUORUM; i++) {
        fill(signatures[i], sizeof signatures[i], i + 100);
        cert.signatures[i] = (struct qn_span){signatures[i], sizeof signatures[i]};
    }
    return qn_cert_encode(&cert);
}

static void init_blocks(struct qn_ledger *ledger)
{
    struct qn_header header = {.version = 1, .network = ledger->genesis.network};
    struct qn_span txs[3];

    init_tx(ledger, 0, QN_TX_REGISTER);
    init_tx(ledger, 1, QN_TX_UPDATE);
    init_tx(ledger, 2, QN_TX_REVOKE);
    for (size_t i = 0; i < QN_ARRAY_COUNT(txs); i++) {
        txs[i] = qn_buf_span(ledger->txs[i]);
    }
    header.state_root = qn_tree_root(ledger->tree);
    for (uint64_t height = 0; height < QN_FAKE_BLOCKS; height++) {
        bool is_head = height == QN_FAKE_BLOCKS - 1;
        header.height = height;
        header.time_ms = QN_FAKE_UNIX_MS - 1000 + height;
        struct qn_block *block = qn_block_new(&header, txs, is_head ? QN_ARRAY_COUNT(txs) : 0);
        ledger->blocks[height] = height == 1 ? NULL : qn_buf_hold(block->encoded);
        ledger->certs[height] = is_head ? make_cert(&header) : NULL;
        ledger->head = block->header;
        ledger->head_id = block->id;
        header.parent = block->id;
        qn_block_drop(block);
    }
}

void qn_fake_ledger_init(struct qn_ledger *ledger, size_t entry_count)
{
    init_genesis(ledger);
    ledger->entry_count = entry_count;
    ledger->entries = calloc(entry_count + 1, sizeof ledger->entries[0]);
    QN_ASSERT(ledger->entries != NULL);
    for (size_t i = 0; i < entry_count; i++) {
        init_entry(&ledger->entries[i], (unsigned)i);
        put_entry(ledger, &ledger->entries[i]);
    }
    init_blocks(ledger);
}

void qn_fake_ledger_fini(struct qn_ledger *ledger)
{
    for (size_t i = 0; i < QN_FAKE_BLOCKS; i++) {
        qn_buf_drop(ledger->blocks[i]);
        qn_buf_drop(ledger->certs[i]);
    }
    for (size_t i = 0; i < QN_ARRAY_COUNT(ledger->txs); i++) {
        qn_buf_drop(ledger->txs[i]);
    }
    qn_tree_drop(ledger->tree);
    free(ledger->entries);
}

/* ---- ledger/ledger.h, the reading part ---- */

uint64_t qn_ledger_epoch(const struct qn_ledger *ledger)
{
    (void)ledger;
    return 0;
}

enum qn_err qn_ledger_validators_at(const struct qn_ledger *ledger, uint64_t epoch,
                                    struct qn_validator_set *set, uint64_t *first_height)
{
    (void)first_height;
    if (epoch != 0) {
        return QN_ERR_NOT_FOUND;
    }
    qn_validator_set_copy(set, &ledger->genesis.validators);
    return QN_OK;
}

uint64_t qn_ledger_height(const struct qn_ledger *ledger)
{
    return ledger->head.height;
}

const struct qn_header *qn_ledger_head(const struct qn_ledger *ledger)
{
    return &ledger->head;
}

struct qn_hash qn_ledger_head_id(const struct qn_ledger *ledger)
{
    return ledger->head_id;
}

enum qn_err qn_ledger_block(const struct qn_ledger *ledger, struct qn_buf **block,
                            struct qn_buf **cert, uint64_t height)
{
    if (height >= QN_FAKE_BLOCKS || ledger->blocks[height] == NULL) {
        return QN_ERR_NOT_FOUND;
    }
    *block = qn_buf_hold(ledger->blocks[height]);
    *cert = ledger->certs[height] == NULL ? NULL : qn_buf_hold(ledger->certs[height]);
    return QN_OK;
}

enum qn_err qn_ledger_entry(const struct qn_ledger *ledger, struct qn_registry_entry *entry,
                            const struct qn_node_id *id)
{
    for (size_t i = 0; i < ledger->entry_count; i++) {
        if (qn_node_id_equal(&ledger->entries[i].id, id)) {
            *entry = ledger->entries[i];
            return QN_OK;
        }
    }
    return QN_ERR_NOT_FOUND;
}

enum qn_err qn_ledger_entry_at(const struct qn_ledger *ledger, struct qn_registry_entry *entry,
                               uint64_t index)
{
    if (index >= ledger->entry_count) {
        return QN_ERR_NOT_FOUND;
    }
    *entry = ledger->entries[index];
    return QN_OK;
}

uint64_t qn_ledger_entry_count(const struct qn_ledger *ledger)
{
    return ledger->entry_count;
}

uint64_t qn_ledger_active_count(const struct qn_ledger *ledger)
{
    return ledger->entry_count > 2 ? ledger->entry_count - 1 : ledger->entry_count;
}

void qn_ledger_prove(const struct qn_ledger *ledger, struct qn_tree_proof *proof,
                     struct qn_buf **entry_bytes, const struct qn_node_id *id)
{
    struct qn_hash key = qn_sha3((struct qn_span){id->bytes, sizeof id->bytes});
    struct qn_buf *value = qn_tree_get(ledger->tree, &key, NULL);

    qn_tree_prove(ledger->tree, proof, &key);
    *entry_bytes = value == NULL ? NULL : qn_buf_hold(value);
}

enum qn_err qn_ledger_prove_at(const struct qn_ledger *ledger, struct qn_buf **bundle, char *text,
                               const struct qn_node_id *id, uint64_t height)
{
    struct qn_span bytes = {id->bytes, QN_HASH_LEN};

    text[0] = '\0';
    if (height != QN_PROVE_NEWEST && height > qn_ledger_height(ledger)) {
        memcpy(text, "not yet", sizeof "not yet");
        return QN_ERR_NOT_FOUND;
    }
    if (height == 1) {
        memcpy(text, "again", sizeof "again");
        return QN_ERR_BUSY;
    }
    *bundle = qn_buf_copy(bytes);
    return QN_OK;
}

const struct qn_genesis *qn_ledger_genesis(const struct qn_ledger *ledger)
{
    return &ledger->genesis;
}
