/* The other end of a link, by hand: authenticates as a node does, and then sends and reads bytes only
 * when the test says so. Blocking, at most 10 s a call; loopback only. */
#ifndef QN_RAW_LINK_H
#define QN_RAW_LINK_H

#include "net/tls.h"
#include "wire/frame.h"

struct qn_raw_link;
/* Dials and shakes hands; receive_buffer_len 0: the system's. NULL: it did not come about. */
struct qn_raw_link *qn_raw_link_open(const struct qn_key *key, uint16_t port,
                                     int receive_buffer_len);
/* Closes the socket without a word. */
void qn_raw_link_cut(struct qn_raw_link *link);
bool qn_raw_link_write(struct qn_raw_link *link, const uint8_t *bytes, size_t len);
/* Frames and sends one message; any kind, class and flags, also forbidden ones. */
bool qn_raw_link_send(struct qn_raw_link *link, const struct qn_frame_header *header,
                      const uint8_t *payload);
/* Reads on until a whole message of this kind has come; others are skipped, *skipped counts their
 * bytes (may be NULL). False: closed, failed or late. bytes is valid until the next call. */
bool qn_raw_link_read(struct qn_raw_link *link, enum qn_message_kind kind,
                      struct qn_message_bytes *message, size_t *skipped);
/* Reads on until the end; true if it was a proper one, with close_notify. */
bool qn_raw_link_read_to_end(struct qn_raw_link *link);
/* A connection without a handshake; with_hello: TLS's first message goes out, and nothing follows. */
struct qn_raw_link *qn_raw_link_open_halfway(const struct qn_key *key, uint16_t port,
                                             bool with_hello);
/* Takes bytes as they come, whatever they are. Returns whether the connection still stands after that time. */
bool qn_raw_link_discard_all(struct qn_raw_link *link, unsigned quiet_ms);
/* Reads on until nothing has come for so long, or the end. Returns whether the link still stands. */
bool qn_raw_link_read_all(struct qn_raw_link *link, unsigned quiet_ms);
/* Bytes of TCP payload each way since the dial, handshake and all. */
void qn_raw_link_traffic(const struct qn_raw_link *link, uint64_t *sent, uint64_t *received);

#endif
