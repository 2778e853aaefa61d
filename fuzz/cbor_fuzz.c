/* The reader by itself: whatever item it accepts is copied, type by type, through the writer, and
 * must come out as the same bytes. So nothing that it accepts has a second encoding. */
#include "wire/cbor.h"
#include "wire/testing/run.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = 4096 };

static bool copy_item(struct qn_reader *in, struct qn_writer *w, unsigned depth_left);

static bool copy_text(struct qn_reader *in, struct qn_writer *w)
{
    char text[TEXT_MAX + 1];
    qn_read_text(in, text, TEXT_MAX);
    qn_write_text(w, text);
    return !in->failed;
}

static bool copy_array(struct qn_reader *in, struct qn_writer *w, unsigned depth_left)
{
    size_t count = qn_read_array(in, 0, in->left);
    qn_write_array(w, count);
    for (size_t i = 0; i < count; i++) {
        if (!copy_item(in, w, depth_left)) {
            return false;
        }
    }
    return !in->failed;
}

/* Finds out the next key the way no decoder may: by looking at it through a second reader. */
static bool copy_map(struct qn_reader *in, struct qn_writer *w, unsigned depth_left)
{
    struct qn_map_reader map = qn_read_map(in);
    qn_write_map(w, (size_t)map.pairs_left);
    while (map.pairs_left > 0 && !in->failed) {
        struct qn_reader ahead = *in;
        uint64_t key = qn_read_uint(&ahead, UINT64_MAX);
        qn_read_key(in, &map, key);
        qn_write_key(w, key);
        if (!copy_item(in, w, depth_left)) {
            return false;
        }
    }
    qn_read_map_end(in, &map);
    return !in->failed;
}

static bool copy_item(struct qn_reader *in, struct qn_writer *w, unsigned depth_left)
{
    if (in->failed || in->left == 0) {
        return false;
    }
    unsigned major = in->at[0] >> 5;
    if (major == 0) {
        qn_write_uint(w, qn_read_uint(in, UINT64_MAX));
    } else if (major == 1) {
        qn_write_int(w, qn_read_int(in));
    } else if (major == 2) {
        struct qn_span bytes = qn_read_bytes(in, 0, in->left);
        qn_write_bytes(w, bytes.at, bytes.len);
    } else if (major == 3) {
        return copy_text(in, w);
    } else if (major == 7) {
        qn_write_bool(w, qn_read_bool(in));
    } else if (depth_left == 0) {
        return false;
    } else {
        return major == 4 ? copy_array(in, w, depth_left - 1) : copy_map(in, w, depth_left - 1);
    }
    return !in->failed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qn_reader skipped;
    struct qn_reader in;
    struct qn_writer w;
    qn_test_start();
    qn_reader_init(&skipped, (struct qn_span){data, size});
    qn_read_skip(&skipped);
    qn_reader_init(&in, (struct qn_span){data, size});
    uint8_t *out = malloc(size > 0 ? size : 1);
    QN_ASSERT(out != NULL);
    qn_writer_init(&w, out, size);
    if (copy_item(&in, &w, QN_CBOR_DEPTH_MAX)) {
        struct qn_span written;
        QN_ASSERT(qn_writer_done(&w, &written) == QN_OK);
        QN_ASSERT(written.len == size - in.left && memcmp(written.at, data, written.len) == 0);
        /* Both ways through the reader end at the same place. */
        QN_ASSERT(!skipped.failed && skipped.left == in.left);
    }
    free(out);
    return 0;
}
