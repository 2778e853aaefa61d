/* Scores: what somebody did that he could have avoided, forgotten with time; enough of it is a ban that
 * ends by itself, and each further one lasts twice as long.
 *
 * Only the sender's doing counts: what this node lacks, has no time for, or reads from its own clock is
 * never a fault (docs/peers.md has the table).
 *
 * Memory is bounded and taken once. When it is full, a place is made in the network group that holds the
 * most places, and there it is the least that is forgotten; a newcomer that is itself the least is not
 * kept. So whoever wants a ban forgotten needs more, and worse, bans in the same group than he has.
 *
 * Pure and deterministic. */
#ifndef QN_SCORES_H
#define QN_SCORES_H

#include "base/map.h"

/* X(name, points of QN_SCORE_BAN, text). */
#define QN_FAULT_LIST(X)                                                                           \
    X(MALFORMED, 60, "malformed_message")   /* bytes that no version of the protocol has */        \
    X(UNEXPECTED, 20, "unexpected_message") /* a message out of its order, or too new */           \
    X(BAD_SIGNATURE, 100, "bad_signature")  /* on what the sender had to verify, or made */        \
    X(BAD_BLOCK, 100, "bad_block")          /* a block, chunk or checkpoint that does not hold */  \
    X(CONTRADICTION, 100, "contradiction")  /* two votes where one is allowed */                   \
    X(FLOOD, 10, "flood") /* more than its token buckets give, and it was told so */
enum qn_fault {
#define QN_FAULT_ENUM(name, points, text) QN_FAULT_##name,
    QN_FAULT_LIST(QN_FAULT_ENUM)
#undef QN_FAULT_ENUM
        QN_FAULT_COUNT
};
const char *qn_fault_name(enum qn_fault fault);
unsigned qn_fault_points(enum qn_fault fault);

enum {
    QN_SCORE_DISCOURAGE = 50, /* points: dialled last, evicted first */
    QN_SCORE_BAN = 100,       /* points: away for a while, then discouraged */
    QN_SCORES_MAX = 1024,     /* places of one table */
};
#define QN_SCORE_HALF_LIFE QN_SECONDS(1800)
#define QN_SCORE_BAN_MIN QN_SECONDS(600)   /* the first one; doubled by each that came before */
#define QN_SCORE_BAN_MAX QN_SECONDS(86400) /* also how long it takes until one is forgotten */

enum qn_blame { QN_BLAME_NONE, QN_BLAME_DISCOURAGED, QN_BLAME_BANNED };

struct qn_score {
    uint8_t key[QN_HASH_LEN];
    uint64_t group;        /* network group from which it came last */
    qn_time_us changed_us; /* points are as of then; may lie ahead: they do not fade before */
    qn_time_us ban_us;     /* when the last ban began, and */
    qn_time_us ends_us;    /* when it ends; 0: there was none */
    uint32_t points;       /* in thousandths */
    uint8_t bans;          /* as of ends_us, those not forgotten */
    uint8_t fault;         /* the last one, enum qn_fault */
};

struct qn_scores {
    size_t count;
    size_t capacity;
    struct qn_score *items; /* dense */
    struct qn_map index;    /* key -> position */
    struct qn_map groups;   /* group, padded -> places it holds */
};

/* Heap for capacity places. */
void qn_scores_init(struct qn_scores *scores, size_t capacity, uint64_t hash_key0,
                    uint64_t hash_key1);
void qn_scores_fini(struct qn_scores *scores);
/* Counts one fault of key, which came from this network group. What key is from now on: BANNED while a ban
 * runs, which faults do not prolong; NONE as well if there was no place to remember it. */
enum qn_blame qn_scores_fault(struct qn_scores *scores, const uint8_t key[QN_HASH_LEN],
                              uint64_t group, enum qn_fault fault, qn_time_us now);
enum qn_blame qn_scores_blame(const struct qn_scores *scores, const uint8_t key[QN_HASH_LEN],
                              qn_time_us now);
/* NULL: nothing is known of it. Valid until the next fault or forget. */
const struct qn_score *qn_scores_find(const struct qn_scores *scores,
                                      const uint8_t key[QN_HASH_LEN]);
/* True if something was known of it. */
bool qn_scores_forget(struct qn_scores *scores, const uint8_t key[QN_HASH_LEN]);

#endif
