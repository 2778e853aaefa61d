#include "wire/types.h"

#include <stdio.h>
#include <string.h>

static bool is_host_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == ':' || c == '_' || c == '-';
}

static bool is_host(const char *host, size_t len)
{
    if (len == 0 || len > QN_HOST_LEN_MAX) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!is_host_character(host[i])) {
            return false;
        }
    }
    return true;
}

/* "fe80::1%eth0": an address of one link, and an interface's name (RFC 4007 section 11). */
static bool is_zoned_host(const char *host, size_t len)
{
    enum { ZONE_LEN_MAX = 15 };
    const char *percent = memchr(host, '%', len);
    size_t at = percent != NULL ? (size_t)(percent - host) : len;
    size_t zone_len = len - at - (percent != NULL);
    if (percent == NULL || len > QN_HOST_LEN_MAX || zone_len == 0 || zone_len > ZONE_LEN_MAX ||
        !is_host(host, at) || memchr(host, ':', at) == NULL) {
        return false;
    }
    for (size_t i = at + 1; i < len; i++) {
        if (!is_host_character(host[i]) || host[i] == ':') {
            return false;
        }
    }
    bool is_fe = (host[0] == 'f' || host[0] == 'F') && (host[1] == 'e' || host[1] == 'E');
    return is_fe && host[2] != '\0' && strchr("89abAB", host[2]) != NULL && host[4] == ':';
}

static bool is_valid(const struct qn_endpoint *endpoint)
{
    return is_host(endpoint->host, strlen(endpoint->host)) && endpoint->port != 0;
}

/* Decimal without sign, space or leading zero; 0 if it is no port. */
static uint16_t parse_port(const char *text)
{
    enum { DIGITS_MAX = 5 };
    uint32_t port = 0;
    size_t len = strlen(text);
    if (len == 0 || len > DIGITS_MAX || text[0] == '0') {
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return 0;
        }
        port = port * 10 + (uint32_t)(text[i] - '0');
    }
    return port <= UINT16_MAX ? (uint16_t)port : 0;
}

static enum qn_err parse(struct qn_endpoint *endpoint, const char *text, bool may_have_zone)
{
    /* Brackets belong to IPv6 addresses, which have colons; no other host has. */
    bool bracketed = text[0] == '[';
    const char *host = bracketed ? text + 1 : text;
    const char *host_end = strchr(host, bracketed ? ']' : ':');
    if (host_end == NULL || (bracketed && host_end[1] != ':')) {
        return QN_ERR_INVALID;
    }
    size_t host_len = (size_t)(host_end - host);
    uint16_t port = parse_port(host_end + (bracketed ? 2 : 1));
    bool has_colon = memchr(host, ':', host_len) != NULL;
    bool is_good = is_host(host, host_len) || (may_have_zone && is_zoned_host(host, host_len));
    if (!is_good || port == 0 || bracketed != has_colon) {
        return QN_ERR_INVALID;
    }
    *endpoint = (struct qn_endpoint){.port = port};
    memcpy(endpoint->host, host, host_len);
    return QN_OK;
}

enum qn_err qn_endpoint_parse(struct qn_endpoint *endpoint, const char *text)
{
    return parse(endpoint, text, false);
}

enum qn_err qn_endpoint_parse_local(struct qn_endpoint *endpoint, const char *text)
{
    return parse(endpoint, text, true);
}

bool qn_endpoint_has_zone(const struct qn_endpoint *endpoint)
{
    return strchr(endpoint->host, '%') != NULL;
}

const char *qn_endpoint_format(char *text, const struct qn_endpoint *endpoint)
{
    bool is_v6 = strchr(endpoint->host, ':') != NULL;
    (void)snprintf(text, QN_ENDPOINT_TEXT_SIZE, is_v6 ? "[%s]:%u" : "%s:%u", endpoint->host,
                   endpoint->port);
    return text;
}

bool qn_endpoint_is_localhost(const struct qn_endpoint *endpoint)
{
    static const char name[] = "localhost";
    for (size_t i = 0; i < sizeof name; i++) { /* the terminating NUL included */
        char c = endpoint->host[i];
        if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != name[i]) {
            return false;
        }
    }
    return true;
}

bool qn_endpoint_equal(const struct qn_endpoint *a, const struct qn_endpoint *b)
{
    return a->port == b->port && strcmp(a->host, b->host) == 0;
}

void qn_write_endpoint(struct qn_writer *w, const struct qn_endpoint *endpoint)
{
    if (!is_valid(endpoint)) {
        w->invalid = true;
        return;
    }
    qn_write_array(w, 2);
    qn_write_text(w, endpoint->host);
    qn_write_uint(w, endpoint->port);
}

void qn_read_endpoint(struct qn_reader *in, struct qn_endpoint *endpoint)
{
    (void)qn_read_array(in, 2, 2);
    *endpoint = (struct qn_endpoint){0};
    qn_read_text(in, endpoint->host, QN_HOST_LEN_MAX);
    endpoint->port = (uint16_t)qn_read_uint(in, UINT16_MAX);
    if (!is_valid(endpoint)) {
        in->failed = true;
    }
    if (in->failed) {
        *endpoint = (struct qn_endpoint){0};
    }
}

void qn_write_endpoints(struct qn_writer *w, const struct qn_endpoint *endpoints, size_t count)
{
    QN_ASSERT(count <= QN_ENDPOINTS_MAX);
    qn_write_array(w, count);
    for (size_t i = 0; i < count; i++) {
        qn_write_endpoint(w, &endpoints[i]);
    }
}

uint8_t qn_read_endpoints(struct qn_reader *in, struct qn_endpoint endpoints[QN_ENDPOINTS_MAX],
                          size_t count_min)
{
    size_t count = qn_read_array(in, count_min, QN_ENDPOINTS_MAX);
    for (size_t i = 0; i < count; i++) {
        qn_read_endpoint(in, &endpoints[i]);
    }
    return (uint8_t)count;
}
