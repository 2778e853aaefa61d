/* Where the peer list keeps an id or an address: open addressing over slots of the list, so that a key is stored
 * once, in its entry. Keyed hash: nobody can aim collisions. A part of peer_list.c. */
#ifndef QN_PEER_INDEX_H
#define QN_PEER_INDEX_H

#include "peer/peer_list.h"

enum qn_peer_key { QN_PEER_BY_ID, QN_PEER_BY_ADDRESS };

/* Cells for so many entries, at most half of them taken. */
size_t qn_peer_index_cells(size_t capacity);
void qn_peer_index_init(struct qn_peer_index *index, size_t capacity, const uint64_t hash_key[2]);
void qn_peer_index_fini(struct qn_peer_index *index);
/* The entry with the key of this one, which need not be of the list: its slot + 1; 0: none. */
uint16_t qn_peer_index_find(const struct qn_peer_index *index, const struct qn_peer_entry *entries,
                            enum qn_peer_key by, const struct qn_peer_entry *with_key);
/* Its key is not in the index yet. */
void qn_peer_index_add(struct qn_peer_index *index, const struct qn_peer_entry *entries,
                       enum qn_peer_key by, uint16_t slot);
/* It is in the index, with the key it has now. */
void qn_peer_index_remove(struct qn_peer_index *index, const struct qn_peer_entry *entries,
                          enum qn_peer_key by, uint16_t slot);

#endif
