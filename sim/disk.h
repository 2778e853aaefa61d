/* A disk behind qn_storage: batches wait until the device took them, a crash loses those it did not take,
 * and a device that lies loses, tears, misdirects or corrupts others too. */
#ifndef QN_SIM_DISK_H
#define QN_SIM_DISK_H

#include "base/rng.h"
#include "ledger/storage.h"

enum { QN_SIM_DISK_PENDING_MAX = 4096 };

enum qn_sim_damage {
    QN_SIM_DAMAGE_NONE,
    QN_SIM_DAMAGE_ROLLBACK,    /* as it was some batches ago */
    QN_SIM_DAMAGE_LOST,        /* one batch within the last never reached it */
    QN_SIM_DAMAGE_TORN,        /* of one batch only the first part did */
    QN_SIM_DAMAGE_MISDIRECTED, /* one value lies under another's key */
    QN_SIM_DAMAGE_CORRUPT,     /* one value has a bit flipped */
    QN_SIM_DAMAGE_WIPED,
};

struct qn_sim_disk {
    struct qn_storage storage; /* what the node reads: the state after all applied batches */
    struct qn_storage inner;
    bool full;        /* every write fails from now on */
    bool fsync_fails; /* the next write fails */
    bool broken;      /* a write failed: none after it is taken, until a new process */
    bool damaged;     /* since it was last wiped */
    size_t batch_count;
    size_t batch_capacity;
    struct qn_batch **batches; /* all that were applied, in order, since it was last wiped */
    size_t pending_first;
    size_t pending_count;
    struct {
        struct qn_batch *batch;
        uint64_t cookie;
    } pending[QN_SIM_DISK_PENDING_MAX]; /* a ring */
};

void qn_sim_disk_init(struct qn_sim_disk *disk, bool durable);
void qn_sim_disk_fini(struct qn_sim_disk *disk);
/* Takes over the batch. */
void qn_sim_disk_write(struct qn_sim_disk *disk, struct qn_batch *batch, uint64_t cookie);
/* The oldest waiting batch reaches the device: its cookie, and the batch (still the disk's) if it did. */
bool qn_sim_disk_complete(struct qn_sim_disk *disk, uint64_t *cookie,
                          const struct qn_batch **batch);
/* Power is cut: some of what waits is written, in order, the rest is lost. How many were lost. */
size_t qn_sim_disk_crash(struct qn_sim_disk *disk, struct qn_rng *rng);
/* Does this to the contents; false if there is nothing to do it to. */
bool qn_sim_disk_damage(struct qn_sim_disk *disk, enum qn_sim_damage damage, struct qn_rng *rng);

#endif
