/* Chaos and healing: what happens to hosts and links in the first phase, and what must come back in the
 * second. */
#ifndef QN_SIM_CHAOS_H
#define QN_SIM_CHAOS_H

#include "sim/sim.h"

/* One act drawn by the plan's weights. */
void qn_sim_chaos_act(struct qn_sim *sim);
/* A change of the committee is moved, or prepared. */
void qn_sim_motion_act(struct qn_sim *sim);
/* Acts until the plan's time is over. */
void qn_sim_chaos(struct qn_sim *sim);
/* Ends all trouble but the Byzantine hosts, and fails the run unless within a bound of virtual time
 * everybody agrees, what was asked for is decided, and newcomers can register. */
void qn_sim_heal(struct qn_sim *sim);
/* The time has come for this host to be back. */
void qn_sim_restart(struct qn_sim *sim, struct qn_sim_host *host);
/* How many more members may lose their memory now: f less the Byzantine, the forgetful and the lying. */
unsigned qn_sim_losable(const struct qn_sim *sim);
/* Crashes a host, does this to its disk, and has it back after a while. */
void qn_sim_crash_for(struct qn_sim *sim, struct qn_sim_host *host, enum qn_sim_damage damage,
                      qn_time_us down_us);
/* From now on, for so long, nothing that `from` sends arrives at `to`. */
void qn_sim_clog(struct qn_sim *sim, size_t from, size_t to, qn_time_us duration);

#endif
