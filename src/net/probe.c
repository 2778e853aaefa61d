#include "net/probe.h"

#include "base/buf.h"
#include "net/clock.h"
#include "net/socket.h"
#include "net/tls.h"
#include "qn_version.h"
#include "wire/frame.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long a GOODBYE may follow a HELLO before we take the peer for content. */
#define GOODBYE_WAIT QN_MS(250)

struct probe {
    struct qn_probe_result *result;
    struct qn_tls *tls;
    struct qn_tls_session *session;
    struct qn_assembler assembler;
    qn_time_us deadline;
    int fd;
    uint8_t scratch[QN_TLS_RECORD_LEN_MAX];
};

static enum qn_err fail(struct probe *probe, enum qn_close_reason reason, enum qn_err err)
{
    probe->result->failure = reason;
    return err;
}

static enum qn_err fail_tls(struct probe *probe)
{
    enum qn_close_reason reason = qn_tls_failure(probe->session);

    if (reason == QN_CLOSE_KEY_MISMATCH) {
        return fail(probe, reason, QN_ERR_KEY_MISMATCH);
    }
    return fail(probe, reason, reason == QN_CLOSE_IO ? QN_ERR_IO : QN_ERR_CLOSED);
}

/* False: the deadline came first. */
static bool wait_for(const struct probe *probe, short events)
{
    struct pollfd watched = {.fd = probe->fd, .events = events};

    for (;;) { /* until the deadline */
        qn_time_us now = qn_clock_now();
        if (now >= probe->deadline) {
            return false;
        }
        int ready = poll(&watched, 1, (int)((probe->deadline - now + 999) / QN_MS(1)));
        if (ready > 0) {
            return true;
        }
        if (ready < 0 && errno != EINTR) {
            return false;
        }
    }
}

static short events_of(enum qn_tls_result result)
{
    return result == QN_TLS_WANT_WRITE ? POLLOUT : POLLIN;
}

/* One address; 0: connected, else an errno. */
static int connect_to(struct probe *probe, const struct addrinfo *address)
{
    struct sockaddr_storage copy = {0};

    memcpy(&copy, address->ai_addr, address->ai_addrlen);
    probe->fd = qn_socket_connect(&copy, address->ai_addrlen);
    if (probe->fd < 0) {
        return errno;
    }
    int error = wait_for(probe, POLLOUT) ? qn_socket_error(probe->fd) : ETIMEDOUT;
    if (error != 0) {
        (void)close(probe->fd);
        probe->fd = -1;
    }
    return error;
}

static enum qn_err connect_probe(struct probe *probe, const struct qn_endpoint *endpoint)
{
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char port[6];
    int error = EADDRNOTAVAIL;

    (void)snprintf(port, sizeof port, "%u", (unsigned)endpoint->port);
    /* Without a host and AI_PASSIVE the answer is the loopback addresses. */
    const char *host = qn_endpoint_is_localhost(endpoint) ? NULL : endpoint->host;
    if (getaddrinfo(host, port, &hints, &found) != 0) {
        return fail(probe, QN_CLOSE_RESOLVE, QN_ERR_IO);
    }
    qn_time_us start = qn_clock_now();
    for (const struct addrinfo *at = found; at != NULL && error != 0; at = at->ai_next) {
        error = connect_to(probe, at);
    }
    freeaddrinfo(found);
    if (error != 0) {
        return fail(probe, qn_socket_reason(error),
                    error == ETIMEDOUT ? QN_ERR_TIMEOUT : QN_ERR_IO);
    }
    probe->result->connect_us = qn_clock_now() - start;
    qn_socket_tune(probe->fd, 0);
    return QN_OK;
}

static void note_handshake(struct probe *probe)
{
    struct qn_probe_result *result = probe->result;
    struct qn_tls_stats stats = qn_tls_stats(probe->session);

    qn_tls_peer_key(probe->session, &result->key);
    result->id = qn_public_key_id(&result->key);
    (void)snprintf(result->group, sizeof result->group, "%s", qn_tls_group(probe->session));
    (void)snprintf(result->algorithm, sizeof result->algorithm, "%s",
                   qn_suite_find(result->key.suite)->name);
    (void)snprintf(result->tls_version, sizeof result->tls_version, "%s",
                   qn_tls_version(probe->session));
    result->bytes_sent = stats.bytes_sent;
    result->bytes_received = stats.bytes_received;
}

static enum qn_err handshake(struct probe *probe)
{
    qn_time_us start = qn_clock_now();

    for (;;) { /* until the deadline */
        uint64_t cpu_before = qn_clock_thread_cpu_us();
        enum qn_tls_result result = qn_tls_handshake(probe->session);
        probe->result->handshake_cpu_us += qn_clock_thread_cpu_us() - cpu_before;
        if (result == QN_TLS_DONE) {
            break;
        }
        if (result == QN_TLS_CLOSED || result == QN_TLS_FAILED) {
            return fail_tls(probe);
        }
        if (!wait_for(probe, events_of(result))) {
            return fail(probe, QN_CLOSE_HANDSHAKE_TIMEOUT, QN_ERR_TIMEOUT);
        }
    }
    probe->result->handshake_us = qn_clock_now() - start;
    note_handshake(probe);
    return QN_OK;
}

/* One small control message; drops the buffer. */
static enum qn_err send_message(struct probe *probe, enum qn_message_kind kind,
                                struct qn_buf *message)
{
    struct qn_frame_header header = {
        .len = (uint32_t)message->len, .class = QN_CLASS_P0, .kind = (uint8_t)kind};
    size_t len = QN_FRAME_HEADER_LEN + message->len;

    QN_ASSERT(len <= sizeof probe->scratch && message->len <= QN_FRAME_CHUNK_MAX);
    qn_frame_header_encode(probe->scratch, &header);
    memcpy(probe->scratch + QN_FRAME_HEADER_LEN, message->bytes, message->len);
    qn_buf_drop(message);
    for (;;) { /* until the deadline */
        enum qn_tls_result result = qn_tls_write(probe->session, probe->scratch, len);
        if (result == QN_TLS_DONE) {
            return QN_OK;
        }
        if (result == QN_TLS_CLOSED || result == QN_TLS_FAILED) {
            return fail_tls(probe);
        }
        if (!wait_for(probe, events_of(result))) {
            return fail(probe, QN_CLOSE_HELLO_TIMEOUT, QN_ERR_TIMEOUT);
        }
    }
}

static enum qn_err take_message(struct probe *probe, const struct qn_message_bytes *message)
{
    struct qn_probe_result *result = probe->result;

    if (message->kind == QN_HELLO) {
        if (qn_hello_decode(&result->hello, message->bytes) != QN_OK) {
            return fail(probe, QN_CLOSE_MALFORMED, QN_ERR_CLOSED);
        }
        result->has_hello = true;
    } else if (message->kind == QN_GOODBYE) {
        if (qn_goodbye_decode(&result->goodbye, message->bytes) != QN_OK) {
            return fail(probe, QN_CLOSE_MALFORMED, QN_ERR_CLOSED);
        }
        result->has_goodbye = true;
    }
    return QN_OK; /* whatever else a node sends to a new link is none of our business */
}

static enum qn_err take_bytes(struct probe *probe, struct qn_span bytes)
{
    for (;;) { /* each round uses up a frame of bytes */
        struct qn_message_bytes message;
        enum qn_err err = qn_assembler_next(&probe->assembler, &message, &bytes);
        if (err == QN_ERR_NOT_FOUND) {
            return QN_OK;
        }
        if (err != QN_OK) {
            return fail(probe, err == QN_ERR_TOO_BIG ? QN_CLOSE_TOO_BIG : QN_CLOSE_MALFORMED,
                        QN_ERR_CLOSED);
        }
        err = take_message(probe, &message);
        if (err != QN_OK) {
            return err;
        }
    }
}

/* HELLO first; then a GOODBYE gets a moment. */
static enum qn_err read_messages(struct probe *probe)
{
    struct qn_probe_result *result = probe->result;
    bool is_waiting_on = false;

    while (!result->has_goodbye) { /* until the deadline */
        if (result->has_hello && !is_waiting_on) {
            qn_time_us soon = qn_clock_now() + GOODBYE_WAIT;
            probe->deadline = soon < probe->deadline ? soon : probe->deadline;
            is_waiting_on = true;
        }
        size_t len = 0;
        enum qn_tls_result got =
            qn_tls_read(probe->session, probe->scratch, sizeof probe->scratch, &len);
        if (got == QN_TLS_DONE) {
            enum qn_err err = take_bytes(probe, (struct qn_span){probe->scratch, len});
            if (err != QN_OK) {
                return err;
            }
        } else if (got == QN_TLS_CLOSED || got == QN_TLS_FAILED) {
            return result->has_hello ? QN_OK : fail_tls(probe);
        } else if (!wait_for(probe, events_of(got))) {
            return result->has_hello ? QN_OK : fail(probe, QN_CLOSE_HELLO_TIMEOUT, QN_ERR_TIMEOUT);
        }
    }
    return QN_OK;
}

static enum qn_err talk(struct probe *probe, const struct qn_network_id *network)
{
    struct qn_hello hello = {.version = QN_PROTOCOL_VERSION,
                             .version_min = QN_PROTOCOL_VERSION_MIN,
                             .network = *network};

    (void)snprintf(hello.software, sizeof hello.software, "qnet/%s (probe)", QN_VERSION);
    enum qn_err err = send_message(probe, QN_HELLO, qn_hello_encode(&hello));
    if (err == QN_OK) {
        err = read_messages(probe);
    }
    if (err == QN_OK && !probe->result->has_goodbye) {
        struct qn_goodbye goodbye = {.reason = QN_CLOSE_NORMAL};
        probe->deadline = qn_clock_now() + GOODBYE_WAIT;
        (void)send_message(probe, QN_GOODBYE, qn_goodbye_encode(&goodbye)); /* a courtesy */
        (void)qn_tls_shutdown(probe->session);
        probe->result->failure = QN_CLOSE_NORMAL;
    }
    return err;
}

static enum qn_err run(struct probe *probe, const struct qn_endpoint *endpoint,
                       const struct qn_network_id *network, const struct qn_node_id *expected_id)
{
    enum qn_err err = connect_probe(probe, endpoint);

    if (err != QN_OK) {
        return err;
    }
    probe->session = qn_tls_open(probe->tls, probe->fd, true, expected_id);
    if (probe->session == NULL) {
        return fail(probe, QN_CLOSE_TLS_FAILED, QN_ERR_NO_MEMORY);
    }
    qn_tls_pad_handshake(
        probe->session); /* the node may not know us, and is to answer all the same */
    err = handshake(probe);
    return err == QN_OK ? talk(probe, network) : err;
}

enum qn_err qn_probe(struct qn_probe_result *result, const struct qn_endpoint *endpoint,
                     const struct qn_key *key, const struct qn_network_id *network,
                     const struct qn_node_id *expected_id, unsigned timeout_ms)
{
    struct probe *probe = calloc(1, sizeof *probe);

    QN_ASSERT(probe != NULL);
    *result = (struct qn_probe_result){.failure = QN_CLOSE_NORMAL};
    probe->result = result;
    probe->fd = -1;
    probe->deadline = qn_clock_now() + QN_MS(timeout_ms);
    qn_assembler_init(&probe->assembler);
    probe->tls = qn_tls_new(key);
    enum qn_err err = probe->tls == NULL ? fail(probe, QN_CLOSE_TLS_FAILED, QN_ERR_CRYPTO)
                                         : run(probe, endpoint, network, expected_id);
    qn_tls_close(probe->session);
    qn_tls_free(probe->tls);
    qn_assembler_fini(&probe->assembler);
    if (probe->fd >= 0) {
        (void)close(probe->fd);
    }
    free(probe);
    return err;
}
