#include "api/json.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

void *qn_api_alloc(size_t count, size_t size)
{
    void *memory = calloc(count == 0 ? 1 : count, size);
    QN_ASSERT(memory != NULL);
    return memory;
}

void qn_json_set(json_t *object, const char *key, json_t *value)
{
    QN_ASSERT(value != NULL && json_object_set_new_nocheck(object, key, value) == 0);
}

void qn_json_append(json_t *array, json_t *value)
{
    QN_ASSERT(value != NULL && json_array_append_new(array, value) == 0);
}

void qn_json_set_u64(json_t *object, const char *key, uint64_t value)
{
    /* JSON's numbers here are signed 64-bit; nothing that counts comes near that. */
    json_int_t number = value > INT64_MAX ? INT64_MAX : (json_int_t)value;
    qn_json_set(object, key, json_integer(number));
}

void qn_json_set_u64_if(json_t *object, const char *key, bool known, uint64_t value)
{
    if (known) {
        qn_json_set_u64(object, key, value);
    } else {
        qn_json_set_null(object, key);
    }
}

void qn_json_set_bool(json_t *object, const char *key, bool value)
{
    qn_json_set(object, key, json_boolean(value));
}

static json_t *text_json(const char *text)
{
    enum { ESCAPED_SIZE = 1024 };
    json_t *value = json_string(text);
    if (value == NULL) {
        char escaped[ESCAPED_SIZE];
        value = json_string(qn_log_escape(escaped, sizeof escaped, text, strlen(text)));
    }
    return value;
}

void qn_json_set_text(json_t *object, const char *key, const char *text)
{
    qn_json_set(object, key, text_json(text));
}

void qn_json_set_null(json_t *object, const char *key)
{
    qn_json_set(object, key, json_null());
}

void qn_json_set_hex(json_t *object, const char *key, const uint8_t bytes[QN_HASH_LEN])
{
    char text[QN_ID_TEXT_SIZE];
    qn_hex_encode(text, bytes, QN_HASH_LEN);
    qn_json_set(object, key, json_string(text));
}

void qn_json_set_base64url(json_t *object, const char *key, struct qn_span bytes)
{
    if (bytes.at == NULL) {
        qn_json_set_null(object, key);
        return;
    }
    char *text = qn_api_alloc(QN_BASE64URL_SIZE(bytes.len), 1);
    qn_base64url_encode(text, bytes.at, bytes.len);
    qn_json_set(object, key, json_string(text));
    free(text);
}

static json_t *endpoint_json(const struct qn_endpoint *endpoint)
{
    char text[QN_ENDPOINT_TEXT_SIZE];
    return text_json(qn_endpoint_format(text, endpoint));
}

void qn_json_set_endpoint(json_t *object, const char *key, const struct qn_endpoint *endpoint)
{
    qn_json_set(object, key, endpoint_json(endpoint));
}

void qn_json_set_endpoints(json_t *object, const char *key, const struct qn_endpoint *endpoints,
                           size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        qn_json_append(array, endpoint_json(&endpoints[i]));
    }
    qn_json_set(object, key, array);
}

void qn_json_set_roles(json_t *object, const char *key, uint32_t roles)
{
    json_t *array = json_array();
    if ((roles & QN_ROLE_FULL) != 0) {
        qn_json_append(array, json_string("full"));
    }
    if ((roles & QN_ROLE_VALIDATOR) != 0) {
        qn_json_append(array, json_string("validator"));
    }
    qn_json_set(object, key, array);
}
