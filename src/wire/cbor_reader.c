#include "wire/cbor.h"

#include "wire/cbor_form.h"
#include "wire/utf8.h"

#include <string.h>

struct head {
    enum qn_cbor_major major;
    uint64_t argument;
};

void qn_reader_init(struct qn_reader *in, struct qn_span bytes)
{
    *in = (struct qn_reader){.at = bytes.at, .left = bytes.len};
}

/* The next len bytes, which become part of the past; an empty span if there are fewer. */
static struct qn_span take(struct qn_reader *in, size_t len)
{
    if (in->failed || in->left < len) {
        in->failed = true;
        return (struct qn_span){NULL, 0};
    }
    struct qn_span bytes = {in->at, len};
    in->at += len;
    in->left -= len;
    return bytes;
}

/* The smallest argument that needs this many bytes. */
static uint64_t argument_min(size_t width)
{
    return width == 1 ? QN_CBOR_INLINE_MAX + 1 : (uint64_t)1 << (8 * (width / 2));
}

/* One item's head in its shortest form. Floats have the form of a simple value with an argument of
 * 2 to 8 bytes; whoever accepts QN_CBOR_SIMPLE looks at the argument. */
static struct head read_head(struct qn_reader *in)
{
    struct qn_span first = take(in, 1);
    if (in->failed) {
        return (struct head){QN_CBOR_UINT, 0};
    }
    struct head head = {(enum qn_cbor_major)(first.at[0] >> 5), first.at[0] & 0x1FU};
    if (head.argument <= QN_CBOR_INLINE_MAX) {
        return head;
    }
    if (head.argument > QN_CBOR_WIDTH_8) { /* reserved, or an indefinite length */
        in->failed = true;
        return (struct head){QN_CBOR_UINT, 0};
    }
    size_t width = (size_t)1 << (head.argument - QN_CBOR_WIDTH_1);
    struct qn_span bytes = take(in, width);
    head.argument = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        head.argument = head.argument << 8 | bytes.at[i];
    }
    if (in->failed || head.argument < argument_min(width)) {
        in->failed = true;
        return (struct head){QN_CBOR_UINT, 0};
    }
    return head;
}

/* The argument of a head that must have this type and lie within [min, max]; zero on failure. */
static uint64_t expect(struct qn_reader *in, enum qn_cbor_major major, uint64_t min, uint64_t max)
{
    struct head head = read_head(in);
    if (in->failed || head.major != major || head.argument < min || head.argument > max) {
        in->failed = true;
        return 0;
    }
    return head.argument;
}

uint64_t qn_read_uint(struct qn_reader *in, uint64_t max)
{
    return expect(in, QN_CBOR_UINT, 0, max);
}

int64_t qn_read_int(struct qn_reader *in)
{
    struct head head = read_head(in);
    if (in->failed || head.major > QN_CBOR_NEGATIVE || head.argument > INT64_MAX) {
        in->failed = true;
        return 0;
    }
    int64_t magnitude = (int64_t)head.argument;
    return head.major == QN_CBOR_UINT ? magnitude : -1 - magnitude;
}

bool qn_read_bool(struct qn_reader *in)
{
    return expect(in, QN_CBOR_SIMPLE, QN_CBOR_FALSE, QN_CBOR_TRUE) == QN_CBOR_TRUE;
}

struct qn_span qn_read_bytes(struct qn_reader *in, size_t min, size_t max)
{
    size_t len = (size_t)expect(in, QN_CBOR_BYTES, min, max);
    return take(in, len);
}

void qn_read_fixed(struct qn_reader *in, uint8_t *out, size_t len)
{
    struct qn_span bytes = qn_read_bytes(in, len, len);
    if (in->failed) {
        memset(out, 0, len);
        return;
    }
    memcpy(out, bytes.at, len);
}

static struct qn_span read_text_span(struct qn_reader *in, size_t max)
{
    size_t len = (size_t)expect(in, QN_CBOR_TEXT, 0, max);
    struct qn_span text = take(in, len);
    if (!qn_utf8_is_valid(text)) {
        in->failed = true;
        return (struct qn_span){NULL, 0};
    }
    return text;
}

void qn_read_text(struct qn_reader *in, char *out, size_t max)
{
    struct qn_span text = read_text_span(in, max);
    if (text.len > 0) {
        memcpy(out, text.at, text.len);
    }
    out[text.len] = '\0';
}

size_t qn_read_array(struct qn_reader *in, size_t min, size_t max)
{
    size_t count = (size_t)expect(in, QN_CBOR_ARRAY, min, max);
    if (count > in->left) { /* every element has at least one byte */
        in->failed = true;
        return 0;
    }
    return count;
}

struct qn_map_reader qn_read_map(struct qn_reader *in)
{
    uint64_t pairs = expect(in, QN_CBOR_MAP, 0, UINT64_MAX);
    if (pairs > in->left / 2) { /* a key and a value have at least one byte each */
        in->failed = true;
        pairs = 0;
    }
    return (struct qn_map_reader){.pairs_left = pairs};
}

/* Consumes the next pair's key, whichever it is, and holds the order. */
static uint64_t next_key(struct qn_reader *in, struct qn_map_reader *map)
{
    uint64_t key = qn_read_uint(in, UINT64_MAX);
    if (in->failed || map->pairs_left == 0 || (map->any_key && key <= map->last_key)) {
        in->failed = true;
        return 0;
    }
    map->pairs_left -= 1;
    map->last_key = key;
    map->any_key = true;
    return key;
}

void qn_read_key(struct qn_reader *in, struct qn_map_reader *map, uint64_t key)
{
    if (next_key(in, map) != key) {
        in->failed = true;
    }
}

bool qn_read_key_if(struct qn_reader *in, struct qn_map_reader *map, uint64_t key)
{
    struct qn_reader ahead = *in;
    struct qn_map_reader map_ahead = *map;
    if (next_key(&ahead, &map_ahead) != key || ahead.failed) {
        return false;
    }
    *in = ahead;
    *map = map_ahead;
    return true;
}

void qn_read_map_end(struct qn_reader *in, const struct qn_map_reader *map)
{
    if (map->pairs_left != 0) {
        in->failed = true;
    }
}

void qn_read_map_end_extensible(struct qn_reader *in, struct qn_map_reader *map)
{
    while (map->pairs_left > 0 && !in->failed) {
        if (next_key(in, map) < QN_CBOR_EXTENSION_KEY) {
            in->failed = true;
        }
        qn_read_skip(in);
    }
}

static void skip_item(struct qn_reader *in, unsigned depth_left);

/* Recursion is bounded by depth_left, the loops by the input: each turn consumes a byte or ends in
 * failure. */
static void skip_array(struct qn_reader *in, unsigned depth_left)
{
    size_t count = qn_read_array(in, 0, in->left);
    for (size_t i = 0; i < count && !in->failed; i++) {
        skip_item(in, depth_left);
    }
}

static void skip_map(struct qn_reader *in, unsigned depth_left)
{
    struct qn_map_reader map = qn_read_map(in);
    while (map.pairs_left > 0 && !in->failed) {
        (void)next_key(in, &map);
        skip_item(in, depth_left);
    }
}

static void skip_item(struct qn_reader *in, unsigned depth_left)
{
    if (in->failed || in->left == 0) {
        in->failed = true;
        return;
    }
    enum qn_cbor_major major = (enum qn_cbor_major)(in->at[0] >> 5);
    bool nests = major == QN_CBOR_ARRAY || major == QN_CBOR_MAP;
    if (major == QN_CBOR_TAG || (nests && depth_left == 0)) {
        in->failed = true;
        return;
    }
    switch (major) {
    case QN_CBOR_UINT:
    case QN_CBOR_NEGATIVE:
    case QN_CBOR_TAG:
        (void)read_head(in);
        return;
    case QN_CBOR_BYTES:
        (void)qn_read_bytes(in, 0, in->left);
        return;
    case QN_CBOR_TEXT:
        (void)read_text_span(in, in->left);
        return;
    case QN_CBOR_ARRAY:
        skip_array(in, depth_left - 1);
        return;
    case QN_CBOR_MAP:
        skip_map(in, depth_left - 1);
        return;
    case QN_CBOR_SIMPLE:
        (void)qn_read_bool(in);
        return;
    }
}

void qn_read_skip(struct qn_reader *in)
{
    skip_item(in, QN_CBOR_DEPTH_MAX);
}

enum qn_err qn_reader_done(const struct qn_reader *in)
{
    return in->failed || in->left != 0 ? QN_ERR_MALFORMED : QN_OK;
}
