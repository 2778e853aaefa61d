/* Answers of a gateway, one after the other, to the state machine that keeps a port mapped: each is a byte of length, one
 * of seconds that pass before it, and its bytes. */
#include "net/port_map.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(const struct qn_port_map *map, qn_time_us now)
{
    QN_ASSERT(!map->is_mapped || qn_net_address_is_usable(&map->external));
    QN_ASSERT(!map->is_mapped || map->expires_us <= now + QN_SECONDS(QN_PORT_MAP_LIFETIME_MAX_S));
    QN_ASSERT(qn_port_map_deadline(map) <= now + QN_SECONDS(QN_PORT_MAP_LIFETIME_MAX_S));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t nonce[QN_PORT_MAP_NONCE_LEN] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    static const struct qn_net_address client = {
        {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 2}, 9876};
    struct qn_port_map map;
    uint8_t out[QN_PORT_MAP_REQUEST_LEN];
    qn_time_us now = QN_SECONDS(1000);
    size_t at = 0;
    qn_port_map_init(&map, &client, nonce, 1, now);
    while (size - at >= 2) {
        size_t len = data[at];
        now += QN_SECONDS(data[at + 1]);
        at += 2;
        len = len < size - at ? len : size - at;
        QN_ASSERT(qn_port_map_poll(&map, out, now) <= sizeof out);
        QN_ASSERT(qn_port_map_deadline(&map) > now);
        unsigned result = 0;
        (void)qn_port_map_take(&map, &result, (struct qn_span){data + at, len}, now);
        (void)qn_port_map_result_name(result);
        hold(&map, now);
        QN_ASSERT(qn_port_map_delete(&map, out) <= sizeof out);
        at += len;
    }
    return 0;
}
