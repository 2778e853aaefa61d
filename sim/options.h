/* The command line of qnet-sim. */
#ifndef QN_SIM_OPTIONS_H
#define QN_SIM_OPTIONS_H

#include "base/base.h"

struct qn_sim_options {
    uint64_t first_seed;
    uint64_t last_seed; /* UINT64_MAX: no end */
    bool has_seeds;     /* given, not drawn */
    unsigned minutes;   /* 0: until the last seed */
    unsigned nodes;     /* 0: drawn by each run */
    unsigned jobs;      /* processes */
    bool trace;
    bool hashes;          /* print each run's trace hash */
    bool gate;            /* a program that is broken on purpose: not to be caught is the failure */
    bool quick;           /* the short form of a scenario of the peer layer */
    const char *scenario; /* NULL: random runs */
    const char *hash_file; /* NULL: none; else a list of runs (hashes.h) */
    bool write_hashes;     /* of hash_file, rather than compare */
};

enum qn_sim_options_verdict { QN_SIM_OPTIONS_RUN, QN_SIM_OPTIONS_DONE, QN_SIM_OPTIONS_WRONG };

/* Says on stderr what is wrong. */
enum qn_sim_options_verdict qn_sim_options_parse(struct qn_sim_options *options, int argc,
                                                 char **argv);

#endif
