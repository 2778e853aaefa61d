/* Genesis: from at least four certificates and the network's parameters to the network id, the first
 * committee and block 0, the same on every node and with no file (DESIGN section 5). */
#ifndef QN_GENESIS_H
#define QN_GENESIS_H

#include "crypto/argon2.h"
#include "wire/activation_batch.h"
#include "wire/block.h"
#include "wire/genesis_cert.h"
#include "wire/genesis_reply.h"
#include "wire/validator_set.h"

enum qn_activation_policy {
    QN_POLICY_CODES = 1, /* a registration needs an unused code of an issued batch */
    QN_POLICY_OPEN = 2,  /* anybody may register: private networks and the devnet */
    QN_POLICY_WORK = 3,  /* a registration needs a ticket of work (crypto/argon2.h) */
};
/* "codes" / "open" / "work"; NULL for another number. */
const char *qn_activation_policy_name(unsigned policy);

/* What a ticket costs: 2^bits tries on average, each of this much memory. */
struct qn_work_cost {
    uint8_t bits;        /* 1..QN_TICKET_BITS_MAX */
    uint32_t memory_kib; /* QN_TICKET_MEMORY_KIB_MIN.._MAX */
};
bool qn_work_cost_is_possible(const struct qn_work_cost *cost);
enum {
    QN_WORK_BITS_DEFAULT = 12,
    QN_WORK_MEMORY_KIB_DEFAULT = 2048, /* a few milliseconds a check */
};

/* {1: policy, 2: [{1: root, 2: count, 3: class, 4: expires}], ? 3: {1: bits, 2: KiB}}, batches sorted by
 * root; 3 is there exactly if the policy is work. */
struct qn_genesis_parameters {
    enum qn_activation_policy policy;
    struct qn_work_cost work; /* policy work; else zero */
    size_t batch_count;
    struct qn_activation_batch batches[QN_ACTIVATION_BATCHES_MAX];
};
QN_MUST_USE enum qn_err qn_genesis_parameters_encode(const struct qn_genesis_parameters *parameters,
                                                     uint8_t *out, size_t capacity,
                                                     struct qn_span *bytes);
QN_MUST_USE enum qn_err qn_genesis_parameters_decode(struct qn_genesis_parameters *parameters,
                                                     struct qn_span bytes);
/* The policy as it is configured: "codes", "open", "work:BITS:KIB". Parse takes "work" and "work:BITS" too,
 * with defaults for what is missing; false: not a policy, *parameters untouched. */
enum { QN_ACTIVATION_POLICY_TEXT_SIZE = 24 };
const char *qn_activation_policy_format(char text[QN_ACTIVATION_POLICY_TEXT_SIZE],
                                        const struct qn_genesis_parameters *parameters);
QN_MUST_USE bool qn_activation_policy_parse(struct qn_genesis_parameters *parameters,
                                            const char *text);

struct qn_genesis {
    struct qn_network_id network;
    char name[QN_NETWORK_NAME_LEN_MAX + 1];
    struct qn_genesis_parameters parameters;
    size_t cert_count;
    struct qn_genesis_cert *certs; /* sorted by bootstrap id; heap, owned */
    struct qn_buf **cert_bytes;    /* their encodings, same order; owned */
    struct qn_buf *parameter_bytes;
    struct qn_validator_set validators; /* epoch 0: all genesis nodes */
    qn_unix_ms time_ms;                 /* latest not-before of the certificates: time of block 0 */
};

/* What is wrong with one certificate of the set, for the operator. */
struct qn_genesis_problem {
    size_t index; /* of the certificate as given; SIZE_MAX: the set as a whole */
    enum qn_err err;
    char text[QN_TEXT_LEN_MAX + 1];
};

/* Builds from encoded certificates; verifies each self-signature (slow, start only) and that names agree,
 * ids and keys are distinct and there are at least QN_GENESIS_MIN. Network id = SHA3-256 of the CBOR
 * array ["qnet/1/genesis", [certificate bytes sorted by bootstrap id], parameters].
 * Up to problem_capacity problems are told, all that were found counted in *problem_count.
 * QN_ERR_INVALID if there is any; *genesis is then untouched. */
QN_MUST_USE enum qn_err qn_genesis_init(struct qn_genesis *genesis,
                                        struct qn_genesis_problem *problems,
                                        size_t problem_capacity, size_t *problem_count,
                                        const struct qn_span *certs, size_t cert_count,
                                        const struct qn_genesis_parameters *parameters);
void qn_genesis_fini(struct qn_genesis *genesis);
/* The certificate with this bootstrap id or node id, or NULL. */
const struct qn_genesis_cert *qn_genesis_by_number(const struct qn_genesis *genesis,
                                                   unsigned bootstrap_id);
const struct qn_genesis_cert *qn_genesis_by_id(const struct qn_genesis *genesis,
                                               const struct qn_node_id *id);

#endif
