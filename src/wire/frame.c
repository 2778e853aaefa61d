#include "wire/frame.h"

#include "wire/announce.h"
#include "wire/block.h"
#include "wire/genesis_reply.h"
#include "wire/snapshot.h"
#include "wire/transaction.h"
#include "wire/vote.h"

/* Largest encodings, byte by byte: heads of maps and arrays, keys, and values with their heads.
 * Extensible messages have room for extensions besides. */
enum {
    MAP = 1,
    UINT8 = 1 + 2, /* a pair: key and value */
    UINT16 = 1 + 3,
    UINT32 = 1 + 5,
    UINT64 = 1 + 9,
    HASH = 1 + 2 + QN_HASH_LEN,
    SIGNATURE = 1 + 3 + QN_NODE_SIGNATURE_LEN_MAX,
    SMALL = 1 + 1, /* a value below 24 */
    ENDPOINT = 1 + 2 + QN_HOST_LEN_MAX + 3,
    ENDPOINTS = 1 + 1 + QN_ENDPOINTS_MAX * ENDPOINT,
    EXTENSIONS = 256,

    EMPTY_LEN_MAX = MAP,
    HELLO_LEN_MAX = MAP + 2 * UINT32 + HASH + ENDPOINTS + SMALL + UINT32 + UINT64 + 3 +
                    QN_SOFTWARE_LEN_MAX + 1 + ENDPOINT + EXTENSIONS,
    GOODBYE_LEN_MAX = MAP + UINT32 + 3 + QN_TEXT_LEN_MAX + EXTENSIONS,
    PING_LEN_MAX = MAP + UINT64,
    PONG_LEN_MAX = MAP + UINT64 + 1 + 1 + 5 * 5,
    GET_RTT_LEN_MAX = MAP + HASH,
    RTT_LEN_MAX = MAP + 2 * UINT32,
    REDIRECT_LEN_MAX =
        MAP + 2 + QN_REDIRECT_ENTRIES_MAX * (MAP + HASH + 1 + ENDPOINT + SMALL) + EXTENSIONS,
    ANNOUNCE_LEN_MAX = MAP + SMALL + 4 + QN_RECORD_LEN_MAX + EXTENSIONS,
    HEAD_LEN_MAX = MAP + UINT64 + HASH,
    PROPOSE_LEN_MAX = MAP + 3 * UINT64 + 6 + QN_BLOCK_LEN_MAX + SIGNATURE,
    NOTARIZE_LEN_MAX = MAP + 3 * UINT64 + HASH + SIGNATURE,
    FINALIZE_LEN_MAX = MAP + 2 * UINT64 + HASH + SIGNATURE,
    NULLIFY_LEN_MAX = MAP + 2 * UINT64 + SIGNATURE,
    STATUS_LEN_MAX = MAP + 4 * UINT64 + HASH + EXTENSIONS,
    CONSENSUS_REQUEST_LEN_MAX = MAP + SMALL + UINT64,
    RECOVER_LEN_MAX = MAP + 2 * UINT64,
    RECOVER_REPLY_LEN_MAX =
        MAP + 4 * UINT64 + 3 * SMALL + 6 + QN_CERT_LEN_MAX + 4 + QN_VOTE_LEN_MAX + SIGNATURE,
    TX_LEN_MAX = MAP + 4 + QN_TX_LEN_MAX,
    SUBMIT_LEN_MAX = TX_LEN_MAX + SMALL,
    SUBMIT_RESULT_LEN_MAX = MAP + UINT8 + 3 + QN_TEXT_LEN_MAX + HASH + 2 * UINT64 + EXTENSIONS,
    GET_BLOCKS_LEN_MAX = MAP + UINT64 + UINT16 + UINT32,
    GET_SNAPSHOT_LEN_MAX = MAP + SMALL + 2 * UINT64 + UINT8 + UINT32 + HASH,
    GET_GENESIS_LEN_MAX = MAP + UINT8 + 1 + 3 + QN_GENESIS_PADDING_MAX,
    GENESIS_LEN_MAX = GET_GENESIS_LEN_MAX, /* never longer than what it answers */
};

static const struct qn_kind_info kinds[] = {
    {QN_HELLO, "hello", QN_CLASS_P0, HELLO_LEN_MAX, false, false, 1},
    {QN_GOODBYE, "goodbye", QN_CLASS_P0, GOODBYE_LEN_MAX, false, false, 1},
    {QN_PING, "ping", QN_CLASS_P0, PING_LEN_MAX, false, false, 1},
    {QN_PONG, "pong", QN_CLASS_P0, PONG_LEN_MAX, false, false, 1},
    {QN_REDIRECT, "redirect", QN_CLASS_P0, REDIRECT_LEN_MAX, false, false, 1},
    {QN_ANNOUNCE, "announce", QN_CLASS_P1, ANNOUNCE_LEN_MAX, false, false, 1},
    {QN_HEAD, "head", QN_CLASS_P1, HEAD_LEN_MAX, false, false, 1},
    {QN_PROPOSE, "propose", QN_CLASS_P0, PROPOSE_LEN_MAX, false, false, 1},
    {QN_NOTARIZE, "notarize", QN_CLASS_P0, NOTARIZE_LEN_MAX, false, false, 1},
    {QN_FINALIZE, "finalize", QN_CLASS_P0, FINALIZE_LEN_MAX, false, false, 1},
    {QN_NULLIFY, "nullify", QN_CLASS_P0, NULLIFY_LEN_MAX, false, false, 1},
    {QN_CERT, "cert", QN_CLASS_P0, QN_CERT_LEN_MAX, false, false, 1},
    {QN_STATUS, "status", QN_CLASS_P0, STATUS_LEN_MAX, false, false, 1},
    {QN_CONSENSUS_REQUEST, "consensus_request", QN_CLASS_P0, CONSENSUS_REQUEST_LEN_MAX, false,
     false, 1},
    {QN_RECOVER, "recover", QN_CLASS_P0, RECOVER_LEN_MAX, false, false, 1},
    {QN_RECOVER_REPLY, "recover_reply", QN_CLASS_P0, RECOVER_REPLY_LEN_MAX, false, false, 1},
    {QN_TX, "tx", QN_CLASS_P2, TX_LEN_MAX, false, false, 1},
    {QN_SUBMIT, "submit", QN_CLASS_P2, SUBMIT_LEN_MAX, false, true, 1},
    {QN_SUBMIT_RESULT, "submit_result", QN_CLASS_P2, SUBMIT_RESULT_LEN_MAX, true, false, 1},
    {QN_GET_BLOCKS, "get_blocks", QN_CLASS_P2, GET_BLOCKS_LEN_MAX, false, true, 1},
    {QN_BLOCKS, "blocks", QN_CLASS_P3, QN_MESSAGE_LEN_MAX, true, false, 1},
    {QN_GET_GENESIS, "get_genesis", QN_CLASS_P2, GET_GENESIS_LEN_MAX, false, true, 1},
    {QN_GENESIS, "genesis", QN_CLASS_P3, GENESIS_LEN_MAX, true, false, 1},
    {QN_BUSY, "busy", QN_CLASS_P2, EMPTY_LEN_MAX, true, false, 1},
    {QN_GET_SNAPSHOT, "get_snapshot", QN_CLASS_P2, GET_SNAPSHOT_LEN_MAX, false, true, 1},
    {QN_SNAPSHOT, "snapshot", QN_CLASS_P3, QN_MESSAGE_LEN_MAX, true, false, 1},
    {QN_GET_RTT, "get_rtt", QN_CLASS_P2, GET_RTT_LEN_MAX, false, true, 1},
    {QN_RTT, "rtt", QN_CLASS_P2, RTT_LEN_MAX, true, false, 1},
#if QN_PROTOCOL_VERSION_NEXT > 0
    {QN_NEXT, "next", QN_CLASS_P1, EMPTY_LEN_MAX, false, false, 2},
#endif
};

_Static_assert((int)PROPOSE_LEN_MAX <= (int)QN_MESSAGE_LEN_MAX, "a proposal is a message");
_Static_assert((int)QN_CERT_LEN_MAX <= (int)QN_MESSAGE_LEN_MAX, "a certificate is a message");
_Static_assert((int)QN_VOTE_LEN_MAX == (int)NOTARIZE_LEN_MAX, "NOTARIZE is the largest vote");
_Static_assert((int)RECOVER_REPLY_LEN_MAX <= (int)QN_MESSAGE_LEN_MAX, "an answer is a message");

const struct qn_kind_info *qn_kind_find(unsigned kind)
{
    for (size_t i = 0; i < QN_ARRAY_COUNT(kinds); i++) {
        if ((unsigned)kinds[i].kind == kind) {
            return &kinds[i];
        }
    }
    return NULL;
}

void qn_frame_header_encode(uint8_t out[QN_FRAME_HEADER_LEN], const struct qn_frame_header *header)
{
    QN_ASSERT(header->len <= QN_FRAME_CHUNK_MAX);
    out[0] = (uint8_t)(header->len >> 16);
    out[1] = (uint8_t)(header->len >> 8);
    out[2] = (uint8_t)header->len;
    out[3] = header->class;
    out[4] = header->kind;
    out[5] = header->flags;
    out[6] = (uint8_t)(header->request_id >> 24);
    out[7] = (uint8_t)(header->request_id >> 16);
    out[8] = (uint8_t)(header->request_id >> 8);
    out[9] = (uint8_t)header->request_id;
}

static bool flags_fit(const struct qn_frame_header *header, const struct qn_kind_info *info)
{
    bool is_reply = (header->flags & QN_FRAME_REPLY) != 0;
    bool goes_on = (header->flags & QN_FRAME_MORE) != 0;
    return (header->flags & ~(unsigned)QN_FRAME_FLAGS) == 0 && is_reply == info->is_reply &&
           !(goes_on && header->len == 0);
}

enum qn_err qn_frame_header_decode(struct qn_frame_header *out,
                                   const uint8_t in[QN_FRAME_HEADER_LEN])
{
    struct qn_frame_header header = {
        .len = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2],
        .class = in[3],
        .kind = in[4],
        .flags = in[5],
        .request_id = (uint32_t)in[6] << 24 | (uint32_t)in[7] << 16 | (uint32_t)in[8] << 8 | in[9],
    };
    const struct qn_kind_info *info = qn_kind_find(header.kind);
    if (info == NULL || header.class != info->class || !flags_fit(&header, info) ||
        (header.request_id != 0) != (info->is_reply || info->is_request)) {
        return QN_ERR_MALFORMED;
    }
    if (header.len > QN_FRAME_CHUNK_MAX || header.len > info->len_max) {
        return QN_ERR_TOO_BIG;
    }
    *out = header;
    return QN_OK;
}
