/* Committees and what they sign. */
#include "verify/parts.h"

#include <string.h>

enum { UINT64_LEN_MAX = 9, SET_MEMBER_LEN_MAX = 1 + 2 + 2 + QNET_HASH_LEN };

static enum qnet_verify_status set_ids(const struct qnet_verify_crypto *crypto,
                                       struct qn_proof_committee *committee)
{
    for (size_t i = 0; i < committee->count; i++) {
        struct qnet_member *member = &committee->members[i];
        if (!qn_proof_sha3(crypto, member->id, member->key)) {
            return QNET_VERIFY_CRYPTO;
        }
        if (i > 0 && memcmp(committee->members[i - 1].id, member->id, QNET_HASH_LEN) >= 0) {
            return QNET_VERIFY_COMMITTEE;
        }
    }
    return QNET_VERIFY_OK;
}

bool qn_proof_committee_hash(const struct qnet_verify_crypto *crypto,
                             const struct qn_proof_committee *committee,
                             uint8_t digest[QNET_HASH_LEN])
{
    uint8_t bytes[UINT64_LEN_MAX + QNET_COMMITTEE_MAX * SET_MEMBER_LEN_MAX];
    struct qn_writer w;
    struct qn_span written;

    qn_writer_init(&w, bytes, sizeof bytes);
    qn_write_array(&w, committee->count);
    for (size_t i = 0; i < committee->count; i++) {
        qn_write_array(&w, 2);
        qn_write_uint(&w, committee->members[i].suite);
        qn_write_bytes(&w, committee->members[i].id, QNET_HASH_LEN);
    }
    return qn_writer_done(&w, &written) == QN_OK &&
           qn_proof_sha3(crypto, digest, (struct qnet_span){written.at, written.len});
}

enum qnet_verify_status qn_proof_check_committee(const struct qn_proof_check *check,
                                                 struct qn_proof_committee *committee,
                                                 const uint8_t *validators_hash)
{
    uint8_t digest[QNET_HASH_LEN];
    enum qnet_verify_status status = set_ids(check->crypto, committee);

    if (status != QNET_VERIFY_OK) {
        return status;
    }
    if (!qn_proof_committee_hash(check->crypto, committee, digest)) {
        return QNET_VERIFY_CRYPTO;
    }
    return qn_proof_hash_equal(digest, validators_hash) ? QNET_VERIFY_OK : QNET_VERIFY_COMMITTEE;
}

/* What a FINALIZE vote signs: SHA3-256(network id || [epoch, view, parent view, block id]). */
static bool vote_digest(const struct qn_proof_check *check,
                        const struct qn_proof_certificate *certificate,
                        uint8_t digest[QNET_HASH_LEN])
{
    uint8_t bytes[1 + 3 * UINT64_LEN_MAX + 2 + QNET_HASH_LEN];
    struct qn_writer w;
    struct qn_span written;

    qn_writer_init(&w, bytes, sizeof bytes);
    qn_write_array(&w, 4);
    qn_write_uint(&w, certificate->epoch);
    qn_write_uint(&w, certificate->view);
    qn_write_uint(&w, certificate->parent_view);
    qn_write_bytes(&w, certificate->block_id, QNET_HASH_LEN);
    if (qn_writer_done(&w, &written) != QN_OK) {
        return false;
    }
    const struct qnet_span parts[] = {{check->network, QNET_HASH_LEN}, {written.at, written.len}};
    return check->crypto->sha3_256(check->crypto->context, digest, parts, QN_ARRAY_COUNT(parts));
}

static bool signs(const struct qn_proof_certificate *certificate, size_t index)
{
    return ((certificate->bitmap.at[index / 8] >> (index % 8)) & 1U) != 0;
}

/* Exactly q members and nobody else; each bit stands for a member, so they are distinct. */
static bool is_quorum(const struct qn_proof_certificate *certificate, size_t member_count)
{
    if (certificate->bitmap.len != (member_count + 7) / 8) {
        return false;
    }
    for (size_t i = member_count; i < certificate->bitmap.len * 8; i++) {
        if (signs(certificate, i)) {
            return false;
        }
    }
    return certificate->signature_count == member_count - (member_count - 1) / 3;
}

static enum qnet_verify_status check_signatures(struct qn_proof_check *check,
                                                const struct qn_proof_committee *committee,
                                                const struct qn_proof_certificate *certificate)
{
    uint8_t digest[QNET_HASH_LEN];
    size_t position = 0;

    if (!vote_digest(check, certificate, digest)) {
        return QNET_VERIFY_CRYPTO;
    }
    for (size_t i = 0; i < committee->count; i++) {
        if (!signs(certificate, i)) {
            continue;
        }
        switch (check->crypto->verify(check->crypto->context, committee->members[i].key,
                                      "qnet/1/finalize", digest,
                                      certificate->signatures[position])) {
        case QNET_CHECK_HOLDS:
            break;
        case QNET_CHECK_FAILS:
            return QNET_VERIFY_SIGNATURE;
        case QNET_CHECK_ERROR:
            return QNET_VERIFY_CRYPTO;
        }
        position += 1;
        check->signature_count += 1;
    }
    return QNET_VERIFY_OK;
}

enum qnet_verify_status qn_proof_check_final(struct qn_proof_check *check,
                                             const struct qn_proof_committee *committee,
                                             const struct qn_proof_header *header,
                                             const struct qn_proof_certificate *certificate)
{
    uint8_t block_id[QNET_HASH_LEN];
    uint8_t hash[QNET_HASH_LEN];

    if (!qn_proof_hash_equal(header->network, check->network)) {
        return QNET_VERIFY_NETWORK;
    }
    if (!qn_proof_committee_hash(check->crypto, committee, hash) ||
        !qn_proof_sha3(check->crypto, block_id, header->bytes)) {
        return QNET_VERIFY_CRYPTO;
    }
    if (!qn_proof_hash_equal(hash, header->validators_hash)) {
        return QNET_VERIFY_COMMITTEE;
    }
    if (!certificate->is_final || certificate->epoch != header->epoch ||
        !qn_proof_hash_equal(certificate->block_id, block_id)) {
        return QNET_VERIFY_CERTIFICATE;
    }
    if (!is_quorum(certificate, committee->count)) {
        return QNET_VERIFY_QUORUM;
    }
    return check_signatures(check, committee, certificate);
}
