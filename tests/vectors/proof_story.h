/* Made-up chains for the proof vectors: headers, states and certificates as a network would have made them, from
 * fixed keys with deterministic signatures, so that the same program makes the same bytes. */
#ifndef QN_PROOF_STORY_H
#define QN_PROOF_STORY_H

#include "ledger/genesis.h"
#include "ledger/proof_bundle.h"
#include "ledger/state.h"
#include "wire/vote.h"

enum { STORY_BLOCKS_MAX = 16, STORY_EPOCHS_MAX = 4, STORY_MEMBERS_MAX = 8 };

struct story_block {
    struct qn_header header;
    struct qn_hash id;
    struct qn_state state;
    struct qn_buf *header_bytes;
};

struct story_committee {
    size_t count;
    struct qn_key *keys[STORY_MEMBERS_MAX]; /* in the order of the set */
    struct qn_validator_set set;
};

struct story {
    struct qn_genesis genesis;
    size_t genesis_count;
    struct qn_key *genesis_keys[STORY_MEMBERS_MAX];
    size_t block_count;
    struct story_block blocks[STORY_BLOCKS_MAX];
    size_t epoch_count;
    struct story_committee committees[STORY_EPOCHS_MAX];
    uint64_t epoch_ends[STORY_EPOCHS_MAX]; /* heights */
};

/* A network of four with keys of this suite. */
void story_init(struct story *story, enum qn_suite_id suite);
void story_fini(struct story *story);
/* The key number of a series. */
struct qn_key *story_key(enum qn_suite_id suite, unsigned number);

/* The state that the next block will have, to be changed. */
struct qn_state *story_next_state(struct story *story);
/* A block on top with that state. next NULL: the committee stays. */
void story_add_block(struct story *story, struct qn_key *const *next, size_t next_count);
/* An entry of this key, as registered in the next block. */
struct qn_registry_entry story_entry(const struct story *story, const struct qn_key *key,
                                     uint64_t index);

/* A certificate of the committee over a block by these signers; kind, network and view can be wrong. */
struct story_cert {
    enum qn_vote_kind kind;
    enum qn_vote_kind signed_as;
    uint64_t epoch;
    struct qn_network_id network;
    struct qn_hash block_id;
    uint8_t signers; /* bits */
    size_t bitmap_len;
    uint8_t bitmap[2];
};
struct qn_buf *story_certify(const struct story *story, const struct story_cert *cert);
/* The right one. */
struct story_cert story_cert_of(const struct story *story, uint64_t height);

void story_path(struct story *story, struct qn_history_path *path, uint64_t count, uint64_t height);

#endif
