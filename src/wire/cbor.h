/* Strict deterministic CBOR (RFC 8949 section 4.2): the only code that walks foreign bytes.
 *
 * The reader takes no heap and fails sticky: decode all fields, then check qn_reader_done once. Every
 * non-canonical encoding is a failure: longer-than-needed heads, indefinite lengths, map keys out of
 * order or repeated, floats, tags, simple values other than false and true, invalid UTF-8, trailing
 * bytes. A failed read returns zero or an empty span, so callers may go on decoding safely.
 *
 * Maps have unsigned integer keys in ascending order. Keys below 128 must be understood; keys from 128
 * on are extensions that a reader of an extensible map skips (docs/protocol.md, versions). */
#ifndef QN_CBOR_H
#define QN_CBOR_H

#include "base/base.h"

enum { QN_CBOR_DEPTH_MAX = 8, QN_CBOR_EXTENSION_KEY = 128 };

struct qn_reader {
    const uint8_t *at;
    size_t left;
    bool failed;
};

/* An open map: how many pairs are left and the last key, to hold the order. */
struct qn_map_reader {
    uint64_t pairs_left;
    uint64_t last_key;
    bool any_key;
};

void qn_reader_init(struct qn_reader *in, struct qn_span bytes);
uint64_t qn_read_uint(struct qn_reader *in, uint64_t max); /* above max fails */
int64_t qn_read_int(struct qn_reader *in);
bool qn_read_bool(struct qn_reader *in);
/* Length within [min, max], else fails. The span points into the input. */
struct qn_span qn_read_bytes(struct qn_reader *in, size_t min, size_t max);
/* Exactly len bytes, copied; zeros on failure. */
void qn_read_fixed(struct qn_reader *in, uint8_t *out, size_t len);
/* UTF-8 of at most max bytes, NUL not allowed inside; out holds max + 1 and is terminated. */
void qn_read_text(struct qn_reader *in, char *out, size_t max);
/* Element count of an array, within [min, max]. */
size_t qn_read_array(struct qn_reader *in, size_t min, size_t max);

struct qn_map_reader qn_read_map(struct qn_reader *in);
/* The next pair must have this key; its value is read next. */
void qn_read_key(struct qn_reader *in, struct qn_map_reader *map, uint64_t key);
/* True, and the key is consumed, if the next pair has this key. */
bool qn_read_key_if(struct qn_reader *in, struct qn_map_reader *map, uint64_t key);
/* No pair may be left. */
void qn_read_map_end(struct qn_reader *in, const struct qn_map_reader *map);
/* Skips pairs with keys from 128 on (well-formed, canonical, in order); fails on others. */
void qn_read_map_end_extensible(struct qn_reader *in, struct qn_map_reader *map);
/* Skips one item of any allowed type, nested at most QN_CBOR_DEPTH_MAX. */
void qn_read_skip(struct qn_reader *in);
/* QN_OK, or QN_ERR_MALFORMED if anything failed or bytes are left. */
QN_MUST_USE enum qn_err qn_reader_done(const struct qn_reader *in);

/* Writer into the caller's memory. Keys are the caller's to order, counts the caller's to keep.
 *
 * Fails sticky, like the reader, but goes on counting: with no memory at all (NULL, 0) it measures
 * how much an encoding needs. */
struct qn_writer {
    uint8_t *out;
    size_t capacity;
    size_t len; /* of everything written so far, also of what did not fit */
    bool failed;
    bool invalid; /* a value that has no encoding, such as text that is not UTF-8 */
};

void qn_writer_init(struct qn_writer *w, uint8_t *out, size_t capacity);
void qn_write_uint(struct qn_writer *w, uint64_t value);
void qn_write_int(struct qn_writer *w, int64_t value);
void qn_write_bool(struct qn_writer *w, bool value);
void qn_write_bytes(struct qn_writer *w, const uint8_t *bytes, size_t len);
/* Valid UTF-8, else the whole encoding fails. */
void qn_write_text(struct qn_writer *w, const char *text);
void qn_write_array(struct qn_writer *w, size_t count);
void qn_write_map(struct qn_writer *w, size_t pairs);
/* A map key; the same as qn_write_uint, named for the reader of the code. */
void qn_write_key(struct qn_writer *w, uint64_t key);
/* What was written. *bytes is untouched on error.
 * QN_ERR_INVALID  a value has no encoding.
 * QN_ERR_TOO_BIG  it did not fit. */
QN_MUST_USE enum qn_err qn_writer_done(const struct qn_writer *w, struct qn_span *bytes);

#endif
