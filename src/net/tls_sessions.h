/* TLS sessions that can be resumed: encoded ones by a key of 32 bytes, the oldest gives way.
 *
 * They are secrets: wiped whenever they go. May be used by several threads. */
#ifndef QN_TLS_SESSIONS_H
#define QN_TLS_SESSIONS_H

#include "base/map.h"

#include <pthread.h>

/* An encoded session with the largest raw key of a node (QN_SPKI_LEN_MAX); a larger one is not kept. */
enum { QN_TLS_SESSION_LEN_MAX = 4096 };

struct qn_tls_stored_session {
    uint8_t key[QN_HASH_LEN];
    uint8_t *bytes; /* heap; NULL: a free place */
    size_t len;
};

/* Owned by the caller, who may embed it; the fields belong to tls_sessions.c. */
struct qn_tls_sessions {
    pthread_mutex_t mutex; /* guards the fields below */
    struct qn_map index;   /* key -> place */
    struct qn_tls_stored_session *places;
    size_t capacity;
    size_t next; /* the place that the next new key takes, whoever is there */
};

void qn_tls_sessions_init(struct qn_tls_sessions *sessions, size_t capacity);
void qn_tls_sessions_fini(struct qn_tls_sessions *sessions);
/* Keeps a copy, in the place of what the key has, or of the key that came first. Too long: nothing. */
void qn_tls_sessions_put(struct qn_tls_sessions *sessions, const uint8_t key[QN_HASH_LEN],
                         const uint8_t *bytes, size_t len);
/* Copies what the key has to bytes (QN_TLS_SESSION_LEN_MAX) and returns its length; 0: nothing. The
 * caller wipes the copy. */
size_t qn_tls_sessions_get(struct qn_tls_sessions *sessions, uint8_t *bytes,
                           const uint8_t key[QN_HASH_LEN]);
void qn_tls_sessions_remove(struct qn_tls_sessions *sessions, const uint8_t key[QN_HASH_LEN]);
size_t qn_tls_sessions_count(struct qn_tls_sessions *sessions);

#endif
