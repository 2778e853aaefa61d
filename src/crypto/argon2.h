/* Tickets of work: what a registration costs where the policy is `work` (docs/protocol.md, ledger).
 *
 * A ticket is a nonce for which Argon2id(password = node id || expires as 8 bytes big-endian, salt = nonce)
 * with one pass, one lane and so much memory begins with so many zero bits. Finding one takes 2^bits tries on
 * average, checking one takes one; memory makes a try cost the same everywhere. */
#ifndef QN_ARGON2_H
#define QN_ARGON2_H

#include "crypto/hash.h"

enum {
    QN_TICKET_NONCE_LEN = 16,
    QN_TICKET_BITS_MAX = 32,
    QN_TICKET_MEMORY_KIB_MIN = 8, /* the least that Argon2 takes */
    QN_TICKET_MEMORY_KIB_MAX = 262144,
};

struct qn_ticket {
    struct qn_node_id id;  /* of the node that the ticket is for */
    qn_unix_ms expires_ms; /* of its transaction */
    uint8_t nonce[QN_TICKET_NONCE_LEN];
    uint8_t bits;        /* 1..QN_TICKET_BITS_MAX */
    uint32_t memory_kib; /* QN_TICKET_MEMORY_KIB_MIN.._MAX */
};

/* Does the ticket hold? Takes milliseconds. QN_ERR_BAD_WORK: no. QN_ERR_CRYPTO: the library failed. */
QN_MUST_USE enum qn_err qn_ticket_check(const struct qn_ticket *ticket);
/* Looks for a ticket that holds: tries its nonce and those that follow it, this many (at least one). QN_OK:
 * *ticket has it. QN_ERR_BAD_WORK: none of them; *ticket has the nonce to go on with. */
QN_MUST_USE enum qn_err qn_ticket_search(struct qn_ticket *ticket, unsigned tries);
/* How many tries take about as long as one over 8 MiB: 1 to 64. */
unsigned qn_ticket_tries(uint32_t memory_kib);
/* The number of zero bits that this ticket's hash begins with, whatever it asks for. */
QN_MUST_USE enum qn_err qn_ticket_zero_bits(const struct qn_ticket *ticket, unsigned *bits);

#endif
