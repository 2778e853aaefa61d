/* The one way in which this node blames a peer, and whom it therefore has no links with. A part of the
 * node's state (node/state.h); docs/peers.md has the table of what costs how much.
 *
 * A node that lacks state, is overloaded or has a wrong clock finds fault with itself, not with others:
 * an error that may come of that blames nobody and closes nothing. */
#ifndef QN_NODE_FAULTS_H
#define QN_NODE_FAULTS_H

#include "node/link.h"
#include "peer/bans.h"

struct qn_node;

/* Whoever asked for a change of bans that is being stored. */
enum { QN_BAN_REQUESTS_MAX = 64 };
struct qn_ban_wait {
    bool is_taken;
    qn_request_token token;
};

struct qn_faults {
    struct qn_bans bans;
    uint64_t counts[QN_FAULT_COUNT]; /* so far */
    uint64_t bans_begun;             /* of faults, so far */
    bool is_news;                    /* one began: others at the same address may have links */
    struct qn_ban_wait waits[QN_BAN_REQUESTS_MAX];
};

void qn_node_faults_init(struct qn_node *node);
void qn_node_faults_fini(struct qn_node *node);

/* The peer did what it could have avoided: counted, and the link is closed and forgotten. text, for the
 * peer and for logs, may be NULL. */
void qn_node_blame(struct qn_node *node, struct qn_link *link, enum qn_fault fault,
                   const char *text);
/* The same for an error found in what the peer sent; text NULL: the error's. False: the error may be of this node's own making, and the link
 * stays. */
bool qn_node_blame_error(struct qn_node *node, struct qn_link *link, enum qn_err err,
                         const char *text);
/* Whether an error blames whoever sent what it was found in, and for what. */
bool qn_fault_of(enum qn_fault *fault, enum qn_err err);

/* May there be a link with this one, or one more dial to it? id NULL: not known. */
bool qn_node_is_banned(const struct qn_node *node, const struct qn_node_id *id,
                       const struct qn_endpoint *remote, bool outbound);
/* Closes the links of those who are banned now. */
void qn_node_close_banned(struct qn_node *node);

/* ---- tokens.c ---- */
/* Somebody whom the registry lacks dialled us. He gets no more bytes than he sent, as far as that can be.
 * Whom we dialled ourselves we may only not know yet. */
bool qn_node_is_stranger(const struct qn_link *link);
/* Lets the peer resume its session next time. Strangers get no ticket: it would be bytes, and take the place of a
 * peer's. */
void qn_node_remember(struct qn_node *node, const struct qn_link *link);
/* The longest message that may be sent to it now. */
size_t qn_node_room(const struct qn_link *link);
/* At the start, and when the peer's standing changed. */
void qn_node_init_tokens(struct qn_link *link, qn_time_us now);
/* Pays for a message of a live link. False: it is not to be handled, and the link may be closed. */
bool qn_node_take_tokens(struct qn_node *node, struct qn_link *link,
                         const struct qn_message_bytes *message);

/* ---- operator_bans.c ---- */
/* Reads those that were stored. */
void qn_node_load_bans(struct qn_node *node);
void qn_node_on_ban_request(struct qn_node *node, const struct qn_event *event);
void qn_node_on_unban_request(struct qn_node *node, const struct qn_event *event);
void qn_node_on_bans_persisted(struct qn_node *node, uint64_t waiter);
/* Each second: those that ended go. */
void qn_node_poll_bans(struct qn_node *node);

#endif
