#include "cli/testing/devnet_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qn_devnet *qn_fixture_devnet_new(void)
{
    struct qn_devnet *devnet = calloc(1, sizeof *devnet);
    QN_ASSERT(devnet != NULL);
    devnet->plan.genesis_count = QN_FIXTURE_CHILDREN;
    devnet->child_count = QN_FIXTURE_CHILDREN;
    devnet->children = calloc(QN_FIXTURE_CHILDREN, sizeof *devnet->children);
    QN_ASSERT(devnet->children != NULL);
    QN_ASSERT(pthread_mutex_init(&devnet->mutex, NULL) == 0);
    for (unsigned i = 0; i < QN_FIXTURE_CHILDREN; i++) {
        struct qn_devnet_child *child = &devnet->children[i];
        child->devnet = devnet;
        child->is_genesis = true;
        child->is_started = true;
        child->pid = 1;
        child->id.bytes[0] = (uint8_t)(i + 1);
        child->state.ready_us = (qn_time_us)10 * (i + 1);
        child->details.clock_is_common = true;
        child->details.records = calloc(QN_FIXTURE_RECORDS_MAX, sizeof *child->details.records);
        QN_ASSERT(child->details.records != NULL);
        (void)snprintf(child->name, sizeof child->name, "genesis %03u", i + 1);
    }
    return devnet;
}

void qn_fixture_devnet_free(struct qn_devnet *devnet)
{
    qn_devnet_poll_free(devnet);
    (void)pthread_mutex_destroy(&devnet->mutex);
    free(devnet->children);
    free(devnet);
}

struct qn_devnet_record *qn_fixture_learn(struct qn_devnet *devnet, size_t holder, size_t subject,
                                          uint64_t sequence, qn_time_us learned_us)
{
    struct qn_devnet_details *details = &devnet->children[holder].details;
    QN_ASSERT(details->record_count < QN_FIXTURE_RECORDS_MAX);
    struct qn_devnet_record *record = &details->records[details->record_count];
    details->record_count += 1;
    *record = (struct qn_devnet_record){devnet->children[subject].id, sequence, learned_us, true};
    return record;
}

void qn_fixture_agree(struct qn_devnet *devnet, uint64_t height)
{
    for (size_t i = 0; i < devnet->child_count; i++) {
        struct qn_devnet_state *state = &devnet->children[i].state;
        state->has_answered = true;
        state->is_answering = true;
        state->is_ready = true;
        state->is_registered = true;
        state->height = height;
        memset(state->state_root.bytes, 0x5a, sizeof state->state_root.bytes);
        for (size_t j = 0; j < devnet->child_count; j++) {
            if (j != i) {
                (void)qn_fixture_learn(devnet, i, j, 1, 100);
            }
        }
    }
}
