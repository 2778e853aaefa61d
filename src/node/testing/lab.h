/* A lab of whole nodes in one process: virtual clock, links, signer and memory storage, all from one
 * seed. Signatures are real ML-DSA, so what passes here passes on the wire; time is not, so nothing
 * waits. Message delay is 1 to 5 ms, signing 600 us, verification 150 us. */
#ifndef QN_LAB_H
#define QN_LAB_H

#include "ledger/activation.h"
#include "node/node.h"
#include "node/view.h"

enum { QN_LAB_NODES_MAX = 16, QN_LAB_REPLIES_MAX = 64 };
enum { QN_LAB_WORK_BITS = 7, QN_LAB_WORK_MEMORY_KIB = 16 }; /* of the policy work: cheap */

struct qn_lab_node {
    struct qn_key *key;
    struct qn_key *code_key;
    struct qn_node *node;        /* NULL: not started, or killed */
    struct qn_storage storage;   /* a test may put failing functions into it */
    bool keeps_storage;          /* over kills, and what a test put into it before the start */
    uint64_t snapshot_threshold; /* for its next start; 0: the default */
    size_t links_max;            /* for its next start; 0: 64 */
    struct qn_endpoint endpoint;
    bool has_lan; /* from its next start on it hears all others that have one, when anybody asks */
    bool finds_out;        /* is not told its endpoint; its dials come from other ports */
    bool paused;           /* its events wait */
    qn_time_us persist_us; /* how long a write takes; 0 at the start */
    unsigned halts;        /* HALT actions so far; the node is not killed by them */
    enum qn_err halt_err;
    uint64_t actions_after_halt;
    uint32_t cpu_percent; /* of one core: what the node is told that it takes */
    qn_time_us load_us;   /* when it is told of its links next */
    qn_time_us timer_us;  /* of the scheduled TICK; 0: none */
};

struct qn_lab_reply {
    qn_request_token token;
    struct qn_submit_result result;
};

struct qn_lab;
/* Keys and certificates of this many genesis nodes; count codes are issued if policy is codes. */
struct qn_lab *qn_lab_new(uint64_t seed, size_t genesis_count, enum qn_activation_policy policy,
                          size_t code_count);
/* The same, each node in a network group of its own on the internet. */
struct qn_lab *qn_lab_new_apart(uint64_t seed, size_t genesis_count,
                                enum qn_activation_policy policy);
void qn_lab_free(struct qn_lab *lab);
/* Where nodes that are started from now on log to; outlives the lab. */
void qn_lab_set_log(struct qn_lab *lab, const struct qn_log *log);
/* Starts genesis node number i (0-based), or kills and forgets any node. */
void qn_lab_start_genesis(struct qn_lab *lab, size_t index);
/* Starts an ordinary node; code < 0: without an activation code. Returns its index. */
size_t qn_lab_start_node(struct qn_lab *lab, int code);
/* The same in two steps, and again after a kill; without an activation code. */
size_t qn_lab_add_node(struct qn_lab *lab);
void qn_lab_start(struct qn_lab *lab, size_t index);
void qn_lab_kill(struct qn_lab *lab, size_t index);
/* It says GOODBYE first. */
void qn_lab_stop(struct qn_lab *lab, size_t index);
/* A killed ordinary node comes back with its key and nothing else. */
void qn_lab_restart_node(struct qn_lab *lab, size_t index);
/* How long registrations of nodes that are started from now on are valid; an hour unless set. */
void qn_lab_set_lifetime(struct qn_lab *lab, uint64_t lifetime_ms);
/* The region of ordinary nodes that are started from now on; dealt out in turn unless set. */
void qn_lab_set_region(struct qn_lab *lab, enum qn_region region);
void qn_lab_pause(struct qn_lab *lab, size_t index, bool paused);
/* From now on messages from one to the other are lost (links stay up), and dials between the two fail. */
void qn_lab_block(struct qn_lab *lab, size_t from, size_t to, bool blocked);
/* From now on messages of this kind are lost, whoever sends them; false: no more. */
void qn_lab_lose(struct qn_lab *lab, enum qn_message_kind kind, bool lost);
/* Runs until the condition holds or this much virtual time has passed; true if it holds. */
bool qn_lab_run_until(struct qn_lab *lab, bool (*condition)(struct qn_lab *lab), qn_time_us most);
void qn_lab_run(struct qn_lab *lab, qn_time_us duration);

size_t qn_lab_count(const struct qn_lab *lab);
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
/* A signature of a node's key, as a liar would make it. */
struct qn_signature qn_lab_sign(struct qn_lab *lab, size_t index, enum qn_sign_kind kind,
                                const struct qn_hash *digest);
/* Signs with a node's key and encodes. */
struct qn_buf *qn_lab_sign_tx(struct qn_lab *lab, size_t index, const struct qn_tx *tx);
/* A raw message into node `to` on the link it has with node `from`; false: no such link. */
bool qn_lab_inject(struct qn_lab *lab, size_t from, size_t to, enum qn_message_kind kind,
                   uint32_t request_id, struct qn_span bytes);
/* The gateway maps the node's port to this one ("host:port"); NULL: to none any more. */
void qn_lab_map(struct qn_lab *lab, size_t index, const char *external);
/* One more link, dialled by `from`, whether there is one already or not. */
void qn_lab_dial(struct qn_lab *lab, size_t from, size_t to);
/* Messages of this kind delivered so far. */
uint64_t qn_lab_delivered(const struct qn_lab *lab, enum qn_message_kind kind);
/* Messages of this kind that this node sent so far. */
uint64_t qn_lab_sent(const struct qn_lab *lab, size_t index, enum qn_message_kind kind);
/* Tickets of work that this node had checked so far, those of its own search not counted. */
uint64_t qn_lab_tickets_checked(const struct qn_lab *lab, size_t index);
/* Looks at every message before it is under way, and may replace it: takes over the reference of bytes,
 * gives one back. NULL: none. */
typedef struct qn_buf *(*qn_lab_tamper)(struct qn_lab *lab, size_t from, size_t to,
                                        enum qn_message_kind kind, struct qn_buf *bytes);
void qn_lab_set_tamper(struct qn_lab *lab, qn_lab_tamper tamper);
/* A chain of this height over the lab's genesis, with this many more entries and certificates on its last
 * block and each 1,024th, into a new memory storage. The lab's nodes that are not of genesis are among the entries; nobody
 * has the keys of the others. epochs: committee changes on the last blocks, by which the lab's last
 * node comes and goes. */
void qn_lab_make_chain(struct qn_lab *lab, struct qn_storage *storage, uint64_t height,
                       size_t entries, unsigned epochs);
/* Gives a node that is not running a storage of its own with the same content. */
void qn_lab_give_storage(struct qn_lab *lab, size_t index, const struct qn_storage *storage);
/* Last reason with which a link between the two was closed by an action of `by`; -1: none. */
int qn_lab_closed_by(const struct qn_lab *lab, size_t by, size_t other);

#endif
