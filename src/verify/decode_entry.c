/* The form of a registry entry: registry-entry in docs/protocol.cddl. */
#include "verify/parts.h"

#include <string.h>

enum { REGION_MAX = 5, STATUS_ROTATED = 3 };

static bool is_host(const char *host)
{
    static const char characters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.:_-";
    return host[0] != '\0' && strspn(host, characters) == strlen(host);
}

uint16_t qn_proof_read_endpoint(struct qn_reader *in, char host[QNET_HOST_LEN_MAX + 1])
{
    (void)qn_read_array(in, 2, 2);
    qn_read_text(in, host, QNET_HOST_LEN_MAX);
    uint16_t port = (uint16_t)qn_read_uint(in, UINT16_MAX);
    in->failed = in->failed || !is_host(host) || port == 0;
    return port;
}

static void read_hash(struct qn_reader *in, struct qn_map_reader *map, uint64_t key,
                      uint8_t hash[QNET_HASH_LEN])
{
    qn_read_key(in, map, key);
    qn_read_fixed(in, hash, QNET_HASH_LEN);
}

static void read_standing(struct qn_reader *in, struct qn_map_reader *map, struct qnet_entry *entry)
{
    entry->valid_until_ms = qn_proof_read_uint(in, map, 9, UINT64_MAX);
    entry->status = (uint8_t)qn_proof_read_uint(in, map, 10, STATUS_ROTATED);
    in->failed = in->failed || entry->status == 0;
    entry->sequence = qn_proof_read_uint(in, map, 11, UINT64_MAX);
    entry->registered_height = qn_proof_read_uint(in, map, 12, UINT64_MAX);
    entry->changed_height = qn_proof_read_uint(in, map, 13, UINT64_MAX);
    entry->revoke_reason = (uint32_t)qn_proof_read_uint(in, map, 14, UINT32_MAX);
    entry->code_class = (uint32_t)qn_proof_read_uint(in, map, 15, UINT32_MAX);
    if (entry->status == STATUS_ROTATED) {
        read_hash(in, map, 16, entry->successor);
    }
    if (map->pairs_left > 0) {
        entry->equivocated_height = qn_proof_read_uint(in, map, 17, UINT64_MAX);
        in->failed = in->failed || entry->equivocated_height == 0;
    }
}

void qn_proof_read_entry(struct qn_reader *in, struct qn_proof_bundle *bundle)
{
    struct qnet_entry *entry = &bundle->entry;
    struct qn_map_reader map = qn_read_map(in);

    entry->index = qn_proof_read_uint(in, &map, 1, UINT64_MAX);
    bundle->entry_id = qn_proof_read_hash(in, &map, 2);
    entry->suite = (uint8_t)qn_proof_read_uint(in, &map, 3, UINT8_MAX);
    read_hash(in, &map, 4, entry->key_hash);
    entry->region = (uint8_t)qn_proof_read_uint(in, &map, 5, REGION_MAX);
    entry->roles = (uint32_t)qn_proof_read_uint(in, &map, 6, UINT32_MAX);
    if (qn_read_key_if(in, &map, 7)) {
        entry->port = qn_proof_read_endpoint(in, entry->host);
    }
    read_hash(in, &map, 8, entry->announce_tip);
    read_standing(in, &map, entry);
    qn_read_map_end(in, &map);
}
