#include "base/siphash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* CPython's hash(bytes(range(len))) with PYTHONHASHSEED=0, which is SipHash-1-3 with a zero key. */
static const struct {
    size_t len;
    uint64_t hash;
} vectors[] = {
    {1, 0x68a914128e01e473},  {7, 0x2f098ab0c751325a},  {8, 0xead411e67ebe2eea},
    {9, 0x75927f9d95124362},  {31, 0x169739443111d49b}, {32, 0x31ef8061c910629b},
    {33, 0x7fb71d24dfa4c9f6},
};

static void a_zero_key_gives_what_python_gives(void **state)
{
    static const uint64_t key[2] = {0, 0};
    uint8_t bytes[33];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
    }
    for (size_t i = 0; i < QN_ARRAY_COUNT(vectors); i++) {
        assert_int_equal(qn_siphash(key, (struct qn_span){bytes, vectors[i].len}), vectors[i].hash);
    }
}

/* The first vector of the reference implementation: key 00 01 .. 0f, no bytes. */
static void the_key_is_taken_in_little_endian_order(void **state)
{
    static const uint64_t key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

    (void)state;
    assert_int_equal(qn_siphash(key, (struct qn_span){NULL, 0}), 0xabac0158050fc4dc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zero_key_gives_what_python_gives),
        cmocka_unit_test(the_key_is_taken_in_little_endian_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
