/* How the message families of this module read and write their maps: one pair at a time, and whole
 * messages into buffers of exactly their size. */
#ifndef QN_FIELD_H
#define QN_FIELD_H

#include "base/buf.h"
#include "crypto/key.h"
#include "wire/cbor.h"

/* Fails the reader unless the claim holds. */
static inline void qn_read_require(struct qn_reader *in, bool claim)
{
    in->failed = in->failed || !claim;
}

/* The next pair: this key and a value of this type. Limits as for qn_read_uint and its kin. */
uint64_t qn_read_uint_at(struct qn_reader *in, struct qn_map_reader *map, uint64_t key,
                         uint64_t max);
struct qn_span qn_read_bytes_at(struct qn_reader *in, struct qn_map_reader *map, uint64_t key,
                                size_t min, size_t max);
void qn_read_fixed_at(struct qn_reader *in, struct qn_map_reader *map, uint64_t key, uint8_t *out,
                      size_t len);
void qn_read_text_at(struct qn_reader *in, struct qn_map_reader *map, uint64_t key, char *out,
                     size_t max);
/* A key that nodes may have, suites 1 to 3. On failure *key is all zero; *err becomes
 * QN_ERR_UNKNOWN_SUITE where a well-formed byte string is not such a key, and stays else. */
void qn_read_public_key_at(struct qn_reader *in, struct qn_map_reader *map, uint64_t key_number,
                           struct qn_public_key *key, enum qn_err *err);
/* 1..QN_NODE_SIGNATURE_LEN_MAX bytes. */
void qn_read_signature_at(struct qn_reader *in, struct qn_map_reader *map, uint64_t key,
                          struct qn_signature *signature);

void qn_write_uint_at(struct qn_writer *w, uint64_t key, uint64_t value);
void qn_write_bytes_at(struct qn_writer *w, uint64_t key, const uint8_t *bytes, size_t len);
void qn_write_text_at(struct qn_writer *w, uint64_t key, const char *text);

/* Writes one record; called twice by qn_encode, the first time to measure. */
typedef void (*qn_write_record)(struct qn_writer *w, const void *record);
/* A new buffer, one reference, the caller's. The record must have an encoding (asserted). */
struct qn_buf *qn_encode(qn_write_record write, const void *record);
/* The same up to len_max bytes. QN_ERR_TOO_BIG beyond; *buf untouched. */
QN_MUST_USE enum qn_err qn_encode_bounded(struct qn_buf **buf, size_t len_max,
                                          qn_write_record write, const void *record);
/* The same into the caller's memory, of which *bytes becomes the used part. QN_ERR_TOO_BIG: did not
 * fit; QN_ERR_INVALID: no encoding. */
QN_MUST_USE enum qn_err qn_encode_into(uint8_t *out, size_t capacity, struct qn_span *bytes,
                                       qn_write_record write, const void *record);

#endif
