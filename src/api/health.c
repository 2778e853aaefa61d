#include "api/answer.h"
#include "api/missing.h"
#include "api/resources.h"

/* That this runs is most of the answer: the loop is alive. A node that halted is not: it waits for the
 * program to end. */
static enum qn_api_progress read_livez(struct qn_api_call *call, const struct qn_node *node)
{
    if (qn_node_halted(node) != NULL) {
        qn_api_problem_set(&call->problem, 503, "halted", "%s", qn_node_halted(node));
    }
    return QN_API_DONE;
}

static void render_livez(struct qn_api_answer *answer, const struct qn_api_call *call)
{
    (void)call;
    qn_api_answer_text(answer, 200, "text/plain; charset=utf-8", "ok\n");
}

static enum qn_api_progress read_readyz(struct qn_api_call *call, const struct qn_node *node)
{
    struct qn_api_missing *missing = qn_api_alloc(1, sizeof *missing);
    call->data = missing;
    qn_api_missing_read(missing, &call->host, node);
    return QN_API_DONE;
}

static void render_readyz(struct qn_api_answer *answer, const struct qn_api_call *call)
{
    const struct qn_api_missing *missing = call->data;
    bool is_ready = missing->count == 0;
    json_t *json = json_object();

    qn_json_set_bool(json, "ready", is_ready);
    if (!is_ready) {
        qn_json_set(json, "missing", qn_api_missing_json(missing));
    }
    qn_api_answer_json(answer, is_ready ? 200 : 503, json);
}

const struct qn_api_handler qn_api_livez = {.read = read_livez, .render = render_livez};
const struct qn_api_handler qn_api_readyz = {.read = read_readyz, .render = render_readyz};
