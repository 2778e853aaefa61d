/* What links and loop have to carry, for the core's load balancer. */
#include "net/link.h"
#include "net/runtime_internal.h"

#include "net/clock.h"

enum { PERCENT_MAX = 100 };

size_t qn_transport_loads(struct qn_transport *transport, struct qn_link_load *loads)
{
    size_t count = 0;

    for (size_t i = 0; i < transport->slot_max; i++) {
        struct qn_link *link = transport->slots[i];
        if (link == NULL || link->state != QN_LINK_OPEN) {
            continue;
        }
        loads[count++] = (struct qn_link_load){
            .link = link->id,
            .bytes = link->counted.bytes_sent + link->counted.bytes_received,
            .queued_bytes = (uint32_t)(qn_send_queue_bytes(&link->queue) + link->blocked_len),
        };
    }
    return count;
}

/* The thread's processor time over the time that went by: what it waited for others is nobody's load. */
static uint32_t take_cpu_percent(struct qn_runtime *runtime, qn_time_us now)
{
    uint64_t cpu_us = qn_clock_thread_cpu_us();
    uint64_t used = cpu_us - runtime->loaded_cpu_us;
    qn_time_us elapsed = now - runtime->loaded_us;

    runtime->loaded_cpu_us = cpu_us;
    runtime->loaded_us = now;
    uint64_t percent = elapsed == 0 ? 0 : used * 100 / elapsed;
    return percent < PERCENT_MAX ? (uint32_t)percent : PERCENT_MAX;
}

void qn_runtime_fill_tick(struct qn_runtime *runtime, struct qn_event *event, qn_time_us now)
{
    event->kind = QN_EVENT_TICK;
    if (now < runtime->loaded_us + QN_LOAD_INTERVAL) {
        return;
    }
    event->kind = QN_EVENT_LOAD;
    event->load.count = qn_transport_loads(&runtime->transport, runtime->loads);
    event->load.links = runtime->loads;
    event->load.cpu_percent = take_cpu_percent(runtime, now);
}
