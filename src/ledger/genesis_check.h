/* Checks of a genesis set, each problem told in words; for genesis.c only. */
#ifndef QN_GENESIS_CHECK_H
#define QN_GENESIS_CHECK_H

#include "ledger/genesis.h"

struct qn_genesis_check {
    struct qn_genesis_problem *problems;
    size_t capacity;
    size_t count; /* found; those above capacity are not kept */
};

/* Decodes the certificates given into *certs (heap for cert_count of them, the caller's) and checks each
 * and all of them together. Those that do not decode have bootstrap id 0. */
void qn_genesis_check_certs(struct qn_genesis_check *check, struct qn_genesis_cert *certs,
                            const struct qn_span *bytes, size_t cert_count);
/* Copies the parameters with their batches in order, and checks them. */
void qn_genesis_check_parameters(struct qn_genesis_check *check,
                                 struct qn_genesis_parameters *sorted,
                                 const struct qn_genesis_parameters *parameters);

#endif
