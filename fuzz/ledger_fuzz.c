/* The ledger's records: parameters, batches, codes, entries, proofs: the first byte selects which. */
#include "ledger/testing/record_families.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t count;
    const struct qn_family *table = qn_record_families(&count);
    qn_family_fuzz(table, count, "ledger", data, size);
    return 0;
}
