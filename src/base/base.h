/* What every module needs: errors, spans of bytes, time, text forms of bytes. */
#ifndef QN_BASE_H
#define QN_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Microseconds of this process's monotonic clock; arrives in events, never read by the core. */
typedef uint64_t qn_time_us;
/* Milliseconds since 1970-01-01 UTC; for validity periods and block times. */
typedef uint64_t qn_unix_ms;

#define QN_MS(count) ((qn_time_us)(count)*1000U)
#define QN_SECONDS(count) ((qn_time_us)(count)*1000000U)
#define QN_ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Bytes that somebody else owns; valid as long as their owner says. */
struct qn_span {
    const uint8_t *at;
    size_t len;
};

/* Equal bytes? Not for secrets. */
bool qn_span_equal(struct qn_span a, struct qn_span b);

/* Lower-case hex, NUL-terminated; text holds 2 * len + 1 bytes. */
void qn_hex_encode(char *text, const uint8_t *bytes, size_t len);

/* Decodes exactly 2 * len hex digits of either case that end in NUL.
 * QN_ERR_MALFORMED  another length or another character; bytes are wiped. */
QN_MUST_USE enum qn_err qn_hex_decode(uint8_t *bytes, size_t len, const char *text);

/* Size of the base64url text of len bytes, without padding, NUL included. */
#define QN_BASE64URL_SIZE(len) (((len)*4 + 2) / 3 + 1)

/* RFC 4648 section 5, no padding; text holds QN_BASE64URL_SIZE(len). */
void qn_base64url_encode(char *text, const uint8_t *bytes, size_t len);

/* Strict inverse: no padding, no white space, unused bits zero.
 * QN_ERR_TOO_BIG    more than capacity bytes.
 * QN_ERR_MALFORMED  anything else; *len is untouched. */
QN_MUST_USE enum qn_err qn_base64url_decode(uint8_t *bytes, size_t capacity, size_t *len,
                                            const char *text);

#endif
