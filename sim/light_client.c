#include "sim/light_client.h"

#include <string.h>

static bool sha3_256(void *context, uint8_t digest[QNET_HASH_LEN], const struct qnet_span *parts,
                     size_t part_count)
{
    enum { PARTS_MAX = 256 };
    struct qn_span spans[PARTS_MAX];

    (void)context;
    QN_ASSERT(part_count <= PARTS_MAX);
    for (size_t i = 0; i < part_count; i++) {
        spans[i] = (struct qn_span){parts[i].at, parts[i].len};
    }
    struct qn_hash hash = qn_sha3_parts(spans, part_count);
    memcpy(digest, hash.bytes, QNET_HASH_LEN);
    return true;
}

struct qnet_verify_crypto qn_light_client_crypto(
    enum qnet_check (*verify)(void *context, struct qnet_span key, const char *context_string,
                              const uint8_t digest[QNET_HASH_LEN], struct qnet_span signature),
    void *context)
{
    return (struct qnet_verify_crypto){context, sha3_256, verify};
}

bool qn_light_client_init(struct qnet_trust *trust, const struct qnet_verify_crypto *crypto,
                          const struct qn_genesis *genesis)
{
    struct qnet_span certificates[QNET_COMMITTEE_MAX];

    for (size_t i = 0; i < genesis->cert_count; i++) {
        certificates[i] =
            (struct qnet_span){genesis->cert_bytes[i]->bytes, genesis->cert_bytes[i]->len};
    }
    return qnet_trust_init(trust, NULL, crypto, certificates, genesis->cert_count) ==
           QNET_VERIFY_OK;
}

static enum qn_err prove(const struct qn_ledger *ledger, struct qn_buf **bundle,
                         const struct qn_node_id *id, uint64_t height)
{
    enum { TRIES_MAX = 100000 }; /* each undoes some more */
    char text[QN_TEXT_LEN_MAX + 1];
    enum qn_err err = QN_ERR_BUSY;

    for (size_t i = 0; i < TRIES_MAX && err == QN_ERR_BUSY; i++) {
        err = qn_ledger_prove_at(ledger, bundle, text, id, height);
    }
    return err;
}

static bool is_same(const struct qnet_entry *seen, const struct qn_registry_entry *entry)
{
    return seen->index == entry->index && seen->status == (uint8_t)entry->status &&
           seen->sequence == entry->sequence && seen->roles == entry->roles &&
           seen->valid_until_ms == entry->valid_until_ms &&
           seen->changed_height == entry->changed_height &&
           memcmp(seen->key_hash, entry->key_hash.bytes, QNET_HASH_LEN) == 0;
}

/* The ledger's own word, which it has for its tip. */
static const char *compare(const struct qnet_verdict *verdict, const struct qn_ledger *ledger,
                           const struct qn_node_id *id)
{
    const struct qn_header *head = qn_ledger_head(ledger);
    struct qn_registry_entry entry;

    if (memcmp(verdict->network, head->network.bytes, QNET_HASH_LEN) != 0) {
        return "a proof is of another network";
    }
    if (verdict->height != head->height) {
        return verdict->height < head->height ? NULL : "a proof is of a height above the tip";
    }
    bool is_member = qn_ledger_entry(ledger, &entry, id) == QN_OK;
    if (memcmp(verdict->state_root, head->state_root.bytes, QNET_HASH_LEN) != 0) {
        return "a proof has another state root than the ledger";
    }
    if (verdict->is_member != is_member) {
        return "a proof and the ledger differ on whether a node is registered";
    }
    return !is_member || is_same(&verdict->entry, &entry)
               ? NULL
               : "a proof has another entry than the ledger";
}

const char *qn_light_client_check(struct qnet_verdict *verdict, bool *proved,
                                  const struct qn_ledger *ledger, const struct qnet_trust *trust,
                                  const struct qnet_verify_crypto *crypto,
                                  const struct qn_node_id *id, uint64_t height)
{
    struct qn_buf *bundle = NULL;
    enum qn_err err = prove(ledger, &bundle, id, height);

    *proved = err == QN_OK;
    if (err == QN_ERR_NOT_FOUND || err == QN_ERR_NOT_READY) {
        return NULL;
    }
    if (err != QN_OK) {
        return "a ledger cannot prove what it holds";
    }
    enum qnet_verify_status status =
        qnet_proof_verify(verdict, trust, crypto, bundle->bytes, bundle->len, id->bytes);
    qn_buf_drop(bundle);
    return status == QNET_VERIFY_OK ? compare(verdict, ledger, id) : qnet_verify_text(status);
}
