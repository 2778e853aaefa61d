/* The whole of the voting part in one translation unit, built with QN_MUTANT set by the includer: it takes
 * the place of the library's in this one program. Then the harness must find something wrong. */
#ifndef QN_CONSENSUS_MUTANT_ALL_H
#define QN_CONSENSUS_MUTANT_ALL_H

#include "consensus/actions.c"
#include "consensus/answer.c"
#include "consensus/certificate.c"
#include "consensus/check.c"
#include "consensus/consensus.c"
#include "consensus/durable.c"
#include "consensus/evidence.c"
#include "consensus/finalize.c"
#include "consensus/notarize.c"
#include "consensus/on_certificate.c"
#include "consensus/on_propose.c"
#include "consensus/on_vote.c"
#include "consensus/propose.c"
#include "consensus/quorum.c"
#include "consensus/record.c"
#include "consensus/recover.c"
#include "consensus/recover_answer.c"
#include "consensus/request.c"
#include "consensus/resend.c"
#include "consensus/restore.c"
#include "consensus/slot.c"
#include "consensus/status.c"
#include "consensus/timeout.c"
#include "consensus/verify.c"
#include "consensus/view.c"
#include "consensus/vote.c"

#include "consensus/testing/random_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Seeds that a mutant may need until it is caught; it mostly takes a few. */
enum { MUTANT_SEEDS_MAX = 3000 };

/* An invariant must break, not merely progress end: the run says which one. */
static void the_harness_catches_this_mutant(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= MUTANT_SEEDS_MAX; seed++) {
        struct random_run run;
        random_run(&run, seed);
        if (run.broken) {
            print_message("caught: %s\n", run.what);
            return;
        }
    }
    fail_msg("mutant %d lived through %d seeds", QN_MUTANT, MUTANT_SEEDS_MAX);
}

int main(void)
{
    const char *why = NULL;
    if (qn_crypto_init(&why) != QN_OK) {
        (void)fprintf(stderr, "crypto: %s\n", why);
        return 1;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_harness_catches_this_mutant)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    qn_crypto_fini();
    return failed;
}

#endif
