/* What another version of this program left in a node's storage. */
#include "node/testing/lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/store_keys.h"
#include "node/view.h"
#include "peer/bans.h"
#include "wire/testing/run.h"

static char warned[256]; /* the events that were warned of, each once */

static void hear(void *context, enum qn_log_level level, const char *module, const char *event,
                 const char *text)
{
    (void)context;
    (void)module;
    (void)text;
    if (level <= QN_LOG_WARN && strstr(warned, event) == NULL) {
        size_t len = strlen(warned);
        (void)snprintf(warned + len, sizeof warned - len, "%s ", event);
    }
}

static const struct qn_log ear = {.write = hear, .level_max = QN_LOG_WARN};

static void put(struct qn_storage *storage, const struct qn_store_key *key, struct qn_span bytes)
{
    struct qn_batch *batch = qn_batch_new();
    struct qn_buf *value = qn_buf_copy(bytes);
    qn_batch_put(batch, qn_store_key_span(key), value);
    assert_int_equal(storage->apply(storage->context, batch), QN_OK);
    qn_batch_free(batch);
    qn_buf_drop(value);
}

/* more: what another version of it would say besides. */
static void put_ban(struct qn_storage *storage, const char *target, struct qn_span more)
{
    uint8_t bytes[128];
    struct qn_hash hash;
    struct qn_ban ban = {.by_operator = true, .until_ms = QN_BAN_FOR_GOOD};
    assert_int_equal(qn_ban_target_parse(&ban.target, target), QN_OK);
    qn_ban_target_key(hash.bytes, &ban.target);
    struct qn_store_key key = qn_store_key_hash(QN_STORE_BAN, &hash);
    struct qn_buf *encoded = qn_ban_encode(&ban);
    assert_true(encoded->len + more.len <= sizeof bytes);
    memcpy(bytes, encoded->bytes, encoded->len);
    if (more.len > 0) {
        bytes[0] = (uint8_t)(bytes[0] + 1); /* a pair more */
        memcpy(bytes + encoded->len, more.at, more.len);
    }
    put(storage, &key, (struct qn_span){bytes, encoded->len + more.len});
    qn_buf_drop(encoded);
}

struct scene {
    struct qn_lab *lab;
    struct qn_lab_node *host;
};

/* A genesis node that has not been started, and a storage that is taken for a disk. */
static void begin(struct scene *scene)
{
    warned[0] = '\0';
    scene->lab = qn_lab_new(3, 4, QN_POLICY_OPEN, 0);
    qn_lab_set_log(scene->lab, &ear);
    scene->host = qn_lab_node(scene->lab, 0);
    scene->host->keeps_storage = true;
    qn_storage_memory_open(&scene->host->storage);
    scene->host->storage.durable = true;
}

static void what_another_version_wrote_is_left_out_with_a_warning(void **state)
{
    (void)state;
    static const uint8_t page[] = {0xa2, 0x01, 0x02, 0x02, 0x61, 'x'};
    static const uint8_t more[] = {0x05, 0x01};
    struct scene scene;
    struct qn_ban bans[4];
    begin(&scene);
    struct qn_store_key key = qn_store_key_height(QN_STORE_BOOK, 1);
    put(&scene.host->storage, &key, (struct qn_span){page, sizeof page});
    put_ban(&scene.host->storage, "192.0.2.0/24", (struct qn_span){0});
    put_ban(&scene.host->storage, "2001:db8::/32", (struct qn_span){more, sizeof more});
    qn_lab_start_genesis(scene.lab, 0);
    qn_lab_run(scene.lab, QN_SECONDS(1));
    assert_int_equal(scene.host->halts, 0);
    assert_int_equal(qn_node_bans(scene.host->node, bans, QN_ARRAY_COUNT(bans), 0, 0), 1);
    assert_non_null(strstr(warned, "page_refused "));
    assert_non_null(strstr(warned, "bans_left_out "));
    qn_lab_free(scene.lab);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_another_version_wrote_is_left_out_with_a_warning),
    };
    qn_test_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
