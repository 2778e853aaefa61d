#include "ledger/genesis.h"

#include "ledger/genesis_check.h"
#include "wire/cbor.h"

#include <stdlib.h>
#include <string.h>

static const char id_domain[] = "qnet/1/genesis";

/* Room in the hashed array for heads of its strings and for the domain. */
enum { ID_HEAD_LEN_MAX = 9, ID_DOMAIN_LEN_MAX = 64 };

/* SHA3-256 of the CBOR array [domain, [certificate], parameters], each part as a string of bytes. */
static struct qn_network_id network_id(const struct qn_genesis *genesis)
{
    size_t capacity =
        ID_DOMAIN_LEN_MAX + genesis->parameter_bytes->len + (size_t)2 * ID_HEAD_LEN_MAX;
    for (size_t i = 0; i < genesis->cert_count; i++) {
        capacity += ID_HEAD_LEN_MAX + genesis->cert_bytes[i]->len;
    }
    struct qn_buf *buf = qn_buf_new(capacity);
    struct qn_writer w;
    qn_writer_init(&w, buf->bytes, capacity);
    qn_write_array(&w, 3);
    qn_write_text(&w, id_domain);
    qn_write_array(&w, genesis->cert_count);
    for (size_t i = 0; i < genesis->cert_count; i++) {
        qn_write_bytes(&w, genesis->cert_bytes[i]->bytes, genesis->cert_bytes[i]->len);
    }
    qn_write_bytes(&w, genesis->parameter_bytes->bytes, genesis->parameter_bytes->len);
    struct qn_span bytes;
    QN_ASSERT(qn_writer_done(&w, &bytes) == QN_OK);
    struct qn_hash hash = qn_sha3(bytes);
    qn_buf_drop(buf);
    struct qn_network_id id;
    memcpy(id.bytes, hash.bytes, sizeof id.bytes);
    return id;
}

static struct qn_buf *encode_parameters(const struct qn_genesis_parameters *parameters)
{
    uint8_t out[QN_GENESIS_PARAMETERS_LEN_MAX];
    struct qn_span bytes;

    QN_ASSERT(qn_genesis_parameters_encode(parameters, out, sizeof out, &bytes) == QN_OK);
    return qn_buf_copy(bytes);
}

/* The committee: every genesis node, once. */
static void set_validators(struct qn_genesis *genesis)
{
    struct qn_public_key *keys = calloc(genesis->cert_count, sizeof *keys);

    QN_ASSERT(keys != NULL);
    for (size_t i = 0; i < genesis->cert_count; i++) {
        keys[i] = genesis->certs[i].key;
    }
    QN_ASSERT(qn_validator_set_init(&genesis->validators, keys, genesis->cert_count) == QN_OK);
    free(keys);
}

/* Copies the certificates in the order of their bootstrap ids: insertion sort, QN_VALIDATORS_MAX at most. */
static void set_certs(struct qn_genesis *genesis, const struct qn_genesis_cert *certs,
                      const struct qn_span *bytes, size_t cert_count)
{
    genesis->certs = calloc(cert_count, sizeof *genesis->certs);
    genesis->cert_bytes = calloc(cert_count, sizeof *genesis->cert_bytes);
    QN_ASSERT(genesis->certs != NULL && genesis->cert_bytes != NULL);
    for (size_t i = 0; i < cert_count; i++) {
        size_t at = i;
        while (at > 0 && genesis->certs[at - 1].bootstrap_id > certs[i].bootstrap_id) {
            genesis->certs[at] = genesis->certs[at - 1];
            genesis->cert_bytes[at] = genesis->cert_bytes[at - 1];
            at -= 1;
        }
        genesis->certs[at] = certs[i];
        genesis->cert_bytes[at] = qn_buf_copy(bytes[i]);
        if (certs[i].not_before_ms > genesis->time_ms) {
            genesis->time_ms = certs[i].not_before_ms;
        }
    }
    genesis->cert_count = cert_count;
    memcpy(genesis->name, certs[0].network, sizeof genesis->name);
}

enum qn_err qn_genesis_init(struct qn_genesis *genesis, struct qn_genesis_problem *problems,
                            size_t problem_capacity, size_t *problem_count,
                            const struct qn_span *certs, size_t cert_count,
                            const struct qn_genesis_parameters *parameters)
{
    struct qn_genesis_check check = {.problems = problems, .capacity = problem_capacity};
    struct qn_genesis result = {0};
    /* Never none: calloc(0) may return NULL. */
    struct qn_genesis_cert *decoded = calloc(cert_count + 1, sizeof *decoded);

    QN_ASSERT(decoded != NULL && cert_count <= QN_GENESIS_ID_MAX);
    qn_genesis_check_certs(&check, decoded, certs, cert_count);
    qn_genesis_check_parameters(&check, &result.parameters, parameters);
    *problem_count = check.count;
    if (check.count == 0) {
        set_certs(&result, decoded, certs, cert_count);
        set_validators(&result);
        result.parameter_bytes = encode_parameters(&result.parameters);
        result.network = network_id(&result);
        *genesis = result;
    }
    free(decoded);
    return check.count == 0 ? QN_OK : QN_ERR_INVALID;
}

void qn_genesis_fini(struct qn_genesis *genesis)
{
    for (size_t i = 0; i < genesis->cert_count; i++) {
        qn_buf_drop(genesis->cert_bytes[i]);
    }
    free(genesis->cert_bytes);
    free(genesis->certs);
    qn_buf_drop(genesis->parameter_bytes);
    qn_validator_set_fini(&genesis->validators);
    *genesis = (struct qn_genesis){0};
}

const struct qn_genesis_cert *qn_genesis_by_number(const struct qn_genesis *genesis,
                                                   unsigned bootstrap_id)
{
    for (size_t i = 0; i < genesis->cert_count; i++) {
        if (genesis->certs[i].bootstrap_id == bootstrap_id) {
            return &genesis->certs[i];
        }
    }
    return NULL;
}

const struct qn_genesis_cert *qn_genesis_by_id(const struct qn_genesis *genesis,
                                               const struct qn_node_id *id)
{
    int index = qn_validator_index(&genesis->validators, id);

    if (index < 0) {
        return NULL;
    }
    const struct qn_public_key *key = &genesis->validators.members[index].key;
    for (size_t i = 0; i < genesis->cert_count; i++) {
        if (qn_public_key_equal(&genesis->certs[i].key, key)) {
            return &genesis->certs[i];
        }
    }
    QN_ASSERT(!"every genesis validator has its certificate");
    return NULL;
}
