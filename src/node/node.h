/* The core: one node as a deterministic state machine, the only place where consensus, ledger, gossip and
 * peers meet. No sockets, clock, randomness, threads or files inside; same events, same actions.
 *
 * Single-threaded. After each step the runtime performs the actions in order and calls again no later
 * than the deadline. Reading functions (node/view.h) may be called between steps on the same thread. */
#ifndef QN_NODE_H
#define QN_NODE_H

#include "base/log.h"
#include "ledger/genesis.h"
#include "ledger/storage.h"
#include "node/event.h"
#include "peer/peering.h"
#include "peer/region_check.h"

enum { QN_FALLBACK_PEERS_MAX = 64 };

struct qn_node_config {
    const struct qn_genesis *genesis; /* outlives the node */
    const struct qn_storage *storage; /* outlives the node */
    const struct qn_log *log;         /* outlives the node; may be NULL */
    struct qn_public_key key;
    unsigned bootstrap_id; /* 0: not a genesis node */
    enum qn_region region;
    uint8_t endpoint_count; /* where others can dial us; 0: where peers see us */
    struct qn_endpoint endpoints[QN_ENDPOINTS_MAX];
    struct qn_endpoint listen;   /* where peers see us counts with its port; port 0: nowhere */
    struct qn_hash announce_tip; /* of our announcement chain, for the registry */
    uint64_t registration_lifetime_ms; /* valid-until of our registration, from now */
    bool has_activation;               /* register with it when not registered yet */
    struct qn_activation activation;   /* all but its signature, which SIGN makes */
    bool auto_register;                /* register by ourselves when the registry lacks us */
    size_t fallback_count;
    struct qn_peer_hint fallbacks[QN_FALLBACK_PEERS_MAX];
    size_t reserved_count; /* peers that are always dialled and never evicted; each with an id */
    struct qn_peer_hint reserved[QN_RESERVED_PEERS_MAX];
    size_t dns_seed_count; /* names; their port counts where no service record says one */
    struct qn_endpoint dns_seeds[QN_DNS_SEEDS_MAX];
    struct qn_locator locator; /* a database of addresses, if there is one */
    bool has_lan;              /* the runtime hears neighbours in the local network */
    enum qn_region_check_policy region_check;
    bool unbalanced;             /* never gives up links because they are many: for benchmarks */
    size_t links_max;            /* QN_LINKS_MAX */
    uint64_t memory_max;         /* bytes for links and the peer list; 0: not limited */
    uint64_t bandwidth_max;      /* bytes/s of all links, both ways; 0: not limited */
    qn_time_us delta;            /* consensus D; QN_CONSENSUS_DELTA */
    qn_time_us heartbeat;        /* QN_HEARTBEAT_INTERVAL */
    uint64_t snapshot_threshold; /* blocks behind from which on a snapshot is taken; 0: 2048 */
    uint64_t seed;               /* all of the node's chance: jitter, nonces, hash keys */
    const char *software;        /* "qnet/0.1.0" */
};

struct qn_node;

/* Heap. QN_ERR_KEY_MISMATCH: bootstrap_id names a certificate with another key; QN_ERR_NOT_FOUND: no
 * such certificate; errors of qn_ledger_new. now and unix_ms as in events. */
QN_MUST_USE enum qn_err qn_node_new(struct qn_node **node, const struct qn_node_config *config,
                                    qn_time_us now, qn_unix_ms unix_ms);
void qn_node_free(struct qn_node *node);

/* Takes one event, appends what is to be done. Borrowed bytes in the event are not kept. After HALT, which
 * comes once, it takes events and does nothing any more. */
void qn_node_step(struct qn_node *node, const struct qn_event *event, struct qn_actions *actions);

/* When the next TICK is due at the latest; UINT64_MAX: no timer runs. */
qn_time_us qn_node_deadline(const struct qn_node *node);

#endif
