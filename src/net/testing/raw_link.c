#include "net/testing/raw_link.h"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { WAIT_SECONDS = 10 };

struct qn_raw_link {
    int fd;
    struct qn_tls *tls;
    struct qn_tls_session *session;
    struct qn_assembler assembler;
    struct qn_span unread; /* of scratch */
    uint8_t scratch[QN_TLS_RECORD_LEN_MAX];
};

static int connect_socket(uint16_t port, int receive_buffer_len)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval wait = {.tv_sec = WAIT_SECONDS};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (receive_buffer_len > 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer_len, sizeof receive_buffer_len);
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

struct qn_raw_link *qn_raw_link_open(const struct qn_key *key, uint16_t port,
                                     int receive_buffer_len)
{
    struct qn_raw_link *link = calloc(1, sizeof *link);

    QN_ASSERT(link != NULL);
    qn_assembler_init(&link->assembler);
    link->fd = connect_socket(port, receive_buffer_len);
    link->tls = qn_tls_new(key);
    QN_ASSERT(link->tls != NULL);
    if (link->fd >= 0) {
        link->session = qn_tls_open(link->tls, link->fd, true, NULL);
    }
    if (link->session == NULL || qn_tls_handshake(link->session) != QN_TLS_DONE) {
        qn_raw_link_cut(link);
        return NULL;
    }
    return link;
}

/* What a client says first, taken from one that talks to itself. */
static size_t first_flight(struct qn_tls *tls, uint8_t *bytes, size_t capacity)
{
    int fds[2];
    int result = socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds);
    QN_ASSERT(result == 0);
    struct qn_tls_session *session = qn_tls_open(tls, fds[0], true, NULL);
    QN_ASSERT(session != NULL && qn_tls_handshake(session) == QN_TLS_WANT_READ);
    ssize_t len = read(fds[1], bytes, capacity);
    QN_ASSERT(len > 0);
    qn_tls_close(session);
    (void)close(fds[0]);
    (void)close(fds[1]);
    return (size_t)len;
}

struct qn_raw_link *qn_raw_link_open_halfway(const struct qn_key *key, uint16_t port,
                                             bool with_hello)
{
    struct qn_raw_link *link = calloc(1, sizeof *link);

    QN_ASSERT(link != NULL);
    qn_assembler_init(&link->assembler);
    link->tls = qn_tls_new(key);
    link->fd = connect_socket(port, 0);
    QN_ASSERT(link->tls != NULL && link->fd >= 0);
    if (with_hello) {
        size_t len = first_flight(link->tls, link->scratch, sizeof link->scratch);
        ssize_t sent = send(link->fd, link->scratch, len, MSG_NOSIGNAL);
        QN_ASSERT(sent == (ssize_t)len);
    }
    return link;
}

bool qn_raw_link_discard_all(struct qn_raw_link *link, unsigned quiet_ms)
{
    struct pollfd pollfd = {.fd = link->fd, .events = POLLIN};
    while (poll(&pollfd, 1, (int)quiet_ms) > 0) { /* until it is quiet, or the connection ends */
        if (recv(link->fd, link->scratch, sizeof link->scratch, 0) <= 0) {
            return false;
        }
    }
    return true;
}

void qn_raw_link_cut(struct qn_raw_link *link)
{
    qn_tls_close(link->session);
    qn_tls_free(link->tls);
    qn_assembler_fini(&link->assembler);
    if (link->fd >= 0) {
        (void)close(link->fd);
    }
    free(link);
}

bool qn_raw_link_write(struct qn_raw_link *link, const uint8_t *bytes, size_t len)
{
    return qn_tls_write(link->session, bytes, len) == QN_TLS_DONE;
}

/* qn_frame_header_encode refuses to write what must not be sent. */
static void encode_any(uint8_t *out, const struct qn_frame_header *header)
{
    const uint8_t bytes[QN_FRAME_HEADER_LEN] = {
        (uint8_t)(header->len >> 16),
        (uint8_t)(header->len >> 8),
        (uint8_t)header->len,
        header->class,
        header->kind,
        header->flags,
        (uint8_t)(header->request_id >> 24),
        (uint8_t)(header->request_id >> 16),
        (uint8_t)(header->request_id >> 8),
        (uint8_t)header->request_id,
    };
    memcpy(out, bytes, sizeof bytes);
}

bool qn_raw_link_send(struct qn_raw_link *link, const struct qn_frame_header *header,
                      const uint8_t *payload)
{
    uint8_t bytes[QN_TLS_RECORD_LEN_MAX];

    QN_ASSERT(header->len <= sizeof bytes - QN_FRAME_HEADER_LEN);
    encode_any(bytes, header);
    if (header->len > 0) {
        memcpy(bytes + QN_FRAME_HEADER_LEN, payload, header->len);
    }
    return qn_raw_link_write(link, bytes, QN_FRAME_HEADER_LEN + header->len);
}

bool qn_raw_link_read(struct qn_raw_link *link, enum qn_message_kind kind,
                      struct qn_message_bytes *message, size_t *skipped)
{
    for (;;) { /* until the link ends, or a read gives up */
        enum qn_err err = qn_assembler_next(&link->assembler, message, &link->unread);
        if (err == QN_OK && message->kind == kind) {
            return true;
        }
        if (err == QN_OK) {
            if (skipped != NULL) {
                *skipped += message->bytes.len;
            }
            continue;
        }
        size_t len = 0;
        if (err != QN_ERR_NOT_FOUND ||
            qn_tls_read(link->session, link->scratch, sizeof link->scratch, &len) != QN_TLS_DONE) {
            return false;
        }
        link->unread = (struct qn_span){link->scratch, len};
    }
}

bool qn_raw_link_read_to_end(struct qn_raw_link *link)
{
    size_t len = 0;
    enum qn_tls_result result = QN_TLS_DONE;

    while (result == QN_TLS_DONE) { /* until the link ends, or a read gives up */
        result = qn_tls_read(link->session, link->scratch, sizeof link->scratch, &len);
    }
    return result == QN_TLS_CLOSED &&
           strcmp(qn_tls_failure_text(link->session), "closed by the peer") == 0;
}

bool qn_raw_link_read_all(struct qn_raw_link *link, unsigned quiet_ms)
{
    struct pollfd pollfd = {.fd = link->fd, .events = POLLIN};
    size_t len = 0;
    while (poll(&pollfd, 1, (int)quiet_ms) > 0) { /* until it is quiet, or the link ends */
        enum qn_tls_result result =
            qn_tls_read(link->session, link->scratch, sizeof link->scratch, &len);
        if (result != QN_TLS_DONE && result != QN_TLS_WANT_READ) { /* a ticket is no bytes */
            return false;
        }
    }
    return true;
}

void qn_raw_link_traffic(const struct qn_raw_link *link, uint64_t *sent, uint64_t *received)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    int result = getsockopt(link->fd, IPPROTO_TCP, TCP_INFO, &info, &len);
    QN_ASSERT(result == 0 && len > offsetof(struct tcp_info, tcpi_bytes_sent));
    *sent = info.tcpi_bytes_sent;
    *received = info.tcpi_bytes_received;
}
