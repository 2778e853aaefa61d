/* What a proof consists of, decoded, and the checks that qnet_proof_verify puts together. All of it points into
 * the caller's bytes. Form errors are found here; what the parts claim is the business of the checks. */
#ifndef QN_VERIFY_PARTS_H
#define QN_VERIFY_PARTS_H

#include "qnet/verify.h"
#include "wire/cbor.h"

enum {
    QN_PROOF_HEADER_LEN_MAX = 400,
    QN_PROOF_PARAMETERS_LEN_MAX = 1024,
    QN_PROOF_KEY_LEN_MAX = 2614,
    QN_PROOF_SIGNATURE_LEN_MAX = 4627,
    QN_PROOF_SIGNATURES_MAX = QNET_COMMITTEE_MAX - (QNET_COMMITTEE_MAX - 1) / 3,
    QN_PROOF_BITMAP_LEN_MAX = (QNET_COMMITTEE_MAX + 7) / 8,
    QN_PROOF_CERTIFICATE_LEN_MAX = 86 + QN_PROOF_SIGNATURES_MAX * (3 + QN_PROOF_SIGNATURE_LEN_MAX),
    QN_PROOF_ENTRY_LEN_MAX = 512,
    QN_PROOF_DEPTH_MAX = 256,       /* siblings from the state root to a leaf */
    QN_PROOF_HISTORY_LEN_MAX = 127, /* 63 siblings in a mountain and 64 other peaks, at most */
};

/* Only known while the certificate's bytes are. */
struct qn_proof_certificate {
    bool is_final; /* else a notarization */
    uint64_t epoch;
    uint64_t view;
    uint64_t parent_view;
    const uint8_t *block_id;
    struct qnet_span bitmap;
    size_t signature_count;
    struct qnet_span signatures[QN_PROOF_SIGNATURES_MAX];
};

struct qn_proof_header {
    struct qnet_span bytes;
    const uint8_t *network;
    uint64_t epoch;
    uint64_t height;
    const uint8_t *state_root;
    const uint8_t *history_root;
    const uint8_t *validators_hash;
    const uint8_t *next_validators_hash;
    uint64_t time_ms;
    bool ends_epoch;
};

/* Some hashes of QNET_HASH_LEN bytes in the bundle, of a length that was checked. */
struct qn_proof_hashes {
    size_t count;
    struct qn_reader at; /* the first one */
};

struct qn_proof_state_path {
    struct qn_proof_hashes siblings; /* root side first */
    bool has_leaf;
    const uint8_t *leaf_key;
    const uint8_t *leaf_value_hash;
};

struct qn_proof_committee {
    size_t count;
    struct qnet_member members[QNET_COMMITTEE_MAX];
};

struct qn_proof_step {
    struct qn_proof_header header;
    struct qn_proof_certificate certificate;
    struct qn_proof_committee next; /* ids are not computed yet */
};

struct qn_proof_bundle {
    struct qnet_span parameters;
    size_t step_count;
    struct qn_reader steps; /* at the first one */
    struct qn_proof_header header;
    struct qn_proof_certificate certificate;
    bool has_anchor;
    struct qn_proof_header anchor;
    struct qn_proof_hashes history;
    struct qn_proof_state_path path;
    const uint8_t *node_id;
    struct qnet_span entry_bytes; /* at NULL: absent */
    struct qnet_entry entry;
    const uint8_t *entry_id;
};

/* ---- form (decode.c, decode_entry.c) ---- */

/* Whole bytes in their one encoding, every part down to the last included. MALFORMED, VERSION, TOO_BIG. */
enum qnet_verify_status qn_proof_decode(struct qn_proof_bundle *bundle, struct qnet_span bytes);
/* The next step of a bundle that was decoded before. */
void qn_proof_read_step(struct qn_reader *in, struct qn_proof_step *step);
void qn_proof_read_entry(struct qn_reader *in, struct qn_proof_bundle *bundle);
/* Returns the port. */
uint16_t qn_proof_read_endpoint(struct qn_reader *in, char host[QNET_HOST_LEN_MAX + 1]);

uint64_t qn_proof_read_uint(struct qn_reader *in, struct qn_map_reader *map, uint64_t key,
                            uint64_t max);
struct qnet_span qn_proof_read_bytes(struct qn_reader *in, struct qn_map_reader *map, uint64_t key,
                                     size_t min, size_t max);
/* QNET_HASH_LEN bytes; zeros on failure. */
const uint8_t *qn_proof_read_hash(struct qn_reader *in, struct qn_map_reader *map, uint64_t key);
/* Copies the next hash and steps over it. */
void qn_proof_next_hash(struct qn_proof_hashes *hashes, uint8_t hash[QNET_HASH_LEN]);
/* 1, 2 or 3 for a DER SubjectPublicKeyInfo of ML-DSA-65, -87 or -44 in the form of RFC 9881; else 0. */
uint8_t qn_proof_key_suite(struct qnet_span key);

/* ---- checks ---- */

struct qn_proof_check {
    const struct qnet_verify_crypto *crypto;
    uint8_t network[QNET_HASH_LEN];
    size_t signature_count; /* verified so far */
};

bool qn_proof_hash_equal(const uint8_t *a, const uint8_t *b);
bool qn_proof_sha3(const struct qnet_verify_crypto *crypto, uint8_t digest[QNET_HASH_LEN],
                   struct qnet_span bytes);
/* 0x01 || left || right */
bool qn_proof_inner(const struct qnet_verify_crypto *crypto, uint8_t digest[QNET_HASH_LEN],
                    const uint8_t *left, const uint8_t *right);

/* Ids from keys. COMMITTEE: they are not in ascending order of ids, or their hash is another. */
enum qnet_verify_status qn_proof_check_committee(const struct qn_proof_check *check,
                                                 struct qn_proof_committee *committee,
                                                 const uint8_t *validators_hash);
/* The hash that headers have of a committee (ids known). False: the library failed. */
bool qn_proof_committee_hash(const struct qnet_verify_crypto *crypto,
                             const struct qn_proof_committee *committee,
                             uint8_t digest[QNET_HASH_LEN]);
/* That a quorum of the committee made this block final. */
enum qnet_verify_status qn_proof_check_final(struct qn_proof_check *check,
                                             const struct qn_proof_committee *committee,
                                             const struct qn_proof_header *header,
                                             const struct qn_proof_certificate *certificate);
/* That block_id is the block at this height in the history of anchor. */
enum qnet_verify_status qn_proof_check_history(const struct qn_proof_check *check,
                                               const struct qn_proof_bundle *bundle,
                                               const uint8_t *block_id);
/* That the state has the entry, or none, and that the entry is the node's. */
enum qnet_verify_status qn_proof_check_state(const struct qn_proof_check *check,
                                             const struct qn_proof_bundle *bundle);
/* The network id that the certificates make with these parameters. False: the library failed. */
bool qn_proof_network(const struct qnet_trust *trust, const struct qnet_verify_crypto *crypto,
                      struct qnet_span parameters, uint8_t network[QNET_HASH_LEN]);

#endif
