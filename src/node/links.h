/* The links of a node and the standing of who is at their other ends: what the files of this folder call of links.c and
 * standing.c. A part of node/parts.h. */
#ifndef QN_NODE_LINKS_H
#define QN_NODE_LINKS_H

#include "node/state.h"

/* ---- links.c ---- */
void qn_node_links_init(struct qn_node *node);
void qn_node_links_fini(struct qn_node *node);
struct qn_link *qn_node_link(const struct qn_node *node, qn_link_id id);
/* The live link to this peer, or NULL. */
struct qn_link *qn_node_link_to(const struct qn_node *node, const struct qn_node_id *peer);
void qn_node_on_inbound(struct qn_node *node, const struct qn_event *event);
void qn_node_on_link_up(struct qn_node *node, const struct qn_event *event);
void qn_node_on_link_down(struct qn_node *node, const struct qn_event *event);
void qn_node_on_hello(struct qn_node *node, struct qn_link *link, struct qn_span bytes);
/* GOODBYE with the reason, then CLOSE; the link is forgotten at once. text may be NULL. */
void qn_node_close(struct qn_node *node, struct qn_link *link, enum qn_close_reason reason,
                   const char *text);
/* Closes without a word a link that is not up yet: it costs nothing more. */
void qn_node_turn_away(struct qn_node *node, qn_link_id link, enum qn_close_reason reason);
/* The link's next ping, or its HELLO, is due at another time than before. */
void qn_node_watch_link(struct qn_node *node, const struct qn_link *link);
void qn_node_poll_links(struct qn_node *node);
size_t qn_node_live_count(const struct qn_node *node);

/* ---- standing.c ---- */
/* What a key is worth now; *entry (may be NULL) gets the registry entry where there is one. */
enum qn_standing qn_node_standing(const struct qn_node *node, const struct qn_node_id *id,
                                  struct qn_registry_entry *entry);
/* The same for the key of a link: from then on the link is judged again when time alone changes the answer. */
enum qn_standing qn_node_judge(struct qn_node *node, const struct qn_node_id *id);
/* As the registry has it; whom it lacks is taken for a neighbour. */
enum qn_region qn_node_region_of(const struct qn_node *node, const struct qn_node_id *peer);
/* Judges a link by the registry as it is now. False: that ended it. */
bool qn_node_recheck_link(struct qn_node *node, struct qn_link *link);
/* A block changed this entry: the link to it, if there is one. */
void qn_node_recheck_peer(struct qn_node *node, const struct qn_node_id *id);
/* All of them: another registry, or another committee. */
void qn_node_recheck_links(struct qn_node *node);
/* Each second: those that expired or were banned go. */
void qn_node_poll_standings(struct qn_node *node);

#endif
