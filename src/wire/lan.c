#include "wire/lan.h"

#include "wire/field.h"

enum { PORT_LEN = 2 };

static void write_beacon(struct qn_writer *w, const void *record)
{
    const struct qn_lan_beacon *beacon = record;
    uint8_t port[PORT_LEN] = {(uint8_t)(beacon->port >> 8), (uint8_t)beacon->port};
    qn_write_map(w, 5);
    qn_write_uint_at(w, 1, QN_LAN_VERSION);
    qn_write_key(w, 2);
    qn_write_bool(w, beacon->asks);
    qn_write_bytes_at(w, 3, beacon->network.bytes, sizeof beacon->network.bytes);
    qn_write_bytes_at(w, 4, beacon->id.bytes, sizeof beacon->id.bytes);
    qn_write_bytes_at(w, 5, port, sizeof port);
}

void qn_lan_beacon_encode(uint8_t out[QN_LAN_BEACON_LEN], const struct qn_lan_beacon *beacon)
{
    struct qn_span bytes;
    QN_ASSERT(beacon->asks || beacon->port != 0);
    enum qn_err err = qn_encode_into(out, QN_LAN_BEACON_LEN, &bytes, write_beacon, beacon);
    QN_ASSERT(err == QN_OK && bytes.len == QN_LAN_BEACON_LEN);
}

enum qn_err qn_lan_beacon_decode(struct qn_lan_beacon *out, struct qn_span bytes)
{
    struct qn_lan_beacon beacon = {0};
    struct qn_reader in;
    uint8_t port[PORT_LEN];
    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    qn_read_require(&in, qn_read_uint_at(&in, &map, 1, QN_LAN_VERSION) == QN_LAN_VERSION);
    qn_read_key(&in, &map, 2);
    beacon.asks = qn_read_bool(&in);
    qn_read_fixed_at(&in, &map, 3, beacon.network.bytes, sizeof beacon.network.bytes);
    qn_read_fixed_at(&in, &map, 4, beacon.id.bytes, sizeof beacon.id.bytes);
    qn_read_fixed_at(&in, &map, 5, port, sizeof port);
    beacon.port = (uint16_t)(port[0] << 8 | port[1]);
    qn_read_require(&in, beacon.asks || beacon.port != 0);
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = beacon;
    }
    return err;
}
