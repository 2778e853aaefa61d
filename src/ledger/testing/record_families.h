/* The ledger's encoded records as rows of the same kind as wire/testing/family.h has for messages. */
#ifndef QN_TESTING_RECORD_FAMILIES_H
#define QN_TESTING_RECORD_FAMILIES_H

#include "wire/testing/family.h"

const struct qn_family *qn_record_families(size_t *count);

#endif
