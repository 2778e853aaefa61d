/* A lab of whole nodes in one process: virtual clock, links, signer and memory storage, all from one
 * seed. Signatures are real ML-DSA, so what passes here passes on the wire; time is not, so nothing
 * waits. Message delay is 1 to 5 ms, signing 600 us, verification 150 us. */
#ifndef QN_LAB_H
#define QN_LAB_H

#include "ledger/activation.h"
#include "node/node.h"
#include "node/view.h"

enum { QN_LAB_NODES_MAX = 16, QN_LAB_REPLIES_MAX = 64 };

struct qn_lab_node {
    struct qn_key *key;
    struct qn_key *code_key;
    struct qn_node *node; /* NULL: not started, or killed */
    struct qn_storage storage; /* a test may put failing functions into it */
    struct qn_endpoint endpoint;
    bool paused;    /* its events wait */
    unsigned halts; /* HALT actions so far; the node is not killed by them */
    enum qn_err halt_err;
    uint64_t actions_after_halt;
    qn_time_us timer_us; /* of the scheduled TICK; 0: none */
};

struct qn_lab_reply {
    qn_request_token token;
    struct qn_submit_result result;
};

struct qn_lab;
/* Keys and certificates of this many genesis nodes; count codes are issued if policy is codes. */
struct qn_lab *qn_lab_new(uint64_t seed, size_t genesis_count, enum qn_activation_policy policy,
                          size_t code_count);
void qn_lab_free(struct qn_lab *lab);
/* Where nodes that are started from now on log to; outlives the lab. */
void qn_lab_set_log(struct qn_lab *lab, const struct qn_log *log);
/* Starts genesis node number i (0-based), or kills and forgets any node. */
void qn_lab_start_genesis(struct qn_lab *lab, size_t index);
/* Starts an ordinary node; code < 0: without an activation code. Returns its index. */
size_t qn_lab_start_node(struct qn_lab *lab, int code);
void qn_lab_kill(struct qn_lab *lab, size_t index);
void qn_lab_pause(struct qn_lab *lab, size_t index, bool paused);
/* From now on messages from one to the other are lost (links stay up). */
void qn_lab_block(struct qn_lab *lab, size_t from, size_t to, bool blocked);
/* Runs until the condition holds or this much virtual time has passed; true if it holds. */
bool qn_lab_run_until(struct qn_lab *lab, bool (*condition)(struct qn_lab *lab), qn_time_us most);
void qn_lab_run(struct qn_lab *lab, qn_time_us duration);

struct qn_lab_node *qn_lab_node(struct qn_lab *lab, size_t index);
struct qn_node_id qn_lab_id(struct qn_lab *lab, size_t index);
const struct qn_genesis *qn_lab_genesis(const struct qn_lab *lab);
qn_time_us qn_lab_now(const struct qn_lab *lab);
qn_unix_ms qn_lab_unix_ms(const struct qn_lab *lab);
struct qn_node_status qn_lab_status(struct qn_lab *lab, size_t index);
const struct qn_activation_code *qn_lab_code(const struct qn_lab *lab, size_t index);

/* A SUBMIT request to this node; its answer can be read by token later. */
void qn_lab_submit(struct qn_lab *lab, size_t index, qn_request_token token, struct qn_buf *tx);
/* NULL: not answered yet. */
const struct qn_submit_result *qn_lab_reply(struct qn_lab *lab, qn_request_token token);
/* Signs with a node's key and encodes. */
struct qn_buf *qn_lab_sign_tx(struct qn_lab *lab, size_t index, const struct qn_tx *tx);
/* A raw message into node `to` on the link it has with node `from`; false: no such link. */
bool qn_lab_inject(struct qn_lab *lab, size_t from, size_t to, enum qn_message_kind kind,
                   uint32_t request_id, struct qn_span bytes);
/* One more link, dialled by `from`, whether there is one already or not. */
void qn_lab_dial(struct qn_lab *lab, size_t from, size_t to);
/* Messages of this kind delivered so far. */
uint64_t qn_lab_delivered(const struct qn_lab *lab, enum qn_message_kind kind);
/* Last reason with which a link between the two was closed by an action of `by`; -1: none. */
int qn_lab_closed_by(const struct qn_lab *lab, size_t by, size_t other);

#endif
