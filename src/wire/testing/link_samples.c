/* Samples of what concerns links, peers and genesis. */
#include "wire/announce.h"
#include "wire/control.h"
#include "wire/genesis_cert.h"
#include "wire/genesis_reply.h"
#include "wire/lan.h"
#include "wire/redirect.h"
#include "wire/testing/family_samples.h"

struct qn_buf *qn_sample_hello(struct qn_sampler *s)
{
    struct qn_hello hello = {
        .version = (uint32_t)qn_sample_uint(s, 0, UINT32_MAX),
        .version_min = (uint32_t)qn_sample_uint(s, 0, UINT32_MAX),
        .region = (enum qn_region)qn_sample_uint(s, 0, QN_REGION_COUNT - 1),
        .roles = (uint32_t)qn_sample_uint(s, 0, UINT32_MAX),
        .height = qn_sample_uint(s, 0, UINT64_MAX),
    };
    qn_sample_bytes(s, hello.network.bytes, sizeof hello.network.bytes);
    hello.endpoint_count = qn_sample_endpoints(s, hello.endpoints, 0);
    qn_sample_text(s, hello.software, 0, QN_SOFTWARE_LEN_MAX);
    hello.has_seen = qn_sample_bool(s);
    if (hello.has_seen) {
        qn_sample_endpoint(s, &hello.seen);
    }
    return qn_hello_encode(&hello);
}

struct qn_buf *qn_sample_goodbye(struct qn_sampler *s)
{
    struct qn_goodbye goodbye = {.reason = (uint32_t)qn_sample_uint(s, 0, UINT32_MAX)};
    qn_sample_text(s, goodbye.text, 0, QN_TEXT_LEN_MAX);
    return qn_goodbye_encode(&goodbye);
}

struct qn_buf *qn_sample_ping(struct qn_sampler *s)
{
    return qn_ping_encode(&(struct qn_ping){qn_sample_uint(s, 0, UINT64_MAX)});
}

struct qn_buf *qn_sample_empty(struct qn_sampler *s)
{
    (void)s;
    return qn_empty_encode();
}

struct qn_buf *qn_sample_redirect(struct qn_sampler *s)
{
    struct qn_redirect redirect = {0};
    redirect.count = (uint8_t)qn_sample_uint(s, 1, QN_REDIRECT_ENTRIES_MAX);
    for (size_t i = 0; i < redirect.count; i++) {
        struct qn_redirect_entry *entry = &redirect.entries[i];
        qn_sample_bytes(s, entry->id.bytes, sizeof entry->id.bytes);
        entry->id.bytes[0] = (uint8_t)i; /* no id twice */
        qn_sample_endpoint(s, &entry->endpoint);
        entry->region = (enum qn_region)qn_sample_uint(s, 0, QN_REGION_COUNT - 1);
    }
    return qn_redirect_encode(&redirect);
}

struct qn_buf *qn_sample_lan_beacon(struct qn_sampler *s)
{
    uint8_t bytes[QN_LAN_BEACON_LEN];
    struct qn_lan_beacon beacon = {.asks = qn_sample_bool(s)};
    qn_sample_bytes(s, beacon.network.bytes, sizeof beacon.network.bytes);
    qn_sample_bytes(s, beacon.id.bytes, sizeof beacon.id.bytes);
    beacon.port = (uint16_t)qn_sample_uint(s, beacon.asks ? 0 : 1, UINT16_MAX);
    qn_lan_beacon_encode(bytes, &beacon);
    return qn_buf_copy((struct qn_span){bytes, sizeof bytes});
}

/* The envelope around a payload, with a made-up signature. */
static struct qn_buf *sign(struct qn_sampler *s, struct qn_span payload)
{
    struct qn_signature signature = qn_sample_signature(s);
    return qn_signed_encode(payload, (struct qn_span){signature.bytes, signature.len});
}

struct qn_buf *qn_sample_record(struct qn_sampler *s)
{
    uint8_t bytes[QN_RECORD_PAYLOAD_LEN_MAX];
    struct qn_span payload;
    struct qn_record record = {
        .sequence = qn_sample_uint(s, 0, UINT64_MAX),
        .region = (enum qn_region)qn_sample_uint(s, 0, QN_REGION_COUNT - 1),
        .roles = (uint32_t)qn_sample_uint(s, 0, UINT32_MAX),
    };
    qn_sample_bytes(s, record.id.bytes, sizeof record.id.bytes);
    record.endpoint_count = qn_sample_endpoints(s, record.endpoints, 0);
    qn_sample_text(s, record.software, 0, QN_SOFTWARE_LEN_MAX);
    QN_ASSERT(qn_record_payload(&record, bytes, sizeof bytes, &payload) == QN_OK);
    return sign(s, payload);
}

struct qn_buf *qn_sample_announce(struct qn_sampler *s)
{
    struct qn_buf *record = qn_sample_record(s);
    struct qn_buf *buf = qn_announce_encode(&(struct qn_announce){
        (uint8_t)qn_sample_uint(s, 0, QN_ANNOUNCE_HOPS_MAX), qn_buf_span(record)});
    qn_buf_drop(record);
    return buf;
}

struct qn_buf *qn_sample_head(struct qn_sampler *s)
{
    struct qn_head head = {.height = qn_sample_uint(s, 0, UINT64_MAX)};
    qn_sample_bytes(s, head.block_id.bytes, sizeof head.block_id.bytes);
    return qn_head_encode(&head);
}

struct qn_buf *qn_sample_genesis_cert(struct qn_sampler *s)
{
    uint8_t bytes[QN_GENESIS_CERT_LEN_MAX];
    struct qn_span payload;
    struct qn_genesis_cert cert = {
        .bootstrap_id = (uint16_t)qn_sample_uint(s, 1, QN_GENESIS_ID_MAX),
        .key = qn_sample_public_key(s),
        .region = (enum qn_region)qn_sample_uint(s, 0, QN_REGION_COUNT - 1),
        .not_before_ms = qn_sample_uint(s, 0, UINT64_MAX),
    };
    qn_sample_text(s, cert.network, 1, QN_NETWORK_NAME_LEN_MAX);
    cert.endpoint_count = qn_sample_endpoints(s, cert.endpoints, 1);
    QN_ASSERT(qn_genesis_cert_payload(&cert, bytes, sizeof bytes, &payload) == QN_OK);
    return sign(s, payload);
}

/* {1: policy, 2: [{1: root, 2: count, 3: class, 4: expires}]}, which is the ledger's to decode. */
static struct qn_span sample_parameters(struct qn_sampler *s, uint8_t *out, size_t capacity)
{
    struct qn_writer w;
    struct qn_span bytes;
    size_t batch_count = (size_t)qn_sample_uint(s, 0, QN_ACTIVATION_BATCHES_MAX);
    qn_writer_init(&w, out, capacity);
    qn_write_map(&w, 2);
    qn_write_key(&w, 1);
    qn_write_uint(&w, qn_sample_uint(s, 1, 2));
    qn_write_key(&w, 2);
    qn_write_array(&w, batch_count);
    for (size_t i = 0; i < batch_count; i++) {
        struct qn_hash root;
        qn_sample_bytes(s, root.bytes, sizeof root.bytes);
        root.bytes[0] = (uint8_t)i; /* sorted */
        qn_write_map(&w, 4);
        qn_write_key(&w, 1);
        qn_write_bytes(&w, root.bytes, sizeof root.bytes);
        qn_write_key(&w, 2);
        qn_write_uint(&w, qn_sample_uint(s, 1, 1U << QN_ACTIVATION_PATH_MAX));
        qn_write_key(&w, 3);
        qn_write_uint(&w, qn_sample_uint(s, 0, UINT32_MAX));
        qn_write_key(&w, 4);
        qn_write_uint(&w, qn_sample_uint(s, 0, UINT64_MAX));
    }
    QN_ASSERT(qn_writer_done(&w, &bytes) == QN_OK);
    return bytes;
}

struct qn_buf *qn_sample_get_genesis(struct qn_sampler *s)
{
    struct qn_get_genesis get = {
        .from = (size_t)qn_sample_uint(s, 0, QN_GENESIS_CERTS_MAX),
        .padding_len = (size_t)qn_sample_uint(s, QN_GENESIS_PADDING_MIN, QN_GENESIS_PADDING_MAX)};
    return qn_get_genesis_encode(&get);
}

struct qn_buf *qn_sample_genesis(struct qn_sampler *s)
{
    enum { CERTS_MAX = 4 }; /* of any size, in the longest answer */
    uint8_t parameters[QN_GENESIS_PARAMETERS_LEN_MAX];
    struct qn_buf *certs[CERTS_MAX];
    struct qn_genesis_reply reply = {
        .count = (size_t)qn_sample_uint(s, QN_GENESIS_MIN, QN_GENESIS_CERTS_MAX),
        .cert_count = (size_t)qn_sample_uint(s, 0, CERTS_MAX),
    };
    if (qn_sample_bool(s)) { /* the last */
        reply.from = reply.count - reply.cert_count;
        reply.parameters = sample_parameters(s, parameters, sizeof parameters);
    } else {
        reply.from = (size_t)qn_sample_uint(s, 0, reply.count - reply.cert_count);
        reply.wanted = (size_t)qn_sample_uint(s, QN_GENESIS_PADDING_MIN, QN_GENESIS_PADDING_MAX);
    }
    for (size_t i = 0; i < reply.cert_count; i++) {
        certs[i] = qn_sample_genesis_cert(s);
        reply.certs[i] = qn_buf_span(certs[i]);
    }
    struct qn_buf *buf = NULL;
    QN_ASSERT(qn_genesis_reply_encode(&buf, &reply) == QN_OK);
    for (size_t i = 0; i < reply.cert_count; i++) {
        qn_buf_drop(certs[i]);
    }
    return buf;
}
