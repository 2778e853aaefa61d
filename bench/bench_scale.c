/* The peer layer as the network grows: one network of light nodes for each size, or for the one that is
 * named (--nodes). */
#include "crypto/key.h"
#include "sim/peers/scale.h"
#include "support/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEED = 1, PARAMETERS_SIZE = 64 };

static void report(const char *name, const char *parameters,
                   const struct qn_peers_quantiles *quantiles, size_t count)
{
    (void)printf("{\"bench\":\"%s\",%s,\"p5\":%llu,\"p50\":%llu,\"p95\":%llu,\"max\":%llu,"
                 "\"n\":%zu}\n",
                 name, parameters, (unsigned long long)quantiles->p5,
                 (unsigned long long)quantiles->p50, (unsigned long long)quantiles->p95,
                 (unsigned long long)quantiles->max, count);
}

static void run(size_t nodes, bool quick)
{
    static struct qn_peers_scale scale;
    char parameters[PARAMETERS_SIZE];
    uint64_t start = bench_now_ns();

    qn_peers_scale_run(&scale, nodes, SEED, quick);
    bench_need(scale.broken == NULL, scale.broken == NULL ? "" : scale.broken);
    bench_need(scale.islands == 1, "the network is in parts that no link joins");
    bench_need(scale.unfinished == 0, "a node that joined is not fully connected after a minute");
    (void)snprintf(parameters, sizeof parameters, "\"nodes\":%zu", nodes);
    bench_report_one("scale_whole_nodes", parameters, (double)scale.hosts);
    bench_report_one("scale_region_limit", parameters, (double)scale.region_limit);
    report("scale_links", parameters, &scale.links, scale.hosts);
    report("scale_links_in", parameters, &scale.in, scale.hosts);
    report("scale_links_out", parameters, &scale.out, scale.hosts);
    report("scale_links_own_region", parameters, &scale.own_region, scale.hosts);
    report("scale_links_other_region", parameters, &scale.other_region, scale.hosts);
    bench_report_one("scale_joiners", parameters, (double)scale.joiners);
    report("scale_join_ms", parameters, &scale.join_ms, scale.joiners - scale.unfinished);
    report("scale_ping_bytes_per_s", parameters, &scale.ping_bytes_per_s, scale.hosts);
    report("scale_dials_per_hour", parameters, &scale.dials_per_hour, scale.hosts);
    bench_report_one("scale_node_memory_bytes", parameters, (double)scale.memory_bytes);
    bench_report_one("scale_run_ms", parameters, (double)(bench_now_ns() - start) / 1e6);
    (void)fflush(stdout);
}

static size_t one_size(int argc, char **argv)
{
    size_t nodes = 0;

    if (argc > 2 && strcmp(argv[1], "--nodes") == 0) {
        nodes = strtoul(argv[2], NULL, 10);
        bench_need(nodes >= 16 && nodes <= QN_CROWD_SIZE_MAX, "--nodes takes 16 to 1048576");
    }
    return nodes;
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {100, 1000, 10000, 100000, 1000000};
    bool quick = bench_is_quick(argc, argv);
    size_t only = one_size(argc, argv);

    bench_start();
    for (size_t i = 0; only == 0 && i < QN_ARRAY_COUNT(sizes); i++) {
        if (!quick || sizes[i] <= 10000) {
            run(sizes[i], quick);
        }
    }
    if (only != 0) {
        run(only, false);
    }
    qn_crypto_fini();
    return EXIT_SUCCESS;
}
