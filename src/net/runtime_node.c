/* The core that the daemon runs: a qn_node. */
#include "net/runtime_internal.h"

static void step(void *context, const struct qn_event *event, struct qn_actions *actions)
{
    qn_node_step(context, event, actions);
}

static qn_time_us deadline(void *context)
{
    return qn_node_deadline(context);
}

enum qn_err qn_runtime_run(struct qn_runtime *runtime, struct qn_node *node)
{
    return qn_runtime_run_core(
        runtime, &(struct qn_core){.context = node, .step = step, .deadline = deadline});
}
