#include "cli/announce_chain.h"

#include "crypto/key.h"

struct qn_hash qn_announce_chain_tip(const uint8_t seed[QN_SEED_LEN])
{
    static const uint8_t label[] = "qnet/1/announce-chain";
    struct qn_span parts[] = {{label, sizeof label - 1}, {seed, QN_SEED_LEN}};
    struct qn_hash hash = qn_sha3_parts(parts, QN_ARRAY_COUNT(parts));
    for (size_t i = 0; i < QN_ANNOUNCE_CHAIN_LEN; i++) {
        hash = qn_sha3((struct qn_span){hash.bytes, sizeof hash.bytes});
    }
    return hash;
}
