/* The clocks of the runtime. */
#ifndef QN_CLOCK_H
#define QN_CLOCK_H

#include "base/base.h"

/* Monotonic, microseconds since an arbitrary start; the same in all threads. */
qn_time_us qn_clock_now(void);
/* Wall clock. */
qn_unix_ms qn_clock_unix_ms(void);
/* CPU time that the calling thread has used, microseconds. */
uint64_t qn_clock_thread_cpu_us(void);

#endif
