/* The vote log against storage that kept all of it, or not. */
#include "node/vote_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "wire/testing/run.h"

enum { EPOCH = 3, CEILING = 5 };

struct fixture {
    struct qn_storage storage;
    struct qn_vote_log log;
};

static void apply(struct fixture *f, struct qn_batch *batch)
{
    assert_int_equal(f->storage.apply(f->storage.context, batch), QN_OK);
    qn_batch_free(batch);
}

static void append_in(struct fixture *f, uint64_t epoch, enum qn_record_kind kind, uint64_t view,
                      struct qn_consensus_head head)
{
    uint8_t bytes[] = {(uint8_t)kind, (uint8_t)view, 0x77};
    struct qn_consensus_action action = {.kind = QN_CONSENSUS_PERSIST, .head = head};
    struct qn_batch *batch = qn_batch_new();

    if (view != 0) {
        action.record_count = 1;
        action.records[0] = (struct qn_consensus_record){
            kind, view, qn_buf_copy((struct qn_span){bytes, sizeof bytes})};
    }
    qn_vote_log_append(&f->log, batch, epoch, &action);
    qn_consensus_action_drop(&action);
    apply(f, batch);
}

static void append(struct fixture *f, enum qn_record_kind kind, uint64_t view)
{
    append_in(f, EPOCH, kind, view, (struct qn_consensus_head){.ceiling = CEILING, .nonce = 9});
}

static enum qn_memory reopen_in(struct fixture *f, uint64_t epoch)
{
    qn_vote_log_close(&f->log);
    return qn_vote_log_open(&f->log, &f->storage, epoch, NULL);
}

static enum qn_memory reopen(struct fixture *f)
{
    return reopen_in(f, EPOCH);
}

static void start(struct fixture *f)
{
    *f = (struct fixture){0};
    qn_storage_memory_open(&f->storage);
    assert_int_equal(qn_vote_log_open(&f->log, &f->storage, EPOCH, NULL), QN_MEMORY_LOST);
}

/* Three records of two views. */
static void start_with_records(struct fixture *f)
{
    start(f);
    append(f, QN_RECORD_NOTARIZE, 6);
    append(f, QN_RECORD_FINALIZE, 6);
    append(f, QN_RECORD_NULLIFY, 7);
}

static void finish(struct fixture *f)
{
    qn_vote_log_close(&f->log);
    f->storage.close(f->storage.context);
}

static void what_was_appended_comes_back(void **state)
{
    (void)state;
    struct fixture f;
    start_with_records(&f);
    assert_int_equal(reopen(&f), QN_MEMORY_INTACT);
    assert_int_equal(f.log.record_count, 3);
    assert_int_equal(f.log.records[0].kind, QN_RECORD_NOTARIZE);
    assert_int_equal(f.log.records[0].view, 6);
    assert_int_equal(f.log.records[2].kind, QN_RECORD_NULLIFY);
    assert_int_equal(f.log.records[2].view, 7);
    assert_int_equal(f.log.records[2].bytes->bytes[0], QN_RECORD_NULLIFY);
    assert_int_equal(f.log.head.ceiling, CEILING);
    assert_int_equal(f.log.head.nonce, 9);
    append(&f, QN_RECORD_NOTARIZE, 8); /* and it goes on from there */
    assert_int_equal(reopen(&f), QN_MEMORY_INTACT);
    assert_int_equal(f.log.record_count, 4);
    finish(&f);
}

struct found {
    struct qn_buf *values[8];
    uint8_t keys[8][QN_STORAGE_KEY_LEN_MAX];
    size_t lens[8];
    size_t count;
};

static bool find(void *context, struct qn_span key, struct qn_buf *value)
{
    struct found *found = context;
    memcpy(found->keys[found->count], key.at, key.len);
    found->lens[found->count] = key.len;
    found->values[found->count++] = qn_buf_hold(value);
    return true;
}

static void find_all(struct fixture *f, struct found *found)
{
    uint8_t first = 0;
    *found = (struct found){0};
    assert_int_equal(f->storage.walk(f->storage.context, (struct qn_span){&first, 1}, find, found),
                     QN_OK);
}

static void drop_found(struct found *found)
{
    for (size_t i = 0; i < found->count; i++) {
        qn_buf_drop(found->values[i]);
    }
}

static struct qn_span key_span(const struct found *found, size_t i)
{
    return (struct qn_span){found->keys[i], found->lens[i]};
}

/* Each key that storage holds, lost in turn: the head as well as any record. */
static void a_lost_write_is_noticed(void **state)
{
    (void)state;
    for (size_t lost = 0; lost < 4; lost++) {
        struct fixture f;
        struct found found;
        start_with_records(&f);
        find_all(&f, &found);
        assert_int_equal(found.count, 4);
        struct qn_batch *batch = qn_batch_new();
        qn_batch_delete(batch, key_span(&found, lost));
        apply(&f, batch);
        assert_int_equal(reopen(&f), QN_MEMORY_LOST);
        assert_int_equal(f.log.record_count, 0);
        drop_found(&found);
        finish(&f);
    }
}

/* Every byte of every value, changed or cut off. */
static void a_changed_byte_is_noticed(void **state)
{
    (void)state;
    struct fixture f;
    struct found found;
    start_with_records(&f);
    find_all(&f, &found);
    for (size_t i = 0; i < found.count; i++) {
        struct qn_span value = qn_buf_span(found.values[i]);
        for (size_t at = 0; at <= value.len; at++) {
            struct qn_buf *other =
                qn_buf_copy((struct qn_span){value.at, at == value.len ? at - 1 : at + 1});
            if (at < value.len) {
                qn_buf_drop(other);
                other = qn_buf_copy(value);
                other->bytes[at] ^= 0x10;
            }
            struct qn_batch *batch = qn_batch_new();
            qn_batch_put(batch, key_span(&found, i), other);
            apply(&f, batch);
            qn_buf_drop(other);
            assert_int_equal(reopen(&f), QN_MEMORY_LOST);
        }
        struct qn_batch *batch = qn_batch_new();
        qn_batch_put(batch, key_span(&found, i), found.values[i]);
        apply(&f, batch);
        assert_int_equal(reopen(&f), QN_MEMORY_INTACT);
    }
    drop_found(&found);
    finish(&f);
}

static void values_in_each_others_place_are_noticed(void **state)
{
    (void)state;
    struct fixture f;
    struct found found;
    start_with_records(&f);
    find_all(&f, &found);
    struct qn_batch *batch = qn_batch_new();
    qn_batch_put(batch, key_span(&found, 0), found.values[1]);
    qn_batch_put(batch, key_span(&found, 1), found.values[0]);
    apply(&f, batch);
    assert_int_equal(reopen(&f), QN_MEMORY_LOST);
    drop_found(&found);
    finish(&f);
}

static void what_is_final_goes_with_the_next_batch(void **state)
{
    (void)state;
    struct fixture f;
    start_with_records(&f);
    qn_vote_log_prune(&f.log, EPOCH, 6);
    append(&f, QN_RECORD_NOTARIZE, 8);
    assert_int_equal(reopen(&f), QN_MEMORY_INTACT);
    assert_int_equal(f.log.record_count, 2);
    assert_int_equal(f.log.records[0].view, 7);
    assert_int_equal(f.log.records[1].view, 8);
    assert_int_equal(f.log.floor, 6);
    finish(&f);
}

/* Thousands of views, and it never holds more than those above the final one. */
static void it_does_not_grow(void **state)
{
    (void)state;
    struct fixture f;
    start(&f);
    for (uint64_t view = 1; view <= 5000; view++) {
        append(&f, QN_RECORD_NOTARIZE, view);
        append(&f, QN_RECORD_FINALIZE, view);
        qn_vote_log_prune(&f.log, EPOCH, view - 1);
        assert_true(f.log.count <= 4);
    }
    assert_int_equal(reopen(&f), QN_MEMORY_INTACT);
    struct found found;
    find_all(&f, &found);
    assert_true(found.count <= 5);
    drop_found(&found);
    finish(&f);
}

static void what_was_lost_stays_lost_until_a_vote_says_better(void **state)
{
    (void)state;
    struct fixture f;
    start_with_records(&f);
    append_in(&f, EPOCH, QN_RECORD_NOTARIZE, 0,
              (struct qn_consensus_head){.lost = true, .nonce = 4});
    assert_int_equal(reopen(&f), QN_MEMORY_LOST);
    assert_int_equal(f.log.head.nonce, 4);
    assert_true(f.log.head.lost);
    assert_int_equal(f.log.count, 0);
    append(&f, QN_RECORD_NULLIFY, 20);
    assert_int_equal(reopen(&f), QN_MEMORY_INTACT);
    assert_int_equal(f.log.record_count, 1);
    finish(&f);
}

static void another_epoch_has_records_of_its_own(void **state)
{
    (void)state;
    struct fixture f;
    start_with_records(&f);
    assert_int_equal(reopen_in(&f, EPOCH + 1), QN_MEMORY_INTACT);
    assert_int_equal(f.log.record_count, 0);
    assert_int_equal(f.log.head.ceiling, 0);
    append_in(&f, EPOCH + 1, QN_RECORD_NOTARIZE, 1, (struct qn_consensus_head){.ceiling = 0});
    assert_int_equal(reopen_in(&f, EPOCH + 1), QN_MEMORY_INTACT);
    assert_int_equal(f.log.record_count, 1);
    assert_int_equal(f.log.count, 1);
    assert_int_equal(reopen_in(&f, EPOCH), QN_MEMORY_LOST); /* the ledger is behind its votes */
    finish(&f);
}

/* Whoever recovered in an epoch may have voted in the next one before it forgot. */
static void the_epoch_after_a_recovery_is_lost_as_well(void **state)
{
    (void)state;
    struct fixture f;
    start(&f);
    append_in(&f, EPOCH, QN_RECORD_NOTARIZE, 9,
              (struct qn_consensus_head){.recovered = true, .ceiling = CEILING});
    assert_int_equal(reopen_in(&f, EPOCH), QN_MEMORY_INTACT);
    assert_true(f.log.head.recovered);
    assert_int_equal(reopen_in(&f, EPOCH + 1), QN_MEMORY_LOST);
    finish(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_appended_comes_back),
        cmocka_unit_test(a_lost_write_is_noticed),
        cmocka_unit_test(a_changed_byte_is_noticed),
        cmocka_unit_test(values_in_each_others_place_are_noticed),
        cmocka_unit_test(what_is_final_goes_with_the_next_batch),
        cmocka_unit_test(it_does_not_grow),
        cmocka_unit_test(what_was_lost_stays_lost_until_a_vote_says_better),
        cmocka_unit_test(another_epoch_has_records_of_its_own),
        cmocka_unit_test(the_epoch_after_a_recovery_is_lost_as_well),
    };
    qn_test_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
