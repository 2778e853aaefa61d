#include "base/base.h"

#include <string.h>

enum { NOT_A_DIGIT = 16 };

void qn_hex_encode(char *text, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * len] = '\0';
}

static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return (unsigned)(c - 'a') + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return (unsigned)(c - 'A') + 10;
    }
    return NOT_A_DIGIT;
}

/* True if exactly 2 * len digits were there; never reads beyond the first NUL. */
static bool decode_digits(uint8_t *bytes, size_t len, const char *text)
{
    for (size_t i = 0; i < len; i++) {
        unsigned high = digit_value(text[2 * i]);
        if (high == NOT_A_DIGIT) {
            return false;
        }
        unsigned low = digit_value(text[2 * i + 1]);
        if (low == NOT_A_DIGIT) {
            return false;
        }
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return text[2 * len] == '\0';
}

enum qn_err qn_hex_decode(uint8_t *bytes, size_t len, const char *text)
{
    if (!decode_digits(bytes, len, text)) {
        if (len > 0) {
            memset(bytes, 0, len); /* may hold the first part of a secret */
        }
        return QN_ERR_MALFORMED;
    }
    return QN_OK;
}
