/* From genesis certificates to what a proof is held to. */
#include "verify/parts.h"

#include <string.h>

enum { NAME_LEN_MAX = 32, BOOTSTRAP_ID_MAX = 999, ENDPOINTS_MAX = 4, REGION_MAX = 5 };

struct certificate {
    struct qnet_span payload;
    struct qnet_span signature;
    char name[NAME_LEN_MAX + 1];
    uint64_t bootstrap_id;
    struct qnet_member member;
};

static void read_payload(struct qn_reader *in, struct certificate *certificate)
{
    struct qn_map_reader map = qn_read_map(in);
    qn_read_key(in, &map, 1);
    qn_read_text(in, certificate->name, NAME_LEN_MAX);
    certificate->bootstrap_id = qn_proof_read_uint(in, &map, 2, BOOTSTRAP_ID_MAX);
    certificate->member.suite = (uint8_t)qn_proof_read_uint(in, &map, 3, UINT8_MAX);
    certificate->member.key = qn_proof_read_bytes(in, &map, 4, 1, QN_PROOF_KEY_LEN_MAX);
    (void)qn_proof_read_uint(in, &map, 5, REGION_MAX);
    qn_read_key(in, &map, 6);
    size_t endpoints = qn_read_array(in, 1, ENDPOINTS_MAX);
    for (size_t i = 0; i < endpoints; i++) {
        char host[QNET_HOST_LEN_MAX + 1];
        (void)qn_proof_read_endpoint(in, host);
    }
    (void)qn_proof_read_uint(in, &map, 7, UINT64_MAX); /* not before */
    qn_read_map_end(in, &map);
}

static bool decode(struct certificate *certificate, struct qnet_span bytes)
{
    struct qn_reader in;
    *certificate = (struct certificate){0};
    if (bytes.len > QNET_CERTIFICATE_LEN_MAX) {
        return false;
    }
    qn_reader_init(&in, (struct qn_span){bytes.at, bytes.len});
    struct qn_map_reader map = qn_read_map(&in);
    certificate->payload = qn_proof_read_bytes(&in, &map, 1, 1, QNET_CERTIFICATE_LEN_MAX);
    certificate->signature = qn_proof_read_bytes(&in, &map, 2, 1, QN_PROOF_SIGNATURE_LEN_MAX);
    qn_read_map_end(&in, &map);
    if (qn_reader_done(&in) != QN_OK) {
        return false;
    }
    qn_reader_init(&in, (struct qn_span){certificate->payload.at, certificate->payload.len});
    read_payload(&in, certificate);
    return qn_reader_done(&in) == QN_OK && certificate->name[0] != '\0' &&
           certificate->bootstrap_id != 0 && certificate->member.suite != 0 &&
           qn_proof_key_suite(certificate->member.key) == certificate->member.suite;
}

/* A certificate is signed by its own key, for no network yet. */
static enum qnet_verify_status check_signature(const struct qnet_verify_crypto *crypto,
                                               const struct certificate *certificate)
{
    static const uint8_t no_network[QNET_HASH_LEN];
    const struct qnet_span parts[] = {{no_network, QNET_HASH_LEN}, certificate->payload};
    uint8_t digest[QNET_HASH_LEN];

    if (!crypto->sha3_256(crypto->context, digest, parts, QN_ARRAY_COUNT(parts))) {
        return QNET_VERIFY_CRYPTO;
    }
    switch (crypto->verify(crypto->context, certificate->member.key, "qnet/1/genesis", digest,
                           certificate->signature)) {
    case QNET_CHECK_HOLDS:
        return QNET_VERIFY_OK;
    case QNET_CHECK_FAILS:
        return QNET_VERIFY_GENESIS_SIGNATURE;
    case QNET_CHECK_ERROR:
        break;
    }
    return QNET_VERIFY_CRYPTO;
}

/* Insertion into both orders: certificates by bootstrap id, members by node id. False: not distinct. */
static bool insert(struct qnet_trust *trust, uint64_t *bootstrap_ids, struct qnet_span bytes,
                   const struct certificate *certificate)
{
    size_t at = trust->count;
    size_t member_at = trust->count;

    while (at > 0 && bootstrap_ids[at - 1] > certificate->bootstrap_id) {
        at -= 1;
    }
    while (member_at > 0 &&
           memcmp(trust->members[member_at - 1].id, certificate->member.id, QNET_HASH_LEN) > 0) {
        member_at -= 1;
    }
    if ((at > 0 && bootstrap_ids[at - 1] == certificate->bootstrap_id) ||
        (member_at > 0 &&
         qn_proof_hash_equal(trust->members[member_at - 1].id, certificate->member.id))) {
        return false;
    }
    for (size_t i = trust->count; i > at; i--) {
        bootstrap_ids[i] = bootstrap_ids[i - 1];
        trust->certificates[i] = trust->certificates[i - 1];
    }
    for (size_t i = trust->count; i > member_at; i--) {
        trust->members[i] = trust->members[i - 1];
    }
    bootstrap_ids[at] = certificate->bootstrap_id;
    trust->certificates[at] = bytes;
    trust->members[member_at] = certificate->member;
    trust->count += 1;
    return true;
}

static enum qnet_verify_status add(struct qnet_trust *trust, uint64_t *bootstrap_ids,
                                   char name[NAME_LEN_MAX + 1],
                                   const struct qnet_verify_crypto *crypto, struct qnet_span bytes)
{
    struct certificate certificate;

    if (!decode(&certificate, bytes)) {
        return QNET_VERIFY_GENESIS_MALFORMED;
    }
    if (trust->count == 0) {
        memcpy(name, certificate.name, sizeof certificate.name);
    } else if (strcmp(name, certificate.name) != 0) {
        return QNET_VERIFY_GENESIS_NAME;
    }
    if (!qn_proof_sha3(crypto, certificate.member.id, certificate.member.key)) {
        return QNET_VERIFY_CRYPTO;
    }
    enum qnet_verify_status status = check_signature(crypto, &certificate);
    if (status == QNET_VERIFY_OK && !insert(trust, bootstrap_ids, bytes, &certificate)) {
        status = QNET_VERIFY_GENESIS_DUPLICATE;
    }
    return status;
}

enum qnet_verify_status qnet_trust_init(struct qnet_trust *trust, size_t *bad,
                                        const struct qnet_verify_crypto *crypto,
                                        const struct qnet_span *certificates, size_t count)
{
    enum qnet_verify_status status = QNET_VERIFY_OK;
    uint64_t bootstrap_ids[QNET_COMMITTEE_MAX];
    char name[NAME_LEN_MAX + 1] = "";
    size_t done = 0;

    *trust = (struct qnet_trust){0};
    if (count < QNET_GENESIS_MIN || count > QNET_COMMITTEE_MAX) {
        status = QNET_VERIFY_GENESIS_COUNT;
        done = count;
    }
    while (status == QNET_VERIFY_OK && done < count) {
        status = add(trust, bootstrap_ids, name, crypto, certificates[done]);
        done += status == QNET_VERIFY_OK;
    }
    if (bad != NULL && status != QNET_VERIFY_OK) {
        *bad = done;
    }
    return status;
}

void qnet_trust_pin(struct qnet_trust *trust, const uint8_t network[QNET_HASH_LEN])
{
    trust->has_network = true;
    memcpy(trust->network, network, QNET_HASH_LEN);
}

enum qnet_verify_status qnet_certificate_from_text(struct qnet_span *certificate, uint8_t *buffer,
                                                   size_t capacity, const char *text)
{
    size_t len = 0;

    if (qn_base64url_decode(buffer, capacity, &len, text) != QN_OK) {
        return QNET_VERIFY_GENESIS_MALFORMED;
    }
    *certificate = (struct qnet_span){buffer, len};
    return QNET_VERIFY_OK;
}

/* Room for the head of a string of bytes, and for the array's beginning. */
enum { HEAD_LEN_MAX = 9, BEGIN_LEN_MAX = 32 };

/* The head alone: what follows it does not fit, and is counted all the same. */
static struct qnet_span head_of(uint8_t out[HEAD_LEN_MAX], struct qnet_span bytes)
{
    struct qn_writer w;
    qn_writer_init(&w, out, HEAD_LEN_MAX);
    qn_write_bytes(&w, bytes.at, bytes.len);
    return (struct qnet_span){out, w.len - bytes.len};
}

/* SHA3-256 of ["qnet/1/genesis", [certificate], parameters] without ever holding it in one piece. */
bool qn_proof_network(const struct qnet_trust *trust, const struct qnet_verify_crypto *crypto,
                      struct qnet_span parameters, uint8_t network[QNET_HASH_LEN])
{
    uint8_t begin[BEGIN_LEN_MAX];
    uint8_t heads[QNET_COMMITTEE_MAX + 1][HEAD_LEN_MAX];
    struct qnet_span parts[1 + 2 * (QNET_COMMITTEE_MAX + 1)];
    struct qn_writer w;
    size_t count = 1;

    qn_writer_init(&w, begin, sizeof begin);
    qn_write_array(&w, 3);
    qn_write_text(&w, "qnet/1/genesis");
    qn_write_array(&w, trust->count);
    parts[0] = (struct qnet_span){begin, w.len};
    for (size_t i = 0; i < trust->count; i++) {
        parts[count++] = head_of(heads[i], trust->certificates[i]);
        parts[count++] = trust->certificates[i];
    }
    parts[count++] = head_of(heads[trust->count], parameters);
    parts[count++] = parameters;
    return crypto->sha3_256(crypto->context, network, parts, count);
}
