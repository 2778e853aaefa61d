/* Clocks: one true time, and each host's idea of it. The monotonic clock drifts and starts anew with the
 * process, the wall clock jumps. */
#include "sim/sim.h"

enum { PPM = 1000000 };

qn_time_us qn_sim_local_time(const struct qn_sim *sim, const struct qn_sim_host *host)
{
    int64_t since = (int64_t)(sim->now - host->boot_global);

    return host->boot_local + (qn_time_us)(since + since * host->drift_ppm / PPM);
}

qn_unix_ms qn_sim_wall_time(const struct qn_sim *sim, const struct qn_sim_host *host)
{
    return (qn_unix_ms)((int64_t)(QN_SIM_UNIX_MS + sim->now / 1000) + host->wall_offset_ms);
}

qn_time_us qn_sim_global_time(const struct qn_sim_host *host, qn_time_us local)
{
    if (local <= host->boot_local) {
        return host->boot_global;
    }
    int64_t since = (int64_t)(local - host->boot_local);
    int64_t global = since * PPM / (PPM + host->drift_ppm);
    while (global + global * host->drift_ppm / PPM < since) {
        global += 1; /* division rounded down: at most a few */
    }
    return host->boot_global + (qn_time_us)global;
}
