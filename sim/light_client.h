/* A light client beside a full node: what a proof says to somebody with nothing but the genesis certificates must
 * be what the ledger that made it says itself. */
#ifndef QN_SIM_LIGHT_CLIENT_H
#define QN_SIM_LIGHT_CLIENT_H

#include "ledger/proof_bundle.h"
#include "qnet/verify.h"

/* Trust in a network's genesis certificates; their bytes stay genesis's. False: they are refused. */
bool qn_light_client_init(struct qnet_trust *trust, const struct qnet_verify_crypto *crypto,
                          const struct qn_genesis *genesis);
/* Hashes with qn_sha3; checks signatures with verify, such as a mock. */
struct qnet_verify_crypto qn_light_client_crypto(
    enum qnet_check (*verify)(void *context, struct qnet_span key, const char *context_string,
                              const uint8_t digest[QNET_HASH_LEN], struct qnet_span signature),
    void *context);
/* The ledger proves this id at a height (QN_PROVE_NEWEST: its newest certified one), the client verifies. Returns
 * NULL, or what is wrong (static). *verdict is filled unless something is; *proved is false if the ledger cannot prove
 * that height, as yet or any more, which is nothing wrong.
 *
 * At the tip the verdict is also held to the ledger's own entry. */
const char *qn_light_client_check(struct qnet_verdict *verdict, bool *proved,
                                  const struct qn_ledger *ledger, const struct qnet_trust *trust,
                                  const struct qnet_verify_crypto *crypto,
                                  const struct qn_node_id *id, uint64_t height);

#endif
