/* Which peers are where they say they are: keeps this node measured by its own landmarks, asks the landmarks of its
 * peers, and gives verdicts (region_check.h).
 *
 * Pure state: memory is taken once; the owner tells who is watched and what was answered, and polls each second.
 * Spec: docs/peers.md, regions. */
#ifndef QN_REGIONS_H
#define QN_REGIONS_H

#include "peer/landmarks.h"
#include "peer/region_check.h"
#include "wire/measure.h"

enum {
    QN_REGION_CHECKS_MAX = 32,   /* under way at once */
    QN_REGION_SAMPLES_MIN = 3,   /* pings behind a round trip that counts */
    QN_REGIONS_ACTIONS_MAX = 64, /* of one poll */
    QN_REGION_FAILURES_FORGIVEN =
        2, /* checks in a row without a result that a verified region outlives */
};
#define QN_REGIONS_INTERVAL QN_SECONDS(1)      /* from poll to poll */
#define QN_REGION_CHECK_TIMEOUT QN_SECONDS(30) /* of one check */
#define QN_REGION_ASK_AGAIN QN_SECONDS(4)      /* a landmark that had not measured yet */
#define QN_REGION_SILENCE QN_SECONDS(15)       /* a landmark that does not answer */
#define QN_REGION_RETRY_MIN QN_SECONDS(5)      /* after a check without a result; doubles */
#define QN_REGION_RETRY_MAX QN_SECONDS(600)
#define QN_REGION_RECHECK QN_SECONDS(21600) /* of a verified region */
#define QN_LANDMARK_STAY QN_SECONDS(15) /* a link to an own landmark before it has measured us */
#define QN_LANDMARK_RENEWAL QN_SECONDS(43200) /* it forgets after a day */
#define QN_LANDMARK_WANT_AGAIN QN_SECONDS(20)

struct qn_regions;

struct qn_regions_config {
    struct qn_node_id id; /* own */
    enum qn_region region;
    uint64_t group; /* own network group; 0: not known */
    size_t watched_max;
    uint64_t hash_key[2];
    void *context;
    qn_landmark_entry entry; /* the registry */
    bool (*is_linked)(void *context, const struct qn_node_id *id);
    struct qn_rtt (*measured)(void *context, const struct qn_node_id *id); /* by this node itself */
};

/* Heap; owned by the caller. */
struct qn_regions *qn_regions_new(const struct qn_regions_config *config);
void qn_regions_free(struct qn_regions *regions);
/* The own network group, once it is known or another one. */
void qn_regions_set_group(struct qn_regions *regions, uint64_t group);
/* The registry as it is now, and the day (QN_LANDMARK_PERIOD_MS). */
void qn_regions_set_registry(struct qn_regions *regions, uint64_t entry_count, uint64_t period);
/* Has a region enough landmarks for verdicts? */
bool qn_regions_can_judge(const struct qn_regions *regions, enum qn_region region);

/* From now on this peer is judged. Again, with another region: anew. QN_ERR_FULL: watched_max is reached. */
QN_MUST_USE enum qn_err qn_regions_watch(struct qn_regions *regions, const struct qn_node_id *id,
                                         enum qn_region declared, qn_time_us now);
void qn_regions_forget(struct qn_regions *regions, const struct qn_node_id *id);
/* What a landmark answered; zeros: it has not measured the subject, or was busy. group: of the address that the
 * landmark was seen at. */
void qn_regions_on_answer(struct qn_regions *regions, const struct qn_node_id *landmark,
                          const struct qn_node_id *subject, uint64_t group,
                          const struct qn_rtt *rtt, qn_time_us now);
enum qn_region_verdict qn_regions_verdict(const struct qn_regions *regions,
                                          const struct qn_node_id *id);

enum qn_regions_action_kind {
    QN_REGIONS_ASK,     /* the landmark, which is linked, about the subject */
    QN_REGIONS_WANT,    /* a link to the landmark */
    QN_REGIONS_VERDICT, /* on the subject: another one than before */
};
struct qn_regions_action {
    enum qn_regions_action_kind kind;
    struct qn_node_id subject;   /* not of WANT */
    struct qn_landmark landmark; /* not of VERDICT */
    enum qn_region_verdict verdict;
};
struct qn_regions_actions {
    size_t count;
    struct qn_regions_action items[QN_REGIONS_ACTIONS_MAX];
};
/* Replaces what actions held. What finds no place comes with the next. */
void qn_regions_poll(struct qn_regions *regions, struct qn_regions_actions *actions,
                     qn_time_us now);

#endif
