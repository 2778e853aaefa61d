/* REDIRECT: whom to ask instead. The last message before an overloaded node's GOODBYE. */
#ifndef QN_REDIRECT_H
#define QN_REDIRECT_H

#include "base/buf.h"
#include "crypto/hash.h"
#include "wire/types.h"

/* What its sender believes of another node. Hearsay: the identity is proven by whoever answers there. */
struct qn_redirect_entry {
    struct qn_node_id id;
    struct qn_endpoint endpoint;
    enum qn_region region;
};
/* {1: [{1: id, 2: endpoint, 3: region}]}; extensible. No id twice. */
struct qn_redirect {
    uint8_t count; /* 1..QN_REDIRECT_ENTRIES_MAX */
    struct qn_redirect_entry entries[QN_REDIRECT_ENTRIES_MAX];
};

/* A new buffer with one reference. */
struct qn_buf *qn_redirect_encode(const struct qn_redirect *redirect);
/* QN_ERR_MALFORMED; *redirect untouched on error. */
QN_MUST_USE enum qn_err qn_redirect_decode(struct qn_redirect *redirect, struct qn_span bytes);

#endif
