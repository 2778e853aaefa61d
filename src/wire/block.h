/* Blocks as bytes: header, body, and the reply that carries them with their certificates. */
#ifndef QN_BLOCK_H
#define QN_BLOCK_H

#include "base/buf.h"
#include "crypto/hash.h"
#include "wire/cbor.h"

enum { QN_HEADER_LEN_MAX = 400 };

enum qn_header_flag {
    /* The last block of its epoch: set exactly if next_validators_hash != validators_hash. */
    QN_HEADER_EPOCH_END = 1U << 0,
    QN_HEADER_FLAGS_ALL = QN_HEADER_EPOCH_END,
};

/* {1: version, 2: network, 3: epoch, 4: height, 5: parent, 6: tx root, 7: state root, 8: history root,
 *  9: validators hash, 10: next validators hash, 11: time, 12: flags} */
struct qn_header {
    uint32_t version; /* 1 */
    struct qn_network_id network;
    uint64_t epoch;
    uint64_t height; /* genesis block: 0 */
    struct qn_hash parent;
    struct qn_hash tx_root;
    struct qn_hash state_root;
    struct qn_hash history_root; /* Merkle mountain range over all earlier block ids */
    struct qn_hash validators_hash;
    struct qn_hash next_validators_hash;
    qn_unix_ms time_ms;
    uint32_t flags; /* enum qn_header_flag */
};

QN_MUST_USE enum qn_err qn_header_encode(const struct qn_header *header, uint8_t *out,
                                         size_t capacity, struct qn_span *bytes);
QN_MUST_USE enum qn_err qn_header_decode(struct qn_header *header, struct qn_span bytes);
/* Block id: SHA3-256 of the encoded header. */
struct qn_hash qn_header_id(const struct qn_header *header);

/* A decoded block that keeps its own bytes; reference-counted like qn_buf. Wire form
 * {1: header bytes, 2: [tx bytes]}. */
struct qn_block {
    uint32_t references;
    struct qn_hash id;
    struct qn_header header;
    size_t tx_count;
    struct qn_span txs[QN_BLOCK_TXS_MAX]; /* into encoded */
    struct qn_buf *encoded;
    bool has_tx_ids;
    struct qn_hash tx_ids[QN_BLOCK_TXS_MAX]; /* once qn_block_tx_ids was asked for them */
};

/* Checks form and limits only, not roots. NULL in *block on error. */
QN_MUST_USE enum qn_err qn_block_decode(struct qn_block **block, struct qn_span bytes);
/* Makes a block from parts, encoding it; never NULL: the parts are within limits (asserted). */
struct qn_block *qn_block_new(const struct qn_header *header, const struct qn_span *txs,
                              size_t tx_count);
/* The ids of its transactions, hashed at the first call. Valid as long as the block. */
const struct qn_hash *qn_block_tx_ids(struct qn_block *block);
struct qn_block *qn_block_hold(struct qn_block *block);
void qn_block_drop(struct qn_block *block);

/* GET_BLOCKS {1: from height, 2: count max, 3: bytes max}: bytes max is the credit for bulk data that
 * the requester grants. */
struct qn_get_blocks {
    uint64_t from_height;
    uint32_t count_max; /* 1..QN_BLOCKS_PER_REPLY_MAX */
    uint32_t bytes_max;
};
struct qn_buf *qn_get_blocks_encode(const struct qn_get_blocks *request);
QN_MUST_USE enum qn_err qn_get_blocks_decode(struct qn_get_blocks *request, struct qn_span bytes);

/* BLOCKS {1: [{1: block, 2: certificate (may lack)}], 2: [header], 3: certificate}: consecutive heights. The
 * last block has a finalization certificate, which proves all before it by their hashes; or else 2 and 3
 * are there: the headers above it up to one that 3 makes final. May be empty: nothing to give. */
struct qn_block_item {
    struct qn_span block; /* encoded */
    struct qn_span cert;  /* encoded CERT, or empty */
};
struct qn_blocks {
    size_t count;
    struct qn_block_item items[QN_BLOCKS_PER_REPLY_MAX];
    size_t header_count; /* 0: neither 2 nor 3 */
    struct qn_span headers[QN_PATH_HEADERS_MAX];
    struct qn_span cert;
};
/* QN_ERR_TOO_BIG above QN_MESSAGE_LEN_MAX; *buf untouched. */
QN_MUST_USE enum qn_err qn_blocks_encode(struct qn_buf **buf, const struct qn_blocks *blocks);
QN_MUST_USE enum qn_err qn_blocks_decode(struct qn_blocks *blocks, struct qn_span bytes);

#endif
