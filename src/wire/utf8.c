#include "wire/utf8.h"

/* How many bytes follow this lead byte, and the range of the first of them, which is narrower than
 * 80..BF where overlong forms, surrogates or values above U+10FFFF would begin (RFC 3629 section
 * 4). */
struct lead {
    size_t following; /* 0: ASCII, or no lead byte at all */
    uint8_t min;
    uint8_t max;
};

static struct lead classify(uint8_t byte)
{
    if (byte >= 0xC2 && byte <= 0xDF) {
        return (struct lead){1, 0x80, 0xBF};
    }
    if (byte >= 0xE0 && byte <= 0xEF) {
        return (struct lead){2, byte == 0xE0 ? 0xA0 : 0x80, byte == 0xED ? 0x9F : 0xBF};
    }
    if (byte >= 0xF0 && byte <= 0xF4) {
        return (struct lead){3, byte == 0xF0 ? 0x90 : 0x80, byte == 0xF4 ? 0x8F : 0xBF};
    }
    return (struct lead){0, 0, 0};
}

/* Length of the character at the start of text, 0 if there is no valid one. */
static size_t character_len(struct qn_span text)
{
    uint8_t first = text.at[0];
    if (first < 0x80) {
        return first == 0 ? 0 : 1;
    }
    struct lead lead = classify(first);
    if (lead.following == 0 || text.len <= lead.following || text.at[1] < lead.min ||
        text.at[1] > lead.max) {
        return 0;
    }
    for (size_t i = 2; i <= lead.following; i++) {
        if ((text.at[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return lead.following + 1;
}

bool qn_utf8_is_valid(struct qn_span text)
{
    while (text.len > 0) {
        size_t len = character_len(text);
        if (len == 0) {
            return false;
        }
        text.at += len;
        text.len -= len;
    }
    return true;
}
