#include "wire/control.h"

#include "wire/field.h"

/* Of a version to come: one field more, which the versions before it skip. */
enum {
    HELLO_KEYS = 8,
    HELLO_NEXT_KEYS = QN_PROTOCOL_VERSION_NEXT > 0,
    HELLO_NEXT_KEY = QN_CBOR_EXTENSION_KEY
};

static void write_hello(struct qn_writer *w, const void *record)
{
    const struct qn_hello *hello = record;
    qn_write_map(w, HELLO_KEYS + (hello->has_seen ? 1 : 0) + HELLO_NEXT_KEYS);
    qn_write_uint_at(w, 1, hello->version);
    qn_write_uint_at(w, 2, hello->version_min);
    qn_write_bytes_at(w, 3, hello->network.bytes, sizeof hello->network.bytes);
    qn_write_key(w, 4);
    qn_write_endpoints(w, hello->endpoints, hello->endpoint_count);
    qn_write_uint_at(w, 5, hello->region);
    qn_write_uint_at(w, 6, hello->roles);
    qn_write_uint_at(w, 7, hello->height);
    qn_write_text_at(w, 8, hello->software);
    if (hello->has_seen) {
        qn_write_key(w, 9);
        qn_write_endpoint(w, &hello->seen);
    }
#if QN_PROTOCOL_VERSION_NEXT > 0
    qn_write_uint_at(w, HELLO_NEXT_KEY, hello->version);
#endif
}

struct qn_buf *qn_hello_encode(const struct qn_hello *hello)
{
    return qn_encode(write_hello, hello);
}

enum qn_err qn_hello_decode(struct qn_hello *out, struct qn_span bytes)
{
    struct qn_hello hello = {0};
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    hello.version = (uint32_t)qn_read_uint_at(&in, &map, 1, UINT32_MAX);
    hello.version_min = (uint32_t)qn_read_uint_at(&in, &map, 2, UINT32_MAX);
    qn_read_fixed_at(&in, &map, 3, hello.network.bytes, sizeof hello.network.bytes);
    qn_read_key(&in, &map, 4);
    hello.endpoint_count = qn_read_endpoints(&in, hello.endpoints, 0);
    hello.region = (enum qn_region)qn_read_uint_at(&in, &map, 5, QN_REGION_COUNT - 1);
    hello.roles = (uint32_t)qn_read_uint_at(&in, &map, 6, UINT32_MAX);
    hello.height = qn_read_uint_at(&in, &map, 7, UINT64_MAX);
    qn_read_text_at(&in, &map, 8, hello.software, QN_SOFTWARE_LEN_MAX);
    hello.has_seen = qn_read_key_if(&in, &map, 9);
    if (hello.has_seen) {
        qn_read_endpoint(&in, &hello.seen);
    }
#if QN_PROTOCOL_VERSION_NEXT > 0
    if (hello.version >
        1) { /* who speaks it says it again there; older ones do not know the field */
        qn_read_require(&in,
                        qn_read_uint_at(&in, &map, HELLO_NEXT_KEY, UINT32_MAX) == hello.version);
    }
#endif
    qn_read_map_end_extensible(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = hello;
    }
    return err;
}

static void write_goodbye(struct qn_writer *w, const void *record)
{
    const struct qn_goodbye *goodbye = record;
    qn_write_map(w, 2);
    qn_write_uint_at(w, 1, goodbye->reason);
    qn_write_text_at(w, 2, goodbye->text);
}

struct qn_buf *qn_goodbye_encode(const struct qn_goodbye *goodbye)
{
    return qn_encode(write_goodbye, goodbye);
}

enum qn_err qn_goodbye_decode(struct qn_goodbye *out, struct qn_span bytes)
{
    struct qn_goodbye goodbye = {0};
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    goodbye.reason = (uint32_t)qn_read_uint_at(&in, &map, 1, UINT32_MAX);
    qn_read_text_at(&in, &map, 2, goodbye.text, QN_TEXT_LEN_MAX);
    qn_read_map_end_extensible(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = goodbye;
    }
    return err;
}

static void write_ping(struct qn_writer *w, const void *record)
{
    const struct qn_ping *ping = record;
    qn_write_map(w, 1);
    qn_write_uint_at(w, 1, ping->nonce);
}

struct qn_buf *qn_ping_encode(const struct qn_ping *ping)
{
    return qn_encode(write_ping, ping);
}

enum qn_err qn_ping_decode(struct qn_ping *ping, struct qn_span bytes)
{
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    uint64_t nonce = qn_read_uint_at(&in, &map, 1, UINT64_MAX);
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *ping = (struct qn_ping){nonce};
    }
    return err;
}

static void write_empty(struct qn_writer *w, const void *record)
{
    (void)record;
    qn_write_map(w, 0);
}

struct qn_buf *qn_empty_encode(void)
{
    return qn_encode(write_empty, NULL);
}

enum qn_err qn_empty_decode(struct qn_span bytes)
{
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    qn_read_map_end(&in, &map);
    return qn_reader_done(&in);
}
