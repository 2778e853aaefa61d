/* Everything of this module that is encoded, as a table: how to make one, and how to take one apart
 * and put it together again. Tests, fuzz targets and tools walk it, so a new message is a new row.
 */
#ifndef QN_TESTING_FAMILY_H
#define QN_TESTING_FAMILY_H

#include "base/buf.h"
#include "wire/frame.h"
#include "wire/testing/sample.h"

struct qn_family {
    const char *name;  /* its rule in docs/protocol.cddl: "submit-result" */
    const char *group; /* its fuzz target: "transaction" */
    bool is_extensible;
    /* A new valid encoding. */
    struct qn_buf *(*sample)(struct qn_sampler *s);
    /* Decodes and encodes what came out. On a decoding error nothing but the error comes back; that
     * the decoder left its output alone is asserted. */
    enum qn_err (*recode)(struct qn_buf **out, struct qn_span bytes);
};

const struct qn_family *qn_families(size_t *count);
/* NULL if there is none of this name. */
const struct qn_family *qn_family_find(const char *name);

/* Holds a decoder to its promises for any bytes (asserted): what it accepts, it encodes to the same
 * bytes (an extensible message: to bytes that are a fixed point), and its errors are those of the
 * module. Returns the decoder's verdict. */
enum qn_err qn_family_check(const struct qn_family *family, struct qn_span bytes);

/* One input of a fuzz target: the first byte selects a family of the group in this table, the rest is
 * checked. */
void qn_family_fuzz(const struct qn_family *table, size_t table_count, const char *group,
                    const uint8_t *data, size_t size);

#endif
