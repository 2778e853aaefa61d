#include "net/tls_sessions.h"

#include "crypto/key.h"

#include <stdlib.h>
#include <string.h>

void qn_tls_sessions_init(struct qn_tls_sessions *sessions, size_t capacity)
{
    uint64_t hash_key[2];

    QN_ASSERT(capacity > 0);
    qn_random_bytes((uint8_t *)hash_key, sizeof hash_key);
    *sessions = (struct qn_tls_sessions){.capacity = capacity};
    QN_ASSERT(pthread_mutex_init(&sessions->mutex, NULL) == 0);
    qn_map_init(&sessions->index, capacity, hash_key[0], hash_key[1]);
    sessions->places = calloc(capacity, sizeof sessions->places[0]);
    QN_ASSERT(sessions->places != NULL);
}

static void clear(struct qn_tls_stored_session *place)
{
    if (place->bytes != NULL) {
        qn_wipe(place->bytes, place->len);
        free(place->bytes);
    }
    *place = (struct qn_tls_stored_session){0};
}

void qn_tls_sessions_fini(struct qn_tls_sessions *sessions)
{
    for (size_t i = 0; i < sessions->capacity; i++) {
        clear(&sessions->places[i]);
    }
    free(sessions->places);
    qn_map_fini(&sessions->index);
    (void)pthread_mutex_destroy(&sessions->mutex);
}

static uint32_t take_place(struct qn_tls_sessions *sessions, const uint8_t *key)
{
    uint32_t place = 0;

    if (qn_map_get(&sessions->index, &place, key)) {
        clear(&sessions->places[place]);
        return place;
    }
    place = (uint32_t)sessions->next;
    sessions->next = (sessions->next + 1) % sessions->capacity;
    if (sessions->places[place].bytes != NULL) {
        (void)qn_map_remove(&sessions->index, sessions->places[place].key);
        clear(&sessions->places[place]);
    }
    QN_ASSERT(qn_map_put(&sessions->index, key, place) == QN_OK); /* as many keys as places */
    return place;
}

void qn_tls_sessions_put(struct qn_tls_sessions *sessions, const uint8_t key[QN_HASH_LEN],
                         const uint8_t *bytes, size_t len)
{
    if (len == 0 || len > QN_TLS_SESSION_LEN_MAX) {
        return;
    }
    uint8_t *copy = malloc(len);
    QN_ASSERT(copy != NULL);
    memcpy(copy, bytes, len);
    (void)pthread_mutex_lock(&sessions->mutex);
    struct qn_tls_stored_session *place = &sessions->places[take_place(sessions, key)];
    memcpy(place->key, key, sizeof place->key);
    place->bytes = copy;
    place->len = len;
    (void)pthread_mutex_unlock(&sessions->mutex);
}

size_t qn_tls_sessions_get(struct qn_tls_sessions *sessions, uint8_t *bytes,
                           const uint8_t key[QN_HASH_LEN])
{
    uint32_t index = 0;
    size_t len = 0;

    (void)pthread_mutex_lock(&sessions->mutex);
    if (qn_map_get(&sessions->index, &index, key)) {
        const struct qn_tls_stored_session *place = &sessions->places[index];
        memcpy(bytes, place->bytes, place->len);
        len = place->len;
    }
    (void)pthread_mutex_unlock(&sessions->mutex);
    return len;
}

void qn_tls_sessions_remove(struct qn_tls_sessions *sessions, const uint8_t key[QN_HASH_LEN])
{
    uint32_t index = 0;

    (void)pthread_mutex_lock(&sessions->mutex);
    if (qn_map_get(&sessions->index, &index, key)) {
        (void)qn_map_remove(&sessions->index, key);
        clear(&sessions->places[index]);
    }
    (void)pthread_mutex_unlock(&sessions->mutex);
}

size_t qn_tls_sessions_count(struct qn_tls_sessions *sessions)
{
    (void)pthread_mutex_lock(&sessions->mutex);
    size_t count = sessions->index.count;
    (void)pthread_mutex_unlock(&sessions->mutex);
    return count;
}
