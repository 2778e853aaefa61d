/* A devnet without processes: what its children said is what the test makes them say. */
#ifndef QN_DEVNET_FIXTURE_H
#define QN_DEVNET_FIXTURE_H

#include "cli/devnet.h"

enum { QN_FIXTURE_CHILDREN = 4, QN_FIXTURE_RECORDS_MAX = 8 };

/* Four genesis nodes with ids 1 to 4, ready at times 10, 20, 30 and 40; nobody holds anything. */
struct qn_devnet *qn_fixture_devnet_new(void);
void qn_fixture_devnet_free(struct qn_devnet *devnet);
/* Lets a child hold a record of another one. In ascending order of the subject, as a poll sorts them. */
struct qn_devnet_record *qn_fixture_learn(struct qn_devnet *devnet, size_t holder, size_t subject,
                                          uint64_t sequence, qn_time_us learned_us);
/* All are registered, at one height with one root, and hold each other's records. */
void qn_fixture_agree(struct qn_devnet *devnet, uint64_t height);

#endif
