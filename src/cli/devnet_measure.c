#include "cli/devnet_report.h"

#include <stdlib.h>

/* The record of this id that a child holds, or NULL. */
static const struct qn_devnet_record *find_record(const struct qn_devnet_child *child,
                                                  const struct qn_node_id *id)
{
    size_t low = 0;
    size_t high = child->details.record_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct qn_devnet_record *record = &child->details.records[middle];
        int order = qn_node_id_compare(&record->id, id);
        if (order == 0) {
            return record;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return NULL;
}

/* How long one record took from the first node that learned it to the last. */
struct spread {
    uint64_t sequence;
    qn_time_us first_us;
    qn_time_us last_us;
    unsigned holders;
};

/* The newest version of the record that anybody holds, and when the first of them learned it. */
static void find_version(struct spread *spread, const struct qn_devnet *devnet,
                         const struct qn_devnet_child *subject)
{
    *spread = (struct spread){0};
    for (size_t i = 0; i < devnet->child_count; i++) {
        const struct qn_devnet_record *record = find_record(&devnet->children[i], &subject->id);
        if (record == NULL || !record->is_held || record->sequence < spread->sequence) {
            continue;
        }
        if (record->sequence > spread->sequence || record->learned_us < spread->first_us) {
            spread->first_us = record->learned_us;
        }
        spread->sequence = record->sequence;
    }
}

/* Was this node a full member of the network when the record came up? Whoever came later learned it
 * by joining, which says nothing about announcements. */
static bool is_audience(const struct qn_devnet_child *child, const struct qn_devnet_child *subject,
                        const struct spread *spread)
{
    return child != subject && !child->has_ended && child->state.ready_us != 0 &&
           child->state.ready_us <= spread->first_us;
}

/* True if all of the audience that keep it, two at least, hold the newest version. */
static bool measure_subject(struct spread *spread, const struct qn_devnet *devnet,
                            const struct qn_devnet_child *subject)
{
    find_version(spread, devnet, subject);
    spread->last_us = spread->first_us;
    for (size_t i = 0; i < devnet->child_count; i++) {
        const struct qn_devnet_child *child = &devnet->children[i];
        if (!is_audience(child, subject, spread)) {
            continue;
        }
        const struct qn_devnet_record *record = find_record(child, &subject->id);
        bool has_no_place = record == NULL && child->details.region_is_full[subject->region];
        if (has_no_place) {
            continue; /* it passed the record on and did not keep it */
        }
        if (record == NULL || !record->is_held || record->sequence != spread->sequence ||
            !child->details.clock_is_common) {
            return false;
        }
        spread->last_us =
            record->learned_us > spread->last_us ? record->learned_us : spread->last_us;
        spread->holders += 1;
    }
    return spread->holders > 1;
}

void qn_devnet_measure_announces(struct qn_devnet *devnet)
{
    (void)pthread_mutex_lock(&devnet->mutex);
    for (size_t i = 0; i < devnet->child_count; i++) {
        struct spread spread;
        struct qn_devnet_child *subject = &devnet->children[i];
        if (measure_subject(&spread, devnet, subject) &&
            spread.sequence > subject->announced_sequence) {
            uint64_t us = spread.last_us - spread.first_us;
            subject->announced_sequence = spread.sequence;
            devnet->announces_us[devnet->announce_count % QN_DEVNET_ANNOUNCES_MAX] =
                us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
            devnet->announce_count += 1;
        }
    }
    (void)pthread_mutex_unlock(&devnet->mutex);
}

/* All samples of one timing, over all children; heap, the caller's. */
static uint32_t *merge_samples(struct qn_devnet *devnet, enum qn_node_timing timing, size_t *count)
{
    size_t total = 0;
    (void)pthread_mutex_lock(&devnet->mutex);
    for (size_t i = 0; i < devnet->child_count; i++) {
        total += devnet->children[i].details.sample_counts[timing];
    }
    uint32_t *values = calloc(total + 1, sizeof *values);
    QN_ASSERT(values != NULL);
    *count = 0;
    for (size_t i = 0; i < devnet->child_count; i++) {
        const struct qn_devnet_details *details = &devnet->children[i].details;
        for (size_t j = 0; j < details->sample_counts[timing]; j++) {
            values[*count] = details->samples[timing][j];
            *count += 1;
        }
    }
    (void)pthread_mutex_unlock(&devnet->mutex);
    return values;
}

static uint32_t *copy_announces(const struct qn_devnet *devnet, size_t *count)
{
    *count = devnet->announce_count < QN_DEVNET_ANNOUNCES_MAX ? devnet->announce_count
                                                              : QN_DEVNET_ANNOUNCES_MAX;
    uint32_t *values = calloc(*count + 1, sizeof *values);
    QN_ASSERT(values != NULL);
    for (size_t i = 0; i < *count; i++) {
        values[i] = devnet->announces_us[i];
    }
    return values;
}

struct qn_devnet_quantiles qn_devnet_measured(struct qn_devnet *devnet,
                                              enum qn_devnet_measure measure)
{
    static const enum qn_node_timing timings[QN_DEVNET_MEASURE_COUNT] = {
        [QN_DEVNET_VERIFY] = QN_TIMING_VERIFY,
        [QN_DEVNET_HANDSHAKE] = QN_TIMING_HANDSHAKE,
        [QN_DEVNET_HANDSHAKE_CPU] = QN_TIMING_HANDSHAKE_CPU,
        [QN_DEVNET_REGISTER] = QN_TIMING_REGISTER,
    };
    size_t count;
    uint32_t *values = measure == QN_DEVNET_ANNOUNCE
                           ? copy_announces(devnet, &count)
                           : merge_samples(devnet, timings[measure], &count);
    struct qn_devnet_quantiles result = {.count = count};
    result.p50_us = qn_quantile(values, count, 500);
    result.p99_us = qn_quantile(values, count, 990);
    free(values);
    return result;
}

const char *qn_devnet_measure_label(enum qn_devnet_measure measure)
{
    switch (measure) {
    case QN_DEVNET_VERIFY:
        return "peer verification";
    case QN_DEVNET_HANDSHAKE:
        return "handshake";
    case QN_DEVNET_HANDSHAKE_CPU:
        return "handshake, CPU of one side";
    case QN_DEVNET_REGISTER:
        return "registration, submit to final";
    case QN_DEVNET_ANNOUNCE:
        return "announcement to the last node";
    case QN_DEVNET_MEASURE_COUNT:
        break;
    }
    return "unknown";
}
