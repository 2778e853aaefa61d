/* What every storage has to do: the same tests for memory and for LMDB. Each is a cmocka test whose initial
 * state is a struct qn_storage_opener (QN_STORAGE_CASES). */
#ifndef QN_TESTING_STORAGE_CASES_H
#define QN_TESTING_STORAGE_CASES_H

#include "ledger/storage.h"

struct qn_storage_opener {
    void (*open)(struct qn_storage *storage); /* an empty one, which the test closes */
};

void qn_storage_is_an_ordered_map_under_random_batches(void **state);
void qn_storage_lets_the_last_operation_on_a_key_win(void **state);
void qn_storage_keeps_values_of_every_size(void **state);
void qn_storage_can_be_read_within_a_walk(void **state);

/* For a list of tests; setup and teardown surround each one. */
#define QN_STORAGE_CASE(test, opener, setup, teardown)                                             \
    cmocka_unit_test_prestate_setup_teardown(test, setup, teardown, opener)
#define QN_STORAGE_CASES(opener, setup, teardown)                                                  \
    QN_STORAGE_CASE(qn_storage_is_an_ordered_map_under_random_batches, opener, setup, teardown),   \
        QN_STORAGE_CASE(qn_storage_lets_the_last_operation_on_a_key_win, opener, setup, teardown), \
        QN_STORAGE_CASE(qn_storage_keeps_values_of_every_size, opener, setup, teardown),           \
        QN_STORAGE_CASE(qn_storage_can_be_read_within_a_walk, opener, setup, teardown)

#endif
