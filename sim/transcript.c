/* What happened, as a hash that two builds can compare and as lines that a person can read. */
#include "sim/sim.h"
#include "wire/vote.h"

#include <stdarg.h>

static void mix(struct qn_sim *sim, uint64_t word)
{
    uint64_t hash = (sim->trace ^ word) * 0x9e3779b97f4a7c15U;

    sim->trace = hash ^ hash >> 29;
}

static void mix_bytes(struct qn_sim *sim, struct qn_span bytes)
{
    size_t at = 0;

    mix(sim, bytes.len);
    for (; at + 8 <= bytes.len; at += 8) {
        uint64_t word = 0;
        for (unsigned i = 0; i < 8; i++) { /* one load where that is the byte order */
            word |= (uint64_t)bytes.at[at + i] << (8 * i);
        }
        mix(sim, word);
    }
    for (; at < bytes.len; at++) {
        mix(sim, bytes.at[at]);
    }
}

static void begin(struct qn_sim *sim, const struct qn_sim_host *host, unsigned kind, uint64_t what)
{
    mix(sim, sim->now);
    mix(sim, (uint64_t)host->index << 32 | kind);
    mix(sim, what);
}

static void begin_line(struct qn_sim *sim, const struct qn_sim_host *host)
{
    (void)fprintf(sim->trace_file, "%5llu.%06llu %2zu%s ", (unsigned long long)(sim->now / 1000000),
                  (unsigned long long)(sim->now % 1000000), host->index,
                  host->is_second ? "'" : " ");
}

void qn_sim_say(struct qn_sim *sim, const struct qn_sim_host *host, const char *format, ...)
{
    va_list args;

    if (sim->trace_file == NULL) {
        return;
    }
    begin_line(sim, host);
    (void)fputs("** ", sim->trace_file);
    va_start(args, format);
    (void)vfprintf(sim->trace_file, format, args);
    va_end(args);
    (void)fputc('\n', sim->trace_file);
}

static int other_of(struct qn_sim *sim, const struct qn_sim_host *host, qn_link_id link)
{
    const struct qn_sim_host *other = qn_sim_link_other(sim, host, link);

    return other != NULL ? (int)other->index : -1;
}

/* Which view a message of consensus is about; empty for others. */
static const char *subject(char text[64], enum qn_message_kind kind, struct qn_span bytes)
{
    struct qn_vote vote;
    struct qn_cert cert;
    struct qn_propose propose;

    text[0] = '\0';
    if (kind >= QN_NOTARIZE && kind <= QN_NULLIFY) {
        enum qn_vote_kind vote_kind = (enum qn_vote_kind)(kind - QN_NOTARIZE + QN_VOTE_NOTARIZE);
        if (qn_vote_decode(&vote, vote_kind, bytes) == QN_OK) {
            (void)snprintf(text, 64, " epoch=%llu view=%llu", (unsigned long long)vote.epoch,
                           (unsigned long long)vote.view);
        }
    } else if (kind == QN_PROPOSE && qn_propose_decode(&propose, bytes) == QN_OK) {
        (void)snprintf(text, 64, " epoch=%llu view=%llu parent_view=%llu",
                       (unsigned long long)propose.epoch, (unsigned long long)propose.view,
                       (unsigned long long)propose.parent_view);
    } else if (kind == QN_CERT && qn_cert_decode(&cert, bytes) == QN_OK) {
        static const char *const names[] = {"notarization", "finalization", "nullification"};
        (void)snprintf(text, 64, " %s epoch=%llu view=%llu", names[cert.kind - QN_VOTE_NOTARIZE],
                       (unsigned long long)cert.epoch, (unsigned long long)cert.view);
    }
    return text;
}

static void event_line(struct qn_sim *sim, const struct qn_sim_host *host,
                       const struct qn_event *event)
{
    char text[64];

    if (event->kind == QN_EVENT_TICK || event->kind == QN_EVENT_LOAD ||
        event->kind == QN_EVENT_VERIFIED) {
        return; /* too many of them to read */
    }
    begin_line(sim, host);
    switch (event->kind) {
    case QN_EVENT_INBOUND:
        (void)fprintf(sim->trace_file, "<- INBOUND %d link=%llu",
                      other_of(sim, host, event->inbound.link),
                      (unsigned long long)event->inbound.link);
        break;
    case QN_EVENT_LINK_UP:
        (void)fprintf(sim->trace_file, "<- LINK_UP %d link=%llu",
                      other_of(sim, host, event->link_up.link),
                      (unsigned long long)event->link_up.link);
        break;
    case QN_EVENT_LINK_DOWN:
        (void)fprintf(sim->trace_file, "<- LINK_DOWN %d link=%llu %s",
                      other_of(sim, host, event->link_down.link),
                      (unsigned long long)event->link_down.link,
                      qn_close_reason_name(event->link_down.reason));
        break;
    case QN_EVENT_FRAME:
        (void)fprintf(sim->trace_file, "<- %2d %s%s", other_of(sim, host, event->frame.link),
                      qn_kind_find(event->frame.message.kind)->name,
                      subject(text, event->frame.message.kind, event->frame.message.bytes));
        break;
    case QN_EVENT_DIAL_FAILED:
        (void)fprintf(sim->trace_file, "<- DIAL_FAILED %s",
                      qn_close_reason_name(event->dial_failed.reason));
        break;
    case QN_EVENT_SIGNED:
        (void)fprintf(sim->trace_file, "<- SIGNED");
        break;
    case QN_EVENT_PERSISTED:
        (void)fprintf(sim->trace_file, "<- PERSISTED");
        break;
    case QN_EVENT_REQUEST:
        (void)fprintf(sim->trace_file, "<- REQUEST token=%llu",
                      (unsigned long long)event->request.token);
        break;
    case QN_EVENT_TICK:
    case QN_EVENT_LOAD:
    case QN_EVENT_VERIFIED:
    case QN_EVENT_FOUND:
    case QN_EVENT_MAPPED:
    case QN_EVENT_SHUTDOWN:
    case QN_EVENT_NEIGHBOUR:
        break;
    }
    (void)fputc('\n', sim->trace_file);
}

void qn_sim_trace_event(struct qn_sim *sim, const struct qn_sim_host *host,
                        const struct qn_event *event)
{
    begin(sim, host, (unsigned)event->kind, event->now);
    switch (event->kind) {
    case QN_EVENT_INBOUND:
        mix(sim, event->inbound.link);
        break;
    case QN_EVENT_LINK_UP:
        mix(sim, event->link_up.link);
        break;
    case QN_EVENT_LINK_DOWN:
        mix(sim, event->link_down.link << 8 | (unsigned)event->link_down.reason);
        break;
    case QN_EVENT_FRAME:
        mix(sim, event->frame.link << 8 | (unsigned)event->frame.message.kind);
        mix_bytes(sim, event->frame.message.bytes);
        break;
    case QN_EVENT_REQUEST:
        mix_bytes(sim, event->request.bytes);
        break;
    case QN_EVENT_SIGNED:
        mix(sim, event->signed_.cookie);
        break;
    case QN_EVENT_PERSISTED:
        mix(sim, event->persisted.cookie);
        break;
    case QN_EVENT_VERIFIED:
        mix(sim, event->verified.job->ok);
        break;
    case QN_EVENT_TICK:
    case QN_EVENT_LOAD:
    case QN_EVENT_DIAL_FAILED:
    case QN_EVENT_FOUND:
    case QN_EVENT_MAPPED:
    case QN_EVENT_SHUTDOWN:
    case QN_EVENT_NEIGHBOUR:
        break;
    }
    if (sim->trace_file != NULL) {
        event_line(sim, host, event);
    }
}

static void action_line(struct qn_sim *sim, const struct qn_sim_host *host,
                        const struct qn_action *action)
{
    char text[64];

    switch (action->kind) {
    case QN_ACTION_SEND:
        begin_line(sim, host);
        (void)fprintf(sim->trace_file, "-> %2d %s%s\n", other_of(sim, host, action->send.link),
                      qn_kind_find(action->send.kind)->name,
                      subject(text, action->send.kind, qn_buf_span(action->send.bytes)));
        break;
    case QN_ACTION_CLOSE:
        begin_line(sim, host);
        (void)fprintf(
            sim->trace_file, "-> CLOSE %d link=%llu %s\n", other_of(sim, host, action->close.link),
            (unsigned long long)action->close.link, qn_close_reason_name(action->close.reason));
        break;
    case QN_ACTION_SIGN:
        begin_line(sim, host);
        (void)fprintf(sim->trace_file, "-> SIGN %s\n", qn_sign_kind_context(action->sign.kind));
        break;
    case QN_ACTION_PERSIST:
        begin_line(sim, host);
        (void)fprintf(sim->trace_file, "-> PERSIST %zu writes\n",
                      qn_batch_count(action->persist.batch));
        break;
    case QN_ACTION_REPLY:
        begin_line(sim, host);
        (void)fprintf(sim->trace_file, "-> REPLY token=%llu %s height=%llu %s\n",
                      (unsigned long long)action->reply.token,
                      qn_err_text(action->reply.result.code),
                      (unsigned long long)action->reply.result.height, action->reply.result.text);
        break;
    case QN_ACTION_HALT:
        begin_line(sim, host);
        (void)fprintf(sim->trace_file, "-> HALT %s\n", action->halt.text);
        break;
    case QN_ACTION_DIAL:
    case QN_ACTION_VERIFY:
    case QN_ACTION_LOOKUP:
    case QN_ACTION_ASK_NEIGHBOURS:
    case QN_ACTION_REMEMBER:
        break;
    }
}

void qn_sim_trace_action(struct qn_sim *sim, const struct qn_sim_host *host,
                         const struct qn_action *action)
{
    begin(sim, host, 64U + (unsigned)action->kind, 0);
    switch (action->kind) {
    case QN_ACTION_SEND:
        mix(sim, action->send.link << 8 | (unsigned)action->send.kind);
        mix_bytes(sim, qn_buf_span(action->send.bytes));
        break;
    case QN_ACTION_CLOSE:
        mix(sim, action->close.link << 8 | (unsigned)action->close.reason);
        break;
    case QN_ACTION_SIGN:
        mix_bytes(sim, (struct qn_span){action->sign.digest.bytes, QN_HASH_LEN});
        break;
    case QN_ACTION_VERIFY:
        mix_bytes(sim, (struct qn_span){action->verify.job->digest.bytes, QN_HASH_LEN});
        break;
    case QN_ACTION_PERSIST:
        mix(sim, qn_batch_count(action->persist.batch));
        break;
    case QN_ACTION_REPLY:
        mix(sim, action->reply.token);
        mix(sim, (uint64_t)(int64_t)action->reply.result.code);
        break;
    case QN_ACTION_DIAL:
        mix(sim, action->dial.dial);
        break;
    case QN_ACTION_LOOKUP:
        mix(sim, action->lookup.seed);
        break;
    case QN_ACTION_REMEMBER:
        mix(sim, action->remember.link);
        break;
    case QN_ACTION_HALT:
        mix(sim, (uint64_t)(int64_t)action->halt.err);
        break;
    case QN_ACTION_ASK_NEIGHBOURS:
        break;
    }
    if (sim->trace_file != NULL) {
        action_line(sim, host, action);
    }
}
