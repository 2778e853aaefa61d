#include "base/base.h"

#include <string.h>

enum { NOT_A_DIGIT = 64 };

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void qn_base64url_encode(char *text, const uint8_t *bytes, size_t len)
{
    uint32_t bits = 0;
    unsigned bit_count = 0;

    for (size_t i = 0; i < len; i++) {
        bits = (bits << 8 | bytes[i]) & 0xfffU; /* at most 4 bits are left from before */
        bit_count += 8;
        while (bit_count >= 6) {
            bit_count -= 6;
            *text++ = digits[bits >> bit_count & 63];
        }
    }
    if (bit_count > 0) {
        *text++ = digits[bits << (6 - bit_count) & 63];
    }
    *text = '\0';
}

static unsigned digit_value(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (unsigned)(c - 'A');
    }
    if (c >= 'a' && c <= 'z') {
        return (unsigned)(c - 'a') + 26;
    }
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0') + 52;
    }
    if (c == '-') {
        return 62;
    }
    return c == '_' ? 63 : NOT_A_DIGIT;
}

/* One text per value: only digits, no length that ends in half a byte, unused bits zero. */
static bool is_canonical(const char *text, size_t text_len)
{
    static const unsigned unused_bits[4] = {0x0, 0x3f, 0xf, 0x3};

    for (size_t i = 0; i < text_len; i++) {
        if (digit_value(text[i]) == NOT_A_DIGIT) {
            return false;
        }
    }
    if (text_len % 4 == 0) {
        return true;
    }
    return text_len % 4 != 1 && (digit_value(text[text_len - 1]) & unused_bits[text_len % 4]) == 0;
}

enum qn_err qn_base64url_decode(uint8_t *bytes, size_t capacity, size_t *len, const char *text)
{
    size_t text_len = strlen(text);
    size_t decoded_len = text_len / 4 * 3 + text_len % 4 * 3 / 4;

    if (!is_canonical(text, text_len)) {
        return QN_ERR_MALFORMED;
    }
    if (decoded_len > capacity) {
        return QN_ERR_TOO_BIG;
    }

    uint32_t bits = 0;
    unsigned bit_count = 0;
    size_t at = 0;
    for (size_t i = 0; i < text_len; i++) {
        bits =
            (bits << 6 | digit_value(text[i])) & 0xfffU; /* at most 6 bits are left from before */
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            bytes[at++] = (uint8_t)(bits >> bit_count & 0xff);
        }
    }
    *len = decoded_len;
    return QN_OK;
}
