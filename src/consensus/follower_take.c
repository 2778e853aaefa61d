/* A reply: decoded whole, every hash link and every certificate's members checked, before anything of it
 * is verified or executed. */
#include "consensus/follower_state.h"

void qn_follower_drop_items(struct qn_follower *f)
{
    for (size_t i = 0; i < f->item_count; i++) {
        qn_block_drop(f->items[i].block);
        qn_buf_drop(f->items[i].cert);
    }
    qn_buf_drop(f->path_cert);
    f->path_cert = NULL;
    f->path_proved = false;
    f->item_count = 0;
    f->item_next = 0;
    f->pending_count = 0;
    f->generation += 1;
}

/* The certificate of the block with this id, in this epoch; its members checked. */
static enum qn_err check_cert(const struct qn_follower *f, struct qn_cert *cert,
                              struct qn_span bytes, const struct qn_hash *id)
{
    enum qn_err err = qn_cert_decode(cert, bytes);
    if (err != QN_OK) {
        return err;
    }
    if (cert->kind != QN_VOTE_FINALIZE || cert->epoch != f->epoch ||
        !qn_hash_equal(&cert->block_id, id)) {
        return QN_ERR_NO_QUORUM; /* a certificate, but not one that makes this block final */
    }
    return qn_cert_check_members(cert, f->validators);
}

static enum qn_err take_cert(struct qn_follower *f, struct qn_follower_item *item,
                             struct qn_span bytes)
{
    struct qn_cert cert;

    if (bytes.len == 0) {
        return QN_OK;
    }
    enum qn_err err = check_cert(f, &cert, bytes, &item->block->id);
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
    return QN_OK;
}

/* From the last block up, header by header, to one that a quorum made final: so the last block is final, and
 * all before it. Within the epoch, whose last block has a certificate of its own. */
static enum qn_err take_path(struct qn_follower *f, const struct qn_blocks *blocks)
{
    struct qn_hash id = f->items[f->item_count - 1].block->id;
    uint64_t height = f->items[f->item_count - 1].block->header.height;
    struct qn_cert cert;

    if (f->items[f->item_count - 1].cert != NULL) {
        return QN_OK;
    }
    for (size_t i = 0; i < blocks->header_count; i++) {
        struct qn_header header;
        enum qn_err err = qn_header_decode(&header, blocks->headers[i]);
        if (err != QN_OK) {
            return err;
        }
        height += 1;
        if (header.height != height || header.epoch != f->epoch ||
            !qn_network_id_equal(&header.network, &f->network) ||
            !qn_hash_equal(&header.parent, &id)) {
            return QN_ERR_WRONG_PARENT;
        }
        id = qn_header_id(&header);
    }
    enum qn_err err =
        blocks->header_count == 0 ? QN_ERR_NO_QUORUM : check_cert(f, &cert, blocks->cert, &id);
    if (err == QN_OK) {
        f->path_cert = qn_buf_copy(blocks->cert);
    }
    return err;
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
    if (err == QN_OK) {
        err = take_path(f, blocks);
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
