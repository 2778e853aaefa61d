/* Counters of what was injected and what happened: a simulator whose faults do not occur proves nothing. */
#ifndef QN_SIM_COVERAGE_H
#define QN_SIM_COVERAGE_H

#include "base/base.h"

#define QN_SIM_COVERAGE_LIST(X)                                                                    \
    X(DROP, "drop")                                                                                \
    X(DUPLICATE, "duplicate")                                                                      \
    X(REORDER, "reorder")                                                                          \
    X(HEAVY_TAIL, "heavy_tail")                                                                    \
    X(BIT_FLIP, "bit_flip")                                                                        \
    X(TRUNCATE, "truncate")                                                                        \
    X(LINK_BREAK, "link_break")                                                                    \
    X(DIAL_FAILURE, "dial_failure")                                                                \
    X(PARTITION, "partition")                                                                      \
    X(ASYMMETRIC_PARTITION, "asymmetric_partition")                                                \
    X(CLOG, "clog")                                                                                \
    X(CRASH, "crash")                                                                              \
    X(CRASH_BETWEEN_ACTIONS, "crash_between_actions")                                              \
    X(PAUSE, "pause")                                                                              \
    X(CLOCK_JUMP, "clock_jump")                                                                    \
    X(CLOCK_DRIFT, "clock_drift")                                                                  \
    X(AMNESIA, "amnesia")                                                                          \
    X(ROLLBACK, "rollback")                                                                        \
    X(UNSYNCED_LOST, "unsynced_lost")                                                              \
    X(TORN_WRITE, "torn_write")                                                                    \
    X(LOST_WRITE, "lost_write")                                                                    \
    X(MISDIRECTED_WRITE, "misdirected_write")                                                      \
    X(CORRUPT_READ, "corrupt_read")                                                                \
    X(FSYNC_ERROR, "fsync_error")                                                                  \
    X(DISK_FULL, "disk_full")                                                                      \
    X(TWINS, "twins")                                                                              \
    X(FORGED, "forged")                                                                            \
    X(FAR_FUTURE_VOTE, "far_future_vote")                                                          \
    X(LYING_STATUS, "lying_status")                                                                \
    X(REPLAY, "replay")                                                                            \
    X(FOREIGN, "foreign_epoch_or_network")                                                         \
    X(SILENT_LEADER, "silent_leader")                                                              \
    X(WITHHELD_CERTIFICATE, "withheld_certificate")                                                \
    X(FALSE_ROOT, "false_state_root")                                                              \
    X(FALSE_BODY, "false_body")                                                                    \
    X(REAL_SIGNATURES, "real_signatures")                                                          \
    X(REGISTER, "register")                                                                        \
    X(UPDATE, "update")                                                                            \
    X(REVOKE, "revoke")                                                                            \
    X(ROTATE, "rotate")                                                                            \
    X(MOTION, "motion")                                                                            \
    X(ACKNOWLEDGED, "acknowledged")                                                                \
    X(REFUSED, "refused")                                                                          \
    X(EPOCH, "epoch")                                                                              \
    X(BLOCK, "block")                                                                              \
    X(NULLIFIED_VIEW, "nullified_view")                                                            \
    X(PROOF, "proof")

enum qn_sim_cover {
#define QN_SIM_COVERAGE_ENUM(name, text) QN_SIM_COVER_##name,
    QN_SIM_COVERAGE_LIST(QN_SIM_COVERAGE_ENUM)
#undef QN_SIM_COVERAGE_ENUM
        QN_SIM_COVER_COUNT,
};

struct qn_sim_coverage {
    uint64_t counts[QN_SIM_COVER_COUNT];
};

const char *qn_sim_cover_name(enum qn_sim_cover cover);
void qn_sim_coverage_add(struct qn_sim_coverage *sum, const struct qn_sim_coverage *more);
/* How many of the counters are not zero. */
size_t qn_sim_coverage_seen(const struct qn_sim_coverage *coverage);

#endif
