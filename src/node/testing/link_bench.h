/* One node and hand-made events: links that come up, messages that arrive, and what the node does in that
 * very step. */
#ifndef QN_LINK_BENCH_H
#define QN_LINK_BENCH_H

#include "node/testing/lab.h"
#include "wire/control.h"

struct qn_bench {
    struct qn_lab *lab;
    struct qn_node *node; /* genesis node 0 of four */
    qn_time_us now;
    qn_link_id last_link;
    struct qn_endpoint remote; /* of links that come up: in a private network at first */
    struct qn_actions actions; /* of the last step alone */
};

void qn_bench_init(struct qn_bench *bench);
void qn_bench_fini(struct qn_bench *bench);
void qn_bench_step(struct qn_bench *bench, struct qn_event *event);
/* TLS is done with somebody who has this key and dialled. */
qn_link_id qn_bench_link_up(struct qn_bench *bench, const struct qn_public_key *key);
/* Takes over the reference of bytes. */
void qn_bench_receive(struct qn_bench *bench, qn_link_id link, enum qn_message_kind kind,
                      uint32_t request_id, struct qn_buf *bytes);
/* The first action like this of the last step, or NULL; message is for SEND only. */
const struct qn_action *qn_bench_find(const struct qn_bench *bench, enum qn_action_kind kind,
                                      qn_link_id link, enum qn_message_kind message);
/* The last step closed this link for this reason, and told the peer so. */
void qn_bench_assert_closed(const struct qn_bench *bench, qn_link_id link,
                            enum qn_close_reason reason);
void qn_bench_assert_text(const struct qn_bench *bench, qn_link_id link, const char *text);
struct qn_hello qn_bench_hello(const struct qn_bench *bench);
/* Of somebody who is in no registry. */
struct qn_public_key qn_bench_stranger(uint8_t number);
const struct qn_public_key *qn_bench_genesis(const struct qn_bench *bench, size_t index);

#endif
