/* Under which address others see this node, from what the peers say that it dialled (HELLO). Nobody is believed
 * alone: an address counts when at least three network groups name it, and more than half of those that were
 * asked lately. So peers that lie change nothing unless they are in most of the networks that this node chose.
 *
 * One vote a network group, kept as long as the link and an hour longer. Votes of links that are up come first, so that a new
 * address is noticed as soon as links are made from it; those of links that are gone count while there are too few.
 * Peers at private and loopback addresses have no group: each stands for itself, and they count only where no
 * peer has a global address. IPv4 and IPv6 are judged apart.
 *
 * Pure; no heap, no fini. Spec: docs/peers.md, own address. */
#ifndef QN_OWN_ADDRESS_H
#define QN_OWN_ADDRESS_H

#include "crypto/hash.h"
#include "peer/net_address.h"

enum { QN_OWN_VOTES_MAX = 32, QN_OWN_VOTES_NEEDED = 3 };
#define QN_OWN_VOTE_FRESH QN_SECONDS(5) /* told again within that: its link is up */
#define QN_OWN_VOTE_LIFETIME QN_SECONDS(3600)

struct qn_own_vote {
    struct qn_node_id peer;
    bool is_global;
    uint64_t group; /* of the peer: if global, its network; else by its id */
    uint8_t ip[QN_NET_IP_LEN];
    qn_time_us told_us; /* last */
};

struct qn_own_host {
    bool is_known;
    uint8_t ip[QN_NET_IP_LEN];
    unsigned votes;          /* network groups that name it */
    qn_time_us confirmed_us; /* the last time that somebody said so */
};

enum qn_ip_family { QN_IP_V4, QN_IP_V6, QN_IP_FAMILIES };

struct qn_own_address {
    size_t count;
    struct qn_own_vote votes[QN_OWN_VOTES_MAX];
    struct qn_own_host hosts[QN_IP_FAMILIES]; /* as of the last poll */
};

void qn_own_address_init(struct qn_own_address *own);
/* A registered peer that this node dialled at this address sees it there. To be told each second as long as
 * the link is up. Ignored: an address that the peer cannot see (a private one from a host of the internet),
 * a second peer of the group while the first is there, whoever comes when all votes are fresh. */
void qn_own_address_tell(struct qn_own_address *own, const struct qn_node_id *peer,
                         const struct qn_net_address *at, const struct qn_net_address *seen,
                         qn_time_us now);
/* A registered peer that dialled this node reached it there. Nobody who chose us by itself has a vote, but what is
 * believed is as good as if it had been told again. */
void qn_own_address_confirm(struct qn_own_address *own, const struct qn_net_address *seen,
                            qn_time_us now);
/* Counts the votes. True: the host of a family changed, or is no longer known. */
bool qn_own_address_poll(struct qn_own_address *own, qn_time_us now);

#endif
