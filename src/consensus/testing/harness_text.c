/* Readable transcripts: time, node, event or action. */
#include "consensus/testing/harness_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX = 256, TEXT_SLOTS = 4 };

void harness_say(struct harness *h, const struct harness_node *node, const char *format, ...)
{
    char line[LINE_MAX];
    va_list args;

    if (!h->config.transcript) {
        return;
    }
    int len = snprintf(line, sizeof line, "%8llu v%d%s ", (unsigned long long)h->now,
                       node->validator, (unsigned)(node - h->nodes) < h->config.n ? " " : "'");
    va_start(args, format);
    len += vsnprintf(line + len, sizeof line - (size_t)len, format, args);
    va_end(args);
    QN_ASSERT(len > 0 && (size_t)len + 2 < sizeof line);
    if (h->text_len + sizeof line > h->text_capacity) {
        h->text_capacity = 2 * h->text_capacity + 4 * sizeof line;
        h->text = realloc(h->text, h->text_capacity);
        QN_ASSERT(h->text != NULL);
    }
    memcpy(h->text + h->text_len, line, (size_t)len);
    h->text_len += (size_t)len;
    h->text[h->text_len++] = '\n';
    h->text[h->text_len] = '\0';
}

const char *harness_transcript(const struct harness *h)
{
    return h->text != NULL ? h->text : "";
}

static void add_label(struct harness *h, const struct qn_hash *hash, const char *text)
{
    if (h->label_count == HARNESS_LABELS_MAX) {
        return;
    }
    struct harness_label *label = &h->labels[h->label_count++];
    label->hash = *hash;
    (void)snprintf(label->text, sizeof label->text, "%s", text);
}

const char *harness_label(struct harness *h, const struct qn_hash *hash)
{
    for (size_t i = 0; i < h->label_count; i++) {
        if (qn_hash_equal(&h->labels[i].hash, hash)) {
            return h->labels[i].text;
        }
    }
    return "?";
}

void harness_label_block(struct harness *h, const struct qn_block *block)
{
    char text[sizeof h->labels->text];

    if (strcmp(harness_label(h, &block->id), "?") != 0) {
        return;
    }
    (void)snprintf(text, sizeof text, "b%u", h->block_labels % 100000);
    h->block_labels += 1;
    add_label(h, &block->id, text);
}

/* So that FINALIZE, which names only p, can be read. */
static const char *label_p(struct harness *h, uint64_t view, uint64_t parent_view,
                           const struct qn_hash *block_id)
{
    struct qn_hash p = qn_proposal_digest(&h->network, 0, view, parent_view, block_id);
    char text[sizeof h->labels->text];

    (void)snprintf(text, sizeof text, "%s", harness_label(h, block_id));
    if (strcmp(harness_label(h, &p), "?") == 0) {
        add_label(h, &p, text);
    }
    return harness_label(h, block_id);
}

static void vote_text(struct harness *h, char *text, size_t size, enum qn_message_kind kind,
                      struct qn_span bytes)
{
    static const char *const names[] = {"NOTARIZE", "FINALIZE", "NULLIFY"};
    enum qn_vote_kind vote_kind = (enum qn_vote_kind)(kind - QN_NOTARIZE + QN_VOTE_NOTARIZE);
    struct qn_vote vote;

    if (qn_vote_decode(&vote, vote_kind, bytes) != QN_OK) {
        (void)snprintf(text, size, "broken %s", names[vote_kind - 1]);
        return;
    }
    const char *block = vote_kind == QN_VOTE_NULLIFY ? NULL
                        : vote_kind == QN_VOTE_FINALIZE
                            ? harness_label(h, &vote.p)
                            : label_p(h, vote.view, vote.parent_view, &vote.block_id);
    (void)snprintf(text, size, "%s view=%llu%s%s", names[vote_kind - 1],
                   (unsigned long long)vote.view, block != NULL ? " block=" : "",
                   block != NULL ? block : "");
}

static void cert_text(struct harness *h, char *text, size_t size, struct qn_span bytes)
{
    static const char *const names[] = {"notarization", "finalization", "nullification"};
    struct qn_cert cert;

    if (qn_cert_decode(&cert, bytes) != QN_OK) {
        (void)snprintf(text, size, "broken CERT");
    } else if (cert.kind == QN_VOTE_NULLIFY) {
        (void)snprintf(text, size, "CERT %s view=%llu", names[cert.kind - 1],
                       (unsigned long long)cert.view);
    } else {
        (void)snprintf(text, size, "CERT %s view=%llu block=%s", names[cert.kind - 1],
                       (unsigned long long)cert.view, harness_label(h, &cert.block_id));
    }
}

static void propose_text(struct harness *h, char *text, size_t size, struct qn_span bytes)
{
    struct qn_propose propose;
    struct qn_block *block = NULL;

    if (qn_propose_decode(&propose, bytes) != QN_OK ||
        qn_block_decode(&block, propose.block) != QN_OK) {
        (void)snprintf(text, size, "broken PROPOSE");
        return;
    }
    harness_label_block(h, block);
    (void)snprintf(text, size, "PROPOSE view=%llu parent=%llu block=%s txs=%zu",
                   (unsigned long long)propose.view, (unsigned long long)propose.parent_view,
                   label_p(h, propose.view, propose.parent_view, &block->id), block->tx_count);
    qn_block_drop(block);
}

static void sync_text(char *text, size_t size, enum qn_message_kind kind, struct qn_span bytes)
{
    struct qn_status status;
    struct qn_consensus_request request;
    struct qn_recover recover;
    struct qn_recover_reply reply;

    if (kind == QN_RECOVER && qn_recover_decode(&recover, bytes) == QN_OK) {
        (void)snprintf(text, size, "RECOVER");
    } else if (kind == QN_RECOVER_REPLY && qn_recover_reply_decode(&reply, bytes) == QN_OK) {
        static const char *const states[] = {"", "normal", "intact", "lost"};
        (void)snprintf(text, size, "RECOVER_REPLY %s view=%llu%s%s%s", states[reply.state],
                       (unsigned long long)reply.view, reply.cert.len > 0 ? " proved" : "",
                       reply.vote_kind != 0 ? " with a vote" : "",
                       reply.asked_before ? " asked before" : "");
    } else if (kind == QN_STATUS && qn_status_decode(&status, bytes) == QN_OK) {
        (void)snprintf(text, size, "STATUS view=%llu height=%llu", (unsigned long long)status.view,
                       (unsigned long long)status.final_height);
    } else if (kind == QN_CONSENSUS_REQUEST &&
               qn_consensus_request_decode(&request, bytes) == QN_OK) {
        (void)snprintf(text, size, "REQUEST %s=%llu",
                       request.want == QN_WANT_VIEW ? "view" : "height",
                       (unsigned long long)request.number);
    } else {
        (void)snprintf(text, size, "broken message");
    }
}

const char *harness_message_text(struct harness *h, enum qn_message_kind kind,
                                 const struct qn_buf *bytes)
{
    static char texts[TEXT_SLOTS][LINE_MAX / 2];
    static unsigned next;
    char *text = texts[next++ % TEXT_SLOTS];
    struct qn_span span = qn_buf_span(bytes);

    if (kind == QN_PROPOSE) {
        propose_text(h, text, sizeof texts[0], span);
    } else if (kind == QN_NOTARIZE || kind == QN_FINALIZE || kind == QN_NULLIFY) {
        vote_text(h, text, sizeof texts[0], kind, span);
    } else if (kind == QN_CERT) {
        cert_text(h, text, sizeof texts[0], span);
    } else {
        sync_text(text, sizeof texts[0], kind, span);
    }
    return text;
}
