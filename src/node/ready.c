/* Readiness: what is missing, said precisely, instead of a fixed wait. */
#include "node/parts.h"

#include <stdarg.h>
#include <stdio.h>

struct lines {
    struct qn_ready_line *items;
    size_t count;
};

static void add(struct lines *lines, const char *name, const char *format, ...) QN_PRINTF(3, 4);

static void add(struct lines *lines, const char *name, const char *format, ...)
{
    QN_ASSERT(lines->count < QN_READY_LINES_MAX);
    struct qn_ready_line *line = &lines->items[lines->count];
    va_list args;
    snprintf(line->name, sizeof line->name, "%s", name);
    va_start(args, format);
    vsnprintf(line->text, sizeof line->text, format, args);
    va_end(args);
    lines->count += 1;
}

/* Votes before the start must never meet others for the same view (docs/consensus.md, restarts). */
static void look_at_memory(const struct qn_consensus_info *info, struct lines *lines)
{
    if (info->lost > qn_fault_limit(info->validator_count)) {
        add(lines, "memory_lost",
            "%u validators lost their memory of own votes, which is more than the %u that this "
            "committee bears: it must stand until %u of the others are back with theirs",
            info->lost, qn_fault_limit(info->validator_count), info->answers_needed);
        return;
    }
    add(lines, "join",
        "this validator does not vote yet: %u of %u others needed have said where they are",
        info->answers, info->answers_needed);
}

static void look_at_committee(const struct qn_node *node, struct lines *lines)
{
    struct qn_consensus_info info;
    unsigned live = qn_node_validators_live(node);
    if (node->consensus == NULL) {
        return;
    }
    qn_consensus_info(node->consensus, &info);
    if (!info.started) {
        add(lines, "start_gate",
            "block production has not begun: %u of %u genesis nodes linked, %u needed", live,
            info.validator_count, qn_node_gate_needed(node));
    } else if (info.joining) {
        look_at_memory(&info, lines);
    } else if (info.view <= info.ceiling) {
        add(lines, "join",
            "this validator does not vote yet: its earlier votes may be in views up to %llu, and "
            "the "
            "others are in %llu",
            (unsigned long long)info.ceiling, (unsigned long long)info.view);
    } else if (live < info.quorum) {
        add(lines, "quorum", "consensus halted: %u of %u validators live, %u needed", live,
            info.validator_count, info.quorum);
    }
}

/* An idle network makes a heartbeat block in each interval: three without one mean that it stands. */
static void look_at_head(const struct qn_node *node, struct lines *lines, qn_unix_ms unix_ms)
{
    const struct qn_header *head = qn_ledger_head(node->ledger);
    uint64_t target = qn_follower_target(node->follower);
    if (target > head->height + 1) {
        add(lines, "sync", "at height %llu, peers are at %llu", (unsigned long long)head->height,
            (unsigned long long)target);
    }
    uint64_t stale_ms = 3 * node->config.heartbeat / 1000;
    if (head->height == 0) {
        if (node->consensus == NULL) {
            add(lines, "head", "no block yet");
        }
    } else if (unix_ms > head->time_ms && unix_ms - head->time_ms > stale_ms) {
        add(lines, "head", "no block for %llu s, one is due every %llu s",
            (unsigned long long)((unix_ms - head->time_ms) / 1000),
            (unsigned long long)(node->config.heartbeat / 1000000));
    }
}

/* Who knows all peers from one source knows what that source wants. A validator whose committee is linked has
 * them by their keys. */
static void look_at_sources(const struct qn_node *node, struct lines *lines)
{
    size_t origins = qn_peering_origins(node->peering);
    size_t needed = qn_peering_origins_needed(node->peering);
    if (qn_node_live_count(node) > 0 && origins < needed) {
        add(lines, "sources",
            "peers from %zu of %zu independent sources: add QNET_FALLBACK_PEERS or QNET_DNS_SEEDS "
            "if this stays",
            origins, needed);
    }
}

static void look_at_registration(const struct qn_node *node, struct lines *lines)
{
    if (node->registration.state == QN_REGISTRATION_REFUSED) {
        add(lines, "registration", "refused: %.180s", node->registration.refusal);
    } else if (node->registration.state == QN_REGISTRATION_SEARCHING) {
        add(lines, "registration",
            "looking for a ticket of work: %llu tries so far, %llu needed on average",
            (unsigned long long)node->registration.tries,
            1ULL << node->genesis->parameters.work.bits);
    } else if (!qn_node_is_registered(node, NULL)) {
        add(lines, "registration", "%s",
            node->config.auto_register ? "the registry does not hold this node yet"
                                       : "the registry does not hold this node; see qnet register");
    }
}

size_t qn_node_missing(const struct qn_node *node, struct qn_ready_line lines[QN_READY_LINES_MAX],
                       qn_time_us now, qn_unix_ms unix_ms)
{
    struct lines out = {.items = lines};
    (void)now;
    if (qn_node_halted(node) != NULL) {
        add(&out, "halted", "%s", qn_node_halted(node));
    }
    if (node->shutting_down) {
        add(&out, "shutdown", "the node is stopping");
    }
    if (qn_node_live_count(node) == 0) {
        add(&out, "links", "no link to any peer");
    }
    look_at_sources(node, &out);
    look_at_committee(node, &out);
    look_at_head(node, &out, unix_ms);
    look_at_registration(node, &out);
    return out.count;
}
