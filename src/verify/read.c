/* What the decoders of this folder share. */
#include "verify/parts.h"

#include <string.h>

static const uint8_t no_hash[QNET_HASH_LEN];

uint64_t qn_proof_read_uint(struct qn_reader *in, struct qn_map_reader *map, uint64_t key,
                            uint64_t max)
{
    qn_read_key(in, map, key);
    return qn_read_uint(in, max);
}

struct qnet_span qn_proof_read_bytes(struct qn_reader *in, struct qn_map_reader *map, uint64_t key,
                                     size_t min, size_t max)
{
    qn_read_key(in, map, key);
    struct qn_span bytes = qn_read_bytes(in, min, max);
    return (struct qnet_span){bytes.at, bytes.len};
}

const uint8_t *qn_proof_read_hash(struct qn_reader *in, struct qn_map_reader *map, uint64_t key)
{
    struct qnet_span bytes = qn_proof_read_bytes(in, map, key, QNET_HASH_LEN, QNET_HASH_LEN);
    return in->failed ? no_hash : bytes.at;
}

void qn_proof_next_hash(struct qn_proof_hashes *hashes, uint8_t hash[QNET_HASH_LEN])
{
    qn_read_fixed(&hashes->at, hash, QNET_HASH_LEN);
}

/* SEQUENCE { SEQUENCE { OID 2.16.840.1.101.3.4.3.x }, BIT STRING }, parameters absent. */
uint8_t qn_proof_key_suite(struct qnet_span key)
{
    enum { PREFIX_LEN = 22 };
    static const struct {
        uint8_t suite;
        size_t len;
        uint8_t prefix[PREFIX_LEN];
    } forms[] = {
        {1, 1974, {0x30, 0x82, 0x07, 0xb2, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48,
                   0x01, 0x65, 0x03, 0x04, 0x03, 0x12, 0x03, 0x82, 0x07, 0xa1, 0x00}},
        {2, 2614, {0x30, 0x82, 0x0a, 0x32, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48,
                   0x01, 0x65, 0x03, 0x04, 0x03, 0x13, 0x03, 0x82, 0x0a, 0x21, 0x00}},
        {3, 1334, {0x30, 0x82, 0x05, 0x32, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48,
                   0x01, 0x65, 0x03, 0x04, 0x03, 0x11, 0x03, 0x82, 0x05, 0x21, 0x00}},
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(forms); i++) {
        if (key.len == forms[i].len && memcmp(key.at, forms[i].prefix, PREFIX_LEN) == 0) {
            return forms[i].suite;
        }
    }
    return 0;
}
