#include "crypto/key.h"

const char *qn_sign_kind_context(enum qn_sign_kind kind)
{
    switch (kind) {
    case QN_SIGN_GENESIS:
        return "qnet/1/genesis";
    case QN_SIGN_RECORD:
        return "qnet/1/record";
    case QN_SIGN_TRANSACTION:
        return "qnet/1/transaction";
    case QN_SIGN_ACTIVATE:
        return "qnet/1/activate";
    case QN_SIGN_NOTARIZE:
        return "qnet/1/notarize";
    case QN_SIGN_FINALIZE:
        return "qnet/1/finalize";
    case QN_SIGN_NULLIFY:
        return "qnet/1/nullify";
    case QN_SIGN_RECOVER:
        return "qnet/1/recover";
    case QN_SIGN_ROTATE:
        return "qnet/1/rotate";
    }
    qn_assert_fail("a known kind of signature", __FILE__, __LINE__);
}

struct qn_hash qn_signing_digest(const struct qn_network_id *network, struct qn_span bytes)
{
    static const struct qn_network_id no_network;
    const struct qn_network_id *covered = network != NULL ? network : &no_network;
    const struct qn_span parts[] = {{covered->bytes, sizeof covered->bytes}, bytes};

    return qn_sha3_parts(parts, QN_ARRAY_COUNT(parts));
}
