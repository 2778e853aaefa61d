/* What the peer layer keeps in a data directory, read as a node reads it when it starts. */
#include "ledger/store_keys.h"
#include "peer/address_book.h"
#include "peer/bans.h"
#include "store/admin.h"

#include <stdarg.h>
#include <stdio.h>

void qn_store_complain(struct qn_store_problems *problems, const char *format, ...)
{
    va_list values;

    if (problems->count < QN_STORE_PROBLEMS_MAX) {
        va_start(values, format);
        (void)vsnprintf(problems->texts[problems->count], sizeof problems->texts[0], format,
                        values);
        va_end(values);
    }
    problems->count += 1;
}

static bool visit_ban(void *context, struct qn_span key, struct qn_buf *value)
{
    struct qn_store_peer_audit *audit = context;
    struct qn_ban ban;
    struct qn_hash stored;
    struct qn_hash own;

    if (!qn_store_key_is_hash(&stored, QN_STORE_BAN, key)) {
        return false;
    }
    audit->bans += 1;
    enum qn_err err = qn_ban_decode(&ban, qn_buf_span(value), 0, 0);
    if (err == QN_ERR_WRONG_VERSION) {
        audit->left_out += 1;
        return true;
    }
    if (err != QN_OK) {
        qn_store_complain(&audit->problems, "a ban by the operator cannot be read");
        return true;
    }
    qn_ban_target_key(own.bytes, &ban.target);
    if (!qn_hash_equal(&own, &stored)) {
        char text[QN_BAN_TARGET_TEXT_SIZE];
        qn_store_complain(&audit->problems, "the ban of %s stands under another key",
                          qn_ban_target_format(text, &ban.target));
    }
    return true;
}

static bool visit_page(void *context, struct qn_span key, struct qn_buf *value)
{
    struct qn_store_peer_audit *audit = context;
    uint64_t page = 0;

    if (!qn_store_key_is_height(&page, QN_STORE_BOOK, key)) {
        return false;
    }
    audit->pages += 1;
    switch (qn_book_page_check((size_t)page, qn_buf_span(value))) {
    case QN_OK:
        break;
    case QN_ERR_WRONG_VERSION:
        audit->left_out += 1;
        break;
    default:
        qn_store_complain(&audit->problems,
                          "page %llu of the address book cannot be read: a node that starts leaves "
                          "its addresses out, and finds peers anew",
                          (unsigned long long)page);
        break;
    }
    return true;
}

void qn_store_audit_peers(struct qn_store_peer_audit *audit, const struct qn_storage *storage)
{
    struct qn_store_key bans = qn_store_key_kind(QN_STORE_BAN);
    struct qn_store_key pages = qn_store_key_kind(QN_STORE_BOOK);

    *audit = (struct qn_store_peer_audit){0};
    enum qn_err err = storage->walk(storage->context, qn_store_key_span(&bans), visit_ban, audit);
    if (err != QN_OK) {
        qn_store_complain(&audit->problems, "the bans cannot be read: %s", qn_err_text(err));
    }
    err = storage->walk(storage->context, qn_store_key_span(&pages), visit_page, audit);
    if (err != QN_OK) {
        qn_store_complain(&audit->problems, "the address book cannot be read: %s",
                          qn_err_text(err));
    }
}
