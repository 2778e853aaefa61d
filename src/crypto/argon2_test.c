#include "crypto/argon2.h"

#include "crypto/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct qn_ticket example = {
    .id = {{1, 2, 3}}, .expires_ms = 1700000000000U, .bits = 4, .memory_kib = 64};

/* A ticket that holds, found as its maker would. */
static struct qn_ticket find(void)
{
    struct qn_ticket ticket = example;

    while (qn_ticket_check(&ticket) != QN_OK) {
        ticket.nonce[0] += 1;
        assert_int_not_equal(ticket.nonce[0], 255); /* 2^-23 of all beginnings */
    }
    return ticket;
}

static void a_ticket_is_good_for_its_node_expiry_and_memory_only(void **state)
{
    struct qn_ticket ticket = find();
    unsigned bits = 0;

    (void)state;
    assert_int_equal(qn_ticket_zero_bits(&ticket, &bits), QN_OK);
    assert_true(bits >= 4);
    ticket.bits = (uint8_t)bits;
    assert_int_equal(qn_ticket_check(&ticket), QN_OK);
    ticket.bits = (uint8_t)(bits + 1);
    assert_int_equal(qn_ticket_check(&ticket), QN_ERR_BAD_WORK);
    ticket.bits = QN_TICKET_BITS_MAX;
    struct qn_ticket other = ticket;
    other.id.bytes[31] ^= 1;
    assert_int_equal(qn_ticket_check(&other), QN_ERR_BAD_WORK);
    other = ticket;
    other.expires_ms += 1;
    assert_int_equal(qn_ticket_check(&other), QN_ERR_BAD_WORK);
    other = ticket;
    other.memory_kib *= 2;
    assert_int_equal(qn_ticket_check(&other), QN_ERR_BAD_WORK);
}

/* Every part of a ticket makes another hash: the count of zero bits differs for some of them. */
static void each_part_goes_into_the_hash(void **state)
{
    unsigned sums[4] = {0};

    (void)state;
    for (unsigned i = 0; i < 16; i++) {
        struct qn_ticket tickets[4] = {example, example, example, example};
        tickets[1].id.bytes[i] ^= 0xff;
        tickets[2].expires_ms += 1 + i;
        tickets[3].memory_kib += 8 * (1 + i);
        for (size_t j = 0; j < 4; j++) {
            unsigned bits = 0;
            tickets[j].nonce[15] = (uint8_t)i;
            assert_int_equal(qn_ticket_zero_bits(&tickets[j], &bits), QN_OK);
            sums[j] = sums[j] * 3 + bits;
        }
    }
    assert_int_not_equal(sums[0], sums[1]);
    assert_int_not_equal(sums[0], sums[2]);
    assert_int_not_equal(sums[0], sums[3]);
}

/* A search goes through the nonces in order and stops at the first that holds. */
static void a_search_ends_at_the_first_ticket_that_holds(void **state)
{
    (void)state;
    struct qn_ticket wanted = find();
    struct qn_ticket ticket = example;
    unsigned tries = (unsigned)(wanted.nonce[0] - example.nonce[0]) + 1U;
    ticket.bits = wanted.bits;
    assert_int_equal(qn_ticket_search(&ticket, tries + 5), QN_OK);
    assert_memory_equal(ticket.nonce, wanted.nonce, sizeof ticket.nonce);
    ticket = example;
    ticket.bits = wanted.bits;
    for (unsigned i = 1; i < tries; i++) { /* one at a time, it goes on where it was */
        assert_int_equal(qn_ticket_search(&ticket, 1), QN_ERR_BAD_WORK);
    }
    assert_int_equal(qn_ticket_search(&ticket, 1), QN_OK);
    assert_memory_equal(ticket.nonce, wanted.nonce, sizeof ticket.nonce);
}

static void tries_are_fewer_where_each_costs_more(void **state)
{
    (void)state;
    assert_int_equal(qn_ticket_tries(QN_TICKET_MEMORY_KIB_MIN), 64);
    assert_int_equal(qn_ticket_tries(4096), 2);
    assert_int_equal(qn_ticket_tries(QN_TICKET_MEMORY_KIB_MAX), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ticket_is_good_for_its_node_expiry_and_memory_only),
        cmocka_unit_test(each_part_goes_into_the_hash),
        cmocka_unit_test(a_search_ends_at_the_first_ticket_that_holds),
        cmocka_unit_test(tries_are_fewer_where_each_costs_more),
    };
    const char *why = NULL;
    if (qn_crypto_init(&why) != QN_OK) {
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    qn_crypto_fini();
    return failed;
}
