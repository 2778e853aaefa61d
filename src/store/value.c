/* value || check, where the check is a hash of key and value. LMDB has no check of its own: without one a
 * block that a disk returned from the wrong place, or with bits turned, would be taken for ours. Not a
 * signature: whoever can write the file can make checks. */
#include "base/siphash.h"
#include "store/store_internal.h"

#include <string.h>

void qn_store_check_value(uint8_t check[QN_STORE_CHECK_LEN], struct qn_span key,
                          struct qn_span value)
{
    static const uint64_t fixed[2] = {0x716e65742f312f73U, 0x746f72652f76616cU};
    uint64_t bound[2] = {qn_siphash(fixed, key), fixed[1]};
    uint64_t hash = qn_siphash(bound, value);

    for (size_t i = 0; i < QN_STORE_CHECK_LEN; i++) {
        check[i] = (uint8_t)(hash >> (8 * i));
    }
}

enum qn_err qn_store_open_value(struct qn_span *value, struct qn_span key, const MDB_val *stored)
{
    uint8_t check[QN_STORE_CHECK_LEN];

    if (stored->mv_size < sizeof check) {
        return QN_ERR_IO;
    }
    struct qn_span inside = {stored->mv_data, stored->mv_size - sizeof check};
    qn_store_check_value(check, key, inside);
    if (memcmp(check, inside.at + inside.len, sizeof check) != 0) {
        return QN_ERR_IO;
    }
    *value = inside;
    return QN_OK;
}

int qn_store_put(MDB_txn *txn, MDB_dbi dbi, struct qn_span key, struct qn_span value)
{
    uint8_t check[QN_STORE_CHECK_LEN];
    uint8_t name[QN_STORAGE_KEY_LEN_MAX];
    MDB_val at = {.mv_size = key.len, .mv_data = name};
    MDB_val place = {.mv_size = value.len + sizeof check};

    memcpy(name, key.at, key.len);
    qn_store_check_value(check, key, value);
    int rc = mdb_put(txn, dbi, &at, &place, MDB_RESERVE);
    if (rc == MDB_SUCCESS) {
        if (value.len > 0) {
            memcpy(place.mv_data, value.at, value.len);
        }
        memcpy((uint8_t *)place.mv_data + value.len, check, sizeof check);
    }
    return rc;
}
