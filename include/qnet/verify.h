/* Verifies registry proofs of a QNet network with nothing but its genesis certificates.
 *
 * A proof says of one node id: at this height of this network it has this entry, or none. It is what
 * `qnet registry proof` prints and GET /v1/registry/{id}/proof.cbor answers; its form is
 * registry-proof in docs/protocol.cddl.
 *
 * Usable alone: C17 or C++, no allocation, no globals, no files, nothing but the C library. Hashing and
 * signatures are calls through struct qnet_verify_crypto; qnet/verify_openssl.h fills it from OpenSSL 3.5.
 * Every function may run in several threads at once on different objects. */
#ifndef QNET_VERIFY_H
#define QNET_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    QNET_HASH_LEN = 32,
    QNET_COMMITTEE_MAX = 100,          /* members, genesis nodes included */
    QNET_GENESIS_MIN = 4,              /* certificates that make a network */
    QNET_CERTIFICATE_LEN_MAX = 8192,   /* bytes of one, decoded */
    QNET_PROOF_LEN_MAX = 64 * 1048576, /* bytes of a proof */
    QNET_PROOF_EPOCHS_MAX = 4096,      /* changes of the committee in one proof */
    QNET_HOST_LEN_MAX = 63,
};

/* Bytes that the caller owns. */
struct qnet_span {
    const uint8_t *at;
    size_t len;
};

/* X(name, number, short name, text): numbers and short names are stable; web/ has the same ones. */
#define QNET_VERIFY_LIST(X)                                                                        \
    X(OK, 0, "ok", "the proof holds")                                                              \
    X(MALFORMED, 1, "malformed", "not the one canonical encoding of a proof")                      \
    X(TOO_BIG, 2, "too_big", "larger than a proof may be")                                         \
    X(VERSION, 3, "version", "a version of proofs that this program does not know")                \
    X(NETWORK, 4, "network", "made for another network than the genesis certificates define")      \
    X(COMMITTEE, 5, "committee", "a committee is not the one that the chain names")                \
    X(EPOCH, 6, "epoch", "the chain of committees has a gap or an end in the wrong place")         \
    X(CERTIFICATE, 7, "certificate", "a certificate does not make its block final")                \
    X(QUORUM, 8, "quorum", "a certificate is not signed by exactly one quorum")                    \
    X(SIGNATURE, 9, "signature", "a signature does not verify")                                    \
    X(HISTORY, 10, "history", "the block is not in the history of the certified one")              \
    X(STATE, 11, "state", "the path does not lead to the block's state root")                      \
    X(ENTRY, 12, "entry", "the entry is not that of the node id")                                  \
    X(NODE_ID, 13, "node_id", "the proof is about another node id")                                \
    X(CRYPTO, 14, "crypto", "the cryptographic library failed")                                    \
    X(GENESIS_MALFORMED, 15, "genesis_malformed", "not a genesis certificate")                     \
    X(GENESIS_COUNT, 16, "genesis_count", "a network has 4 to 100 genesis certificates")           \
    X(GENESIS_NAME, 17, "genesis_name", "the genesis certificates name different networks")        \
    X(GENESIS_DUPLICATE, 18, "genesis_duplicate", "two genesis certificates have one id or key")   \
    X(GENESIS_SIGNATURE, 19, "genesis_signature", "a genesis certificate is not signed by its key")

enum qnet_verify_status {
#define QNET_VERIFY_ENUM(name, number, short_name, text) QNET_VERIFY_##name = (number),
    QNET_VERIFY_LIST(QNET_VERIFY_ENUM)
#undef QNET_VERIFY_ENUM
};
/* Static: "a signature does not verify"; "signature". Of a number outside the list: "unknown". */
const char *qnet_verify_text(enum qnet_verify_status status);
const char *qnet_verify_name(enum qnet_verify_status status);

enum qnet_check { QNET_CHECK_HOLDS, QNET_CHECK_FAILS, QNET_CHECK_ERROR };

/* What the verifier calls. Whoever can check ML-DSA has SHA-3, so neither is in here. */
struct qnet_verify_crypto {
    void *context;
    /* SHA3-256 over the parts one after the other. False: the library failed. */
    bool (*sha3_256)(void *context, uint8_t digest[QNET_HASH_LEN], const struct qnet_span *parts,
                     size_t part_count);
    /* ML-DSA (FIPS 204) over the 32 bytes of digest as the message, pure, with this context string; key
     * is a DER SubjectPublicKeyInfo (RFC 9881) of ML-DSA-44, -65 or -87, already held to its form. */
    enum qnet_check (*verify)(void *context, struct qnet_span key, const char *context_string,
                              const uint8_t digest[QNET_HASH_LEN], struct qnet_span signature);
};

/* ---- what is trusted ---- */

struct qnet_member {
    struct qnet_span key; /* DER SubjectPublicKeyInfo */
    uint8_t suite;        /* 1 = ML-DSA-65, 2 = ML-DSA-87, 3 = ML-DSA-44 */
    uint8_t id[QNET_HASH_LEN];
};

/* The genesis nodes. Fields are the verifier's; the object may be copied. No fini. */
struct qnet_trust {
    size_t count;
    struct qnet_span certificates[QNET_COMMITTEE_MAX]; /* by bootstrap id */
    struct qnet_member members[QNET_COMMITTEE_MAX];    /* by node id */
    bool has_network;
    uint8_t network[QNET_HASH_LEN];
};

/* From encoded certificates in any order, whose bytes the caller keeps as long as trust; each must be signed
 * by its own key. On any error *bad (may be NULL) is the index of the certificate, or count. */
enum qnet_verify_status qnet_trust_init(struct qnet_trust *trust, size_t *bad,
                                        const struct qnet_verify_crypto *crypto,
                                        const struct qnet_span *certificates, size_t count);
/* From now on only proofs of the network with this id hold. Without it the id follows from the certificates
 * and the parameters that a proof brings along: unambiguous, unless the same keys serve two networks. */
void qnet_trust_pin(struct qnet_trust *trust, const uint8_t network[QNET_HASH_LEN]);
/* A certificate from its text (base64url, as in QNET_BOOTSTRAP_...) into buffer, of which *certificate becomes
 * the used part. QNET_VERIFY_GENESIS_MALFORMED: it is none or does not fit. */
enum qnet_verify_status qnet_certificate_from_text(struct qnet_span *certificate, uint8_t *buffer,
                                                   size_t capacity, const char *text);

/* ---- the verdict ---- */

enum qnet_entry_state {
    QNET_ENTRY_NONE, /* not a member: the registry had no entry of this id */
    QNET_ENTRY_ACTIVE,
    QNET_ENTRY_REVOKED,
    QNET_ENTRY_EXPIRED,
    QNET_ENTRY_ROTATED, /* another key took its place */
};
/* "none", "active", ...; static. */
const char *qnet_entry_state_name(enum qnet_entry_state state);

struct qnet_entry {
    uint64_t index; /* registry index */
    uint8_t suite;
    uint8_t key_hash[QNET_HASH_LEN];  /* SHA3-256 of the DER SubjectPublicKeyInfo */
    uint8_t region;                   /* 0..5, as in docs/protocol.cddl */
    uint32_t roles;                   /* bits: 1 = full node, 2 = validator */
    char host[QNET_HOST_LEN_MAX + 1]; /* "": it has no endpoint */
    uint16_t port;
    uint8_t announce_tip[QNET_HASH_LEN];
    uint64_t valid_until_ms; /* UINT64_MAX: for ever */
    uint8_t status;          /* 1 = active, 2 = revoked, 3 = rotated: as the entry says it */
    uint64_t sequence;
    uint64_t registered_height;
    uint64_t changed_height;
    uint32_t revoke_reason;
    uint32_t code_class;
    uint8_t successor[QNET_HASH_LEN]; /* rotated: the id of the new key; else zero */
    uint64_t equivocated_height;      /* where contradicting votes of it were proved; 0: none */
};

struct qnet_verdict {
    uint8_t node_id[QNET_HASH_LEN];
    bool is_member;              /* the registry had an entry of it, whatever its state */
    enum qnet_entry_state state; /* at the block's time */
    struct qnet_entry entry;     /* all zero unless is_member */
    uint8_t network[QNET_HASH_LEN];
    uint64_t height;  /* of the block whose state was proved */
    uint64_t time_ms; /* of that block: unix time in milliseconds */
    uint64_t epoch;
    uint8_t block_id[QNET_HASH_LEN];
    uint8_t state_root[QNET_HASH_LEN];
    uint64_t certified_height; /* of the block that a quorum signed: this one or a later one */
    uint64_t certified_epoch;
    size_t signature_count; /* that were verified */
};

/* Holds the proof to the certificates. node_id (QNET_HASH_LEN bytes) is whom the caller asks about; NULL: see
 * verdict->node_id. Nothing but QNET_VERIFY_OK fills *verdict.
 *
 * How old the answer may be is for the caller to judge: the proof holds for its height, for ever. */
enum qnet_verify_status qnet_proof_verify(struct qnet_verdict *verdict,
                                          const struct qnet_trust *trust,
                                          const struct qnet_verify_crypto *crypto,
                                          const uint8_t *proof, size_t proof_len,
                                          const uint8_t *node_id);
/* The state of what was proved at another time, such as now. */
enum qnet_entry_state qnet_verdict_state_at(const struct qnet_verdict *verdict, uint64_t unix_ms);

#ifdef __cplusplus
}
#endif

#endif
