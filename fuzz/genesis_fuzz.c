/* Genesis certificates, the request for them and the reply that carries them: the first byte selects which. */
#include "wire/testing/family.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t count;
    const struct qn_family *table = qn_families(&count);
    qn_family_fuzz(table, count, "genesis", data, size);
    return 0;
}
