/* What is heard in the local network: the first byte is passed over. */
#include "wire/testing/family.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t count;
    const struct qn_family *table = qn_families(&count);
    qn_family_fuzz(table, count, "lan", data, size);
    return 0;
}
