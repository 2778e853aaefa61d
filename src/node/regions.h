/* Which links are watched for where their peers are, and what landmarks were asked. A part of the node's state
 * (node/measuring.h); regions.c works on it. */
#ifndef QN_NODE_REGIONS_H
#define QN_NODE_REGIONS_H

#include "node/event.h"
#include "peer/regions.h"

/* One GET_RTT on its way; a full ring forgets the oldest, which is asked again. */
enum { QN_NODE_QUESTIONS_MAX = QN_REGION_CHECKS_MAX * QN_LANDMARKS_MAX };
struct qn_node_question {
    uint32_t request_id; /* 0: none */
    qn_link_id link;
    struct qn_node_id subject;
};

struct qn_node_regions_state {
    struct qn_regions *regions; /* NULL: nobody is checked */
    struct qn_regions_actions actions;
    struct qn_node_question questions[QN_NODE_QUESTIONS_MAX];
    size_t question_next;
};

struct qn_node;
struct qn_link;
/* After links and ledger are there. */
void qn_node_regions_init(struct qn_node *node);
void qn_node_regions_fini(struct qn_node *node);
/* This node is reached elsewhere now. */
void qn_node_regions_on_reach(struct qn_node *node);
void qn_node_regions_on_gone(struct qn_node *node, const struct qn_link *link);
void qn_node_on_rtt(struct qn_node *node, struct qn_link *link, uint32_t request_id,
                    struct qn_span bytes);
/* BUSY, which may answer something else. */
void qn_node_regions_on_busy(struct qn_node *node, struct qn_link *link, uint32_t request_id);
/* UNKNOWN as well if nobody is checked. */
enum qn_region_verdict qn_node_region_verdict(const struct qn_node *node,
                                              const struct qn_node_id *id);
/* dialing.c: a link to this landmark is wanted for a while. */
void qn_node_want_landmark(struct qn_node *node, const struct qn_landmark *landmark);
/* Each second. */
void qn_node_poll_regions(struct qn_node *node);

#endif
