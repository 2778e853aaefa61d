/* JSON as the API writes it: ids in hex, bytes in base64url, absent values as null. */
#ifndef QN_API_JSON_H
#define QN_API_JSON_H

#include "base/base.h"
#include "crypto/hash.h"
#include "wire/types.h"

#include <jansson.h>

/* Each sets object[key]; running out of memory stops the program. */
void qn_json_set(json_t *object, const char *key, json_t *value); /* takes value over */
void qn_json_set_u64(json_t *object, const char *key, uint64_t value);
void qn_json_set_bool(json_t *object, const char *key, bool value);
/* Text that is not UTF-8 appears escaped, and never fails the answer. */
void qn_json_set_text(json_t *object, const char *key, const char *text);
void qn_json_set_null(json_t *object, const char *key);
void qn_json_set_hex(json_t *object, const char *key, const uint8_t bytes[QN_HASH_LEN]);
/* bytes.at NULL: null. */
void qn_json_set_base64url(json_t *object, const char *key, struct qn_span bytes);
/* Null unless known. */
void qn_json_set_u64_if(json_t *object, const char *key, bool known, uint64_t value);
void qn_json_set_endpoint(json_t *object, const char *key, const struct qn_endpoint *endpoint);
void qn_json_set_endpoints(json_t *object, const char *key, const struct qn_endpoint *endpoints,
                           size_t count);
void qn_json_set_roles(json_t *object, const char *key, uint32_t roles);
void qn_json_append(json_t *array, json_t *value); /* takes value over */

/* Heap; the bounded sizes of the API: running out of memory stops the program. Zeroed. */
void *qn_api_alloc(size_t count, size_t size);

#endif
