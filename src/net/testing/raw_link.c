#include "net/testing/raw_link.h"

#include <arpa/inet.h>
#include <netinet/in.h>
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
