#include "sim/checker.h"

#include "node/state.h"
#include "sim/checker_state.h"

#include <stdlib.h>

/* Far above what any run needs: to catch what grows. */
enum { ACTIONS_MAX = 4096, REQUESTS_PER_SECOND_MAX = 4000, QUEUE_MAX = 400000 };

struct qn_sim_checker *qn_sim_checker_new(struct qn_sim *sim)
{
    struct qn_sim_checker *checker = calloc(1, sizeof *checker);

    QN_ASSERT(checker != NULL);
    qn_storage_memory_open(&checker->reference_storage);
    enum qn_err err = qn_ledger_new(&checker->reference, qn_sim_genesis(sim->plan.n),
                                    &checker->reference_storage);
    QN_ASSERT(err == QN_OK);
    err = qn_ledger_validators_at(checker->reference, 0, &checker->committees[0], NULL);
    QN_ASSERT(err == QN_OK);
    qn_map_init(&checker->view_index, QN_SIM_VOTE_VIEWS_MAX, 1, 2);
    return checker;
}

void qn_sim_checker_free(struct qn_sim_checker *checker)
{
    for (uint64_t height = 0; height <= checker->height; height++) {
        qn_buf_drop(checker->blocks[height]);
    }
    for (size_t i = 0; i < checker->view_count; i++) {
        free(checker->views[i]);
    }
    for (uint64_t epoch = 0; epoch <= checker->epoch; epoch++) {
        qn_validator_set_fini(&checker->committees[epoch]);
    }
    qn_map_fini(&checker->view_index);
    qn_ledger_free(checker->reference);
    checker->reference_storage.close(checker->reference_storage.context);
    free(checker);
}

uint64_t qn_sim_chain_height(const struct qn_sim *sim)
{
    return sim->checker->height;
}

void qn_sim_check_started(struct qn_sim *sim, struct qn_sim_host *host)
{
    uint64_t height = qn_ledger_height(qn_node_ledger(host->node));

    if (!host->disk.damaged && sim->plan.durable && height + 64 < host->height_seen) {
        qn_sim_fail(sim, "durable_blocks_stay",
                    "host %zu was at height %llu and comes back at %llu", host->index,
                    (unsigned long long)host->height_seen, (unsigned long long)height);
    }
    /* All it has is looked at again; what a disk that lied has, only if it is made anew. */
    host->height_seen = host->lied ? height : 0;
    host->view_seen = 0;
    host->epoch_seen = 0;
    qn_sim_check_chain(sim, host);
}

static void check_bounds(struct qn_sim *sim, const struct qn_sim_host *host, size_t action_count)
{
    if (action_count > ACTIONS_MAX) {
        qn_sim_fail(sim, "bounded_actions", "host %zu asked for %zu actions at once", host->index,
                    action_count);
    }
    if (sim->queue.count > QUEUE_MAX) {
        qn_sim_fail(sim, "bounded_messages", "%zu events wait", sim->queue.count);
    }
}

static void check_view(struct qn_sim *sim, struct qn_sim_host *host)
{
    struct qn_consensus_info info;

    if (host->node->consensus == NULL) {
        return;
    }
    qn_consensus_info(host->node->consensus, &info);
    if (info.epoch < host->epoch_seen ||
        (info.epoch == host->epoch_seen && info.view < host->view_seen)) {
        qn_sim_fail(sim, "views_never_go_back",
                    "host %zu went from view %llu of epoch %llu to view %llu of epoch %llu",
                    host->index, (unsigned long long)host->view_seen,
                    (unsigned long long)host->epoch_seen, (unsigned long long)info.view,
                    (unsigned long long)info.epoch);
    }
    host->epoch_seen = info.epoch;
    host->view_seen = info.view;
}

void qn_sim_check_stepped(struct qn_sim *sim, struct qn_sim_host *host, size_t action_count)
{
    check_bounds(sim, host, action_count);
    const char *broken = qn_peering_invariant(qn_node_peering(host->node));
    if (broken != NULL) {
        qn_sim_fail(sim, "peering", "host %zu: %s", host->index, broken);
    }
    if (!qn_sim_host_is_honest(host)) {
        return;
    }
    check_view(sim, host);
    qn_sim_check_chain(sim, host);
}

static void check_request_rate(struct qn_sim *sim, struct qn_sim_host *host)
{
    if (sim->now - host->requests_second >= QN_SECONDS(1)) {
        host->requests_second = sim->now;
        host->requests_sent = 0;
    }
    host->requests_sent += 1;
    if (host->requests_sent > REQUESTS_PER_SECOND_MAX) {
        qn_sim_fail(sim, "bounded_requests", "host %zu sends more than %d requests in a second",
                    host->index, REQUESTS_PER_SECOND_MAX);
    }
}

void qn_sim_check_send(struct qn_sim *sim, struct qn_sim_host *host, qn_link_id link,
                       enum qn_message_kind kind, const struct qn_buf *bytes)
{
    struct qn_sim_vote vote;
    struct qn_cert cert;

    (void)link;
    if (kind == QN_CONSENSUS_REQUEST) {
        check_request_rate(sim, host);
    } else if (kind == QN_CERT && !host->lied) { /* what it stored is sent as it is read */
        const char *problem = qn_sim_cert_problem(sim, &cert, qn_buf_span(bytes));
        if (problem != NULL) {
            qn_sim_fail(sim, "certificates_verify", "host %zu sends a certificate of view %llu: %s",
                        host->index, (unsigned long long)cert.view, problem);
        }
    } else if (qn_sim_vote_of(sim, host, &vote, kind, qn_buf_span(bytes))) {
        qn_sim_check_vote(sim, host, &vote);
        qn_sim_count_vote(sim, host, &vote);
    }
}

void qn_sim_check_heard(struct qn_sim *sim, enum qn_message_kind kind, struct qn_span bytes,
                        const struct qn_sim_host *host)
{
    struct qn_sim_vote vote;

    if (qn_sim_vote_of(sim, host, &vote, kind, bytes)) {
        qn_sim_count_vote(sim, host, &vote);
    }
}

void qn_sim_check_acknowledged(struct qn_sim *sim, const struct qn_sim_host *host,
                               const struct qn_submit_result *result)
{
    struct qn_sim_checker *checker = sim->checker;

    if (!qn_sim_host_is_honest(host) || checker->acknowledged_count == QN_SIM_ACKNOWLEDGED_MAX) {
        return;
    }
    sim->coverage->counts[QN_SIM_COVER_ACKNOWLEDGED] += 1;
    checker->acknowledged[checker->acknowledged_count++] =
        (struct qn_sim_acknowledged){result->tx_id, result->height};
}

static void check_everything_is_there(struct qn_sim *sim, const struct qn_sim_host *host)
{
    const struct qn_sim_checker *checker = sim->checker;

    for (size_t i = 0; i < checker->acknowledged_count; i++) {
        uint64_t height = 0;
        uint64_t index = 0;
        enum qn_err err = qn_ledger_find_tx(qn_node_ledger(host->node), &height, &index,
                                            &checker->acknowledged[i].tx_id);
        if (err != QN_OK || height != checker->acknowledged[i].height) {
            qn_sim_fail(sim, "acknowledged_transactions_survive",
                        "host %zu has transaction %zu at height %llu, acknowledged was %llu",
                        host->index, i, (unsigned long long)height,
                        (unsigned long long)checker->acknowledged[i].height);
        }
    }
}

void qn_sim_check_end(struct qn_sim *sim)
{
    bool proved = false;

    for (size_t i = 0; i < sim->host_count && !qn_sim_has_failed(sim); i++) {
        const struct qn_sim_host *host = &sim->hosts[i];
        if (host->node == NULL || !qn_sim_host_is_honest(host)) {
            continue;
        }
        check_everything_is_there(sim, host);
        if (!proved) {
            qn_sim_check_light_clients(sim, host);
            proved = true;
        }
    }
}
