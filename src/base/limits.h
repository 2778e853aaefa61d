/* Every bound that a peer or a user can reach, named once. Counts, bytes or times as the unit says.
 */
#ifndef QN_LIMITS_H
#define QN_LIMITS_H

#include "base/base.h"

enum {
    QN_HASH_LEN = 32,
    QN_SEED_LEN = 32,
    QN_SPKI_LEN_MAX = 2614,           /* ML-DSA-87: 22 bytes of DER before 2592 of key */
    QN_SIGNATURE_LEN_MAX = 7856,      /* SLH-DSA-SHA2-128s */
    QN_NODE_SIGNATURE_LEN_MAX = 4627, /* ML-DSA-87; nodes never use suite 4 */

    QN_HOST_LEN_MAX = 63,         /* characters of an address or DNS name */
    QN_NETWORK_NAME_LEN_MAX = 32, /* characters */
    QN_SOFTWARE_LEN_MAX = 64,     /* characters */
    QN_TEXT_LEN_MAX = 200,        /* characters of a reason meant for people */
    QN_ENDPOINTS_MAX = 4,         /* per genesis certificate or record */

    QN_GENESIS_MIN = 4,
    QN_GENESIS_ID_MAX = 999,
    QN_VALIDATORS_MAX = 100,
    QN_MOTIONS_OPEN_MAX = 16, /* motions opened by one member that have not expired */
    QN_SUCCESSORS_MAX = 64,   /* rotations that are followed from one id */
    QN_ACTIVATION_BATCHES_MAX = 8,
    QN_ACTIVATION_PATH_MAX = 24,       /* Merkle path of a code: 16.7 million codes a batch */
    QN_ACTIVATION_CODE_LEN_MAX = 1024, /* bytes of an encoded code */
    QN_GENESIS_CERT_LEN_MAX = 8192,    /* bytes of an encoded certificate */

    QN_TX_LEN_MAX = 16384, /* bytes of one encoded transaction */
    QN_BLOCK_TXS_MAX = 64,
    QN_BLOCK_LEN_MAX = 524288, /* bytes of header and body */
    QN_MEMPOOL_TXS_MAX = 1024,
    QN_BLOCKS_PER_REPLY_MAX = 256,
    QN_REGISTRY_ENTRY_LEN_MAX = 512, /* bytes of an encoded entry, key not included */
    QN_LEAF_VALUE_LEN_MAX = 8192, /* bytes of a leaf of the state: the committee's is the largest */
    QN_STATE_PROOF_LEN_MAX = 8832, /* bytes of an encoded proof: 256 siblings and a leaf */

    QN_PATH_HEADERS_MAX = 2047,    /* headers from a block up to the next one with a certificate */
    QN_SNAPSHOT_DEPTH_MAX = 32,    /* bits of a chunk's prefix */
    QN_SNAPSHOT_LEAVES_MAX = 1024, /* leaves of one chunk; beyond, its halves are asked for */
    QN_EPOCH_STEPS_PER_REPLY_MAX = 16,

    QN_FRAME_HEADER_LEN = 10,
    QN_FRAME_CHUNK_MAX = 4096,    /* payload bytes of one frame on the wire */
    QN_MESSAGE_LEN_MAX = 1048576, /* payload bytes of one reassembled message */

    QN_LINKS_MAX = 1024,             /* default cap on live links; --max-links */
    QN_HALF_OPEN_MAX = 64,           /* links still in the TLS handshake or before HELLO */
    QN_HALF_OPEN_SUBNET_MAX = 16,    /* of them from one /24 or /56 */
    QN_ADMISSION_SETS = 1024,        /* of four places, in the tables of rates */
    QN_ADMISSION_GLOBAL_BURST = 400, /* connections accepted from other machines */
    QN_ADMISSION_SUBNET_BURST = 64,
    QN_ADMISSION_IDENTITY_BURST = 16,
    QN_RESERVED_PEERS_MAX = 64,
    QN_EVICTION_BURST = 8,          /* inbound links given up at once for newcomers from networks */
    QN_TURNOVER_BURST = 1,          /* that few links are of, and for others */
    QN_HOT_OWN_REGION = 16,         /* live links wanted in the own region, */
    QN_HOT_OTHER_REGION = 4,        /* and in each other one, as far as the limits allow */
    QN_DIAL_NEEDED_BURST = 16,      /* dials at once to those we need */
    QN_DIAL_PEER_BURST = 4,         /* and to others */
    QN_UNREGISTERED_LINKS_MAX = 16, /* reserved slots for peers that may only register */
    QN_UNREGISTERED_REQUESTS_MAX = 8, /* requests a minute on such a link */
    QN_QUEUE_P0_LEN_MAX = 4194304,    /* bytes queued on one link */
    QN_QUEUE_P1_COUNT_MAX = 256,      /* messages; the oldest is dropped */
    QN_QUEUE_P2_COUNT_MAX = 64,       /* messages; then BUSY */
    QN_QUEUE_P3_LEN_MAX = 4194304,    /* bytes; then no more until drained */
    QN_PENDING_REQUESTS_MAX = 256, /* requests of ours or relayed by us that wait for an answer */
    QN_PEERS_PER_REGION_MIN = 8,   /* places of the peer list, in the smallest networks ... */
    QN_PEERS_PER_REGION_MAX = 500, /* ... and in the largest */
    QN_PEERS_EXEMPT_MAX = 192,     /* peers beside these: committee, reserved, anchors */
    QN_KNOWN_PEERS_MAX = 3192,     /* peers of the list, all six regions and exempt ones */
    QN_ANNOUNCE_HOPS_MAX = 8,
    QN_REDIRECT_ENTRIES_MAX = 3,
    QN_OUTBOUND_TARGET = 8, /* links a node outside the committee keeps by dialling */

    QN_DNS_SEEDS_MAX = 8,      /* names that are asked for addresses of nodes */
    QN_DNS_ADDRESSES_MAX = 32, /* taken from one answer */

    QN_LAN_NEIGHBOURS_MAX = 32, /* heard in the local network and not dialled yet */
    QN_LAN_DIALS_MAX = 4,       /* of them dialled at a time */
    QN_LAN_INTERFACES_MAX = 16, /* of this machine, on which is spoken and listened */
    QN_LAN_PREFIXES_MAX = 8,    /* of the networks of one of them */

    QN_PING_MISSED_MAX = 3,
    QN_PING_QUIET_AFTER = 10, /* answers in a row */
    QN_API_BODY_LEN_MAX = 65536,
    QN_API_CONNECTIONS_MAX = 512,
};

/* The version that this build speaks, and the oldest one: its predecessor, so that a network can be
 * upgraded node by node. Tests build versions to come (tests/CMakeLists.txt): 1 is the next, which has one
 * message kind and one HELLO field more, 2 the one after it, which knows this version no longer. */
#ifndef QN_PROTOCOL_VERSION_NEXT
#define QN_PROTOCOL_VERSION_NEXT 0
#endif
#define QN_PROTOCOL_VERSION (1U + QN_PROTOCOL_VERSION_NEXT)
#if QN_PROTOCOL_VERSION_NEXT > 0
#define QN_PROTOCOL_VERSION_MIN (QN_PROTOCOL_VERSION - 1U)
#else
#define QN_PROTOCOL_VERSION_MIN 1U
#endif
#define QN_DEFAULT_PORT 9876
#define QN_DEFAULT_API_PORT 8001

#define QN_PING_INTERVAL QN_SECONDS(1)
#define QN_PING_QUIET_INTERVAL QN_SECONDS(10)     /* on a link that has answered for a while, */
#define QN_PING_QUIET_INTERVAL_MAX QN_SECONDS(60) /* doubling up to this */
/* Without a sign of life from a region one of its links is asked, then all, then it is an alarm, which lasts until the
 * region has answered for a while. */
#define QN_REGION_PROBE QN_SECONDS(2)
#define QN_REGION_DOUBT QN_SECONDS(4)
#define QN_REGION_SILENT QN_SECONDS(8)
#define QN_REGION_CALM QN_SECONDS(10)
#define QN_HANDSHAKE_TIMEOUT QN_SECONDS(10)
#define QN_HELLO_TIMEOUT QN_SECONDS(10)
#define QN_P0_STALL_TIMEOUT QN_SECONDS(10)
#define QN_REQUEST_TIMEOUT QN_SECONDS(30)
#define QN_HEARTBEAT_INTERVAL QN_SECONDS(10)
#define QN_DIAL_BACKOFF_MIN QN_MS(250)
#define QN_DIAL_BACKOFF_MAX QN_SECONDS(8)
/* When they had no place for us: */
#define QN_DIAL_BACKOFF_REFUSED_MIN QN_SECONDS(4)
#define QN_DIAL_BACKOFF_REFUSED_MAX QN_SECONDS(900)
#define QN_DIAL_STABLE QN_SECONDS(60) /* a link that lived so long lets failures be forgotten */
#define QN_DIAL_BACKOFF_PEER_MAX QN_SECONDS(64)   /* of those we need not have a link to */
#define QN_DIAL_NEEDED_INTERVAL (qn_time_us)62500 /* pace of dials to those we need */
#define QN_DIAL_PEER_INTERVAL QN_MS(250)          /* and to others, while dials succeed */
#define QN_DIAL_PEER_INTERVAL_MAX QN_SECONDS(8)
#define QN_HALF_OPEN_PATIENCE QN_SECONDS(1) /* then a silent one may give way */
#define QN_HALF_OPEN_TIMEOUT QN_SECONDS(10)
#define QN_HALF_OPEN_TIMEOUT_BUSY QN_SECONDS(3) /* while half the places are taken */
#define QN_REGION_FULL_PAUSE QN_SECONDS(300)    /* no dials where everybody known was full */
#define QN_LANDMARK_LINK QN_SECONDS(60)         /* of a link that is made to measure */
#define QN_EVICTION_INTERVAL QN_SECONDS(1)
#define QN_TURNOVER_INTERVAL QN_SECONDS(8)
#define QN_ADMISSION_GLOBAL_INTERVAL QN_MS(5)
#define QN_ADMISSION_SUBNET_INTERVAL QN_MS(250)
#define QN_ADMISSION_IDENTITY_INTERVAL QN_SECONDS(1)
#define QN_KEY_UPDATE_INTERVAL QN_SECONDS(3600)
#define QN_TX_LIFETIME_MS_MAX 3600000U /* how far in the future a transaction may expire */
#define QN_CLOCK_SKEW_MS_MAX 30000U    /* block time and record time against our clock */

_Static_assert(QN_BLOCK_LEN_MAX + 65536 <= QN_MESSAGE_LEN_MAX, "a proposal fits in one message");
_Static_assert(QN_TX_LEN_MAX < QN_BLOCK_LEN_MAX, "a transaction fits in a block");
_Static_assert(QN_MESSAGE_LEN_MAX <= QN_QUEUE_P0_LEN_MAX, "a message fits in the P0 queue");

#endif
