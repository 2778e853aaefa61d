/* One identity of the registry: a plain record that every module may use. */
#ifndef QN_REGISTRY_RECORD_H
#define QN_REGISTRY_RECORD_H

#include "crypto/key.h"
#include "wire/types.h"

enum qn_entry_status {
    QN_ENTRY_ACTIVE = 1,
    QN_ENTRY_REVOKED = 2,
    QN_ENTRY_ROTATED = 3, /* another key took its place: see successor */
};

/* Encoded as {1: index, 2: node id, 3: suite, 4: key hash, 5: region, 6: roles, 7: endpoint (may lack),
 * 8: announce tip, 9: valid until, 10: status, 11: sequence, 12: registered height,
 * 13: changed height, 14: revoke reason, 15: code class, 16: successor (of rotated ones only),
 * 17: equivocated height (may lack)}. */
struct qn_registry_entry {
    uint64_t index; /* grows by one with each registration; never reused; a successor has it too */
    struct qn_node_id id;
    uint8_t suite;
    struct qn_hash
        key_hash; /* SHA3-256 of the spki: equals the id while the key is the first one */
    enum qn_region region;
    uint32_t roles;
    bool has_endpoint;
    struct qn_endpoint endpoint;
    struct qn_hash announce_tip;
    qn_unix_ms valid_until_ms; /* UINT64_MAX for genesis nodes */
    enum qn_entry_status status;
    uint64_t sequence; /* 1 at registration, 0 of a successor; +1 with each change */
    uint64_t registered_height;
    uint64_t changed_height;
    uint32_t revoke_reason;
    uint32_t code_class;
    struct qn_node_id successor; /* QN_ENTRY_ROTATED: the id of the new key */
    uint64_t equivocated_height; /* block that proved contradicting votes of it; 0: none */
    struct qn_public_key key;    /* kept beside the entry, committed to by key_hash */
};

QN_MUST_USE enum qn_err qn_registry_entry_encode(const struct qn_registry_entry *entry,
                                                 uint8_t *out, size_t capacity,
                                                 struct qn_span *bytes);
/* Everything but key, which is zeroed. */
QN_MUST_USE enum qn_err qn_registry_entry_decode(struct qn_registry_entry *entry,
                                                 struct qn_span bytes);
/* QN_OK if usable at this time, QN_ERR_REVOKED or QN_ERR_EXPIRED. */
QN_MUST_USE enum qn_err qn_registry_entry_usable(const struct qn_registry_entry *entry,
                                                 qn_unix_ms unix_ms);

#endif
