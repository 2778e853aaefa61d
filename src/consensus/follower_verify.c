/* Verifying and executing the items of a reply. The last certificate comes first: it proves every block
 * below it by hash, so nothing is executed that no quorum vouches for. */
#include "consensus/follower_state.h"

enum { COOKIE_ITEM_SHIFT = 8, COOKIE_ITEM_BITS = 10, COOKIE_GENERATION_SHIFT = 18 };
_Static_assert(QN_VALIDATORS_MAX < 1 << COOKIE_ITEM_SHIFT &&
                   QN_BLOCKS_PER_REPLY_MAX < 1 << COOKIE_ITEM_BITS &&
                   COOKIE_ITEM_SHIFT + COOKIE_ITEM_BITS == COOKIE_GENERATION_SHIFT,
               "item and position fit in a cookie");

static uint64_t make_cookie(const struct qn_follower *f, size_t item, size_t position)
{
    return f->generation << COOKIE_GENERATION_SHIFT | (uint64_t)item << COOKIE_ITEM_SHIFT |
           (uint64_t)position;
}

void qn_follower_verify(struct qn_follower *f, size_t item)
{
    struct qn_cert cert;

    QN_ASSERT(f->pending_count == 0);
    const struct qn_buf *bytes = item == f->item_count ? f->path_cert : f->items[item].cert;
    QN_ASSERT(qn_cert_decode(&cert, qn_buf_span(bytes)) == QN_OK);
    struct qn_hash digest = qn_cert_digest(&cert, &f->network);
    f->verifying = item;
    f->pending_count = cert.signature_count;
    for (size_t i = 0; i < cert.signature_count; i++) {
        struct qn_follower_action *action = qn_follower_emit(f, QN_FOLLOWER_VERIFY);
        f->pending[i] = true;
        action->cookie = make_cookie(f, item, i);
        action->source = f->source;
        action->validator = qn_cert_signer(&cert, i);
        action->sign_kind = qn_vote_sign_kind(cert.kind);
        action->digest = digest;
        QN_ASSERT(cert.signatures[i].len <= sizeof action->signature.bytes);
        action->signature.len = (uint16_t)cert.signatures[i].len;
        for (size_t j = 0; j < cert.signatures[i].len; j++) {
            action->signature.bytes[j] = cert.signatures[i].at[j];
        }
    }
}

/* The next block's execution, and its own certificate beside it. */
static void start_item(struct qn_follower *f)
{
    const struct qn_follower_item *item = &f->items[f->item_next];
    struct qn_follower_action *action = qn_follower_emit(f, QN_FOLLOWER_CHECK);

    action->cookie = make_cookie(f, f->item_next, 0);
    action->source = f->source;
    action->block = qn_block_hold(item->block);
    if (item->cert != NULL && !item->verified) {
        qn_follower_verify(f, f->item_next);
    }
}

static void commit_item(struct qn_follower *f)
{
    struct qn_follower_item *item = &f->items[f->item_next];
    struct qn_follower_action *action = qn_follower_emit(f, QN_FOLLOWER_COMMIT);

    action->source = f->source;
    action->block = qn_block_hold(item->block);
    action->cert = item->cert != NULL ? qn_buf_hold(item->cert) : NULL;
    action->view = item->view;
    f->final_height = item->block->header.height;
    f->final_id = item->block->id;
    f->item_next += 1;
    f->blocks += 1;
}

static bool is_ready(const struct qn_follower_item *item)
{
    return item->checked && (item->cert == NULL || item->verified);
}

/* One block at a time: the next one starts when this one is committed. */
void qn_follower_advance(struct qn_follower *f)
{
    if (f->stage == QN_FOLLOWER_PROVING &&
        (f->path_proved || f->items[f->item_count - 1].verified)) {
        f->stage = QN_FOLLOWER_TAKING;
        start_item(f);
    }
    if (f->stage == QN_FOLLOWER_TAKING && is_ready(&f->items[f->item_next])) {
        commit_item(f);
        if (f->item_next < f->item_count) {
            start_item(f);
            return;
        }
        qn_source_succeeded(f, f->source);
        qn_follower_drop_items(f);
        f->stage = QN_FOLLOWER_IDLE;
        qn_follower_ask(f);
    }
}

static bool is_current(const struct qn_follower *f, uint64_t cookie)
{
    return cookie >> COOKIE_GENERATION_SHIFT == f->generation &&
           (f->stage == QN_FOLLOWER_PROVING || f->stage == QN_FOLLOWER_TAKING);
}

static size_t cookie_item(uint64_t cookie)
{
    return cookie >> COOKIE_ITEM_SHIFT & ((1U << COOKIE_ITEM_BITS) - 1);
}

static void verified(struct qn_follower *f, uint64_t cookie, bool ok)
{
    size_t position = cookie & ((1U << COOKIE_ITEM_SHIFT) - 1);
    size_t item = cookie_item(cookie);

    if (!is_current(f, cookie) || item != f->verifying || position >= QN_VALIDATORS_MAX ||
        f->pending_count == 0 || !f->pending[position]) {
        return;
    }
    f->pending[position] = false;
    f->pending_count -= 1;
    if (!ok) {
        qn_follower_give_up(f, true, QN_ERR_BAD_SIGNATURE);
        return;
    }
    if (f->pending_count == 0) {
        if (item == f->item_count) {
            f->path_proved = true;
        } else {
            f->items[item].verified = true;
        }
        qn_follower_advance(f);
    }
}

void qn_follower_on_verified(struct qn_follower *f, struct qn_follower_actions *out,
                             uint64_t cookie, bool ok, qn_time_us now)
{
    qn_follower_begin(f, out, now);
    verified(f, cookie, ok);
}

/* The certificate vouches for the header alone: other transactions under it are the source's doing. Not so
 * what comes of this machine's load. */
static bool is_sources_fault(enum qn_err verdict)
{
    return verdict != QN_ERR_BUSY && verdict != QN_ERR_NOT_FOUND && verdict != QN_ERR_NOT_YET_VALID;
}

static void checked(struct qn_follower *f, uint64_t cookie, enum qn_err verdict)
{
    size_t item = cookie_item(cookie);

    if (!is_current(f, cookie) || f->stage != QN_FOLLOWER_TAKING || item != f->item_next) {
        return;
    }
    if (verdict != QN_OK) {
        qn_log(f->log, QN_LOG_ERROR, "follower", "final_block_refused", "height=%llu reason=%s",
               (unsigned long long)f->final_height + 1, qn_err_name(verdict));
        qn_follower_give_up(f, is_sources_fault(verdict), verdict);
        return;
    }
    f->items[item].checked = true;
    qn_follower_advance(f);
}

void qn_follower_on_checked(struct qn_follower *f, struct qn_follower_actions *out, uint64_t cookie,
                            enum qn_err verdict, qn_time_us now)
{
    qn_follower_begin(f, out, now);
    checked(f, cookie, verdict);
}
