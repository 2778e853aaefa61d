/* Any transactions as a block: what one ledger builds, another with the same history must execute to the same
 * state, and must refuse when one bit of the header is different.
 *
 * The first byte selects the bit; then come payloads of transactions, each after its length in two bytes. */
#include "ledger/testing/small_ledger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TXS_MAX = 8 };

static struct qn_chain builder;
static struct qn_chain judge;

static void start(void)
{
    if (builder.ledger == NULL) {
        qn_test_start();
        qn_small_ledger_init(&builder);
        qn_small_ledger_init(&judge);
    }
}

/* Each payload in an envelope with a signature that is not checked here. Returns how many. */
static size_t cut(struct qn_buf *txs[TXS_MAX], struct qn_span in)
{
    static const uint8_t no_signature = 0;
    size_t count = 0;

    while (count < TXS_MAX && in.len > 2) {
        size_t len = (size_t)in.at[0] << 8 | in.at[1];
        len = len < in.len - 2 ? len : in.len - 2;
        if (len == 0 || len > QN_TX_LEN_MAX - 64) {
            break;
        }
        txs[count] =
            qn_signed_encode((struct qn_span){in.at + 2, len}, (struct qn_span){&no_signature, 1});
        count += 1;
        in = (struct qn_span){in.at + 2 + len, in.len - 2 - len};
    }
    return count;
}

static void flip(struct qn_hash *hash, unsigned selector)
{
    hash->bytes[selector % sizeof hash->bytes] ^= 1;
}

static struct qn_block *forge(const struct qn_block *block, unsigned selector)
{
    struct qn_header header = block->header;

    switch (selector % 5) {
    case 0:
        flip(&header.state_root, selector);
        break;
    case 1:
        flip(&header.tx_root, selector);
        break;
    case 2:
        flip(&header.history_root, selector);
        break;
    case 3:
        flip(&header.validators_hash, selector);
        break;
    case 4:
        header.height ^= 1;
        break;
    }
    return qn_chain_forge(block, &header);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qn_buf *txs[TXS_MAX];

    start();
    if (size == 0) {
        return 0;
    }
    size_t count = cut(txs, (struct qn_span){data + 1, size - 1});
    struct qn_hash tip = qn_ledger_head_id(builder.ledger);
    struct qn_block *block = qn_chain_build(&builder, &tip, txs, count);
    struct qn_block *forged = forge(block, data[0]);
    QN_ASSERT(qn_ledger_execute(judge.ledger, forged, 0) != QN_OK);
    QN_ASSERT(!qn_ledger_knows(judge.ledger, &forged->id));
    QN_ASSERT(qn_ledger_execute(judge.ledger, block, 0) == QN_OK);
    QN_ASSERT(qn_ledger_knows(judge.ledger, &block->id));
    qn_block_drop(forged);
    qn_block_drop(block);
    return 0;
}
