/* Many clients of one node in one process: each with an ML-DSA key, a TLS context and a link of its own. They
 * say HELLO, answer every PING, and send one PING a second when told to.
 *
 * They are told what to do through a pipe, and end when it closes. */
#ifndef QN_BENCH_LOAD_CLIENTS_H
#define QN_BENCH_LOAD_CLIENTS_H

#include "crypto/key.h"
#include "wire/types.h"

struct load_order {
    uint16_t port;
    struct qn_network_id network;
    size_t linked;     /* so many of the clients, the first ones, are to hold a link */
    bool are_chatting; /* each sends one message a second */
};

/* The key of client number i, the same in every process. */
struct qn_key *load_key(size_t index);

/* Clients first to first + count - 1; orders of struct load_order come from the pipe. Returns when it closes. */
void load_clients_run(int pipe_fd, size_t first, size_t count);

/* Has this many files opened at a time; else the benchmark ends with what to do. */
void load_allow_files(size_t count);

#endif
