#include "node/vote_log.h"

#include "ledger/store_keys.h"
#include "wire/field.h"

#include <stdlib.h>
#include <string.h>

enum {
    KEY_LEN = 1 + 8 + 8 + 1,
    HEAD_LEN_MAX = 128, /* bytes without the hash */
    READ_MAX = 2 * QN_VOTE_LOG_MAX,
};

struct record_key {
    uint8_t bytes[KEY_LEN];
};

static void put_number(uint8_t *out, uint64_t number)
{
    for (unsigned i = 0; i < 8; i++) {
        out[i] = (uint8_t)(number >> (56 - 8 * i));
    }
}

static uint64_t get_number(const uint8_t *in)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < 8; i++) {
        number = number << 8 | in[i];
    }
    return number;
}

static struct record_key key_of(uint64_t epoch, uint64_t view, enum qn_record_kind kind)
{
    struct record_key key = {{QN_STORE_VOTE}};
    put_number(key.bytes + 1, epoch);
    put_number(key.bytes + 9, view);
    key.bytes[17] = (uint8_t)kind;
    return key;
}

static struct qn_hash check_of(struct qn_span key, struct qn_span bytes)
{
    struct qn_span parts[] = {key, bytes};
    return qn_sha3_parts(parts, QN_ARRAY_COUNT(parts));
}

static void add_to_sum(struct qn_hash *sum, const struct qn_hash *check)
{
    for (size_t i = 0; i < sizeof sum->bytes; i++) {
        sum->bytes[i] ^= check->bytes[i];
    }
}

/* ---- the head ---- */

struct stored_head {
    uint64_t epoch;
    uint64_t floor;
    uint64_t count;
    struct qn_hash sum;
    struct qn_consensus_head head;
};

/* {1: epoch, 2: lost, 3: recovered, 4: ceiling, 5: nonce, 6: floor, 7: count, 8: sum}. */
static void write_head(struct qn_writer *w, const void *record)
{
    const struct stored_head *stored = record;
    qn_write_map(w, 8);
    qn_write_uint_at(w, 1, stored->epoch);
    qn_write_uint_at(w, 2, stored->head.lost);
    qn_write_uint_at(w, 3, stored->head.recovered);
    qn_write_uint_at(w, 4, stored->head.ceiling);
    qn_write_uint_at(w, 5, stored->head.nonce);
    qn_write_uint_at(w, 6, stored->floor);
    qn_write_uint_at(w, 7, stored->count);
    qn_write_bytes_at(w, 8, stored->sum.bytes, sizeof stored->sum.bytes);
}

static struct qn_buf *head_encode(const struct stored_head *stored)
{
    uint8_t room[HEAD_LEN_MAX + QN_HASH_LEN];
    struct qn_span bytes = {0};
    enum qn_err err = qn_encode_into(room, HEAD_LEN_MAX, &bytes, write_head, stored);
    QN_ASSERT(err == QN_OK && bytes.at == room);
    struct qn_hash hash = qn_sha3(bytes);
    memcpy(room + bytes.len, hash.bytes, sizeof hash.bytes);
    return qn_buf_copy((struct qn_span){room, bytes.len + sizeof hash.bytes});
}

static bool head_decode(struct stored_head *out, struct qn_span bytes)
{
    struct stored_head stored = {0};
    if (bytes.len <= QN_HASH_LEN) {
        return false;
    }
    struct qn_span map_bytes = {bytes.at, bytes.len - QN_HASH_LEN};
    struct qn_hash hash = qn_sha3(map_bytes);
    struct qn_reader in;
    qn_reader_init(&in, map_bytes);
    struct qn_map_reader map = qn_read_map(&in);
    stored.epoch = qn_read_uint_at(&in, &map, 1, UINT64_MAX);
    stored.head.lost = qn_read_uint_at(&in, &map, 2, 1) != 0;
    stored.head.recovered = qn_read_uint_at(&in, &map, 3, 1) != 0;
    stored.head.ceiling = qn_read_uint_at(&in, &map, 4, UINT64_MAX);
    stored.head.nonce = qn_read_uint_at(&in, &map, 5, UINT64_MAX);
    stored.floor = qn_read_uint_at(&in, &map, 6, UINT64_MAX);
    stored.count = qn_read_uint_at(&in, &map, 7, QN_VOTE_LOG_MAX);
    qn_read_fixed_at(&in, &map, 8, stored.sum.bytes, sizeof stored.sum.bytes);
    qn_read_map_end(&in, &map);
    if (qn_reader_done(&in) != QN_OK ||
        memcmp(hash.bytes, bytes.at + map_bytes.len, sizeof hash.bytes) != 0) {
        return false;
    }
    *out = stored;
    return true;
}

static struct qn_store_key head_key(void)
{
    return qn_store_key_kind(QN_STORE_VOTE_HEAD);
}

/* ---- reading ---- */

struct reading {
    struct qn_vote_log *log;
    uint64_t epoch;
    size_t seen;
    bool broken;
};

static bool visit_record(void *context, struct qn_span key, struct qn_buf *value)
{
    struct reading *reading = context;
    struct qn_vote_log *log = reading->log;
    if (key.len == 0 || key.at[0] != QN_STORE_VOTE) {
        return false;
    }
    reading->seen += 1;
    if (key.len != KEY_LEN || log->count == QN_VOTE_LOG_MAX || value == NULL) {
        reading->broken = true; /* not ours, or more than we write */
        return reading->seen < READ_MAX;
    }
    struct qn_vote_log_entry *entry = &log->entries[log->count++];
    entry->epoch = get_number(key.at + 1);
    entry->view = get_number(key.at + 9);
    entry->kind = (enum qn_record_kind)key.at[17];
    entry->check = check_of(key, qn_buf_span(value));
    add_to_sum(&log->sum, &entry->check);
    reading->broken |= entry->kind < QN_RECORD_NOTARIZE || entry->kind > QN_RECORD_KINDS;
    if (entry->epoch == reading->epoch) {
        log->records[log->record_count++] = (struct qn_consensus_record){
            .kind = entry->kind, .view = entry->view, .bytes = qn_buf_hold(value)};
    }
    return true;
}

/* NULL: all is well. */
static const char *judge(const struct qn_vote_log *log, const struct reading *reading,
                         const struct stored_head *stored, enum qn_err head_err)
{
    if (head_err == QN_ERR_NOT_FOUND) {
        return reading->seen == 0 ? "there is no log" : "the log's head is missing";
    }
    if (head_err != QN_OK) {
        return "the log's head is damaged";
    }
    if (reading->broken || stored->count != log->count || !qn_hash_equal(&stored->sum, &log->sum)) {
        return "records are missing or damaged";
    }
    if (stored->epoch > reading->epoch) {
        return "the log is of a later epoch than the ledger";
    }
    if (stored->head.lost) {
        return "it was lost before, and no vote was cast since";
    }
    if (stored->epoch < reading->epoch && stored->head.recovered) {
        return "it was lost in the epoch before";
    }
    return NULL;
}

static enum qn_err read_head(struct stored_head *stored, const struct qn_storage *storage)
{
    struct qn_store_key key = head_key();
    struct qn_buf *bytes = NULL;
    enum qn_err err = storage->get(storage->context, &bytes, qn_store_key_span(&key));
    if (err == QN_OK && !head_decode(stored, qn_buf_span(bytes))) {
        err = QN_ERR_MALFORMED;
    }
    qn_buf_drop(bytes);
    return err;
}

enum qn_memory qn_vote_log_open(struct qn_vote_log *log, const struct qn_storage *storage,
                                uint64_t epoch, const struct qn_log *sink)
{
    struct reading reading = {.log = log, .epoch = epoch};
    struct stored_head stored = {0};
    struct qn_store_key first = qn_store_key_kind(QN_STORE_VOTE);

    *log = (struct qn_vote_log){.epoch = epoch};
    log->entries = calloc(QN_VOTE_LOG_MAX, sizeof *log->entries);
    log->records = calloc(QN_VOTE_LOG_MAX, sizeof *log->records);
    QN_ASSERT(log->entries != NULL && log->records != NULL);
    enum qn_err err =
        storage->walk(storage->context, qn_store_key_span(&first), visit_record, &reading);
    enum qn_err head_err = read_head(&stored, storage);
    const char *why = err != QN_OK ? "it cannot be read" : judge(log, &reading, &stored, head_err);
    if (why == NULL) {
        log->epoch = stored.epoch;
        bool same = stored.epoch == epoch;
        log->head = same ? stored.head : (struct qn_consensus_head){0};
        log->floor = same ? stored.floor : 0;
        return QN_MEMORY_INTACT;
    }
    bool is_fresh = err == QN_OK && head_err == QN_ERR_NOT_FOUND && reading.seen == 0;
    log->is_fresh = is_fresh;
    bool says_so = err == QN_OK && head_err == QN_OK && stored.head.lost;
    qn_log(sink, is_fresh || says_so ? QN_LOG_INFO : QN_LOG_ERROR, "consensus", "votes_lost",
           "records=%zu reason=\"%s\": this validator asks the others before it votes",
           reading.seen, why);
    if (says_so && stored.epoch == epoch) {
        log->head = stored.head;
    }
    qn_vote_log_drop_records(log);
    return QN_MEMORY_LOST;
}

void qn_vote_log_drop_records(struct qn_vote_log *log)
{
    for (size_t i = 0; i < log->record_count; i++) {
        qn_buf_drop(log->records[i].bytes);
    }
    free(log->records);
    log->records = NULL;
    log->record_count = 0;
}

void qn_vote_log_close(struct qn_vote_log *log)
{
    qn_vote_log_drop_records(log);
    free(log->entries);
    *log = (struct qn_vote_log){0};
}

/* ---- writing ---- */

static void delete_where(struct qn_vote_log *log, struct qn_batch *batch, uint64_t epoch, bool all)
{
    size_t left = 0;
    for (size_t i = 0; i < log->count; i++) {
        struct qn_vote_log_entry entry = log->entries[i];
        if (all || entry.epoch != epoch || entry.view <= log->floor) {
            struct record_key key = key_of(entry.epoch, entry.view, entry.kind);
            qn_batch_delete(batch, (struct qn_span){key.bytes, sizeof key.bytes});
            add_to_sum(&log->sum, &entry.check); /* XOR takes it out */
        } else {
            log->entries[left++] = entry;
        }
    }
    log->count = left;
}

static void put_record(struct qn_vote_log *log, struct qn_batch *batch,
                       const struct qn_consensus_record *record)
{
    struct record_key key = key_of(log->epoch, record->view, record->kind);
    struct qn_span key_span = {key.bytes, sizeof key.bytes};
    QN_ASSERT(log->count < QN_VOTE_LOG_MAX); /* consensus keeps each thing once */
    struct qn_vote_log_entry *entry = &log->entries[log->count++];
    *entry = (struct qn_vote_log_entry){.epoch = log->epoch,
                                        .view = record->view,
                                        .kind = record->kind,
                                        .check = check_of(key_span, qn_buf_span(record->bytes))};
    add_to_sum(&log->sum, &entry->check);
    qn_batch_put(batch, key_span, record->bytes);
}

void qn_vote_log_append(struct qn_vote_log *log, struct qn_batch *batch, uint64_t epoch,
                        const struct qn_consensus_action *action)
{
    log->floor = log->epoch == epoch ? log->floor : 0;
    log->epoch = epoch;
    delete_where(log, batch, epoch, action->head.lost);
    for (size_t i = 0; i < action->record_count; i++) {
        put_record(log, batch, &action->records[i]);
    }
    struct stored_head stored = {.epoch = epoch,
                                 .floor = log->floor,
                                 .count = log->count,
                                 .sum = log->sum,
                                 .head = action->head};
    struct qn_store_key key = head_key();
    struct qn_buf *bytes = head_encode(&stored);
    qn_batch_put(batch, qn_store_key_span(&key), bytes);
    qn_buf_drop(bytes);
}

void qn_vote_log_prune(struct qn_vote_log *log, uint64_t epoch, uint64_t view)
{
    if (log->epoch == epoch && view > log->floor) {
        log->floor = view;
    }
}
