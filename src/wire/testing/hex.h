/* Bytes as a test writes them down. */
#ifndef QN_TESTING_HEX_H
#define QN_TESTING_HEX_H

#include "base/buf.h"

/* Pairs of hex digits; spaces are free, and "11*32" stands for 32 times 11. A new buffer. */
struct qn_buf *qn_hex_buf(const char *text);
/* Equal to what the text stands for (cmocka assertion); drops buf. */
void qn_assert_hex(struct qn_buf *buf, const char *text);

#endif
