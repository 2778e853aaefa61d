#include "crypto/verify_cache.h"

#include "crypto/backend.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    struct qn_public_key key;
    EVP_PKEY_CTX *context; /* holds the imported key */
    uint64_t used_at;      /* the cache's count of look-ups then */
};

struct cache {
    uint64_t lookups;
    size_t count;
    struct entry *entries[QN_VERIFY_CACHE_MAX];
};

static _Thread_local struct cache cache;

static void entry_free(struct entry *entry)
{
    EVP_PKEY_CTX_free(entry->context);
    free(entry);
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

static struct entry *entry_new(const struct qn_public_key *key)
{
    struct entry *entry = malloc(sizeof *entry);

    if (entry == NULL) {
        return NULL;
    }
    entry->key = *key;
    entry->context = import_key(key);
    if (entry->context == NULL) {
        free(entry);
        return NULL;
    }
    return entry;
}

static struct entry *find(const struct qn_public_key *key)
{
    for (size_t i = 0; i < cache.count; i++) {
        if (qn_public_key_equal(&cache.entries[i]->key, key)) {
            return cache.entries[i];
        }
    }
    return NULL;
}

static size_t least_recently_used(void)
{
    size_t oldest = 0;

    for (size_t i = 1; i < cache.count; i++) {
        if (cache.entries[i]->used_at < cache.entries[oldest]->used_at) {
            oldest = i;
        }
    }
    return oldest;
}

static void store(struct entry *entry)
{
    if (cache.count < QN_VERIFY_CACHE_MAX) {
        cache.entries[cache.count++] = entry;
        return;
    }
    size_t oldest = least_recently_used();
    entry_free(cache.entries[oldest]);
    cache.entries[oldest] = entry;
}

EVP_PKEY_CTX *qn_verify_cache_get(const struct qn_public_key *key)
{
    struct entry *entry = find(key);

    if (entry == NULL) {
        entry = entry_new(key);
        if (entry == NULL) {
            return NULL;
        }
        store(entry);
    }
    entry->used_at = ++cache.lookups;
    return entry->context;
}

void qn_verify_thread_fini(void)
{
    for (size_t i = 0; i < cache.count; i++) {
        entry_free(cache.entries[i]);
    }
    cache = (struct cache){0};
}
