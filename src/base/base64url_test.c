#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* RFC 4648 section 10 without the padding, and the two characters of base64url. */
static const struct {
    const char *bytes;
    const char *text;
} vectors[] = {
    {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
    {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "-_8"},
};

static void encode_gives_the_vectors_of_the_rfc(void **state)
{
    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(vectors); i++) {
        uint8_t bytes[8];
        char text[16];
        size_t len = strlen(vectors[i].bytes);
        memcpy(bytes, vectors[i].bytes, len);
        qn_base64url_encode(text, bytes, len);
        assert_string_equal(text, vectors[i].text);
        assert_int_equal(QN_BASE64URL_SIZE(len), strlen(text) + 1);
    }
}

static void decode_inverts_encode(void **state)
{
    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(vectors); i++) {
        uint8_t bytes[8];
        size_t len = 99;
        assert_int_equal(qn_base64url_decode(bytes, sizeof bytes, &len, vectors[i].text), QN_OK);
        assert_int_equal(len, strlen(vectors[i].bytes));
        assert_memory_equal(bytes, vectors[i].bytes, len);
    }
}

static void decode_rejects_whatever_is_not_canonical(void **state)
{
    static const char *const rejected[] = {
        "Zg==", "Zg=",    "Zm8=",  "=",                /* padding */
        "Zh",   "Zj",     "Zx",    "Zm9",              /* unused bits that are not zero */
        "Zm+v", "Zm/v",   "Zm.v",                      /* the other alphabet, others */
        "Zm 9", "Zm9v\n", " Zm9v", "Z\tm9",            /* white space */
        "Z",    "Zm9vY",  "A",     "Zm9vA", "Zm\xc3v", /* half a byte, not ASCII */
        "Zm@v", "Zm[v",   "Zm`v",  "Zm{v",             /* beside the ranges of the alphabet */
        "Zm:v", "Zm^v",   "Zm,v",
    };

    (void)state;
    for (size_t i = 0; i < QN_ARRAY_COUNT(rejected); i++) {
        uint8_t bytes[8] = {7};
        size_t len = 99;
        assert_int_equal(qn_base64url_decode(bytes, sizeof bytes, &len, rejected[i]),
                         QN_ERR_MALFORMED);
        assert_int_equal(len, 99);
        assert_int_equal(bytes[0], 7);
    }
}

static void exactly_one_text_decodes_to_a_byte(void **state)
{
    (void)state;
    size_t accepted = 0;
    for (unsigned first = 1; first < 256; first++) {
        for (unsigned second = 1; second < 256; second++) {
            char text[3] = {(char)first, (char)second, '\0'};
            uint8_t byte;
            size_t len;
            if (qn_base64url_decode(&byte, 1, &len, text) == QN_OK) {
                char again[3];
                qn_base64url_encode(again, &byte, 1);
                assert_string_equal(again, text);
                accepted++;
            }
        }
    }
    assert_int_equal(accepted, 256);
}

static void decode_rejects_what_exceeds_the_capacity(void **state)
{
    uint8_t bytes[2];
    size_t len = 99;

    (void)state;
    assert_int_equal(qn_base64url_decode(bytes, 2, &len, "Zm9v"), QN_ERR_TOO_BIG);
    assert_int_equal(len, 99);
    assert_int_equal(qn_base64url_decode(bytes, 2, &len, "Zm8"), QN_OK);
    assert_int_equal(len, 2);
    assert_int_equal(qn_base64url_decode(bytes, 0, &len, ""), QN_OK);
    assert_int_equal(len, 0);
}

static void every_length_survives_the_round_trip(void **state)
{
    uint8_t bytes[100];
    uint8_t out[100];
    char text[QN_BASE64URL_SIZE(100)];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 167 + 13);
    }
    for (size_t len = 0; len <= sizeof bytes; len++) {
        size_t decoded = 0;
        qn_base64url_encode(text, bytes, len);
        assert_int_equal(strlen(text) + 1, QN_BASE64URL_SIZE(len));
        assert_int_equal(qn_base64url_decode(out, len, &decoded, text), QN_OK);
        assert_int_equal(decoded, len);
        assert_memory_equal(out, bytes, len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encode_gives_the_vectors_of_the_rfc),
        cmocka_unit_test(decode_inverts_encode),
        cmocka_unit_test(decode_rejects_whatever_is_not_canonical),
        cmocka_unit_test(exactly_one_text_decodes_to_a_byte),
        cmocka_unit_test(decode_rejects_what_exceeds_the_capacity),
        cmocka_unit_test(every_length_survives_the_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
