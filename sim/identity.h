/* Keys and genesis sets. Made once in a process and shared by all its runs: real key pairs, so that
 * genesis certificates verify, whether a run then signs for real or with the mock. */
#ifndef QN_SIM_IDENTITY_H
#define QN_SIM_IDENTITY_H

#include "ledger/genesis.h"
#include "wire/types.h"

enum {
    QN_SIM_NODES_MAX = 16,   /* identities that run nodes: genesis nodes first, then followers */
    QN_SIM_CLIENTS_MAX = 48, /* identities that only appear in transactions */
    QN_SIM_GENESIS_MAX = 10,
};

/* Unix time at virtual time zero. */
#define QN_SIM_UNIX_MS 1700000000000U

struct qn_sim_identity {
    struct qn_key *key;
    struct qn_node_id id;
    struct qn_endpoint endpoint;
};

struct qn_sim_world_keys {
    struct qn_sim_identity nodes[QN_SIM_NODES_MAX];
    struct qn_sim_identity clients[QN_SIM_CLIENTS_MAX];
    struct qn_sim_identity rotated[QN_SIM_CLIENTS_MAX]; /* the clients' next keys */
};

/* The first call makes them; qn_sim_keys_fini frees all that this file holds. */
const struct qn_sim_world_keys *qn_sim_keys(void);
/* The network of the first n node identities, open registration. */
const struct qn_genesis *qn_sim_genesis(unsigned n);
void qn_sim_keys_fini(void);

/* The mock: a keyed hash of purpose, digest and key. Deterministic, as the real one is here. */
void qn_sim_sign(struct qn_signature *signature, const struct qn_key *key, enum qn_sign_kind kind,
                 const struct qn_hash *digest, bool real);
bool qn_sim_verify(const struct qn_public_key *key, enum qn_sign_kind kind,
                   const struct qn_hash *digest, struct qn_span signature, bool real);

#endif
