/* Writes the committed seeds of the fuzz targets: valid ones of every row of the family tables, and
 * a few that are broken in ways a decoder must notice.
 *
 *   make_corpus fuzz/corpus
 *
 * The same program always writes the same files. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ledger/testing/record_families.h"
#include "ledger/testing/small_ledger.h"
#include "peer/address_book.h"
#include "wire/testing/family.h"
#include "wire/testing/frame_stream.h"
#include "wire/testing/run.h"

enum {
    SEED_MAX = 6000, /* bytes: larger samples teach a fuzzer nothing more */
    ATTEMPTS = 200,  /* to draw a random sample that is small enough */
    PATH_SIZE = 512,
};

static const char *corpus;

static void fail(const char *path)
{
    (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
    exit(1);
}

static void make_folder(const char *path)
{
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
        fail(path);
    }
}

static bool write_bytes(FILE *file, struct qn_span bytes)
{
    return bytes.len == 0 || fwrite(bytes.at, 1, bytes.len, file) == bytes.len;
}

/* One input: selector bytes of the target, then the bytes. */
static void write_seed(const char *target, const char *name, struct qn_span selector,
                       struct qn_span bytes)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/%s", corpus, target);
    make_folder(path);
    (void)snprintf(path, sizeof path, "%s/%s/%s", corpus, target, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        fail(path);
    }
    bool is_written = write_bytes(file, selector) && write_bytes(file, bytes);
    if (fclose(file) != 0 || !is_written) {
        fail(path);
    }
}

/* --- messages and records --- */

static void write_variant(const struct qn_family *family, uint8_t selector, const char *variant,
                          struct qn_span bytes)
{
    char name[128];
    (void)snprintf(name, sizeof name, "%s-%s", family->name, variant);
    write_seed(family->group, name, (struct qn_span){&selector, 1}, bytes);
}

static struct qn_buf *small_random_sample(const struct qn_family *family, struct qn_sampler *s)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        struct qn_buf *sample = family->sample(s);
        if (sample->len <= SEED_MAX) {
            return sample;
        }
        qn_buf_drop(sample);
    }
    return NULL;
}

/* Broken copies of a valid sample, each in its own way. */
static void write_broken(const struct qn_family *family, uint8_t selector,
                         const struct qn_buf *sample)
{
    struct qn_buf *copy = qn_buf_new(sample->len + 1);
    memcpy(copy->bytes, sample->bytes, sample->len);
    copy->bytes[sample->len] = 0x00;
    write_variant(family, selector, "trailing", (struct qn_span){copy->bytes, copy->len});
    write_variant(family, selector, "truncated",
                  (struct qn_span){copy->bytes, sample->len - (sample->len > 1)});
    copy->bytes[0] = 0xBF; /* a map of indefinite length */
    copy->bytes[sample->len] = 0xFF;
    write_variant(family, selector, "indefinite", (struct qn_span){copy->bytes, copy->len});
    qn_buf_drop(copy);
}

static void write_family(const struct qn_family *family, uint8_t selector)
{
    struct qn_sampler s = {.size = QN_SAMPLE_MIN};
    qn_rng_init(&s.rng, 1);
    struct qn_buf *smallest = family->sample(&s);
    write_variant(family, selector, "min", qn_buf_span(smallest));
    write_broken(family, selector, smallest);
    qn_buf_drop(smallest);

    s.size = QN_SAMPLE_MAX;
    struct qn_buf *largest = family->sample(&s);
    if (largest->len <= SEED_MAX) {
        write_variant(family, selector, "max", qn_buf_span(largest));
    }
    qn_buf_drop(largest);

    s.size = QN_SAMPLE_RANDOM;
    static const char *const variants[] = {"random-1", "random-2"};
    for (size_t i = 0; i < QN_ARRAY_COUNT(variants); i++) {
        struct qn_buf *sample = small_random_sample(family, &s);
        if (sample != NULL) {
            write_variant(family, selector, variants[i], qn_buf_span(sample));
        }
        qn_buf_drop(sample);
    }
}

/* The selector is the row's place within its group. */
static void write_table(const struct qn_family *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t selector = 0;
        for (size_t before = 0; before < i; before++) {
            if (strcmp(table[before].group, table[i].group) == 0) {
                selector++;
            }
        }
        write_family(&table[i], selector);
    }
}

/* --- frames --- */

static void write_stream(const char *name, struct qn_frame_stream *stream)
{
    static const uint8_t cuts[] = {0x12, 0x34};
    write_seed("frame", name, (struct qn_span){cuts, sizeof cuts},
               (struct qn_span){stream->bytes, stream->len});
    qn_frame_stream_fini(stream);
}

static void write_frames(void)
{
    static const uint8_t bytes[QN_FRAME_CHUNK_MAX] = {0xA0};
    struct qn_frame_stream stream;

    qn_frame_stream_init(&stream);
    for (unsigned kind = 0; kind <= UINT8_MAX; kind++) {
        const struct qn_kind_info *info = qn_kind_find(kind);
        if (info != NULL) {
            uint32_t id = info->is_reply || info->is_request ? kind : 0;
            qn_frame_stream_put_message(&stream, info->kind, id, (struct qn_span){bytes, 1});
        }
    }
    write_stream("every-kind", &stream);

    qn_frame_stream_init(&stream);
    qn_frame_stream_put_frame(&stream, QN_BLOCKS, 7, true, (struct qn_span){bytes, 100});
    qn_frame_stream_put_frame(&stream, QN_NOTARIZE, 0, true, (struct qn_span){bytes, 50});
    qn_frame_stream_put_frame(&stream, QN_PING, 0, false, (struct qn_span){bytes, 3});
    write_stream("changed-kind", &stream);

    qn_frame_stream_init(&stream);
    qn_frame_stream_put_frame(&stream, QN_BLOCKS, 7, true, (struct qn_span){bytes, 100});
    qn_frame_stream_put_frame(&stream, QN_NOTARIZE, 0, true, (struct qn_span){bytes, 50});
    qn_frame_stream_put_frame(&stream, QN_NOTARIZE, 0, false, (struct qn_span){bytes, 50});
    qn_frame_stream_put_frame(&stream, QN_BLOCKS, 7, false, (struct qn_span){bytes, 0});
    write_stream("interleaved", &stream);

    qn_frame_stream_init(&stream);
    for (int i = 0; i < 3; i++) {
        qn_frame_stream_put_frame(&stream, QN_NULLIFY, 0, true, (struct qn_span){bytes, 1600});
    }
    write_stream("too-long", &stream);
}

/* --- items --- */

static void write_items(void)
{
    static const struct {
        const char *name;
        size_t len;
        uint8_t bytes[24];
    } items[] = {
        {"uint", 9, {0x1B, 1, 2, 3, 4, 5, 6, 7, 8}},
        {"negative", 3, {0x39, 0x01, 0x00}},
        {"bytes", 4, {0x43, 1, 2, 3}},
        {"text", 9, {0x68, 0xC3, 0xBC, 0xE2, 0x82, 0xAC, 'a', 'b', 'c'}},
        {"array", 6, {0x84, 0x00, 0x20, 0xF4, 0x81, 0xF5}},
        {"map", 12, {0xA3, 0x00, 0x80, 0x18, 0x80, 0xA1, 0x01, 0x41, 0x01, 0x19, 0x01, 0x00}},
        {"deep", 10, {0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x00}},
        {"long-head", 3, {0x19, 0x00, 0xFF}},
        {"huge-count", 9, {0x9B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}},
        {"indefinite", 4, {0x9F, 0x00, 0x01, 0xFF}},
        {"float", 3, {0xF9, 0x3C, 0x00}},
        {"tag", 2, {0xC1, 0x00}},
        {"null", 1, {0xF6}},
        {"unsorted", 5, {0xA2, 0x02, 0x00, 0x01, 0x00}},
        {"overlong", 3, {0x62, 0xC0, 0x80}},
        {"surrogate", 4, {0x63, 0xED, 0xA0, 0x80}},
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(items); i++) {
        write_seed("cbor", items[i].name, (struct qn_span){NULL, 0},
                   (struct qn_span){items[i].bytes, items[i].len});
    }
}

/* --- changes of proofs --- */

static void write_proofs(void)
{
    static const struct {
        const char *name;
        size_t len;
        uint8_t bytes[16];
    } seeds[] = {
        {"member", 1, {0}},
        {"absent", 1, {1}},
        {"two-epochs", 1, {2}},
        {"past-across-epochs", 1, {3}},
        {"absent-past", 1, {4}},
        {"flip", 7, {0, 0, 0, 40, 1, 1, 0xFF}},
        {"cut", 6, {2, 0, 1, 0, 255, 0}},
        {"insert", 9, {3, 0, 0, 5, 0, 3, 1, 2, 3}},
        {"two-changes", 13, {4, 0, 0, 9, 1, 1, 7, 0, 30, 0, 1, 1, 8}},
        {"raw-version-2", 5, {255, 0xA2, 0x01, 0x02, 0x02}},
        {"raw-empty", 1, {255}},
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(seeds); i++) {
        write_seed("proof_verify", seeds[i].name, (struct qn_span){NULL, 0},
                   (struct qn_span){seeds[i].bytes, seeds[i].len});
    }
}

/* --- pages of the address book --- */

static void write_page(const char *name, uint8_t page, struct qn_span bytes)
{
    write_seed("address_book", name, (struct qn_span){&page, 1}, bytes);
}

static void write_book(void)
{
    struct qn_book book;
    qn_book_init(&book, 1, 2);
    struct qn_buf *secret = qn_book_page_encode(&book, 0, 0);
    write_page("secret", 0, qn_buf_span(secret));
    write_page("secret-cut", 0, (struct qn_span){secret->bytes, secret->len - 1});
    qn_buf_drop(secret);
    for (uint8_t i = 0; i < 20; i++) {
        struct qn_book_address what = {.address = {.port = 9876}, .registry_index = i};
        struct qn_book_source ledger = {.kind = QN_BOOK_LEDGER};
        what.id.bytes[0] = i;
        what.region = (enum qn_region)(i % 2);
        what.address.ip[0] = 0x20;
        what.address.ip[3] = i;
        qn_book_good(&book, &what, QN_SECONDS(i));
        what.address.ip[15] = 1;
        (void)qn_book_add(&book, &what, &ledger, QN_SECONDS(i)); /* some have another address */
        if (i == 7) {
            qn_book_choose_anchors(&book, &what.id, 1);
        }
    }
    for (uint8_t page = 1; page <= 3; page++) {
        static const char *const names[] = {"", "region", "region-with-anchor", "region-empty"};
        struct qn_buf *bytes = qn_book_page_encode(&book, page, QN_SECONDS(100));
        write_page(names[page], page, qn_buf_span(bytes));
        qn_buf_drop(bytes);
    }
    struct qn_buf *bytes = qn_book_page_encode(&book, 1, QN_SECONDS(100));
    write_page("region-of-another", 2, qn_buf_span(bytes));
    write_page("region-cut", 1, (struct qn_span){bytes->bytes, bytes->len / 2});
    qn_buf_drop(bytes);
    qn_book_fini(&book);
}

static void write_ledger_seed(const char *target, const char *name, struct qn_span bytes)
{
    write_seed(target, name, (struct qn_span){NULL, 0}, bytes);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s <corpus folder>\n", argv[0]);
        return 2;
    }
    size_t count = 0;
    corpus = argv[1];
    qn_test_start();
    make_folder(corpus);
    const struct qn_family *table = qn_families(&count);
    write_table(table, count);
    table = qn_record_families(&count);
    write_table(table, count);
    write_frames();
    write_items();
    write_proofs();
    write_book();
    qn_small_ledger_seeds(write_ledger_seed);
    return 0;
}
