/* Serves blocks. Of old ones few have certificates, so what proves a reply may stand above it: then
 * the headers up to there follow. */
#include "node/parts.h"

#include <stdlib.h>

enum { ITEM_OVERHEAD_LEN_MAX = 16, REPLY_OVERHEAD_LEN_MAX = 4096 };

struct answer {
    struct qn_blocks reply;
    size_t bytes;
    size_t bytes_max;
    struct qn_buf *blocks[QN_BLOCKS_PER_REPLY_MAX];
    struct qn_buf *certs[QN_BLOCKS_PER_REPLY_MAX];
    struct qn_buf *headers[QN_PATH_HEADERS_MAX];
    struct qn_buf *path_cert;
};

static size_t item_len(const struct answer *answer, size_t i)
{
    return answer->blocks[i]->len + (answer->certs[i] != NULL ? answer->certs[i]->len : 0) +
           ITEM_OVERHEAD_LEN_MAX;
}

static void cut(struct answer *answer, size_t count)
{
    while (answer->reply.count > count) {
        answer->reply.count -= 1;
        answer->bytes -= item_len(answer, answer->reply.count);
        qn_buf_drop(answer->blocks[answer->reply.count]);
        qn_buf_drop(answer->certs[answer->reply.count]);
    }
}

/* Consecutive blocks within the credit, to the end of their epoch at most. */
static void collect(const struct qn_node *node, struct answer *answer,
                    const struct qn_get_blocks *request)
{
    size_t count = 0;
    while (count < request->count_max &&
           qn_ledger_block(node->ledger, &answer->blocks[count], &answer->certs[count],
                           request->from_height + count) == QN_OK) {
        answer->bytes += item_len(answer, count);
        count += 1;
        answer->reply.count = count;
        if (answer->bytes > answer->bytes_max) {
            cut(answer, count - 1);
            return;
        }
        struct qn_block *block = NULL;
        enum qn_err err = qn_block_decode(&block, qn_buf_span(answer->blocks[count - 1]));
        bool is_end = err != QN_OK || (block->header.flags & QN_HEADER_EPOCH_END) != 0;
        qn_block_drop(block);
        if (is_end) {
            return;
        }
    }
}

static void drop_path(struct answer *answer)
{
    for (size_t i = 0; i < answer->reply.header_count; i++) {
        answer->bytes -= answer->headers[i]->len;
        qn_buf_drop(answer->headers[i]);
    }
    answer->reply.header_count = 0;
}

/* The headers above the last block, up to one with a certificate. False: that does not fit, or there is
 * none. */
static bool add_path(const struct qn_node *node, struct answer *answer, uint64_t height)
{
    while (answer->path_cert == NULL) {
        struct qn_buf *header = NULL;
        size_t count = answer->reply.header_count;
        if (count == QN_PATH_HEADERS_MAX || answer->bytes > answer->bytes_max ||
            !qn_ledger_header_at(node->ledger, &header, &answer->path_cert, height + 1 + count)) {
            drop_path(answer);
            return false;
        }
        answer->headers[count] = header;
        answer->reply.headers[count] = qn_buf_span(header);
        answer->reply.header_count = count + 1;
        answer->bytes += header->len;
    }
    if (answer->bytes + answer->path_cert->len > answer->bytes_max) {
        drop_path(answer);
        qn_buf_drop(answer->path_cert);
        answer->path_cert = NULL;
        return false;
    }
    answer->reply.cert = qn_buf_span(answer->path_cert);
    return true;
}

static size_t proved_count(const struct answer *answer)
{
    size_t count = answer->reply.count;
    while (count > 0 && answer->certs[count - 1] == NULL) {
        count -= 1;
    }
    return count;
}

/* Makes the reply's last block one that is proved: as it is, by a path, or by leaving out the rest. */
static void prove(const struct qn_node *node, struct answer *answer, uint64_t from_height)
{
    size_t proved = proved_count(answer);
    if (proved == answer->reply.count ||
        add_path(node, answer, from_height + answer->reply.count - 1)) {
        return;
    }
    if (proved > 0) {
        cut(answer, proved);
        return;
    }
    while (answer->reply.count > 1 && answer->bytes > answer->bytes_max / 4) {
        cut(answer, answer->reply.count - 1);
    }
    if (!add_path(node, answer, from_height + answer->reply.count - 1)) {
        cut(answer, 0);
    }
}

static void send(struct qn_node *node, struct qn_link *link, uint32_t request_id,
                 struct answer *answer)
{
    struct qn_buf *encoded = NULL;
    for (size_t i = 0; i < answer->reply.count; i++) {
        answer->reply.items[i].block = qn_buf_span(answer->blocks[i]);
        if (answer->certs[i] != NULL) {
            answer->reply.items[i].cert = qn_buf_span(answer->certs[i]);
        }
    }
    enum qn_err err = qn_blocks_encode(&encoded, &answer->reply);
    QN_ASSERT(err == QN_OK); /* within bytes_max */
    qn_node_send(node, link, QN_BLOCKS, request_id, encoded);
    drop_path(answer);
    qn_buf_drop(answer->path_cert);
    cut(answer, 0);
}

void qn_node_on_get_blocks(struct qn_node *node, struct qn_link *link, uint32_t request_id,
                           struct qn_span bytes)
{
    struct qn_get_blocks request;
    if (qn_get_blocks_decode(&request, bytes) != QN_OK || request.from_height == 0) {
        qn_node_blame(node, link, QN_FAULT_MALFORMED, "get_blocks");
        return;
    }
    struct answer *answer = calloc(1, sizeof *answer);
    QN_ASSERT(answer != NULL);
    answer->bytes_max = QN_MESSAGE_LEN_MAX - REPLY_OVERHEAD_LEN_MAX;
    if (request.bytes_max < answer->bytes_max) {
        answer->bytes_max = request.bytes_max;
    }
    collect(node, answer, &request);
    if (answer->reply.count > 0) {
        prove(node, answer, request.from_height);
    }
    send(node, link, request_id, answer);
    free(answer);
}
