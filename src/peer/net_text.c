/* Addresses and prefixes to text and back. Ours, since the core calls no socket library; one text for
 * each address, so that texts compare as addresses do. */
#include "peer/net_address.h"

#include <stdio.h>
#include <string.h>

enum { V4_AT = 12, V4_BITS_AT = 96, WORDS = 8, IP_TEXT_SIZE = 40 };

static bool is_v4(const uint8_t ip[QN_NET_IP_LEN])
{
    struct qn_net_address address = {.port = 0};
    memcpy(address.ip, ip, sizeof address.ip);
    return qn_net_address_is_v4(&address);
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

/* A number of at most digits_max digits and no leading zero, which other programs would read as octal.
 * Returns what follows it; NULL: none, or larger than max. */
static const char *read_decimal(unsigned *value, const char *text, unsigned digits_max,
                                unsigned max)
{
    unsigned number = 0;
    unsigned digits = 0;
    while (digits < digits_max && digit_of(text[digits]) < 10) {
        number = number * 10 + (unsigned)digit_of(text[digits]);
        digits += 1;
    }
    if (digits == 0 || (digits > 1 && text[0] == '0') || number > max) {
        return NULL;
    }
    *value = number;
    return text + digits;
}

/* Exactly "a.b.c.d". */
static bool parse_v4(uint8_t ip[4], const char *text)
{
    for (size_t i = 0; i < 4; i++) {
        unsigned number = 0;
        text = read_decimal(&number, text, 3, 255);
        if (text == NULL || *text != (i == 3 ? '\0' : '.')) {
            return false;
        }
        ip[i] = (uint8_t)number;
        text += 1;
    }
    return true;
}

/* One to four hex digits. Returns how many. */
static size_t read_word(uint8_t out[2], const char *text)
{
    unsigned word = 0;
    size_t digits = 0;
    while (digits < 4 && digit_of(text[digits]) < 16) {
        word = word << 4 | (unsigned)digit_of(text[digits]);
        digits += 1;
    }
    out[0] = (uint8_t)(word >> 8);
    out[1] = (uint8_t)word;
    return digits;
}

/* Up to len bytes of words between colons, up to "::" or the end, which *text moves to; the last four bytes
 * may be in dotted form. Returns how many; len + 1: not well formed. */
static size_t read_words(uint8_t *out, size_t len, const char **text)
{
    size_t at = 0;
    if (**text == ':' || **text == '\0') {
        return 0;
    }
    while (at + 2 <= len) {
        if (at + 4 <= len && parse_v4(&out[at], *text)) {
            *text += strlen(*text);
            return at + 4;
        }
        size_t digits = read_word(&out[at], *text);
        if (digits == 0) {
            return len + 1;
        }
        at += 2;
        *text += digits;
        if (**text != ':' || (*text)[1] == ':') {
            return at;
        }
        *text += 1;
    }
    return len + 1;
}

static bool parse_v6(uint8_t ip[QN_NET_IP_LEN], const char *text)
{
    uint8_t tail[QN_NET_IP_LEN];
    memset(ip, 0, QN_NET_IP_LEN);
    size_t head_len = read_words(ip, QN_NET_IP_LEN, &text);
    if (*text == '\0') {
        return head_len == QN_NET_IP_LEN;
    }
    if (text[0] != ':' || text[1] != ':' || head_len > QN_NET_IP_LEN - 2) {
        return false; /* "::" stands for one word at least */
    }
    text += 2;
    size_t tail_max = QN_NET_IP_LEN - 2 - head_len;
    size_t tail_len = read_words(tail, tail_max, &text);
    if (tail_len > tail_max || *text != '\0') {
        return false;
    }
    memset(&ip[head_len], 0, QN_NET_IP_LEN - head_len);
    memcpy(&ip[QN_NET_IP_LEN - tail_len], tail, tail_len);
    return true;
}

static bool parse_ip(uint8_t ip[QN_NET_IP_LEN], const char *text)
{
    uint8_t v4[4];
    if (parse_v4(v4, text)) {
        memset(ip, 0, 10);
        memset(&ip[10], 0xff, 2);
        memcpy(&ip[V4_AT], v4, sizeof v4);
        return true;
    }
    return parse_v6(ip, text);
}

bool qn_net_address_parse(struct qn_net_address *out, const struct qn_endpoint *endpoint)
{
    struct qn_net_address address = {.port = endpoint->port};
    const char *host = qn_endpoint_is_localhost(endpoint) ? "127.0.0.1" : endpoint->host;
    char text[sizeof endpoint->host];
    size_t len = strcspn(host, "%");
    memcpy(text, host, len);
    text[len] = '\0';
    if (!parse_ip(address.ip, text)) {
        return false;
    }
    if (host[len] != '\0' && !qn_net_address_is_link_local(&address)) {
        return false;
    }
    *out = address;
    return true;
}

static unsigned word_of(const uint8_t *ip, size_t index)
{
    return (unsigned)ip[2 * index] << 8 | ip[2 * index + 1];
}

/* The first longest run of two zero words or more: what "::" stands for. Returns its length, 0: none. */
static size_t longest_zeros(const uint8_t *ip, size_t *start)
{
    size_t longest = 1;
    size_t run = 0;
    for (size_t i = 0; i < WORDS; i++) {
        run = word_of(ip, i) == 0 ? run + 1 : 0;
        if (run > longest) {
            longest = run;
            *start = i + 1 - run;
        }
    }
    return longest > 1 ? longest : 0;
}

static void format_ip(char *text, size_t size, const uint8_t ip[QN_NET_IP_LEN])
{
    if (is_v4(ip)) {
        (void)snprintf(text, size, "%u.%u.%u.%u", ip[12], ip[13], ip[14], ip[15]);
        return;
    }
    size_t zeros_at = WORDS;
    size_t zeros = longest_zeros(ip, &zeros_at);
    size_t len = 0;
    for (size_t i = 0; i < WORDS; i++) {
        if (i == zeros_at) {
            len += (size_t)snprintf(text + len, size - len, "::");
            i += zeros - 1;
            continue;
        }
        bool first = i == 0 || i == zeros_at + zeros;
        len += (size_t)snprintf(text + len, size - len, first ? "%x" : ":%x", word_of(ip, i));
    }
}

void qn_net_address_endpoint(struct qn_endpoint *out, const struct qn_net_address *address)
{
    *out = (struct qn_endpoint){.port = address->port};
    format_ip(out->host, sizeof out->host, address->ip);
}

static void clear_beyond(uint8_t ip[QN_NET_IP_LEN], unsigned bits)
{
    for (size_t i = 0; i < QN_NET_IP_LEN; i++) {
        unsigned held = bits > 8 * i ? bits - 8 * (unsigned)i : 0;
        if (held < 8) {
            ip[i] = (uint8_t)(ip[i] & (0xff00U >> held));
        }
    }
}

enum qn_err qn_net_prefix_parse(struct qn_net_prefix *out, const char *text)
{
    char host[IP_TEXT_SIZE + 8]; /* IPv6 with a dotted end is a little longer than without */
    struct qn_net_prefix prefix;
    const char *slash = strchr(text, '/');
    size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
    if (len >= sizeof host) {
        return QN_ERR_INVALID;
    }
    memcpy(host, text, len);
    host[len] = '\0';
    if (!parse_ip(prefix.ip, host)) {
        return QN_ERR_INVALID;
    }
    unsigned base =
        strchr(host, ':') == NULL ? V4_BITS_AT : 0; /* as it was written, not what it means */
    unsigned bits = QN_NET_PREFIX_BITS_MAX - base;
    if (slash != NULL) {
        const char *end = read_decimal(&bits, slash + 1, 3, bits);
        if (end == NULL || *end != '\0') {
            return QN_ERR_INVALID;
        }
    }
    prefix.bits = (uint8_t)(base + bits);
    clear_beyond(prefix.ip, prefix.bits);
    *out = prefix;
    return QN_OK;
}

/* A /n of IPv4; ::/64 and the like are IPv6 though IPv4's form lies within. */
static bool prefix_is_v4(const struct qn_net_prefix *prefix)
{
    return prefix->bits >= V4_BITS_AT && is_v4(prefix->ip);
}

const char *qn_net_prefix_format(char *text, const struct qn_net_prefix *prefix)
{
    char host[IP_TEXT_SIZE];
    unsigned base = prefix_is_v4(prefix) ? V4_BITS_AT : 0;
    format_ip(host, sizeof host, prefix->ip);
    if (prefix->bits == QN_NET_PREFIX_BITS_MAX) {
        (void)snprintf(text, QN_NET_PREFIX_TEXT_SIZE, "%s", host);
    } else {
        (void)snprintf(text, QN_NET_PREFIX_TEXT_SIZE, "%s/%u", host, prefix->bits - base);
    }
    return text;
}

bool qn_net_prefix_contains(const struct qn_net_prefix *prefix,
                            const struct qn_net_address *address)
{
    uint8_t ip[QN_NET_IP_LEN];
    if (prefix_is_v4(prefix) != qn_net_address_is_v4(address)) {
        return false;
    }
    memcpy(ip, address->ip, sizeof ip);
    clear_beyond(ip, prefix->bits);
    return memcmp(ip, prefix->ip, sizeof ip) == 0;
}
