/* DNS seeds: where a name says that nodes can be reached. First the service records of _qnet._tcp.NAME
 * (RFC 2782), which name hosts and ports; without them the addresses of NAME itself with the port given.
 *
 * The system's resolver is asked, which blocks: on a thread of libuv's pool, never on the loop's. What a name
 * server says is a hint and nothing more: keys are checked after every dial. */
#ifndef QN_DNS_SEED_H
#define QN_DNS_SEED_H

#include "wire/types.h"

#include <netinet/in.h>
#include <uv.h>

enum {
    QN_DNS_TARGETS_MAX = 8,       /* service records that are followed */
    QN_DNS_ANSWER_LEN_MAX = 8192, /* bytes of an answer */
};

struct qn_dns_answer {
    size_t count;
    struct qn_endpoint endpoints[QN_DNS_ADDRESSES_MAX]; /* IPv4 or IPv6, no names */
};

/* Blocks for seconds if nobody answers. server: asked instead of the system's name servers for service
 * records (tests); NULL: those. Without any address the answer is empty. */
void qn_dns_look_up(struct qn_dns_answer *answer, const struct qn_endpoint *seed,
                    const struct sockaddr_in *server);

struct qn_dns_seeds;
/* Called on the loop's thread. */
typedef void (*qn_dns_done)(void *context, unsigned seed, const struct qn_dns_answer *answer);
/* Heap. done is not called after stop. */
struct qn_dns_seeds *qn_dns_seeds_new(uv_loop_t *loop, qn_dns_done done, void *context);
/* Begins to look up; done follows. One look-up at a time: another one meanwhile is answered as empty. */
void qn_dns_seeds_ask(struct qn_dns_seeds *seeds, unsigned seed,
                      const struct qn_endpoint *endpoint);
/* Frees it, as soon as a look-up that is under way has ended. */
void qn_dns_seeds_stop(struct qn_dns_seeds *seeds);

#endif
