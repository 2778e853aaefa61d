#include "net/port_map.h"

#include <string.h>

#define PCP_INTERVAL QN_SECONDS(3) /* RFC 6887 section 8.1.1: IRT and MRT */
#define PCP_INTERVAL_MAX QN_SECONDS(1024)
#define PMP_INTERVAL QN_MS(250) /* RFC 6886 section 3.1 */
#define RENEWAL_MIN QN_SECONDS(4)
#define REFUSED_MIN QN_SECONDS(30)
#define REFUSED_MAX QN_SECONDS(1800)
#define UNREACHABLE_WAIT QN_SECONDS(300)

static void ask(struct qn_port_map *map, enum qn_port_map_state state, qn_time_us now)
{
    map->state = state;
    map->tries = 0;
    map->interval_us = state == QN_PORT_MAP_ASKING_PCP ? PCP_INTERVAL : PMP_INTERVAL;
    map->next_us = now;
}

static void ask_first(struct qn_port_map *map, qn_time_us now)
{
    ask(map, map->is_pmp ? QN_PORT_MAP_ASKING_ADDRESS : QN_PORT_MAP_ASKING_PCP, now);
}

static void rest(struct qn_port_map *map, qn_time_us wait, qn_time_us now)
{
    map->state = QN_PORT_MAP_RESTING;
    map->tries = 0;
    map->next_us = now + wait;
}

void qn_port_map_init(struct qn_port_map *map, const struct qn_net_address *client,
                      const uint8_t nonce[QN_PORT_MAP_NONCE_LEN], uint64_t seed, qn_time_us now)
{
    *map =
        (struct qn_port_map){.request = {.lifetime_s = QN_PORT_MAP_LIFETIME_S, .client = *client}};
    memcpy(map->request.nonce, nonce, sizeof map->request.nonce);
    qn_rng_init(&map->rng, seed);
    ask_first(map, now);
}

/* A tenth more or less. */
static qn_time_us jittered(struct qn_port_map *map, qn_time_us interval)
{
    return interval - interval / 10 + qn_rng_below(&map->rng, interval / 5 + 1);
}

static qn_time_us renewal_after(struct qn_port_map *map, qn_time_us left)
{
    qn_time_us wait = left / 2 + qn_rng_below(&map->rng, left / 16 + 1);
    return wait < RENEWAL_MIN ? RENEWAL_MIN : wait;
}

/* Of a request that is sent now. */
static qn_time_us patience(struct qn_port_map *map, qn_time_us now)
{
    if (map->is_mapped && !map->is_lost &&
        map->state == QN_PORT_MAP_ASKING_PCP) { /* RFC 6887 section 11.2.1 */
        return renewal_after(map, map->expires_us - now);
    }
    qn_time_us wait = map->interval_us;
    bool is_pcp = map->state == QN_PORT_MAP_ASKING_PCP;
    map->interval_us = is_pcp && 2 * wait > PCP_INTERVAL_MAX ? PCP_INTERVAL_MAX : 2 * wait;
    return is_pcp ? jittered(map, wait) : wait;
}

static size_t encode(const struct qn_port_map *map, uint8_t out[QN_PORT_MAP_REQUEST_LEN])
{
    switch (map->state) {
    case QN_PORT_MAP_ASKING_PCP:
        return qn_pcp_encode_map(out, &map->request);
    case QN_PORT_MAP_ASKING_ADDRESS:
        return qn_pmp_encode_address(out);
    case QN_PORT_MAP_ASKING_PORT:
        return qn_pmp_encode_map(out, &map->request);
    case QN_PORT_MAP_RESTING:
        break;
    }
    return 0;
}

size_t qn_port_map_poll(struct qn_port_map *map, uint8_t out[QN_PORT_MAP_REQUEST_LEN],
                        qn_time_us now)
{
    if (map->is_mapped && now >= map->expires_us) {
        map->is_mapped = false;
        map->is_pmp = false; /* perhaps there is another gateway by now */
        ask_first(map, now);
    }
    if (now < map->next_us) {
        return 0;
    }
    if (map->state == QN_PORT_MAP_RESTING) {
        ask_first(map, now);
    } else if (map->is_pmp && map->tries >= QN_PMP_TRIES_MAX) {
        map->is_pmp = map->is_mapped;
        rest(map, UNREACHABLE_WAIT, now);
        return 0;
    }
    map->next_us = now + patience(map, now);
    map->tries += 1;
    map->asked_us = now;
    map->requests += 1;
    return encode(map, out);
}

qn_time_us qn_port_map_deadline(const struct qn_port_map *map)
{
    return map->is_mapped && map->expires_us < map->next_us ? map->expires_us : map->next_us;
}

/* RFC 6887 section 8.5. Seconds of ours and of the gateway must pass alike. */
static bool lost_state(struct qn_port_map *map, uint32_t epoch_s, qn_time_us now)
{
    bool had_epoch = map->has_epoch;
    uint64_t ours = (now - map->epoch_us) / QN_SECONDS(1);
    uint64_t before = map->epoch_s;
    map->has_epoch = true;
    map->epoch_s = epoch_s;
    map->epoch_us = now;
    if (!had_epoch) {
        return false;
    }
    if ((uint64_t)epoch_s + 1 < before) {
        return true;
    }
    uint64_t theirs = epoch_s > before ? epoch_s - before : 0;
    return ours + 2 < theirs - theirs / 16 || theirs + 2 < ours - ours / 16;
}

static enum qn_port_map_news refuse(struct qn_port_map *map, unsigned *result,
                                    const struct qn_port_map_answer *answer, qn_time_us now)
{
    qn_time_us wait = QN_SECONDS(answer->lifetime_s);
    wait = wait < REFUSED_MIN ? REFUSED_MIN : wait;
    *result = answer->result;
    map->failures += 1;
    rest(map, jittered(map, wait > REFUSED_MAX ? REFUSED_MAX : wait), now);
    return QN_PORT_MAP_REFUSED;
}

static enum qn_port_map_news accept(struct qn_port_map *map, unsigned *result,
                                    const struct qn_port_map_answer *answer,
                                    const struct qn_net_address *external, qn_time_us now)
{
    uint32_t lifetime_s = answer->lifetime_s < QN_PORT_MAP_LIFETIME_MAX_S
                              ? answer->lifetime_s
                              : (uint32_t)QN_PORT_MAP_LIFETIME_MAX_S;
    if (lifetime_s == 0 || !qn_net_address_is_usable(external)) {
        struct qn_port_map_answer useless = {.result = QN_PORT_MAP_NETWORK_FAILURE};
        return refuse(map, result, &useless, now);
    }
    map->is_mapped = true;
    map->is_lost = false;
    map->external = *external;
    map->request.wished = *external;
    map->expires_us = now + QN_SECONDS(lifetime_s);
    rest(map, renewal_after(map, QN_SECONDS(lifetime_s)), now);
    return QN_PORT_MAP_MAPPED;
}

static enum qn_port_map_news take_pcp(struct qn_port_map *map, unsigned *result,
                                      const struct qn_port_map_answer *answer, qn_time_us now)
{
    bool is_ours = memcmp(answer->nonce, map->request.nonce, sizeof answer->nonce) == 0 &&
                   answer->internal_port == map->request.client.port;
    if (map->state != QN_PORT_MAP_ASKING_PCP) {
        return QN_PORT_MAP_NOTHING;
    }
    if (answer->result == QN_PORT_MAP_UNSUPP_VERSION) {
        return refuse(map, result, answer, now);
    }
    if (!is_ours) {
        return QN_PORT_MAP_NOTHING;
    }
    (void)lost_state(map, answer->epoch_s, now); /* this very answer made the mapping anew */
    return answer->result == QN_PORT_MAP_SUCCESS
               ? accept(map, result, answer, &answer->external, now)
               : refuse(map, result, answer, now);
}

static enum qn_port_map_news take_pmp(struct qn_port_map *map, unsigned *result,
                                      const struct qn_port_map_answer *answer, qn_time_us now)
{
    struct qn_net_address external = {.port = answer->external.port};
    if (map->state == QN_PORT_MAP_ASKING_PCP && answer->result == QN_PORT_MAP_UNSUPP_VERSION &&
        qn_net_address_is_v4(&map->request.client)) {
        map->is_pmp = true;
        ask_first(map, now);
        return QN_PORT_MAP_GOES_ON;
    }
    bool is_address = map->state == QN_PORT_MAP_ASKING_ADDRESS && answer->kind == QN_PMP_ADDRESS;
    bool is_port = map->state == QN_PORT_MAP_ASKING_PORT && answer->kind == QN_PMP_MAP;
    if (!is_address && !is_port) {
        return QN_PORT_MAP_NOTHING;
    }
    if (answer->result != QN_PORT_MAP_SUCCESS) {
        return refuse(map, result, answer, now);
    }
    (void)lost_state(map, answer->epoch_s, now);
    if (is_address) {
        memcpy(map->pmp_ip, answer->external.ip, sizeof map->pmp_ip);
        ask(map, QN_PORT_MAP_ASKING_PORT, now);
        return QN_PORT_MAP_GOES_ON;
    }
    if (answer->internal_port != map->request.client.port) {
        return QN_PORT_MAP_NOTHING;
    }
    memcpy(external.ip, map->pmp_ip, sizeof external.ip);
    return accept(map, result, answer, &external, now);
}

/* Nobody asked for it: it restarted, or its address is another one. */
static bool is_announcement(const struct qn_port_map *map, const struct qn_port_map_answer *answer)
{
    return answer->result == QN_PORT_MAP_SUCCESS &&
           (answer->kind == QN_PCP_ANNOUNCE ||
            (answer->kind == QN_PMP_ADDRESS && map->state == QN_PORT_MAP_RESTING));
}

enum qn_port_map_news qn_port_map_take(struct qn_port_map *map, unsigned *result,
                                       struct qn_span bytes, qn_time_us now)
{
    struct qn_port_map_answer answer;
    if (qn_port_map_decode(&answer, bytes) != QN_OK) {
        return QN_PORT_MAP_NOTHING;
    }
    if (is_announcement(map, &answer)) {
        bool is_elsewhere = answer.kind == QN_PMP_ADDRESS && map->is_mapped &&
                            memcmp(answer.external.ip, map->external.ip, QN_NET_IP_LEN) != 0;
        if (!lost_state(map, answer.epoch_s, now) && !is_elsewhere) {
            return QN_PORT_MAP_NOTHING;
        }
        /* Whoever forges such announcements gets no more than a request in a while. */
        qn_time_us earliest = map->asked_us + RENEWAL_MIN;
        ask_first(map, now < earliest ? earliest : now);
        map->is_lost = true;
        return QN_PORT_MAP_RESTARTED;
    }
    bool is_pcp = answer.kind == QN_PCP_MAP || answer.kind == QN_PCP_ANNOUNCE;
    return is_pcp ? take_pcp(map, result, &answer, now) : take_pmp(map, result, &answer, now);
}

void qn_port_map_on_unreachable(struct qn_port_map *map, qn_time_us now)
{
    if (map->state != QN_PORT_MAP_RESTING) {
        map->failures += 1;
        rest(map, jittered(map, UNREACHABLE_WAIT), now);
    }
}

size_t qn_port_map_delete(const struct qn_port_map *map, uint8_t out[QN_PORT_MAP_REQUEST_LEN])
{
    struct qn_port_map_request request = map->request;
    bool may_be_mapped = map->is_mapped || (map->state != QN_PORT_MAP_RESTING && map->tries > 0);
    request.lifetime_s = 0;
    request.wished = (struct qn_net_address){.port = 0};
    if (!may_be_mapped) {
        return 0;
    }
    return map->is_pmp ? qn_pmp_encode_map(out, &request) : qn_pcp_encode_map(out, &request);
}
