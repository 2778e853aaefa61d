/* TLS 1.3 between two keys: raw public keys both ways (RFC 7250), hybrid post-quantum key exchange,
 * ALPN "qnet/1". No certificates or early data.
 *
 * A session with a key that is known to both is resumed (tls_resume.c): no signatures, but a key exchange as
 * hybrid as ever, and whatever a full handshake is held to. What its owner thinks of the key by now
 * is for the owner to check again.
 *
 * OpenSSL stays behind this header. A qn_tls may be used by several threads, a session by one at a
 * time. Spec: DESIGN sections 4 and 6. */
#ifndef QN_TLS_H
#define QN_TLS_H

#include "crypto/key.h"
#include "wire/types.h"

enum {
    QN_TLS_RECORD_LEN_MAX = 16384, /* plaintext of one record: RFC 8446 section 5.1 */
    QN_TLS_PADDED_LEN = 4096,      /* or a multiple of it */
    QN_TLS_SESSIONS_MAX = 3000,    /* kept for resumption, each way; about 2.3 KB each */
};
/* After this a peer has to prove its key anew. */
#define QN_TLS_SESSION_LIFETIME QN_SECONDS(7200)

/* What all sessions of one key share. */
struct qn_tls;
/* One connection. */
struct qn_tls_session;

enum qn_tls_result {
    QN_TLS_DONE,
    QN_TLS_WANT_READ,  /* call again when the socket is readable */
    QN_TLS_WANT_WRITE, /* call again, with the same bytes, when it is writable */
    QN_TLS_CLOSED,     /* the peer said it has nothing more, or went away */
    QN_TLS_FAILED,     /* see qn_tls_failure */
};

struct qn_tls_stats {
    uint64_t bytes_sent; /* on the wire, everything included */
    uint64_t bytes_received;
};

/* key outlives it. NULL: OpenSSL refused. Turns SIGPIPE off for the process. */
struct qn_tls *qn_tls_new(const struct qn_key *key);
void qn_tls_free(struct qn_tls *tls);

/* A session over a connected socket, which stays the caller's and may be non-blocking. A peer with
 * another id than expected_id (NULL: any) is refused. NULL: out of memory. */
struct qn_tls_session *qn_tls_open(struct qn_tls *tls, int fd, bool is_client,
                                   const struct qn_node_id *expected_id);
void qn_tls_close(struct qn_tls_session *session);
/* Before the handshake: its encrypted messages are filled up to QN_TLS_PADDED_LEN each, so that a client of any suite sends more
 * than a server of any suite does. */
void qn_tls_pad_handshake(struct qn_tls_session *session);
/* Of an accepted session, after a full handshake: whoever dialled can resume it later. Not before an unfinished write is done. */
void qn_tls_hand_out_ticket(struct qn_tls_session *session);

/* Done only when the peer proved a key that qn_public_key_from_spki takes, and everything negotiated
 * is what it must be. In TLS 1.3 a client is done before the server has judged its key. */
enum qn_tls_result qn_tls_handshake(struct qn_tls_session *session);
/* After the handshake: the key that the peer proved. */
void qn_tls_peer_key(const struct qn_tls_session *session, struct qn_public_key *key);
/* Lets go of what only the handshake needed, two fifths of a session's memory: the peer's key as OpenSSL expands it,
 * and its share of the key exchange. No qn_tls_peer_key afterwards. */
void qn_tls_settle(struct qn_tls_session *session);
/* After the handshake: it did without signatures, since an earlier one had them. */
bool qn_tls_is_resumed(const struct qn_tls_session *session);
/* "X25519MLKEM768" and "TLSv1.3"; valid as long as the session. */
const char *qn_tls_group(const struct qn_tls_session *session);
const char *qn_tls_version(const struct qn_tls_session *session);

/* At most one record; *len is set with QN_TLS_DONE. */
enum qn_tls_result qn_tls_read(struct qn_tls_session *session, uint8_t *bytes, size_t capacity,
                               size_t *len);
/* All or nothing, at most QN_TLS_RECORD_LEN_MAX. After WANT_* the same bytes must come again. */
enum qn_tls_result qn_tls_write(struct qn_tls_session *session, const uint8_t *bytes, size_t len);
/* Queues close_notify; nothing can be written afterwards. Not while a write is unfinished. */
enum qn_tls_result qn_tls_shutdown(struct qn_tls_session *session);
/* The next write starts with a new sending key. False: a write is unfinished, try later. */
bool qn_tls_update_key(struct qn_tls_session *session);

/* Why the last call failed, and OpenSSL's or the system's words for it (static or the session's). */
enum qn_close_reason qn_tls_failure(const struct qn_tls_session *session);
const char *qn_tls_failure_text(const struct qn_tls_session *session);
struct qn_tls_stats qn_tls_stats(const struct qn_tls_session *session);

#endif
