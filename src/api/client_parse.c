#include "api/client_parse.h"

#include <string.h>
#include <strings.h>

size_t qn_api_client_head_end(const char *bytes, size_t len)
{
    const char *end = memmem(bytes, len, "\r\n\r\n", 4);
    return end == NULL ? 0 : (size_t)(end - bytes) + 4;
}

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

/* "HTTP/1.1 200 OK": the reason may be missing, its space too. */
static bool parse_status(unsigned *status, const char *line, size_t len)
{
    if (len < 12 || memcmp(line, "HTTP/1.", 7) != 0 || !is_digit(line[7]) || line[8] != ' ') {
        return false;
    }
    if (!is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11]) ||
        (len > 12 && line[12] != ' ')) {
        return false;
    }
    unsigned value = (unsigned)(line[9] - '0') * 100 + (unsigned)(line[10] - '0') * 10 +
                     (unsigned)(line[11] - '0');
    *status = value;
    /* Interim answers (1xx) are never asked for. */
    return value >= 200 && value <= 599;
}

static enum qn_err parse_length(struct qn_api_client_head *head, const char *value, size_t len)
{
    if (head->has_length || len == 0) {
        return QN_ERR_MALFORMED;
    }
    size_t number = 0;
    for (size_t i = 0; i < len; i++) {
        if (!is_digit(value[i])) {
            return QN_ERR_MALFORMED;
        }
        number = number * 10 + (size_t)(value[i] - '0');
        if (number > QN_API_CLIENT_BODY_LEN_MAX) {
            return QN_ERR_TOO_BIG;
        }
    }
    head->has_length = true;
    head->length = number;
    return QN_OK;
}

static void parse_type(struct qn_api_client_head *head, const char *value, size_t len)
{
    size_t end = 0;
    while (end < len && value[end] != ';' && value[end] != ' ') {
        end++;
    }
    if (end <= QN_API_CLIENT_TYPE_LEN_MAX) {
        memcpy(head->content_type, value, end);
        head->content_type[end] = '\0';
    }
}

static bool name_is(const char *line, size_t name_len, const char *name)
{
    return name_len == strlen(name) && strncasecmp(line, name, name_len) == 0;
}

static enum qn_err parse_field(struct qn_api_client_head *head, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    if (colon == NULL || colon == line) {
        return QN_ERR_MALFORMED;
    }
    size_t name_len = (size_t)(colon - line);
    const char *value = colon + 1;
    size_t value_len = len - name_len - 1;
    while (value_len > 0 && (value[0] == ' ' || value[0] == '\t')) {
        value++;
        value_len--;
    }
    while (value_len > 0 && (value[value_len - 1] == ' ' || value[value_len - 1] == '\t')) {
        value_len--;
    }
    if (name_is(line, name_len, "content-length")) {
        return parse_length(head, value, value_len);
    }
    if (name_is(line, name_len, "content-type")) {
        parse_type(head, value, value_len);
    }
    /* We ask for none, and guessing at framing is how answers get mixed up. */
    return name_is(line, name_len, "transfer-encoding") ? QN_ERR_MALFORMED : QN_OK;
}

enum qn_err qn_api_client_head_parse(struct qn_api_client_head *head, const char *bytes,
                                     size_t head_len)
{
    struct qn_api_client_head found = {0};
    size_t at = 0;

    if (memchr(bytes, '\0', head_len) != NULL) {
        return QN_ERR_MALFORMED;
    }
    for (bool first = true;; first = false) {
        const char *line = bytes + at;
        const char *end = memmem(line, head_len - at, "\r\n", 2);
        if (end == NULL) {
            return QN_ERR_MALFORMED;
        }
        size_t len = (size_t)(end - line);
        at += len + 2;
        if (first) {
            if (!parse_status(&found.status, line, len)) {
                return QN_ERR_MALFORMED;
            }
            continue;
        }
        if (len == 0) {
            break;
        }
        enum qn_err err = parse_field(&found, line, len);
        if (err != QN_OK) {
            return err;
        }
    }
    *head = found;
    return QN_OK;
}
