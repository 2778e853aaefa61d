#include "net/dns_seed.h"

#include "base/log.h"
#include "net/socket.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a question to one name server: nobody waits for a name server longer than for the next source. */
enum { TIMEOUT_S = 2, ATTEMPTS = 2 };

struct target {
    char host[QN_HOST_LEN_MAX + 1];
    unsigned priority;
    uint16_t port;
};

static void add_address(struct qn_dns_answer *answer, const struct sockaddr *address, socklen_t len,
                        uint16_t port)
{
    struct sockaddr_storage storage = {0};
    struct qn_endpoint endpoint = {0};
    if (answer->count == QN_DNS_ADDRESSES_MAX || len > sizeof storage ||
        (address->sa_family != AF_INET && address->sa_family != AF_INET6)) {
        return;
    }
    memcpy(&storage, address, len);
    qn_socket_describe(&endpoint, &storage);
    endpoint.port = port;
    for (size_t i = 0; i < answer->count; i++) {
        if (qn_endpoint_equal(&answer->endpoints[i], &endpoint)) {
            return;
        }
    }
    answer->endpoints[answer->count] = endpoint;
    answer->count += 1;
}

static void look_up_addresses(struct qn_dns_answer *answer, const char *host, uint16_t port)
{
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    if (getaddrinfo(host, NULL, &hints, &found) != 0) {
        return;
    }
    for (const struct addrinfo *at = found; at != NULL; at = at->ai_next) {
        add_address(answer, at->ai_addr, at->ai_addrlen, port);
    }
    freeaddrinfo(found);
}

/* Priority, weight, port, host (RFC 2782). False: no such record, or "." for no service here. */
static bool read_target(struct target *target, const ns_msg *message, const ns_rr *record)
{
    enum { HEAD_LEN = 6 };
    char host[NS_MAXDNAME];
    const uint8_t *data = ns_rr_rdata(*record);
    if (ns_rr_type(*record) != ns_t_srv || ns_rr_rdlen(*record) <= HEAD_LEN) {
        return false;
    }
    target->priority = (unsigned)data[0] << 8 | data[1];
    target->port = (uint16_t)(data[4] << 8 | data[5]);
    if (ns_name_uncompress(ns_msg_base(*message), ns_msg_end(*message), data + HEAD_LEN, host,
                           sizeof host) < 0) {
        return false;
    }
    size_t len = strlen(host);
    if (len == 0 || len > QN_HOST_LEN_MAX || strcmp(host, ".") == 0 || target->port == 0) {
        return false;
    }
    memcpy(target->host, host, len + 1);
    return true;
}

/* Sorted by priority; of equal ones in the order of the answer, which name servers turn. */
static void put_target(struct target *targets, size_t *count, const struct target *target)
{
    size_t at = *count;
    while (at > 0 && targets[at - 1].priority > target->priority) {
        at -= 1;
    }
    if (at == QN_DNS_TARGETS_MAX) {
        return;
    }
    size_t kept = *count < QN_DNS_TARGETS_MAX ? *count : QN_DNS_TARGETS_MAX - 1;
    memmove(&targets[at + 1], &targets[at], (kept - at) * sizeof targets[0]);
    targets[at] = *target;
    *count = kept + 1;
}

static size_t read_targets(struct target *targets, const uint8_t *bytes, int len)
{
    enum { RECORDS_MAX = 256 };
    ns_msg message;
    size_t count = 0;
    if (ns_initparse(bytes, len, &message) != 0) {
        return 0;
    }
    for (int i = 0; i < ns_msg_count(message, ns_s_an) && i < RECORDS_MAX; i++) {
        ns_rr record;
        struct target target;
        if (ns_parserr(&message, ns_s_an, i, &record) != 0) {
            return count;
        }
        if (read_target(&target, &message, &record)) {
            put_target(targets, &count, &target);
        }
    }
    return count;
}

static size_t look_up_services(struct target *targets, const char *host,
                               const struct sockaddr_in *server)
{
    struct __res_state state = {0};
    uint8_t bytes[QN_DNS_ANSWER_LEN_MAX];
    char name[QN_HOST_LEN_MAX + 16];
    if (res_ninit(&state) != 0) {
        return 0;
    }
    if (server != NULL) {
        state.nscount = 1;
        state.nsaddr_list[0] = *server;
    }
    state.retrans = TIMEOUT_S;
    state.retry = ATTEMPTS;
    (void)snprintf(name, sizeof name, "_qnet._tcp.%s", host);
    int len = res_nquery(&state, name, ns_c_in, ns_t_srv, bytes, sizeof bytes);
    res_nclose(&state);
    /* An answer longer than the room for it is cut at its end. */
    len = len > (int)sizeof bytes ? (int)sizeof bytes : len;
    return len > 0 ? read_targets(targets, bytes, len) : 0;
}

void qn_dns_look_up(struct qn_dns_answer *answer, const struct qn_endpoint *seed,
                    const struct sockaddr_in *server)
{
    struct target targets[QN_DNS_TARGETS_MAX];
    bool is_local = server == NULL && qn_endpoint_is_localhost(seed);
    answer->count = 0;
    size_t count = is_local ? 0 : look_up_services(targets, seed->host, server);
    for (size_t i = 0; i < count; i++) {
        look_up_addresses(answer, targets[i].host, targets[i].port);
    }
    if (answer->count == 0) {
        look_up_addresses(answer, seed->host, seed->port);
    }
}

/* ---- off the loop's thread ---- */

struct qn_dns_seeds {
    uv_work_t request;
    uv_loop_t *loop;
    qn_dns_done done;
    void *context;
    bool is_busy;
    bool is_stopped;
    unsigned seed; /* of the look-up under way */
    struct qn_endpoint endpoint;
    struct qn_dns_answer answer;
};

struct qn_dns_seeds *qn_dns_seeds_new(uv_loop_t *loop, qn_dns_done done, void *context)
{
    struct qn_dns_seeds *seeds = calloc(1, sizeof *seeds);
    QN_ASSERT(seeds != NULL);
    seeds->loop = loop;
    seeds->done = done;
    seeds->context = context;
    return seeds;
}

static void work(uv_work_t *request)
{
    struct qn_dns_seeds *seeds = request->data;
    qn_dns_look_up(&seeds->answer, &seeds->endpoint, NULL);
}

static void after_work(uv_work_t *request, int status)
{
    struct qn_dns_seeds *seeds = request->data;
    seeds->is_busy = false;
    if (seeds->is_stopped) {
        free(seeds);
        return;
    }
    if (status != 0) {
        seeds->answer.count = 0;
    }
    seeds->done(seeds->context, seeds->seed, &seeds->answer);
}

void qn_dns_seeds_ask(struct qn_dns_seeds *seeds, unsigned seed, const struct qn_endpoint *endpoint)
{
    static const struct qn_dns_answer nothing;
    if (seeds->is_busy) {
        seeds->done(seeds->context, seed, &nothing);
        return;
    }
    seeds->is_busy = true;
    seeds->seed = seed;
    seeds->endpoint = *endpoint;
    seeds->request.data = seeds;
    int result = uv_queue_work(seeds->loop, &seeds->request, work, after_work);
    QN_ASSERT(result == 0); /* fails only without a function to run */
}

void qn_dns_seeds_stop(struct qn_dns_seeds *seeds)
{
    if (seeds == NULL) {
        return;
    }
    seeds->is_stopped = true;
    if (!seeds->is_busy) {
        free(seeds);
    } else {
        (void)uv_cancel((uv_req_t *)&seeds->request); /* if no thread has it yet */
    }
}
