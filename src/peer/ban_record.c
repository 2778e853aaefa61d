/* A ban as text, as a key and as bytes. */
#include "peer/bans.h"

#include "wire/field.h"

#include <string.h>

enum { KEY_MARK = 0xff, KEY_MARK_AT = QN_NET_IP_LEN + 1 };

enum qn_err qn_ban_target_parse(struct qn_ban_target *target, const char *text)
{
    struct qn_ban_target read = {.is_id = true};
    if (strlen(text) == (size_t)2 * QN_HASH_LEN &&
        qn_hex_decode(read.id.bytes, sizeof read.id.bytes, text) == QN_OK) {
        *target = read;
        return QN_OK;
    }
    read = (struct qn_ban_target){.is_id = false};
    enum qn_err err = qn_net_prefix_parse(&read.prefix, text);
    if (err == QN_OK) {
        *target = read;
    }
    return err;
}

const char *qn_ban_target_format(char text[QN_BAN_TARGET_TEXT_SIZE],
                                 const struct qn_ban_target *target)
{
    _Static_assert((int)QN_NET_PREFIX_TEXT_SIZE <= (int)QN_BAN_TARGET_TEXT_SIZE, "both fit");
    if (!target->is_id) {
        return qn_net_prefix_format(text, &target->prefix);
    }
    qn_hex_encode(text, target->id.bytes, sizeof target->id.bytes);
    return text;
}

/* An id is its own key. No hash ends in that many equal bytes, so that the key of a prefix is none. */
void qn_ban_target_key(uint8_t key[QN_HASH_LEN], const struct qn_ban_target *target)
{
    if (target->is_id) {
        memcpy(key, target->id.bytes, QN_HASH_LEN);
        return;
    }
    memcpy(key, target->prefix.ip, QN_NET_IP_LEN);
    key[QN_NET_IP_LEN] = target->prefix.bits;
    memset(&key[KEY_MARK_AT], KEY_MARK, QN_HASH_LEN - KEY_MARK_AT);
}

struct qn_ban_target qn_ban_target_of_key(const uint8_t key[QN_HASH_LEN], bool is_id)
{
    struct qn_ban_target target = {.is_id = is_id};
    if (is_id) {
        memcpy(target.id.bytes, key, QN_HASH_LEN);
    } else {
        memcpy(target.prefix.ip, key, QN_NET_IP_LEN);
        target.prefix.bits = key[QN_NET_IP_LEN];
    }
    return target;
}

static void write_ban(struct qn_writer *w, const void *record)
{
    const struct qn_ban *ban = record;
    char text[QN_BAN_TARGET_TEXT_SIZE];
    qn_write_map(w, ban->until_ms == QN_BAN_FOR_GOOD ? 3 : 4);
    qn_write_key(w, 1);
    qn_write_text(w, qn_ban_target_format(text, &ban->target));
    qn_write_key(w, 2);
    qn_write_uint(w, ban->since_ms);
    if (ban->until_ms != QN_BAN_FOR_GOOD) {
        qn_write_key(w, 3);
        qn_write_uint(w, ban->until_ms);
    }
    qn_write_key(w, 4);
    qn_write_text(w, ban->reason);
}

struct qn_buf *qn_ban_encode(const struct qn_ban *ban)
{
    QN_ASSERT(ban->by_operator);
    return qn_encode(write_ban, ban);
}

/* What is left of it: until then by the wall clock, but never more than it was made for, in case that
 * clock stands wrong now. */
static qn_time_us end_of(const struct qn_ban *ban, qn_time_us now, qn_unix_ms unix_ms)
{
    if (ban->until_ms == QN_BAN_FOR_GOOD) {
        return UINT64_MAX;
    }
    qn_unix_ms left = ban->until_ms > unix_ms ? ban->until_ms - unix_ms : 0;
    qn_unix_ms all = ban->until_ms - ban->since_ms;
    left = left < all ? left : all;
    return left > (UINT64_MAX - now) / 1000 ? UINT64_MAX : now + left * 1000;
}

enum qn_err qn_ban_decode(struct qn_ban *out, struct qn_span bytes, qn_time_us now,
                          qn_unix_ms unix_ms)
{
    struct qn_ban ban = {.by_operator = true, .until_ms = QN_BAN_FOR_GOOD};
    char target[QN_BAN_TARGET_TEXT_SIZE] = "";
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    qn_read_text_at(&in, &map, 1, target, sizeof target - 1);
    ban.since_ms = qn_read_uint_at(&in, &map, 2, UINT64_MAX);
    if (qn_read_key_if(&in, &map, 3)) {
        ban.until_ms = qn_read_uint(&in, UINT64_MAX - 1);
    }
    qn_read_text_at(&in, &map, 4, ban.reason, QN_BAN_REASON_LEN_MAX);
    if (!in.failed &&
        map.pairs_left > 0) { /* what this version does not know must not be ignored */
        return QN_ERR_WRONG_VERSION;
    }
    qn_read_map_end(&in, &map);
    if (qn_reader_done(&in) != QN_OK || ban.until_ms < ban.since_ms ||
        qn_ban_target_parse(&ban.target, target) != QN_OK) {
        return QN_ERR_MALFORMED;
    }
    ban.ends_us = end_of(&ban, now, unix_ms);
    *out = ban;
    return QN_OK;
}
