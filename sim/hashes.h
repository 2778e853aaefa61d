/* A list of seeds with the trace hashes that every build of this commit has to give. */
#ifndef QN_SIM_HASHES_H
#define QN_SIM_HASHES_H

#include "base/base.h"

/* Runs every line "seed nodes hash" of the file (nodes 0: drawn; # begins a comment) and compares; says on
 * stdout what differs. False: something did, or the file is not such a list (said on stderr). */
bool qn_sim_hashes_check(const char *path);
/* Runs them and puts the hashes of this build in their place. Nothing is written if a run fails. */
bool qn_sim_hashes_write(const char *path);

#endif
