/* A whole node under many links: qn_node on its runtime, over a registry that holds every client, and
 * clients in processes of their own, each with a real ML-DSA key. Reports memory of a link, links accepted a
 * second, and the node's processor time while nothing happens and with one message a link and second. */
#include "consensus/consensus.h"
#include "ledger/ledger.h"
#include "net/runtime_internal.h"
#include "node/view.h"
#include "support/identities.h"
#include "support/load_clients.h"
#include "support/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    LINKS = 3000, /* all places that a node of a large network has */
    LINKS_QUICK = 300,
    /* A node keeps places for links that it dials itself. Nobody can be dialled here, so some of the clients are
     * reserved peers, which take none of the places that those who dial in may have. */
    RESERVED = 60,
    LINKS_MOST = 20000,
    LINKS_FIRST = 15, /* before memory is looked at for the first time */
    PROCESSES = 3,
    GENESIS = 4,
    SETTLE_S = 12, /* until links are quiet */
    SETTLE_QUICK_S = 1,
    PATIENCE_S = 600, /* other work on the machine counts */
    WINDOW_S = 10,
    WINDOW_QUICK_S = 3,
    NAME_SIZE = 128,
    NOBODYS_PORT = 9,       /* discard */
    OWN_INDEX = LINKS_MOST, /* the node's own key is none of the clients' */
    LINE_SIZE = 128,
};

#define VALID_MS ((qn_unix_ms)30 * 24 * 3600 * 1000)

/* What is being waited for, in this order. */
enum phase { FIRST, ALL, QUIET, IDLE, CHAT_BEGINS, CHATTING, PHASES };

struct load {
    struct qn_runtime *runtime;
    struct qn_node *node;
    struct load_order order;
    int pipes[PROCESSES];
    pid_t processes[PROCESSES];
    size_t links;
    qn_time_us settle_us;
    qn_time_us window_us;
    enum phase phase;
    qn_time_us since_us;     /* the phase began, or was as wanted for the first time */
    bool is_settling;        /* as wanted, but only just */
    qn_time_us last_live_us; /* the last link came */
    uint64_t cpu_ns;         /* at the beginning */
    uint64_t received;       /* messages, likewise */
    double rss_first_kib;
    char parameters[NAME_SIZE];
};

/* --- The registry --- */

static void commit_block(struct qn_ledger *ledger, const struct qn_storage *storage,
                         struct qn_buf *const *txs, size_t count, qn_unix_ms unix_ms)
{
    struct qn_span spans[QN_BLOCK_TXS_MAX];
    struct qn_block *block = NULL;
    struct qn_ledger_commit result;
    struct qn_hash parent = qn_ledger_head_id(ledger);

    for (size_t i = 0; i < count; i++) {
        spans[i] = qn_buf_span(txs[i]);
    }
    bench_need(qn_ledger_build(ledger, &block, &parent, spans, count, unix_ms) == QN_OK &&
                   block->tx_count == count,
               "building a block");
    qn_ledger_commit(ledger, &result, &block->id, NULL);
    bench_need(storage->apply(storage->context, result.batch) == QN_OK, "storage");
    qn_batch_free(result.batch);
    qn_block_drop(block);
}

/* The regions in turn, since each has a limit of links. */
static struct qn_buf *make_register(const struct qn_genesis *genesis,
                                    const struct qn_public_key *key, size_t index)
{
    qn_unix_ms now = qn_runtime_unix_ms();
    struct qn_tx tx = {
        .kind = QN_TX_REGISTER,
        .network = genesis->network,
        .expires_ms = now + QN_TX_LIFETIME_MS_MAX / 2,
        .id = qn_public_key_id(key),
        .key = *key,
        .region = (enum qn_region)(index % QN_REGION_COUNT),
        .roles = QN_ROLE_FULL,
        .valid_until_ms = now + VALID_MS,
    };

    return bench_sign_tx(&tx, NULL);
}

/* First the clients, then the node itself, then entries of nobody: the limit for a region grows
 * with the network (DESIGN section 9). */
static size_t count_entries(size_t links)
{
    static const size_t most[] = {8, 50, 100}; /* in a region, up to these many nodes: */
    static const size_t nodes[] = {100, 1000, 100000};
    size_t entries = links + 1;

    for (size_t i = 0; i < QN_ARRAY_COUNT(most); i++) {
        if (links > most[i] * QN_REGION_COUNT && entries <= nodes[i]) {
            entries = nodes[i] + 1;
        }
    }
    return entries;
}

static struct qn_buf *make_entry(const struct qn_genesis *genesis, struct qn_rng *rng, size_t index,
                                 size_t links)
{
    if (index > links) {
        struct qn_public_key nobody = bench_random_public_key(rng);
        return make_register(genesis, &nobody, index);
    }
    struct qn_key *key = load_key(index == links ? OWN_INDEX : index);
    struct qn_buf *tx = make_register(genesis, qn_key_public(key), index);

    qn_key_free(key);
    return tx;
}

static void make_chain(struct qn_storage *storage, const struct qn_genesis *genesis, size_t links)
{
    struct qn_ledger *ledger = NULL;
    struct qn_rng rng;
    size_t left = count_entries(links);

    qn_rng_init(&rng, links);
    qn_storage_memory_open(storage);
    bench_need(qn_ledger_new(&ledger, genesis, storage) == QN_OK, "the ledger");
    while (left > 0) {
        struct qn_buf *txs[QN_BLOCK_TXS_MAX];
        size_t count = left < QN_BLOCK_TXS_MAX ? left : QN_BLOCK_TXS_MAX;
        for (size_t i = 0; i < count; i++) {
            left -= 1;
            txs[i] = make_entry(genesis, &rng, left, links);
        }
        commit_block(ledger, storage, txs, count, qn_runtime_unix_ms());
        for (size_t i = 0; i < count; i++) {
            qn_buf_drop(txs[i]);
        }
    }
    qn_ledger_free(ledger);
}

/* --- What is measured when --- */

static double rss_kib(void)
{
    char line[LINE_SIZE];
    double found = 0;
    FILE *file = fopen("/proc/self/smaps_rollup", "re");

    bench_need(file != NULL, "/proc/self/smaps_rollup");
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "Rss:", 4) == 0) {
            found = strtod(line + 4, NULL);
        }
    }
    (void)fclose(file);
    bench_need(found > 0, "reading the resident set");
    return found;
}

static size_t live(const struct load *load)
{
    struct qn_node_status status;

    qn_node_status(load->node, &status, qn_runtime_now());
    return status.links;
}

static uint64_t received(const struct load *load)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < QN_CLASS_COUNT; i++) {
        sum += load->runtime->transport.counters.messages_received[i];
    }
    return sum;
}

/* links: of all processes together. */
static void give_order(struct load *load, size_t links)
{
    load->order.linked = links / PROCESSES;
    for (size_t i = 0; i < PROCESSES; i++) {
        bench_need(write(load->pipes[i], &load->order, sizeof load->order) ==
                       (ssize_t)sizeof load->order,
                   "telling the clients");
    }
}

static void report_cpu(const struct load *load, const char *name, qn_time_us now)
{
    double seconds = (double)(now - load->since_us) / 1e6;
    double percent = (double)(bench_cpu_ns() - load->cpu_ns) / 1e9 / seconds * 100;
    char text[NAME_SIZE];

    (void)snprintf(text, sizeof text, "load_%s_cpu_percent", name);
    bench_report_one(text, load->parameters, percent);
    (void)snprintf(text, sizeof text, "load_%s_cpu_percent_of_1000", name);
    bench_report_one(text, load->parameters, percent * 1000 / (double)load->links);
    (void)snprintf(text, sizeof text, "load_%s_received_per_s", name);
    bench_report_one(text, load->parameters, (double)(received(load) - load->received) / seconds);
}

static void report_accepted(const struct load *load)
{
    double seconds = (double)(load->last_live_us - load->since_us) / 1e6;
    double links = (double)(load->links - LINKS_FIRST);

    bench_report_one("load_accepted_per_s", load->parameters, links / seconds);
    bench_report_one("load_accept_cpu_us", load->parameters,
                     (double)(bench_cpu_ns() - load->cpu_ns) / 1e3 / links);
}

static void report_memory(const struct load *load)
{
    double rss = rss_kib();

    bench_report_one("load_link_rss_kib", load->parameters,
                     (rss - load->rss_first_kib) / (double)(load->links - LINKS_FIRST));
    bench_report_one("load_process_rss_kib", load->parameters, rss);
}

/* The phase is over: what it showed, and what the next one needs. */
static void end_phase(struct load *load, qn_time_us now)
{
    switch (load->phase) {
    case FIRST:
        load->rss_first_kib = rss_kib();
        give_order(load, load->links);
        break;
    case ALL:
        report_memory(load);
        break;
    case QUIET:
    case CHAT_BEGINS:
        break;
    case IDLE:
        report_cpu(load, "idle", now);
        load->order.are_chatting = true;
        give_order(load, load->links);
        break;
    case CHATTING:
        report_cpu(load, "message", now);
        bench_need(live(load) == load->links, "holding the links");
        qn_runtime_stop(load->runtime);
        break;
    case PHASES:
        return;
    }
    load->phase = (enum phase)(load->phase + 1);
    load->since_us = now;
    load->is_settling = false;
    load->cpu_ns = bench_cpu_ns();
    load->received = received(load);
}

/* Links come; when all are there and nothing has happened for a while, go on. */
static void await_links(struct load *load, size_t wanted, qn_time_us now)
{
    bench_need(now - load->since_us < QN_SECONDS(PATIENCE_S), "linking all clients");
    if (!load->is_settling && live(load) == wanted) {
        load->is_settling = true;
        load->last_live_us = now;
        if (load->phase == ALL) {
            report_accepted(load);
        }
    }
    if (load->is_settling && now - load->last_live_us >= load->settle_us) {
        end_phase(load, now);
    }
}

static void on_tick(struct load *load, qn_time_us now)
{
    switch (load->phase) {
    case FIRST:
        await_links(load, LINKS_FIRST, now);
        break;
    case ALL:
        await_links(load, load->links, now);
        break;
    case QUIET:
    case CHAT_BEGINS:
        if (now - load->since_us >= QN_SECONDS(1)) {
            end_phase(load, now);
        }
        break;
    case IDLE:
    case CHATTING:
        if (now - load->since_us >= load->window_us) {
            end_phase(load, now);
        }
        break;
    case PHASES:
        break;
    }
}

static void step(void *context, const struct qn_event *event, struct qn_actions *actions)
{
    struct load *load = context;

    qn_node_step(load->node, event, actions);
    if (event->kind == QN_EVENT_TICK || event->kind == QN_EVENT_LOAD) {
        on_tick(load, event->now);
    }
}

static qn_time_us deadline(void *context)
{
    const struct load *load = context;
    return qn_node_deadline(load->node);
}

/* --- The node and its clients --- */

/* Before anything else: the processes have nothing of the node's in their memory. */
static void start_clients(struct load *load)
{
    for (size_t i = 0; i < PROCESSES; i++) {
        int ends[2];
        size_t share = load->links / PROCESSES;
        bench_need(pipe(ends) == 0, "pipe");
        load->processes[i] = fork();
        bench_need(load->processes[i] >= 0, "fork");
        if (load->processes[i] == 0) {
            (void)close(ends[1]);
            for (size_t j = 0; j < i; j++) {
                (void)close(load->pipes[j]);
            }
            bench_start();
            load_clients_run(ends[0], i * share, share);
        }
        (void)close(ends[0]);
        load->pipes[i] = ends[1];
    }
}

static void reserve_some(struct load *load, struct qn_node_config *config)
{
    while (config->reserved_count < RESERVED && config->reserved_count < load->links) {
        struct qn_peer_hint *hint = &config->reserved[config->reserved_count];
        struct qn_key *key = load_key(config->reserved_count);
        hint->has_id = true;
        hint->id = qn_public_key_id(qn_key_public(key));
        hint->endpoint = (struct qn_endpoint){.host = "127.0.0.1", .port = NOBODYS_PORT};
        config->reserved_count += 1;
        qn_key_free(key);
    }
}

static void open_node(struct load *load, const struct qn_key *key, const struct qn_genesis *genesis,
                      struct qn_storage *storage)
{
    char why[QN_TEXT_LEN_MAX + 1] = "";
    struct qn_runtime_config runtime = {
        .key = key,
        .listen = {.host = "127.0.0.1"},
        .listens = true,
        .links_max = load->links + RESERVED,
        .storage = storage,
    };
    struct qn_node_config config = {
        .genesis = genesis,
        .storage = storage,
        .key = *qn_key_public(key),
        .region = QN_REGION_EUROPE,
        .links_max = runtime.links_max,
        .unbalanced = true, /* it would give up links above 85 % of a region's places */
        .delta = QN_CONSENSUS_DELTA,
        .heartbeat = QN_HEARTBEAT_INTERVAL,
        .seed = 1,
        .software = "benchmark",
    };

    reserve_some(load, &config);
    if (qn_runtime_open(&load->runtime, &runtime, why) != QN_OK) {
        bench_fail(why);
    }
    load->order.port = qn_runtime_listen(load->runtime)->port;
    load->order.network = genesis->network;
    bench_need(qn_node_new(&load->node, &config, qn_runtime_now(), qn_runtime_unix_ms()) == QN_OK,
               "the node");
}

static void run(struct load *load)
{
    struct bench_network network;
    struct qn_storage storage;
    struct qn_core core = {.context = load, .step = step, .deadline = deadline};

    bench_start();
    struct qn_key *key = load_key(OWN_INDEX);
    bench_network_init(&network, GENESIS);
    make_chain(&storage, &network.genesis, load->links);
    open_node(load, key, &network.genesis, &storage);
    give_order(load, LINKS_FIRST);
    load->since_us = qn_runtime_now();
    bench_need(qn_runtime_run_core(load->runtime, &core) == QN_OK, "running");
    for (size_t i = 0; i < PROCESSES; i++) {
        int status = 0;
        (void)close(load->pipes[i]);
        bench_need(waitpid(load->processes[i], &status, 0) == load->processes[i] && status == 0,
                   "a process of clients");
    }
    bench_need(load->phase == PHASES, "getting through");
    qn_runtime_close(load->runtime);
    qn_node_free(load->node);
    storage.close(storage.context);
    bench_network_fini(&network);
    qn_key_free(key);
    qn_crypto_fini();
}

int main(int argc, char **argv)
{
    bool is_quick = false;
    size_t links = 0;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--links") == 0 && i + 1 < argc) {
            i += 1;
            links = strtoul(argv[i], NULL, 10);
            if (links <= LINKS_FIRST || links > LINKS_MOST) {
                (void)fprintf(stderr, "benchmark: --links takes %d to %d\n", LINKS_FIRST + 1,
                              LINKS_MOST);
                return 2;
            }
        } else {
            is_quick = is_quick || strcmp(argv[i], "--quick") == 0;
        }
    }
    if (links == 0) {
        links = is_quick ? LINKS_QUICK : LINKS;
    }
    links -= links % PROCESSES; /* the same for each process */
    struct load load = {.links = links,
                        .settle_us = QN_SECONDS(is_quick ? SETTLE_QUICK_S : SETTLE_S),
                        .window_us = QN_SECONDS(is_quick ? WINDOW_QUICK_S : WINDOW_S)};
    (void)snprintf(load.parameters, sizeof load.parameters, "\"links\":%zu,\"processes\":%d", links,
                   PROCESSES);
    load_allow_files(links + 256);
    start_clients(&load);
    run(&load);
    return 0;
}
