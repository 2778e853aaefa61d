/* One block per height across honest nodes, certified, and with the state that executing it gives: a ledger
 * of the checker's own executes every block that anybody committed. */
#include "sim/checker_state.h"

static void check_signatures(struct qn_sim *sim, const struct qn_sim_host *host,
                             const struct qn_block *block)
{
    for (size_t i = 0; i < block->tx_count; i++) {
        struct qn_tx_checks checks = {0};
        enum qn_err err = qn_ledger_tx_checks(sim->checker->reference, &checks,
                                              &block->header.parent, block->txs[i]);
        for (size_t j = 0; j < checks.signature_count && err == QN_OK; j++) {
            const struct qn_tx_signature *signature = &checks.signatures[j];
            if (!qn_sim_verify(&signature->key, signature->kind, &signature->digest,
                               signature->signature, sim->plan.real_signatures)) {
                err = QN_ERR_BAD_SIGNATURE;
            }
        }
        if (err == QN_OK && checks.has_ticket) {
            err = qn_ticket_check(&checks.ticket);
        }
        if (err != QN_OK) {
            qn_sim_fail(sim, "only_valid_transactions",
                        "host %zu committed block %llu with transaction %zu: %s", host->index,
                        (unsigned long long)block->header.height, i, qn_err_text(err));
        }
    }
}

const struct qn_validator_set *qn_sim_committee(const struct qn_sim *sim, uint64_t epoch)
{
    return epoch <= sim->checker->epoch ? &sim->checker->committees[epoch] : NULL;
}

static void begin_epoch(struct qn_sim *sim)
{
    struct qn_sim_checker *checker = sim->checker;

    checker->epoch += 1;
    sim->newcomer_until = 0;
    QN_ASSERT(checker->epoch < QN_SIM_EPOCHS_MAX);
    struct qn_validator_set *set = &checker->committees[checker->epoch];
    enum qn_err err = qn_ledger_validators_at(checker->reference, checker->epoch, set, NULL);
    QN_ASSERT(err == QN_OK);
    for (size_t i = 0; i < sim->host_count; i++) {
        struct qn_sim_host *host = &sim->hosts[i];
        bool was_member = host->member;
        host->member = qn_validator_index(set, &host->identity->id) >= 0;
        /* Who comes in anew cannot know whether it has voted there in an earlier life. */
        host->forgot |= host->member && !was_member;
        host->voted &= !host->forgot; /* it asks again, and counts until it has voted here */
    }
    sim->coverage->counts[QN_SIM_COVER_EPOCH] += 1;
    qn_sim_say(sim, &sim->hosts[0], "epoch %llu begins with %u members",
               (unsigned long long)checker->epoch, set->count);
}

/* The first commit of this height. */
static void extend(struct qn_sim *sim, const struct qn_sim_host *host, struct qn_buf *bytes)
{
    struct qn_sim_checker *checker = sim->checker;
    struct qn_block *block = NULL;
    struct qn_ledger_commit commit;

    if (checker->height + 1 == QN_SIM_HEIGHTS_MAX) {
        qn_sim_fail(sim, "bounded_chain", "more than %d blocks", QN_SIM_HEIGHTS_MAX);
        return;
    }
    enum qn_err err = qn_block_decode(&block, qn_buf_span(bytes));
    if (err != QN_OK) {
        qn_sim_fail(sim, "blocks_execute", "host %zu committed what is no block", host->index);
        return;
    }
    check_signatures(sim, host, block);
    err = qn_ledger_execute(checker->reference, block, 0);
    if (err != QN_OK) {
        qn_sim_fail(sim, "equal_state_roots",
                    "host %zu committed block %llu, which executes to another state: %s",
                    host->index, (unsigned long long)block->header.height, qn_err_text(err));
        qn_block_drop(block);
        return;
    }
    qn_ledger_commit(checker->reference, &commit, &block->id, NULL);
    err = checker->reference_storage.apply(checker->reference_storage.context, commit.batch);
    QN_ASSERT(err == QN_OK);
    qn_batch_free(commit.batch);
    checker->height += 1;
    checker->blocks[checker->height] = qn_buf_hold(bytes);
    sim->coverage->counts[QN_SIM_COVER_BLOCK] += 1;
    if (commit.epoch_end) {
        begin_epoch(sim);
    }
    qn_block_drop(block);
}

static void check_fork(struct qn_sim *sim, const struct qn_sim_host *host, uint64_t height)
{
    char text[128];
    unsigned culprits = 0;

    qn_sim_culprits(sim, text, sizeof text, &culprits);
    qn_sim_fail(sim, "one_block_per_height", "host %zu has another block %llu; %u culprits:%s",
                host->index, (unsigned long long)height, culprits, text);
}

static void check_block(struct qn_sim *sim, const struct qn_sim_host *host, uint64_t height)
{
    struct qn_sim_checker *checker = sim->checker;
    struct qn_buf *bytes = NULL;
    struct qn_buf *cert_bytes = NULL;
    struct qn_cert cert;

    enum qn_err err = qn_ledger_block(qn_node_ledger(host->node), &bytes, &cert_bytes, height);
    if (err != QN_OK) {
        qn_sim_fail(sim, "blocks_are_kept", "host %zu lacks block %llu: %s", host->index,
                    (unsigned long long)height, qn_err_text(err));
        return;
    }
    if (height > checker->height) {
        extend(sim, host, bytes);
    } else if (!qn_span_equal(qn_buf_span(bytes), qn_buf_span(checker->blocks[height]))) {
        check_fork(sim, host, height);
    }
    const char *problem = NULL;
    if (cert_bytes != NULL) {
        problem = qn_sim_cert_problem(sim, &cert, qn_buf_span(cert_bytes));
        problem =
            problem == NULL && cert.kind != QN_VOTE_FINALIZE ? "it finalizes nothing" : problem;
    }
    if (problem != NULL) {
        qn_sim_fail(sim, "certificates_verify", "host %zu, certificate of block %llu: %s",
                    host->index, (unsigned long long)height, problem);
    }
    qn_buf_drop(bytes);
    qn_buf_drop(cert_bytes);
}

void qn_sim_check_chain(struct qn_sim *sim, struct qn_sim_host *host)
{
    uint64_t height = qn_ledger_height(qn_node_ledger(host->node));

    if (height < host->height_seen) {
        qn_sim_fail(sim, "heights_never_go_back", "host %zu went from %llu to %llu", host->index,
                    (unsigned long long)host->height_seen, (unsigned long long)height);
    }
    while (host->height_seen < height && !qn_sim_has_failed(sim)) {
        host->height_seen += 1;
        check_block(sim, host, host->height_seen);
    }
}
