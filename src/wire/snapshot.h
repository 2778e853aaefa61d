/* State snapshots on the wire: how a node far behind asks for the registry at a checkpoint, and how it
 * is given. Form only; what a chunk must prove is ledger/snapshot.h. */
#ifndef QN_WIRE_SNAPSHOT_H
#define QN_WIRE_SNAPSHOT_H

#include "base/buf.h"
#include "wire/block.h"
#include "wire/vote.h"

enum { QN_SNAPSHOT_PEAKS_MAX = 64 };

enum qn_snapshot_part {
    QN_SNAPSHOT_NONE = 0,     /* reply only: the checkpoint asked for is not held */
    QN_SNAPSHOT_MANIFEST = 1, /* what the checkpoint is, and the proof that it is final */
    QN_SNAPSHOT_EPOCHS = 2,   /* how the committee came from genesis to the checkpoint */
    QN_SNAPSHOT_CHUNK = 3,    /* all leaves of the state below a prefix of their keys */
};

/* GET_SNAPSHOT {1: part, 2: height, 3: number, 4: depth, 5: bytes max, 6: held (may lack)} */
struct qn_get_snapshot {
    enum qn_snapshot_part part; /* not NONE */
    uint64_t height;            /* of the checkpoint; MANIFEST: 0 asks for the newest */
    uint64_t number;    /* EPOCHS: the first one; CHUNK: the prefix as a number below 2^depth */
    uint8_t depth;      /* CHUNK: bits of the prefix, up to QN_SNAPSHOT_DEPTH_MAX */
    uint32_t bytes_max; /* credit granted for the reply */
    bool has_held;      /* CHUNK: the asker has these leaves if their root is still held */
    struct qn_hash held;
};
struct qn_buf *qn_get_snapshot_encode(const struct qn_get_snapshot *request);
QN_MUST_USE enum qn_err qn_get_snapshot_decode(struct qn_get_snapshot *request,
                                               struct qn_span bytes);

/* An epoch's end: its last block's header, the certificate that makes that block final, and the keys of
 * the committee that follows, in the order of their node ids. {1: header, 2: certificate, 3: [[suite, spki]]} */
struct qn_epoch_step {
    struct qn_span header;                  /* encoded */
    struct qn_span cert;                    /* encoded */
    size_t key_count;                       /* 4..QN_VALIDATORS_MAX */
    struct qn_span keys[QN_VALIDATORS_MAX]; /* spki of keys that nodes may have */
};

struct qn_snapshot_leaf {
    struct qn_hash key;
    struct qn_span value;
    struct qn_span extra; /* len 0: none */
};

/* SNAPSHOT {1: part, 2: height, ...}; the rest by part:
 * NONE      height is that of the newest checkpoint held, 0 without any
 * MANIFEST  3: block, 4: [header], 5: certificate, 6: [peak], 7: counters, 8: proof of the counters
 * EPOCHS    3: [epoch step]
 * CHUNK     3: [sibling], 4: [leaf] (may lack), 5: [left, right] (only without 4) */
struct qn_snapshot {
    enum qn_snapshot_part part;
    uint64_t height;
    union {
        struct {
            struct qn_span block; /* of the checkpoint, encoded */
            /* Headers above it up to the one that the certificate is of; none: it is the block's. */
            size_t header_count;
            struct qn_span headers[QN_PATH_HEADERS_MAX];
            struct qn_span cert;
            size_t peak_count; /* of the history before the block */
            struct qn_hash peaks[QN_SNAPSHOT_PEAKS_MAX];
            struct qn_span counters; /* the value of that leaf of the state */
            struct qn_span counters_proof;
        } manifest;
        struct {
            size_t count;
            struct qn_epoch_step steps[QN_EPOCH_STEPS_PER_REPLY_MAX];
        } epochs;
        struct {
            size_t sibling_count; /* below the depth asked for: a single leaf or nothing is there */
            struct qn_hash siblings[QN_SNAPSHOT_DEPTH_MAX]; /* root side first */
            bool has_leaves; /* neither leaves nor children: as held */
            size_t leaf_count;
            struct qn_snapshot_leaf leaves[QN_SNAPSHOT_LEAVES_MAX]; /* ascending keys */
            bool has_children; /* too many leaves for one reply: ask for the halves */
            struct qn_hash children[2];
        } chunk;
    };
};
/* QN_ERR_TOO_BIG above QN_MESSAGE_LEN_MAX; *buf untouched. */
QN_MUST_USE enum qn_err qn_snapshot_encode(struct qn_buf **buf, const struct qn_snapshot *snapshot);
/* Spans point into bytes. */
QN_MUST_USE enum qn_err qn_snapshot_decode(struct qn_snapshot *snapshot, struct qn_span bytes);

/* The committee of a step, whose hash the header states. The set is the caller's to free.
 * QN_ERR_MALFORMED: keys out of order or twice, or not those that the header names. */
QN_MUST_USE enum qn_err qn_epoch_step_validators(const struct qn_epoch_step *step,
                                                 struct qn_validator_set *set,
                                                 const struct qn_hash *next_validators_hash);

#endif
