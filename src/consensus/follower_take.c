/* A reply: decoded whole, every hash link and every certificate's members checked, before anything of it
 * is verified or executed. */
#include "consensus/follower_state.h"

void qn_follower_drop_items(struct qn_follower *f)
{
    for (size_t i = 0; i < f->item_count; i++) {
        qn_block_drop(f->items[i].block);
        qn_buf_drop(f->items[i].cert);
    }
    f->item_count = 0;
    f->item_next = 0;
    f->pending_count = 0;
    f->generation += 1;
}

static enum qn_err take_cert(struct qn_follower *f, struct qn_follower_item *item,
                             struct qn_span bytes)
{
    struct qn_cert cert;

    if (bytes.len == 0) {
        return QN_OK;
    }
    enum qn_err err = qn_cert_decode(&cert, bytes);
    if (err != QN_OK) {
        return err;
    }
    if (cert.kind != QN_VOTE_FINALIZE || cert.epoch != f->epoch ||
        !qn_hash_equal(&cert.block_id, &item->block->id)) {
        return QN_ERR_NO_QUORUM; /* a certificate, but not one that makes this block final */
    }
    err = qn_cert_check_members(&cert, f->validators);
    if (err == QN_OK) {
        item->cert = qn_buf_copy(bytes);
        item->view = cert.view;
    }
    return err;
}

static enum qn_err take_block(struct qn_follower *f, struct qn_follower_item *item,
                              const struct qn_block_item *bytes, uint64_t height)
{
    enum qn_err err = qn_block_decode(&item->block, bytes->block);

    if (err != QN_OK) {
        return err;
    }
    const struct qn_header *header = &item->block->header;
    if (!qn_network_id_equal(&header->network, &f->network)) {
        return QN_ERR_WRONG_NETWORK;
    }
    if (header->height != height || header->epoch != f->epoch) {
        return QN_ERR_WRONG_PARENT;
    }
    return take_cert(f, item, bytes->cert);
}

static enum qn_err check_links(const struct qn_follower *f)
{
    for (size_t i = 1; i < f->item_count; i++) {
        if (!qn_hash_equal(&f->items[i].block->header.parent, &f->items[i - 1].block->id)) {
            return QN_ERR_WRONG_PARENT;
        }
    }
    /* The first one's parent, or the first itself, is what we committed. */
    uint64_t below = f->final_height - (f->from_height - 1);
    const struct qn_hash *link = below == 0               ? &f->items[0].block->header.parent
                                 : below <= f->item_count ? &f->items[below - 1].block->id
                                                          : &f->final_id;
    if (!qn_hash_equal(link, &f->final_id)) {
        return QN_ERR_WRONG_PARENT;
    }
    return f->items[f->item_count - 1].cert != NULL ? QN_OK : QN_ERR_NO_QUORUM;
}

enum qn_err qn_follower_take(struct qn_follower *f, const struct qn_blocks *blocks)
{
    enum qn_err err = QN_OK;

    QN_ASSERT(f->item_count == 0 && blocks->count > 0);
    for (size_t i = 0; i < blocks->count && err == QN_OK; i++) {
        struct qn_follower_item *item = &f->items[i];
        *item = (struct qn_follower_item){0};
        err = take_block(f, item, &blocks->items[i], f->from_height + i);
        f->item_count += item->block != NULL;
    }
    if (err == QN_OK) {
        err = check_links(f);
    }
    if (err != QN_OK) {
        qn_follower_drop_items(f);
    }
    return err;
}

void qn_follower_skip(struct qn_follower *f)
{
    while (f->item_next < f->item_count &&
           f->items[f->item_next].block->header.height <= f->final_height) {
        f->item_next += 1;
    }
}
