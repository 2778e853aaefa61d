#include "wire/vote.h"

#include "wire/field.h"

#include <string.h>

static bool names_block(enum qn_vote_kind kind)
{
    return kind != QN_VOTE_NULLIFY;
}

static bool bit_is_set(const struct qn_cert *cert, size_t index)
{
    return (cert->bitmap[index / 8] & 1U << (index % 8)) != 0;
}

static size_t count_bits(const struct qn_cert *cert)
{
    size_t count = 0;
    for (size_t i = 0; i < cert->bitmap_len * 8; i++) {
        count += bit_is_set(cert, i);
    }
    return count;
}

static void write_cert(struct qn_writer *w, const void *record)
{
    const struct qn_cert *cert = record;
    qn_write_map(w, names_block(cert->kind) ? 7 : 5);
    qn_write_uint_at(w, 1, cert->kind);
    qn_write_uint_at(w, 2, cert->epoch);
    qn_write_uint_at(w, 3, cert->view);
    if (names_block(cert->kind)) {
        qn_write_uint_at(w, 4, cert->parent_view);
        qn_write_bytes_at(w, 5, cert->block_id.bytes, sizeof cert->block_id.bytes);
    }
    qn_write_bytes_at(w, 6, cert->bitmap, cert->bitmap_len);
    qn_write_key(w, 7);
    qn_write_array(w, cert->signature_count);
    for (size_t i = 0; i < cert->signature_count; i++) {
        qn_write_bytes(w, cert->signatures[i].at, cert->signatures[i].len);
    }
}

struct qn_buf *qn_cert_encode(const struct qn_cert *cert)
{
    QN_ASSERT(cert->bitmap_len > 0 && cert->bitmap_len <= QN_CERT_BITMAP_LEN_MAX);
    QN_ASSERT(cert->signature_count > 0 && cert->signature_count <= QN_CERT_SIGNATURES_MAX);
    QN_ASSERT(count_bits(cert) == cert->signature_count);
    return qn_encode(write_cert, cert);
}

static void read_bitmap(struct qn_reader *in, struct qn_map_reader *map, struct qn_cert *cert)
{
    struct qn_span bitmap = qn_read_bytes_at(in, map, 6, 1, QN_CERT_BITMAP_LEN_MAX);
    cert->bitmap_len = bitmap.len;
    if (bitmap.len > 0) {
        memcpy(cert->bitmap, bitmap.at, bitmap.len);
    }
}

static void read_signatures(struct qn_reader *in, struct qn_map_reader *map, struct qn_cert *cert)
{
    qn_read_key(in, map, 7);
    cert->signature_count = qn_read_array(in, 1, QN_CERT_SIGNATURES_MAX);
    for (size_t i = 0; i < cert->signature_count; i++) {
        cert->signatures[i] = qn_read_bytes(in, 1, QN_NODE_SIGNATURE_LEN_MAX);
    }
    qn_read_require(in, cert->signature_count == count_bits(cert));
}

enum qn_err qn_cert_decode(struct qn_cert *out, struct qn_span bytes)
{
    struct qn_cert cert = {0};
    struct qn_reader in;
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    uint64_t kind = qn_read_uint_at(&in, &map, 1, QN_VOTE_NULLIFY);
    qn_read_require(&in, kind >= QN_VOTE_NOTARIZE);
    cert.kind = (enum qn_vote_kind)kind;
    cert.epoch = qn_read_uint_at(&in, &map, 2, UINT64_MAX);
    cert.view = qn_read_uint_at(&in, &map, 3, UINT64_MAX);
    if (names_block(cert.kind)) {
        cert.parent_view = qn_read_uint_at(&in, &map, 4, UINT64_MAX);
        qn_read_fixed_at(&in, &map, 5, cert.block_id.bytes, sizeof cert.block_id.bytes);
    }
    read_bitmap(&in, &map, &cert);
    read_signatures(&in, &map, &cert);
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = cert;
    }
    return err;
}

enum qn_err qn_cert_check_members(const struct qn_cert *cert, const struct qn_validator_set *set)
{
    if (cert->bitmap_len != (set->count + 7U) / 8U) {
        return QN_ERR_MALFORMED;
    }
    for (size_t i = set->count; i < cert->bitmap_len * 8; i++) {
        if (bit_is_set(cert, i)) {
            return QN_ERR_MALFORMED;
        }
    }
    size_t signers = count_bits(cert);
    if (signers != cert->signature_count) {
        return QN_ERR_MALFORMED;
    }
    return signers == qn_quorum(set->count) ? QN_OK : QN_ERR_NO_QUORUM;
}

struct qn_hash qn_cert_digest(const struct qn_cert *cert, const struct qn_network_id *network)
{
    if (names_block(cert->kind)) {
        return qn_proposal_digest(network, cert->epoch, cert->view, cert->parent_view,
                                  &cert->block_id);
    }
    return qn_nullify_digest(network, cert->epoch, cert->view);
}

int qn_cert_signer(const struct qn_cert *cert, size_t position)
{
    size_t seen = 0;
    for (size_t i = 0; i < cert->bitmap_len * 8; i++) {
        if (!bit_is_set(cert, i)) {
            continue;
        }
        if (seen == position) {
            return (int)i;
        }
        seen += 1;
    }
    return -1;
}
