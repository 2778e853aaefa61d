#include "sim/peers/crowd.h"

#include "sim/peers/geography.h"
#include "sim/peers/mix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PORT = 9876,
    GENESIS = 8, /* the first numbers are honest */
    FIRST_OCTET_HONEST = 11,
    FIRST_OCTET_HOSTILE = 110,
    HOSTS_OF_GROUP = 65536,
    HOST_STEP = 40503, /* odd: each host of a group once, neighbours in far subnets */
    DRAWS_MAX = 1000,
};

/* Of a hundred nodes, and summed up. */
static const uint8_t region_percent[QN_REGION_COUNT] = {
    [QN_REGION_NORTH_AMERICA] = 27, [QN_REGION_SOUTH_AMERICA] = 8, [QN_REGION_EUROPE] = 33,
    [QN_REGION_ASIA] = 24,          [QN_REGION_AFRICA] = 4,        [QN_REGION_OCEANIA] = 4,
};

static uint8_t draw_region(struct qn_rng *rng)
{
    uint64_t drawn = qn_rng_below(rng, 100);
    uint8_t region = 0;

    while (drawn >= region_percent[region]) {
        drawn -= region_percent[region];
        region += 1;
    }
    return region;
}

/* Few networks hold many nodes: the lesser of two draws. */
static uint32_t draw_group(struct qn_rng *rng)
{
    uint64_t a = qn_rng_below(rng, QN_CROWD_GROUPS);
    uint64_t b = qn_rng_below(rng, QN_CROWD_GROUPS);

    return (uint32_t)(a < b ? a : b);
}

static uint32_t next_ip(uint16_t *hosts_of_group, uint32_t first_octet, uint32_t group)
{
    uint32_t host = (uint16_t)(hosts_of_group[group]++ * (uint32_t)HOST_STEP + 1U);

    return (first_octet << 24) + (group << 16) + host;
}

static uint32_t hostile_ip(const struct qn_crowd_plan *plan, struct qn_rng *rng, uint16_t *hosts)
{
    if (plan->hostile_subnet) {
        hosts[0] += 1;
        QN_ASSERT(hosts[0] < 255);
        return ((uint32_t)FIRST_OCTET_HOSTILE << 24) + hosts[0];
    }
    return next_ip(hosts, FIRST_OCTET_HOSTILE, (uint32_t)qn_rng_below(rng, plan->hostile_groups));
}

static void place(struct qn_crowd *crowd, const struct qn_crowd_plan *plan, struct qn_rng *rng,
                  uint16_t *honest_hosts, uint16_t *hostile_hosts)
{
    size_t hostile_left = plan->hostile;

    for (size_t i = 0; i < crowd->count; i++) {
        struct qn_crowd_node *node = &crowd->nodes[i];
        node->hostile = i >= GENESIS && qn_rng_below(rng, crowd->count - i) < hostile_left;
        node->up = true;
        node->region = draw_region(rng);
        if (!node->hostile) {
            node->ip = next_ip(honest_hosts, FIRST_OCTET_HONEST, draw_group(rng));
        } else {
            hostile_left -= 1;
            node->ip = hostile_ip(plan, rng, hostile_hosts);
            if (plan->hostile_region >= 0) {
                node->region = (uint8_t)plan->hostile_region;
            }
        }
        node->declared = node->region;
    }
    QN_ASSERT(hostile_left == 0);
}

void qn_crowd_init(struct qn_crowd *crowd, const struct qn_crowd_plan *plan)
{
    struct qn_rng rng;
    uint16_t *honest_hosts = calloc(QN_CROWD_GROUPS, sizeof *honest_hosts);
    uint16_t *hostile_hosts = calloc(QN_CROWD_HOSTILE_GROUPS_MAX, sizeof *hostile_hosts);

    QN_ASSERT(plan->honest + plan->hostile <= QN_CROWD_SIZE_MAX);
    QN_ASSERT(plan->hostile == 0 || plan->honest >= GENESIS);
    QN_ASSERT(plan->hostile_groups <= QN_CROWD_HOSTILE_GROUPS_MAX);
    QN_ASSERT(plan->hostile <= plan->hostile_groups * HOSTS_OF_GROUP);
    *crowd = (struct qn_crowd){.seed = plan->seed, .count = plan->honest + plan->hostile};
    crowd->nodes = calloc(crowd->count, sizeof *crowd->nodes);
    QN_ASSERT(crowd->nodes != NULL && honest_hosts != NULL && hostile_hosts != NULL);
    qn_rng_init(&rng, plan->seed);
    place(crowd, plan, &rng, honest_hosts, hostile_hosts);
    free(honest_hosts);
    free(hostile_hosts);
}

void qn_crowd_fini(struct qn_crowd *crowd)
{
    free(crowd->nodes);
    *crowd = (struct qn_crowd){0};
}

/* The number, hidden by a hash of the rest: spread as real ids are, and yet to be had back. */
struct qn_node_id qn_crowd_id(const struct qn_crowd *crowd, uint32_t node)
{
    struct qn_node_id id;
    uint64_t words[QN_HASH_LEN / 8];

    for (size_t i = 1; i < QN_ARRAY_COUNT(words); i++) {
        words[i] = qn_mix(crowd->seed + i, QN_MIX_ID, node);
    }
    words[0] = node ^ qn_mix(words[1], QN_MIX_ID, 0);
    memcpy(id.bytes, words, sizeof id.bytes);
    return id;
}

uint32_t qn_crowd_find(const struct qn_crowd *crowd, const struct qn_node_id *id)
{
    uint64_t words[QN_HASH_LEN / 8];

    memcpy(words, id->bytes, sizeof id->bytes);
    uint64_t node = words[0] ^ qn_mix(words[1], QN_MIX_ID, 0);
    if (node >= crowd->count || words[1] != qn_mix(crowd->seed + 1, QN_MIX_ID, node)) {
        return QN_CROWD_NOBODY;
    }
    return (uint32_t)node;
}

struct qn_net_address qn_crowd_address(const struct qn_crowd *crowd, uint32_t node)
{
    uint32_t ip = crowd->nodes[node].ip;

    return (struct qn_net_address){.ip = {[10] = 0xff,
                                          [11] = 0xff,
                                          [12] = (uint8_t)(ip >> 24),
                                          [13] = (uint8_t)(ip >> 16),
                                          [14] = (uint8_t)(ip >> 8),
                                          [15] = (uint8_t)ip},
                                   .port = PORT};
}

struct qn_endpoint qn_crowd_endpoint(const struct qn_crowd *crowd, uint32_t node)
{
    struct qn_net_address address = qn_crowd_address(crowd, node);
    struct qn_endpoint endpoint;

    qn_net_address_endpoint(&endpoint, &address);
    return endpoint;
}

uint32_t qn_crowd_rtt_us(const struct qn_crowd *crowd, uint32_t a, uint32_t b)
{
    enum qn_region at_a = (enum qn_region)crowd->nodes[a].region;
    enum qn_region at_b = (enum qn_region)crowd->nodes[b].region;

    return qn_geography_base_us(at_a, at_b) + qn_geography_access_us(crowd->seed, a, at_a) +
           qn_geography_access_us(crowd->seed, b, at_b);
}

uint32_t qn_crowd_draw(const struct qn_crowd *crowd, struct qn_rng *rng, int region)
{
    for (size_t tries = 0; tries < DRAWS_MAX; tries++) {
        uint32_t node = (uint32_t)qn_rng_below(rng, crowd->count);
        const struct qn_crowd_node *found = &crowd->nodes[node];
        if (found->up && (region < 0 || found->region == (uint8_t)region)) {
            return node;
        }
    }
    return QN_CROWD_NOBODY;
}
