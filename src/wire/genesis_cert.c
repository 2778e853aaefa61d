#include "wire/genesis_cert.h"

#include "wire/field.h"

static void write_payload(struct qn_writer *w, const void *record)
{
    const struct qn_genesis_cert *cert = record;
    qn_write_map(w, 7);
    qn_write_text_at(w, 1, cert->network);
    qn_write_uint_at(w, 2, cert->bootstrap_id);
    qn_write_uint_at(w, 3, cert->key.suite);
    qn_write_bytes_at(w, 4, cert->key.spki, cert->key.spki_len);
    qn_write_uint_at(w, 5, cert->region);
    qn_write_key(w, 6);
    qn_write_endpoints(w, cert->endpoints, cert->endpoint_count);
    qn_write_uint_at(w, 7, cert->not_before_ms);
}

enum qn_err qn_genesis_cert_payload(const struct qn_genesis_cert *cert, uint8_t *out,
                                    size_t capacity, struct qn_span *payload)
{
    return qn_encode_into(out, capacity, payload, write_payload, cert);
}

static enum qn_err decode_payload(struct qn_genesis_cert *cert, struct qn_span payload)
{
    enum qn_err key_err = QN_OK;
    struct qn_reader in;
    qn_reader_init(&in, payload);
    struct qn_map_reader map = qn_read_map(&in);
    qn_read_text_at(&in, &map, 1, cert->network, QN_NETWORK_NAME_LEN_MAX);
    qn_read_require(&in, cert->network[0] != '\0');
    cert->bootstrap_id = (uint16_t)qn_read_uint_at(&in, &map, 2, QN_GENESIS_ID_MAX);
    qn_read_require(&in, cert->bootstrap_id != 0);
    uint64_t suite = qn_read_uint_at(&in, &map, 3, UINT8_MAX);
    qn_read_public_key_at(&in, &map, 4, &cert->key, &key_err);
    qn_read_require(&in, key_err != QN_OK || cert->key.suite == suite);
    cert->region = (enum qn_region)qn_read_uint_at(&in, &map, 5, QN_REGION_COUNT - 1);
    qn_read_key(&in, &map, 6);
    cert->endpoint_count = qn_read_endpoints(&in, cert->endpoints, 1);
    cert->not_before_ms = qn_read_uint_at(&in, &map, 7, UINT64_MAX);
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    return err == QN_OK ? key_err : err;
}

enum qn_err qn_genesis_cert_decode(struct qn_genesis_cert *out, struct qn_signed *envelope,
                                   struct qn_span bytes)
{
    struct qn_genesis_cert cert = {0};
    struct qn_signed decoded;
    enum qn_err err = qn_signed_decode(&decoded, bytes, QN_GENESIS_CERT_LEN_MAX);
    if (err == QN_OK) {
        err = decode_payload(&cert, decoded.payload);
    }
    if (err == QN_OK) {
        *out = cert;
        *envelope = decoded;
    }
    return err;
}
