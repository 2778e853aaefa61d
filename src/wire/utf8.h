/* UTF-8 as RFC 3629 defines it: the form of every text on the wire. */
#ifndef QN_UTF8_H
#define QN_UTF8_H

#include "base/base.h"

/* Whole, shortest sequences of Unicode scalar values: no surrogates, nothing above U+10FFFF. NUL
 * counts as invalid, since our texts end in one. */
bool qn_utf8_is_valid(struct qn_span text);

#endif
