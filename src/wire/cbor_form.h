/* The first byte of a CBOR item (RFC 8949 section 3): what reader and writer share. */
#ifndef QN_CBOR_FORM_H
#define QN_CBOR_FORM_H

/* Its upper three bits. Tags are never allowed. */
enum qn_cbor_major {
    QN_CBOR_UINT = 0,
    QN_CBOR_NEGATIVE = 1,
    QN_CBOR_BYTES = 2,
    QN_CBOR_TEXT = 3,
    QN_CBOR_ARRAY = 4,
    QN_CBOR_MAP = 5,
    QN_CBOR_TAG = 6,
    QN_CBOR_SIMPLE = 7,
};

/* Its lower five bits: the argument itself, or how many bytes of it follow. */
enum {
    QN_CBOR_INLINE_MAX = 23,
    QN_CBOR_WIDTH_1 = 24, /* 24..27: 1, 2, 4 or 8 bytes */
    QN_CBOR_WIDTH_8 = 27,
};

/* The only simple values we know. */
enum { QN_CBOR_FALSE = 20, QN_CBOR_TRUE = 21 };

#endif
