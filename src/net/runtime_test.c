/* The runtime around a scripted core: signing, verifying, persisting, submitting, posting, stopping. */
#include "net/testing/lab_node.h"
#include "net/testing/raw_link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { BATCHES = 50, POSTERS = 4, POSTS = 500 };

static struct qn_hash digest_of(uint8_t value)
{
    return qn_sha3((struct qn_span){&value, 1});
}

static struct qn_lab_node *start(void)
{
    return qn_lab_node_start(&(struct qn_lab_options){0});
}

static void ask_sign(struct qn_lab_node *node, uint64_t cookie, enum qn_signer signer)
{
    struct qn_action action = {.kind = QN_ACTION_SIGN};

    action.sign.cookie = cookie;
    action.sign.signer = signer;
    action.sign.kind = QN_SIGN_NOTARIZE;
    action.sign.digest = digest_of(1);
    qn_lab_do(node, &action);
}

static void ask_verify(struct qn_lab_node *node, uint64_t cookie,
                       const struct qn_signature *signature, enum qn_sign_kind kind)
{
    struct qn_action action = {.kind = QN_ACTION_VERIFY};
    struct qn_verify_job *job = calloc(1, sizeof *job);

    job->cookie = cookie;
    job->key = *qn_key_public(qn_lab_key(node));
    job->kind = kind;
    job->digest = digest_of(1);
    job->signature = *signature;
    action.verify.job = job;
    qn_lab_do(node, &action);
}

static void signing_and_verifying_come_back_as_events(void **state)
{
    struct qn_lab_node *node = start();
    struct qn_signature signature;
    struct qn_hash digest = digest_of(1);
    struct qn_lab_event event;
    (void)state;

    ask_sign(node, 11, QN_SIGNER_NODE);
    assert_true(qn_lab_wait_for(node, &event, QN_EVENT_SIGNED, 11));
    assert_true(event.ok);
    assert_int_equal(event.len, 3309);
    assert_int_equal(qn_sign(&signature, qn_lab_key(node), QN_SIGN_NOTARIZE, &digest), QN_OK);
    ask_verify(node, 12, &signature, QN_SIGN_NOTARIZE);
    ask_verify(node, 13, &signature, QN_SIGN_FINALIZE);
    assert_true(qn_lab_wait_for(node, &event, QN_EVENT_VERIFIED, 12));
    assert_true(event.ok);
    assert_true(event.handshake_us > 0); /* elapsed_us */
    assert_true(qn_lab_wait_for(node, &event, QN_EVENT_VERIFIED, 13));
    assert_false(event.ok);
    assert_int_equal(qn_lab_metric(node, "qnet_work_done_total", "sign"), 1);
    assert_int_equal(qn_lab_metric(node, "qnet_work_done_total", "verify"), 2);
    assert_int_equal(qn_lab_metric(node, "qnet_work_waiting", "verify"), 0);
    assert_int_equal(qn_lab_node_stop(node), QN_OK);
}

static void signing_without_an_activation_key_fails(void **state)
{
    struct qn_lab_node *node = start();
    struct qn_lab_event event;
    (void)state;

    ask_sign(node, 5, QN_SIGNER_ACTIVATION);
    assert_true(qn_lab_wait_for(node, &event, QN_EVENT_SIGNED, 5));
    assert_false(event.ok);
    assert_int_equal(qn_lab_node_stop(node), QN_OK);
}

/* --- Storage --- */

struct fake_storage {
    struct qn_storage storage;
    pthread_mutex_t mutex;
    size_t applied;
    size_t out_of_order;
    size_t inside;   /* calls of apply at this moment */
    size_t fails_at; /* 0: never */
    size_t groups;   /* calls of apply_many */
    atomic_bool may_write;
};

/* Batch number n, 1..., puts one key of n bytes. */
static enum qn_err apply(void *context, const struct qn_batch *batch)
{
    struct fake_storage *fake = context;
    struct qn_span key;
    struct qn_buf *value = NULL;

    (void)pthread_mutex_lock(&fake->mutex);
    fake->inside += 1;
    qn_batch_at(batch, 0, &key, &value);
    fake->applied += 1;
    fake->out_of_order += fake->inside != 1 || key.len != fake->applied;
    (void)pthread_mutex_unlock(&fake->mutex);
    (void)sched_yield(); /* lets a second worker in, if it may come */
    (void)pthread_mutex_lock(&fake->mutex);
    fake->inside -= 1;
    bool fails = fake->fails_at != 0 && fake->applied >= fake->fails_at;
    (void)pthread_mutex_unlock(&fake->mutex);
    return fails ? QN_ERR_IO : QN_OK;
}

static void fake_init(struct fake_storage *fake, bool durable, size_t fails_at)
{
    *fake = (struct fake_storage){.fails_at = fails_at};
    fake->storage = (struct qn_storage){.context = fake, .durable = durable, .apply = apply};
    (void)pthread_mutex_init(&fake->mutex, NULL);
}

static void ask_persist(struct qn_lab_node *node, uint64_t cookie)
{
    static const uint8_t bytes[BATCHES + 1];
    struct qn_action action = {.kind = QN_ACTION_PERSIST};

    action.persist.cookie = cookie;
    action.persist.batch = qn_batch_new();
    struct qn_buf *value = qn_buf_copy((struct qn_span){bytes, 1});
    qn_batch_put(action.persist.batch, (struct qn_span){bytes, (size_t)cookie}, value);
    qn_buf_drop(value);
    qn_lab_do(node, &action);
}

static void batches_are_applied_in_their_order(bool durable)
{
    struct fake_storage fake;
    fake_init(&fake, durable, 0);
    struct qn_lab_node *node =
        qn_lab_node_start(&(struct qn_lab_options){.storage = &fake.storage});

    for (uint64_t i = 1; i <= BATCHES; i++) {
        ask_persist(node, i);
    }
    assert_true(qn_lab_wait_for(node, NULL, QN_EVENT_PERSISTED, BATCHES));
    assert_int_equal(qn_lab_count(node, QN_EVENT_PERSISTED), BATCHES);
    assert_int_equal(fake.out_of_order, 0);
    assert_int_equal(qn_lab_node_stop(node), QN_OK);
    (void)pthread_mutex_destroy(&fake.mutex);
}

static void a_memory_storage_is_applied_in_order(void **state)
{
    (void)state;
    batches_are_applied_in_their_order(false);
}

static void a_durable_storage_is_applied_in_order_by_workers(void **state)
{
    (void)state;
    batches_are_applied_in_their_order(true);
}

static void batches_that_wait_at_the_stop_are_still_written(void **state)
{
    struct fake_storage fake;
    (void)state;

    fake_init(&fake, true, 0);
    struct qn_lab_node *node =
        qn_lab_node_start(&(struct qn_lab_options){.storage = &fake.storage});
    for (uint64_t i = 1; i <= BATCHES; i++) {
        ask_persist(node, i);
    }
    assert_int_equal(qn_lab_node_stop(node), QN_OK);
    assert_int_equal(fake.applied, BATCHES);
    assert_int_equal(fake.out_of_order, 0);
    (void)pthread_mutex_destroy(&fake.mutex);
}

/* Holds the first write, of however many batches, until all others wait. */
static void wait_for_others(const struct fake_storage *fake)
{
    while (!atomic_load(&fake->may_write)) {
        (void)sched_yield();
    }
}

static enum qn_err apply_many(void *context, const struct qn_batch *const *batches, size_t count)
{
    enum qn_err err = QN_OK;

    assert_true(count > 1);
    wait_for_others(context);
    for (size_t i = 0; i < count && err == QN_OK; i++) {
        err = apply(context, batches[i]);
    }
    ((struct fake_storage *)context)->groups += 1;
    return err;
}

static enum qn_err apply_when_others_wait(void *context, const struct qn_batch *batch)
{
    wait_for_others(context);
    return apply(context, batch);
}

static void batches_that_wait_are_written_in_one_go(void **state)
{
    struct fake_storage fake;
    (void)state;

    fake_init(&fake, true, 0);
    fake.storage.apply = apply_when_others_wait;
    fake.storage.apply_many = apply_many;
    struct qn_lab_node *node =
        qn_lab_node_start(&(struct qn_lab_options){.storage = &fake.storage});
    for (uint64_t i = 1; i <= BATCHES; i++) {
        ask_persist(node, i);
    }
    assert_true(qn_lab_wait_metric_is(node, "qnet_work_waiting", "persist", BATCHES));
    atomic_store(&fake.may_write, true);
    assert_true(qn_lab_wait_for(node, NULL, QN_EVENT_PERSISTED, BATCHES));
    assert_int_equal(qn_lab_node_stop(node), QN_OK);
    assert_int_equal(fake.applied, BATCHES);
    assert_int_equal(fake.out_of_order, 0);
    /* The first, those of 64, and what is left. */
    assert_true(fake.groups >= 1 && fake.groups <= 2 + BATCHES / 64);
    (void)pthread_mutex_destroy(&fake.mutex);
}

static void a_failed_write_fails_all_that_follow(void **state)
{
    struct fake_storage fake;
    (void)state;

    fake_init(&fake, true, 3);
    struct qn_lab_node *node =
        qn_lab_node_start(&(struct qn_lab_options){.storage = &fake.storage});
    for (uint64_t i = 1; i <= 5; i++) {
        ask_persist(node, i);
    }
    assert_true(qn_lab_wait_count(node, QN_EVENT_PERSISTED, 5));
    for (uint64_t i = 1; i <= 5; i++) {
        struct qn_lab_event event;
        assert_true(qn_lab_wait_for(node, &event, QN_EVENT_PERSISTED, i));
        assert_int_equal(event.ok, i < 3);
    }
    assert_int_equal(fake.applied, 3); /* nothing is tried behind the one that failed */
    assert_int_equal(qn_lab_node_stop(node), QN_OK); /* to halt is the core's decision */
    (void)pthread_mutex_destroy(&fake.mutex);
}

static void a_memory_storage_that_fails_says_so(void **state)
{
    struct fake_storage fake;
    struct qn_lab_event event;
    (void)state;

    fake_init(&fake, false, 1);
    struct qn_lab_node *node =
        qn_lab_node_start(&(struct qn_lab_options){.storage = &fake.storage});
    ask_persist(node, 1);
    assert_true(qn_lab_wait_for(node, &event, QN_EVENT_PERSISTED, 1));
    assert_false(event.ok);
    assert_int_equal(qn_lab_node_stop(node), QN_OK);
    (void)pthread_mutex_destroy(&fake.mutex);
}

static void a_halt_ends_the_runtime_with_its_error(void **state)
{
    struct qn_action action = {.kind = QN_ACTION_HALT};
    (void)state;

    action.halt.err = QN_ERR_FULL;
    struct qn_lab_node *node = qn_lab_node_start(&(struct qn_lab_options){0});
    qn_lab_do(node, &action);
    assert_true(qn_lab_wait_count(node, QN_EVENT_SHUTDOWN, 1));
    assert_int_equal(qn_lab_node_stop(node), QN_ERR_FULL);
}

/* --- Posts and submissions --- */

struct tally {
    struct qn_lab_node *node;
    atomic_size_t called;
    atomic_size_t accepted;
    atomic_size_t closed;
    atomic_size_t busy;
    atomic_size_t ok;
};

static void count_call(void *context)
{
    struct tally *tally = context;

    atomic_fetch_add(&tally->called, 1);
}

static void *post_many(void *context)
{
    struct tally *tally = context;

    for (unsigned i = 0; i < POSTS; i++) {
        if (qn_runtime_post(qn_lab_runtime(tally->node), count_call, tally)) {
            atomic_fetch_add(&tally->accepted, 1);
        }
    }
    return NULL;
}

static void each_accepted_post_is_called_once_also_around_a_stop(void **state)
{
    struct tally tally = {.node = start()};
    pthread_t threads[POSTERS];
    (void)state;

    for (size_t i = 0; i < POSTERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, &tally), 0);
    }
    qn_runtime_stop(qn_lab_runtime(tally.node)); /* somewhere in between */
    for (size_t i = 0; i < POSTERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    assert_true(qn_lab_wait_count(tally.node, QN_EVENT_SHUTDOWN, 1));
    assert_false(qn_runtime_post(qn_lab_runtime(tally.node), count_call, &tally));
    assert_int_equal(qn_lab_node_stop(tally.node), QN_OK);
    assert_int_equal(atomic_load(&tally.called), atomic_load(&tally.accepted));
}

static void on_done(void *context, const struct qn_submit_result *result)
{
    struct tally *tally = context;

    atomic_fetch_add(&tally->called, 1);
    atomic_fetch_add(&tally->ok, result->code == QN_OK ? 1U : 0U);
    atomic_fetch_add(&tally->busy, result->code == QN_ERR_BUSY ? 1U : 0U);
    atomic_fetch_add(&tally->closed, result->code == QN_ERR_CLOSED ? 1U : 0U);
}

static void submit_one(void *context)
{
    struct tally *tally = context;
    static const uint8_t tx[] = {1, 2, 3};

    qn_runtime_request(qn_lab_runtime(tally->node), QN_REQUEST_SUBMIT,
                       (struct qn_span){tx, sizeof tx}, on_done, tally);
}

static void reply(struct qn_lab_node *node, qn_request_token token)
{
    struct qn_action action = {.kind = QN_ACTION_REPLY};

    action.reply.token = token;
    qn_lab_do(node, &action);
}

static void a_submission_reaches_the_core_and_is_answered_once(void **state)
{
    struct tally tally = {.node = start()};
    struct qn_lab_event event;
    (void)state;

    assert_true(qn_runtime_post(qn_lab_runtime(tally.node), submit_one, &tally));
    assert_true(qn_lab_wait(tally.node, &event, QN_EVENT_REQUEST, NULL, 0));
    assert_int_equal(event.len, 3);
    assert_int_equal(event.bytes[2], 3);
    assert_int_equal(atomic_load(&tally.called), 0);
    reply(tally.node, event.subject);
    reply(tally.node, event.subject);          /* a second answer goes nowhere */
    reply(tally.node, event.subject + 1);      /* nor does one to nobody */
    (void)qn_lab_metric(tally.node, "", NULL); /* by now all three are through */
    assert_int_equal(atomic_load(&tally.called), 1);
    assert_int_equal(atomic_load(&tally.ok), 1);
    assert_int_equal(qn_lab_node_stop(tally.node), QN_OK);
    assert_int_equal(atomic_load(&tally.called), 1);
}

static void submissions_have_a_bound_and_end_with_the_node(void **state)
{
    struct tally tally = {.node = start()};
    (void)state;

    for (unsigned i = 0; i < QN_PENDING_REQUESTS_MAX + 2; i++) {
        assert_true(qn_runtime_post(qn_lab_runtime(tally.node), submit_one, &tally));
    }
    assert_true(qn_lab_wait_count(tally.node, QN_EVENT_REQUEST, QN_PENDING_REQUESTS_MAX));
    (void)qn_lab_metric(tally.node, "", NULL);
    assert_int_equal(atomic_load(&tally.busy), 2);
    assert_int_equal(qn_lab_node_stop(tally.node), QN_OK);
    assert_int_equal(atomic_load(&tally.closed), QN_PENDING_REQUESTS_MAX);
    assert_int_equal(atomic_load(&tally.called), QN_PENDING_REQUESTS_MAX + 2);
}

static void a_core_without_a_deadline_is_ticked_all_the_same(void **state)
{
    qn_time_us began = qn_runtime_now();
    struct qn_lab_node *node = qn_lab_node_start(&(struct qn_lab_options){.keeps_ticks = true});
    (void)state;

    assert_true(qn_lab_wait_count(node, QN_EVENT_LOAD, 3));
    assert_true(qn_runtime_now() - began >= 2 * QN_IDLE_TICK); /* and not all the time */
    assert_int_equal(qn_lab_node_stop(node), QN_OK);
}

/* --- Stopping --- */

static void a_stop_with_work_in_flight_leaks_nothing(void **state)
{
    struct qn_lab_node *node = start();
    struct qn_lab_node *other = start();
    struct qn_signature signature = {.len = 3309};
    qn_link_id link = 0;
    qn_link_id other_side = 0;
    (void)state;

    assert_true(qn_lab_link(node, other, &link, &other_side));
    for (uint64_t i = 1; i <= 300; i++) {
        ask_sign(node, i, QN_SIGNER_NODE);
        ask_verify(node, i, &signature, QN_SIGN_NOTARIZE);
        qn_lab_dial(node, i, qn_lab_port(other), NULL);
    }
    assert_int_equal(qn_lab_node_stop(node), QN_OK);
    assert_int_equal(qn_lab_node_stop(other), QN_OK);
}

static void a_stop_flushes_what_is_queued(void **state)
{
    struct qn_lab_node *node = start();
    struct qn_lab_node *other = start();
    struct qn_lab_event down;
    qn_link_id link = 0;
    qn_link_id other_side = 0;
    (void)state;

    assert_true(qn_lab_link(node, other, &link, &other_side));
    for (uint32_t i = 1; i <= 4; i++) {
        qn_lab_send(node, link, QN_BLOCKS, i, 1000000, 1);
    }
    assert_int_equal(qn_lab_node_stop(node), QN_OK);
    assert_true(qn_lab_wait_for(other, &down, QN_EVENT_LINK_DOWN, other_side));
    assert_int_equal(down.reason, QN_CLOSE_PEER_CLOSED);
    assert_int_equal(qn_lab_count(other, QN_EVENT_FRAME), 4);
    assert_int_equal(qn_lab_node_stop(other), QN_OK);
}

static void a_stop_does_not_wait_for_peers_that_do_not_read(void **state)
{
    struct qn_transport_limits limits;
    struct qn_lab_event up;
    uint8_t seed[QN_SEED_LEN];
    (void)state;

    qn_transport_limits_init(&limits, 8);
    limits.send_buffer_len = 4096;
    limits.flush_timeout = QN_SECONDS(3600); /* so that only the runtime's own bound counts */
    struct qn_lab_node *node = qn_lab_node_start(&(struct qn_lab_options){.limits = &limits});
    struct qn_key *key = qn_key_generate(QN_SUITE_MLDSA44, seed);
    struct qn_raw_link *raw = qn_raw_link_open(key, qn_lab_port(node), 4096);
    assert_non_null(raw);
    assert_true(qn_lab_wait(node, &up, QN_EVENT_LINK_UP, NULL, 0));
    qn_lab_send(node, up.subject, QN_BLOCKS, 1, 1000000, 1);
    assert_int_equal(qn_lab_node_stop(node), QN_OK); /* the test's own time limit would tell */
    qn_raw_link_cut(raw);
    qn_key_free(key);
}

static void a_runtime_that_never_ran_is_closed(void **state)
{
    char why[QN_TEXT_LEN_MAX + 1] = "";
    uint8_t seed[QN_SEED_LEN];
    struct qn_key *key = qn_key_generate(QN_SUITE_MLDSA65, seed);
    struct qn_runtime_config config = {.key = key, .links_max = 8};
    struct qn_runtime *runtime = NULL;
    struct tally tally = {0};
    (void)state;

    assert_int_equal(qn_runtime_open(&runtime, &config, why), QN_OK);
    assert_true(qn_runtime_post(runtime, count_call, &tally));
    qn_runtime_close(runtime);
    assert_int_equal(atomic_load(&tally.called), 1);
    qn_runtime_close(NULL);
    qn_key_free(key);
}

/* --- Listening --- */

static void try_listen(const struct qn_key *key, const char *host, uint16_t port, const char *words)
{
    char why[QN_TEXT_LEN_MAX + 1] = "";
    struct qn_runtime *runtime = NULL;
    struct qn_runtime_config config = {.key = key, .listens = true, .links_max = 8};

    config.listen.port = port;
    (void)snprintf(config.listen.host, sizeof config.listen.host, "%s", host);
    assert_int_equal(qn_runtime_open(&runtime, &config, why), QN_ERR_IO);
    assert_null(runtime);
    assert_non_null(strstr(why, words));
}

static void a_port_in_use_is_named_with_its_reason(void **state)
{
    struct qn_lab_node *node = start();
    char words[QN_TEXT_LEN_MAX];
    (void)state;

    (void)snprintf(words, sizeof words, "cannot listen on 127.0.0.1:%u: address already in use",
                   (unsigned)qn_lab_port(node));
    try_listen(qn_lab_key(node), "127.0.0.1", qn_lab_port(node), words);
    try_listen(qn_lab_key(node), "192.0.2.1", 0, "no such address");
    try_listen(qn_lab_key(node), "no..name", 9876, "cannot listen on no..name:9876: ");
    assert_int_equal(qn_lab_node_stop(node), QN_OK);
}

static void port_0_becomes_a_real_one(void **state)
{
    struct qn_lab_node *node = start();
    (void)state;

    assert_int_not_equal(qn_lab_port(node), 0);
    assert_string_equal(qn_runtime_listen(qn_lab_runtime(node))->host, "127.0.0.1");
    assert_int_equal(qn_lab_node_stop(node), QN_OK);
}

static void show(const char *message)
{
    print_error("%s\n", message);
}

int main(void)
{
    const char *why = NULL;
    qn_assert_hook = show;
    if (qn_crypto_init(&why) != QN_OK) {
        print_error("%s\n", why);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signing_and_verifying_come_back_as_events),
        cmocka_unit_test(signing_without_an_activation_key_fails),
        cmocka_unit_test(a_memory_storage_is_applied_in_order),
        cmocka_unit_test(a_durable_storage_is_applied_in_order_by_workers),
        cmocka_unit_test(batches_that_wait_at_the_stop_are_still_written),
        cmocka_unit_test(batches_that_wait_are_written_in_one_go),
        cmocka_unit_test(a_failed_write_fails_all_that_follow),
        cmocka_unit_test(a_memory_storage_that_fails_says_so),
        cmocka_unit_test(a_halt_ends_the_runtime_with_its_error),
        cmocka_unit_test(each_accepted_post_is_called_once_also_around_a_stop),
        cmocka_unit_test(a_submission_reaches_the_core_and_is_answered_once),
        cmocka_unit_test(submissions_have_a_bound_and_end_with_the_node),
        cmocka_unit_test(a_core_without_a_deadline_is_ticked_all_the_same),
        cmocka_unit_test(a_stop_with_work_in_flight_leaks_nothing),
        cmocka_unit_test(a_stop_flushes_what_is_queued),
        cmocka_unit_test(a_stop_does_not_wait_for_peers_that_do_not_read),
        cmocka_unit_test(a_runtime_that_never_ran_is_closed),
        cmocka_unit_test(a_port_in_use_is_named_with_its_reason),
        cmocka_unit_test(port_0_becomes_a_real_one),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    qn_crypto_fini();
    return failed;
}
