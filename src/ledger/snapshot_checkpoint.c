/* The checkpoints that a ledger keeps to serve: trees are persistent, so a past state costs what has
 * changed since. */
#include "ledger/ledger_state.h"
#include "ledger/snapshot.h"

static void drop(struct qn_checkpoint *checkpoint)
{
    qn_block_drop(checkpoint->block);
    qn_tree_drop(checkpoint->tree);
    qn_buf_drop(checkpoint->cert);
    *checkpoint = (struct qn_checkpoint){0};
}

void qn_ledger_drop_checkpoints(struct qn_ledger *ledger)
{
    for (size_t i = 0; i < QN_LEDGER_CHECKPOINTS_MAX; i++) {
        drop(&ledger->checkpoints[i]);
    }
}

static void add(struct qn_ledger *ledger, const struct qn_block_state *tip)
{
    struct qn_checkpoint *newest = &ledger->checkpoints[0];

    drop(&ledger->checkpoints[QN_LEDGER_CHECKPOINTS_MAX - 1]);
    for (size_t i = QN_LEDGER_CHECKPOINTS_MAX - 1; i > 0; i--) {
        ledger->checkpoints[i] = ledger->checkpoints[i - 1];
    }
    *newest = (struct qn_checkpoint){
        .block = qn_block_hold(tip->block),
        .tree = qn_tree_hold(tip->state.tree),
        .history = tip->history,
    };
}

void qn_ledger_note_checkpoint(struct qn_ledger *ledger)
{
    const struct qn_block_state *tip = ledger->tip;
    struct qn_checkpoint *newest = &ledger->checkpoints[0];
    uint64_t height = tip->block->header.height;

    if (height > 0 && height % QN_LEDGER_CERT_STRIDE == 0) {
        add(ledger, tip);
    }
    if (newest->block != NULL && newest->anchor == 0 && tip->cert != NULL) {
        newest->anchor = height;
        newest->cert = qn_buf_hold(tip->cert);
        drop(&ledger->checkpoints[QN_LEDGER_CHECKPOINTS_MAX - 1]);
    }
}

static const struct qn_checkpoint *newest(const struct qn_ledger *ledger)
{
    size_t first = ledger->checkpoints[0].anchor == 0;

    return ledger->checkpoints[first].block != NULL ? &ledger->checkpoints[first] : NULL;
}

uint64_t qn_snapshot_newest(const struct qn_ledger *ledger)
{
    const struct qn_checkpoint *checkpoint = newest(ledger);

    return checkpoint == NULL ? 0 : checkpoint->block->header.height;
}

const struct qn_checkpoint *qn_ledger_find_checkpoint(const struct qn_ledger *ledger,
                                                      uint64_t height)
{
    if (height == 0) {
        return newest(ledger);
    }
    for (size_t i = 0; i < QN_LEDGER_CHECKPOINTS_MAX; i++) {
        const struct qn_checkpoint *checkpoint = &ledger->checkpoints[i];
        if (checkpoint->anchor > 0 && checkpoint->block->header.height == height) {
            return checkpoint;
        }
    }
    return NULL;
}
