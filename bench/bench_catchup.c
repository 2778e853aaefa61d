/* Catch-up of a node that has nothing: 100,000 blocks one by one, or a registry of 100,000 entries by
 * snapshot. Whole nodes in one process and one thread, over memory: who serves, who fetches and the links
 * between (a virtual clock: nothing waits) share the processor. */
#include "node/testing/lab.h"
#include "support/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
    GENESIS = 4,
    NEWCOMER = GENESIS - 1,
    BLOCKS = 100000,
    QUICK_BLOCKS = 5000,
    ENTRIES = 100000,
    QUICK_ENTRIES = 5000,
    CHECKPOINT = 2048, /* height of the snapshot; room for all entries below it */
    QUICK_CHECKPOINT = 1024,
    SNAPSHOT_THRESHOLD = 500, /* blocks behind */
    NO_SNAPSHOT = 2 * BLOCKS, /* never so many */
    PARAMETERS_SIZE = 64,
};
_Static_assert(ENTRIES <= CHECKPOINT * QN_BLOCK_TXS_MAX, "the entries fit into the chain");
_Static_assert(QUICK_ENTRIES <= QUICK_CHECKPOINT * QN_BLOCK_TXS_MAX, "the entries fit");

static uint64_t goal;
static bool by_snapshot;
static uint64_t bytes_fetched;

static bool is_there(struct qn_lab *lab)
{
    return qn_ledger_height(qn_node_ledger(qn_lab_node(lab, NEWCOMER)->node)) >= goal;
}

/* Counts. The entries' transactions are signed by nobody, so where they count no blocks are given away. */
static struct qn_buf *look(struct qn_lab *lab, size_t from, size_t to, enum qn_message_kind kind,
                           struct qn_buf *bytes)
{
    static const uint8_t none[] = {0xA1, 0x01, 0x80};
    (void)lab;
    (void)from;
    if (to != NEWCOMER) {
        return bytes;
    }
    if (kind == QN_BLOCKS && by_snapshot) {
        qn_buf_drop(bytes);
        bytes = qn_buf_copy((struct qn_span){none, sizeof none});
    }
    bytes_fetched += kind == QN_BLOCKS || kind == QN_SNAPSHOT ? bytes->len : 0;
    return bytes;
}

static double rss_peak_kib(void)
{
    struct rusage usage;
    bench_need(getrusage(RUSAGE_SELF, &usage) == 0, "getrusage");
    return (double)usage.ru_maxrss;
}

/* Three of the four have the chain; the fourth is started with nothing. */
static struct qn_lab *start(size_t entries)
{
    struct qn_lab *lab = qn_lab_new(1, GENESIS, QN_POLICY_OPEN, 0);
    struct qn_storage chain;
    qn_lab_set_tamper(lab, look);
    qn_lab_make_chain(lab, &chain, goal, entries, 0);
    for (size_t i = 0; i < NEWCOMER; i++) {
        qn_lab_give_storage(lab, i, &chain);
        qn_lab_start_genesis(lab, i);
    }
    chain.close(chain.context);
    qn_lab_node(lab, NEWCOMER)->snapshot_threshold = by_snapshot ? SNAPSHOT_THRESHOLD : NO_SNAPSHOT;
    return lab;
}

static void report(const char *what, const char *parameters, uint64_t count, double seconds,
                   double rss_before)
{
    char name[PARAMETERS_SIZE];
    (void)snprintf(name, sizeof name, "catchup_%s_ms", what);
    bench_report_one(name, parameters, seconds * 1000);
    (void)snprintf(name, sizeof name, "catchup_%s_per_s", what);
    bench_report_one(name, parameters, (double)count / seconds);
    (void)snprintf(name, sizeof name, "catchup_%s_fetched_kib", what);
    bench_report_one(name, parameters, (double)bytes_fetched / 1024);
    (void)snprintf(name, sizeof name, "catchup_%s_rss_before_kib", what);
    bench_report_one(name, parameters, rss_before);
    (void)snprintf(name, sizeof name, "catchup_%s_rss_peak_kib", what);
    bench_report_one(name, parameters, rss_peak_kib());
}

static void run(bool quick)
{
    char parameters[PARAMETERS_SIZE];
    size_t entries = !by_snapshot ? 0 : quick ? QUICK_ENTRIES : ENTRIES;
    goal = !by_snapshot ? (quick ? QUICK_BLOCKS : BLOCKS) : quick ? QUICK_CHECKPOINT : CHECKPOINT;
    struct qn_lab *lab = start(entries);
    double rss_before = rss_peak_kib();
    uint64_t started_ns = bench_now_ns();
    qn_lab_start_genesis(lab, NEWCOMER);
    bench_need(qn_lab_run_until(lab, is_there, QN_SECONDS(3600)), "catching up");
    double seconds = (double)(bench_now_ns() - started_ns) / 1e9;
    const struct qn_ledger *ledger = qn_node_ledger(qn_lab_node(lab, NEWCOMER)->node);
    bench_need(qn_ledger_entry_count(ledger) == entries + GENESIS, "all entries are there");
    bench_need((qn_lab_delivered(lab, QN_SNAPSHOT) > 0) == by_snapshot, "the way that was meant");
    (void)snprintf(parameters, sizeof parameters,
                   by_snapshot ? "\"entries\":%llu" : "\"blocks\":%llu",
                   (unsigned long long)(by_snapshot ? entries : goal));
    report(by_snapshot ? "snapshot" : "blocks", parameters, by_snapshot ? entries : goal, seconds,
           rss_before);
    qn_lab_free(lab);
}

int main(int argc, char **argv)
{
    bool is_known =
        argc >= 2 && (strcmp(argv[1], "blocks") == 0 || strcmp(argv[1], "snapshot") == 0);
    if (!is_known) {
        (void)fprintf(stderr, "usage: %s blocks|snapshot [--quick]\n", argv[0]);
        return 2;
    }
    by_snapshot = strcmp(argv[1], "snapshot") == 0;
    bench_start();
    run(bench_is_quick(argc - 1, argv + 1));
    qn_crypto_fini();
    return EXIT_SUCCESS;
}
