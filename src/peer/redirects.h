/* Being redirected: which of the named nodes may be dialled at once. Everything else that a REDIRECT says is a
 * rumour like any other, for the address book; who answers there is proven by its own handshake.
 *
 * One chain is followed at a time: it begins with whoever redirects us first, goes on only where that one sent us,
 * has at most QN_REDIRECT_CHAIN_MAX links and is over after QN_REDIRECT_CHAIN_TIME. So nobody can lead a node
 * around, nor make it dial more than that.
 *
 * Pure; no fini. */
#ifndef QN_REDIRECTS_H
#define QN_REDIRECTS_H

#include "base/rng.h"
#include "peer/peer_list.h"
#include "wire/redirect.h"

enum { QN_REDIRECT_CHAIN_MAX = 3 };
#define QN_REDIRECT_CHAIN_TIME QN_SECONDS(60)

struct qn_redirects {
    unsigned length; /* of the chain; 0: none */
    qn_time_us begun_us;
    uint8_t next_count; /* where it leads now */
    struct qn_node_id next[QN_REDIRECT_ENTRIES_MAX];
    uint64_t sent;    /* counted by the owner */
    uint64_t taken;   /* redirects that were followed */
    uint64_t ignored; /* redirects that were not */
};

void qn_redirects_init(struct qn_redirects *redirects);
/* Drops what cannot be dialled or must not be: entries without an address (names are resolved by nobody's
 * order), of this node itself, of the sender, and those nearer than the sender is (a host of the internet names no
 * address of this network or host). Returns how many are left, in their order. */
size_t qn_redirect_prune(struct qn_redirect *redirect, const struct qn_node_id *own,
                         const struct qn_node_id *sender, const struct qn_net_address *remote);
/* Whether the entries, pruned, of a redirect by this sender are to be dialled now. */
bool qn_redirects_follow(struct qn_redirects *redirects, const struct qn_node_id *sender,
                         const struct qn_redirect *redirect, qn_time_us now);

/* Whom to name to a peer that there is no place for: hot, warm or proven ones of the list, of its own region first,
 * at random; none that a redirected peer would drop, that misbehaved or whose region is refuted, nor members of the
 * committee, whom everybody knows and many dial. Returns how
 * many there are, 0 to QN_REDIRECT_ENTRIES_MAX. */
size_t qn_redirect_choose(struct qn_redirect *redirect, const struct qn_peer_list *list,
                          const struct qn_node_id *peer, const struct qn_net_address *remote,
                          enum qn_region region, struct qn_rng *rng);

#endif
