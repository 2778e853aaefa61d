/* What holds for each row of the family table, with the smallest, the largest and random content. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "wire/testing/family.h"
#include "wire/testing/run.h"

enum {
    ROUNDS = 40,           /* random samples per family and test */
    EXHAUSTIVE_MAX = 1500, /* bytes up to which every position is tried */
    POSITIONS = 120,       /* tried of longer ones */
};

static struct qn_sampler random_sampler(void)
{
    return (struct qn_sampler){qn_test_rng(), QN_SAMPLE_RANDOM};
}

/* Smallest first, then the largest, then random ones. */
static struct qn_buf *sample_of_round(const struct qn_family *family, struct qn_sampler *s,
                                      int round)
{
    s->size = round == 0 ? QN_SAMPLE_MIN : round == 1 ? QN_SAMPLE_MAX : QN_SAMPLE_RANDOM;
    return family->sample(s);
}

#define FOR_EACH_FAMILY                                                                            \
    size_t family_count;                                                                           \
    const struct qn_family *family = qn_families(&family_count);                                   \
    for (const struct qn_family *end = family + family_count; family < end; family++)

/* A copy on the heap of exactly its size, so that the sanitizer sees the first byte read beyond. */
static enum qn_err check_copy(const struct qn_family *family, const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    enum qn_err err = qn_family_check(family, (struct qn_span){copy, len});
    free(copy);
    return err;
}

static void each_comes_back_as_it_was(void **state)
{
    (void)state;
    struct qn_sampler s = random_sampler();
    FOR_EACH_FAMILY
    {
        for (int round = 0; round < ROUNDS; round++) {
            struct qn_buf *sample = sample_of_round(family, &s, round);
            struct qn_buf *again = NULL;
            if (family->recode(&again, qn_buf_span(sample)) != QN_OK) {
                fail_msg("%s, round %d, does not decode", family->name, round);
            }
            assert_true(qn_span_equal(qn_buf_span(sample), qn_buf_span(again)));
            qn_buf_drop(again);
            qn_buf_drop(sample);
        }
    }
}

/* Position number i of those to try in len bytes: all of a short one; of a long one, the start, the
 * end, and random ones between. */
static size_t position(struct qn_sampler *s, size_t i, size_t len)
{
    if (len <= EXHAUSTIVE_MAX) {
        return i;
    }
    if (i < POSITIONS / 4) {
        return i;
    }
    if (i < POSITIONS / 2) {
        return len - 1 - (i - POSITIONS / 4);
    }
    return (size_t)qn_rng_below(&s->rng, len);
}

static size_t position_count(size_t len)
{
    return len <= EXHAUSTIVE_MAX ? len : POSITIONS;
}

static void no_prefix_of_any_decodes(void **state)
{
    (void)state;
    struct qn_sampler s = random_sampler();
    FOR_EACH_FAMILY
    {
        for (int round = 0; round < 4; round++) {
            struct qn_buf *sample = sample_of_round(family, &s, round);
            for (size_t i = 0; i < position_count(sample->len); i++) {
                size_t len = position(&s, i, sample->len);
                if (check_copy(family, sample->bytes, len) == QN_OK) {
                    fail_msg("%s: %zu of %zu bytes decode", family->name, len, sample->len);
                }
            }
            qn_buf_drop(sample);
        }
    }
}

static void none_takes_a_byte_more(void **state)
{
    (void)state;
    struct qn_sampler s = random_sampler();
    FOR_EACH_FAMILY
    {
        struct qn_buf *sample = family->sample(&s);
        uint8_t *longer = malloc(sample->len + 1);
        assert_non_null(longer);
        memcpy(longer, sample->bytes, sample->len);
        for (unsigned byte = 0; byte <= UINT8_MAX; byte++) {
            longer[sample->len] = (uint8_t)byte;
            assert_int_not_equal(check_copy(family, longer, sample->len + 1), QN_OK);
        }
        free(longer);
        qn_buf_drop(sample);
    }
}

/* A flipped bit is refused or makes another valid value, with its own one encoding: that is what
 * qn_family_check asserts. */
static void no_flipped_bit_breaks_a_promise(void **state)
{
    (void)state;
    struct qn_sampler s = random_sampler();
    FOR_EACH_FAMILY
    {
        size_t refused = 0;
        for (int round = 0; round < 3; round++) {
            struct qn_buf *sample = sample_of_round(family, &s, round);
            for (size_t i = 0; i < position_count(sample->len); i++) {
                size_t at = position(&s, i, sample->len);
                /* Of each byte every bit, in long ones another bit at each position. */
                bool is_long = sample->len > EXHAUSTIVE_MAX;
                unsigned first = is_long ? (unsigned)(i % 8) : 0;
                for (unsigned bit = first; bit < (is_long ? first + 1 : 8); bit++) {
                    sample->bytes[at] ^= (uint8_t)(1U << bit);
                    refused += qn_family_check(family, qn_buf_span(sample)) != QN_OK;
                    sample->bytes[at] ^= (uint8_t)(1U << bit);
                }
            }
            qn_buf_drop(sample);
        }
        assert_true(refused > 0);
    }
}

static void garbage_is_refused(void **state)
{
    (void)state;
    struct qn_sampler s = random_sampler();
    FOR_EACH_FAMILY
    {
        assert_int_equal(check_copy(family, NULL, 0), QN_ERR_MALFORMED);
        for (int round = 0; round < 2000; round++) {
            uint8_t bytes[64];
            size_t len = 2 + (size_t)qn_rng_below(&s.rng, sizeof bytes - 1);
            qn_sample_bytes(&s, bytes, len);
            (void)check_copy(family, bytes, len);
        }
    }
}

/* The sample with one more pair at the end of its map. */
static struct qn_buf *with_pair(const struct qn_buf *sample, const uint8_t *pair, size_t len)
{
    struct qn_buf *longer = qn_buf_new(sample->len + len);
    memcpy(longer->bytes, sample->bytes, sample->len);
    memcpy(longer->bytes + sample->len, pair, len);
    assert_in_range(longer->bytes[0], 0xA0, 0xB6); /* a map, and its new count still fits */
    longer->bytes[0] += 1;
    return longer;
}

static enum qn_err check_with_pair(const struct qn_family *family, const struct qn_buf *sample,
                                   const uint8_t *pair, size_t len)
{
    struct qn_buf *longer = with_pair(sample, pair, len);
    enum qn_err err = qn_family_check(family, qn_buf_span(longer));
    qn_buf_drop(longer);
    return err;
}

static void only_extensible_ones_take_keys_from_128_on(void **state)
{
    (void)state;
    static const uint8_t first_extension[] = {0x18, 0x80, 0x82, 0x01, 0xA1, 0x00, 0xF5};
    static const uint8_t last_extension[] = {0x1B, 0xFF, 0xFF, 0xFF, 0xFF,
                                             0xFF, 0xFF, 0xFF, 0xFF, 0x40};
    static const uint8_t not_canonical[] = {0x18, 0x80, 0x18, 0x00};
    static const uint8_t last_required[] = {0x18, 0x7F, 0x00};
    static const uint8_t next_required[] = {0x0F, 0x00};
    struct qn_sampler s = random_sampler();
    FOR_EACH_FAMILY
    {
        struct qn_buf *sample = family->sample(&s);
        enum qn_err expected = family->is_extensible ? QN_OK : QN_ERR_MALFORMED;
#define CHECK(pair) check_with_pair(family, sample, pair, sizeof(pair))
        assert_int_equal(CHECK(first_extension), expected);
        assert_int_equal(CHECK(last_extension), expected);
        assert_int_equal(CHECK(not_canonical), QN_ERR_MALFORMED);
        assert_int_equal(CHECK(last_required), QN_ERR_MALFORMED);
        assert_int_equal(CHECK(next_required), QN_ERR_MALFORMED);
#undef CHECK
        if (family->is_extensible) { /* forgotten, not copied */
            struct qn_buf *longer = with_pair(sample, first_extension, sizeof first_extension);
            struct qn_buf *again = NULL;
            assert_int_equal(family->recode(&again, qn_buf_span(longer)), QN_OK);
            assert_true(qn_span_equal(qn_buf_span(again), qn_buf_span(sample)));
            qn_buf_drop(again);
            qn_buf_drop(longer);
        }
        qn_buf_drop(sample);
    }
}

/* Does it carry other encodings, of which the samples are not the largest that fit? Those limits are
 * tested beside the message. */
static bool is_container(enum qn_message_kind kind)
{
    static const enum qn_message_kind containers[] = {
        QN_ANNOUNCE, QN_PROPOSE, QN_CERT,    QN_RECOVER_REPLY, QN_TX,
        QN_SUBMIT,   QN_BLOCKS,  QN_GENESIS, QN_SNAPSHOT,
    };
    for (size_t i = 0; i < QN_ARRAY_COUNT(containers); i++) {
        if (containers[i] == kind) {
            return true;
        }
    }
    return false;
}

static void every_message_kind_has_a_family_and_room_for_its_largest(void **state)
{
    (void)state;
    struct qn_sampler s = {qn_test_rng(), QN_SAMPLE_MAX};
    size_t kinds = 0;
    for (unsigned kind = 0; kind <= UINT8_MAX; kind++) {
        const struct qn_kind_info *info = qn_kind_find(kind);
        if (info == NULL) {
            continue;
        }
        char name[32] = {0};
        for (size_t i = 0; info->name[i] != '\0'; i++) {
            name[i] = info->name[i];
            if (name[i] == '_') {
                name[i] = '-';
            }
        }
        const struct qn_family *family = qn_family_find(name);
        if (family == NULL) {
            assert_int_equal(kind, QN_BUSY);
            family = qn_family_find("empty");
        }
        struct qn_buf *largest = family->sample(&s);
        assert_true(largest->len <= info->len_max);
        if (!is_container(info->kind)) { /* a limit above what can be is no limit */
            size_t extensions = family->is_extensible ? 256 : 0;
            assert_int_equal(info->len_max, largest->len + extensions);
        }
        qn_buf_drop(largest);
        kinds += 1;
    }
    assert_int_equal(kinds, 28);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_comes_back_as_it_was),
        cmocka_unit_test(no_prefix_of_any_decodes),
        cmocka_unit_test(none_takes_a_byte_more),
        cmocka_unit_test(no_flipped_bit_breaks_a_promise),
        cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(only_extensible_ones_take_keys_from_128_on),
        cmocka_unit_test(every_message_kind_has_a_family_and_room_for_its_largest),
    };
    qn_test_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
