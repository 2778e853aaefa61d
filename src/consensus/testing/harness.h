/* A network of validators in one process and in virtual time: one seed decides message order, delays,
 * loss and faults. Invariants are checked at every step; the first one broken is kept as text. */
#ifndef QN_CONSENSUS_HARNESS_H
#define QN_CONSENSUS_HARNESS_H

#include "base/rng.h"
#include "consensus/consensus.h"

enum {
    HARNESS_VALIDATORS_MAX = 10,
    HARNESS_NODES_MAX = HARNESS_VALIDATORS_MAX + 3, /* twins are two nodes each */
    HARNESS_TXS_MAX = 64,
    HARNESS_TX_END = 63, /* its block is the last of the epoch */
    HARNESS_VIEWS_MAX = 8192,
    HARNESS_HEIGHTS_MAX = 4096,
    HARNESS_TEXT_MAX = 400,
};

enum harness_fault {
    HARNESS_HONEST,
    HARNESS_SILENT,   /* sends nothing at all */
    HARNESS_TWINS,    /* two copies of one identity, each talking to some of the others */
    HARNESS_FORGER,   /* honest but for messages changed, forged or sent to some only */
    HARNESS_BAD_ROOT, /* proposes blocks with a false state root */
    HARNESS_BAD_BODY, /* sends some a block's header over other transactions */
};

struct harness_config {
    unsigned n;
    uint64_t seed;
    enum harness_fault faults[HARNESS_VALIDATORS_MAX];
    unsigned
        twin_recipients[2]; /* validators each copy sends to, as bits; 0: drawn from the seed */
    bool real_signatures;
    qn_time_us delta;
    qn_time_us delay_min; /* of a message */
    qn_time_us delay_max;
    qn_time_us work_max; /* of SIGN, VERIFY, PERSIST, BUILD, CHECK: drawn from 0 to this */
    bool fixed_work;     /* or always as long as given in harness.c: for transcripts */
    unsigned drop_permille;
    unsigned duplicate_permille;
    bool transcript;
    bool joins; /* validators hear others before their first vote, and may be restarted */
};

struct harness;
struct harness *harness_new(const struct harness_config *config);
void harness_free(struct harness *h);

/* NULL, or the first broken invariant. Nothing runs any more after it. */
const char *harness_failure(const struct harness *h);
qn_time_us harness_now(const struct harness *h);
struct qn_rng *harness_rng(struct harness *h);

/* Opens the start gate of all and links everyone with everyone. */
void harness_start(struct harness *h);
/* A new transaction at this validator, which tells the others; its number. */
unsigned harness_submit(struct harness *h, int validator);
/* The transaction that ends the epoch, at everybody. */
void harness_end_epoch(struct harness *h);
void harness_run(struct harness *h, qn_time_us duration);
/* Runs until every honest validator has committed all transactions; false if it takes longer. */
bool harness_run_until_final(struct harness *h, qn_time_us duration_max);

/* Runs until the epoch is at its end for every honest validator. */
bool harness_run_until_ended(struct harness *h, qn_time_us duration_max);

void harness_set_network(struct harness *h, qn_time_us delay_min, qn_time_us delay_max,
                         unsigned drop_permille, unsigned duplicate_permille);
/* Messages between these vanish, both ways; links seem to be up. */
void harness_block(struct harness *h, int a, int b, bool blocked);
/* Messages from one to the other vanish, if of this kind (0: any). */
void harness_lose(struct harness *h, int from, int to, unsigned kind);
void harness_link(struct harness *h, int a, int b, bool up);
/* Like SIGSTOP and SIGCONT: messages wait. */
void harness_pause(struct harness *h, int validator, bool paused);
void harness_crash(struct harness *h, int validator);
/* Its process ends and starts again, with what its disk holds then; links come up again. */
enum harness_restart {
    HARNESS_INTACT,      /* with all that was durable */
    HARNESS_ALL_LOST,    /* with nothing but its key */
    HARNESS_LOG_LOST,    /* with its blocks, without its votes */
    HARNESS_ROLLED_BACK, /* with an old copy of the disk */
};
void harness_restart(struct harness *h, int validator, enum harness_restart how);
/* Copies its disk, for ROLLED_BACK. */
void harness_copy_disk(struct harness *h, int validator);
bool harness_has_copy(const struct harness *h, int validator);
/* Does its disk hold a vote log? */
bool harness_has_log(const struct harness *h, int validator);
/* Was it rolled back? Then it is one of those that may be faulty. */
bool harness_is_excused(const struct harness *h, int validator);
/* All links up, nobody paused, nothing lost, mempools told again. */
void harness_heal(struct harness *h);
/* A message out of nowhere, on the link of this validator. */
void harness_inject(struct harness *h, int from, int to, enum qn_message_kind kind,
                    struct qn_buf *bytes);

/* Its BUILD actions fail, or no longer. */
void harness_fail_builds(struct harness *h, int validator, bool fail);
/* BUILD actions of this validator so far. */
unsigned harness_builds(const struct harness *h, int validator);

uint64_t harness_height(const struct harness *h, int validator);
uint64_t harness_view(const struct harness *h, int validator);
struct qn_consensus *harness_consensus(struct harness *h, int validator);
bool harness_is_paused(const struct harness *h, int validator);
bool harness_is_honest(const struct harness *h, int validator);
/* Has this validator committed it? */
bool harness_is_final(const struct harness *h, int validator, unsigned tx);
/* Messages handed to the network so far, and FAULT actions against each validator. */
uint64_t harness_sent(const struct harness *h);
unsigned harness_fault_count(const struct harness *h, int accused);
/* EVIDENCE actions against this validator. */
unsigned harness_convictions(const struct harness *h, int accused);
/* Length of the longest list of actions of one event so far. */
size_t harness_actions_max(const struct harness *h);
uint64_t harness_syncs(const struct harness *h);
/* Signs as this validator. */
void harness_sign(const struct harness *h, struct qn_signature *signature, int validator,
                  enum qn_sign_kind kind, const struct qn_hash *digest);
const struct qn_network_id *harness_network(const struct harness *h);
const struct qn_validator_set *harness_validators(const struct harness *h);
/* From now on everything that happens becomes a line, or nothing does. */
void harness_show(struct harness *h, bool shown);
/* Lines so far; owned by the harness. */
const char *harness_transcript(const struct harness *h);
/* A hash over everything that happened: the same seed gives the same one. */
uint64_t harness_trace(const struct harness *h);

#endif
