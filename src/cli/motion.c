#include "cli/motion.h"

#include "cli/certificate.h"
#include "cli/output.h"
#include "net/runtime.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* A motion has to be approved by a quorum of people within its life, so it gets nearly all that there is;
 * what is left is for clocks that differ. */
enum { MOTION_LIFETIME_MS = QN_TX_LIFETIME_MS_MAX - 300000, POLLS_MAX = 100, POLL_NS = 50000000 };

bool qn_cli_id_parse(struct qn_node_id *id, const struct qn_cli *cli, const char *text)
{
    if (qn_hex_decode(id->bytes, sizeof id->bytes, text) == QN_OK) {
        return true;
    }
    (void)qn_output_fail(cli, QN_EXIT_USAGE, "usage", "\"%.70s\" is no node id: 64 hex digits",
                         text);
    return false;
}

bool qn_cli_motion_open(struct qn_cli_tx *s, const struct qn_cli *cli, enum qn_tx_kind kind)
{
    if (!qn_cli_tx_open(s, cli, kind, 0)) {
        return false;
    }
    s->tx.has_signer = true;
    s->tx.signer = s->tx.id;
    s->tx.id = (struct qn_node_id){0};
    s->tx.expires_ms = qn_cli_unix_ms() + MOTION_LIFETIME_MS;
    return true;
}

static enum qn_exit ask_committee(struct qn_cli_tx *s)
{
    qn_api_result_fini(&s->result);
    if (qn_api_ask(&s->result, &s->config.api_url, "/v1/committee", QN_API_TIMEOUT_MS) != QN_OK) {
        return qn_output_fail(s->cli, QN_EXIT_RUNTIME, s->result.code, "%s", s->result.why);
    }
    return QN_EXIT_OK;
}

enum qn_exit qn_cli_motion_prepare(struct qn_cli_tx *s)
{
    enum qn_exit status = qn_cli_tx_network(s);
    if (status == QN_EXIT_OK) {
        status = ask_committee(s);
    }
    if (status == QN_EXIT_OK) {
        s->tx.epoch = qn_json_number(s->result.json, "epoch");
    }
    return status;
}

/* The motion among those that are open, or NULL. */
static const json_t *find(const json_t *committee, const struct qn_hash *id)
{
    size_t i;
    const json_t *motion;
    json_array_foreach(json_object_get(committee, "motions"), i, motion)
    {
        struct qn_hash other;
        if (qn_json_hash(other.bytes, motion, "id") && qn_hash_equal(&other, id)) {
            return motion;
        }
    }
    return NULL;
}

/* The node that passed our transaction on may have the block a moment later than the one that answered. */
static enum qn_exit await_height(struct qn_cli_tx *s, uint64_t height)
{
    for (int i = 0;; i++) {
        enum qn_exit status = ask_committee(s);
        if (status != QN_EXIT_OK || qn_json_number(s->result.json, "height") >= height ||
            i == POLLS_MAX) {
            return status;
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
    }
}

static void show(const struct qn_cli_tx *s, const struct qn_hash *id, uint64_t height)
{
    char id_text[QN_ID_TEXT_SIZE];
    char tx_text[QN_ID_TEXT_SIZE];
    const json_t *motion = find(s->result.json, id);
    size_t approvals = json_array_size(json_object_get(motion, "approvals"));
    uint64_t quorum = qn_json_number(s->result.json, "quorum");
    qn_hex_encode(id_text, id->bytes, sizeof id->bytes);
    qn_hex_encode(tx_text, s->tx_id.bytes, sizeof s->tx_id.bytes);
    if (s->cli->arguments.json) {
        qn_output_json(json_pack("{s:s, s:s, s:s, s:I, s:b, s:I, s:I}", "code", "ok", "motion",
                                 id_text, "tx", tx_text, "height", (json_int_t)height, "in_effect",
                                 motion == NULL, "approvals", (json_int_t)approvals, "quorum",
                                 (json_int_t)quorum));
    } else if (motion == NULL) {
        (void)printf("motion %s is in effect since height %llu\n", id_text,
                     (unsigned long long)height);
    } else {
        (void)printf("motion %s: %zu of %llu approvals, final at height %llu\n"
                     "the others approve it with: qnet committee approve %s\n",
                     id_text, approvals, (unsigned long long)quorum, (unsigned long long)height,
                     id_text);
    }
}

enum qn_exit qn_cli_motion_finish(struct qn_cli_tx *s, enum qn_exit status)
{
    struct qn_hash id;
    uint64_t epoch = s->tx.epoch;
    if (status == QN_EXIT_OK) {
        qn_api_result_fini(&s->result);
        id = qn_tx_motion_hash(&s->tx, epoch);
        status = qn_cli_tx_send(s);
    }
    if (status == QN_EXIT_OK) {
        uint64_t height = qn_json_number(s->result.json, "height");
        status = await_height(s, height);
        if (status == QN_EXIT_OK) {
            show(s, &id, height);
        }
    }
    return qn_cli_tx_close(s, status);
}
