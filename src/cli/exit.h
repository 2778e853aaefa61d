/* Exit statuses of the qnet command. */
#ifndef QN_EXIT_H
#define QN_EXIT_H

enum qn_exit {
    QN_EXIT_OK = 0,
    QN_EXIT_RUNTIME = 1, /* it was asked for properly and did not work */
    QN_EXIT_USAGE = 2,   /* the command line is wrong */
    QN_EXIT_CONFIG = 78, /* the configuration is wrong (EX_CONFIG of sysexits.h) */
};

#endif
