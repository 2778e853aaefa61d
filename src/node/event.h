/* The core's boundary: events in, actions out. Slow work leaves as an action and comes back as an event. The daemon's
 * runtime (net/runtime.h) and the simulator both drive exactly this. */
#ifndef QN_EVENT_H
#define QN_EVENT_H

#include "base/buf.h"
#include "crypto/key.h"
#include "ledger/storage.h"
#include "node/verify_job.h"
#include "peer/link_load.h"
#include "wire/frame.h"
#include "wire/types.h"

/* Chosen by the runtime, never reused in its life, never 0. */
typedef uint64_t qn_link_id;
/* Names a DIAL; chosen by the node, never 0. */
typedef uint64_t qn_dial_id;
/* Names a REQUEST; chosen by whoever asks, given back in the REPLY. */
typedef uint64_t qn_request_token;

/* Which private key signs. */
enum qn_signer {
    QN_SIGNER_NODE,       /* the node's identity */
    QN_SIGNER_ACTIVATION, /* the one-time key of the configured activation code */
};

enum qn_event_kind {
    QN_EVENT_TICK, /* the deadline asked for has come, or nothing else happened for a while */
    QN_EVENT_INBOUND, /* somebody connected, no TLS yet; CLOSE or nothing; LINK_UP or LINK_DOWN follow */
    QN_EVENT_LINK_UP, /* TLS done both ways, key taken from the handshake; not yet HELLO */
    QN_EVENT_LINK_DOWN,
    QN_EVENT_DIAL_FAILED, /* a DIAL came to nothing */
    QN_EVENT_FRAME,       /* one whole message of a link */
    QN_EVENT_SIGNED,
    QN_EVENT_VERIFIED,
    QN_EVENT_PERSISTED,
    QN_EVENT_REQUEST,  /* from the API or the command line */
    QN_EVENT_FOUND,    /* what a LOOKUP brought; addresses are hints, keys are checked as ever */
    QN_EVENT_LOAD,     /* once a second: what links carry and the loop takes; a TICK too */
    QN_EVENT_SHUTDOWN, /* say GOODBYE everywhere; the runtime then flushes and closes */
    QN_EVENT_MAPPED,   /* the gateway forwards a port to this node, another one, or none any more */
    QN_EVENT_NEIGHBOUR, /* somebody in the local network says where he is, unasked or not; a hint */
};

enum qn_request_kind {
    QN_REQUEST_SUBMIT, /* a signed transaction; REPLY when final or refused */
    QN_REQUEST_BAN,    /* an encoded ban (peer/bans.h); REPLY when stored or refused */
    QN_REQUEST_UNBAN,  /* its target, as text; REPLY likewise */
};

struct qn_event {
    enum qn_event_kind kind;
    qn_time_us now;     /* monotonic, never goes back between events */
    qn_unix_ms unix_ms; /* wall clock, may jump */
    union {
        struct {
            qn_link_id link;
            struct qn_endpoint remote;
        } inbound;
        struct {
            qn_link_id link;
            qn_dial_id dial; /* 0: inbound */
            struct qn_public_key key;
            struct qn_endpoint remote; /* as seen; the port of an inbound link is ephemeral */
            uint32_t handshake_us;     /* wall time of the TLS handshake */
            uint32_t handshake_cpu_us; /* CPU time of this side's part of it */
            bool is_resumed; /* it rests on an earlier one's signatures; the key is worth no more */
            uint32_t bytes_received; /* of the handshake, as TLS carries it */
            uint32_t bytes_sent;
        } link_up;
        struct {
            qn_link_id link;
            enum qn_close_reason reason;
        } link_down;
        struct {
            qn_dial_id dial;
            enum qn_close_reason reason;
        } dial_failed;
        struct {
            qn_link_id link;
            struct qn_message_bytes message; /* valid during the step */
            uint32_t wire_len; /* bytes that came since the frame before, as TLS carries them */
        } frame;
        struct {
            uint64_t cookie;
            struct qn_signature signature;
            bool ok;
        } signed_;
        struct {
            struct qn_verify_job *job; /* ownership passes to the node */
        } verified;
        struct {
            uint64_t cookie;
            bool ok;         /* false: nothing of the batch may be relied on; the node halts */
            enum qn_err err; /* if not ok; QN_OK counts as QN_ERR_IO */
        } persisted;
        struct {
            qn_request_token token;
            enum qn_request_kind kind;
            struct qn_span bytes; /* valid during the step */
        } request;
        struct {
            unsigned seed;
            size_t count; /* 0: the name led to nothing */
            struct qn_endpoint endpoints[QN_DNS_ADDRESSES_MAX];
        } found;
        struct {
            struct qn_node_id id;
            struct qn_endpoint endpoint;
        } neighbour;
        struct {
            struct qn_endpoint external; /* port 0: none */
        } mapped;
        struct qn_load load;
    };
};

enum qn_action_kind {
    QN_ACTION_DIAL,
    QN_ACTION_CLOSE,
    QN_ACTION_SEND,
    QN_ACTION_SIGN,
    QN_ACTION_VERIFY,
    QN_ACTION_PERSIST,
    QN_ACTION_REPLY,
    QN_ACTION_LOOKUP,         /* a DNS seed; FOUND follows */
    QN_ACTION_HALT,           /* the node takes no further part: the program ends with this error */
    QN_ACTION_ASK_NEIGHBOURS, /* in the local network; NEIGHBOUR may follow */
    QN_ACTION_REMEMBER,       /* who dialled us may shake hands without signatures next time */
};

struct qn_action {
    enum qn_action_kind kind;
    union {
        struct {
            qn_dial_id dial;
            struct qn_endpoint endpoint;
            bool has_expected_id;
            struct qn_node_id expected_id; /* another key: DIAL_FAILED with KEY_MISMATCH */
            bool pads; /* our half of the handshake is to be the longer one: see allowance.h */
        } dial;
        struct {
            qn_link_id link;
            enum qn_close_reason reason;
            bool flush; /* send what is queued first (a GOODBYE), bounded in time */
        } close;
        struct {
            qn_link_id link;
            enum qn_message_kind kind; /* its class follows from qn_kind_find */
            uint32_t request_id;
            struct qn_buf *bytes; /* one reference, the runtime's */
        } send;
        struct {
            uint64_t cookie;
            enum qn_signer signer;
            enum qn_sign_kind kind;
            struct qn_hash digest;
        } sign;
        struct {
            struct qn_verify_job *job; /* ownership passes to the runtime */
        } verify;
        struct {
            uint64_t cookie;
            struct qn_batch *batch; /* ownership passes to the runtime */
        } persist;
        struct {
            qn_request_token token;
            struct qn_submit_result result;
        } reply;
        struct {
            unsigned seed; /* given back in FOUND */
            struct qn_endpoint name;
        } lookup;
        struct {
            qn_link_id link;
        } remember;
        struct {
            enum qn_err err;
            char text[QN_TEXT_LEN_MAX + 1]; /* for people: what failed and what to do */
        } halt;
    };
};

/* The list a step fills; grows as needed, keeps its memory, emptied by its owner. */
struct qn_actions {
    struct qn_action *items;
    size_t count;
    size_t capacity;
};
void qn_actions_init(struct qn_actions *actions);
/* Drops what the actions hold, and the list. */
void qn_actions_fini(struct qn_actions *actions);
/* A new zeroed item at the end, of this kind; valid until the next add. */
struct qn_action *qn_actions_add(struct qn_actions *actions, enum qn_action_kind kind);
/* Drops the references that one unperformed action holds. */
void qn_action_drop(struct qn_action *action);

#endif
