#include "ledger/activation.h"

#include <string.h>

static const char code_prefix[] = "qna1";
enum { CODE_PREFIX_LEN = sizeof code_prefix - 1 };

_Static_assert(60 + 34 * (QN_ACTIVATION_PATH_MAX + 2) <= QN_ACTIVATION_CODE_LEN_MAX,
               "the longest code fits its limit");

static void write_code(struct qn_writer *w, const struct qn_activation_code *code)
{
    qn_write_map(w, 4);
    qn_write_key(w, 1);
    qn_write_bytes(w, code->seed, QN_SEED_LEN);
    qn_write_key(w, 2);
    qn_write_bytes(w, code->batch_root.bytes, QN_HASH_LEN);
    qn_write_key(w, 3);
    qn_write_uint(w, code->index);
    qn_write_key(w, 4);
    qn_write_array(w, code->path_count);
    for (size_t i = 0; i < code->path_count; i++) {
        qn_write_bytes(w, code->path[i].bytes, QN_HASH_LEN);
    }
}

enum qn_err qn_activation_code_format(char *text, const struct qn_activation_code *code)
{
    uint8_t bytes[QN_ACTIVATION_CODE_LEN_MAX];
    struct qn_writer w;
    struct qn_span span;

    if (code->path_count > QN_ACTIVATION_PATH_MAX) {
        return QN_ERR_INVALID;
    }
    qn_writer_init(&w, bytes, sizeof bytes);
    write_code(&w, code);
    enum qn_err err = qn_writer_done(&w, &span);
    if (err == QN_OK) {
        memcpy(text, code_prefix, CODE_PREFIX_LEN);
        qn_base64url_encode(text + CODE_PREFIX_LEN, span.at, span.len);
    }
    qn_wipe(bytes, sizeof bytes);
    return err;
}

static void read_code(struct qn_reader *in, struct qn_activation_code *code)
{
    struct qn_map_reader map = qn_read_map(in);

    qn_read_key(in, &map, 1);
    qn_read_fixed(in, code->seed, QN_SEED_LEN);
    qn_read_key(in, &map, 2);
    qn_read_fixed(in, code->batch_root.bytes, QN_HASH_LEN);
    qn_read_key(in, &map, 3);
    code->index = (uint32_t)qn_read_uint(in, (1U << QN_ACTIVATION_PATH_MAX) - 1);
    qn_read_key(in, &map, 4);
    code->path_count = (uint8_t)qn_read_array(in, 0, QN_ACTIVATION_PATH_MAX);
    for (size_t i = 0; i < code->path_count; i++) {
        qn_read_fixed(in, code->path[i].bytes, QN_HASH_LEN);
    }
    qn_read_map_end(in, &map);
}

enum qn_err qn_activation_code_parse(struct qn_activation_code *code, const char *text)
{
    uint8_t bytes[QN_ACTIVATION_CODE_LEN_MAX];
    size_t len = 0;

    if (strncmp(text, code_prefix, CODE_PREFIX_LEN) != 0) {
        return QN_ERR_MALFORMED;
    }
    struct qn_activation_code result = {0};
    enum qn_err err = qn_base64url_decode(bytes, sizeof bytes, &len, text + CODE_PREFIX_LEN);
    if (err == QN_OK) {
        struct qn_reader in;
        qn_reader_init(&in, (struct qn_span){bytes, len});
        read_code(&in, &result);
        err = qn_reader_done(&in);
    }
    if (err == QN_OK) {
        *code = result;
    }
    qn_wipe(bytes, sizeof bytes);
    qn_wipe(&result, sizeof result);
    return err;
}
