#include "ledger/state.h"

#include "base/pool.h"
#include "wire/field.h"

#include <string.h>

static const char code_domain[] = "qnet/1/code";
static const char batch_domain[] = "qnet/1/batch";
static const char counters_domain[] = "qnet/1/meta";
static const char committee_domain[] = "qnet/1/committee";

enum { TOUCHED_MIN = 16 };

static struct qn_span domain_span(const char *domain)
{
    return (struct qn_span){(const uint8_t *)domain, strlen(domain)};
}

struct qn_hash qn_state_entry_key(const struct qn_node_id *id)
{
    return qn_sha3((struct qn_span){id->bytes, sizeof id->bytes});
}

struct qn_hash qn_state_key(const char *domain, const uint8_t hash[QN_HASH_LEN])
{
    struct qn_span parts[] = {domain_span(domain), {hash, QN_HASH_LEN}};

    return qn_sha3_parts(parts, QN_ARRAY_COUNT(parts));
}

struct qn_hash qn_state_code_key(const struct qn_hash *code_leaf)
{
    return qn_state_key(code_domain, code_leaf->bytes);
}

struct qn_hash qn_state_counters_key(void)
{
    return qn_sha3(domain_span(counters_domain));
}

struct qn_hash qn_state_committee_key(void)
{
    return qn_sha3(domain_span(committee_domain));
}

void qn_state_copy(struct qn_state *copy, const struct qn_state *state)
{
    *copy = (struct qn_state){.tree = qn_tree_hold(state->tree), .counters = state->counters};
}

void qn_state_fini(struct qn_state *state)
{
    qn_tree_drop(state->tree);
    qn_pool_give(state->touched, state->touched_capacity * sizeof *state->touched);
    *state = (struct qn_state){0};
}

static void touch(struct qn_state *state, const struct qn_hash *key)
{
    if (state->touched_count == state->touched_capacity) {
        size_t capacity = state->touched_capacity == 0 ? TOUCHED_MIN : 2 * state->touched_capacity;
        struct qn_hash *larger = qn_pool_take(capacity * sizeof *larger);
        if (state->touched_count > 0) {
            memcpy(larger, state->touched, state->touched_count * sizeof *larger);
        }
        qn_pool_give(state->touched, state->touched_capacity * sizeof *larger);
        state->touched = larger;
        state->touched_capacity = capacity;
    }
    state->touched[state->touched_count] = *key;
    state->touched_count += 1;
}

void qn_state_put(struct qn_state *state, const struct qn_hash *key, struct qn_buf *value,
                  struct qn_buf *extra)
{
    touch(state, key);
    struct qn_tree_node *tree = qn_tree_put(state->tree, key, value, extra);

    qn_tree_drop(state->tree);
    state->tree = tree;
    qn_buf_drop(value);
    qn_buf_drop(extra);
}

void qn_state_put_entry(struct qn_state *state, const struct qn_registry_entry *entry)
{
    uint8_t out[QN_REGISTRY_ENTRY_LEN_MAX];
    struct qn_span bytes;
    struct qn_hash key = qn_state_entry_key(&entry->id);

    QN_ASSERT(qn_registry_entry_encode(entry, out, sizeof out, &bytes) == QN_OK);
    qn_state_put(state, &key, qn_buf_copy(bytes), qn_buf_copy(qn_public_key_span(&entry->key)));
}

static void write_code_use(struct qn_writer *w, const void *record)
{
    const struct qn_code_use *use = record;

    qn_write_map(w, 2);
    qn_write_bytes_at(w, 1, use->id.bytes, sizeof use->id.bytes);
    qn_write_uint_at(w, 2, use->height);
}

void qn_state_put_code_use(struct qn_state *state, const struct qn_hash *code_leaf,
                           const struct qn_code_use *use)
{
    struct qn_hash key = qn_state_code_key(code_leaf);

    qn_state_put(state, &key, qn_encode(write_code_use, use), NULL);
}

struct issued_batch {
    struct qn_activation_batch batch;
    uint64_t height;
};

static void write_batch(struct qn_writer *w, const void *record)
{
    const struct issued_batch *issued = record;

    qn_write_map(w, 2);
    qn_write_key(w, 1);
    qn_write_activation_batch(w, &issued->batch);
    qn_write_uint_at(w, 2, issued->height);
}

void qn_state_put_batch(struct qn_state *state, const struct qn_activation_batch *batch,
                        uint64_t height)
{
    struct qn_hash key = qn_state_key(batch_domain, batch->root.bytes);
    struct issued_batch issued = {*batch, height};

    qn_state_put(state, &key, qn_encode(write_batch, &issued), NULL);
}

enum qn_err qn_state_batch(const struct qn_state *state, struct qn_activation_batch *batch,
                           uint64_t *height, const struct qn_hash *root)
{
    struct qn_hash key = qn_state_key(batch_domain, root->bytes);
    const struct qn_buf *value = qn_tree_get(state->tree, &key, NULL);
    struct qn_reader in;

    if (value == NULL) {
        return QN_ERR_NOT_FOUND;
    }
    qn_reader_init(&in, qn_buf_span(value));
    struct qn_map_reader map = qn_read_map(&in);
    qn_read_key(&in, &map, 1);
    qn_read_activation_batch(&in, batch);
    *height = qn_read_uint_at(&in, &map, 2, UINT64_MAX);
    qn_read_map_end(&in, &map);
    QN_ASSERT(qn_reader_done(&in) == QN_OK); /* the state's root vouches for it */
    return QN_OK;
}

static void write_counters(struct qn_writer *w, const void *record)
{
    const struct qn_counters *counters = record;

    qn_write_map(w, 2);
    qn_write_uint_at(w, 1, counters->next_index);
    qn_write_uint_at(w, 2, counters->active_count);
}

void qn_state_put_counters(struct qn_state *state)
{
    struct qn_hash key = qn_state_counters_key();

    qn_state_put(state, &key, qn_encode(write_counters, &state->counters), NULL);
}

enum qn_err qn_state_load_counters(struct qn_state *state)
{
    struct qn_hash key = qn_state_counters_key();
    const struct qn_buf *value = qn_tree_get(state->tree, &key, NULL);
    struct qn_reader in;

    if (value == NULL) {
        return QN_ERR_MALFORMED;
    }
    qn_reader_init(&in, qn_buf_span(value));
    struct qn_map_reader map = qn_read_map(&in);
    struct qn_counters counters = {0};
    counters.next_index = qn_read_uint_at(&in, &map, 1, QN_REGISTRY_ENTRIES_MAX);
    counters.active_count = qn_read_uint_at(&in, &map, 2, QN_REGISTRY_ENTRIES_MAX);
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        state->counters = counters;
    }
    return err;
}

enum qn_err qn_state_entry_decode(struct qn_registry_entry *entry, const struct qn_buf *value,
                                  const struct qn_buf *extra)
{
    struct qn_registry_entry result;
    enum qn_err err = qn_registry_entry_decode(&result, qn_buf_span(value));

    if (err == QN_OK) {
        err = extra == NULL ? QN_ERR_MALFORMED
                            : qn_public_key_from_spki(&result.key, qn_buf_span(extra));
    }
    if (err == QN_OK) {
        *entry = result;
    }
    return err;
}

enum qn_err qn_state_entry(const struct qn_state *state, struct qn_registry_entry *entry,
                           const struct qn_node_id *id)
{
    struct qn_hash key = qn_state_entry_key(id);
    struct qn_buf *extra = NULL;
    const struct qn_buf *value = qn_tree_get(state->tree, &key, &extra);

    if (value == NULL) {
        return QN_ERR_NOT_FOUND;
    }
    QN_ASSERT(qn_state_entry_decode(entry, value, extra) == QN_OK);
    return QN_OK;
}

enum qn_err qn_state_code_use(const struct qn_state *state, struct qn_code_use *use,
                              const struct qn_hash *code_leaf)
{
    struct qn_hash key = qn_state_code_key(code_leaf);
    const struct qn_buf *value = qn_tree_get(state->tree, &key, NULL);
    struct qn_reader in;

    if (value == NULL) {
        return QN_ERR_NOT_FOUND;
    }
    qn_reader_init(&in, qn_buf_span(value));
    struct qn_map_reader map = qn_read_map(&in);
    qn_read_fixed_at(&in, &map, 1, use->id.bytes, sizeof use->id.bytes);
    use->height = qn_read_uint_at(&in, &map, 2, UINT64_MAX);
    qn_read_map_end(&in, &map);
    QN_ASSERT(qn_reader_done(&in) == QN_OK);
    return QN_OK;
}

static void put_genesis_node(struct qn_state *state, const struct qn_genesis_cert *cert)
{
    struct qn_registry_entry entry = {
        .index = state->counters.next_index,
        .id = qn_public_key_id(&cert->key),
        .suite = cert->key.suite,
        .key_hash = qn_sha3(qn_public_key_span(&cert->key)),
        .region = cert->region,
        .roles = QN_ROLE_FULL | QN_ROLE_VALIDATOR,
        .has_endpoint = true,
        .endpoint = cert->endpoints[0],
        .valid_until_ms = UINT64_MAX,
        .status = QN_ENTRY_ACTIVE,
        .sequence = 1,
        .key = cert->key,
    };

    qn_state_put_entry(state, &entry);
    state->counters.next_index += 1;
    state->counters.active_count += 1;
}

void qn_state_init_genesis(struct qn_state *state, const struct qn_genesis *genesis)
{
    *state = (struct qn_state){0};
    for (size_t i = 0; i < genesis->cert_count; i++) {
        put_genesis_node(state, &genesis->certs[i]);
    }
    qn_state_put_counters(state);
}
