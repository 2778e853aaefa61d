/* Any bytes as a transaction: the verdict of a small ledger must agree with what a block on the same state
 * makes of them.
 *
 * After an even first byte the rest is the whole encoding; after an odd one it is a payload, which the target
 * puts into an envelope, so that the fuzzer need not learn the envelope's lengths. */
#include "ledger/testing/small_ledger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Made once: nothing becomes final, so each input meets the same state. */
static struct qn_chain *shared_ledger(void)
{
    static struct qn_chain chain;

    if (chain.ledger == NULL) {
        qn_test_start();
        qn_small_ledger_init(&chain);
    }
    return &chain;
}

/* What check_tx accepts goes into a block, and what it refuses does not but has its reason in words. */
static void judge(struct qn_chain *chain, struct qn_buf *tx)
{
    struct qn_tx_checks checks = {0};
    char text[QN_TEXT_LEN_MAX + 1] = "";
    struct qn_hash tip = qn_ledger_head_id(chain->ledger);
    enum qn_err err =
        qn_ledger_check_tx(chain->ledger, &checks, text, qn_buf_span(tx), qn_chain_now(chain));

    for (size_t i = 0; i < checks.signature_count; i++) {
        QN_ASSERT(checks.signatures[i].signature.at >= tx->bytes);
        QN_ASSERT(checks.signatures[i].signature.at + checks.signatures[i].signature.len <=
                  tx->bytes + tx->len);
    }
    struct qn_block *block = qn_chain_build(chain, &tip, &tx, 1);
    QN_ASSERT(block->tx_count == (err == QN_OK ? 1 : 0));
    QN_ASSERT((err == QN_OK) == (text[0] == '\0'));
    QN_ASSERT((err == QN_OK) == (checks.signature_count > 0));
    qn_block_drop(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t no_signature = 0;
    struct qn_chain *chain = shared_ledger();

    if (size < 2) {
        return 0;
    }
    struct qn_span rest = {data + 1, size - 1};
    if (data[0] % 2 == 0) {
        judge(chain, qn_buf_copy(rest));
    } else if (rest.len <= QN_TX_LEN_MAX) {
        judge(chain, qn_signed_encode(rest, (struct qn_span){&no_signature, 1}));
    }
    return 0;
}
