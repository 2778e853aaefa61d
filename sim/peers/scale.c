#include "sim/peers/scale.h"

#include "base/buf.h"
#include "wire/control.h"

#include <malloc.h>
#include <stdlib.h>

enum {
    HOSTS_MAX = 300,
    HOSTS_MAX_QUICK = 100,
    LINKS_MAX = QN_LINKS_MAX,
    STARTS_WITHIN_S = 10,
    SETTLES_S = 120,
    SETTLES_QUICK_S = 20,
    JOINERS_ONE_IN = 5,
    JOIN_S = 60,
    STEADY_S = 60,
    STEADY_QUICK_S = 10,
    TLS_RECORD = 5 + 1 + 16, /* header, type and tag of a record of TLS 1.3 */
};

/* There in builds with a sanitizer, which has an allocator of its own. */
extern size_t
__sanitizer_get_current_allocated_bytes(void) /* NOLINT(bugprone-reserved-identifier,cert-*) */
    __attribute__((weak));

static size_t heap_bytes(void)
{
    if (__sanitizer_get_current_allocated_bytes != NULL) {
        return __sanitizer_get_current_allocated_bytes();
    }
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* Bytes that one end of a link sends in a second in which nothing happens: a ping and a pong. */
static uint64_t ping_bytes(void)
{
    struct qn_buf *ping = qn_ping_encode(&(struct qn_ping){.nonce = UINT64_MAX});
    uint64_t bytes = 2 * (TLS_RECORD + QN_FRAME_HEADER_LEN + ping->len);

    qn_buf_drop(ping);
    return bytes;
}

/* Nodes that are up in each region. */
static void count_regions(const struct qn_crowd *crowd, size_t counts[QN_REGION_COUNT])
{
    for (size_t i = 0; i < crowd->count; i++) {
        counts[crowd->nodes[i].region] += crowd->nodes[i].up ? 1 : 0;
    }
}

/* Has it, in each region, half of the live links that a node wants, or as many as there are? The other half
 * comes from those who dial it. */
static bool is_connected(const struct qn_peers_world *world, size_t at,
                         const size_t regions[QN_REGION_COUNT])
{
    const struct qn_crowd_node *node = &world->crowd.nodes[world->hosts[at].node];
    const struct qn_peering_counts *counts = qn_peering_counts(world->hosts[at].peering);
    const struct qn_link_targets *targets = qn_peering_targets(world->hosts[at].peering);

    for (size_t i = 0; i < QN_REGION_COUNT; i++) {
        size_t wanted = (targets->hot[i] + 1) / 2;
        size_t there = regions[i] - (i == node->region ? 1 : 0);
        if (counts->hot[i] < (wanted < there ? wanted : there)) {
            return false;
        }
    }
    return true;
}

struct joins {
    const size_t *regions;
    size_t count;
    size_t *hosts;
    bool *done;
    struct qn_peers_samples times_ms;
};

static void watch_joins(void *context, struct qn_peers_world *world)
{
    struct joins *joins = context;

    for (size_t i = 0; i < joins->count; i++) {
        const struct qn_peers_host *host = &world->hosts[joins->hosts[i]];
        if (!joins->done[i] && is_connected(world, joins->hosts[i], joins->regions)) {
            joins->done[i] = true;
            qn_peers_samples_add(&joins->times_ms, (world->now - host->started) / 1000);
        }
    }
}

/* Some whole nodes come anew, knowing the genesis nodes only. */
static void join(struct qn_peers_scale *scale, struct qn_peers_world *world, const size_t *regions)
{
    struct joins joins = {.regions = regions};

    joins.hosts = calloc(world->host_count, sizeof *joins.hosts);
    joins.done = calloc(world->host_count, sizeof *joins.done);
    QN_ASSERT(joins.hosts != NULL && joins.done != NULL);
    for (size_t i = 0; i < world->host_count; i += JOINERS_ONE_IN) {
        if (world->hosts[i].node >= QN_PEERS_GENESIS) {
            qn_peers_stop(world, i);
            qn_peers_start(world, i);
            joins.hosts[joins.count++] = i;
        }
    }
    world->rules.context = &joins;
    world->rules.after_step = watch_joins;
    qn_peers_run_for(world, QN_SECONDS(JOIN_S));
    world->rules = (struct qn_peers_rules){0};
    scale->joiners = joins.count;
    scale->unfinished = joins.count - joins.times_ms.count;
    scale->join_ms = qn_peers_samples_end(&joins.times_ms);
    free(joins.hosts);
    free(joins.done);
}

static void measure_links(struct qn_peers_scale *scale, const struct qn_peers_world *world)
{
    struct qn_peers_samples links = {0};
    struct qn_peers_samples in = {0};
    struct qn_peers_samples out = {0};
    struct qn_peers_samples own = {0};
    struct qn_peers_samples other = {0};
    struct qn_peers_samples bytes = {0};

    for (size_t i = 0; i < world->host_count; i++) {
        struct qn_peers_degree degree;
        qn_peers_degree(world, i, &degree);
        qn_peers_samples_add(&links, degree.in + degree.out);
        qn_peers_samples_add(&bytes, (degree.in + degree.out) * ping_bytes());
        qn_peers_samples_add(&in, degree.in);
        qn_peers_samples_add(&out, degree.out);
        for (size_t region = 0; region < QN_REGION_COUNT; region++) {
            struct qn_peers_samples *samples =
                region == world->crowd.nodes[world->hosts[i].node].region ? &own : &other;
            qn_peers_samples_add(samples, degree.region[region]);
        }
    }
    scale->links = qn_peers_samples_end(&links);
    scale->in = qn_peers_samples_end(&in);
    scale->out = qn_peers_samples_end(&out);
    scale->own_region = qn_peers_samples_end(&own);
    scale->other_region = qn_peers_samples_end(&other);
    scale->ping_bytes_per_s = qn_peers_samples_end(&bytes);
}

static uint32_t root_of(uint32_t *parents, uint32_t node)
{
    while (parents[node] != node) {
        parents[node] = parents[parents[node]];
        node = parents[node];
    }
    return node;
}

/* Parts of the network that no live link joins, as far as whole nodes are in them: light nodes pass on what they get
 * over the links that the simulation has of them, and no others. */
static size_t count_islands(const struct qn_peers_world *world)
{
    size_t islands = 0;
    uint32_t *parents = calloc(world->crowd.count, sizeof *parents);
    bool *seen = calloc(world->crowd.count, sizeof *seen);

    QN_ASSERT(parents != NULL && seen != NULL);
    for (uint32_t i = 0; i < world->crowd.count; i++) {
        parents[i] = i;
    }
    for (size_t i = 0; i < world->link_capacity; i++) {
        const struct qn_peers_link *link = &world->links[i];
        if (link->id != 0 && link->live[0] && link->live[1]) {
            parents[root_of(parents, link->node[0])] = root_of(parents, link->node[1]);
        }
    }
    for (size_t i = 0; i < world->host_count; i++) {
        uint32_t root = root_of(parents, world->hosts[i].node);
        islands += seen[root] ? 0 : 1;
        seen[root] = true;
    }
    free(parents);
    free(seen);
    return islands;
}

static void measure_dials(struct qn_peers_scale *scale, struct qn_peers_world *world,
                          unsigned seconds)
{
    struct qn_peers_samples dials = {0};

    for (size_t i = 0; i < world->host_count; i++) {
        world->hosts[i].dials = 0;
    }
    qn_peers_run_for(world, QN_SECONDS(seconds));
    for (size_t i = 0; i < world->host_count; i++) {
        qn_peers_samples_add(&dials, world->hosts[i].dials * 3600 / seconds);
    }
    scale->dials_per_hour = qn_peers_samples_end(&dials);
}

/* What the allocator gets back when the peer layers go. */
static void measure_memory(struct qn_peers_scale *scale, struct qn_peers_world *world)
{
    size_t before = heap_bytes();

    QN_ASSERT(world->host_count > 0);
    for (size_t i = 0; i < world->host_count; i++) {
        qn_peering_free(world->hosts[i].peering);
        world->hosts[i].peering = NULL;
    }
    scale->memory_bytes = (before - heap_bytes()) / world->host_count;
    scale->light_bytes = sizeof(struct qn_crowd_node) + sizeof world->host_of[0];
}

void qn_peers_scale_run(struct qn_peers_scale *scale, size_t nodes, uint64_t seed, bool quick)
{
    size_t hosts_max = quick ? HOSTS_MAX_QUICK : HOSTS_MAX;
    struct qn_peers_plan plan = {
        .crowd = {.seed = seed, .honest = nodes, .hostile_region = -1},
        .hosts = nodes < hosts_max ? nodes : hosts_max,
        .links_max = LINKS_MAX,
    };
    static struct qn_peers_world world;
    size_t regions[QN_REGION_COUNT] = {0};

    *scale = (struct qn_peers_scale){.nodes = nodes};
    qn_peers_world_init(&world, &plan, NULL);
    scale->hosts = world.host_count;
    count_regions(&world.crowd, regions);
    qn_peers_start_all(&world, QN_SECONDS(STARTS_WITHIN_S));
    qn_peers_run_for(&world, QN_SECONDS(quick ? SETTLES_QUICK_S : SETTLES_S));
    join(scale, &world, regions);
    measure_dials(scale, &world, quick ? STEADY_QUICK_S : STEADY_S);
    measure_links(scale, &world);
    scale->islands = count_islands(&world);
    scale->region_limit = qn_peer_limits_per_region(qn_peering_limits(world.hosts[0].peering));
    scale->broken = world.broken;
    measure_memory(scale, &world);
    qn_peers_world_fini(&world);
}
