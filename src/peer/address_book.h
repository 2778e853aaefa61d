/* Address book: where identities of the network can be dialled, kept so that nobody can fill it with
 * addresses of his choice. One place per identity, in one of two tables of each region: `new`, heard of, and
 * `tried`, dialled by us and proven. Both are made of buckets. Which bucket is decided by a keyed hash:
 * in `new` of the network group of the address and of who told it, so that one source reaches few buckets and
 * one network within one source a single one; in `tried` of the identity and its network group.
 *
 * Loopback and private addresses have no groups: each stands for itself (net_address.h).
 * Pure and deterministic, given the seed and the rng. Memory for the buckets is taken by init; entries grow
 * to QN_BOOK_ENTRIES_MAX. Who calls has checked that an identity is registered. Spec: docs/peers.md. */
#ifndef QN_ADDRESS_BOOK_H
#define QN_ADDRESS_BOOK_H

#include "base/buf.h"
#include "base/rng.h"
#include "crypto/hash.h"
#include "peer/net_address.h"
#include "peer/token_bucket.h"
#include "wire/types.h"

enum {
    QN_BOOK_NEW_BUCKETS = 128,   /* of a region */
    QN_BOOK_NEW_SLOTS = 32,      /* of a bucket */
    QN_BOOK_NEW_PER_SOURCE = 8,  /* buckets of a region that one source group reaches */
    QN_BOOK_TRIED_BUCKETS = 64,  /* of a region */
    QN_BOOK_TRIED_SLOTS = 16,    /* of a bucket */
    QN_BOOK_TRIED_PER_GROUP = 4, /* buckets of a region that one network group reaches */
    QN_BOOK_NEW_MAX = QN_BOOK_NEW_BUCKETS * QN_BOOK_NEW_SLOTS,       /* of a region */
    QN_BOOK_TRIED_MAX = QN_BOOK_TRIED_BUCKETS * QN_BOOK_TRIED_SLOTS, /* of a region */
    QN_BOOK_ENTRIES_MAX = QN_REGION_COUNT * (QN_BOOK_NEW_MAX + QN_BOOK_TRIED_MAX),
    QN_BOOK_ANCHORS_PER_REGION = 2,
    QN_BOOK_ANCHORS_MAX = QN_REGION_COUNT * QN_BOOK_ANCHORS_PER_REGION,
    QN_BOOK_SOURCES_MAX = 1024,    /* whose rate is remembered */
    QN_BOOK_RUMOURS_AT_ONCE = 128, /* from one source; then one each QN_BOOK_RUMOUR_INTERVAL */
    QN_BOOK_TESTS_MAX = 16,        /* proven newcomers that wait for the test of a holder */
    QN_BOOK_PAGES =
        1 + QN_REGION_COUNT, /* in storage: the secret, then the proven ones of each region */
    QN_BOOK_PAGE_LEN_MAX = 64 + QN_BOOK_TRIED_MAX * 160, /* bytes */
};
#define QN_BOOK_RUMOUR_INTERVAL QN_SECONDS(10)
#define QN_BOOK_NO_INDEX UINT64_MAX

struct qn_book_address {
    struct qn_node_id id;
    struct qn_net_address address;
    enum qn_region region;
    uint64_t registry_index; /* QN_BOOK_NO_INDEX: not known */
};

/* Who told of an address. Only RECORD and HEARSAY are limited in rate. Numbers are stable: stored. */
enum qn_book_source_kind {
    QN_BOOK_RECORD = 1,  /* a peer passed on a signed record, which was verified */
    QN_BOOK_HEARSAY = 2, /* a peer named it: nobody has signed for it */
    QN_BOOK_SELF = 3,    /* its own record, by its own link */
    QN_BOOK_LEDGER = 4,  /* the endpoint in its registry entry */
    QN_BOOK_PINNED = 5,  /* genesis certificate, or named by the operator */
    QN_BOOK_DIALLED = 6, /* nobody: we had a link to it */
};
struct qn_book_source {
    enum qn_book_source_kind kind;
    uint64_t group;       /* qn_book_group of the teller's address */
    struct qn_node_id id; /* of the teller; zero: none */
};

/* What counts as one network: qn_net_group of a global address; every other stands for itself. */
uint64_t qn_book_group(const struct qn_net_address *address);

/* As the book knows it. */
struct qn_book_found {
    struct qn_book_address what;
    enum qn_book_source_kind source_kind; /* of who told first */
    uint64_t source_group;
    bool is_tried;
    bool is_anchor;
    unsigned failures; /* dials in a row that came to nothing */
};

struct qn_book_entry;
struct qn_book_test {
    uint32_t newcomer; /* positions of entries */
    uint32_t holder;
    uint32_t since_s;
};
struct qn_book_rate {
    uint64_t source; /* hash; 0: free */
    struct qn_token_bucket tokens;
};

/* Owned by the caller; the fields belong to address_book*.c. */
struct qn_book {
    uint64_t hash_key[2];
    struct qn_book_entry *entries;
    size_t entry_capacity;
    size_t entry_count; /* ever used; freed ones are in the free list */
    uint32_t free_first;
    uint32_t *index;                   /* hash of id -> first entry of its chain */
    uint32_t *slots;                   /* of all buckets of all regions, new ones first */
    uint8_t *fill;                     /* entries in each bucket */
    size_t counts[2][QN_REGION_COUNT]; /* [is_tried][region] */
    struct qn_book_rate *rates;        /* QN_BOOK_SOURCES_MAX */
    struct qn_book_test tests[QN_BOOK_TESTS_MAX];
    size_t test_count;
    uint32_t last_good_s; /* of anybody: failures count only while we reach somebody */
    bool changed[QN_BOOK_PAGES];
    uint64_t limited; /* rumours refused for their rate */
};

/* Heap; the seed gives the secret of the hashes and is nobody else's. */
void qn_book_init(struct qn_book *book, uint64_t seed0, uint64_t seed1);
void qn_book_fini(struct qn_book *book);

enum qn_book_verdict {
    QN_BOOK_ADDED,
    QN_BOOK_KNOWN,    /* the identity has its place; another address is kept beside the first */
    QN_BOOK_LIMITED,  /* too many news from this source */
    QN_BOOK_NO_PLACE, /* its bucket is full of addresses that are good as far as we know */
};
enum qn_book_verdict qn_book_add(struct qn_book *book, const struct qn_book_address *what,
                                 const struct qn_book_source *from, qn_time_us now);

/* A dial to it begins. */
void qn_book_attempt(struct qn_book *book, const struct qn_node_id *id, qn_time_us now);
/* A dial of ours, to this address, ended in a link with this identity: it is tried now, or waits until the
 * holder of its place is tested. To be repeated each few minutes while the link lives. */
void qn_book_good(struct qn_book *book, const struct qn_book_address *what, qn_time_us now);
/* A dial came to nothing. Only counts if we reached anybody since the last one that counted. */
void qn_book_failed(struct qn_book *book, const struct qn_node_id *id, qn_time_us now);
/* Revoked, expired, banned, or another key there: forgotten. */
void qn_book_bad(struct qn_book *book, const struct qn_node_id *id);

/* False: unknown. *found may be NULL. */
bool qn_book_find(const struct qn_book *book, const struct qn_node_id *id,
                  struct qn_book_found *found);
size_t qn_book_count(const struct qn_book *book, bool is_tried, enum qn_region region);
size_t qn_book_memory(const struct qn_book *book); /* bytes of heap */

enum qn_book_which { QN_BOOK_ANY, QN_BOOK_TRIED_ONLY, QN_BOOK_NEW_ONLY };
struct qn_book_query {
    enum qn_book_which which;
    enum qn_region region; /* QN_REGION_COUNT: any */
    /* May be NULL. Says whether this one will do: not linked, not banned, another group than others. */
    bool (*wanted)(void *context, const struct qn_book_found *candidate);
    void *context;
};
/* One at random: a table (tried and new alike), a bucket, an entry; those that failed or were dialled
 * just now are taken less often. False: nothing wanted was met in a bounded number of draws. */
bool qn_book_select(const struct qn_book *book, struct qn_book_found *found,
                    const struct qn_book_query *query, struct qn_rng *rng, qn_time_us now);
/* The holder of a place that a proven newcomer waits for, to be dialled: good and failed decide between
 * the two. False: none waits. */
bool qn_book_next_test(struct qn_book *book, struct qn_book_found *holder, qn_time_us now);

/* Chooses the anchors, the peers dialled first after a restart: of each region that any of these live
 * outbound peers (best first) is in, the first two of distinct networks; other regions keep theirs. */
void qn_book_choose_anchors(struct qn_book *book, const struct qn_node_id *live, size_t count);
/* Returns how many; out holds QN_BOOK_ANCHORS_MAX. */
size_t qn_book_anchors(const struct qn_book *book, struct qn_book_found *out);

/* ---- address_book_store.c: what survives a restart: the secret, tried entries, anchors ---- */
/* Has this page changed since it was encoded last? */
bool qn_book_page_changed(const struct qn_book *book, size_t page);
struct qn_buf *qn_book_page_encode(struct qn_book *book, size_t page, qn_time_us now);
/* QN_ERR_MALFORMED: not such a page. QN_ERR_WRONG_VERSION: of another version of this program. */
QN_MUST_USE enum qn_err qn_book_page_check(size_t page, struct qn_span bytes);
/* Into a book that is empty but for other pages; page 0 first. Errors as of the check; book untouched. */
QN_MUST_USE enum qn_err qn_book_page_decode(struct qn_book *book, size_t page, struct qn_span bytes,
                                            qn_time_us now);

#endif
