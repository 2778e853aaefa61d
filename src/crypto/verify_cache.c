#include "crypto/verify_cache.h"

#include "crypto/backend.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    uint64_t fingerprint; /* of the key, so that a look-up touches no other key's memory */
    uint64_t used_at;     /* the cache's count of look-ups then */
    struct qn_public_key *key;
    EVP_PKEY_CTX *context; /* holds the imported key */
};

struct cache {
    uint64_t lookups;
    size_t count;
    struct entry entries[QN_VERIFY_CACHE_MAX];
};

static _Thread_local struct cache cache;

/* The first bytes after the prefix are a hash already. Who chooses them all alike only makes the
 * look-up compare whole keys. */
static uint64_t fingerprint_of(const struct qn_public_key *key)
{
    uint64_t fingerprint;

    memcpy(&fingerprint, key->spki + qn_suite_find(key->suite)->spki_prefix_len,
           sizeof fingerprint);
    return fingerprint;
}

static void entry_free(struct entry *entry)
{
    EVP_PKEY_CTX_free(entry->context);
    free(entry->key);
}

static EVP_PKEY_CTX *import_key(const struct qn_public_key *key)
{
    const struct qn_suite *suite = qn_suite_find(key->suite);
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key_ex(
        NULL, suite->name, NULL, key->spki + suite->spki_prefix_len, suite->public_key_len);
    EVP_PKEY_CTX *context = pkey != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL) : NULL;

    EVP_PKEY_free(pkey); /* the context holds its own reference */
    return context;
}

static struct entry *find(const struct qn_public_key *key, uint64_t fingerprint)
{
    for (size_t i = 0; i < cache.count; i++) {
        if (cache.entries[i].fingerprint == fingerprint &&
            qn_public_key_equal(cache.entries[i].key, key)) {
            return &cache.entries[i];
        }
    }
    return NULL;
}

static struct entry *least_recently_used(void)
{
    struct entry *oldest = &cache.entries[0];

    for (size_t i = 1; i < cache.count; i++) {
        if (cache.entries[i].used_at < oldest->used_at) {
            oldest = &cache.entries[i];
        }
    }
    return oldest;
}

/* The place for a new entry; a full cache gives up its least recently used one. */
static struct entry *make_room(void)
{
    if (cache.count < QN_VERIFY_CACHE_MAX) {
        return &cache.entries[cache.count++];
    }
    struct entry *oldest = least_recently_used();
    entry_free(oldest);
    return oldest;
}

static struct entry *add(const struct qn_public_key *key, uint64_t fingerprint)
{
    struct entry made = {
        .fingerprint = fingerprint, .key = malloc(sizeof *made.key), .context = import_key(key)};

    if (made.key == NULL || made.context == NULL) {
        entry_free(&made);
        return NULL;
    }
    *made.key = *key;
    struct entry *entry = make_room();
    *entry = made;
    return entry;
}

EVP_PKEY_CTX *qn_verify_cache_get(const struct qn_public_key *key)
{
    uint64_t fingerprint = fingerprint_of(key);
    struct entry *entry = find(key, fingerprint);

    if (entry == NULL) {
        entry = add(key, fingerprint);
    }
    if (entry == NULL) {
        return NULL;
    }
    entry->used_at = ++cache.lookups;
    return entry->context;
}

void qn_verify_thread_fini(void)
{
    for (size_t i = 0; i < cache.count; i++) {
        entry_free(&cache.entries[i]);
    }
    cache.count = 0;
}
