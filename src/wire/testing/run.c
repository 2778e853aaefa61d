#include "wire/testing/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/key.h"

static uint64_t test_seed;

static void print_assertion(const char *message)
{
    (void)fprintf(stderr, "%s\n", message);
}

void qn_test_start(void)
{
    const char *why = "";
    qn_assert_hook = print_assertion;
    QN_ASSERT(qn_crypto_init(&why) == QN_OK);
}

void qn_test_init(int argc, char **argv)
{
    bool given = argc == 3 && strcmp(argv[1], "--seed") == 0;
    test_seed = given ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL);
    qn_test_start();
}

struct qn_rng qn_test_rng(void)
{
    struct qn_rng rng;
    printf("--seed %llu\n", (unsigned long long)test_seed);
    (void)fflush(stdout); /* a crash must not swallow it */
    qn_rng_init(&rng, test_seed);
    return rng;
}
