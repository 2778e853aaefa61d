#include "ledger/genesis_check.h"

#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A network name as it may be printed: four characters for each byte at worst. */
enum { NAME_TEXT_SIZE = 4 * QN_NETWORK_NAME_LEN_MAX + 1 };

static void tell(struct qn_genesis_check *check, size_t index, enum qn_err err, const char *format,
                 ...) QN_PRINTF(4, 5);

static void tell(struct qn_genesis_check *check, size_t index, enum qn_err err, const char *format,
                 ...)
{
    check->count += 1;
    if (check->count > check->capacity) {
        return;
    }
    struct qn_genesis_problem *problem = &check->problems[check->count - 1];
    problem->index = index;
    problem->err = err;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(problem->text, sizeof problem->text, format, arguments);
    va_end(arguments);
}

static const char *printable(char text[NAME_TEXT_SIZE], const char *name)
{
    return qn_log_escape(text, NAME_TEXT_SIZE, name, strlen(name));
}

static void check_one(struct qn_genesis_check *check, struct qn_genesis_cert *cert, size_t index,
                      struct qn_span bytes)
{
    struct qn_signed envelope;
    enum qn_err err = qn_genesis_cert_decode(cert, &envelope, bytes);

    if (err != QN_OK) {
        *cert = (struct qn_genesis_cert){0};
        tell(check, index, err, "not a genesis certificate (%s)", qn_err_text(err));
        return;
    }
    struct qn_hash digest = qn_signing_digest(NULL, envelope.payload);
    err = qn_verify(&cert->key, QN_SIGN_GENESIS, &digest, envelope.signature);
    if (err != QN_OK) {
        tell(check, index, err, "bootstrap id %03u: the self-signature is wrong (%s)",
             (unsigned)cert->bootstrap_id, qn_err_text(err));
    }
}

static void check_pair(struct qn_genesis_check *check, const struct qn_genesis_cert *earlier,
                       size_t earlier_index, const struct qn_genesis_cert *cert, size_t index)
{
    bool same_key = qn_public_key_equal(&earlier->key, &cert->key);
    bool same_number = earlier->bootstrap_id == cert->bootstrap_id;

    if (same_key && same_number) {
        tell(check, index, QN_ERR_DUPLICATE,
             "bootstrap id %03u: the same node is already number %zu of the certificates given",
             (unsigned)cert->bootstrap_id, earlier_index + 1);
    } else if (same_number) {
        tell(check, index, QN_ERR_DUPLICATE,
             "bootstrap id %03u: another node, number %zu of the certificates given, has this id",
             (unsigned)cert->bootstrap_id, earlier_index + 1);
    } else if (same_key) {
        tell(check, index, QN_ERR_DUPLICATE,
             "bootstrap id %03u: its key is that of bootstrap id %03u; each node needs its own",
             (unsigned)cert->bootstrap_id, (unsigned)earlier->bootstrap_id);
    }
}

/* A certificate against those before it; each problem is told once, at its first occurrence. */
static void check_together(struct qn_genesis_check *check, const struct qn_genesis_cert *certs,
                           size_t index)
{
    const struct qn_genesis_cert *cert = &certs[index];
    const struct qn_genesis_cert *first = NULL;

    for (size_t i = 0; i < index; i++) {
        if (certs[i].bootstrap_id == 0) {
            continue;
        }
        first = first == NULL ? &certs[i] : first;
        size_t before = check->count;
        check_pair(check, &certs[i], i, cert, index);
        if (check->count != before) {
            break;
        }
    }
    if (first != NULL && strcmp(first->network, cert->network) != 0) {
        char name[NAME_TEXT_SIZE];
        char first_name[NAME_TEXT_SIZE];
        tell(check, index, QN_ERR_WRONG_NETWORK,
             "bootstrap id %03u: its network is \"%.40s\", that of bootstrap id %03u is \"%.40s\"",
             (unsigned)cert->bootstrap_id, printable(name, cert->network),
             (unsigned)first->bootstrap_id, printable(first_name, first->network));
    }
}

void qn_genesis_check_certs(struct qn_genesis_check *check, struct qn_genesis_cert *certs,
                            const struct qn_span *bytes, size_t cert_count)
{
    if (cert_count < QN_GENESIS_MIN) {
        tell(check, SIZE_MAX, QN_ERR_INVALID,
             "%zu genesis certificates given, at least %d are needed", cert_count, QN_GENESIS_MIN);
    }
    if (cert_count > QN_GENESIS_CERTS_MAX) {
        tell(check, SIZE_MAX, QN_ERR_TOO_BIG,
             "%zu genesis certificates given, at most %d are possible", cert_count,
             QN_GENESIS_CERTS_MAX);
    }
    for (size_t i = 0; i < cert_count; i++) {
        check_one(check, &certs[i], i, bytes[i]);
        if (certs[i].bootstrap_id != 0) {
            check_together(check, certs, i);
        }
    }
}

/* Insertion sort: there are QN_ACTIVATION_BATCHES_MAX at most. */
static void insert_batch(struct qn_genesis_parameters *sorted,
                         const struct qn_activation_batch *batch)
{
    size_t at = sorted->batch_count;

    while (at > 0 &&
           memcmp(sorted->batches[at - 1].root.bytes, batch->root.bytes, QN_HASH_LEN) > 0) {
        sorted->batches[at] = sorted->batches[at - 1];
        at -= 1;
    }
    sorted->batches[at] = *batch;
    sorted->batch_count += 1;
}

static void check_batch(struct qn_genesis_check *check, const struct qn_genesis_parameters *sorted,
                        const struct qn_activation_batch *batch)
{
    char root[QN_ID_TEXT_SIZE];

    qn_hex_encode(root, batch->root.bytes, QN_HASH_LEN);
    if (batch->count == 0 || batch->count > 1U << QN_ACTIVATION_PATH_MAX) {
        tell(check, SIZE_MAX, QN_ERR_INVALID,
             "activation batch %.8s has %u codes, 1 to %u are possible", root, batch->count,
             1U << QN_ACTIVATION_PATH_MAX);
    }
    for (size_t i = 0; i < sorted->batch_count; i++) {
        if (qn_hash_equal(&sorted->batches[i].root, &batch->root)) {
            tell(check, SIZE_MAX, QN_ERR_DUPLICATE, "activation batch %.8s is given twice", root);
        }
    }
}

void qn_genesis_check_parameters(struct qn_genesis_check *check,
                                 struct qn_genesis_parameters *sorted,
                                 const struct qn_genesis_parameters *parameters)
{
    *sorted =
        (struct qn_genesis_parameters){.policy = parameters->policy, .work = parameters->work};
    if (qn_activation_policy_name(parameters->policy) == NULL) {
        tell(check, SIZE_MAX, QN_ERR_INVALID,
             "activation policy %u is none of codes, open and work", (unsigned)parameters->policy);
    }
    if (parameters->policy == QN_POLICY_WORK && !qn_work_cost_is_possible(&parameters->work)) {
        tell(check, SIZE_MAX, QN_ERR_INVALID,
             "a ticket of %u bits over %u KiB is impossible: 1 to %d bits, %d to %d KiB",
             (unsigned)parameters->work.bits, parameters->work.memory_kib, QN_TICKET_BITS_MAX,
             QN_TICKET_MEMORY_KIB_MIN, QN_TICKET_MEMORY_KIB_MAX);
    }
    if (parameters->batch_count > QN_ACTIVATION_BATCHES_MAX) {
        tell(check, SIZE_MAX, QN_ERR_TOO_BIG,
             "%zu activation batches given, at most %d are possible", parameters->batch_count,
             QN_ACTIVATION_BATCHES_MAX);
        return;
    }
    for (size_t i = 0; i < parameters->batch_count; i++) {
        check_batch(check, sorted, &parameters->batches[i]);
        insert_batch(sorted, &parameters->batches[i]);
    }
}
