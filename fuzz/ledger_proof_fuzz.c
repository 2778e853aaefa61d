/* Any bytes as a proof: it may show what is true of a small ledger, and nothing that is false.
 *
 * The first byte selects the key of the claim; the rest is the encoded proof. */
#include "ledger/testing/small_ledger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Keys in the tree and one that is not. */
enum { CLAIMS = 5 };

static struct claim {
    struct qn_hash key;
    bool is_member;
    struct qn_hash value_hash; /* of a member */
} claims[CLAIMS];
static struct qn_hash root;
static bool started;

static void start(void)
{
    static const unsigned numbers[CLAIMS] = {1, 2, 1000, 1001, 1002};
    struct qn_chain chain;

    started = true;
    qn_test_start();
    qn_small_ledger_init(&chain);
    root = qn_ledger_head(chain.ledger)->state_root;
    for (size_t i = 0; i < CLAIMS; i++) {
        struct qn_key *key = qn_kit_key(numbers[i]);
        struct qn_node_id id = qn_kit_id(key);
        struct qn_tree_proof proof;
        struct qn_buf *entry = NULL;
        qn_ledger_prove(chain.ledger, &proof, &entry, &id);
        claims[i].key = qn_sha3((struct qn_span){id.bytes, sizeof id.bytes});
        claims[i].is_member = entry != NULL;
        if (entry != NULL) {
            claims[i].value_hash = qn_sha3(qn_buf_span(entry));
        }
        qn_buf_drop(entry);
        qn_key_free(key);
    }
    qn_chain_fini(&chain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct qn_tree_proof proof; /* 8 KB */

    if (!started) {
        start();
    }
    if (size == 0 || qn_tree_proof_decode(&proof, (struct qn_span){data + 1, size - 1}) != QN_OK) {
        return 0;
    }
    const struct claim *claim = &claims[data[0] % CLAIMS];
    const struct claim *other = &claims[(data[0] + 1U) % CLAIMS];
    if (claim->is_member) {
        QN_ASSERT(!qn_tree_proof_holds(&proof, &root, &claim->key, NULL));
        (void)qn_tree_proof_holds(&proof, &root, &claim->key, &claim->value_hash);
    } else {
        (void)qn_tree_proof_holds(&proof, &root, &claim->key, NULL);
    }
    QN_ASSERT(!qn_tree_proof_holds(&proof, &root, &claim->key, &other->value_hash));
    QN_ASSERT(!qn_tree_proof_holds(&proof, &root, &claim->key, &proof.leaf_key));
    return 0;
}
