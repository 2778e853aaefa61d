/* SipHash-1-3 (Aumasson and Bernstein): a keyed hash for tables, so that who does not know the key
 * cannot aim collisions. Not a signature of anything. */
#ifndef QN_SIPHASH_H
#define QN_SIPHASH_H

#include "base/base.h"

uint64_t qn_siphash(const uint64_t key[2], struct qn_span bytes);

#endif
