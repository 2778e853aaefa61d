/* What will happen when: a heap of events by time, then by the order in which they were added. */
#ifndef QN_SIM_QUEUE_H
#define QN_SIM_QUEUE_H

#include "node/event.h"

enum qn_sim_event_kind {
    QN_SIM_TICK,
    QN_SIM_INBOUND,
    QN_SIM_LINK_UP,
    QN_SIM_LINK_DOWN,
    QN_SIM_DIAL_FAILED,
    QN_SIM_FRAME,
    QN_SIM_SIGNED,
    QN_SIM_VERIFIED,
    QN_SIM_DISK, /* the disk is done with its oldest batch */
    QN_SIM_REQUEST,
    QN_SIM_RESTART,
};

struct qn_sim_event {
    qn_time_us at;
    uint64_t order;
    enum qn_sim_event_kind kind;
    uint32_t host;
    uint32_t incarnation; /* meant for this life of the host only */
    qn_link_id link;
    uint64_t cookie; /* SIGNED; LINK_UP, DIAL_FAILED: the dial; REQUEST: the token */
    union {
        struct {
            enum qn_message_kind kind;
            uint32_t request_id;
        } frame;
        struct {
            enum qn_signer signer;
            enum qn_sign_kind kind;
            struct qn_hash digest;
        } sign;
        struct qn_verify_job *job; /* VERIFIED: owned */
        enum qn_close_reason reason;
        uint32_t other; /* INBOUND, LINK_UP: host at the other end */
    };
    struct qn_buf *bytes; /* FRAME, REQUEST: one reference */
};

struct qn_sim_queue {
    size_t count;
    size_t capacity;
    uint32_t *heap; /* indices of slots */
    struct qn_sim_event *slots;
    uint32_t *free_slots;
    size_t free_count;
    uint64_t next_order;
};

void qn_sim_queue_init(struct qn_sim_queue *queue);
/* Drops what still waits. */
void qn_sim_queue_fini(struct qn_sim_queue *queue);
/* Copies; references and ownership go with it. order is set here unless keep_order. */
void qn_sim_queue_add(struct qn_sim_queue *queue, const struct qn_sim_event *event,
                      bool keep_order);
/* UINT64_MAX if empty. */
qn_time_us qn_sim_queue_next_time(const struct qn_sim_queue *queue);
void qn_sim_queue_take(struct qn_sim_queue *queue, struct qn_sim_event *event);
void qn_sim_event_drop(struct qn_sim_event *event);

#endif
